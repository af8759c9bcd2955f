"""Beijing days and months of epoch seconds. China has had one zone without summer time since 1991-09-15."""

from __future__ import annotations

import datetime

import numpy as np

from jiangcheng.core.observations.rules.columns import Array

BEIJING = 8 * 3600
"""Seconds Beijing is ahead of UTC."""
DAY = 86_400


def day_of(start: Array) -> Array:
    """Return days since 1970-01-01 of the Beijing day in which each interval starts."""
    return ((start + BEIJING) // DAY).astype(np.int32)


def day_start(day: int) -> int:
    """Return the epoch second at which a Beijing day begins."""
    return day * DAY - BEIJING


def months_of(start: Array) -> Array:
    """Return months since 1970-01 (datetime64[M]) of the Beijing month in which each interval starts."""
    return (start + BEIJING).astype("datetime64[s]").astype("datetime64[M]")


def month_bounds(month: datetime.date) -> tuple[int, int]:
    """Return first and one-past-last epoch second of the Beijing month that holds a date."""
    first = np.datetime64(month, "M")
    edges = np.array([first, first + 1]).astype("datetime64[s]").astype(np.int64) - BEIJING
    return int(edges[0]), int(edges[1])


def month_of(instant: datetime.datetime) -> datetime.date:
    """Return the first day of the Beijing month of an aware datetime."""
    return (instant.astimezone(datetime.UTC) + datetime.timedelta(seconds=BEIJING)).date().replace(day=1)


def months_before(month: datetime.date, count: int) -> datetime.date:
    """Return the first day of the month that lies ``count`` months before that of a date."""
    years, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return datetime.date(years, index + 1, 1)
