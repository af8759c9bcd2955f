"""A plane around a point: good to a tenth of a percent within a city."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
METRES_PER_DEGREE = 111_195.0
"""Of a great circle on a sphere of 6371 km."""


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """East and north [m] of an origin [degrees]."""

    longitude: float
    latitude: float

    def plane(self, longitude: ArrayLike, latitude: ArrayLike) -> Floats:
        """Return east and north of positions, shape (n, 2) [m]."""
        east = (np.asarray(longitude, np.float64) - self.longitude) * self._width()
        north = (np.asarray(latitude, np.float64) - self.latitude) * METRES_PER_DEGREE
        return np.stack([np.atleast_1d(east), np.atleast_1d(north)], axis=-1)

    def degrees(self, places: ArrayLike) -> list[list[float]]:
        """Return longitude and latitude of places of shape (n, 2) [m], rounded to a metre."""
        at = np.atleast_2d(np.asarray(places, np.float64))
        longitude = np.round(self.longitude + at[:, 0] / self._width(), 5)
        latitude = np.round(self.latitude + at[:, 1] / METRES_PER_DEGREE, 5)
        return [[float(x), float(y)] for x, y in zip(longitude, latitude, strict=True)]

    def _width(self) -> float:
        return METRES_PER_DEGREE * math.cos(math.radians(self.latitude))
