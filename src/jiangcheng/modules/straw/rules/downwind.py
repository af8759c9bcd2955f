"""What lies downwind of a place: distance along the wind, angle off it, and hours of travel."""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.straw.rules.fires import KILOMETRES_PER_DEGREE

CALM = 0.5
"""Below this wind [m/s] no direction carries anything."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wind:
    """The wind near a place."""

    speed: float
    """[m/s]"""
    direction: float
    """Where it comes from [°], clockwise from north."""
    at: dt.datetime
    """UTC."""
    origin: str
    """The station or the forecast it is of."""


@dataclasses.dataclass(frozen=True, slots=True)
class Carried:
    """Where places lie as the wind sees them from a source, each of shape (n,)."""

    kilometres: NDArray[np.float64]
    off: NDArray[np.float64]
    """Angle between the wind's way and the place [°], 0 to 180."""
    hours: NDArray[np.float64]
    """Of travel at the wind's speed; infinite in a calm."""

    def within(
        self, *, half_angle: float, first_hours: float, last_hours: float, most_kilometres: float
    ) -> NDArray[np.bool_]:
        """Return which places lie in the sector, reached between two times, no further than a distance."""
        answer: NDArray[np.bool_] = (
            (self.off <= half_angle)
            & (self.hours >= first_hours)
            & (self.hours <= last_hours)
            & (self.kilometres <= most_kilometres)
        )
        return answer


def carried(longitude: float, latitude: float, places: NDArray[np.float64], wind: Wind) -> Carried:
    """Return where places lie downwind of a source.

    Parameters
    ----------
    places
        Longitude and latitude [°], shape (n, 2).
    """
    narrow = np.cos(np.radians((places[:, 1] + latitude) / 2))
    east = (places[:, 0] - longitude) * KILOMETRES_PER_DEGREE * narrow
    north = (places[:, 1] - latitude) * KILOMETRES_PER_DEGREE
    away = np.hypot(east, north)
    bearing = np.degrees(np.arctan2(east, north))
    off = np.abs((bearing - (wind.direction + 180.0) + 180.0) % 360.0 - 180.0)
    off[away == 0] = 0.0
    hours = away / (3.6 * wind.speed) if wind.speed >= CALM else np.full(len(places), np.inf)
    return Carried(away, off, hours)
