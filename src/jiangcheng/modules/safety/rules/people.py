"""How many people live within a zone, from points of settlements, without counting anybody twice."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from jiangcheng.methods.tracing.inputs import Floats


@dataclasses.dataclass(frozen=True, slots=True)
class Settlement:
    """A village, a township or a cell of a census grid."""

    code: str
    people: int
    east: float
    """Of the source [m]."""
    north: float
    radius: float
    """People are taken as spread evenly over a disc of this radius [m]."""
    within: str = ""
    """Code of the settlement whose people include these, e.g. the township of a village."""


@dataclasses.dataclass(frozen=True, slots=True)
class Count:
    """People within a zone: those of settlements wholly inside, the estimate, those of settlements that touch it."""

    least: int
    likely: int
    most: int
    settlements: int


def own_people(settlements: Sequence[Settlement]) -> list[Settlement]:
    """Return the settlements each with the people that none within it counts already; not below 0."""
    known = {one.code for one in settlements}
    inner: dict[str, int] = {}
    for one in settlements:
        if one.within in known:
            inner[one.within] = inner.get(one.within, 0) + one.people
    return [
        dataclasses.replace(one, people=max(one.people - inner.get(one.code, 0), 0)) for one in settlements
    ]


def count(ring: Sequence[Sequence[float]], settlements: Sequence[Settlement]) -> Count:
    """Return the people within a ring of [east, north] metres.

    Parameters
    ----------
    settlements
        Of `own_people`. A disc that lies partly inside counts by the share of its area.
    """
    if len(ring) < 4 or not settlements:
        return Count(0, 0, 0, 0)
    shares = _shares(ring, settlements)
    people = np.array([one.people for one in settlements], np.float64)
    touched = (shares > 0) & (people > 0)
    whole = shares > 1.0 - 1e-6
    return Count(
        int(people[whole].sum()), round(float((people * shares).sum())), int(people[touched].sum()), int(touched.sum())
    )  # fmt: skip


def covered(places: Sequence[tuple[float, float]], settlements: Sequence[Settlement]) -> NDArray[np.bool_]:
    """Tell of each place [east, north in m] whether it lies in the disc of a settlement, whose people are its."""
    if not places or not settlements:
        return np.zeros(len(places), np.bool_)
    at = np.array(places, np.float64)
    middles = np.array([(one.east, one.north) for one in settlements])
    radii = np.array([one.radius for one in settlements])
    away = np.hypot(at[:, None, 0] - middles[None, :, 0], at[:, None, 1] - middles[None, :, 1])
    return np.asarray((away <= radii[None, :]).any(axis=1))


def _shares(ring: Sequence[Sequence[float]], settlements: Sequence[Settlement]) -> Floats:
    zone = shapely.Polygon(ring).buffer(0)
    shapely.prepare(zone)
    points = shapely.points([(one.east, one.north) for one in settlements])
    discs = shapely.buffer(points, np.maximum([one.radius for one in settlements], 1.0), quad_segs=8)
    shares = np.zeros(len(settlements))
    near = shapely.intersects(zone, discs)
    # A disc drawn by chords is a little smaller than the circle; its own area is the measure.
    shares[near] = shapely.area(shapely.intersection(zone, discs[near])) / shapely.area(discs[near])
    return np.asarray(np.clip(shares, 0.0, 1.0))
