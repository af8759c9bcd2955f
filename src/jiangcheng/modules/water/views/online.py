"""Fragments on what is watched online: limits, video points, patrols, and the trend of a section."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.water import queries, rules
from jiangcheng.modules.water.views import wording

REGISTERS = {"outfalls": "outfall", "drinking-sources": "source"}
"""Registers whose rows have online points, with the kind of their limits."""


@require_GET
@requires("water.view")
def online_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the limits in force at the online point of an outfall or a source, with the newest values."""
    subject = _subject(request, number)
    points = queries.online_points(subject=subject, number=number)
    context = {
        "point": points[0] if points else None,
        "name": wording.name(points[0].station) if points else "",
        "lines": [
            (wording.item(line.limit.item), _unit(line.limit.item), line)
            for line in queries.online_lines(subject=subject, number=number, at=received_at(request))
        ],
    }
    return render(request, "water/_online.html", context)


@require_GET
@requires("water.view")
def patrols_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the video points of a source and what was seen there."""
    seen = queries.visible(register="drinking-sources", user=person(request), on=received_date(request))
    source = get_object_or_404(seen, number=number)
    context = {
        "cameras": queries.cameras(number=source.number),
        "patrols": queries.patrols(number=source.number),
    }
    return render(request, "water/_patrols.html", context)


@require_GET
@requires("water.view")
def camera_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show what one video point has seen."""
    seen = queries.visible(register="source-cameras", user=person(request), on=received_date(request))
    camera = get_object_or_404(seen, number=number)
    found = [row for row in queries.patrols(number=camera.source_number) if row.camera_number == number]
    return render(request, "water/_patrols.html", {"cameras": None, "patrols": found})


@require_GET
@requires("water.view")
def section_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the rank trend of a section's items, and its water quality index."""
    on = received_date(request)
    scope = access.scope(request.user, "water.view", on)
    section = get_object_or_404(registry.stations(scope=scope), code=code, kind=Station.Kind.WATER)
    found = queries.section_trends(section=section, on=on)
    context: dict[str, Any] = {
        "found": found,
        "items": [(wording.item(item.item), _unit(item.item), item) for item in found.items],
        "rising": [item.item for item in found.items if _worse(item)],
        "index": "—" if found.index != found.index else f"{found.index:.4f}",
    }
    return render(request, "water/_trend.html", context)


def _subject(request: HttpRequest, number: str) -> str:
    """Return the kind of a row that the person may see.

    Raises
    ------
    Http404
        If there is none.
    """
    for register, subject in REGISTERS.items():
        seen = queries.visible(register=register, user=person(request), on=received_date(request))
        if seen.filter(number=number).exists():
            return subject
    raise Http404


def _worse(item: queries.ItemTrend) -> bool:
    """Tell whether an item gets significantly worse; of oxygen less is worse."""
    return item.trend.direction == (-1 if item.item == "do" else 1)


def _unit(item: str) -> str:
    unit = rules.sample_items()[item].unit
    return "" if unit == "1" else unit
