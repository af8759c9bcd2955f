"""Black and odorous water: the degree of a point and of a stretch (城市黑臭水体整治工作指南, 2015)."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jiangcheng.modules.water.rules.quantity import longest_run
from jiangcheng.standards import lookup

BLACK_ITEMS = ("transparency", "do", "orp", "nh3n")
NONE, LIGHT, HEAVY = 0, 1, 2


class PointVerdict(NamedTuple):
    """What the measurements of one point say."""

    degree: int
    """0 not black and odorous, 1 light, 2 heavy, -1 where nothing was measured."""
    items: tuple[str, ...]
    """Items that are beyond the limits in some measurement."""
    measurements: int


def transparency_limit(depth: float, *, edition: str = "2015") -> float:
    """Return the transparency a point must have [cm]: in shallow water 40 % of its depth [cm]."""
    limit = _bound("transparency", "light", edition)[0]
    share = lookup.value("black_odorous", "shallow_share", "share", "transparency", edition=edition)
    return limit if depth >= limit else depth * share / 100


def black_points(
    values: Mapping[str, ArrayLike], *, depth: float = float("inf"), edition: str = "2015"
) -> PointVerdict:
    """Return the degree of one point from its measurements.

    Parameters
    ----------
    values
        ``transparency`` [cm], ``do`` [mg/L], ``orp`` [mV], ``nh3n`` [mg/L], ``(n,)`` each, NaN where missing.
    depth
        Depth of the water [cm], for the rule on shallow water.

    Notes
    -----
    A point is heavy if one item is heavy in 60 % of its data, or two items are in 30 % of theirs.
    """
    light: dict[str, float] = {}
    heavy: dict[str, float] = {}
    measurements = 0
    for name in BLACK_ITEMS:
        numbers = np.asarray(values.get(name, []), dtype=np.float64)
        numbers = numbers[~np.isnan(numbers)]
        if not numbers.size:
            continue
        measurements = max(measurements, numbers.size)
        bounds = [_bound(name, zone, edition) for zone in ("light", "heavy")]
        limits = [limit for limit, _ in bounds]
        if name == "transparency":
            limits[0] = transparency_limit(depth, edition=edition)
            limits[1] = min(limits[1], limits[0])
        beyond = [_beyond(numbers, limit, sense) for limit, (_, sense) in zip(limits, bounds, strict=True)]
        light[name], heavy[name] = (100 * float(found.mean()) for found in beyond)
    if not measurements:
        return PointVerdict(-1, (), 0)
    one, two = (_count(f"heavy_share_{word}", "point", edition) for word in ("one", "two"))
    grave = any(share >= one for share in heavy.values()) or sum(s >= two for s in heavy.values()) > 1
    items = tuple(name for name, share in light.items() if share > 0)
    return PointVerdict(HEAVY if grave else LIGHT if items else NONE, items, measurements)


def stretch_degree(points: Sequence[int], *, edition: str = "2015") -> int:
    """Return the degree of a water body from its points in order downstream, -1 where none was measured."""
    known = np.array([point for point in points if point >= NONE], dtype=np.int64)
    if not known.size:
        return -1
    heavy = known == HEAVY
    row = _count("heavy_points_row", "stretch", edition)
    share = _count("heavy_points_share", "stretch", edition)
    if longest_run(heavy) >= row or 100 * heavy.mean() >= share:
        return HEAVY
    return LIGHT if (known > NONE).any() else NONE


def _beyond(numbers: NDArray[np.float64], limit: float, sense: str) -> NDArray[np.bool_]:
    return numbers > limit if sense == "not_above" else numbers < limit


@functools.cache
def _bound(name: str, zone: str, edition: str) -> tuple[float, str]:
    for row in lookup.rows("black_odorous", edition=edition, zone=zone):
        if row.parameter == name:
            return row.value, row.averaging
    raise lookup.NotInForce(f"black_odorous: no {zone} limit of {name}")


@functools.cache
def _count(parameter: str, zone: str, edition: str) -> float:
    return lookup.value("black_odorous", parameter, "count", zone, edition=edition)
