"""Recordings of loud moments: short, named by their hash, bound to a case, erased after their term."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import io
import wave

from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.noise import queries
from jiangcheng.modules.noise.models import NoiseClip, SourceType


class ClipRefused(ValueError):  # noqa: N818 - what the desk says
    """A recording was not taken. ``code`` is ``too_large``, ``unknown_type``, ``too_long``, ``twice`` or ``source``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def keep_clip(
    *,
    station: Station,
    starts_at: dt.datetime,
    content: bytes,
    actor: User | None,
    at: dt.datetime,
    source_type: str = "",
    probability: float | None = None,
) -> NoiseClip:
    """Keep a recording as it came, and bind it to the case of what was loud then, if there is one.

    Only WAV is taken: its length can be read from the bytes, and a longer one is refused, not cut. What
    people say near a microphone is nobody's business.

    Raises
    ------
    ClipRefused
        If it is too large, no WAV, longer than allowed, already there, or of an unknown source type.
    """
    settings = queries.clip_settings()
    if len(content) > settings["most_bytes"]:
        raise ClipRefused("too_large")
    seconds = _seconds(content)
    if seconds > settings["most_seconds"]:
        raise ClipRefused("too_long")
    if source_type and source_type not in SourceType.values:
        raise ClipRefused("source")
    digest = hashlib.sha256(content).hexdigest()
    clip = NoiseClip(
        station=station, case=queries.case_of_moment(station=station, at=starts_at), starts_at=starts_at,
        seconds=round(seconds, 2), sha256=digest, size=len(content), source_type=source_type,
        probability=probability, brought_by=actor, brought_at=at,
    )  # fmt: skip
    try:
        with transaction.atomic():
            clip.save()
            clip.file.save(f"{digest}.wav", ContentFile(content), save=True)
            access.record(
                actor=actor, action="noise.clip", object_type="noise_clip", object_id=str(clip.pk), at=at,
                after={"station": station.code, "starts_at": starts_at.isoformat(), "sha256": digest},
            )  # fmt: skip
    except IntegrityError as error:
        raise ClipRefused("twice") from error
    return clip


def listen(*, clip: NoiseClip, actor: User, at: dt.datetime) -> bytes:
    """Return the sound of a recording and note who listened.

    Raises
    ------
    LookupError
        If it has been erased.
    ValueError
        If the bytes are no longer those that were kept.
    """
    if clip.erased_at is not None or not clip.file:
        raise LookupError(f"{clip} has been erased")
    with clip.file.open("rb") as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != clip.sha256:
        raise ValueError(f"{clip} is not what was kept")
    access.record(
        actor=actor, action="noise.listen", object_type="noise_clip", object_id=str(clip.pk), at=at,
        after={"case": clip.case.number if clip.case else ""},
    )  # fmt: skip
    return content


def bind_clips() -> int:
    """Bind recordings to the cases that were opened after they came; return how many."""
    count = 0
    for clip in NoiseClip.objects.filter(case=None, erased_at=None).select_related("station"):
        case = queries.case_of_moment(station=clip.station, at=clip.starts_at)
        if case is not None:
            clip.case = case
            clip.save(update_fields=["case"])
            count += 1
    return count


def erase_clips(*, now: dt.datetime) -> int:
    """Erase the sound of recordings whose term has passed; return how many.

    A recording of an open case stays; after the case is closed it is kept for the term of complaints.
    """
    count = 0
    for clip in queries.expired_clips(now=now):
        with transaction.atomic():
            name, storage = clip.file.name or "", clip.file.storage
            clip.file, clip.erased_at = "", now
            clip.save(update_fields=["file", "erased_at"])
            access.record(
                actor=None, action="noise.erase", object_type="noise_clip", object_id=str(clip.pk), at=now,
                after={"sha256": clip.sha256},
            )  # fmt: skip
            transaction.on_commit(functools.partial(storage.delete, name))
        count += 1
    return count


def _seconds(content: bytes) -> float:
    try:
        with wave.open(io.BytesIO(content)) as sound:
            frames, rate = sound.getnframes(), sound.getframerate()
            # A header may promise less than the file holds.
            width = max(1, sound.getsampwidth() * sound.getnchannels())
            held = max(frames, (len(content) - 44) // width)
            return held / rate if rate else float("inf")
    except (wave.Error, EOFError) as error:
        raise ClipRefused("unknown_type") from error
