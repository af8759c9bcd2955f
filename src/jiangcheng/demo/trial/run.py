"""Incidents one after the other; each depends on seed, kind and number only, so that a part is a part of the whole."""

from __future__ import annotations

from collections.abc import Iterator

from jiangcheng.demo.trial import fires, gas, puffs, water
from jiangcheng.demo.trial.outcome import KINDS, Outcome


def outcomes(*, seed: int, count: int) -> Iterator[Outcome]:
    """Run incidents, the kinds in turn.

    Parameters
    ----------
    count
        Of all kinds together; the first of a longer trial are those of a shorter one.
    """
    sky = puffs.year(seed)
    for place in range(count):
        kind, number = KINDS[place % len(KINDS)], place // len(KINDS)
        if kind == "gas":
            yield gas.leak(seed, number, sky)
        elif kind == "odour":
            yield gas.odour(seed, number, sky)
        elif kind == "night":
            yield water.night(seed, number)
        elif kind == "spill":
            yield water.spill(seed, number)
        else:
            yield fires.illegal(seed, number)
