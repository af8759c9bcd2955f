"""The account of fires and the tree of contracts."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw.models import (
    DutyContract,
    FireIncident,
    FireObjection,
    Outcome,
    Plot,
    ResiduePlan,
    StrawProgress,
)
from jiangcheng.modules.straw.queries.incidents import FIRE, VIEW, incidents
from jiangcheng.modules.straw.rules import accounts, duties
from jiangcheng.standards import periods


@dataclasses.dataclass(frozen=True, slots=True)
class Accounts:
    """The account of the fires of a period, by county or township."""

    entries: list[tuple[accounts.Entry, Region | None, FireIncident]]
    totals: list[tuple[Region | None, int, int, float]]
    """Area, fires looked at, fires that count, amount [yuan]."""


def account(*, user: User, on: dt.date, first: dt.date, last: dt.date, level: str = "county") -> Accounts:
    """Return the account of the incidents a person may see, by county or by township.

    The order within a ban period decides what is a first fire, so the account begins with the first day of the
    period in which ``first`` lies; only the asked days are shown.
    """
    held = accounts.period(first)
    start, end = (
        dt.datetime.fromtimestamp(at, dt.UTC)
        for at in (periods.day_bounds(min(first, held[0]) if held else first)[0], periods.day_bounds(last)[1])
    )
    rows = [
        row
        for row in incidents(user=user, on=on, start=start, end=end)
        if row.verdict in FIRE or row.outcome == Outcome.STRAW
    ]
    objections: dict[str, str] = {}
    for fire, state in FireObjection.objects.filter(withdrawn_at=None).values_list("fire", "state"):
        if state in ("lodged", "upheld"):
            objections[fire] = "open" if state == "lodged" else "upheld"
    length = 6 if level == "county" else 9
    told = [
        accounts.Counted(
            row.number, row.first_at, row.region.code[:length] if row.region else "", row.verdict, row.outcome,
            objections.get(row.number, ""),
        )
        for row in rows
    ]  # fmt: skip
    known = {row.number: row for row in rows}
    shown_from = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    entries = [entry for entry in accounts.accounts(told) if entry.at >= shown_from]
    areas = {
        region.code: region for region in Region.objects.filter(code__in={entry.area for entry in entries})
    }
    lines = [(entry, areas.get(entry.area), known[entry.number]) for entry in reversed(entries)]
    totals = []
    for code in sorted({entry.area for entry in entries}):
        mine = [entry for entry in entries if entry.area == code]
        count = sum(entry.place > 0 for entry in mine)
        totals.append((areas.get(code), len(mine), count, sum(entry.yuan for entry in mine)))
    return Accounts(lines, sorted(totals, key=lambda line: (-line[3], -line[1])))


@dataclasses.dataclass(frozen=True, slots=True)
class Tree:
    """The contracts in force, what is wrong with them, and the places without one."""

    counts: dict[str, int]
    broken: list[tuple[str, str]]
    gaps: list[tuple[duties.Gap, Region | None]]


def contract_tree(*, user: User, on: dt.date) -> Tree:
    """Return the contract tree of the areas a person may see."""
    scope = access.scope(user, VIEW, on)
    rows = DutyContract.objects.filter(withdrawn_at=None).exclude(region=None).select_related("region")
    told = [
        duties.Contract(
            row.number, row.level, row.region.code if row.region else "", row.village, row.household, row.upper,
            row.starts_on, row.ends_on, row.area_mu,
        )
        for row in rows
    ]  # fmt: skip
    held = duties.in_force(told, on)
    regions = {region.code: region for region in Region.objects.all()}
    seen = {code for code in regions if scope.covers_region(code)}
    villages = set(_villages())
    gaps = duties.uncovered(
        held,
        city=next((code for code, region in regions.items() if region.level == "city"), ""),
        counties=[code for code in seen if regions[code].level == "county"],
        townships=[code for code in seen if regions[code].level == "township"],
        villages=[(code, village) for code, village in villages if code in seen],
    )
    counts = {level: sum(one.level == level for one in held) for level in duties.LEVELS}
    return Tree(counts, duties.broken(held), [(gap, regions.get(gap.region)) for gap in gaps])


def _villages() -> Iterable[tuple[str, str]]:
    for model in (Plot, ResiduePlan, StrawProgress):
        rows = model._default_manager.filter(withdrawn_at=None).exclude(region=None).order_by()
        yield from rows.values_list("region__code", "village").distinct()
