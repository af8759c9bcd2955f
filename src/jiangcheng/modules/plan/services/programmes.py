"""The action programme of a year: made from the tasks, worked through month by month, scored."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.modules.plan import queries, rules
from jiangcheng.modules.plan.models import Duty, Programme
from jiangcheng.standards import periods

QUARTERS = ((3, "一季度进展"), (6, "半年进展"), (9, "三季度进展"), (12, "年度完成"))
"""Months of the milestones a new duty starts with; people replace them by their own."""


@dataclasses.dataclass(frozen=True, slots=True)
class Generated:
    """What making a programme added: how many duties were copied from the year before, and how many are new."""

    programme: Programme
    copied: int
    added: int


@transaction.atomic
def generate(*, year: int, actor: User, at: dt.datetime, chapters: tuple[str, ...] = ()) -> Generated:
    """Make the programme of a year, or complete it; what is there stays as it is.

    A task with a duty in the year before is copied from it with unit, wording, weight and milestones (dates of
    completion removed), so that a year starts from the edits of the last; any other task of the city's plan
    that is not for later gets a duty with a milestone per quarter. In a running year only the months that are
    not over get one: nobody is late for what he has not been told.

    Parameters
    ----------
    chapters
        Codes of chapters; empty: all of the city's plan.
    """
    programme = Programme.objects.filter(year=year, withdrawn_at=None).first()
    if programme is None:
        title = {"year": year, "title_zh": f"美丽江城建设{year}年度行动方案"}
        programme = records.create(register="plan-programmes", values=title, actor=actor, at=at)  # type: ignore[assignment]
    assert isinstance(programme, Programme)
    there = set(Duty.objects.filter(year=year, withdrawn_at=None).values_list("task", flat=True))
    before = {row.task: row for row in Duty.objects.filter(year=year - 1, withdrawn_at=None).order_by("-pk")}
    today = timezone.localdate(at)
    confirmed = queries.leads()
    now, copied, added = (today.year, today.month), 0, 0
    for task in rules.tasks():
        wanted = task.document == "city" and (not chapters or task.chapter in chapters)
        if not wanted or task.id in there or _is_over(task, year):
            continue
        earlier = before.get(task.id)
        if earlier is not None and earlier.state == "stopped":
            continue
        values: dict[str, Any] = (
            _copied(earlier, year) if earlier else _fresh(task, year, queries.lead_of(task, confirmed))
        )
        values["milestones"] = [item for item in values["milestones"] if (year, int(item["month"])) >= now]
        _add(values, year, actor, at)
        copied, added = copied + bool(earlier), added + (not earlier)
    return Generated(programme, copied, added)


@transaction.atomic
def confirm_leads(*, units: Mapping[str, str], actor: User, at: dt.datetime) -> int:
    """Record who leads tasks, by id of the task; return how many were confirmed or corrected.

    Duties that exist keep their unit: a programme that was published is changed duty by duty.
    """
    known, changed = queries.leads(), 0
    for code, unit in units.items():
        task = rules.task(code)
        if task is None or unit not in rules.words("departments"):
            continue
        basis = _("与规划原文或平台提案一致") if unit == task.department else _("更正平台提案")
        row = known.get(code)
        if row is None:
            values = {"task": code, "unit_code": unit, "basis": basis}
            records.create(register="plan-leads", values=values, actor=actor, at=at)
        elif row.unit_code != unit:
            records.change(record=row, values={"unit_code": unit, "basis": basis}, actor=actor, at=at)
        else:
            continue
        changed += 1
    return changed


def _is_over(task: rules.Task, year: int) -> bool:
    return task.deadline[:4].isdigit() and int(task.deadline[:4]) < year


def _fresh(task: rules.Task, year: int, unit: str) -> dict[str, Any]:
    return {
        "year": year,
        "task": task.id,
        "title_zh": task.name_zh,
        "unit_code": unit,
        "partners": "、".join(rules.words("departments")[code][0] for code in task.partners.split()),
        "milestones": [{"month": month, "text": text} for month, text in QUARTERS],
    }


def _copied(earlier: Duty, year: int) -> dict[str, Any]:
    kept = ("task", "title_zh", "unit_code", "partners", "project", "measure", "weight", "region")
    milestones = [{"month": item["month"], "text": item["text"]} for item in earlier.milestones]
    return {**{name: getattr(earlier, name) for name in kept}, "year": year, "milestones": milestones}


def _add(values: Mapping[str, Any], year: int, actor: User, at: dt.datetime) -> None:
    due = next_due(year, values["milestones"])
    records.create(register="plan-duties", values={**values, "due_at": due}, actor=actor, at=at)


def next_due(year: int, milestones: list[dict[str, Any]]) -> dt.datetime | None:
    """Return the end of the month of the first milestone that is not done, in UTC; None where all are done."""
    months = [int(item["month"]) for item in milestones if not item.get("done")]
    if not months:
        return None
    last = dt.date(year, min(months), calendar.monthrange(year, min(months))[1])
    # The last second of the day, so that it is shown as that day.
    return dt.datetime.fromtimestamp(periods.day_bounds(last)[1] - 1, dt.UTC)


@transaction.atomic
def set_milestones(*, duty: Duty, texts: Mapping[int, str], actor: User, at: dt.datetime) -> Duty:
    """Replace the milestones that are not done; those that are done stay.

    Parameters
    ----------
    texts
        What has to be reached by the end of a month, by month; empty texts remove the milestone.
    """
    locked = Duty.objects.select_for_update().get(pk=duty.pk)
    done = {int(item["month"]): item for item in locked.milestones if item.get("done")}
    wanted = {
        month: {"month": month, "text": text.strip()}
        for month, text in texts.items()
        if text.strip() and month not in done
    }
    milestones = [item for _month, item in sorted({**wanted, **done}.items())]
    values = {"milestones": milestones, "due_at": next_due(locked.year, milestones)}
    return records.change(record=duty, values=values, actor=actor, at=at, reason=_("调整月度节点"))


def confirm_milestone(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``confirm``: the first open milestone is done today; the next one's clock runs."""
    duty = Duty.objects.get(number=record_number)
    milestones = [dict(item) for item in sorted(duty.milestones, key=lambda item: int(item["month"]))]
    first = next((item for item in milestones if not item.get("done")), None)
    if first is None:
        raise Refused(_("月度节点已全部完成；请办结本任务。"))
    first["done"] = timezone.localdate(now).isoformat()
    values = {"milestones": milestones, "due_at": next_due(duty.year, milestones)}
    records.change(record=duty, values=values, actor=actor, at=now)


def finish_duty(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``finish``: score the duty from its milestones, by the rule of the day."""
    duty = Duty.objects.get(number=record_number)
    open_ones = [str(item["month"]) for item in duty.milestones if not item.get("done")]
    if open_ones:
        raise Refused(_("还有未完成的节点：%(months)s 月。") % {"months": "、".join(open_ones)})
    rule = rules.in_force("scoring", timezone.localdate(now))
    values = {
        "score": rules.duty_score(duty.milestones, duty.year, rule),
        "rule_version": rule["version"],
        "due_at": None,
    }
    records.change(record=duty, values=values, actor=actor, at=now)
