"""The command centre, the orders on a phone, the acknowledgement by link, the card of the home page."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, public, received_at, received_date, requires
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.modules.safety import queries, services
from jiangcheng.modules.safety.models import fields
from jiangcheng.modules.safety.queries import CLOSED
from jiangcheng.modules.safety.views import wording

PAST = 20
LINK_STATUS = {"unknown": 404, "expired": 410, "withdrawn": 410, "too_often": 429}


@require_GET
@requires("safety.view")
def centre(request: HttpRequest) -> HttpResponse:
    """Show the running events and drills, other responses, what is due, and past events."""
    user, on, now = person(request), received_date(request), received_at(request)
    seen = queries.events(user=user, on=on)
    running = list(seen.exclude(state__in=CLOSED))
    counts = queries.order_counts(numbers=[row.number for row in running])
    lines = [(row, wording.state(row), counts.get(row.number, Counter())) for row in running]
    held = access.permissions_of(user, on)
    context = {
        "real": [line for line in lines if not line[0].drill], "drills": [line for line in lines if line[0].drill],
        "past": [(row, wording.state(row)) for row in seen.filter(state__in=CLOSED)[:PAST]],
        "responses": queries.active_responses(at=now), "kinds": fields.EventKind.choices,
        "substances": fields.substances(), "may_report": "safety.manage" in held,
        "units_due": queries.units_due(user=user, now=now, on=on), "expiring": queries.due_soon(now=now),
        "year": queries.indicators(year=on.year, now=now), "zh": fields.chinese(), "now": timezone.localtime(now),
    }  # fmt: skip
    return render(request, "safety/centre.html", context)


@require_POST
@requires("safety.manage")
def report(request: HttpRequest) -> HttpResponse:
    """Take the report of an event, or begin a drill."""
    given = request.POST
    longitude, latitude = wording.decimal(given.get("longitude")), wording.decimal(given.get("latitude"))
    if longitude is None or latitude is None or abs(longitude) > 180 or abs(latitude) > 90:
        messages.error(request, _("请填写经度和纬度。"))
        return redirect("safety:centre")
    values: dict[str, Any] = {
        "name_zh": given.get("name_zh", "")[:120], "kind": given.get("kind", ""), "place": given.get("place", "")[:200],
        "cause": given.get("cause", "")[:4000], "substance": given.get("substance", ""), "longitude": longitude,
        "latitude": latitude, "received_at": received_at(request), "reporter": given.get("reporter", "")[:60],
    }  # fmt: skip
    try:
        row = services.report(
            values=values, actor=person(request), now=received_at(request), drill=bool(given.get("drill"))
        )
    except ValidationError as error:
        messages.error(request, wording.invalid(error))
        return redirect("safety:centre")
    return redirect("safety:event", row.number)


@require_GET
@requires("safety.act")
def orders(request: HttpRequest) -> HttpResponse:
    """List the orders a person may acknowledge, for a phone: the nearest term first."""
    rows = queries.orders(user=person(request), on=received_date(request))[:100]
    lines = [(row, wording.state(row)) for row in rows]
    return render(request, "safety/orders.html", {"lines": lines, "now": received_at(request)})


@require_POST
@requires("safety.act")
def order_act(request: HttpRequest, number: str) -> HttpResponse:
    """Acknowledge an order, or say that it is done."""
    row = queries.orders(user=person(request), on=received_date(request)).filter(number=number).first()
    if row is None:
        raise Http404
    try:
        records.act(
            record=row, action=request.POST.get("action", ""), actor=person(request), now=received_at(request),
            text=request.POST.get("text", "")[:2000].replace("\0", ""), files=request.FILES.getlist("files")[:9],
        )  # fmt: skip
    except Refused as refused:
        messages.error(request, wording.refusal(refused.reasons))
    else:
        messages.success(request, _("已办理。"))
    back = request.POST.get("event", "")
    return redirect("safety:event", back) if back == row.event_number else redirect("safety:orders")


@public
@require_http_methods(["GET", "POST"])
def acknowledge(request: HttpRequest, token: str) -> HttpResponse:
    """Show a notice to the partner it was sent to, and note who acknowledges it; one page for every case."""
    now, refused = received_at(request), ""
    link = services.follow(token=token, address=wording.address_of(request), now=now)
    if request.method == "POST" and link.notice is not None:
        try:
            services.acknowledge_notice(notice=link.notice, name=request.POST.get("name", ""), now=now)
        except Refused as error:
            refused = wording.refusal(error.reasons)
    context = {"link": link, "notice": link.notice, "refused": refused, "told": wording.link(link.state)}
    status = 422 if refused else LINK_STATUS.get(link.state, 200)
    answer = render(request, "safety/acknowledge.html", context, status=status)
    if link.state == "too_often":
        answer["Retry-After"] = "3600"
    return answer


@require_GET
@requires("safety.view")
def card(request: HttpRequest) -> HttpResponse:
    """The card of the home page: what runs, what is due."""
    user, on, now = person(request), received_date(request), received_at(request)
    if not access.scope(user, "safety.view", on):
        raise PermissionDenied
    running = list(queries.events(user=user, on=on).exclude(state__in=CLOSED)[:6])
    context = {
        "running": [(row, wording.state(row)) for row in running],
        "units_due": queries.units_due(user=user, now=now, on=on), "expiring": queries.due_soon(now=now),
    }  # fmt: skip
    return render(request, "safety/card.html", context)
