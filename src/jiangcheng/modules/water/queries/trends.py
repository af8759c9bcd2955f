"""Trend of a section's items over its months, and the index of a city's sections (CWQI)."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np

from jiangcheng.core.registry.models import Station
from jiangcheng.modules.water import rules
from jiangcheng.modules.water.queries import months
from jiangcheng.modules.water.queries.sections import LAKE
from jiangcheng.standards import lookup

MONTHS = 12
YEARS = 10
"""Periods the trend looks back: months of the latest year, or years where five of them have data."""


@dataclasses.dataclass(frozen=True, slots=True)
class ItemTrend:
    """The rank trend of one item of a section."""

    item: str
    latest: float
    """Mean of the latest period."""
    trend: rules.RankTrend


@dataclasses.dataclass(frozen=True, slots=True)
class SectionTrends:
    """How a section develops."""

    by_years: bool
    """True where the periods are years, as the circular wants; else months, for orientation."""
    items: tuple[ItemTrend, ...]
    index: float
    """CWQI of the section's latest month alone, NaN without data."""
    month: dt.date | None


@dataclasses.dataclass(frozen=True, slots=True)
class CityIndex:
    """CWQI of some sections in a span of months; less is better."""

    index: float
    rivers: int
    lakes: int
    before: float
    """Of the same months a year before, NaN where there is nothing."""

    @property
    def change(self) -> float:
        """Change against the year before in percent, NaN where it is not known."""
        return 100 * (self.index - self.before) / self.before if self.before > 0 else float("nan")


def section_trends(*, section: Station, on: dt.date) -> SectionTrends:
    """Return the rank trends of a section's items up to a date."""
    asked = months.months_before(on, 12 * YEARS)
    table = months.month_table(points=[section], months=asked)
    order = np.argsort(table.month, kind="stable")
    yearly = _yearly(table)
    by_years = any(np.isfinite(values).sum() >= rules.TABULATED for values in yearly.values())
    recent = order[table.month[order] >= asked[-1] - MONTHS + 1]
    found = []
    for item in rules.items_of(rules.FULL):
        values = yearly[item] if by_years else table.values[item][recent]
        known = values[~np.isnan(values)]
        if known.size:
            found.append(ItemTrend(item, float(known[-1]), rules.rank_trend(values)))
    last = int(order[-1]) if order.size else None
    lake = section.attributes.get("water_type") == LAKE
    return SectionTrends(
        by_years=by_years,
        items=tuple(found),
        index=float("nan") if last is None else _index([last], table, lake=lake),
        month=None if last is None else months.first_day(int(table.month[last])),
    )


def river_index(*, members: Sequence[Station], table: months.MonthTable, month: int) -> float:
    """Return the index of a river's sections in a month, unrounded; NaN without data."""
    rows = [row for point in members if (row := table.row(point.pk, month)) is not None]
    return _index(rows, table, lake=False)


def city_index(*, points: Sequence[Station], table: months.MonthTable, first: int, last: int) -> CityIndex:
    """Return the index of all sections over the months ``first`` … ``last`` (since 1970-01)."""
    now, before = (_city(points, table, first - back, last - back) for back in (0, 12))
    return CityIndex(now[0], now[1], now[2], before[0])


def _city(
    points: Sequence[Station], table: months.MonthTable, first: int, last: int
) -> tuple[float, int, int]:
    inside = (table.month >= first) & (table.month <= last)
    parts = []
    for lake in (False, True):
        keys = [point.pk for point in points if (point.attributes.get("water_type") == LAKE) == lake]
        rows = np.flatnonzero(inside & np.isin(table.station, keys))
        parts.append((_index(rows.tolist(), table, lake=lake), len(set(table.station[rows].tolist()))))
    return rules.cwqi_of_city(parts[0], parts[1]), parts[0][1], parts[1][1]


def _index(rows: Sequence[int], table: months.MonthTable, *, lake: bool) -> float:
    """Return the index of the means over sections of their means over months."""
    if not rows:
        return float("nan")
    stations = np.unique(table.station[list(rows)])
    means = {}
    for item in rules.items_of(rules.FULL):
        values = table.values[item][list(rows)]
        own = [
            float(known.mean())
            for station in stations
            if (known := (mine := values[table.station[list(rows)] == station])[~np.isnan(mine)]).size
        ]
        if own:
            means[item] = float(np.mean(own))
    return rules.cwqi(means, lake=lake)


def _yearly(table: months.MonthTable) -> dict[str, np.ndarray]:
    """Return the means of the years by item, NaN for a year with too few months; our rivers freeze."""
    years = table.month // 12
    fewest = lookup.value("water_method", "months", "count", "year_ice", edition="2011")
    found = {}
    for item in rules.items_of(rules.FULL):
        values = table.values[item]
        found[item] = np.array(
            [
                known.mean()
                if (known := values[(years == year) & ~np.isnan(values)]).size >= fewest
                else np.nan
                for year in np.unique(years)
            ]
        )
    return found
