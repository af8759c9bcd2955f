"""Events, their clocks and orders, what waits for a person, and what the statistics count."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import ToDo, manifests
from jiangcheng.core.records import queries as records
from jiangcheng.core.records.models import RecordStep
from jiangcheng.modules.safety.models import (
    EmergencyEvent,
    EmergencyOrder,
    EventEntry,
    EventRelease,
    PlanCard,
    RiskHazard,
)
from jiangcheng.modules.safety.rules import clocks as limits

EVENTS, ORDERS = "emergency-events", "emergency-orders"
CLOSED = ("evaluated", "dismissed")
MOST = 50


def events(*, user: User, on: dt.date) -> QuerySet[EmergencyEvent]:
    """Return the events a person may see, drills among them, newest first."""
    return records.visible(register=EVENTS, user=user, on=on).filter(withdrawn_at=None)


def event(*, user: User, number: str, on: dt.date) -> EmergencyEvent | None:
    """Return an event a person may see, or None; a drill that was reset stays readable."""
    rows: QuerySet[EmergencyEvent] = records.visible(register=EVENTS, user=user, on=on)
    return rows.filter(number=number).first()


def orders_of(*, event: EmergencyEvent) -> list[EmergencyOrder]:
    """Return the orders of an event in the order of their issue."""
    rows = EmergencyOrder.objects.filter(event_number=event.number, withdrawn_at=None)
    return list(rows.select_related("handler", "workflow").order_by("pk"))


def orders(*, user: User, on: dt.date) -> QuerySet[EmergencyOrder]:
    """Return the unfinished orders a person may acknowledge or carry out."""
    rows = records.visible(register=ORDERS, user=user, on=on).filter(withdrawn_at=None, closed_at=None)
    return rows.order_by("state", "answer_by")


def order_counts(*, numbers: Iterable[str]) -> dict[str, Counter[str]]:
    """Return for each event how many orders are in which state."""
    found: dict[str, Counter[str]] = {}
    rows = EmergencyOrder.objects.filter(event_number__in=list(numbers), withdrawn_at=None)
    for number, state in rows.values_list("event_number", "state"):
        found.setdefault(number, Counter())[state] += 1
    return found


def entries(*, event: EmergencyEvent) -> QuerySet[EventEntry]:
    """Return the log of an event, oldest first."""
    return event.entries.select_related("actor").order_by("sequence")


def cards_for(*, event: EmergencyEvent) -> list[PlanCard]:
    """Return the plan cards that the kind and level of an event ask for, in the order of the phases."""
    if not event.level:
        return []
    rows = PlanCard.objects.filter(kind=event.kind, withdrawn_at=None).order_by("minutes", "pk")
    return [row for row in rows if not limits.is_graver(row.level, event.level)]


def clocks(*, event: EmergencyEvent, now: dt.datetime) -> list[limits.Clock]:
    """Return the clocks of an event."""
    return limits.clocks(event.level, stamps([event])[event.number], now)


def stamps(rows: Iterable[EmergencyEvent]) -> dict[str, dict[str, dt.datetime]]:
    """Return for each event when each step was first taken and each kind of report first sent."""
    found = {row.number: {"received": row.received_at} for row in rows}
    steps = RecordStep.objects.filter(register=EVENTS, number__in=found).order_by("sequence")
    for number, action, at in steps.values_list("number", "action", "at"):
        found[number].setdefault(action, at)
    sent = EventRelease.objects.filter(event_number__in=found, withdrawn_at=None).order_by("sent_at")
    for number, kind, at in sent.values_list("event_number", "kind", "sent_at"):
        found[number].setdefault(f"release:{kind}", at)
    return found


def asked_level(*, event: EmergencyEvent, on: dt.date) -> tuple[str, tuple[str, ...]]:
    """Return the level that the consequences entered so far ask for, and which of them do."""
    names = ("deaths", "hurt", "evacuated", "loss", "intake", "crossing")
    told = {**{name: getattr(event, name) for name in names}, "radiation": event.lost_class}
    return limits.level(told, on)


def last_action(*, event: EmergencyEvent) -> str:
    """Return the action of the step of an event that was taken last."""
    steps = RecordStep.objects.filter(register=EVENTS, number=event.number).order_by("-sequence")
    return str(steps.values_list("action", flat=True).first() or "")


def active_responses(*, at: dt.datetime) -> list[dict[str, Any]]:
    """Return the responses that other rooms run, e.g. to heavy pollution."""
    gathered = manifests.gather("response.active", at=at)
    return [item for answer in gathered.answers for item in answer]


def to_do(*, user: User, now: dt.datetime) -> list[ToDo]:
    """Answer the hook ``person.todo``: orders to acknowledge or finish, events to judge or decide on."""
    on = timezone.localdate(now)
    held = access.permissions_of(user, on)
    found = []
    if "safety.act" in held:
        for row in orders(user=user, on=on)[:MOST]:
            waits = "签收" if row.state == "sent" else "办结"
            told = "Acknowledge" if row.state == "sent" else "Finish"
            found.append(
                _waiting(
                    row, f"{waits}应急指令：{row.title}", f"{told} the order: {row.title}", "/safety/orders"
                )
            )
    wanted = {"reported": "safety.manage", "judged": "safety.command", "responding": "safety.manage",
              "monitoring": "safety.command", "ended": "safety.command"}  # fmt: skip
    states = [state for state, permission in wanted.items() if permission in held]
    if states:
        found += [
            _waiting(
                one,
                f"突发环境事件：{one.name_zh}",
                f"Emergency: {one.name_zh}",
                f"/safety/events/{one.number}",
            )
            for one in events(user=user, on=on).filter(state__in=states)[:MOST]
        ]
    return found


def _waiting(row: Any, zh: str, en: str, url: str) -> ToDo:
    mark_zh, mark_en = ("【演练】", "[Drill] ") if row.drill else ("", "")
    return ToDo(
        kind="emergency", title_zh=mark_zh + zh, title_en=mark_en + en, url=url, due_at=row.due_at,
        since=row.created_at, severity=2 if row.drill else 4, number=row.number,
    )  # fmt: skip


def indicators(*, year: int, now: dt.datetime) -> dict[str, dict[str, Any]]:
    """Return what the indicators of a year are computed from; no drill is among it."""
    real = list(EmergencyEvent.objects.filter(drill=False, withdrawn_at=None, received_at__year=year).exclude(
        state="dismissed").order_by("pk"))  # fmt: skip
    times = stamps(real)
    met = missed = 0
    minutes = []
    for row in real:
        for clock in limits.clocks(row.level, times[row.number], now):
            met += clock.state == "met"
            missed += clock.state in ("missed", "bad")
        if "respond" in times[row.number]:
            minutes.append((times[row.number]["respond"] - row.received_at).total_seconds() / 60)
    hazards = RiskHazard.objects.filter(withdrawn_at=None, term_date__year=year)
    closed = list(hazards.exclude(closed_at=None).values_list("closed_at", "term_date"))
    on_time = sum(timezone.localdate(at) <= term for at, term in closed)
    late = (
        len(closed) - on_time + hazards.filter(closed_at=None, term_date__lt=timezone.localdate(now)).count()
    )
    return {
        "safety_hazards_on_time": {"rows": on_time + late, "parts": {"on_time": on_time, "late": late}},
        "safety_clocks_met": {"rows": met + missed, "parts": {"met": met, "missed": missed}},
        "safety_response_minutes": {
            "rows": len(minutes), "parts": {"median": statistics.median(minutes) if minutes else None},
        },
    }  # fmt: skip
