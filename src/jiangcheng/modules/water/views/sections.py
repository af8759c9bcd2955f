"""The page and the map layers of the room."""

from __future__ import annotations

import dataclasses
import datetime
import json
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import asked_at, public, received_at, received_date, requires
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.water import queries, rules
from jiangcheng.standards import lookup

STALE_HOURS = 12
RIVERS = "layers/rivers.geojson"
"""File of the river lines below the data folder, where the installation has one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A section with its newest class and the class it must reach."""

    section: Station
    grade: lookup.Grade | None
    target: lookup.Grade
    worse: bool
    limiting: str
    at: datetime.datetime | None
    stale: bool


@requires("water.view")
def overview(request: HttpRequest) -> HttpResponse:
    """List the sections by river with class, target and limiting items."""
    lines = _lines(request, received_at(request))
    shown = [line for line in lines if not request.GET.get("worse") or line.worse]
    return render(
        request,
        "water/overview.html",
        {
            "lines": shown,
            "total": len(lines),
            "worse": sum(line.worse for line in lines),
            "only_worse": bool(request.GET.get("worse")),
        },
    )


@requires("water.view")
def layer(request: HttpRequest) -> JsonResponse:
    """Return the sections as GeoJSON, with the class known ``?at=`` an instant."""
    features = [_feature(request, line) for line in _lines(request, asked_at(request))]
    return JsonResponse({"type": "FeatureCollection", "features": features})


@requires("water.view")
def rivers(request: HttpRequest) -> JsonResponse:
    """Return the river lines of the installation, none where it has no file of them."""
    try:
        text = (settings.DATA / RIVERS).read_text(encoding="utf-8")
    except FileNotFoundError:
        return JsonResponse({"type": "FeatureCollection", "features": []})
    return JsonResponse(json.loads(text))


@public
def public_card(request: HttpRequest) -> HttpResponse:
    """Return the surface water now, for anybody."""
    sections = queries.sections(on=received_date(request))
    lines = _lines_of(request, sections, received_at(request))
    return render(request, "water/public_card.html", {"lines": lines})


def _lines(request: HttpRequest, at: datetime.datetime) -> list[Line]:
    on = received_date(request)
    scope = access.scope(request.user, "water.view", on)
    return _lines_of(request, queries.sections(on=on, scope=scope), at)


def _lines_of(request: HttpRequest, sections: list[Station], at: datetime.datetime) -> list[Line]:
    found = queries.current(stations=[section.pk for section in sections], at=at)
    grades = {grade.code: grade for grade in lookup.grades("water_classes", edition="2011")}
    names = queries.item_names()
    column = 0 if _chinese(request) else 1
    lines = []
    for section in sections:
        now = found.get(section.pk)
        target = section.attributes.get("target_class", rules.GOOD)
        start = queries.instant(now.start) if now else None
        lines.append(
            Line(
                section=section,
                grade=grades[now.reached] if now else None,
                target=grades[target],
                worse=bool(now and rules.worse_than(now.reached, target)),
                limiting="、".join(names[item][column] for item in now.limiting) if now else "",
                at=start,
                stale=start is None or at - start > datetime.timedelta(hours=STALE_HOURS),
            )
        )
    return lines


def _feature(request: HttpRequest, line: Line) -> dict[str, Any]:
    section, grade = line.section, line.grade
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [section.longitude, section.latitude]},
        "properties": {
            "id": section.code,
            "name": section.name_zh if _chinese(request) else section.name_en,
            "label": grade.symbol if grade else "—",
            "value": grade.code if grade else None,
            "unit": "",
            "level": grade.code if grade else None,
            "colour": grade.colour if grade else None,
            "shape": "square",
            "status": "stale" if line.stale else "bad" if line.worse else "ok",
            "url": reverse("observations:station", args=[section.code]),
            "lines": [
                [_("目标类别"), line.target.symbol],
                [_("定类因子"), line.limiting or "—"],
                [_("河流"), section.attributes.get("river" if _chinese(request) else "river_en", "—")],
            ],
            "at": line.at.isoformat() if line.at else None,
        },
    }


def _chinese(request: HttpRequest) -> bool:
    return (request.LANGUAGE_CODE or "").startswith("zh")
