"""Problems with their progress, the board, the complaints of a notice."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import Counter, defaultdict

from django.db.models import QuerySet
from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import ToDo
from jiangcheng.core.records import queries as records
from jiangcheng.modules.inspectorate import rules
from jiangcheng.modules.inspectorate.models import Measure, Problem, Transfer

ENDED = ("closed_out", "finished")


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """How far the rectification of a problem is."""

    problem: Problem
    done: int
    total: int
    progress: float
    planned: float
    behind: bool
    late: bool


def standings(*, user: User, on: dt.date) -> list[Standing]:
    """Return the problems a person may see with their progress, computed from the measures."""
    problems = list(records.visible(register="problems", user=user, on=on).filter(withdrawn_at=None))
    states: dict[str, list[str]] = defaultdict(list)
    numbers = [problem.number for problem in problems]
    measures = Measure.objects.filter(problem_number__in=numbers, withdrawn_at=None)
    for number, state in measures.values_list("problem_number", "state"):
        states[number].append(state)
    return [_standing(problem, states[problem.number], on) for problem in problems]


def standing(*, problem: Problem, on: dt.date) -> Standing:
    """Return how far one problem is."""
    found = Measure.objects.filter(problem_number=problem.number, withdrawn_at=None)
    return _standing(problem, list(found.values_list("state", flat=True)), on)


def measures(*, problem: Problem) -> QuerySet[Measure]:
    """Return the measures against a problem."""
    return Measure.objects.filter(problem_number=problem.number, withdrawn_at=None).order_by("due_at", "pk")


def plan(*, problem: Problem, on: dt.date) -> tuple[list[tuple[Measure, rules.Bar]], float]:
    """Return the measures with their bars between the start and the term, and where today is, in percent."""
    found = list(measures(problem=problem))
    first, last = timezone.localdate(problem.created_at), max(problem.due_date, on)
    spans = [
        (timezone.localdate(item.created_at), timezone.localdate(item.closed_at or item.due_at) if item.closed_at
         or item.due_at else problem.due_date)
        for item in found
    ]  # fmt: skip
    (today,) = rules.bars([(on, on)], first, last)
    return list(zip(found, rules.bars(spans, first, last), strict=True)), today.start


def board(found: list[Standing]) -> list[tuple[str, dict[str, int]]]:
    """Return, per county, how many problems are open, late, closed out (动态清零)."""
    counties: dict[str, Counter[str]] = defaultdict(Counter)
    for item in found:
        county = item.problem.region.code[:6] if item.problem.region else ""
        counties[county]["total"] += 1
        ended = item.problem.state in ENDED
        counties[county]["ended" if ended else "open"] += 1
        counties[county]["late"] += item.late
        counties[county]["behind"] += item.behind
        counties[county]["rebounds"] += item.problem.rebounds
    return [(code, dict(counter)) for code, counter in sorted(counties.items())]


def complaints() -> list[rules.Complaint]:
    """Return all transferred complaints as the notice counts them."""
    return [
        rules.Complaint(
            number=item.number,
            batch=item.batch,
            day=item.received_date,
            county=item.region.name_zh if item.region else "市级",
            types=tuple(name for name in item.types.replace(",", "、").split("、") if name) or ("其他",),
            key=item.key_case,
            duplicate=item.duplicate,
            verdict=item.verdict,
            state=item.state,
            ordered=item.ordered,
            fine=item.fine,
            talks=item.talks,
            accountable=item.accountable,
            filed=item.filed,
            detained=item.detained,
        )
        for item in Transfer.objects.filter(withdrawn_at=None).select_related("region")
    ]


def closed_out() -> QuerySet[Problem]:
    """Return the problems anybody may read of: publicised or closed out."""
    found = Problem.objects.filter(state__in=("publicised", "signed", *ENDED), withdrawn_at=None)
    return found.select_related("region").order_by("-state_at", "-pk")


def to_do(*, user: User, now: dt.datetime) -> list[ToDo]:
    """Answer the hook ``person.todo``: problems that wait for an acceptance or a look-back."""
    on = timezone.localdate(now)
    if not access.has(user, "inspectorate.accept", on):
        return []
    waiting = records.visible(register="problems", user=user, on=on).filter(
        state__in=("self_checked", "signed")
    )
    return [
        ToDo(
            kind="rectification",
            title_zh=f"验收：{item.text[:40]}",
            title_en=f"Accept: {item.number}",
            url=f"/records/problems/{item.number}/",
            due_at=item.due_at,
            since=item.state_at,
            number=item.number,
        )
        for item in waiting[:100]
    ]


def _standing(problem: Problem, states: list[str], on: dt.date) -> Standing:
    done = sum(state == "verified" for state in states)
    share = rules.progress(done, len(states))
    planned = rules.planned(timezone.localdate(problem.created_at), problem.due_date, on)
    open_ = problem.state not in ENDED
    behind = open_ and share < planned - rules.terms()["behind_share"]
    late = open_ and on > problem.due_date
    return Standing(problem, done, len(states), share, planned, behind, late)
