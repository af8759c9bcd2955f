"""The ladder: what a clock that runs out brings about, rung by rung, each told once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import queries, rules
from jiangcheng.core.cases.models import Case, Escalation
from jiangcheng.core.cases.services import notices

AHEAD = dt.timedelta(days=30)
"""Clocks that end later are not looked at: no clock of a state is so long that 80 % of it lie beyond."""


def escalate(*, now: dt.datetime) -> int:
    """Climb every rung that clocks have passed and return how many were new."""
    count = 0
    pressing = queries.open_cases(Case.objects.all()).filter(due_at__isnull=False, due_at__lte=now + AHEAD)
    loaded = pressing.select_related("workflow", "handler", "region", "facility", "grid_cell")
    for case in loaded.order_by("pk").iterator(chunk_size=500):
        count += _climbed(case, now)
    return count


def _climbed(case: Case, now: dt.datetime) -> int:
    assert case.due_at is not None
    definition = case.workflow.definition
    working = rules.runs_in_working_hours(definition, case.state, case.severity)
    since = rules.clock_since(case.terms, case.state, case.state_at)
    share = rules.clock_share(since, case.due_at, now, rules.working_calendar(), working)
    count = 0
    for rung in rules.rungs(definition, share):
        with transaction.atomic():
            _row, new = Escalation.objects.get_or_create(
                case=case, due_at=case.due_at, share=Decimal(str(rung["share"])), defaults={"at": now}
            )
            if new:
                _told(case, rung, now)
                count += 1
    return count


def _told(case: Case, rung: Mapping[str, Any], now: dt.datetime) -> None:
    on = timezone.localdate(now)
    people: list[User | None] = []
    for whom in rung["tell"]:
        if whom == "handler":
            people.append(case.handler)
        elif whom == "chief":
            people.append(notices.chief_of(case, on))
        else:
            people += notices.holding(whom, case, on)
    notices.tell(
        case=case,
        kind="cases.escalated",
        to=people,
        text_zh=rung["name_zh"],
        text_en=rung["name_en"],
        at=now,
        key=f"escalated:{case.number}:{case.due_at:%Y%m%d%H%M%S}:{rung['share']}",
    )
