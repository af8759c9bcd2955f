"""Four colours (四色标识): the gravest colour whose condition is met, with every reason."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

COLOURS = ("green", "blue", "yellow", "red")
"""From the best to the worst."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reason:
    """A condition that is met, what was counted, and the rows that were counted."""

    code: str
    colour: str
    text_zh: str
    text_en: str
    count: int
    rows: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class Judgement:
    """A colour and its reasons, gravest first; without reasons it is the default colour."""

    colour: str
    reasons: tuple[Reason, ...]


def judge_colour(inputs: Mapping[str, Sequence[str]], table: Mapping[str, Any]) -> Judgement:
    """Return the colour that a version of the rules gives.

    Parameters
    ----------
    inputs
        By name of an input of the rules, the rows that count (numbers of cases, keys of findings …).
    table
        Version of the rules in force (``colours.json``).
    """
    met = [
        Reason(
            item["code"],
            item["colour"],
            item["text_zh"],
            item["text_en"],
            len(inputs.get(item["input"], ())),
            tuple(inputs.get(item["input"], ())),
        )
        for item in table["conditions"]
        if len(inputs.get(item["input"], ())) >= item["at_least"]
    ]
    met.sort(key=lambda reason: -COLOURS.index(reason.colour))
    return Judgement(met[0].colour if met else table["default"], tuple(met))
