"""Layers of the one map, and the map of one event."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.modules.safety import queries
from jiangcheng.modules.safety.models import EmergencyEvent
from jiangcheng.modules.safety.queries import CLOSED
from jiangcheng.modules.safety.rules import plume
from jiangcheng.modules.safety.views import wording

GEOJSON = "application/geo+json"
COLOURS = {1: "#b42318", 2: "#d97706", 3: "#ca8a04"}


@require_GET
@requires("safety.view")
def events_layer(request: HttpRequest) -> JsonResponse:
    """Return the running events and drills as GeoJSON."""
    rows = queries.events(user=person(request), on=received_date(request)).exclude(state__in=CLOSED)
    features = [_event(row) for row in rows if row.longitude is not None and row.latitude is not None]
    return _answer(features)


@require_GET
@requires("safety.view")
def dose_layer(request: HttpRequest) -> JsonResponse:
    """Return the dose-rate stations with their latest hour as GeoJSON."""
    user, on, now = person(request), received_date(request), received_at(request)
    features = []
    for point in queries.dose_points(user=user, now=now, on=on):
        status = "bad" if point.alert else "ok" if point.value is not None else "stale"
        lines = [[_("本底"), point.background], [_("报警线"), point.limit]]
        features.append(
            _feature(
                point.station.code, wording.name(point.station), point.station.longitude, point.station.latitude,
                label="" if point.value is None else f"{point.value:g}", value=point.value, unit="nGy/h",
                status=status, colour="#b42318" if point.alert else "#15803d", lines=lines,
                url=reverse("safety:radiation"), at=point.at.isoformat() if point.at else "",
            )
        )  # fmt: skip
    return _answer(features)


@require_GET
@requires("safety.view")
def event_layers(request: HttpRequest, number: str) -> JsonResponse:
    """Return the layers of the map of one event."""
    row = _seen(request, number)
    names = (
        ("zones", _("影响范围"), "polygon"), ("receptors", _("敏感目标"), "point"),
        ("forces", _("物资与队伍"), "point"), ("river", _("沿江点位"), "point"), ("scene", _("事发点"), "point"),
    )  # fmt: skip
    layers = [
        {"code": code, "name": str(name), "url": reverse("safety:event_layer", args=[row.number, code]),
         "geometry": geometry, "timed": False, "visible": True, "order": place}
        for place, (code, name, geometry) in enumerate(names)
    ]  # fmt: skip
    return JsonResponse({"layers": layers})


@require_GET
@requires("safety.view")
def event_layer(request: HttpRequest, number: str, layer: str) -> JsonResponse:
    """Return a layer of the map of one event as GeoJSON."""
    row = _seen(request, number)
    makers = {"zones": _zones, "receptors": _receptors, "forces": _forces, "river": _river, "scene": _scene}
    if layer not in makers:
        raise Http404
    return _answer(makers[layer](row))


def _zones(row: EmergencyEvent) -> list[dict[str, Any]]:
    run = queries.latest_run(event=row, kind="plume")
    features = []
    for zone in sorted(run.answer["zones"], key=lambda item: -item["endpoint"]) if run else ():
        if not run or not zone["outline"]:
            continue
        for shape, name in (("envelope", _("风向摆动外包络")), ("outline", _("毒性终点浓度"))):
            ring = plume.place(zone[shape], run.longitude, run.latitude)
            lines = [[_("浓度限值 mg/m³"), zone["limit"]], [_("最远距离 m"), zone["distance"]],
                     [_("到达时间 min"), zone["arrival_minutes"]]]  # fmt: skip
            features.append(
                {
                    "type": "Feature", "geometry": {"type": "Polygon", "coordinates": [ring]},
                    "properties": {
                        "id": f"{shape}-{zone['endpoint']}", "name": f"{_mark(row)}{name}-{zone['endpoint']}",
                        "label": "", "colour": COLOURS[zone["endpoint"]], "shape": "square", "lines": lines,
                        "status": "warn" if shape == "envelope" else "bad", "level": None, "value": None, "unit": "",
                        "url": "", "at": run.at.isoformat(),
                    },
                }
            )  # fmt: skip
    return features


def _receptors(row: EmergencyEvent) -> list[dict[str, Any]]:
    run = queries.latest_run(event=row, kind="plume")
    return [
        _feature(
            item.name, item.name, item.longitude, item.latitude, label=str(item.people or ""), shape="square",
            colour=COLOURS[item.zone], status="bad" if item.zone < 3 else "warn",
            lines=[[_("类别"), item.kind], [_("人数"), item.people], [_("距离 km"), item.kilometres],
                   [_("到达时间 min"), item.minutes], [_("电话"), item.phone]],
        )
        for item in (queries.exposed(run=run) if run else ())
    ]  # fmt: skip


def _forces(row: EmergencyEvent) -> list[dict[str, Any]]:
    if row.longitude is None or row.latitude is None:
        return []
    found = [
        _feature(team.number, team.name_zh, team.longitude, team.latitude, colour="#15803d", shape="diamond",
                 lines=[[_("距离 km"), way], [_("人数"), team.people], [_("电话"), team.duty_phone]],
                 url=reverse("records:rescue-teams-row", args=[team.number]))
        for way, team in queries.teams_near(longitude=row.longitude, latitude=row.latitude, kind=row.kind)
    ]  # fmt: skip
    for place in queries.contacts()["warehouses"]:
        if place.longitude is not None and place.latitude is not None:
            found.append(_feature(place.number, place.name_zh, place.longitude, place.latitude, colour="#1d4ed8",
                                  shape="diamond", lines=[[_("电话"), place.duty_phone]],
                                  url=reverse("records:warehouses-row", args=[place.number])))  # fmt: skip
    return found


def _river(row: EmergencyEvent) -> list[dict[str, Any]]:
    run = queries.latest_run(event=row, kind="river")
    if run is None:
        return []
    told = {point["code"]: point for point in run.answer["points"]}
    features = []
    for point in run.question["points"]:
        answer = told.get(point["code"])
        if answer is None or point["longitude"] is None:
            continue
        arrival = answer["arrival_hours"]
        lines = [
            [_("到达 h"), "–".join(f"{hour:g}" for hour in (arrival[0], arrival[2])) if arrival else "—"],
            [_("峰值 mg/L"), answer["peak"][1]], [_("超限概率"), answer["chance"]],
        ]  # fmt: skip
        features.append(_feature(point["code"], point["name"], point["longitude"], point["latitude"], lines=lines,
                                 label=f"{arrival[1]:g} h" if arrival else "", colour="#1d4ed8", shape="triangle",
                                 status="bad" if (answer["chance"] or 0) >= 0.5 else "ok"))  # fmt: skip
    return features


def _scene(row: EmergencyEvent) -> list[dict[str, Any]]:
    return [] if row.longitude is None or row.latitude is None else [_event(row)]


def _event(row: EmergencyEvent) -> dict[str, Any]:
    lines = [[_("级别"), row.level or "—"], [_("状态"), wording.state(row)], [_("地点"), row.place]]
    return _feature(
        row.number, f"{_mark(row)}{row.name_zh}", row.longitude or 0.0, row.latitude or 0.0,
        label=_("演练") if row.drill else row.level, status="warn" if row.drill else "bad",
        colour="#ca8a04" if row.drill else "#b42318", shape="triangle", lines=lines,
        url=reverse("safety:event", args=[row.number]), at=row.received_at.isoformat(),
    )  # fmt: skip


def _mark(row: EmergencyEvent) -> str:
    return _("【演练】") if row.drill else ""


def _feature(
    code: str, name: str, longitude: float | None, latitude: float | None, **more: Any
) -> dict[str, Any]:
    properties = {
        "id": code, "name": name, "label": "", "value": None, "unit": "", "level": None, "colour": "#374151",
        "shape": "circle", "status": "ok", "url": "", "lines": [], "at": "", **more,
    }  # fmt: skip
    place = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "geometry": place, "properties": properties}


def _answer(features: list[dict[str, Any]]) -> JsonResponse:
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def _seen(request: HttpRequest, number: str) -> EmergencyEvent:
    found = queries.event(user=person(request), number=number, on=received_date(request))
    if found is None:
        raise Http404
    return found
