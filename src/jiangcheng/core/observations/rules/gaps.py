"""Why values are missing from a series."""

from __future__ import annotations

import enum
from typing import NamedTuple

import numpy as np

from jiangcheng.core.observations.rules import calendar
from jiangcheng.core.observations.rules.columns import COUNTING, REJECTED, Array


class Reason(enum.Enum):
    """What stands in the place of a value that counts."""

    SILENT = "silent"
    """Nothing came."""
    EMPTY = "empty"
    """The source reported, without a value."""
    REJECTED = "rejected"
    """A person rejected the value."""
    FLAGGED = "flagged"
    """The source itself says the value does not count: maintenance, fault, calibration …"""
    NOT_EXPECTED = "not_expected"
    """The station did not stand yet, or no longer."""


class Gap(NamedTuple):
    """A period ``[start, end)`` [epoch s] in which no value counts, for one reason."""

    start: int
    end: int
    reason: Reason
    flags: str
    """The letters of the source, each once, where it flagged the values."""


def find(
    start: Array, value: Array, flag: Array, *, begin: int, end: int, step: int, lifetime: tuple[int, int]
) -> list[Gap]:
    """Return the gaps of one series in ``[begin, end)``, oldest first.

    Only intervals that are over at ``end`` are expected.

    Parameters
    ----------
    start, value, flag
        The series as it was read, ascending.
    step
        Seconds between values when all is well; expected starts are multiples of it in Beijing time.
    lifetime
        ``[from, to)`` [epoch s] in which the station stands.
    """
    first = -(-(begin + calendar.BEIJING) // step) * step - calendar.BEIJING
    expected = np.arange(first, end - step + 1, step)
    if not len(expected):
        return []
    reasons = list(Reason)
    state = np.full(len(expected), reasons.index(Reason.SILENT))
    state[(expected < lifetime[0]) | (expected >= lifetime[1])] = reasons.index(Reason.NOT_EXPECTED)
    letters = np.zeros(len(expected), np.int64)
    inside = (start >= first) & (start < first + len(expected) * step)
    start, value, flag = start[inside], value[inside], flag[inside]
    place = (start - first) // step
    # Values that do not count come first, so that a value that counts fills its place for good.
    counts = np.isin(flag, COUNTING)
    state[place[~counts]] = reasons.index(Reason.FLAGGED)
    state[place[flag == REJECTED]] = reasons.index(Reason.REJECTED)
    letters[place[~counts]] = flag[~counts]
    state[place[counts & np.isnan(value)]] = reasons.index(Reason.EMPTY)
    state[place[counts & ~np.isnan(value)]] = len(reasons)
    return _runs(expected, state, letters, step)


def _runs(expected: Array, state: Array, letters: Array, step: int) -> list[Gap]:
    reasons = list(Reason)
    edges = np.flatnonzero(np.diff(state)) + 1
    begins = np.append(0, edges)
    stops = np.append(edges, len(expected))
    found = []
    for first, last in zip(begins.tolist(), stops.tolist(), strict=True):
        if state[first] == len(reasons):
            continue
        reason = reasons[state[first]]
        flags = "".join(map(chr, np.unique(letters[first:last]))) if reason is Reason.FLAGGED else ""
        found.append(Gap(int(expected[first]), int(expected[last - 1]) + step, reason, flags))
    return found
