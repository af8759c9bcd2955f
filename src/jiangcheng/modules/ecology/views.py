"""The overview of ecology, the zones of a place, zones in and out as GeoJSON, and the layers."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from shapely.geometry.base import BaseGeometry

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import asked_at, person, received_at, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.methods import outlines
from jiangcheng.modules.ecology import queries, rules, services
from jiangcheng.modules.ecology.models import Wetland, WetlandMarker, WildlifeSurvey, assessment_methods
from jiangcheng.standards import periods

VIEW, MANAGE = "ecology.view", "ecology.manage"
GEOJSON = "application/geo+json"
WETLAND_COLOUR = "#148f77"
MOST_BYTES = 20_000_000
MOST_TEXT = 200_000
"""Characters of an outline that may be asked for."""


@require_GET
@requires(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """Show protected areas, patrols, species, disease, wetlands, forests, restoration and assessments."""
    user, on = person(request), received_date(request)
    seen: dict[str, Any] = {"user": user, "on": on}
    years, species = queries.species(**seen)
    protection, levels = dict(WildlifeSurvey.Protection.choices), dict(Wetland.Level.choices)
    marked, late_markers = queries.markers(**seen)
    grids, balances = queries.patrols(**seen), queries.balances(**seen)
    methods = dict(assessment_methods())
    wetlands = queries.wetlands(**seen)
    context = {
        "shield": _states("green-shield", **seen),
        "red_line": _states("red-line-changes", **seen),
        "inside": queries.rows("red-line-changes", **seen).exclude(inside_zone="").filter(
            state__in=("detected", "confirmed")
        ).order_by("-detected_date")[:10],
        "grids": grids,
        "visited": sum(1 for _, found in grids if found.days),
        "enough": sum(1 for _, found in grids if found.enough),
        "years": years,
        "species": [(item, protection[item.protection]) for item in species],
        "alien": _states("alien-finds", **seen),
        "missing": [(station, days[:10], len(days)) for station, days in queries.missing_reports(**seen)],
        "events": queries.rows("disease-reports", **seen).filter(kind="event").order_by("-report_date")[:5],
        "wetlands": [(levels[level], count, area, fresh) for level, count, area, fresh in wetlands],
        "wetland_area": sum(area for _, _, area, _ in wetlands),
        "markers": [(label, marked.get(code, 0)) for code, label in WetlandMarker.Condition.choices],
        "late_markers": late_markers,
        "balances": list(reversed(balances)),
        "restoration": queries.restoration(**seen),
        "series": [(one, methods.get(one.method, one.method)) for one in queries.series(**seen)],
        "settings": rules.in_force("settings", on),
    }  # fmt: skip
    return render(request, "ecology/overview.html", context)


@require_http_methods(["GET", "POST"])
@requires(VIEW)
def zoning(request: HttpRequest) -> HttpResponse:
    """Tell which zones of a day a point or an area meets, what they ask for, and what conflicts; POST asks only."""
    asked = request.POST if request.method == "POST" else request.GET
    on, wrong = received_date(request), ""
    try:
        on = dt.date.fromisoformat(asked.get("on") or on.isoformat())
        place = _asked(asked)
        table = rules.in_force("zones", on)
    except rules.NotInForce:
        place, wrong, table = (
            None,
            _("这一天还没有分区管控规则。"),
            rules.in_force("zones", received_date(request)),
        )
    except ValueError:
        place, wrong = None, _("请填写日期和经纬度（例如 126.55 与 43.84），或一个有效的 GeoJSON 面。")
        table = rules.in_force("zones", received_date(request))
    kinds = {item["code"]: item for item in table["kinds"]}
    found = queries.zones_at(place=place, on=on) if place is not None else []
    zones = list(queries.zones(on=on)) if not wrong else []
    context = {
        "on": on,
        "asked": asked,
        "wrong": wrong,
        "place": place,
        "hectares": outlines.hectares(place) if place is not None else 0.0,
        "found": [(zone, hit, _named(kinds[zone.kind]), _rule(kinds[zone.kind])) for zone, hit in found],
        "conflicts": [
            (zone, hit, _named(kinds[zone.kind])) for zone, hit in found if kinds[zone.kind]["binding"]
        ],
        "no_unit": place is not None and not any(kinds[zone.kind]["unit"] for zone, _ in found),
        "counts": [
            (_named(item), sum(1 for zone in zones if zone.kind == item["code"])) for item in table["kinds"]
        ],
        "table": table,
        "may_import": _may_import(request),
    }
    return render(request, "ecology/zoning.html", context, status=422 if wrong else 200)


@require_POST
@requires(MANAGE)
def import_zones(request: HttpRequest) -> HttpResponse:
    """Take zones from a GeoJSON file; only who keeps the registers of the whole city may."""
    file = request.FILES.get("file")
    if not _may_import(request) or file is None or (file.size or 0) > MOST_BYTES:
        messages.error(request, _("请选择不超过 20 MB 的 GeoJSON 文件；只有负责全市台账的人可以导入。"))
        return redirect("ecology:zoning")
    try:
        counted = services.import_zones(content=file.read(), actor=person(request), now=received_at(request))
    except services.FileRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("新增 %d，修改 %d，未变 %d。") % counted)
    return redirect("ecology:zoning")


@require_GET
@requires(VIEW)
def export_zones(request: HttpRequest) -> HttpResponse:
    """Return the zones in force today as GeoJSON with all their rules."""
    on = received_date(request)
    text = json.dumps(services.export_zones(on=on), ensure_ascii=False)
    answer = HttpResponse(text, content_type=GEOJSON)
    answer["Content-Disposition"] = f'attachment; filename="eco-zones-{on}.geojson"'
    return answer


@require_GET
@requires(VIEW)
def zones_layer(request: HttpRequest) -> JsonResponse:
    """Return the zones that hold ``?at=`` an instant as GeoJSON."""
    on = asked_at(request).astimezone(periods.BEIJING).date()
    kinds = {item["code"]: item for item in rules.TABLES.versions("zones")[-1]["kinds"]}
    features = [
        _feature(
            "zone", zone.number, zone.name_zh, zone.outline, _named(kinds[zone.kind]), kinds[zone.kind]["colour"],
            reverse("records:eco-zones-row", args=(zone.number,)),
        )
        for zone in queries.zones(on=on)
    ]  # fmt: skip
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


@require_GET
@requires(VIEW)
def wetlands_layer(request: HttpRequest) -> JsonResponse:
    """Return the wetlands a person may see as GeoJSON."""
    seen = queries.rows("wetlands", user=person(request), on=received_date(request))
    features = [
        _feature(
            "wetland", row.number, row.name_zh, row.outline, row.get_level_display(), WETLAND_COLOUR,
            reverse("records:wetlands-row", args=(row.number,)),
        )
        for row in seen
    ]  # fmt: skip
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def _feature(
    kind: str, number: str, name: str, outline: dict[str, Any], label: str, colour: str, url: str
) -> dict[str, Any]:
    properties = {
        "id": f"{kind}:{number}", "kind": kind, "name": name, "label": label, "value": None, "unit": "",
        "level": kind, "colour": colour, "shape": "square", "status": "ok", "url": url,
        "lines": [[_("类别"), label]],
    }  # fmt: skip
    return {"type": "Feature", "geometry": outline, "properties": properties}


def _states(register: str, *, user: Any, on: dt.date) -> list[tuple[str, str, int]]:
    counted = queries.counts(register, user=user, on=on, by="state")
    english = _english()
    return [
        (code, en if english else zh, counted.get(code, 0))
        for code, zh, en in records.states(records.register(register))
    ]


def _asked(asked: Mapping[str, str]) -> BaseGeometry | None:
    """Return the place asked for, None where none is; ValueError where it is no place."""
    text = asked.get("outline", "").strip()
    if text:
        if len(text) > MOST_TEXT:
            raise ValueError("too long")
        try:
            given = json.loads(text)
        except RecursionError as error:
            raise ValueError("nested too deeply") from error
        if isinstance(given, dict) and given.get("type") == "Feature":
            given = given.get("geometry")
        return outlines.parsed(given)
    if not asked.get("longitude") and not asked.get("latitude"):
        return None
    x, y = float(asked.get("longitude", "")), float(asked.get("latitude", ""))
    if not (math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90):
        raise ValueError("off the earth")
    return outlines.point(x, y)


def _may_import(request: HttpRequest) -> bool:
    scope = access.scope(person(request), MANAGE, received_date(request))
    return scope.whole_city


def _english() -> bool:
    return not (get_language() or "zh").startswith("zh")


def _named(item: Mapping[str, Any]) -> str:
    return str(item["name_en" if _english() else "name_zh"])


def _rule(item: Mapping[str, Any]) -> str:
    return str(item["rule_en" if _english() else "rule_zh"])
