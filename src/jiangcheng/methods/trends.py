"""Whether a yearly series rises or falls, and by how much, without asking how its values are spread."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

Z95 = 1.959963984540054
"""Two-sided 95 % of the normal distribution."""


class Trend(NamedTuple):
    """Mann-Kendall test with Sen's slope (Mann 1945, Kendall 1975, Sen 1968; interval: Gilbert 1987, ch. 16)."""

    values: int
    """How many were looked at."""
    score: int
    """S: pairs that rise less pairs that fall."""
    p: float
    """Two-sided; NaN with fewer than four values."""
    slope: float
    """Median of the slopes of all pairs [unit per year]."""
    low: float
    high: float
    """95 % interval of the slope; NaN where the series is too short for one."""

    @property
    def direction(self) -> int:
        """1 rising, -1 falling, 0 where the test does not tell (p ≥ 0.05)."""
        return int(math.copysign(1, self.score)) if self.p < 0.05 and self.score else 0


def mann_kendall(years: ArrayLike, values: ArrayLike) -> Trend:
    """Test a series for a monotonic trend.

    Parameters
    ----------
    years, values
        ``(n,)``; pairs with NaN are left out. Equal values are ties, for which the variance is corrected.
    """
    when, what = np.asarray(years, dtype=np.float64), np.asarray(values, dtype=np.float64)
    held = ~np.isnan(what)
    when, what = when[held], what[held]
    count = len(what)
    early, late = np.triu_indices(count, 1)
    steps = what[late] - what[early]
    score = int(np.sign(steps).sum())
    if count < 4:
        return Trend(count, score, math.nan, math.nan, math.nan, math.nan)
    ties = np.unique(what, return_counts=True)[1]
    variance = (
        count * (count - 1) * (2 * count + 5) - float((ties * (ties - 1) * (2 * ties + 5)).sum())
    ) / 18
    slopes = np.sort(steps / (when[late] - when[early]))
    z = (score - np.sign(score)) / math.sqrt(variance) if variance else 0.0
    half = Z95 * math.sqrt(variance)
    below, above = round((len(slopes) - half) / 2) - 1, round((len(slopes) + half) / 2)
    inside = below >= 0 and above < len(slopes)
    return Trend(
        count,
        score,
        math.erfc(abs(z) / math.sqrt(2)),
        float(np.median(slopes)),
        float(slopes[below]) if inside else math.nan,
        float(slopes[above]) if inside else math.nan,
    )
