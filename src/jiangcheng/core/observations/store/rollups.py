"""Daily roll-ups: exact sums and counts, kept beside the values and brought up to date by station and day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from django.db import transaction

from jiangcheng.core.observations import engines, models
from jiangcheng.core.observations.engines import hot, sealed
from jiangcheng.core.observations.rules import calendar, columns, versions
from jiangcheng.core.observations.rules.columns import MISSING, Array, Days
from jiangcheng.core.observations.store import clock, names, reading, tiers


def aggregate(
    *,
    stations: Sequence[int] | None,
    properties: Sequence[int] | None,
    granularity: int,
    start: reading.Instant,
    end: reading.Instant,
) -> pa.Table:
    """Return daily roll-ups of the Beijing days that begin in ``[start, end)``, by station, property, day.

    Values count when they are present and their flag is in `COUNTING`.

    Returns
    -------
    pyarrow.Table
        ``station`` int32, ``property`` int32, ``day`` int32 [days since 1970-01-01, Beijing], ``n`` int32 rows,
        ``n_valid`` int32, ``sum`` int64 of the valid values in units of 10^-``decimals``, ``decimals`` int8,
        ``min`` and ``max`` int64 in the same unit (null without valid value).
    """
    first, last = _days_between(columns.epoch(start), columns.epoch(end))
    selection = hot.Selection(int(granularity), first, last, reading.keys(stations), reading.keys(properties))
    engine = engines.open_hot()
    with engine.snapshot():
        dirty = _dirty(engine, selection)
        kept = _kept(engine, selection)
        bounds = calendar.day_start(first), calendar.day_start(last)
        segments = list(tiers.manifest(selection.granularity, *bounds)) if last > first else []
        fresh = Days.concatenate(_recompute(selection, dirty))
    paths = [tiers.root() / segment.days_path for segment in segments]
    condition = [f"day >= {first} AND day < {last}", *selection.series()]
    days = versions.overlay_days(sealed.read_days(paths, " AND ".join(condition)), kept)
    return _table(versions.overlay_days(days.take(~_marked(days, dirty)), fresh))


def _table(days: Days) -> pa.Table:
    decimals = columns.each(names.decimals(), days.property).astype(np.int8)
    return pa.table(
        {
            "station": days.station,
            "property": days.property,
            "day": days.day,
            "n": days.n,
            "n_valid": days.n_valid,
            "sum": days.sum,
            "decimals": decimals,
            "min": pa.array(days.min, mask=days.min == MISSING),
            "max": pa.array(days.max, mask=days.max == MISSING),
        }
    )


def _days_between(start: int, end: int) -> tuple[int, int]:
    """Return the first day that begins at or after ``start`` and the first that begins at or after ``end``."""
    return -(-(start + calendar.BEIJING) // calendar.DAY), -(-(end + calendar.BEIJING) // calendar.DAY)


Marks = dict[str, Array]


def _dirty(engine: hot.Engine, selection: hot.Selection) -> Marks:
    stations = [part for part in selection.series() if part.startswith("station")]
    days = f"granularity = {selection.granularity} AND day >= {selection.start} AND day < {selection.end}"
    source = f"{hot.DIRTY_DAYS.name} WHERE {' AND '.join([days, *stations])}"
    return engine.fetch(hot.DIRTY_DAYS, ("day", "station"), source)


def _kept(engine: hot.Engine, selection: hot.Selection) -> Days:
    source = f"{hot.DAYS.name} WHERE {selection.condition('day')}"
    return Days(**engine.fetch(hot.DAYS, tuple(Days.dtypes()), source))


def _marked(days: Days, marks: Marks) -> Array:
    """Return a mask of the roll-ups whose station and day are marked."""
    key, marked = versions.series_keys(
        (days.station, days.day, np.zeros_like(days.day)),
        (marks["station"], marks["day"], np.zeros_like(marks["day"])),
    )
    return np.isin(key, marked)


def _recompute(selection: hot.Selection, marks: Marks) -> Iterator[Days]:
    """Yield the roll-ups of marked days, one run of consecutive days at a time."""
    wanted = np.unique(marks["day"])
    for run in np.split(wanted, np.flatnonzero(np.diff(wanted) > 1) + 1):
        if not len(run):
            continue
        stations = np.unique(marks["station"][np.isin(marks["day"], run)]).tolist()
        rows = tiers.rows(
            hot.Selection(
                selection.granularity,
                calendar.day_start(int(run[0])),
                calendar.day_start(int(run[-1]) + 1),
                stations,
                selection.properties,
            )
        )
        days = versions.roll_up(rows)
        yield days.take(_marked(days, marks))


def roll_up(limit: int = 5_000) -> int:
    """Compute and keep the roll-ups of at most ``limit`` marked station days; return how many were marked."""
    if not models.DirtyDay.objects.exists():
        return 0
    with transaction.atomic():
        sequence = clock.tick()
        engine = engines.open_hot()
        marks = engine.fetch(
            hot.DIRTY_DAYS,
            ("granularity", "day", "station"),
            f"(SELECT granularity, day, station FROM {hot.DIRTY_DAYS.name}"
            f" ORDER BY granularity, day, station LIMIT {int(limit)}) AS oldest",
        )
        for granularity in np.unique(marks["granularity"]).tolist():
            chosen = marks["granularity"] == granularity
            _keep(engine, granularity, {name: column[chosen] for name, column in marks.items()}, sequence)
        return len(marks["day"])


def _keep(engine: hot.Engine, granularity: int, marks: Marks, sequence: int) -> None:
    days = Days.concatenate(_recompute(hot.Selection(granularity, 0, 0), marks))
    engine.put(hot.DAYS, dict(days.items()), {"granularity": granularity, "sequence": sequence})
    for day in np.unique(marks["day"]).tolist():
        stations = marks["station"][marks["day"] == day].tolist()
        models.DirtyDay.objects.filter(granularity=granularity, day=day, station__in=stations).delete()
