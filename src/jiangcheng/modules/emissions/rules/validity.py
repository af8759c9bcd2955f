"""From instants to minutes, hours, days and months: how many valid parts make a valid mean.

Flue gas follows HJ 75/76-2017 with annex D of HJ 212-2017, wastewater HJ 355/356-2019; every count is a row of the
tables ``HJ75`` and ``HJ356``. Starts are epoch seconds (UTC), days and months those of Beijing. Results do not
depend on the order of the rows.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.modules.emissions.rules import limits
from jiangcheng.standards import lookup, periods, rounding

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

MINUTE = 60
NORMAL, FAULT = ord("N"), ord("D")
CALIBRATION, MAINTENANCE, STOPPED, BROKEN_LINE = ord("C"), ord("M"), ord("F"), ord("B")
FEBRUARY = 2
BLOCK = 1 << 16
"""Rows that are added up at a time: their values, flags and sums fit into the cache of a core."""


class Aggregate(NamedTuple):
    """Means of intervals in rising order, each ``(m,)``; only intervals with at least one row appear."""

    start: Ints
    """Starts [epoch s]."""
    value: Floats
    """Mean of the valid parts; NaN where these are too few."""
    number: Ints
    """Valid parts."""
    parts: Ints
    """All parts."""
    valid: Bools


class Months(NamedTuple):
    """Calendar months, each ``(m,)``."""

    month: NDArray[np.datetime64]
    days: Ints
    """Valid days."""
    needed: Ints
    valid: Bools


def needed(level: str, on: datetime.date) -> int:
    """Return how many valid parts a mean of flue gas needs: ``minute``, ``hour``, ``day``, ``month``, ``february``.

    Raises
    ------
    NotInForce
        If no edition answers for the day.
    """
    counted = {"minute": "samples", "hour": "minutes", "day": "hours", "month": "days", "february": "days"}
    return int(lookup.value("HJ75", "gas", level, counted[level], on))


def aggregate(
    start: ArrayLike, value: ArrayLike, flag: ArrayLike, *, seconds: int, minimum: ArrayLike
) -> Aggregate:
    """Return the means of intervals.

    Parameters
    ----------
    start
        Starts of the parts [epoch s], ``(n,)``, each once, in any order.
    value
        Values of the parts; NaN is missing.
    flag
        Data flags as code points, one for all or ``(n,)``.
    seconds
        Length of the intervals: 60, 3600 or 86400; days are those of Beijing.
    minimum
        Valid parts that a mean needs, one for all.

    Raises
    ------
    ValueError
        If a start comes twice: the caller has to say which revision stands.
    """
    starts, values, flags = np.broadcast_arrays(
        np.asarray(start, np.int64), np.asarray(value, np.float64), np.asarray(flag)
    )
    if not (starts[1:] > starts[:-1]).all():
        # Rows of the store are in order already, and sorting takes most of the time.
        order = np.argsort(starts)
        starts, values, flags = starts[order], values[order], flags[order]
        if (starts[1:] == starts[:-1]).any():
            raise ValueError("a start comes twice")
    intervals, begins = _runs(starts, seconds)
    parts = np.diff(begins, append=len(starts))
    number, total = _added(values, flags, begins, parts)
    enough = number >= np.maximum(np.asarray(minimum), 1)
    mean = rounding.settle(np.where(enough, total / np.maximum(number, 1), np.nan))
    return Aggregate(intervals, mean, number, parts, enough)


def _added(values: Floats, flags: NDArray[np.integer], begins: Ints, parts: Ints) -> tuple[Ints, Floats]:
    """Return number and sum of the good rows of each run, some runs at a time so that they stay in the cache."""
    number, total = np.zeros(len(begins), np.int64), np.zeros(len(begins))
    if not len(begins):
        return number, total
    step = max(BLOCK * len(begins) // len(values), 1)
    for first in range(0, len(begins), step):
        some = slice(first, first + step)
        rows = slice(begins[first], begins[some][-1] + parts[some][-1])
        value = values[rows]
        good = limits.valid(flags[rows]) & (value == value)
        number[some], total[some] = _sums(good, _kept(value, good), begins[some] - begins[first], parts[some])
    return number, total


def _runs(starts: Ints, seconds: int) -> tuple[Ints, Ints]:
    """Return the intervals in which rising starts lie, and where each one's rows begin."""
    if not len(starts):
        return starts, starts
    first, last = _floor(starts[[0, -1]], seconds).tolist()
    if (last - first) // seconds > len(starts):
        # More intervals than rows: look at the rows.
        floors = _floor(starts, seconds)
        begins = np.append(0, np.flatnonzero(floors[1:] != floors[:-1]) + 1)
        return floors[begins], begins
    edges = np.arange(first, last + seconds, seconds)
    begins = _places(starts, edges)
    there = np.diff(begins, append=len(starts)) > 0
    return edges[there], begins[there]


def _places(starts: Ints, edges: Ints) -> Ints:
    """Return where each edge belongs among rising starts, as `searchsorted` does, at once where these are regular."""
    whole = len(starts)
    step = max(int(starts[-1] - starts[0]) // max(whole - 1, 1), 1)
    guess = np.clip(-((starts[0] - edges) // step), 0, whole)
    at_least = (guess == whole) | (starts[np.minimum(guess, whole - 1)] >= edges)
    no_earlier = (guess == 0) | (starts[np.maximum(guess - 1, 0)] < edges)
    return guess if (at_least & no_earlier).all() else np.searchsorted(starts, edges)


def _kept(values: Floats, good: Bools) -> Floats:
    """Return the good values, zero for the others: by the bits, which a random mask does not slow down."""
    mask = -np.ascontiguousarray(good).view(np.uint8).astype(np.int64)
    mask &= np.ascontiguousarray(values).view(np.int64)
    return mask.view(np.float64)


def _sums(good: Bools, kept: Floats, begins: Ints, parts: Ints) -> tuple[Ints, Floats]:
    """Return number and sum of the good parts of each run of rows; at least one run."""
    if (parts == parts[0]).all():
        # Runs of one length are a table, whose rows add up much faster than runs do.
        shape = len(parts), int(parts[0])
        # Small numbers are added up in small ones.
        width = np.uint8 if shape[1] < 256 else np.int64
        number = good.view(np.uint8).reshape(shape).sum(axis=1, dtype=width)
        return number.astype(np.int64), kept.reshape(shape).sum(axis=1)
    return np.add.reduceat(good, begins, dtype=np.int64), np.add.reduceat(kept, begins)


def gas(start: ArrayLike, value: ArrayLike, flag: ArrayLike, *, level: str, on: datetime.date) -> Aggregate:
    """Return valid ``minute`` means of instants, ``hour`` means of minutes or ``day`` means of hours.

    Clause: HJ 212-2017 annex D, HJ 75-2017 12; 12 instants, 45 minutes, 20 hours.
    """
    seconds = {"minute": MINUTE, "hour": periods.HOUR, "day": periods.DAY}[level]
    return aggregate(start, value, flag, seconds=seconds, minimum=needed(level, on))


def operating_minimum(running: ArrayLike, minimum: int, whole: int) -> Ints:
    """Return the valid parts an interval of starting or stopping needs: the same share of what was running.

    Parameters
    ----------
    running
        Parts in which the plant ran, ``(n,)``, 0 … `whole`.
    minimum, whole
        Valid parts and all parts of a full interval, 45 and 60. Only where the local rule says so.
    """
    share = np.asarray(running, np.int64) * minimum
    return np.maximum(-(-share // whole), 1).astype(np.int64)


def months(day: ArrayLike, valid: ArrayLike) -> Months:
    """Tell which months have enough valid days; February needs fewer, a leap day changes nothing (HJ 76-2017).

    Parameters
    ----------
    day
        Calendar days, ``datetime64[D]``, ``(n,)``, each once.
    valid
        Whether each day has a valid mean.
    """
    days = np.asarray(day, "datetime64[D]")
    found, group = np.unique(days.astype("datetime64[M]"), return_inverse=True)
    number = np.bincount(group[np.asarray(valid, bool)], minlength=len(found)).astype(np.int64)
    asked = np.array([_needed_days(month) for month in found], np.int64)
    return Months(found, number, asked, number >= asked)


def _needed_days(month: np.datetime64) -> int:
    first: datetime.date = month.astype("datetime64[D]").item()
    return needed("february" if first.month == FEBRUARY else "month", first)


def flag_of(number: ArrayLike, parts: ArrayLike, *, share: float) -> NDArray[np.int64]:
    """Return the flag of aggregates of which only flags arrive: N where enough parts are normal, else D.

    Parameters
    ----------
    number, parts
        Normal parts and all parts, ``(n,)``.
    share
        Share of normal parts that is asked [%]: 75 for gas, 100 for water (HJ 212-2017 C.16 … C.18).
    """
    normal, whole = np.asarray(number, np.float64), np.asarray(parts, np.float64)
    return np.where((whole > 0) & (normal * 100.0 >= share * whole), NORMAL, FAULT).astype(np.int64)


def capture(hours: ArrayLike, invalid: ArrayLike, stopped: ArrayLike) -> Floats:
    """Return the data capture of quarters [%] (HJ 75-2017 12.1); NaN where the plant never ran.

    Parameters
    ----------
    hours, invalid, stopped
        Hours of the quarter, invalid ones while running, and hours of standstill.
    """
    whole, bad, still = (np.asarray(item, np.float64) for item in (hours, invalid, stopped))
    ran = whole - still
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(ran > 0, 100.0 * (ran - bad) / ran, np.nan)
    return rounding.settle(share)


def out_of_control(start: ArrayLike, check_at: ArrayLike, passed: ArrayLike, *, forward: bool) -> Bools:
    """Tell which values lie between a failed check and the last passed one before it (失控).

    Parameters
    ----------
    start
        Starts of the values [epoch s], ``(n,)``.
    check_at, passed
        Instants of the checks [epoch s] and whether each was passed, ``(m,)``.
    forward
        Whether what follows a failed check is out of control too, until one is passed: wastewater (HJ 356-2019 6).
        For flue gas the time back to the last passed check counts (HJ 75-2017 12).
    """
    starts = np.asarray(start, np.int64)
    order = np.argsort(np.asarray(check_at, np.int64), kind="stable")
    instants = np.asarray(check_at, np.int64)[order]
    good = np.asarray(passed, bool)[order]
    if not len(instants):
        return np.zeros(starts.shape, bool)
    following = np.searchsorted(instants, starts, side="right")
    outcome = np.concatenate((good, [True]))
    lost = ~outcome[following]
    if forward:
        before = np.concatenate(([True], good))
        lost |= ~before[following]
    return np.asarray(lost, bool)


def overdue(start: ArrayLike, calibrated_at: ArrayLike, *, interval: int) -> Bools:
    """Tell which values were measured with an instrument whose calibration had run out.

    Parameters
    ----------
    start
        Starts of the values [epoch s].
    calibrated_at
        Instants of passed calibrations [epoch s].
    interval
        Time a calibration holds [s].
    """
    starts, done = np.asarray(start, np.int64), np.sort(np.asarray(calibrated_at, np.int64))
    place = np.searchsorted(done, starts, side="right") - 1
    if not len(done):
        return np.ones(starts.shape, bool)
    return np.asarray((place < 0) | (starts - done[np.maximum(place, 0)] > interval), bool)


def water_day(
    start: ArrayLike,
    concentration: ArrayLike,
    flow: ArrayLike,
    flag: ArrayLike,
    *,
    due: int,
    on: datetime.date,
) -> Aggregate:
    """Return flow-weighted day means of wastewater, ``sum(C Q) / sum(Q)`` (HJ 356-2019 7).

    Parameters
    ----------
    start
        Starts of the readings [epoch s], ``(n,)``, each once.
    concentration, flow
        Same shape; any unit of flow. Readings without flow do not count.
    flag
        Data flags.
    due
        Readings due on a day: 24 at one per hour, 12 at one in two hours.
    on
        Date of the data, for the share that is asked.
    """
    starts = np.asarray(start, np.int64)
    values = np.asarray(concentration, np.float64)
    flows, flags = np.broadcast_arrays(np.asarray(flow, np.float64), np.asarray(flag))
    flows, flags = np.broadcast_to(flows, starts.shape), np.broadcast_to(flags, starts.shape)
    if len(np.unique(starts)) != len(starts):
        raise ValueError("a start comes twice")
    order = np.argsort(starts)
    starts, values, flows, flags = starts[order], values[order], flows[order], flags[order]
    days, group = np.unique(_floor(starts, periods.DAY), return_inverse=True)
    good = limits.valid(flags) & ~np.isnan(values) & (flows > 0)
    number = np.bincount(group[good], minlength=len(days)).astype(np.int64)
    weight = np.bincount(group[good], weights=flows[good], minlength=len(days))
    total = np.bincount(group[good], weights=(flows * values)[good], minlength=len(days))
    share = lookup.value("HJ356", "water", "day", "readings", on)
    enough = (number * 100.0 >= share * due) & (number > 0)
    mean = rounding.settle(np.where(enough, total / np.where(weight > 0, weight, 1.0), np.nan))
    parts = np.bincount(group, minlength=len(days)).astype(np.int64)
    return Aggregate(days, mean, number, parts, enough)


def water_month(value: ArrayLike, *, due: int, on: datetime.date) -> float:
    """Return the mean of the valid days of a month, NaN where these are too few (HJ 356-2019 7).

    Parameters
    ----------
    value
        Valid means of the days of one month, NaN where there is none.
    due
        Days on which data were due.
    """
    values = np.asarray(value, np.float64)
    there = ~np.isnan(values)
    share = lookup.value("HJ356", "water", "month", "days", on)
    if not there.any() or there.sum() * 100.0 < share * due:
        return float("nan")
    return float(rounding.settle(np.sort(values[there]).mean()))


def samples(sampled_at: ArrayLike) -> Bools:
    """Tell which readings are a sample of their own: an analyser holds its value until the next cycle.

    Parameters
    ----------
    sampled_at
        ``SampleTime`` of the readings [epoch s], in the order of the readings; one sample counts once.
    """
    instants = np.asarray(sampled_at, np.int64)
    first = np.zeros(instants.shape, bool)
    first[np.unique(instants, return_index=True)[1]] = True
    return first


def agreeing(instrument: ArrayLike, logger: ArrayLike, platform: ArrayLike, *, on: datetime.date) -> Bools:
    """Tell where instrument, logger and platform agree within the tolerance (HJ 356-2019 6)."""
    three = np.stack(
        np.broadcast_arrays(*(np.asarray(v, np.float64) for v in (instrument, logger, platform)))
    )
    tolerance = lookup.value("HJ356", "water", "reading", "agreement", on) / 100.0
    spread = three.max(axis=0) - three.min(axis=0)
    return np.asarray(spread <= tolerance * np.abs(three[0]) + 1e-12, bool)


def check_passed(
    parameter: str,
    reference: ArrayLike,
    measured: ArrayLike,
    *,
    on: datetime.date,
    kind: str = "real_sample",
) -> Bools:
    """Tell which comparisons keep the band of HJ 355-2019 table 1.

    Parameters
    ----------
    parameter
        ``COD``, ``NH3N``, ``TP``, ``TN``, ``pH`` or ``flow``.
    reference, measured
        Laboratory and instrument, mg/L (pH: 1), ``(n,)``.
    kind
        ``real_sample`` or ``standard_sample``.

    Raises
    ------
    NotInForce
        If the table has no band.
    """
    rows = [row for row in lookup.rows("HJ355", on) if (row.parameter, row.averaging) == (parameter, kind)]
    if not rows:
        raise lookup.NotInForce(f"HJ355: no band of {parameter} for a {kind} on {on}")
    rows.sort(key=lambda row: float(row.zone))
    truth, found = np.asarray(reference, np.float64), np.asarray(measured, np.float64)
    place = np.maximum(np.searchsorted([float(row.zone) for row in rows], truth, side="right") - 1, 0)
    width = np.array([row.value for row in rows])[place]
    relative = np.array([row.unit == "%" for row in rows])[place]
    allowed = np.where(relative, width / 100.0 * np.abs(truth), width)
    return np.asarray(np.abs(found - truth) <= allowed + 1e-9, bool)


def _floor(start: Ints, seconds: int) -> Ints:
    offset = periods.OFFSET if seconds == periods.DAY else 0
    return (start + offset) // seconds * seconds - offset
