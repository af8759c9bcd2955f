"""Statistics that several environmental media share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import rounding


def percentile(values: ArrayLike, percent: float) -> float:
    """Return the percentile by linear interpolation (HJ 663-2013 A.6).

    With the n valid values sorted, ``k = 1 + (n - 1) p``, ``s = floor(k)`` and
    ``m = X[s] + (X[s + 1] - X[s]) (k - s)``.

    Parameters
    ----------
    values
        Values of one series; NaN is left out.
    percent
        0…100, e.g. 90 for the daily maximum 8 h ozone.

    Returns
    -------
    float
        NaN where there is no value.
    """
    return float(percentiles(np.asarray(values, dtype=np.float64).reshape(1, -1), percent)[0])


def percentiles(values: ArrayLike, percent: float) -> NDArray[np.float64]:
    """Return the percentile of every row, as `percentile` does of one.

    Parameters
    ----------
    values
        ``(rows, n)``; NaN is left out.
    percent
        0…100.

    Returns
    -------
    ndarray
        ``(rows,)``; NaN where a row has no value.
    """
    # NaN goes to the end of each row, so the values of a row are its beginning.
    ordered = np.sort(np.asarray(values, dtype=np.float64), axis=1)
    if not ordered.shape[1]:
        return np.full(len(ordered), np.nan)
    last = np.maximum(ordered.shape[1] - 1 - np.isnan(ordered).sum(axis=1), 0)
    place = last * (percent / 100.0)
    below = place.astype(np.int64)
    rows = np.arange(len(ordered))
    low, high = ordered[rows, below], ordered[rows, np.minimum(below + 1, last)]
    return rounding.settle(low + (high - low) * (place - below))


def share(part: int, whole: int, digits: int = 1) -> float:
    """Return ``part / whole`` in percent, rounded by GB/T 8170; NaN of nothing."""
    if whole == 0:
        return float("nan")
    return float(rounding.round_half_even(100 * part / whole, digits))
