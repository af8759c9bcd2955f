"""Trends of water quality over years: rank correlation of the circular, and the seasonal Mann-Kendall test."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup

TABULATED = 5
"""Fewest periods the table of critical values knows."""


class RankTrend(NamedTuple):
    """Spearman's rank correlation of time and concentration (Daniel's test, 环办〔2011〕22号)."""

    coefficient: float
    critical: float
    """W_p; NaN where there are fewer than five periods."""
    periods: int
    significant: bool
    direction: int
    """1 rising, -1 falling, 0 not significant."""


class SeasonalTrend(NamedTuple):
    """Mann-Kendall test within each month, joined over the months (Hirsch and others, 1982)."""

    score: int
    """S: pairs that rise minus pairs that fall."""
    tau: float
    z: float
    p: float
    """Two-sided."""
    slope: float
    """Median of the slopes within months [unit per year]."""
    pairs: int


def rank_trend(values: ArrayLike, *, level: str = "alpha_0.05") -> RankTrend:
    """Test whether concentrations rise or fall over periods.

    Parameters
    ----------
    values
        Mean of each period in order of time; NaN periods are left out.
    level
        ``"alpha_0.05"`` or ``"alpha_0.01"``, one-sided.

    Notes
    -----
    Equal values get their mean rank, and the coefficient is Pearson's of the ranks, which without ties equals
    ``1 - 6 Σd² / (N³ - N)``. Between two tabulated N the larger critical value holds.
    """
    numbers = np.asarray(values, dtype=np.float64)
    numbers = numbers[~np.isnan(numbers)]
    count = int(numbers.size)
    nothing = RankTrend(float("nan"), float("nan"), count, False, 0)
    if count < TABULATED or np.ptp(numbers) == 0:
        return nothing
    time, ranks = np.arange(1, count + 1, dtype=np.float64), _ranks(numbers)
    coefficient = round(float(np.corrcoef(time, ranks)[0, 1]), 12)
    rows = [row for row in lookup.rows("spearman", edition="2011") if row.averaging == level]
    critical = min(row.value for row in rows if int(row.zone[1:]) <= count)
    # The table asks for |r| above the critical value; at 1.000 only the perfect order is significant.
    significant = abs(coefficient) > critical or abs(coefficient) == critical == 1.0
    return RankTrend(
        coefficient, critical, count, significant, int(np.sign(coefficient)) if significant else 0
    )


def seasonal_trend(values: ArrayLike) -> SeasonalTrend:
    """Test for a monotonic trend with the seasons taken out.

    Parameters
    ----------
    values
        Means by year and season, ``(years, seasons)``, NaN where missing.
    """
    table = np.asarray(values, dtype=np.float64)
    score, variance, pairs = 0, 0.0, 0
    slopes: list[NDArray[np.float64]] = []
    for season in table.T:
        years = np.flatnonzero(~np.isnan(season))
        numbers = season[years]
        first, second = np.triu_indices(numbers.size, k=1)
        differences = numbers[second] - numbers[first]
        score += int(np.sign(differences).sum())
        pairs += differences.size
        variance += _variance(numbers)
        slopes.append(differences / (years[second] - years[first]))
    if not pairs or variance == 0:
        return SeasonalTrend(score, float("nan"), float("nan"), float("nan"), float("nan"), pairs)
    z = (score - np.sign(score)) / math.sqrt(variance)
    p = math.erfc(abs(z) / math.sqrt(2))
    return SeasonalTrend(score, score / pairs, float(z), p, float(np.median(np.concatenate(slopes))), pairs)


def _variance(numbers: NDArray[np.float64]) -> float:
    n = numbers.size
    _, ties = np.unique(numbers, return_counts=True)
    whole = n * (n - 1) * (2 * n + 5)
    return float(whole - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18


def _ranks(numbers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ranks from 1, equal values with their mean rank."""
    _, place, counts = np.unique(numbers, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    means = last - (counts - 1) / 2
    return np.asarray(means[place.reshape(-1)], dtype=np.float64)
