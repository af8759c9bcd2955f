"""Equivalent and statistical levels of A-weighted sound, on whole arrays.

Levels are decibels; what is averaged is always the energy ``10^(L/10)``, never the decibels (GB 3096-2008
3.2). A missing level is NaN and is left out. Levels are settled, so that a later rounding sees ties as ties.
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup, rounding

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

EDITION = "2008"
"""Of GB 3096, whose day-night level carries the weight of the night."""
PERCENTS = (10.0, 50.0, 90.0)
_PER_DECIBEL = math.log(10.0) / 10.0


class Summary(NamedTuple):
    """Levels of groups [dB], shape ``(groups,)``; NaN where fewer than the minimum are there."""

    leq: Floats
    l10: Floats
    l50: Floats
    l90: Floats
    lmax: Floats
    number: Counts


@dataclasses.dataclass(frozen=True, slots=True)
class Energy:
    """Sums of energy by group, which add up: chunks of a series give what the whole series gives."""

    total: Floats
    """Sum of ``10^(L/10)``, shape ``(groups,)``."""
    number: Counts
    """Levels behind each sum."""

    def __add__(self, other: Energy) -> Self:
        return type(self)(self.total + other.total, self.number + other.number)

    def level(self, minimum: int = 1) -> Floats:
        """Return the energy mean of every group [dB], NaN of fewer than ``minimum`` levels."""
        enough = self.number >= max(minimum, 1)
        mean = np.where(enough, self.total, 1.0) / np.maximum(self.number, 1)
        with np.errstate(divide="ignore"):
            return rounding.settle(np.where(enough, 10.0 * np.log10(mean), np.nan))


def grouped_energy(levels: ArrayLike, group: ArrayLike, groups: int) -> Energy:
    """Return the sums of energy of every group.

    Parameters
    ----------
    levels
        Levels [dB], shape ``(n,)``; NaN is left out.
    group
        Number of the group of each level, ``0 … groups - 1``.
    groups
        Number of groups.
    """
    numbers = np.asarray(levels, dtype=np.float64)
    index = np.asarray(group, dtype=np.int64)
    energy = _energy_of(numbers)
    present = ~np.isnan(energy)
    if not present.all():
        energy[~present] = 0.0
    if len(index) and (index[1:] >= index[:-1]).all():
        # Rows in order of time, which nearly all are: sums of runs, without a look at each row's group.
        begins = np.append(0, np.flatnonzero(index[1:] != index[:-1]) + 1)
        total, number = np.zeros(groups), np.zeros(groups, np.int64)
        total[index[begins]] = np.add.reduceat(energy, begins)
        number[index[begins]] = np.add.reduceat(present, begins, dtype=np.int64)
        return Energy(total, number)
    return Energy(
        np.bincount(index, weights=energy, minlength=groups).astype(np.float64),
        np.bincount(index, weights=present, minlength=groups).astype(np.int64),
    )


def _energy_of(levels: Floats) -> Floats:
    """Return ``10^(L/10)``; the exponential of the natural base is several times faster than a power."""
    energy: Floats = np.exp(levels * _PER_DECIBEL)
    return energy


def energy_mean(levels: ArrayLike, minimum: int = 1, axis: int = -1) -> Floats:
    """Return the equivalent level ``10 lg(mean 10^(L/10))`` along an axis [dB]; NaN is left out."""
    numbers = np.asarray(levels, dtype=np.float64)
    present = ~np.isnan(numbers)
    total = np.where(present, _energy_of(numbers), 0.0).sum(axis=axis)
    return Energy(np.asarray(total), np.asarray(present.sum(axis=axis))).level(minimum)


def exceeded_level(levels: ArrayLike, percent: float) -> float:
    """Return the level exceeded for ``percent`` % of the time [dB]: L10 is the 90th percentile."""
    numbers = np.asarray(levels, dtype=np.float64)
    numbers = numbers[~np.isnan(numbers)]
    if not numbers.size:
        return float("nan")
    return float(rounding.settle(np.percentile(numbers, 100.0 - percent, method="linear")))


def summarise(
    levels: ArrayLike,
    group: ArrayLike,
    groups: int,
    *,
    minimum: int = 1,
    maxima: ArrayLike | None = None,
) -> Summary:
    """Return equivalent level, L10, L50, L90 and greatest level of every group in one pass.

    Parameters
    ----------
    levels
        Levels of equal intervals (1 s or 1 min) [dB], shape ``(n,)``, in any order; NaN is left out. The
        percentiles are those of these levels: of 1-s levels the instrument's, of 1-min levels coarser ones.
    group, groups
        Number of the group of each level, and how many groups there are.
    minimum
        Levels that a group needs.
    maxima
        Greatest instantaneous level within each interval [dB]; without it the greatest of `levels`.
    """
    numbers = np.asarray(levels, dtype=np.float64)
    present = ~np.isnan(numbers)
    index = np.asarray(group, dtype=np.int64)[present]
    energy = grouped_energy(numbers, group, groups)
    order = np.lexsort((numbers[present], index))
    ordered = numbers[present][order]
    first = np.cumsum(energy.number) - energy.number
    enough = energy.number >= max(minimum, 1)
    l10, l50, l90 = (
        rounding.settle(
            np.where(enough, _quantile(ordered, first, energy.number, 1.0 - percent / 100.0), np.nan)
        )
        for percent in PERCENTS
    )
    peaks = numbers if maxima is None else np.asarray(maxima, dtype=np.float64)
    lmax = np.where(enough, _greatest(np.where(present, peaks, np.nan), group, groups), np.nan)
    return Summary(energy.level(minimum), l10, l50, l90, lmax, energy.number)


def day_night_level(day: ArrayLike, night: ArrayLike) -> Floats:
    """Return Ldn from the levels of the day and of the night [dB]; NaN where either is missing.

    ``10 lg((16·10^(Ld/10) + 8·10^((Ln + 10)/10)) / 24)``: the hours are those of the periods (GB 3096-2008).
    """
    start, end = _day_period()
    hours = end - start
    weight = lookup.value("GB3096", "night_weight", "Ldn", "added", edition=EDITION)
    sound = hours * 10.0 ** (np.asarray(day, dtype=np.float64) / 10.0)
    sound = sound + (24 - hours) * 10.0 ** ((np.asarray(night, dtype=np.float64) + weight) / 10.0)
    return rounding.settle(10.0 * np.log10(sound / 24))


def road_mean(levels: ArrayLike, lengths: ArrayLike) -> float:
    """Return the length-weighted mean of road levels [dB], ``Σ lL / Σ l`` (HJ 640-2012)."""
    level, length = np.asarray(levels, dtype=np.float64), np.asarray(lengths, dtype=np.float64)
    known = ~np.isnan(level)
    whole = length[known].sum()
    return float(rounding.settle((level[known] * length[known]).sum() / whole)) if whole else float("nan")


def _day_period() -> tuple[float, float]:
    return (
        lookup.value("GB3096", "period", "day", "from", edition=EDITION),
        lookup.value("GB3096", "period", "day", "to", edition=EDITION),
    )


def _quantile(ordered: Floats, first: Counts, number: Counts, share: float) -> Floats:
    """Return a quantile of each run of an array sorted within runs, linear between the neighbours."""
    if not len(ordered):
        return np.full(len(first), np.nan)
    place = np.maximum(number - 1, 0) * share
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, np.maximum(number - 1, 0))
    last = len(ordered) - 1
    low, high = ordered[np.minimum(first + below, last)], ordered[np.minimum(first + above, last)]
    return np.asarray(low + (high - low) * (place - below), dtype=np.float64)


def _greatest(levels: Floats, group: ArrayLike, groups: int) -> Floats:
    found = np.full(groups, -np.inf)
    present = ~np.isnan(levels)
    np.maximum.at(found, np.asarray(group, dtype=np.int64)[present], levels[present])
    return np.where(np.isneginf(found), np.nan, found)
