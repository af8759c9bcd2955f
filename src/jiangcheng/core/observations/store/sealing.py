"""From the hot to the sealed tier: write, bring to disk, commit the manifest, clear the hot rows.

A crash between any two steps loses and doubles nothing: before the manifest is committed the files are nobody's,
after it rows that are still hot are the same rows once more, and the next `seal` clears them.
"""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Callable

import numpy as np
from django.db import IntegrityError, transaction

from jiangcheng.core.observations import engines, models
from jiangcheng.core.observations.engines import hot, sealed
from jiangcheng.core.observations.rules import calendar, columns, versions
from jiangcheng.core.observations.rules.columns import Batch, Granularity, Rows
from jiangcheng.core.observations.store import clock, names, tiers, writing

Fault = Callable[[str], None]
"""Called with the name of each step when it is done: ``written``, ``settled``, ``committed``, ``cleared``."""


def _no_fault(step: str) -> None:
    """Go on."""


def seal(granularity: int, month: datetime.date, *, fault: Fault = _no_fault) -> models.Segment | None:
    """Move the hot rows of a Beijing month into the sealed tier and return the segment in force.

    Rows that change meanwhile stay hot as an overlay. A month sealed before is sealed again with its late
    corrections; the old segment stays in the manifest, retired. None if the month has no rows at all, or if
    another process sealed it at the same time.

    Parameters
    ----------
    granularity
        A `Granularity`.
    month
        Any date of the month.
    fault
        Called after each step, for tests that end the process there.
    """
    base = _in_force(granularity, month)
    if base is not None and not base.cleared:
        clear(base)
    selection = hot.Selection(int(granularity), *calendar.month_bounds(month))
    engine = engines.open_hot()
    with engine.snapshot():
        upto = clock.last()
        if not any(True for _ in engine.select(selection)):
            return base
        rows = tiers.rows(selection)
    segment = _write(granularity, month, rows, upto, fault)
    if not _commit(segment, base):
        return None
    fault("committed")
    clear(segment)
    fault("cleared")
    return segment


def reseal(granularity: int, month: datetime.date) -> models.Segment | None:
    """Seal a month again that has late corrections; the same act as `seal`, named for the reader."""
    return seal(granularity, month)


def _in_force(granularity: int, month: datetime.date) -> models.Segment | None:
    return models.Segment.objects.filter(
        granularity=granularity, month_date=month.replace(day=1), retired__isnull=True
    ).first()


def _write(
    granularity: int, month: datetime.date, rows: Rows, upto: int, fault: Fault = _no_fault
) -> models.Segment:
    """Write the files of a segment that is not in the manifest yet."""
    root = tiers.root()
    folder = root / Granularity(granularity).name.lower() / f"{month:%Y-%m}"
    decimals, sources = names.decimals(), names.sources()
    path, digest = sealed.write(folder, rows, decimals, sources)
    days_path, days_digest = sealed.write(folder / "days", versions.roll_up(rows), decimals, sources)
    fault("written")
    sealed.settle(folder / "days", root)
    fault("settled")
    return models.Segment(
        granularity=granularity,
        month_date=month.replace(day=1),
        path=str(path.relative_to(root)),
        sha256=digest,
        days_path=str(days_path.relative_to(root)),
        days_sha256=days_digest,
        rows=len(rows),
        upto=upto,
    )


def _commit(segment: models.Segment, base: models.Segment | None) -> bool:
    """Put a segment into the manifest in the place of ``base``; False if somebody else was faster."""
    try:
        with transaction.atomic():
            segment.added = clock.tick()
            if base is not None:
                models.Segment.objects.filter(pk=base.pk, retired__isnull=True).update(retired=segment.added)
            segment.save(force_insert=True)
    except IntegrityError:
        return False
    return True


def clear(segment: models.Segment) -> None:
    """Delete the hot rows and roll-ups that a segment contains, a day per transaction."""
    start, end = calendar.month_bounds(segment.month_date)
    same = {"granularity": segment.granularity, "sequence__lte": segment.upto}
    for day in range(start, end, calendar.DAY):
        models.Observation.objects.filter(start__gte=day, start__lt=day + calendar.DAY, **same).delete()
    days = {"day__gte": int(calendar.day_of(np.array(start))), "day__lt": int(calendar.day_of(np.array(end)))}
    with transaction.atomic():
        models.DailyRollup.objects.filter(**days, **same).delete()
        models.DirtyDay.objects.filter(**days, **same).delete()
        models.Segment.objects.filter(pk=segment.pk).update(cleared=True)
    segment.cleared = True


def open_months(*, before: datetime.date) -> list[tuple[Granularity, datetime.date]]:
    """Return granularity and month of all hot rows that start before a month, oldest first."""
    end = calendar.month_bounds(before)[0]
    found = []
    for granularity in Granularity:
        start = 0
        while row := _first_start(granularity, start, end):
            month = calendar.month_of(datetime.datetime.fromtimestamp(row, datetime.UTC))
            found.append((granularity, month))
            start = calendar.month_bounds(month)[1]
    return found


def _first_start(granularity: int, start: int, end: int) -> int | None:
    return (
        models.Observation.objects.filter(granularity=granularity, start__gte=start, start__lt=end)
        .order_by("granularity", "start")
        .values_list("start", flat=True)
        .first()
    )


def bulk_load(batch: Batch, *, source: str, received_at: datetime.datetime) -> writing.AppendResult:
    """Store history: months that are over and empty go straight into the sealed tier, all else is appended.

    The result and the change log are the same as of `append`; only the way is shorter.
    """
    result = writing.AppendResult()
    months = calendar.months_of(batch.start)
    closed = months < np.datetime64(calendar.month_of(received_at), "M")
    for granularity in np.unique(batch.granularity).tolist():
        for month in np.unique(months[closed & (batch.granularity == granularity)]).tolist():
            chosen = (batch.granularity == granularity) & (months == np.datetime64(month, "M"))
            if _load_month(granularity, month, batch.take(chosen), source, received_at):
                result += writing.AppendResult(inserted=int(chosen.sum()))
                closed &= ~chosen
                batch, months, closed = batch.take(~chosen), months[~chosen], closed[~chosen]
    for begin in range(0, len(batch), 100_000):
        part = batch.take(np.arange(begin, min(begin + 100_000, len(batch))))
        result += writing.append(part, source=source, received_at=received_at)
    return result


def _load_month(
    granularity: int, month: datetime.date, batch: Batch, source: str, received_at: datetime.datetime
) -> bool:
    """Write a month as a segment; False, and nothing done, unless it is empty and the batch has no key twice."""
    with transaction.atomic():
        sequence = clock.tick()
        selection = hot.Selection(granularity, *calendar.month_bounds(month))
        if _in_force(granularity, month) or any(True for _ in engines.open_hot().select(selection)):
            return False
        rows = writing.as_rows(batch, sequence=sequence, source=source, received_at=received_at)
        kept = versions.newest(rows)
        if len(kept) != len(rows):
            return False
        segment = _write(granularity, month, kept, sequence)
        segment.added, segment.cleared = sequence, True
        segment.save(force_insert=True)
        writing.announce(granularity, kept, rolled_up=True)
        return True


def sweep(*, before: datetime.datetime) -> list[pathlib.Path]:
    """Delete files older than an instant that no manifest, old or new, has ever listed; return them."""
    listed = {name for pair in models.Segment.objects.values_list("path", "days_path") for name in pair}
    root = tiers.root()
    oldest = columns.microseconds(before) * 1000
    strays = [
        path
        for pattern in ("*.parquet", "*.partial")
        for path in root.rglob(pattern)
        if str(path.relative_to(root)) not in listed and path.stat().st_mtime_ns < oldest
    ]
    for path in strays:
        path.unlink()
    return strays


def verify() -> list[str]:
    """Return the files of the manifest in force that are missing or not as they were written."""
    problems = []
    for segment in models.Segment.objects.filter(retired__isnull=True):
        for name, digest in ((segment.path, segment.sha256), (segment.days_path, segment.days_sha256)):
            path = tiers.root() / name
            if not path.exists():
                problems.append(f"{name}: missing")
            elif sealed.digest(path) != digest:
                problems.append(f"{name}: changed since it was sealed")
    return problems
