"""How a target is scored. Pure arithmetic on the target table; nothing here reads a clock or a store."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
import re
from collections.abc import Mapping

from jiangcheng.methods import budget
from jiangcheng.modules.plan.rules import tables


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A target of a plan, as the project reads it.

    ``comparator`` is the plan's own sign (``~`` stands for 左右, about). ``better`` is ``higher`` or ``lower``
    and settles what ``=`` and ``~`` leave open: passing the number on the better side counts as met.
    ``basis`` is ``number``, ``previous_year``, ``year_2027`` … or ``delegated`` (set by another document).
    ``computability`` is ``computed``, ``partly`` or ``reported``. ``indicator`` is the code of the indicator
    that supplies the value, empty where none does yet. ``budget`` says what is counted towards the end of the
    year: ``good_days``, ``heavy_days``, ``mean``, ``good_sections``, or nothing.
    """

    id: str
    version: int
    valid_from: datetime.date
    valid_to: datetime.date | None
    level: str
    theme: str
    name_zh: str
    name_en: str
    unit: str
    comparator: str
    better: str
    target_year: int | None
    target_value: float | None
    basis: str
    computability: str
    formula_zh: str
    formula_en: str
    department: str
    indicator: str
    budget: str
    note_zh: str
    note_en: str


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """``gap`` is how far the value lies from the target, in the target's unit, positive where it falls short."""

    met: bool | None
    gap: float | None


@functools.cache
def _all() -> tuple[Target, ...]:
    return tuple(_target(row) for row in tables.rows("targets"))


def known_targets() -> tuple[Target, ...]:
    """Return every version of every target as the plans set it."""
    return _all()


def label(target: Target, column: int) -> str:
    """Return the name of a target with its year; ``column`` 0 is Chinese, 1 English."""
    name = (target.name_zh, target.name_en)[column]
    return f"{name} {target.target_year}" if target.target_year else name


def family(target_id: str) -> str:
    """Return what the targets of one quantity share: the id without its year."""
    return re.sub(r"_20\d\d$", "", target_id)


def adjusted(target: Target, *, value: float, year: int | None, valid_from: datetime.date) -> Target:
    """Return the next version of a target after an approved adjustment."""
    return dataclasses.replace(
        target,
        version=target.version + 1,
        target_value=value,
        target_year=year or target.target_year,
        basis="number",
        valid_from=valid_from,
    )


def against(target: Target, series: Mapping[int, float], year: int, goal: float | None) -> Target:
    """Return the target with the number its value of a year is compared with.

    Parameters
    ----------
    series
        Values of the quantity by year: a target may ask for better than the year before, or than a given year.
    goal
        The number that another document sets (basis ``delegated``), None where nobody has entered it.
    """
    if target.target_value is not None:
        return target
    earlier = {"previous_year": year - 1, "year_2027": 2027, "year_2030": 2030}.get(target.basis)
    known = goal if earlier is None else series.get(earlier) if earlier < year else None
    return dataclasses.replace(target, target_value=known)


def path(points: Mapping[int, float], baseline: tuple[int, float] | None, years: range) -> dict[int, float]:
    """Return what a year has to show for the way to the targets to be even.

    Parameters
    ----------
    points
        Target values by year, of one quantity.
    baseline
        Year and value before the first target; None where nobody has reported one.
    years
        The years asked for.

    Returns
    -------
    dict
        By year; years outside of what is known are left out. The platform's own reading: between its dates
        the plan says nothing.
    """
    known = sorted({**dict([baseline] if baseline else []), **points}.items())
    found = {}
    for year in years:
        before = [pair for pair in known if pair[0] <= year]
        after = [pair for pair in known if pair[0] >= year]
        if not before or not after:
            continue
        (first, low), (last, high) = before[-1], after[0]
        found[year] = low if first == last else low + (high - low) * (year - first) / (last - first)
    return found


def targets(on: datetime.date) -> list[Target]:
    """Return the version of every target in force on a date, in the order of the plans."""
    return [
        target
        for target in _all()
        if target.valid_from <= on and (target.valid_to is None or on < target.valid_to)
    ]


def score(target: Target, value: float | None) -> Score:
    """Compare a value, already rounded as it is published, with the target.

    Both answers are None where the plan gives no number or the value is missing.
    """
    if value is None or target.target_value is None:
        return Score(met=None, gap=None)
    short = value - target.target_value
    if target.better == "higher":
        short = -short
    # Both numbers are published decimals: twelve digits remove what binary subtraction adds to them.
    gap = round(short, 12) + 0.0
    return Score(met=gap <= 0, gap=gap)


def remaining(target: Target, counted: Mapping[str, float]) -> dict[str, float]:
    """Return what may still happen until the end of the year with the target still reached.

    Parameters
    ----------
    counted
        The intermediate numbers of the indicator: ``good_days``, ``heavy_days``, ``valid_days``, ``mean``,
        ``days_left``, ``good_sections``, ``assessed_sections`` as far as its formula has them.

    Returns
    -------
    dict
        ``days_that_may_be_lost`` or ``sections_that_may_fail`` (negative: already too many), or
        ``mean_of_the_rest`` [unit of the target]; empty where the target has no budget.
    """
    if target.target_value is None or not target.budget or not _is_counted(target, counted):
        return {}
    return _BUDGETS[target.budget](counted, target.target_value)


def what_if(target: Target, counted: Mapping[str, float], change: float) -> dict[str, float]:
    """Return how the year would end if something happened.

    Parameters
    ----------
    counted
        As for `remaining`; ``matched`` and ``total`` for a share of a register.
    change
        By budget: bad days among those to come (the others good), heavy days to come, the mean of the days to
        come [unit of the target], or sections that fall behind; without a budget: rows that are added to those
        that match.

    Returns
    -------
    dict
        ``value`` at the end of the year [unit of the target] and ``gap``; empty where nothing is counted.
    """
    value = _imagined(target, counted, change)
    if value is None:
        return {}
    found = score(target, round(value, 4))
    return {"value": round(value, 2), **({} if found.gap is None else {"gap": round(found.gap, 2) + 0.0})}


def _is_counted(target: Target, counted: Mapping[str, float]) -> bool:
    """Whether the parts of the budget are there: a number that somebody reported has none."""
    return counted.keys() >= _PARTS[target.budget]


def _imagined(target: Target, counted: Mapping[str, float], change: float) -> float | None:
    if target.budget and not _is_counted(target, counted):
        return None
    days = counted.get("valid_days", 0) + counted.get("days_left", 0)
    if target.budget == "good_days" and days:
        good = counted["good_days"] + counted["days_left"] - min(change, counted["days_left"])
        return 100 * good / days
    if target.budget == "heavy_days" and days:
        return 100 * (counted["heavy_days"] + min(change, counted["days_left"])) / days
    if target.budget == "mean" and days:
        return (counted["mean"] * counted["valid_days"] + change * counted["days_left"]) / days
    if target.budget == "good_sections" and counted.get("assessed_sections"):
        return 100 * max(0, counted["good_sections"] - change) / counted["assessed_sections"]
    if target.unit == "count" and "matched" in counted:
        return max(0.0, counted["matched"] + (change if target.better == "higher" else -change))
    if counted.get("total") and target.unit == "%":
        return 100 * min(counted["matched"] + change, counted["total"]) / counted["total"]
    return None


def _good_days(counted: Mapping[str, float], percent: float) -> dict[str, float]:
    left = budget.failures_left(
        successes=int(counted["good_days"]),
        judged=int(counted["valid_days"]),
        remaining=int(counted["days_left"]),
        target_percent=percent,
    )
    return {"days_that_may_be_lost": left}


def _heavy_days(counted: Mapping[str, float], percent: float) -> dict[str, float]:
    left = budget.occurrences_left(
        occurred=int(counted["heavy_days"]),
        judged=int(counted["valid_days"]),
        remaining=int(counted["days_left"]),
        limit_percent=percent,
    )
    return {"days_that_may_be_lost": left}


def _mean(counted: Mapping[str, float], target: float) -> dict[str, float]:
    days = int(counted["days_left"])
    if not days:
        return {}
    allowed = budget.mean_left(
        mean=counted["mean"], count=int(counted["valid_days"]), remaining=days, target=target
    )
    # Rounded down: a mean of the shown height still reaches the target.
    return {"mean_of_the_rest": math.floor(allowed * 10) / 10}


def _good_sections(counted: Mapping[str, float], percent: float) -> dict[str, float]:
    sections, good = int(counted["assessed_sections"]), int(counted["good_sections"])
    allowed = budget.failures_left(successes=0, judged=0, remaining=sections, target_percent=percent)
    return {"sections_that_may_fail": allowed - (sections - good)}


_PARTS = {
    "good_days": {"good_days", "valid_days", "days_left"},
    "heavy_days": {"heavy_days", "valid_days", "days_left"},
    "mean": {"mean", "valid_days", "days_left"},
    "good_sections": {"good_sections", "assessed_sections"},
}
_BUDGETS = {
    "good_days": _good_days,
    "heavy_days": _heavy_days,
    "mean": _mean,
    "good_sections": _good_sections,
}


def _target(row: dict[str, str]) -> Target:
    return Target(
        **{
            **row,
            "version": int(row["version"]),
            "valid_from": datetime.date.fromisoformat(row["valid_from"]),
            "valid_to": datetime.date.fromisoformat(row["valid_to"]) if row["valid_to"] else None,
            "target_year": int(row["target_year"]) if row["target_year"] else None,
            "target_value": float(row["target_value"]) if row["target_value"] else None,
        }  # type: ignore[arg-type]
    )
