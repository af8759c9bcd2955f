"""Permit limits as they apply to series, and the hours of those series."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
from collections import defaultdict
from collections.abc import Collection

import numpy as np
from django.db.models import Q

from jiangcheng.core.access.queries import Scope
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, PermitLimit, Station
from jiangcheng.modules.emissions import rules
from jiangcheng.standards import periods

OUTLETS = (Station.Kind.GAS_OUTLET, Station.Kind.WATER_OUTLET)
REFERENCE = "zs_avg"
"""Mean converted to the reference oxygen content (折算); judged wherever the outlet sends it."""
MEASURED = "avg"
FRESH_HOURS = 3
"""Age up to which an hour still stands for the present."""


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


def outlets(*, scope: Scope, on: datetime.date) -> list[Station]:
    """Return the outlets a person may see, with their facility."""
    rows = Station.objects.filter(
        scope.as_filter(region="region__code", facility="outlet__facility__code"),
        Q(valid_to_date=None) | Q(valid_to_date__gt=on),
        kind__in=OUTLETS,
        valid_from_date__lte=on,
    )
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
    rows = np.flatnonzero((converted | measured) & _in_force(limit, columns["start"]))
    rows = rows[np.argsort(columns["start"][rows])]
    return HourSeries(
        limit=limit,
        start=columns["start"][rows],
        value=columns["value"][rows],
        flag=columns["flag"][rows],
        statistic=np.where(converted[rows], REFERENCE, MEASURED),
    )


def _in_force(limit: PermitLimit, start: np.ndarray) -> np.ndarray:
    permit = limit.permit
    since = periods.day_bounds(permit.valid_from_date)[0]
    inside = start >= since
    if permit.valid_to_date is not None:
        inside &= start < periods.day_bounds(permit.valid_to_date)[0]
    return inside


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """The newest judged hour of one limited property of an outlet."""

    limit: PermitLimit
    start: int
    value: float
    exceeded: bool
    multiple: float


def current(
    *, stations: list[int], at: datetime.datetime, hours: int = FRESH_HOURS
) -> dict[int, list[Reading]]:
    """Return, by outlet, the newest hour of each limited property known at an instant."""
    end = int(at.timestamp())
    start = end - hours * periods.HOUR
    rows = limits(stations=stations, first=day_of(start), last=day_of(end))
    found: dict[int, list[Reading]] = defaultdict(list)
    if not rows:
        return found
    for series in hour_series(limits=rows, start=start, end=end - periods.HOUR + 1):
        result = rules.exceedance(
            series.value, number(series.limit.upper), series.flag, lower=number(series.limit.lower)
        )
        judged = np.flatnonzero(result.judged)
        if len(judged):
            newest = int(judged[-1])
            found[series.limit.outlet.station_id].append(
                Reading(
                    limit=series.limit,
                    start=int(series.start[newest]),
                    value=float(series.value[newest]),
                    exceeded=bool(result.exceeded[newest]),
                    multiple=float(result.multiple[newest]),
                )
            )
    return found


def number(limit: decimal.Decimal | None) -> float:
    """Return a limit as the rules take it, NaN where there is none."""
    return float("nan") if limit is None else float(limit)
