"""What burning emits: dry matter from radiative energy or from area, times dated factors."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from jiangcheng.modules.straw.rules import balance, tables

KILOGRAMS_PER_MU = 1000.0


@dataclasses.dataclass(frozen=True, slots=True)
class Emissions:
    """An estimate: dry matter burnt and what came of it."""

    dry_matter: float
    """[t]"""
    species: Mapping[str, float]
    """Tonnes by substance; absent where the table has no factor."""
    crop: str
    version: str
    verified: bool


def factors(crop: str, on: dt.date) -> Mapping[str, Any]:
    """Return the factors of a crop [g/kg dry matter] in force on a day.

    Raises
    ------
    KeyError
        If the table does not know the crop.
    """
    rows = {row["crop"]: row for row in tables.in_force("emission_factors", on)["crops"]}
    found: Mapping[str, Any] = rows[crop]
    return found


def energy(megawatts: float, hours: float) -> float:
    """Return the radiative energy of a fire of constant power [MJ].

    One overpass is one instant; how long a fire burns at that power is an assumption of whoever asks.
    """
    return megawatts * hours * 3600.0


def by_energy(megajoules: float, *, crop: str, on: dt.date) -> Emissions:
    """Estimate from radiative energy: dry matter = energy × conversion factor (Wooster 2005)."""
    table = tables.in_force("emission_factors", on)
    return _estimate(megajoules * table["kilograms_per_megajoule"] / 1000.0, crop, on, table)


def by_area(
    mu: float, *, crop: str, on: dt.date, grain_per_mu: float, ratio: float | None = None
) -> Emissions:
    """Estimate from a burnt area.

    Dry matter = area × yield × ratio × collectable × share burnt × combustion efficiency.

    Parameters
    ----------
    mu
        [mu]
    grain_per_mu
        Yield [kg/mu].
    ratio
        Straw per grain; None: that of the table of the day.
    """
    table = tables.in_force("emission_factors", on)
    row = balance.coefficients(crop, on)
    straw = mu * grain_per_mu * (ratio or row["ratio"]) * row["collectable"] / KILOGRAMS_PER_MU
    dry = straw * (1 - table["moisture"]) * table["burnt_share"] * table["combustion"]
    return _estimate(dry, crop, on, table)


def _estimate(dry: float, crop: str, on: dt.date, table: Mapping[str, Any]) -> Emissions:
    row = factors(crop, on)
    species = {name: dry * grams / 1000.0 for name, grams in row["grams_per_kilogram"].items()}
    return Emissions(dry, species, crop, table["version"], bool(table["verified"]))
