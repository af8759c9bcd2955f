"""What lies around an event: weather, receptors within the zones, points downstream."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any

import numpy as np

from jiangcheng.core.manifest import manifests
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.methods.tracing import sigmas, stability
from jiangcheng.modules.safety.models import EmergencyEvent, ModelRun, Receptor, RiverPoint, RiverReach
from jiangcheng.modules.safety.rules import plume

WEATHER = {"a01007": "wind", "a01008": "direction", "a01001": "temperature"}
FRESH = dt.timedelta(hours=3)
CLOUD = 5
"""Tenths assumed where nobody observes the sky."""


@dataclasses.dataclass(frozen=True, slots=True)
class Met:
    """The latest weather near a place."""

    station: Station
    at: dt.datetime
    wind: float
    direction: float
    temperature: float | None
    stability: str
    fresh: bool


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


def met_near(*, longitude: float, latitude: float, now: dt.datetime) -> Met | None:
    """Return the latest wind of the nearest weather station that has one; None where none has."""
    stations = list(Station.objects.filter(kind=Station.Kind.WEATHER, valid_to_date=None))
    stations.sort(
        key=lambda one: math.hypot(*plume.offset(one.longitude, one.latitude, (longitude, latitude)))
    )
    keys = dict(ObservedProperty.objects.filter(code__in=WEATHER, statistic="avg").values_list("pk", "code"))
    for station in stations[:5]:
        table = store.latest(stations=[station.pk], properties=list(keys))
        found: dict[str, tuple[int, float]] = {}
        for prop, start, value in zip(
            *(table[name].to_pylist() for name in ("property", "start", "value")), strict=True
        ):
            name = WEATHER[keys[prop]]
            if value == value and start >= found.get(name, (0, 0.0))[0]:
                found[name] = (start, value)
        if "wind" in found and "direction" in found:
            at = dt.datetime.fromtimestamp(found["wind"][0], dt.UTC)
            speed, turn = max(found["wind"][1], 0.0), found["direction"][1] % 360.0
            warm = found.get("temperature")
            letter = _stability(at, longitude, latitude, speed)
            return Met(station, at, speed, turn, warm[1] if warm else None, letter, now - at <= FRESH)
    return None


def _stability(at: dt.datetime, longitude: float, latitude: float, wind: float) -> str:
    moment = np.datetime64(at.replace(tzinfo=None), "s")
    number = stability.whole(stability.from_weather(moment, longitude, latitude, wind, CLOUD, CLOUD))
    return next(letter for letter, value in sigmas.CLASSES.items() if value == float(number))


def exposed(*, run: ModelRun) -> list[Exposed]:
    """Return the receptors within the zones of a plume, those of the inner zone first, nearest first."""
    origin = (run.longitude, run.latitude)
    zones = [zone for zone in run.answer["zones"] if zone["outline"]]
    if not zones:
        return []
    axis = run.answer["axis"]
    ways, minutes = ([row[name] for row in axis] for name in ("distance", "minutes"))
    found = []
    for name, kind, people, phone, longitude, latitude in _places(run):
        east, north = plume.offset(longitude, latitude, origin)
        hit = next((zone["endpoint"] for zone in zones if plume.inside(zone["outline"], east, north)), 0)
        if not hit and any(plume.inside(zone["envelope"], east, north) for zone in zones):
            hit = 3
        if hit:
            way = math.hypot(east, north)
            arrives = round(float(np.interp(way, ways, minutes)), 1)
            found.append(
                Exposed(name, kind, people, phone, hit, round(way / 1000, 2), arrives, longitude, latitude)
            )
    return sorted(found, key=lambda item: (item.zone, item.kilometres))


def _places(run: ModelRun) -> list[tuple[str, str, int, str, float, float]]:
    """Return the receptors of the room and those of other rooms that may lie in the zones."""
    reach = max(zone["distance"] for zone in run.answer["zones"]) / plume.METRES_PER_DEGREE * 1.6
    west, east = run.longitude - reach, run.longitude + reach
    south, north = run.latitude - reach, run.latitude + reach
    own = Receptor.objects.filter(
        withdrawn_at=None, longitude__gte=west, longitude__lte=east, latitude__gte=south, latitude__lte=north
    )
    found = [
        (row.name_zh, str(row.get_kind_display()), row.people, row.duty_phone, row.longitude, row.latitude)
        for row in own
        if row.longitude is not None and row.latitude is not None
    ]
    told = manifests.gather("place.receptors", west=west, south=south, east=east, north=north)
    for item in (one for answer in told.answers for one in answer):
        found.append((item["name"], item["kind"], item["people"], "", item["longitude"], item["latitude"]))
    return found


def latest_run(*, event: EmergencyEvent, kind: str) -> ModelRun | None:
    """Return the latest run of a model for an event."""
    return event.runs.filter(kind=kind).first()


def rivers() -> list[str]:
    """Return the rivers that have points."""
    rows = RiverPoint.objects.filter(withdrawn_at=None)
    return sorted(set(rows.values_list("river", flat=True)))


def river_points(*, river: str, below: float) -> list[dict[str, Any]]:
    """Return the points of a river below a kilometre, as the model asks for them."""
    rows = RiverPoint.objects.filter(withdrawn_at=None, river=river, kilometre__gt=below).order_by(
        "kilometre"
    )
    return [
        {"code": row.number, "name": row.name_zh, "kind": row.kind, "kilometres": round(row.kilometre - below, 3),
         "longitude": row.longitude, "latitude": row.latitude}
        for row in rows[:100]
    ]  # fmt: skip


def river_reaches(*, river: str, below: float) -> list[dict[str, Any]]:
    """Return the reaches of a river below a kilometre, as the model asks for them; the first may begin above it."""
    rows = RiverReach.objects.filter(withdrawn_at=None, river=river, to_kilometre__gt=below)
    return [
        {"name": row.name_zh, "start": round(row.from_kilometre - below, 3), "end": round(row.to_kilometre - below, 3),
         "width": row.width, "depth": row.depth, "slope": row.slope, "flow": row.flow}
        for row in rows.order_by("from_kilometre")[:60]
    ]  # fmt: skip
