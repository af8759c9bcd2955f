"""Outlines of areas on the earth: whether they are sound, what they hold, and how large they are.

Outlines are GeoJSON geometries in degrees (WGS 84 / CGCS2000, which agree to less than a metre).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

EARTH_M = 6_371_007.2
"""Radius of the sphere that has the area of the earth (authalic, WGS 84) [m]."""
AREAS = frozenset({"Polygon", "MultiPolygon"})
LINES = frozenset({"LineString", "MultiLineString"})


def parsed(value: object, kinds: frozenset[str] = AREAS) -> BaseGeometry:
    """Return a GeoJSON geometry as a shape.

    Raises
    ------
    ValueError
        If it is none, of another kind, crosses itself, is empty, or leaves the earth.
    """
    try:
        found = shape(value)
        bounds = found.bounds
    except (ShapelyError, AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError("not GeoJSON") from error
    sound = found.geom_type in kinds and not found.is_empty and found.is_valid
    if not sound or bounds[0] < -180 or bounds[1] < -90 or bounds[2] > 180 or bounds[3] > 90:
        raise ValueError(f"not a sound {' or '.join(sorted(kinds))}")
    return found


def point(longitude: float, latitude: float) -> BaseGeometry:
    """Return a position [°] as a shape."""
    return shapely.Point(longitude, latitude)


def hit(outline: Mapping[str, Any], place: BaseGeometry) -> bool:
    """Tell whether an outline and a place share a point; the border belongs to the outline.

    Two areas that only touch along their border do not hit one another.
    """
    area = shape(outline)
    if place.geom_type in AREAS:
        return bool(area.intersects(place)) and not area.touches(place)
    return bool(area.intersects(place))


def hectares(place: BaseGeometry) -> float:
    """Return the area of a shape [ha], by the equal-area cylinder of the sphere.

    Against the ellipsoid the error stays below 0.5 % at our latitudes.
    """
    return float(shapely.transform(place, _cylinder).area) / 1e4


def shared_hectares(outline: Mapping[str, Any], place: BaseGeometry) -> float:
    """Return the area that an outline and a place have in common [ha]; 0 for a point."""
    return hectares(shape(outline).intersection(place))


def kilometres(line: BaseGeometry) -> float:
    """Return the length of the lines of a shape along great circles [km]; 0 where there are none."""
    parts = [part for part in shapely.get_parts(line, return_index=False) if part.geom_type == "LineString"]
    return sum(_length(np.radians(shapely.get_coordinates(part))) for part in parts)


def _length(radians: NDArray[np.float64]) -> float:
    longitude, latitude = radians.T
    half = (
        np.sin(np.diff(latitude) / 2) ** 2
        + np.cos(latitude[:-1]) * np.cos(latitude[1:]) * np.sin(np.diff(longitude) / 2) ** 2
    )
    return float(2 * np.arcsin(np.sqrt(half)).sum()) * EARTH_M / 1e3


def _cylinder(degrees: NDArray[np.float64]) -> NDArray[np.float64]:
    longitude, latitude = degrees.T
    radians = math.pi / 180
    return np.column_stack((longitude * radians * EARTH_M, np.sin(latitude * radians) * EARTH_M))
