"""From concentrations back to sources: rates of known ones, the place of one unknown, odds among candidates.

Plume models err by factors, not by grams: residuals are taken between square roots, and the size of the error
is integrated out, so that a bad forecast widens the answer instead of choosing a wrong one firmly.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing import dispersion, sigmas
from jiangcheng.methods.tracing.inputs import Floats, TracingError, informative
from jiangcheng.methods.tracing.nonnegative import nnls

MODEL_ERROR = 0.5
"""Error of a plume forecast as a share of it, by default."""
OFFSETS = np.arange(-20.0, 20.5, 2.5)
"""Errors of the wind direction tried [°]."""
VEER = 8.0
"""Standard deviation of that error [°]."""
EFFECTIVE = 4.0
"""Most independent readings that one hour counts for: neighbours in a plume share the error of the model."""
INDEPENDENT = 0.5
"""Independent readings by reading, up to that."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """Emission of known sources."""

    rate: Floats
    """Shape (s,); of a group that cannot be told apart each has the same share."""
    group: NDArray[np.int64]
    """Number of the group of each source, shape (s,)."""
    predicted: Floats
    """At the readings, shape (n,)."""
    explained: float
    """Share of the weighted variance explained."""


def rates(
    matrix: ArrayLike,
    observed: ArrayLike,
    *,
    background: ArrayLike = 0.0,
    instrument: ArrayLike = 1.0,
    model_error: float = MODEL_ERROR,
    prior: ArrayLike | None = None,
    pull: float = 0.0,
    alike: float = 0.98,
) -> Rates:
    """Return non-negative emission rates that explain readings: ``|W (G q + b - c)|² + pull |q - q0|²``.

    Parameters
    ----------
    matrix : array_like, shape (n, s)
        Unit responses, e.g. `dispersion.response` reshaped.
    observed, background : array_like, shape (n,)
        Readings, and what they would be without the sources; a missing reading is left out.
    instrument : array_like, shape (n,)
        Error of a reading, above 0.
    prior : array_like, shape (s,), optional
        Rates of the inventory, toward which `pull` draws.
    alike
        Correlation of responses above which sources are one group.

    Raises
    ------
    TracingError
        If shapes differ, no reading is left, or no source reaches any receptor.
    """
    g, c = np.asarray(matrix, np.float64), np.asarray(observed, np.float64)
    if g.ndim != 2 or c.shape != g.shape[:1]:
        raise TracingError(f"a matrix (n, s) and readings (n,) are needed, not {g.shape} and {c.shape}")
    b, error = np.broadcast_to(background, c.shape), np.broadcast_to(instrument, c.shape)
    valid = np.isfinite(c) & np.isfinite(b)
    if not valid.any():
        raise TracingError("observed: no valid reading")
    if not np.any(g[valid] > 0):
        raise TracingError("matrix: no source reaches any receptor in this wind")
    weight = np.where(valid, 1.0 / np.sqrt(error**2 + (model_error * np.where(valid, c, 0.0)) ** 2), 0.0)
    group = _groups(g * weight[:, None], alike)
    number = int(group.max()) + 1
    members = np.bincount(group)
    merged = np.stack([g[:, group == k].mean(axis=1) for k in range(number)], axis=1)
    excess = np.where(valid, c - b, 0.0)
    design, target = merged * weight[:, None], excess * weight
    if pull > 0:
        start = np.zeros(len(group)) if prior is None else np.asarray(prior, np.float64)
        design = np.vstack([design, np.sqrt(pull) * np.eye(number)])
        target = np.concatenate([target, np.sqrt(pull) * np.bincount(group, start, number)])
    total = nnls(design, target)
    predicted = b + merged @ total
    rest = (((c - predicted) * weight)[valid] ** 2).sum()
    explained = 1.0 - rest / max(((excess * weight)[valid] ** 2).sum(), 1e-300)
    return Rates((total / members)[group], group, np.asarray(predicted), float(explained))


def _groups(matrix: Floats, alike: float) -> NDArray[np.int64]:
    """Return the groups of columns that point the same way."""
    size = np.sqrt((matrix**2).sum(axis=0))
    unit = matrix / np.where(size > 0, size, 1.0)
    likeness = unit.T @ unit > alike
    group = np.full(matrix.shape[1], -1, dtype=np.int64)
    for s in range(matrix.shape[1]):
        if group[s] < 0:
            group[(group < 0) & likeness[s]] = group.max() + 1
            if group[s] < 0:
                group[s] = group.max() + 1
    return group


@dataclasses.dataclass(frozen=True, slots=True)
class Weather:
    """Wind and stability of the hours of an event."""

    wind: Floats
    """Shape (t,) [m/s]."""
    direction: Floats
    """From where, shape (t,) [°]."""
    stability: Floats
    """Class 1…6, shape (t,)."""
    scheme: sigmas.Scheme = "gb"


def weather(
    wind: ArrayLike, direction: ArrayLike, stability: ArrayLike, scheme: sigmas.Scheme = "gb"
) -> Weather:
    """Return the weather of an event, each column of shape (t,) or a number.

    Raises
    ------
    TracingError
        If a value is missing or a wind is not above zero.
    """
    columns = [np.atleast_1d(np.asarray(item, np.float64)) for item in (wind, direction, stability)]
    u, d, k = np.broadcast_arrays(*columns)
    if not np.all(u > 0):
        raise TracingError("wind: every hour needs a wind above 0; leave calms out")
    if not np.all(np.isfinite(d)):
        raise TracingError("direction: a wind direction is missing")
    sigmas.numbers(k)
    return Weather(u, d, k, scheme)


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """How well a single source at each place explains the readings."""

    log_likelihood: Floats
    """Shape (s,), up to a constant common to all places."""
    rate: Floats
    """Best rate from each place, shape (s,)."""
    offset: Floats
    """Best error of the wind direction, shape (s,) [°]."""


def evidence(
    observed: ArrayLike,
    receptors: ArrayLike,
    sources: ArrayLike,
    air: Weather,
    *,
    background: float = 0.0,
    offsets: ArrayLike = OFFSETS,
    veer: float = VEER,
    effective: float = EFFECTIVE,
    inventory: ArrayLike | None = None,
    inventory_spread: float = 1.0,
) -> Evidence:
    """Return the likelihood of each place being the only source.

    The rate is the best in closed form, ``q^½ = Σ √(g c) / Σ g``; the error of the wind direction is summed
    over its prior; the size of the residuals is integrated out, which leaves a power of their sum of squares.

    Parameters
    ----------
    observed : array_like, shape (r,) or (t, r)
        Readings of the event; NaN is missing.
    receptors, sources : array_like, shape (r, 3), (s, 3)
        East, north, height [m].
    air
        Of `weather`, t hours.
    background
        Subtracted from the readings.
    effective
        Most independent readings counted by hour.
    inventory : array_like, shape (s,), optional
        Expected rates, log-normal with `inventory_spread`.

    Raises
    ------
    TracingError
        With fewer than three readings, or all of them not above the background.
    """
    at = np.atleast_2d(np.asarray(receptors, np.float64))
    c = np.atleast_2d(np.asarray(observed, np.float64)) - background
    if c.shape != (air.wind.size, at.shape[0]):
        raise TracingError(f"readings of shape {(air.wind.size, at.shape[0])} are needed, not {c.shape}")
    valid = np.isfinite(c)
    if valid.sum() < 3:
        raise TracingError(f"observed: {int(valid.sum())} valid readings, a place needs at least three")
    root = np.sqrt(np.maximum(c[valid], 0.0))
    informative("observed", root)
    turns = np.atleast_1d(np.asarray(offsets, np.float64))
    # The hours err on their own, the receptors of one hour together.
    power = np.minimum(INDEPENDENT * valid.sum(axis=1), effective).sum() / 2.0
    logs, amounts = [], []
    for turn in turns:
        matrix = dispersion.response(
            sources,
            at,
            wind=air.wind,
            direction=air.direction + turn,
            stability=air.stability,
            scheme=air.scheme,
        )[valid]
        loss, rate = _fit(root, matrix)
        log = -power * np.log(np.maximum(loss, 1e-12 * (root**2).sum())) - 0.5 * (turn / veer) ** 2
        if inventory is not None:
            ratio = np.log(np.maximum(rate, 1e-12) / np.asarray(inventory))
            log = log - 0.5 * (ratio / inventory_spread) ** 2
        logs.append(log)
        amounts.append(rate)
    table = np.array(logs)
    best = table.argmax(axis=0)
    pick = np.arange(table.shape[1])
    return Evidence(_logsum(table), np.array(amounts)[best, pick], turns[best])


def _fit(root: Floats, matrix: Floats) -> tuple[Floats, Floats]:
    """Return the residual sum of squares between roots and the best rate, by source."""
    half = np.sqrt(matrix)
    above, below = root @ half, matrix.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        scale = np.where(below > 0, above / below, 0.0)
    return (root**2).sum() - scale * above, scale**2


def _logsum(logs: Floats) -> Floats:
    """Return the log of the mean of exponentials along the first axis."""
    top = logs.max(axis=0)
    return np.asarray(top + np.log(np.exp(logs - top).mean(axis=0)))


@dataclasses.dataclass(frozen=True, slots=True)
class Location:
    """Where one unknown source may be."""

    east: Floats
    north: Floats
    posterior: Floats
    """Probability of each node, shape (north, east), sum 1."""
    rate: Floats
    """Best rate from each node, same shape."""

    def mean(self) -> tuple[float, float]:
        """Return the expected place, east and north [m]."""
        return float(self.posterior.sum(axis=0) @ self.east), float(self.posterior.sum(axis=1) @ self.north)

    def best(self) -> tuple[float, float]:
        """Return the likeliest node, east and north [m]."""
        row, column = np.unravel_index(int(self.posterior.argmax()), self.posterior.shape)
        return float(self.east[column]), float(self.north[row])

    def region(self, level: float) -> NDArray[np.bool_]:
        """Return the smallest set of nodes that holds a probability, shape (north, east)."""
        order = np.argsort(-self.posterior, axis=None, kind="stable")
        total = np.cumsum(self.posterior.ravel()[order])
        inside = np.zeros(self.posterior.size, dtype=bool)
        inside[order[: int(np.searchsorted(total, level)) + 1]] = True
        return inside.reshape(self.posterior.shape)

    def rate_interval(self, level: float = 0.9) -> tuple[float, float, float]:
        """Return the lower bound, median and upper bound of the rate."""
        order = np.argsort(self.rate, axis=None)
        total = np.cumsum(self.posterior.ravel()[order])
        picks = np.searchsorted(total, [(1 - level) / 2, 0.5, (1 + level) / 2]).clip(0, order.size - 1)
        low, middle, high = self.rate.ravel()[order[picks]]
        return float(low), float(middle), float(high)


def locate(
    observed: ArrayLike,
    receptors: ArrayLike,
    east: ArrayLike,
    north: ArrayLike,
    air: Weather,
    *,
    height: float = 0.0,
    prior: ArrayLike | None = None,
    background: float = 0.0,
    effective: float = EFFECTIVE,
) -> Location:
    """Return the posterior of the place of one source over a grid.

    Parameters
    ----------
    observed, receptors, air, background, effective
        As for `evidence`.
    east, north : array_like, shape (a,), (b,)
        Nodes [m].
    height
        Of the release [m].
    prior : array_like, shape (b, a), optional
        Weight of each node; equal by default.
    """
    x, y = np.asarray(east, np.float64), np.asarray(north, np.float64)
    places = np.column_stack([np.tile(x, y.size), np.repeat(y, x.size), np.full(x.size * y.size, height)])
    found = evidence(observed, receptors, places, air, background=background, effective=effective)
    weight = np.exp(found.log_likelihood - found.log_likelihood.max()).reshape(y.size, x.size)
    if prior is not None:
        weight = weight * np.asarray(prior, np.float64)
    if not weight.sum() > 0:
        raise TracingError("prior: gives no node a chance")
    return Location(x, y, weight / weight.sum(), found.rate.reshape(y.size, x.size))


def candidate_probabilities(
    observed: ArrayLike,
    receptors: ArrayLike,
    candidates: ArrayLike,
    air: Weather,
    *,
    prior: ArrayLike | None = None,
    unknown: float = 0.2,
    margin: float = 0.5,
    nodes: int = 25,
    background: float = 0.0,
    effective: float = EFFECTIVE,
) -> Floats:
    """Return the probability of each candidate and, last, of a source nobody has listed.

    The unlisted source may be anywhere around the candidates and receptors: its likelihood is the mean over a
    grid there, so candidates that explain no better than any place leave the probability to it.

    Parameters
    ----------
    candidates : array_like, shape (s, 3)
        East, north, height [m].
    prior : array_like, shape (s,), optional
        Weights of the candidates; equal by default.
    unknown
        Prior probability of an unlisted source.
    margin
        How far the grid reaches beyond the candidates, as a share of their extent.
    nodes
        Nodes along each side of the grid.

    Returns
    -------
    array, shape (s + 1,)
    """
    places = np.atleast_2d(np.asarray(candidates, np.float64))
    if not 0.0 < unknown < 1.0:
        raise TracingError("unknown: a prior between 0 and 1 is needed")
    low, high = places[:, :2].min(axis=0), places[:, :2].max(axis=0)
    reach = margin * np.maximum(high - low, 100.0)
    x, y = (np.linspace(low[i] - reach[i], high[i] + reach[i], nodes) for i in (0, 1))
    anywhere = np.column_stack(
        [np.tile(x, nodes), np.repeat(y, nodes), np.full(nodes**2, places[:, 2].mean())]
    )
    both = np.vstack([places, anywhere])
    found = evidence(observed, receptors, both, air, background=background, effective=effective)
    logs = found.log_likelihood
    share = np.ones(len(places)) if prior is None else np.asarray(prior, np.float64)
    share = (1.0 - unknown) * share / share.sum()
    with np.errstate(divide="ignore"):
        known = np.log(share) + logs[: len(places)]
    other = np.log(unknown) + float(_logsum(logs[len(places) :]))
    total = np.append(known, other)
    odds = np.exp(total - total.max())
    return np.asarray(odds / odds.sum())
