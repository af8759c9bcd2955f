"""Annual assessment of a city's air (HJ 663, GB 3095): means, percentiles, shares of days."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods import statistics
from jiangcheng.standards import lookup, periods, rounding

ITEMS = {"SO2": "SO2", "NO2": "NO2", "PM10": "PM10", "PM25": "PM25", "CO": "CO", "O3": "O3_8h"}
"""Assessed pollutants and the column of their day values."""


class ItemYear(NamedTuple):
    """Annual assessment of one pollutant [µg/m3; CO: mg/m3]; NaN where a statistic is not assessed."""

    parameter: str
    days: int
    valid: bool
    """Enough days for the year (GB 3095 table 4). CO and O3 have no count and are judged on what is there."""
    mean: float
    mean_limit: float
    percentile: float
    percent: float
    percentile_limit: float
    attained: bool
    edition: str
    """Of GB 3095, whose limits were used."""


class DayQuality(NamedTuple):
    """Shares of days by AQI."""

    days: int
    """Days with an AQI."""
    good: int
    """Days of level 1 or 2."""
    heavy: int
    """Days of level 5 or 6."""
    good_percent: float
    heavy_percent: float


def evaluate_year(
    days: Mapping[str, ArrayLike],
    calendar: NDArray[np.datetime64],
    *,
    edition: str | None = None,
    zone: str = "class2",
) -> tuple[ItemYear, ...]:
    """Return the annual assessment of every pollutant.

    Parameters
    ----------
    days
        City day values by column (``O3_8h`` for ozone), shape ``(n,)``, NaN where not valid.
    calendar
        The days, ``datetime64[D]`` ``(n,)``, of one year.
    edition
        Of GB 3095, e.g. ``"2026-final"``, whatever the date.
    zone
        ``"class1"`` or ``"class2"``.

    Returns
    -------
    tuple of ItemYear
        For each column that is there. Statistics are rounded to the digits of reports; attainment is judged
        on the unrounded value, rounded once to the digits of attainment.
    """
    last: datetime.date = calendar[-1].astype(datetime.date)
    return tuple(
        _item(parameter, np.asarray(days[column], np.float64), calendar, last, edition, zone)
        for parameter, column in ITEMS.items()
        if column in days
    )


def _item(
    parameter: str,
    values: NDArray[np.float64],
    calendar: NDArray[np.datetime64],
    on: datetime.date,
    edition: str | None,
    zone: str,
) -> ItemYear:
    present = ~np.isnan(values)
    averaging = "mda8" if parameter == "O3" else "day"
    percent = lookup.value("HJ663", parameter, averaging, "percentile", on)
    high = statistics.percentile(values, percent)
    day_limit = lookup.limit("GB3095", parameter, averaging, zone, on, edition=edition)
    with_mean = lookup.value("HJ663", parameter, "year", "mean", on) == 1
    mean = float(rounding.settle(values[present].mean())) if with_mean and present.any() else np.nan
    year_limit = _year_limit(parameter, zone, on, edition) if with_mean else np.nan
    attained = _within(parameter, high, day_limit.value, on)
    if with_mean:
        attained = attained and _within(parameter, mean, year_limit, on)
    digits = int(lookup.value("HJ663", parameter, "decimals", "statistic", on))
    return ItemYear(
        parameter=parameter,
        days=int(present.sum()),
        valid=periods.year_is_valid(parameter, calendar, present) if with_mean else bool(present.any()),
        mean=float(rounding.round_half_even(mean, digits)),
        mean_limit=year_limit,
        percentile=float(rounding.round_half_even(high, digits)),
        percent=percent,
        percentile_limit=day_limit.value,
        attained=attained,
        edition=day_limit.edition,
    )


def _year_limit(parameter: str, zone: str, on: datetime.date, edition: str | None) -> float:
    return lookup.value("GB3095", parameter, "year", zone, on, edition=edition)


def _within(parameter: str, value: float, limit: float, on: datetime.date) -> bool:
    digits = int(lookup.value("HJ663", parameter, "decimals", "attainment", on))
    return bool(rounding.round_half_even(value, digits) <= limit)


def day_quality(level: ArrayLike) -> DayQuality:
    """Return the shares of good and of heavily polluted days.

    Parameters
    ----------
    level
        AQI levels of days, 1…6, 0 for a day without AQI, which is left out.

    Returns
    -------
    DayQuality
        Shares in percent with one decimal (HJ 663 table 3); NaN without any day.
    """
    levels = np.asarray(level)
    days = int((levels > 0).sum())
    good = int(((levels > 0) & (levels <= 2)).sum())
    heavy = int((levels >= 5).sum())
    return DayQuality(days, good, heavy, statistics.share(good, days), statistics.share(heavy, days))
