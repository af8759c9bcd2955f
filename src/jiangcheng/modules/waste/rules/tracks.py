"""How far a vehicle strays from the route of its manifest, and how long it says nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

METRES_PER_DEGREE = 111_195.0
"""Of latitude, on a sphere of 6371 km."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stray:
    """The farthest point of a track from its route and the longest silence."""

    points: int
    farthest_m: float
    outside: int
    """Points farther than the rule allows."""
    longest_gap_s: float
    deviates: bool


def stray(
    track: Sequence[tuple[float, float, float]], route: Sequence[tuple[float, float]], rule: Mapping[str, Any]
) -> Stray:
    """Hold a track against a route.

    Parameters
    ----------
    track
        Epoch second, longitude and latitude of consecutive points.
    route
        Longitude and latitude of the corners of the route, at least one.
    """
    if not track or not route:
        return Stray(len(track), 0.0, 0, 0.0, False)
    points = np.asarray([point[1:] for point in track], float)
    times = np.asarray([point[0] for point in track], float)
    metres = distances(points, np.asarray(route, float))
    outside = int(np.count_nonzero(metres > float(rule["corridor_m"])))
    gap = float(np.max(np.diff(times))) if len(times) > 1 else 0.0
    deviates = outside >= int(rule["least_points"]) or gap > 60 * float(rule["gap_minutes"])
    return Stray(len(track), float(metres.max()), outside, gap, deviates)


def distances(points: NDArray[np.float64], route: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each point from a line [m]; flat, good within some hundred kilometres.

    Parameters
    ----------
    points : array of shape (n, 2)
        Longitude and latitude [°].
    route : array of shape (m, 2)
        Corners of the line [°].
    """
    origin = route[0]
    scale = np.array([np.cos(np.radians(origin[1])), 1.0]) * METRES_PER_DEGREE
    places, corners = (points - origin) * scale, (route - origin) * scale
    if len(corners) == 1:
        return np.hypot(*(places - corners[0]).T)  # type: ignore[no-any-return]
    starts, along = corners[:-1], np.diff(corners, axis=0)
    lengths = np.maximum((along**2).sum(axis=1), 1e-9)
    share = np.clip(((places[:, None, :] - starts) * along).sum(axis=2) / lengths, 0.0, 1.0)
    nearest = starts + share[:, :, None] * along
    return np.sqrt(((places[:, None, :] - nearest) ** 2).sum(axis=2)).min(axis=1)  # type: ignore[no-any-return]
