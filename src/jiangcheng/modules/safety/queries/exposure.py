"""Who is within the zones of a release: places that have to be warned, and the people who live there."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any

import numpy as np
import shapely

from jiangcheng.core.manifest import manifests
from jiangcheng.modules.safety.models import ModelRun, PopulationPoint, Receptor
from jiangcheng.modules.safety.rules import people, plume

HOMES = frozenset({"village", "community"})
"""Kinds of receptors whose people live there; pupils and patients are at home elsewhere."""
WIDEST = 20_000.0
"""Radius of the largest settlement the register takes [m]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Exposed:
    """A receptor within reach: the gravest zone it lies in."""

    name: str
    kind: str
    people: int
    phone: str
    zone: int
    """1 or 2: within that endpoint; 3: only if the wind turns."""
    kilometres: float
    minutes: float | None
    longitude: float
    latitude: float


@dataclasses.dataclass(frozen=True, slots=True)
class Residents:
    """People who live within a zone, counted once."""

    endpoint: int
    """1 or 2; 3: within either envelope, where the wind may carry it."""
    count: people.Count
    unplaced: int
    """Of the estimate: people of registered villages and communities that no population point covers."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Place:
    name: str
    kind: str
    people: int
    phone: str
    home: bool
    longitude: float
    latitude: float


def exposed(*, run: ModelRun) -> list[Exposed]:
    """Return the receptors within the zones of a plume, those of the inner zone first, nearest first."""
    zones = [zone for zone in run.answer["zones"] if zone["outline"]]
    if not zones:
        return []
    places = _places(run)
    at = _offsets(run, places)
    ways, minutes = ([row[name] for row in run.answer["axis"]] for name in ("distance", "minutes"))
    hits = _zones_of(zones, at)
    found = []
    for item, (east, north), hit in zip(places, at, hits, strict=True):
        if hit:
            way = math.hypot(east, north)
            arrives = round(float(np.interp(way, ways, minutes)), 1)
            found.append(Exposed(item.name, item.kind, item.people, item.phone, hit, round(way / 1000, 2), arrives,
                                 item.longitude, item.latitude))  # fmt: skip
    return sorted(found, key=lambda item: (item.zone, item.kilometres))


def residents(*, run: ModelRun) -> list[Residents]:
    """Return how many people live within each zone and within the envelopes.

    Settlements are discs and count by the share inside; one that lies within another is taken off its people.
    Registered villages and communities count only where no settlement covers them; schools and hospitals do not.
    """
    zones = [zone for zone in run.answer["zones"] if zone["outline"]]
    if not zones:
        return []
    settlements = people.own_people(_settlements(run))
    homes = [item for item in _places(run) if item.home]
    at = _offsets(run, homes)
    alone = [place for place, known in enumerate(people.covered(at, settlements)) if not known]
    rings = [(zone["endpoint"], [zone["outline"]]) for zone in zones]
    rings.append((3, [zone["envelope"] for zone in zones]))
    return [_residents(endpoint, shapes, settlements, homes, at, alone) for endpoint, shapes in rings]


def population_as_of() -> tuple[int, dt.date | None]:
    """Return how many population points there are and the oldest day of their numbers."""
    rows = PopulationPoint.objects.filter(withdrawn_at=None)
    oldest = rows.order_by("counted_date").values_list("counted_date", flat=True).first()
    return rows.count(), oldest


def _residents(
    endpoint: int, rings: list[Any], settlements: list[people.Settlement], homes: list[_Place],
    at: list[tuple[float, float]], alone: list[int],
) -> Residents:  # fmt: skip
    shape = shapely.union_all([shapely.Polygon(ring).buffer(0) for ring in rings])
    # The envelopes of one source hold one another but for their edges: their union is one ring.
    outer = [
        list(pair)
        for pair in max(getattr(shape, "geoms", [shape]), key=lambda part: part.area).exterior.coords
    ]
    told = people.count(outer, settlements)
    shapely.prepare(shape)
    extra = sum(homes[place].people for place in alone if shape.covers(shapely.Point(at[place])))
    whole = people.Count(told.least + extra, told.likely + extra, told.most + extra, told.settlements)
    return Residents(endpoint, whole, extra)


def _zones_of(zones: list[dict[str, Any]], at: list[tuple[float, float]]) -> list[int]:
    """Return of each place the gravest zone it lies in: an endpoint, 3 for an envelope only, 0 for none."""
    points = shapely.points(np.array(at, np.float64).reshape(-1, 2))
    found = np.zeros(len(at), np.int64)
    marked = [(zone["envelope"], 3) for zone in zones]
    marked += [
        (zone["outline"], zone["endpoint"]) for zone in sorted(zones, key=lambda one: -one["endpoint"])
    ]
    for ring, mark in marked:
        if len(ring) > 3:
            shape = shapely.Polygon(ring).buffer(0)
            shapely.prepare(shape)
            found[shapely.covers(shape, points)] = mark
    return found.tolist()


def _offsets(run: ModelRun, places: list[_Place]) -> list[tuple[float, float]]:
    origin = (run.longitude, run.latitude)
    return [plume.offset(item.longitude, item.latitude, origin) for item in places]


def _box(run: ModelRun, more: float = 0.0) -> dict[str, float]:
    """Return the filter of a box around everything the envelopes reach [°], wider by metres."""
    reach = max((zone["distance"] for zone in run.answer["zones"]), default=0.0) * 1.05 + more
    north = reach / plume.METRES_PER_DEGREE
    east = north / math.cos(math.radians(run.latitude))
    return {
        "longitude__gte": run.longitude - east, "longitude__lte": run.longitude + east,
        "latitude__gte": run.latitude - north, "latitude__lte": run.latitude + north,
    }  # fmt: skip


def _settlements(run: ModelRun) -> list[people.Settlement]:
    rows = PopulationPoint.objects.filter(withdrawn_at=None, **_box(run, 2.0 * WIDEST))
    wanted = rows.values_list("code", "people", "radius", "within", "longitude", "latitude")
    origin = (run.longitude, run.latitude)
    return [
        people.Settlement(code, number, *plume.offset(longitude, latitude, origin), radius, within)
        for code, number, radius, within, longitude, latitude in wanted
        if longitude is not None and latitude is not None
    ]


def _places(run: ModelRun) -> list[_Place]:
    """Return the receptors of the room and those of other rooms that may lie in the zones."""
    box = _box(run)
    own = Receptor.objects.filter(withdrawn_at=None, **box)
    found = [
        _Place(row.name_zh, str(row.get_kind_display()), row.people, row.duty_phone, row.kind in HOMES, row.longitude,
               row.latitude)
        for row in own
        if row.longitude is not None and row.latitude is not None
    ]  # fmt: skip
    asked = dict(zip(("west", "east", "south", "north"), box.values(), strict=True))
    told = manifests.gather("place.receptors", **asked)
    for item in (one for answer in told.answers for one in answer):
        found.append(
            _Place(item["name"], item["kind"], item["people"], "", False, item["longitude"], item["latitude"])
        )
    return found
