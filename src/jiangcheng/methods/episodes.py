"""Which values of many series start, prolong and end an episode of a condition."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Episodes(NamedTuple):
    """What a rule has to say about series after some of their values came or changed."""

    occurrences: NDArray[np.int64]
    """Rows that came or changed and fulfil the condition, by time within their series."""
    ended: dict[int, int]
    """Series whose latest value does not fulfil the condition, with the start of the first value since."""


def episodes(
    series: NDArray[np.integer],
    start: NDArray[np.int64],
    condition: NDArray[np.bool_],
    touched: NDArray[np.bool_],
) -> Episodes:
    """Return what happened in each series.

    Parameters
    ----------
    series
        Number of the series of each value, shape ``(n,)``; any order.
    start
        Start of the interval of each value [epoch s].
    condition
        Whether the value fulfils the condition, e.g. exceeds its limit. Values that cannot be judged are
        left out by the caller: they neither prolong nor end an episode.
    touched
        Whether the value is new or changed.
    """
    order = np.lexsort((start, series))
    ordered, fulfilled = series[order], condition[order]
    occurrences = order[fulfilled & touched[order]]
    if not len(order):
        return Episodes(occurrences, {})
    first = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    behind = np.r_[first[1:], len(order)]
    last_fulfilled = np.maximum.reduceat(np.where(fulfilled, np.arange(len(order)), -1), first)
    since = np.maximum(last_fulfilled, first - 1) + 1
    over = since < behind
    return Episodes(
        occurrences,
        dict(zip(ordered[first[over]].tolist(), start[order[since[over]]].tolist(), strict=True)),
    )
