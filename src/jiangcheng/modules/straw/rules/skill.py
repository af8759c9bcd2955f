"""How good each source of fire signals is, by what people found on the spot."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence

TRUE = frozenset({"straw", "other", "planned"})
"""Outcomes that mean: there was a fire. ``industry`` and ``nothing`` mean there was none to put out."""


@dataclasses.dataclass(frozen=True, slots=True)
class Skill:
    """A source against the field checks."""

    source: str
    checked: int
    """Incidents of the source that somebody looked at."""
    right: int
    precision: float | None
    precision_low: float | None
    precision_high: float | None
    """Wilson interval of 95 %."""
    fires: int
    """Fires that are known, whoever told of them."""
    seen: int
    recall: float | None
    """Share of the known fires that the source told of; a fire nobody saw is in neither number."""
    recall_low: float | None
    recall_high: float | None
    only: int
    """Known fires that nobody else told of."""


def skill(incidents: Iterable[tuple[Sequence[str], str]]) -> list[Skill]:
    """Return the skill of every source, by name.

    Parameters
    ----------
    incidents
        Per incident its sources and its outcome; without an outcome it says nothing.
    """
    checked: dict[str, int] = {}
    right: dict[str, int] = {}
    only: dict[str, int] = {}
    fires = 0
    for sources, outcome in incidents:
        if not outcome:
            continue
        names = set(sources)
        fires += outcome in TRUE
        for name in names:
            checked[name] = checked.get(name, 0) + 1
            right[name] = right.get(name, 0) + (outcome in TRUE)
        if outcome in TRUE and len(names) == 1:
            (name,) = names
            only[name] = only.get(name, 0) + 1
    answer = []
    for name in sorted(checked):
        precise, known = wilson(right[name], checked[name]), wilson(right[name], fires)
        answer.append(
            Skill(name, checked[name], right[name], *precise, fires, right[name], *known, only.get(name, 0))
        )
    return answer


def wilson(hits: int, count: int, z: float = 1.96) -> tuple[float | None, float | None, float | None]:
    """Return a share with its Wilson interval; None of nothing."""
    if not count:
        return None, None, None
    p = hits / count
    middle = (p + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count))
    return p, max(0.0, middle - half), min(1.0, middle + half)
