"""Least squares without negative amounts."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing.inputs import Floats, TracingError


def nnls(matrix: ArrayLike, target: ArrayLike) -> Floats:
    """Return x >= 0 that minimises ``|A x - b|`` by active sets (Lawson & Hanson 1974, ch. 23).

    Parameters
    ----------
    matrix : array_like, shape (m, n)
        A.
    target : array_like, shape (m,)
        b.

    Returns
    -------
    array, shape (n,)

    Raises
    ------
    TracingError
        If shapes do not fit or a value is missing.
    """
    a, b = np.asarray(matrix, np.float64), np.asarray(target, np.float64)
    if a.ndim != 2 or b.shape != a.shape[:1]:
        raise TracingError(f"a matrix (m, n) and a target (m,) are needed, not {a.shape} and {b.shape}")
    if not (np.all(np.isfinite(a)) and np.all(np.isfinite(b))):
        raise TracingError("matrix or target: a value is missing")
    scale = np.sqrt((a**2).sum(axis=0))
    a = a / np.where(scale > 0, scale, 1.0)
    x, free = np.zeros(a.shape[1]), np.zeros(a.shape[1], dtype=bool)
    tolerance = 1e-11 * max(np.abs(a.T @ b).max(initial=0.0), 1e-300)
    for _ in range(3 * a.shape[1] + 10):
        gradient = np.where(free, -np.inf, a.T @ (b - a @ x))
        if free.all() or gradient.max(initial=-np.inf) <= tolerance:
            break
        free[int(np.argmax(gradient))] = True
        x = _feasible(a, b, x, free)
    return np.asarray(np.where(scale > 0, x / np.where(scale > 0, scale, 1.0), 0.0))


def _feasible(a: Floats, b: Floats, x: Floats, free: np.ndarray) -> Floats:
    """Move to the optimum of the free set, giving back what would turn negative; changes `free`."""
    while True:
        trial = np.zeros_like(x)
        trial[free] = np.linalg.lstsq(a[:, free], b, rcond=None)[0]
        if np.all(trial[free] > 0):
            return trial
        low = free & (trial <= 0)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = np.where(low, x / (x - trial), np.inf)
        step[low & (x <= 0)] = 0.0
        x = x + step.min() * (trial - x)
        gone = free & (x <= 1e-14 * max(float(np.abs(x).max()), 1e-300))
        gone[int(np.argmin(step))] = True
        free &= ~gone
        x[gone] = 0.0
        if not free.any():
            return np.zeros_like(x)
