"""How a target is scored. Pure arithmetic on the target table; nothing here reads a clock or a store."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import functools
import math
from collections.abc import Iterable, Mapping
from importlib import resources

from jiangcheng.methods import budget


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
    return tuple(_target(row) for row in _table("targets.csv"))


@functools.cache
def words(table: str) -> dict[str, tuple[str, str]]:
    """Return the names zh and en by code of ``departments``, ``themes`` or ``units``, in the order of the table."""
    return {row["code"]: (row["name_zh"], row["name_en"]) for row in _table(f"{table}.csv")}


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
    if target.target_value is None or not target.budget or not counted:
        return {}
    return _BUDGETS[target.budget](counted, target.target_value)


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


_BUDGETS = {
    "good_days": _good_days,
    "heavy_days": _heavy_days,
    "mean": _mean,
    "good_sections": _good_sections,
}


def _table(name: str) -> Iterable[dict[str, str]]:
    path = resources.files("jiangcheng.modules.plan").joinpath("data", name)
    return csv.DictReader(path.read_text(encoding="utf-8").splitlines())


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
