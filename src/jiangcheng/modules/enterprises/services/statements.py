"""What an enterprise says about its data: kept beside them, never changing them."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Facility, ObservedProperty, Outlet
from jiangcheng.modules.enterprises.models import Statement


class StatementRefused(ValueError):  # noqa: N818
    """``text_required``, ``period`` (empty or in the future) or ``outlet`` (of another plant)."""


def state(
    *,
    facility: Facility,
    actor: User,
    now: dt.datetime,
    from_at: dt.datetime,
    to_at: dt.datetime,
    text: str,
    outlet: Outlet | None = None,
    observed_property: ObservedProperty | None = None,
) -> Statement:
    """Explain the data of a period ``[from, to)`` of a plant, or of one of its outlets.

    Raises
    ------
    StatementRefused
        ``text_required``, ``period`` or ``outlet``.
    """
    if not text.strip():
        raise StatementRefused("text_required")
    if from_at >= to_at or from_at > now:
        raise StatementRefused("period")
    if outlet is not None and outlet.facility_id != facility.pk:
        raise StatementRefused("outlet")
    with transaction.atomic():
        made = Statement.objects.create(
            facility=facility,
            outlet=outlet,
            observed_property=observed_property,
            from_at=from_at,
            to_at=to_at,
            text=text.strip(),
            made_by=actor,
            made_at=now,
        )
        access.record(
            actor=actor,
            action="enterprises.state",
            object_type="facility",
            object_id=facility.code,
            after={"statement": made.pk, "from": from_at.isoformat(), "to": to_at.isoformat()},
            at=now,
        )
    return made
