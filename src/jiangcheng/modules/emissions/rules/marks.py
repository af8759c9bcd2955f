"""What an enterprise marks (标记): intervals beside the data, never values in their place.

Kinds, effects and terms are the dated table ``marks``. An effect is ``unused`` (the plant did not run), ``exempt``
(the standard excuses the time) or ``invalid`` (the monitor did not measure); none of them is held against a limit.
``furnace`` says that the thermometer of a furnace did not measure, which leaves the flue gas to be judged.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.modules.emissions.rules import tables
from jiangcheng.standards import periods

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


class Span(NamedTuple):
    """A marked time ``[start, end)`` [epoch s]."""

    start: int
    end: int
    kind: str
    effect: str


def terms(on: dt.date) -> Mapping[str, Any]:
    """Return the table in force: ``kinds``, ``terms``, ``source``, ``verified``."""
    return tables.in_force("marks", on)


def effect(kind: str, on: dt.date) -> str:
    """Return what a kind of mark does to the judgement; empty where the day's table has no such kind."""
    found = terms(on)["kinds"].get(kind)
    return str(found["effect"]) if found else ""


def is_of_incineration(kind: str, start: dt.datetime) -> bool:
    """Tell whether only incinerators of household waste have a kind of mark."""
    found = terms(start.astimezone(periods.BEIJING).date())["kinds"].get(kind)
    return bool(found and found.get("incineration"))


def correctable_until(end: dt.datetime, on: dt.date, *, hour: int | None = None) -> dt.datetime:
    """Return until when a time that ended may be marked: noon of the next day in Beijing, or another hour of it."""
    hour = int(terms(on)["terms"]["correct_by_hour"]) if hour is None else hour
    day = end.astimezone(periods.BEIJING).date() + dt.timedelta(days=1)
    return dt.datetime.combine(day, dt.time(hour), periods.BEIJING)


def is_late(end: dt.datetime, handed_in: dt.datetime, on: dt.date, *, hour: int | None = None) -> bool:
    """Tell whether a mark came after its term."""
    return handed_in > correctable_until(end, on, hour=hour)


def refusals(kind: str, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> list[str]:
    """Return why a mark cannot be handed in: ``kind``, ``order``, ``ahead``, ``too_long``; empty if it can."""
    on = start.astimezone(periods.BEIJING).date()
    table = terms(on)
    found = table["kinds"].get(kind)
    if found is None:
        return ["kind"]
    wrong = []
    if end <= start:
        wrong.append("order")
    if end > now + dt.timedelta(hours=table["terms"]["ahead_hours"]):
        wrong.append("ahead")
    if end - start > dt.timedelta(hours=found["longest_hours"]):
        wrong.append("too_long")
    return wrong


def gaps(kind: str, *, late: bool, proofs: int, contradicted: bool, on: dt.date) -> list[str]:
    """Return what stands against accepting a mark: ``evidence``, ``late``, ``contradicted``.

    Parameters
    ----------
    late
        Handed in after its term: then it needs evidence whatever its kind.
    proofs
        Files handed in with it.
    contradicted
        What was measured says the opposite (`contradiction`).
    """
    found = terms(on)["kinds"][kind]
    wrong = []
    if found["evidence"] and not proofs:
        wrong.append("evidence")
    if late and not proofs:
        wrong.append("late")
    if contradicted:
        wrong.append("contradicted")
    return wrong


def contradiction(kind: str, value: ArrayLike, usual: float, on: dt.date) -> Ints:
    """Return the rows in which a plant that is marked as standing still was running (标停未停).

    Parameters
    ----------
    kind
        Kind of the mark; only those that claim standstill can be contradicted.
    value
        Power, load or flue gas flow within the mark, ``(n,)``; NaN is missing.
    usual
        The same when the plant runs, e.g. the median of the days before.
    """
    table = terms(on)
    values = np.asarray(value, np.float64)
    if table["kinds"][kind]["running"] is not False or not usual > 0:
        return np.empty(0, np.int64)
    rows = np.flatnonzero(values > table["terms"]["running_share"] * usual)
    return rows.astype(np.int64) if len(rows) >= table["terms"]["agree_hours"] else np.empty(0, np.int64)


def marked_seconds(start: ArrayLike, seconds: int, spans: Sequence[Span]) -> Ints:
    """Return how much of each interval ``[start, start + seconds)`` is marked [s]; overlapping marks count once."""
    starts = np.asarray(start, np.int64)
    total = np.zeros(starts.shape, np.int64)
    for first, last in merged(spans):
        total += np.clip(np.minimum(starts + seconds, last) - np.maximum(starts, first), 0, None)
    return total


def merged(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """Return the marked time as intervals that neither touch nor overlap, rising."""
    found: list[tuple[int, int]] = []
    for span in sorted(spans):
        if found and span.start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], span.end))
        elif span.end > span.start:
            found.append((span.start, span.end))
    return found


def unusable(start: ArrayLike, spans: Sequence[Span], *, needed: int) -> Bools:
    """Tell which hours have too few unmarked minutes to be judged.

    Parameters
    ----------
    start
        Starts of hours [epoch s].
    needed
        Minutes that a valid hour needs (45).
    """
    free = periods.HOUR - marked_seconds(start, periods.HOUR, spans)
    return np.asarray(free < needed * 60, bool)


def names_at(start: ArrayLike, seconds: int, spans: Sequence[Span]) -> list[str]:
    """Return the kinds of the marks that touch each interval, joined by commas; empty where there is none."""
    starts = np.asarray(start, np.int64).tolist()
    return [
        ",".join(dict.fromkeys(span.kind for span in spans if span.start < at + seconds and span.end > at))
        for at in starts
    ]
