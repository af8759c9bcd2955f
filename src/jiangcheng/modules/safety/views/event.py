"""The command screen of an event, and everything that is done from it."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access import services as access_services
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import queries as record_queries
from jiangcheng.core.records import services as records
from jiangcheng.modules.safety import queries, services
from jiangcheng.modules.safety.models import (
    DownstreamNotice,
    EmergencyEvent,
    EventRelease,
    ModelRun,
    Partner,
    StockItem,
    fields,
)
from jiangcheng.modules.safety.rules import plume as plumes
from jiangcheng.modules.safety.rules import tables
from jiangcheng.modules.safety.services.packs import picture
from jiangcheng.modules.safety.views import wording

TERM_FIELDS = ("rate", "mass", "area", "pressure", "vessel_temperature", "head", "radius")
PLUME_FIELDS = ("minutes", "height", "wind", "direction", "temperature", "sigma_theta")
RIVER_FIELDS = (
    "mass", "minutes", "flow_scale", "temperature", "speed", "width", "depth", "slope", "dispersion",
)  # fmt: skip
NEWEST = 12
"""Lines of the log that are shown without being asked for."""
TERMS_OF = {"gas": "gas", "river": "river", "radiation": "radiation", "other": "gas"}


@require_GET
@requires("safety.view")
def event(request: HttpRequest, number: str) -> HttpResponse:
    """Show an event on one page: clocks, map, model, who is in reach, stock, teams, orders, notices, log."""
    row = _seen(request, number)
    user, on, now = person(request), received_date(request), received_at(request)
    run, river = (queries.latest_run(event=row, kind=kind) for kind in ("plume", "river"))
    exposed = queries.exposed(run=run) if run else []
    residents = {item.endpoint: item for item in queries.residents(run=run)} if run else {}
    asked, reasons = queries.asked_level(event=row, on=on)
    entries = list(queries.entries(event=row))[::-1]
    held = record_queries.permissions_on(record=row, user=user, on=on)
    context = {
        "event": row, "state": wording.state(row), "drill": row.drill, "now": now, "zh": fields.chinese(),
        "clocks": [(clock, wording.name(clock), wording.CLOCK_BADGES[clock.state], wording.clock(clock.state))
                   for clock in queries.clocks(event=row, now=now)],
        "clock_rule": wording.version(tables.in_force("clocks", on)), "asked_level": asked,
        "asked_reasons": wording.reasons(reasons),
        "actions": _actions(row, user, on), "levels": fields.Level.choices,
        "run": run, "zones": [_zone(zone, exposed, residents) for zone in run.answer["zones"]] if run else [],
        "exposed_people": sum(item.people for item in exposed), "outer_residents": residents.get(3),
        "population": queries.population_as_of(), "exposed": exposed, "river": river,
        "run_model": wording.model(run.answer["model"]) if run else "",
        "run_notes": wording.notes(run.answer["notes"]) if run else [],
        "river_points": [(point, wording.interval(point["arrival_hours"]), wording.interval(point["peak"]))
                         for point in river.answer["points"]] if river else [],
        "river_notes": wording.notes(river.answer["notes"]) if river else [],
        "run_substance": wording.substance(run.question["substance"]) if run else "",
        "river_substance": wording.substance(river.question["substance"]) if river else "",
        "model_rule": wording.version(tables.in_force("substances", on)), "picture": picture(row),
        "substances": fields.substances(), "letters": plumes.LETTERS, "rivers": queries.rivers(),
        "orders": [(order, wording.state(order), wording.STATE_BADGES[order.state])
                   for order in queries.orders_of(event=row)],
        "notices": [(notice, wording.state(notice), _link(request, notice)) for notice in _of(DownstreamNotice, row)],
        "releases": _of(EventRelease, row), "kinds": EventRelease.Kind.choices,
        "partners": Partner.objects.filter(withdrawn_at=None).order_by("side", "pk"),
        "entries_new": entries[:NEWEST], "entries_old": entries[NEWEST:], "unbroken": services.verify_log(event=row),
        "may_manage": "safety.manage" in held, "may_command": "safety.command" in held,
        "may_act": "safety.act" in held, "over": row.closed_at is not None or row.withdrawn_at is not None,
        "may_personal": "access.personal" in held, **_around(row, now), **_found_stock(request, row, on),
    }  # fmt: skip
    return render(request, "safety/event.html", context)


@require_POST
@requires("safety.view")
def act(request: HttpRequest, number: str) -> HttpResponse:
    """Take a step of the life of an event; the workflow says who may."""
    row = _seen(request, number)
    details = {"reason_code": request.POST["reason_code"][:10]} if request.POST.get("reason_code") else {}
    try:
        records.act(
            record=row, action=request.POST.get("action", ""), actor=person(request), now=received_at(request),
            text=request.POST.get("text", "")[:2000].replace("\0", ""), details=details,
            files=request.FILES.getlist("files")[:9],
        )  # fmt: skip
    except Refused as refused:
        messages.error(request, wording.refusal(refused.reasons))
    else:
        messages.success(request, _("已办理。"))
    return redirect("safety:event", number)


@require_POST
@requires("safety.command")
def order(request: HttpRequest, number: str) -> HttpResponse:
    """Give an order."""
    row = _allowed(request, number, "safety.command")
    minutes = wording.decimal(request.POST.get("minutes"))
    if minutes is None or not 1 <= minutes <= 10_080:
        messages.error(request, _("请填写时限（1–10080 分钟）。"))
        return redirect("safety:event", number)
    return _done(request, number, lambda: services.send_order(
        event=row, title=request.POST.get("title", "")[:120], text=request.POST.get("text", "")[:2000],
        department=request.POST.get("department", "")[:120], minutes=int(minutes), actor=person(request),
        now=received_at(request),
    ))  # fmt: skip


@require_POST
@requires("safety.manage")
def notice(request: HttpRequest, number: str) -> HttpResponse:
    """Send a notice to a partner of joint control."""
    row = _allowed(request, number, "safety.manage")
    partner = Partner.objects.filter(number=request.POST.get("partner", ""), withdrawn_at=None).first()
    if partner is None:
        messages.error(request, _("请选择联防单位。"))
        return redirect("safety:event", number)
    return _done(request, number, lambda: services.send_notice(
        event=row, partner=partner, text=request.POST.get("text", "")[:4000], actor=person(request),
        now=received_at(request),
    ))  # fmt: skip


@require_POST
@requires("safety.manage")
def release(request: HttpRequest, number: str) -> HttpResponse:
    """Keep a report to the next level, or what the public was told."""
    row = _allowed(request, number, "safety.manage")
    return _done(request, number, lambda: services.release(
        event=row, kind=request.POST.get("kind", ""), addressee=request.POST.get("addressee", ""),
        text=request.POST.get("text", "")[:4000], actor=person(request), now=received_at(request),
    ))  # fmt: skip


@require_POST
@requires("safety.act")
def note(request: HttpRequest, number: str) -> HttpResponse:
    """Write a line into the log."""
    row = _allowed(request, number, "safety.act")
    return _done(request, number, lambda: services.note(
        event=row, text=request.POST.get("text", ""), actor=person(request), at=received_at(request)
    ))  # fmt: skip


@require_POST
@requires("safety.manage")
def plume(request: HttpRequest, number: str) -> HttpResponse:
    """Run the plume model; what is left empty of the weather is an error, never a guess."""
    row = _allowed(request, number, "safety.manage")
    given = request.POST
    term: dict[str, Any] = {"kind": given.get("term", "")}
    term |= {name: wording.decimal(given.get(name)) for name in TERM_FIELDS if given.get(name)}
    question: dict[str, Any] = {"substance": given.get("substance", ""), "term": term}
    question |= {name: wording.decimal(given.get(name)) for name in PLUME_FIELDS if given.get(name)}
    question["stability"] = given.get("stability", "")
    question["met_source"] = given.get("met_source", "")[:80]
    return _done(request, number, lambda: services.run_plume(
        event=row, question=question, actor=person(request), now=received_at(request)
    ))  # fmt: skip


@require_POST
@requires("safety.manage")
def river(request: HttpRequest, number: str) -> HttpResponse:
    """Run the forecast down a river."""
    row = _allowed(request, number, "safety.manage")
    given = request.POST
    kilometre = wording.decimal(given.get("kilometre"))
    if kilometre is None:
        messages.error(request, _("请填写入河里程。"))
        return redirect("safety:event", number)
    question: dict[str, Any] = {"substance": given.get("substance", "")}
    question |= {name: wording.decimal(given.get(name)) for name in RIVER_FIELDS if given.get(name)}
    question["ice"] = bool(given.get("ice"))
    return _done(request, number, lambda: services.run_river(
        event=row, river=given.get("river", "")[:60], kilometre=kilometre, question=question, actor=person(request),
        now=received_at(request),
    ))  # fmt: skip


@require_POST
@requires("safety.view")
def again(request: HttpRequest, number: str, run: int) -> HttpResponse:
    """Compute a run again, and say whether it comes out the same."""
    row = _seen(request, number)
    found = ModelRun.objects.filter(event=row, pk=run).first()
    if found is None:
        raise Http404
    if services.compute_again(run=found):
        messages.success(request, _("复算一致：%(hash)s") % {"hash": found.sha256[:12]})
    else:
        messages.error(request, _("复算不一致：规则表或程序已变，原结果保留。"))
    return redirect("safety:event", number)


@require_POST
@requires("safety.manage")
def issue(request: HttpRequest, number: str) -> HttpResponse:
    """Issue stock to an event or take it back; a drill moves its own balance only."""
    row = _allowed(request, number, "safety.manage")
    item = StockItem.objects.filter(number=request.POST.get("stock", ""), withdrawn_at=None).first()
    kind, quantity = request.POST.get("kind", ""), wording.decimal(request.POST.get("quantity"))
    if item is None or kind not in ("issue", "return") or quantity is None:
        messages.error(request, wording.not_enough("quantity", 0))
        return redirect("safety:event", number)
    return _done(request, number, lambda: services.move(
        item=item, kind=kind, quantity=quantity, actor=person(request), at=received_at(request), event=row
    ))  # fmt: skip


@require_POST
@requires("safety.command")
def repeat(request: HttpRequest, number: str) -> HttpResponse:
    """Reset a drill, and go to its repetition."""
    row = _allowed(request, number, "safety.command")
    try:
        found = services.repeat_drill(event=row, actor=person(request), now=received_at(request))
    except Refused as refused:
        messages.error(request, wording.refusal(refused.reasons))
        return redirect("safety:event", number)
    return redirect("safety:event", found.number)


@require_GET
@requires("safety.view")
def pack(request: HttpRequest, number: str) -> HttpResponse:
    """Hand out the pack of an event; personal data only with a reason, which the audit trail keeps."""
    row = _seen(request, number)
    now = received_at(request)
    reason = request.GET.get("reason", "").strip()[:200]
    personal = bool(reason) and access.has(request.user, "access.personal", received_date(request))
    if personal:
        access_services.read_personal(
            actor=person(request), object_type="emergency-events", object_id=row.number,
            fields=("contact", "mobile", "keeper", "name"), reason=reason, at=now,
        )  # fmt: skip
    page = services.offline_pack(event=row, now=now, personal=personal)
    answer = HttpResponse(page, content_type="text/html; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="emergency-{row.pk}.html"'
    return answer


def _seen(request: HttpRequest, number: str) -> EmergencyEvent:
    found = queries.event(user=person(request), number=number, on=received_date(request))
    if found is None:
        raise Http404
    return found


def _allowed(request: HttpRequest, number: str, permission: str) -> EmergencyEvent:
    """Return an event on which a person has a permission; having it elsewhere is not enough."""
    row = _seen(request, number)
    held = record_queries.permissions_on(record=row, user=person(request), on=received_date(request))
    if permission not in held:
        raise PermissionDenied
    return row


def _done(request: HttpRequest, number: str, what: Any) -> HttpResponse:
    try:
        what()
    except Refused as refused:
        messages.error(request, wording.refusal(refused.reasons))
    except ValidationError as error:
        messages.error(request, wording.invalid(error))
    except services.Unfit as error:
        messages.error(request, wording.unfit(error.told))
    except services.NotEnough as error:
        messages.error(request, wording.not_enough(error.reason, error.left))
    else:
        messages.success(request, _("已办理。"))
    return redirect("safety:event", number)


def _actions(row: EmergencyEvent, user: Any, on: dt.date) -> list[tuple[str, str, bool]]:
    found = record_queries.available_actions(record=row, user=user, on=on)
    return [(item.code, wording.name(_as_names(item)), "reason_code" in item.needs) for item in found]


def _as_names(item: Any) -> dict[str, str]:
    return {"name_zh": item.name_zh, "name_en": item.name_en}


def _zone(
    zone: dict[str, Any], exposed: list[queries.Exposed], residents: dict[int, queries.Residents]
) -> dict[str, Any]:
    """Return a zone with who is in it; the outer one holds the inner."""
    inside = [item for item in exposed if item.zone <= zone["endpoint"]]
    return {**zone, "people": sum(item.people for item in inside), "places": len(inside),
            "residents": residents.get(zone["endpoint"])}  # fmt: skip


def _around(row: EmergencyEvent, now: dt.datetime) -> dict[str, Any]:
    """Return weather and teams near an event; nothing where it has no position."""
    if row.longitude is None or row.latitude is None:
        return {"met": None, "teams": []}
    return {
        "met": queries.met_near(longitude=row.longitude, latitude=row.latitude, now=now),
        "teams": queries.teams_near(longitude=row.longitude, latitude=row.latitude, kind=row.kind),
    }


def _of(model: Any, row: EmergencyEvent) -> list[Any]:
    rows = model.objects.filter(event_number=row.number, withdrawn_at=None)
    return list(rows.select_related("workflow").order_by("pk"))


def _link(request: HttpRequest, notice: DownstreamNotice) -> str:
    if notice.state != "sent":
        return ""
    return request.build_absolute_uri(reverse("safety:acknowledge", args=[services.token_of(notice)]))


def _found_stock(request: HttpRequest, row: EmergencyEvent, on: dt.date) -> dict[str, Any]:
    """Return the nearest sufficient stock for what was asked, or for one unit of what the kind of event needs."""
    table = tables.in_force("items", on)
    wanted = request.GET.get("item") or next(
        (item["code"] for item in table["rows"] if TERMS_OF[row.kind] in item["for"]), ""
    )
    quantity = wording.decimal(request.GET.get("quantity")) or 1.0
    offer = None
    if row.longitude is not None and row.latitude is not None and quantity > 0:
        offer = queries.nearest_stock(
            item=wanted, quantity=quantity, longitude=row.longitude, latitude=row.latitude, on=on, event=row
        )
    unit = next((item["unit"] for item in table["rows"] if item["code"] == wanted), "")
    return {"offer": offer, "item": wanted, "quantity": quantity, "unit": unit, "items": fields.items()}
