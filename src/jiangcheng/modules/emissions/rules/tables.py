"""The room's dated tables in ``data``: the version that is in force on a day."""

from __future__ import annotations

import datetime as dt
import functools
import json
import pathlib
from typing import Any

DATA = pathlib.Path(__file__).parents[1] / "data"


class NotInForce(LookupError):  # noqa: N818
    """No version of a table is in force on the day."""


def in_force(table: str, on: dt.date) -> dict[str, Any]:
    """Return the version of a table, e.g. ``marks``, that is in force on a day.

    Raises
    ------
    NotInForce
        If the day is before the first version.
    """
    held = [row for row in _read(table) if dt.date.fromisoformat(row["valid_from"]) <= on]
    if not held:
        raise NotInForce(f"no version of {table} is in force on {on}")
    latest: dict[str, Any] = max(held, key=lambda row: row["valid_from"])
    return latest


@functools.cache
def _read(table: str) -> Any:
    return json.loads((DATA / f"{table}.json").read_text(encoding="utf-8"))
