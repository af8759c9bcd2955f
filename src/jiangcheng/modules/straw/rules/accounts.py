"""Accountability by rule: what each county owes for the fires of its ban period, fire by fire."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from jiangcheng.modules.straw.rules import tables
from jiangcheng.standards import periods


@dataclasses.dataclass(frozen=True, slots=True)
class Counted:
    """A fire that may count: when, where, what was found."""

    number: str
    at: dt.datetime
    area: str
    """Code of the county or township that answers."""
    verdict: str
    outcome: str
    """What people found on the spot; empty: not looked at yet."""
    objection: str = ""
    """``open`` while an objection is looked into, ``upheld`` where it was right."""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One line of the account."""

    number: str
    at: dt.datetime
    area: str
    place: int
    """Which fire of the area in the period it is, from 1; 0 where it does not count."""
    yuan: float
    why: str
    """``first``, ``further``; or why not: ``out_of_period``, ``not_confirmed``, ``other``, ``objection``."""
    version: str


def rule(on: dt.date) -> Mapping[str, Any]:
    """Return the rule of accountability in force on a day."""
    return tables.in_force("accountability", on)


def period(on: dt.date) -> tuple[dt.date, dt.date] | None:
    """Return the ban period a day lies in, first and last day; None outside of all."""
    for first_text, last_text in rule(on)["periods"]:
        first, last = _day(first_text, on.year), _day(last_text, on.year)
        if first > last:
            first, last = (
                (first, last.replace(year=on.year + 1))
                if on >= first
                else (first.replace(year=on.year - 1), last)
            )
        if first <= on <= last:
            return first, last
    return None


def accounts(fires: Sequence[Counted]) -> list[Entry]:
    """Return the account of some fires in the order of time, every one with its reason.

    The first fire of an area in a ban period costs the first amount, each further one the second. What was not
    confirmed on the spot costs nothing, where the rule asks for that; an objection holds the amount back while
    it is open, and an upheld one strikes it out.
    """
    counts: dict[tuple[str, dt.date], int] = {}
    found = []
    for fire in sorted(fires, key=lambda one: (one.at, one.number)):
        on = fire.at.astimezone(periods.BEIJING).date()
        held, now = rule(on), period(on)
        why = _excused(fire, held, now)
        place, yuan = 0, 0.0
        if not why and now is not None:
            key = (fire.area, now[0])
            place = counts[key] = counts.get(key, 0) + 1
            why = "first" if place == 1 else "further"
            yuan = float(held["first_yuan"] if place == 1 else held["further_yuan"])
        found.append(Entry(fire.number, fire.at, fire.area, place, yuan, why, held["version"]))
    return found


def _excused(fire: Counted, held: Mapping[str, Any], now: tuple[dt.date, dt.date] | None) -> str:
    if now is None:
        return "out_of_period"
    if fire.objection:
        return "objection"
    if fire.outcome and fire.outcome not in held["outcomes"]:
        return "other"
    if not fire.outcome and (held["only_confirmed"] or fire.verdict not in held["verdicts"]):
        return "not_confirmed"
    return ""


def _day(text: str, year: int) -> dt.date:
    month, day = (int(part) for part in text.split("-"))
    return dt.date(year, month, day)
