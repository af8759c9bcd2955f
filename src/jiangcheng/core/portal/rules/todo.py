"""How near the end of a time limit is, in the three signs of the to-do list."""

from __future__ import annotations

import datetime as dt
import enum
import functools
import json
import pathlib


class Pressure(enum.StrEnum):
    """What is left of a time limit."""

    OVERDUE = "overdue"
    SOON = "soon"
    AMPLE = "ample"
    NONE = "none"
    """There is no limit."""


@functools.cache
def _amber() -> tuple[tuple[dt.date, float, float], ...]:
    path = pathlib.Path(__file__).parent.parent / "data" / "todo.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    read = (
        (dt.date.fromisoformat(row["valid_from"]), row["amber_share"], row["amber_hours"]) for row in rows
    )
    return tuple(sorted(read))


def pressure(*, due_at: dt.datetime | None, since: dt.datetime | None, now: dt.datetime) -> Pressure:
    """Return how near the end is.

    Soon means: of the time since the thing began no more than the share of ``data/todo.json`` is left, or,
    where the beginning is not known, no more than its hours.
    """
    if due_at is None:
        return Pressure.NONE
    if now >= due_at:
        return Pressure.OVERDUE
    rows = _amber()
    _, share, hours = next((row for row in reversed(rows) if row[0] <= now.date()), rows[0])
    left = due_at - now
    allowed = (due_at - since) * share if since and since < due_at else dt.timedelta(hours=hours)
    return Pressure.SOON if left <= allowed else Pressure.AMPLE
