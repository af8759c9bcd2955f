"""The board of outfalls."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.modules.water import queries
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
