"""Reading and checking the tables of standards.

A table is a CSV file of dated rows and a TOML file that says which document the rows come from. Everything
that could make an evaluation silently wrong is refused when the table is read: unknown columns, rows of an
undeclared edition, dates outside their edition, two rows in force at once, a gap between two editions.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime
import decimal
import functools
import itertools
import operator
import pathlib
import tomllib
from collections.abc import Iterable, Mapping
from typing import Any

FOLDER = pathlib.Path(__file__).parent / "tables"

COLUMNS = (
    "parameter",
    "averaging",
    "zone",
    "limit",
    "unit",
    "effective_from",
    "effective_to",
    "edition",
    "clause",
    "verified",
    "note",
)
EXTRA_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "limits": (),
    "breakpoints": ("iaqi",),
    "indicators": ("column", "breakpoints"),
    "items": ("name_zh", "name_en"),
    "classes": ("lower", "name_zh", "name_en", "symbol", "colour"),
}
"""What a kind of table says beside the common columns."""
VERIFIED = ("text", "data", "secondary", "memory")
"""How a row was checked: read in the standard, seen in published values, quoted by others, recollected."""
FOREVER = datetime.date.max


class TableError(ValueError):
    """A table of a standard is malformed."""


class NotInForce(LookupError):  # noqa: N818 - the words of the law
    """No row of the standard is in force on the date, or the edition has no such row."""


@dataclasses.dataclass(frozen=True, slots=True)
class Edition:
    """An edition of a standard, in force in ``[effective_from, effective_to)``."""

    code: str
    title_zh: str
    title_en: str
    issued_by_zh: str
    issued_by_en: str
    issued: datetime.date
    effective_from: datetime.date
    effective_to: datetime.date
    replaces: str
    url: str = ""
    note: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """A row of a standard: a limit value, a breakpoint, a count, a class, in force in ``[from, to)``."""

    standard: str
    parameter: str
    averaging: str
    zone: str
    value: float
    """NaN where the edition says that there is no value."""
    decimal: decimal.Decimal | None
    """The value as printed, for exact arithmetic."""
    unit: str
    effective_from: datetime.date
    effective_to: datetime.date
    edition: str
    clause: str
    verified: str
    note: str
    extra: Mapping[str, str] = dataclasses.field(default_factory=dict, compare=False)

    def in_force(self, on: datetime.date) -> bool:
        """Tell whether the row is in force on a date."""
        return self.effective_from <= on < self.effective_to

    @property
    def key(self) -> tuple[str, ...]:
        """What at most one row may say on one date."""
        return (self.parameter, self.averaging, self.zone, self.extra.get("iaqi", ""))


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """All editions of one table of a standard, with their source."""

    standard: str
    kind: str
    title_zh: str
    title_en: str
    checked_against: str
    checked_by: str
    checked_on: datetime.date
    editions: tuple[Edition, ...]
    rows: tuple[Limit, ...]

    def on(self, on: datetime.date | None, edition: str | None = None) -> tuple[Limit, ...]:
        """Return the rows in force on a date, or those of an edition whatever the date.

        Raises
        ------
        NotInForce
            If there is none.
        """
        if edition is not None:
            rows = tuple(row for row in self.rows if row.edition == edition)
        elif on is not None:
            rows = tuple(row for row in self.rows if row.in_force(on))
        else:
            raise TypeError("give the date of the data or an edition")
        if not rows:
            raise NotInForce(f"{self.standard}: nothing in force on {on}, edition {edition or 'by date'}")
        return rows


@functools.cache
def load(standard: str) -> Table:
    """Return a table of `standards/tables` by its file name, checked.

    Raises
    ------
    NotInForce
        If there is no such table.
    TableError
        If the table is malformed.
    """
    path = FOLDER / f"{standard}.toml"
    if not path.is_file():
        raise NotInForce(f"no table of the standard {standard!r}")
    return read(path)


def names() -> tuple[str, ...]:
    """Return the file names of all tables with dated rows, in order; lists of codes are not among them."""
    kinds = {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8")).get("kind")
        for path in FOLDER.glob("*.toml")
    }
    return tuple(sorted(name for name, kind in kinds.items() if kind in EXTRA_COLUMNS))


def read(path: pathlib.Path) -> Table:
    """Read the table whose TOML file is `path`; the rows lie beside it in the CSV file of the same name."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        editions = tuple(_edition(fields) for fields in document["editions"])
        transcription = document["transcription"]
        table = Table(
            standard=path.stem,
            kind=document["kind"],
            title_zh=document["title_zh"],
            title_en=document["title_en"],
            checked_against=transcription["checked_against"],
            checked_by=transcription["checked_by"],
            checked_on=datetime.date.fromisoformat(transcription["checked_on"]),
            editions=editions,
            rows=tuple(_rows(path.with_suffix(".csv"), document["kind"])),
        )
    except (KeyError, TypeError, ValueError, decimal.InvalidOperation) as error:
        raise TableError(f"{path.name}: {error}") from error
    _check(table)
    return table


def _edition(fields: dict[str, Any]) -> Edition:
    dates = ("issued", "effective_from", "effective_to")
    typed: dict[str, Any] = {name: _date(text) if name in dates else text for name, text in fields.items()}
    return Edition(**typed)


def _date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text) if text else FOREVER


def _rows(path: pathlib.Path, kind: str) -> Iterable[Limit]:
    extra = EXTRA_COLUMNS[kind]
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines, strict=True)
        if set(reader.fieldnames or ()) != {*COLUMNS, *extra}:
            raise ValueError(f"a table of {kind} has columns {[*COLUMNS, *extra]}, not {reader.fieldnames}")
        for fields in reader:
            if None in fields or None in fields.values():
                raise ValueError(f"line {reader.line_num}: wrong number of columns")
            yield _limit(path.stem, fields, extra)


def _limit(standard: str, fields: dict[str, str], extra: tuple[str, ...]) -> Limit:
    if not fields["unit"] or not fields["clause"] or fields["verified"] not in VERIFIED:
        raise ValueError(f"{fields['parameter']}: a row has unit, clause and verified, one of {VERIFIED}")
    printed = decimal.Decimal(fields["limit"]) if fields["limit"] else None
    return Limit(
        standard=standard,
        parameter=fields["parameter"],
        averaging=fields["averaging"],
        zone=fields["zone"],
        value=float("nan") if printed is None else float(printed),
        decimal=printed,
        unit=fields["unit"],
        effective_from=datetime.date.fromisoformat(fields["effective_from"]),
        effective_to=_date(fields["effective_to"]),
        edition=fields["edition"],
        clause=fields["clause"],
        verified=fields["verified"],
        note=fields["note"],
        extra={name: fields[name] for name in extra},
    )


def _check(table: Table) -> None:
    editions = {edition.code: edition for edition in table.editions}
    for row in table.rows:
        edition = editions.get(row.edition)
        if edition is None:
            raise TableError(f"{table.standard}: {row.key} belongs to the undeclared edition {row.edition!r}")
        if not edition.effective_from <= row.effective_from < row.effective_to <= edition.effective_to:
            raise TableError(f"{table.standard}: {row.key} is in force outside its edition {row.edition}")
    by_key = operator.attrgetter("key")
    ordered = sorted(table.rows, key=lambda row: (row.key, row.effective_from))
    for key, rows in itertools.groupby(ordered, key=by_key):
        for earlier, later in itertools.pairwise(rows):
            if earlier.effective_to > later.effective_from:
                raise TableError(f"{table.standard}: two rows of {key} in force on {later.effective_from}")
            if earlier.effective_to < later.effective_from:
                raise TableError(f"{table.standard}: no row of {key} from {earlier.effective_to}")
