"""What the overview counts, and which zones hold."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet

from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.modules.greening import rules
from jiangcheng.modules.greening.models import SewageGrade, Zone


@dataclasses.dataclass(frozen=True, slots=True)
class Team:
    """The equipment of a unit: how complete it is in percent, and what is missing."""

    unit: str
    percent: float | None
    missing: tuple[tuple[str, int], ...]
    """Code of the item and how many pieces are missing, items that nobody has entered among them."""


def zones(*, on: dt.date) -> list[rules.Zone]:
    """Return the zones in force on a day."""
    found = Zone.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on), valid_from_date__lte=on, withdrawn_at=None
    )
    return [rules.Zone(zone.number, zone.kind, zone.name_zh, zone.outline) for zone in found]


def teams(*, user: User, on: dt.date) -> list[Team]:
    """Return the units a person may see with the completeness of their equipment, the poorest first."""
    items = {item["code"]: item["required"] for item in rules.in_force("equipment", on)["items"]}
    units: dict[str, dict[str, tuple[int, int]]] = collections.defaultdict(dict)
    for row in _visible("equipment", user, on):
        units[row.unit][row.item] = (
            items.get(row.item, 0) if row.required is None else row.required,
            row.held,
        )
    found = [_team(unit, held, items) for unit, held in units.items()]
    return sorted(found, key=lambda team: (team.percent is None, team.percent or 0, team.unit))


def counts(register: str, *, user: User, on: dt.date, by: Iterable[str]) -> list[dict[str, Any]]:
    """Return how many rows of a register a person may see, by the given fields."""
    rows = _visible(register, user, on)
    return list(rows.order_by().values(*by).annotate(count=Count("pk")).order_by(*by))


def graded_before(row: SewageGrade) -> list[SewageGrade]:
    """Return the other grades of the same enterprise that still hold."""
    return list(
        SewageGrade.objects.filter(facility=row.facility, state="graded", withdrawn_at=None).exclude(
            pk=row.pk
        )
    )


def _visible(register: str, user: User, on: dt.date) -> QuerySet[Any]:
    return records.visible(register=register, user=user, on=on).filter(withdrawn_at=None)


def _team(unit: str, held: dict[str, tuple[int, int]], items: dict[str, int]) -> Team:
    every = {code: held.get(code, (required, 0)) for code, required in items.items()}
    missing = tuple((code, need - got) for code, (need, got) in every.items() if got < need)
    return Team(unit, rules.completeness(every.values()), missing)
