"""The desk of those who answer the public."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.participation import queries, rules, services
from jiangcheng.modules.participation.models import Complaint
from jiangcheng.modules.participation.views import heat, wording
from jiangcheng.modules.participation.views.site import ReportForm

PAGE = 50
MOST_PLACES = 5


@require_GET
@requires("participation.view")
def desk(request: HttpRequest) -> HttpResponse:
    """List the complaints with their stage, what is late, what came again and where, and how satisfied people were."""
    user, on, now = person(request), received_date(request), received_at(request)
    found = queries.complaints(user=user, on=on).select_related("repeat_of__case")
    late = queries.overdue(found, now=now)
    kind, state = request.GET.get("kind", ""), request.GET.get("state", "")
    only = request.GET.get("only", "")
    shown = {"repeat": found.exclude(repeat_of=None), "overdue": late}.get(only, found)
    shown = shown.filter(**({"kind": kind} if kind else {}), **({"case__state": state} if state else {}))
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    names = dict(wording.kinds())
    told = rules.in_force("hotspots", on)
    cells = queries.hotspots(user=user, on=on, until=now, days=told["days"])
    # An earlier complaint of the same matter may lie in an area the reader does not see.
    firsts = {item.repeat_of_id for item in page.object_list if item.repeat_of_id}
    linked = set(found.filter(pk__in=firsts).values_list("pk", flat=True)) if firsts else set()
    context = {
        "page": page,
        "rows": [
            (
                item,
                names.get(item.kind, item.kind),
                _state(item),
                item.repeat_of_id in linked,
                _late(item, now),
            )
            for item in page.object_list
        ],
        "only": only,
        "overdue": late.count(),
        "repeats": found.exclude(repeat_of=None).count(),
        "again": queries.most_repeated(found, most=MOST_PLACES),
        "places": heat.places(cells[:MOST_PLACES], on=on),
        "heat_days": told["days"],
        "kinds": wording.kinds(),
        "kind": kind,
        "state": state,
        "satisfaction": queries.satisfaction(found),
        "rated": found.exclude(score=None).count(),
        "may_manage": access.has(request.user, "participation.manage", received_date(request)),
    }
    return render(request, "participation/desk.html", context)


@require_http_methods(["GET", "POST"])
@requires("participation.manage")
def intake(request: HttpRequest) -> HttpResponse:
    """Take a complaint that came by telephone, letter or in person."""
    error = ""
    form = ReportForm(request.POST or None)
    if request.method == "POST":
        channel = request.POST.get("channel", "")
        if form.is_valid() and channel in Complaint.Channel.values:
            told = form.cleaned_data
            try:
                complaint, code = services.complain(
                    text=told["text"],
                    kind=told["kind"],
                    address=f"staff:{person(request).pk}:{received_at(request).timestamp()}",
                    at=received_at(request),
                    longitude=told["longitude"],
                    latitude=told["latitude"],
                    region=Region.objects.filter(code=told["county"]).first() if told["county"] else None,
                    name=told["name"],
                    contact=told["contact"],
                    channel=channel,
                    files=request.FILES.getlist("photos")[:6],
                )
            except services.Refused as refused:
                error = str(wording.REASONS[refused.reason])
            else:
                text = _("已登记 %(number)s，请把查询码 %(code)s 告诉投诉人。")
                messages.success(request, text % {"number": complaint.case.number, "code": code})
                return redirect("participation:complaint", complaint.case.number)
        else:
            error = str(wording.REASONS["text_required"])
    context = {
        "error": error,
        "form": form,
        "kinds": wording.kinds(),
        "channels": Complaint.Channel.choices,
        "counties": [(item.code, wording.name_of(item)) for item in Region.objects.filter(level="county")],
    }
    return render(request, "participation/intake.html", context, status=422 if error else 200)


@require_GET
@requires("participation.view")
def complaint(request: HttpRequest, number: str) -> HttpResponse:
    """Show one complaint; who made it stays hidden."""
    return render(request, "participation/complaint.html", _context(request, number))


@require_POST
@requires("participation.manage")
def reply(request: HttpRequest, number: str) -> HttpResponse:
    """Write what the complainant reads."""
    item = _found(request, number)
    try:
        services.write_reply(
            complaint=item, text=request.POST.get("text", ""), actor=person(request), at=received_at(request)
        )
    except services.Refused as refused:
        messages.error(request, wording.REASONS[refused.reason])
    else:
        messages.success(request, _("已保存答复。"))
    return redirect("participation:complaint", number)


@require_POST
@requires("access.personal")
def identity(request: HttpRequest, number: str) -> HttpResponse:
    """Show who made a complaint, for a reason that is kept."""
    context = _context(request, number)
    try:
        context["identity"] = services.open_identity(
            complaint=context["item"],
            actor=person(request),
            reason=request.POST.get("reason", ""),
            at=received_at(request),
            address=wording.address_of(request),
        )
    except services.Refused as refused:
        messages.error(request, wording.REASONS[refused.reason])
        return redirect("participation:complaint", number)
    return render(request, "participation/complaint.html", context)


@require_GET
@requires("participation.view")
def photo(request: HttpRequest, number: str, key: int) -> FileResponse:
    """Return a photograph of a complaint, as it came."""
    kept = get_object_or_404(_found(request, number).photos, pk=key)
    return FileResponse(kept.file.open("rb"), content_type=kept.content_type)


def _context(request: HttpRequest, number: str) -> dict[str, Any]:
    item = _found(request, number)
    user, on = person(request), received_date(request)
    same = queries.same_matter(complaint=item, among=queries.complaints(user=user, on=on))
    held = access.permissions_in(
        request.user,
        on,
        region_code=item.case.region.code if item.case.region else "",
        facility_code=item.case.facility.code if item.case.facility else "",
    )
    return {
        "item": item,
        "same": [(other, _state(other)) for other in same[:PAGE]],
        "deadlines": [(str(wording.TERMS[term]), end) for term, end in queries.deadlines(complaint=item)],
        "terms": rules.in_force("terms", timezone.localdate(item.received_at)),
        "late": _late(item, received_at(request)),
        "kind": dict(wording.kinds()).get(item.kind, item.kind),
        "state": _state(item),
        "stages": [(wording.name_of(state), at) for state, at in queries.progress(complaint=item)],
        "photos": item.photos.all(),
        "has_identity": bool(item.sealed_name or item.sealed_contact),
        "may_open": "access.personal" in held,
        "may_reply": "participation.manage" in held,
        "identity": None,
    }


def _found(request: HttpRequest, number: str) -> Complaint:
    found = queries.complaints(user=person(request), on=received_date(request))
    return get_object_or_404(found, case__number=number)


def _late(item: Complaint, now: dt.datetime) -> bool:
    return item.case.closed_at is None and item.case.due_at is not None and item.case.due_at <= now


def _state(item: Complaint) -> str:
    states = {state["code"]: state for state in item.case.workflow.definition["states"]}
    return wording.name_of(states[item.case.state])
