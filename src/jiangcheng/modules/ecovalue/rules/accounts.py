"""The gross ecosystem product of a year (生态产品总值核算规范（试行），发改基础〔2022〕481号)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import fractions
import hashlib
import json
import math
import pathlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jiangcheng.modules.ecovalue.rules.formula import FormulaError, evaluate, names_in
from jiangcheng.standards.dated import DatedTables

TABLES = DatedTables(pathlib.Path(__file__).parents[1] / "data")
in_force = TABLES.in_force
DIGITS = 6
AREAS = frozenset({"A", "S"})
"""Symbols of areas in every formula of the table."""


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One number of one service: an area, a coefficient, a price; with the row it comes from."""

    service: str
    label: str
    """Ecosystem, product or pollutant the number is of; several labels of a service are added up."""
    symbol: str
    value: float
    number: str = ""
    origin: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """A service of one label: how much there is and what it is worth."""

    service: str
    label: str
    category: str
    quantity: float | None
    value: float | None
    """[CNY]; None where an input is missing."""
    quantity_formula: str
    value_formula: str
    inputs: Mapping[str, float]
    numbers: tuple[str, ...]
    """Rows the inputs come from."""
    missing: tuple[str, ...]
    clipped: bool
    """True where the quantity came out negative and counts as nought."""


@dataclasses.dataclass(frozen=True, slots=True)
class Account:
    """A year's account: its items, and the year whose prices it uses."""

    table: str
    prices_of: int
    items: tuple[Item, ...]

    @property
    def total(self) -> float:
        """Sum of what could be valued [CNY]."""
        return round(math.fsum(item.value or 0.0 for item in self.items), DIGITS)

    @property
    def complete(self) -> bool:
        """Whether no input is missing."""
        return not any(item.missing for item in self.items)

    def by(self, field: str) -> dict[str, float]:
        """Return the value by ``category`` or ``service`` [CNY]."""
        groups: dict[str, list[float]] = {}
        for item in self.items:
            groups.setdefault(getattr(item, field), []).append(item.value or 0.0)
        return {key: round(math.fsum(values), DIGITS) for key, values in groups.items()}


def services(on: dt.date) -> Mapping[str, Mapping[str, Any]]:
    """Return the services of the table of a day by code."""
    return {item["code"]: item for item in in_force("gep", on)["services"]}


def account(
    entries: Iterable[Entry], *, year: int, on: dt.date, prices: Sequence[Entry] = (), prices_of: int = 0
) -> Account:
    """Compute the account of a year.

    Parameters
    ----------
    entries
        The year's inputs.
    prices, prices_of
        Entries of another year whose prices replace the year's own (constant prices), and that year.
    on
        Day whose table of formulas is used.
    """
    table = in_force("gep", on)
    known = {item["code"]: item for item in table["services"]}
    constants = {name: _number(item["value"]) for name, item in table["constants"].items()}
    groups: dict[tuple[str, str], dict[str, Entry]] = {}
    for entry in entries:
        if entry.service in known:
            groups.setdefault((entry.service, entry.label), {})[entry.symbol] = entry
    for entry in prices:
        held = groups.get((entry.service, entry.label))
        if held is not None and entry.symbol in known[entry.service]["prices"]:
            held[entry.symbol] = entry
    items = tuple(
        _item(known[code], label, held, constants) for (code, label), held in sorted(groups.items())
    )
    return Account(str(table["version"]), prices_of or year, items)


def _item(
    service: Mapping[str, Any], label: str, held: Mapping[str, Entry], constants: Mapping[str, float]
) -> Item:
    inputs = {symbol: entry.value for symbol, entry in held.items() if symbol in service["symbols"]}
    needed = names_in(service["quantity"]) | (names_in(service["value"]) - {"Q"})
    missing = tuple(sorted(needed - set(inputs) - set(constants)))
    quantity = _computed(service["quantity"], {**constants, **inputs})
    clipped = quantity is not None and quantity < 0
    if clipped:
        quantity = 0.0
    value = None if quantity is None else _computed(service["value"], {**constants, **inputs, "Q": quantity})
    return Item(
        service=service["code"],
        label=label,
        category=service["category"],
        quantity=quantity,
        value=value,
        quantity_formula=service["quantity"],
        value_formula=service["value"],
        inputs=inputs,
        numbers=tuple(sorted(entry.number for entry in held.values() if entry.number)),
        missing=missing,
        clipped=clipped,
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Operand:
    """A number of a formula: what it means and what kind it is."""

    symbol: str
    value: float | None
    """None where it is missing."""
    kind: str
    """``area``, ``price``, ``constant`` or ``coefficient``."""
    meaning_zh: str
    meaning_en: str


def traced(item: Item, on: dt.date) -> list[Operand]:
    """Return the numbers of an item's formulas by the table of a day, the areas first."""
    table = in_force("gep", on)
    service = services(on)[item.service]
    needed = names_in(item.quantity_formula) | (names_in(item.value_formula) - {"Q"})
    found = []
    for symbol in sorted(needed, key=lambda name: (name not in AREAS, name in service["prices"], name)):
        constant = table["constants"].get(symbol) if symbol not in service["symbols"] else None
        if constant is not None:
            value: float | None = _number(constant["value"])
            kind, zh, en = "constant", constant["zh"], constant["en"]
        else:
            value = item.inputs.get(symbol)
            kind = "area" if symbol in AREAS else "price" if symbol in service["prices"] else "coefficient"
            zh, en = service["symbols"][symbol], service["symbols_en"][symbol]
        found.append(Operand(symbol, value, kind, zh, en))
    return found


def canonical(found: Account) -> bytes:
    """Return an account as JSON bytes that are the same whenever the account is."""
    told = dataclasses.asdict(found)
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def restored(content: str) -> Account:
    """Return the account that `canonical` wrote."""
    told = json.loads(content)
    items = tuple(
        Item(**{**item, "numbers": tuple(item["numbers"]), "missing": tuple(item["missing"])})
        for item in told["items"]
    )
    return Account(told["table"], told["prices_of"], items)


def digest(content: bytes) -> str:
    """Return the SHA-256 of an account's bytes."""
    return hashlib.sha256(content).hexdigest()


def _computed(formula: str, numbers: Mapping[str, float]) -> float | None:
    try:
        return round(evaluate(formula, numbers), DIGITS)
    except FormulaError:
        return None


def _number(value: float | str) -> float:
    return float(fractions.Fraction(value)) if isinstance(value, str) else float(value)
