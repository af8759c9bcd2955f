"""Which class holds where, what lies near a building site, and whose noise it is."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import json
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from jiangcheng.modules.noise.rules import judging, periods

DATA = pathlib.Path(__file__).parent.parent / "data"
EARTH_RADIUS = 6_371_008.8
"""Mean radius [m]; within a kilometre the sphere is off by less than half a per cent."""


@dataclasses.dataclass(frozen=True, slots=True)
class Near:
    """A sensitive area near a site."""

    name: str
    metres: float
    """0 inside."""
    limit: float
    """Night limit that holds there [dB], NaN where no zone is known."""


@dataclasses.dataclass(frozen=True, slots=True)
class Site:
    """Night work as it is applied for; times are epoch seconds."""

    start: int
    end: int
    reason: str
    announced: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Caution:
    """One thing to weigh before night work is allowed."""

    code: str
    """``inside``, ``near``, ``not_night``, ``reason``, ``nights`` or ``not_announced``."""
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@functools.cache
def sources() -> Mapping[str, Any]:
    """Return the duty list the installation came with: types of source, words, departments, clauses."""
    told: Mapping[str, Any] = json.loads((DATA / "sources.json").read_text(encoding="utf-8"))
    return told


@functools.cache
def permit_terms() -> Mapping[str, Any]:
    """Return the distances and reasons by which night work is judged."""
    told: Mapping[str, Any] = json.loads((DATA / "permits.json").read_text(encoding="utf-8"))
    return told


@functools.cache
def colours() -> Mapping[str, str]:
    """Return the colours of classes on maps, ``#rrggbb`` by class."""
    told: Mapping[str, Any] = json.loads((DATA / "zones.json").read_text(encoding="utf-8"))
    found: Mapping[str, str] = told["colours"]
    return found


def source_type(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the type of source a text speaks of, with the words that say so; empty where none does.

    The type with most words stands; of equals the one whose first word comes first.
    """
    lowered = text.lower()
    found = []
    for item in sources()["types"]:
        words = tuple(word for word in item["words"] if word.lower() in lowered)
        if words:
            first = min(lowered.index(word.lower()) for word in words)
            found.append((-len(words), first, item["code"], words))
    if not found:
        return "", ()
    _, _, code, words = min(found)
    return code, words


def governing(zones: Iterable[str]) -> str:
    """Return the class that holds where several zones lie over a point, empty of none.

    Strips along traffic lines (class 4) are carved out of the zones they cross, so they come first; of
    others the strictest holds.
    """
    found = set(zones)
    return next((zone for zone in ("4b", "4a", *judging.CLASSES[:4]) if zone in found), "")


def metres_to(longitude: float, latitude: float, shape: BaseGeometry) -> float:
    """Return the distance from a point to an area [m], 0 inside; in a plane that touches the earth there."""
    scale = np.radians(1.0) * EARTH_RADIUS * np.array([np.cos(np.radians(latitude)), 1.0])
    plane = shapely.transform(shape, lambda degrees: (degrees - (longitude, latitude)) * scale)
    return float(shapely.distance(plane, shapely.Point(0.0, 0.0)))


def judge_site(site: Site, near: Sequence[Near], on: datetime.date) -> list[Caution]:
    """Return what speaks against night work, gravest first; empty where nothing does.

    Parameters
    ----------
    site
        The work as applied for.
    near
        Sensitive areas within the distance of `permit_terms`.
    on
        Date of the work, which selects the night.
    """
    terms = permit_terms()
    cautions = [
        Caution("inside" if item.metres == 0 else "near", dataclasses.asdict(item))
        for item in sorted(near, key=lambda item: item.metres)
    ]
    if not periods.night_overlaps(site.start, site.end, on):
        cautions.append(Caution("not_night"))
    if site.reason not in terms["reasons_allowed"]:
        cautions.append(Caution("reason"))
    nights = -(-(site.end - site.start) // 86400)
    if nights > terms["most_nights"]:
        cautions.append(Caution("nights", {"nights": nights, "most": terms["most_nights"]}))
    if near and not site.announced:
        cautions.append(Caution("not_announced"))
    return cautions
