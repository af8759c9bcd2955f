"""Screening of a release into the air: how far the toxic endpoints reach, and when the cloud arrives.

A question is a plain mapping and so is the answer, so that a run can be stored and computed again. Positions are
metres east and north of the source; `place` brings them to degrees. It replaces no model of an impact assessment.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
import shapely.affinity
import shapely.geometry
from numpy.typing import NDArray

from jiangcheng.methods.tracing import dispersion, heavygas, release, sigmas
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.safety.rules import tables

Floats = NDArray[np.float64]
METRES_PER_DEGREE = math.pi * 6_371_000 / 180
KELVIN = 273.15
STANDARD = 298.15
"""Temperature of the vapour pressures of the table [K]."""
TERMS: Mapping[str, tuple[str, ...]] = {
    "rate": ("rate",),
    "gas": ("area", "pressure", "vessel_temperature"),
    "liquid": ("area", "pressure", "head", "radius"),
    "pool": ("radius",),
}
"""What each source term asks for: kg/s; m², Pa absolute, °C; m², Pa absolute, m, m; m."""
BOUNDARY = 100.0
"""Distance at which a release counts as short or lasting for the Richardson number [m]."""
ROTATIONS = 9
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
        ``rate`` [kg/s], ``model`` (``heavy`` or ``gauss``), ``density`` and ``air_density`` [kg/m³], ``notes``
        (codes), ``zones`` (per endpoint: ``endpoint``, ``limit`` [mg/m³], ``distance``, ``half_width`` [m],
        ``arrival_minutes``, ``beyond``, ``outline`` and ``envelope`` as rings of [east, north] metres), ``axis``
        (``distance``, ``concentration`` [mg/m³], ``minutes``), ``sigma_theta`` [°], ``versions``.

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
    rate, cold = source_rate(question["term"], substance, met, notes)
    minutes = number(question, "minutes", 0.1, 14_400)
    height = number(question, "height", 0.0, 500.0)
    cloud = _cloud(rate, cold, substance, met, model)
    x = np.geomspace(float(model["range_m"][0]), float(model["range_m"][1]), int(model["steps"]))
    axis, half_width, used = _field(x, rate, minutes * 60.0, height, cloud, met, model, notes)
    spread = _spread(question, met, model)
    zones = []
    for endpoint in (1, 2):
        limit = substance.get(f"endpoint_{endpoint}")
        if limit is not None:
            zones.append(_zone(endpoint, float(limit), x, axis, half_width, met, spread))
    some = np.unique(np.linspace(0, x.size - 1, 25).astype(int))
    return {
        "model": used, "rate": rounded(rate), "density": rounded(cloud["density"]),
        "air_density": rounded(cloud["air_density"]), "notes": notes, "sigma_theta": spread, "zones": zones,
        "wind": met["wind"], "direction": met["direction"], "stability": met["stability"],
        "axis": [
            {"distance": rounded(x[i]), "concentration": rounded(axis[i]), "minutes": rounded(x[i] / met["wind"] / 60)}
            for i in some
        ],
        "versions": {"substances": known["version"], "model": model["version"]},
        "verified": bool(known["verified"] and model["verified"]),
    }  # fmt: skip


def source_rate(
    term: Mapping[str, Any], substance: Mapping[str, Any], met: Mapping[str, Any], notes: list[str]
) -> tuple[float, bool]:
    """Return how much gets into the air [kg/s] and whether it comes out at its boiling point.

    A liquid that boils below the air's temperature is taken to evaporate as fast as it leaks: the highest rate.
    """
    kind = str(term.get("kind"))
    air = met["temperature"] + KELVIN
    boils = substance["boiling"] < air
    if kind == "rate":
        return number(term, "rate", 1e-6, 1e5), False
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


def _field(
    x: Floats, rate: float, seconds: float, height: float, cloud: Mapping[str, float], met: Mapping[str, Any],
    model: Mapping[str, Any], notes: list[str],
) -> tuple[Floats, Any, str]:  # fmt: skip
    """Return the concentration on the axis [mg/m³], half the width at a limit, and the name of the method."""
    kind = release.release_kind(seconds, BOUNDARY, met["wind"])
    amount = rate if kind == "continuous" else rate * seconds
    heavy = release.is_heavy(
        kind, amount, cloud["density"], cloud["air_density"], met["wind"], cloud["diameter"]
    )
    if heavy and height > 0:
        notes.append("heavy_elevated")
    if heavy:
        try:
            return *_heavy(x, cloud, met, model), "heavy"
        except TracingError:
            notes.append("beyond_workbook")
    return *_gauss(x, rate, seconds, height, cloud, met), "gauss"


def _heavy(
    x: Floats, cloud: Mapping[str, float], met: Mapping[str, Any], model: Mapping[str, Any]
) -> tuple[Floats, Any]:
    share = heavygas.plume_dilution(
        x, volume_rate=cloud["volume"], density=cloud["density"], air_density=cloud["air_density"],
        wind=met["wind"], temperature=cloud["temperature"], air_temperature=cloud["air"],
    )  # fmt: skip
    shape = model["heavy_width"]
    buoyancy = dispersion.GRAVITY * (cloud["density"] - cloud["air_density"]) / cloud["air_density"]
    length = buoyancy * cloud["volume"] / met["wind"] ** 3
    width = cloud["diameter"] + shape["reach"] * length + shape["growth"] * length ** (1 / 3) * x ** (2 / 3)
    axis = share * cloud["full"]

    def half(limit: float) -> Floats:
        # The workbook takes the concentration as even across the plume.
        return np.where(axis >= limit, width, 0.0)

    return axis, half


def _gauss(
    x: Floats, rate: float, seconds: float, height: float, cloud: Mapping[str, float], met: Mapping[str, Any]
) -> tuple[Floats, Any]:
    """Return plume and, where the release is shorter than its way, puff: the smaller holds."""
    curves, puffs = sigmas.curves("gb"), sigmas.curves("slade_puff")
    wide = {"plume": curves.sigma_y(x, met["class"]), "puff": puffs.sigma_y(x, met["class"])}
    tall = {"plume": curves.sigma_z(x, met["class"]), "puff": puffs.sigma_z(x, met["class"])}
    along = dispersion.plume(
        rate * 1e6, x, 0.0, 0.0, height=height, wind=met["wind"], sigma_y=wide["plume"], sigma_z=tall["plume"]
    )
    sudden = dispersion.puff(
        rate * seconds * 1e6, 0.0, 0.0, 0.0, height=height, sigma_x=wide["puff"], sigma_y=wide["puff"],
        sigma_z=tall["puff"],
    )  # fmt: skip
    short = (seconds < 2.0 * x / met["wind"]) & (sudden < along)
    axis = np.minimum(np.where(short, sudden, along), cloud["full"])
    sigma = np.where(short, wide["puff"], wide["plume"])

    def half(limit: float) -> Floats:
        return sigma * np.sqrt(2.0 * np.log(np.maximum(axis / limit, 1.0)))

    return axis, half


def _spread(question: Mapping[str, Any], met: Mapping[str, Any], model: Mapping[str, Any]) -> float:
    if met["calm"]:
        return 180.0
    if question.get("sigma_theta") not in (None, ""):
        return number(question, "sigma_theta", 0.0, 180.0)
    return float(max(model["sigma_theta"][met["stability"]], model["least_sigma_theta"]))


def _zone(
    endpoint: int,
    limit: float,
    x: Floats,
    axis: Floats,
    half_width: Any,
    met: Mapping[str, Any],
    spread: float,
) -> dict[str, Any]:
    over = np.flatnonzero(axis >= limit)
    if not over.size:
        return {"endpoint": endpoint, "limit": limit, "distance": 0.0, "half_width": 0.0, "arrival_minutes": None,
                "beyond": False, "outline": [], "envelope": []}  # fmt: skip
    last = int(over[-1])
    beyond = last == x.size - 1
    reach = float(x[last])
    if not beyond and axis[last + 1] > 0:
        # Between two places the concentration is a power of the distance.
        ends = np.log([axis[last], axis[last + 1]])
        share = (ends[0] - math.log(limit)) / (ends[0] - ends[1]) if ends[0] > ends[1] else 0.0
        reach = float(np.exp(np.log(x[last]) + share * (np.log(x[last + 1]) - np.log(x[last]))))
    width = half_width(limit)
    outline = _ring(x[over[0] : last + 1], width[over[0] : last + 1], reach)
    turned = (met["direction"] + 180.0) % 360.0
    shape = shapely.affinity.rotate(shapely.Polygon(outline).buffer(0), 90.0 - turned, origin=(0, 0))
    return {
        "endpoint": endpoint, "limit": limit, "distance": rounded(reach), "half_width": rounded(width.max()),
        "arrival_minutes": rounded(reach / met["wind"] / 60.0), "beyond": beyond,
        "outline": _coordinates(shape), "envelope": _coordinates(_envelope(shape, reach, spread)),
    }  # fmt: skip


def _ring(x: Floats, width: Floats, reach: float) -> list[tuple[float, float]]:
    """Return the outline of a plume that blows along x, from the source to its reach."""
    upper = [(0.0, 0.0), *zip(x.tolist(), width.tolist(), strict=True), (reach, 0.0)]
    return [*upper, *[(a, -b) for a, b in reversed(upper[1:-1])], upper[0]]


def _envelope(shape: shapely.Geometry, reach: float, spread: float) -> shapely.Geometry:
    """Return where the plume may lie when the wind turns by its deviation to either side."""
    if spread >= 180.0:
        return shapely.Point(0.0, 0.0).buffer(reach)
    turns = [
        shapely.affinity.rotate(shape, angle, origin=(0, 0))
        for angle in np.linspace(-spread, spread, ROTATIONS)
    ]
    pairs = [shapely.union(a, b).convex_hull for a, b in itertools.pairwise(turns)]
    return shapely.union_all([*pairs, shape])


def _coordinates(shape: shapely.Geometry) -> list[list[float]]:
    largest = max(getattr(shape, "geoms", [shape]), key=lambda part: part.area)
    simple = largest.simplify(max(math.sqrt(largest.area) / 400, 0.1))
    return [[round(a, 1), round(b, 1)] for a, b in simple.exterior.coords]


def number(values: Mapping[str, Any], name: str, least: float, most: float) -> float:
    try:
        value = float(values[name])
    except (KeyError, TypeError, ValueError) as error:
        raise TracingError(f"{name}: a number is needed") from error
    if not least <= value <= most:
        raise TracingError(f"{name}: {least:g} to {most:g}, not {value:g}")
    return value


def rounded(value: float) -> float:
    """Return four significant digits: a screening knows no more, and a stored run compares the same."""
    number = float(value)
    return number if number == 0 or not math.isfinite(number) else float(f"{number:.4g}")
