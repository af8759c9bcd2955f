"""Mark suspect hours in the store; what a person has decided on stays as it is."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import numpy as np

from jiangcheng.core.observations import store
from jiangcheng.methods import averaging
from jiangcheng.modules.air import queries, rules
from jiangcheng.standards import codes, lookup, periods, rounding

CONSUMER = "air.quality"
AUTHOR = "air.quality"
"""Author of the decisions of tests; a person's are signed with the person's name."""
CONTEXT_DAYS = 2
"""Days read before the first one that is judged: runs and neighbours need what was before."""


def check(*, now: datetime.datetime) -> int:
    """Test the recent days in which hours came or changed since the last run; return how many were marked.

    Older days are tested by `check_days` when somebody asks for it.
    """
    lookback = int(lookup.value("air_qc", "check", "hour", "lookback_days", now.date()))
    oldest = np.datetime64(now.date()) - lookback
    marked = 0
    while True:
        changes = store.changes(CONSUMER)
        if not len(changes):
            return marked
        points = np.array([point.pk for point in queries.stations(on=now.date())])
        mine = (changes.granularity == store.Granularity.HOUR) & np.isin(changes.station, points)
        days = np.unique(periods.natural_day(changes.start[mine]))
        days = days[days >= oldest]
        for run in np.split(days, np.flatnonzero(np.diff(days).astype(int) > 1) + 1):
            if len(run):
                marked += check_days(first=run[0].item(), last=run[-1].item(), now=now)
        store.acknowledge(CONSUMER, changes.upto)


def check_days(*, first: datetime.date, last: datetime.date, now: datetime.datetime) -> int:
    """Test the hours of ``first`` to ``last`` inclusive; return how many were marked."""
    days = np.arange(np.datetime64(first) - CONTEXT_DAYS, np.datetime64(last) + 1)
    points = np.array(sorted(point.pk for point in queries.stations(on=now.date())))
    if not len(points):
        return 0
    tables = {name: _Table(name, points, days) for name in queries.measured()}
    hours = {name: table.values for name, table in tables.items()}
    found = rules.suspects(hours, on=last)
    edition = lookup.edition_on("air_qc", last)
    marked = 0
    for test, by_pollutant in found.items():
        for name, flags in by_pollutant.items():
            table = tables[name]
            wanted = flags & table.open
            wanted[:, : 24 * CONTEXT_DAYS] = False
            keys = [key for key in table.keys(wanted) if not table.decided(key)]
            if not keys:
                continue
            stations, starts = (np.array(column) for column in zip(*keys, strict=True))
            result = store.flag(
                store.Keys.of(
                    granularity=int(store.Granularity.HOUR),
                    start=starts,
                    station=stations,
                    property=table.property,
                ),
                store.SUSPECT,
                author=AUTHOR,
                reason=f"{test}：{edition.title_zh}",
                at=now,
                test=test,
                arguments={
                    row.zone: row.value for row in lookup.rows("air_qc", last) if row.parameter == name
                },
            )
            # A value that two tests suspect is marked once; the first one signs.
            table.open &= ~wanted
            marked += result.revised
    return marked


class _Table:
    """The stored hours of one pollutant, laid out by station and hour, and which of them a test may mark."""

    def __init__(self, name: str, points: np.ndarray, days: np.ndarray) -> None:
        self.property, factor = queries.measured()[name]
        self._points = points
        self._first = periods.day_bounds(days[0].item())[0]
        rows = store.read(
            stations=points.tolist(),
            properties=[self.property],
            granularity=store.Granularity.HOUR,
            start=self._first,
            end=periods.day_bounds(days[-1].item())[1],
        )
        station, start, flag, revision, value = (
            rows[column].to_numpy() for column in ("station", "start", "flag", "revision", "value")
        )
        place = np.searchsorted(points, station)

        def laid(column: np.ndarray, mine: np.ndarray) -> np.ndarray:
            return averaging.hours_of_days(
                start[mine], column[mine], days[0], len(days), row=place[mine], rows=len(points)
            ).reshape(len(points), -1)

        valid = np.isin(flag, list(codes.valid_flags()))
        self.values = laid(rounding.settle(value * factor), valid)
        self.open = laid(flag.astype(float), valid) == store.NORMAL
        self._revised = laid(revision.astype(float), valid) > 0

    def keys(self, wanted: np.ndarray) -> Iterator[tuple[int, int]]:
        """Yield station and start of marked places."""
        for row, hour in zip(*np.nonzero(wanted), strict=True):
            yield int(self._points[row]), int(self._first + hour * periods.HOUR)

    def decided(self, key: tuple[int, int]) -> bool:
        """Tell whether somebody, or a test, has decided on a value before."""
        station, start = key
        row = int(np.searchsorted(self._points, station))
        if not self._revised[row, (start - self._first) // periods.HOUR]:
            return False
        versions = store.history(
            granularity=store.Granularity.HOUR, start=start, station=station, property=self.property
        )
        return any(version.author for version in versions)
