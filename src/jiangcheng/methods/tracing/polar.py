"""Concentration over wind direction and speed at one station: cells, surfaces, clusters, pairs."""

from __future__ import annotations

import dataclasses
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing import surfaces, wind
from jiangcheng.methods.tracing.inputs import Floats, TracingError, complete, informative

Statistic = Literal["mean", "median", "max", "sd", "frequency", "percentile", "weighted_mean", "cpf"]
REACH = 0.05
"""Distance, as a share of the plot's width, from the nearest cell up to which a surface is drawn."""
FEW = np.array([0.0, 0.25, 0.5, 0.75, 1.0])
"""Weight of a cell in the fit by its number of rows, 4 standing for more."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cells:
    """A statistic on the cells of a polar grid."""

    speed: Floats
    """Where each ring is plotted, shape (r,) [m/s]."""
    direction: Floats
    """Centre of each sector, shape (s,) [°]; the last is 360."""
    value: Floats
    """Shape (r, s); NaN in an empty cell."""
    count: NDArray[np.int64]
    """Rows of each cell, shape (r, s)."""
    upper: float
    """Highest speed [m/s]."""
    threshold: float = float("nan")
    """Concentration from which a row counts as high, for the CPF."""

    def places(self) -> tuple[Floats, Floats]:
        """Return eastern and northern component of each cell, shape (r, s) each [m/s]."""
        angle = np.radians(self.direction)
        return self.speed[:, None] * np.sin(angle), self.speed[:, None] * np.cos(angle)


@dataclasses.dataclass(frozen=True, slots=True)
class Surface:
    """A smoothed statistic on a square grid of wind components."""

    axis: Floats
    """Both components, shape (n,) [m/s]."""
    value: Floats
    """Shape (n, n), first north, then east; NaN where no data are near."""
    lower: Floats
    """Value less two standard errors, same shape."""
    upper: Floats
    """Value plus two standard errors, same shape."""
    edf: float


def cells(
    speed: ArrayLike,
    direction: ArrayLike,
    values: ArrayLike,
    *,
    statistic: Statistic = "mean",
    percent: float = 90.0,
    interval: tuple[float, float] | None = None,
    rings: int = 30,
    step: float | None = None,
    minimum: int = 1,
    compat: bool = False,
) -> Cells:
    """Return a statistic by cells of wind direction and speed (Carslaw et al. 2006; openair polarPlot).

    Parameters
    ----------
    speed, direction, values : array_like, shape (n,)
        Wind speed [m/s], wind direction [°], concentration; incomplete rows are left out.
    statistic
        ``"cpf"`` is the conditional bivariate probability function (Uria-Tellaetxe & Carslaw 2014).
    percent
        Percentile of all data for ``"cpf"``, of a cell for ``"percentile"``.
    interval
        For ``"cpf"``: percentiles between which a row counts as high, above the first up to the second.
    rings
        Number of classes of speed.
    step
        Width of a sector [°]; 10 if all directions are whole tens, else 5.
    minimum
        Fewest rows of a cell that give a value.
    compat
        Reproduce openair 2.18: calms shifted to zero, cells plotted at the number of their ring, the seam
        north of the first sector.

    Raises
    ------
    TracingError
        Without a complete row, without wind, or with an unknown statistic.
    """
    u, d, c = complete(speed=speed, direction=direction, values=values)
    if compat:
        u = u - u.min()
    if u.max() <= 0:
        raise TracingError("speed: all calm, no wind to condition on")
    step = step or (10.0 if np.all(d % 10.0 == 0.0) else 5.0)
    edges = np.linspace(0.0, u.max(), rings + 1)
    ring = np.maximum(np.searchsorted(edges, u, side="left") - 1, 0)
    number = round(360.0 / step)
    where = ring * number + wind.sector(d, step, compat=compat)
    count = np.bincount(where, minlength=rings * number)
    value, threshold = _statistic(where, c, count, statistic, percent, interval)
    value = np.where(count >= max(minimum, 1), value, np.nan).reshape(rings, number)
    plotted = np.linspace(u.min(), u.max(), rings) if compat else (edges[1:] + edges[:-1]) / 2.0
    sectors = np.linspace(step, 360.0, number)
    return Cells(plotted, sectors, value, count.reshape(rings, number), float(u.max()), threshold)


def _statistic(
    where: NDArray[np.int64],
    c: Floats,
    count: NDArray[np.int64],
    statistic: Statistic,
    percent: float,
    interval: tuple[float, float] | None,
) -> tuple[Floats, float]:
    size, nan = count.size, float("nan")
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(where, c, size) / count
        if statistic == "mean":
            return mean, nan
        if statistic == "weighted_mean":
            return mean * count / c.size, nan
        if statistic == "frequency":
            return count.astype(np.float64), nan
        if statistic == "sd":
            square = np.bincount(where, (c - mean[where]) ** 2, size)
            return np.sqrt(square / (count - 1)), nan
        if statistic == "cpf":
            low, high = _bounds(c, percent, interval)
            return np.bincount(where[(c > low) & (c <= high)], minlength=size) / count, low
    if statistic not in ("median", "max", "percentile"):
        raise TracingError(f"statistic: {statistic!r} is unknown")
    share = {"median": 50.0, "max": 100.0, "percentile": percent}[statistic]
    return _percentiles(where, c, size, share), nan


def _bounds(c: Floats, percent: float, interval: tuple[float, float] | None) -> tuple[float, float]:
    informative("values", c)
    if interval is None:
        return float(np.percentile(c, percent)), float("inf")
    low, high = np.percentile(c, interval)
    return (float("-inf") if interval[0] <= 0 else float(low)), float(high)


def _percentiles(where: NDArray[np.int64], c: Floats, size: int, percent: float) -> Floats:
    """Return a percentile of each group by linear interpolation, NaN for an empty one."""
    ordered = c[np.lexsort((c, where))]
    count = np.bincount(where, minlength=size)
    start = np.cumsum(count) - count
    place = start + (count - 1) * percent / 100.0
    low = np.clip(np.floor(place).astype(np.int64), 0, c.size - 1)
    high = np.clip(np.minimum(low + 1, start + count - 1), 0, c.size - 1)
    value = ordered[low] + (ordered[high] - ordered[low]) * (place - low)
    return np.where(count > 0, value, np.nan)


def surface(
    grid: Cells,
    *,
    power: float = 0.5,
    rank: int = 100,
    ceiling: float = float("inf"),
    nodes: int = 51,
    refine: int = 4,
) -> Surface:
    """Return a smooth surface through the cells.

    A thin-plate regression spline is fitted to ``value ** power`` with cells of few rows counting less.

    Parameters
    ----------
    grid
        Of `cells`.
    power
        1/2 for concentrations; 1 where values may be negative.
    ceiling
        1 for a probability: values are clipped to [0, ceiling].
    nodes, refine
        The spline is evaluated on ``nodes`` squared points and refined linearly by ``refine``.

    Raises
    ------
    TracingError
        With fewer than ten cells, or with negative values and a power other than 1.
    """
    filled = np.isfinite(grid.value)
    u, v = (place[filled] for place in grid.places())
    z = grid.value[filled]
    if power != 1.0 and z.size and z.min() < 0:
        raise TracingError("value: negative values need power=1")
    weight = FEW[np.minimum(grid.count[filled], 4)]
    spline = surfaces.fit(u, v, z**power, weight, rank=rank)
    coarse = np.linspace(-grid.upper, grid.upper, nodes)
    east, north = np.meshgrid(coarse, coarse)
    fitted, error = spline(east, north), 2.0 * spline.deviation(east, north)
    axis = np.linspace(-grid.upper, grid.upper, (nodes - 1) * refine + 1)
    seen = surfaces.near(*np.meshgrid(axis, axis), np.column_stack([u, v]), REACH * 2.0 * grid.upper)

    def drawn(values: Floats, *, bound: bool = True) -> Floats:
        raised = (
            np.maximum(values, 0.0) ** (1.0 / power) if bound and power != 1.0 else values ** (1.0 / power)
        )
        raised = np.minimum(raised, ceiling)
        return np.where(seen, surfaces.bilinear(raised, refine), np.nan)

    value = drawn(fitted, bound=False)
    return Surface(axis, value, drawn(fitted - error), drawn(fitted + error), spline.edf)


def cluster(
    plot: Surface, number: int, *, seed: int = 0, starts: int = 20, rounds: int = 200
) -> NDArray[np.int64]:
    """Return the k-means cluster of each node of a surface by scaled (u, v, value) (Carslaw & Beevers 2013).

    Parameters
    ----------
    plot
        Of `surface`.
    number
        Clusters wanted.

    Returns
    -------
    array, shape (n, n)
        0…number - 1 by falling mean value; -1 where there is no surface.

    Raises
    ------
    TracingError
        If there are fewer nodes than clusters.
    """
    east, north = np.meshgrid(plot.axis, plot.axis)
    drawn = np.isfinite(plot.value)
    if drawn.sum() < max(number, 1):
        raise TracingError(f"{int(drawn.sum())} nodes with a value cannot make {number} clusters")
    data = np.column_stack([east[drawn], north[drawn], plot.value[drawn]])
    spread = data.std(axis=0, ddof=1)
    data = (data - data.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    labels = _kmeans(data, number, np.random.default_rng(seed), starts, rounds)
    means = [plot.value[drawn][labels == k].mean() for k in range(number)]
    rank = np.argsort(np.argsort(-np.asarray(means)))
    result = np.full(plot.value.shape, -1, dtype=np.int64)
    result[drawn] = rank[labels]
    return result


def _kmeans(
    data: Floats, number: int, random: np.random.Generator, starts: int, rounds: int
) -> NDArray[np.int64]:
    best, labels = np.inf, np.zeros(len(data), dtype=np.int64)
    norm = (data**2).sum(axis=1)
    for _ in range(starts):
        centres = _spread_out(data, number, random)
        for _ in range(rounds):
            distance = norm[:, None] - 2.0 * data @ centres.T + (centres**2).sum(axis=1)
            near = distance.argmin(axis=1)
            size = np.bincount(near, minlength=number)
            sums = np.column_stack([np.bincount(near, data[:, i], number) for i in range(data.shape[1])])
            moved = np.where(size[:, None] > 0, sums / np.maximum(size, 1)[:, None], centres)
            if np.array_equal(moved, centres):
                break
            centres = moved
        loss = float(distance[np.arange(len(data)), near].sum())
        if loss < best:
            best, labels = loss, near
    return labels


def _spread_out(data: Floats, number: int, random: np.random.Generator) -> Floats:
    """Return starting centres far from one another (k-means++, Arthur & Vassilvitskii 2007)."""
    centres = [data[random.integers(len(data))]]
    for _ in range(number - 1):
        distance = np.min([((data - centre) ** 2).sum(axis=1) for centre in centres], axis=0)
        total = distance.sum()
        share = distance / total if total > 0 else None
        centres.append(data[random.choice(len(data), p=share)])
    return np.array(centres)
