"""What became of cases, as their steps tell, and the rates of governance practice."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping


@dataclasses.dataclass(slots=True)
class Handled:
    """What happened to a case, as its steps tell."""

    group: str
    severity: int
    found_by: str
    opened_at: dt.datetime
    closed_at: dt.datetime | None
    state: str
    due_at: dt.datetime | None
    reworks: int
    relapse: bool
    filed: bool = False
    dispatched: bool = False
    dispatched_in_time: bool = True
    returned: bool = False
    handled: bool = False
    handled_in_time: bool = True
    hours: float | None = None
    """From the first dispatch to the last result [h]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rates:
    """The rates of governance practice after GB/T 30428; None where nothing was to be done."""

    filed: float | None
    """立案率: filed of reported."""
    dispatched_in_time: float | None
    """派遣及时率."""
    handled: float | None
    """处置率: handled of dispatched."""
    handled_in_time: float | None
    """按期处置率."""
    closed: float | None
    """结案率: closed of filed."""
    rework: float | None
    """返工率: sent back of handled."""
    misdirected: float | None
    """差错派遣率: returned of dispatched."""
    relapse: float | None
    """重复发生率."""
    found_by_itself: float | None
    """自主发现率: found by rules and instruments."""
    median_hours: float | None
    """处置时长中位数 [h]."""


def walked(
    facts: Mapping[int, Handled],
    steps: Iterable[tuple[int, str, str, str, dt.datetime, dt.datetime | None]],
) -> None:
    """Note on each case what its steps tell.

    Parameters
    ----------
    steps
        Key of the case, action, state before and after, instant, and end of the clock that began with the
        step; ordered by case and sequence.
    """
    due: dict[int, dt.datetime | None] = {}
    begun: dict[int, dt.datetime] = {}
    for key, action_code, before, after, at, clock_end in steps:
        fact = facts[key]
        limit = due.get(key)
        in_time = limit is None or at <= limit
        fact.filed = fact.filed or after == "filed"
        if action_code in ("dispatch", "redispatch"):
            fact.dispatched = True
            fact.dispatched_in_time = fact.dispatched_in_time and in_time
            begun.setdefault(key, at)
        if action_code == "return":
            fact.returned = True
        if action_code in ("submit", "close_simple"):
            fact.handled = True
            fact.handled_in_time = fact.handled_in_time and in_time
            if key in begun:
                fact.hours = (at - begun[key]).total_seconds() / 3600
        if after != before or clock_end is not None:
            due[key] = clock_end


def rates(cases: Iterable[Handled], now: dt.datetime) -> Rates:
    """Return the rates of some cases; a case whose term runs still counts neither as in time nor as late."""
    rows = list(cases)
    filed = [row for row in rows if row.filed]
    dispatched = [row for row in rows if row.dispatched]
    handled = [row for row in rows if row.handled]
    late = [row for row in dispatched if not row.handled and row.due_at is not None and row.due_at <= now]
    hours = sorted(row.hours for row in handled if row.hours is not None)
    return Rates(
        filed=_rate(len(filed), len(rows)),
        dispatched_in_time=_rate(sum(row.dispatched_in_time for row in dispatched), len(dispatched)),
        handled=_rate(len(handled), len(dispatched)),
        handled_in_time=_rate(sum(row.handled_in_time for row in handled), len(handled) + len(late)),
        closed=_rate(sum(row.closed_at is not None for row in filed), len(filed)),
        rework=_rate(sum(row.reworks > 0 for row in handled), len(handled)),
        misdirected=_rate(sum(row.returned for row in dispatched), len(dispatched)),
        relapse=_rate(sum(row.relapse for row in rows), len(rows)),
        found_by_itself=_rate(sum(row.found_by == "machine" for row in rows), len(rows)),
        median_hours=_median(hours),
    )


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _median(ordered: list[float]) -> float | None:
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
