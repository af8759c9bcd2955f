"""Non-parametric wind regression (Henry et al. 2009) and the sustained wind incidence method built on it.

The kernel is a product of one of direction and one of speed, so that all sums over the data are two matrix
products. Nothing is smoothed afterwards.
"""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing import wind
from jiangcheng.methods.tracing.inputs import Floats, TracingError, complete, positive

Kernel = Literal["gaussian", "epanechnikov"]
ANGLES = 720
"""Most different wind directions for which rows are added up by direction first."""
CHUNK = 8192
"""Rows per matrix product, which bounds the memory."""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """Expected concentration by wind."""

    direction: Floats
    """Shape (a,) [°]."""
    speed: Floats
    """Shape (b,) [m/s]."""
    value: Floats
    """Expected concentration, shape (a, b); NaN where no data weigh."""
    error: Floats
    """Standard error, shape (a, b), for independent rows; bootstrap by days where they are not."""
    density: Floats
    """Share of time by unit of the grid, shape (a, b), sum 1."""

    def contribution(self) -> Floats:
        """Return the share of the mean that each wind brings, shape (a, b) (SWIM, Olson & Henry 2006)."""
        brought = np.where(np.isfinite(self.value), self.value, 0.0) * self.density
        total = brought.sum()
        return brought / total if total > 0 else brought

    def sector_share(self, first: float, last: float) -> float:
        """Return the share of the mean that winds from `first` clockwise to `last` bring [1]."""
        inside = (self.direction - first) % 360.0 <= (last - first) % 360.0
        return float(self.contribution()[inside].sum())


def regression(
    speed: ArrayLike,
    direction: ArrayLike,
    values: ArrayLike,
    *,
    grid_direction: ArrayLike | None = None,
    grid_speed: ArrayLike | None = None,
    sigma: float = 5.0,
    width: float = 1.5,
    kernel: Kernel = "epanechnikov",
    compat: bool = False,
) -> Field:
    """Return the expected concentration for each wind (Henry, Norris, Vedantham & Turner 2009).

    Parameters
    ----------
    speed, direction, values : array_like, shape (n,)
        Wind speed [m/s], wind direction [°], concentration; incomplete rows are left out.
    grid_direction, grid_speed : array_like, shape (a,), (b,)
        Where to estimate; by default every 2° and 40 speeds up to the highest.
    sigma
        Standard deviation of the Gaussian kernel of direction [°]; its full width at half height is 2.355 σ.
    width
        Width of the kernel of speed [m/s].
    kernel
        Kernel of speed: Henry's, or the Gaussian of openair.
    compat
        Reproduce openair 2.18: Gaussian speeds, and angles corrected on one side of north only, so that data
        just west of north have no weight just east of it.

    Raises
    ------
    TracingError
        Without a complete row or without wind.
    """
    u, d, c = complete(speed=speed, direction=direction, values=values)
    positive("sigma", sigma), positive("width", width)
    u = u - u.min() if compat else u
    if u.max() <= 0:
        raise TracingError("speed: all calm, no wind to regress on")
    theta = np.arange(2.0, 361.0, 2.0) if grid_direction is None else np.asarray(grid_direction, np.float64)
    grid = np.linspace(0.0, u.max(), 40) if grid_speed is None else np.asarray(grid_speed, np.float64)
    speeds: Kernel = "gaussian" if compat else kernel
    angles, which = np.unique(d, return_inverse=True)
    if angles.size <= ANGLES:
        turn = _turn(theta, angles, sigma, compat)
        return _field(theta, grid, _by_angle(turn, which, grid, u, c, width, speeds))
    sums = np.zeros((5, theta.size, grid.size))
    for start in range(0, u.size, CHUNK):
        part = slice(start, start + CHUNK)
        turn = _turn(theta, d[part], sigma, compat)
        blow = _blow(grid, u[part], width, speeds)
        sums += _sums(turn, blow, c[part])
    return _field(theta, grid, sums)


def _turn(theta: Floats, direction: Floats, sigma: float, compat: bool) -> Floats:
    if compat:
        apart = direction[None, :] - theta[:, None]
        apart = np.where(apart < -180.0, apart + 360.0, apart)
    else:
        apart = wind.difference(theta[:, None], direction[None, :])
    return np.asarray(np.exp(-0.5 * (apart / sigma) ** 2))


def _blow(grid: Floats, speed: Floats, width: float, kernel: Kernel) -> Floats:
    apart = (speed[:, None] - grid[None, :]) / width
    if kernel == "gaussian":
        return np.asarray(np.exp(-0.5 * apart**2))
    return np.maximum(0.75 * (1.0 - apart**2), 0.0)


def _by_angle(
    turn: Floats, which: NDArray[np.int64], grid: Floats, u: Floats, c: Floats, width: float, kernel: Kernel
) -> Floats:
    """Return the sums of `_sums` where vanes give few angles: rows of one angle share its weight.

    Parameters
    ----------
    turn : array, shape (a, k)
        Weight of each angle at each direction.
    which : array, shape (n,)
        Angle of each row.
    """
    order = np.argsort(which, kind="stable")
    angle, speed, value = which[order], u[order], c[order, None]
    totals = np.zeros((5, turn.shape[1], grid.size))
    for start in range(0, u.size, CHUNK):
        part = slice(start, start + CHUNK)
        first = np.flatnonzero(np.diff(angle[part], prepend=-1))
        blow, v = _blow(grid, speed[part], width, kernel), value[part]
        blow2 = blow**2
        row = blow2 * v
        for place, terms in enumerate((blow, blow * v, blow2, row, row * v)):
            totals[place, angle[part][first]] += np.add.reduceat(terms, first, axis=0)
    turn2 = turn**2
    return np.stack([turn @ totals[0], turn @ totals[1], *(turn2 @ total for total in totals[2:])])


def _sums(turn: Floats, blow: Floats, c: Floats) -> Floats:
    """Return the sums of w, w c, w², w² c, w² c² over the rows, shape (5, a, b)."""
    turn2, blow2 = turn**2, blow**2
    return np.stack(
        [
            turn @ blow,
            (turn * c) @ blow,
            turn2 @ blow2,
            (turn2 * c) @ blow2,
            (turn2 * c**2) @ blow2,
        ]
    )


def _field(theta: Floats, grid: Floats, sums: Floats) -> Field:
    weight, first, square, cross, second = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.where(weight > 0, first / weight, np.nan)
        variance = (second - 2.0 * value * cross + value**2 * square) / weight**2
    return Field(theta, grid, value, np.sqrt(np.maximum(variance, 0.0)), weight / weight.sum())
