"""The air now: the overview, fragments of other pages, and the map layer."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from jiangcheng.core.access import queries as access
from jiangcheng.core.access import rules as access_rules
from jiangcheng.core.access.services import asked_at, public, received_at, received_date, requires
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.observations import store
from jiangcheng.core.portal.services import charts
from jiangcheng.core.registry.models import ObservedProperty, Region, Station
from jiangcheng.modules.air import queries
from jiangcheng.modules.air.queries import reports
from jiangcheng.standards import lookup, periods

CARD_HOURS = 24
STALE_HOURS = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A station or area with its newest hour."""

    station: Station
    now: queries.Now | None
    at: datetime.datetime | None
    stale: bool


@requires("air.view")
def overview(request: HttpRequest) -> HttpResponse:
    """List areas and stations with their AQI, worst first."""
    at = received_at(request)
    points = visible(request, queries.stations(on=received_date(request)))
    areas = Station.objects.filter(kind=Station.Kind.AREA).select_related("region").order_by("code")
    return render(
        request,
        "air/overview.html",
        {
            "areas": _lines(visible(request, areas), at),
            "points": sorted(_lines(points, at), key=_worst_first),
            "targets": reports.targets(on=received_date(request)),
            "run": queries.latest_run(area=city.pk) if (city := queries.city_area()) else None,
        },
    )


@requires("air.view")
def card_lines(request: HttpRequest) -> HttpResponse:
    """Return the last day of the city as two charts."""
    return render(request, "air/card_lines.html", {"city": queries.city_area()})


@requires("air.view")
def lines(request: HttpRequest, what: str) -> JsonResponse:
    """Return the city's hours of the last day: ``index`` (AQI) or ``means`` (PM2.5, O3)."""
    end = int(received_at(request).timestamp())
    city = queries.city_area()
    names = {"pm25": "PM2.5", "o3": "O3"} if what == "means" else {"aqi": "AQI"}
    found = (
        queries.hourly(station=city.pk, codes=list(names), start=end - CARD_HOURS * periods.HOUR, end=end)
        if city
        else {}
    )
    series = [
        charts.Series(name=names[code], times=times, values=values) for code, (times, values) in found.items()
    ]
    return JsonResponse(charts.line(series=series, units=["µg/m³" if what == "means" else ""], decimals=0))


@requires("air.view")
def card_counties(request: HttpRequest) -> HttpResponse:
    """Return the county table: AQI, primary pollutants, worst water class, open cases."""
    at = received_at(request)
    areas = Station.objects.filter(kind=Station.Kind.AREA, region__level=Region.Level.COUNTY)
    rows = _lines(visible(request, areas.select_related("region").order_by("code")), at)
    water, open_cases = _worst_water(at), _open_cases(request)
    return render(
        request,
        "air/card_counties.html",
        {
            "rows": [
                {
                    "line": line,
                    "water": _worst_of(water, line.station.region.code),
                    "cases": sum(
                        count
                        for code, count in open_cases.items()
                        if code.startswith(access_rules.area_prefix(line.station.region.code))
                    ),
                }
                for line in rows
            ]
        },
    )


@requires("air.view")
def layer(request: HttpRequest) -> JsonResponse:
    """Return the stations as GeoJSON, with the AQI known ``?at=`` an instant."""
    points = visible(request, queries.stations(on=received_date(request)))
    features = [_feature(request, line) for line in _lines(points, asked_at(request))]
    return JsonResponse({"type": "FeatureCollection", "features": features})


@public
def public_card(request: HttpRequest) -> HttpResponse:
    """Return the air of the city and its counties now, for anybody."""
    areas = Station.objects.filter(kind=Station.Kind.AREA).select_related("region").order_by("code")
    return render(request, "air/public_card.html", {"lines": _lines(list(areas), received_at(request))})


def visible(request: HttpRequest, stations: Iterable[Station]) -> list[Station]:
    """Return the stations and areas the person may see."""
    scope = access.scope(request.user, "air.view", received_date(request))
    return [station for station in stations if scope.covers_region(station.region.code)]


def _lines(stations: list[Station], at: datetime.datetime) -> list[Line]:
    found = queries.current(stations=[station.pk for station in stations], at=at)
    lines = []
    for station in stations:
        now = found.get(station.pk)
        start = queries.instant(now.start) if now else None
        old = start is None or at - start > datetime.timedelta(hours=STALE_HOURS)
        lines.append(Line(station, now, start, old))
    return lines


def _worst_first(line: Line) -> float:
    return -line.now.aqi if line.now else 1.0


def _feature(request: HttpRequest, line: Line) -> dict[str, Any]:
    station, now = line.station, line.now
    name = station.name_zh if _chinese(request) else station.name_en
    facts: list[list[Any]] = []
    if now:
        grade = now.grade.name_zh if _chinese(request) else now.grade.name_en
        facts = [
            [_("级别"), grade],
            [_("首要污染物"), now.primary or "—"],
            [_("标准版本"), now.edition],
        ]
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [station.longitude, station.latitude]},
        "properties": {
            "id": station.code,
            "name": name,
            "label": f"{now.aqi:.0f}" if now else "—",
            "value": now.aqi if now else None,
            "unit": "AQI",
            "level": now.grade.code if now else None,
            "colour": now.grade.colour if now else None,
            "shape": "circle",
            "status": "stale" if line.stale else "ok",
            "url": reverse("observations:station", args=[station.code]),
            "lines": facts,
            "at": line.at.isoformat() if line.at else None,
        },
    }


def _worst_water(at: datetime.datetime) -> dict[str, int]:
    """Return the newest class of every section by the code of its region, the worse of two sections of one."""
    keys = ObservedProperty.objects.filter(code="water_class", medium="derived").values_list("pk", flat=True)
    table = store.latest(properties=list(keys))
    values = dict(zip(table["station"].to_pylist(), table["value"].to_pylist(), strict=True))
    regions = Station.objects.filter(pk__in=values).values_list("pk", "region__code")
    found: dict[str, int] = {}
    for station, code in regions:
        value = values[station]
        if value == value:
            found[code] = max(found.get(code, 0), int(value))
    return found


def _worst_of(classes: dict[str, int], region: str) -> lookup.Grade | None:
    prefix = access_rules.area_prefix(region)
    worst = max((value for code, value in classes.items() if code.startswith(prefix)), default=0)
    return lookup.grades("water_classes", edition="2011")[worst - 1] if worst else None


def _open_cases(request: HttpRequest) -> dict[str, int]:
    """Return the number of open cases the person may see, by the code of their region."""
    if not access.has(request.user, "cases.view", received_date(request)):
        return {}
    seen = cases.open_cases(cases.visible(user=request.user, on=received_date(request)))  # type: ignore[arg-type]
    found: dict[str, int] = {}
    for code in seen.filter(~Q(region=None)).values_list("region__code", flat=True):
        found[code] = found.get(code, 0) + 1
    return found


def _chinese(request: HttpRequest) -> bool:
    return (request.LANGUAGE_CODE or "").startswith("zh")
