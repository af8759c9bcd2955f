"""Means of hours, days and running windows with the number of valid values that stand behind them.

A missing value is NaN. Means are settled (`standards.rounding.settle`), so that a later rounding by GB/T 8170
decides ties as decimals, not as binary sums.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import periods, rounding

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


class Mean(NamedTuple):
    """Means with the number of values behind each; NaN where these are too few."""

    value: Floats
    number: Counts


def mean(values: ArrayLike, minimum: int = 1, axis: int = -1) -> Mean:
    """Return the mean along an axis of what is not NaN, NaN where fewer than `minimum` values are there."""
    numbers = np.asarray(values, dtype=np.float64)
    present = ~np.isnan(numbers)
    count = present.sum(axis=axis, dtype=np.int64)
    total = np.where(present, numbers, 0.0).sum(axis=axis)
    return Mean(_quotient(total, count, minimum), count)


def grouped_mean(values: ArrayLike, group: ArrayLike, groups: int, minimum: int = 1) -> Mean:
    """Return the mean of every group.

    Parameters
    ----------
    values
        Values, shape ``(n,)``; NaN is left out.
    group
        Number of the group of each value, ``0 … groups - 1``.
    groups
        Number of groups.
    minimum
        Valid values that a mean needs.

    Returns
    -------
    Mean
        Shape ``(groups,)``.
    """
    numbers = np.asarray(values, dtype=np.float64)
    present = ~np.isnan(numbers)
    index = np.asarray(group)[present]
    count = np.bincount(index, minlength=groups).astype(np.int64)
    total = np.bincount(index, weights=numbers[present], minlength=groups)
    return Mean(_quotient(total, count, minimum), count)


def running_mean(values: ArrayLike, window: int, minimum: int) -> Mean:
    """Return the mean of every `window` consecutive values along the last axis.

    Parameters
    ----------
    values
        Shape ``(…, n)``.
    window
        Length of the window, e.g. 8 hours.
    minimum
        Valid values that a window needs, e.g. 6.

    Returns
    -------
    Mean
        Shape ``(…, n - window + 1)``; entry ``i`` covers ``values[i : i + window]``.
    """
    numbers = np.asarray(values, dtype=np.float64)
    windows = np.lib.stride_tricks.sliding_window_view(numbers, window, axis=-1)
    return mean(windows, minimum)


def hours_of_days(
    start: ArrayLike,
    value: ArrayLike,
    first_day: np.datetime64,
    days: int,
    *,
    row: ArrayLike = 0,
    rows: int = 1,
) -> Floats:
    """Lay hour values out by series, natural day and hour.

    Parameters
    ----------
    start
        Starts of the hours [epoch s, UTC], shape ``(n,)``.
    value
        Values, shape ``(n,)``. Of several values of one hour the last stands.
    first_day, days
        The days of the result; hours outside are left out.
    row, rows
        Number of the series (station) of each value, and how many there are.

    Returns
    -------
    ndarray
        Shape ``(rows, days, 24)``, NaN where there is no value.
    """
    seconds = np.asarray(start, dtype=np.int64)
    day = (periods.natural_day(seconds) - first_day.astype("datetime64[D]")).astype(np.int64)
    inside = (day >= 0) & (day < days)
    series = np.broadcast_to(np.asarray(row), seconds.shape)
    hours = np.full((rows, days, 24), np.nan)
    place = (series[inside], day[inside], periods.hour_of_day(seconds)[inside])
    hours[place] = np.asarray(value, dtype=np.float64)[inside]
    return hours


def _quotient(total: Any, count: Counts, minimum: int) -> Floats:
    quotient = total / np.maximum(count, 1)
    return rounding.settle(np.where(count >= max(minimum, 1), quotient, np.nan))
