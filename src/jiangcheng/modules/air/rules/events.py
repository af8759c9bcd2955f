"""Exceptional events (例外事件): where dust begins and ends, and the series without its hours."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup

Floats = NDArray[np.float64]


def dust_hours(pm10: ArrayLike, *, on: datetime.date) -> NDArray[np.bool_]:
    """Return the hours that the detection rule proposes as dust; a person decides.

    An event starts where PM10 is at least twice the mean of the six hours before and above 150 µg/m3, and ends
    with the first hour back within 10 % of that mean. A missing hour within an event belongs to it.

    Parameters
    ----------
    pm10
        Consecutive city hours ``(n,)`` [µg/m3], NaN where missing.
    on
        A date of the data; selects the parameters.

    Returns
    -------
    ndarray
        bool ``(n,)``.
    """
    values = np.asarray(pm10, np.float64)
    parameters = {row.zone: row.value for row in lookup.rows("air_events", on) if row.zone != "excluded"}
    length = int(parameters["baseline_hours"])
    found = np.zeros(len(values), dtype=bool)
    end_at = np.nan
    for hour, value in enumerate(values.tolist()):
        if end_at == end_at:
            if value <= end_at:
                end_at = np.nan
            else:
                found[hour] = True
            continue
        before = values[max(hour - length, 0) : hour]
        before = before[~np.isnan(before)]
        if len(before) < parameters["baseline_needed"] or not value > parameters["start_above"]:
            continue
        baseline = float(before.mean())
        if value >= parameters["start_ratio"] * baseline:
            found[hour] = True
            end_at = baseline * (1 + parameters["end_within"] / 100)
    return found


def excluded(on: datetime.date) -> frozenset[str]:
    """Return the pollutants whose hours are left out during an event."""
    rows = lookup.rows("air_events", on, zone="excluded")
    return frozenset(row.parameter for row in rows if row.value == 1)


def without(hours: Mapping[str, ArrayLike], event: ArrayLike, *, on: datetime.date) -> dict[str, Floats]:
    """Return hours without those of an event; what is given stays as it is.

    Parameters
    ----------
    hours
        Hour means by pollutant, shape ``(…, 24)`` by natural day.
    event
        bool, broadcasts to the shape of the hours.
    on
        A date of the data; selects which pollutants are concerned.

    Returns
    -------
    dict of ndarray
        Copies; the 20-hour rule then decides whether the day still has a value.
    """
    names = excluded(on)
    return {
        name: np.where(np.asarray(event) & (name in names), np.nan, np.asarray(values, np.float64))
        for name, values in hours.items()
    }
