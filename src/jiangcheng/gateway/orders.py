"""Orders for sites: asked for, approved by somebody else, sent, answered; every step on the audit trail.

People call `ask`, `decide` and `cancel`; the gateway calls `waiting`, `claim`, `advance`, `answered` and
`sweep`, from a thread. Several gateways may share the table: an order is claimed by one of them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Device
from jiangcheng.gateway import catalogue
from jiangcheng.gateway.models import ControlOrder, ControlStep

CONTROL = "gateway.control"
APPROVE = "gateway.approve"
State = ControlOrder.State

STEPS: dict[str, frozenset[str]] = {
    State.ASKED: frozenset({State.APPROVED, State.REFUSED, State.CANCELLED}),
    State.APPROVED: frozenset({State.SENT, State.CANCELLED, State.FAILED, State.TIMED_OUT}),
    State.SENT: frozenset({State.ANSWERED, State.EXECUTED, State.FAILED, State.TIMED_OUT}),
    State.ANSWERED: frozenset({State.EXECUTED, State.FAILED, State.TIMED_OUT}),
}
"""Which state may follow which; what is not named is an end."""


class OrderRefused(ValueError):  # noqa: N818
    """Nothing was done. ``reason`` is ``permission``, ``same_person``, ``state``, ``command`` or ``values``."""

    def __init__(self, reason: str, wrong: Sequence[catalogue.Wrong] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.wrong = list(wrong)


class Waiting(NamedTuple):
    """An approved order that no gateway has sent yet."""

    pk: int
    mn: str
    command: str
    parameters: dict[str, str]


def ask(
    *,
    device: Device,
    command: str,
    values: Mapping[str, str],
    reason: str,
    actor: User,
    now: dt.datetime,
) -> ControlOrder:
    """Ask for a command.

    Raises
    ------
    OrderRefused
        If there is no such command, a value breaks a rule, or the person may not control this device.
    """
    on = timezone.localdate(now)
    found = catalogue.catalogue(on).commands.get(command)
    if found is None:
        raise OrderRefused("command")
    _check_permission(device, actor, CONTROL, on)
    parameters, wrong = catalogue.validate(found, values, now=now)
    if wrong:
        raise OrderRefused("values", wrong)
    with transaction.atomic():
        order = ControlOrder.objects.create(
            device=device,
            command=command,
            cn=found.cn,
            parameters=parameters,
            reason=reason[:200],
            state_at=now,
            asked_by=actor,
            asked_at=now,
        )
        _note(order, at=now, actor=actor, details={"parameters": parameters, "reason": order.reason})
    return order


def decide(*, order: ControlOrder, approve: bool, actor: User, now: dt.datetime, reason: str = "") -> None:
    """Approve an order or refuse it; never one's own.

    Raises
    ------
    OrderRefused
        If the person asked for it, may not approve here, or the order is decided already.
    """
    on = timezone.localdate(now)
    with transaction.atomic():
        held = ControlOrder.objects.select_for_update().get(pk=order.pk)
        _check_permission(held.device, actor, APPROVE, on)
        if held.asked_by_id == actor.pk:
            raise OrderRefused("same_person")
        held.approved_by, held.approved_at = actor, now
        if approve:
            held.due_at = now + dt.timedelta(seconds=catalogue.catalogue(on).deliver_within)
        _step(held, State.APPROVED if approve else State.REFUSED, at=now, actor=actor,
              details={"reason": reason[:200]} if reason else {})  # fmt: skip


def cancel(*, order: ControlOrder, actor: User, now: dt.datetime) -> None:
    """Take back an order that was not sent yet; for the person who asked, and for those who may approve.

    Raises
    ------
    OrderRefused
        If it was sent or has ended, or the person may not.
    """
    with transaction.atomic():
        held = ControlOrder.objects.select_for_update().get(pk=order.pk)
        if held.asked_by_id != actor.pk:
            _check_permission(held.device, actor, APPROVE, timezone.localdate(now))
        _step(held, State.CANCELLED, at=now, actor=actor, details={})


def time_asked(*, mn: str, parameters: Mapping[str, str], now: dt.datetime) -> bool:
    """Order the setting of a clock because the site asks for the time (1013); False if it did so a moment ago.

    HJ 212-2017 table C.4: the host acknowledges with 9013 and then sends 1012. Nobody has to approve that.
    """
    held = catalogue.catalogue(timezone.localdate(now))
    device = Device.objects.filter(mn=mn, enabled=True).select_related("station").first()
    command = held.commands.get("clock_set")
    if device is None or command is None or not held.clock_request_every:
        return False
    allowed, wrong = catalogue.validate(command, parameters, now=now)
    since = now - dt.timedelta(seconds=held.clock_request_every)
    with transaction.atomic():
        Device.objects.select_for_update().get(pk=device.pk)
        recent = ControlOrder.objects.filter(device=device, command=command.code, asked_at__gt=since)
        if wrong or recent.exists():
            return False
        order = ControlOrder.objects.create(
            device=device,
            command=command.code,
            cn=command.cn,
            parameters=allowed,
            reason="CN=1013",
            state=State.APPROVED,
            state_at=now,
            asked_at=now,
            approved_at=now,
            due_at=now + dt.timedelta(seconds=held.deliver_within),
        )
        _note(order, at=now, actor=None, details={"parameters": allowed, "reason": order.reason})
    return True


def waiting(*, now: dt.datetime, limit: int = 200) -> list[Waiting]:
    """Return the approved orders that still may be sent, the oldest first."""
    rows = ControlOrder.objects.filter(state=State.APPROVED, due_at__gt=now).order_by("approved_at", "pk")
    return [Waiting(*row) for row in rows.values_list("pk", "device__mn", "command", "parameters")[:limit]]


def claim(*, pk: int, qn: str, gateway: str, frame: str, due_at: dt.datetime, now: dt.datetime) -> bool:
    """Make an order this gateway's own before its first byte is sent; False if it is no longer to be sent."""
    with transaction.atomic():
        held = ControlOrder.objects.select_for_update().get(pk=pk)
        if held.state != State.APPROVED:
            return False
        held.qn, held.gateway, held.due_at = qn, gateway, due_at
        _step(held, State.SENT, at=now, actor=None, details={"frame": frame, "gateway": gateway})
    return True


def advance(*, pk: int, state: str, details: Mapping[str, Any], result: str, now: dt.datetime) -> bool:
    """Note what came of an order; False if it had ended already."""
    with transaction.atomic():
        held = ControlOrder.objects.select_for_update().get(pk=pk)
        if state not in STEPS.get(held.state, ()):
            return False
        held.result = result or held.result
        _step(held, state, at=now, actor=None, details=details)
    return True


def answered(*, pk: int, answer: Mapping[str, Any], now: dt.datetime) -> None:
    """Keep what a site sent under the number of the order."""
    with transaction.atomic():
        held = ControlOrder.objects.select_for_update().get(pk=pk)
        held.answer = {**held.answer, **answer}
        if held.state == State.SENT:
            _step(held, State.ANSWERED, at=now, actor=None, details=answer)
            return
        held.save(update_fields=["answer"])
        _note(held, at=now, actor=None, details=answer)


def sweep(*, now: dt.datetime) -> int:
    """End what nobody answers for any more: sites that did not call, gateways that died. Return how many."""
    overdue = ControlOrder.objects.filter(
        state__in=(State.APPROVED, State.SENT, State.ANSWERED), due_at__lte=now
    ).values_list("pk", "state")[:200]
    return sum(
        advance(
            pk=pk,
            state=State.TIMED_OUT,
            details={},
            result="no_line" if state == State.APPROVED else "unanswered",
            now=now,
        )
        for pk, state in overdue
    )


def _check_permission(device: Device, actor: User, permission: str, on: dt.date) -> None:
    if not may(device=device, user=actor, permission=permission, on=on):
        raise OrderRefused("permission")


def may(*, device: Device, user: Any, permission: str, on: dt.date) -> bool:
    """Tell whether a person has a permission where a device measures."""
    return access_queries.scope(user, permission, on).covers_region(device.station.region.code)


def _step(
    order: ControlOrder, state: str, *, at: dt.datetime, actor: User | None, details: Mapping[str, Any]
) -> None:
    """Move a locked order.

    Raises
    ------
    OrderRefused
        If that state does not follow the present one.
    """
    if state not in STEPS.get(order.state, ()):
        raise OrderRefused("state")
    before = order.state
    order.state, order.state_at = state, at
    order.save()
    _note(order, at=at, actor=actor, details=details, before=before)


def _note(
    order: ControlOrder,
    *,
    at: dt.datetime,
    actor: User | None,
    details: Mapping[str, Any],
    before: str = "",
) -> None:
    ControlStep.objects.create(order=order, at=at, state=order.state, actor=actor, details=dict(details))
    access.record(
        actor=actor,
        action=f"gateway.order_{order.state}",
        object_type="control_order",
        object_id=str(order.pk),
        before={"state": before} if before else None,
        after={"state": order.state, "mn": order.device.mn, "command": order.command, **details},
        at=at,
    )
