"""The operator's pages: who is on the line, what could not be taken in, each device, and orders for them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.registry.models import Device
from jiangcheng.gateway import catalogue, devices, dialects, queries, storage
from jiangcheng.gateway import orders as control_orders
from jiangcheng.gateway.models import ControlOrder, DeviceAccess
from jiangcheng.hj212 import FAULTS

PAGE = 50
REASONS = {
    "permission": gettext_lazy("您没有在这个区划办理的权限。"),
    "same_person": gettext_lazy("申请人不能批准自己的命令，请由另一人办理。"),
    "state": gettext_lazy("命令的状态已经改变，请刷新页面。"),
    "command": gettext_lazy("没有这个命令。"),
    "values": gettext_lazy("有参数不符合要求，请检查。"),
}
RULES = {
    "required": gettext_lazy("必填"),
    "integer": gettext_lazy("须为整数"),
    "range": gettext_lazy("超出允许范围"),
    "choices": gettext_lazy("不是允许的取值"),
    "form": gettext_lazy("格式不符"),
    "time": gettext_lazy("不是有效的时间"),
    "order": gettext_lazy("早于开始时间"),
    "future": gettext_lazy("晚于现在"),
    "span": gettext_lazy("时间跨度过长"),
}
RESULTS = {
    "no_line": gettext_lazy("时限内设备没有上线"),
    "unanswered": gettext_lazy("现场机没有应答"),
    "edition": gettext_lazy("设备所用的标准版本没有这个命令"),
    "unwritable": gettext_lazy("参数不能写成报文"),
}


@access.requires("gateway.view")
def status(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "gateway/status.html", _context(request))


@access.requires("gateway.view")
def live(request: HttpRequest) -> HttpResponse:
    """The part of the page that is fetched again every few seconds."""
    return render(request, "gateway/_status.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    now = datetime.now(UTC)
    scope = access_queries.scope(request.user, "gateway.view", access.received_date(request))
    journal = storage.open_journal()
    try:
        return {
            "now": now,
            # What has no station lies in no area: it is shown to those who watch the whole city.
            "area_only": not scope.everything,
            "gateways": queries.gateways(now=now),
            "unregistered": queries.unregistered(limit=50),
            "faults": queries.faults(journal=journal, limit=30),
            "rejects": queries.rejects(limit=50),
            "devices": queries.devices(user=request.user, now=now, limit=50),
            "foreign": _foreign(request, now),
            "backlog": queries.backlog(journal=journal),
            "size": journal.size(),
        }
    finally:
        journal.close()


# --- devices ------------------------------------------------------------------------------------------------


def _device(request: HttpRequest, mn: str) -> Device:
    found = queries.visible_devices(user=request.user, now=access.received_at(request))
    return get_object_or_404(found, mn=mn)


def _may(request: HttpRequest, device: Device, permission: str) -> bool:
    return control_orders.may(
        device=device, user=request.user, permission=permission, on=access.received_date(request)
    )


def _commands(request: HttpRequest) -> dict[str, catalogue.Command]:
    return dict(catalogue.catalogue(access.received_date(request)).commands)


@require_GET
@access.requires("gateway.view")
def device(request: HttpRequest, mn: str) -> HttpResponse:
    """Show one device: when it was heard, how it is let in, what may be ordered, what was."""
    return _device_page(request, _device(request, mn))


def _device_page(request: HttpRequest, found: Device, *, new_token: str = "") -> HttpResponse:
    now = access.received_at(request)
    context = {
        "device": found,
        "now": now,
        "seen": queries.seen(found, now),
        "policies": DeviceAccess.Policy.choices,
        "policy": queries.policy(found, access.received_date(request)),
        "commands": _commands(request).values(),
        "orders": _named(request, queries.orders(user=request.user, now=now).filter(device=found)[:20]),
        "may_control": _may(request, found, control_orders.CONTROL),
        "may_manage": _may(request, found, devices.MANAGE),
        "tokens": found.tokens.filter(revoked_at=None, expires_at__gt=now).order_by("-created_at"),
        "keys": found.keys.filter(retired_at=None).order_by("-created_at", "-pk"),
        "new_token": new_token,
        **_speech(found),
    }
    return render(request, "gateway/device.html", context)


def _speech(device: Device) -> dict[str, Any]:
    found = queries.speech(device)
    english = _english()
    deviations = [
        {"row": row, "name": (FAULTS[row.code].en if english else FAULTS[row.code].zh)}
        for row in found["deviations"]
        if row.code in FAULTS
    ]
    checks = [{"row": row, "name": _check_name(row.code)} for row in found["checks"]]
    row = found["dialect"]
    return {
        "dialect": row,
        "usual": _check_name(row.usual) if row is not None and row.usual else "",
        "before": _check_name(row.before) if row is not None and row.before else "",
        "checks": checks,
        "deviations": deviations,
    }


def _check_name(code: str) -> str:
    return dialects.names([code], english=_english())[code]


def _foreign(request: HttpRequest, now: datetime) -> list[dict[str, Any]]:
    rows = []
    for row in queries.foreign_speakers(user=request.user, now=now, limit=50):
        counts = {trait.code: trait for trait in row.device.traits.all() if trait.aspect == "check"}
        rows.append(
            {
                "row": row,
                "usual": _check_name(row.usual),
                "before": _check_name(row.before) if row.before else "",
                "trait": counts.get(row.usual),
            }
        )
    return rows


def _english() -> bool:
    return (get_language() or "").startswith("en")


@require_GET
@access.requires("gateway.view")
def facility_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the devices of a plant: when each was heard, and the way to its page."""
    found = queries.facility_devices(code=code, user=request.user, now=access.received_at(request))
    return render(request, "gateway/card_devices.html", {"rows": found})


@require_POST
@access.requires("gateway.manage")
def make_token(request: HttpRequest, mn: str) -> HttpResponse:
    """Make a token and show it, this once."""
    found, now = _device(request, mn), access.received_at(request)
    try:
        text = devices.make_token(
            device=found, name=request.POST.get("name", ""), actor=access.person(request), now=now
        )
    except devices.Refused as error:
        messages.error(request, REFUSED[error.reason])
        return redirect("gateway:device", mn)
    return _device_page(request, found, new_token=text)


@require_POST
@access.requires("gateway.manage")
def revoke_token(request: HttpRequest, mn: str, pk: int) -> HttpResponse:
    """Take a token back."""
    found = _device(request, mn)
    token = get_object_or_404(found.tokens, pk=pk)
    try:
        devices.revoke_token(token=token, actor=access.person(request), now=access.received_at(request))
    except devices.Refused as error:
        messages.error(request, REFUSED[error.reason])
    else:
        messages.success(request, _("令牌已撤销。"))
    return redirect("gateway:device", mn)


@require_POST
@access.requires("gateway.manage")
def change_access(request: HttpRequest, mn: str) -> HttpResponse:
    """Set the password a device has to show, and what follows from a wrong one."""
    found = _device(request, mn)
    try:
        devices.set_access(
            device=found,
            policy=request.POST.get("policy", ""),
            password=request.POST.get("password", ""),
            actor=access.person(request),
            now=access.received_at(request),
        )
    except devices.Refused as error:
        messages.error(request, REFUSED[error.reason])
    else:
        messages.success(request, _("已保存。最迟半分钟后生效。"))
    return redirect("gateway:device", mn)


REFUSED = {
    "permission": REASONS["permission"],
    "policy": gettext_lazy("请选择处理方式。"),
    "password": gettext_lazy("密码应为 1 至 24 个字符，不含分号、逗号、等号和 &。"),
    "key": gettext_lazy("密钥应为 32 个十六进制字符（128 位）。"),
    "name": gettext_lazy("请填写令牌名称。"),
    "too_many": gettext_lazy("这台设备的令牌已达上限，请先撤销不用的。"),
}


@require_POST
@access.requires("gateway.manage")
def change_key(request: HttpRequest, mn: str) -> HttpResponse:
    """Give a device a key for SM4, or retire its keys."""
    found, actor, now = _device(request, mn), access.person(request), access.received_at(request)
    try:
        if request.POST.get("retire") == "on":
            devices.retire_keys(device=found, actor=actor, now=now)
        else:
            devices.set_key(device=found, text=request.POST.get("key", ""), actor=actor, now=now)
    except devices.Refused as error:
        messages.error(request, REFUSED[error.reason])
    else:
        messages.success(request, _("已保存。最迟半分钟后生效。"))
    return redirect("gateway:device", mn)


# --- orders -------------------------------------------------------------------------------------------------


def _named(request: HttpRequest, found: Any) -> list[dict[str, Any]]:
    """Return orders with the names a person reads."""
    commands = _commands(request)
    english = _english()
    rows = []
    for item in found:
        command = commands.get(item.command)
        name = (command.en if english else command.zh) if command else item.command
        rows.append({"order": item, "name": name, "result": RESULTS.get(item.result, item.result)})
    return rows


@require_GET
@access.requires("gateway.view")
def orders(request: HttpRequest) -> HttpResponse:
    """List the orders of the reader's area."""
    found = queries.orders(user=request.user, now=access.received_at(request))
    state = request.GET.get("state", "")
    if state in ControlOrder.State.values:
        found = found.filter(state=state)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": _named(request, page),
        "states": ControlOrder.State.choices,
        "state": state,
    }
    return render(request, "gateway/orders.html", context)


@require_http_methods(["GET", "POST"])
@access.requires("gateway.control")
def new_order(request: HttpRequest, mn: str, command: str) -> HttpResponse:
    """Ask for a command."""
    found = _device(request, mn)
    wanted = _commands(request).get(command)
    if wanted is None:
        messages.error(request, REASONS["command"])
        return redirect("gateway:device", mn)
    wrong: dict[str, Any] = {}
    if request.method == "POST":
        try:
            made = control_orders.ask(
                device=found,
                command=command,
                values={one.name: request.POST.get(one.name, "")[:100] for one in wanted.parameters},
                reason=request.POST.get("reason", ""),
                actor=access.person(request),
                now=access.received_at(request),
            )
            messages.success(request, _("已提交，请另一位有批准权限的人员批准。"))
            return redirect("gateway:order", made.pk)
        except control_orders.OrderRefused as error:
            messages.error(request, REASONS[error.reason])
            wrong = {one.field: RULES[one.rule] for one in error.wrong}
    fields = [
        {"parameter": one, "value": request.POST.get(one.name, ""), "wrong": wrong.get(one.name, "")}
        for one in wanted.parameters
    ]
    context = {
        "device": found,
        "command": wanted,
        "fields": fields,
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "gateway/new_order.html", context, status=422 if wrong else 200)


@require_GET
@access.requires("gateway.view")
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """Show one order and everything that happened to it."""
    now = access.received_at(request)
    found = get_object_or_404(queries.orders(user=request.user, now=now), pk=pk)
    approve = _may(request, found.device, control_orders.APPROVE)
    own = found.asked_by_id == access.person(request).pk
    open_states = (ControlOrder.State.ASKED, ControlOrder.State.APPROVED)
    (row,) = _named(request, [found])
    context = {
        **row,
        "steps": found.steps.select_related("actor"),
        "may_decide": approve and not own and found.state == ControlOrder.State.ASKED,
        "may_cancel": (approve or own) and found.state in open_states,
        "own": own and found.state == ControlOrder.State.ASKED,
        "moving": found.state in control_orders.STEPS and found.state != ControlOrder.State.ASKED,
    }
    part = request.headers.get("HX-Request") == "true"
    return render(request, "gateway/_order.html" if part else "gateway/order.html", context)


@require_POST
@access.requires("gateway.view")
def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve, refuse or take back an order; who may is decided where it is done."""
    now, actor = access.received_at(request), access.person(request)
    found = get_object_or_404(queries.orders(user=actor, now=now), pk=pk)
    act = request.POST.get("act", "")
    try:
        if act == "cancel":
            control_orders.cancel(order=found, actor=actor, now=now)
        elif act in ("approve", "refuse"):
            control_orders.decide(
                order=found,
                approve=act == "approve",
                actor=actor,
                now=now,
                reason=request.POST.get("reason", ""),
            )
    except control_orders.OrderRefused as error:
        messages.error(request, REASONS[error.reason])
    return redirect("gateway:order", pk)
