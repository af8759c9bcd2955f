"""Measures of how well concentrations were predicted."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing.inputs import TracingError, complete


@dataclasses.dataclass(frozen=True, slots=True)
class Skill:
    """Measures of Chang & Hanna (2004), and the correlation and index of agreement (Willmott 2011)."""

    number: int
    fractional_bias: float
    nmse: float
    fac2: float
    geometric_bias: float
    """NaN if any value is not positive."""
    geometric_variance: float
    correlation: float
    agreement: float


def skill(observed: ArrayLike, predicted: ArrayLike) -> Skill:
    """Return the measures of a prediction.

    Parameters
    ----------
    observed, predicted : array_like, shape (n,)
        Concentrations in one unit; incomplete pairs are left out.

    Raises
    ------
    TracingError
        With fewer than two pairs, or if everything is zero.
    """
    o, p = complete(observed=observed, predicted=predicted)
    if o.size < 2:
        raise TracingError("at least two pairs of observed and predicted are needed")
    if o.mean() <= 0 or p.mean() <= 0:
        raise TracingError("observed or predicted: all values are zero")
    with np.errstate(divide="ignore", invalid="ignore"):
        within = np.where(o == 0, p == 0, (p >= 0.5 * o) & (p <= 2.0 * o))
        logs = np.log(o / p) if np.all((o > 0) & (p > 0)) else np.full(o.size, np.nan)
        r = np.corrcoef(o, p)[0, 1]
    spread = 2.0 * np.abs(o - o.mean()).sum()
    missed = np.abs(p - o).sum()
    # Refined index: above the spread of the observations the ratio turns over.
    agreement = 1.0 - missed / spread if missed <= spread else spread / missed - 1.0
    return Skill(
        number=o.size,
        fractional_bias=float(2.0 * (o.mean() - p.mean()) / (o.mean() + p.mean())),
        nmse=float(((o - p) ** 2).mean() / (o.mean() * p.mean())),
        fac2=float(within.mean()),
        geometric_bias=float(np.exp(logs.mean())),
        geometric_variance=float(np.exp((logs**2).mean())),
        correlation=float(r),
        agreement=float(agreement),
    )
