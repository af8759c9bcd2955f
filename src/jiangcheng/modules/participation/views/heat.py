"""Where people complain most: the layer of the map, its page with legend, and the table of the desk."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import asked_at, person, received_at, received_date, requires
from jiangcheng.core.registry import queries as registry
from jiangcheng.modules.participation import queries, rules
from jiangcheng.modules.participation.views import wording

GEOJSON = "application/geo+json"
LAYER = "participation.hotspots"
CLOSE = 13
"""Zoom of the map at which a cell fills a good part of it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """A row of the table of the hottest places."""

    name: str
    position: str
    count: int
    repeats: int
    url: str


@require_GET
@requires("participation.view")
def hotspots(request: HttpRequest) -> HttpResponse:
    """Show the map of the hot spots by kind and span, with its legend and the hottest places."""
    kind, days = _asked(request)
    told = rules.in_force("hotspots", received_date(request))
    cells = _cells(request, received_at(request), kind, days)
    edges = [item["from"] for item in told["classes"]]
    context = {
        "kinds": wording.kinds(),
        "kind": kind,
        "days": days,
        "spans": told["spans"],
        "least": told["least"],
        "kilometres": f"{told['metres'] / 1000:g}",
        "catalogue": f"{reverse('participation:hotspots_catalogue')}?{_query(kind, days)}",
        "legend": [
            (item["colour"], f"{low}–{high - 1}" if high else f"≥ {low}")
            for item, low, high in zip(told["classes"], edges, [*edges[1:], None], strict=True)
        ],
        "places": places(cells[: told["most_rows"]], on=received_date(request)),
        "total": sum(cell.count for cell in cells),
    }
    return render(request, "participation/hotspots.html", context)


@require_GET
@requires("participation.view")
def hotspots_catalogue(request: HttpRequest) -> JsonResponse:
    """Return the layers of the page's map: the areas, and the hot spots as they were asked for."""
    kind, days = _asked(request)
    query = _query(kind, days)
    # A map opens on its areas: drawn as lines, the counties leave the view to the cells, as long as there are any.
    counties = "line" if _cells(request, received_at(request), kind, days) else "polygon"
    shown = (
        ("areas", _("行政区与网格"), reverse("registry:areas_layer"), counties, False),
        (LAYER, _("投诉热点"), f"{reverse('participation:hotspots_layer')}?{query}", "polygon", True),
    )
    layers = [
        {"code": code, "name": name, "url": url, "geometry": geometry, "timed": timed, "visible": True,
         "order": order}
        for order, (code, name, url, geometry, timed) in enumerate(shown)
    ]  # fmt: skip
    return JsonResponse({"layers": layers})


@require_GET
@requires("participation.view")
def hotspots_layer(request: HttpRequest) -> JsonResponse:
    """Return the cells with complaints of the days before ``?at=`` an instant as GeoJSON, by ``kind`` and ``days``.

    A cell with few complaints is left out unless the reader answers for them.
    """
    kind, days = _asked(request)
    until = min(asked_at(request), received_at(request))
    classes = rules.in_force("hotspots", received_date(request))["classes"]
    features = [_feature(cell, until, days, classes) for cell in reversed(_cells(request, until, kind, days))]
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def places(cells: Sequence[rules.Cell], *, on: dt.date) -> list[Place]:
    """Return cells as rows of a table, each named by the grid cell of its middle and linked with the map."""
    grids = registry.leaf_grids([(*cell.centre, on) for cell in cells])
    return [
        Place(
            name=wording.name_of(grid) if grid else "—",
            position="{:.2f}°E {:.2f}°N".format(*cell.centre),
            count=cell.count,
            repeats=cell.repeats,
            url=_map_at(cell),
        )
        for cell, grid in zip(cells, grids, strict=True)
    ]


def _asked(request: HttpRequest) -> tuple[str, int]:
    told = rules.in_force("hotspots", received_date(request))
    kind, days = request.GET.get("kind", ""), request.GET.get("days", "")
    known = {item["code"] for item in rules.kinds()}
    spans = {str(span): span for span in told["spans"]}
    return kind if kind in known else "", spans.get(days, told["days"])


def _query(kind: str, days: int) -> str:
    return urlencode({"kind": kind, "days": str(days)})


def _cells(request: HttpRequest, until: dt.datetime, kind: str, days: int) -> list[rules.Cell]:
    return queries.hotspots(
        user=person(request), on=received_date(request), until=until, days=days, kind=kind
    )


def _map_at(cell: rules.Cell) -> str:
    centre = "{:.4f},{:.4f}".format(*cell.centre)
    query = {"c": centre, "z": str(CLOSE), "layers": f"areas,{LAYER}"}
    return f"{reverse('portal:map')}?{urlencode(query)}"


def _feature(cell: rules.Cell, until: dt.datetime, days: int, classes: Sequence[Any]) -> dict[str, Any]:
    heat = rules.heat_class(cell.count, classes)
    name = _("%(count)d 件投诉") % {"count": cell.count}
    lines = [[_("其中重复"), str(cell.repeats)], [_("时间范围"), _("近 %(days)d 天") % {"days": days}]]
    properties = {
        "id": f"heat:{cell.west:.4f},{cell.south:.4f}", "name": name, "label": str(cell.count),
        "value": cell.count, "unit": "", "level": classes.index(heat) + 1, "colour": heat["colour"],
        "shape": "square", "status": "ok", "lines": lines, "url": "", "at": until.isoformat(),
    }  # fmt: skip
    ring = [
        [cell.west, cell.south], [cell.east, cell.south], [cell.east, cell.north], [cell.west, cell.north],
        [cell.west, cell.south],
    ]  # fmt: skip
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": properties,
    }
