"""What the ledgers of air pollution sources decide by themselves, from dated tables in ``data/``."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import shape

from jiangcheng.standards.dated import DatedTables

TABLES = DatedTables(pathlib.Path(__file__).parent / "data")
table = TABLES.versions
in_force = TABLES.in_force
EARTH_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""
AIR_OXYGEN = 21.0
"""Volume share of oxygen in air as the emission standards round it [%]."""
Floats = NDArray[np.float64]


def catering_size(stoves: float, on: dt.date) -> str:
    """Return the size class of a catering unit by its number of standard stoves (GB 18483-2001, 4.1)."""
    sizes = in_force("catering", on)["sizes"]
    return str(next(item["code"] for item in sizes if stoves >= item["from"]))


@dataclasses.dataclass(frozen=True, slots=True)
class CoalVerdict:
    """Whether a sample keeps the limits: each one it breaks, and the version of the table."""

    passed: bool
    broken: tuple[Mapping[str, Any], ...]
    version: str


def judge_coal(*, use: str, coal: str, sulphur: float, ash: float, on: dt.date) -> CoalVerdict:
    """Judge a sample of coal by the table of the day it was taken.

    Parameters
    ----------
    use, coal
        As in ``data/coal.json``.
    sulphur, ash
        Mass shares, dry basis [%]; a value at the limit keeps it.

    Raises
    ------
    LookupError
        If the table of that day has no row for this coal.
    """
    rule = in_force("coal", on)
    row = next((item for item in rule["limits"] if (item["use"], item["coal"]) == (use, coal)), None)
    if row is None:
        raise LookupError(f"no limit for {coal} coal in {use} use on {on}")
    found = {"sulphur": sulphur, "ash": ash}
    broken = tuple(
        {"what": name, "value": value, "limit": row[name], "clause": row["clause"]}
        for name, value in found.items()
        if value > row[name]
    )
    return CoalVerdict(not broken, broken, rule["version"])


def at_oxygen(value: Floats, *, given: float, wanted: float) -> Floats:
    """Return concentrations at another reference oxygen: ``c · (21 - wanted) / (21 - given)``.

    Parameters
    ----------
    value
        At the oxygen ``given`` [mg/m³].
    given, wanted
        Volume shares below 21 [%].
    """
    return value * (AIR_OXYGEN - wanted) / (AIR_OXYGEN - given)


@dataclasses.dataclass(frozen=True, slots=True)
class UltraLow:
    """How many hours of a boiler keep all limits, break one, or cannot be judged; and what follows."""

    within: int
    over: int
    incomplete: int
    verdict: str
    """``met``, ``missed`` or ``unknown`` (too few hours)."""


def ultra_low(values: Mapping[str, Floats], on: dt.date, *, reference_oxygen: float) -> UltraLow:
    """Judge a boiler by its hours: it is at ultra-low where enough hours keep every limit.

    An hour with a pollutant over its limit is over, whatever else is missing; one with a gap and nothing
    over is not judged.

    Parameters
    ----------
    values
        By property code, shape (hours,) [mg/m³]; NaN where there is no valid value.
    reference_oxygen
        To which the values are converted [%].
    """
    rule = in_force("boilers", on)
    limits = np.array([row["upper"] for row in rule["limits"]], float)
    matrix = np.stack([np.asarray(values[row["code"]], float) for row in rule["limits"]], axis=1)
    # Quotients of decimal numbers: without rounding a value at the limit could stand above it.
    settled = np.round(at_oxygen(matrix, given=reference_oxygen, wanted=rule["reference_oxygen"]), 9)
    over = (settled > limits).any(axis=1)
    whole = ~np.isnan(settled).any(axis=1)
    within, exceeded = int((whole & ~over).sum()), int(over.sum())
    judged = within + exceeded
    if judged < rule["least_hours"]:
        verdict = "unknown"
    else:
        verdict = "met" if 100 * within >= rule["share_of_hours"] * judged else "missed"
    return UltraLow(within, exceeded, len(settled) - judged, verdict)


def is_machine_code(text: str, on: dt.date) -> bool:
    """Tell whether a text has the form of a non-road machine's registration code."""
    return re.fullmatch(in_force("machines", on)["pattern"], text) is not None


def remote_over(*, fuel: str, values: Mapping[str, float | None], on: dt.date) -> tuple[str, ...] | None:
    """Return the pollutants of a remote-sensing test over their limit, or None where nothing is judged.

    Parameters
    ----------
    values
        ``opacity`` [%] and ``no_ppm`` [10⁻⁶]; None where not measured.
    """
    limits = [row for row in in_force("vehicles", on)["limits"] if row["fuel"] == fuel]
    measured = [(row, values.get(row["field"])) for row in limits]
    found = [(row, value) for row, value in measured if value is not None]
    if not found:
        return None
    return tuple(row["field"] for row, value in found if value > row["upper"])


def exceeds_repeatedly(tests: Sequence[tuple[dt.date, tuple[str, ...]]], on: dt.date) -> str:
    """Return the pollutant that a vehicle exceeded in enough tests in a row, or an empty text.

    Parameters
    ----------
    tests
        Day and exceeded pollutants of its judged remote-sensing tests, the oldest first.
    """
    rule = in_force("vehicles", on)
    count = rule["in_a_row"]
    if len(tests) < count:
        return ""
    last = tests[-count:]
    if last[-1][0] > _months_after(last[0][0], rule["within_months"]):
        return ""
    common = set(last[0][1]).intersection(*(item[1] for item in last[1:]))
    return min(common, default="")


def _months_after(day: dt.date, months: int) -> dt.date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = dt.date(year + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    last = (following - dt.timedelta(days=1)).day
    return dt.date(year, month + 1, min(day.day, last))


def covers(outline: Mapping[str, Any], longitude: float, latitude: float) -> bool:
    """Tell whether an outline (GeoJSON, degrees, WGS 84) holds a point; its border belongs to it."""
    return bool(shape(outline).covers(shapely.Point(longitude, latitude)))


@dataclasses.dataclass(frozen=True, slots=True)
class Wind:
    """The mean wind of some hours: its speed [m/s] and the direction it comes from [°, 0 is north]."""

    speed: float
    direction: float


def mean_wind(speed: Floats, direction: Floats) -> Wind | None:
    """Return the vector mean of hours of wind, shape (hours,); None where no hour has both values."""
    both = ~(np.isnan(speed) | np.isnan(direction))
    if not both.any():
        return None
    angle = np.radians(direction[both])
    east, north = (speed[both] * np.sin(angle)).mean(), (speed[both] * np.cos(angle)).mean()
    return Wind(float(np.hypot(east, north)), float(np.degrees(np.arctan2(east, north)) % 360))


def away(lon: float, lat: float, to_lon: Floats, to_lat: Floats) -> tuple[Floats, Floats]:
    """Return the distance [km] and the bearing [°, 0 is north] from a point to others, on the sphere.

    Parameters
    ----------
    lon, lat
        The point [°].
    to_lon, to_lat
        The others, shape (n,) [°].
    """
    here, there = np.radians(lat), np.radians(to_lat)
    turn = np.radians(to_lon - lon)
    half = np.sin((there - here) / 2) ** 2 + np.cos(here) * np.cos(there) * np.sin(turn / 2) ** 2
    east = np.sin(turn) * np.cos(there)
    north = np.cos(here) * np.sin(there) - np.sin(here) * np.cos(there) * np.cos(turn)
    return 2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))), np.degrees(np.arctan2(east, north)) % 360


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """A source that may smell at a place: which, how far, in which direction, and whether it lies upwind."""

    index: int
    distance: float
    bearing: float
    upwind: bool | None
    """None where no wind is known or it is calm."""


def candidates(
    *,
    longitude: float,
    latitude: float,
    sources: Iterable[tuple[float, float]],
    wind: Wind | None,
    on: dt.date,
) -> list[Candidate]:
    """Return the sources near a place, those upwind first, the nearer first.

    Parameters
    ----------
    sources
        Longitude and latitude of each [°].
    """
    rule = in_force("odour", on)
    places = np.array(list(sources), float).reshape(-1, 2)
    distance, bearing = away(longitude, latitude, places[:, 0], places[:, 1])
    found = []
    for index in np.flatnonzero(distance <= rule["radius_km"]):
        upwind = None
        if wind is not None and wind.speed >= rule["calm"]:
            off = abs((bearing[index] - wind.direction + 180) % 360 - 180)
            upwind = bool(off <= rule["half_sector"])
        found.append(Candidate(int(index), float(distance[index]), float(bearing[index]), upwind))
    return sorted(found, key=lambda item: (not item.upwind, item.distance, item.index))
