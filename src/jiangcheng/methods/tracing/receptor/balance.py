"""Known sources in one sample: chemical mass balance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing.inputs import Floats, TracingError
from jiangcheng.methods.tracing.nonnegative import nnls


def chemical_mass_balance(
    sample: ArrayLike, error: ArrayLike, profiles: ArrayLike, profile_error: ArrayLike, *, rounds: int = 50
) -> tuple[Floats, Floats]:
    """Return the contributions of known sources to one sample and their errors (Watson et al. 1984).

    Effective variance: errors of the profiles count by how much of each source there is.

    Parameters
    ----------
    sample, error : array_like, shape (m,)
        Concentrations and uncertainties.
    profiles, profile_error : array_like, shape (p, m)
        Shares of the species in each source and their uncertainties.

    Returns
    -------
    tuple of array, shape (p,)
        Contributions, not negative, and standard errors.

    Raises
    ------
    TracingError
        With fewer species than sources, gaps, or an uncertainty not above 0.
    """
    c, u = np.asarray(sample, np.float64), np.asarray(error, np.float64)
    a, ua = np.asarray(profiles, np.float64), np.asarray(profile_error, np.float64)
    if not (np.all(np.isfinite(c)) and np.all(u > 0) and np.all(np.isfinite(a))):
        raise TracingError("sample, error or profiles: a value is missing or an uncertainty is not above 0")
    if a.shape[0] > a.shape[1]:
        raise TracingError(f"{a.shape[1]} species cannot tell {a.shape[0]} sources apart")
    share = np.zeros(len(a))
    for _ in range(rounds):
        weight = 1.0 / np.sqrt(u**2 + (ua**2 * share[:, None] ** 2).sum(axis=0))
        new = nnls((a * weight).T, c * weight)
        if np.allclose(new, share, rtol=1e-8, atol=1e-12):
            break
        share = new
    design = (a * weight).T
    return share, np.sqrt(np.diag(np.linalg.pinv(design.T @ design)))
