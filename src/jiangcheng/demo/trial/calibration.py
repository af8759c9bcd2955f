"""Weights of the kinds of evidence: fitted on incidents of some seeds, proved on those of another."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from jiangcheng.demo.trial import puffs
from jiangcheng.demo.trial.outcome import Floats, Outcome
from jiangcheng.methods.tracing import ranking
from jiangcheng.modules.source_tracing.rules import tables

KINDS = {
    "air": ("dispersion", "fingerprint", "complaints"),
    "water": ("river", "online", "fingerprint"),
}
"""Kinds of evidence of each medium."""
MEDIA = {"gas": "air", "odour": "air", "night": "water", "spill": "water"}
"""Medium of each kind of incident; fires are given to villages by their footprint, not by a ranking."""
Weights = Mapping[str, Mapping[str, float]]


def fit(outcomes: Sequence[Outcome]) -> dict[str, dict[str, float]]:
    """Return by medium the weight of each kind of evidence, and ``n``, the cases it rests on.

    A conditional logit, in which "unknown" is one of the names: weights below 1 say that a kind boasts, above 1
    that it is too modest.
    """
    found = {}
    for medium, kinds in KINDS.items():
        cases = [_case(item, kinds) for item in outcomes if MEDIA.get(item.kind) == medium and item.ranking]
        if cases:
            weights = ranking.fit_weights(cases)
            named = {kind: round(float(value), 3) for kind, value in zip(kinds, weights, strict=True)}
            found[medium] = {**named, "n": float(len(cases))}
    return found


def in_force() -> Weights:
    """Return the weights of the trial that the room's table holds for the year of the trial."""
    found: Weights = tables.in_force("weights", dt.date(puffs.YEAR, 12, 31))["trial"]
    return found


def calibrated(outcome: Outcome, weights: Weights) -> Outcome:
    """Return an incident with the probabilities that fitted weights would have given it."""
    medium = MEDIA.get(outcome.kind, "")
    if outcome.ranking is None or medium not in weights:
        return outcome
    table, _ = _case(outcome, KINDS[medium])
    logs = table[:, :-1] @ np.array([weights[medium][kind] for kind in KINDS[medium]]) + table[:, -1]
    odds = np.exp(logs - logs.max())
    return dataclasses.replace(outcome, probability=odds / odds.sum())


def _case(outcome: Outcome, kinds: Sequence[str]) -> tuple[Floats, int]:
    """Return the log Bayes factors of all names with the log prior beside them, and which one was true."""
    found = outcome.ranking
    assert found is not None
    names = found.log_odds.size
    columns = [
        np.append(found.evidence[kind], 0.0) if kind in found.evidence else np.zeros(names) for kind in kinds
    ]
    # A name whose air or water cannot have arrived is left all but impossible.
    prior = np.maximum(found.log_odds, -700.0) - np.append(np.sum(list(found.evidence.values()), axis=0), 0.0)
    return np.column_stack([*columns, prior]), outcome.truth
