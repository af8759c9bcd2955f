"""How much comes out of a leak: liquid, gas, flash and pool, and whether the cloud is heavy (HJ 169-2018)."""

from __future__ import annotations

from typing import Literal

import numpy as np

from jiangcheng.methods.tracing.dispersion import GRAVITY
from jiangcheng.methods.tracing.inputs import TracingError, positive
from jiangcheng.standards import lookup

Hole = Literal["round", "triangle", "slot"]
Release = Literal["continuous", "instantaneous"]
GAS_CONSTANT = 8.314462618
"""J/(mol K)."""
ATMOSPHERE = 101_325.0
"""Pa."""


def _value(parameter: str, averaging: str, zone: str) -> float:
    return lookup.value("HJ169", parameter, averaging, zone, edition="2018")


def liquid_rate(
    area: float,
    density: float,
    pressure: float,
    head: float,
    *,
    hole: Hole = "round",
    ambient: float = ATMOSPHERE,
) -> float:
    """Return the rate of liquid out of a hole [kg/s] (HJ 169-2018 annex F).

    Parameters
    ----------
    area, density, pressure, head
        Hole [m²], liquid [kg/m³], absolute pressure in the vessel [Pa], liquid above the hole [m].
    hole
        Shape, for the discharge coefficient.
    ambient
        Pressure outside [Pa].

    Raises
    ------
    TracingError
        If a quantity is not above zero or pressure and head drive nothing out.
    """
    drive = 2.0 * (pressure - ambient) / positive("density", density) + 2.0 * GRAVITY * head
    if not drive > 0:
        raise TracingError("pressure, head: nothing drives the liquid out")
    return float(_value("liquid_discharge", "", hole) * positive("area", area) * density * np.sqrt(drive))


def gas_rate(
    area: float,
    pressure: float,
    temperature: float,
    molar_mass: float,
    gamma: float,
    *,
    hole: Hole = "round",
    ambient: float = ATMOSPHERE,
) -> float:
    """Return the rate of gas out of a hole [kg/s], choked or not (HJ 169-2018 annex F).

    Parameters
    ----------
    area, pressure, temperature, molar_mass, gamma
        Hole [m²], absolute pressure [Pa], gas in the vessel [K], molar mass [kg/mol], ratio of specific heats.

    Raises
    ------
    TracingError
        If the vessel is not above the ambient pressure, or a quantity is not above zero.
    """
    ratio = ambient / positive("pressure", pressure)
    if ratio >= 1.0:
        raise TracingError("pressure: not above that outside, no gas flows out")
    if not gamma > 1.0:
        raise TracingError("gamma: the ratio of specific heats is above 1")
    critical = (2.0 / (gamma + 1.0)) ** (gamma / (gamma - 1.0))
    choked = (2.0 / (gamma + 1.0)) ** ((gamma + 1.0) / (gamma - 1.0))
    flow = gamma * positive("molar_mass", molar_mass) / (GAS_CONSTANT * positive("temperature", temperature))
    base = _value("gas_discharge", "", hole) * positive("area", area) * pressure * np.sqrt(flow * choked)
    if ratio <= critical:
        return float(base)
    slower = ratio ** (2.0 / gamma) * (1.0 - ratio ** ((gamma - 1.0) / gamma)) * 2.0 / (gamma - 1.0) / choked
    return float(base * np.sqrt(slower))


def flash_fraction(heat_capacity: float, temperature: float, boiling: float, latent: float) -> float:
    """Return the share of a superheated liquid that flashes, 0…1.

    Parameters
    ----------
    heat_capacity, temperature, boiling, latent
        [J/(kg K)], liquid and boiling point [K], heat of vaporisation [J/kg].
    """
    share = heat_capacity * (temperature - boiling) / positive("latent", latent)
    return float(np.clip(share, 0.0, 1.0))


def pool_rate(
    vapour_pressure: float, molar_mass: float, temperature: float, wind: float, radius: float, stability: str
) -> float:
    """Return the evaporation of a pool by the wind [kg/s] (HJ 169-2018 annex F).

    Parameters
    ----------
    vapour_pressure, molar_mass, temperature
        Of the liquid [Pa, kg/mol], of the air [K].
    wind, radius
        At 10 m [m/s], of the pool [m].
    stability
        Letter A…F.
    """
    n, alpha = _value("pool_exponent", "", stability), _value("pool_factor", "", stability)
    driven = alpha * positive("vapour_pressure", vapour_pressure) * molar_mass / (GAS_CONSTANT * temperature)
    blown = positive("wind", wind) ** ((2.0 - n) / (2.0 + n))
    return float(driven * blown * positive("radius", radius) ** ((4.0 + n) / (2.0 + n)))


def release_kind(duration: float, distance: float, wind: float) -> Release:
    """Tell whether a release counts as continuous at a distance: ``T >= 2 X / U`` (HJ 169-2018 annex G) [s, m, m/s]."""
    return "continuous" if duration >= 2.0 * distance / positive("wind", wind) else "instantaneous"


def is_heavy(
    kind: Release,
    amount: float,
    density: float,
    air_density: float,
    wind: float,
    diameter: float = float("nan"),
) -> bool:
    """Tell whether a cloud spreads as heavy gas by its Richardson number (HJ 169-2018 annex G).

    Parameters
    ----------
    kind
        Of `release_kind`.
    amount
        Rate [kg/s] of a continuous release, mass [kg] of an instantaneous one.
    density, air_density
        Of the cloud at the source and of the air [kg/m³].
    wind
        At 10 m [m/s].
    diameter
        Initial width of a continuous plume [m].
    """
    excess = (density - air_density) / positive("air_density", air_density)
    if excess <= 0:
        return False
    volume = positive("amount", amount) / density
    if kind == "continuous":
        number = (GRAVITY * volume / positive("diameter", diameter) * excess) ** (1 / 3) / positive(
            "wind", wind
        )
        return bool(number >= _value("richardson", kind, ""))
    number = GRAVITY * volume ** (1 / 3) / positive("wind", wind) ** 2 * excess
    return bool(number > _value("richardson", kind, ""))
