"""What a release does on its way downwind: concentration on the axis, half width, and when it arrives."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from jiangcheng.methods.tracing import dispersion, heavygas, heavypuff, release, sigmas
from jiangcheng.methods.tracing.inputs import Floats, TracingError

BOUNDARY = 100.0
"""Distance at which a release counts as short or lasting for the Richardson number [m]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A release along distances downwind; arrays of shape (n,)."""

    model: str
    """``heavy``, ``heavy_puff`` or ``gauss``."""
    axis: Floats
    """Concentration on the axis at the ground [mg/m³]."""
    half_width: Callable[[float], Floats]
    """Half the width at a limit [mg/m³ to m]."""
    arrival: Floats
    """[s]"""
    upwind: float = 0.0
    """How far a heavy cloud spreads against the wind [m]."""


def field(
    x: Floats, rate: float, seconds: float, height: float, cloud: Mapping[str, float], met: Mapping[str, Any],
    model: Mapping[str, Any], notes: list[str],
) -> Field:  # fmt: skip
    """Return the field of a release: heavy gas where the Richardson number says so, else Gaussian.

    Parameters
    ----------
    x : ndarray, shape (n,)
        Downwind [m].
    rate, seconds, height
        [kg/s], [s], [m].
    cloud
        ``density``, ``air_density`` [kg/m³], ``volume`` [m³/s], ``temperature``, ``air`` [K], ``diameter`` [m],
        ``full`` [mg/m³ of the pure gas].
    notes
        What there is to say about the answer is added.
    """
    kind = release.release_kind(seconds, BOUNDARY, met["wind"])
    amount = rate if kind == "continuous" else rate * seconds
    if release.is_heavy(kind, amount, cloud["density"], cloud["air_density"], met["wind"], cloud["diameter"]):
        if height > 0:
            notes.append("heavy_elevated")
        found = _heavy(x, seconds, kind, cloud, met["wind"], model["heavy_width"], notes)
        if found is not None:
            return found
        notes.append("beyond_workbook")
    return _gauss(x, rate, seconds, height, cloud, met)


def _heavy(
    x: Floats, seconds: float, kind: str, cloud: Mapping[str, float], wind: float, shape: Mapping[str, float],
    notes: list[str],
) -> Field | None:  # fmt: skip
    """Return the heavy field; None where the workbook has no curve for a lasting release of that strength.

    A release counts as lasting at a distance while it lasts ``2 x / u`` (HJ 169-2018 annex G). Beyond, the smaller
    of plume and puff holds, as for Gaussian clouds.
    """
    ratio = cloud["temperature"] / cloud["air"]
    puff = heavypuff.heavy_puff(
        volume=cloud["volume"] * seconds,
        density=cloud["density"],
        air_density=cloud["air_density"],
        wind=wind,
    )
    sudden = puff.dilution(x, ratio=ratio)
    try:
        lasting = heavygas.plume_dilution(
            x, volume_rate=cloud["volume"], density=cloud["density"], air_density=cloud["air_density"], wind=wind,
            temperature=cloud["temperature"], air_temperature=cloud["air"],
        )  # fmt: skip
    except TracingError:
        if kind == "continuous":
            return None
        lasting = np.full(x.size, np.inf)
    as_puff = (seconds < 2.0 * x / wind) & (sudden < lasting) | ~np.isfinite(lasting)
    axis = np.where(as_puff, sudden, lasting) * cloud["full"]
    if as_puff.any() and puff.held:
        notes.append("held_workbook")
    buoyancy = dispersion.GRAVITY * (cloud["density"] - cloud["air_density"]) / cloud["air_density"]
    length = buoyancy * cloud["volume"] / wind**3
    even = cloud["diameter"] + shape["reach"] * length + shape["growth"] * length ** (1 / 3) * x ** (2 / 3)
    width = np.where(as_puff, puff.half_width(x), even)
    sole = bool(as_puff.all())

    def half(limit: float) -> Floats:
        # The workbook takes the concentration as even across the cloud.
        return np.where(axis >= limit, width, 0.0)

    arrival = np.maximum.accumulate(np.where(as_puff, puff.arrival(x), x / wind))
    upwind = puff.upwind() if sole else cloud["diameter"] / 2.0 + shape["upwind"] * length
    return Field("heavy_puff" if as_puff.any() else "heavy", axis, half, arrival, upwind)


def _gauss(
    x: Floats, rate: float, seconds: float, height: float, cloud: Mapping[str, float], met: Mapping[str, Any]
) -> Field:
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

    return Field("gauss", axis, half, x / met["wind"])
