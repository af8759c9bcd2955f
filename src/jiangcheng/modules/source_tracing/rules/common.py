"""What the engines share: the order of candidates, the outcome of a method, who tells progress."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.methods.tracing import ranking, stability
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.source_tracing.rules.refusals import told

ENGINE = "source-tracing 1.1"
"""Changes with every change of a computed number."""
Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]
Tell = Callable[[float, str], None]
"""Told the share done and the method at hand; raises `Interrupted` to stop."""

LEAST_SHOWN = 0.005
"""Probability from which a candidate is shown beyond the first ones."""
ALWAYS_SHOWN = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """What one method says: the candidates' scores, the probability of "unknown", and its own facts."""

    scores: Floats
    """Shape (s,); NaN where the method says nothing about a candidate."""
    unknown: float | None
    facts: Mapping[str, Any]


def attempt(code: str, method: Callable[[], Outcome]) -> tuple[dict[str, Any], Outcome | None]:
    """Run a method; a question it cannot answer becomes part of the result, not an error of the run."""
    try:
        found = method()
    except TracingError as error:
        return {"code": code, "state": "refused", "reason": told(error)}, None
    return {
        "code": code,
        "state": "done",
        "scores": [_rounded(value) for value in found.scores.tolist()],
        "order": order(found.scores),
        "unknown": found.unknown,
        "facts": dict(found.facts),
    }, found


def order(scores: Floats) -> list[int]:
    """Return the candidates a method ranks, best first."""
    known = np.where(np.isfinite(scores), scores, -np.inf)
    ranked = np.argsort(-known, kind="stable")
    return [int(index) for index in ranked if np.isfinite(known[index]) and known[index] > 0]


def _rounded(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def classes(
    time: NDArray[np.int64], speed: Floats, longitude: float, latitude: float, cloud: float
) -> Floats:
    """Return whole stability classes of hours; the cloud cover is an assumption where nobody observes it.

    Parameters
    ----------
    time
        Starts of hours [s].
    cloud
        Total and low cloud [tenths].
    """
    middle = (time + 1800).astype("datetime64[s]")
    wind = np.where(np.isfinite(speed), speed, 2.0)
    found = stability.from_weather(
        middle, longitude, latitude, wind, np.full(time.size, cloud), np.full(time.size, min(cloud, 4.0))
    )
    return np.clip(stability.whole(found), 1.0, 6.0)


def ranked(probability: Floats, shown: int) -> list[int]:
    """Return the candidates to show, best first: those with a chance, at least three where there are three."""
    best = [int(index) for index in np.argsort(-probability, kind="stable")]
    alive = [index for index in best if probability[index] >= LEAST_SHOWN]
    possible = [index for index in best if probability[index] > 0] or best[:2]
    return (alive if len(alive) >= ALWAYS_SHOWN else possible[:ALWAYS_SHOWN])[:shown]


def bounded(factor: float | None, weight: float = 1.0) -> float | None:
    """Return a Bayes factor as it counts: within its cap, weighted, and again within its cap."""
    if factor is None or not np.isfinite(factor):
        return None
    low, high = 1.0 / ranking.CAP, ranking.CAP
    return float(np.clip(np.clip(factor, low, high) ** weight, low, high))
