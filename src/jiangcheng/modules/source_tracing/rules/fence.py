"""Fence lines of parks: which values are above a level or stand out as a peak."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL, PEAK = "level", "peak"


@dataclasses.dataclass(frozen=True, slots=True)
class Alarm:
    """A value that calls for somebody."""

    index: int
    """Of the value in the series."""
    rule: str
    """``level`` or ``peak``."""
    value: float
    threshold: float


def alarms(
    *,
    start: ArrayLike,
    value: ArrayLike,
    changed: ArrayLike,
    species: Mapping[str, Any],
    table: Mapping[str, Any],
) -> list[Alarm]:
    """Return the alarms among the changed values of one series.

    Parameters
    ----------
    start, value, changed : array_like, shape (n,)
        Rising starts [s], values (NaN: none), and which of them came or changed.
    species
        Row of the table: ``level``, and for a peak ``peak_times`` the median of the hours before and at least
        ``peak_least``.
    table
        ``look_back_hours`` and ``fewest_before``.
    """
    at, found = np.asarray(start, np.int64), np.asarray(value, np.float64)
    result = []
    for index in np.flatnonzero(np.asarray(changed, bool) & np.isfinite(found)).tolist():
        reading = float(found[index])
        if reading > species["level"]:
            result.append(Alarm(index, LEVEL, reading, float(species["level"])))
            continue
        usual = _usual(at, found, index, table)
        if usual is None:
            continue
        threshold = max(float(species["peak_times"]) * usual, float(species["peak_least"]))
        if reading > threshold:
            result.append(Alarm(index, PEAK, reading, threshold))
    return result


def _usual(
    at: NDArray[np.int64], found: NDArray[np.float64], index: int, table: Mapping[str, Any]
) -> float | None:
    """Return the median of the hours before a value, None with too few of them."""
    first = int(np.searchsorted(at, at[index] - 3600 * table["look_back_hours"]))
    before = found[first:index]
    before = before[np.isfinite(before)]
    return float(np.median(before)) if before.size >= table["fewest_before"] else None
