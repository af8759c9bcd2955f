"""Levels of heavy-pollution warnings by thresholds as data, and what the series say about reductions."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup

LEVELS = ("yellow", "orange", "red")
"""Weakest first."""
CHECK = "execution"


class Condition(NamedTuple):
    """A daily AQI above a number on consecutive days."""

    aqi_above: float
    days: int


class Proposal(NamedTuple):
    """The level that the thresholds ask for."""

    level: str
    alternative: str
    """Which of the level's alternatives, e.g. ``a``."""
    conditions: tuple[Condition, ...]
    first: int
    last: int
    """Places of the first and the last day that fulfil it."""
    edition: str
    verified: bool


def thresholds(on: datetime.date) -> dict[str, dict[str, tuple[Condition, ...]]]:
    """Return the conditions by level and alternative; those of an alternative hold together."""
    rows = [row for row in lookup.rows("air_warning", on) if row.parameter != CHECK]
    found: dict[str, dict[str, tuple[Condition, ...]]] = {}
    for key in dict.fromkeys((row.parameter, row.averaging) for row in rows):
        of = {row.zone: row.value for row in rows if (row.parameter, row.averaging) == key}
        level, alternative = key[0], key[1][:-1]
        condition = Condition(of["aqi_above"], int(of["days"]))
        by_level = found.setdefault(level, {})
        by_level[alternative] = (*by_level.get(alternative, ()), condition)
    return found


def proposed_level(aqi: ArrayLike, *, on: datetime.date) -> Proposal | None:
    """Return the highest level that a row of forecast days reaches, or None.

    Parameters
    ----------
    aqi
        Daily AQI of consecutive days ``(n,)``; NaN where there is none, which ends a run of days.
    on
        Day of issue; selects the thresholds.
    """
    values = np.asarray(aqi, np.float64)
    table = thresholds(on)
    verified = all(row.verified in ("text", "data") for row in lookup.rows("air_warning", on))
    edition = lookup.edition_on("air_warning", on).code
    for level in reversed(LEVELS):
        for alternative, conditions in table.get(level, {}).items():
            spans = [_longest(values > condition.aqi_above) for condition in conditions]
            if all(
                last - first + 1 >= condition.days
                for (first, last), condition in zip(spans, conditions, strict=True)
            ):
                return Proposal(
                    level,
                    alternative,
                    conditions,
                    min(first for first, _last in spans),
                    max(last for _first, last in spans),
                    edition,
                    verified,
                )
    return None


def _longest(above: NDArray[np.bool_]) -> tuple[int, int]:
    """Return first and last place of the longest run, ``(0, -1)`` where there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], above.astype(int), [0]])))
    runs = edges.reshape(-1, 2)
    if not len(runs):
        return 0, -1
    first, end = runs[(runs[:, 1] - runs[:, 0]).argmax()].tolist()
    return first, end - 1


def is_higher(level: str, than: str) -> bool:
    """Tell whether a level is above another."""
    return LEVELS.index(level) > LEVELS.index(than)


def reduction(during: ArrayLike, before: ArrayLike, *, on: datetime.date) -> float:
    """Return by how many percent a series fell below the same hours of the days before.

    Parameters
    ----------
    during
        Hours under the measures by day and hour, ``(d, 24)``, NaN where missing or not under them.
    before
        Hours of the reference days, ``(b, 24)``.

    Returns
    -------
    float
        Negative where it rose; NaN with too few hours, or where there was nothing to reduce.
    """
    under, reference = np.asarray(during, np.float64), np.asarray(before, np.float64)
    present = ~np.isnan(reference)
    count = present.sum(axis=0)
    hourly = np.divide(
        np.where(present, reference, 0.0).sum(axis=0), count, out=np.full(24, np.nan), where=count > 0
    )
    expected = np.broadcast_to(hourly, under.shape)
    both = ~np.isnan(under) & ~np.isnan(expected)
    needed = lookup.value("air_warning", CHECK, "check", "hours_needed", on)
    if both.sum() < needed or not expected[both].sum() > 0:
        return float("nan")
    return float(100 * (1 - under[both].sum() / expected[both].sum()))


class Verdict(NamedTuple):
    """What series and inspections together say of a task."""

    code: str
    """``kept``, ``short``, ``doubtful`` or ``unknown``."""
    percent: float
    """Of the series that decides, NaN where none does."""
    by: str
    """``series`` the list names, the code of a channel, ``inspection``, or empty."""


def execution_verdict(
    required: float,
    named: float,
    channels: Mapping[str, float],
    inspections: Sequence[str],
    *,
    settings: Mapping[str, Any],
) -> Verdict:
    """Return the verdict on a task from everything that was seen of it.

    What an inspection found broken decides. Then the series the list names, and where it says nothing the first
    channel that says something (power, load, water). A stack that fell while power or load fell by less than
    ``doubt_below_share`` of what was asked is doubtful: a person has to look.

    Parameters
    ----------
    required
        Reduction that was asked for [%].
    named
        Reduction in the series the list names [%], NaN without.
    channels
        Reduction by channel in the order of their weight [%], NaN without.
    inspections
        Results of the inspections under the warning.
    """
    known = {name: value for name, value in channels.items() if value == value}
    if any(result in settings["broken_results"] for result in inspections):
        return Verdict("short", named, "inspection")
    if named == named:
        if round(named, 1) < required:
            return Verdict("short", named, "series")
        doubt = any(value < settings["doubt_below_share"] * required for value in known.values())
        return Verdict("doubtful" if doubt else "kept", named, "series")
    for name, value in known.items():
        return Verdict("kept" if round(value, 1) >= required else "short", value, name)
    if any(result in settings["kept_results"] for result in inspections):
        return Verdict("kept", float("nan"), "inspection")
    return Verdict("unknown", float("nan"), "")
