"""Files that prove something: checked at the door, named by their hash, never changed."""

from __future__ import annotations

import datetime as dt
import hashlib

import PIL.Image
from django.core.files.base import File
from django.db import transaction

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry import rules
from jiangcheng.core.registry.models import Evidence

MAX_PIXELS = 100_000_000
"""A picture that claims more is a trap for whoever opens it."""
_EXIF, _GPS, _TAKEN, _TAKEN_OFFSET = 0x8769, 0x8825, 0x9003, 0x9011


class EvidenceRefused(ValueError):  # noqa: N818
    """The file was not taken. ``code`` is ``empty``, ``too_large``, ``unknown_type`` or ``damaged``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def store_evidence(
    *,
    file: File[bytes],
    actor: User | None,
    at: dt.datetime,
    kind: str = "",
    longitude: float | None = None,
    latitude: float | None = None,
    accuracy: float | None = None,
    taken_at: dt.datetime | None = None,
) -> Evidence:
    """Keep a file as it came and return its record.

    The type is read from the bytes, never from the name. Time and place given by the caller go before those
    of the photograph. Whoever rolls the surrounding transaction back leaves an unreferenced file, no record.

    Parameters
    ----------
    kind
        ``photo`` or ``document``; by default as the bytes say.
    longitude, latitude
        Position [degrees], CGCS2000.
    accuracy
        Radius of the position's error [m].

    Raises
    ------
    EvidenceRefused
        If the file is empty, too large, of no accepted type, or damaged.
    """
    media_type, digest, size = _examined(file)
    exif_at, exif_position = _photographed(file) if media_type.startswith("image/") else (None, None)
    if (longitude is None or latitude is None) and exif_position:
        longitude, latitude, accuracy = *exif_position, None
    evidence = Evidence(
        sha256=digest,
        kind=kind or ("photo" if media_type.startswith("image/") else "document"),
        content_type=media_type,
        size=size,
        taken_at=taken_at or exif_at,
        longitude=longitude,
        latitude=latitude,
        accuracy=accuracy,
        uploaded_by=actor,
        uploaded_at=at,
    )
    with transaction.atomic():
        _keep(evidence, file, digest + rules.SUFFIXES[media_type])
        access.record(
            actor=actor,
            action="registry.store_evidence",
            object_type="evidence",
            object_id=digest,
            after={"id": evidence.pk, "content_type": media_type, "size": size},
            at=at,
        )
    return evidence


def _examined(file: File[bytes]) -> tuple[str, str, int]:
    digest, size, head = hashlib.sha256(), 0, b""
    file.seek(0)
    for chunk in file.chunks():
        head = head or chunk[:16]
        size += len(chunk)
        if size > rules.MAX_EVIDENCE_BYTES:
            raise EvidenceRefused("too_large")
        digest.update(chunk)
    if not size:
        raise EvidenceRefused("empty")
    media_type = rules.sniff(head)
    if not media_type:
        raise EvidenceRefused("unknown_type")
    return media_type, digest.hexdigest(), size


def _photographed(
    file: File[bytes],
) -> tuple[dt.datetime | None, tuple[float, float] | None]:
    file.seek(0)
    try:
        # Only the header is read; the pixels are never decoded here.
        image = PIL.Image.open(file)
        if image.width * image.height > MAX_PIXELS:
            raise EvidenceRefused("too_large")
        exif = image.getexif()
        details, gps = exif.get_ifd(_EXIF), exif.get_ifd(_GPS)
    except EvidenceRefused:
        raise
    except PIL.Image.DecompressionBombError as error:
        raise EvidenceRefused("too_large") from error
    except Exception as error:  # Pillow raises whatever the broken header leads it into
        raise EvidenceRefused("damaged") from error
    taken_at = rules.exif_instant(str(details.get(_TAKEN, "")), str(details.get(_TAKEN_OFFSET, "")))
    return taken_at, rules.exif_position(gps)


def _keep(evidence: Evidence, file: File[bytes], name: str) -> None:
    twin = Evidence.objects.filter(sha256=evidence.sha256).first()
    if twin is not None:
        evidence.file = twin.file.name
        evidence.save()
        return
    file.seek(0)
    evidence.file.save(name, File(file), save=True)
