"""What registers decide by themselves: numbers, cells that are safe to open, who counts as another person."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

NUMBER = re.compile(r"[\w.()（）〔〕〈〉\[\]-]{1,40}")
"""What a number may look like: it is part of the row's address."""
TAKEN = frozenset({"new", "import", "export", "template", "layer.geojson", ".", ".."})
"""Addresses of the register that are no rows."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings a spreadsheet takes for a formula."""


def number(prefix: str, year: int, serial: int) -> str:
    """Return the number of a row, ``SB-2026-0007``."""
    return f"{prefix}-{year}-{serial:04d}"


def is_number(text: str) -> bool:
    """Tell whether a text may be the number of a row, and so part of its address."""
    return NUMBER.fullmatch(text) is not None and text not in TAKEN


def safe_cell(value: object) -> object:
    """Return a value as it may stand in a file people open with a spreadsheet: a text is never a formula."""
    if isinstance(value, str) and value.startswith(FORMULA) and not _is_number(value):
        return f"'{value}"
    return value


def plain_cell(value: object) -> object:
    """Return a value read from a file as it was before `safe_cell`."""
    if isinstance(value, str):
        value = value.strip()
        if value.startswith("'") and value[1:].startswith(FORMULA):
            return value[1:]
    return value


def others(
    definition: Mapping[str, Any], wanted: str, steps: Iterable[tuple[str, int | None]], creator: int | None
) -> frozenset[int]:
    """Return the persons who are not *another person* for an action.

    These are who entered the row, and whoever took a step that asks for another permission than the wanted
    one: who carries out a task does not accept it, who accepts may do so twice.

    Parameters
    ----------
    steps
        Action and actor of each step so far.
    """
    permissions = {item["code"]: item["permission"] for item in definition["actions"]}
    own = permissions.get(wanted)
    found = {
        actor for action, actor in steps if actor is not None and permissions.get(action) not in (None, own)
    }
    return frozenset(found | ({creator} if creator is not None else set()))


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return what differs, by field: the value before and after."""
    return {name: (before.get(name), value) for name, value in after.items() if before.get(name) != value}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
