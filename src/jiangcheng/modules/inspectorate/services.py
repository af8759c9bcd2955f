"""The gates of rectification, and the notices."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases.models import Case
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import Opened
from jiangcheng.core.records import services as records
from jiangcheng.modules.inspectorate import queries, rules
from jiangcheng.modules.inspectorate.models import Notice, Problem


def from_case(*, case_number: str, actor: User, now: dt.datetime, reason: str) -> Opened:
    """Answer the hook ``case.converted.rectification``: open a problem with what the case knows."""
    case = Case.objects.select_related("facility", "region").get(number=case_number)
    record = records.create(
        register="problems",
        values={
            "region": case.region,
            "facility": case.facility,
            "longitude": case.longitude,
            "latitude": case.latitude,
            "round_number": case.number,
            "text": f"{case.title_zh}\n{case.description}".strip(),
            "goal": reason,
            "lead_unit": str(case.region or ""),
            "due_date": timezone.localdate(now) + dt.timedelta(days=rules.terms()["converted_days"]),
        },
        actor=actor,
        at=now,
    )
    return Opened(record.number, f"/records/problems/{record.number}/")


def note_started(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.problems.start``: from now on the term is the one of the plan, to its last minute."""
    problem = Problem.objects.get(number=record_number)
    ends = _end_of(problem.due_date)
    records.change(record=problem, values={"due_at": ends}, actor=actor, at=now, reason="整改时限")


def note_extension_asked(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], **_more: Any
) -> None:
    """Answer ``record.problems.ask_extension``: keep the day that is asked for; it has to be a later one."""
    problem = Problem.objects.get(number=record_number)
    asked = dt.date.fromisoformat(details["due"])
    if asked <= problem.due_date:
        raise Refused(_("申请的日期应晚于现在的整改时限 %s。") % problem.due_date)
    records.change(record=problem, values={"asked_due_date": asked}, actor=actor, at=now, reason="申请延期")


def note_extension_granted(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.problems.grant_extension``: the day that was asked for is the term from now on."""
    problem = Problem.objects.get(number=record_number)
    if problem.asked_due_date is None:
        raise Refused(_("没有待批准的延期申请。"))
    values = {
        "due_date": problem.asked_due_date,
        "due_at": _end_of(problem.asked_due_date),
        "asked_due_date": None,
        "extensions": problem.extensions + 1,
    }
    records.change(record=problem, values=values, actor=actor, at=now, reason="同意延期")


def note_extension_refused(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.problems.refuse_extension``: the term stays."""
    problem = Problem.objects.get(number=record_number)
    if problem.asked_due_date is None:
        raise Refused(_("没有待批准的延期申请。"))
    records.change(record=problem, values={"asked_due_date": None}, actor=actor, at=now, reason="不同意延期")


def gate_self_check(*, record_number: str, **_more: Any) -> None:
    """Answer ``record.problems.self_check``: every measure has to be verified by another person."""
    problem = Problem.objects.get(number=record_number)
    states = list(queries.measures(problem=problem).values_list("state", flat=True))
    missing = rules.missing_for_self_check(states)
    if "no_measures" in missing:
        raise Refused(_("还没有整改措施，不能自查完成。"))
    if missing:
        raise Refused(_("还有整改措施未核实，不能自查完成。"))


def note_publicised(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.problems.publicise``: set the last day of publicity."""
    problem = Problem.objects.get(number=record_number)
    days = rules.terms()["publicity_working_days"]
    ends = workflow.working_calendar().days_after(timezone.localdate(now), days)
    records.change(record=problem, values={"publicity_ends_date": ends}, actor=actor, at=now, reason="公示")


def gate_sign(*, record_number: str, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.problems.sign``: publicity has to have ended."""
    problem = Problem.objects.get(number=record_number)
    ends = problem.publicity_ends_date
    if ends is None or timezone.localdate(now) <= ends:
        raise Refused(_("公示期未满（至 %s），不能审签。") % ends)


def note_closed_out(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.problems.close_out``: the instant is kept; the look-back has its clock."""
    problem = Problem.objects.get(number=record_number)
    records.change(record=problem, values={"closed_out_at": now}, actor=actor, at=now, reason="销号")


def note_rebound(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.problems.rebound``: count it."""
    problem = Problem.objects.get(number=record_number)
    values = {"rebounds": problem.rebounds + 1, "closed_out_at": None}
    records.change(record=problem, values=values, actor=actor, at=now, reason="反弹")


def compute_notice(*, day: dt.date, at: dt.datetime) -> Notice:
    """Compute the notice of a day from the records as they are; a new edition only where something differs."""
    told = rules.notice(queries.complaints(), day)
    digest = rules.digest(told)
    with transaction.atomic():
        last: Notice | None = Notice.objects.filter(day_date=day).order_by("-edition").first()
        if last is not None and last.sha256 == digest:
            return last
        edition = last.edition + 1 if last else 1
        notice = Notice(day_date=day, edition=edition, table=told, sha256=digest, computed_at=at)
        notice.save()
    return notice


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(23, 59, 59), workflow.BEIJING)
