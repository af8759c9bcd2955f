"""Twelve quarters of compliance: what happened in each."""

from __future__ import annotations

import datetime as dt

import numpy as np
from numpy.typing import ArrayLike, NDArray


def quarters(on: dt.date, count: int = 12) -> list[dt.date]:
    """Return the first days of the last quarters, ``on``'s quarter last, and then the day after it."""
    month = on.year * 12 + (on.month - 1) // 3 * 3
    starts = [month - 3 * back for back in range(count - 1, -2, -1)]
    return [dt.date(value // 12, value % 12 + 1, 1) for value in starts]


def count_by_quarter(first: ArrayLike, last: ArrayLike, edges: ArrayLike) -> NDArray[np.int64]:
    """Return how many spans touch each quarter.

    Parameters
    ----------
    first, last
        First and last day of each span [days, ``datetime64[D]``], ``(n,)``.
    edges
        First days of the quarters and the day after the last one, ``(q + 1,)``.
    """
    starts = np.asarray(first, dtype="datetime64[D]")[:, None]
    ends = np.asarray(last, dtype="datetime64[D]")[:, None]
    bounds = np.asarray(edges, dtype="datetime64[D]")
    touches = (starts < bounds[None, 1:]) & (ends >= bounds[None, :-1])
    counts: NDArray[np.int64] = touches.sum(axis=0).astype(np.int64)
    return counts


def cell_state(*, bad: int, obliged: int | None) -> str:
    """Return ``bad``, ``ok`` or ``none`` (nothing was due); ``obliged`` is None where it always applies."""
    if bad:
        return "bad"
    return "none" if obliged == 0 else "ok"
