"""The straw ledger: from a crop's yield to straw, and from its uses to the rate of utilisation.

After the national straw ledger: straw = yield x ratio, collectable = straw x coefficient, returned to the
field = collectable x share of area returned, use = market + scattered + returned + out - in.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from jiangcheng.modules.straw.rules import tables

USES = ("fertiliser", "feed", "fuel", "substrate", "material")


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Harvest:
    """What is known of a crop in an area and a year. Tonnes; areas in any one unit."""

    crop: str
    grain: float
    sown: float
    returned: float
    """Area whose straw stays on the field."""
    market: Mapping[str, float] = dataclasses.field(default_factory=dict)
    """What enterprises used, by one of `USES`."""
    scattered: float = 0.0
    """What households used of the straw as it lay there."""
    out: float = 0.0
    into: float = 0.0
    ratio: float | None = None
    collectable: float | None = None
    """The area's own coefficients; None or 0: those of the table."""


@dataclasses.dataclass(frozen=True, slots=True)
class Balance:
    """The ledger of one crop, or of several together [t]."""

    straw: float
    collectable: float
    returned: float
    market: float
    scattered: float
    out: float
    into: float

    @property
    def used(self) -> float:
        """Return the straw that was put to use."""
        return self.market + self.scattered + self.returned + self.out - self.into

    @property
    def rate(self) -> float | None:
        """Return the rate of comprehensive utilisation [%]; None where nothing can be collected."""
        return 100.0 * self.used / self.collectable if self.collectable else None

    @property
    def ability(self) -> float | None:
        """Return the index of the ability to use straw (综合利用能力指数): use inside the area over collectable."""
        inside = self.market + self.scattered + self.returned
        return inside / self.collectable if self.collectable else None

    @property
    def industry(self) -> float | None:
        """Return the index of industrial use (产业化利用能力指数): enterprises over collectable."""
        return self.market / self.collectable if self.collectable else None

    @property
    def rest(self) -> float:
        """Return what is left of the collectable straw; negative where the ledger claims more than there is."""
        return self.collectable - self.used

    def __add__(self, other: Balance) -> Balance:
        """Return both together: tonnes add up, rates do not."""
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return Balance(*(one + more for one, more in pairs))


EMPTY = Balance(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def coefficients(crop: str, on: dt.date) -> Mapping[str, Any]:
    """Return the row of a crop in the table in force.

    Raises
    ------
    KeyError
        If the table does not know the crop.
    """
    rows = {row["code"]: row for row in tables.in_force("balance", on)["crops"]}
    found: Mapping[str, Any] = rows[crop]
    return found


def balance(harvest: Harvest, on: dt.date) -> Balance:
    """Compute the ledger of a crop."""
    row = coefficients(harvest.crop, on)
    straw = harvest.grain * (harvest.ratio or row["ratio"])
    collectable = straw * (harvest.collectable or row["collectable"])
    returned = collectable * harvest.returned / harvest.sown if harvest.sown else 0.0
    scattered = harvest.scattered * collectable / straw if straw else 0.0
    market = sum(harvest.market.values())
    return Balance(straw, collectable, returned, market, scattered, harvest.out, harvest.into)


@dataclasses.dataclass(frozen=True, slots=True)
class Coefficient:
    """A dated ratio of straw to grain and share that can be collected, of an area and a crop."""

    area: str
    """Code of a county, city or province; `NATION` for the country."""
    year: int
    crop: str
    ratio: float | None
    collectable: float | None
    source: str


NATION = "100000"


def fallback(
    rows: Iterable[Coefficient], *, area: str, crop: str, year: int
) -> tuple[tuple[float, str] | None, tuple[float, str] | None]:
    """Return ratio and collectable share that hold for an area, each with its source; None: the table's.

    Of each field the nearest area that fills it in counts: county, city, province, nation; 0 and nothing are
    not filled in. Within an area the latest year not after the asked one counts.
    """
    fitting = [
        row
        for row in rows
        if row.crop == crop
        and row.year <= year
        and (area.startswith(row.area.rstrip("0")) or row.area == NATION)
    ]
    fitting.sort(key=lambda row: (row.area != NATION, len(row.area.rstrip("0")), row.year), reverse=True)
    found: list[tuple[float, str] | None] = []
    for field in ("ratio", "collectable"):
        told = ((getattr(row, field), f"{row.area} {row.year} {row.source}") for row in fitting)
        found.append(next(((value, source) for value, source in told if value), None))
    return found[0], found[1]


def total(balances: Iterable[Balance]) -> Balance:
    """Return several ledgers together."""
    return sum(balances, EMPTY)


def problems(harvest: Harvest, on: dt.date) -> list[str]:
    """Return the fields that contradict the ledger's rules: coefficients in bounds, no more returned than sown."""
    row = coefficients(harvest.crop, on)
    found = []
    if harvest.collectable is not None and not 0 <= harvest.collectable <= 1:
        found.append("collectable")
    if harvest.ratio is not None and not 0 <= harvest.ratio <= row["most_ratio"]:
        found.append("ratio")
    if harvest.returned > harvest.sown:
        found.append("returned")
    if not found and harvest.out > balance(harvest, on).collectable:
        found.append("out")
    return found
