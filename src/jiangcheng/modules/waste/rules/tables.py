"""The dated tables of the room: which version holds on a day."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Mapping
from typing import Any

from jiangcheng.standards.dated import DatedTables

DATA = pathlib.Path(__file__).parents[1] / "data"
TABLES = DatedTables(DATA)
table = TABLES.versions
in_force = TABLES.in_force


def listed(code: str, on: dt.date) -> bool:
    """Tell whether the national list as it is on file has a code; ``900-000-xx`` is for wastes found by test."""
    first = dt.date.fromisoformat(table("hw_list")[0]["valid_from"])
    rows = in_force("hw_list", max(on, first))["codes"]
    return code.startswith("900-000-") or any(row["code"] == code for row in rows)


def names(name: str, part: str) -> dict[str, Mapping[str, Any]]:
    """Return the rows of a part of the latest version of a table by their code."""
    return {row["code"]: row for row in table(name)[-1][part]}
