"""How equipment is counted, how sewage works are graded, and what screening of a project asks."""

from __future__ import annotations

import dataclasses
import datetime as dt
import pathlib
from collections.abc import Iterable, Mapping
from typing import Any

import shapely
from shapely.geometry import shape

from jiangcheng.standards.dated import DatedTables

TABLES = DatedTables(pathlib.Path(__file__).parent / "data")
table = TABLES.versions
in_force = TABLES.in_force


def completeness(held: Iterable[tuple[int, int]]) -> float | None:
    """Return the share of required pieces that are there, in percent; None where nothing is required.

    Parameters
    ----------
    held
        Per item the required and the held number; more than required does not make up for another item.
    """
    pairs = list(held)
    required = sum(pair[0] for pair in pairs)
    return 100 * sum(min(pair) for pair in pairs) / required if required else None


@dataclasses.dataclass(frozen=True, slots=True)
class Graded:
    """A grade of sewage treatment, with the points of each indicator."""

    grade: str
    score: float
    points: Mapping[str, float]
    version: str


def sewage_grade(values: Mapping[str, float], on: dt.date) -> Graded:
    """Grade the sewage treatment of an enterprise by the table in force.

    Each indicator earns its weight in proportion between the value that earns nothing and the one that
    earns all; a veto lowers the grade to the last one.

    Parameters
    ----------
    values
        By indicator of ``data/sewage.json``, in its unit.

    Raises
    ------
    KeyError
        If an indicator is missing.
    """
    rule = in_force("sewage", on)
    points = {}
    for item in rule["indicators"]:
        span = item["full"] - item["nothing"]
        reached = (values[item["code"]] - item["nothing"]) / span
        points[item["code"]] = item["weight"] * min(1.0, max(0.0, reached))
    score = round(sum(points.values()), 1)
    vetoed = any(values[item["code"]] > item["most"] for item in rule["vetoes"])
    grades = rule["grades"]
    grade = grades[-1]["code"] if vetoed else next(row["code"] for row in grades if score >= row["from"])
    return Graded(grade, score, points, rule["version"])


@dataclasses.dataclass(frozen=True, slots=True)
class Zone:
    """A zone with rules of access: its kind, its name and its outline (GeoJSON, WGS 84)."""

    number: str
    kind: str
    name_zh: str
    outline: Mapping[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Screening:
    """What the screening of a project found: the verdict, and each reason with its clause."""

    verdict: str
    """``barred``, ``conditions`` or ``free``."""
    reasons: tuple[Mapping[str, str], ...]
    version: str


def screen(
    *, industry: str, longitude: float, latitude: float, zones: Iterable[Zone], on: dt.date
) -> Screening:
    """Screen a project by its industry and its place.

    Parameters
    ----------
    industry
        Class of GB/T 4754-2017, two to four digits; a rule on a class covers the classes below it.
    longitude, latitude
        Of the site, degrees, WGS 84.
    zones
        The zones in force.
    """
    rule = in_force("access", on)
    reasons = [
        {"what": "industry", "effect": row["effect"], "name_zh": row["name_zh"], "name_en": row["name_en"],
         "clause": row["source"]}
        for row in rule["industries"]
        if industry.startswith(tuple(row["classes"]))
    ]  # fmt: skip
    site = shapely.Point(longitude, latitude)
    kinds = {row["kind"]: row for row in rule["zones"]}
    for zone in zones:
        row = kinds[zone.kind]
        listed = industry.startswith(tuple(row["classes"])) if row["classes"] else True
        if listed and shape(zone.outline).covers(site):
            reasons.append(
                {"what": zone.number, "effect": row["effect"], "name_zh": f"{row['name_zh']}：{zone.name_zh}",
                 "name_en": f"{row['name_en']}: {zone.name_zh}", "clause": row["source"]}
            )  # fmt: skip
    effects = {reason["effect"] for reason in reasons}
    verdict = "barred" if "bar" in effects else "conditions" if effects else "free"
    return Screening(verdict, tuple(reasons), rule["version"])
