"""Waste generated per unit of product or power, held against the unit's own months."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True, slots=True)
class Jump:
    """The last month's ratio against the median of the months before."""

    ratio: float
    usual: float
    change_percent: float
    months: int


def jump(
    generated: Sequence[float], activity: Sequence[float | None], rule: Mapping[str, Any]
) -> Jump | None:
    """Return how the last month stands out, or None where it does not or too few months are known.

    Parameters
    ----------
    generated
        Waste of consecutive months [t].
    activity
        Product [t] or power [kWh] of the same months; None or nought where it was not told.
    """
    waste = np.asarray(generated, float)
    base = np.asarray([np.nan if value is None else value for value in activity], float)
    ratio = np.divide(waste, base, out=np.full(waste.shape, np.nan), where=base > 0)
    before = ratio[:-1][np.isfinite(ratio[:-1])][-int(rule["months"]) :]
    if len(before) < int(rule["least_months"]) or not np.isfinite(ratio[-1]):
        return None
    usual = float(np.median(before))
    spread = 1.4826 * float(np.median(np.abs(before - usual)))
    if usual <= 0:
        return None
    change = 100 * (float(ratio[-1]) - usual) / usual
    far = abs(float(ratio[-1]) - usual) > float(rule["spreads"]) * max(spread, 0.01 * usual)
    if not far or abs(change) < float(rule["change_percent"]):
        return None
    return Jump(float(ratio[-1]), usual, change, len(before))
