"""Statistics of many back trajectories on a map: where air was before it was dirty."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing.inputs import Floats, TracingError, complete, informative, positive

EARTH = 6371.0
"""Mean radius of the earth [km]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Grid:
    """A statistic of the cells that trajectories passed, in order of longitude, then latitude."""

    longitude: Floats
    latitude: Floats
    count: NDArray[np.int64]
    value: Floats


def _cells(longitude: Floats, latitude: Floats, step: float) -> tuple[Floats, Floats, NDArray[np.int64]]:
    positive("step", step)
    column, row = np.rint(longitude / step).astype(np.int64), np.rint(latitude / step).astype(np.int64)
    pairs, which = np.unique(np.column_stack([column, row]), axis=0, return_inverse=True)
    centres = pairs.astype(np.float64) * step
    return centres[:, 0], centres[:, 1], which.ravel().astype(np.int64)


def frequency(longitude: ArrayLike, latitude: ArrayLike, *, step: float = 0.5) -> Grid:
    """Return the share of all end points in each cell [%].

    Parameters
    ----------
    longitude, latitude : array_like, shape (n,)
        End points of all trajectories [°].
    step
        Size of a cell [°].
    """
    lon, lat = complete(longitude=longitude, latitude=latitude)
    x, y, which = _cells(lon, lat, step)
    count = np.bincount(which)
    return Grid(x, y, count, 100.0 * count / count.max())


def pscf(
    longitude: ArrayLike, latitude: ArrayLike, values: ArrayLike, *, percent: float = 90.0, step: float = 0.5
) -> Grid:
    """Return the potential source contribution function m / n, weighted down in rare cells.

    Ashbaugh et al. 1985; weights 1, 0.75, 0.5, 0.15 for n above 2 n̄, n̄, n̄ / 2 and below, n̄ being the mean
    number of end points of a cell (openair trajLevel). The percentile is that of all end points.

    Parameters
    ----------
    longitude, latitude, values : array_like, shape (n,)
        End points [°], each with the concentration at the arrival of its trajectory.

    Raises
    ------
    TracingError
        Without a complete end point or with all values zero.
    """
    lon, lat, c = complete(longitude=longitude, latitude=latitude, values=values)
    high = informative("values", c) > np.percentile(c, percent)
    x, y, which = _cells(lon, lat, step)
    count = np.bincount(which)
    share = np.bincount(which[high], minlength=count.size) / count
    mean = count.mean()
    weight = np.select([count > 2.0 * mean, count > mean, count > mean / 2.0], [1.0, 0.75, 0.5], 0.15)
    return Grid(x, y, count, share * weight)


def cwt(longitude: ArrayLike, latitude: ArrayLike, values: ArrayLike, *, step: float = 0.5) -> Grid:
    """Return the concentration-weighted trajectory mean (Seibert et al. 1994), weighted down in rare cells.

    Weights 1, 0.7, 0.42, 0.05 for more than 80, 20, 10 end points and fewer (openair trajLevel).

    Parameters
    ----------
    longitude, latitude, values : array_like, shape (n,)
        As for `pscf`.
    """
    lon, lat, c = complete(longitude=longitude, latitude=latitude, values=values)
    x, y, which = _cells(lon, lat, step)
    count = np.bincount(which)
    weight = np.select([count > 80, count > 20, count > 10], [1.0, 0.7, 0.42], 0.05)
    return Grid(x, y, count, np.bincount(which, informative("values", c)) / count * weight)


def sqtba(
    longitude: ArrayLike,
    latitude: ArrayLike,
    hours: ArrayLike,
    values: ArrayLike,
    *,
    step: float = 0.5,
    spread: float = 1.5,
    reach: float = 4.0,
) -> Grid:
    """Return the simplified quantitative transport bias analysis field ΣQc / ΣQ (Zhou, Hopke & Liu 2004).

    Each end point spreads as a Gaussian whose width grows with its age.

    Parameters
    ----------
    longitude, latitude, hours, values : array_like, shape (n,)
        End points [°], their age relative to the arrival [h, either sign], concentration at the arrival.
    spread
        Growth of the width [km/h].
    reach
        Half side of the square over which an end point spreads [°].

    Raises
    ------
    TracingError
        If all end points are arrivals.
    """
    lon, lat, age, c = complete(longitude=longitude, latitude=latitude, hours=hours, values=values)
    informative("values", c)
    moved = age != 0
    if not moved.any():
        raise TracingError("hours: only arrivals, no end point before them")
    lon, lat, c = lon[moved], lat[moved], c[moved]
    sigma = spread * np.abs(age[moved])
    west, south = np.floor(lon.min() / step), np.floor(lat.min() / step)
    x = step * np.arange(west, np.ceil(lon.max() / step) + 1)
    y = step * np.arange(south, np.ceil(lat.max() / step) + 1)
    above, below = np.zeros((x.size, y.size)), np.zeros((x.size, y.size))
    for i, east in enumerate(x):
        close = np.abs(lon - east) <= reach
        d = haversine(east, y[:, None], lon[close], lat[close])
        weight = np.exp(-0.5 * (d / sigma[close]) ** 2) / sigma[close] ** 2
        weight[np.abs(y[:, None] - lat[close]) > reach] = 0.0
        above[i], below[i] = weight @ c[close], weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(below > 0, above / below, np.nan)
    column, row = np.rint(lon / step) - west, np.rint(lat / step) - south
    count = np.bincount((column * y.size + row).astype(np.int64), minlength=value.size)
    return Grid(np.repeat(x, y.size), np.tile(y, x.size), count, value.ravel())


def haversine(lon1: ArrayLike, lat1: ArrayLike, lon2: ArrayLike, lat2: ArrayLike) -> Floats:
    """Return great-circle distances between positions [°] of broadcasting shapes [km]."""
    first, second = np.radians(lat1), np.radians(lat2)
    half = np.sin((second - first) / 2.0) ** 2
    half = half + np.cos(first) * np.cos(second) * np.sin(np.radians(np.subtract(lon2, lon1)) / 2.0) ** 2
    return np.asarray(2.0 * EARTH * np.arcsin(np.sqrt(np.minimum(half, 1.0))))
