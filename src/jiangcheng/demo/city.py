"""The register of the demo city: stations, sections, enterprises, outlets, devices, permits.

Names of places and of the national air stations are public; positions of sections and everything about the
enterprises are made up and marked as such.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from typing import Literal

from jiangcheng.demo import geography

Medium = Literal["air", "water", "gas", "wastewater", "weather"]

PASSWORD = "jiangcheng-demo"
"""Of every demo log-in; printed when the city starts."""


@dataclasses.dataclass(frozen=True, slots=True)
class Factor:
    """What an outlet of a profile emits: a factor, its usual value and its limits.

    ``base`` is the usual value, for a pollutant with an upper limit at reference oxygen.
    """

    code: str
    base: float
    spread: float
    lower: float | None
    upper: float | None
    reference_oxygen: float | None
    basis: str


@dataclasses.dataclass(frozen=True, slots=True)
class Outlet:
    """A stack or outfall; ``code`` is that of its monitoring point."""

    code: str
    number: str
    profile: str
    medium: Medium


@dataclasses.dataclass(frozen=True, slots=True)
class Facility:
    """An enterprise with its outlets."""

    code: str
    name_zh: str
    name_en: str
    industry: str
    position: tuple[float, float]
    outlets: tuple[Outlet, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class AirStation:
    """An air quality station; ``roughness`` is its level against the city's mean."""

    code: str
    name_zh: str
    name_en: str
    position: tuple[float, float]
    grade: str
    evaluated: bool
    roughness: float


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A surface water section; the means are those of a year without incident [mg/L]."""

    code: str
    name_zh: str
    name_en: str
    river_zh: str
    river_en: str
    order: int
    position: tuple[float, float]
    water_type: str
    target_class: int
    national: bool
    permanganate: float
    ammonia: float
    phosphorus: float


@dataclasses.dataclass(frozen=True, slots=True)
class WeatherStation:
    """A weather station."""

    code: str
    name_zh: str
    name_en: str
    position: tuple[float, float]


WEATHER_STATION = WeatherStation(
    "DEMO-M-01", "吉林气象站(演示)", "Jilin weather station (demo)", (126.5700, 43.9000)
)


def _position(row: dict[str, str]) -> tuple[float, float]:
    return float(row["longitude"]), float(row["latitude"])


def _optional(text: str) -> float | None:
    return float(text) if text else None


@functools.cache
def profiles() -> dict[str, tuple[Medium, tuple[Factor, ...]]]:
    """Return medium and factors of every profile of outlet."""
    found: dict[str, tuple[Medium, tuple[Factor, ...]]] = {}
    for row in geography.table("profiles"):
        upper = _optional(row["upper"])
        share = _optional(row["share_of_limit"])
        factor = Factor(
            code=row["code"],
            base=share * upper if share is not None and upper is not None else float(row["base"]),
            spread=float(row["spread"]),
            lower=_optional(row["lower"]),
            upper=upper,
            reference_oxygen=_optional(row["reference_oxygen"]),
            basis=row["basis"],
        )
        medium: Medium = "gas" if row["medium"] == "gas" else "wastewater"
        _, factors = found.get(row["profile"], (medium, ()))
        found[row["profile"]] = medium, (*factors, factor)
    return found


@functools.cache
def facilities() -> tuple[Facility, ...]:
    """Return the 30 enterprises with their 60 outlets."""
    return tuple(
        Facility(
            row["code"], row["name_zh"], row["name_en"], row["industry"], _position(row),
            tuple(_outlet(row["code"], entry) for entry in row["outlets"].split()),
        )
        for row in geography.table("facilities")
    )  # fmt: skip


def _outlet(facility: str, entry: str) -> Outlet:
    number, profile = entry.split(":")
    return Outlet(f"{facility}-{number}", number, profile, profiles()[profile][0])


@functools.cache
def outlets() -> tuple[Outlet, ...]:
    """Return all outlets."""
    return tuple(outlet for facility in facilities() for outlet in facility.outlets)


@functools.cache
def air_stations() -> tuple[AirStation, ...]:
    """Return the ten air stations: seven national ones, of which one is a reference point, three of counties."""
    return tuple(
        AirStation(
            row["code"], row["name_zh"], row["name_en"], _position(row), row["class"],
            row["evaluated"] == "true", float(row["roughness"]),
        )
        for row in geography.table("air_stations")
    )  # fmt: skip


@functools.cache
def sections() -> tuple[Section, ...]:
    """Return the 19 surface water sections, those of one river numbered downstream."""
    return tuple(
        Section(
            row["code"], row["name_zh"], row["name_en"], row["river_zh"], row["river_en"], int(row["order"]),
            _position(row), row["water_type"], int(row["target_class"]), row["national"] == "true",
            float(row["permanganate"]), float(row["ammonia"]), float(row["phosphorus"]),
        )
        for row in geography.table("sections")
    )  # fmt: skip


def mn(station: str) -> str:
    """Return the HJ 212 identity of a station's data logger: 24 hexadecimal digits."""
    return hashlib.sha256(station.encode()).hexdigest()[:24].upper()
