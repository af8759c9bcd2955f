"""Both tiers as one table of rows."""

from __future__ import annotations

import datetime
import pathlib
from collections.abc import Sequence

import numpy as np
from django.conf import settings
from django.db.models import QuerySet

from jiangcheng.core.observations import engines, models
from jiangcheng.core.observations.engines import hot, sealed
from jiangcheng.core.observations.rules import calendar, versions
from jiangcheng.core.observations.rules.columns import Array, Rows

STARTS = 2_000
"""How many starts are sought in one statement."""
FEW = 64
"""Up to so many stations are named in a search by starts."""


def root() -> pathlib.Path:
    """Return the folder of the sealed tier."""
    return pathlib.Path(str(settings.OBSERVATIONS["sealed"]))


def manifest(granularity: int, start: int, end: int) -> QuerySet[models.Segment]:
    """Return the segments in force of the months that ``[start, end)`` touches."""
    months = calendar.months_of(np.array([start, max(end - 1, start)])).astype(object)
    return models.Segment.objects.filter(
        granularity=granularity, month_date__range=tuple(months), retired__isnull=True
    ).order_by("month_date")


def rows(selection: hot.Selection, *, known_at: int | None = None) -> Rows:
    """Return the versions in force, or those known at an instant [µs], by station, property and start."""
    engine = engines.open_hot()
    with engine.snapshot():
        parts = list(_hot(engine, selection))
        if known_at is not None:
            parts.append(_replaced(engine, selection, known_at))
        segments = list(manifest(selection.granularity, selection.start, selection.end))
    # Files are never changed, so they may be read after the snapshot is over.
    parts.append(_sealed(segments, selection))
    found = Rows.concatenate(parts)
    return versions.newest(found if known_at is None else found.take(found.received <= known_at))


def _hot(engine: hot.Engine, selection: hot.Selection) -> list[Rows]:
    return [
        Rows(**engine.fetch(hot.OBSERVATIONS, tuple(Rows.dtypes()), source))
        for source in engine.select(selection)
    ]


def _replaced(engine: hot.Engine, selection: hot.Selection, known_at: int) -> Rows:
    source = f"{hot.REVISIONS.name} WHERE {selection.condition()} AND replaced > {known_at}"
    return Rows(**engine.fetch(hot.REVISIONS, tuple(Rows.dtypes()), source))


def _sealed(segments: Sequence[models.Segment], selection: hot.Selection) -> Rows:
    paths = [root() / segment.path for segment in segments]
    return sealed.read_rows(paths, " AND ".join([*_period(selection), *selection.series()]))


def _period(selection: hot.Selection) -> list[str]:
    return [f"start >= {int(selection.start)}", f"start < {int(selection.end)}"]


def at(granularity: int, start: Array, station: Array) -> Rows:
    """Return the versions in force at these starts of at least these stations.

    Late rows may lie months before the fresh ones of the same batch, so the search goes by starts and not
    over the period between the first and the last.
    """
    engine = engines.open_hot()
    stations = np.unique(station)
    narrow = f" AND station IN ({hot.integers(stations.tolist())})" if len(stations) <= FEW else ""
    starts = np.unique(start)
    parts = []
    for begin in range(0, len(starts), STARTS):
        wanted = hot.integers(starts[begin : begin + STARTS].tolist())
        source = f"{hot.OBSERVATIONS.name} WHERE granularity = {granularity} AND start IN ({wanted}){narrow}"
        parts.append(Rows(**engine.fetch(hot.OBSERVATIONS, tuple(Rows.dtypes()), source)))
    for segment in sealed_months(granularity, starts):
        first, end = calendar.month_bounds(segment.month_date)
        inside = starts[(starts >= first) & (starts < end)]
        selection = hot.Selection(
            granularity,
            int(inside[0]),
            int(inside[-1]) + 1,
            stations.tolist() if len(stations) <= FEW else None,
        )
        parts.append(_sealed([segment], selection))
    return versions.newest(Rows.concatenate(parts))


def sealed_months(granularity: int, start: Array) -> QuerySet[models.Segment]:
    """Return the segments in force of the months in which these intervals start."""
    months: list[datetime.date] = np.unique(calendar.months_of(start)).astype(object).tolist()
    return models.Segment.objects.filter(granularity=granularity, month_date__in=months, retired__isnull=True)
