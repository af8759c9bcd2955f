"""Uncertainty of wind-conditioned ratios by resampling whole days.

Hours of one day are not independent, so days are drawn, not hours. Every estimate here is a ratio of sums,
hence one replicate is one row of a matrix product of day counts and sums by day.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing.inputs import Floats, TracingError


@dataclasses.dataclass(frozen=True, slots=True)
class Interval:
    """A ratio with its bootstrap interval; arrays of one shape."""

    value: Floats
    lower: Floats
    upper: Floats
    error: Floats
    """Standard deviation over the replicates."""
    blocks: int
    """Number of days resampled."""


def ratio(
    block: ArrayLike,
    cell: ArrayLike,
    numerator: ArrayLike,
    denominator: ArrayLike,
    size: int,
    *,
    replicates: int = 200,
    level: float = 0.9,
    seed: int = 0,
) -> Interval:
    """Return Σ numerator / Σ denominator by cell with an interval from resampled blocks.

    Parameters
    ----------
    block : array_like of int, shape (n,)
        Day of each row; any integers.
    cell : array_like of int, shape (n,)
        Cell of each row, 0…size - 1.
    numerator, denominator : array_like, shape (n,)
        E.g. concentration and 1 for a mean, exceedance and 1 for a CPF.
    size
        Number of cells.
    replicates
        At least 200 for a 90 % interval.
    level
        Probability of the interval.

    Raises
    ------
    TracingError
        With fewer than ten blocks, or columns of unequal length.
    """
    cells, tops, bottoms = (np.asarray(item) for item in (cell, numerator, denominator))
    names, day = np.unique(np.asarray(block), return_inverse=True)
    if not day.size == cells.size == tops.size == bottoms.size:
        raise TracingError("block, cell, numerator and denominator differ in length")
    if names.size < 10:
        raise TracingError(f"block: {names.size} days cannot be resampled, at least 10 are needed")
    key, full = day * size + cells, names.size * size
    above = np.bincount(key, tops, full).astype(np.float64).reshape(names.size, size)
    below = np.bincount(key, bottoms, full).astype(np.float64).reshape(names.size, size)
    return _resample(above, below, replicates, level, seed)


def _resample(above: Floats, below: Floats, replicates: int, level: float, seed: int) -> Interval:
    days = above.shape[0]
    random = np.random.default_rng(seed)
    times = random.multinomial(days, np.full(days, 1.0 / days), size=replicates).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = above.sum(axis=0) / below.sum(axis=0)
        drawn = (times @ above) / (times @ below)
    outer = np.array([(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    # A cell absent from some replicates is judged by those that have it; one absent from all stays unknown.
    known = np.isfinite(drawn).any(axis=0)
    lower, upper, error = (np.full(value.shape, np.nan) for _ in range(3))
    lower[known], upper[known] = np.nanquantile(drawn[:, known], outer, axis=0)
    error[known] = np.nanstd(drawn[:, known], axis=0)
    return Interval(value, lower, upper, error, days)


def estimate(
    block: ArrayLike,
    statistic: Callable[[NDArray[np.int64]], ArrayLike],
    *,
    replicates: int = 200,
    level: float = 0.9,
    seed: int = 0,
) -> Interval:
    """Return any statistic of rows with an interval from resampled blocks; `ratio` is far faster for ratios.

    Parameters
    ----------
    block : array_like of int, shape (n,)
        Day of each row.
    statistic
        Function from the numbers of the drawn rows to an array of fixed shape.

    Raises
    ------
    TracingError
        With fewer than ten blocks.
    """
    names, day = np.unique(np.asarray(block), return_inverse=True)
    if names.size < 10:
        raise TracingError(f"block: {names.size} days cannot be resampled, at least 10 are needed")
    order = np.argsort(day, kind="stable")
    rows = np.split(order, np.cumsum(np.bincount(day))[:-1])
    random = np.random.default_rng(seed)
    draws = random.integers(names.size, size=(replicates, names.size))
    drawn = np.array([statistic(np.concatenate([rows[i] for i in draw])) for draw in draws])
    value = np.asarray(statistic(np.arange(day.size)), dtype=np.float64)
    lower, upper = np.nanquantile(drawn, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    return Interval(value, np.asarray(lower), np.asarray(upper), np.nanstd(drawn, axis=0), names.size)
