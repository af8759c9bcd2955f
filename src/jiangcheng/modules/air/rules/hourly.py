"""The hours of a forecast day: its means laid over the course that hours took on the days before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.modules.air.rules.aqi import MISSING, aqi_hourly, level
from jiangcheng.standards import rounding

DAY_OF = {"SO2": "SO2", "NO2": "NO2", "PM10": "PM10", "CO": "CO", "O3": "O3_8h", "PM25": "PM25"}
"""The day value that the hours of a pollutant are laid over; ozone's is the greatest mean of eight hours."""

Floats = NDArray[np.float64]


class HourlyOutlook(NamedTuple):
    """The 24 hours of a forecast day, from midnight in Beijing."""

    aqi: NDArray[np.int16]
    """By the real-time report of HJ 633; -1 where it cannot be said."""
    primary: NDArray[np.integer]
    """Bit set over the columns of the real-time report."""
    concentrations: Mapping[str, Floats]
    """[µg/m3; CO: mg/m3]."""


class HourScores(NamedTuple):
    """How the hours of forecasts did; persistence says the hours of the last known day again."""

    lead: int
    hours: int
    mae: float
    mae_persistence: float
    level_hit: float
    level_hit_persistence: float


def profile(hours: ArrayLike, days: ArrayLike, *, fewest: int) -> Floats:
    """Return how the hours of a day relate to the day's value, ``(24,)``.

    Parameters
    ----------
    hours
        Hour means ``(n, 24)``, NaN where missing.
    days
        Day values ``(n,)``.
    fewest
        Days an hour needs; with fewer the hour's share is NaN.

    Notes
    -----
    The ratio of sums: a day of high values weighs more than one that says little.
    """
    table, values = np.asarray(hours, np.float64), np.asarray(days, np.float64)[:, None]
    both = ~np.isnan(table) & ~np.isnan(values) & (values > 0)
    above, below = np.where(both, table, 0.0).sum(axis=0), np.where(both, values, 0.0).sum(axis=0)
    enough = (both.sum(axis=0) >= fewest) & (below > 0)
    return np.asarray(np.divide(above, below, out=np.full(table.shape[1], np.nan), where=enough))


def hourly_outlook(
    concentrations: Mapping[str, float], profiles: Mapping[str, Floats], *, edition: str
) -> HourlyOutlook:
    """Return the hours of a day from its forecast concentrations and the profiles of the pollutants."""
    columns = {
        name: rounding.round_half_even(concentrations[day] * profiles[name], 1 if name == "CO" else 0)
        for name, day in DAY_OF.items()
    }
    found = aqi_hourly(columns, edition=edition)
    known = found.aqi != MISSING
    return HourlyOutlook(np.where(known, found.aqi, MISSING), np.where(known, found.primary, 0), columns)


def score_hours(
    *, lead: int, forecast: ArrayLike, observed: ArrayLike, persistence: ArrayLike, edition: str
) -> HourScores:
    """Return the scores of forecast hours of one lead, over those that have all three; AQI ``(n,)``."""
    columns = [np.asarray(values, np.float64) for values in (forecast, observed, persistence)]
    kept = ~np.isnan(np.stack(columns)).any(axis=0)
    issued, seen, again = (column[kept] for column in columns)
    if not kept.any():
        none = float("nan")
        return HourScores(lead, 0, none, none, none, none)
    levels = [level(values.astype(int), edition) for values in (issued, seen, again)]
    return HourScores(
        lead,
        int(kept.sum()),
        float(np.abs(issued - seen).mean()),
        float(np.abs(again - seen).mean()),
        float(100 * (levels[0] == levels[1]).mean()),
        float(100 * (levels[2] == levels[1]).mean()),
    )
