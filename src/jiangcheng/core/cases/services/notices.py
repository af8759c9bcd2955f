"""Whom a step of a case concerns, and telling them in the same transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules
from jiangcheng.core.cases.models import Case, CaseStep
from jiangcheng.core.portal import services as portal
from jiangcheng.core.registry import queries as registry


def tell(
    *,
    case: Case,
    kind: str,
    to: Iterable[User | None],
    text_zh: str,
    text_en: str,
    at: dt.datetime,
    but: User | None = None,
    key: str = "",
) -> None:
    """Send a message about a case to some people, once each, never to who caused it."""
    people = {person for person in to if person is not None and person != but and person.is_active}
    if people:
        portal.notify(
            kind=kind,
            to=sorted(people, key=lambda person: person.pk),
            text_zh=f"{text_zh}：{case.title_zh}"[:200],
            text_en=f"{text_en}: {case.title_en}"[:200],
            url=reverse("cases:case", args=[case.number]),
            at=at,
            severity=case.severity,
            due_at=case.due_at,
            number=case.number,
            key=key,
        )


def after_step(*, case: Case, item: Mapping[str, Any], step: CaseStep, actor: User, at: dt.datetime) -> None:
    """Tell whom a step concerns."""
    on = timezone.localdate(at)
    to: list[User | None] = []
    kind = ""
    if item.get("task"):
        kind, to = "cases.task", [User.objects.get(pk=step.details["handler"])]
    elif "handler_required" in item["guards"]:
        kind, to = "cases.dispatched", [case.handler]
    elif item.get("asks"):
        kind, to = "cases.asked", [*holding("cases.approve", case, on)]
    elif item.get("extends") or item.get("suspends") or item.get("answers"):
        kind, to = "cases.answered", [case.handler]
    elif item.get("counts_rework"):
        kind, to = "cases.returned", [case.handler]
    elif item.get("supervises"):
        kind, to = "cases.supervised", [case.handler, chief_of(case, on)]
    elif item["code"] == "return":
        kind, to = "cases.returned", [*holding("cases.dispatch", case, on)]
    elif rules.is_final(case.workflow.definition, case.state):
        kind, to = "cases.closed", [case.reporter]
    if kind:
        names = {"text_zh": item["name_zh"], "text_en": item["name_en"]}
        tell(case=case, kind=kind, to=to, at=at, but=actor, **names)


def holding(permission: str, case: Case, on: dt.date) -> list[User]:
    """Return the people who have a permission on a case."""
    return access.holders(
        permission,
        on,
        region_code=case.region.code if case.region else "",
        facility_code=case.facility.code if case.facility else "",
    )


def chief_of(case: Case, on: dt.date) -> User | None:
    """Return the chief of the grid cell a case lies in."""
    return registry.responsible(grid_cell=case.grid_cell, on=on).chief if case.grid_cell else None
