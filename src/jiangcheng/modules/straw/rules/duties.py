"""The five-level contract tree (包保): who answers for which place, and where nobody does."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

LEVELS = ("city", "county", "township", "village", "household")


@dataclasses.dataclass(frozen=True, slots=True)
class Contract:
    """A signed duty of one person at one level."""

    number: str
    level: str
    region: str
    """Code of the area; below townships that of the township or county the village lies in."""
    village: str
    household: str
    upper: str
    """Number of the contract above."""
    start: dt.date
    end: dt.date | None
    area: float = 0.0
    """[mu]"""


def in_force(contracts: Iterable[Contract], on: dt.date) -> list[Contract]:
    """Return the contracts that hold on a day."""
    return [one for one in contracts if one.start <= on and (one.end is None or one.end > on)]


def broken(contracts: Sequence[Contract]) -> list[tuple[str, str]]:
    """Return the contracts whose place in the tree is wrong, with the reason.

    ``no_upper``: no contract above though it is not the city's; ``unknown``: the one above is not in force;
    ``level``: the one above is not one level higher; ``elsewhere``: it is of another area.
    """
    held = {one.number: one for one in contracts}
    found = []
    for one in contracts:
        place = LEVELS.index(one.level)
        above = held.get(one.upper)
        if place == 0:
            continue
        if not one.upper:
            found.append((one.number, "no_upper"))
        elif above is None:
            found.append((one.number, "unknown"))
        elif LEVELS.index(above.level) != place - 1:
            found.append((one.number, "level"))
        elif not one.region.startswith(above.region) or (place == 4 and above.village != one.village):
            found.append((one.number, "elsewhere"))
    return found


@dataclasses.dataclass(frozen=True, slots=True)
class Gap:
    """A place without a contract of a level."""

    level: str
    region: str
    village: str = ""


def uncovered(
    contracts: Sequence[Contract],
    *,
    city: str,
    counties: Iterable[str],
    townships: Iterable[str],
    villages: Iterable[tuple[str, str]],
) -> list[Gap]:
    """Return the places nobody answers for, from the city down.

    Parameters
    ----------
    villages
        Code of the area and name of every village that has straw to dispose of.
    """
    held = {level: {one.region for one in contracts if one.level == level} for level in LEVELS}
    named = {one.village for one in contracts if one.level == "village"}
    houses = {one.village for one in contracts if one.level == "household"}
    found = [] if city in held["city"] else [Gap("city", city)]
    found += [Gap("county", code) for code in sorted(counties) if code not in held["county"]]
    found += [Gap("township", code) for code in sorted(townships) if code not in held["township"]]
    for region, village in sorted(set(villages)):
        if village not in named:
            found.append(Gap("village", region, village))
        if village not in houses:
            found.append(Gap("household", region, village))
    return found


def chain(contracts: Sequence[Contract], *, region: str, village: str = "") -> list[Contract]:
    """Return who answers for a place, from the city down to the village."""
    found = []
    for level in LEVELS[:4]:
        fitting = [
            one
            for one in contracts
            if one.level == level
            and region.startswith(one.region)
            and (level != "village" or (village and one.village == village))
        ]
        found += sorted(fitting, key=lambda one: (-len(one.region), one.number))[:1]
    return found
