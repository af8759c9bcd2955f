"""The outlets and their newest hour: page and map layer."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import asked_at, received_at, received_date, requires
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.emissions import queries

ROWS = 50
STATES = {
    "over": (gettext_lazy("超限"), "badge-bad", "bad", "#d92d20"),
    "silent": (gettext_lazy("无数据"), "badge-warn", "stale", "#98a2b3"),
    "ok": (gettext_lazy("达标"), "badge-ok", "ok", "#2e9e5b"),
}
"""Label, badge, map status and colour of the states of an outlet, gravest first."""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """An outlet with its limited properties in the newest hour."""

    outlet: Station
    state: str
    label: str
    badge: str
    readings: list[queries.Reading]
    at: datetime.datetime | None


@requires("emissions.view")
def overview(request: HttpRequest) -> HttpResponse:
    """List the outlets with their newest hour against the permit, gravest first."""
    lines = _lines(request, received_at(request))
    asked = request.GET.get("state", "")
    order = list(STATES)
    shown = sorted(
        (line for line in lines if not asked or line.state == asked), key=lambda line: order.index(line.state)
    )
    counts = [
        (code, STATES[code][0], STATES[code][1], sum(line.state == code for line in lines)) for code in order
    ]
    page = Paginator(shown, ROWS).get_page(request.GET.get("page"))
    return render(request, "emissions/overview.html", {"page": page, "counts": counts, "asked": asked})


@requires("emissions.view")
def layer(request: HttpRequest) -> JsonResponse:
    """Return the outlets as GeoJSON, with the state known ``?at=`` an instant."""
    features = [_feature(request, line) for line in _lines(request, asked_at(request))]
    return JsonResponse({"type": "FeatureCollection", "features": features})


def _lines(request: HttpRequest, at: datetime.datetime) -> list[Line]:
    on = received_date(request)
    outlets = queries.outlets(scope=access.scope(request.user, "emissions.view", on), on=on)
    found = queries.current(stations=[outlet.pk for outlet in outlets], at=at)
    lines = []
    for outlet in outlets:
        readings = found.get(outlet.pk, [])
        state = "silent" if not readings else "over" if any(row.exceeded for row in readings) else "ok"
        newest = max((row.start for row in readings), default=None)
        lines.append(
            Line(
                outlet=outlet,
                state=state,
                label=str(STATES[state][0]),
                badge=STATES[state][1],
                readings=readings,
                at=None if newest is None else queries.instant(newest),
            )
        )
    return lines


def _feature(request: HttpRequest, line: Line) -> dict[str, Any]:
    outlet = line.outlet
    _label, _badge, status, colour = STATES[line.state]
    chinese = (request.LANGUAGE_CODE or "").startswith("zh")
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [outlet.longitude, outlet.latitude]},
        "properties": {
            "id": outlet.code,
            "name": outlet.name_zh if chinese else outlet.name_en,
            "label": line.label,
            "value": None,
            "unit": "",
            "level": None,
            "colour": colour,
            "shape": "triangle" if outlet.kind == Station.Kind.GAS_OUTLET else "diamond",
            "status": status,
            "url": reverse("emissions:outlet", args=[outlet.code]),
            "lines": [
                [
                    row.limit.observed_property.name_zh if chinese else row.limit.observed_property.name_en,
                    _("%(value)s，限值 %(limit)s %(unit)s")
                    % {
                        "value": f"{row.value:g}",
                        "limit": f"{queries.number(row.limit.upper):g}",
                        "unit": row.limit.observed_property.unit_text,
                    },
                ]
                for row in line.readings
                if row.limit.upper is not None
            ],
            "at": line.at.isoformat() if line.at else None,
        },
    }
