"""Hour means above the permit limit, spells of them, and silence, on whole arrays.

A limit reaches a rule as a number; whether it comes from a permit or from a standard is the caller's business.
Which data flags count is a table of `standards`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import codes, rounding

NEVER = np.iinfo(np.int64).min
"""Stands for "never seen" in arrays of the last data [epoch s]."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


class Exceedance(NamedTuple):
    """Hour means held against limits, each ``(n,)``."""

    judged: Bools
    """A value with a valid flag, and a limit."""
    exceeded: Bools
    multiple: Floats
    """``value / limit - 1``; NaN where not exceeded, and below a lower limit."""


class Transition(NamedTuple):
    """What an hour does to the over-limit state of a series, each ``(n,)``."""

    opens: Bools
    continues: Bools
    ends: Bools
    over: Bools
    """The state afterwards."""


class Runs(NamedTuple):
    """Unbroken spells of over-limit hours, each ``(m,)``, in the order of the series."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    hours: NDArray[np.int64]
    """Judged hours above the limit within the spell."""


class Silence(NamedTuple):
    """Which series are silent, each ``(n,)``."""

    silent: Bools
    seconds: Floats
    """Since the last data; infinite where there never was any."""
    missed: Floats
    """Values that were due since; infinite where there never was any."""


def valid(flag: ArrayLike) -> Bools:
    """Tell which data flags (code point of the HJ 212 letter) let a value take part in evaluations."""
    flags = np.asarray(flag)
    first, *others = sorted(codes.valid_flags())
    found: Bools = flags == first
    for other in others:
        found = found | (flags == other)
    return found


def exceedance(
    value: ArrayLike, upper: ArrayLike, flag: ArrayLike, *, lower: ArrayLike = np.nan
) -> Exceedance:
    """Hold hour means against the limits that are in force for them.

    Parameters
    ----------
    value
        Hour means, at reference oxygen where the limit asks for it, ``(n,)``; NaN is missing.
    upper
        Greatest allowed value, same unit, one for all or ``(n,)``; NaN where there is no limit. A value equal
        to the limit keeps it.
    flag
        Data flags of the hours as code points, one for all or ``(n,)``. Only valid hours are judged.
    lower
        Least allowed value (pH); NaN where there is none.

    Returns
    -------
    Exceedance
    """
    values, uppers, lowers, flags = np.broadcast_arrays(
        np.asarray(value, np.float64), np.asarray(upper, np.float64), np.asarray(lower, np.float64), flag
    )
    limited = ~(np.isnan(uppers) & np.isnan(lowers))
    judged = valid(flags) & ~np.isnan(values) & limited
    above = judged & (values > uppers)
    exceeded = above | (judged & (values < lowers))
    with_multiple = above & (uppers > 0)
    multiple = np.full(values.shape, np.nan)
    multiple[with_multiple] = rounding.settle(values[with_multiple] / uppers[with_multiple] - 1)
    return Exceedance(judged, exceeded, multiple)


def transition(over: ArrayLike, judged: ArrayLike, exceeded: ArrayLike) -> Transition:
    """Return what an hour does to the over-limit state of each series.

    An hour that cannot be judged changes nothing: an instrument under maintenance neither opens nor ends a
    finding.

    Parameters
    ----------
    over
        State before, ``(n,)``.
    judged, exceeded
        Of the hour, as in `Exceedance`.
    """
    before = np.asarray(over, dtype=np.bool_)
    known = np.asarray(judged, dtype=np.bool_)
    above = known & np.asarray(exceeded, dtype=np.bool_)
    ends = before & known & ~above
    return Transition(above & ~before, above & before, ends, (before | above) & ~ends)


def runs(start: ArrayLike, judged: ArrayLike, exceeded: ArrayLike) -> Runs:
    """Return the spells of over-limit hours of one series, as `transition` would open and end them.

    Parameters
    ----------
    start
        Starts of the hours [epoch s], ascending, ``(n,)``.
    judged, exceeded
        As in `Exceedance`, ``(n,)``.

    Returns
    -------
    Runs
        ``first`` and ``last`` are starts of over-limit hours [epoch s].
    """
    known = np.asarray(judged, dtype=np.bool_)
    starts = np.asarray(start, dtype=np.int64)[known]
    above = np.asarray(exceeded, dtype=np.bool_)[known]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], above, [False])).astype(np.int8)))
    begin, end = edges[::2], edges[1::2]
    return Runs(starts[begin], starts[end - 1], (end - begin).astype(np.int64))


def silence(
    last_seen: ArrayLike, expected_interval: ArrayLike, *, now: int, factor: ArrayLike = 2.0
) -> Silence:
    """Tell which series are silent: nothing for longer than `factor` expected intervals.

    Parameters
    ----------
    last_seen
        End of the last interval with data [epoch s], ``(n,)``; `NEVER` where there never was any.
    expected_interval
        Time between values when all is well [s], one for all or ``(n,)``.
    now
        Time of the question [epoch s].
    factor
        Intervals that may pass, at least 1.

    Returns
    -------
    Silence
    """
    last = np.asarray(last_seen, dtype=np.int64)
    interval = np.asarray(expected_interval, dtype=np.float64)
    seconds = np.where(last == NEVER, np.inf, np.float64(now) - last.astype(np.float64))
    missed = np.floor(np.maximum(seconds, 0.0) / interval)
    return Silence(seconds > interval * np.asarray(factor, dtype=np.float64), seconds, missed)
