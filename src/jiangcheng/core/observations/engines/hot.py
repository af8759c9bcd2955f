"""What the store asks of a business database: tables of integers in and out, whole columns at a time."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np

from jiangcheng.core.observations.rules.columns import MISSING, Array, Days, Rows

BIGINT = np.dtype("i8")
SMALLINT = np.dtype("i2")
INTEGER = np.dtype("i4")
MISSING_SQL = f"CAST({MISSING + 1} - 1 AS BIGINT)"
"""The least integer cannot be written as a literal everywhere: its digits overflow before the sign counts."""


@dataclasses.dataclass(frozen=True, slots=True)
class Table:
    """A table of integers: types by column, the key, and the columns in which MISSING is null."""

    name: str
    columns: Mapping[str, np.dtype[Any]]
    key: tuple[str, ...]
    nullable: tuple[str, ...] = ()

    @property
    def rest(self) -> tuple[str, ...]:
        """Columns outside the key."""
        return tuple(name for name in self.columns if name not in self.key)


_KEY = ("granularity", "start", "station", "property")
OBSERVATIONS = Table("observations_observation", {"granularity": SMALLINT, **Rows.dtypes()}, _KEY, ("value",))
REVISIONS = Table(
    "observations_revision",
    {"granularity": SMALLINT, **Rows.dtypes(), "replaced": BIGINT, "successor": BIGINT},
    (*_KEY, "revision"),
    ("value",),
)
LATEST = Table(
    "observations_latestvalue",
    {
        "station": INTEGER,
        "property": INTEGER,
        "granularity": SMALLINT,
        "start": BIGINT,
        "value": BIGINT,
        "flag": SMALLINT,
        "received": BIGINT,
    },
    ("station", "property", "granularity"),
    ("value",),
)
DAYS = Table(
    "observations_dailyrollup",
    {"granularity": SMALLINT, **Days.dtypes(), "sequence": BIGINT},
    ("granularity", "day", "station", "property"),
    ("min", "max"),
)
DIRTY_DAYS = Table(
    "observations_dirtyday",
    {"granularity": SMALLINT, "day": INTEGER, "station": INTEGER, "sequence": BIGINT},
    ("granularity", "day", "station"),
)
CHANGES = Table(
    "observations_change",
    {"sequence": BIGINT, "granularity": SMALLINT, "start": BIGINT, "station": INTEGER},
    ("sequence", "granularity", "start", "station"),
)

REPLACE = "replace"
NEWER = "newer"
"""Replace a row unless the stored one starts later."""
KEEP = "keep"
NEW = "new"
"""The caller knows that no row of these keys is there."""


def conflict(table: Table, policy: str) -> str:
    """Return the ON CONFLICT clause of a policy; both databases read the same words."""
    if policy == NEW:
        return ""
    target = f"ON CONFLICT ({', '.join(table.key)}) DO"
    if policy == KEEP or not table.rest:
        return f"{target} NOTHING"
    assignments = ", ".join(f"{name} = excluded.{name}" for name in table.rest)
    condition = f" WHERE excluded.start >= {table.name}.start" if policy == NEWER else ""
    return f"{target} UPDATE SET {assignments}{condition}"


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Which rows: ``[start, end)`` of one granularity; None means every station or property."""

    granularity: int
    start: int
    end: int
    stations: Sequence[int] | None = None
    properties: Sequence[int] | None = None

    def condition(self, place: str = "start") -> str:
        """Return the SQL condition. Every part is an integer, so nothing needs quoting."""
        parts = [f"granularity = {int(self.granularity)}"]
        parts.append(f"{place} >= {int(self.start)} AND {place} < {int(self.end)}")
        return " AND ".join([*parts, *self.series()])

    def series(self, prefix: str = "") -> list[str]:
        """Return the conditions on station and property."""
        return [
            f"{prefix}{name} IN ({integers(wanted)})"
            for name, wanted in (("station", self.stations), ("property", self.properties))
            if wanted is not None
        ]


def integers(values: Sequence[int]) -> str:
    """Return a list of integers for SQL; ``NULL``, which equals nothing, for an empty one."""
    return ", ".join(str(int(value)) for value in values) or "NULL"


class Engine(Protocol):
    """A hot tier. Reads and writes join the caller's transaction on the default connection."""

    def put(
        self, table: Table, columns: Mapping[str, Array], constants: Mapping[str, int], policy: str = REPLACE
    ) -> None:
        """Write rows of ``columns`` of one length, ``constants`` the same in every row."""

    def fetch(self, table: Table, names: Sequence[str], source: str) -> dict[str, Array]:
        """Return columns of ``SELECT … FROM source``, nulls as MISSING, in no particular order."""

    def select(self, selection: Selection) -> Iterator[str]:
        """Yield the ``source`` texts that together find the selected observations."""

    def snapshot(self) -> AbstractContextManager[None]:
        """Make all reads inside see one state of the database."""


def nulls_as_missing(table: Table, name: str, column: str) -> str:
    """Return the SQL expression that reads a column without null."""
    return f"coalesce({column}, {MISSING_SQL})" if name in table.nullable else column
