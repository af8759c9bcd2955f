"""Scores of duties and of counties; every weight and threshold is a row of a dated table."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """One line of a score card. ``score`` is None where there is nothing to score: a denominator of nought."""

    code: str
    weight: float
    value: float | None
    score: float | None


def linear(value: float | None, *, zero: float, full: float) -> float | None:
    """Return 0 at ``zero``, 100 at ``full``, straight between, held at both ends; ``full`` may be the lower."""
    if value is None:
        return None
    share = (value - zero) / (full - zero)
    return round(100 * min(1.0, max(0.0, share)), 2)


def county_score(items: Sequence[Item], *, least_weight: float) -> float | None:
    """Return the weighted mean of the scored items.

    None where the scored items carry less than ``least_weight`` (0–1) of the weight: a county is not judged on
    a remnant.
    """
    scored = [item for item in items if item.score is not None]
    weight = sum(item.weight for item in scored)
    if not scored or weight < least_weight * sum(item.weight for item in items):
        return None
    return round(sum(item.weight * (item.score or 0.0) for item in scored) / weight, 2)


def duty_score(milestones: Sequence[Mapping[str, Any]], year: int, rule: Mapping[str, Any]) -> float:
    """Return the score of a year's duty from its milestones.

    Each milestone counts the same: 100 where it was confirmed by the end of its month, less
    ``points_per_month_late`` for every month begun after it, 0 where it is not done.
    """
    if not milestones:
        return 100.0
    points = [_milestone(item, year, rule["points_per_month_late"]) for item in milestones]
    return round(sum(points) / len(points), 2)


def _milestone(item: Mapping[str, Any], year: int, per_month: float) -> float:
    if not item.get("done"):
        return 0.0
    done_year, done_month = (int(part) for part in item["done"].split("-")[:2])
    late = (done_year - year) * 12 + done_month - int(item["month"])
    return max(0.0, 100.0 - per_month * max(0, late))
