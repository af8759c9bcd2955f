"""Factors of a table of species without knowing where their sources stand.

Positive matrix factorisation ``X = G F + E`` with ``G, F >= 0`` minimises ``Q = Σ (e / u)²`` by weighted
hierarchical alternating least squares: one column of G or F at a time has a closed form.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing.inputs import Floats, TracingError

TINY = 1e-30
WEAK = 3.0
"""Factor on the uncertainty of a weak species (EPA PMF 5.0 guide, 4.1)."""
ALPHA = 4.0
"""Scaled residual above which the robust Q counts linearly (Paatero 1997)."""

_F = TypeVar("_F", bound=Callable[..., Any])


def compiled(function: _F) -> _F:
    """Compile a function of numbers."""
    return cast(_F, numba.njit(cache=True, nogil=True, error_model="numpy", fastmath=True)(function))


@dataclasses.dataclass(frozen=True, slots=True)
class Prepared:
    """Concentrations with their uncertainties."""

    values: Floats
    """Shape (n, m)."""
    uncertainty: Floats
    """Shape (n, m), above 0."""
    strong: NDArray[np.bool_]
    """Species that count for the expected Q, shape (m,)."""
    kept: NDArray[np.int64]
    """Columns of the input that were not dropped as bad, shape (m,)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Factors:
    """A factorisation; profiles are scaled to sum 1, so contributions have the unit of the data."""

    contributions: Floats
    """G, shape (n, p)."""
    profiles: Floats
    """F, shape (p, m), rows sum to 1."""
    q: float
    q_robust: float
    q_expected: float
    start: int
    """Number of the random start that won."""
    spread: float
    """Worst Q over best Q of the starts: near 1, the minimum is trusted."""

    @property
    def ratio(self) -> float:
        """Q over its expected value, near 1 for sound uncertainties and enough factors."""
        return self.q / self.q_expected


def uncertainty(values: ArrayLike, detection: ArrayLike, error: ArrayLike) -> Floats:
    """Return the uncertainty of measured concentrations (EPA PMF 5.0 guide, 4.1).

    Parameters
    ----------
    values : array_like, shape (n, m)
        Concentrations.
    detection, error : array_like, shape (m,)
        Detection limit in the unit of the values, error as a share.
    """
    x, limit = np.asarray(values, np.float64), np.asarray(detection, np.float64)
    above = np.sqrt((np.asarray(error) * x) ** 2 + (0.5 * limit) ** 2)
    return np.where(x <= limit, 5.0 / 6.0 * limit, above)


def prepare(values: ArrayLike, errors: ArrayLike, *, bad: float = 0.5, weak: float = 1.0) -> Prepared:
    """Return the table ready for factorisation: gaps filled by medians with fourfold uncertainty, species graded.

    Parameters
    ----------
    values, errors : array_like, shape (n, m)
        Concentrations and their uncertainties; NaN is missing.
    bad, weak
        Signal to noise below which a species is dropped, or counts as weak with threefold uncertainty.

    Raises
    ------
    TracingError
        If shapes differ, an uncertainty is not above 0, or no species is left.
    """
    x, u = np.array(values, np.float64), np.array(errors, np.float64)
    if x.ndim != 2 or x.shape != u.shape:
        raise TracingError(
            f"values and errors need one shape (samples, species), not {x.shape} and {u.shape}"
        )
    missing = ~np.isfinite(x) | ~np.isfinite(u)
    if missing.all(axis=0).any():
        raise TracingError(
            f"species without any value: columns {np.flatnonzero(missing.all(axis=0)).tolist()}"
        )
    if np.any(u[~missing] <= 0):
        raise TracingError("errors: every uncertainty must be above 0")
    signal = np.where(~missing & (x > u), (x - u) / np.where(u > 0, u, 1.0), 0.0)
    ratio = signal.sum(axis=0) / (~missing).sum(axis=0)
    for j in np.flatnonzero(missing.any(axis=0)):
        middle = float(np.median(x[~missing[:, j], j]))
        x[missing[:, j], j], u[missing[:, j], j] = middle, 4.0 * max(abs(middle), u[~missing[:, j], j].max())
    kept = np.flatnonzero((ratio >= bad) & np.any(x > 0, axis=0))
    if not kept.size:
        raise TracingError("no species has signal above its noise")
    strong = ratio[kept] >= weak
    return Prepared(x[:, kept], u[:, kept] * np.where(strong, 1.0, WEAK), strong, kept)


def factorise(
    values: ArrayLike,
    errors: ArrayLike,
    number: int,
    *,
    starts: int = 20,
    rounds: int = 2000,
    tolerance: float = 1e-7,
    strong: ArrayLike | None = None,
    seed: int = 0,
) -> Factors:
    """Return the best factorisation of many random starts.

    The order of the arrays in memory does not matter; they are copied row by row.

    Parameters
    ----------
    values, errors : array_like, shape (n, m)
        Complete table and its uncertainties, e.g. of `prepare`.
    number
        Factors p.
    starts, rounds, tolerance
        Random starts, most sweeps of each, relative fall of Q over ten sweeps that ends one.
    strong : array_like of bool, shape (m,), optional
        Species that count for the expected Q; all by default.

    Raises
    ------
    TracingError
        If there are gaps, uncertainties not above 0, only zeros, or as many factors as species or samples.
    """
    x, weight = weighted(values, errors)
    if not 1 <= number < min(x.shape):
        raise TracingError(
            f"number: {number} factors cannot be found in {x.shape[0]} samples of {x.shape[1]} species"
        )
    best, worst, winner, chosen = np.inf, 0.0, 0, (x, x)
    for start in range(starts):
        g, f = _start(x, number, np.random.default_rng((seed, start)))
        q = float(descend(x, weight, g, f, rounds, tolerance))
        worst = max(worst, q)
        if q < best:
            best, winner, chosen = q, start, (g, f)
    return _scaled(x, weight, *chosen, strong=strong, start=winner, spread=worst / max(best, TINY))


def weighted(values: ArrayLike, errors: ArrayLike) -> tuple[Floats, Floats]:
    """Return values row by row in memory and weights ``1 / u²``; refuse what cannot be factorised."""
    x, u = np.array(values, np.float64, order="C"), np.array(errors, np.float64, order="C")
    if x.ndim != 2 or x.shape != u.shape:
        raise TracingError(
            f"values and errors need one shape (samples, species), not {x.shape} and {u.shape}"
        )
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(u))):
        raise TracingError("values or errors have gaps: fill them with prepare()")
    if np.any(u <= 0):
        raise TracingError("errors: every uncertainty must be above 0")
    if not np.any(x > 0):
        raise TracingError("values: all values are zero, there is nothing to factorise")
    return x, 1.0 / u**2


def _start(x: Floats, number: int, random: np.random.Generator) -> tuple[Floats, Floats]:
    scale = np.maximum(x.mean(axis=0), TINY)
    g = random.gamma(1.0, 1.0, (x.shape[0], number)) + 0.01
    f = (random.gamma(1.0, 1.0, (number, x.shape[1])) + 0.01) * scale / number
    return g, np.ascontiguousarray(f)


@compiled
def sweep(x: Floats, weight: Floats, g: Floats, f: Floats, rest: Floats) -> None:
    """Improve each factor in turn; `rest` is kept at ``x - g f``."""
    n, m = x.shape
    for k in range(f.shape[0]):
        above, below = np.zeros(m), np.zeros(m)
        for i in range(n):
            gik = g[i, k]
            for j in range(m):
                w = weight[i, j] * gik
                above[j] += w * rest[i, j]
                below[j] += w * gik
        step = np.zeros(m)
        for j in range(m):
            new = max(f[k, j] + above[j] / (below[j] + TINY), 0.0)
            step[j] = new - f[k, j]
            f[k, j] = new
        for i in range(n):
            top, bottom = 0.0, 0.0
            for j in range(m):
                rest[i, j] -= g[i, k] * step[j]
                w = weight[i, j] * f[k, j]
                top += w * rest[i, j]
                bottom += w * f[k, j]
            change = max(g[i, k] + top / (bottom + TINY), 0.0) - g[i, k]
            g[i, k] += change
            for j in range(m):
                rest[i, j] -= change * f[k, j]


@compiled
def descend(x: Floats, weight: Floats, g: Floats, f: Floats, rounds: int, tolerance: float) -> float:
    """Run sweeps on `g` and `f` in place and return Q."""
    rest = x - g @ f
    last = np.inf
    q = np.inf
    for number in range(rounds):
        sweep(x, weight, g, f, rest)
        if number % 10 == 9:
            q = np.sum(weight * rest * rest)
            if last - q <= tolerance * q:
                break
            last = q
    return float(np.sum(weight * rest * rest))


def _scaled(
    x: Floats, weight: Floats, g: Floats, f: Floats, *, strong: ArrayLike | None, start: int, spread: float
) -> Factors:
    total = np.maximum(f.sum(axis=1), TINY)
    order = np.argsort(-(g.mean(axis=0) * total), kind="stable")
    scaled = np.sqrt(weight) * (x - g @ f)
    size = np.abs(scaled)
    robust = np.where(size > ALPHA, ALPHA * size, size**2)
    counted = x.shape[1] if strong is None else int(np.sum(np.asarray(strong)))
    expected = x.shape[0] * counted - f.shape[0] * (x.shape[0] + counted)
    return Factors(
        contributions=(g * total)[:, order],
        profiles=(f / total[:, None])[order],
        q=float((scaled**2).sum()),
        q_robust=float(robust.sum()),
        q_expected=float(max(expected, 1)),
        start=start,
        spread=spread,
    )


def scaled_residuals(values: ArrayLike, errors: ArrayLike, factors: Factors) -> Floats:
    """Return (x - G F) / u, shape (n, m); most lie within ±3 in a sound solution."""
    return np.asarray((np.asarray(values) - factors.contributions @ factors.profiles) / np.asarray(errors))


def edges(factors: Factors, *, share: float = 0.05) -> Floats:
    """Return how far each pair of factors is from free rotation, shape (p, p), 0…1 with 1 on the diagonal.

    Contributions of two factors may be rotated into one another unless some samples have the one without the
    other. Given is the smallest share of factor j, scaled by its mean, in the samples with the most of
    factor i: 0 if clean edges pin the pair, large if the pair is free to rotate (Paatero et al. 2005).

    Parameters
    ----------
    share
        Share of the samples taken as those with the most of a factor.
    """
    g = factors.contributions / np.maximum(factors.contributions.mean(axis=0), TINY)
    count = max(1, round(share * len(g)))
    top = np.argsort(-g, axis=0)[:count]
    result = np.eye(g.shape[1])
    for i in range(g.shape[1]):
        rows = g[top[:, i]]
        ratio = rows / np.maximum(rows[:, [i]], TINY)
        result[i] = np.minimum(np.quantile(ratio, 0.1, axis=0), 1.0)
    return result


def choose(
    values: ArrayLike, errors: ArrayLike, numbers: ArrayLike, *, starts: int = 5, seed: int = 0
) -> dict[int, Factors]:
    """Return the factorisations for several numbers of factors; look for the knee of `ratio`."""
    return {
        int(p): factorise(values, errors, int(p), starts=starts, seed=seed)
        for p in np.atleast_1d(np.asarray(numbers))
    }
