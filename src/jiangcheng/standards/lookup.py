"""The row of a standard that is in force on a date.

The date is that of the data, never of today. A report that asks for another edition ("both ways") names it
with `edition`, which then overrides the date.
"""

from __future__ import annotations

import datetime
import functools
from typing import NamedTuple

from jiangcheng.standards import _tables
from jiangcheng.standards._tables import Edition, Limit, NotInForce, Table, TableError

__all__ = [
    "Edition",
    "Grade",
    "Limit",
    "NotInForce",
    "Table",
    "TableError",
    "edition_on",
    "grades",
    "limit",
    "rows",
    "table",
    "tables",
    "value",
]


class Grade(NamedTuple):
    """A level or class of a scale, from `lower` to `upper` inclusive."""

    code: int
    lower: int
    upper: int
    name_zh: str
    name_en: str
    symbol: str
    colour: str


def table(standard: str) -> Table:
    """Return a whole table, e.g. ``"GB3095"``, with its editions and sources."""
    return _tables.load(standard)


def tables() -> tuple[Table, ...]:
    """Return every table with dated rows, by file name."""
    return tuple(_tables.load(name) for name in _tables.names())


@functools.lru_cache(maxsize=4096)
def limit(
    standard: str,
    parameter: str,
    averaging: str,
    zone: str,
    on: datetime.date | None = None,
    *,
    edition: str | None = None,
) -> Limit:
    """Return the row of a standard in force on a date.

    Parameters
    ----------
    standard
        File name of the table, e.g. ``"GB3095"``.
    parameter, averaging, zone
        Exactly as in the table.
    on
        Date of the data; not needed with `edition`.
    edition
        Code of an edition to use whatever the date.

    Raises
    ------
    NotInForce
        If no row, or more than one, answers.
    """
    found = [
        row
        for row in table(standard).on(on, edition)
        if (row.parameter, row.averaging, row.zone) == (parameter, averaging, zone)
    ]
    if len(found) != 1:
        raise NotInForce(
            f"{standard}: {len(found)} rows of {parameter} {averaging} {zone} "
            f"on {on}, edition {edition or 'by date'}"
        )
    return found[0]


def value(
    standard: str,
    parameter: str,
    averaging: str,
    zone: str,
    on: datetime.date | None = None,
    *,
    edition: str | None = None,
) -> float:
    """Return only the value of `limit`, in the unit of the table."""
    return limit(standard, parameter, averaging, zone, on, edition=edition).value


@functools.lru_cache(maxsize=256)
def rows(
    standard: str, on: datetime.date | None = None, *, edition: str | None = None, zone: str | None = None
) -> tuple[Limit, ...]:
    """Return the rows in force on a date or of an edition, in the order of the table."""
    found = table(standard).on(on, edition)
    return found if zone is None else tuple(row for row in found if row.zone == zone)


@functools.lru_cache(maxsize=256)
def edition_on(standard: str, on: datetime.date) -> Edition:
    """Return the edition in force on a date, for a table with one edition at a time.

    Raises
    ------
    NotInForce
        If none, or more than one, is in force.
    """
    found = [item for item in table(standard).editions if item.effective_from <= on < item.effective_to]
    if len(found) != 1:
        raise NotInForce(f"{standard}: {len(found)} editions in force on {on}")
    return found[0]


@functools.lru_cache(maxsize=64)
def grades(
    standard: str, on: datetime.date | None = None, *, edition: str | None = None
) -> tuple[Grade, ...]:
    """Return the levels or classes of a scale in rising order, with words and colours."""
    return tuple(
        Grade(
            code=int(row.zone),
            lower=int(row.extra["lower"]),
            upper=int(row.value),
            name_zh=row.extra["name_zh"],
            name_en=row.extra["name_en"],
            symbol=row.extra["symbol"],
            colour=row.extra["colour"],
        )
        for row in rows(standard, on, edition=edition)
    )
