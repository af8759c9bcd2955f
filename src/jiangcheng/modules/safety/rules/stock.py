"""Where enough of an item lies, nearest first."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
from collections.abc import Sequence

from jiangcheng.modules.safety.rules import plume


@dataclasses.dataclass(frozen=True, slots=True)
class Lot:
    """What lies of an item in one place."""

    number: str
    place: str
    longitude: float
    latitude: float
    quantity: float
    expires: dt.date | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Share:
    """What to take from a lot, and how far it lies [km, straight]."""

    lot: Lot
    kilometres: float
    take: float


@dataclasses.dataclass(frozen=True, slots=True)
class Offer:
    """The nearest place that has enough alone, and the nearest places that have enough together."""

    single: Share | None
    together: tuple[Share, ...]
    missing: float


def nearest(lots: Sequence[Lot], wanted: float, longitude: float, latitude: float, on: dt.date) -> Offer:
    """Return where to take a quantity from; what has expired does not count.

    Raises
    ------
    ValueError
        If nothing or less is wanted.
    """
    if not (math.isfinite(wanted) and wanted > 0):
        raise ValueError("a quantity above 0 is wanted")
    usable = [lot for lot in lots if lot.quantity > 0 and (lot.expires is None or lot.expires > on)]
    ordered = sorted(
        ((distance(lot, longitude, latitude), lot.number, lot) for lot in usable), key=lambda i: i[:2]
    )
    single = next((Share(lot, way, wanted) for way, _, lot in ordered if lot.quantity >= wanted), None)
    left, together = wanted, []
    for way, _, lot in ordered:
        if left <= 0:
            break
        take = min(lot.quantity, left)
        together.append(Share(lot, way, take))
        left -= take
    return Offer(single, tuple(together), max(round(left, 6), 0.0))


def distance(lot: Lot, longitude: float, latitude: float) -> float:
    """Return the straight way from a lot to a point [km]."""
    return round(math.hypot(*plume.offset(lot.longitude, lot.latitude, (longitude, latitude))) / 1000, 2)
