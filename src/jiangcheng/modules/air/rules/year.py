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
    rows = {name: np.asarray(values, np.float64).reshape(1, -1) for name, values in days.items()}
    return evaluate_years(rows, calendar, edition=edition, zone=zone)[0]


def evaluate_years(
    days: Mapping[str, ArrayLike],
    calendar: NDArray[np.datetime64],
    *,
    edition: str | None = None,
    zone: str = "class2",
) -> list[tuple[ItemYear, ...]]:
    """Return the annual assessment of many series, as `evaluate_year` gives that of one.

    Parameters
    ----------
    days
        Day values by column, ``(rows, n)``, a row for each series.
    calendar, edition, zone
        As there, for all series.
    """
    last: datetime.date = calendar[-1].astype(datetime.date)
    items = [
        _items(parameter, np.asarray(days[column], np.float64), calendar, last, edition, zone)
        for parameter, column in ITEMS.items()
        if column in days
    ]
    return list(zip(*items, strict=True))


def _items(
    parameter: str,
    values: NDArray[np.float64],
    calendar: NDArray[np.datetime64],
    on: datetime.date,
    edition: str | None,
    zone: str,
) -> list[ItemYear]:
    present = ~np.isnan(values)
    number = present.sum(axis=1)
    averaging = "mda8" if parameter == "O3" else "day"
    percent = lookup.value("HJ663", parameter, averaging, "percentile", on)
    high = statistics.percentiles(values, percent)
    day_limit = lookup.limit("GB3095", parameter, averaging, zone, on, edition=edition)
    with_mean = lookup.value("HJ663", parameter, "year", "mean", on) == 1
    year_limit = _year_limit(parameter, zone, on, edition) if with_mean else np.nan
    attained = _within(parameter, high, day_limit.value, on)
    mean, valid = np.full(len(values), np.nan), number > 0
    if with_mean:
        total = np.where(present, values, 0.0).sum(axis=1)
        mean = rounding.settle(np.where(number > 0, total / np.maximum(number, 1), np.nan))
        attained &= _within(parameter, mean, year_limit, on)
        valid = periods.years_are_valid(parameter, calendar, present)
    digits = int(lookup.value("HJ663", parameter, "decimals", "statistic", on))
    columns = (
        number.tolist(),
        valid.tolist(),
        rounding.round_half_even(mean, digits).tolist(),
        rounding.round_half_even(high, digits).tolist(),
        attained.tolist(),
    )
    return [
        ItemYear(
            parameter, count, good, mid, year_limit, top, percent, day_limit.value, fine, day_limit.edition
        )
        for count, good, mid, top, fine in zip(*columns, strict=True)
    ]


def _year_limit(parameter: str, zone: str, on: datetime.date, edition: str | None) -> float:
    return lookup.value("GB3095", parameter, "year", zone, on, edition=edition)


def _within(parameter: str, value: NDArray[np.float64], limit: float, on: datetime.date) -> NDArray[np.bool_]:
    digits = int(lookup.value("HJ663", parameter, "decimals", "attainment", on))
    return np.asarray(rounding.round_half_even(value, digits) <= limit)


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
