"""The dated tables of the room: which version holds on a day."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

from jiangcheng.standards.dated import DatedTables

DATA = pathlib.Path(__file__).parents[1] / "data"
TABLES = DatedTables(DATA)
table = TABLES.versions
in_force = TABLES.in_force


def names(name: str, part: str) -> dict[str, Mapping[str, Any]]:
    """Return the rows of a part of the latest version of a table by their code."""
    return {row["code"]: row for row in table(name)[-1][part]}
