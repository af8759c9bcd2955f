"""The dated tables of the room: which version holds on a day."""

from __future__ import annotations

import datetime as dt
import pathlib
from collections.abc import Mapping
from typing import Any

from jiangcheng.standards.dated import DatedTables, NotInForce

DATA = pathlib.Path(__file__).parents[1] / "data"
TABLES = DatedTables(DATA)
table = TABLES.versions
Table = Mapping[str, Any]


def in_force(name: str, on: dt.date, **kind: str) -> Table:
    """Return the version of a table that is in force on a day.

    Parameters
    ----------
    kind
        What a version must say of itself, for files that hold several lists.

    Raises
    ------
    NotInForce
        If none is yet.
    """
    if not kind:
        return TABLES.in_force(name, on)
    fitting = [
        row
        for row in table(name)
        if row["valid_from"] <= on.isoformat() and all(row.get(key) == value for key, value in kind.items())
    ]
    if not fitting:
        raise NotInForce(f"{name}: no version is in force on {on}")
    return fitting[-1]


def row(found: Table, code: str) -> Table:
    """Return a row of a version by its code.

    Raises
    ------
    LookupError
        If the version has no such row.
    """
    for item in found["rows"]:
        if item["code"] == code:
            return item  # type: ignore[no-any-return]
    raise LookupError(f"{code}: not in version {found['version']}")


def names(name: str, *, chinese: bool, **kind: str) -> dict[str, str]:
    """Return the names of all rows any version has, the newest name last."""
    found: dict[str, str] = {}
    for version in table(name):
        if all(version.get(key) == value for key, value in kind.items()):
            found.update(
                {item["code"]: item["name_zh" if chinese else "name_en"] for item in version["rows"]}
            )
    return found
