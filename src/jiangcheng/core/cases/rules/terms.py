"""When a clock ends: that of the workflow, or a term that one case has of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from jiangcheng.core.cases.rules import life

Terms = Mapping[str, Any]
"""Terms of one case, counted from an instant of its own and not from the entry into a state; empty where it has none.

``since`` (ISO 8601, with offset), ``added_hours`` (working hours granted or suspended since) and ``states``: per
state ``working_days``, and ``with_clock`` where the clock of the workflow runs too and the earlier end holds.
"""


def due_at(
    definition: life.Definition,
    code: str,
    severity: int,
    since: dt.datetime,
    calendar: life.Calendar,
    terms: Terms | None = None,
) -> dt.datetime | None:
    """Return the end of the clock that starts when a case enters a state, in UTC; None where none runs.

    Where the case has a term of its own for the state, that holds, or the earlier of both.
    """
    term = term_end(terms, code, calendar)
    if term is None:
        return life.clock_end(definition, code, severity, since, calendar)
    if not (terms or {})["states"][code].get("with_clock"):
        return term
    clock_end = life.clock_end(definition, code, severity, since, calendar)
    return min(term, clock_end) if clock_end else term


def term_end(terms: Terms | None, code: str, calendar: life.Calendar) -> dt.datetime | None:
    """Return when the case's own term for a state ends, in UTC; None where it has none.

    It ends with the office hours of its last working day, later by what was granted or suspended; the day on which
    it starts does not count.
    """
    if not terms or code not in terms["states"]:
        return None
    first = dt.datetime.fromisoformat(terms["since"]).astimezone(life.BEIJING).date()
    last = calendar.days_after(first, int(terms["states"][code]["working_days"]))
    end = dt.datetime.combine(last, calendar.closes, life.BEIJING)
    return life.hours_on(end, float(terms.get("added_hours", 0)), calendar, working=True)


def lengthened(terms: Terms, hours: float) -> dict[str, Any]:
    """Return the terms of a case that has been given so many working hours more; none stay none."""
    return {**terms, "added_hours": float(terms.get("added_hours", 0)) + hours} if terms else {}


def clock_since(terms: Terms | None, code: str, entered: dt.datetime) -> dt.datetime:
    """Return when the clock of a state began: with the entry, or with the case's own term."""
    if terms and code in terms["states"] and not terms["states"][code].get("with_clock"):
        return dt.datetime.fromisoformat(terms["since"])
    return entered
