"""What lies around an event: weather, runs of the models, points and reaches downstream."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from typing import Any

import numpy as np

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.methods.tracing import sigmas, stability
from jiangcheng.modules.safety.models import EmergencyEvent, ModelRun, RiverPoint, RiverReach
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
