"""Whose smoke reaches the city: the hourly quota binds only the villages upwind of a station or a large place."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence

import numpy as np

from jiangcheng.modules.straw.rules import tables, windows
from jiangcheng.modules.straw.rules.downwind import CALM, Wind, carried

REACHED, FREE, CALM_AIR, UNKNOWN = "reached", "free", "calm", "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Village:
    """A village that waits to burn."""

    county: str
    name: str
    longitude: float
    latitude: float
    mu: float


@dataclasses.dataclass(frozen=True, slots=True)
class Receptor:
    """An air station or a place where many live."""

    name_zh: str
    name_en: str
    longitude: float
    latitude: float
    county: str


@dataclasses.dataclass(frozen=True, slots=True)
class Air:
    """The forecast of an hour in a county; None where nobody knows."""

    wind: float | None
    direction: float | None
    """Where the wind comes from [°]."""
    mixing: float | None
    pm25: float | None


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """What a village may burn in an hour, and why."""

    village: Village
    why: str
    """``reached``: something lies downwind; ``free``: nothing does; ``calm`` and ``unknown``: held as reached."""
    mu: float | None
    """[mu/h]; None where the headroom is unknown. A free village may burn all it has."""
    receptor: Receptor | None = None
    """The first it reaches."""
    hours: float | None = None
    """Until the smoke is there."""

    @property
    def bound(self) -> bool:
        """Return whether the quota binds the village."""
        return self.why != FREE


def shares(
    villages: Sequence[Village], air: Mapping[str, Air], receptors: Sequence[Receptor], at: dt.datetime, on: dt.date
) -> list[Share]:  # fmt: skip
    """Share the quota of an hour among the villages whose smoke reaches somebody.

    The quota is the least that the air of any village bound by it bears, with the headroom of the dirtiest receptor
    it reaches, shared in proportion to what waits. A village downwind of which nothing lies is not bound.
    """
    told = [_way(village, air.get(village.county), receptors, at, on) for village in villages]
    limits = [
        limit
        for village, (why, hit) in zip(villages, told, strict=True)
        if why != FREE and (limit := _limit(air.get(village.county), hit, air, on)) is not None
    ]
    wanted = {
        str(place): village.mu
        for place, (village, (why, _hit)) in enumerate(zip(villages, told, strict=True))
        if why != FREE
    }
    found = windows.allocate(min(limits), wanted) if limits else {}
    answer = []
    for place, (village, (why, hit)) in enumerate(zip(villages, told, strict=True)):
        nearest = min(hit, key=lambda item: item[1]) if hit else None
        answer.append(
            Share(
                village, why, village.mu if why == FREE else found.get(str(place)),
                nearest[0] if nearest else None, nearest[1] if nearest else None,
            )
        )  # fmt: skip
    return answer


def _way(
    village: Village, air: Air | None, receptors: Sequence[Receptor], at: dt.datetime, on: dt.date
) -> tuple[str, list[tuple[Receptor, float]]]:
    """Return why a village is bound or free, and whom its smoke reaches after how many hours."""
    if air is None or air.wind is None or air.direction is None:
        return UNKNOWN, []
    if air.wind < CALM:
        return CALM_AIR, []
    if not receptors:
        return FREE, []
    rule = tables.in_force("downwind", on)
    places = np.array([(one.longitude, one.latitude) for one in receptors])
    way = carried(village.longitude, village.latitude, places, Wind(air.wind, air.direction, at, ""))
    inside = way.within(
        half_angle=rule["half_angle"], first_hours=0, last_hours=rule["last_hours"],
        most_kilometres=rule["most_kilometres"],
    )  # fmt: skip
    hit = [(receptors[place], float(way.hours[place])) for place in np.flatnonzero(inside).tolist()]
    return (REACHED if hit else FREE), hit


def _limit(
    own: Air | None, hit: Sequence[tuple[Receptor, float]], air: Mapping[str, Air], on: dt.date
) -> float | None:
    """Return the area the air of a village bears [mu/h]; None where its own or the receptors' air is unknown."""
    if own is None or own.wind is None or own.mixing is None:
        return None
    there = [air[one.county].pm25 for one, _hours in hit if one.county in air]
    known = [value for value in (*there, own.pm25) if value is not None]
    if not known:
        return None
    return windows.quota(pm25=max(known), wind=own.wind, mixing=own.mixing, crop="maize", on=on).mu
