"""Two pollutants by wind: correlation, slope and ratio, the fingerprint of what lies upwind."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing import wind
from jiangcheng.methods.tracing.inputs import Floats, TracingError, complete

NEGLIGIBLE = 0.001
"""Weight, as a share of the largest, below which a row does not belong to a cell."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pairs:
    """Statistics of two pollutants on a grid of winds; arrays of shape (a, b), NaN below the minimum."""

    direction: Floats
    speed: Floats
    correlation: Floats
    slope: Floats
    """Weighted least squares of the second on the first."""
    intercept: Floats
    ratio: Floats
    """Weighted mean of the second over that of the first."""
    count: NDArray[np.int64]


def pairwise(
    speed: ArrayLike,
    direction: ArrayLike,
    first: ArrayLike,
    second: ArrayLike,
    *,
    grid_direction: ArrayLike,
    grid_speed: ArrayLike,
    sigma: float = 4.0,
    width: float = 0.5,
    minimum: int = 100,
) -> Pairs:
    """Return kernel-weighted statistics of two pollutants for each wind (Grange, Lewis & Carslaw 2016).

    Parameters
    ----------
    speed, direction, first, second : array_like, shape (n,)
        Wind speed [m/s], wind direction [°] and two concentrations; incomplete rows are left out.
    grid_direction, grid_speed : array_like, shape (a,), (b,)
        Winds of the result.
    sigma, width
        Standard deviations of the Gaussian kernels [°, m/s].
    minimum
        Fewest rows of weight above `NEGLIGIBLE` of the largest that give a result.

    Raises
    ------
    TracingError
        Without a complete row, or if no wind of the grid has enough rows.
    """
    u, d, x, y = complete(speed=speed, direction=direction, first=first, second=second)
    theta, grid = np.asarray(grid_direction, np.float64), np.asarray(grid_speed, np.float64)
    blow = np.exp(-0.5 * ((u[:, None] - grid) / width) ** 2)
    count = np.zeros((theta.size, grid.size), dtype=np.int64)
    sums = np.zeros((6, theta.size, grid.size))
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y])
    for i, angle in enumerate(theta):
        weight = np.exp(-0.5 * (wind.difference(d, angle) / sigma) ** 2)[:, None] * blow
        weight[weight <= NEGLIGIBLE * weight.max(axis=0)] = 0.0
        count[i] = np.count_nonzero(weight, axis=0)
        sums[:, i] = terms @ weight
    if count.max() < minimum:
        raise TracingError(
            f"no wind of the grid has {minimum} rows with both pollutants, at most {count.max()}"
        )
    return _moments(theta, grid, sums, np.asarray(count >= minimum), count)


def _moments(
    theta: Floats, grid: Floats, sums: Floats, enough: NDArray[np.bool_], count: NDArray[np.int64]
) -> Pairs:
    weight, x, y, xx, xy, yy = np.where(enough, sums, np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        mx, my = x / weight, y / weight
        sxx, sxy, syy = xx / weight - mx**2, xy / weight - mx * my, yy / weight - my**2
        slope = np.where(sxx > 1e-12 * mx**2, sxy / sxx, np.nan)
        correlation = np.clip(sxy / np.sqrt(sxx * syy), -1.0, 1.0)
        return Pairs(theta, grid, correlation, slope, my - slope * mx, my / mx, count)
