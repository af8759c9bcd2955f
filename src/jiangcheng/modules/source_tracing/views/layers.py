"""What the maps draw: candidates with their rank, wind, plumes, tracks, regions, rivers."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import shapely
from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from shapely.geometry import box, mapping

from jiangcheng.core.access.services import asked_at, person, received_date, requires
from jiangcheng.modules.source_tracing import queries, services
from jiangcheng.modules.source_tracing.models import TraceRun
from jiangcheng.modules.source_tracing.rules.frame import METRES_PER_DEGREE
from jiangcheng.modules.source_tracing.rules.refusals import Refusal
from jiangcheng.modules.source_tracing.views import wording
from jiangcheng.modules.source_tracing.views.pages import VIEW, visible_run

GEOJSON = "application/geo+json"
LAYER_DAYS = 7
TARGET, FIRST, OTHER, CONFIRMED, REJECTED = "#0f766e", "#b45309", "#8a6d3b", "#b91c1c", "#64748b"
WIND, PLUME, TRACK, REGION, RIVER = "#1d4ed8", "#b45309", "#7c3aed", "#a21caf", "#0284c7"
Feature = dict[str, Any]


@require_GET
@requires(VIEW)
def layers(request: HttpRequest, number: str) -> JsonResponse:
    """List the layers of a run's own map."""
    found = visible_run(request, number)
    shapes = found.result.get("shapes", {})
    rows = [("points", _("目标与候选"), "point", 3)]
    # A layer without features would keep the map from fitting to the others.
    if shapes.get("tracks") or shapes.get("reaches"):
        rows.append(("lines", _("轨迹与河段"), "line", 2))
    if shapes.get("cone"):
        rows.append(("areas", _("风区、烟羽与可信区"), "polygon", 1))
    listed = [
        {
            "code": code, "name": name, "url": reverse(f"source_tracing:{code}", args=[found.number]),
            "geometry": geometry, "timed": False, "visible": True, "order": order,
        }
        for code, name, geometry, order in rows
    ]  # fmt: skip
    return JsonResponse({"layers": listed})


@require_GET
@requires(VIEW)
def points(request: HttpRequest, number: str) -> JsonResponse:
    """Return the target and the candidates, each with its place in the list; nothing where there is no result."""
    found = visible_run(request, number)
    if found.state != TraceRun.State.DONE:
        return _collection([])
    names = wording.properties([found.observed] if found.observed else [])
    features = [
        _feature(
            [found.longitude, found.latitude], id="target", name=wording.target(found, names), label=_("目标"),
            colour=TARGET, shape="square",
        )
    ]  # fmt: skip
    for row in found.candidates.select_related("case"):
        colour = {"confirmed": CONFIRMED, "rejected": REJECTED}.get(
            row.outcome, FIRST if row.rank <= 3 else OTHER
        )
        lines = [
            [_("概率"), f"{100 * row.probability:.0f}%"],
            *([_("证据"), wording.sentence(f)] for f in row.evidence[:3]),
        ]
        if row.outcome:
            lines.append([_("核查"), str(row.get_outcome_display())])
        features.append(
            _feature(
                [row.longitude, row.latitude], id=f"candidate-{row.rank}",
                name=f"{_('候选')} {row.rank} · {wording.pair(row.name_zh, row.name_en)}", label=str(row.rank),
                value=round(100 * row.probability), unit="%", colour=colour, shape="diamond", lines=lines,
                url=reverse("cases:case", args=[row.case.number]) if row.case else "",
            )
        )  # fmt: skip
    shapes = found.result.get("shapes", {})
    for place, spot in enumerate(shapes.get("complaints", [])):
        features.append(
            _feature(
                spot, id=f"complaint-{place}", name=_("异味投诉（约略位置）"), colour=RIVER, shape="circle"
            )
        )
    for place, item in enumerate(shapes.get("patrol") or []):
        features.append(
            _feature(
                item["place"], id=f"patrol-{place}", name=_("建议嗅辨巡查点 %d") % (place + 1), colour=TRACK,
                shape="triangle", value=round(item["bits"], 2), unit="bit",
            )
        )  # fmt: skip
    return _collection(features)


@require_GET
@requires(VIEW)
def lines(request: HttpRequest, number: str) -> JsonResponse:
    """Return backward tracks or the reaches above the section."""
    found = visible_run(request, number)
    shapes = found.result.get("shapes", {})
    features = [
        _feature(
            {"type": "LineString", "coordinates": track}, id=f"track-{place}",
            name=_("后向轨迹") if place == 0 else _("后向轨迹（扰动成员 %d）") % place, colour=TRACK,
        )
        for place, track in enumerate(shapes.get("tracks", []))
    ]  # fmt: skip
    if shapes.get("reaches"):
        try:
            _arrays, meta = services.inputs_of(found)
        except Refusal:
            meta = {"reaches": []}
        for item in shapes["reaches"]:
            if item["reach"] < len(meta["reaches"]):
                reach = meta["reaches"][item["reach"]]
                features.append(
                    _feature(
                        reach["course"], id=f"reach-{item['reach']}",
                        name=_("%(river)s，断面上游 %(km).0f km") % {"river": reach["river"], "km": item["km"]},
                        colour=RIVER,
                    )
                )  # fmt: skip
    return _collection(features)


@require_GET
@requires(VIEW)
def areas(request: HttpRequest, number: str) -> JsonResponse:
    """Return the cone of the wind, the plumes of the first candidates and the regions of an unknown place."""
    found = visible_run(request, number)
    shapes = found.result.get("shapes", {})
    names = {row.index: wording.pair(row.name_zh, row.name_en) for row in found.candidates.all()}
    features = []
    if shapes.get("cone"):
        features.append(_feature(_polygon(shapes["cone"]), id="cone", name=_("事件来风方位"), colour=WIND))
    for plume in shapes.get("plumes", []):
        title = _("%s 的下风向烟羽（两倍扩散宽度）") % names.get(plume["index"], "")
        features.append(
            _feature(_polygon(plume["outline"]), id=f"plume-{plume['index']}", name=title, colour=PLUME)
        )
    for region in shapes.get("region", []):
        if region["places"]:
            squares = _squares(region["places"], shapes["node"], found.latitude)
            title = _("未知单源位置 %d%% 可信区") % round(100 * region["level"])
            features.append(_feature(squares, id=f"region-{region['level']}", name=title, colour=REGION))
    return _collection(features)


@require_GET
@requires(VIEW)
def layer(request: HttpRequest) -> JsonResponse:
    """Return the targets of the week before ``?at=`` an instant, for the one map: no name of a candidate on it."""
    at = asked_at(request)
    rows = queries.visible(user=person(request), on=received_date(request)).filter(
        asked_at__gt=at - dt.timedelta(days=LAYER_DAYS), asked_at__lte=at, state=TraceRun.State.DONE
    )[:500]
    names = wording.properties(list({row.observed for row in rows if row.observed}))
    features = [
        _feature(
            [row.longitude, row.latitude], id=row.number, name=wording.target(row, names),
            label=str(row.get_kind_display()), colour=TRACK, shape="diamond",
            url=reverse("source_tracing:run", args=[row.number]), at=row.asked_at.isoformat(),
            lines=[[_("未知来源"), f"{100 * (row.unknown or 0):.0f}%"]],
        )
        for row in rows
    ]  # fmt: skip
    return _collection(features)


def _feature(geometry: Any, **properties: Any) -> Feature:
    if isinstance(geometry, list):
        geometry = {"type": "Point", "coordinates": geometry}
    told = {
        "label": "",
        "value": None,
        "unit": "",
        "level": None,
        "status": "ok",
        "url": "",
        "lines": [],
        **properties,
    }
    return {"type": "Feature", "geometry": geometry, "properties": told}


def _collection(features: list[Feature]) -> JsonResponse:
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def _polygon(ring: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [ring]}


def _squares(places: list[list[float]], metres: float, latitude: float) -> dict[str, Any]:
    """Return the nodes of a grid as squares, joined to as few outlines as there are islands."""
    # A little wider than a node, so that rows join in spite of rounded coordinates.
    half_north = 1.01 * metres / 2.0 / METRES_PER_DEGREE
    half_east = half_north / math.cos(math.radians(latitude))
    runs: list[list[float]] = []
    # Neighbours of one row become one box first: a thousand squares are slow to join, forty rows are not.
    for y, x in sorted((y, x) for x, y in places):
        if runs and runs[-1][0] == y and x - runs[-1][2] < 3.0 * half_east:
            runs[-1][2] = x
        else:
            runs.append([y, x, x])
    boxes = [box(x - half_east, y - half_north, last + half_east, y + half_north) for y, x, last in runs]
    return dict(mapping(shapely.union_all(boxes)))
