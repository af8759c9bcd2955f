"""The overview of ecology, the zones of a place, zones and shorelines in and out as files, and the layers."""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Container, Mapping
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
from jiangcheng.modules.ecology.engines import vectors
from jiangcheng.modules.ecology.models import Wetland, WetlandMarker, WildlifeSurvey, assessment_methods
from jiangcheng.standards import periods

VIEW, MANAGE = "ecology.view", "ecology.manage"
GEOJSON = "application/geo+json"
WETLAND_COLOUR = "#148f77"
MOST_BYTES = 20_000_000
MOST_MAPPING = 2000
FORMATS = {
    "gpkg": ("gpkg", "application/geopackage+sqlite3", "GeoPackage"),
    "shp": ("zip", "application/zip", "Shapefile (ZIP)"),
    "geojson": ("geojson", GEOJSON, "GeoJSON (WGS 84)"),
}
"""Ending, media type and name of the files that zones leave as."""
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
        table, shores = rules.in_force("zones", on), rules.in_force("shorelines", on)
    except rules.NotInForce:
        place, wrong, table, shores = None, _("这一天还没有分区管控规则。"), *_rules_now(request)
    except ValueError:
        place, wrong = None, _("请填写日期和经纬度（例如 126.55 与 43.84），或一个有效的 GeoJSON 面。")
        table, shores = _rules_now(request)
    kinds = {item["code"]: item for item in table["kinds"]}
    found = queries.zones_at(place=place, on=on) if place is not None else []
    zones = list(queries.zones(on=on)) if not wrong else []
    functions = {item["code"]: item for item in shores["functions"]}
    banks = queries.shorelines_at(place=place, on=on) if place is not None else []
    lines = list(queries.shorelines(on=on)) if not wrong else []
    context = {
        "on": on,
        "asked": asked,
        "wrong": wrong,
        "place": place,
        "hectares": outlines.hectares(place) if place is not None else 0.0,
        "found": [(zone, hit, _named(kinds[zone.kind]), _rule(kinds[zone.kind])) for zone, hit in found],
        "conflicts": [
            *((zone, hit, _named(kinds[zone.kind])) for zone, hit in found if kinds[zone.kind]["binding"]),
            *(
                (row, hit, _named(functions[row.function]))
                for row, hit in banks
                if functions[row.function]["binding"]
            ),
        ],
        "shores": [
            (row, hit, _named(functions[row.function]), _rule(functions[row.function])) for row, hit in banks
        ],
        "no_unit": place is not None and not any(kinds[zone.kind]["unit"] for zone, _ in found),
        "counts": [
            *(
                (_named(item), sum(1 for zone in zones if zone.kind == item["code"]))
                for item in table["kinds"]
            ),
            *(
                (_named(item), sum(1 for row in lines if row.function == item["code"]))
                for item in shores["functions"]
            ),
        ],
        "table": table,
        "shore_table": shores,
        "layers": [
            (code, records.register(one.register).names.in_language(get_language() or "zh"))
            for code, one in services.LAYERS.items()
        ],
        "formats": [(code, name) for code, (_ending, _mime, name) in FORMATS.items()],
        "systems": vectors.SYSTEMS,
        "encodings": vectors.ENCODINGS.items(),
        "may_import": _may_import(request),
    }
    return render(request, "ecology/zoning.html", context, status=422 if wrong else 200)


@require_POST
@requires(MANAGE)
def import_zones(request: HttpRequest) -> HttpResponse:
    """Take zones or shorelines from a file; only who keeps the registers of the whole city may."""
    file, layer = request.FILES.get("file"), request.POST.get("layer", "zones")
    if (
        not _may_import(request)
        or layer not in services.LAYERS
        or file is None
        or (file.size or 0) > MOST_BYTES
    ):
        messages.error(request, _("请选择不超过 20 MB 的矢量文件；只有负责全市台账的人可以导入。"))
        return redirect("ecology:zoning")
    try:
        found = services.import_areas(
            layer=layer,
            content=file.read(),
            actor=person(request),
            now=received_at(request),
            system=_one_of(request.POST.get("system", ""), dict(vectors.SYSTEMS), ""),
            encoding=_one_of(request.POST.get("encoding", ""), vectors.ENCODINGS, ""),
            mapping=services.mapping_of(request.POST.get("mapping", "")[:MOST_MAPPING], layer),
        )
    except services.FileRefused as error:
        messages.error(request, _("没有导入任何要素。%s") % error)
    else:
        counted = _("新增 %d，修改 %d，未变 %d。") % (found.added, found.changed, found.same)
        messages.success(request, f"{counted} {found.system} · {found.encoding}")
    return redirect("ecology:zoning")


@require_GET
@requires(VIEW)
def export_zones(request: HttpRequest) -> HttpResponse:
    """Return the zones or shorelines in force today with all their rules, as GeoJSON, GeoPackage or Shapefile."""
    on, asked = received_date(request), request.GET
    layer = _one_of(asked.get("layer", ""), services.LAYERS, "zones")
    kind = _one_of(asked.get("format", ""), FORMATS, "geojson")
    content = services.export_areas(
        layer=layer,
        on=on,
        kind=kind,
        system=_one_of(asked.get("system", ""), dict(vectors.SYSTEMS), "EPSG:4490"),
        encoding=_one_of(asked.get("encoding", ""), vectors.ENCODINGS, "utf-8"),
    )
    ending, mime, _name = FORMATS[kind]
    answer = HttpResponse(content, content_type=mime)
    register = services.LAYERS[layer].register
    answer["Content-Disposition"] = f'attachment; filename="{register}-{on}.{ending}"'
    return answer


@require_GET
@requires(VIEW)
def shorelines_layer(request: HttpRequest) -> JsonResponse:
    """Return the shorelines that hold ``?at=`` an instant as GeoJSON."""
    on = asked_at(request).astimezone(periods.BEIJING).date()
    kinds = {item["code"]: item for item in rules.TABLES.versions("shorelines")[-1]["functions"]}
    features = [
        _feature(
            "shoreline", row.number, row.name_zh, row.outline, _named(kinds[row.function]),
            kinds[row.function]["colour"], reverse("records:shorelines-row", args=(row.number,)),
        )
        for row in queries.shorelines(on=on)
    ]  # fmt: skip
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


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


def _rules_now(request: HttpRequest) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    on = received_date(request)
    return rules.in_force("zones", on), rules.in_force("shorelines", on)


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


def _one_of(asked: str, known: Container[str], otherwise: str) -> str:
    return asked if asked in known else otherwise


def _may_import(request: HttpRequest) -> bool:
    scope = access.scope(person(request), MANAGE, received_date(request))
    return scope.whole_city


def _english() -> bool:
    return not (get_language() or "zh").startswith("zh")


def _named(item: Mapping[str, Any]) -> str:
    return str(item["name_en" if _english() else "name_zh"])


def _rule(item: Mapping[str, Any]) -> str:
    return str(item["rule_en" if _english() else "rule_zh"])
