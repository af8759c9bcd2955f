"""Smooth surfaces through scattered cells: thin-plate regression splines with cross-validated smoothness."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing.inputs import Floats, TracingError

GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
EXACT = 1200
"""Cells up to which the eigenvectors are exact; above, the surface differs by less than it is uncertain."""


@dataclasses.dataclass(frozen=True, slots=True)
class Spline:
    """A fitted thin-plate regression spline."""

    knots: Floats
    """Shape (n, 2)."""
    basis: Floats
    """Map from kernel values to basis functions, shape (n, k - 3)."""
    coefficients: Floats
    """Shape (k,)."""
    root: Floats
    """Square root of the covariance of the coefficients, shape (k, k)."""
    edf: float
    """Effective degrees of freedom."""
    gcv: float
    """Generalised cross-validation score."""

    def __call__(self, u: ArrayLike, v: ArrayLike) -> Floats:
        """Return the surface at points of any one shape."""
        return self._design(u, v) @ self.coefficients

    def deviation(self, u: ArrayLike, v: ArrayLike) -> Floats:
        """Return the standard error of the surface at points of any one shape."""
        return np.asarray(np.sqrt(((self._design(u, v) @ self.root) ** 2).sum(axis=-1)))

    def _design(self, u: ArrayLike, v: ArrayLike) -> Floats:
        points = np.stack([np.asarray(u, dtype=np.float64), np.asarray(v, dtype=np.float64)], axis=-1)
        flat = points.reshape(-1, 2)
        design = np.hstack([kernel(flat, self.knots) @ self.basis, np.ones((len(flat), 1)), flat])
        return design.reshape(*points.shape[:-1], design.shape[1])


def _squares(first: Floats, second: Floats) -> Floats:
    east = np.subtract.outer(first[:, 0], second[:, 0])
    north = np.subtract.outer(first[:, 1], second[:, 1])
    return np.asarray(east * east + north * north)


def kernel(first: Floats, second: Floats) -> Floats:
    """Return ``r² ln r / 16 π`` between points of shape (n, 2) and (m, 2) (Duchon 1977)."""
    square = _squares(first, second)
    return np.asarray(square * np.log(np.where(square > 0, square, 1.0)) / (16.0 * np.pi))


def fit(u: ArrayLike, v: ArrayLike, z: ArrayLike, weight: ArrayLike, *, rank: int = 100) -> Spline:
    """Fit a thin-plate regression spline whose smoothness minimises GCV (Wood 2003).

    Parameters
    ----------
    u, v, z, weight : array_like, shape (n,)
        Distinct places, values and relative weights.
    rank
        Size of the basis; at most n.

    Raises
    ------
    TracingError
        With fewer than ten places.
    """
    knots = np.column_stack([u, v]).astype(np.float64)
    target, weights = np.asarray(z, dtype=np.float64), np.asarray(weight, dtype=np.float64)
    if len(knots) < 10:
        raise TracingError(f"{len(knots)} cells with data: a surface needs at least 10")
    basis, penalty = _truncate(knots, min(rank, len(knots) - 1))
    design = np.hstack([kernel(knots, knots) @ basis, np.ones((len(knots), 1)), knots])
    root = np.sqrt(weights)
    q, r = np.linalg.qr(design * root[:, None])
    inverse = np.linalg.inv(r)
    size = penalty.shape[0]
    rough, turn = np.linalg.eigh(inverse[:size].T @ penalty @ inverse[:size])
    rough, loads = np.maximum(rough, 0.0), turn.T @ (q.T @ (root * target))
    rest = float(((root * target) ** 2).sum() - (loads**2).sum())

    def score(exponent: float) -> tuple[float, float, float]:
        shrink = 1.0 / (1.0 + np.exp(exponent) * rough)
        residual = rest + float((((1.0 - shrink) * loads) ** 2).sum())
        return len(knots) * residual / (len(knots) - shrink.sum()) ** 2, residual, float(shrink.sum())

    best = _minimum(lambda exponent: score(exponent)[0], rough)
    gcv, residual, edf = score(best)
    shrink = 1.0 / (1.0 + np.exp(best) * rough)
    scale = residual / (len(knots) - edf)
    spread = inverse @ (turn * np.sqrt(scale * shrink))
    return Spline(knots, basis, inverse @ (turn @ (shrink * loads)), spread, edf, gcv)


def _truncate(knots: Floats, rank: int) -> tuple[Floats, Floats]:
    """Return the reduced basis and its penalty: leading eigenvectors orthogonal to the plane."""
    values, vectors = _leading(kernel(knots, knots), rank)
    plane = np.column_stack([np.ones(len(knots)), knots])
    complete, _ = np.linalg.qr(vectors.T @ plane, mode="complete")
    free = complete[:, 3:]
    return vectors @ free, free.T @ (values[:, None] * free)


def _leading(matrix: Floats, rank: int) -> tuple[Floats, Floats]:
    """Return the eigenvalues of largest magnitude and their vectors; by subspace iteration if it is large."""
    if len(matrix) > EXACT:
        start = np.random.default_rng(0).standard_normal((len(matrix), rank + 30))
        for _ in range(8):
            start, _ = np.linalg.qr(matrix @ start)
        values, small = np.linalg.eigh(start.T @ matrix @ start)
        vectors = start @ small
    else:
        values, vectors = np.linalg.eigh(matrix)
    lead = np.argsort(-np.abs(values), kind="stable")[:rank]
    return values[lead], vectors[:, lead]


def _minimum(score: object, rough: Floats) -> float:
    """Return the argument of the least score: a coarse scan, then a golden section."""
    assert callable(score)
    top = float(np.log(max(rough.max(), 1e-300)))
    scan = np.linspace(-top - 12.0, -top + 40.0, 105)
    centre = scan[int(np.argmin([score(x) for x in scan]))]
    low, high = centre - 0.5, centre + 0.5
    for _ in range(60):
        left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
        low, high = (low, right) if score(left) < score(right) else (left, high)
    return float((low + high) / 2.0)


def bilinear(values: Floats, factor: int) -> Floats:
    """Return a square grid of shape (n, n) refined to ((n - 1) factor + 1,) * 2 by linear interpolation."""
    old = np.arange(values.shape[0], dtype=np.float64)
    new = np.linspace(0.0, values.shape[0] - 1.0, (values.shape[0] - 1) * factor + 1)
    rows = np.stack([np.interp(new, old, line) for line in values])
    return np.stack([np.interp(new, old, line) for line in rows.T]).T


def near(u: Floats, v: Floats, knots: Floats, reach: float) -> np.ndarray:
    """Tell which points lie within `reach` of a knot; all in the same coordinates, any shape of u and v."""
    points = np.column_stack([u.ravel(), v.ravel()])
    close = np.empty(len(points), dtype=bool)
    for start in range(0, len(points), 4096):
        part = points[start : start + 4096]
        square = _squares(part, knots)
        close[start : start + 4096] = square.min(axis=1) <= reach**2
    return close.reshape(u.shape)
