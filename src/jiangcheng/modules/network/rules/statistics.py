"""Tables of annual statistics as bytes: the same rows always give the same bytes."""

from __future__ import annotations

import dataclasses
import decimal
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


def canonical(document: Mapping[str, Any]) -> bytes:
    """Return a document as JSON with one possible spelling: sorted keys, no blanks, UTF-8.

    Raises
    ------
    TypeError
        If it holds a binary fraction, whose spelling differs between programs.
    """
    _refuse_floats(document)
    return json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(content: bytes) -> str:
    """Return the SHA-256 of bytes as lower-case hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def mean(total: int, count: int, decimals: int, digits: int) -> str | None:
    """Return the mean of values stored as integers of 10^-decimals, rounded half to even; None of none."""
    if not count:
        return None
    exact = decimal.Decimal(total).scaleb(-decimals) / count
    return str(exact.quantize(decimal.Decimal(1).scaleb(-digits), rounding=decimal.ROUND_HALF_EVEN))


def amount(total: int, decimals: int) -> str:
    """Return a sum of integers of 10^-decimals, exactly."""
    return str(decimal.Decimal(total).scaleb(-decimals))


@dataclasses.dataclass(frozen=True, slots=True)
class Difference:
    """A cell that is not the same in two editions; None where the row or cell was not there."""

    key: str
    column: str
    before: str | None
    after: str | None


def differences(before: Sequence[Row], after: Sequence[Row], key: Sequence[str]) -> list[Difference]:
    """Return the cells in which two editions of a table differ, by key and column."""
    old = {_key(row, key): row for row in before}
    new = {_key(row, key): row for row in after}
    found = []
    for name in sorted(old.keys() | new.keys()):
        first, second = old.get(name, {}), new.get(name, {})
        for column in sorted((first.keys() | second.keys()) - set(key)):
            if first.get(column) != second.get(column):
                found.append(Difference(name, column, _text(first.get(column)), _text(second.get(column))))
    return found


def _key(row: Row, key: Sequence[str]) -> str:
    return " / ".join(str(row[name]) for name in key)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _refuse_floats(value: Any) -> None:
    if isinstance(value, float):
        raise TypeError("a float has no canonical spelling")
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_floats(part)
