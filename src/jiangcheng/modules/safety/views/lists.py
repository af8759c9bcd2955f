"""Stock, contacts, radiation, and fragments on the pages of rows."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access import services as access_services
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.modules.safety import queries, services
from jiangcheng.modules.safety.models import StockMove, fields
from jiangcheng.modules.safety.rules import tables
from jiangcheng.modules.safety.views import wording

MOVES = 30


@require_GET
@requires("safety.view")
def stock(request: HttpRequest) -> HttpResponse:
    """Show what lies where, what expires or runs low, and where enough of an item lies nearest."""
    on, given = received_date(request), request.GET
    table = tables.in_force("items", on)
    numbers = {name: wording.decimal(given.get(name)) for name in ("quantity", "longitude", "latitude")}
    item, offer, error = given.get("item", ""), None, ""
    if item:
        if None in numbers.values() or not (numbers["quantity"] or 0) > 0:
            error = _("请填写数量、经度和纬度。")
        else:
            offer = queries.nearest_stock(item=item, on=on, **numbers)  # type: ignore[arg-type]
    warn = tables.in_force("frequencies", on)["expiry_warn_days"]
    context = {
        "shelves": queries.shelves(), "items": fields.items(), "item": item, "asked": numbers, "offer": offer,
        "error": error, "unit": next((row["unit"] for row in table["rows"] if row["code"] == item), ""),
        "on": on, "soon": on + dt.timedelta(days=warn), "rule": wording.version(table),
    }  # fmt: skip
    return render(request, "safety/stock.html", context, status=422 if error else 200)


@require_POST
@requires("safety.manage")
def move(request: HttpRequest, number: str) -> HttpResponse:
    """Note a movement of a lot."""
    user, on = person(request), received_date(request)
    item = get_object_or_404(records.visible(register="stock-items", user=user, on=on), number=number)
    if not records.may_change(record=item, user=user, on=on):
        raise PermissionDenied
    try:
        services.move(
            item=item, kind=request.POST.get("kind", ""), quantity=wording.decimal(request.POST.get("quantity")) or 0,
            actor=user, at=received_at(request), text=request.POST.get("text", ""),
        )  # fmt: skip
    except services.NotEnough as error:
        messages.error(request, wording.not_enough(error.reason, error.left))
    else:
        messages.success(request, _("已登记，现有 %(left)s。") % {"left": f"{item.quantity:g} {item.unit}"})
    return redirect("records:stock-items-row", number)


@require_GET
@requires("safety.view")
def contacts(request: HttpRequest) -> HttpResponse:
    """Show whom to call and the duty matrix, fit for paper; personal numbers only with a reason."""
    reason = request.GET.get("reason", "").strip()[:200]
    may = access.has(request.user, "access.personal", received_date(request))
    personal = bool(reason) and may
    if personal:
        access_services.read_personal(
            actor=person(request), object_type="coordination-members", object_id="contacts",
            fields=("contact", "mobile", "keeper", "name"), reason=reason, at=received_at(request),
        )  # fmt: skip
    found = queries.contacts()
    context = {
        "members": [(row, _parts(row)) for row in found["coordination-members"]], "phases": fields.Phase.labels,
        "teams": found["rescue-teams"], "warehouses": found["warehouses"], "experts": found["experts"],
        "partners": found["partners"], "personal": personal, "may_personal": may,
    }  # fmt: skip
    return render(request, "safety/contacts.html", context)


def _parts(row: Any) -> list[tuple[str, str]]:
    names = [f"at_{phase}" for phase in fields.Phase.values]
    return [(getattr(row, name), str(getattr(row, f"get_{name}_display")())) for name in names]


@require_GET
@requires("safety.view")
def radiation(request: HttpRequest) -> HttpResponse:
    """Show dose rates against their background, and sources and devices by the expiry of their permit."""
    user, on, now = person(request), received_date(request), received_at(request)
    warn = tables.in_force("frequencies", on)["permit_warn_days"]
    rule = tables.in_force("radiation", on)
    context = {
        "points": [(point, wording.name(point.station)) for point in queries.dose_points(user=user, now=now, on=on)],
        "permits": queries.permits(user=user, on=on), "on": on, "soon": on + dt.timedelta(days=warn), "rule": rule,
        "version": wording.version(rule),
    }  # fmt: skip
    return render(request, "safety/radiation.html", context)


@require_GET
@requires("safety.view")
def event_card(request: HttpRequest, number: str) -> HttpResponse:
    """Lead from the row of an event to its command screen."""
    row = _row(request, "emergency-events", number)
    found = queries.clocks(event=row, now=received_at(request))
    clocks = [(wording.name(c), wording.CLOCK_BADGES[c.state], wording.clock(c.state)) for c in found]
    return render(request, "safety/_event.html", {"event": row, "clocks": clocks})


@require_GET
@requires("safety.view")
def consultation_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the tasks of a consultation."""
    _row(request, "consultations", number)
    tasks = [(task, wording.state(task)) for task in queries.tasks_of(number=number)]
    return render(request, "safety/_tasks.html", {"tasks": tasks, "number": number})


@require_GET
@requires("safety.view")
def stock_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the movements of a lot, and the form for the next one."""
    item = _row(request, "stock-items", number)
    on = received_date(request)
    context = {
        "item": item, "moves": StockMove.objects.filter(stock=item).select_related("actor", "event")[:MOVES],
        "kinds": StockMove.Kind.choices, "may": records.may_change(record=item, user=person(request), on=on),
    }  # fmt: skip
    return render(request, "safety/_stock.html", context)


@require_GET
@requires("safety.view")
def source_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the movements of a source and when its permit ends."""
    row = _row(request, "radiation-sources", number)
    left = (row.permit_expires_date - timezone.localdate(received_at(request))).days
    return render(
        request,
        "safety/_source.html",
        {"source": row, "left": left, "moves": queries.moves_of(code=row.code)},
    )


def _row(request: HttpRequest, register: str, number: str) -> Any:
    seen = records.visible(register=register, user=person(request), on=received_date(request))
    row = seen.filter(number=number).first()
    if row is None:
        raise Http404
    return row
