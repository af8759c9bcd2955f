"""What a check of an instrument says about the values around it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

INSIDE, LAPSED, FAILED = 0, 1, 2
REASONS = {LAPSED: "lapsed", FAILED: "failed"}


@dataclasses.dataclass(frozen=True, slots=True)
class Check:
    """A check of some kind: from when to when it vouches [epoch s, half open], and whether it was passed."""

    kind: str
    at: int
    until: int
    passed: bool


def outside_qc(
    starts: npt.NDArray[np.int64], checks: Sequence[Check], kinds: Mapping[str, Mapping[str, Any]]
) -> npt.NDArray[np.int8]:
    """Tell for each value whether quality control vouches for it.

    A value is judged by every kind of check of which it has one before it. The latest one counts: failed, or
    no longer valid, it does not vouch. Where the kind says ``back``, a failed check also takes the values
    since the passed one before it (HJ 75-2017, periods out of control). Before the first check nothing is
    said: that a point has none is told elsewhere.

    Parameters
    ----------
    starts
        Starts of the values [epoch s].
    checks
        Of one series, in any order.
    kinds
        By code of the kind, the row of ``data/qc.json``; kinds that are not there judge nothing.

    Returns
    -------
    numpy.ndarray
        ``INSIDE``, ``LAPSED`` or ``FAILED``, shape of ``starts``.
    """
    found = np.full(len(starts), INSIDE, np.int8)
    for code, kind in kinds.items():
        mine = sorted((check for check in checks if check.kind == code), key=lambda check: check.at)
        if not mine:
            continue
        at = np.array([check.at for check in mine])
        until = np.array([check.until for check in mine])
        passed = np.array([check.passed for check in mine])
        place = np.searchsorted(at, starts, side="right") - 1
        judged = place >= 0
        last = np.maximum(place, 0)
        lapsed = judged & passed[last] & (starts >= until[last])
        failed = judged & ~passed[last]
        if kind.get("back"):
            following = np.append(~passed[1:], False)
            failed |= judged & following[last]
        found[lapsed & (found == INSIDE)] = LAPSED
        found[failed] = FAILED
    return found


def covering(at: int, checks: Sequence[Check]) -> list[int]:
    """Return the places of the latest check of each kind before an instant that is still valid then."""
    latest: dict[str, int] = {}
    for place, check in sorted(enumerate(checks), key=lambda pair: pair[1].at):
        if check.at <= at:
            latest[check.kind] = place
    return sorted(place for place in latest.values() if at < checks[place].until)
