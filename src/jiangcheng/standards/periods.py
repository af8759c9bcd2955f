"""Hours, natural days and months of Beijing time, and the number of values that make a mean valid.

Inside, an hour is known by its start in UTC epoch seconds. HJ standards and the national feed label an hour
by its end: natural day D has the labels 01:00 of D to 00:00 of D+1, the hours starting 00:00 to 23:00.
"""

from __future__ import annotations

import calendar
import datetime

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup

BEIJING = datetime.timezone(datetime.timedelta(hours=8), "Asia/Shanghai")
"""China keeps one zone without summer time (since 1992)."""
OFFSET = 8 * 3600
HOUR = 3600
DAY = 86400

Seconds = NDArray[np.int64]
Days = NDArray[np.datetime64]


def hour_start(label_end: ArrayLike) -> Seconds:
    """Return the starts of hours that are labelled by their end [epoch s, UTC]."""
    return np.asarray(label_end, dtype=np.int64) - HOUR


def hour_label(start: ArrayLike) -> Seconds:
    """Return the end-of-hour labels of hours known by their start [epoch s, UTC]."""
    return np.asarray(start, dtype=np.int64) + HOUR


def natural_day(start: ArrayLike) -> Days:
    """Return the Beijing calendar day of interval starts.

    Parameters
    ----------
    start
        Starts of hours or other intervals [epoch s, UTC].

    Returns
    -------
    ndarray of datetime64[D]
        Calendar days.
    """
    return ((np.asarray(start, dtype=np.int64) + OFFSET) // DAY).astype("datetime64[D]")


def hour_of_day(start: ArrayLike) -> NDArray[np.int64]:
    """Return 0…23, the Beijing hour in which intervals start."""
    return (np.asarray(start, dtype=np.int64) + OFFSET) % DAY // HOUR


def day_bounds(day: datetime.date) -> tuple[int, int]:
    """Return ``[start, end)`` of a Beijing calendar day [epoch s, UTC]."""
    start = int(datetime.datetime.combine(day, datetime.time(), BEIJING).timestamp())
    return start, start + DAY


def month_bounds(year: int, month: int) -> tuple[int, int]:
    """Return ``[start, end)`` of a Beijing calendar month [epoch s, UTC]."""
    first = datetime.date(year, month, 1)
    start, _ = day_bounds(first)
    return start, start + calendar.monthrange(year, month)[1] * DAY


def year_bounds(year: int) -> tuple[int, int]:
    """Return ``[start, end)`` of a Beijing calendar year [epoch s, UTC]."""
    return day_bounds(datetime.date(year, 1, 1))[0], day_bounds(datetime.date(year + 1, 1, 1))[0]


def days_of_year(year: int) -> Days:
    """Return all calendar days of a year as datetime64[D]."""
    return np.arange(f"{year:04}-01-01", f"{year + 1:04}-01-01", dtype="datetime64[D]")


def minimum(parameter: str, averaging: str, counted: str, on: datetime.date) -> int:
    """Return how many values a valid mean needs (GB 3095 table 4).

    Parameters
    ----------
    parameter
        ``"SO2"``, ``"PM25"`` …
    averaging
        Of the mean: ``"year"``, ``"day"``, ``"8h"``, ``"hour"``.
    counted
        What is counted: ``"days"``, ``"days_per_month"``, ``"days_in_february"``, ``"hours"``, ``"minutes"``.
    on
        Date of the data.

    Raises
    ------
    NotInForce
        If the standard states no such count.
    """
    return int(lookup.value("GB3095_validity", parameter, averaging, counted, on))


def year_is_valid(parameter: str, days: Days, valid: NDArray[np.bool_]) -> bool:
    """Tell whether day values make a valid annual mean: enough days, and enough in every month.

    Parameters
    ----------
    parameter
        ``"SO2"``, ``"PM25"`` …
    days
        Calendar days of one year, ``datetime64[D]``.
    valid
        Whether each day has a valid value.
    """
    return bool(years_are_valid(parameter, days, np.asarray(valid, bool).reshape(1, -1))[0])


def years_are_valid(parameter: str, days: Days, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Tell of every series what `year_is_valid` tells of one.

    Parameters
    ----------
    parameter, days
        As there.
    valid
        Whether each day of each series has a valid value, ``(rows, n)``.
    """
    year = int(days[0].astype("datetime64[Y]").astype(int)) + 1970
    on = datetime.date(year, 12, 31)
    months = days.astype("datetime64[M]").astype(int) % 12
    needed = np.full(12, minimum(parameter, "year", "days_per_month", on))
    needed[1] = minimum(parameter, "year", "days_in_february", on)
    # Floats of this size count exactly, and their product is much the fastest way to add up by month.
    counts = valid.astype(np.float32) @ (months[:, None] == np.arange(12)).astype(np.float32)
    enough = counts.sum(axis=1) >= minimum(parameter, "year", "days", on)
    found: NDArray[np.bool_] = enough & (counts >= needed).all(axis=1)
    return found
