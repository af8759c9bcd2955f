"""The wind and the fine particles around fires, each read once for all of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.straw.models import BurnWeather, SettledPlace
from jiangcheng.modules.straw.rules import firms, tables
from jiangcheng.modules.straw.rules.downwind import Wind
from jiangcheng.standards import codes

SPEED, DIRECTION, PM25 = "a01007", "a01008", "a34004"

Series = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Start of the hours [s] and values, sorted."""


def hours(*, kind: str, code: str, start: dt.datetime, end: dt.datetime) -> dict[int, Series]:
    """Return the valid hours of ``[start, end)`` of all stations of a kind, by the station's key."""
    stations = list(Station.objects.filter(kind=kind).values_list("pk", flat=True))
    properties = list(
        ObservedProperty.objects.filter(code=code, statistic="avg").values_list("pk", flat=True)
    )
    if not stations or not properties:
        return {}
    table = store.read(
        stations=stations, properties=properties, granularity=store.Granularity.HOUR, start=start, end=end
    )
    numbers, starts, values = (table[name].to_numpy() for name in ("station", "start", "value"))
    good = np.isfinite(values) & np.isin(
        table["flag"].to_numpy(zero_copy_only=False), list(codes.valid_flags())
    )
    return {
        int(number): (starts[mine], values[mine])
        for number in np.unique(numbers[good])
        for mine in [good & (numbers == number)]
    }


class Winds:
    """The wind of some hours: measured at the nearest weather station, else forecast for the county."""

    def __init__(self, *, start: dt.datetime, end: dt.datetime) -> None:
        rule = tables.in_force("priority", start.date())["wind"]
        self._wait, self._reach = 3600 * rule["hours"], rule["kilometres"]
        early, late = start - dt.timedelta(hours=rule["hours"]), end + dt.timedelta(hours=1)
        kind = Station.Kind.WEATHER
        self._speed = hours(kind=kind, code=SPEED, start=early, end=late)
        self._turn = hours(kind=kind, code=DIRECTION, start=early, end=late)
        known = Station.objects.filter(pk__in=self._speed.keys() & self._turn.keys())
        self._stations = list(known.values_list("pk", "longitude", "latitude", "name_zh"))
        rows = BurnWeather.objects.filter(
            hour_at__gte=early, hour_at__lt=late, withdrawn_at=None, wind__gte=0, direction__gte=0
        ).exclude(region=None)  # fmt: skip
        self._forecast = {
            (code[:6], at): (wind, turn, origin)
            for code, at, wind, turn, origin in rows.values_list(
                "region__code", "hour_at", "wind", "direction", "origin"
            )
        }

    def at(self, *, longitude: float, latitude: float, county: str, at: dt.datetime) -> Wind | None:
        """Return the wind at a place, the last measured one of the table's hours; None where nobody knows."""
        ranked = sorted(
            (firms.kilometres(longitude, latitude, lon, lat), number, name)
            for number, lon, lat, name in self._stations
        )
        for away, number, name in ranked:
            if away <= self._reach and (found := self._measured(number, at)):
                start, speed, turn = found
                return Wind(speed, turn % 360, dt.datetime.fromtimestamp(start, dt.UTC), name)
        hour = at.replace(minute=0, second=0, microsecond=0)
        told = self._forecast.get((county, hour))
        return None if told is None else Wind(told[0] or 0.0, (told[1] or 0.0) % 360, hour, told[2])

    def _measured(self, number: int, at: dt.datetime) -> tuple[int, float, float] | None:
        """Return start, speed and direction of the last hour before an instant that has both."""
        starts, speeds = self._speed[number]
        turn_starts, turns = self._turn[number]
        common, left, right = np.intersect1d(starts, turn_starts, return_indices=True)
        last = int(np.searchsorted(common, at.timestamp(), side="right")) - 1
        if last < 0 or at.timestamp() - common[last] > self._wait:
            return None
        return int(common[last]), float(speeds[left[last]]), float(turns[right[last]])


def settled() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return where people live, shape (n, 2), and how many, shape (n,); empty where nobody entered any."""
    rows = list(
        SettledPlace.objects.filter(
            withdrawn_at=None, longitude__isnull=False, latitude__isnull=False
        ).values_list("longitude", "latitude", "people")
    )
    told = np.array(rows, float).reshape(-1, 3)
    return told[:, :2], told[:, 2]


def air_stations() -> list[tuple[int, float, float, str]]:
    """Return key, position and name of the air stations."""
    return list(
        Station.objects.filter(kind=Station.Kind.AIR, valid_to_date=None).values_list(
            "pk", "longitude", "latitude", "name_zh"
        )
    )


def places_of(rows: Sequence[tuple[int, float, float, str]]) -> NDArray[np.float64]:
    """Return the positions of stations, shape (n, 2)."""
    return np.array([row[1:3] for row in rows], float).reshape(-1, 2)
