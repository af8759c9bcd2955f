"""Angles and sectors of the wind: pollution rose, conditional probability by sector, spread of direction."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing.inputs import Floats, TracingError, complete, informative, positive

CALM = 0.5
"""Wind below which a direction says nothing by default [m/s]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rose:
    """Share of time by sector and class of concentration."""

    direction: Floats
    """Centres of the sectors, shape (s,) [°]; the last is 360."""
    edges: Floats
    """Edges of the classes, shape (c + 1,) [unit of the concentration]."""
    share: Floats
    """Share of all valid rows, calms included, shape (s, c) [1]."""
    count: NDArray[np.int64]
    """Rows by sector, shape (s,)."""
    mean: Floats
    """Mean concentration by sector, shape (s,); NaN without rows."""
    calm: float
    """Share of calm rows [1]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Conditional:
    """Conditional probability by sector."""

    direction: Floats
    probability: Floats
    """m / n by sector, shape (s,); NaN where n is below the minimum."""
    count: NDArray[np.int64]
    exceeding: NDArray[np.int64]
    threshold: float
    calm: float


def difference(first: ArrayLike, second: ArrayLike) -> Floats:
    """Return the angle from `second` to `first` in [-180, 180) [°]; shapes broadcast."""
    return np.asarray((np.subtract(first, second) + 180.0) % 360.0 - 180.0, dtype=np.float64)


def sector(direction: ArrayLike, step: float, *, compat: bool = False) -> NDArray[np.int64]:
    """Return the number of the sector around each multiple of `step`; the last is around north.

    Parameters
    ----------
    direction : array_like
        Directions [°].
    step : float
        Width of a sector, a divisor of 360 [°].
    compat
        Put ``0 <= direction <= step / 2`` into the first sector as openair 2.18 does, instead of the northern
        one they belong to.

    Raises
    ------
    TracingError
        If the step does not divide the circle.
    """
    number = round(360.0 / positive("step", step))
    if abs(number * step - 360.0) > 1e-9:
        raise TracingError(f"step: {step}° does not divide 360°")
    index = np.ceil(np.asarray(direction, dtype=np.float64) / step - 0.5).astype(np.int64) - 1
    return np.maximum(index, 0) if compat else index % number


def _windy(
    speed: ArrayLike, direction: ArrayLike, values: ArrayLike, calm: float
) -> tuple[Floats, Floats, float]:
    """Return direction and value of the rows with wind, and the share of calm rows."""
    direction = np.asarray(direction, dtype=np.float64)
    if not np.isfinite(direction).any():
        raise TracingError("direction: no valid value")
    # In a calm the vane often reports nothing: such a row is a calm, not a missing one.
    still = np.asarray(speed, dtype=np.float64) < calm
    u, d, c = complete(speed=speed, direction=np.where(still, 0.0, direction), values=values)
    moving = u >= calm
    if not moving.any():
        raise TracingError(f"speed: no wind of {calm} m/s or more, directions say nothing")
    return d[moving], c[moving], float(1.0 - moving.mean())


def pollution_rose(
    speed: ArrayLike,
    direction: ArrayLike,
    values: ArrayLike,
    edges: ArrayLike,
    *,
    step: float = 22.5,
    calm: float = CALM,
) -> Rose:
    """Return how often each concentration comes with each wind.

    Parameters
    ----------
    speed, direction, values : array_like, shape (n,)
        Wind speed [m/s], wind direction [°], concentration.
    edges : array_like, shape (c + 1,)
        Rising edges of the classes, closed below; what lies outside is counted in the first or last class.
    step
        Width of a sector [°].
    calm
        Rows below this speed are calms [m/s].

    Raises
    ------
    TracingError
        Without wind, without values, or with fewer than two edges.
    """
    borders = np.asarray(edges, dtype=np.float64)
    if borders.ndim != 1 or borders.size < 2 or np.any(np.diff(borders) <= 0):
        raise TracingError("edges: at least two rising numbers are needed")
    d, c, calms = _windy(speed, direction, values, calm)
    number, classes = round(360.0 / step), borders.size - 1
    which = np.clip(np.searchsorted(borders, c, side="right") - 1, 0, classes - 1)
    where = sector(d, step)
    table = np.bincount(where * classes + which, minlength=number * classes).reshape(number, classes)
    count = table.sum(axis=1)
    with np.errstate(invalid="ignore"):
        mean = np.bincount(where, c, number) / count
    share = table / d.size * (1.0 - calms)
    return Rose(np.linspace(step, 360.0, number), borders, share, count, mean, calms)


def conditional_probability(
    speed: ArrayLike,
    direction: ArrayLike,
    values: ArrayLike,
    *,
    percent: float = 90.0,
    step: float = 10.0,
    calm: float = CALM,
    minimum: int = 1,
) -> Conditional:
    """Return the conditional probability function by sector, m / n (Ashbaugh et al. 1985).

    Parameters
    ----------
    speed, direction, values : array_like, shape (n,)
        Wind speed [m/s], wind direction [°], concentration.
    percent
        Percentile of all rows with wind above which a row counts as high.
    minimum
        Fewest rows of a sector that give a probability.

    Raises
    ------
    TracingError
        Without wind or with all values zero.
    """
    d, c, calms = _windy(speed, direction, values, calm)
    threshold = float(np.percentile(informative("values", c), percent))
    number, where = round(360.0 / step), sector(d, step)
    count = np.bincount(where, minlength=number)
    high = np.bincount(where[c > threshold], minlength=number)
    with np.errstate(invalid="ignore"):
        probability = np.where(count >= max(minimum, 1), high / count, np.nan)
    return Conditional(np.linspace(step, 360.0, number), probability, count, high, threshold, calms)


def yamartino(direction: ArrayLike) -> float:
    """Return the standard deviation of wind directions of one period [°] (Yamartino 1984).

    Parameters
    ----------
    direction : array_like, shape (n,)
        E.g. the minutes of an hour [°]; NaN is left out.
    """
    (angles,) = complete(direction=direction)
    s, c = np.sin(np.radians(angles)).mean(), np.cos(np.radians(angles)).mean()
    eps = np.sqrt(max(0.0, 1.0 - s * s - c * c))
    return float(np.degrees(np.arcsin(min(eps, 1.0)) * (1.0 + 0.1547 * eps**3)))
