"""The room's own tables: items of samples, the check list of sources, bounds of alarms."""

from __future__ import annotations

import csv
import functools
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, NamedTuple

from jiangcheng.modules.water.rules import surface
from jiangcheng.standards import codes, lookup

DATA = resources.files("jiangcheng.modules.water").joinpath("data")


class SampleItem(NamedTuple):
    """An item that a sample may be analysed for."""

    code: str
    name_zh: str
    name_en: str
    unit: str


@functools.cache
def sample_items() -> Mapping[str, SampleItem]:
    """Return the items of samples by code: the 21 of the surface water class, then the others."""
    units = {row.parameter: row.unit for row in lookup.rows("GB3838", edition="2002")}
    rows = lookup.rows("water_items", edition="2011", zone=surface.SETS[surface.FULL])
    found = {
        row.parameter: SampleItem(
            row.parameter, row.extra["name_zh"], row.extra["name_en"], units[row.parameter]
        )
        for row in rows
    }
    text = DATA.joinpath("items.csv").read_text(encoding="utf-8")
    return found | {row["code"]: SampleItem(**row) for row in csv.DictReader(text.splitlines())}


@functools.cache
def online_items() -> Mapping[str, tuple[str, float]]:
    """Return, by item that instruments send, its code (HJ 212, HJ 525) and the factor to the item's unit."""
    found = {}
    for item in sample_items():
        try:
            row = codes.of_parameter(item)
        except KeyError:
            continue
        found[item] = (row.code, row.factor)
    return found


@functools.cache
def settings(name: str) -> Mapping[str, Any]:
    """Return a table of the room: ``alarms``, ``source_checks`` or ``outfall_code``."""
    found: dict[str, Any] = json.loads(DATA.joinpath(f"{name}.json").read_text(encoding="utf-8"))
    return found
