"""Process codes of HJ 212-2025: what a meter's code says about which side of the plant it is on.

``d2xxxx`` is production and ``d3xxxx`` treatment (dated table ``process_codes``). The tests of off-site supervision
compare shares of the usual or of the rated value, so a current serves where no power is sent.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.emissions.rules import tables

ROLES = ("production", "treatment")


class Meter(NamedTuple):
    """A series that tells how hard a part of the plant works."""

    code: str
    role: str
    rated: float | None = None
    """Value at full load, in the unit of the series; None where nobody has said."""


def meters(units: Mapping[str, str], named: Iterable[Meter], on: dt.date) -> list[Meter]:
    """Return the meters of a station: those a person has named, else those whose code tells.

    Parameters
    ----------
    units
        Units by code of the series the station has.
    named
        What the site has said; it goes before what codes tell, role by role.
    """
    given = [meter for meter in named if meter.code in units]
    said = {meter.role for meter in given}
    try:
        table = tables.in_force("process_codes", on)
    except tables.NotInForce:
        return given
    told = []
    for code, unit in sorted(units.items()):
        match = re.fullmatch(table["pattern"], code)
        role = table["scopes"].get(match[1]) if match else None
        if role is not None and role not in said and unit in table["units"]:
            told.append((role, table["units"].index(unit), code))
    # Powers and currents are not added up: the first unit of the list that a role has.
    best = {role: min(place for one, place, _ in told if one == role) for role, _, _ in told}
    return given + [Meter(code, role) for role, place, code in told if place == best[role]]


def total(
    series: Sequence[tuple[NDArray[np.int64], NDArray[np.float64]]],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the sum of some meters at the starts that all of them have: a part missing is not a part off."""
    starts = series[0][0]
    for other, _ in series[1:]:
        starts = np.intersect1d(starts, other)
    parts = [value[np.searchsorted(start, starts)] for start, value in series]
    return starts, np.sum(parts, axis=0)


def rated(meters: Sequence[Meter]) -> float | None:
    """Return the rated value of a role's meters together; None where one of them has none."""
    values = [meter.rated for meter in meters]
    return (
        None if not values or None in values else float(sum(value for value in values if value is not None))
    )
