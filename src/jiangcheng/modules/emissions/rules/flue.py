"""States of flue gas and what leaves the stack (HJ 212-2017 annex D).

C mg/m3, t ℃, pressures Pa (static pressure as gauge), moisture and oxygen %. Constants are rows of the table
``flue_gas``.
"""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup, periods, rounding

Floats = NDArray[np.float64]


class Converted(NamedTuple):
    """Concentrations at reference oxygen, each ``(n,)``."""

    value: Floats
    """NaN where the oxygen leaves no number."""
    marked: NDArray[np.bool_]
    """Oxygen at or above the ceiling: not to be judged, to be explained."""


def constant(name: str, on: datetime.date) -> float:
    """Return a constant of the conversions, e.g. ``standard_pressure`` [Pa].

    Raises
    ------
    NotInForce
        If the table has no such constant.
    """
    return lookup.value("flue_gas", name, "constant", "any", on)


def standard_state(
    value: ArrayLike, temperature: ArrayLike, ambient: ArrayLike, static: ArrayLike, *, on: datetime.date
) -> Floats:
    """Return concentrations at 0 ℃ and 101.325 kPa: ``C 101325/(Ba + Ps) (273 + t)/273``."""
    zero = constant("zero_celsius", on)
    pressure = _floats(ambient) + _floats(static)
    return _floats(
        _floats(value) * constant("standard_pressure", on) / pressure * (zero + _floats(temperature)) / zero
    )


def dry(value: ArrayLike, moisture: ArrayLike) -> Floats:
    """Return concentrations, or oxygen, of dry gas: ``C / (1 - Xsw)``, moisture in %; NaN at 100 %."""
    share = 1.0 - _floats(moisture) / 100.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return _floats(np.where(share > 0, _floats(value) / share, np.nan))


def from_ppm(value: ArrayLike, gas: str, *, on: datetime.date) -> Floats:
    """Return mg/m3 of volume fractions [ppm]: ``C M / 22.4``; `gas` is SO2, NO, NO2 or CO."""
    mass = lookup.value("flue_gas", gas, "molar_mass", "any", on)
    return _floats(_floats(value) * mass / constant("molar_volume", on))


def nox(no: ArrayLike, no2: ArrayLike, *, on: datetime.date) -> Floats:
    """Return nitrogen oxides as NO2 [mg/m3]: ``NO 46/30 + NO2``."""
    heavy = lookup.value("flue_gas", "NO2", "molar_mass", "any", on)
    light = lookup.value("flue_gas", "NO", "molar_mass", "any", on)
    return _floats(_floats(no) * heavy / light + _floats(no2))


def at_reference_oxygen(
    value: ArrayLike,
    oxygen: ArrayLike,
    reference: float | None,
    *,
    on: datetime.date,
    lowering: bool = True,
) -> Converted:
    """Return concentrations converted to the reference oxygen: ``C (21 - φs)/(21 - φ)``.

    Parameters
    ----------
    value
        Dry standard concentration [mg/m3], ``(n,)``.
    oxygen
        Dry oxygen [%], one for all or ``(n,)``.
    reference
        Reference oxygen of the standard [%]; None: the standard names none, and nothing is converted.
    on
        Date of the data.
    lowering
        False where the standard forbids that oxygen below the reference lowers the result.
    """
    values, found = np.broadcast_arrays(_floats(value), _floats(oxygen))
    if reference is None:
        return Converted(values.copy(), np.zeros(values.shape, bool))
    air = constant("oxygen_of_air", on)
    marked = (found >= constant("oxygen_ceiling", on)) & ~np.isnan(found)
    share = (air - reference) / np.where(marked | np.isnan(found), np.nan, air - found)
    if not lowering:
        share = np.where(share < 1.0, 1.0, share)
    return Converted(rounding.settle(values * share), marked)


def at_reference_excess_air(
    value: ArrayLike, oxygen: ArrayLike, reference: float, *, on: datetime.date
) -> Converted:
    """Return concentrations where the standard gives excess air: ``C α/αs`` with ``α = 21/(21 - φ)``."""
    values, found = np.broadcast_arrays(_floats(value), _floats(oxygen))
    air = constant("oxygen_of_air", on)
    marked = found >= constant("oxygen_ceiling", on)
    excess = air / np.where(marked, np.nan, air - found)
    return Converted(rounding.settle(values * excess / reference), marked)


def wet_flow(velocity: ArrayLike, section: ArrayLike, factor: ArrayLike = 1.0) -> Floats:
    """Return the flow of wet gas as it is [m3/h]: ``3600 F Kv Vp``; section m2, velocity m/s."""
    return _floats(periods.HOUR * _floats(section) * _floats(factor) * _floats(velocity))


def dry_standard_flow(
    flow: ArrayLike,
    temperature: ArrayLike,
    ambient: ArrayLike,
    static: ArrayLike,
    moisture: ArrayLike,
    *,
    on: datetime.date,
) -> Floats:
    """Return the flow of dry gas at standard state [m3/h]: ``Qs 273/(273+t) (Ba+Ps)/101325 (1-Xsw)``."""
    zero = constant("zero_celsius", on)
    pressure = (_floats(ambient) + _floats(static)) / constant("standard_pressure", on)
    share = 1.0 - _floats(moisture) / 100.0
    return _floats(_floats(flow) * zero / (zero + _floats(temperature)) * pressure * share)


def rate(value: ArrayLike, flow: ArrayLike) -> Floats:
    """Return the emission of hours [kg/h] from the measured, not converted, concentration and m3/h."""
    return _floats(_floats(value) * _floats(flow) * 1e-6)


def daily_totals(start: ArrayLike, mass: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
    """Return the Beijing days [epoch s] and their emissions [kg]: sums of the hours that have one.

    The sum of the days is the sum of the hours.
    """
    starts, masses = np.asarray(start, np.int64), _floats(mass)
    order = np.lexsort((masses, starts))
    starts, masses = starts[order], masses[order]
    days, group = np.unique(
        (starts + periods.OFFSET) // periods.DAY * periods.DAY - periods.OFFSET, return_inverse=True
    )
    known = ~np.isnan(masses)
    return days, np.bincount(group[known], weights=masses[known], minlength=len(days)).astype(np.float64)


def consistent(
    average: ArrayLike,
    converted: ArrayLike,
    oxygen: ArrayLike,
    reference: float,
    *,
    tolerance: float,
    resolution: float,
    on: datetime.date,
) -> NDArray[np.bool_]:
    """Tell where a sent conversion is what the sent oxygen makes of the sent mean; true where it cannot be told.

    Parameters
    ----------
    tolerance
        Relative difference that is allowed, e.g. 0.02.
    resolution
        Absolute difference that is allowed [mg/m3].
    """
    expected = at_reference_oxygen(average, oxygen, reference, on=on).value
    found = _floats(converted)
    unknown = np.isnan(expected) | np.isnan(found)
    allowed = np.maximum(tolerance * np.abs(expected), resolution)
    return np.asarray(unknown | (np.abs(found - expected) <= allowed), bool)


def _floats(value: Any) -> Floats:
    return np.asarray(value, np.float64)
