"""Orders: a row of a register that somebody has to acknowledge, and the message that tells them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from jiangcheng.core.access.models import User
from jiangcheng.core.portal import services as portal
from jiangcheng.core.records.models import Record
from jiangcheng.core.records.services import rows


@dataclasses.dataclass(frozen=True, slots=True)
class Telling:
    """Who is told of an order, and in which words."""

    kind: str
    """Kind of message."""
    permission: str
    """Who holds it where the order lies is told, unless the order names a person."""
    text_zh: str
    text_en: str
    body: str = ""
    severity: int = 4
    sandbox: bool = False
    """True for a drill: nothing leaves the house."""


@transaction.atomic
def issue(
    *,
    register: str,
    values: Mapping[str, Any],
    telling: Telling,
    actor: User | None,
    at: dt.datetime,
    url: str = "",
    number: str = "",
) -> Record:
    """Add an order to a register and tell those who have to acknowledge it: both, or nothing.

    Parameters
    ----------
    register, values, number
        As of `rows.create`. A ``handler`` among the values is the only one who is told.
    url
        Where it is acknowledged; empty: the page of the row.

    Raises
    ------
    django.core.exceptions.ValidationError
        If a value is refused.
    """
    order = rows.create(register=register, values=values, actor=actor, at=at, number=number)
    message: dict[str, Any] = {
        "kind": telling.kind, "text_zh": telling.text_zh[:200], "text_en": telling.text_en[:200],
        "body_zh": telling.body, "body_en": telling.body, "url": url or f"/records/{register}/{order.number}/",
        "at": at, "severity": telling.severity, "due_at": order.due_at, "number": order.number,
        "inside_only": telling.sandbox,
    }  # fmt: skip
    if order.handler is not None:
        portal.notify(to=[order.handler], **message)
        return order
    region = order.region.code if order.region else ""
    facility = order.facility.code if order.facility else ""
    but = [actor] if actor else []
    portal.notify_permission(telling.permission, region, facility, but=but, **message)
    return order
