"""Who is on duty where and when."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from jiangcheng.core.access import queries as people
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.models import DutyShift
from jiangcheng.core.registry.models import Region

HANDLE = "cases.handle"
LONGEST = dt.timedelta(hours=36)
"""A shift longer than this is a typing error."""


class ShiftRefused(ValueError):  # noqa: N818
    """A shift was not planned; ``reason`` is ``order``, ``too_long``, ``past``, ``unfit`` or ``overlap``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def plan_shift(
    *,
    user: User,
    region: Region,
    starts_at: dt.datetime,
    ends_at: dt.datetime,
    actor: User,
    at: dt.datetime,
) -> DutyShift:
    """Put a person on duty in an area, in ``[starts_at, ends_at)``.

    Raises
    ------
    ShiftRefused
        If the span is wrong, the person may not handle cases there, or is on duty already.
    """
    if ends_at <= starts_at:
        raise ShiftRefused("order")
    if ends_at - starts_at > LONGEST:
        raise ShiftRefused("too_long")
    if ends_at <= at:
        raise ShiftRefused("past")
    on = starts_at.date()
    if user not in people.holders(HANDLE, on, region_code=region.code, facility_code=""):
        raise ShiftRefused("unfit")
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        standing = DutyShift.objects.filter(user=user, cancelled_at=None)
        if standing.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
            raise ShiftRefused("overlap")
        shift = DutyShift.objects.create(user=user, region=region, starts_at=starts_at, ends_at=ends_at)
        access.record(
            actor=actor,
            action="cases.plan_shift",
            object_type="duty_shift",
            object_id=str(shift.pk),
            before={},
            after=_facts(shift),
            at=at,
        )
    return shift


def cancel_shift(*, shift: DutyShift, actor: User, at: dt.datetime, reason: str) -> None:
    """Take a shift off the roster; it stays on the trail. What has been cancelled stays as it is."""
    with transaction.atomic():
        standing = DutyShift.objects.select_for_update().filter(pk=shift.pk, cancelled_at=None)
        if not standing.update(cancelled_at=at):
            return
        access.record(
            actor=actor,
            action="cases.cancel_shift",
            object_type="duty_shift",
            object_id=str(shift.pk),
            before=_facts(shift),
            after={"cancelled_at": at.isoformat()},
            reason=reason,
            at=at,
        )


def _facts(shift: DutyShift) -> dict[str, str]:
    return {
        "user": shift.user.get_username(),
        "region": shift.region.code,
        "starts_at": shift.starts_at.isoformat(),
        "ends_at": shift.ends_at.isoformat(),
    }
