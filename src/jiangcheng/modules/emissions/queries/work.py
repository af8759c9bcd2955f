"""What waits for a person: marks to make or review, clues to look at, orders to follow."""

from __future__ import annotations

import datetime

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import get_language

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.queries import Scope
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.manifest import ToDo
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Facility, Outlet
from jiangcheng.modules.emissions.models import Mark, Order
from jiangcheng.modules.emissions.queries.series import OUTLETS, instant
from jiangcheng.standards import periods

MARK, REVIEW = "emissions.mark", "emissions.review"
WAITING = 100
"""Marks, and clues, that a to-do list shows at most."""
CLUE, OVER_LIMIT = "emissions.clue.", "emissions.over_limit"
"""Start of the kinds of clue, and the kind of an hour above its limit."""


def clues(*, scope: Scope) -> QuerySet[Finding]:
    """Return the clues and over-limit findings of outlets a person may see, the latest first."""
    rows = Finding.objects.filter(
        scope.as_filter(region="station__region__code", facility="facility__code"),
        Q(kind__startswith=CLUE) | Q(kind=OVER_LIMIT),
        station__kind__in=OUTLETS,
    )
    return rows.select_related("station__outlet", "facility", "case__workflow").order_by("-last_at", "-pk")


def to_do(*, user: User, now: datetime.datetime) -> list[ToDo]:
    """Return the marks and clues that wait for a person: to be reviewed, or to be explained."""
    on = now.astimezone(periods.BEIJING).date()
    reviews, speaks = access.scope(user, REVIEW, on), access.scope(user, MARK, on)
    waiting = Case.objects.filter(case_type="CLUE", closed_at=None)
    found: list[ToDo] = []
    if reviews:
        seen = reviews.as_filter(region="region__code", facility="facility__code")
        rows = Mark.objects.filter(seen, state="submitted", withdrawn_at=None).select_related("facility")
        found += [_mark_waits(mark) for mark in rows.order_by("due_at")[:WAITING]]
        found += [_clue_waits(case, "review") for case in waiting.filter(seen).order_by("due_at")[:WAITING]]
    if speaks:
        own = speaks.as_filter(region="region__code", facility="facility__code")
        cases = waiting.filter(own, state="raised").order_by("due_at")
        found += [_clue_waits(case, "explain") for case in cases[:WAITING]]
    return found


def _mark_waits(mark: Mark) -> ToDo:
    kind = Mark.Kind(mark.kind)
    facility = mark.facility
    zh, en = (facility.name_zh, facility.name_en) if facility else ("", "")
    return ToDo(
        kind="emissions.mark",
        title_zh=f"审核标记：{zh} {mark.outlet_number}",
        title_en=f"Review a mark: {en} {mark.outlet_number} ({kind.value})",
        url=reverse("records:marks-row", args=[mark.number]),
        due_at=mark.due_at,
        since=mark.created_at,
        number=mark.number,
    )


def _clue_waits(case: Case, what: str) -> ToDo:
    zh, en = {"review": ("核实线索", "Check a clue"), "explain": ("说明线索", "Explain a clue")}[what]
    return ToDo(
        kind=f"emissions.clue.{what}",
        title_zh=f"{zh}：{case.title_zh}",
        title_en=f"{en}: {case.title_en}",
        url=reverse("cases:case", args=[case.number]),
        due_at=case.due_at,
        since=case.opened_at,
        severity=case.severity,
        number=case.number,
    )


def own_outlets(*, user: User, on: datetime.date) -> list[Outlet]:
    """Return the outlets a person may mark."""
    scope = access.scope(user, MARK, on)
    if not scope:
        return []
    rows = Outlet.objects.filter(scope.as_filter(region="station__region__code", facility="facility__code"))
    return list(rows.select_related("facility", "station").order_by("facility__code", "number"))


def own_marks(*, user: User, on: datetime.date, limit: int = 50) -> list[Mark]:
    """Return the latest marks of a person's plants."""
    scope = access.scope(user, MARK, on)
    if not scope:
        return []
    rows = Mark.objects.filter(scope.as_filter(region="region__code", facility="facility__code"))
    return list(rows.select_related("facility").order_by("-from_at")[:limit])


def mark_states() -> dict[str, str]:
    """Return the names of the states of marks in the language of the page."""
    chinese = (get_language() or "").startswith("zh")
    found = records.states(records.register("marks"))
    return {code: name_zh if chinese else name_en for code, name_zh, name_en in found}


def orders(*, facility: Facility, start: int, end: int) -> list[Order]:
    """Return the orders to stop or limit production that touch ``[start, end)``."""
    return list(
        Order.objects.filter(
            facility=facility, withdrawn_at=None, from_at__lt=instant(end), to_at__gt=instant(start)
        ).order_by("from_at")
    )
