"""Satellites as they look: passes, clouds in patches, pixels that grow toward the edge of a swath.

What tracing knows of a fire is the centre of a pixel and its size. Here the pixel lies on the grid of a scan that
is turned against the meridian, what burns in it is added up, and the centre that is told errs.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import numpy as np

from jiangcheng.demo.trial.outcome import Floats
from jiangcheng.modules.straw.rules import coverage
from jiangcheng.modules.straw.rules.fires import KILOMETRES_PER_DEGREE, Seen

SATELLITES = ("S-NPP", "NOAA-20", "NOAA-21", "Terra")
PIXELS = {"VIIRS": (0.375, 0.8), "MODIS": (1.0, 2.6)}
"""Side of a pixel below the satellite and at the edge of the swath [km]."""
LEAST = {"VIIRS": 0.8, "MODIS": 4.5}
"""Power of a fire found half of the time below the satellite [MW]."""
TURN = 12.0
"""Of the scan against east and west [°]."""
ERROR = {"VIIRS": 0.12, "MODIS": 0.06}
"""Geolocation, standard deviation [km]."""
PATCH = 12.0
"""Size of a patch of cloud [km]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Fire:
    """What burns: place [km east, north of the scene], time and power."""

    east: float
    north: float
    start: dt.datetime
    end: dt.datetime
    power: float
    """[MW]"""
    truth: str


@dataclasses.dataclass(frozen=True, slots=True)
class Signal:
    """A pixel, and the numbers of the fires in it; none for a false one."""

    seen: Seen
    fires: tuple[int, ...]


def looks(random: np.random.Generator, day: dt.datetime) -> list[tuple[dt.datetime, str]]:
    """Return the passes of two days around the nominal times, half an hour early or late."""
    found = []
    for at, name in coverage.nominal(day, day + dt.timedelta(days=2), SATELLITES):
        shift = {"S-NPP": -50, "NOAA-20": 0, "NOAA-21": 45, "Terra": 0}[name]
        found.append((at + dt.timedelta(minutes=shift + float(random.normal(0, 15))), name))
    return sorted(found)


def detections(
    random: np.random.Generator, fires: list[Fire], passes: list[tuple[dt.datetime, str]], cloud: float,
    origin: tuple[float, float],
) -> list[Signal]:  # fmt: skip
    """Return the signals of all passes.

    Parameters
    ----------
    cloud
        Share of the sky covered.
    origin
        Longitude and latitude of the scene [°].
    """
    found: list[Signal] = []
    for number, (at, name) in enumerate(passes):
        sensor = "MODIS" if name == "Terra" else "VIIRS"
        edge = float(random.random())
        least, most = PIXELS[sensor]
        side = least + (most - least) * edge**2
        burning = [i for i, fire in enumerate(fires) if fire.start <= at < fire.end]
        clear = [i for i in burning if not _clouded(random, fires[i], cloud, number)]
        grid = random.uniform(0.0, side, 2)
        for pixel, inside in _pixels(fires, clear, side, grid).items():
            power = sum(fires[i].power for i in inside) * float(np.exp(0.25 * random.standard_normal()))
            needed = LEAST[sensor] * (side / least) ** 1.3
            if random.random() > 1.0 / (1.0 + np.exp(-3.0 * np.log(power / needed))):
                continue
            at_pixel = _place(pixel, side, grid) + ERROR[sensor] * random.standard_normal(2)
            found.append(
                Signal(
                    _seen(f"{number}-{pixel}", at, at_pixel, sensor, side, power / needed, origin),
                    tuple(inside),
                )
            )
        if random.random() < 0.04:
            place = random.uniform(-15.0, 15.0, 2)
            found.append(Signal(_seen(f"{number}-false", at, place, sensor, side, 0.5, origin), ()))
    return found


def _clouded(random: np.random.Generator, fire: Fire, cloud: float, number: int) -> bool:
    """Tell whether a patch of cloud covers a fire; fires in one patch are covered together."""
    patch = [int(np.floor(fire.east / PATCH)) + 50, int(np.floor(fire.north / PATCH)) + 50, number]
    return bool(np.random.default_rng([int(1e6 * cloud), *patch]).random() < cloud)


def _pixels(
    fires: list[Fire], clear: list[int], side: float, grid: Floats
) -> dict[tuple[int, int], list[int]]:
    pixels: dict[tuple[int, int], list[int]] = {}
    for i in clear:
        x, y = (_turned(np.array([fires[i].east, fires[i].north]), TURN) - grid) / side
        pixels.setdefault((int(np.floor(x)), int(np.floor(y))), []).append(i)
    return pixels


def _place(pixel: tuple[int, int], side: float, grid: Floats) -> Floats:
    return _turned((np.array(pixel) + 0.5) * side + grid, -TURN)


def _turned(place: Floats, angle: float) -> Floats:
    s, c = np.sin(np.radians(angle)), np.cos(np.radians(angle))
    return np.array([c * place[0] - s * place[1], s * place[0] + c * place[1]])


def degrees(place: Floats, origin: tuple[float, float]) -> tuple[float, float]:
    """Return longitude and latitude of kilometres east and north of the scene's origin."""
    latitude = origin[1] + float(place[1]) / KILOMETRES_PER_DEGREE
    narrow = np.cos(np.radians(origin[1]))
    return origin[0] + float(place[0]) / (KILOMETRES_PER_DEGREE * float(narrow)), latitude


def _seen(
    key: str, at: dt.datetime, place: Floats, sensor: str, side: float, strength: float, origin: tuple[float, float]
) -> Seen:  # fmt: skip
    longitude, latitude = degrees(place, origin)
    trust = "low" if strength < 1.0 else "high" if strength > 6.0 else "nominal"
    return Seen(
        key, at, longitude, latitude, sensor, scan=side, track=side, confidence=trust,
        day=6 <= (at.hour + 8) % 24 < 18,
    )  # fmt: skip
