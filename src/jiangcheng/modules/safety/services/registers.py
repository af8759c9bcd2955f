"""What follows from steps of rows: next reviews and checks, and gates before a row may close."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.modules.safety import queries
from jiangcheng.modules.safety.models import EcoHazard, RadiationSource, RiskUnit
from jiangcheng.modules.safety.models.fields import end_of
from jiangcheng.modules.safety.rules import tables


def hazard_reviewed(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer the review of a hazard: the next one is due after the days of its level."""
    row, on = EcoHazard.objects.get(number=record_number), timezone.localdate(now)
    days = tables.in_force("frequencies", on)["hazard_review_days"][row.level]
    values = {"review_date": on + dt.timedelta(days=days)}
    records.change(record=row, values=values, actor=actor, at=now, reason="复核")


def unit_checked(*, record_number: str, actor: User | None, now: dt.datetime, **_more: Any) -> None:
    """Answer the check of a risk unit: the next one is due after the days of its level."""
    row, on = RiskUnit.objects.get(number=record_number), timezone.localdate(now)
    rule = tables.in_force("frequencies", on)
    after = on + dt.timedelta(days=rule["risk_check_days"][row.level])
    values = {"checked_date": on, "due_at": end_of(after), "rule_version": rule["version"]}
    records.change(record=row, values=values, actor=actor, at=now, reason="排查")


def check_consultation(*, record_number: str, **_more: Any) -> None:
    """Refuse to close a consultation without tasks, or with one that is not done."""
    tasks = queries.tasks_of(number=record_number)
    if not tasks:
        raise Refused(_("会商还没有形成任务。"))
    if any(task.closed_at is None for task in tasks):
        raise Refused(_("还有会商任务没有完成。"))


def check_departure(*, record_number: str, **_more: Any) -> None:
    """Refuse to let a source go without a movement that says where to."""
    code = RadiationSource.objects.get(number=record_number).code
    if not any(move.kind in ("out", "store", "return") for move in queries.moves_of(code=code)):
        raise Refused(_("请先登记放射源转移（转出、送贮或返回），写明去向与审批编号。"))
