"""Layers of the map: vehicles under way and units with hazardous waste."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.views import wording

GEOJSON = "application/geo+json"
GOOD, BAD, ROAD = "#0f766e", "#d92d20", "#b45309"


@require_GET
@requires("waste.view")
def transport_layer(request: HttpRequest) -> JsonResponse:
    """Return the latest position of every vehicle under way."""
    rows = queries.manifests_seen(user=person(request), on=received_date(request))
    features = [
        _feature(
            f"manifest:{row.number}", row.plate, point.longitude, point.latitude, ROAD, "triangle",
            reverse("records:waste-manifests-row", args=[row.number]),
            [[_("联单"), row.number], [_("移出人"), wording.named(row.facility)],
             [_("申报量（t）"), f"{row.declared:g}"]],
            point.at.isoformat(), "ok",
        )
        for row, point in queries.on_the_road(rows)
    ]  # fmt: skip
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


@require_GET
@requires("waste.view")
def units_layer(request: HttpRequest) -> JsonResponse:
    """Return the plants with hazardous waste this year, and whether they are in balance."""
    on = received_date(request)
    plants: dict[int, list[queries.Balance]] = {}
    for line in queries.balances(year=on.year, scope=access.scope(person(request), "waste.view", on)):
        plants.setdefault(line.facility.pk, []).append(line)
    features = []
    for lines in plants.values():
        plant, wrong = lines[0].facility, [line.code for line in lines if not line.good]
        told = [[_("产生量（t）"), f"{sum(line.masses.generated for line in lines):g}"],
                [_("物料平衡"), _("不平衡：%(codes)s") % {"codes": "、".join(wrong)} if wrong
                 else _("平衡")]]  # fmt: skip
        features.append(
            _feature(
                f"waste:{plant.code}", wording.named(plant), plant.longitude, plant.latitude, BAD if wrong else GOOD,
                "square", reverse("registry:facility", args=[plant.code]), told, on.isoformat(),
                "bad" if wrong else "ok",
            )
        )  # fmt: skip
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def _feature(
    key: str, name: str, longitude: float, latitude: float, colour: str, shape: str, url: str,
    lines: list[list[str]], at: str, status: str,
) -> dict[str, Any]:  # fmt: skip
    properties = {
        "id": key, "kind": "waste", "name": name, "label": "", "value": None, "unit": "", "level": status,
        "colour": colour, "shape": shape, "status": status, "url": url, "lines": lines, "at": at,
    }  # fmt: skip
    geometry = {"type": "Point", "coordinates": [longitude, latitude]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}
