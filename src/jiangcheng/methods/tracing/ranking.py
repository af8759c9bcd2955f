"""Odds among known emitters from several kinds of evidence, with "unknown" always among them.

Every kind gives a Bayes factor against chance. A factor is capped, because no single kind may decide alone until
enough closed cases have calibrated it. The emitters' probabilities and that of "unknown" sum to one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods.tracing import wind
from jiangcheng.methods.tracing.inputs import Floats, TracingError, complete

CAP = 20.0
"""Largest Bayes factor of one kind of evidence, and its inverse the smallest, before calibration."""
NARROWEST = 8.0
"""Least width of the cone of a wind direction [°]."""
CASES = 50
"""Closed cases from which the kinds of evidence may be weighted by experience."""
RAISED = 2.0
"""Standard deviations by which online data of a culprit are expected to stand out."""
SHARPNESS, ALIKE = 8.0, 0.8
"""How fast the likeness of profiles counts, and the likeness between unrelated ones."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ranking:
    """Probabilities with what made them."""

    probability: Floats
    """Shape (s + 1,); the last is "unknown"."""
    log_odds: Floats
    """Shape (s + 1,); against the unknown."""
    evidence: Mapping[str, Floats]
    """Capped and weighted log Bayes factor of each kind, shape (s,)."""

    def order(self) -> NDArray[np.int64]:
        """Return the emitters, likeliest first, without the unknown."""
        return np.argsort(-self.probability[:-1], kind="stable")


def cone(
    directions: ArrayLike,
    receptor: ArrayLike,
    emitters: ArrayLike,
    spread: ArrayLike,
    *,
    size: ArrayLike = 0.0,
) -> Floats:
    """Return the Bayes factor of the wind having come from each emitter, against a wind from anywhere.

    Parameters
    ----------
    directions : array_like, shape (t,)
        During the event [°].
    receptor : array_like, shape (2,)
        East, north [m].
    emitters : array_like, shape (s, 2)
        East, north [m].
    spread : array_like, shape (t,) or number
        Standard deviation of the direction, e.g. `wind.yamartino` [°]; at least `NARROWEST` is taken.
    size : array_like, shape (s,)
        Extent of the emitters [m].

    Raises
    ------
    TracingError
        If no direction is known.
    """
    angles, width = complete(directions=directions, spread=np.broadcast_to(spread, np.shape(directions)))
    apart = np.asarray(emitters, np.float64) - np.asarray(receptor, np.float64)
    bearing = np.degrees(np.arctan2(apart[:, 0], apart[:, 1]))
    own = np.degrees(np.arctan2(size, np.hypot(apart[:, 0], apart[:, 1])))
    sigma = np.hypot(np.maximum(width, NARROWEST)[:, None], own)
    bell = np.exp(-0.5 * (wind.difference(angles[:, None], bearing) / sigma) ** 2)
    chance = np.sqrt(2.0 * np.pi) * sigma / 360.0
    return np.asarray((bell / np.minimum(chance, 1.0)).mean(axis=0))


def in_time(distance: ArrayLike, speed: float, age: float) -> NDArray[np.bool_]:
    """Tell which emitters' air can have arrived: way [m] over wind [m/s] within the age of the event [s]."""
    if not speed > 0:
        raise TracingError("speed: without wind nothing arrives by the wind")
    return np.asarray(np.asarray(distance, np.float64) / speed <= age)


def dilution(expected: ArrayLike) -> Floats:
    """Return the Bayes factor of each emitter's expected share of the concentration, against equal shares.

    Parameters
    ----------
    expected : array_like, shape (s,)
        Σ_t rate × unit response at the receptor; NaN where the rate is unknown, which then counts as 1.
    """
    amount = np.asarray(expected, np.float64)
    known = np.isfinite(amount)
    total = amount[known].sum()
    if not total > 0:
        return np.ones(amount.size)
    return np.where(known, np.where(known, amount, 0.0) * known.sum() / total, 1.0)


def anomaly(score: ArrayLike, *, looks: ArrayLike = 1, hidden: float = 0.0) -> Floats:
    """Return the Bayes factor of online data, of the greatest z-score in the time window; NaN counts as 1.

    A culprit's data are expected `RAISED` standard deviations up in one value of the window:
    ``exp(RAISED z - RAISED² / 2)``. The greatest of many values is high by chance, and a culprit may hide.

    Parameters
    ----------
    score : array_like, shape (s,)
        Of `anomaly_score`.
    looks : array_like, shape (s,) or number
        Independent values in the window, of which the score is the greatest; at least 1.
    hidden
        Chance that nothing of it shows in a culprit's data, 0 … 1.

    Raises
    ------
    TracingError
        If `looks` or `hidden` is out of range.
    """
    number = np.asarray(looks, np.float64)
    if not np.all(number >= 1) or not 0.0 <= hidden <= 1.0:
        raise TracingError("looks, hidden: at least 1, and a chance between 0 and 1, are needed")
    z = np.asarray(score, np.float64)
    m = np.nan_to_num(z)
    # Ratio of the densities of the greatest of `looks` normal values, one of them raised or none.
    others = (number - 1.0) * _below(m - RAISED) / np.maximum(_below(m), 1e-300)
    raised = (np.exp(RAISED * m - RAISED**2 / 2.0) + others) / number
    return np.where(np.isfinite(z), hidden + (1.0 - hidden) * raised, 1.0)


def _below(z: Floats) -> Floats:
    """Return the probability of a standard normal value below each."""
    return np.array([0.5 * math.erfc(-x / math.sqrt(2.0)) for x in np.ravel(z).tolist()]).reshape(np.shape(z))


def anomaly_score(series: ArrayLike, window: ArrayLike) -> float:
    """Return the greatest robust z-score of a series within a window.

    Parameters
    ----------
    series : array_like, shape (n,)
        Online data; NaN is missing.
    window : array_like of bool, shape (n,)
        Times that belong to the event, less the travel time; the rest is the emitter's normal state.

    Returns
    -------
    float
        NaN if the window or its outside has no data, or nothing ever varies.
    """
    values, inside = np.asarray(series, np.float64), np.asarray(window, bool)
    normal, event = values[~inside & np.isfinite(values)], values[inside & np.isfinite(values)]
    if not normal.size or not event.size:
        return float("nan")
    middle = np.median(normal)
    spread = 1.4826 * np.median(np.abs(normal - middle)) or normal.std()
    return float((event.max() - middle) / spread) if spread > 0 else float("nan")


def fingerprint(event: ArrayLike, profiles: ArrayLike) -> Floats:
    """Return the Bayes factor of the likeness (cosine) of the event to each emitter's profile.

    Parameters
    ----------
    event : array_like, shape (m,)
        Species above the background.
    profiles : array_like, shape (s, m)
        Library; an emitter whose row has NaN counts as 1.
    """
    sample, library = np.asarray(event, np.float64), np.asarray(profiles, np.float64)
    size = np.linalg.norm(sample) * np.linalg.norm(library, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        cosine = library @ sample / size
    factor = np.exp(SHARPNESS * (np.nan_to_num(cosine) - ALIKE))
    return np.where(np.isfinite(cosine), factor, 1.0)


def history(confirmed: ArrayLike, named: ArrayLike, *, alpha: float = 1.0, beta: float = 4.0) -> Floats:
    """Return the prior weight of emitters by closed cases, ``(confirmed + α) / (named + α + β)``."""
    return np.asarray((np.asarray(confirmed) + alpha) / (np.asarray(named) + alpha + beta), dtype=np.float64)


def rank(
    factors: Mapping[str, ArrayLike],
    *,
    prior: ArrayLike | None = None,
    weights: Mapping[str, float] | None = None,
    unknown: float = 0.2,
    possible: ArrayLike | None = None,
    cap: float = CAP,
) -> Ranking:
    """Return the probability of each emitter and of "unknown".

    Parameters
    ----------
    factors
        Bayes factor of each kind of evidence, shape (s,) each; NaN counts as 1.
    prior : array_like, shape (s,), optional
        Weights of the emitters, e.g. `history`; equal by default.
    weights
        Weight of each kind, e.g. of `fit_weights`; 1 by default. A weighted factor stays within the cap.
    unknown
        Prior probability that no listed emitter did it.
    possible : array_like of bool, shape (s,), optional
        Emitters whose air can have arrived, e.g. `in_time`.

    Raises
    ------
    TracingError
        Without evidence, with unequal lengths, a negative factor, or a prior outside (0, 1).
    """
    if not factors:
        raise TracingError("factors: no evidence at all")
    if not 0.0 < unknown < 1.0:
        raise TracingError("unknown: a prior between 0 and 1 is needed")
    table = {name: np.asarray(values, np.float64) for name, values in factors.items()}
    sizes = {name: values.shape for name, values in table.items()}
    if len(set(sizes.values())) != 1:
        raise TracingError(f"factors differ in length: {sizes}")
    evidence = {}
    for name, values in table.items():
        if np.any(values < 0):
            raise TracingError(f"{name}: a Bayes factor is not negative")
        bounded = np.clip(np.where(np.isfinite(values), values, 1.0), 1.0 / cap, cap)
        weighted = np.log(bounded) * (weights or {}).get(name, 1.0)
        evidence[name] = np.clip(weighted, -np.log(cap), np.log(cap))
    size = next(iter(table.values())).size
    share = np.ones(size) if prior is None else np.asarray(prior, np.float64)
    allowed = np.ones(size, dtype=bool) if possible is None else np.asarray(possible, bool)
    with np.errstate(divide="ignore"):
        logs = np.log((1.0 - unknown) * share / share.sum()) + np.sum(list(evidence.values()), axis=0)
    logs = np.append(np.where(allowed, logs, -np.inf), np.log(unknown))
    odds = np.exp(logs - logs.max())
    return Ranking(np.asarray(odds / odds.sum()), np.asarray(logs - logs[-1]), evidence)


def fit_weights(cases: Sequence[tuple[ArrayLike, int]], *, ridge: float = 1.0, rounds: int = 50) -> Floats:
    """Return the weights of the kinds of evidence that closed cases support (conditional logit).

    Parameters
    ----------
    cases
        Of each case the log Bayes factors, shape (s, k), with the logarithm of the prior as an additional last
        column that keeps weight 1, and the number of the emitter confirmed.
    ridge
        Strength with which weights are held at 1.

    Returns
    -------
    array, shape (k,)
        Ones with fewer than `CASES` cases.
    """
    if not cases:
        raise TracingError("cases: none")
    number = np.asarray(cases[0][0]).shape[1] - 1
    weights = np.ones(number)
    if len(cases) < CASES:
        return weights
    for _ in range(rounds):
        slope, bend = -ridge * (weights - 1.0), ridge * np.eye(number)
        for table, truth in cases:
            x = np.asarray(table, np.float64)
            logs = x[:, :-1] @ weights + x[:, -1]
            p = np.exp(logs - logs.max())
            p /= p.sum()
            mean = p @ x[:, :-1]
            slope += x[truth, :-1] - mean
            bend += (x[:, :-1] * p[:, None]).T @ x[:, :-1] - np.outer(mean, mean)
        step = np.linalg.solve(bend, slope)
        weights = weights + step * min(1.0, 2.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    return weights


@dataclasses.dataclass(frozen=True, slots=True)
class Calibration:
    """Whether probabilities meant what they said."""

    brier: float
    """Mean square error of the probabilities of all candidates, 0 is perfect."""
    stated: Floats
    """Mean probability stated in each bin, NaN without cases."""
    happened: Floats
    """Share of the cases of each bin that came true."""
    count: NDArray[np.int64]
    gap: float
    """Mean absolute difference of the two, by cases."""


def calibration(probability: ArrayLike, truth: ArrayLike, *, bins: int = 5) -> Calibration:
    """Return how far stated probabilities were right.

    Parameters
    ----------
    probability, truth : array_like, shape (n,)
        Probability stated of each candidate of each case, and whether it was the one.
    """
    p, y = complete(probability=probability, truth=truth)
    which = np.minimum((p * bins).astype(np.int64), bins - 1)
    count = np.bincount(which, minlength=bins)
    with np.errstate(invalid="ignore"):
        stated, happened = np.bincount(which, p, bins) / count, np.bincount(which, y, bins) / count
    gap = np.nansum(np.abs(stated - happened) * count) / p.size
    return Calibration(float(((p - y) ** 2).mean()), stated, happened, count, float(gap))
