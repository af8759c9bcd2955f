"""The life of an emergency: report, level, response with its orders, notices, releases; and drills in a sandbox."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.portal import services as portal
from jiangcheng.core.records import queries as record_queries
from jiangcheng.core.records import services as records
from jiangcheng.modules.safety import queries
from jiangcheng.modules.safety.models import (
    DownstreamNotice,
    EmergencyEvent,
    EmergencyOrder,
    EventRelease,
    Partner,
    PlanCard,
)
from jiangcheng.modules.safety.rules import clocks
from jiangcheng.modules.safety.services.log import note

COPIED = (
    "name_zh", "kind", "reporter", "place", "region", "facility", "longitude", "latitude", "cause", "substance",
    "released_kg", "deaths", "hurt", "evacuated", "loss", "intake", "lost_class", "crossing",
)  # fmt: skip
"""What the repetition of a drill begins with."""
DRILL = "演练"


def report(
    *, values: Mapping[str, Any], actor: User | None, now: dt.datetime, drill: bool = False
) -> EmergencyEvent:
    """Take the report of an event, or begin a drill.

    Raises
    ------
    django.core.exceptions.ValidationError
        If a value is refused; the message is by field.
    """
    with transaction.atomic():
        row = records.create(
            register="emergency-events", values={**values, "drill": drill}, actor=actor, at=now,
            number=_drill_number(now) if drill else "",
        )  # fmt: skip
        assert isinstance(row, EmergencyEvent)
        note(event=row, kind="step", text=f"接报：{row.name_zh}", actor=actor, at=now)
        _tell(
            row,
            "接报突发环境事件，请核实研判",
            "Emergency reported, verify and judge it",
            "safety.manage",
            actor,
            now,
        )
        return _timed(row, now)


def judged(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the step that judges an event: it has a level from now on."""
    event = _event(record_number)
    grade = str(details["reason_code"])
    records.change(record=event, values={"level": grade}, actor=actor, at=now, reason="研判")
    asked, reasons = queries.asked_level(event=event, on=timezone.localdate(now))
    told = f"研判为 {grade} 级：{text}"
    if asked != grade:
        told += f"（按后果计算为 {asked} 级：{'、'.join(reasons) or '—'}）"
    note(event=event, kind="step", text=told, actor=actor, at=now)
    _tell(event, f"已研判为 {grade} 级，请决定是否启动响应", f"Judged level {grade}, decide on the response",
          "safety.command", actor, now)  # fmt: skip
    _timed(event, now)


def responded(*, record_number: str, actor: User, now: dt.datetime, text: str, **_more: Any) -> None:
    """Answer the step that starts the response: the plan cards of the level become orders."""
    event = _event(record_number)
    note(event=event, kind="step", text=f"启动 {event.level} 级响应：{text}", actor=actor, at=now)
    _issue_cards(event, actor, now)
    _timed(event, now)


def regraded(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer a step that raises or lowers the level; when it rises, further cards become orders.

    Raises
    ------
    Refused
        If the level named is not graver (less grave) than the present one.
    """
    event = _event(record_number)
    grade, before = str(details["reason_code"]), event.level
    rises = queries.last_action(event=event) != "downgrade"
    if grade == before or clocks.is_graver(grade, before) != rises:
        raise Refused(_("升级要选更高的级别，降级要选更低的级别。"))
    records.change(
        record=event, values={"level": grade}, actor=actor, at=now, reason="升级" if rises else "降级"
    )
    told = f"{'升级' if rises else '降级'}：{before} → {grade}。{text}"
    note(event=event, kind="step", text=told, actor=actor, at=now)
    if rises and event.state in ("responding", "monitoring"):
        _issue_cards(event, actor, now)
    _timed(event, now)


def went_on(*, record_number: str, actor: User, now: dt.datetime, text: str, **_more: Any) -> None:
    """Answer a step that needs nothing but its line in the log."""
    event = _event(record_number)
    definition = event.workflow.definition if event.workflow else {"states": []}
    name = next(
        (item["name_zh"] for item in definition["states"] if item["code"] == event.state), event.state
    )
    note(event=event, kind="step", text=f"{name}：{text}", actor=actor, at=now)
    _timed(event, now)


def ended(*, record_number: str, actor: User, now: dt.datetime, text: str, **_more: Any) -> None:
    """Answer the step that ends the response.

    Raises
    ------
    Refused
        If an order was not acknowledged or a notice got no answer.
    """
    event = _event(record_number)
    if any(order.state == "sent" for order in queries.orders_of(event=event)):
        raise Refused(_("还有指令没有签收：请催办或撤回后再终止响应。"))
    open_notices = DownstreamNotice.objects.filter(event_number=event.number, withdrawn_at=None, state="sent")
    if open_notices.exists():
        raise Refused(_("还有上下游通报没有签收。"))
    note(event=event, kind="step", text=f"终止响应：{text}", actor=actor, at=now)
    _timed(event, now)


def send_order(
    *, event: EmergencyEvent, title: str, text: str, department: str, minutes: int, actor: User, now: dt.datetime,
    handler: User | None = None, card: PlanCard | None = None,
) -> EmergencyOrder:  # fmt: skip
    """Give an order, and tell who has to acknowledge it; in a drill nothing leaves the house.

    Raises
    ------
    Refused
        ``state`` where the event is over.
    django.core.exceptions.ValidationError
        If a value is refused.
    """
    _running(event)
    mark_zh, mark_en = _marks(event)
    with transaction.atomic():
        values: dict[str, Any] = {
            "event_number": event.number, "drill": event.drill, "title": title, "text": text,
            "department": department, "answer_by": now + dt.timedelta(minutes=minutes), "region": event.region,
            "card_number": card.number if card else "",
        }  # fmt: skip
        if handler is not None:
            values["handler"] = handler
        order = records.issue(
            register="emergency-orders", values=values, actor=actor, at=now, url="/safety/orders",
            number=_part_number(event, "ZL", EmergencyOrder),
            telling=records.Telling(
                kind="safety.order", permission="safety.act", text_zh=f"{mark_zh}应急指令：{title}（{department}）",
                text_en=f"{mark_en}Emergency order: {title} ({department})", body=text, sandbox=event.drill,
            ),
        )  # fmt: skip
        assert isinstance(order, EmergencyOrder)
        note(event=event, kind="order", text=f"下达 {order.number} {title} → {department}，{minutes} 分钟",
             actor=actor, at=now)  # fmt: skip
    return order


def order_moved(*, record_number: str, actor: User, now: dt.datetime, text: str, **_more: Any) -> None:
    """Answer a step of an order: the log of its event says so.

    Raises
    ------
    Refused
        ``is_handler`` where it is addressed to somebody else.
    """
    order = EmergencyOrder.objects.get(number=record_number)
    if order.handler_id is not None and order.state != "cancelled" and order.handler_id != actor.pk:
        raise Refused("is_handler")
    words = {"acknowledged": "签收", "done": "办结", "cancelled": "撤回"}[order.state]
    told = f"{words} {order.number} {order.title}" + (f"：{text}" if text else "")
    note(event=_event(order.event_number), kind="order", text=told, actor=actor, at=now)


def send_notice(
    *, event: EmergencyEvent, partner: Partner, text: str, actor: User, now: dt.datetime
) -> DownstreamNotice:
    """Send a notice to a partner; it has to be acknowledged within the minutes of the level.

    Raises
    ------
    Refused
        ``state`` where the event is over, ``text_required`` without a text.
    """
    _running(event)
    if not text.strip():
        raise Refused("text_required")
    mark, _en = _marks(event)
    with transaction.atomic():
        values = {
            "event_number": event.number, "drill": event.drill, "partner_number": partner.number,
            "partner": partner.name_zh, "text": mark + text.strip(), "region": event.region,
            "answer_by": clocks.notice_due(event.level, now),
        }  # fmt: skip
        row = records.create(
            register="downstream-notices", values=values, actor=actor, at=now,
            number=_part_number(event, "TB", DownstreamNotice),
        )  # fmt: skip
        assert isinstance(row, DownstreamNotice)
        note(event=event, kind="notice", text=f"通报 {partner.name_zh}（{row.number}）", actor=actor, at=now)
    return row


def notice_moved(*, record_number: str, actor: User, now: dt.datetime, text: str, **_more: Any) -> None:
    """Answer a step of a notice: the log of its event says so."""
    row = DownstreamNotice.objects.get(number=record_number)
    words = "已签收" if row.state == "acknowledged" else "撤回"
    note(
        event=_event(row.event_number),
        kind="notice",
        text=f"{row.partner} {words}：{text}",
        actor=actor,
        at=now,
    )


def acknowledge_notice(*, notice: DownstreamNotice, name: str, now: dt.datetime) -> None:
    """Note that a partner acknowledged a notice by its link; the log says who.

    Raises
    ------
    Refused
        ``text_required`` without a name, ``state`` where it was acknowledged already.
    """
    told = name.strip()[:60]
    if not told:
        raise Refused("text_required")
    with transaction.atomic():
        locked = DownstreamNotice.objects.select_for_update(of=("self",)).get(pk=notice.pk)
        if locked.state != "sent" or locked.withdrawn_at is not None:
            raise Refused("state")
        before, locked.state, locked.state_at, locked.closed_at = locked.state, "acknowledged", now, now
        locked.due_at = None
        locked.save()
        declared = record_queries.register_of(locked)
        records.write_step(declared, locked, "acknowledge", before, None, now, text=f"联防单位签收：{told}")
        note(event=_event(locked.event_number), kind="notice", text=f"{locked.partner} 已签收（链接）：{told}",
             actor=None, at=now)  # fmt: skip
    notice.refresh_from_db()


def release(
    *, event: EmergencyEvent, kind: str, addressee: str, text: str, actor: User, now: dt.datetime
) -> EventRelease:
    """Keep what was reported upward or told the public.

    Raises
    ------
    Refused
        ``text_required`` without a text or an addressee.
    django.core.exceptions.ValidationError
        If the kind is none.
    """
    if not text.strip() or not addressee.strip():
        raise Refused("text_required")
    mark, _en = _marks(event)
    with transaction.atomic():
        values = {
            "event_number": event.number, "drill": event.drill, "kind": kind, "addressee": addressee.strip()[:120],
            "text": mark + text.strip(), "sent_at": now, "region": event.region,
        }  # fmt: skip
        row = records.create(
            register="event-releases", values=values, actor=actor, at=now,
            number=_part_number(event, "XB", EventRelease),
        )  # fmt: skip
        assert isinstance(row, EventRelease)
        note(
            event=event,
            kind="release",
            text=f"{row.get_kind_display()} → {row.addressee}",
            actor=actor,
            at=now,
        )
        _timed(event, now)
    return row


def repeat_drill(*, event: EmergencyEvent, actor: User, now: dt.datetime) -> EmergencyEvent:
    """Reset a drill: what it left is withdrawn, and it begins again as it began.

    Raises
    ------
    Refused
        If it is no drill, or was reset already.
    """
    if not event.drill:
        raise Refused(_("只有演练可以重置。"))
    if event.withdrawn_at is not None:
        raise Refused("withdrawn")
    with transaction.atomic():
        values = {name: getattr(event, name) for name in COPIED}
        for model in (EmergencyOrder, DownstreamNotice, EventRelease):
            for row in model.objects.filter(event_number=event.number, withdrawn_at=None):
                records.withdraw(record=row, actor=actor, at=now, reason="演练重置")
        note(event=event, kind="step", text="演练重置", actor=actor, at=now)
        records.withdraw(record=event, actor=actor, at=now, reason="演练重置")
        return report(
            values={**values, "received_at": now, "repeat_of": event.number}, actor=actor, now=now, drill=True
        )


def _issue_cards(event: EmergencyEvent, actor: User, now: dt.datetime) -> None:
    held = {order.card_number for order in queries.orders_of(event=event) if order.state != "cancelled"}
    for card in queries.cards_for(event=event):
        if card.number not in held:
            send_order(
                event=event, title=card.title, text=card.text, department=card.department, minutes=card.minutes,
                actor=actor, now=now, card=card,
            )  # fmt: skip


def _event(number: str) -> EmergencyEvent:
    return EmergencyEvent.objects.select_related("region", "facility", "workflow").get(number=number)


def _running(event: EmergencyEvent) -> None:
    if event.closed_at is not None or event.withdrawn_at is not None:
        raise Refused("state")


def _marks(event: EmergencyEvent) -> tuple[str, str]:
    return (f"【{DRILL}】", "[Drill] ") if event.drill else ("", "")


def _timed(event: EmergencyEvent, now: dt.datetime) -> EmergencyEvent:
    """Let the row show the end of the nearest clock that runs; none in a drill."""
    running = [c.due_at for c in queries.clocks(event=event, now=now) if c.due_at and c.done_at is None]
    wanted = None if event.drill or event.closed_at is not None else min(running, default=None)
    if wanted != event.due_at:
        records.change(record=event, values={"due_at": wanted}, actor=None, at=now, reason="时限")
    return event


def _tell(
    event: EmergencyEvent, zh: str, en: str, permission: str, actor: User | None, now: dt.datetime
) -> None:
    mark_zh, mark_en = _marks(event)
    portal.notify_permission(
        permission, event.region.code if event.region else "", "", kind="safety.event",
        text_zh=f"{mark_zh}{zh}：{event.name_zh}"[:200], text_en=f"{mark_en}{en}: {event.name_zh}"[:200],
        url=f"/safety/events/{event.number}", at=now, severity=2 if event.drill else 4, due_at=event.due_at,
        number=event.number, but=[actor] if actor else [], inside_only=event.drill,
    )  # fmt: skip


def _drill_number(now: dt.datetime) -> str:
    base = f"{DRILL}-{timezone.localtime(now):%Y%m%d-%H%M%S}"
    taken = EmergencyEvent.objects.filter(number__startswith=base).count()
    return f"{base}-{taken + 1}" if taken else base


def _part_number(event: EmergencyEvent, prefix: str, model: Any) -> str:
    """Return the number of an order, notice or release of a drill: it says that it is one; empty otherwise."""
    if not event.drill:
        return ""
    return f"{event.number}-{prefix}{model.objects.filter(event_number=event.number).count() + 1:02d}"
