"""Zones and sensitive areas: the query of a point, the import, the layers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access import rules as access_rules
from jiangcheng.core.access.services import asked_at, person, received_at, received_date, requires
from jiangcheng.core.registry import queries as registry
from jiangcheng.modules.noise import queries, rules, services
from jiangcheng.modules.noise.models import AreaImport, NoiseZone, SensitiveArea
from jiangcheng.modules.noise.views import wording
from jiangcheng.standards import periods

PERMISSION = "noise.view"
GEOJSON = "application/geo+json"
IMPORTS = 10
ERRORS = 50
MOST_BYTES = 20 * 2**20


@require_GET
@requires(PERMISSION)
def zones(request: HttpRequest) -> HttpResponse:
    """Answer what class and limits hold at a point on a date, and list what is laid down."""
    return _page(request, {})


@require_POST
@requires("noise.manage")
def import_areas(request: HttpRequest) -> HttpResponse:
    """Import zones or sensitive areas from a GeoJSON file, or only say what would happen."""
    file = request.FILES.get("file")
    try:
        if file is None or (file.size or 0) > MOST_BYTES:
            raise services.Refused("file")
        try:
            document = access_rules.read_json(file.read())
        except ValueError as error:
            raise services.Refused("not_geojson") from error
        report = services.import_areas(
            kind="sensitive" if request.POST.get("kind") == "sensitive" else "zone",
            document=document,
            source=request.POST.get("source", ""),
            valid_from=_from(request),
            complete=bool(request.POST.get("complete")),
            actor=person(request),
            at=received_at(request),
            dry_run=bool(request.POST.get("dry_run")),
            covers=_covers(request),
        )
    except services.Refused as refused:
        return _page(request, {"refused": wording.refusal(refused.reason)}, status=422)
    told = {
        "report": report,
        "dry_run": bool(request.POST.get("dry_run")),
        "errors": [
            (error.number, error.code, wording.area_error(error.reason)) for error in report.errors[:ERRORS]
        ],
    }
    return _page(request, told, status=422 if report.errors else 200)


def _covers(request: HttpRequest) -> Callable[[float, float], bool]:
    """Return what tells whether a point lies where the person manages noise."""
    on = received_date(request)
    scope = access.scope(request.user, "noise.manage", on)

    def covers(longitude: float, latitude: float) -> bool:
        cell = registry.leaf_grid(longitude, latitude, on)
        return scope.everything or (cell is not None and scope.covers_region(cell.region.code))

    return covers


def _from(request: HttpRequest) -> dt.date:
    try:
        return dt.date.fromisoformat(request.POST.get("valid_from", ""))
    except ValueError as error:
        raise services.Refused("valid_from") from error


@require_GET
@requires(PERMISSION)
def zones_layer(request: HttpRequest) -> JsonResponse:
    """Return the functional zones that hold ``?at=`` an instant as GeoJSON."""
    on = asked_at(request).astimezone(periods.BEIJING).date()
    colours = rules.colours()
    features = []
    for zone in queries.areas_on(model=NoiseZone, on=on):
        lines = [
            [_("类别"), wording.zone_class(zone.zone_class)],
            [_("昼间限值"), f"{rules.limit(zone.zone_class, 'day', on):.0f} dB"],
            [_("夜间限值"), f"{rules.limit(zone.zone_class, 'night', on):.0f} dB"],
            [_("版本"), str(zone.version)],
        ]
        features.append(_feature("zone", zone, zone.zone_class, colours[zone.zone_class], lines))
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


@require_GET
@requires(PERMISSION)
def sensitive_layer(request: HttpRequest) -> JsonResponse:
    """Return the areas of noise-sensitive buildings that hold ``?at=`` an instant as GeoJSON."""
    on = asked_at(request).astimezone(periods.BEIJING).date()
    features = []
    for area in queries.areas_on(model=SensitiveArea, on=on):
        lines = [[_("用途"), wording.use(area.use)], [_("建筑物数"), str(area.buildings)]]
        features.append(_feature("sensitive", area, "", "#8e44ad", lines))
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def _feature(
    kind: str, area: NoiseZone | SensitiveArea, label: str, colour: str, lines: list[list[str]]
) -> dict[str, Any]:
    properties = {
        "id": f"{kind}:{area.code}", "kind": kind, "name": wording.name(area), "label": label,
        "value": None, "unit": "", "level": label or kind, "colour": colour, "shape": "square",
        "status": "ok", "url": "", "lines": lines, "at": area.valid_from_date.isoformat(),
    }  # fmt: skip
    return {"type": "Feature", "geometry": area.boundary, "properties": properties}


def _page(request: HttpRequest, more: dict[str, Any], status: int = 200) -> HttpResponse:
    asked = {name: request.GET.get(name, "").strip() for name in ("lon", "lat", "on")}
    on = received_date(request)
    error, answer = "", None
    if asked["on"]:
        try:
            on = dt.date.fromisoformat(asked["on"])
        except ValueError:
            error = _("日期写作 2026-11-20")
    if (asked["lon"] or asked["lat"]) and not error:
        place = _place(asked)
        if place is None:
            error = _("经度、纬度须为度，例如 126.55 与 43.84")
        else:
            answer = _answer(*place, on)
    rows = [
        (zone, wording.name(zone), wording.zone_class(zone.zone_class))
        for zone in queries.areas_on(model=NoiseZone, on=on)
    ]
    areas = [
        (area, wording.name(area), wording.use(area.use))
        for area in queries.areas_on(model=SensitiveArea, on=on)
    ]
    context = {
        "asked": asked, "on": on, "error": error, "answer": answer, "zones": rows, "areas": areas,
        "imports": AreaImport.objects.order_by("-pk")[:IMPORTS],
        "may_manage": access.has(request.user, "noise.manage", received_date(request)),
        **more,
    }  # fmt: skip
    return render(request, "noise/zones.html", context, status=status)


def _place(asked: dict[str, str]) -> tuple[float, float] | None:
    try:
        longitude, latitude = float(asked["lon"]), float(asked["lat"])
    except ValueError:
        return None
    inside = -180 <= longitude <= 180 and -90 <= latitude <= 90
    return (longitude, latitude) if inside else None


def _answer(longitude: float, latitude: float, on: dt.date) -> dict[str, Any]:
    held = queries.areas_at(model=SensitiveArea, longitude=longitude, latitude=latitude, on=on)
    if on < dt.date(2008, 10, 1):
        return {"found": None, "sensitive": [wording.name(area) for area in held]}
    found = queries.zone_at(longitude=longitude, latitude=latitude, on=on)
    return {
        "found": found,
        "name": wording.name(found.zone) if found else "",
        "class": wording.zone_class(found.zone.zone_class) if found else "",
        "others": [wording.name(zone) for zone in found.others] if found else [],
        "sensitive": [wording.name(area) for area in held],
    }
