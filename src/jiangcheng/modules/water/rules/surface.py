"""Class of a surface-water section by single factor (GB 3838-2002, circular 环办〔2011〕22号), on whole arrays.

A section is as good as its worst item. Classes are computed from raw, unrounded values: on the published
classes of the national automatic stations raw values are right wherever the displayed ones disagree. A value
equal to a limit is within it, so of equal limits the better class holds.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods import statistics
from jiangcheng.standards import lookup, rounding

AUTO_STATION = "auto-station"
FULL = "full"
SETS = {AUTO_STATION: "auto_station", FULL: "full"}
"""Sets of items that make a class: the published one of automatic stations, and the 21 items of the circular."""
GOOD = 3
"""Last class of a good section (优良)."""
INFERIOR = 6
"""Worse than class V (劣Ⅴ)."""
BLOCK = 1 << 15
"""Rows classified at a time; the intermediate arrays of a block stay in the processor's cache."""

Classes = NDArray[np.int8]


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """How one item is classified: ascending limits, each with the number of classes it closes."""

    rises: tuple[tuple[float, int], ...]
    """Above each limit the class grows by so many."""
    falls: tuple[tuple[float, int], ...]
    """Below each limit the class grows by so many (dissolved oxygen, the lower end of pH)."""
    standard: float
    """Class III limit for multiples; NaN for pH and dissolved oxygen, which have none."""


@dataclasses.dataclass(frozen=True, slots=True)
class ClassResult:
    """Classes of n rows.

    Attributes
    ----------
    section
        int8 ``(n,)``, 1…5, 6 for 劣Ⅴ, 0 where no class can be given.
    items
        Class of each item, int8 ``(n,)``, 0 where it is missing.
    limiting
        Items that hold the section at its class, uint32 ``(n,)``, bit i for the i-th of `items`; 0 for class I.
    multiples
        Exceedance over class III, ``C / S - 1``, float64 ``(n,)`` by item, NaN where not exceeded; pH and
        dissolved oxygen have none. Empty if not asked for.
    edition
        Of GB 3838.
    """

    section: Classes
    items: Mapping[str, Classes]
    limiting: NDArray[np.uint32]
    multiples: Mapping[str, NDArray[np.float64]]
    edition: str

    def limiting_names(self, separator: str = "|") -> NDArray[np.object_]:
        """Return the limiting items of every row as text."""
        masks, place = np.unique(self.limiting, return_inverse=True)
        words = [separator.join(n for bit, n in enumerate(self.items) if mask >> bit & 1) for mask in masks]
        return np.array([*words, ""], dtype=object)[:-1][place]


class SectionCounts(NamedTuple):
    """How many sections are how good."""

    assessed: int
    good: int
    """Class I to III."""
    inferior: int
    """Worse than class V."""
    missing: int
    """Without a class; not in the denominators."""
    good_percent: float
    inferior_percent: float


def items_of(mode: str) -> tuple[str, ...]:
    """Return the items that make the class in a mode, `AUTO_STATION` or `FULL`, in the order of the table."""
    return tuple(_needed(mode))


def classify(
    values: Mapping[str, ArrayLike],
    *,
    lake: ArrayLike = False,
    mode: str = AUTO_STATION,
    on: datetime.date | None = None,
    with_multiples: bool = True,
) -> ClassResult:
    """Return the class of every row by single factor.

    Parameters
    ----------
    values
        Raw values by item (``ph``, ``do``, ``codmn``, ``nh3n``, ``tp`` …) [mg/L; pH: 1], each ``(n,)``; NaN
        and negative values are missing. Items outside the mode's set, such as total nitrogen, are left out.
    lake
        Whether the limits of lakes and reservoirs hold for total phosphorus, one for all or ``(n,)``.
    mode
        ``"auto-station"``: pH, DO, CODMn and NH3-N must be there, TP takes part where it is measured.
        ``"full"``: the 21 items of the circular, as far as they are there.
    on
        A date of the data; without it the edition of 2002 is used.
    with_multiples
        Whether to compute `ClassResult.multiples`.

    Raises
    ------
    ValueError
        If no item of the mode is there.
    NotInForce
        If no edition is in force on the date.
    """
    edition = "2002" if on is None else lookup.edition_on("GB3838", on).code
    needed = _needed(mode)
    arrays = {name: np.asarray(values[name], dtype=np.float64) for name in needed if name in values}
    if not arrays:
        raise ValueError(f"none of the items {', '.join(needed)} is there")
    rows = len(next(iter(arrays.values())))
    lakes = np.broadcast_to(np.asarray(lake, dtype=np.bool_), (rows,))
    section = np.zeros(rows, dtype=np.int8)
    limiting = np.zeros(rows, dtype=np.uint32)
    items = {name: np.zeros(rows, dtype=np.int8) for name in arrays}
    absent = any(must and name not in arrays for name, must in needed.items())
    for first in range(0, rows, BLOCK):
        part = slice(first, first + BLOCK)
        for name, numbers in arrays.items():
            items[name][part] = _item_class(numbers[part], name, lakes[part], edition)
        _worst({name: found[part] for name, found in items.items()}, section[part], limiting[part])
        complete = [items[name][part] > 0 for name, must in needed.items() if must and not absent]
        if absent or complete:
            known = np.logical_and.reduce(complete) if complete else np.False_
            section[part] *= known
            limiting[part] *= known
    multiples = _multiples(arrays, items, lakes, edition) if with_multiples else {}
    return ClassResult(section, items, limiting, multiples, edition)


def section_counts(classes: ArrayLike) -> SectionCounts:
    """Return how many sections are good and how many worse than class V.

    Parameters
    ----------
    classes
        One class per section, 0 where there is none.

    Returns
    -------
    SectionCounts
        Shares of the assessed sections in percent with one decimal; NaN where none is assessed.
    """
    found = np.asarray(classes)
    assessed = int((found > 0).sum())
    good = int(((found > 0) & (found <= GOOD)).sum())
    inferior = int((found == INFERIOR).sum())
    return SectionCounts(
        assessed=assessed,
        good=good,
        inferior=inferior,
        missing=int(found.size) - assessed,
        good_percent=statistics.share(good, assessed),
        inferior_percent=statistics.share(inferior, assessed),
    )


def worse_than(classes: ArrayLike, target: ArrayLike) -> NDArray[np.bool_]:
    """Tell which sections are worse than the class they must reach; never those without a class."""
    return np.asarray(classes) > np.asarray(target)


def _worst(items: Mapping[str, Classes], section: Classes, limiting: NDArray[np.uint32]) -> None:
    for found in items.values():
        np.maximum(section, found, out=section)
    for bit, found in enumerate(items.values()):
        limiting |= (found == section).astype(np.uint32) << np.uint32(bit)
    limiting *= section > 1


def _item_class(values: NDArray[np.float64], name: str, lake: NDArray[np.bool_], edition: str) -> Classes:
    found = _compare(values, _item(name, edition, False))
    if name == "tp" and lake.any():
        found = np.where(lake, _compare(values, _item(name, edition, True)), found)
    found *= values >= 0
    return found


def _compare(values: NDArray[np.float64], item: Item) -> Classes:
    found = np.ones(values.shape, dtype=np.int8)
    for limit, classes in item.rises:
        above = (values > limit).view(np.int8)
        found += above if classes == 1 else above * np.int8(classes)
    for limit, classes in item.falls:
        below = (values < limit).view(np.int8)
        found += below if classes == 1 else below * np.int8(classes)
    return found


def _multiples(
    arrays: Mapping[str, NDArray[np.float64]],
    items: Mapping[str, Classes],
    lake: NDArray[np.bool_],
    edition: str,
) -> dict[str, NDArray[np.float64]]:
    multiples = {}
    for name, numbers in arrays.items():
        standard = _item(name, edition, False).standard
        if np.isnan(standard):
            continue
        exceeded = np.flatnonzero(items[name] > GOOD)
        limits = np.where(lake[exceeded], _item(name, edition, True).standard, standard)
        multiples[name] = np.full(numbers.shape, np.nan)
        multiples[name][exceeded] = rounding.settle(numbers[exceeded] / limits - 1)
    return multiples


@functools.cache
def _needed(mode: str) -> Mapping[str, bool]:
    rows = lookup.rows("water_items", edition="2011", zone=SETS[mode])
    return {row.parameter: row.value == 1 for row in rows}


@functools.cache
def _item(name: str, edition: str, lake: bool) -> Item:
    upper = _limits(name, "not_above", edition, lake)
    lower = _limits(name, "not_below", edition, lake)
    standard = float("nan") if lower else upper[GOOD - 1]
    return Item(_steps(upper), _steps(lower), standard)


def _limits(name: str, sense: str, edition: str, lake: bool) -> list[float]:
    rows = [
        row
        for row in lookup.rows("GB3838", edition=edition)
        if (row.parameter, row.averaging) == (name, sense)
    ]
    special = [row.value for row in rows if row.zone.startswith("lake_")]
    return special if lake and special else [row.value for row in rows if not row.zone.startswith("lake_")]


def _steps(limits: Iterable[float]) -> tuple[tuple[float, int], ...]:
    steps: dict[float, int] = {}
    for limit in limits:
        steps[limit] = steps.get(limit, 0) + 1
    return tuple(steps.items())
