"""What a permit obliges its holder to hand in, and by when. Days are local (Beijing) days."""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
"""Months of a period; ``week`` and ``day`` are counted in days."""
DAYS = {"day": 1, "week": 7}


@dataclasses.dataclass(frozen=True, slots=True)
class Period:
    """A span of days ``[first, end)``."""

    first: dt.date
    end: dt.date


@dataclasses.dataclass(frozen=True, slots=True)
class Planned:
    """A duty for one period."""

    kind: str
    subject: str
    period: Period
    due: dt.date


def periods_of(frequency: str, since: dt.date, until: dt.date) -> Iterator[Period]:
    """Yield the calendar periods that touch ``[since, until)``; weeks begin on Monday.

    Raises
    ------
    KeyError
        If the frequency is unknown.
    """
    first = _start(frequency, since)
    while first < until:
        end = _next(frequency, first)
        yield Period(first, end)
        first = end


def due_date(period: Period, after_days: int, is_working: Callable[[dt.date], bool] | None) -> dt.date:
    """Return the last day to hand in: so many days after the period, moved to a working day where given."""
    due = period.end + dt.timedelta(days=after_days - 1)
    while is_working is not None and not is_working(due):
        due += dt.timedelta(days=1)
    return due


def planned_duties(
    *,
    requirements: Iterable[Mapping[str, Any]],
    permit_from: dt.date,
    permit_to: dt.date | None,
    until: dt.date,
    table: Mapping[str, Any],
    is_working: Callable[[dt.date], bool],
) -> list[Planned]:
    """Return the duties of the periods of a permit version that have begun before ``until``.

    Parameters
    ----------
    requirements
        Each with ``kind`` (``report`` or ``monitoring``), ``subject``, ``frequency`` and, where the permit
        says so, ``after_days``; ``merges`` leaves out what the next longer report contains.
    permit_from, permit_to
        The version is valid in ``[from, to)``; a period counts to the version valid on its last day.
    table
        Version of the terms in force (``duties.json``).

    A report is not needed for a period in which the permit was held for fewer days than the table says.
    """
    working = is_working if table["moves_to_working_day"] else None
    found = []
    for item in requirements:
        kind, frequency = item["kind"], item["frequency"]
        terms = table["reports"][frequency] if kind == "report" else table["monitoring"]
        after = item.get("after_days") or terms["after_days"]
        needed = terms.get("not_needed_below_days", 0)
        for period in periods_of(frequency, permit_from, until):
            last = period.end - dt.timedelta(days=1)
            if permit_to is not None and last >= permit_to:
                continue
            held = (period.end - max(period.first, permit_from)).days
            if held < needed or (item.get("merges") and _merged(frequency, period)):
                continue
            found.append(Planned(kind, item["subject"], period, due_date(period, after, working)))
    return found


def duty_state(*, due: dt.date, submitted: dt.date | None, accepted: bool, today: dt.date) -> str:
    """Return ``accepted``, ``submitted``, ``late`` (handed in after its day), ``missed`` or ``open``."""
    if submitted is not None and submitted > due:
        return "late"
    if accepted:
        return "accepted"
    if submitted is not None:
        return "submitted"
    return "missed" if today > due else "open"


def _merged(frequency: str, period: Period) -> bool:
    last_month = (period.end - dt.timedelta(days=1)).month
    return (frequency == "month" and last_month % 3 == 0) or (frequency == "quarter" and last_month == 12)


def _start(frequency: str, day: dt.date) -> dt.date:
    if frequency in DAYS:
        return day - dt.timedelta(days=day.weekday() if frequency == "week" else 0)
    months = MONTHS[frequency]
    return dt.date(day.year, (day.month - 1) // months * months + 1, 1)


def _next(frequency: str, first: dt.date) -> dt.date:
    if frequency in DAYS:
        return first + dt.timedelta(days=DAYS[frequency])
    end = first
    for _ in range(MONTHS[frequency]):
        end += dt.timedelta(days=calendar.monthrange(end.year, end.month)[1])
    return end
