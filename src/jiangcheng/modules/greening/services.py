"""What the steps of the registers do: grade, screen, admit."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.modules.greening import queries, rules
from jiangcheng.modules.greening.models import Project, SewageGrade
from jiangcheng.standards import periods


def grade_sewage(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``grade``: compute the grade, keep its rule's version, label the enterprise."""
    row = SewageGrade.objects.select_related("facility").get(number=record_number)
    if row.facility is None:
        raise Refused(_("请先填写企业，再评定等级。"))
    on = now.astimezone(periods.BEIJING).date()
    values = {item["code"]: getattr(row, item["code"]) for item in rules.in_force("sewage", on)["indicators"]}
    found = rules.sewage_grade({**values, "punished": row.punished}, on)
    records.change(
        record=row,
        values={"grade": found.grade, "score": found.score, "rule_version": found.version},
        actor=actor,
        at=now,
    )
    for older in queries.graded_before(row):
        records.act(record=older, action="replace", actor=actor, now=now)
    registry.label_facility(
        facility=row.facility,
        scheme="sewage",
        code=found.grade,
        on=on,
        at=now,
        reasons=[{"number": row.number, "score": found.score}],
        source=row.number,
        rule_version=found.version,
        actor=actor,
    )


def screen_project(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``screen``: look at the industry and the place, and write down every reason."""
    row = Project.objects.get(number=record_number)
    if row.longitude is None or row.latitude is None:
        raise Refused(_("请先填写项目的经度和纬度，再筛查。"))
    on = now.astimezone(periods.BEIJING).date()
    found = rules.screen(
        industry=row.industry,
        longitude=row.longitude,
        latitude=row.latitude,
        zones=queries.zones(on=on),
        on=on,
    )
    reasons = [dict(reason) for reason in found.reasons]
    records.change(
        record=row,
        values={"verdict": found.verdict, "reasons": reasons, "rule_version": found.version},
        actor=actor,
        at=now,
    )


def check_admission(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``admit``: what the rules bar is not admitted, whoever wants it."""
    if Project.objects.get(number=record_number).verdict == Project.Verdict.BARRED:
        raise Refused(_("筛查结论为禁止准入，不能准予推进；情况有变请重新筛查。"))
