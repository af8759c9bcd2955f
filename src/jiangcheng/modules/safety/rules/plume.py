"""Screening of a release into the air: how far the toxic endpoints reach, and when the cloud arrives.

A question is a plain mapping and so is the answer, so that a run can be stored and computed again. Positions are
metres east and north of the source; `place` brings them to degrees. It replaces no model of an impact assessment.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely

from jiangcheng.methods.tracing import release, sigmas
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.safety.rules import clouds, tables, zones
from jiangcheng.modules.safety.rules.numbers import number, rounded

METRES_PER_DEGREE = math.pi * 6_371_000 / 180
KELVIN = 273.15
STANDARD = 298.15
"""Temperature of the vapour pressures of the table [K]."""
TERMS: Mapping[str, tuple[str, ...]] = {
    "rate": ("rate",),
    "mass": ("mass",),
    "gas": ("area", "pressure", "vessel_temperature"),
    "liquid": ("area", "pressure", "head", "radius"),
    "pool": ("radius",),
}
"""What each source term asks for: kg/s; kg in all; m², Pa absolute, °C; m², Pa absolute, m, m; m."""
LETTERS = "ABCDEF"


def screen(question: Mapping[str, Any]) -> dict[str, Any]:
    """Return reach, width, arrival and outline of each toxic endpoint.

    Parameters
    ----------
    question
        ``on`` (ISO date of the tables), ``substance`` (code), ``term`` (``kind`` and its numbers, see `TERMS`),
        ``minutes`` (duration), ``height`` [m], ``wind`` [m/s at 10 m], ``direction`` the wind comes from [°],
        ``stability`` (A…F), ``temperature`` [°C].

    Returns
    -------
    dict
        ``rate`` [kg/s], ``model`` (``heavy``, ``heavy_puff`` or ``gauss``), ``density`` and ``air_density`` [kg/m³],
        ``notes`` (codes), ``zones`` (per endpoint: ``endpoint``, ``limit`` [mg/m³], ``distance``, ``half_width``,
        ``upwind`` [m], ``arrival_minutes``, ``beyond``, ``outline`` and ``envelope`` as rings of [east, north] metres),
        ``axis`` (``distance``, ``concentration`` [mg/m³], ``minutes``), ``sigma_theta`` [°], ``versions``.

    Raises
    ------
    TracingError
        If a number is missing or impossible, or the method does not hold.
    LookupError
        If the substance is in no table.
    """
    on = dt.date.fromisoformat(str(question["on"]))
    known, model = tables.in_force("substances", on), tables.in_force("model", on)
    substance = tables.row(known, str(question["substance"]))
    met = _weather(question, model)
    notes: list[str] = ["calm"] if met["calm"] else []
    minutes = number(question, "minutes", 0.1, 14_400)
    rate, cold = source_rate(question["term"], substance, met, minutes * 60.0, notes)
    height = number(question, "height", 0.0, 500.0)
    cloud = _cloud(rate, cold, substance, met, model)
    x = np.geomspace(float(model["range_m"][0]), float(model["range_m"][1]), int(model["steps"]))
    field = clouds.field(x, rate, minutes * 60.0, height, cloud, met, model, notes)
    spread = _spread(question, met, model)
    found = []
    for endpoint in (1, 2):
        limit = substance.get(f"endpoint_{endpoint}")
        if limit is not None:
            found.append(zones.zone(endpoint, float(limit), x, field, met["direction"], spread))
    some = np.unique(np.linspace(0, x.size - 1, 25).astype(int))
    return {
        "model": field.model, "rate": rounded(rate), "density": rounded(cloud["density"]),
        "air_density": rounded(cloud["air_density"]), "notes": notes, "sigma_theta": spread, "zones": found,
        "wind": met["wind"], "direction": met["direction"], "stability": met["stability"],
        "axis": [
            {"distance": rounded(x[i]), "concentration": rounded(field.axis[i]),
             "minutes": rounded(field.arrival[i] / 60)}
            for i in some
        ],
        "versions": {"substances": known["version"], "model": model["version"]},
        "verified": bool(known["verified"] and model["verified"]),
    }  # fmt: skip


def source_rate(
    term: Mapping[str, Any],
    substance: Mapping[str, Any],
    met: Mapping[str, Any],
    seconds: float,
    notes: list[str],
) -> tuple[float, bool]:
    """Return how much gets into the air [kg/s] and whether it comes out at its boiling point.

    A liquid that boils below the air's temperature is taken to evaporate as fast as it leaks: the highest rate.
    """
    kind = str(term.get("kind"))
    air = met["temperature"] + KELVIN
    boils = substance["boiling"] < air
    if kind == "rate":
        return number(term, "rate", 1e-6, 1e5), False
    if kind == "mass":
        # What bursts out of a vessel under its own pressure comes out at its boiling point.
        return number(term, "mass", 1e-3, 1e8) / seconds, boils
    if kind == "gas":
        rate = release.gas_rate(
            number(term, "area", 1e-8, 10), number(term, "pressure", 1e4, 1e8),
            number(term, "vessel_temperature", -200, 1000) + KELVIN, substance["molar_mass"], substance["gamma"],
        )  # fmt: skip
        return rate, False
    if kind == "pool":
        return _pool(term, substance, met, air), boils
    if kind != "liquid":
        raise TracingError(f"term: {kind!r} is unknown")
    leak = release.liquid_rate(
        number(term, "area", 1e-8, 10), substance["density"], number(term, "pressure", 1e4, 1e8),
        number(term, "head", 0, 100),
    )  # fmt: skip
    if boils:
        notes.append("all_evaporates")
        return leak, True
    return min(leak, _pool(term, substance, met, air)), False


def place(ring: list[list[float]], longitude: float, latitude: float) -> list[list[float]]:
    """Return a ring of [east, north] metres as [longitude, latitude] around a source."""
    east = METRES_PER_DEGREE * math.cos(math.radians(latitude))
    return [[round(longitude + x / east, 6), round(latitude + y / METRES_PER_DEGREE, 6)] for x, y in ring]


def offset(longitude: float, latitude: float, origin: tuple[float, float]) -> tuple[float, float]:
    """Return how far a point lies east and north of an origin [m]."""
    east = METRES_PER_DEGREE * math.cos(math.radians(origin[1]))
    return (longitude - origin[0]) * east, (latitude - origin[1]) * METRES_PER_DEGREE


def inside(ring: list[list[float]], east: float, north: float) -> bool:
    """Tell whether a place lies in a ring, its border counts; False for an empty ring."""
    return len(ring) > 3 and bool(shapely.Polygon(ring).buffer(0).covers(shapely.Point(east, north)))


def _weather(question: Mapping[str, Any], model: Mapping[str, Any]) -> dict[str, Any]:
    letter = str(question["stability"]).upper()
    if letter not in tuple(LETTERS):
        raise TracingError("stability: a class A to F is needed")
    wind = number(question, "wind", 0.0, 60.0)
    return {
        "calm": wind < model["calm_below"], "wind": max(wind, float(model["least_wind"])),
        "direction": number(question, "direction", 0.0, 360.0) % 360.0, "stability": letter,
        "class": sigmas.CLASSES[letter], "temperature": number(question, "temperature", -60.0, 60.0),
    }  # fmt: skip


def _pool(term: Mapping[str, Any], substance: Mapping[str, Any], met: Mapping[str, Any], air: float) -> float:
    given = substance["vapour_pressure"]
    if given is None:
        raise TracingError("term: the substance has no vapour pressure, state a rate")
    # Clausius and Clapeyron from 25 °C; above its boiling point a liquid stands at the pressure of the air.
    gas = release.GAS_CONSTANT
    turn = substance["latent"] * substance["molar_mass"] / gas * (1.0 / STANDARD - 1.0 / air)
    pressure = min(given * math.exp(turn), release.ATMOSPHERE)
    radius = number(term, "radius", 0.1, 500)
    return release.pool_rate(pressure, substance["molar_mass"], air, met["wind"], radius, met["stability"])


def _cloud(
    rate: float, cold: bool, substance: Mapping[str, Any], met: Mapping[str, Any], model: Mapping[str, Any]
) -> dict[str, float]:
    air = met["temperature"] + KELVIN
    temperature = min(substance["boiling"], air) if cold else air
    unit = release.ATMOSPHERE / release.GAS_CONSTANT
    density = substance["molar_mass"] * unit / temperature
    volume = rate / density
    return {
        "density": density, "air_density": model["air_molar_mass"] * unit / air, "volume": volume,
        "temperature": temperature, "air": air, "diameter": math.sqrt(4.0 * volume / (math.pi * met["wind"])),
        "full": substance["molar_mass"] * unit / air * 1e6,
    }  # fmt: skip


def _spread(question: Mapping[str, Any], met: Mapping[str, Any], model: Mapping[str, Any]) -> float:
    if met["calm"]:
        return 180.0
    if question.get("sigma_theta") not in (None, ""):
        return number(question, "sigma_theta", 0.0, 180.0)
    return float(max(model["sigma_theta"][met["stability"]], model["least_sigma_theta"]))
