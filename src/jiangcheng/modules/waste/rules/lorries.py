"""What a loaded lorry of construction waste did that its approval does not allow: stops, route, hours."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.modules.waste.rules import tracks

BEIJING = dt.timezone(dt.timedelta(hours=8))
Place = tuple[float, float]


@dataclasses.dataclass(frozen=True, slots=True)
class Breach:
    """Something a lorry was not allowed to do."""

    kind: str
    """``stop``, ``route`` or ``hours``."""
    start_s: float
    end_s: float
    place: Place
    """Longitude and latitude where it was seen [°]."""
    metres: float = 0.0
    """Distance from the nearest permitted site, or from the route."""
    points: int = 0

    @property
    def minutes(self) -> float:
        """How long it lasted."""
        return (self.end_s - self.start_s) / 60


def breaches(
    track: Sequence[tuple[float, float, float]],
    *,
    sites: Sequence[Place],
    route: Sequence[Place],
    hours: tuple[dt.time, dt.time] | None,
    rule: Mapping[str, Any],
) -> list[Breach]:
    """Hold the track of a loaded lorry against what was approved.

    Parameters
    ----------
    track
        Epoch second (UTC), longitude and latitude of points between loading and unloading, in order of time.
    sites
        Where it may stand: the site of origin and the places that take construction waste.
    route
        Corners of the approved route; none, and the route is not judged.
    hours
        Approved period in Beijing's clock, over midnight where it ends before it begins; None is not judged.
    rule
        Row of ``data/lorries.json``.
    """
    if len(track) < 2:
        return []
    times = np.asarray([point[0] for point in track], float)
    points = np.asarray([point[1:] for point in track], float)
    found = list(_stops(times, points, sites, rule))
    if route:
        found += _off_route(times, points, route, rule)
    if hours is not None:
        found += _off_hours(times, points, hours, rule)
    return found


def allowed_at(second: float, hours: tuple[dt.time, dt.time]) -> bool:
    """Tell whether a moment lies in a period of Beijing's day; the end is not part of it."""
    start, end = hours
    now = dt.datetime.fromtimestamp(second, BEIJING).time()
    return start <= now < end if start <= end else now >= start or now < end


def _stops(
    times: NDArray[np.float64], points: NDArray[np.float64], sites: Sequence[Place], rule: Mapping[str, Any]
) -> Iterator[Breach]:
    start, count, radius = 0, len(times), float(rule["stop_radius_m"])
    while start < count:
        away = tracks.distances(points[start:], points[start : start + 1]) > radius
        end = start + (int(np.argmax(away)) if away.any() else count - start) - 1
        if times[end] - times[start] > 60 * float(rule["stop_minutes"]):
            place = points[start : end + 1].mean(axis=0)
            metres = _nearest(place, sites)
            if metres > float(rule["site_radius_m"]):
                yield Breach("stop", times[start], times[end], (place[0], place[1]), metres, end - start + 1)
        start = max(end, start + 1) if end > start else start + 1


def _nearest(place: NDArray[np.float64], sites: Sequence[Place]) -> float:
    if not sites:
        return float("inf")
    return min(float(tracks.distances(place[None, :], np.asarray([site], float))[0]) for site in sites)


def _off_route(
    times: NDArray[np.float64], points: NDArray[np.float64], route: Sequence[Place], rule: Mapping[str, Any]
) -> list[Breach]:
    metres = tracks.distances(points, np.asarray(route, float))
    outside = np.flatnonzero(metres > float(rule["corridor_m"]))
    if len(outside) < int(rule["least_points"]):
        return []
    worst = int(np.argmax(metres))
    place = (points[worst, 0], points[worst, 1])
    return [Breach("route", times[outside[0]], times[outside[-1]], place, float(metres[worst]), len(outside))]


def _off_hours(
    times: NDArray[np.float64],
    points: NDArray[np.float64],
    hours: tuple[dt.time, dt.time],
    rule: Mapping[str, Any],
) -> list[Breach]:
    outside = [index for index, second in enumerate(times) if not allowed_at(second, hours)]
    if len(outside) < int(rule["least_points"]):
        return []
    first = outside[0]
    place = (points[first, 0], points[first, 1])
    return [Breach("hours", times[first], times[outside[-1]], place, 0.0, len(outside))]
