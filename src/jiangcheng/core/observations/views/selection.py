"""What an address asks for: a station the person may see, properties, a granularity, a period."""

from __future__ import annotations

import dataclasses
import datetime

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils.dateparse import parse_date

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import received_at, received_date
from jiangcheng.core.observations import store
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.standards import codes, periods

PERMISSION = "observations.view"
DEFAULT_DAYS = {
    store.Granularity.INSTANT: 1,
    store.Granularity.MINUTE: 1,
    store.Granularity.HOUR: 3,
    store.Granularity.DAY: 90,
}
LONGEST_DAYS = {
    store.Granularity.INSTANT: 31,
    store.Granularity.MINUTE: 31,
    store.Granularity.HOUR: 800,
    store.Granularity.DAY: 800,
}
"""Longest period of one answer; a longer one would fill the memory of the process."""
BITS = "bits"
"""Unit of derived sets, which are numbers for machines only."""
MICROGRAMS = "µg/m³"
DEFAULTS = {
    Station.Kind.AIR: ("a34004-avg",),
    Station.Kind.WATER: ("w01019-avg", "w21003-avg"),
    Station.Kind.WEATHER: ("a01001-avg",),
    Station.Kind.AREA: ("aqi-avg",),
}
"""Properties drawn first, by kind of station; outlets begin with what their permit limits."""


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """A part of the series of one station: ``[start, end)`` in epoch seconds."""

    station: Station
    properties: tuple[ObservedProperty, ...]
    granularity: store.Granularity
    start: int
    end: int


def visible_station(request: HttpRequest, code: str) -> Station:
    """Return a station the person may see.

    Raises
    ------
    django.http.Http404
        If there is none; whether it exists elsewhere is not told.
    """
    scope = access.scope(request.user, PERMISSION, received_date(request))
    return get_object_or_404(registry.stations(scope=scope), code=code)


def available(station: Station) -> dict[str, ObservedProperty]:
    """Return the properties of which the station has values, by name such as ``a34004-avg``."""
    keys = set(store.latest(stations=[station.pk])["property"].to_pylist())
    rows = ObservedProperty.objects.filter(pk__in=keys).exclude(unit=BITS)
    return {str(row): row for row in rows.order_by("medium", "code", "statistic")}


@dataclasses.dataclass(frozen=True, slots=True)
class Scale:
    """How the values of a property are shown at a station: times ``factor``, in ``unit``."""

    factor: float
    unit: str
    decimals: int


def scale(station: Station, observed: ObservedProperty) -> Scale:
    """Return the scale of a property: ambient gases are read in µg/m³, whatever the wire says."""
    known = codes.properties().get(observed.code)
    if station.kind == Station.Kind.AIR and known is not None and known.factor > 1:
        return Scale(known.factor, MICROGRAMS, 0)
    return Scale(1.0, observed.unit_text, observed.display_decimals)


def chosen(request: HttpRequest, station: Station, found: dict[str, ObservedProperty]) -> list[str]:
    """Return the names of the properties the address asks for, else those the station begins with."""
    asked = [name for name in request.GET.getlist("property") if name in found]
    if asked:
        return asked
    begin = DEFAULTS.get(Station.Kind(station.kind)) or tuple(
        str(limit.observed_property)
        for limit in registry.limits(on=received_date(request), outlet__station=station)
    )
    return [name for name in begin if name in found][:2] or list(found)[:1]


def selection(request: HttpRequest, code: str) -> Selection:
    """Return what the address asks for.

    Raises
    ------
    django.http.Http404
        If the station is not there, or granularity or period make no sense.
    """
    station = visible_station(request, code)
    found = available(station)
    try:
        granularity = store.Granularity[request.GET.get("granularity", "hour").upper()]
    except KeyError as error:
        raise Http404("granularity") from error
    start, end = _period(request, granularity)
    return Selection(
        station=station,
        properties=tuple(found[name] for name in chosen(request, station, found)),
        granularity=granularity,
        start=start,
        end=end,
    )


def _period(request: HttpRequest, granularity: store.Granularity) -> tuple[int, int]:
    """Return the days ``from`` to ``to`` inclusive, by default the latest ones up to now."""
    try:
        first, last = (parse_date(request.GET.get(name, "")) for name in ("from", "to"))
        end = periods.day_bounds(last)[1] if last else int(received_at(request).timestamp())
        start = periods.day_bounds(first)[0] if first else end - DEFAULT_DAYS[granularity] * periods.DAY
    except (ValueError, OverflowError) as error:
        raise Http404("period") from error
    if not 0 < end - start <= LONGEST_DAYS[granularity] * periods.DAY:
        raise Http404("period")
    return start, end


def day(seconds: int) -> datetime.date:
    """Return the Beijing day of an instant."""
    return datetime.datetime.fromtimestamp(seconds, periods.BEIJING).date()
