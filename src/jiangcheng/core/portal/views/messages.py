"""The message centre, a person's wishes and addresses, and the outbox as the system administrator sees it."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

from django.contrib import messages as notices
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core import manifest
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.portal import queries, services
from jiangcheng.core.portal.models import Channel, ContactPoint, Delivery, Message, QuietHours
from jiangcheng.core.portal.services import channels

PAGE = 50
OPTIONS = {"": None, "on": True, "off": False}
"""What a person says about a kind on a channel: as the kind has it, yes, no."""


@dataclasses.dataclass(frozen=True, slots=True)
class KindOption:
    """A kind of message in a filter."""

    code: str
    name: str
    unread: int


@dataclasses.dataclass(frozen=True, slots=True)
class MessageRow:
    """A message in the language of the page."""

    message: Message
    kind: str
    text: str
    body: str


@dataclasses.dataclass(frozen=True, slots=True)
class WishCell:
    """What the person has chosen for one kind on one channel: ``on``, ``off`` or empty."""

    field: str
    channel: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class WishRow:
    """One kind of message with its channels."""

    name: str
    outside: bool
    cells: list[WishCell]


@require_http_methods(["GET", "POST"])
@access.requires("portal.view")
def message_list(request: HttpRequest) -> HttpResponse:
    """A person's messages, unread first; a POST marks all of them read."""
    user = access.person(request)
    if request.method == "POST":
        count = services.mark_read(user=user, at=access.received_at(request))
        told = ngettext("%(count)d 条消息已标为已读。", "%(count)d 条消息已标为已读。", count)
        notices.success(request, told % {"count": count})
        return redirect("portal:messages")
    kind, unread = request.GET.get("kind", ""), request.GET.get("unread") == "1"
    found = queries.messages(user=user, kind=kind, unread=unread)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [_message_row(one) for one in page],
        "kinds": _kind_options(user),
        "kind": kind,
        "unread": unread,
    }
    return render(request, "portal/messages.html", context)


@require_POST
@access.requires("portal.view")
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    """Read, open or acknowledge one of the own messages (``action``)."""
    found = get_object_or_404(Message, pk=message_id, user=access.person(request))
    at, action = access.received_at(request), request.POST.get("action", "")
    if action == "acknowledge":
        services.acknowledge(message=found, at=at)
    elif action in ("read", "open"):
        services.mark_read(user=found.user, at=at, ids=[found.pk])
    else:
        return HttpResponseBadRequest()
    return redirect(found.url if action == "open" and found.url else "portal:messages")


@require_GET
@access.requires("portal.view")
def bell(request: HttpRequest) -> HttpResponse:
    """The bell of the top bar with the number of unread messages."""
    return render(request, "portal/_bell.html")


@require_http_methods(["GET", "POST"])
@access.requires("portal.view")
def wishes(request: HttpRequest) -> HttpResponse:
    """Which messages reach the person where and when; a POST keeps the form or adds an address."""
    user, at = access.person(request), access.received_at(request)
    if request.method == "POST":
        if request.POST.get("action") == "add":
            _add_contact(request, user, at)
        else:
            _keep_wishes(request, user, at)
        return redirect("portal:wishes")
    contacts = [
        (point, channels.webhook_secret(point.pk, point.address) if point.channel == "webhook" else "")
        for point in queries.contact_points(user=user)
    ]
    context = {
        "rows": _wish_rows(user),
        "channels": [(code, name, channels.is_configured(code)) for code, name in Channel.choices],
        "contacts": contacts,
        "robots": sorted(channels.configured("chat_robots") or {}),
        "quiet": QuietHours.objects.filter(user=user).first(),
    }
    return render(request, "portal/wishes.html", context)


@require_POST
@access.requires("portal.view")
def contact(request: HttpRequest, contact_id: int) -> HttpResponse:
    """Verify one of the own addresses, have a new code sent to it, or end it (``action``)."""
    found = get_object_or_404(ContactPoint, pk=contact_id, user=access.person(request), ended_at=None)
    at, action = access.received_at(request), request.POST.get("action", "")
    try:
        if action == "verify":
            services.verify_contact(contact=found, code=request.POST.get("code", ""), at=at)
            notices.success(request, _("地址已验证，今后的通知会发到这里。"))
        elif action == "code":
            services.send_code(contact=found, at=at)
            notices.success(request, _("新的验证码已发出。"))
        elif action == "end":
            services.end_contact(contact=found, at=at)
            notices.success(request, _("地址已停用。"))
        else:
            return HttpResponseBadRequest()
    except services.ContactRefused as refused:
        notices.error(request, _refusal(refused.reason))
    return redirect("portal:wishes")


@require_GET
@access.requires("portal.deliveries")
def delivery_list(request: HttpRequest) -> HttpResponse:
    """The outbox: what waits, what arrived, what was given up and why; without addresses or texts."""
    state, channel = request.GET.get("state", ""), request.GET.get("channel", "")
    counts = queries.delivery_counts()
    found = queries.deliveries(state=state, channel=channel)
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": [(one, kind_name(one.message.kind) if one.message else _("地址验证码")) for one in page],
        "states": [(code, name, counts.get(code, 0)) for code, name in Delivery.State.choices],
        "channels": Channel.choices,
        "state": state,
        "channel": channel,
        "retriable": (Delivery.State.FAILED, Delivery.State.NOT_CONFIGURED),
        "not_configured": [name for code, name in Channel.choices if not channels.is_configured(code)],
    }
    return render(request, "portal/deliveries.html", context)


@require_POST
@access.requires("portal.deliveries")
def delivery(request: HttpRequest, delivery_id: uuid.UUID) -> HttpResponse:
    """Try a delivery again that was given up."""
    found = get_object_or_404(Delivery, pk=delivery_id)
    try:
        services.retry(delivery=found, actor=access.person(request), at=access.received_at(request))
    except services.NotRetriable:
        notices.error(request, _("这条通知正在发送或已送出，不需要重试。"))
    else:
        notices.success(request, _("已放回发件箱，稍后重试。"))
    return redirect("portal:deliveries")


def _kind_options(user: User) -> list[KindOption]:
    return [KindOption(code, kind_name(code), unread) for code, unread in queries.message_kinds(user=user)]


def _message_row(message: Message) -> MessageRow:
    if (get_language() or "").startswith("zh"):
        return MessageRow(message, kind_name(message.kind), message.text_zh, message.body_zh)
    return MessageRow(message, kind_name(message.kind), message.text_en, message.body_en)


def kind_name(code: str) -> str:
    """Return what a kind of message is called in the language of the page."""
    kind = manifest.manifests.notification_kinds().get(code)
    return kind.names.in_language(get_language() or "") if kind else code


def _wish_rows(user: User) -> list[WishRow]:
    chosen = queries.preferences(user=user)
    words = {None: "", True: "on", False: "off"}
    return [
        WishRow(
            name=kind_name(code),
            outside=kind.outside,
            cells=[
                WishCell(f"{code} {channel}", str(name), words[chosen.get((code, channel))])
                for channel, name in Channel.choices
            ],
        )
        for code, kind in manifest.manifests.notification_kinds().items()
    ]


def _keep_wishes(request: HttpRequest, user: User, at: dt.datetime) -> None:
    try:
        quiet = _quiet_hours(request)
    except ValueError:
        notices.error(request, _("免打扰时段要同时填写开始和结束，且不能相同。"))
        return
    wanted = {
        (code, channel): OPTIONS.get(request.POST.get(f"{code} {channel}", ""))
        for code in manifest.manifests.notification_kinds()
        for channel in Channel.values
    }
    services.set_wishes(user=user, wanted=wanted, quiet=quiet, at=at)
    notices.success(request, _("设置已保存。"))


def _quiet_hours(request: HttpRequest) -> tuple[dt.time, dt.time] | None:
    """Return the quiet hours of the form.

    Raises
    ------
    ValueError
        If one of the two times is missing or no time, or they are the same.
    """
    start, end = request.POST.get("quiet_start", ""), request.POST.get("quiet_end", "")
    if not start and not end:
        return None
    hours = dt.time.fromisoformat(start), dt.time.fromisoformat(end)
    if hours[0] == hours[1] or any(time.tzinfo for time in hours):
        raise ValueError("quiet hours")
    return hours


def _add_contact(request: HttpRequest, user: User, at: dt.datetime) -> None:
    channel = request.POST.get("channel", "")
    try:
        added = services.add_contact(
            user=user, channel=channel, address=request.POST.get("address", ""), at=at
        )
    except services.ContactRefused as refused:
        notices.error(request, _refusal(refused.reason))
        return
    if added.verified_at:
        notices.success(request, _("地址已添加。"))
    else:
        notices.success(request, _("验证码正在发往这个地址，请在下方填写。"))


def _refusal(reason: str) -> str:
    return {
        "address": _("这个地址不能用于所选渠道。请核对格式；Webhook 地址须在管理员配置的允许范围内。"),
        "known": _("这个地址已经在用。"),
        "early": _("刚刚发过验证码，请稍等一分钟再试。"),
        "expired": _("验证码已过期或尝试次数过多，请重新获取。"),
        "code": _("验证码不对，请核对后重试。"),
    }[reason]
