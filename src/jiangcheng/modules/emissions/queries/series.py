"""Permit limits as they apply to series, and the hours of those series."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
from collections import defaultdict
from collections.abc import Collection, Sequence

import numpy as np
from django.db.models import Q

from jiangcheng.core.access.queries import Scope
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Outlet, PermitLimit, Station
from jiangcheng.modules.emissions import rules
from jiangcheng.modules.emissions.models import Signal
from jiangcheng.standards import periods

OUTLETS = (Station.Kind.GAS_OUTLET, Station.Kind.WATER_OUTLET)
REFERENCE = "zs_avg"
"""Mean converted to the reference oxygen content (折算); judged wherever the outlet sends it."""
MEASURED = "avg"
FLOW = "a00000"
"""Flow of flue gas [m3/s], dry and at standard state."""


@dataclasses.dataclass(frozen=True, slots=True)
class HourSeries:
    """The hour means of one property of one outlet that are held against a limit; arrays by hour."""

    limit: PermitLimit
    start: np.ndarray
    value: np.ndarray
    flag: np.ndarray
    statistic: np.ndarray


def instant(start: int) -> datetime.datetime:
    """Return epoch seconds as an aware datetime."""
    return datetime.datetime.fromtimestamp(int(start), datetime.UTC)


def day_of(start: int) -> datetime.date:
    """Return the Beijing day of epoch seconds."""
    return instant(start).astimezone(periods.BEIJING).date()


def outlets(*, scope: Scope, on: datetime.date, code: str = "", facility: str = "") -> list[Station]:
    """Return the outlets a person may see, with their facility; with codes only that one, those of that plant."""
    rows = Station.objects.filter(
        scope.as_filter(region="region__code", facility="outlet__facility__code"),
        Q(valid_to_date=None) | Q(valid_to_date__gt=on),
        kind__in=OUTLETS,
        valid_from_date__lte=on,
    )
    if code:
        rows = rows.filter(code=code)
    if facility:
        rows = rows.filter(outlet__facility__code=facility)
    return list(rows.select_related("region", "outlet__facility").order_by("code"))


def limits(
    *, stations: Collection[int] | None, first: datetime.date, last: datetime.date
) -> list[PermitLimit]:
    """Return the hourly limits of every permit version in force on a day of ``[first, last]``."""
    rows = PermitLimit.objects.filter(
        Q(permit__valid_to_date=None) | Q(permit__valid_to_date__gt=first),
        averaging="hour",
        permit__valid_from_date__lte=last,
    )
    if stations is not None:
        rows = rows.filter(outlet__station__in=stations)
    return list(
        rows.select_related("permit", "observed_property", "outlet__station", "outlet__facility").order_by(
            "pk"
        )
    )


def hour_series(*, limits: list[PermitLimit], start: int, end: int) -> list[HourSeries]:
    """Return, for every limit, the hours of ``[start, end)`` on which its permit version is in force."""
    keys = _property_keys({limit.observed_property.code for limit in limits})
    table = store.read(
        stations=sorted({limit.outlet.station_id for limit in limits}),
        properties=sorted(key for found in keys.values() for key in found.values()),
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    columns = {name: table[name].to_numpy() for name in table.column_names}
    return [_series(limit, columns, keys[limit.observed_property.code]) for limit in limits]


def _property_keys(codes: Collection[str]) -> dict[str, dict[str, int]]:
    keys: dict[str, dict[str, int]] = defaultdict(dict)
    for row in ObservedProperty.objects.filter(code__in=codes, statistic__in=(REFERENCE, MEASURED)):
        keys[row.code][row.statistic] = row.pk
    return keys


def _series(limit: PermitLimit, columns: dict[str, np.ndarray], keys: dict[str, int]) -> HourSeries:
    """Return the converted mean of an hour where there is one, else the measured mean."""
    here = columns["station"] == limit.outlet.station_id
    converted = here & (columns["property"] == keys.get(REFERENCE, -1))
    measured = here & (columns["property"] == keys.get(MEASURED, -1))
    measured &= ~np.isin(columns["start"], columns["start"][converted])
    rows = np.flatnonzero((converted | measured) & in_force(limit, columns["start"]))
    rows = rows[np.argsort(columns["start"][rows])]
    return HourSeries(
        limit=limit,
        start=columns["start"][rows],
        value=columns["value"][rows],
        flag=columns["flag"][rows],
        statistic=np.where(converted[rows], REFERENCE, MEASURED),
    )


def in_force(limit: PermitLimit, start: np.ndarray) -> np.ndarray:
    permit = limit.permit
    since = periods.day_bounds(permit.valid_from_date)[0]
    inside = start >= since
    if permit.valid_to_date is not None:
        inside &= start < periods.day_bounds(permit.valid_to_date)[0]
    return inside


def number(limit: decimal.Decimal | None) -> float:
    """Return a limit as the rules take it, NaN where there is none."""
    return float("nan") if limit is None else float(limit)


@dataclasses.dataclass(frozen=True, slots=True)
class Values:
    """A series of one station in rising time; arrays of one length."""

    start: np.ndarray
    value: np.ndarray
    flag: np.ndarray

    def __len__(self) -> int:
        return len(self.start)

    def between(self, start: int, end: int) -> Values:
        """Return the part in ``[start, end)``."""
        kept = (self.start >= start) & (self.start < end)
        return Values(self.start[kept], self.value[kept], self.flag[kept])


def values(
    *,
    station: int,
    code: str,
    statistic: str = MEASURED,
    start: int,
    end: int,
    granularity: store.Granularity = store.Granularity.HOUR,
) -> Values:
    """Return a series of ``[start, end)``; empty where nothing is registered or measured."""
    key = ObservedProperty.objects.filter(code=code, statistic=statistic).values_list("pk", flat=True)
    keys = list(key)
    if not keys:
        return Values(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
    table = store.read(stations=[station], properties=keys, granularity=granularity, start=start, end=end)
    columns = (table[name].to_numpy() for name in ("start", "value", "flag"))
    return Values(*columns)


@dataclasses.dataclass(frozen=True, slots=True)
class Hours:
    """The hours of all series of some stations, read once."""

    table: dict[tuple[int, int], Values]
    keys: dict[tuple[str, str], int]

    def get(self, station: int, code: str, statistic: str = MEASURED) -> Values:
        """Return a series; empty where nothing is registered or measured."""
        return self.table.get((station, self.keys.get((code, statistic), -1)), NOTHING)


NOTHING = Values(np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))


def all_hours(
    *, stations: Collection[int], start: int, end: int, codes: Collection[str] | None = None
) -> Hours:
    """Return all hours of ``[start, end)`` of some stations, or those of some factors."""
    rows = ObservedProperty.objects.filter(statistic__in=(MEASURED, REFERENCE))
    if codes is not None:
        rows = rows.filter(code__in=codes)
    keys = {(code, statistic): key for code, statistic, key in rows.values_list("code", "statistic", "pk")}
    table = store.read(
        stations=sorted(stations),
        properties=sorted(keys.values()),
        granularity=store.Granularity.HOUR,
        start=start,
        end=end,
    )
    columns = {name: table[name].to_numpy() for name in ("station", "property", "start", "value", "flag")}
    series = columns["station"].astype(np.int64) << 32 | columns["property"]
    edges = np.flatnonzero(np.diff(series)) + 1
    bounds = zip([0, *edges.tolist()], [*edges.tolist(), len(series)], strict=True)
    found = {
        (int(columns["station"][a]), int(columns["property"][a])): Values(
            columns["start"][a:b], columns["value"][a:b], columns["flag"][a:b]
        )
        for a, b in bounds
        if b > a
    }
    return Hours(found, keys)


def aligned(series: Values, start: np.ndarray) -> np.ndarray:
    """Return the values of a series at given starts, NaN where there is none."""
    found = np.full(len(start), np.nan)
    _, here, there = np.intersect1d(start, series.start, assume_unique=True, return_indices=True)
    found[here] = series.value[there]
    return found


POWERS = {"production": "power_production", "treatment": "power_treatment"}
"""The room's own series by role; a station that has one is not asked for codes."""


def meters(
    *, stations: Collection[int], hours: Hours, on: datetime.date
) -> dict[int, list[rules.process.Meter]]:
    """Return the meters by station: the room's own series, named signals, or codes of HJ 212-2025."""
    units = dict(ObservedProperty.objects.filter(statistic=MEASURED).values_list("code", "unit"))
    code_of = {key: code for (code, statistic), key in hours.keys.items() if statistic == MEASURED}
    has: dict[int, dict[str, str]] = defaultdict(dict)
    for station, key in hours.table:
        if key in code_of:
            has[station][code_of[key]] = units[code_of[key]]
    named: dict[tuple[int, str], list[rules.process.Meter]] = defaultdict(list)
    for row in Signal.objects.filter(withdrawn_at=None).order_by("pk"):
        meter = rules.process.Meter(row.property_code, row.role, row.rated)
        named[row.facility_id or 0, row.outlet_number].append(meter)
    rows = Outlet.objects.filter(station__in=stations).values_list("station_id", "facility_id", "number")
    found = {}
    for station, facility, number in rows:
        own = [
            rules.process.Meter(code, role)
            for role, code in POWERS.items()
            if code in has[station]
            and not any(meter.role == role for meter in named.get((facility, number), ()))
        ]
        found[station] = rules.process.meters(has[station], [*own, *named.get((facility, number), ())], on)
    return found


def summed(series: Sequence[Values]) -> Values:
    """Return the sum of series where all of them have a value; the flag is that of the first."""
    if not series:
        return NOTHING
    if len(series) == 1:
        return series[0]
    start, value = rules.process.total([(item.start, item.value) for item in series])
    return Values(start, value, np.full(len(start), rules.validity.NORMAL))
