"""How far factors can be trusted: samples drawn anew, and elements pushed away from their values."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing.inputs import Floats, TracingError
from jiangcheng.methods.tracing.receptor.factors import TINY, Factors, compiled, descend, sweep, weighted


@dataclasses.dataclass(frozen=True, slots=True)
class Resampled:
    """Bootstrap of a factorisation."""

    mapped: Floats
    """Share of the replicates in which each factor came back, shape (p,); 0.8 is asked for."""
    lower: Floats
    """5th percentile of the profiles, shape (p, m)."""
    upper: Floats
    """95th percentile of the profiles, shape (p, m)."""


def bootstrap(
    values: ArrayLike,
    errors: ArrayLike,
    base: Factors,
    *,
    replicates: int = 100,
    block: int = 1,
    least: float = 0.6,
    rounds: int = 300,
    seed: int = 0,
) -> Resampled:
    """Return how stable the factors are when blocks of samples are drawn anew (EPA PMF 5.0 guide, 6.2).

    Parameters
    ----------
    values, errors, base
        As given to `factorise`, and its result.
    block
        Samples in a block, e.g. 24 h.
    least
        Least correlation with a base factor's contributions at which a factor counts as come back.

    Raises
    ------
    TracingError
        If there are fewer than ten blocks.
    """
    x, weight = weighted(values, errors)
    blocks = -(-len(x) // block)
    if blocks < 10:
        raise TracingError(f"{blocks} blocks of samples cannot be resampled, at least 10 are needed")
    random, p = np.random.default_rng(seed), len(base.profiles)
    found, drawn = np.zeros(p), []
    for _ in range(replicates):
        first = random.integers(0, blocks, blocks) * block
        rows = (first[:, None] + np.arange(block)).ravel()
        rows = rows[rows < len(x)]
        g = base.contributions[rows] * random.uniform(0.5, 1.5, (rows.size, p)) + TINY
        f = base.profiles * random.uniform(0.5, 1.5, base.profiles.shape) + TINY
        descend(x[rows], weight[rows], g, f, rounds, 1e-6)
        likeness = _correlation(g, base.contributions[rows])
        best = likeness.argmax(axis=1)
        hit = np.zeros(p, dtype=bool)
        profile = np.full(base.profiles.shape, np.nan)
        for k in range(p):
            if likeness[k, best[k]] >= least:
                hit[best[k]] = True
                profile[best[k]] = f[k] / max(f[k].sum(), TINY)
        found += hit
        drawn.append(profile)
    lower, upper = (np.nanquantile(np.array(drawn), share, axis=0) for share in (0.05, 0.95))
    return Resampled(found / replicates, np.asarray(lower), np.asarray(upper))


def _correlation(first: Floats, second: Floats) -> Floats:
    a, b = first - first.mean(axis=0), second - second.mean(axis=0)
    size = np.sqrt(np.outer((a**2).sum(axis=0), (b**2).sum(axis=0)))
    return np.asarray(a.T @ b / np.maximum(size, TINY))


@dataclasses.dataclass(frozen=True, slots=True)
class Displaced:
    """How far each element of the profiles can be pushed before Q rises by more than allowed."""

    lower: Floats
    """Shape (p, m), in the scale of the profiles."""
    upper: Floats
    swapped: bool
    """Whether a displacement turned factors into one another: then there are too many factors."""


def displacement(
    values: ArrayLike,
    errors: ArrayLike,
    base: Factors,
    *,
    rise: float = 4.0,
    species: ArrayLike | None = None,
    rounds: int = 100,
    halvings: int = 8,
) -> Displaced:
    """Return the interval of each profile element by displacement (EPA PMF 5.0 guide, 6.3; dQmax = `rise`).

    An element is held away from its value while all others are refitted, which shows rotational freedom.

    Parameters
    ----------
    rise
        Rise of Q allowed.
    species : array_like of int, optional
        Columns to displace; all by default. The others are NaN.
    """
    x, weight = weighted(values, errors)
    columns = np.arange(x.shape[1]) if species is None else np.asarray(species)
    lower, upper = np.full(base.profiles.shape, np.nan), np.full(base.profiles.shape, np.nan)
    g, f = base.contributions.copy(), base.profiles.copy()
    floor = float(descend(x, weight, g, f, 5 * rounds, 1e-9))
    swapped = False

    def climbs(k: int, j: int, value: float) -> bool:
        nonlocal swapped
        g2, f2 = g.copy(), f.copy()
        q = float(_held(x, weight, g2, f2, k, j, value, rounds, floor + rise))
        if q - floor > rise:
            return True
        swapped = swapped or bool(np.any(_correlation(g2, g).argmax(axis=1) != np.arange(len(f))))
        return False

    for k, column in itertools.product(range(len(f)), columns.tolist()):
        here, j = functools.partial(climbs, k, column), column
        high = float(f[k, j])
        lower[k, j] = _bisect(here, 0.0, high, halvings) if here(0.0) else 0.0
        far = max(2.0 * high, 0.02 * float(f[k].sum()))
        while not here(far) and far < 1e3:
            far *= 2.0
        upper[k, j] = _bisect(here, far, high, halvings)
    return Displaced(lower, upper, swapped)


def _bisect(climbs: Callable[[float], bool], outside: float, inside: float, halvings: int) -> float:
    """Return the border between a value that climbs and one that does not."""
    for _ in range(halvings):
        middle = (outside + inside) / 2.0
        if climbs(middle):
            outside = middle
        else:
            inside = middle
    return inside


@compiled
def _held(
    x: Floats,
    weight: Floats,
    g: Floats,
    f: Floats,
    row: int,
    column: int,
    value: float,
    rounds: int,
    target: float,
) -> float:
    """Refit with one element of `f` held, the scale of its factor pinned by the mean of `g`, and return Q.

    Stops as soon as Q is below the target or falls too slowly to reach it.
    """
    f[row, column] = value
    mean = np.mean(g[:, row])
    last = np.inf
    q = np.inf
    for number in range(rounds):
        rest = x - g @ f
        sweep(x, weight, g, f, rest)
        scale = mean / (np.mean(g[:, row]) + TINY)
        g[:, row] *= scale
        f[row] /= scale
        f[row, column] = value
        if number % 5 == 4:
            rest = x - g @ f
            q = np.sum(weight * rest * rest)
            if q <= target or (last - q) * (rounds - number) < 5.0 * (q - target):
                break
            last = q
    return float(q)
