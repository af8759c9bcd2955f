"""What an emergency has to be done by: the level from its consequences, and the clocks of each level."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from jiangcheng.modules.safety.rules import tables

LEVELS = ("I", "II", "III", "IV")
"""Gravest first."""
COUNTED = ("deaths", "hurt", "evacuated", "loss")
INTAKES = ("township", "county", "city")
SEVERITIES = {"I": 4, "II": 4, "III": 3, "IV": 2}


@dataclasses.dataclass(frozen=True, slots=True)
class Clock:
    """One time limit of an event."""

    code: str
    name_zh: str
    name_en: str
    starts_at: dt.datetime | None
    due_at: dt.datetime | None
    done_at: dt.datetime | None
    state: str
    """``waiting`` (not begun), ``ok``, ``warn`` (the last fifth), ``bad`` (late), ``met`` or ``missed``."""
    clause: str


def level(consequences: Mapping[str, Any], on: dt.date) -> tuple[str, tuple[str, ...]]:
    """Return the level that the consequences ask for, and which of them do.

    Parameters
    ----------
    consequences
        ``deaths``, ``hurt``, ``evacuated`` (persons), ``loss`` [10⁴ CNY], ``intake`` (city, county, township or
        empty), ``radiation`` (class of the lost source, 0: none), ``crossing`` (true where a border of a province
        or city is reached: one level up).
    """
    table = tables.in_force("clocks", on)
    for place, row in enumerate(table["levels"]):
        reasons = [name for name in COUNTED if row[name] and float(consequences.get(name) or 0) >= row[name]]
        if row["intake"] and consequences.get("intake") == row["intake"]:
            reasons.append("intake")
        lost = int(consequences.get("radiation") or 0)
        if lost and row["code"] != "I" and lost <= row["radiation"]:
            reasons.append("radiation")
        if reasons or row["code"] == LEVELS[-1]:
            found = row["code"]
            if consequences.get("crossing") and place:
                return LEVELS[place - 1], (*reasons, "crossing")
            return found, tuple(reasons)
    return LEVELS[-1], ()


def is_graver(one: str, other: str) -> bool:
    """Tell whether a level is graver than another."""
    return LEVELS.index(one) < LEVELS.index(other)


def due(code: str, grade: str, start: dt.datetime) -> dt.datetime:
    """Return the end of a clock of a level that starts at an instant.

    Raises
    ------
    LookupError
        If there is no such clock.
    """
    table = tables.in_force("clocks", start.date())
    return start + dt.timedelta(minutes=tables.row(table, code)["minutes"][grade or LEVELS[-1]])


def notice_due(grade: str, start: dt.datetime) -> dt.datetime:
    """Return until when a notice to a neighbour has to be acknowledged."""
    table = tables.in_force("clocks", start.date())
    return start + dt.timedelta(minutes=table["notice_minutes"][grade or LEVELS[-1]])


def clocks(grade: str, stamps: Mapping[str, dt.datetime], now: dt.datetime) -> list[Clock]:
    """Return every clock of an event.

    Parameters
    ----------
    grade
        Level; empty before it is judged: the shortest limits hold then.
    stamps
        When something happened for the first time: ``received``, a step (``judge`` …), ``release:first``.
    """
    table = tables.in_force("clocks", stamps["received"].date())
    found = []
    for row in table["rows"]:
        start, done = stamps.get(row["from"]), stamps.get(row["done"])
        minutes = row["minutes"].get(grade) or min(row["minutes"].values())
        end = start + dt.timedelta(minutes=minutes) if start else None
        found.append(
            Clock(row["code"], row["name_zh"], row["name_en"], start, end, done, _state(start, end, done, now),
                  row["clause"])
        )  # fmt: skip
    return found


def _state(
    start: dt.datetime | None, end: dt.datetime | None, done: dt.datetime | None, now: dt.datetime
) -> str:
    if start is None or end is None:
        return "waiting"
    if done is not None:
        return "met" if done <= end else "missed"
    if now > end:
        return "bad"
    return "warn" if (now - start) >= 0.8 * (end - start) else "ok"
