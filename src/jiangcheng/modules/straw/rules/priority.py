"""Which fire first: a score of 0 to 100 from power, zone, people downwind, station response and repetition."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.rules.downwind import Wind, carried

PARTS = ("power", "zone", "people", "response", "repeat")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of an incident; None where nobody knows."""

    verdict: str
    zones: Mapping[str, float]
    """Share of the footprint by kind of zone."""
    power: float | None = None
    """[MW]"""
    usual: tuple[float, float] | None = None
    """Mean and standard deviation of ln(MW) of the incidents before; None: the table's."""
    people: float | None = None
    """Living downwind within the table's hours of the plume."""
    rise: float | None = None
    """Of PM2.5 at the stations downwind [µg/m³]."""
    repeats: int | None = None
    """Earlier fires of the same grid cell within the table's days."""


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """One part of a score."""

    code: str
    value: float | None
    """What was measured: z of the power, zone weight, people, µg/m³, fires."""
    points: float
    most: float

    def as_dict(self) -> dict[str, Any]:
        """Return it as it is kept with the incident."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True, slots=True)
class Score:
    """A score and what it is made of. An unknown part gives no points, and the score says that it is unknown."""

    total: float
    parts: tuple[Part, ...]
    version: str


def score(facts: Facts, on: dt.date) -> Score:
    """Return the priority of an incident by the table of a day."""
    rule = tables.in_force("priority", on)
    shares = {
        "power": _power(facts, rule["power"]),
        "zone": _zone(facts, rule),
        "people": _people(facts, rule["people"]),
        "response": _linear(facts.rise, rule["response"]["full"]),
        "repeat": _linear(facts.repeats, rule["repeat"]["full"]),
    }
    parts = tuple(
        Part(code, None if value is None else round(value, 2), round(share * rule["weights"][code], 1),
             float(rule["weights"][code]))
        for code, (value, share) in shares.items()
    )  # fmt: skip
    return Score(round(sum(part.points for part in parts), 1), parts, rule["version"])


def usual(powers: Sequence[float], on: dt.date) -> tuple[float, float] | None:
    """Return mean and deviation of ln(MW) of earlier incidents; None where there are too few of them."""
    logs = np.log([power for power in powers if power > 0])
    if len(logs) < tables.in_force("priority", on)["power"]["least"] or not logs.std():
        return None
    return float(logs.mean()), float(logs.std())


def people_downwind(
    longitude: float, latitude: float, places: NDArray[np.float64], people: NDArray[np.float64], wind: Wind
) -> float:
    """Return how many people the plume reaches within the table's hours.

    Parameters
    ----------
    places, people
        Longitude and latitude [°], shape (n, 2), and how many live there, shape (n,).
    """
    rule = tables.in_force("priority", wind.at.date())["people"]
    reached = carried(longitude, latitude, places, wind).within(
        half_angle=rule["half_angle"], first_hours=rule["first_hours"], last_hours=rule["last_hours"],
        most_kilometres=rule["most_kilometres"],
    )  # fmt: skip
    return float(people[reached].sum())


def rise(
    at: dt.datetime, starts: NDArray[np.int64], values: NDArray[np.float64], on: dt.date
) -> float | None:
    """Return by how much a station's hours rose after an instant over the mean of the hours before, 0 at least.

    Parameters
    ----------
    starts, values
        Start of the hours [s] and PM2.5 [µg/m³], shape (n,).
    """
    rule = tables.in_force("priority", on)["response"]
    hour = math.floor(at.timestamp() / 3600) * 3600
    before = values[(starts >= hour - 3600 * rule["before_hours"]) & (starts < hour)]
    after = values[(starts >= hour) & (starts < hour + 3600 * rule["after_hours"])]
    return max(0.0, float(after.max() - before.mean())) if len(before) and len(after) else None


def _power(facts: Facts, rule: Mapping[str, float]) -> tuple[float | None, float]:
    """Return the standard score of the power's logarithm, and where it lies between the table's limits."""
    if not facts.power or facts.power <= 0:
        return None, 0.0
    mean, deviation = facts.usual or (rule["mean"], rule["deviation"])
    z = (math.log(facts.power) - mean) / deviation
    return z, min(1.0, max(0.0, (z - rule["low"]) / (rule["high"] - rule["low"])))


def _zone(facts: Facts, rule: Mapping[str, Any]) -> tuple[float, float]:
    """Return the weight of the gravest zone by the share of the footprint in it, times that of the verdict."""
    told = rule["zone"]
    gravest = max([told["none"], *(told[kind] * share for kind, share in facts.zones.items())])
    weight = gravest * rule["verdict"][facts.verdict]
    return weight, weight


def _people(facts: Facts, rule: Mapping[str, float]) -> tuple[float | None, float]:
    if facts.people is None:
        return None, 0.0
    return facts.people, min(1.0, math.log1p(facts.people) / math.log1p(rule["full"]))


def _linear(value: float | None, full: float) -> tuple[float | None, float]:
    return (None, 0.0) if value is None else (float(value), min(1.0, max(0.0, value / full)))
