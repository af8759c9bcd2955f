"""Codes of observed properties (HJ 212-2017 annex B, HJ 524, HJ 525) and data flags."""

from __future__ import annotations

import csv
import functools
import re
from collections.abc import Mapping
from typing import NamedTuple

from jiangcheng.standards import _tables, lookup

SYSTEMS = {
    "21": ("w",),
    "22": ("a",),
    "23": ("L",),
    "24": ("w",),
    "26": ("w",),
    "31": ("a",),
    "32": ("w",),
    "33": ("w",),
    "34": ("w",),
    "36": ("L",),
    "39": ("a",),
}
"""First letters of the codes that a system code (ST) may speak of; it tells the 2005 codes apart."""


class Property(NamedTuple):
    """An observed property with its unit on the wire and in the store."""

    code: str
    code_2005: str
    medium: str
    parameter: str
    """Name in the tables of limits, or empty where no table speaks of it."""
    factor: float
    """Times this, a value has the unit of the tables of limits. NaN without `parameter`."""
    name_zh: str
    name_en: str
    unit: str
    mass_unit: str
    decimals: int
    display_decimals: int
    source: str
    verified: str
    note: str


@functools.cache
def properties() -> Mapping[str, Property]:
    """Return all observed properties by code.

    Raises
    ------
    TableError
        If the table has other columns or a code twice.
    """
    path = _tables.FOLDER / "HJ212_codes.csv"
    found: dict[str, Property] = {}
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        if tuple(reader.fieldnames or ()) != Property._fields:
            raise _tables.TableError(f"{path.name}: columns are {Property._fields}")
        for fields in reader:
            if fields["code"] in found:
                raise _tables.TableError(f"{path.name}: {fields['code']} stands twice")
            found[fields["code"]] = _property(fields)
    return found


def _property(fields: dict[str, str]) -> Property:
    numbers = {
        "factor": float(fields["factor"] or "nan"),
        "decimals": int(fields["decimals"]),
        "display_decimals": int(fields["display_decimals"]),
    }
    return Property(**{**fields, **numbers})  # type: ignore[arg-type]


@functools.cache
def _by_2005() -> Mapping[tuple[str, str], str]:
    return {(item.code_2005, item.code[0]): item.code for item in properties().values() if item.code_2005}


def translate_2005(code: str, system: str) -> str | None:
    """Return the 2017 code of a 2005 code, or None.

    The 2005 codes collide across media (``101`` is total phosphorus in water), so the system code (ST) of the
    message decides.
    """
    for letter in SYSTEMS.get(system, ()):
        if found := _by_2005().get((code, letter)):
            return found
    return None


def of_parameter(parameter: str) -> Property:
    """Return the property that a name of the tables of limits speaks of.

    Raises
    ------
    KeyError
        If there is none.
    """
    for item in properties().values():
        if item.parameter == parameter:
            return item
    raise KeyError(parameter)


_RAISED = str.maketrans("23", "²³")


def unit_text(unit: str) -> str:
    """Return a unit of the tables as it is printed: ``mg/m3`` with a raised figure, nothing for ``1``."""
    return (
        ""
        if unit == "1"
        else re.sub(r"(?<=[a-z])[23](?![0-9])", lambda found: found[0].translate(_RAISED), unit)
    )


@functools.cache
def valid_flags() -> frozenset[int]:
    """Return the data flags, as code points, whose values take part in evaluations."""
    return frozenset(ord(row.parameter) for row in lookup.table("HJ212_flags").rows if row.value == 1)
