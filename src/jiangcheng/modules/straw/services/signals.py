"""Take signals of fire from satellites, towers, patrols and other rooms; the same again changes nothing."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry import queries as registry
from jiangcheng.modules.straw.models import FireIncident, FireSignal, SignalRun, Source
from jiangcheng.modules.straw.rules import fires, firms, points
from jiangcheng.modules.straw.services import incidents
from jiangcheng.standards import periods

ERRORS_KEPT = 200
CHUNK = 500
GROUND = frozenset(Source.values) - fires.SENSORS
FUTURE = dt.timedelta(minutes=10)
"""How far a clock of a source may be ahead."""
MOST_SIGNALS = 5000


class NotTaken(Exception):  # noqa: N818
    """Nothing was taken: the text has no known header, or it is too long. ``told`` is what it says instead."""

    def __init__(self, told: str) -> None:
        super().__init__(told)
        self.told = told


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """A refused signal: its place in what was sent, the field and the value."""

    line: int
    field: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """What came of a run."""

    added: int = 0
    known: int = 0
    replaced: int = 0
    outside: int = 0
    errors: tuple[Problem, ...] = ()
    incidents: tuple[FireIncident, ...] = ()
    """That are new or changed."""


def import_firms(*, text: str, name: str, actor: User | None, now: dt.datetime) -> Report:
    """Import a file or answer of a satellite; the incidents, verdicts and cases follow in the same transaction.

    A row of the standard product replaces the near-real-time row of the same pixel, which is kept and
    marked. What lies in no grid cell is counted and left out; a wrong row is told and the others are taken.

    Raises
    ------
    NotTaken
        If the text is of no known origin: the API of FIRMS answers with its message and status 200.
    """
    try:
        reading = points.read(text, name)
    except firms.NotFirms as error:
        raise NotTaken(error.told) from error
    errors = [Problem(error.line, error.field, error.value) for error in reading.errors]
    inside, late = [], 0
    within = _in_city([(found.longitude, found.latitude, found.at) for found in reading.detections])
    for number, (found, here) in enumerate(zip(reading.detections, within, strict=True), start=1):
        if found.at > now + FUTURE:
            errors.append(Problem(number + 1, "acq_date", found.at.isoformat()))
            late += 1
        elif here:
            inside.append(found)
    outside = len(reading.detections) - len(inside) - late
    with transaction.atomic():
        run = _run(name, text, errors, outside, actor, now)
        fresh = _new_keys([found.key for found in inside])
        rows = [_of_satellite(found, run, now) for found in inside if found.key in fresh]
        FireSignal.objects.bulk_create(rows, batch_size=CHUNK)
        improved = _improve([found for found in inside if found.key not in fresh])
        replaced = _replace(inside, rows) + len(improved)
        known = reading.repeated + len(inside) - len(rows)
        report = _finished(run, rows, known, replaced, errors, now, improved)
    return dataclasses.replace(report, outside=outside)


def take_signals(
    *, told: Sequence[Mapping[str, Any]], name: str, actor: User | None, now: dt.datetime
) -> Report:
    """Take signals from the ground: tower video, thermal cameras, patrols, complaints, notices from above.

    Each has ``id`` (the source's own), ``source``, ``time`` (ISO 8601 with a zone), ``longitude`` and
    ``latitude``, and may have ``uncertainty`` [m], ``confidence`` and ``text``; the whole is kept.

    Raises
    ------
    NotTaken
        If there are too many at once.
    """
    if len(told) > MOST_SIGNALS:
        raise NotTaken("too_many")
    errors: list[Problem] = []
    read: list[FireSignal] = []
    for number, item in enumerate(told, start=1):
        try:
            row = _of_ground(item, now)
        except _WrongField as wrong:
            value = item.get(wrong.field, "") if isinstance(item, Mapping) else item
            errors.append(Problem(number, wrong.field, str(value)[:200]))
            continue
        read.append(row)
    rows: dict[str, FireSignal] = {}
    within = _in_city([(row.longitude, row.latitude, row.seen_at) for row in read])
    for row, here in zip(read, within, strict=True):
        if here:
            rows.setdefault(row.key, row)
    outside = within.count(False)
    with transaction.atomic():
        run = _run(name, repr(list(told)), errors, outside, actor, now)
        fresh = _new_keys(list(rows))
        new = [row for key, row in rows.items() if key in fresh]
        for row in new:
            row.brought_by = run
        FireSignal.objects.bulk_create(new, batch_size=CHUNK)
        known = len(told) - len(errors) - outside - len(new)
        report = _finished(run, new, known, 0, errors, now)
    return dataclasses.replace(report, outside=outside)


def hear(
    *, source: str, reference: str, at: dt.datetime, longitude: float, latitude: float, text: str = "",
    uncertainty: float | None = None, now: dt.datetime,
) -> str:  # fmt: skip
    """Answer the hook ``fire.seen``: another room saw a fire. Return the number of the incident, or nothing.

    Raises
    ------
    ValueError
        If a field is wrong; the message names it.
    """
    item = {
        "id": reference, "source": source, "time": at.isoformat(), "longitude": longitude, "latitude": latitude,
        "text": text, "uncertainty": uncertainty,
    }  # fmt: skip
    report = take_signals(told=[item], name=f"fire.seen {reference}"[:200], actor=None, now=now)
    if report.errors:
        raise ValueError(report.errors[0].field)
    row = FireSignal.objects.select_related("incident").filter(key=f"{source}:{reference}"[:120]).first()
    return row.incident.number if row is not None and row.incident is not None else ""


class _WrongField(Exception):  # noqa: N818
    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


def _run(
    name: str, text: str, errors: Sequence[Problem], outside: int, actor: User | None, now: dt.datetime
) -> SignalRun:
    return SignalRun.objects.create(
        name=name[:200], sha256=hashlib.sha256(text.encode()).hexdigest(), outside=outside, refused=len(errors),
        errors=[dataclasses.asdict(error) for error in errors[:ERRORS_KEPT]], at=now, actor=actor,
    )  # fmt: skip


def _finished(
    run: SignalRun,
    rows: Sequence[FireSignal],
    known: int,
    replaced: int,
    errors: Sequence[Problem],
    now: dt.datetime,
    improved: Sequence[FireSignal] = (),
) -> Report:
    touched = [*rows, *improved]
    changed = incidents.gather(signals=touched, now=now) if touched else []
    run.added, run.known, run.replaced = len(rows), known, replaced
    run.save(update_fields=["added", "known", "replaced"])
    access.record(
        actor=run.actor, action="straw.signals", object_type="straw.run", object_id=str(run.pk),
        after={"added": run.added, "refused": run.refused, "sha256": run.sha256}, reason=run.name, at=now,
    )  # fmt: skip
    return Report(len(rows), known, replaced, 0, tuple(errors), tuple(changed))


def _in_city(places: Sequence[tuple[float, float, dt.datetime]]) -> list[bool]:
    cells = registry.leaf_grids(
        [(lon, lat, at.astimezone(periods.BEIJING).date()) for lon, lat, at in places]
    )
    return [cell is not None for cell in cells]


def _new_keys(keys: Sequence[str]) -> set[str]:
    known: set[str] = set()
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        known.update(FireSignal.objects.filter(key__in=part).values_list("key", flat=True))
    return set(keys) - known


def _of_satellite(found: firms.Detection, run: SignalRun, now: dt.datetime) -> FireSignal:
    return FireSignal(
        key=found.key, source=found.sensor, satellite=found.satellite, seen_at=found.at,
        longitude=found.longitude, latitude=found.latitude, scan=found.scan, track=found.track,
        power=found.power, confidence=found.confidence, day=found.day, stage=found.stage, kind=found.kind,
        raw=dict(found.raw), received_at=now, brought_by=run,
    )  # fmt: skip


def _replace(read: Iterable[firms.Detection], rows: Sequence[FireSignal]) -> int:
    """Let the standard product replace what near real time told of the same pixels; return how many."""
    new_keys = {row.key: row for row in rows}
    better = [found for found in read if found.key in new_keys]
    if not better:
        return 0
    first, last = min(found.at for found in better), max(found.at for found in better)
    wait = dt.timedelta(minutes=30)
    older = FireSignal.objects.filter(
        seen_at__gte=first - wait, seen_at__lte=last + wait, source__in=("MODIS", "VIIRS"), replaced_by=None
    ).exclude(pk__in=[row.pk for row in rows])
    stored = {row.key: row for row in older}
    pairs = firms.superseded([_detection(row) for row in stored.values()], better, first.date())
    for old, new in pairs.items():
        row, successor = stored[old], new_keys[new]
        row.replaced_by, successor.incident_id = successor, row.incident_id
        row.save(update_fields=["replaced_by"])
        successor.save(update_fields=["incident"])
    return len(pairs)


def _improve(known: Sequence[firms.Detection]) -> list[FireSignal]:
    """Let a better processing of the very same position replace the values of stored rows; return those."""
    stored: dict[str, FireSignal] = {}
    for start in range(0, len(known), CHUNK):
        part = [found.key for found in known[start : start + CHUNK]]
        stored.update((row.key, row) for row in FireSignal.objects.filter(key__in=part))
    improved = []
    for found in known:
        row = stored[found.key]
        if row.stage not in firms.STAGES or firms.STAGES[found.stage] >= firms.STAGES[row.stage]:
            continue
        row.raw = {**dict(found.raw), "before": row.raw}
        row.stage, row.kind, row.power, row.confidence = (
            found.stage,
            found.kind,
            found.power,
            found.confidence,
        )
        row.save(update_fields=["raw", "stage", "kind", "power", "confidence"])
        improved.append(row)
    return improved


def _detection(row: FireSignal) -> firms.Detection:
    return firms.Detection(
        at=row.seen_at, longitude=row.longitude, latitude=row.latitude, sensor=row.source,
        satellite=row.satellite, scan=row.scan, track=row.track, confidence=row.confidence, day=row.day,
        power=row.power, brightness=None, stage=row.stage, kind=row.kind, raw={},
    )  # fmt: skip


def _of_ground(item: Any, now: dt.datetime) -> FireSignal:
    if not isinstance(item, Mapping):
        raise _WrongField("signal")
    if item.get("source") not in GROUND:
        raise _WrongField("source")
    reference = str(item.get("id") or "").strip()
    if not reference or len(reference) > 100:
        raise _WrongField("id")
    try:
        at = dt.datetime.fromisoformat(str(item.get("time")))
    except ValueError as error:
        raise _WrongField("time") from error
    if at.tzinfo is None or at > now + FUTURE:
        raise _WrongField("time")
    confidence = item.get("confidence") or "nominal"
    if confidence not in ("low", "nominal", "high"):
        raise _WrongField("confidence")
    return FireSignal(
        key=f"{item['source']}:{reference}", source=item["source"], seen_at=at.astimezone(dt.UTC),
        longitude=_number(item, "longitude", 180), latitude=_number(item, "latitude", 90),
        uncertainty=None if item.get("uncertainty") is None else abs(_number(item, "uncertainty", 20_000)),
        confidence=confidence, raw={str(name): _plain(value) for name, value in item.items()}, received_at=now,
    )  # fmt: skip


def _number(item: Mapping[str, Any], field: str, most: float) -> float:
    try:
        value = float(item[field])
    except (KeyError, TypeError, ValueError) as error:
        raise _WrongField(field) from error
    if not -most <= value <= most:
        raise _WrongField(field)
    return value


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str | None) else str(value)
