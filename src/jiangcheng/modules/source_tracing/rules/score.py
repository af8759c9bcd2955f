"""How often tracing was right: hits of the first and the first three, calibration, false accusations."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from jiangcheng.methods.tracing import ranking

CONFIRMED, REJECTED, UNCLEAR = "confirmed", "rejected", "unclear"
FEW = 10
"""Checked runs below which a rate is shown with the warning that it rests on few."""


@dataclasses.dataclass(frozen=True, slots=True)
class Checked:
    """A candidate that was checked in the field."""

    run: int
    rank: int
    """1 is the first."""
    probability: float
    outcome: str


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """What closed checks say about the runs."""

    runs: int
    """Runs with at least one candidate confirmed or rejected."""
    checks: int
    """Candidates confirmed or rejected."""
    unclear: int
    first: int
    """Runs whose first candidate was confirmed."""
    three: int
    """Runs with a confirmed candidate among the first three."""
    rejected: int
    brier: float | None
    gap: float | None
    """Mean distance of stated and observed probability."""

    @property
    def top1(self) -> float | None:
        """Share of the checked runs whose first candidate was confirmed."""
        return self.first / self.runs if self.runs else None

    @property
    def top3(self) -> float | None:
        """Share of the checked runs with a confirmed candidate among the first three."""
        return self.three / self.runs if self.runs else None

    @property
    def false_share(self) -> float | None:
        """Share of the concluded checks that exonerated the candidate."""
        return self.rejected / self.checks if self.checks else None


def score(checked: Sequence[Checked]) -> Score:
    """Return the score of concluded checks; those without a clear outcome count in none of the rates."""
    clear = [item for item in checked if item.outcome in (CONFIRMED, REJECTED)]
    runs = {item.run for item in clear}
    hits = [item for item in clear if item.outcome == CONFIRMED]
    calibrated = None
    if clear:
        stated = np.array([item.probability for item in clear])
        truth = np.array([float(item.outcome == CONFIRMED) for item in clear])
        calibrated = ranking.calibration(stated, truth)
    return Score(
        runs=len(runs),
        checks=len(clear),
        unclear=len(checked) - len(clear),
        first=len({item.run for item in hits if item.rank == 1}),
        three=len({item.run for item in hits if item.rank <= 3}),
        rejected=len(clear) - len(hits),
        brier=None if calibrated is None else calibrated.brier,
        gap=None if calibrated is None else calibrated.gap,
    )


BINS = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Bin:
    """Checked candidates whose stated probability lay within an interval."""

    lower: float
    upper: float
    count: int
    stated: float
    """Mean probability stated."""
    confirmed: float
    """Share of them that was confirmed."""


def reliability(checked: Sequence[Checked]) -> list[Bin]:
    """Return stated probabilities beside what checks found, lowest first; intervals without checks are left out."""
    clear = [item for item in checked if item.outcome in (CONFIRMED, REJECTED)]
    if not clear:
        return []
    stated = np.array([item.probability for item in clear])
    truth = np.array([float(item.outcome == CONFIRMED) for item in clear])
    found = ranking.calibration(stated, truth, bins=BINS)
    return [
        Bin(i / BINS, (i + 1) / BINS, int(found.count[i]), float(found.stated[i]), float(found.happened[i]))
        for i in range(BINS)
        if found.count[i]
    ]


def wanting(found: Score) -> int:
    """Return how many closed cases are still needed before probabilities may be weighted by experience here."""
    return max(ranking.CASES - found.runs, 0)
