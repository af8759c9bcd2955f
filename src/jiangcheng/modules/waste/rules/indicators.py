"""The indicators of a zero-waste city: which can be computed from the ledgers, from what, and why not."""

from __future__ import annotations

import dataclasses
import decimal
from collections.abc import Mapping, Sequence
from typing import Any

Known = Mapping[str, decimal.Decimal]
ZERO = decimal.Decimal(0)


@dataclasses.dataclass(frozen=True, slots=True)
class Outcome:
    """A value with the numbers it was made of, or what is missing."""

    value: decimal.Decimal | None
    parts: Mapping[str, str]
    missing: tuple[str, ...] = ()
    """Terms nobody has told."""
    reason: str = ""
    """``missing``, ``no_whole`` (the denominator is nought), or nothing."""


def evaluate(row: Mapping[str, Any], known: Known) -> Outcome:
    """Compute an indicator from a row of the table.

    A row's ``numerator`` and ``denominator`` are sums of terms; a term is the name of a number, with ``-``
    before it to subtract it and ``?`` behind it where a number nobody told counts as nought.

    Parameters
    ----------
    row
        A row of ``data/indicators.json`` that has a numerator.
    known
        Numbers by name: ``industrial.generated``, ``industrial.generated@before`` of the year before,
        ``input.industrial_value_added``.
    """
    upper, missing = _sum(row["numerator"], known)
    lower, missing_below = _sum(row.get("denominator", ()), known)
    terms = (*row["numerator"], *row.get("denominator", ()))
    parts = {name: f"{known[name].normalize():f}" for name in map(_name, terms) if name in known}
    if missing or missing_below:
        return Outcome(None, parts, (*missing, *missing_below), "missing")
    if not row.get("denominator"):
        return Outcome(upper * _factor(row), parts)
    if lower <= 0:
        return Outcome(None, parts, (), "no_whole")
    return Outcome(upper * _factor(row) / lower, parts)


def inputs_of(row: Mapping[str, Any]) -> list[str]:
    """Return the codes of the numbers a department has to tell for an indicator."""
    terms = (*row.get("numerator", ()), *row.get("denominator", ()))
    return list(dict.fromkeys(_name(term)[6:] for term in terms if _name(term).startswith("input.")))


def _name(term: str) -> str:
    return term.strip("-?")


def _factor(row: Mapping[str, Any]) -> decimal.Decimal:
    return decimal.Decimal(row.get("factor", "1"))


def _sum(terms: Sequence[str], known: Known) -> tuple[decimal.Decimal, list[str]]:
    total, missing = ZERO, []
    for term in terms:
        name = _name(term)
        if name not in known:
            if not term.endswith("?"):
                missing.append(name)
            continue
        total += -known[name] if term.startswith("-") else known[name]
    return total, missing
