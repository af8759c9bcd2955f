"""Words that several pages of the room share."""

from __future__ import annotations

from typing import Any

from django.utils.translation import get_language

from jiangcheng.core.registry.models import Region, Station
from jiangcheng.modules.water import rules
from jiangcheng.standards import lookup


def chinese() -> bool:
    """Tell whether the reader reads Chinese."""
    return (get_language() or "zh").startswith("zh")


def name(thing: Region | Station | Any | None) -> str:
    """Return the name of a thing with two names, a dash for none."""
    if thing is None:
        return "—"
    return str(thing.name_zh if chinese() or not thing.name_en else thing.name_en)


def item(code: str) -> str:
    """Return the name of an item."""
    found = rules.sample_items().get(code)
    return code if found is None else found.name_zh if chinese() else found.name_en


def items(codes: Any) -> str:
    """Return the names of items, a dash for none."""
    return ("、" if chinese() else ", ").join(item(code) for code in codes) or "—"


def grade(standard: str, number: int, edition: str, parameter: str = "") -> lookup.Grade | None:
    """Return a grade of a scale by its number; None for 0."""
    if not number:
        return None
    rows = lookup.grades(standard, edition=edition)
    if parameter:
        known = [row.parameter for row in lookup.rows(standard, edition=edition)]
        rows = tuple(row for row, own in zip(rows, known, strict=True) if own == parameter)
    return rows[number - 1]


def share(value: float) -> str:
    """Return a percentage, a dash where there is none."""
    return "—" if value != value else f"{value:g}%"
