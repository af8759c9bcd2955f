"""From station hours to station days to city days (GB 3095 table 4, HJ 663)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods import averaging
from jiangcheng.standards import lookup, periods, rounding

DAY_MEANS = ("SO2", "NO2", "CO", "PM10", "PM25")
WINDOW = 8
"""Hours of the running ozone mean."""

Floats = NDArray[np.float64]


class Mda8(NamedTuple):
    """Daily maximum 8 h means of ozone [µg/m3], NaN where not valid, and the valid windows of each day."""

    value: Floats
    windows: NDArray[np.int64]


def mda8(hours: ArrayLike, *, on: datetime.date) -> Mda8:
    """Return the daily maximum of the running 8 h means of ozone.

    The 17 windows end at the labels 08:00 … 24:00 of the natural day, so all their hours belong to it. A
    window needs 6 of 8 hours. A day needs 14 windows; with fewer it is valid only if its maximum exceeds the
    class 2 limit (HJ 663, 6.1.2).

    Parameters
    ----------
    hours
        Hour means [µg/m3] by natural day, shape ``(…, 24)``; NaN is missing.
    on
        A date of the data; selects the editions.

    Returns
    -------
    Mda8
        Shape ``(…)``.
    """
    minimum = periods.minimum("O3", "8h", "hours", on)
    first = int(lookup.value("HJ663", "O3", "mda8", "first_window_ends", on)) - WINDOW
    means = averaging.running_mean(hours, WINDOW, minimum).value[..., first:]
    valid = ~np.isnan(means)
    windows = valid.sum(axis=-1, dtype=np.int64)
    highest = np.where(valid, means, -np.inf).max(axis=-1)
    limit = lookup.value("GB3095", "O3", "mda8", "class2", on)
    enough = windows >= lookup.value("HJ663", "O3", "mda8", "windows", on)
    exceeds = rounding.whole_units(highest, 0) > limit
    return Mda8(np.where(enough | exceeds, highest, np.nan), windows)


def station_days(hours: Mapping[str, ArrayLike], *, on: datetime.date) -> dict[str, Floats]:
    """Return the day values of stations from their hours.

    Parameters
    ----------
    hours
        Hour means by pollutant, ``SO2, NO2, CO, O3, PM10, PM25`` as far as measured, shape ``(…, 24)`` by
        natural day (`methods.averaging.hours_of_days`); NaN is missing or invalid.
    on
        A date of the data; selects the editions.

    Returns
    -------
    dict of ndarray
        Day means of at least 20 hours, ``O3_8h`` (`mda8`) and ``O3_1h`` (highest of at least 20 hours), each
        of shape ``(…)``; NaN where not valid. Not rounded.
    """
    days = {
        name: averaging.mean(hours[name], periods.minimum(name, "day", "hours", on)).value
        for name in DAY_MEANS
        if name in hours
    }
    if "O3" in hours:
        ozone = np.asarray(hours["O3"], dtype=np.float64)
        present = ~np.isnan(ozone)
        highest = np.where(present, ozone, -np.inf).max(axis=-1)
        enough = present.sum(axis=-1) >= periods.minimum("NO2", "day", "hours", on)
        days["O3_8h"] = mda8(ozone, on=on).value
        days["O3_1h"] = np.where(enough, highest, np.nan)
    return days


def city_mean(stations: Mapping[str, ArrayLike], *, on: datetime.date) -> dict[str, Floats]:
    """Return the city's values as the mean of its points' values (HJ 663).

    The city day is the mean of the station *day* values, for ozone the mean of the stations' daily maxima.
    Only evaluation points belong in; the caller leaves reference points out.

    Parameters
    ----------
    stations
        Values by pollutant, shape ``(points, n)``; NaN where a point has no valid value.
    on
        A date of the data; selects the edition.

    Returns
    -------
    dict of ndarray
        Shape ``(n,)``; NaN where fewer than 75 % of the points are valid, 50 % of fewer than four points.
    """
    few = lookup.value("HJ663", "city", "day", "points_few", on)
    means = {}
    for name, values in stations.items():
        table = np.asarray(values, dtype=np.float64)
        zone = "points_share_of_few" if len(table) < few else "points_share"
        percent = lookup.value("HJ663", "city", "day", zone, on)
        means[name] = averaging.mean(table, int(np.ceil(len(table) * percent / 100)), axis=0).value
    return means
