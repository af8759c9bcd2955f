"""Gates of night permits and joint actions, and the routing of noise by its source."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.models import Case
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.modules.noise import queries, rules
from jiangcheng.modules.noise.models import CaseSource, JointAction, NightPermit, SourceType


def judge_grant(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.night-permits.grant``: what spoke against it is kept with the permit.

    Raises
    ------
    Refused
        Without a position nothing can be judged; within a sensitive area the residents are told before.
    """
    permit = NightPermit.objects.get(number=record_number)
    if permit.longitude is None or permit.latitude is None:
        raise Refused(_("没有工地位置，不能对照噪声敏感建筑物集中区域审查。"))
    found = queries.cautions(permit=permit)
    if any(item.code == "not_announced" for item in found):
        raise Refused(_("工地在噪声敏感建筑物集中区域内或附近，须先公告附近居民。"))
    told = [_plain(item) for item in found]
    records.change(record=permit, values={"judgement": told}, actor=actor, at=now, reason="许可审查")


def _plain(item: rules.Caution) -> dict[str, Any]:
    values = {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in item.values.items()
    }
    return dataclasses.asdict(item) | {"values": values}


def open_results(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.joint-actions.start``: every department that takes part gets its own result to fill in."""
    action = JointAction.objects.get(number=record_number)
    there = set(queries.results(action_number=action.number).values_list("department", flat=True))
    for department in action.taking_part():
        if department not in there:
            records.create(
                register="joint-results",
                values={"action_number": action.number, "department": department, "region": action.region},
                actor=actor,
                at=now,
            )


def gate_close(*, record_number: str, **_more: Any) -> None:
    """Answer ``record.joint-actions.close``: every department has to have handed in its result.

    Raises
    ------
    Refused
        While a result is missing, with the departments.
    """
    waiting = queries.results(action_number=record_number).exclude(state="handed_in")
    missing = "、".join(waiting.values_list("department", flat=True))
    if missing:
        raise Refused(_("还有部门未填报结果：%s") % missing)


def decide_source(*, case: Case, source_type: str, actor: User, at: dt.datetime) -> CaseSource:
    """Note what kind of source a person says the noise of a case comes from.

    Raises
    ------
    Refused
        ``source_type`` if there is no such type.
    """
    if source_type not in SourceType.values:
        raise Refused("source_type")
    with transaction.atomic():
        before = queries.route(case=case, on=at.date()).source_type
        decided, _new = CaseSource.objects.update_or_create(
            case=case, defaults={"source_type": source_type, "decided_by": actor, "decided_at": at}
        )
        access.record(
            actor=actor, action="noise.source", object_type="case", object_id=case.number,
            before={"source_type": before}, after={"source_type": source_type}, at=at,
        )  # fmt: skip
    return decided
