"""Targets beside their numbers."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping

from jiangcheng.core.indicators import queries as indicators
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.modules.plan import rules

STATES = ("met", "missed", "unscored", "pending", "awaited")


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """One value of a target under one edition of a standard."""

    row: IndicatorValue
    score: rules.Score
    remaining: Mapping[str, float]
    """What may still happen this year, see `rules.remaining`."""

    @property
    def through(self) -> datetime.date:
        """Return the last day whose data the value holds."""
        if through := self.row.lineage.get("through"):
            return datetime.date.fromisoformat(through)
        return self.row.period_end_date - datetime.timedelta(days=1)


@dataclasses.dataclass(frozen=True, slots=True)
class Standing:
    """A target and its readings, one per edition; the latest edition is last."""

    target: rules.Target
    readings: tuple[Reading, ...]

    @property
    def state(self) -> str:
        """``met``, ``missed``, ``unscored`` (a value but no number to meet), ``pending`` or ``awaited``.

        ``pending``: the platform computes it and has no value yet. ``awaited``: a department reports it (待上报).
        """
        if not self.readings:
            return "pending" if self.target.indicator else "awaited"
        met = self.readings[-1].score.met
        return "unscored" if met is None else "met" if met else "missed"


def standings(*, on: datetime.date) -> list[Standing]:
    """Return every target in force on the date with its latest readings."""
    targets = rules.targets(on)
    values = indicators.latest(indicators={target.indicator or target.id for target in targets}, on=on)
    return [
        Standing(
            target,
            tuple(_reading(target, row) for row in values.get(target.indicator or target.id, [])),
        )
        for target in targets
    ]


def _reading(target: rules.Target, row: IndicatorValue) -> Reading:
    counted = row.lineage.get("intermediates", {})
    return Reading(row, rules.score(target, row.value), rules.remaining(target, counted))
