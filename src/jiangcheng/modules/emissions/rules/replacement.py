"""Emissions of hours and days whose data are invalid: by length of the gap and availability.

Only the mass is replaced, never concentration or flow. HJ 75-2017 12 tables 5 and 6 for flue gas, the edition of
2007 for periods before it, HJ 356-2019 8 for wastewater. Counts are rows of ``HJ75`` and ``HJ356``.
"""

from __future__ import annotations

import datetime
import enum
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup, rounding

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class Method(enum.IntEnum):
    """Where the mass of an hour or day comes from."""

    MEASURED = 0
    STOPPED = 1
    MANUAL = 2
    """Reference-method readings, at least once a day."""
    SHORT_WINDOW = 3
    """Maximum of the 180 valid hours before."""
    LONG_WINDOW = 4
    """Maximum of the 720 valid hours before."""
    LOW_CAPTURE = 5
    """Maximum of the 2160 valid hours before."""
    NEIGHBOURS = 6
    """Mean of the two valid hours around (HJ/T 75-2007)."""
    LAST_DAYS = 7
    """Maximum of the last 30 valid days (HJ 356-2019)."""
    UNUSABLE = 8
    """Too little data in the quarter: other ways of accounting."""
    UNKNOWN = 9
    """Nothing to replace from."""


class Filled(NamedTuple):
    """Masses without gaps where the standard fills them, each ``(n,)``."""

    mass: Floats
    method: Ints
    """A `Method`."""
    behind: Ints
    """Valid hours or days the replacement was taken from."""


def gas(
    mass: ArrayLike,
    valid: ArrayLike,
    stopped: ArrayLike,
    capture: ArrayLike,
    *,
    on: datetime.date,
    anchor: ArrayLike | None = None,
    manual: ArrayLike | None = None,
) -> Filled:
    """Return hourly emissions with the invalid hours replaced.

    Parameters
    ----------
    mass
        Emission of consecutive hours [kg], rising in time, ``(n,)``.
    valid
        Hours with valid data.
    stopped
        Hours of standstill: they emit nothing, and neither lengthen nor break a gap.
    capture
        Data capture of the quarter of each hour [%], one for all or ``(n,)``.
    on
        Date of the data, which chooses the edition.
    anchor
        Row before which the valid hours are looked for, for each hour ``(n,)``; -1 is the beginning of the gap.
        Out of control it is the hour of the last passed check.
    manual
        Emission from reference-method readings [kg], NaN where there is none; they come first.
    """
    masses = np.asarray(mass, np.float64)
    good = np.asarray(valid, bool) & ~np.isnan(masses)
    still = np.asarray(stopped, bool) & ~good
    rates = np.broadcast_to(np.asarray(capture, np.float64), masses.shape)
    anchors = np.full(masses.shape, -1, np.int64) if anchor is None else np.asarray(anchor, np.int64)
    by_hand = np.full(masses.shape, np.nan) if manual is None else np.asarray(manual, np.float64)
    out = np.where(good, masses, np.where(still, 0.0, np.nan))
    method = np.where(good, Method.MEASURED, np.where(still, Method.STOPPED, Method.UNKNOWN)).astype(np.int64)
    behind = np.zeros(masses.shape, np.int64)
    fill = _neighbours if lookup.edition_on("HJ75", on).code == "2007" else _windows
    for rows in _gaps(good, still):
        fill(masses, good, rates, anchors, rows, on, out, method, behind)
    given = ~np.isnan(by_hand) & ~good & ~still
    out[given], method[given], behind[given] = by_hand[given], Method.MANUAL, 0
    return Filled(out, method, behind)


def _gaps(good: Bools, still: Bools) -> list[Ints]:
    """Return the rows of each run of invalid hours; standstill between them belongs to no gap."""
    running = np.flatnonzero(~still)
    bad = ~good[running]
    edges = np.flatnonzero(np.diff(np.concatenate(([False], bad, [False])).astype(np.int8)))
    return [running[first:last] for first, last in zip(edges[::2], edges[1::2], strict=True)]


def _windows(
    masses: Floats,
    good: Bools,
    rates: Floats,
    anchors: Ints,
    rows: Ints,
    on: datetime.date,
    out: Floats,
    method: Ints,
    behind: Ints,
) -> None:
    high, low = (lookup.value("HJ75", "gas", "quarter", zone, on) for zone in ("capture_high", "capture"))
    hours = {
        name: int(lookup.value("HJ75", "gas", "replacement", name, on))
        for name in ("gap", "short", "long", "low_capture")
    }
    is_short = len(rows) <= hours["gap"]
    for row in rows.tolist():
        if not rates[row] >= low:
            out[row], method[row] = np.nan, Method.UNUSABLE
            continue
        if rates[row] < high:
            chosen, window = Method.LOW_CAPTURE, hours["low_capture"]
        elif is_short:
            chosen, window = Method.SHORT_WINDOW, hours["short"]
        else:
            chosen, window = Method.LONG_WINDOW, hours["long"]
        until = int(rows[0]) if anchors[row] < 0 else int(anchors[row])
        before = masses[:until][good[:until]][-window:]
        if len(before):
            out[row], method[row], behind[row] = before.max(), chosen, len(before)


def _neighbours(
    masses: Floats,
    good: Bools,
    rates: Floats,
    anchors: Ints,
    rows: Ints,
    on: datetime.date,
    out: Floats,
    method: Ints,
    behind: Ints,
) -> None:
    del rates, anchors
    known = np.flatnonzero(good)
    place = np.searchsorted(known, rows[0])
    if len(rows) > lookup.value("HJ75", "gas", "replacement", "neighbours_gap", on):
        return
    if 0 < place < len(known):
        around = (masses[known[place - 1]] + masses[known[place]]) / 2.0
        out[rows], method[rows], behind[rows] = rounding.settle(around), Method.NEIGHBOURS, 2


def water(
    mass: ArrayLike,
    valid: ArrayLike,
    stopped: ArrayLike,
    *,
    on: datetime.date,
    anchor: ArrayLike | None = None,
    manual: ArrayLike | None = None,
) -> Filled:
    """Return daily emissions of wastewater with the invalid days replaced by the maximum of the last 30 valid ones.

    Parameters are those of `gas`, by days; `manual` takes part where at least four samples of the day were taken.
    """
    masses = np.asarray(mass, np.float64)
    good = np.asarray(valid, bool) & ~np.isnan(masses)
    still = np.asarray(stopped, bool) & ~good
    anchors = np.full(masses.shape, -1, np.int64) if anchor is None else np.asarray(anchor, np.int64)
    by_hand = np.full(masses.shape, np.nan) if manual is None else np.asarray(manual, np.float64)
    days = int(lookup.value("HJ356", "water", "replacement", "days", on))
    out = np.where(good, masses, np.where(still, 0.0, np.nan))
    method = np.where(good, Method.MEASURED, np.where(still, Method.STOPPED, Method.UNKNOWN)).astype(np.int64)
    behind = np.zeros(masses.shape, np.int64)
    for rows in _gaps(good, still):
        for row in rows.tolist():
            until = int(rows[0]) if anchors[row] < 0 else int(anchors[row])
            before = masses[:until][good[:until]][-days:]
            if not np.isnan(by_hand[row]):
                out[row], method[row] = by_hand[row], Method.MANUAL
            elif len(before):
                out[row], method[row], behind[row] = before.max(), Method.LAST_DAYS, len(before)
    return Filled(out, method, behind)
