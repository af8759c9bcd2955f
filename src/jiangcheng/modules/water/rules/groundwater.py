"""Classes of groundwater (GB/T 14848-2017) and the double control of its quantity and level."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup

STANDARD = "GB14848"
OPEN, KEPT, NEAR, BROKEN = 0, 1, 2, 3
"""Colours of the double control: not known, kept, near the bound, broken."""


@dataclasses.dataclass(frozen=True, slots=True)
class GroundwaterResult:
    """Classes of n samples.

    Attributes
    ----------
    section
        Comprehensive class by the worst item (6.3), int8 ``(n,)``, 1…5, 0 where no item decides.
    items
        Class of each item, 0 where it is missing or proves nothing.
    limiting
        Items that hold the sample at its class, uint64 ``(n,)``, bit i for the i-th of `items`; 0 for class I.
    unproven
        Items not detected with a detection limit above the limit of class I: no worse than some class, and
        therefore left out of the class and listed apart.
    edition
        Of GB/T 14848.
    """

    section: NDArray[np.int8]
    items: Mapping[str, NDArray[np.int8]]
    limiting: NDArray[np.uint64]
    unproven: NDArray[np.uint64]
    edition: str

    def names(self, masks: NDArray[np.uint64]) -> list[tuple[str, ...]]:
        """Return the items of bit sets."""
        return [tuple(n for bit, n in enumerate(self.items) if int(mask) >> bit & 1) for mask in masks]


class DualControl(NamedTuple):
    """Double control of units, ``(n,)`` int8: 0 not known, 1 kept, 2 near, 3 broken."""

    quantity: NDArray[np.int8]
    level: NDArray[np.int8]
    unit: NDArray[np.int8]
    """The worse of both: one broken control makes the unit red."""


def groundwater_items(edition: str = "2017") -> tuple[str, ...]:
    """Return the items of table 1 that have numbers, in its order."""
    return tuple(dict.fromkeys(row.parameter for row in lookup.rows(STANDARD, edition=edition)))


def classify_groundwater(
    values: Mapping[str, ArrayLike],
    undetected: Mapping[str, ArrayLike] | None = None,
    *,
    edition: str = "2017",
) -> GroundwaterResult:
    """Return the class of every sample by its worst item; of equal limits the better class holds (6.2, 6.3).

    Parameters
    ----------
    values
        Values by item in the units of the table, ``(n,)`` each, NaN where missing. Where an item was not
        detected its value is the detection limit.
    undetected
        By item, whether it was not detected.

    Raises
    ------
    ValueError
        If none of the items is in the table.
    """
    known = [name for name in groundwater_items(edition) if name in values]
    if not known:
        raise ValueError("none of the items of GB/T 14848 table 1 is there")
    items: dict[str, NDArray[np.int8]] = {}
    rows = np.asarray(values[known[0]]).shape
    unproven = np.zeros(rows, dtype=np.uint64)
    for bit, name in enumerate(known):
        numbers = np.asarray(values[name], dtype=np.float64)
        hidden = np.broadcast_to(np.asarray((undetected or {}).get(name, False), dtype=np.bool_), rows)
        upper, lower = _limits(name, edition)
        found = 1 + sum((numbers > limit).astype(np.int8) for limit in upper)
        found = found + sum((numbers < limit).astype(np.int8) for limit in lower)
        found = np.where(np.isnan(numbers) | (numbers < 0), 0, found)
        blunt = hidden & (found > 1) & (upper[0] > 0 if upper else True)
        items[name] = np.where(blunt, 0, np.where(hidden & (found > 0), 1, found)).astype(np.int8)
        unproven |= blunt.astype(np.uint64) << np.uint64(bit)
    section = np.maximum.reduce(list(items.values()))
    limiting = np.zeros(rows, dtype=np.uint64)
    for bit, found in enumerate(items.values()):
        limiting |= ((found == section) & (section > 1)).astype(np.uint64) << np.uint64(bit)
    return GroundwaterResult(section, items, limiting, unproven, edition)


def dual_control(
    abstracted: ArrayLike,
    quota: ArrayLike,
    depth: ArrayLike,
    control_depth: ArrayLike,
    *,
    near: float,
) -> DualControl:
    """Judge quantity and level of groundwater units: red if the quantity OR the level breaks its control.

    Parameters
    ----------
    abstracted, quota
        Water taken this year and allowed in it [10⁴ m³]; NaN where not known.
    depth, control_depth
        Depth of the water table below ground, and the deepest allowed [m]; NaN where not known.
    near
        Share of the bound from which a unit counts as near it, e.g. 0.9.
    """
    quantity = _held(np.asarray(abstracted, float), np.asarray(quota, float), near)
    level = _held(np.asarray(depth, float), np.asarray(control_depth, float), near)
    return DualControl(quantity, level, np.maximum(quantity, level))


def _held(value: NDArray[np.float64], bound: NDArray[np.float64], near: float) -> NDArray[np.int8]:
    state = np.where(value > bound, BROKEN, np.where(value >= near * bound, NEAR, KEPT))
    return np.where(np.isnan(value) | np.isnan(bound), OPEN, state).astype(np.int8)


@functools.cache
def _limits(name: str, edition: str) -> tuple[tuple[float, ...], tuple[float, ...]]:
    rows = [row for row in lookup.rows(STANDARD, edition=edition) if row.parameter == name]
    return (
        tuple(row.value for row in rows if row.averaging == "not_above"),
        tuple(row.value for row in rows if row.averaging == "not_below"),
    )
