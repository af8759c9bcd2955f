"""Forward dispersion: Gaussian plumes and puffs with reflections, losses on the way and plume rise.

For tracing within minutes and kilometres; it replaces none of the models of HJ 2.2-2018.
"""

from __future__ import annotations

import concurrent.futures
import os
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba
import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing import sigmas
from jiangcheng.methods.tracing.inputs import Floats, TracingError, positive
from jiangcheng.standards import lookup

IMAGES = 4
"""Reflections at the lid counted on either side."""
FELT = 5.0
"""Widths upward within which the image above the lid is felt."""
MIXED = 1.6
"""Above this share of the lid the air is mixed to the lid."""
ASIDE = 6.0
"""Widths aside beyond which a plume is nothing: there it is a hundred-millionth of its axis."""
MARGIN = 1.01
"""By which the bound of the widths lies above them, for the seams of tabled curves."""
MANY = 2_000_000
"""Pairs and hours from which receptors are shared out among processors."""
GRAVITY = 9.80665
"""m/s²."""

_F = TypeVar("_F", bound=Callable[..., Any])


def _compiled(function: _F) -> _F:
    return cast(_F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def vertical(z: ArrayLike, height: ArrayLike, sigma_z: ArrayLike, lid: ArrayLike = np.inf) -> Floats:
    """Return the vertical factor of a plume or puff with reflections, integral over the height 1 [1/m].

    Parameters
    ----------
    z, height, sigma_z, lid : array_like
        Height of the receptor and of the plume, width upward, height of the lid [m]; shapes broadcast.
    """
    z, h, s, top = np.broadcast_arrays(*(np.asarray(item, np.float64) for item in (z, height, sigma_z, lid)))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        factor = np.exp(-0.5 * ((z - h) / s) ** 2) + np.exp(-0.5 * ((z + h) / s) ** 2)
        felt = 2.0 * top - z - h < FELT * s
        if felt.any():
            for n in range(1, IMAGES + 1):
                for shift in (2.0 * n * top, -2.0 * n * top):
                    more = np.exp(-0.5 * ((z - h + shift) / s) ** 2) + np.exp(
                        -0.5 * ((z + h + shift) / s) ** 2
                    )
                    factor = np.where(felt, factor + more, factor)
        result = factor / (np.sqrt(2.0 * np.pi) * s)
        result = np.where(s > MIXED * top, 1.0 / top, result)
    return np.where((s > 0) & (z <= top) & (h <= top), result, 0.0)


def plume(
    rate: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    height: ArrayLike,
    wind: ArrayLike,
    sigma_y: ArrayLike,
    sigma_z: ArrayLike,
    lid: ArrayLike = np.inf,
) -> Floats:
    """Return the concentration in a Gaussian plume [unit of the rate · s/m³].

    Parameters
    ----------
    rate : array_like
        Emission [g/s gives g/m³].
    x, y, z : array_like
        Downwind, across and height above ground [m].
    height, wind, sigma_y, sigma_z, lid : array_like
        Effective height [m], wind there [m/s], widths at `x` [m], mixing height [m]. All shapes broadcast.

    Raises
    ------
    TracingError
        If the wind is not above zero: then use `puff`.
    """
    speed = np.asarray(wind, dtype=np.float64)
    if not np.all(speed > 0):
        raise TracingError("wind: a plume needs wind; use puffs in a calm")
    across, down = np.asarray(sigma_y, np.float64), np.asarray(x, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        side = np.exp(-0.5 * (np.asarray(y) / across) ** 2) / (np.sqrt(2.0 * np.pi) * across)
        result = np.asarray(rate) / speed * side * vertical(z, height, sigma_z, lid)
    return np.asarray(np.where((down > 0) & (across > 0), result, 0.0))


def puff(
    mass: ArrayLike,
    x: ArrayLike,
    y: ArrayLike,
    z: ArrayLike,
    *,
    height: ArrayLike,
    sigma_x: ArrayLike,
    sigma_y: ArrayLike,
    sigma_z: ArrayLike,
    lid: ArrayLike = np.inf,
) -> Floats:
    """Return the concentration in a Gaussian puff [unit of the mass / m³].

    Parameters
    ----------
    mass : array_like
        Released [g gives g/m³].
    x, y, z : array_like
        Distance from the centre along and across, height above ground [m].
    height, sigma_x, sigma_y, sigma_z, lid : array_like
        Height of the centre, widths, mixing height [m]. All shapes broadcast.
    """
    along, across = np.asarray(sigma_x, np.float64), np.asarray(sigma_y, np.float64)
    if not (np.all(along > 0) and np.all(across > 0)):
        raise TracingError("sigma_x, sigma_y: a puff needs widths above 0")
    flat = np.exp(-0.5 * ((np.asarray(x) / along) ** 2 + (np.asarray(y) / across) ** 2))
    return np.asarray(mass) * flat / (2.0 * np.pi * along * across) * vertical(z, height, sigma_z, lid)


def wet_loss(distance: ArrayLike, wind: ArrayLike, scavenging: ArrayLike) -> Floats:
    """Return the share left after washing out, ``exp(-Λ x / u)``.

    Parameters
    ----------
    distance, wind, scavenging : array_like
        Way [m], wind [m/s], scavenging or decay coefficient [1/s].
    """
    way = np.maximum(np.asarray(distance, np.float64), 0.0)
    return np.asarray(np.exp(-np.asarray(scavenging) * way / np.asarray(wind)))


def dry_loss(
    distance: ArrayLike,
    wind: float,
    velocity: float,
    height: float,
    sigma_z: Callable[[Floats], Floats],
    *,
    steps: int = 400,
) -> Floats:
    """Return the share left after dry deposition, by depletion of the source (Van der Hoven 1968).

    ``exp(-√(2/π) v/u ∫ dx / (σz exp(H² / 2 σz²)))``

    Parameters
    ----------
    distance : array_like, shape (n,)
        Way [m].
    wind, velocity, height
        Wind [m/s], deposition velocity [m/s], effective height [m].
    sigma_z
        Width upward [m] of distances [m].
    """
    way = np.maximum(np.asarray(distance, dtype=np.float64), 0.0)
    if velocity == 0 or not way.max() > 0:
        return np.ones_like(way)
    # In ln x the integrand is smooth even where sigma grows from nothing.
    grid = np.geomspace(min(0.1, way[way > 0].min()), way.max(), steps)
    width = sigma_z(grid)
    inner = grid / width * np.exp(-0.5 * (height / width) ** 2)
    pieces = (inner[1:] + inner[:-1]) / 2.0 * np.diff(np.log(grid))
    total = np.interp(way, grid, np.concatenate([[0.0], np.cumsum(pieces)]), left=0.0)
    return np.asarray(np.exp(-np.sqrt(2.0 / np.pi) * velocity / positive("wind", wind) * total))


def plume_rise(
    speed: float,
    diameter: float,
    gas: float,
    air: float,
    wind: float,
    distance: ArrayLike,
    stratification: float = 0.0,
) -> Floats:
    """Return the rise of a hot plume [m] (Briggs 1969).

    Parameters
    ----------
    speed, diameter
        Exit velocity [m/s] and diameter of the stack [m].
    gas, air
        Temperatures [K].
    wind
        At the mouth of the stack [m/s].
    distance : array_like
        Downwind [m].
    stratification
        ``g / T dθ/dz`` of stable air [1/s²]; 0 if not stable.
    """
    buoyancy = GRAVITY * speed * diameter**2 * max(gas - air, 0.0) / (4.0 * gas)
    value = {
        (row.parameter, row.zone): row.value
        for row in lookup.rows("dispersion_curves", edition="briggs-1969")
    }
    kind = "weak" if buoyancy < value["rise_strong_from", ""] else "strong"
    final = value["rise_distance", kind] * buoyancy ** value["rise_distance_exponent", kind]
    way = np.clip(np.asarray(distance, dtype=np.float64), 0.0, final)
    rise = value["rise_factor", ""] * buoyancy ** (1 / 3) * way ** (2 / 3) / positive("wind", wind)
    if stratification > 0:
        rise = np.minimum(rise, value["rise_stable", ""] * (buoyancy / (wind * stratification)) ** (1 / 3))
    return np.asarray(rise)


def response(
    sources: ArrayLike,
    receptors: ArrayLike,
    *,
    wind: ArrayLike,
    direction: ArrayLike,
    stability: ArrayLike,
    scheme: sigmas.Scheme = "gb",
    size: float = 0.0,
) -> Floats:
    """Return the unit response of receptors to sources in each hour: the matrix of every inversion [s/m³].

    Parameters
    ----------
    sources : array_like, shape (s, 3)
        East, north, effective height [m].
    receptors : array_like, shape (r, 3)
        East, north, height above ground [m].
    wind, direction, stability : array_like, shape (t,)
        Wind [m/s], direction it comes from [°], class 1…6.
    scheme
        Of `sigmas.curves`.
    size
        Width of the source, added to the plume's in quadrature [m].

    Returns
    -------
    array, shape (t, r, s)

    Raises
    ------
    TracingError
        If a position or a wind is missing, or the wind is not above zero.
    """
    where, at = _positions("sources", sources), _positions("receptors", receptors)
    speed, angle = (np.atleast_1d(np.asarray(item, np.float64)) for item in (wind, direction))
    rows = np.atleast_1d(sigmas.numbers(stability))
    if not speed.size == angle.size == rows.size:
        raise TracingError("wind, direction and stability differ in length")
    if not (np.all(speed > 0) and np.all(np.isfinite(angle))):
        raise TracingError(
            "wind: every hour needs a wind above 0 and a direction; leave calms out or use puffs"
        )
    curves = sigmas.curves(scheme)
    if np.isnan(curves.y[rows, 0, sigmas.FACTOR]).any():
        raise TracingError(f"stability: {scheme} has no half classes, use whole ones")
    result = np.zeros((speed.size, len(at), len(where)))
    reach = float(np.hypot(*np.ptp(np.vstack([where[:, :2], at[:, :2]]), axis=0)))
    weather = (speed, np.radians(angle), curves.y[rows], curves.z[rows], size, reach)
    parts = min(_workers(), len(at)) if result.size >= MANY else 1
    edges = np.linspace(0, len(at), parts + 1).astype(int)

    def part(first: int, last: int) -> None:
        _respond(where, at[first:last], *weather, result[:, first:last])

    if parts == 1:
        part(0, len(at))
    else:
        with concurrent.futures.ThreadPoolExecutor(parts) as pool:
            list(pool.map(part, edges[:-1], edges[1:]))
    return result


def _workers() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _positions(name: str, values: ArrayLike) -> Floats:
    array = np.atleast_2d(np.asarray(values, dtype=np.float64))
    if array.ndim != 2 or array.shape[1] != 3 or not np.all(np.isfinite(array)):
        raise TracingError(f"{name}: rows of east, north and height in metres are needed, none missing")
    return np.ascontiguousarray(array)


@_compiled
def _segment(segments: Floats, x: float) -> int:
    place = 0
    while place + 1 < segments.shape[0] and x > segments[place + 1, 0]:
        place += 1
    return place


@_compiled
def _sigma(segments: Floats, x: float, log: float) -> float:
    """Return the width at a distance whose logarithm is known, which serves both widths."""
    place = _segment(segments, x)
    width = segments[place, 1] * np.exp(segments[place, 2] * log)
    if segments[place, 4] != 0.0:
        width *= (1.0 + segments[place, 3] * x) ** segments[place, 4]
    return float(width)


@_compiled
def _wedge(segments: Floats, size: float, reach: float) -> tuple[float, float]:
    """Return start and slope of a line that lies above ASIDE widths of a plume all the way to `reach`.

    Widths grow with distance, so the width at the end of a step bounds those within it.
    """
    step = 2.0**0.0625
    far = max(reach, 2.0)
    width = _sigma(segments, far, np.log(far))
    slope = ASIDE * np.sqrt(width * width + size * size) / far
    start, x = 0.0, 1.0
    while x < far:
        width = _sigma(segments, x * step, np.log(x * step))
        start = max(start, MARGIN * ASIDE * np.sqrt(width * width + size * size) - slope * x)
        x *= step
    return start, slope * MARGIN


@_compiled
def _respond(
    sources: Floats,
    receptors: Floats,
    wind: Floats,
    direction: Floats,
    curve_y: Floats,
    curve_z: Floats,
    size: float,
    reach: float,
    result: Floats,
) -> None:
    number = sources.shape[0]
    along, across = np.empty(number), np.empty(number)
    near = np.empty(number, np.int64)
    for t in range(wind.size):
        east, north = -np.sin(direction[t]), -np.cos(direction[t])
        start, slope = _wedge(curve_y[t], size, reach)
        scale = 1.0 / (2.0 * np.pi * wind[t])
        for s in range(number):
            along[s] = sources[s, 0] * east + sources[s, 1] * north
            across[s] = sources[s, 0] * north - sources[s, 1] * east
        for r in range(receptors.shape[0]):
            far = receptors[r, 0] * east + receptors[r, 1] * north
            aside = receptors[r, 0] * north - receptors[r, 1] * east
            # Most pairs are behind or far aside: they are sifted out without a branch or a power.
            count = 0
            for s in range(number):
                x = far - along[s]
                near[count] = s
                count += (x > 0.0) & (abs(aside - across[s]) <= start + slope * x)
            for place in range(count):
                s = near[place]
                x = far - along[s]
                log = np.log(x)
                sy = _sigma(curve_y[t], x, log)
                sy = np.sqrt(sy * sy + size * size)
                side = (aside - across[s]) / sy
                if abs(side) > ASIDE:
                    continue
                sz = _sigma(curve_z[t], x, log)
                low, high = (receptors[r, 2] - sources[s, 2]) / sz, (receptors[r, 2] + sources[s, 2]) / sz
                side *= side
                up = np.exp(-0.5 * (side + low * low)) + np.exp(-0.5 * (side + high * high))
                result[t, r, s] = up * scale / (sy * sz)
