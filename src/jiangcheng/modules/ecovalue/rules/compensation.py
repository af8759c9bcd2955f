"""What areas owe one another for the water at a section: by agreement, month by month."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping


@dataclasses.dataclass(frozen=True, slots=True)
class Payment:
    """A month of an agreement; positive: the upper area pays, negative: it is paid."""

    month: int
    concentration: float | None
    """[mg/L]; None where there is no data."""
    amount: float
    """[10⁴ CNY]"""
    capped: bool


def settle(
    months: Mapping[int, float | None],
    *,
    target: float,
    base: float,
    cap: float,
    reward_below: float | None = None,
    reward: float = 0.0,
) -> tuple[Payment, ...]:
    """Settle a year: worse than agreed pays ``(C − T) ÷ T · base``, at most ``cap``.

    Parameters
    ----------
    months
        Mean concentration per month 1–12 [mg/L]; a month without data costs nobody anything and is told.
    target
        Agreed concentration T [mg/L].
    base, cap, reward
        [10⁴ CNY] per month.
    reward_below
        At or below this concentration the lower area pays ``reward``; None: no reward.

    Raises
    ------
    ValueError
        If the target is not positive, or a reward would be due while the target is missed.
    """
    if target <= 0:
        raise ValueError("the agreed concentration must be positive")
    if reward_below is not None and reward_below >= target:
        raise ValueError("a reward begins below the agreed concentration")
    return tuple(
        _month(month, months.get(month), target, base, cap, reward_below, reward) for month in range(1, 13)
    )


def _month(
    month: int,
    concentration: float | None,
    target: float,
    base: float,
    cap: float,
    reward_below: float | None,
    reward: float,
) -> Payment:
    if concentration is None:
        return Payment(month, None, 0.0, False)
    if concentration > target:
        due = (concentration - target) / target * base
        return Payment(month, concentration, round(min(due, cap), 4), due > cap)
    rewarded = reward_below is not None and concentration <= reward_below
    return Payment(month, concentration, -reward if rewarded else 0.0, False)
