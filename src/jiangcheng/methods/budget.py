"""What a yearly target still leaves: how many more failures, how high the mean of the rest.

All comparisons are exact and made on unrounded shares: a target of 90 % is not reached by 89.96 %.
"""

from __future__ import annotations

import fractions
import math


def failures_left(*, successes: int, judged: int, remaining: int, target_percent: float) -> int:
    """Return how many of the remaining days (or sections) may fail with the target still reached.

    Parameters
    ----------
    successes, judged
        So far: how many succeeded, of how many that were judged.
    remaining
        How many will still be judged.
    target_percent
        Least share of successes at the end [%].

    Returns
    -------
    int
        ``remaining`` or fewer; negative where the target is out of reach, by as many.
    """
    needed = math.ceil(_fraction(target_percent) * (judged + remaining) / 100)
    return min(remaining, successes + remaining - needed)


def occurrences_left(*, occurred: int, judged: int, remaining: int, limit_percent: float) -> int:
    """Return how many more of the remaining days may bring the unwanted (heavy pollution) within the limit.

    Parameters
    ----------
    occurred, judged
        So far: how many, of how many that were judged.
    remaining
        How many will still be judged.
    limit_percent
        Greatest share at the end [%].

    Returns
    -------
    int
        ``remaining`` or fewer; negative where the limit is already broken, by as many.
    """
    allowed = math.floor(_fraction(limit_percent) * (judged + remaining) / 100)
    return min(remaining, allowed - occurred)


def mean_left(*, mean: float, count: int, remaining: int, target: float) -> float:
    """Return how high the mean of the remaining days may be with the yearly mean still at the target.

    Parameters
    ----------
    mean, count
        Mean of the days so far and their number; the mean is not read where the number is 0.
    remaining
        Days still to come.
    target
        Greatest yearly mean, same unit.

    Returns
    -------
    float
        Same unit; negative where the target is out of reach; NaN where no day remains.
    """
    if remaining == 0:
        return math.nan
    total = _fraction(mean) * count if count else fractions.Fraction(0)
    return float((_fraction(target) * (count + remaining) - total) / remaining)


def _fraction(number: float) -> fractions.Fraction:
    return fractions.Fraction(repr(float(number)))
