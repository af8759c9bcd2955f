"""Trophic state of lakes (综合营养状态指数) and degrees of algal bloom."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup, rounding

ITEMS = ("chla", "tp", "tn", "sd", "codmn")


class TrophicResult(NamedTuple):
    """Trophic level index of n rows."""

    tli: NDArray[np.float64]
    """TLI(Σ), one decimal; NaN where no item is there."""
    grade: NDArray[np.int8]
    """1 贫营养 … 5 重度富营养, 0 without an index."""
    items: Mapping[str, NDArray[np.float64]]
    complete: NDArray[np.bool_]
    """False where an item is missing and the weights of the others were raised to make one."""


class Algae(NamedTuple):
    """Degree of a bloom, 1 none … 5 heavy, 0 unknown, ``(n,)``."""

    level: NDArray[np.int8]
    by_density: NDArray[np.int8]
    by_area: NDArray[np.int8]


def tli(values: Mapping[str, ArrayLike]) -> TrophicResult:
    """Return TLI(Σ) with the weights r² / Σ r² of the items that are there.

    Parameters
    ----------
    values
        ``chla`` [mg/m³], ``tp``, ``tn``, ``codmn`` [mg/L], ``sd`` (transparency) [m], each ``(n,)``; NaN and
        values that are not positive are missing.

    Raises
    ------
    ValueError
        If none of the items is given.
    """
    known = [name for name in ITEMS if name in values]
    if not known:
        raise ValueError(f"none of the items {', '.join(ITEMS)} is there")
    found: dict[str, NDArray[np.float64]] = {}
    rows = np.asarray(values[known[0]]).shape
    total, weight = np.zeros(rows), np.zeros(rows)
    present = np.zeros(rows, dtype=np.int64)
    for name in known:
        numbers = np.asarray(values[name], dtype=np.float64)
        constant, slope, correlation = _coefficients(name)
        there = numbers > 0
        logarithm = np.log(np.where(there, numbers, 1.0))
        found[name] = np.where(there, 10 * (constant + slope * logarithm), np.nan)
        total += np.where(there, found[name], 0.0) * correlation**2
        weight += there * correlation**2
        present += there
    with np.errstate(invalid="ignore", divide="ignore"):
        index = rounding.round_half_even(rounding.settle(total / weight), 1)
    return TrophicResult(index, _grade(index), found, present == len(ITEMS))


def algae_levels(
    density: ArrayLike = np.nan, area_percent: ArrayLike = np.nan, *, edition: str = "2020"
) -> Algae:
    """Return the degree of a bloom by density of algae and by the share of the lake's area, and the worse.

    Parameters
    ----------
    density
        Million cells per litre.
    area_percent
        Share of the water area with a bloom, by remote sensing [%].
    """
    dense, wide = np.broadcast_arrays(
        np.asarray(density, dtype=np.float64), np.asarray(area_percent, dtype=np.float64)
    )
    by_density, by_area = _level(dense, "density", edition), _level(wide, "area", edition)
    return Algae(np.maximum(by_density, by_area), by_density, by_area)


def _level(values: NDArray[np.float64], parameter: str, edition: str) -> NDArray[np.int8]:
    rows = [row for row in lookup.rows("algae_levels", edition=edition) if row.parameter == parameter]
    bounds = [float(row.extra["lower"]) for row in rows][1:]
    # The share of nothing is no bloom, and the smallest share is one, if not an evident one.
    level = 1 + sum((values > bound) if bound == 0 else (values >= bound) for bound in bounds)
    return np.where(values >= 0, level, 0).astype(np.int8)


def _grade(index: NDArray[np.float64]) -> NDArray[np.int8]:
    rows = lookup.rows("TLI_grades", edition="2011")
    grade = 1 + (index >= float(rows[1].extra["lower"])).astype(np.int8)
    for row in rows[1:-1]:
        grade = grade + (index > row.value)
    return np.where(np.isnan(index), 0, grade).astype(np.int8)


@functools.cache
def _coefficients(name: str) -> tuple[float, float, float]:
    constant, slope, correlation = (
        lookup.value("TLI", name, part, "lake", edition="2011")
        for part in ("constant", "slope", "correlation")
    )
    return constant, slope, correlation
