"""Months of sections: automatic readings and manual samples of a month make one row (9 + X)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jiangcheng.core.registry.models import Station
from jiangcheng.modules.water import rules
from jiangcheng.modules.water.models import WaterSample
from jiangcheng.modules.water.queries import sections
from jiangcheng.standards import lookup, periods

LAKE_ITEMS = ("tn", "chla", "sd")
"""Items of lakes beyond those that make the class."""


@dataclasses.dataclass(frozen=True, slots=True)
class MonthTable:
    """One row per section and month that has data."""

    station: NDArray[np.int64]
    month: NDArray[np.int64]
    """Months since 1970-01."""
    values: dict[str, NDArray[np.float64]]
    manual: NDArray[np.bool_]
    """True where manual samples took part, and the class is that of all items there are."""
    section: NDArray[np.int8]
    result: rules.ClassResult
    """Of all items; its own section classes hold for the rows with samples only."""

    def row(self, station: int, month: int) -> int | None:
        """Return the row of a section and month."""
        found = np.flatnonzero((self.station == station) & (self.month == month))
        return int(found[0]) if found.size else None

    def one(self, row: int) -> rules.ClassResult:
        """Return the class of one row alone."""
        part = slice(row, row + 1)
        return rules.ClassResult(
            self.section[part],
            {name: found[part] for name, found in self.result.items.items()},
            self.result.limiting[part],
            {name: found[part] for name, found in self.result.multiples.items()},
            self.result.edition,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class RiverMonth:
    """A river in a month: its grade, its main pollutants, and how it changed."""

    river: str
    river_en: str
    grade: rules.BasinGrade
    pollutants: tuple[tuple[str, float], ...]
    change: rules.BasinChange
    members: tuple[Station, ...]


def months_before(last: dt.date, count: int) -> list[int]:
    """Return the months up to that of a date, as months since 1970-01, in order."""
    upto = (last.year - 1970) * 12 + last.month - 1
    return list(range(upto - count + 1, upto + 1))


def first_day(month: int) -> dt.date:
    """Return the first day of a month since 1970-01."""
    return dt.date(1970 + month // 12, month % 12 + 1, 1)


def months_of(*, station: str, item: str, year: int) -> dict[int, float | None]:
    """Answer ``section.months``: the monthly means of an item at a section [mg/L], None where there are none."""
    point = Station.objects.filter(code=station, kind="water").first()
    if point is None:
        return {}
    first = (year - 1970) * 12
    found = month_table(points=[point], months=range(first, first + 12))
    means: dict[int, float | None] = dict.fromkeys(range(1, 13))
    for month, value in zip(found.month.tolist(), found.values.get(item, np.empty(0)).tolist(), strict=False):
        means[month - first + 1] = None if np.isnan(value) else value
    return means


def month_table(*, points: Sequence[Station], months: Sequence[int]) -> MonthTable:
    """Return the months of sections, classified from automatic readings and manual samples.

    The mean of an item is that of the automatic readings where the station measures it, else that of the
    samples of the month; half the detection limit stands for what was not detected.
    """
    start = periods.day_bounds(first_day(months[0]))[0]
    end = periods.day_bounds(first_day(months[-1] + 1))[0]
    keys = [point.pk for point in points]
    automatic = sections.rolled_month_means(stations=keys, start=start, end=end)
    auto_month = periods.natural_day(automatic.start).astype("datetime64[M]").astype(np.int64)
    manual = _manual(points, start, end)
    pairs = sorted({*zip(automatic.station.tolist(), auto_month.tolist(), strict=True), *manual})
    place = {pair: row for row, pair in enumerate(pairs)}
    names = [*rules.items_of(rules.FULL), *LAKE_ITEMS]
    values = {name: np.full(len(pairs), np.nan) for name in names}
    for pair, items in manual.items():
        for name, value in items.items():
            if name in values:
                values[name][place[pair]] = value
    rows = [place[pair] for pair in zip(automatic.station.tolist(), auto_month.tolist(), strict=True)]
    for name, column in automatic.values.items():
        known = ~np.isnan(column)
        values[name][np.array(rows, dtype=np.int64)[known]] = column[known]
    station = np.array([pair[0] for pair in pairs], dtype=np.int64)
    lake = sections.lakes(stations=station, points=list(points))
    sampled = np.array([pair in manual for pair in pairs], dtype=np.bool_)
    on = first_day(months[-1])
    result = rules.classify(values, lake=lake, mode=rules.FULL, on=on)
    alone = rules.classify(values, lake=lake, on=on, with_multiples=False).section
    found = np.where(sampled, result.section, alone).astype(np.int8)
    month = np.array([pair[1] for pair in pairs], dtype=np.int64)
    return MonthTable(station, month, values, sampled, found, result)


def rivers(*, points: Sequence[Station], table: MonthTable, month: int) -> list[RiverMonth]:
    """Return the rivers of some sections in a month, with the change against the month before."""
    groups: dict[str, list[Station]] = defaultdict(list)
    for point in points:
        if point.attributes.get("river") and point.attributes.get("water_type") != sections.LAKE:
            groups[point.attributes["river"]].append(point)
    found = []
    for river, members in groups.items():
        rows = [table.row(point.pk, month) for point in members]
        earlier = [table.row(point.pk, month - 1) for point in members]
        now = _classes(table, rows)
        grade = rules.basin_grade(now)
        present = np.array([row for row in rows if row is not None], dtype=np.int64)
        if not grade.grade and present.size:
            values = {name: table.values[name][present] for name in table.result.items}
            grade = rules.basin_grade_of_means(values, mode=rules.FULL)
        before = rules.section_counts(_classes(table, earlier))
        found.append(
            RiverMonth(
                river=river,
                river_en=members[0].attributes.get("river_en", river),
                grade=grade._replace(counts=rules.section_counts(now)),
                pollutants=tuple(_pollutants(table, present)),
                change=rules.basin_change(before, rules.section_counts(now)),
                members=tuple(members),
            )
        )
    return found


def _classes(table: MonthTable, rows: Sequence[int | None]) -> list[int]:
    return [0 if row is None else int(table.section[row]) for row in rows]


def _pollutants(table: MonthTable, rows: NDArray[np.int64]) -> list[tuple[str, float]]:
    if not rows.size:
        return []
    items = {name: found[rows] for name, found in table.result.items.items()}
    return rules.basin_pollutants(
        rules.ClassResult(table.section[rows], items, table.result.limiting[rows], {}, table.result.edition)
    )


def _manual(points: Sequence[Station], start: int, end: int) -> dict[tuple[int, int], dict[str, float]]:
    keys = {point.code: point.pk for point in points}
    rows = WaterSample.objects.filter(
        subject=WaterSample.Subject.SECTION,
        place__in=list(keys),
        sampled_at__gte=sections.instant(start),
        sampled_at__lt=sections.instant(end),
        withdrawn_at=None,
    ).values_list("place", "sampled_at", "item", "value", "undetected")
    half = lookup.value("water_method", "undetected", "share", "value", edition="2020")
    lists: dict[tuple[int, int], dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for place, at, item, value, undetected in rows:
        local = at.astimezone(periods.BEIJING)
        month = (local.year - 1970) * 12 + local.month - 1
        lists[keys[place], month][item].append(value * half if undetected else value)
    return {
        pair: {item: float(np.mean(values)) for item, values in items.items()}
        for pair, items in lists.items()
    }
