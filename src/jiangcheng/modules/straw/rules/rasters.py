"""Grids of pixels over the land: where a pixel lies, which polygon holds it, how much of a place is of a kind.

A raster is a matrix with the north at its top. Its grid is in degrees (EPSG 4326, 4490) or in metres of UTM or of
the three- and six-degree belts of CGCS2000; positions are carried there by Krüger's series.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

GEOGRAPHIC = frozenset({4326, 4490, 4214, 4610})
SEMI_MAJOR = 6_378_137.0
INVERSE_FLATTENING = {"utm": 298.257223563, "cgcs": 298.257222101}


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """Where a matrix of pixels lies."""

    west: float
    north: float
    """Outer corner of the first pixel, in the unit of the projection."""
    dx: float
    dy: float
    """Size of a pixel, both positive."""
    rows: int
    columns: int
    epsg: int = 4326

    def project(self, longitude: NDArray[np.float64], latitude: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return positions [°] in the grid's projection, shape (n, 2)."""
        if self.epsg in GEOGRAPHIC:
            return np.column_stack([longitude, latitude])
        return np.column_stack(transverse(longitude, latitude, *belt(self.epsg)))

    @property
    def hectares(self) -> float:
        """Return the area of the pixel in the middle of the grid [ha]."""
        if self.epsg in GEOGRAPHIC:
            middle = math.radians(self.north - self.rows * self.dy / 2)
            return self.dx * self.dy * 111.195**2 * math.cos(middle) * 100
        return self.dx * self.dy / 1e4


def belt(epsg: int) -> tuple[float, float, float, str]:
    """Return central meridian [°], scale, false easting [m] and ellipsoid of a projected system.

    Raises
    ------
    ValueError
        If it is neither UTM north nor a Gauss-Krüger belt of CGCS2000.
    """
    if 32601 <= epsg <= 32660:
        return 6.0 * (epsg - 32600) - 183.0, 0.9996, 500_000.0, "utm"
    if 4502 <= epsg <= 4512:
        return 75.0 + 6.0 * (epsg - 4502), 1.0, 500_000.0, "cgcs"
    if 4534 <= epsg <= 4554:
        return 75.0 + 3.0 * (epsg - 4534), 1.0, 500_000.0, "cgcs"
    raise ValueError(f"EPSG {epsg}")


def transverse(
    longitude: NDArray[np.float64], latitude: NDArray[np.float64], meridian: float, scale: float,
    easting: float, ellipsoid: str,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:  # fmt: skip
    """Return easting and northing [m] by Krüger's series to the third order, good to a millimetre in a belt."""
    flattening = 1 / INVERSE_FLATTENING[ellipsoid]
    n = flattening / (2 - flattening)
    radius = SEMI_MAJOR / (1 + n) * (1 + n**2 / 4 + n**4 / 64)
    alpha = (
        n / 2 - 2 * n**2 / 3 + 5 * n**3 / 16,
        13 * n**2 / 48 - 3 * n**3 / 5,
        61 * n**3 / 240,
    )
    e = 2 * math.sqrt(n) / (1 + n)
    phi, away = np.radians(latitude), np.radians(np.asarray(longitude) - meridian)
    t = np.sinh(np.arctanh(np.sin(phi)) - e * np.arctanh(e * np.sin(phi)))
    xi, eta = np.arctan2(t, np.cos(away)), np.arctanh(np.sin(away) / np.sqrt(1 + t**2))
    orders = list(enumerate(alpha, start=1))
    east = eta + sum(a * np.cos(2 * j * xi) * np.sinh(2 * j * eta) for j, a in orders)
    north = xi + sum(a * np.sin(2 * j * xi) * np.cosh(2 * j * eta) for j, a in orders)
    return easting + scale * radius * east, scale * radius * north


def rasterise(areas: Sequence[shapely.Geometry], grid: Grid) -> NDArray[np.int32]:
    """Return which area holds the centre of each pixel: its place in the list, -1 where none does.

    Even-odd filling along the rows of pixels, so that holes stay empty; of two areas over a pixel the later
    one holds it.

    Parameters
    ----------
    areas
        Polygons, WGS 84 or CGCS2000 [°].

    Returns
    -------
    array of int32, shape (rows, columns)
    """
    answer = np.full((grid.rows, grid.columns), -1, np.int32)
    for number, area in enumerate(areas):
        edges = _edges(area, grid)
        if not len(edges):
            continue
        top = max(0, int(np.floor(edges[:, [1, 3]].min() - 0.5)))
        bottom = min(grid.rows, int(np.ceil(edges[:, [1, 3]].max() + 0.5)))
        if top < bottom:
            inside = _filled(edges, top, bottom, grid.columns)
            answer[top:bottom][inside] = number
    return answer


def cropped(area: shapely.Geometry, grid: Grid) -> tuple[slice, slice, NDArray[np.bool_]]:
    """Return the rows and columns an area touches and which pixel centres of them it holds."""
    edges = _edges(area, grid)
    if not len(edges):
        return slice(0, 0), slice(0, 0), np.zeros((0, 0), bool)
    x, y = edges[:, [0, 2]], edges[:, [1, 3]]
    left, right = (int(np.clip(f(v), 0, grid.columns)) for f, v in ((np.floor, x.min()), (np.ceil, x.max())))
    top, bottom = (int(np.clip(f(v), 0, grid.rows)) for f, v in ((np.floor, y.min()), (np.ceil, y.max())))
    if left >= right or top >= bottom:
        return slice(0, 0), slice(0, 0), np.zeros((0, 0), bool)
    inside = _filled(edges - np.array([left, 0, left, 0]), top, bottom, right - left)
    return slice(top, bottom), slice(left, right), inside


def _edges(area: shapely.Geometry, grid: Grid) -> NDArray[np.float64]:
    """Return the edges of all rings in pixels: x and y of both ends."""
    found = []
    for part in shapely.get_parts(area):
        for ring in shapely.get_rings(part):
            lon, lat = shapely.get_coordinates(ring).T
            place = grid.project(lon, lat)
            x, y = (place[:, 0] - grid.west) / grid.dx, (grid.north - place[:, 1]) / grid.dy
            found.append(np.column_stack([x[:-1], y[:-1], x[1:], y[1:]]))
    return np.concatenate(found) if found else np.zeros((0, 4))


def _filled(edges: NDArray[np.float64], top: int, bottom: int, columns: int) -> NDArray[np.bool_]:
    """Return which pixel centres of some rows lie inside, by the parity of the edges to their left."""
    upper, lower = np.minimum(edges[:, 1], edges[:, 3]), np.maximum(edges[:, 1], edges[:, 3])
    first = np.clip(np.ceil(upper - 0.5), top, bottom).astype(np.int64)
    last = np.clip(np.ceil(lower - 0.5), top, bottom).astype(np.int64)
    count = last - first
    which = np.repeat(np.arange(len(edges)), count)
    row = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count) + first[which]
    x1, y1, x2, y2 = edges[which].T
    at = x1 + (row + 0.5 - y1) / (y2 - y1) * (x2 - x1)
    column = np.clip(np.ceil(at - 0.5), 0, columns).astype(np.int64)
    toggles = np.zeros((bottom - top, columns + 1), np.int32)
    np.add.at(toggles, (row - top, column), 1)
    return (np.cumsum(toggles, axis=1)[:, :columns] & 1).astype(bool)


@dataclasses.dataclass(frozen=True, slots=True)
class Shares:
    """How much of each cell of a coarse grid of degrees is of a kind."""

    west: float
    north: float
    step: float
    values: NDArray[np.uint8]
    """Percent, shape (rows, columns); 255 where nobody knows."""

    def within(self, area: shapely.Geometry) -> float | None:
        """Return the mean share in the rectangle around an area, weighted by overlap; None where unknown."""
        west, south, east, north = area.bounds
        rows, columns = self.values.shape
        x = _overlap(west, east, self.west, self.step, columns)
        y = _overlap(-north, -south, -self.north, self.step, rows)
        weights = np.outer(y, x)
        known = np.where(self.values == 255, 0.0, weights)
        total = float(known.sum())
        if total < 0.5 * (east - west) * (north - south):
            return None
        return float((known * np.where(self.values == 255, 0, self.values)).sum() / total / 100)


def _overlap(low: float, high: float, start: float, step: float, count: int) -> NDArray[np.float64]:
    edges = start + step * np.arange(count + 1)
    overlap: NDArray[np.float64] = np.clip(
        np.minimum(edges[1:], high) - np.maximum(edges[:-1], low), 0.0, None
    )
    return overlap


def shares_of(
    classes: NDArray[np.generic], grid: Grid, weights: dict[int, float], *, nodata: float | None, step: float
) -> Shares:
    """Return the share of cropland of coarse cells from a raster of land-cover classes in degrees.

    Parameters
    ----------
    weights
        How much a pixel of a class counts as cropland, 0 to 1; other classes count nothing.
    step
        Side of the coarse cells [°].

    Raises
    ------
    ValueError
        If the raster is not in degrees.
    """
    if grid.epsg not in GEOGRAPHIC:
        raise ValueError(f"EPSG {grid.epsg}")
    value = np.zeros(classes.shape, np.float64)
    for code, weight in weights.items():
        value[classes == code] = weight
    known = np.ones(classes.shape, bool) if nodata is None else classes != nodata
    row = ((np.arange(grid.rows) + 0.5) * grid.dy / step).astype(np.int64)
    column = ((np.arange(grid.columns) + 0.5) * grid.dx / step).astype(np.int64)
    shape = (int(row[-1]) + 1, int(column[-1]) + 1)
    place = (row[:, None] * shape[1] + column[None, :]).ravel()
    size = shape[0] * shape[1]
    count = np.bincount(place, known.ravel(), size)
    total = np.bincount(place, (value * known).ravel(), size)
    percent = np.where(count > 0, np.rint(100 * total / np.maximum(count, 1)), 255)
    return Shares(grid.west, grid.north, step, percent.astype(np.uint8).reshape(shape))
