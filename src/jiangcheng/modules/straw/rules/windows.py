"""When planned burning may take place, and how much of it the air bears in an hour."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from jiangcheng.modules.straw.rules import tables
from jiangcheng.standards import periods

GREEN, AMBER, RED = "green", "amber", "red"
ORDER = (GREEN, AMBER, RED)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What is measured or forecast for an hour; None where nobody knows."""

    at: dt.datetime
    """UTC."""
    wind: float | None = None
    """[m/s]"""
    mixing: float | None = None
    """Height of the mixed layer [m]."""
    rain: float | None = None
    """Of the last 24 hours [mm]."""
    fire_danger: float | None = None
    """1 to 5."""
    aqi: float | None = None
    warning: int | None = 0
    """Heavy-pollution warning in force: 0 none, 1 yellow, 2 orange, 3 red."""
    holiday: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Light:
    """The light of an hour, and the light of each rule with its value."""

    colour: str
    reasons: tuple[Mapping[str, Any], ...]
    version: str

    @property
    def against(self) -> tuple[Mapping[str, Any], ...]:
        """Return the reasons that are not green, the worst first."""
        other = [reason for reason in self.reasons if reason["colour"] != GREEN]
        return tuple(sorted(other, key=lambda reason: -ORDER.index(reason["colour"])))


def light(conditions: Conditions) -> Light:
    """Judge an hour by every rule of the table; the worst decides, and what is unknown is amber at best."""
    local = conditions.at.astimezone(periods.BEIJING)
    table = tables.in_force("window", local.date())
    values = _values(conditions, local.hour, table["hours"])
    reasons = []
    for rule in table["rules"]:
        value = values[rule["code"]]
        reasons.append(
            {"code": rule["code"], "value": value, "unit": rule["unit"], "colour": _colour(value, rule),
             "amber": rule["amber"], "red": rule["red"], "source": rule["source"]}
        )  # fmt: skip
    worst = max(reasons, key=lambda reason: ORDER.index(reason["colour"]))["colour"]
    return Light(worst, tuple(reasons), table["version"])


@dataclasses.dataclass(frozen=True, slots=True)
class Quota:
    """How much may burn in an hour: the fine particles the air takes up, and the area that is."""

    kilograms: float
    """PM2.5 [kg/h]."""
    mu: float
    version: str


def quota(*, pm25: float, wind: float, mixing: float, crop: str, on: dt.date) -> Quota:
    """Return the area that may burn in an hour so that PM2.5 stays below the target, by a box model.

    Air enters with the present concentration, is mixed up to the mixing height and leaves with the wind; what
    may be added is the headroom times the flow of air through the box, times the share that is used of it.

    Parameters
    ----------
    pm25
        Present or forecast concentration without the burning [µg/m³].
    wind, mixing
        [m/s], [m].

    Raises
    ------
    KeyError
        If the table does not know the crop.
    """
    table = tables.in_force("quota", on)
    flow = max(0.0, wind) * max(0.0, mixing) * table["width_metres"]
    headroom = max(0.0, table["target"] - pm25)
    kilograms = table["share"] * headroom * flow * 3600 * 1e-9
    row = table["crops"][crop]
    each = row["kilograms_per_mu"] * table["combustion"] * row["pm25_grams_per_kilogram"] / 1000
    return Quota(kilograms, kilograms / each, table["version"])


def allocate(total: float, wanted: Mapping[str, float]) -> dict[str, float]:
    """Share a quota among counties in proportion to what they want; nobody gets more than that."""
    asked = {code: max(0.0, value) for code, value in wanted.items()}
    everything = sum(asked.values())
    if everything <= max(0.0, total):
        return asked
    return {code: max(0.0, total) * (value / everything) for code, value in asked.items()}


def _values(conditions: Conditions, hour: int, hours: Mapping[str, int]) -> dict[str, float | None]:
    known = conditions.wind is not None and conditions.mixing is not None
    return {
        "wind": conditions.wind,
        "ventilation": conditions.wind * conditions.mixing if known else None,  # type: ignore[operator]
        "rain": conditions.rain,
        "fire_danger": conditions.fire_danger,
        "aqi": conditions.aqi,
        "warning": conditions.warning,
        "holiday": int(conditions.holiday),
        "hour": int(not hours["from"] <= hour < hours["to"]),
    }


def _colour(value: float | None, rule: Mapping[str, Any]) -> str:
    if value is None:
        return AMBER
    sign = 1 if rule["worse"] == "above" else -1
    if sign * value >= sign * rule["red"] and (sign > 0 or value < rule["red"]):
        return RED
    return AMBER if sign * value >= sign * rule["amber"] and (sign > 0 or value < rule["amber"]) else GREEN
