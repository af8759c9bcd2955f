"""How an inventory follows from activity data and factors, and how low-carbon actions are credited."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fractions
import functools
import hashlib
import json
import math
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jiangcheng.standards.dated import DatedTables

TABLES = DatedTables(pathlib.Path(__file__).parent.parent / "data")
in_force = TABLES.in_force
DIGITS = 6
"""Tonnes are kept to the gram, so that a stored inventory is the same on every machine."""


class Unknown(LookupError):  # noqa: N818
    """An edition or an activity is not in the table of factors."""


@dataclasses.dataclass(frozen=True, slots=True)
class Activity:
    """What was done in a year: an amount in the unit of its kind, and what of the gas was recovered [t]."""

    code: str
    amount: float
    recovered: float = 0.0
    uncertainty: float | None = None
    """Half the 95 % interval [%]."""
    number: str = ""
    """Number of the row it comes from."""


@dataclasses.dataclass(frozen=True, slots=True)
class Factor:
    """A row of the table of factors.

    An emission is ``(amount · Π terms − recovered) · Π after`` in tonnes of the gas.
    """

    activity: str
    part: str
    gas: str
    formula: str
    terms: Mapping[str, str]
    after: Mapping[str, str]
    uncertainty: float | None
    kind: str
    """``emission``, ``sink`` (reported apart and in the total) or ``memo`` (in no total)."""
    source: str
    verified: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """An emission of one activity by one factor."""

    activity: str
    number: str
    part: str
    sector: str
    gas: str
    kind: str
    amount: float
    recovered: float
    mass: float
    """Tonnes of the gas; a sink is negative."""
    equivalent: float
    """Tonnes of CO2 equivalent."""
    uncertainty: float | None
    """Half the 95 % interval of ``mass`` [%]; None where one side is unknown."""
    formula: str
    terms: Mapping[str, str]
    source: str
    verified: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Inventory:
    """An inventory of a year under an edition of the guide."""

    edition: str
    table: str
    gwp: Mapping[str, float]
    lines: tuple[Line, ...]

    def total(self, *, sinks: bool = True) -> float:
        """Return the total [t CO2e]; memo items never count, sinks if asked for."""
        kinds = {"emission", "sink"} if sinks else {"emission"}
        return round(math.fsum(line.equivalent for line in self.lines if line.kind in kinds), DIGITS)

    def by(self, field: str, *, measure: str = "equivalent") -> dict[str, float]:
        """Return sums by a field of the lines, e.g. ``sector``, ``gas`` or ``part``, memo items left out."""
        groups: dict[str, list[float]] = {}
        for line in self.lines:
            if line.kind != "memo":
                groups.setdefault(getattr(line, field), []).append(getattr(line, measure))
        return {key: round(math.fsum(values), DIGITS) for key, values in groups.items()}

    def uncertainty(self) -> float | None:
        """Return half the 95 % interval of the total [%], by the root of the sum of squares.

        None where a line's own is unknown or the total is nought.
        """
        return _joined([line for line in self.lines if line.kind != "memo"])

    def spreads(self, field: str) -> dict[str, Spread]:
        """Return sum, uncertainty and share of the whole variance by a field of the lines, memo items left out.

        Lines are taken as independent of one another, as the guide does, even where they share an activity.
        """
        groups: dict[str, list[Line]] = {}
        for line in self.lines:
            if line.kind != "memo":
                groups.setdefault(getattr(line, field), []).append(line)
        whole = math.fsum(_variance(line) for lines in groups.values() for line in lines)
        known = self.uncertainty() is not None
        return {
            key: Spread(
                round(math.fsum(line.equivalent for line in lines), DIGITS),
                _joined(lines),
                100 * math.fsum(map(_variance, lines)) / whole if known and whole else None,
            )
            for key, lines in groups.items()
        }

    def unknown(self) -> list[Line]:
        """Return the lines that keep the total from having an uncertainty."""
        return [line for line in self.lines if line.kind != "memo" and line.uncertainty is None]


@dataclasses.dataclass(frozen=True, slots=True)
class Spread:
    """How sure a part of an inventory is."""

    equivalent: float
    """[t CO2e]"""
    uncertainty: float | None
    """Half the 95 % interval [%]; None where a line's own is unknown."""
    share: float | None
    """Share of the variance of the whole inventory [%]: where better data would help most."""


def _variance(line: Line) -> float:
    return (line.equivalent * (line.uncertainty or 0.0)) ** 2


def _joined(lines: Sequence[Line]) -> float | None:
    total = math.fsum(line.equivalent for line in lines)
    if not total or any(line.uncertainty is None for line in lines):
        return None
    return math.sqrt(math.fsum(map(_variance, lines))) / abs(total)


def editions(on: dt.date) -> Sequence[Mapping[str, Any]]:
    """Return the editions of the guide that the table of factors of a day knows, the oldest first."""
    return tuple(in_force("factors", on)["editions"])


def activities(on: dt.date) -> Mapping[str, Mapping[str, Any]]:
    """Return the kinds of activity by code."""
    return {item["code"]: item for item in in_force("factors", on)["activities"]}


def inventory(entries: Iterable[Activity], *, edition: str, on: dt.date) -> Inventory:
    """Compute an inventory (省级温室气体清单编制指南: E = AD · EF).

    Parameters
    ----------
    entries
        What was done in the year. Kinds without a factor, such as the product of the economy, emit nothing.
    edition
        ``2011`` or ``2025``: its factors and its global warming potentials.
    on
        Day whose table of factors is used.

    Raises
    ------
    Unknown
        If the edition or a kind of activity is not in the table.
    """
    table = in_force("factors", on)
    chosen = next((item for item in table["editions"] if item["code"] == edition), None)
    if chosen is None:
        raise Unknown(f"edition {edition} is not in {table['version']}")
    known = activities(on)
    sectors = {item["code"]: item["sector"] for item in table["parts"]}
    factors = _factors(on, edition)
    lines: list[Line] = []
    for entry in entries:
        if entry.code not in known:
            raise Unknown(f"activity {entry.code} is not in {table['version']}")
        for factor in factors.get(entry.code, ()):
            mass = emission(factor, entry.amount, entry.recovered)
            lines.append(
                Line(
                    activity=entry.code,
                    number=entry.number,
                    part=factor.part,
                    sector=sectors[factor.part],
                    gas=factor.gas,
                    kind=factor.kind,
                    amount=entry.amount,
                    recovered=entry.recovered,
                    mass=mass,
                    equivalent=round(mass * chosen["gwp"][factor.gas], DIGITS),
                    uncertainty=combined(entry.uncertainty, factor.uncertainty),
                    formula=factor.formula,
                    terms={**factor.terms, **factor.after},
                    source=factor.source,
                    verified=factor.verified,
                )
            )
    return Inventory(edition, table["version"], chosen["gwp"], tuple(lines))


def emission(factor: Factor, amount: float, recovered: float = 0.0) -> float:
    """Return the emission of an amount in tonnes of the gas; what is recovered cannot make it negative."""
    made = amount * _product(factor.terms) - recovered
    if factor.kind != "sink":
        made = max(made, 0.0)
    return round(made * _product(factor.after), DIGITS)


def combined(*parts: float | None) -> float | None:
    """Return the uncertainty of a product [%]: U = √(U_AD² + U_EF²); None where one is unknown."""
    if any(part is None for part in parts):
        return None
    return math.sqrt(math.fsum((part or 0.0) ** 2 for part in parts))


def canonical(found: Inventory) -> bytes:
    """Return an inventory as JSON bytes that are the same whenever the inventory is."""
    return json.dumps(
        dataclasses.asdict(found), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()


def restored(content: str) -> Inventory:
    """Return the inventory that `canonical` wrote."""
    told = json.loads(content)
    lines = tuple(Line(**line) for line in told["lines"])
    return Inventory(told["edition"], told["table"], told["gwp"], lines)


def digest(content: bytes) -> str:
    """Return the SHA-256 of an inventory's bytes."""
    return hashlib.sha256(content).hexdigest()


@dataclasses.dataclass(frozen=True, slots=True)
class Credit:
    """What a low-carbon action is worth."""

    reduction: float
    """[kg CO2]"""
    points: int
    version: str


def credit(action: str, quantity: float, *, on: dt.date, used_today: float = 0.0) -> Credit:
    """Return what an action is worth by the method of its day (碳普惠).

    Parameters
    ----------
    used_today
        Quantity of the same action the account has been credited for on that day; a method's daily most is
        shared by all of them.

    Raises
    ------
    Unknown
        If there is no method for the action.
    ValueError
        If nothing of the quantity may be credited.
    """
    table = in_force("inclusive", on)
    method = next((item for item in table["methods"] if item["code"] == action), None)
    if method is None:
        raise Unknown(f"action {action} is not in {table['version']}")
    counted = min(quantity, method["daily_most"] - used_today)
    if counted <= 0:
        raise ValueError(f"{action}: the most of a day, {method['daily_most']} {method['unit']}, is used up")
    reduction = round(counted * method["kg_per_unit"], 3)
    return Credit(reduction, math.floor(reduction * table["points_per_kg"]), str(table["version"]))


def _product(terms: Mapping[str, str]) -> float:
    return float(math.prod(map(fractions.Fraction, terms.values()), start=fractions.Fraction(1)))


@functools.cache
def _factors(on: dt.date, edition: str) -> Mapping[str, tuple[Factor, ...]]:
    found: dict[str, tuple[Factor, ...]] = {}
    for row in in_force("factors", on)["factors"]:
        if edition in row["editions"]:
            factor = Factor(
                activity=row["activity"],
                part=row["part"],
                gas=row["gas"],
                formula=row["formula"],
                terms=row["terms"],
                after=row.get("after", {}),
                uncertainty=row["uncertainty"],
                kind=row["kind"],
                source=row["source"],
                verified=row["verified"],
            )
            found[factor.activity] = (*found.get(factor.activity, ()), factor)
    return found
