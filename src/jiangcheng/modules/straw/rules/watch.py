"""What the cameras see and what none does: circles and sectors over the zones; `terrain` cuts hills out of them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from jiangcheng.modules.straw.rules.fires import KILOMETRES_PER_DEGREE

CORNERS = 48


@dataclasses.dataclass(frozen=True, slots=True)
class Camera:
    """A camera on a tower."""

    code: str
    longitude: float
    latitude: float
    kilometres: float
    """How far it tells smoke or heat."""
    first: float = 0.0
    last: float = 360.0
    """Directions it covers [°], clockwise from north; 0 to 360 is all around."""


def view(camera: Camera) -> shapely.Geometry:
    """Return what a camera overlooks, WGS 84: a circle or a sector; hills and houses are not in it."""
    width = (camera.last - camera.first) % 360 or 360.0
    angles = np.radians(camera.first + np.linspace(0, width, CORNERS + 1))
    narrow = math.cos(math.radians(camera.latitude))
    reach = camera.kilometres / KILOMETRES_PER_DEGREE
    lon = camera.longitude + reach * np.sin(angles) / narrow
    lat = camera.latitude + reach * np.cos(angles)
    corners = list(zip(lon.tolist(), lat.tolist(), strict=True))
    if width < 360:
        corners = [(camera.longitude, camera.latitude), *corners]
    return shapely.make_valid(shapely.Polygon(corners))


def blind(area: shapely.Geometry, views: Sequence[shapely.Geometry]) -> tuple[float, shapely.Geometry]:
    """Return which share of an area no view covers, and where that is."""
    if not views:
        return 1.0, area
    rest = area.difference(shapely.union_all(views))
    return (float(rest.area / area.area) if area.area else 0.0), rest


def sees(
    cameras: Sequence[Camera], longitude: float, latitude: float, views: Mapping[str, shapely.Geometry]
) -> list[str]:
    """Return the cameras whose views, by code, cover a place, the nearest first."""
    point = shapely.Point(longitude, latitude)
    narrow = math.cos(math.radians(latitude))
    found = [
        (math.hypot((camera.longitude - longitude) * narrow, camera.latitude - latitude), camera.code)
        for camera in cameras
        if views[camera.code].covers(point)
    ]
    return [code for _away, code in sorted(found)]


def bearing(camera: Camera, longitude: float, latitude: float) -> float:
    """Return the direction from a camera to a place [°], clockwise from north."""
    narrow = math.cos(math.radians(camera.latitude))
    east, north = (longitude - camera.longitude) * narrow, latitude - camera.latitude
    return math.degrees(math.atan2(east, north)) % 360
