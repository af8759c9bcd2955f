"""Incineration of household waste: furnace temperature and natural-day means (MEE order 10 of 2019).

A natural day with a mean above GB 18485, or with five or more 5-minute means of the furnace below 850 ℃, is a
violation. Marked hours of starting, stopping, fault and accident are exempt while particulate matter keeps to its
bound and the year's hours last. Every number is the dated table ``incineration``; days are those of Beijing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.modules.emissions.rules import tables, validity
from jiangcheng.standards import periods, rounding

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class FurnaceDays(NamedTuple):
    """Days of a furnace in rising order, each ``(m,)``."""

    start: Ints
    """Starts of the days [epoch s]."""
    cold: Ints
    """5-minute means below the limit that nothing excuses."""
    excused: Ints
    """5-minute means below the limit within excused time."""
    known: Ints
    """5-minute means that are known."""
    least: Floats
    """Lowest mean that nothing excuses [℃]; NaN where there is none."""
    violated: Bools


class DayMeans(NamedTuple):
    """Natural-day means of one pollutant in rising order, each ``(m,)``."""

    start: Ints
    value: Floats
    """NaN where too few hours are valid."""
    number: Ints
    """Valid hours that count."""
    exempt: Ints
    """Hours left out as exempt."""
    violated: Bools
    hours_above: Ints
    """Counted hours above the limit of the hour: a warning, not a violation."""


def table(on: dt.date) -> Mapping[str, Any]:
    """Return the table in force.

    Raises
    ------
    jiangcheng.modules.emissions.rules.tables.NotInForce
        If the day is before its first version.
    """
    return tables.in_force("incineration", on)


def is_incinerator(industry: str, on: dt.date) -> bool:
    """Tell whether a plant of an industry falls under these rules."""
    try:
        return any(word in industry for word in table(on)["industries"])
    except tables.NotInForce:
        return False


def five_minutes(start: ArrayLike, value: ArrayLike, flag: ArrayLike, on: dt.date) -> validity.Aggregate:
    """Return the 5-minute means of a furnace from what was sent: means of one to five minutes.

    A mean needs three quarters of its parts, as every mean of HJ 212-2017 annex D does.
    """
    seconds = int(table(on)["furnace"]["seconds"])
    starts = np.asarray(start, np.int64)
    step = min(int(np.diff(np.sort(starts)).min()), seconds) if len(starts) > 1 else seconds
    share = validity.needed("hour", on) / validity.MINUTE
    minimum = int(np.ceil(share * (seconds // step)))
    return validity.aggregate(starts, value, flag, seconds=seconds, minimum=minimum)


def furnace_days(start: ArrayLike, value: ArrayLike, excused: ArrayLike, on: dt.date) -> FurnaceDays:
    """Count the cold 5-minute means of each day.

    Parameters
    ----------
    start
        Starts of the 5-minute means [epoch s], ``(n,)``.
    value
        Temperatures [℃]; NaN is missing, which is not cold.
    excused
        Whether the plant stood still, was exempt, or the thermometer was marked as faulty.
    """
    given = table(on)["furnace"]
    starts, values = np.asarray(start, np.int64), np.asarray(value, np.float64)
    free, known = ~np.asarray(excused, bool), ~np.isnan(values)
    days, group = np.unique(_day(starts), return_inverse=True)
    below = known & (values < given["limit"])
    cold, let_off, there = (
        np.bincount(group[mask], minlength=len(days)).astype(np.int64)
        for mask in (below & free, below & ~free, known)
    )
    least = np.full(len(days), np.inf)
    np.minimum.at(least, group[known & free], values[known & free])
    least[np.isinf(least)] = np.nan
    return FurnaceDays(days, cold, let_off, there, least, cold >= given["times"])


def exempt_hours(start: ArrayLike, marked: ArrayLike, particulate: ArrayLike, on: dt.date) -> Bools:
    """Tell which marked hours are exempt: the first of each year, as far as its hours last.

    Parameters
    ----------
    start
        Starts of hours [epoch s], rising, from the beginning of a year, ``(n,)``.
    marked
        Whether an accepted mark of an exempting kind covers the hour.
    particulate
        Hour means [mg/m3]; where none is known, nothing shows that the bound was kept.
    """
    given = table(on)["exempt"]
    starts = np.asarray(start, np.int64)
    values = np.asarray(particulate, np.float64)
    with np.errstate(invalid="ignore"):
        asked = np.asarray(marked, bool) & (values <= given["particulate_limit"])
    year = (starts + periods.OFFSET).astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64)
    found = np.zeros(len(starts), bool)
    for one in np.unique(year[asked]):
        rows = np.flatnonzero(asked & (year == one))
        found[rows[: int(given["hours_per_year"])]] = True
    return found


def day_means(start: ArrayLike, value: ArrayLike, exempt: ArrayLike, code: str, on: dt.date) -> DayMeans:
    """Return the natural-day means of a pollutant, and which are above the limit of the day.

    Parameters
    ----------
    start, value
        Valid hour means at 11 % oxygen [mg/m3], NaN where invalid, ``(n,)``.
    exempt
        Hours that do not count, same shape. A day needs the same share of its other hours as a whole day.
    code
        Factor of HJ 212, one of the table's.
    """
    given = table(on)
    starts, values = np.asarray(start, np.int64), np.asarray(value, np.float64)
    left_out = np.asarray(exempt, bool)
    days, group = np.unique(_day(starts), return_inverse=True)
    good = ~np.isnan(values) & ~left_out
    number, excused = (
        np.bincount(group[mask], minlength=len(days)).astype(np.int64) for mask in (good, left_out)
    )
    needed = validity.operating_minimum(24 - excused, validity.needed("day", on), 24)
    total = np.bincount(group[good], weights=values[good], minlength=len(days))
    mean = rounding.settle(np.where(number >= needed, total / np.maximum(number, 1), np.nan))
    above = np.bincount(group[good & (values > given["hour"].get(code, np.inf))], minlength=len(days)).astype(
        np.int64
    )
    return DayMeans(days, mean, number, excused, mean > given["day"][code], above)


def _day(start: Ints) -> Ints:
    return (start + periods.OFFSET) // periods.DAY * periods.DAY - periods.OFFSET
