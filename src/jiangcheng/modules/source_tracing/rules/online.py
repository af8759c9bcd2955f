"""Online data of possible sources: how far they stand out while the event's air or water was sent."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.methods.tracing import ranking
from jiangcheng.modules.source_tracing.rules.common import Floats

LEAST = 24
"""Hours outside the window without which nobody knows what is usual."""
ORDINARY = 0.2
"""Rise of a plant's data, as a share of the usual, that load and instruments bring about by themselves."""
RUNNING, IDLE = 0.3, 0.1
"""Share of the usual power above which production runs, and below which a treatment stands still."""


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """How far the highest value of a window stands out from the usual hours."""

    score: float
    """Standard deviations of the usual hours."""
    looks: float
    """Independent values in the window, of which the score is the highest."""
    rows: int
    """Hours with a value inside the window."""
    before: int
    """Hours with a value outside it."""
    highest: float
    usual: float
    """Median of the hours outside."""
    place: int
    """Of the highest value."""


@dataclasses.dataclass(frozen=True, slots=True)
class Idle:
    """Hours in which production drew power and the treatment did not."""

    hours: int
    rows: int
    """Hours of the window in which both meters told something."""
    production: float
    """Mean power of those hours as a share of the usual."""
    treatment: float
    place: int
    """Of the first of them."""
    factor: float
    """Bayes factor of a culprit against somebody else."""


def standing(series: Floats, window: NDArray[np.bool_]) -> Standing | None:
    """Return how far the highest value of a window stands out; None where too little is known.

    Hours that follow one another are alike, so they count as fewer independent looks: ``n (1 - ρ) / (1 + ρ)``.

    Parameters
    ----------
    series : array, shape (n,)
        NaN is missing.
    window : array of bool, shape (n,)
    """
    heard = np.isfinite(series)
    inside, outside = window & heard, ~window & heard
    if not inside.any() or outside.sum() < LEAST:
        return None
    normal = series[outside]
    middle = float(np.median(normal))
    spread = 1.4826 * float(np.median(np.abs(normal - middle)))
    spread = max(spread, 0.3 * float(normal.std()), ORDINARY * abs(middle))
    if not spread > 0:
        return None
    rows = int(inside.sum())
    alike = max(_alike(np.where(outside, series, np.nan)), 0.0)
    place = int(np.flatnonzero(inside)[np.argmax(series[inside])])
    return Standing(
        score=(float(series[place]) - middle) / spread, looks=max(rows * (1.0 - alike) / (1.0 + alike), 1.0),
        rows=rows, before=int(outside.sum()), highest=float(series[place]), usual=middle, place=place,
    )  # fmt: skip


def _alike(series: Floats) -> float:
    """Return the correlation of neighbouring hours, 0 where too few are known."""
    first, second = series[:-1], series[1:]
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < LEAST or not (first[both].std() > 0 and second[both].std() > 0):
        return 0.0
    return float(np.corrcoef(first[both], second[both])[0, 1])


def factors(found: list[Standing | None], *, hidden: float) -> Floats:
    """Return the Bayes factor of each emitter's online data; 1 where nothing is known.

    Parameters
    ----------
    hidden
        Chance that nothing of it shows in a culprit's data: it went past the instrument, or the instrument lies.
    """
    score = np.array([np.nan if item is None else item.score for item in found], np.float64)
    looks = np.array([1.0 if item is None else item.looks for item in found], np.float64)
    with np.errstate(over="ignore"):
        return ranking.anomaly(score, looks=looks, hidden=hidden)


def idle(production: Floats, treatment: Floats, window: NDArray[np.bool_], *, shown: float) -> Idle | None:
    """Return the hours of a window in which production ran and its treatment stood still; None without such.

    Parameters
    ----------
    production, treatment : array, shape (n,)
        Power; only shares of the usual count, so any unit will do.
    shown
        Chance that a culprit's treatment is off.
    """
    both = np.isfinite(production) & np.isfinite(treatment)
    inside, outside = both & window, both & ~window
    if not inside.any() or outside.sum() < LEAST:
        return None
    usual = float(np.median(production[outside])), float(np.median(treatment[outside]))
    if not min(usual) > 0:
        return None
    off = both & (production >= RUNNING * usual[0]) & (treatment < IDLE * usual[1])
    here = off & inside
    if not here.any():
        return None
    rows = int(inside.sum())
    # Somebody else shows the same by chance as often as outside the window, in any of its hours.
    chance = min(1.0, rows * float(off[outside].sum() + 1) / float(outside.sum() + 2))
    return Idle(
        hours=int(here.sum()), rows=rows, production=float(production[here].mean()) / usual[0],
        treatment=float(treatment[here].mean()) / usual[1], place=int(np.flatnonzero(here)[0]),
        factor=shown / chance,
    )  # fmt: skip


def told(found: Standing, at: int, factor: float | None) -> dict[str, Any]:
    """Return online data as evidence: the numbers, and how many hours they rest on."""
    return {
        "code": "online", "score": found.score, "highest": found.highest, "usual": found.usual, "rows": found.rows,
        "before": found.before, "at": at, "factor": factor,
        "percent": 100.0 * (found.highest / found.usual - 1.0) if found.usual > 0 else None,
    }  # fmt: skip
