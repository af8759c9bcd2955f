"""Pages and map layers of the register."""

from __future__ import annotations

import datetime as dt
import functools
import json
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import received_date, requires
from jiangcheng.core.manifest import manifests
from jiangcheng.core.registry import queries
from jiangcheng.core.registry.models import Facility, GridCell, Region

PAGE = 50
GEOJSON = "application/geo+json"


@require_GET
@requires("registry.view")
def facilities(request: HttpRequest) -> HttpResponse:
    """List the facilities a person may see; ``?q=`` searches names and codes."""
    sought = request.GET.get("q", "").strip()
    found = queries.facilities(scope=_scope(request), sought=sought)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "registry/facilities.html", {"page": page, "sought": sought})


@require_GET
@requires("registry.view")
def facility(request: HttpRequest, code: str) -> HttpResponse:
    """Show an enterprise's file: who it is, what it counts as, and the cards of the rooms the reader may open."""
    item = get_object_or_404(queries.facilities(scope=_scope(request)), code=code)
    on = received_date(request)
    context = {
        "facility": item,
        "labels": _labels(item, on),
        "outlets": item.outlets.select_related("station").order_by("number"),
        "cards": _cards(request, code, on),
        "responsible": queries.responsible(grid_cell=item.grid_cell, on=on) if item.grid_cell else None,
    }
    return render(request, "registry/facility.html", context)


@require_GET
@requires("registry.view")
def areas_layer(request: HttpRequest) -> HttpResponse:
    """Return counties and leaf grid cells as GeoJSON; ``?level=county`` or ``?level=grid`` narrows it."""
    level = request.GET.get("level", "")
    state = ":".join(
        (queries.version("regions", Region), queries.version("grid_cells", GridCell), level,
         translation.get_language() or "", received_date(request).isoformat())
    )  # fmt: skip
    tag = f'"{queries.digest(state)}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified()
    response = HttpResponse(_areas(state, received_date(request), level), content_type=GEOJSON)
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Accept-Language, Cookie"
    return response


@require_GET
@requires("registry.view")
def facilities_layer(request: HttpRequest) -> JsonResponse:
    """Return the facilities a person may see as GeoJSON points."""
    features = [_facility_feature(item) for item in queries.facilities(scope=_scope(request))]
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def _labels(item: Facility, on: dt.date) -> list[tuple[str, str]]:
    """Return scheme and value in words for what a facility counts as on a day."""
    schemes = manifests.label_schemes()
    language = translation.get_language() or "zh"
    found = []
    for label in queries.labels(facility=item, on=on).values():
        scheme = schemes.get(label.scheme)
        value = next((value for value in scheme.values if value.code == label.code), None) if scheme else None
        if scheme and value:
            found.append((scheme.names.in_language(language), value.names.in_language(language)))
    return found


def _cards(request: HttpRequest, code: str, on: dt.date) -> list[dict[str, str]]:
    """Return the cards a person may open, in their order: anchor, title, address."""
    held = access.permissions_of(request.user, on)
    language = translation.get_language() or "zh"
    return [
        {
            "anchor": card.url_name.replace(":", "-"),
            "title": card.names.in_language(language),
            "url": reverse(card.url_name, args=[code]),
        }
        for card in manifests.facility_cards()
        if card.permission in held
    ]


def _scope(request: HttpRequest) -> access.Scope:
    return access.scope(request.user, "registry.view", received_date(request))


@functools.lru_cache(maxsize=6)
def _areas(state: str, on: dt.date, level: str) -> bytes:
    # Boundaries are the heaviest answer of the portal and change a few times a year.
    collection = {"type": "FeatureCollection", "features": _area_features(on, level)}
    return json.dumps(collection, ensure_ascii=False, separators=(",", ":")).encode()


def _area_features(on: dt.date, level: str) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = []
    if level != "county":
        for cell in queries.grid_cells(on=on):
            note = [[_("所属"), _name(cell.region)], [_("编码"), cell.code]]
            features.append(_area_feature("grid", cell, note, ""))
    if level != "grid":
        for region in queries.regions(level=Region.Level.COUNTY).exclude(boundary=None):
            note = [[_("编码"), region.code]]
            if region.schematic:
                note.append([_("边界"), _("示意，不作划界依据")])
            features.append(_area_feature("county", region, note, _name(region)))
    return features


def _area_feature(kind: str, area: Region | GridCell, lines: list[list[str]], label: str) -> dict[str, Any]:
    properties = {
        "id": f"{kind}:{area.code}", "kind": kind, "name": _name(area), "label": label, "value": None,
        "unit": "", "level": None, "colour": "#64748b" if kind == "county" else "#cbd5e1", "shape": "square",
        "status": "ok", "url": "", "lines": lines, "at": None,
    }  # fmt: skip
    return {"type": "Feature", "geometry": area.boundary, "properties": properties}


def _facility_feature(item: Facility) -> dict[str, Any]:
    lines = [
        [_("统一社会信用代码"), item.code],
        [_("行业"), item.industry],
        [_("所在地"), _name(item.region)],
    ]
    properties = {
        "id": f"facility:{item.code}", "name": _name(item), "label": "", "value": None, "unit": "",
        "level": None, "colour": "#475569", "shape": "square", "status": "ok", "lines": lines, "at": None,
        "url": reverse("registry:facility", args=[item.code]),
    }  # fmt: skip
    point = {"type": "Point", "coordinates": [item.longitude, item.latitude]}
    return {"type": "Feature", "geometry": point, "properties": properties}


def _name(thing: Any) -> str:
    return str(thing.name_zh if (translation.get_language() or "zh").startswith("zh") else thing.name_en)
