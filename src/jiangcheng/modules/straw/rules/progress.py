"""How far the straw of a village is disposed of, and when it will be done."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

DRAWS = 400
SEED = 20260102
LOOKS_BACK = 14
"""Days of the recent pace."""
FURTHEST = 200
"""Days ahead; what needs longer has no forecast."""
STAGES = ("standing", "harvested", "removed", "returned", "residue", "done")


@dataclasses.dataclass(frozen=True, slots=True)
class Day:
    """What is done up to the evening of a day [mu], all since the beginning of the season."""

    on: dt.date
    harvested: float
    baled: float
    returned: float
    """Shredded, ploughed in or mulched."""
    burned: float = 0.0

    @property
    def disposed(self) -> float:
        """Return the area whose straw is off the field, in the ground or burnt under a plan."""
        return self.baled + self.returned + self.burned


@dataclasses.dataclass(frozen=True, slots=True)
class Forecast:
    """When an area will be done."""

    rest: float
    """[mu]"""
    pace: float | None
    """Of the recent days [mu/day]."""
    middle: dt.date | None
    early: dt.date | None
    late: dt.date | None
    """Half, a tenth and nine tenths of the futures are done by then; None: not within `FURTHEST` days."""


def residual(*, harvested: float, baled: float, returned: float, burned: float) -> float:
    """Return what still lies on the field [mu]: harvested less removed, returned and burnt; never below 0."""
    return max(0.0, harvested - baled - returned - burned)


def problems(day: Day, area: float, before: Day | None = None) -> list[str]:
    """Return what contradicts itself in a day's report: more than there is, or less than the day before."""
    found = []
    if day.harvested > area * (1 + 1e-9):
        found.append("harvested")
    if day.disposed > day.harvested * (1 + 1e-9):
        found.append("disposed")
    if before is not None:
        names = ("harvested", "baled", "returned", "burned")
        found += [f"less_{name}" for name in names if getattr(day, name) < getattr(before, name)]
    return found


def forecast(
    days: Sequence[Day], area: float, *, on: dt.date, closed: Mapping[dt.date, bool] | None = None
) -> Forecast:
    """Return when an area will be done if work goes on as in the last days, drawn at random from them.

    A reporting gap is shared equally by its days. Days on which burning and field work are closed (``closed``)
    add nothing. The draws have a fixed seed: the same reports give the same dates.

    Parameters
    ----------
    days
        Reports of the village.
    area
        Area to be disposed of [mu].
    """
    known = sorted((day for day in days if day.on <= on), key=lambda day: day.on)
    done = known[-1].disposed if known else 0.0
    rest = max(0.0, area - done)
    if rest <= 0:
        return Forecast(0.0, None, on, on, on)
    steps = _steps(known, on)
    if not steps or sum(steps) <= 0:
        return Forecast(rest, 0.0 if steps else None, None, None, None)
    pace = float(np.mean(steps))
    shut = [bool((closed or {}).get(on + dt.timedelta(days=ahead))) for ahead in range(1, FURTHEST + 1)]
    near = min(FURTHEST, math.ceil(2 * rest / pace) + 20 + sum(shut))
    first = _first_days(steps, rest, np.array(shut[:near]))
    if near < FURTHEST and np.quantile(first, 0.9, method="higher") > near:
        first = _first_days(steps, rest, np.array(shut))
    dates = [_date(on, float(np.quantile(first, q, method="higher"))) for q in (0.5, 0.1, 0.9)]
    return Forecast(rest, pace, *dates)


def _first_days(steps: Sequence[float], rest: float, shut: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return in how many days each of the drawn futures is done; one more than the days where it is not."""
    drawn = np.random.default_rng(SEED).choice(np.array(steps), (DRAWS, len(shut)))
    drawn[:, shut] = 0.0
    reached = np.cumsum(drawn, axis=1) >= rest - 1e-9
    first = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1, len(shut) + 1)
    return first.astype(np.int64)


def _steps(known: Sequence[Day], on: dt.date) -> list[float]:
    """Return what was done on each of the last days, the silent days since the last report as zero."""
    found: list[float] = []
    for before, after in itertools.pairwise(known):
        gap = (after.on - before.on).days
        if gap > 0:
            found += [max(0.0, after.disposed - before.disposed) / gap] * gap
    if known:
        found += [0.0] * max(0, (on - known[-1].on).days - 1)
    return found[-LOOKS_BACK:]


def _date(on: dt.date, ahead: float) -> dt.date | None:
    return on + dt.timedelta(days=math.ceil(ahead)) if ahead <= FURTHEST else None
