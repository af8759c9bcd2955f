"""Water as a quantity: ecological base flow, use against quotas, and rates of lists."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.methods import statistics
from jiangcheng.standards import rounding

DAY_SECONDS = 86_400
DAYS, MONTHS = "day", "month"
"""Counting rules of the guarantee rate: every day counts, or the mean of every month."""


class FlowGuarantee(NamedTuple):
    """How often a section kept its ecological base flow in a period, and by which rule that was counted."""

    percent: float
    """Kept steps in percent of the steps with valid data; NaN where there is none."""
    kept: int
    valid: int
    missing: int
    """Steps of the period without data; not in the denominator."""
    short: NDArray[np.int64]
    """Indices of the days (or first days of months) that fell short."""
    longest: int
    """Longest run of steps that fell short; a step without data ends a run."""
    deficit: float
    """Water that was short [m³]."""
    rule: str


class QuotaStanding(NamedTuple):
    """Water use of units against their quotas, ``(n,)``."""

    share: NDArray[np.float64]
    """Use so far in percent of the quota."""
    expected: NDArray[np.float64]
    """Use of the whole year at the pace so far, in percent of the quota."""
    level: NDArray[np.int8]
    """0 not known, 1 within, 2 alarm before exceeding, 3 exceeded."""


def flow_guarantee(
    flow: ArrayLike,
    base: ArrayLike,
    *,
    controlled: ArrayLike = True,
    months: ArrayLike | None = None,
    rule: str = DAYS,
) -> FlowGuarantee:
    """Return the guarantee rate of the base flow.

    Parameters
    ----------
    flow
        Daily mean flow in order [m³/s], ``(n,)``, NaN where missing.
    base
        Base flow, one for all or one per day [m³/s]; winter may have its own.
    controlled
        Whether a day lies in the control period.
    months
        Number of the month of each day, increasing through years; needed for the rule by months.
    rule
        `DAYS` or `MONTHS`: a month keeps the base flow if its mean flow does, over its days with data.

    Raises
    ------
    ValueError
        If the rule is unknown, or months are missing for it.
    """
    if rule not in (DAYS, MONTHS) or (rule == MONTHS and months is None):
        raise ValueError(f"cannot count by {rule!r}")
    numbers = np.asarray(flow, dtype=np.float64)
    wanted = np.broadcast_to(np.asarray(base, dtype=np.float64), numbers.shape)
    inside = np.broadcast_to(np.asarray(controlled, dtype=np.bool_), numbers.shape)
    deficit = np.nansum(np.where(inside, np.maximum(0.0, wanted - numbers), 0.0)) * DAY_SECONDS
    places = np.flatnonzero(inside)
    if rule == MONTHS:
        assert months is not None
        places, numbers, wanted = _by_month(places, numbers, wanted, np.asarray(months))
    else:
        numbers, wanted = numbers[inside], wanted[inside]
    valid = ~np.isnan(numbers)
    short = valid & (numbers < wanted)
    kept, known = int((valid & ~short).sum()), int(valid.sum())
    return FlowGuarantee(
        percent=statistics.share(kept, known),
        kept=kept,
        valid=known,
        missing=int((~valid).sum()),
        short=places[short].astype(np.int64),
        longest=longest_run(short),
        deficit=float(deficit),
        rule=rule,
    )


def driest_month_flow(
    flow: ArrayLike, years: ArrayLike, months: ArrayLike, *, percent: float = 90.0
) -> float:
    """Return the mean flow of the driest month that is reached in ``percent`` % of the years (Q90).

    The driest months of the years are put in falling order; the frequency of the m-th of n is m / (n + 1)
    (Weibull), and between two frequencies the flow is interpolated.
    """
    numbers = np.asarray(flow, dtype=np.float64)
    keys = np.asarray(years, dtype=np.int64) * 12 + np.asarray(months, dtype=np.int64) - 1
    known = ~np.isnan(numbers)
    found, group = np.unique(keys[known], return_inverse=True)
    means = np.bincount(group, numbers[known]) / np.bincount(group)
    driest = np.array([means[found // 12 == year].min() for year in np.unique(found // 12)])
    frequency = np.arange(1, driest.size + 1) / (driest.size + 1) * 100
    return float(np.interp(percent, frequency, np.sort(driest)[::-1]))


def in_control_period(months: ArrayLike, first: int, last: int) -> NDArray[np.bool_]:
    """Tell which months (1…12) lie in a control period, which may run over the end of the year."""
    numbers = np.asarray(months, dtype=np.int64)
    if first <= last:
        return (numbers >= first) & (numbers <= last)
    return (numbers >= first) | (numbers <= last)


def quota_standing(used: ArrayLike, quota: ArrayLike, elapsed: ArrayLike, *, alarm: float) -> QuotaStanding:
    """Return how units stand against the quota of a year, with an alarm before it is exceeded.

    Parameters
    ----------
    used, quota
        Water used so far and allowed in the year [10⁴ m³].
    elapsed
        Share of the year that the use covers, 0…1.
    alarm
        Share of the quota from which use, or the use expected at this pace, raises an alarm.
    """
    taken, allowed = np.asarray(used, dtype=np.float64), np.asarray(quota, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(allowed > 0, 100 * taken / allowed, np.nan)
        expected = np.where(np.asarray(elapsed) > 0, share / np.asarray(elapsed, dtype=np.float64), np.nan)
    near = (share >= 100 * alarm) | (expected > 100)
    level = np.where(np.isnan(share), 0, np.where(taken > allowed, 3, np.where(near, 2, 1)))
    return QuotaStanding(
        rounding.round_half_even(rounding.settle(share), 1),
        rounding.round_half_even(rounding.settle(expected), 1),
        level.astype(np.int8),
    )


def coverage(parts: ArrayLike, wholes: ArrayLike) -> float:
    """Return ``Σ parts / Σ wholes`` in percent with one decimal, over the pairs that are both known."""
    some, every = np.asarray(parts, dtype=np.float64), np.asarray(wholes, dtype=np.float64)
    known = ~np.isnan(some) & ~np.isnan(every)
    whole = float(every[known].sum())
    if whole <= 0:
        return float("nan")
    return float(rounding.round_half_even(rounding.settle(100 * some[known].sum() / whole), 1))


def months_elapsed(through: dt.date) -> float:
    """Return the share of the year that has passed at the end of a date's month."""
    return through.month / 12


def _by_month(
    places: NDArray[np.int64],
    flow: NDArray[np.float64],
    base: NDArray[np.float64],
    months: NDArray[np.int64],
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    keys, first, group = np.unique(months[places], return_index=True, return_inverse=True)
    means, wanted = np.full(keys.size, np.nan), np.zeros(keys.size)
    for number in range(keys.size):
        days = places[group == number]
        known = days[~np.isnan(flow[days])]
        wanted[number] = base[days].mean()
        if known.size:
            means[number] = flow[known].mean()
    return places[first], rounding.settle(means), rounding.settle(wanted)


def longest_run(short: NDArray[np.bool_]) -> int:
    """Return the length of the longest run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], short.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0
