"""Drinking-water sources: standing, check list, what lies inside the zones, the zones on the map."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.methods import statistics
from jiangcheng.modules.water import queries, rules
from jiangcheng.modules.water.models import SourceZone
from jiangcheng.modules.water.views import wording

COLOURS = {"first": "#c62828", "second": "#ef6c00", "outer": "#f9a825"}
"""Of the zones on the map; the words say the same."""


@require_GET
@requires("water.view")
def sources(request: HttpRequest) -> HttpResponse:
    """Show the sources: zones, check list, what lies inside, what is missing, and the coverage."""
    on = received_date(request)
    scope = access.scope(request.user, "water.view", on)
    found = queries.source_standings(user=person(request), on=on, scope=scope)
    settings = rules.settings("source_checks")
    counted = [item for item in found if item.source.level in settings["levels"] and item.source.in_use]
    compliant = sum(item.compliant for item in counted)
    context = {
        "standings": [
            {"standing": item, "percent": wording.share(item.percent), "lines": _lines(item.lines)}
            for item in found
        ],
        "counted": len(counted),
        "compliant": compliant,
        "coverage": wording.share(statistics.share(compliant, len(counted))),
        "inside": sum(len(item.inside) for item in found),
        "missing": sum(item.recharge_missing for item in found),
        "basis": settings["source"],
        "verified": settings["verified"],
        "zh": wording.chinese(),
        "backups": queries.visible(register="backup-sources", user=person(request), on=on),
    }
    return render(request, "water/sources.html", context)


@require_GET
@requires("water.view")
def source_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the check list of a source, its zones, and what lies inside them."""
    on = received_date(request)
    seen = queries.visible(register="drinking-sources", user=person(request), on=on)
    source = get_object_or_404(seen, number=number)
    zones_now = list(queries.zones_on(on=on, numbers=[number]))
    scope = access.scope(request.user, "water.view", on)
    context = {
        "source": source,
        "zones": zones_now,
        "inside": queries.things_inside(zones=zones_now, scope=scope).get(number, []),
        "lines": _lines(queries.check_list(source=source, on=on)),
        "zh": wording.chinese(),
    }
    return render(request, "water/_source.html", context)


@require_GET
@requires("water.view")
def zones(request: HttpRequest) -> JsonResponse:
    """Return the zones in force as GeoJSON."""
    on = received_date(request)
    seen = queries.visible(register="drinking-sources", user=person(request), on=on)
    names = dict(seen.values_list("number", "name_zh"))
    features = [
        {
            "type": "Feature",
            "geometry": zone.boundary,
            "properties": {
                "id": zone.number,
                "name": names[zone.source_number],
                "label": str(zone.get_level_display()),
                "colour": COLOURS[zone.level],
                "status": "ok",
                "url": reverse("records:drinking-sources-row", args=[zone.source_number]),
                "lines": [
                    [_("保护区级别"), str(SourceZone.Level(zone.level).label)],
                    [_("生效日期"), zone.valid_from_date.isoformat()],
                ],
            },
        }
        for zone in queries.zones_on(on=on, numbers=names)
    ]
    return JsonResponse({"type": "FeatureCollection", "features": features})


def _lines(found: tuple[queries.CheckLine, ...]) -> list[tuple[str, queries.CheckLine]]:
    zh = wording.chinese()
    return [(line.name_zh if zh else line.name_en, line) for line in found]
