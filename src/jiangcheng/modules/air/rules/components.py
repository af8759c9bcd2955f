"""What a component station (组分站) tells: mass closure, oxidation ratios, carbon, ozone and aerosol potential.

Particle components come in µg/m3, volatile organic compounds in ppb; arrays of any one shape, NaN where missing.
Factors are rows of the tables `particle_components` and `voc_reactivity`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import lookup

ANIONS = ("pm_so4", "pm_no3", "pm_cl", "pm_f")
CATIONS = ("pm_nh4", "pm_na", "pm_k", "pm_mg", "pm_ca")
IONS = ("pm_so4", "pm_no3", "pm_nh4")
"""Ions that enter the mass as measured; the others are part of soil and sea salt."""
SOIL = ("pm_al", "pm_si", "pm_ca_element", "pm_fe", "pm_ti")

Floats = NDArray[np.float64]


class Closure(NamedTuple):
    """Reconstructed mass beside the measured one."""

    parts: Mapping[str, Floats]
    """µg/m3 by part: the three ions, ``om``, ``ec``, ``soil``, ``sea_salt``; only parts that are measured."""
    total: Floats
    """NaN where an ion, organic or elemental carbon is missing."""
    ratio: Floats
    """Over measured PM2.5."""
    plausible: NDArray[np.bool_]


class Carbon(NamedTuple):
    """Organic carbon, split by the ratio of primary emissions (minimum R squared method)."""

    ratio: Floats
    """OC/EC."""
    primary_ratio: float
    """NaN with fewer than ten pairs."""
    secondary: Floats
    """Secondary organic carbon [µg/m3], not below 0."""


def _factor(parameter: str, zone: str, on: datetime.date) -> float:
    return lookup.value("particle_components", parameter, "component", zone, on)


def oxidation_ratio(
    product: ArrayLike, precursor: ArrayLike, names: tuple[str, str], *, on: datetime.date
) -> Floats:
    """Return the molar share of the oxidised form: SOR of ``("pm_so4", "so2")``, NOR of ``("pm_no3", "no2")``.

    Parameters
    ----------
    product, precursor
        Ion and gas [µg/m3].

    Returns
    -------
    ndarray
        0 … 1; NaN where one is missing or both are 0.
    """
    moles = [
        np.asarray(values, np.float64) / _factor(name, "molar_mass", on)
        for values, name in zip((product, precursor), names, strict=True)
    ]
    return _quotient(moles[0], moles[0] + moles[1])


def ion_balance(ions: Mapping[str, ArrayLike], *, on: datetime.date) -> Floats:
    """Return equivalents of anions over those of cations; sulphate, nitrate and ammonium have to be there.

    Raises
    ------
    KeyError
        Without one of the three.
    """
    for name in IONS:
        _ = ions[name]
    sides = []
    for group in (ANIONS, CATIONS):
        terms = [
            np.asarray(ions[name], np.float64) * _factor(name, "charge", on) / _factor(name, "molar_mass", on)
            for name in group
            if name in ions
        ]
        sides.append(_sum(terms, required=[name in IONS for name in group if name in ions]))
    return _quotient(*sides)


def closure(components: Mapping[str, ArrayLike], pm25: ArrayLike, *, on: datetime.date) -> Closure:
    """Return the reconstructed mass: ions, organic matter, elemental carbon, soil (IMPROVE), sea salt.

    Parameters
    ----------
    components
        By code [µg/m3], one shape.
    pm25
        Measured PM2.5 of the same hours [µg/m3].
    """
    given = {name: np.asarray(values, np.float64) for name, values in components.items()}
    measured = np.asarray(pm25, np.float64)
    parts = {name: given[name] for name in (*IONS, "pm_ec") if name in given}
    if "pm_oc" in given:
        parts["om"] = given["pm_oc"] * _factor("pm_oc", "organic_matter", on)
    soil = [given[name] * _factor(name, "soil", on) for name in SOIL if name in given]
    if soil:
        parts["soil"] = _sum(soil, required=[False] * len(soil))
    if "pm_cl" in given:
        parts["sea_salt"] = given["pm_cl"] * _factor("pm_cl", "sea_salt", on)
    needed = {*IONS, "pm_ec", "om"}
    if not needed <= parts.keys():
        total = np.full(measured.shape, np.nan)
    else:
        total = _sum(list(parts.values()), required=[name in needed for name in parts])
    ratio = _quotient(total, measured)
    lower, upper = (_factor("closure", bound, on) for bound in ("lower", "upper"))
    return Closure(parts, total, ratio, (ratio >= lower) & (ratio <= upper))


def carbon(oc: ArrayLike, ec: ArrayLike, *, on: datetime.date) -> Carbon:
    """Return OC/EC and secondary organic carbon.

    The primary ratio is the one that leaves OC − ratio·EC least correlated with EC (minimum R squared).
    """
    organic, elemental = np.asarray(oc, np.float64), np.asarray(ec, np.float64)
    ratio = _quotient(organic, elemental)
    paired = ~np.isnan(ratio)
    primary = np.nan
    if paired.sum() >= 10 and elemental[paired].std() > 0:
        first, step = _factor("mrs", "first_ratio", on), _factor("mrs", "step", on)
        last = float(np.percentile(ratio[paired], _factor("mrs", "last_percentile", on)))
        tried = first + step * np.arange(max(int((last - first) / step), 0) + 1)
        rest = organic[paired][None, :] - tried[:, None] * elemental[paired][None, :]
        rest = rest - rest.mean(axis=1, keepdims=True)
        centred = elemental[paired] - elemental[paired].mean()
        spread = np.sqrt((rest**2).sum(axis=1) * (centred**2).sum())
        correlation = np.divide(rest @ centred, spread, out=np.zeros(len(tried)), where=spread > 0)
        primary = float(tried[np.argmin(correlation**2)])
    return Carbon(ratio, primary, np.maximum(organic - primary * elemental, 0.0))


def voc_mass(species: str, ppb: ArrayLike, *, on: datetime.date) -> Floats:
    """Return a compound in µg/m3 at 298.15 K and 1013.25 hPa."""
    weight = lookup.value("voc_reactivity", species, "species", "MW", on)
    return np.asarray(np.asarray(ppb, np.float64) * weight / _factor("gas", "molar_volume", on))


def ozone_potential(voc: Mapping[str, ArrayLike], *, on: datetime.date) -> dict[str, Floats]:
    """Return the ozone formation potential (OFP) of every compound [µg/m3]: mass times MIR."""
    return _potential(voc, "MIR", 1.0, on)


def aerosol_potential(voc: Mapping[str, ArrayLike], *, on: datetime.date) -> dict[str, Floats]:
    """Return the aerosol formation potential of every compound [µg/m3 toluene]: mass times SOAP over 100."""
    return _potential(voc, "SOAP", 100.0, on)


def _potential(
    voc: Mapping[str, ArrayLike], zone: str, divisor: float, on: datetime.date
) -> dict[str, Floats]:
    factors = {row.parameter: row.value for row in lookup.rows("voc_reactivity", on, zone=zone)}
    return {
        name: voc_mass(name, ppb, on=on) * factors[name] / divisor
        for name, ppb in voc.items()
        if name in factors
    }


def _sum(terms: list[Floats], required: list[bool]) -> Floats:
    """Return the sum of terms; NaN where a required one is, others count as 0 where they are missing."""
    whole: Floats = np.sum(
        [term if needed else np.nan_to_num(term) for term, needed in zip(terms, required, strict=True)],
        axis=0,
    )
    return whole


def _quotient(above: Floats, below: Floats) -> Floats:
    out = np.full(np.broadcast(above, below).shape, np.nan)
    return np.asarray(np.divide(above, below, out=out, where=below > 0))
