"""The lights and quotas of planned burning."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw.models import BurnWeather, ResiduePlan
from jiangcheng.modules.straw.queries.incidents import VIEW
from jiangcheng.modules.straw.rules import windows
from jiangcheng.standards import periods


@dataclasses.dataclass(frozen=True, slots=True)
class Window:
    """The hours of a county with their lights, and how much may burn in each."""

    region: Region
    hours: tuple[tuple[BurnWeather, windows.Light, float | None], ...]
    """Conditions, light, and the county's share of the quota [mu/h]; None where it cannot be told."""
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

    The quota of an hour is the smallest that any county's air allows, shared by the area that waits: smoke
    does not stop at the border of a county.
    """
    scope = access.scope(user, VIEW, on)
    start, end = (dt.datetime.fromtimestamp(at, dt.UTC) for at in periods.day_bounds(day))
    rows = BurnWeather.objects.filter(hour_at__gte=start, hour_at__lt=end, withdrawn_at=None)
    by_region: dict[str, list[BurnWeather]] = defaultdict(list)
    for row in rows.select_related("region").order_by("hour_at"):
        if row.region is not None:
            by_region[row.region.code].append(row)
    counties = {region.code: region for region in Region.objects.filter(level="county")}
    waiting = _waiting(counties)
    shares = _shares(by_region, waiting, day)
    holiday = day in set(holidays)
    found = []
    for code, region in sorted(counties.items()):
        if scope.covers_region(code) and (by_region[code] or waiting[code]):
            hours = tuple(
                (row, light, 0.0 if light.colour == windows.RED else shares.get((code, row.hour_at)))
                for row in by_region[code]
                for light in [windows.light(conditions(row, holiday=holiday))]
            )
            found.append(Window(region, hours, waiting[code]))
    return found


def _waiting(counties: Iterable[str]) -> dict[str, float]:
    found = dict.fromkeys(counties, 0.0)
    plans = ResiduePlan.objects.filter(state="approved", withdrawn_at=None).exclude(region=None)
    for code, area in plans.values_list("region__code", "area_mu"):
        county = code[:6]
        if county in found:
            found[county] += area
    return found


def _shares(
    by_region: dict[str, list[BurnWeather]], waiting: dict[str, float], day: dt.date
) -> dict[tuple[str, dt.datetime], float]:
    by_hour: dict[dt.datetime, list[tuple[str, float]]] = defaultdict(list)
    for code, rows in by_region.items():
        for row in rows:
            if row.pm25 is not None and row.wind is not None and row.mixing is not None:
                told = windows.quota(pm25=row.pm25, wind=row.wind, mixing=row.mixing, crop="maize", on=day)
                by_hour[row.hour_at].append((code, told.mu))
    found = {}
    for at, each in by_hour.items():
        wanted = {code: waiting.get(code, 0.0) for code, _mu in each}
        for code, mu in windows.allocate(min(mu for _code, mu in each), wanted).items():
            found[code, at] = mu
    return found


def own_weather(*, region: str, at: dt.datetime) -> Any:
    """Return the conditions of the hour of an instant in the county of an area, or None."""
    hour = at.replace(minute=0, second=0, microsecond=0)
    rows = BurnWeather.objects.filter(hour_at=hour, region__code=region[:6], withdrawn_at=None)
    return rows.order_by("-pk").first()
