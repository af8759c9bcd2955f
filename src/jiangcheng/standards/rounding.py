"""Rounding of decimal values as GB/T 8170 prescribes: to nearest, a tie to the even digit.

Measured values are decimals that binary floats only approximate, so ``2.675`` times 100 falls short of the
tie it is. A float stands for the decimal whose nearest float it is; the tie ``267.5 / 100`` is computed by
one correctly rounded division, therefore comparing against it decides every case exactly.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

DUST_DIGITS = 9
"""Decimals beyond which a mean of decimals holds only the dust of binary arithmetic."""

Floats = NDArray[np.float64]


def whole_units(values: ArrayLike, digits: int) -> Floats:
    """Round to whole multiples of ``10**-digits``.

    Parameters
    ----------
    values
        Decimals as floats, any shape; NaN stays NaN.
    digits
        Decimals to keep; negative for tens, hundreds.

    Returns
    -------
    ndarray
        The number of units, as exact whole floats: ``whole_units(2.2, 1)`` is ``22.0``.
    """
    numbers = np.asarray(values, dtype=np.float64)
    if digits == 0:
        return np.rint(numbers)
    below = np.floor(_multiply(numbers, digits))
    tie = _divide(below + 0.5, digits)
    odd = np.fmod(below, 2.0) != 0.0
    up = (numbers > tie) | ((numbers == tie) & odd)
    return np.asarray(below + up, dtype=np.float64)


def round_half_even(values: ArrayLike, digits: int) -> Floats:
    """Round decimals to `digits` places by GB/T 8170.

    Returns
    -------
    ndarray
        The floats nearest to the rounded decimals, same shape; NaN stays NaN.

    Examples
    --------
    >>> round_half_even([0.15, 0.25, 2.675], 1).tolist()
    [0.2, 0.2, 2.7]
    """
    return _divide(whole_units(values, digits), digits)


def settle(values: ArrayLike, digits: int = DUST_DIGITS) -> Floats:
    """Remove binary dust from a mean of decimals, so that a later rounding sees ties as ties.

    The true mean of n decimals of k places is a multiple of ``10**-k / n``; it cannot lie nearer to a tie
    than `digits` places without being one, while sums of floats err far beyond these places.
    """
    return np.asarray(np.round(np.asarray(values, dtype=np.float64), digits), dtype=np.float64)


def _multiply(numbers: Floats, digits: int) -> Floats:
    scaled: Any = numbers * 10.0**digits if digits > 0 else numbers / 10.0**-digits
    return np.asarray(scaled, dtype=np.float64)


def _divide(numbers: Any, digits: int) -> Floats:
    scaled: Any = numbers / 10.0**digits if digits > 0 else numbers * 10.0**-digits
    return np.asarray(scaled, dtype=np.float64)
