"""Sections and their readings, laid out item by item."""

from __future__ import annotations

import dataclasses
import datetime

import numpy as np
from django.db.models import Q

from jiangcheng.core.access.queries import Scope
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.methods import averaging
from jiangcheng.modules.water import rules
from jiangcheng.standards import codes, lookup, periods, rounding

LAKE = "lake"
FRESH_HOURS = 24
"""Age up to which a reading still stands for the present; automatic stations read every four hours."""


@dataclasses.dataclass(frozen=True, slots=True)
class Readings:
    """Readings of sections, one row per station and start; ``values[item]`` is NaN where missing [mg/L; pH: 1]."""

    station: np.ndarray
    start: np.ndarray
    values: dict[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.start)

    def take(self, keep: np.ndarray) -> Readings:
        """Return the readings of a mask or of indices."""
        return Readings(
            self.station[keep], self.start[keep], {item: column[keep] for item, column in self.values.items()}
        )


def instant(start: int) -> datetime.datetime:
    """Return epoch seconds as an aware datetime."""
    return datetime.datetime.fromtimestamp(int(start), datetime.UTC)


def day_of(start: int) -> datetime.date:
    """Return the Beijing day of epoch seconds."""
    return instant(start).astimezone(periods.BEIJING).date()


def sections(*, on: datetime.date, scope: Scope | None = None) -> list[Station]:
    """Return the surface water sections in operation on a date, those of one river downstream."""
    rows = Station.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on), kind=Station.Kind.WATER, valid_from_date__lte=on
    )
    if scope is not None:
        rows = rows.filter(scope.as_filter(region="region__code"))
    found = rows.select_related("region", "grid_cell").order_by("code")
    return sorted(found, key=lambda row: (row.attributes.get("river", ""), row.attributes.get("order", 0)))


def derived() -> dict[str, int]:
    """Return the keys of the derived properties by code."""
    rows = ObservedProperty.objects.filter(medium="derived", statistic="avg")
    return dict(rows.values_list("code", "pk"))


def lakes(*, stations: np.ndarray, points: list[Station]) -> np.ndarray:
    """Tell for each row whether the limits of lakes and reservoirs hold at its section."""
    found = [point.pk for point in points if point.attributes.get("water_type") == LAKE]
    return np.isin(stations, found)


def readings(*, stations: list[int], start: int, end: int) -> Readings:
    """Read the valid readings of ``[start, end)`` [epoch seconds]."""
    source = _measured()
    table = store.read(
        stations=stations,
        properties=[key for key, _factor in source.values()],
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    rows = {name: table[name].to_numpy() for name in ("station", "property", "start", "value", "flag")}
    valid = np.isin(rows["flag"], list(codes.valid_flags())) & ~np.isnan(rows["value"])
    pairs = np.stack([rows["station"].astype(np.int64), rows["start"]])
    keys, place = np.unique(pairs, axis=1, return_inverse=True)
    place = place.reshape(-1)
    values = {}
    for item in rules.items_of(rules.AUTO_STATION):
        values[item] = np.full(keys.shape[1], np.nan)
        if item in source:
            key, factor = source[item]
            mine = valid & (rows["property"] == key)
            values[item][place[mine]] = rounding.settle(rows["value"][mine] * factor)
    return Readings(keys[0], keys[1], values)


def month_means(found: Readings) -> Readings:
    """Return the means of every station and Beijing month, under the start of the month.

    The circular on surface water assessment takes the arithmetic mean of the month's readings per item.
    """
    months = periods.natural_day(found.start).astype("datetime64[M]")
    pairs = np.stack([found.station, months.astype(np.int64)])
    keys, group = np.unique(pairs, axis=1, return_inverse=True)
    firsts = [month.astype("datetime64[D]").item() for month in keys[1].astype("datetime64[M]")]
    return Readings(
        keys[0],
        np.array([periods.day_bounds(first)[0] for first in firsts], np.int64),
        {
            item: averaging.grouped_mean(column, group.reshape(-1), keys.shape[1]).value
            for item, column in found.values.items()
        },
    )


def rolled_month_means(*, stations: list[int], start: int, end: int) -> Readings:
    """Return what `month_means` returns of the readings of ``[start, end)``, from the daily roll-ups.

    The store keeps exact sums and counts by day and computes the days anew that changed, so that a reading
    that came late or was flagged is in the mean at once.
    """
    source = _measured()
    table = store.aggregate(
        stations=stations,
        properties=[key for key, _factor in source.values()],
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    rows = {
        name: table[name].to_numpy() for name in ("station", "property", "day", "n_valid", "sum", "decimals")
    }
    months = rows["day"].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    # One number per station and month sorts faster than pairs of them.
    packed, group = np.unique((rows["station"].astype(np.int64) << 20) + months, return_inverse=True)
    values = {}
    for item in rules.items_of(rules.AUTO_STATION):
        values[item] = np.full(packed.size, np.nan)
        if item not in source:
            continue
        key, factor = source[item]
        mine = rows["property"] == key
        count = np.bincount(group[mine], rows["n_valid"][mine], packed.size)
        whole = np.bincount(
            group[mine], rows["sum"][mine] / 10.0 ** rows["decimals"][mine].astype(np.float64), packed.size
        )
        known = count > 0
        values[item][known] = rounding.settle(whole[known] * factor / count[known])
    firsts = (packed & ((1 << 20) - 1)).astype("datetime64[M]").astype("datetime64[D]").tolist()
    starts = np.array([periods.day_bounds(first)[0] for first in firsts], np.int64)
    return Readings(packed >> 20, starts, values)


def year_means(months: Readings) -> Readings:
    """Return the means over the months of every station."""
    stations, group = np.unique(months.station, return_inverse=True)
    return Readings(
        stations,
        np.array([months.start[months.station == station].min() for station in stations], np.int64),
        {
            item: averaging.grouped_mean(column, group, len(stations)).value
            for item, column in months.values.items()
        },
    )


def _measured() -> dict[str, tuple[int, float]]:
    """Return, by item, the key of the measured property and the factor to the unit of GB 3838."""
    wanted = {item: codes.of_parameter(item) for item in rules.items_of(rules.AUTO_STATION)}
    keys = dict(
        ObservedProperty.objects.filter(
            code__in=[row.code for row in wanted.values()], statistic="avg"
        ).values_list("code", "pk")
    )
    return {item: (keys[row.code], row.factor) for item, row in wanted.items() if row.code in keys}


@dataclasses.dataclass(frozen=True, slots=True)
class Now:
    """The newest class of a section, and the items that hold it there."""

    start: int
    reached: int
    limiting: tuple[str, ...]


def current(*, stations: list[int], at: datetime.datetime) -> dict[int, Now]:
    """Return the newest class of each section known at an instant, at most `FRESH_HOURS` old."""
    keys = derived()
    if "water_class" not in keys or not stations:
        return {}
    end = int(at.timestamp())
    table = store.read(
        stations=stations,
        properties=[keys["water_class"], keys["water_limiting"]],
        granularity=store.Granularity.HOUR,
        start=end - FRESH_HOURS * periods.HOUR,
        end=end - periods.HOUR + 1,
    )
    rows = list(
        zip(*(table[name].to_pylist() for name in ("station", "property", "start", "value")), strict=True)
    )
    masks = {(station, start): value for station, key, start, value in rows if key == keys["water_limiting"]}
    found = {}
    for station, key, start, value in rows:
        if key == keys["water_class"] and value == value:
            mask = masks.get((station, start), 0.0)
            found[station] = Now(start, int(value), _items(0 if mask != mask else int(mask)))
    return found


def _items(mask: int) -> tuple[str, ...]:
    return tuple(item for bit, item in enumerate(rules.items_of(rules.AUTO_STATION)) if mask >> bit & 1)


def item_names() -> dict[str, tuple[str, str]]:
    """Return the names zh and en of the items of automatic stations."""
    rows = lookup.rows("water_items", edition="2011", zone="auto_station")
    return {row.parameter: (row.extra["name_zh"], row.extra["name_en"]) for row in rows}
