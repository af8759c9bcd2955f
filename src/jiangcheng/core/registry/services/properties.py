"""Observed properties: of telemetry from the code table of HJ 212, derived ones from the rooms that compute them."""

from __future__ import annotations

import csv
import importlib.resources
from collections.abc import Iterator
from typing import Any

from jiangcheng.core.registry.models import ObservedProperty

STATISTICS = ("avg", "min", "max")
REFERENCE_STATISTICS = ("zs_avg", "zs_min", "zs_max")
"""At reference oxygen: of stacks only."""


def load_properties() -> int:
    """Add the properties of telemetry that are not there yet and return their number; what a site changed stays."""
    return _add(list(_rows()))


def load_derived(table: str) -> int:
    """Add the derived properties of a room that are not there yet and return their number.

    Parameters
    ----------
    table
        CSV with the columns ``code, statistic, name_zh, name_en, unit, decimals, display_decimals``, and
        ``medium`` where they are measured but in no code table.
    """
    rows = csv.DictReader(table.splitlines())
    numbers = ("decimals", "display_decimals")
    return _add([{"medium": "derived", **row, **{name: int(row[name]) for name in numbers}} for row in rows])


def _add(rows: list[dict[str, Any]]) -> int:
    known = set(ObservedProperty.objects.values_list("code", "statistic"))
    missing = [row for row in rows if (row["code"], row["statistic"]) not in known]
    ObservedProperty.objects.bulk_create([ObservedProperty(**row) for row in missing])
    return len(missing)


def _rows() -> Iterator[dict[str, Any]]:
    path = importlib.resources.files("jiangcheng.standards").joinpath("tables", "HJ212_codes.csv")
    with path.open(encoding="utf-8-sig") as file:
        for row in csv.DictReader(file):
            yield from _properties(row)


def _properties(row: dict[str, str]) -> Iterator[dict[str, Any]]:
    common = {
        "code": row["code"],
        "name_zh": row["name_zh"],
        "name_en": row["name_en"],
        "decimals": int(row["decimals"]),
        "display_decimals": int(row["display_decimals"]),
        "medium": row["medium"],
    }
    for statistic in STATISTICS + (REFERENCE_STATISTICS if row["medium"] == "gas" else ()):
        yield {**common, "statistic": statistic, "unit": row["unit"]}
    if row["mass_unit"]:
        yield {**common, "statistic": "cou", "unit": row["mass_unit"]}
