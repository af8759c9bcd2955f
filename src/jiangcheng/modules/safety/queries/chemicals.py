"""The inventory of toxic chemicals by list version, and new pollutants against the units."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.modules.safety.models import PollutantResult, PollutantUse, ToxicChemical
from jiangcheng.modules.safety.rules import lists, tables


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A substance of a list with what the units a person may see declared of it."""

    row: tables.Table
    declared: list[ToxicChemical]
    units: int
    tons: float
    first_version: str
    """The version that named it first."""


@dataclasses.dataclass(frozen=True, slots=True)
class Inventory:
    """The inventory of a year against a version of the list, and what changed from another version to it."""

    version: tables.Table
    lines: list[Line]
    against: tables.Table | None
    difference: lists.Difference | None
    outside: list[ToxicChemical]
    """Declared in the year, but not named by this version."""


@dataclasses.dataclass(frozen=True, slots=True)
class Use:
    """What a unit does with a new pollutant, and whether the list forbids it in that year."""

    row: PollutantUse
    forbidden: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Matrix:
    """Key-list substances in rows, units in columns."""

    version: tables.Table
    units: list[Any]
    rows: list[tuple[tables.Table, list[list[Use]], float]]
    """Substance, uses per unit, total [kg]."""


def list_versions(kind: str) -> list[tables.Table]:
    """Return the versions of a list, oldest first."""
    return [row for row in tables.table("chemicals") if row["list"] == kind]


def inventory(*, user: User, on: dt.date, year: int, version: str = "", against: str = "") -> Inventory:
    """Return the toxic chemicals of a year by a version of the list.

    Parameters
    ----------
    version
        The one in force at the end of the year where it is empty.
    against
        With which it is compared; the one before it where it is empty.

    Raises
    ------
    LookupError
        If there is no such version, or none was in force.
    """
    known = {row["version"]: row for row in list_versions("toxic")}
    chosen = (
        known[version]
        if version
        else tables.in_force("chemicals", min(on, dt.date(year, 12, 31)), list="toxic")
    )
    older = [row for row in known.values() if row["valid_from"] < chosen["valid_from"]]
    other = known[against] if against else (older[-1] if older else None)
    if other is chosen:
        other = None
    seen = records.visible(register="toxic-chemicals", user=user, on=on)
    declared: dict[str, list[ToxicChemical]] = defaultdict(list)
    for row in seen.filter(withdrawn_at=None, year=year).select_related("facility").order_by("pk"):
        declared[row.substance].append(row)
    first = {row["code"]: told["version"] for told in reversed(known.values()) for row in told["rows"]}
    named = [_line(row, declared.pop(row["code"], []), first[row["code"]]) for row in chosen["rows"]]
    outside = [row for rows in declared.values() for row in rows]
    return Inventory(chosen, named, other, lists.difference(other, chosen) if other else None, outside)


def _line(row: tables.Table, declared: list[ToxicChemical], first: str) -> Line:
    units = {item.facility_id for item in declared}
    return Line(row, declared, len(units), sum(item.tons for item in declared), first)


def matrix(*, user: User, on: dt.date, year: int) -> Matrix:
    """Return the substances of the key list in force at the end of a year against the units a person may see."""
    version = tables.in_force("chemicals", min(on, dt.date(year, 12, 31)), list="new")
    seen = records.visible(register="pollutant-uses", user=user, on=on).filter(withdrawn_at=None, year=year)
    uses = list(seen.exclude(facility=None).select_related("facility").order_by("pk"))
    units = sorted({use.facility for use in uses}, key=lambda unit: unit.code)
    rows = []
    for item in version["rows"]:
        own = [
            Use(use, lists.forbidden(item, use.activity, year))
            for use in uses
            if use.substance == item["code"]
        ]
        per_unit = [[use for use in own if use.row.facility_id == unit.pk] for unit in units]
        rows.append((item, per_unit, sum(use.row.kilograms for use in own)))
    return Matrix(version, units, rows)


def pollutants_over(*, user: User, on: dt.date, year: int) -> list[tuple[PollutantResult, float]]:
    """Return the results of a year above their screening value, the highest quotient first."""
    seen = records.visible(register="pollutant-results", user=user, on=on)
    rows = seen.filter(withdrawn_at=None, sampled_date__year=year)
    found = [(row, row.quotient()) for row in rows]
    return sorted(((row, q) for row, q in found if q is not None and q > 1), key=lambda item: -item[1])
