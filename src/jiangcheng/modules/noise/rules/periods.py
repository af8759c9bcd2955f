"""Day and night of Beijing time, and the levels of hours, days and nights with what makes them valid.

The day period is 06:00 to 22:00, the night 22:00 to 06:00 (GB 3096-2008 3.6). The night belongs to the day
on which it starts, so that the noise day D lasts from 06:00 of D to 06:00 of D + 1.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.modules.noise.rules import levels
from jiangcheng.modules.noise.rules.levels import Counts, Floats
from jiangcheng.standards import lookup, periods

MIDNIGHT = 24


class Hours(NamedTuple):
    """Levels of hours by series and hour [dB], shape ``(rows, hours)``; NaN where the hour is not valid."""

    screened: levels.Summary
    raw: levels.Summary
    """Of all minutes there are, whatever the weather; valid by the same count."""

    @classmethod
    def of(
        cls,
        leq: ArrayLike,
        valid: ArrayLike,
        group: ArrayLike,
        groups: int,
        *,
        on: datetime.date,
        maxima: ArrayLike | None = None,
    ) -> Hours:
        """Return the hours of minutes.

        Parameters
        ----------
        leq
            Equivalent levels of minutes [dB], shape ``(n,)``.
        valid
            Whether the screening lets a minute count.
        group, groups
            Number of the hour of each minute, and how many there are.
        on
            Date of the data, which selects the edition of HJ 906.
        maxima
            Greatest instantaneous levels of the minutes [dB].
        """
        minimum = needed("hour", "minutes", on)
        every = np.asarray(leq, dtype=np.float64)
        kept = np.where(np.asarray(valid, dtype=bool), every, np.nan)
        return cls(
            levels.summarise(kept, group, groups, minimum=minimum, maxima=maxima),
            levels.summarise(every, group, groups, minimum=minimum, maxima=maxima),
        )


class Days(NamedTuple):
    """Levels of noise days by series and day [dB], shape ``(rows, days)``; NaN where the period is not valid."""

    ld: Floats
    ln: Floats
    ldn: Floats
    hours_day: Counts
    """Valid hours behind Ld."""
    hours_night: Counts
    lmax_night: Floats


def needed(averaging: str, counted: str, on: datetime.date) -> int:
    """Return how many valid ``minutes`` or ``hours`` a mean needs (HJ 906)."""
    return int(lookup.value("HJ906", "Leq", averaging, counted, on))


def day_hours(on: datetime.date) -> tuple[int, int]:
    """Return the Beijing hours at which the day period begins and ends."""
    return (
        int(lookup.value("GB3096", "period", "day", "from", on)),
        int(lookup.value("GB3096", "period", "day", "to", on)),
    )


def is_night(start: ArrayLike, on: datetime.date) -> NDArray[np.bool_]:
    """Tell whether intervals that begin at ``start`` [epoch s, UTC] lie in the night."""
    begins, ends = day_hours(on)
    hour = periods.hour_of_day(start)
    return (hour < begins) | (hour >= ends)


def noise_day(start: ArrayLike, on: datetime.date) -> periods.Days:
    """Return the noise day of interval starts [epoch s, UTC]; the night counts to the day it starts on."""
    begins, _ = day_hours(on)
    return periods.natural_day(np.asarray(start, dtype=np.int64) - begins * periods.HOUR)


def period_bounds(day: datetime.date, night: bool) -> tuple[int, int]:
    """Return ``[start, end)`` of the day period or of the night that starts on a day [epoch s, UTC]."""
    begins, ends = day_hours(day)
    midnight, _ = periods.day_bounds(day)
    first, last = (ends, MIDNIGHT + begins) if night else (begins, ends)
    return midnight + first * periods.HOUR, midnight + last * periods.HOUR


def night_overlaps(start: int, end: int, on: datetime.date) -> bool:
    """Tell whether ``[start, end)`` [epoch s, UTC] touches a night."""
    if end <= start:
        return False
    first = np.arange(start // periods.HOUR * periods.HOUR, end, periods.HOUR)
    return bool(is_night(first, on).any())


def days_of_hours(leq: ArrayLike, lmax: ArrayLike, *, on: datetime.date) -> Days:
    """Return the levels of noise days from those of their hours.

    Ld and Ln are the energy means of the valid hours of the period (HJ 906-2017); a period with fewer valid
    hours than the standard asks for has none.

    Parameters
    ----------
    leq, lmax
        Equivalent and greatest levels of hours [dB], shape ``(rows, days, 24)``; the first hour of a noise
        day is the one in which the day period begins; NaN where an hour is not valid.
    on
        Date of the data.
    """
    hours = np.asarray(leq, dtype=np.float64)
    begins, ends = day_hours(on)
    length = ends - begins
    day, night = hours[..., :length], hours[..., length:]
    ld = levels.energy_mean(day, needed("day", "hours", on))
    ln = levels.energy_mean(night, needed("night", "hours", on))
    peaks = np.asarray(lmax, dtype=np.float64)[..., length:]
    known = ~np.isnan(peaks)
    greatest = np.where(known, peaks, -np.inf).max(axis=-1)
    return Days(
        ld,
        ln,
        levels.day_night_level(ld, ln),
        (~np.isnan(day)).sum(axis=-1),
        (~np.isnan(night)).sum(axis=-1),
        np.where(known.any(axis=-1), greatest, np.nan),
    )
