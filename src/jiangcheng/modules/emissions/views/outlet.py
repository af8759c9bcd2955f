"""One outlet: its hours against the limit, what is marked, calibrations, and how much arrived."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import received_at, received_date, requires
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.emissions import queries
from jiangcheng.modules.emissions.views import wording
from jiangcheng.standards import periods

DAYS = (3, 7, 30)
SHOWN = 30


@require_GET
@requires("emissions.view")
def outlet(request: HttpRequest, code: str) -> HttpResponse:
    """Show an outlet."""
    station = _found(request, code)
    now = int(received_at(request).timestamp())
    start = now - 30 * periods.DAY
    limits = queries.limits(stations=[station.pk], first=queries.day_of(start), last=received_date(request))
    codes = list(dict.fromkeys(row.observed_property.code for row in limits))
    names = {row.observed_property.code: wording.property_name(row.observed_property) for row in limits}
    days, chosen = _chosen(request, codes)
    return render(
        request,
        "emissions/outlet.html",
        {
            "station": station,
            "outlet": station.outlet,
            "facility": station.outlet.facility,
            "limits": limits,
            "properties": [(item, names[item]) for item in codes],
            "chosen": chosen,
            "days": days,
            "all_days": DAYS,
            "query": f"property={chosen}&days={days}",
            "marks": queries.all_marks(station=station, start=start, end=now + 3 * periods.DAY)[::-1][:SHOWN],
            "calibrations": queries.calibrations(station=station, start=start, end=now)[::-1][:SHOWN],
            "months": queries.month_rates(station=station, now=received_at(request)),
            "masses": queries.month_masses(station=station, now=received_at(request)),
            "target": queries.rate_target(received_date(request)),
            "clues": queries.clues(scope=_clue_scope(request)).filter(station=station)[:SHOWN],
        },
    )


@require_GET
@requires("emissions.view")
def outlet_series(request: HttpRequest, code: str) -> JsonResponse:
    """Return the hours of one property with limit, marks and load."""
    station = _found(request, code)
    end = int(received_at(request).timestamp()) // periods.HOUR * periods.HOUR + periods.HOUR
    on = received_date(request)
    limits = queries.limits(stations=[station.pk], first=queries.day_of(end - 30 * periods.DAY), last=on)
    days, chosen = _chosen(request, [row.observed_property.code for row in limits])
    drawing = wording.Drawing(station, chosen, end - days * periods.DAY, end)
    return JsonResponse(wording.drawn(drawing))


def _found(request: HttpRequest, code: str) -> Station:
    on = received_date(request)
    scope = access.scope(request.user, "emissions.view", on)
    for station in queries.outlets(scope=scope, on=on, code=code):
        return station
    raise Http404(code)


def _clue_scope(request: HttpRequest) -> access.Scope:
    return access.scope(request.user, "emissions.clues", received_date(request))


def _chosen(request: HttpRequest, codes: list[str]) -> tuple[int, str]:
    asked = request.GET.get("days", "")
    days = int(asked) if asked in {str(one) for one in DAYS} else DAYS[1]
    wanted = request.GET.get("property", "")
    return days, wanted if wanted in codes else (codes[0] if codes else "")
