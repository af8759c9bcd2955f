"""Lists of chemicals: what one version has that another has not, and what a list forbids."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from jiangcheng.modules.safety.rules import tables


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """What changed from one version of a list to another; rows of the newer one, but for those removed."""

    added: tuple[tables.Table, ...]
    removed: tuple[tables.Table, ...]
    changed: tuple[tables.Table, ...]
    """In both, with another name or other CAS numbers."""


def difference(old: tables.Table, new: tables.Table) -> Difference:
    """Return what changed from an older version of a list to a newer one, in the order of the lists."""
    before = {row["code"]: row for row in old["rows"]}
    after = {row["code"]: row for row in new["rows"]}
    return Difference(
        tuple(row for code, row in after.items() if code not in before),
        tuple(row for code, row in before.items() if code not in after),
        tuple(row for code, row in after.items() if code in before and _shown(before[code]) != _shown(row)),
    )


def forbidden(row: Mapping[str, Any], activity: str, year: int) -> bool:
    """Tell whether a list forbids an activity with a substance during all or part of a year."""
    last = dt.date(year, 12, 31).isoformat()
    return any(activity in ban["activities"] and ban["from"] <= last for ban in row.get("bans", ()))


def _shown(row: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    return str(row["name_zh"]), tuple(row["cas"])
