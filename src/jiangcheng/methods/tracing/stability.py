"""Stability of the air from cloud, sun and wind, or from the Obukhov length; wind at height."""

from __future__ import annotations

import functools
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from jiangcheng.methods.tracing import sigmas
from jiangcheng.methods.tracing.inputs import Floats, TracingError
from jiangcheng.standards import lookup

Terrain = Literal["rural", "urban"]
EDITION = "1991"
CLOUDS = ("clear", "scattered", "thin", "broken", "overcast")
LETTERS = "ABCDEF"
BEIJING = np.timedelta64(8, "h")


def solar_altitude(time: ArrayLike, longitude: float, latitude: float) -> Floats:
    """Return the altitude of the sun [°] (GB/T 3840-91).

    Parameters
    ----------
    time : array_like of datetime64
        UTC.
    longitude, latitude : float
        Position, east and north positive [°].
    """
    beijing = np.asarray(time, dtype="datetime64[s]") + BEIJING
    day = beijing.astype("datetime64[D]") - beijing.astype("datetime64[Y]").astype("datetime64[D]")
    hour = (beijing - beijing.astype("datetime64[D]")).astype(np.float64) / 3600.0
    angle = 2.0 * np.pi * day.astype(np.float64) / 365.0
    # Spencer's series of the declination [rad].
    delta = 0.006918 - 0.39912 * np.cos(angle) + 0.070257 * np.sin(angle) - 0.006758 * np.cos(2 * angle)
    delta += 0.000907 * np.sin(2 * angle) - 0.002697 * np.cos(3 * angle) + 0.00148 * np.sin(3 * angle)
    phi = np.radians(latitude)
    # 300° are the noon of the meridian of Beijing time: 15° a hour from midnight on 120° E.
    turn = np.radians(15.0 * hour + longitude - 300.0)
    height = np.sin(phi) * np.sin(delta) + np.cos(phi) * np.cos(delta) * np.cos(turn)
    return np.asarray(np.degrees(np.arcsin(np.clip(height, -1.0, 1.0))))


def radiation_class(altitude: ArrayLike, total_cloud: ArrayLike, low_cloud: ArrayLike) -> Floats:
    """Return the radiation class, -2…3 (GB/T 3840-91).

    Parameters
    ----------
    altitude : array_like
        Altitude of the sun [°]; not above 0 is night.
    total_cloud, low_cloud : array_like
        Tenths of the sky, 0…10, low not above total; shapes broadcast.

    Raises
    ------
    TracingError
        If a cloud cover is missing or out of range.
    """
    sun, total, low = np.broadcast_arrays(
        np.asarray(altitude, np.float64),
        np.asarray(total_cloud, np.float64),
        np.asarray(low_cloud, np.float64),
    )
    if not np.all(np.isfinite(sun)):
        raise TracingError("altitude: the altitude of the sun is missing")
    if not np.all((low >= 0) & (total <= 10) & (low <= total)):
        raise TracingError("cloud: total and low cloud in tenths are needed, low not above total")
    edges, groups, table = _radiation()
    column = np.where(sun <= 0.0, 0, 1 + np.searchsorted(edges, sun, side="left"))
    covered = np.full(sun.shape, -1)
    for row, (total_from, total_to, low_from, low_to) in enumerate(groups):
        inside = (np.rint(total) >= total_from) & (np.rint(total) <= total_to)
        covered[inside & (np.rint(low) >= low_from) & (np.rint(low) <= low_to)] = row
    return np.asarray(table[covered, column])


@functools.cache
def _radiation() -> tuple[Floats, tuple[tuple[float, ...], ...], Floats]:
    rows = {
        (row.parameter, row.averaging, row.zone): row.value for row in lookup.rows("GBT3840", edition=EDITION)
    }
    sides = ("total_from", "total_to", "low_from", "low_to")
    groups = tuple(tuple(rows["cloud", side, name] for side in sides) for name in CLOUDS)
    columns = ("night", "0", "15", "35", "65")
    table = np.array([[rows["radiation", column, name] for column in columns] for name in CLOUDS])
    return np.array([float(column) for column in columns[2:]]), groups, table


def stability_class(wind: ArrayLike, radiation: ArrayLike) -> Floats:
    """Return the stability class, 1 (A) … 6 (F) with halves, of wind at 10 m [m/s] and radiation class.

    Raises
    ------
    TracingError
        If a wind is missing or negative.
    """
    speed, ray = np.broadcast_arrays(np.asarray(wind, np.float64), np.asarray(radiation, np.float64))
    if not np.all(speed >= 0):
        raise TracingError("wind: a wind at 10 m is needed for the stability")
    # The classes of the standard are printed to a tenth: 1.9 and 2.0 are neighbours.
    edges, table = _stability()
    row = np.searchsorted(edges, np.floor(speed * 10.0 + 0.5) / 10.0, side="right") - 1
    return np.asarray(table[row, (3 - ray).astype(np.int64)])


@functools.cache
def _stability() -> tuple[Floats, Floats]:
    found = {
        (float(row.averaging), int(row.zone)): row.value
        for row in lookup.rows("GBT3840", edition=EDITION)
        if row.parameter == "stability"
    }
    edges = sorted({speed for speed, _ in found})
    return np.array(edges), np.array([[found[speed, ray] for ray in range(3, -3, -1)] for speed in edges])


def from_weather(
    time: ArrayLike,
    longitude: float,
    latitude: float,
    wind: ArrayLike,
    total_cloud: ArrayLike,
    low_cloud: ArrayLike,
) -> Floats:
    """Return the stability class of observed hours; see the functions it joins for units and errors."""
    sun = solar_altitude(time, longitude, latitude)
    return stability_class(wind, radiation_class(sun, total_cloud, low_cloud))


def from_obukhov(length: ArrayLike, roughness: float) -> Floats:
    """Return the stability class 1…6 of an Obukhov length (Golder 1972).

    Parameters
    ----------
    length : array_like
        Obukhov length, infinite in neutral air [m].
    roughness
        Roughness length of the ground [m].

    Raises
    ------
    TracingError
        If a length is missing or zero.
    """
    size = np.asarray(length, dtype=np.float64)
    if np.any(np.isnan(size) | (size == 0)):
        raise TracingError("length: an Obukhov length other than 0 is needed")
    borders = np.array(
        [
            lookup.value("dispersion_curves", "obukhov_factor", str(i), "", edition="golder-1972")
            * roughness
            ** lookup.value("dispersion_curves", "obukhov_exponent", str(i), "", edition="golder-1972")
            for i in (1, 2, 3)
        ]
    )
    edges = np.concatenate([borders, -borders[:0:-1]])
    return 1.0 + np.searchsorted(edges, 1.0 / size, side="left").astype(np.float64)


def shifted(stability: ArrayLike, terrain: Terrain) -> Floats:
    """Return the class with which GB/T 3840-91 looks up sigma in a terrain; hills count as urban.

    A half class is shifted as the more stable of its neighbours. On open prairie the shift makes ten-minute
    forecasts worse; take it for half-hour means over real ground.
    """
    row = sigmas.numbers(stability)
    shift = np.array([_value("class_shift", terrain, LETTERS[(i + 1) // 2]) for i in range(11)])
    return np.asarray(np.maximum((row + 2.0) / 2.0 + shift[row], 1.0))


def whole(stability: ArrayLike) -> Floats:
    """Return whole classes: halves are rounded toward neutral, which assumes the least."""
    classes = np.asarray(stability, dtype=np.float64)
    return np.asarray(np.where(classes < 4.0, np.ceil(classes), np.floor(classes)))


def _value(parameter: str, averaging: str, zone: str) -> float:
    return lookup.value("GBT3840", parameter, averaging, zone, edition=EDITION)


def wind_at(
    height: ArrayLike,
    wind: ArrayLike,
    stability: ArrayLike,
    terrain: Terrain,
    *,
    reference: float = 10.0,
    least: float = 0.5,
) -> Floats:
    """Return the wind at a height by the power law of GB/T 3840-91 [m/s].

    Parameters
    ----------
    height, wind, stability : array_like
        Height [m], wind at the reference height [m/s], class 1…6; shapes broadcast.
    reference
        Height of the measurement [m].
    least
        Lowest wind with which a plume may be computed; below it use puffs [m/s].
    """
    row = sigmas.numbers(whole(stability))
    exponents = np.array([_value("wind_exponent", terrain, letter) for letter in LETTERS])
    ratio = np.asarray(height, dtype=np.float64) / reference
    return np.asarray(np.maximum(np.asarray(wind, dtype=np.float64) * ratio ** exponents[row // 2], least))
