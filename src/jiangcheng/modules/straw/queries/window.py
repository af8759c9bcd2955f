"""The lights and quotas of planned burning."""

from __future__ import annotations

import dataclasses
import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Region, Station
from jiangcheng.modules.straw.models import BurnWeather, ResiduePlan, SettledPlace
from jiangcheng.modules.straw.queries.incidents import VIEW
from jiangcheng.modules.straw.queries.plans import area_of
from jiangcheng.modules.straw.rules import tables, upwind, windows
from jiangcheng.standards import periods

Hour = tuple[BurnWeather, windows.Light, tuple[upwind.Share, ...]]


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The hours of a county with their lights, and what each village that waits may burn in each."""

    region: Region
    hours: tuple[Hour, ...]
    """Conditions, light, shares of the villages of the county; none under a red light."""
    waiting: float
    """Area of plans that are approved and not begun [mu]."""


def conditions(row: BurnWeather, *, holiday: bool) -> windows.Conditions:
    """Return a row of weather as the rules know it."""
    return windows.Conditions(
        at=row.hour_at, wind=row.wind, mixing=row.mixing, rain=row.rain, fire_danger=row.fire_danger,
        aqi=row.aqi, warning=row.warning, holiday=holiday,
    )  # fmt: skip


def window(*, user: User, on: dt.date, day: dt.date, holidays: Iterable[dt.date]) -> list[Window]:
    """Return the lights of a day for every county a person may see that has conditions or waiting plans.

    The quota of an hour is shared by the villages of all counties upwind of a station or a large place: smoke does
    not stop at the border of a county.
    """
    scope = access.scope(user, VIEW, on)
    start, end = (dt.datetime.fromtimestamp(at, dt.UTC) for at in periods.day_bounds(day))
    rows = BurnWeather.objects.filter(hour_at__gte=start, hour_at__lt=end, withdrawn_at=None)
    by_region: dict[int, list[BurnWeather]] = defaultdict(list)
    for row in rows.order_by("hour_at"):
        if row.region_id is not None:
            by_region[row.region_id].append(row)
    counties = {region.code: region for region in Region.objects.filter(level="county")}
    waiting = _waiting(counties)
    by_hour = _shares({code: by_region[region.pk] for code, region in counties.items()}, waiting, day)
    holiday = day in set(holidays)
    found = []
    for code, region in sorted(counties.items()):
        mine = [village for village in waiting if village.county == code]
        rows_here = by_region[region.pk]
        if scope.covers_region(code) and (rows_here or mine):
            hours = []
            for row in rows_here:
                light = windows.light(conditions(row, holiday=holiday))
                told = () if light.colour == windows.RED else by_hour[row.hour_at]
                hours.append((row, light, tuple(share for share in told if share.village.county == code)))
            found.append(Window(region, tuple(hours), sum(village.mu for village in mine)))
    return found


def _waiting(counties: Mapping[str, Region]) -> list[upwind.Village]:
    """Return the villages with approved plans, each where the middle of its plans lies; without a place, unplaced."""
    plans = ResiduePlan.objects.filter(state="approved", withdrawn_at=None).exclude(region=None)
    area: dict[tuple[str, str], list[tuple[float, float, float]]] = defaultdict(list)
    for plan in plans.select_related("region"):
        code = plan.region.code[:6] if plan.region else ""
        if code in counties:
            middle = area_of(plan).centroid
            area[code, plan.village].append((middle.x, middle.y, plan.area_mu))
    return [
        upwind.Village(
            code, name, statistics.fmean(row[0] for row in rows), statistics.fmean(row[1] for row in rows),
            sum(row[2] for row in rows),
        )
        for (code, name), rows in sorted(area.items())
    ]  # fmt: skip


def _shares(
    by_county: Mapping[str, Sequence[BurnWeather]], waiting: Sequence[upwind.Village], day: dt.date
) -> dict[dt.datetime, list[upwind.Share]]:
    receptors = _receptors(day)
    by_hour: dict[dt.datetime, dict[str, upwind.Air]] = defaultdict(dict)
    for code, rows in by_county.items():
        for row in rows:
            by_hour[row.hour_at][code] = upwind.Air(row.wind, row.direction, row.mixing, row.pm25)
    return {at: upwind.shares(waiting, air, receptors, at, day) for at, air in by_hour.items()}


def _receptors(on: dt.date) -> list[upwind.Receptor]:
    """Return the air stations and the places with many people that a plume must not reach."""
    least = tables.in_force("downwind", on)["least_people"]
    stations = Station.objects.filter(kind=Station.Kind.AIR, valid_to_date=None).select_related("region")
    places = SettledPlace.objects.filter(withdrawn_at=None, people__gte=least).select_related("region")
    found = [
        upwind.Receptor(one.name_zh, one.name_en, one.longitude, one.latitude, one.region.code[:6])
        for one in stations
    ]
    return found + [
        upwind.Receptor(one.name, "", one.longitude, one.latitude, one.region.code[:6] if one.region else "")
        for one in places
        if one.longitude is not None and one.latitude is not None
    ]


def own_weather(*, region: str, at: dt.datetime) -> Any:
    """Return the conditions of the hour of an instant in the county of an area, or None."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    rows = BurnWeather.objects.filter(hour_at=hour, region__code=region[:6], withdrawn_at=None)
    return rows.order_by("-pk").first()
