"""Statistics that several environmental media share."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

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
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[~np.isnan(numbers)]
    if not numbers.size:
        return float("nan")
    return float(rounding.settle(np.percentile(numbers, percent, method="linear")))


def share(part: int, whole: int, digits: int = 1) -> float:
    """Return ``part / whole`` in percent, rounded by GB/T 8170; NaN of nothing."""
    if whole == 0:
        return float("nan")
    return float(rounding.round_half_even(100 * part / whole, digits))
