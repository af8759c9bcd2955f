"""Which minutes do not tell of the place: weather, events, the instrument. Nothing is deleted.

Measurements of environmental noise are taken without rain, snow and thunder and below 5 m/s of wind
(GB 3096-2008 6.2); an automatic station measures on, and the minutes are marked with the reason instead.
"""

from __future__ import annotations

import datetime
import enum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup


class Reason(enum.IntFlag):
    """Why a minute does not count; several may hold at once."""

    RAIN = 1
    WIND = 2
    SNOW = 4
    THUNDER = 8
    EVENT = 16
    """A sound that is not of the place's environment: calibration, maintenance, fireworks …"""
    INSTRUMENT = 32
    """The instrument itself marks the value, or a person rejected it."""
    UNKNOWN = 64
    """No weather is known. The minute counts: a missing rain gauge is not rain."""


INVALID = Reason.RAIN | Reason.WIND | Reason.SNOW | Reason.THUNDER | Reason.EVENT | Reason.INSTRUMENT


class Weather(NamedTuple):
    """Weather at each minute; NaN where it is not known."""

    wind: NDArray[np.float64]
    """Wind speed [m/s]."""
    rain: NDArray[np.float64]
    """Rain of the interval [mm]."""


def screen(
    start: ArrayLike,
    valid: ArrayLike,
    weather: Weather,
    events: ArrayLike,
    *,
    on: datetime.date,
) -> NDArray[np.uint8]:
    """Return the reasons of every minute as bits of `Reason`, 0 where it counts and the weather is known.

    Parameters
    ----------
    start
        Starts of the minutes [epoch s], shape ``(n,)``.
    valid
        Whether instrument and persons let the value stand.
    weather
        At each minute.
    events
        Rows ``(start, end, reason)`` of what happened in ``[start, end)`` [epoch s], shape ``(m, 3)``.
    on
        Date of the data.
    """
    starts = np.asarray(start, dtype=np.int64)
    wind_limit = lookup.value("GB3096", "weather", "wind", "not_above", on)
    rain_limit = lookup.value("GB3096", "weather", "rain", "not_above", on)
    reasons = np.where(np.asarray(valid, dtype=bool), 0, Reason.INSTRUMENT).astype(np.uint8)
    reasons |= np.where(weather.rain > rain_limit, Reason.RAIN, 0).astype(np.uint8)
    reasons |= np.where(weather.wind > wind_limit, Reason.WIND, 0).astype(np.uint8)
    dark = np.isnan(weather.wind) & np.isnan(weather.rain)
    reasons |= np.where(dark, Reason.UNKNOWN, 0).astype(np.uint8)
    for first, last, reason in np.asarray(events, dtype=np.int64).reshape(-1, 3).tolist():
        reasons[(starts >= first) & (starts < last)] |= np.uint8(reason)
    return reasons


def within(reasons: ArrayLike) -> NDArray[np.bool_]:
    """Tell which minutes count."""
    return np.asarray((np.asarray(reasons, dtype=np.uint8) & np.uint8(INVALID)) == 0, dtype=bool)
