"""What became of one incident."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from jiangcheng.methods.tracing import ranking

Floats = NDArray[np.float64]

KINDS = ("gas", "night", "odour", "fire", "spill")
"""Leaks and releases from stacks, discharges by night, odours of the chemical park, fires, spills."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One incident: whether and how late it was found, and what tracing said."""

    kind: str
    number: int
    found_by: str = ""
    """Rule that found it; empty if none did."""
    delay: float = float("nan")
    """From the start of the incident to the data that found it [s]."""
    probability: Floats | None = None
    """Of each candidate and, last, of "unknown"; None where nothing was traced."""
    physics: Floats | None = None
    """The same from dispersion or hydraulics alone; None where they are all there is, or nothing was traced."""
    ranking: ranking.Ranking | None = None
    """The evidence behind `probability`, where it was ranked."""
    truth: int = -1
    """Place of the culprit in `probability`; the last where nobody had listed it."""
    untraced: str = ""
    """Why nothing was traced."""
    verdicts: tuple[tuple[str, str], ...] = ()
    """Truth and verdict of every fire around."""
    still: bool = False
    """Whether it happened in a calm spell."""
    quiet_alarms: int = 0
    """Alarms of the same rules before the incident began."""
    quiet_hours: float = 0.0
    """Hours before it that were looked at."""

    @property
    def rank(self) -> int:
        """Return the place of the culprit among all names, "unknown" counted as a name; 0 if not traced."""
        if self.probability is None:
            return 0
        return 1 + int((self.probability > self.probability[self.truth]).sum())


Incident = Callable[[int, int], Outcome]
"""Draws, looks and traces; seed and number decide everything."""


def generator(seed: int, kind: str, number: int) -> np.random.Generator:
    """Return the randomness of one incident, the same however many others there are."""
    return np.random.default_rng([seed, KINDS.index(kind), number])
