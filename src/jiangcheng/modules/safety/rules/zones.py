"""The zone of an endpoint: how far the axis stays above it, its outline, and where the wind may turn it."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import shapely
import shapely.affinity
import shapely.geometry

from jiangcheng.methods.tracing.inputs import Floats
from jiangcheng.modules.safety.rules.clouds import Field
from jiangcheng.modules.safety.rules.numbers import rounded

ROTATIONS = 9


def zone(
    endpoint: int, limit: float, x: Floats, field: Field, direction: float, spread: float
) -> dict[str, Any]:
    """Return the zone of an endpoint.

    Parameters
    ----------
    limit
        [mg/m³].
    x : ndarray, shape (n,)
        Rising distances downwind [m] of the field.
    direction, spread
        Where the wind comes from, and its deviation [°].
    """
    over = np.flatnonzero(field.axis >= limit)
    if not over.size:
        return {"endpoint": endpoint, "limit": limit, "distance": 0.0, "half_width": 0.0, "upwind": 0.0,
                "arrival_minutes": None, "beyond": False, "outline": [], "envelope": []}  # fmt: skip
    last = int(over[-1])
    beyond = last == x.size - 1
    reach = float(x[last]) if beyond else _between(x, field.axis, last, limit)
    width = field.half_width(limit)
    outline = shapely.Polygon(_ring(x[over[0] : last + 1], width[over[0] : last + 1], reach)).buffer(0)
    if field.upwind > 0:
        # A heavy cloud slumps against the wind before it is carried off.
        outline = shapely.union(outline, shapely.Point(0.0, 0.0).buffer(min(field.upwind, reach)))
    turned = (direction + 180.0) % 360.0
    shape = shapely.affinity.rotate(outline, 90.0 - turned, origin=(0, 0))
    return {
        "endpoint": endpoint, "limit": limit, "distance": rounded(reach), "half_width": rounded(width.max()),
        "upwind": rounded(min(field.upwind, reach)),
        "arrival_minutes": rounded(float(np.interp(reach, x, field.arrival)) / 60.0), "beyond": beyond,
        "outline": _coordinates(shape), "envelope": _coordinates(_envelope(shape, reach, spread)),
    }  # fmt: skip


def _between(x: Floats, axis: Floats, last: int, limit: float) -> float:
    """Return where the axis falls to the limit: between two places it is a power of the distance."""
    if not axis[last + 1] > 0:
        return float(x[last])
    ends = np.log([axis[last], axis[last + 1]])
    share = (ends[0] - math.log(limit)) / (ends[0] - ends[1]) if ends[0] > ends[1] else 0.0
    return float(np.exp(np.log(x[last]) + share * (np.log(x[last + 1]) - np.log(x[last]))))


def _ring(x: Floats, width: Floats, reach: float) -> list[tuple[float, float]]:
    """Return the outline of a plume that blows along x, from the source to its reach."""
    upper = [(0.0, 0.0), *zip(x.tolist(), width.tolist(), strict=True), (reach, 0.0)]
    return [*upper, *[(a, -b) for a, b in reversed(upper[1:-1])], upper[0]]


def _envelope(shape: shapely.Geometry, reach: float, spread: float) -> shapely.Geometry:
    """Return where the plume may lie when the wind turns by its deviation to either side."""
    if spread >= 180.0:
        return shapely.Point(0.0, 0.0).buffer(reach)
    turns = [
        shapely.affinity.rotate(shape, angle, origin=(0, 0))
        for angle in np.linspace(-spread, spread, ROTATIONS)
    ]
    pairs = [shapely.union(a, b).convex_hull for a, b in itertools.pairwise(turns)]
    return shapely.union_all([*pairs, shape])


def _coordinates(shape: shapely.Geometry) -> list[list[float]]:
    largest = max(getattr(shape, "geoms", [shape]), key=lambda part: part.area)
    simple = largest.simplify(max(math.sqrt(largest.area) / 400, 0.1))
    return [[round(a, 1), round(b, 1)] for a, b in simple.exterior.coords]
