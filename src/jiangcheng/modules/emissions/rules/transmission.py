"""How much of the due data arrived and was valid: the transmission-effective rate (传输有效率).

Effective rate = transmission rate times validity rate. An item is an hour of a factor of an outlet and counts once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Rates(NamedTuple):
    """Rates of groups [%], each ``(m,)``; NaN where nothing was due or nothing came."""

    due: Ints
    received: Ints
    valid: Ints
    timely: Ints
    transmission: Floats
    validity: Floats
    effective: Floats
    """0 where items were due and none came."""
    on_time: Floats
    """Items that came without delay, of those due; told beside the rate, not part of it."""


def rates(
    group: ArrayLike,
    groups: int,
    due: ArrayLike,
    received: ArrayLike,
    valid: ArrayLike,
    delay: ArrayLike,
    *,
    window: float,
    prompt: float,
) -> Rates:
    """Return the rates of groups of items, e.g. the months of an outlet.

    Parameters
    ----------
    group, groups
        Group of each item, ``(n,)``, and how many there are.
    due
        Whether the item was due: approved standstill is not.
    received, valid
        Whether it came, and whether it is valid or was properly completed.
    delay
        Time from the end of the hour to the arrival [s]; NaN where nothing came.
    window
        Time within which data may be sent again or completed [s]; what comes later does not count.
    prompt
        Delay up to which an item is on time [s].
    """
    index, asked, here, sound, late = np.broadcast_arrays(
        np.asarray(group, np.int64),
        np.asarray(due, bool),
        np.asarray(received, bool),
        np.asarray(valid, bool),
        np.asarray(delay, np.float64),
    )
    came = asked & here & ~(late > window)
    good = came & sound
    quick = came & (late <= prompt)
    counts = [
        np.bincount(index[mask], minlength=groups).astype(np.int64) for mask in (asked, came, good, quick)
    ]
    due_count, received_count, valid_count, timely = counts
    return Rates(
        due=due_count,
        received=received_count,
        valid=valid_count,
        timely=timely,
        transmission=_share(received_count, due_count),
        validity=_share(valid_count, received_count),
        effective=_share(valid_count, due_count),
        on_time=_share(timely, due_count),
    )


def plant(effective: ArrayLike) -> float:
    """Return the rate of a plant: the mean over its outlets, NaN where none has one."""
    values = np.asarray(effective, np.float64)
    values = np.sort(values[~np.isnan(values)])
    return float(values.mean()) if len(values) else float("nan")


def _share(part: Ints, whole: Ints) -> Floats:
    # transmission x validity = received/due x valid/received; reckoned from the counts it stays exact.
    return np.where(whole > 0, 100.0 * part / np.maximum(whole, 1), np.nan)
