"""What the incidents add up to: delays, ranks, false accusations, calibration, and fires told apart."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from jiangcheng.demo.trial import calibration
from jiangcheng.demo.trial.outcome import KINDS, Floats, Outcome
from jiangcheng.methods.tracing import ranking, river

NAMED = 0.5
"""Probability above which a name reads as an accusation."""
LEVELS = (0.5, 0.9)
BINS = 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Of all incidents of a kind; shares and times are None of nothing."""

    kind: str
    count: int
    found: int
    found_by: Mapping[str, int]
    delay: float | None
    """Median of those found [s]."""
    delay_p90: float | None
    quiet_alarms: int
    quiet_hours: float
    untraced: Mapping[str, int]
    """Why incidents that were found were not traced."""
    traced: int
    listed: int
    """Traced ones whose culprit is a candidate; the shares of ranks are of these."""
    first: float | None
    third: float | None
    physics_first: float | None
    physics_third: float | None
    """The same from dispersion or hydraulics alone."""
    chance: float | None
    """Share that guessing would name."""
    named: int
    """Incidents in which a name got more than `NAMED`."""
    accused: int
    """Those of them in which the name was wrong."""
    covered: tuple[float | None, ...]
    """How often the truth lay in the sets that state each of `LEVELS`."""
    size: tuple[float | None, ...]
    """Names in these sets on average."""
    brier: float | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Incidents whose likeliest answer, a name or "unknown", was stated within an interval."""

    lower: float
    upper: float
    count: int
    stated: float | None
    right: float | None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All that is reported."""

    seed: int
    count: int
    scores: tuple[Score, ...]
    bins: tuple[Bin, ...]
    weighted: tuple[Score, ...]
    """The same incidents with the weights of the room's table, where evidence was ranked."""
    weighted_bins: tuple[Bin, ...]
    confusion: Mapping[str, Mapping[str, int]]
    """Truth of a fire, verdict, number."""
    still: Score | None
    """Of the incidents in calm spells."""


def report(outcomes: Sequence[Outcome], seed: int) -> Report:
    """Return what incidents add up to, by kind and as "all"."""
    parts = [(kind, [item for item in outcomes if item.kind == kind]) for kind in KINDS]
    calms = [item for item in outcomes if item.still]
    scores = [_score(kind, part) for kind, part in [*parts, ("all", list(outcomes))] if part]
    weights = calibration.in_force()
    ranked = [calibration.calibrated(item, weights) for item in outcomes]
    after = [(kind, [item for item in ranked if item.kind == kind]) for kind in KINDS]
    confusion: dict[str, collections.Counter[str]] = {}
    for item in outcomes:
        for truth, verdict in item.verdicts:
            confusion.setdefault(truth, collections.Counter())[verdict] += 1
    return Report(
        seed=seed, count=len(outcomes), still=_score("still", calms) if calms else None,
        scores=tuple(scores), bins=_bins(outcomes), weighted_bins=_bins(ranked),
        weighted=tuple(_score(kind, part) for kind, part in [*after, ("all", ranked)] if part),
        confusion={truth: dict(sorted(row.items())) for truth, row in sorted(confusion.items())},
    )  # fmt: skip


def as_dict(found: Report) -> dict[str, object]:
    """Return a report as plain data."""
    return dataclasses.asdict(found)


def _score(kind: str, outcomes: list[Outcome]) -> Score:
    seen = [item for item in outcomes if item.found_by]
    delays = np.array([item.delay for item in seen])
    traced = [item for item in seen if item.probability is not None]
    listed = [item for item in traced if item.truth < len(_p(item)) - 1]
    places = np.array([_place(_p(item), item.truth) for item in listed])
    alone = np.array([_place(item.physics, item.truth) for item in listed if item.physics is not None])
    named = [item for item in traced if _p(item)[:-1].max() > NAMED]
    sets = [[river.credible_set(_p(item), level) for item in traced] for level in LEVELS]
    inside = [[item.truth in chosen for item, chosen in zip(traced, row, strict=True)] for row in sets]
    return Score(
        kind=kind, count=len(outcomes), found=len(seen),
        found_by=dict(sorted(collections.Counter(item.found_by for item in seen).items())),
        delay=_rounded(np.median(delays) if seen else None, 0),
        delay_p90=_rounded(np.percentile(delays, 90) if seen else None, 0),
        quiet_alarms=sum(item.quiet_alarms for item in outcomes),
        quiet_hours=round(sum(item.quiet_hours for item in outcomes), 1),
        untraced=dict(sorted(collections.Counter(item.untraced for item in seen if item.untraced).items())),
        traced=len(traced), listed=len(listed),
        first=_rounded((places == 1).mean() if listed else None),
        third=_rounded((places <= 3).mean() if listed else None),
        physics_first=_rounded((alone == 1).mean() if alone.size else None),
        physics_third=_rounded((alone <= 3).mean() if alone.size else None),
        chance=_rounded(np.mean([1.0 / (len(_p(item)) - 1) for item in listed]) if listed else None),
        named=len(named), accused=sum(int(_p(item)[:-1].argmax()) != item.truth for item in named),
        covered=tuple(_rounded(np.mean(row) if row else None) for row in inside),
        size=tuple(_rounded(np.mean([len(chosen) for chosen in row]) if row else None, 1) for row in sets),
        brier=_brier(traced),
    )  # fmt: skip


def _place(probability: Floats, truth: int) -> int:
    """Return the place of a candidate among the candidates, "unknown" left out."""
    return 1 + int((probability[:-1] > probability[truth]).sum())


def _p(item: Outcome) -> Floats:
    assert item.probability is not None
    return item.probability


def _rounded(value: float | np.floating | None, digits: int = 3) -> float | None:
    return None if value is None else round(float(value), digits)


def _brier(traced: list[Outcome]) -> float | None:
    """Return the mean over incidents of the squared errors of all probabilities, 0 … 2 (Brier 1950)."""
    if not traced:
        return None
    errors = [float((_p(item) ** 2).sum() - 2.0 * _p(item)[item.truth] + 1.0) for item in traced]
    return _rounded(np.mean(errors))


def _bins(outcomes: Sequence[Outcome]) -> tuple[Bin, ...]:
    traced = [item for item in outcomes if item.probability is not None]
    if not traced:
        return ()
    stated = np.array([_p(item).max() for item in traced])
    right = np.array([float(_p(item).argmax() == item.truth) for item in traced])
    found = ranking.calibration(stated, right, bins=BINS)
    return tuple(
        Bin(
            lower=number / BINS, upper=(number + 1) / BINS, count=int(found.count[number]),
            stated=_rounded(found.stated[number] if found.count[number] else None),
            right=_rounded(found.happened[number] if found.count[number] else None),
        )
        for number in range(BINS)
    )  # fmt: skip
