"""From classes of sections to rivers, causes, changes and targets (circular 环办〔2011〕22号, GB 3838-2002 5.1)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods import statistics
from jiangcheng.modules.water.rules import surface
from jiangcheng.standards import lookup, rounding

METHOD = "water_method"
CONDITION = np.array([0, 1, 1, 2, 3, 4, 5], dtype=np.int8)
"""Condition of a section by class: classes I and II are both 优."""


class BasinGrade(NamedTuple):
    """Condition of a river or basin."""

    grade: int
    """1 优 … 5 重度污染; 0 where no section is assessed."""
    counts: surface.SectionCounts
    by_means: bool
    """True where the sections are too few for shares and the class of their means stands for them."""


class BasinChange(NamedTuple):
    """How a basin changed between two periods."""

    points: float
    """Change of the share of good sections minus that of the inferior ones [percentage points]."""
    step: int
    """-2 clearly worse, -1 worse, 0 no clear change, 1 better, 2 clearly better."""


class MonthChange(NamedTuple):
    """How sections changed from one period to the next, ``(n,)``."""

    classes: NDArray[np.int8]
    """Class now minus class before; positive is worse, 0 also where one of both is missing."""
    causes: NDArray[np.uint32]
    """Bit i for the i-th item: without it the class would not have changed so far."""
    known: NDArray[np.bool_]


class TargetCounts(NamedTuple):
    """Sections or functional zones that reach the class they must reach."""

    assessed: int
    reached: int
    missing: int
    percent: float


def condition(classes: ArrayLike) -> NDArray[np.int8]:
    """Return the condition of sections, 1 优 … 5 重度污染, 0 where there is no class."""
    return np.asarray(CONDITION[np.asarray(classes, dtype=np.int64)])


def basin_grade(classes: ArrayLike) -> BasinGrade:
    """Grade a river or basin by the shares of its sections' classes; grade 0 where they are too few.

    Shares are compared as they are, not rounded. The circular leaves out exactly 60 % good with 40 % inferior;
    it counts as 重度污染 here.
    """
    found = np.asarray(classes)
    counts = surface.section_counts(found)
    if counts.assessed < _number("sections", "count", "basin"):
        return BasinGrade(0, counts, False)
    good, inferior = 100 * counts.good / counts.assessed, 100 * counts.inferior / counts.assessed
    if good >= _number("good_share", "not_below", "basin1"):
        grade = 1
    elif good >= _number("good_share", "not_below", "basin2"):
        grade = 2
    elif inferior < _number("inferior_share", "below", "basin3"):
        grade = 3
    else:
        grade = 4 if inferior < _number("inferior_share", "below", "basin4") else 5
    return BasinGrade(grade, counts, False)


def basin_grade_of_means(values: Mapping[str, ArrayLike], *, mode: str = surface.AUTO_STATION) -> BasinGrade:
    """Grade a river of fewer than five sections: the mean of each item is classified once.

    Parameters
    ----------
    values
        Values of the sections by item, ``(n,)`` each, NaN where missing; rivers only.
    """
    means = {name: _mean(column) for name, column in values.items()}
    result = surface.classify(means, mode=mode, with_multiples=False)
    alone = surface.classify(values, mode=mode, with_multiples=False)
    counts = surface.section_counts(alone.section)
    return BasinGrade(int(condition(result.section)[0]), counts, True)


def main_pollutants(result: surface.ClassResult) -> list[tuple[str, ...]]:
    """Return the items worse than class III of every row, at most three, the weightiest first.

    Toxic items (cyanide, lead, chromium …) come first, then the worse class, then the higher multiple; pH and
    dissolved oxygen have no multiple. The result must have been computed with multiples.
    """
    names = list(result.items)
    classes = np.stack([result.items[name] for name in names]).astype(np.int64)
    none = np.zeros(classes.shape[1])
    multiples = np.stack([np.nan_to_num(result.multiples.get(name, none)) for name in names])
    first = np.array([name in _toxic() for name in names])[:, None] & (classes > surface.GOOD)
    order = np.lexsort((-multiples, -classes, ~first), axis=0)
    most = int(_number("pollutants", "count", "kept"))
    kept: list[tuple[str, ...]] = []
    for row in range(classes.shape[1]):
        exceeding = [names[place] for place in order[:, row] if classes[place, row] > surface.GOOD]
        kept.append(tuple(exceeding[:most]))
    return kept


def basin_pollutants(result: surface.ClassResult) -> list[tuple[str, float]]:
    """Return the items of most sections worse than class III with their share in percent, at most three."""
    shares = []
    for name, classes in result.items.items():
        assessed = int((classes > 0).sum())
        over = int((classes > surface.GOOD).sum())
        if over:
            shares.append((name, statistics.share(over, assessed)))
    shares.sort(key=lambda pair: -pair[1])
    return shares[: int(_number("pollutants", "count", "kept"))]


def section_change(before: ArrayLike, now: ArrayLike) -> NDArray[np.int8]:
    """Return how sections changed in condition: -2 clearly worse … 2 clearly better, 0 if one is missing."""
    old, new = condition(before), condition(now)
    clear = int(_number("change_section", "count", "clear"))
    step = np.clip(old.astype(np.int64) - new, -clear, clear)
    return np.asarray(step * ((old > 0) & (new > 0)), dtype=np.int8)


def basin_change(before: surface.SectionCounts, now: surface.SectionCounts) -> BasinChange:
    """Return how a basin changed; NaN and 0 where one of both has no assessed section."""
    if not before.assessed or not now.assessed:
        return BasinChange(float("nan"), 0)
    points = _balance(now) - _balance(before)
    settled = float(rounding.settle(points))
    some, clear = (_number("change_basin", "above", zone) for zone in ("some", "clear"))
    step = int(abs(settled) > some) + int(abs(settled) > clear)
    return BasinChange(float(rounding.round_half_even(settled, 1)), step if settled > 0 else -step)


def month_change(before: surface.ClassResult, now: surface.ClassResult) -> MonthChange:
    """Return the change of class row by row with the items that caused it.

    Where the class got worse, the causes are the items that are now worse than the section was; where it got
    better, the items that were worse than the section is.
    """
    known = (before.section > 0) & (now.section > 0)
    classes = np.where(known, now.section - before.section, 0).astype(np.int8)
    causes = np.zeros(classes.shape, dtype=np.uint32)
    for bit, name in enumerate(now.items):
        rose = (classes > 0) & (now.items[name] > before.section)
        earlier = before.items.get(name)
        fell = (classes < 0) & (earlier > now.section) if earlier is not None else np.False_
        causes |= (rose | fell).astype(np.uint32) << np.uint32(bit)
    return MonthChange(classes, causes, known)


def target_counts(classes: ArrayLike, targets: ArrayLike) -> TargetCounts:
    """Count the sections or functional zones whose class is not worse than their target (GB 3838 5.1)."""
    found, wanted = np.asarray(classes), np.asarray(targets)
    assessed = int((found > 0).sum())
    reached = int(((found > 0) & (found <= wanted)).sum())
    return TargetCounts(assessed, reached, int(found.size) - assessed, statistics.share(reached, assessed))


def cwqi(means: Mapping[str, float], *, lake: bool = False) -> float:
    """Return the water quality index of a city's river (or lake) sections, unrounded; less is better.

    Parameters
    ----------
    means
        Mean of each item over the city's sections [mg/L; pH: 1]; items that are missing do not count.
    lake
        Whether the limit of lakes holds for total phosphorus.
    """
    ends = {zone: _number("ph", "cwqi", zone) for zone in ("neutral", "acid_end", "base_end")}
    total = 0.0
    for name in surface.items_of(surface.FULL):
        value = means.get(name, float("nan"))
        if np.isnan(value):
            continue
        limits = _class3(name)
        if name == "ph":
            end = ends["acid_end"] if value <= ends["neutral"] else ends["base_end"]
            total += (value - ends["neutral"]) / (end - ends["neutral"])
        elif name == "do":
            total += limits[0] / value if value > 0 else float("inf")
        else:
            total += value / (limits[-1] if lake else limits[0])
    return total


def cwqi_of_city(rivers: tuple[float, int], lakes: tuple[float, int]) -> float:
    """Return a city's index from index and number of sections of its rivers and of its lakes."""
    sections = rivers[1] + lakes[1]
    if not sections:
        return float("nan")
    parts = [index * number for index, number in (rivers, lakes) if number]
    return float(rounding.round_half_even(rounding.settle(sum(parts) / sections), 4))


def _balance(counts: surface.SectionCounts) -> float:
    return 100 * (counts.good - counts.inferior) / counts.assessed


def _mean(column: ArrayLike) -> NDArray[np.float64]:
    numbers = np.asarray(column, dtype=np.float64)
    numbers = numbers[~np.isnan(numbers)]
    return rounding.settle([numbers.mean()]) if numbers.size else np.array([np.nan])


@functools.cache
def _class3(name: str) -> tuple[float, ...]:
    """Return the class III limit of an item, then that of lakes where they have their own."""
    return tuple(
        row.value
        for row in lookup.rows("GB3838", edition="2002")
        if row.parameter == name and row.zone in ("class3", "lake_class3")
    )


@functools.cache
def _toxic() -> frozenset[str]:
    rows = lookup.rows(METHOD, edition="2011", zone="pollutant")
    return frozenset(row.parameter for row in rows if row.averaging == "first")


@functools.cache
def _number(parameter: str, averaging: str, zone: str) -> float:
    edition = "2017" if averaging == "cwqi" else "2011"
    return lookup.value(METHOD, parameter, averaging, zone, edition=edition)
