"""Pages of one station: its hours of the day, its pollution rose, its components."""

from __future__ import annotations

import datetime
import math
from typing import Any

import numpy as np
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import received_date, requires
from jiangcheng.core.registry.models import Station
from jiangcheng.methods.tracing import polar
from jiangcheng.modules.air import queries
from jiangcheng.modules.air.queries import reports
from jiangcheng.modules.air.views.now import visible

RADIUS = 88
"""Of the outer ring of the rose, in the units of its drawing, which is 240 wide."""
POLAR, POLAR_ROWS = 100, 8
"""Radius of the polar plot in the same units, and the cells that its table shows."""


@require_GET
@requires("air.view")
def station(request: HttpRequest, code: str) -> HttpResponse:
    """Show the hours of the day of a station and from where its pollution came."""
    found, first, last = _asked(request, code)
    parameter = request.GET.get("parameter", "")
    if parameter not in queries.POLLUTANTS:
        parameter = "PM25"
    statistic = "mean" if request.GET.get("statistic") == "mean" else "cpf"
    rose = reports.rose(station=found, parameter=parameter, first=first, last=last)
    context = {
        "station": found,
        "first": first,
        "through": last - datetime.timedelta(days=1),
        "parameter": parameter,
        "parameters": [(name, queries.WORDS.get(name, name)) for name in queries.POLLUTANTS],
        "unit": "mg/m³" if parameter == "CO" else "µg/m³",
        "rose": rose,
        "drawing": _drawing(rose) if rose else None,
        "statistic": statistic,
        "polar": _polar(
            reports.polar_cells(
                station=found, parameter=parameter, statistic=statistic, first=first, last=last
            ),
            statistic,
        ),
        "stations": visible(request, queries.stations(on=received_date(request))),
    }
    return render(request, "air/station.html", context)


@require_GET
@requires("air.view")
def profile_figure(request: HttpRequest, code: str) -> JsonResponse:
    """Return the mean of each hour of the day, CO on the right axis."""
    found, first, last = _asked(request, code)
    means = reports.profile(station=found, first=first, last=last)
    hours = [f"{hour:02}:00" for hour in range(24)]
    shown = {name: values for name, values in means.items() if any(value == value for value in values)}
    series: list[dict[str, Any]] = [
        {
            "type": "line",
            "name": queries.WORDS.get(name, name),
            "yAxisIndex": int(name == "CO"),
            "data": [_number(value, 2 if name == "CO" else 1) for value in values.tolist()],
        }
        for name, values in shown.items()
    ]
    option = {
        "grid": {"left": 8, "right": 12, "top": 36, "bottom": 8, "containLabel": True},
        "legend": {"type": "scroll", "top": 0},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "category", "data": hours},
        "yAxis": [{"type": "value", "name": "µg/m³"}, {"type": "value", "name": "CO mg/m³"}],
        "series": series,
        "aria": {"enabled": True},
    }
    columns = [_("时段开始"), *(one["name"] for one in series)]
    rows = (
        [[hour, *(one["data"][place] for one in series)] for place, hour in enumerate(hours)]
        if series
        else []
    )
    return JsonResponse({"option": option, "table": {"columns": columns, "rows": rows}})


@require_GET
@requires("air.view")
def components(request: HttpRequest) -> HttpResponse:
    """Show what the component stations told in the last days."""
    on = received_date(request)
    stations = visible(request, reports.component_stations())
    asked = request.GET.get("station", "")
    chosen = next((one for one in stations if one.code == asked), stations[0] if stations else None)
    first = on - datetime.timedelta(days=reports.settings()["component_days"])
    found = reports.components(station=chosen, first=first, last=on) if chosen else None
    names = {row.code: row for row in reports.component_properties().values()}
    context = {
        "stations": stations,
        "station": chosen,
        "found": found,
        "parts": _parts(found, names) if found else [],
        "first": first,
        "through": on - datetime.timedelta(days=1),
    }
    return render(request, "air/components.html", context)


def _parts(found: reports.Components, names: dict[str, Any]) -> list[tuple[Any, float, float | None]]:
    """Return name or property, mass, and share of the reconstruction [%] of every part, greatest first."""
    own = {"om": _("有机物"), "soil": _("土壤尘"), "sea_salt": _("海盐")}
    whole = found.total
    rows = [
        (own.get(code) or names[code], mass, 100 * mass / whole if whole == whole and whole else None)
        for code, mass in found.parts.items()
        if mass == mass
    ]
    return sorted(rows, key=lambda row: -row[1])


def _asked(request: HttpRequest, code: str) -> tuple[Station, datetime.date, datetime.date]:
    """Return a station the person may see, and the days of its page, half-open.

    Raises
    ------
    Http404
        If there is none.
    """
    on = received_date(request)
    for found in visible(request, queries.stations(on=on)):
        if found.code == code:
            return found, on - datetime.timedelta(days=reports.settings()["profile_days"]), on
    raise Http404


def _drawing(rose: reports.Rose) -> dict[str, Any]:
    """Return the petals as paths: their length is the mean concentration against the highest one."""
    highest = max((petal.mean for petal in rose.petals if petal.hours), default=0.0)
    petals = []
    for number, petal in enumerate(rose.petals):
        length = RADIUS * petal.mean / highest if petal.hours and highest > 0 else 0.0
        one, other = ((number + side) * math.pi / 8 for side in (-0.42, 0.42))
        points = [
            f"{120 + length * math.sin(angle):.1f},{120 - length * math.cos(angle):.1f}"
            for angle in (one, other)
        ]
        petals.append({"petal": petal, "points": f"120,120 {points[0]} {points[1]}"})
    labels = [
        {
            "text": sector,
            "x": round(120 + (RADIUS + 16) * math.sin(place * math.pi / 4)),
            "y": round(124 - (RADIUS + 16) * math.cos(place * math.pi / 4)),
        }
        for place, sector in enumerate(reports.SECTORS[::2])
    ]
    return {"petals": petals, "labels": labels, "rings": [RADIUS / 2, RADIUS], "highest": highest}


def _polar(cells: polar.Cells | None, statistic: str) -> dict[str, Any] | None:
    """Return the cells as paths with their share of the greatest value, and the greatest cells as a table."""
    if cells is None or not np.isfinite(cells.value).any():
        return None
    rings, sectors = cells.value.shape
    highest = 1.0 if statistic == "cpf" else float(np.nanmax(cells.value))
    half = math.pi / sectors
    paths, rows = [], []
    for ring, sector in np.argwhere(np.isfinite(cells.value)).tolist():
        value, angle = float(cells.value[ring, sector]), math.radians(float(cells.direction[sector]))
        inner, outer = POLAR * ring / rings, POLAR * (ring + 1) / rings
        corners = [(inner, angle - half), (outer, angle - half), (outer, angle + half), (inner, angle + half)]
        points = " ".join(
            f"{120 + length * math.sin(turn):.1f},{120 - length * math.cos(turn):.1f}"
            for length, turn in corners
        )
        paths.append({"points": points, "share": f"{value / highest:.2f}" if highest > 0 else "0"})
        rows.append((value, ring, sector))
    width = cells.upper / rings
    return {
        "paths": paths,
        "upper": cells.upper,
        "threshold": cells.threshold,
        "highest": highest,
        "middle": POLAR / 2,
        "outer": POLAR,
        "percent": reports.settings()["polar"]["percent"],
        "rows": [
            {
                "direction": f"{float(cells.direction[sector]) % 360:.0f}°",
                "speed": f"{ring * width:.1f}–{(ring + 1) * width:.1f}",
                "value": f"{100 * value:.0f}%" if statistic == "cpf" else f"{value:.1f}",
                "count": int(cells.count[ring, sector]),
            }
            for value, ring, sector in sorted(rows, reverse=True)[:POLAR_ROWS]
        ],
    }


def _number(value: float, decimals: int) -> float | None:
    return round(value, decimals) if value == value else None
