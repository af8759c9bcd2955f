"""Indices of the climate from daily weather: extremes of a year, drought of a month, and what a season may bring.

Names and definitions follow the Expert Team on Climate Change Detection and Indices (ETCCDI; Zhang and others 2011);
where we differ the docstring says so. All days are local dates.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import NamedTuple

import numpy as np
import scipy.special
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_MISSING = 15
"""Days of a year that may be missing (ETCCDI)."""
DAYS = 365
"""Columns of a year of days; 29 February is left out where days of years are compared."""


class Calendar(NamedTuple):
    """The calendar of consecutive days; arrays have the shape (days,)."""

    years: tuple[int, ...]
    year: NDArray[np.int64]
    """Position of the day's year in ``years``."""
    month: NDArray[np.int64]
    """Position of the day's month, from January of the first year."""
    place: NDArray[np.int64]
    """0…364 from 1 January; -1 on 29 February."""


def calendar(first: dt.date, count: int) -> Calendar:
    """Return the calendar of ``count`` days from ``first``."""
    days = np.datetime64(first, "D") + np.arange(count)
    months = days.astype("datetime64[M]")
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    of_year = (days - days.astype("datetime64[Y]")).astype(np.int64)
    leap = (years % 4 == 0) & ((years % 100 != 0) | (years % 400 == 0))
    place = np.where(leap & (of_year == 59), -1, np.where(leap & (of_year > 59), of_year - 1, of_year))
    from_january = months.astype(np.int64) - (first.year - 1970) * 12
    return Calendar(tuple(range(first.year, int(years[-1]) + 1)), years - first.year, from_january, place)


def yearly(values: Floats, days: Calendar, how: str) -> Floats:
    """Return the ``sum``, ``mean``, ``max`` or ``min`` of every year, ``(years,)``.

    NaN where more than 15 days of the year have no value; a sum counts missing days as nothing.
    """
    size, held = len(days.years), ~np.isnan(values)
    count = np.bincount(days.year[held], minlength=size)
    found: Floats
    if how in ("sum", "mean"):
        total = np.bincount(days.year[held], weights=values[held], minlength=size)
        found = np.asarray(total, dtype=np.float64)
        found = found / np.maximum(count, 1) if how == "mean" else found
    else:
        found = np.full(size, -np.inf if how == "max" else np.inf)
        (np.maximum if how == "max" else np.minimum).at(found, days.year[held], values[held])
    lengths = np.array([366 if _leap(year) else 365 for year in days.years])
    return np.where(lengths - count <= MOST_MISSING, found, np.nan)


def running_sum(values: Floats, width: int) -> Floats:
    """Return the sum of each day and those before it, ``(days,)``; NaN until there are ``width`` and over gaps."""
    found = np.full(len(values), np.nan)
    if len(values) >= width:
        found[width - 1 :] = np.lib.stride_tricks.sliding_window_view(values, width).sum(axis=1)
    return found


def longest(flags: NDArray[np.bool_], days: Calendar) -> Floats:
    """Return the longest run of marked days by year, ``(years,)``; a run counts for the year in which it ends.

    A run that goes on over the turn of the year counts in full for the second year, as in the definition of CDD.
    """
    place = np.arange(len(flags))
    last_break = np.maximum.accumulate(np.where(flags, -1, place))
    lengths = np.where(flags, place - last_break, 0)
    found = np.zeros(len(days.years))
    np.maximum.at(found, days.year, lengths)
    return found


def share_beyond(
    values: Floats, days: Calendar, *, base: tuple[int, int], percent: float, above: bool
) -> Floats:
    """Return the share of days beyond the percentile of their day of the year [%], ``(years,)`` (TX90p, TN10p, …).

    The percentile is taken over the five days around each day in the base years (Hyndman and Fan type 8). A year of
    the base is held against the *other* base years: this takes the place of the bootstrap of Zhang and others (2005),
    which avoids a jump at the ends of the base in the same way. 29 February is left out.

    Parameters
    ----------
    base
        First and last year; NaN is returned where fewer than ten of them have values.
    percent
        10, 90, …
    above
        Whether days above count, else below.
    """
    grid = np.full((len(days.years), DAYS), np.nan)
    held = days.place >= 0
    grid[days.year[held], days.place[held]] = values[held]
    enough = np.isnan(grid).sum(axis=1) <= MOST_MISSING
    rows = [row for row, year in enumerate(days.years) if base[0] <= year <= base[1] and enough[row]]
    if len(rows) < 10:
        return np.full(len(days.years), np.nan)
    windows = np.stack([np.roll(grid, shift, axis=1) for shift in range(-2, 3)], axis=1)
    whole = _quantile(windows[rows], percent)
    found = np.full(len(days.years), np.nan)
    for row in range(len(days.years)):
        if enough[row]:
            limit = _quantile(windows[[one for one in rows if one != row]], percent) if row in rows else whole
            beyond = grid[row] > limit if above else grid[row] < limit
            found[row] = 100 * beyond.sum() / (~np.isnan(grid[row])).sum()
    return found


def degree_days(mean: Floats, days: Calendar, base: float = 10.0) -> Floats:
    """Return the growing degree days of every year above ``base`` [℃ d], ``(years,)``."""
    return yearly(np.maximum(mean - base, 0.0), days, "sum")


def monthly(values: Floats, days: Calendar, how: str) -> Floats:
    """Return the ``sum`` or ``mean`` of every month, ``(months,)``; NaN where more than five days are missing."""
    size, held = len(days.years) * 12, ~np.isnan(values)
    count = np.bincount(days.month[held], minlength=size)
    total = np.bincount(days.month[held], weights=values[held], minlength=size)
    starts = np.arange(np.datetime64(f"{days.years[0]}-01"), np.datetime64(f"{days.years[0]}-01") + size + 1)
    lengths = np.diff(starts.astype("datetime64[D]")).astype(np.int64)
    found = total / np.maximum(count, 1) if how == "mean" else total
    return np.where(lengths - count <= 5, found, np.nan)


def evapotranspiration(highest: Floats, lowest: Floats, days: Calendar, latitude: float) -> Floats:
    """Return the reference evapotranspiration of every day [mm] (Hargreaves and Samani; FAO-56 eq. 21, 52)."""
    angle = 2 * np.pi * np.where(days.place < 0, 59, days.place + 1) / DAYS
    phi = math.radians(latitude)
    nearness = 1 + 0.033 * np.cos(angle)
    declination = 0.409 * np.sin(angle - 1.39)
    sunset = np.arccos(np.clip(-math.tan(phi) * np.tan(declination), -1, 1))
    light = (
        (24 * 60 / np.pi)
        * 0.0820
        * nearness
        * (
            sunset * math.sin(phi) * np.sin(declination)
            + math.cos(phi) * np.cos(declination) * np.sin(sunset)
        )
    )
    spread = np.sqrt(np.maximum(highest - lowest, 0.0))
    return np.maximum(0.0023 * 0.408 * light * ((highest + lowest) / 2 + 17.8) * spread, 0.0)


def spi(rain: Floats, *, width: int, base: slice) -> Floats:
    """Return the standardised precipitation index of every month, ``(months,)`` (McKee and others 1993; WMO-No. 1090).

    For each month of the year a gamma distribution is fitted (Thom's estimate) to the sums of the base that are above
    nothing; the share without rain is added. NaN where the base has fewer than ten such sums or no spread.

    Parameters
    ----------
    rain
        Monthly sums from a January on [mm].
    width
        Months that are added up.
    base
        Months the distribution is fitted to.
    """
    sums = running_sum(rain, width)
    found = np.full(len(sums), np.nan)
    for month in range(12):
        sample = _of_month(sums, month, base)
        wet = sample[sample > 0]
        if len(wet) < 10 or np.ptp(wet) == 0:
            continue
        skew = math.log(wet.mean()) - float(np.log(wet).mean())
        shape = (1 + math.sqrt(1 + 4 * skew / 3)) / (4 * skew)
        dry = 1 - len(wet) / len(sample)
        mine = sums[month::12]
        share = dry + (1 - dry) * scipy.special.gammainc(shape, np.maximum(mine, 0) * shape / wet.mean())
        found[month::12] = np.where(np.isnan(mine), np.nan, _standard(share))
    return found


def spei(balance: Floats, *, width: int, base: slice) -> Floats:
    """Return the standardised index of rain less evapotranspiration of every month (Vicente-Serrano and others 2010).

    A log-logistic distribution is fitted by L-moments for each month of the year, in the form of Hosking and Wallis
    (1997), which holds for both signs of the skew; parameters as `spi`.
    """
    sums = running_sum(balance, width)
    found = np.full(len(sums), np.nan)
    for month in range(12):
        sample = np.sort(_of_month(sums, month, base))
        if len(sample) < 10 or np.ptp(sample) == 0:
            continue
        mine = sums[month::12]
        found[month::12] = np.where(np.isnan(mine), np.nan, _standard(_logistic(sample, mine)))
    return found


def _logistic(sample: Floats, values: Floats) -> Floats:
    """Return the share of a generalised logistic distribution, fitted to a sorted sample, below values."""
    # Unbiased probability-weighted moments: by how many of the others lie above.
    count = len(sample)
    above = np.arange(count - 1, -1, -1)
    w0, w1 = float(sample.mean()), float((above * sample).mean()) / (count - 1)
    w2 = float((above * (above - 1) * sample).mean()) / ((count - 1) * (count - 2))
    scale, skew = w0 - 2 * w1, (w0 - 6 * w1 + 6 * w2) / (w0 - 2 * w1)
    shape = -skew
    if abs(shape) < 1e-6:
        place = (values - w0) / scale
    else:
        alpha = scale * math.sin(shape * math.pi) / (shape * math.pi)
        origin = w0 - alpha * (1 / shape - math.pi / math.sin(shape * math.pi))
        # Beyond the bound that a skewed distribution has, the share is as good as none or all.
        place = -np.log(np.maximum(1 - shape * (values - origin) / alpha, 1e-12)) / shape
    return np.asarray(scipy.special.expit(place), dtype=np.float64)


class Outlook(NamedTuple):
    """What the mean of the three months after a month may be."""

    normal: float
    """Mean of the years looked at."""
    spread: float
    """Their standard deviation."""
    low: float
    high: float
    """Terciles of the years: a third of them lie below, a third above."""
    persistence: float
    """Mean that follows from how unusual the three months before were; NaN where they have no value."""
    error: float
    """Root mean square error of that in years left out."""
    skill: float
    """1 - MSE of persistence / MSE of the mean, in years left out; at most 0: persistence knows nothing."""
    years: int


def outlook(values: Floats, last: int) -> Outlook:
    """Return what the three months after a month may be, from climatology and from persistence, with its skill.

    Every year is forecast from the other years (leave one out): persistence is the straight line of the three months
    to come on the three months before, climatology their mean. It is no model of the atmosphere.

    Parameters
    ----------
    values
        Monthly values from a January on.
    last
        Position of the last month that is known.
    """
    before, after = [], []
    for place in range(last % 12, len(values), 12):
        if place >= 2:
            before.append(values[place - 2 : place + 1].mean())
            ahead = (
                values[place + 1 : place + 4]
                if place + 3 < len(values) and place < last
                else np.array([np.nan])
            )
            after.append(ahead.mean())
    now = float(values[last - 2 : last + 1].mean()) if last >= 2 else math.nan
    x, y = np.array(before), np.array(after)
    held = ~(np.isnan(x) | np.isnan(y))
    x, y = x[held], y[held]
    count = len(y)
    if count < 10:
        return Outlook(*(math.nan,) * 7, count)
    told, plain = np.empty(count), np.empty(count)
    for row in range(count):
        others = np.arange(count) != row
        told[row] = _line(x[others], y[others], x[row])
        plain[row] = y[others].mean()
    error, base = float(((told - y) ** 2).mean()), float(((plain - y) ** 2).mean())
    low, high = np.quantile(y, [1 / 3, 2 / 3])
    return Outlook(
        float(y.mean()), float(y.std(ddof=1)), float(low), float(high),
        _line(x, y, now), math.sqrt(error), 1 - error / base if base else 0.0, count,
    )  # fmt: skip


def _line(x: Floats, y: Floats, at: float) -> float:
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread else 0.0
    return float(y.mean() + slope * (at - x.mean()))


def _quantile(windows: Floats, percent: float) -> Floats:
    sample = windows.reshape(-1, DAYS)
    missing = bool(np.isnan(sample).any())
    how = np.nanquantile if missing else np.quantile
    return np.asarray(how(sample, percent / 100, axis=0, method="median_unbiased"))


def _of_month(sums: Floats, month: int, base: slice) -> Floats:
    inside = np.zeros(len(sums), dtype=bool)
    inside[base] = True
    sample = sums[month::12][inside[month::12]]
    return np.asarray(sample[~np.isnan(sample)], dtype=np.float64)


def _standard(share: Floats) -> Floats:
    # Beyond three standard deviations a fit to some decades tells nothing.
    return np.asarray(
        np.clip(scipy.special.ndtri(np.clip(share, 1e-6, 1 - 1e-6)), -3.0, 3.0), dtype=np.float64
    )


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
