"""PM2.5 on days with and without fires: the difference with an interval, and what it is not."""

from __future__ import annotations

import dataclasses
import datetime as dt
import statistics
from collections.abc import Mapping, Set

import numpy as np

BLOCK = 5
"""Days of one block: the air of neighbouring days is alike, so days are drawn in runs."""
DRAWS = 2000
SEED = 20260101
LEAST = 5
"""Days each group needs for an interval."""


@dataclasses.dataclass(frozen=True, slots=True)
class Effect:
    """Mean PM2.5 of days with and without straw fires [µg/m³], and how many days those are."""

    with_fire: float | None
    without: float | None
    days_with: int
    days_without: int
    low: float | None = None
    high: float | None = None
    """95 % interval of the difference by a bootstrap in blocks of days; None where there are too few."""

    @property
    def difference(self) -> float | None:
        """Return the difference of the means; it is not the effect of the fires alone."""
        if self.with_fire is None or self.without is None:
            return None
        return self.with_fire - self.without


def effect(means: Mapping[dt.date, float], fire_days: Set[dt.date]) -> Effect:
    """Compare days with fires with the others.

    Fires are allowed on days fit for them and heating begins in the same weeks, so the difference is no cause;
    the interval tells only how much of it chance could make.

    Parameters
    ----------
    means
        PM2.5 by day [µg/m³].
    """
    burnt = [value for day, value in means.items() if day in fire_days]
    clear = [value for day, value in means.items() if day not in fire_days]
    low, high = _interval(means, fire_days) if min(len(burnt), len(clear)) >= LEAST else (None, None)
    return Effect(
        statistics.fmean(burnt) if burnt else None,
        statistics.fmean(clear) if clear else None,
        len(burnt), len(clear), low, high,
    )  # fmt: skip


def _interval(means: Mapping[dt.date, float], fire_days: Set[dt.date]) -> tuple[float | None, float | None]:
    days = sorted(means)
    value = np.array([means[day] for day in days])
    burnt = np.array([day in fire_days for day in days])
    rng = np.random.default_rng(SEED)
    blocks = -(-len(days) // BLOCK)
    starts = rng.integers(0, len(days), (DRAWS, blocks, 1))
    drawn = ((starts + np.arange(BLOCK)) % len(days)).reshape(DRAWS, -1)[:, : len(days)]
    fires, levels = burnt[drawn], value[drawn]
    count = fires.sum(axis=1)
    good = (count > 0) & (count < len(days))
    if good.sum() < DRAWS / 2:
        return None, None
    fires, levels, count = fires[good], levels[good], count[good]
    total = (levels * fires).sum(axis=1)
    gap = total / count - (levels.sum(axis=1) - total) / (len(days) - count)
    low, high = np.percentile(gap, [2.5, 97.5])
    return float(low), float(high)
