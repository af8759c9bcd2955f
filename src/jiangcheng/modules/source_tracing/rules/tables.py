"""The dated tables of the room: which version holds on a day."""

from __future__ import annotations

import datetime as dt
import functools
import json
import pathlib
from collections.abc import Mapping
from typing import Any

DATA = pathlib.Path(__file__).parent.parent / "data"


@functools.cache
def table(name: str) -> tuple[Mapping[str, Any], ...]:
    """Return all versions of a table of ``data/``, the oldest first."""
    rows = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return tuple(sorted(rows, key=lambda row: row["valid_from"]))


def in_force(name: str, on: dt.date) -> Mapping[str, Any]:
    """Return the version of a table that is in force on a day.

    Raises
    ------
    LookupError
        If none is yet.
    """
    fitting = [row for row in table(name) if row["valid_from"] <= on.isoformat()]
    if not fitting:
        raise LookupError(f"{name}: no version is in force on {on}")
    return fitting[-1]
