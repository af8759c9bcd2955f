"""What hills hide: lines of sight from a camera over a grid of heights, all directions at once.

The eye sees a place where no ground between rises above the line to it. The earth's curve and the bending of light
lower what is far by ``(1 - k)·d² / 2R`` with k = 0.13.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import shapely
from numpy.typing import NDArray

from jiangcheng.modules.straw.rules.fires import KILOMETRES_PER_DEGREE
from jiangcheng.modules.straw.rules.watch import Camera, bearing

RADIUS = 6_371_000.0
BENDING = 0.13
DIRECTIONS = 180
STEP = 100.0
"""Between samples along a line of sight [m]."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Heights:
    """Heights of the ground on a grid of degrees."""

    west: float
    north: float
    dx: float
    dy: float
    values: NDArray[np.float32]
    """[m], shape (rows, columns), the north at the top; NaN where nobody knows."""

    def at(self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the height of the nearest cell [m]; NaN outside."""
        column = np.floor((longitude - self.west) / self.dx).astype(np.int64)
        row = np.floor((self.north - latitude) / self.dy).astype(np.int64)
        rows, columns = self.values.shape
        inside = (row >= 0) & (row < rows) & (column >= 0) & (column < columns)
        found = self.values[np.clip(row, 0, rows - 1), np.clip(column, 0, columns - 1)].astype(float)
        return np.where(inside, found, np.nan)


def drop(metres: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return by how much the ground sinks with distance: the earth's curve less the bending of light [m]."""
    return (1 - BENDING) * np.asarray(metres, float) ** 2 / (2 * RADIUS)


def visible(
    heights: Heights, camera: Camera, mast: float, directions: NDArray[np.float64], distances: NDArray[np.float64]
) -> NDArray[np.bool_]:  # fmt: skip
    """Return what the camera sees of the ground, in polar coordinates.

    Parameters
    ----------
    mast
        Height of the camera above the ground [m].
    directions, distances
        [°] clockwise from north, shape (n,), and [m], rising, shape (m,).

    Returns
    -------
    array of bool, shape (n, m)
        Unknown ground hides nothing.
    """
    ground = heights.at(*_polar(camera, directions[:, None], distances[None, :])) - drop(distances)
    eye = float(heights.at(np.array([camera.longitude]), np.array([camera.latitude]))[0])
    slope = (ground - (eye if math.isfinite(eye) else 0.0) - mast) / distances
    known = np.where(np.isfinite(slope), slope, -np.inf)
    before = np.full_like(known, -np.inf)
    before[:, 1:] = np.maximum.accumulate(known, axis=1)[:, :-1]
    return np.where(np.isfinite(slope), slope, np.inf) >= before


def view(heights: Heights, camera: Camera, mast: float) -> shapely.Geometry:
    """Return what a camera overlooks with the hills in the way, WGS 84."""
    width = (camera.last - camera.first) % 360 or 360.0
    count = max(2, round(DIRECTIONS * width / 360))
    edges = camera.first + np.linspace(0, width, count + 1)
    distances = np.arange(STEP, camera.kilometres * 1000 + STEP / 2, STEP)
    seen = visible(heights, camera, mast, (edges[1:] + edges[:-1]) / 2, distances)
    padded = np.pad(seen, ((0, 0), (1, 1)))
    change = np.diff(padded.astype(np.int8), axis=1)
    row, first = np.nonzero(change == 1)
    _row, last = np.nonzero(change == -1)
    near, far = (first * STEP).astype(np.float64), (last * STEP).astype(np.float64)
    corners = [(edges[row], near), (edges[row], far), (edges[row + 1], far), (edges[row + 1], near)]
    rings = np.stack([np.column_stack(_polar(camera, turn, away)) for turn, away in corners], axis=1)
    parts = shapely.make_valid(shapely.polygons(rings))
    return shapely.union_all(shapely.buffer(parts, 1e-7))


def aim(
    camera: Camera, mast: float, longitude: float, latitude: float, heights: Heights | None
) -> tuple[float, float, float, str]:
    """Return bearing [°], tilt [°, below the horizon negative], distance [km] and the line of sight to a place.

    The line of sight is ``clear``, ``blocked``, or ``flat`` where no heights are known there.
    """
    narrow = math.cos(math.radians((camera.latitude + latitude) / 2))
    metres = 1000 * KILOMETRES_PER_DEGREE * math.hypot(
        (longitude - camera.longitude) * narrow, latitude - camera.latitude
    )  # fmt: skip
    turn = bearing(camera, longitude, latitude)
    ends = np.full(2, np.nan)
    if heights is not None:
        ends = heights.at(np.array([camera.longitude, longitude]), np.array([camera.latitude, latitude]))
    known = heights is not None and bool(np.isfinite(ends).all())
    rise = (float(ends[1] - ends[0]) if known else 0.0) - mast - float(drop(metres))
    tilt = math.degrees(math.atan2(rise, max(metres, 1.0)))
    sight = "flat"
    if known and heights is not None:
        distances = np.append(np.arange(STEP, max(metres - STEP / 2, STEP), STEP), max(metres, STEP + 1))
        sight = "clear" if visible(heights, camera, mast, np.array([turn]), distances)[0, -1] else "blocked"
    return turn, tilt, metres / 1000, sight


def _polar(
    camera: Camera, directions: NDArray[np.float64], metres: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude of places in a direction [°] at a distance [m]."""
    angle = np.radians(directions)
    degrees = metres / 1000 / KILOMETRES_PER_DEGREE
    narrow = math.cos(math.radians(camera.latitude))
    return camera.longitude + degrees * np.sin(angle) / narrow, camera.latitude + degrees * np.cos(angle)
