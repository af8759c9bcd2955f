"""The programme of a year, the duties of a unit, and the matrix of both."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.modules.plan import rules
from jiangcheng.modules.plan.models import Duty, Lead, Project, ProjectMonth, Term

MONTHS = range(1, 13)


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A duty as a line of the programme: its milestones by month, how much is done, whether it is late."""

    duty: Duty
    months: tuple[str, ...]
    """Per month: empty, ``planned``, ``done`` or ``late``."""
    percent: float
    late: bool


@dataclasses.dataclass(frozen=True, slots=True)
class UnitRow:
    """A unit of the matrix: how many targets, tasks, duties of the year, and how they stand."""

    code: str
    targets: int
    tasks: int
    by_chapter: tuple[int, ...]
    duties: int
    done: int
    late: int
    score: float | None


def leads() -> dict[str, Lead]:
    """Return by task who leads it where somebody in charge has confirmed that."""
    return {row.task: row for row in Lead.objects.filter(withdrawn_at=None)}


def lead_of(task: rules.Task, confirmed: Mapping[str, Lead]) -> str:
    """Return the code of the unit that leads a task: as confirmed, else as the plan or the platform has it."""
    return confirmed[task.id].unit_code if task.id in confirmed else task.department


def duties(*, user: User, on: dt.date, year: int, unit: str = "") -> list[Line]:
    """Return the duties of a year that a person may see, in the order of the plan."""
    rows = records.visible(register="plan-duties", user=user, on=on).filter(year=year, withdrawn_at=None)
    if unit:
        rows = rows.filter(unit_code=unit)
    return [line(row, on) for row in rows.order_by("task", "number")]


def line(duty: Duty, on: dt.date) -> Line:
    """Return a duty with its months as they stand on a date."""
    marks = [""] * 12
    done = 0
    for item in duty.milestones:
        month = int(item["month"])
        if item.get("done"):
            done += 1
            marks[month - 1] = marks[month - 1] or "done"
        else:
            marks[month - 1] = "late" if (duty.year, month) < (on.year, on.month) else "planned"
    percent = 100.0 * done / len(duty.milestones) if duty.milestones else float(100 * (duty.state == "done"))
    return Line(duty, tuple(marks), percent, "late" in marks and duty.state not in ("done", "stopped"))


def programme_years() -> list[int]:
    """Return the years that have duties, the latest first."""
    return list(
        Duty.objects.filter(withdrawn_at=None).order_by("-year").values_list("year", flat=True).distinct()
    )


def matrix(*, lines: Sequence[Line], targets: Iterable[rules.Target]) -> list[UnitRow]:
    """Return each unit with what it answers for; units without anything are left out."""
    chapters = tuple(rules.words("chapters"))
    own_targets = collections.Counter(target.department for target in targets)
    own_tasks: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    confirmed = leads()
    for task in rules.tasks():
        own_tasks[lead_of(task, confirmed)][task.chapter] += 1
    by_unit: dict[str, list[Line]] = collections.defaultdict(list)
    for item in lines:
        by_unit[item.duty.unit_code].append(item)
    return [
        _unit(code, own_targets[code], own_tasks[code], by_unit[code], chapters)
        for code in rules.words("departments")
        if own_targets[code] or own_tasks[code] or by_unit[code]
    ]


def _unit(
    code: str, targets: int, tasks: collections.Counter[str], lines: list[Line], chapters: tuple[str, ...]
) -> UnitRow:
    scored = [(item.duty.score, item.duty.weight) for item in lines if item.duty.score is not None]
    weight = sum(part for _score, part in scored)
    return UnitRow(
        code=code,
        targets=targets,
        tasks=sum(tasks.values()),
        by_chapter=tuple(tasks[chapter] for chapter in chapters),
        duties=len(lines),
        done=sum(item.duty.state == "done" for item in lines),
        late=sum(item.late for item in lines),
        score=round(sum(score * part for score, part in scored) / weight, 2) if weight else None,
    )


def terms(*, unit: str) -> list[Term]:
    """Return who has answered for a unit, the latest first."""
    return list(Term.objects.filter(unit_code=unit, withdrawn_at=None).order_by("-from_date"))


def progress(*, codes: Iterable[str] | None = None) -> dict[str, list[ProjectMonth]]:
    """Return the monthly progress of projects by code, the latest month first."""
    rows = ProjectMonth.objects.filter(withdrawn_at=None).order_by("project", "-month_date", "-pk")
    if codes is not None:
        rows = rows.filter(project__in=list(codes))
    found: dict[str, list[ProjectMonth]] = collections.defaultdict(list)
    for row in rows:
        found[row.project].append(row)
    return found


def projects(*, user: User, on: dt.date) -> list[tuple[Project, ProjectMonth | None]]:
    """Return the projects a person may see, each with its latest month."""
    latest = progress()
    rows = (
        records.visible(register="plan-projects", user=user, on=on).filter(withdrawn_at=None).order_by("code")
    )
    return [(row, latest[row.code][0] if row.code in latest else None) for row in rows]


def project(*, number: str) -> Project | None:
    """Return a project by its number in the register."""
    return Project.objects.filter(number=number).first()


def of_task(*, task: str, user: User, on: dt.date) -> list[Any]:
    """Return the duties a task has had, the latest year first."""
    rows = records.visible(register="plan-duties", user=user, on=on).filter(task=task, withdrawn_at=None)
    return list(rows.order_by("-year", "number"))
