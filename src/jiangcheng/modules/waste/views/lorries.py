"""Lorries of construction waste: the trips with what they did, and taking in their positions."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases.services import Refused
from jiangcheng.modules.waste import queries, services
from jiangcheng.modules.waste.models import ConstructionSite
from jiangcheng.modules.waste.rules import tables
from jiangcheng.modules.waste.views import wording

PAGE = 40
MOST_BYTES = 8 * 2**20


@require_GET
@requires("waste.view")
def lorries(request: HttpRequest) -> HttpResponse:
    """List trips of construction waste with what their lorries were not allowed to do."""
    user, on = person(request), received_date(request)
    page = Paginator(queries.trips_seen(user=user, on=on), PAGE).get_page(request.GET.get("page"))
    found = queries.judged(page.object_list)
    names = _site_names({code for one in found for code in (one.trip.origin, one.trip.destination)})
    context = {
        "page": page, "lines": [_line(one, names) for one in found], "rule": tables.in_force("lorries", on),
        "may_take": "waste.manage" in access.permissions_of(user, on),
    }  # fmt: skip
    return render(request, "waste/lorries.html", context)


@require_POST
@requires("waste.manage")
def lorry_file(request: HttpRequest) -> HttpResponse:
    """Take a file of positions of lorries."""
    given = request.FILES.get("file")
    try:
        if given is None or given.size is None or given.size > MOST_BYTES:
            raise Refused(_("请选择不超过 8 MB 的 CSV 文件。"))
        added, wrong = services.take_lorry_tracks(
            points=services.read_points(given.read()), actor=person(request), on=received_date(request),
            now=received_at(request),
        )  # fmt: skip
    except Refused as refused:
        messages.error(request, " ".join(map(str, refused.reasons)))
    else:
        messages.success(
            request, _("新增轨迹点 %(added)s 个，%(wrong)s 个运单有违规。") % {"added": added, "wrong": wrong}
        )
    return redirect("waste:lorries")


@require_POST
@requires("waste.manage")
def lorry_track(request: HttpRequest, number: str) -> JsonResponse:
    """Take positions of the lorry of a trip: a JSON list of ``[time, longitude, latitude]``, times with an offset."""
    try:
        if len(request.body) > MOST_BYTES:
            raise ValueError
        points = [
            (dt.datetime.fromisoformat(str(at)), float(east), float(north))
            for at, east, north in json.loads(request.body)
        ]
    except (ValueError, TypeError, RecursionError):
        return JsonResponse({"error": "a list of [time, longitude, latitude] is expected"}, status=422)
    user, on = person(request), received_date(request)
    if not queries.trips_seen(user=user, on=on).filter(number=number).exists():
        raise Http404(number)
    try:
        added, wrong = services.take_lorry_tracks(
            points={number: points}, actor=user, on=on, now=received_at(request)
        )
    except Refused as refused:
        return JsonResponse({"error": list(map(str, refused.reasons))}, status=409)
    return JsonResponse({"added": added, "breaks_approval": bool(wrong)})


def _site_names(numbers: set[str]) -> dict[str, str]:
    return dict(ConstructionSite.objects.filter(number__in=numbers).values_list("number", "name_zh"))


def _line(one: queries.Judged, names: dict[str, str]) -> dict[str, Any]:
    trip = one.trip
    return {
        "trip": trip, "points": one.points, "origin": names.get(trip.origin, trip.origin),
        "destination": names.get(trip.destination, trip.destination),
        "breaches": [
            (wording.breach(found.kind), dt.datetime.fromtimestamp(found.start_s, dt.UTC), found)
            for found in one.breaches
        ],
    }  # fmt: skip
