"""The room's dated tables: the version that is in force on a day."""

from __future__ import annotations

import functools
import json
import pathlib
from typing import Any

from jiangcheng.standards.dated import DatedTables, NotInForce

__all__ = ["NotInForce", "in_force", "plate_settings"]

DATA = pathlib.Path(__file__).parents[1] / "data"
in_force = DatedTables(DATA).in_force


@functools.cache
def plate_settings() -> dict[str, Any]:
    """Return how often one address may ask for plates."""
    settings: dict[str, Any] = json.loads((DATA / "plates.json").read_text(encoding="utf-8"))
    return settings
