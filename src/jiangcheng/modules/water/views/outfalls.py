"""The board of outfalls, and the page behind the square on an outfall's sign."""

from __future__ import annotations

import io

import segno
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, public, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.modules.water import queries, rules
from jiangcheng.modules.water.views import wording

PAGE = 50


@require_GET
@requires("water.view")
def outfalls(request: HttpRequest) -> HttpResponse:
    """Show 查、测、溯、治 by county, and the outfalls with the state and date of each stage."""
    found = queries.outfall_standings(user=person(request), on=received_date(request))
    county = request.GET.get("region", "")
    chosen = [
        item
        for item in found
        if not county or (item.outfall.region and item.outfall.region.code.startswith(county))
    ]
    if request.GET.get("open"):
        chosen = [item for item in chosen if item.outfall.state != "closed"]
    chosen.sort(key=lambda item: (not item.late, item.outfall.state == "closed", item.outfall.number))
    totals = [sum(item.stages[place].done for item in found) for place in range(len(queries.STAGES))]
    context = {
        "total": len(found),
        "late": sum(item.late for item in found),
        "miscoded": sum(bool(rules.outfall_code(item.outfall.number)) for item in found),
        "closed": sum(item.outfall.state == "closed" for item in found),
        "totals": totals,
        "counties": [
            (wording.name(line.region), line, wording.share(line.percent))
            for line in queries.by_county(found)
        ],
        "page": Paginator(chosen, PAGE).get_page(request.GET.get("page")),
        "county": county,
        "open": bool(request.GET.get("open")),
    }
    return render(request, "water/outfalls.html", context)


@require_GET
@public
def plate(request: HttpRequest, number: str) -> HttpResponse:
    """Show what anybody may know of an outfall: the page behind the square on its sign."""
    row = get_object_or_404(records.public_rows(register="outfalls"), number=number)
    shown = {
        code: stage.done for code, stage in zip(queries.STAGES, queries.stages(outfall=row), strict=True)
    }
    context = {
        "row": row,
        "region": wording.name(row.region) if row.region else "",
        "target": row.get_target_class_display(),
        "stages": shown,
    }
    return render(request, "water/plate.html", context)


@require_GET
@requires("water.view")
def square(request: HttpRequest, number: str) -> HttpResponse:
    """Return the square of an outfall's sign as a picture, for printing."""
    seen = queries.visible(register="outfalls", user=person(request), on=received_date(request))
    row = get_object_or_404(seen, number=number)
    image = io.BytesIO()
    address = request.build_absolute_uri(reverse("water:plate", args=[row.number]))
    segno.make(address, error="m").save(image, kind="svg", scale=6, svgclass=None, lineclass=None)
    return HttpResponse(image.getvalue(), content_type="image/svg+xml")
