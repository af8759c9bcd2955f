"""Dated tables of a room: rules of its own that change with time, one JSON file of versions per table."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import pathlib
from collections.abc import Mapping
from typing import Any

from jiangcheng.standards._tables import NotInForce

__all__ = ["DatedTables", "NotInForce"]


@dataclasses.dataclass(frozen=True, slots=True)
class DatedTables:
    """The tables of a folder; every file is a list of versions, each with ``valid_from`` (ISO date)."""

    folder: pathlib.Path

    def versions(self, name: str) -> tuple[Mapping[str, Any], ...]:
        """Return all versions of a table, the oldest first."""
        return _versions(self.folder / f"{name}.json")

    def in_force(self, name: str, on: dt.date) -> Mapping[str, Any]:
        """Return the version of a table that is in force on a day.

        Raises
        ------
        NotInForce
            If the day is before the first version.
        """
        fitting = [row for row in self.versions(name) if row["valid_from"] <= on.isoformat()]
        if not fitting:
            raise NotInForce(f"{name}: no version is in force on {on}")
        return fitting[-1]


@functools.cache
def _versions(path: pathlib.Path) -> tuple[Mapping[str, Any], ...]:
    return tuple(sorted(json.loads(path.read_text(encoding="utf-8")), key=lambda row: row["valid_from"]))
