"""The matrix of elements and counties, and where nothing arrives."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

import numpy as np
from django.db.models import Q

from jiangcheng.core.access.queries import Scope
from jiangcheng.core.observations import store
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.modules.network.models import Gap
from jiangcheng.modules.network.rules import coverage as rules
from jiangcheng.modules.network.rules.tables import in_force
from jiangcheng.standards import periods

FOREVER = 2**40
COUNTY_DIGITS = 6


@dataclasses.dataclass(frozen=True, slots=True)
class Coverage:
    """How many points observe what where, and how much of what they owe arrived, by window in days."""

    elements: tuple[dict[str, str], ...]
    counties: tuple[Region, ...]
    windows: tuple[int, ...]
    cells: dict[tuple[str, str, int], rules.Arrival]
    """By code of element, code of county, days. The county ``""`` is all of them."""
    stations: dict[tuple[str, int], rules.Arrival]
    """By code of station and days."""


def points(*, scope: Scope | None, on: dt.date) -> dict[str, list[Station]]:
    """Return the points that stand on a day, by element; those of no element are left out."""
    elements = in_force("elements", on)["elements"]
    if scope is None:
        standing = Station.objects.filter(Q(valid_to_date=None) | Q(valid_to_date__gt=on))
        rows = standing.filter(valid_from_date__lte=on).select_related("region", "outlet").order_by("code")
    else:
        rows = registry.stations(scope=scope, on=on)
    found: dict[str, list[Station]] = {item["code"]: [] for item in elements}
    for row in rows:
        if code := rules.element_of(row.kind, row.attributes, elements):
            found[code].append(row)
    return found


def coverage(*, scope: Scope | None, on: dt.date) -> Coverage:
    """Return the matrix of the last full day and of the last full days before ``on`` (Beijing).

    Two reads of the daily roll-ups and one of the latest values serve all points, elements and windows. A
    point that reports less often than the window is long owes one value since its interval began.
    """
    table = in_force("elements", on)
    found = points(scope=scope, on=on)
    every = [station for stations in found.values() for station in stations]
    end, windows = periods.day_bounds(on)[0], tuple(table["windows"])
    counted = _counted(every, end - max(windows) * rules.DAY, end)
    newest = _newest(every)
    by_station: dict[tuple[str, int], rules.Arrival] = {}
    cells: dict[tuple[str, str, int], rules.Arrival] = {}
    for days in windows:
        window = (end - days * rules.DAY, end)
        arrived = _arrived(every, counted, newest, window)
        for element, stations in found.items():
            for station in stations:
                arrival = by_station[station.code, days] = arrived[station.pk]
                for county in ("", station.region.code[:COUNTY_DIGITS]):
                    key = (element, county, days)
                    cells[key] = cells.get(key, rules.Arrival()) + arrival
    counties = registry.regions(level=Region.Level.COUNTY)
    return Coverage(tuple(table["elements"]), tuple(counties), windows, cells, by_station)


def silent_periods(
    *, stations: Iterable[Station], start: int, end: int, least: int
) -> dict[str, list[rules.Period]]:
    """Return where nothing at all came, by code of the station.

    Only points that report at least daily are asked; a campaign has no gaps.

    Parameters
    ----------
    start, end
        ``[start, end)`` in epoch seconds.
    least
        Intervals a silence has to last.
    """
    asked = [station for station in stations if station.expected_interval < rules.DAY]
    if not asked:
        return {}
    rows = store.read(
        stations=[station.pk for station in asked],
        properties=_measured(),
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    key, starts = rows["station"].to_numpy(), rows["start"].to_numpy()
    found = {}
    for station in asked:
        life = _life(station)
        silences = rules.silences(
            starts[key == station.pk],
            begin=max(start, life[0]),
            end=min(end, life[1]),
            step=max(rules.HOUR, station.expected_interval),
            least=least,
        )
        if silences:
            found[station.code] = silences
    return found


def missing(*, station: str, period: rules.Period) -> list[rules.Period]:
    """Return the parts of a silence that no row of the register of gaps tells."""
    begin, end = (dt.datetime.fromtimestamp(second, dt.UTC) for second in period)
    rows = Gap.objects.filter(station=station, withdrawn_at=None, from_at__lt=end, to_at__gt=begin)
    known = [(int(a.timestamp()), int(b.timestamp())) for a, b in rows.values_list("from_at", "to_at")]
    return rules.uncovered(period, known)


def _measured() -> list[int]:
    return list(ObservedProperty.objects.exclude(medium="derived").values_list("pk", flat=True))


def _counted(stations: list[Station], start: int, end: int) -> dict[int, tuple[np.ndarray, ...]]:
    """Return station, day and number of rows of every measured series, by granularity."""
    keys = [station.pk for station in stations]
    derived = list(ObservedProperty.objects.filter(medium="derived").values_list("pk", flat=True))
    found = {}
    for granularity in (store.Granularity.HOUR, store.Granularity.DAY):
        table = store.aggregate(stations=keys, properties=None, granularity=granularity, start=start, end=end)
        columns = [table[name].to_numpy().astype(np.int64) for name in ("station", "day", "n")]
        measured = ~np.isin(table["property"].to_numpy(), derived)
        found[int(granularity)] = tuple(column[measured] for column in columns)
    return found


def _newest(stations: list[Station]) -> dict[int, int]:
    """Return the start of the newest day value by station: campaigns are not in the window, but before it."""
    table = store.latest(stations=[station.pk for station in stations], granularity=store.Granularity.DAY)
    found: dict[int, int] = {}
    for station, start in zip(table["station"].to_pylist(), table["start"].to_pylist(), strict=True):
        found[station] = max(start, found.get(station, start))
    return found


def _arrived(
    stations: list[Station],
    counted: dict[int, tuple[np.ndarray, ...]],
    newest: dict[int, int],
    window: rules.Period,
) -> dict[int, rules.Arrival]:
    steps = {station.pk: max(rules.HOUR, station.expected_interval) for station in stations}
    got: dict[int, int] = {}
    for granularity, (station, day, count) in counted.items():
        hourly = granularity == store.Granularity.HOUR
        per_day = {
            key: rules.DAY // step if hourly else 1
            for key, step in steps.items()
            if hourly == (step < rules.DAY)
        }
        begin, end = ((second + rules.BEIJING) // rules.DAY for second in window)
        inside = (day >= begin) & (day < end) & np.isin(station, list(per_day))
        got |= rules.received(station[inside], day[inside], count[inside], per_day)
    found = {}
    for point in stations:
        step = steps[point.pk]
        if step > window[1] - window[0]:
            since = window[1] - step
            due = rules.expected((since, window[1]), step, _life(point))
            come = int(newest.get(point.pk, since - 1) >= since)
        else:
            due, come = rules.expected(window, step, _life(point)), got.get(point.pk, 0)
        found[point.pk] = rules.Arrival(1, due, min(due, come))
    return found


def _life(station: Station) -> rules.Period:
    begin, end = station.valid_from_date, station.valid_to_date
    return periods.day_bounds(begin)[0], periods.day_bounds(end)[0] if end else FOREVER
