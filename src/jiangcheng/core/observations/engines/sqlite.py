"""The hot tier in SQLite, through the one connection Django holds.

A second SQLite library in the process (ADBC brings its own) must never open the same file: closing its
handle would drop the POSIX locks of ours (https://sqlite.org/howtocorrupt.html, section 2.2.1), and it would
not see the caller's open transaction. Columns therefore travel as one text each, joined by SQLite and parsed
by numpy: about three times the speed of fetching rows, and no Python object per row.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from django.db import connection

from jiangcheng.core.observations.engines import hot
from jiangcheng.core.observations.rules.columns import Array, Granularity

WINDOW = {
    Granularity.INSTANT: 86_400,
    Granularity.MINUTE: 86_400,
    Granularity.HOUR: 31 * 86_400,
    Granularity.DAY: 366 * 86_400,
}
"""Seconds read at once: keeps a column's text well under SQLite's limit of 10^9 bytes."""

FEW_STATIONS = 16
"""Up to here it is faster to seek every start and station than to scan all stations of the period."""


class SQLite:
    """See `hot.Engine`."""

    def put(
        self,
        table: hot.Table,
        columns: Mapping[str, Array],
        constants: Mapping[str, int],
        policy: str = hot.REPLACE,
    ) -> None:
        if not len(next(iter(columns.values()))):
            return
        # What is the same in every row goes into the statement: half of the columns need no binding.
        same = {name: column[0] for name, column in columns.items() if (column == column[0]).all()}
        bound = {name: column.tolist() for name, column in columns.items() if name not in same}
        if not bound:
            bound = {(name := next(iter(columns))): columns[name].tolist()}
        places = {name: str(int(value)) for name, value in {**same, **constants}.items()}
        places |= dict.fromkeys(bound, "?")
        for name in table.nullable:
            places[name] = f"NULLIF({places[name]}, {hot.MISSING_SQL})"
        # In the order of `bound`, which is the order of the parameters.
        names = [*bound, *(name for name in places if name not in bound)]
        connection.ensure_connection()
        connection.connection.executemany(
            f"INSERT INTO {table.name} ({', '.join(names)})"
            f" VALUES ({', '.join(places[name] for name in names)}) {hot.conflict(table, policy)}",
            zip(*bound.values(), strict=True),
        )

    def fetch(self, table: hot.Table, names: Sequence[str], source: str) -> dict[str, Array]:
        joined = ", ".join(f"group_concat({hot.nulls_as_missing(table, name, name)})" for name in names)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {joined} FROM {source}")
            texts = cursor.fetchone()
        return {
            name: np.fromstring(text or "", dtype=np.int64, sep=",").astype(table.columns[name], copy=False)
            for name, text in zip(names, texts, strict=True)
        }

    def select(self, selection: hot.Selection) -> Iterator[str]:
        bounds = self._bounds(selection)
        if bounds is None:
            return
        start, end = bounds
        if selection.stations is not None and len(selection.stations) <= FEW_STATIONS:
            yield _by_seeking(selection, start, end)
            return
        series = "".join(f" AND {part}" for part in selection.series())
        step = WINDOW[Granularity(selection.granularity)]
        for begin in range(start, end, step):
            yield (
                f"{hot.OBSERVATIONS.name} WHERE granularity = {selection.granularity}"
                f" AND start >= {begin} AND start < {min(begin + step, end)}{series}"
            )

    def _bounds(self, selection: hot.Selection) -> tuple[int, int] | None:
        """Return the part of the period in which the hot tier has anything."""
        with connection.cursor() as cursor:
            found = []
            for function in ("min", "max"):
                cursor.execute(
                    f"SELECT {function}(start) FROM {hot.OBSERVATIONS.name}"
                    f" WHERE granularity = {int(selection.granularity)}"
                    f" AND start >= {int(selection.start)} AND start < {int(selection.end)}"
                )
                found.append(cursor.fetchone()[0])
        return None if found[0] is None else (found[0], found[1] + 1)

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        connection.ensure_connection()
        raw = connection.connection
        if raw.in_transaction:
            yield
            return
        # Django's atomic() would take the write lock at once (transaction_mode IMMEDIATE).
        raw.execute("BEGIN DEFERRED")
        try:
            yield
        finally:
            raw.execute("ROLLBACK")


def _by_seeking(selection: hot.Selection, start: int, end: int) -> str:
    """Return a source that jumps from start to start: the key begins with time, not with the station."""
    table, granularity = hot.OBSERVATIONS.name, int(selection.granularity)
    series = "".join(f" AND {part}" for part in selection.series("o."))
    return (
        f"(WITH RECURSIVE moment (start) AS (SELECT {start} UNION ALL SELECT (SELECT min(start) FROM {table}"
        f" WHERE granularity = {granularity} AND start > moment.start AND start < {end})"
        f" FROM moment WHERE moment.start IS NOT NULL)"
        f" SELECT o.* FROM moment CROSS JOIN {table} AS o"
        f" WHERE o.granularity = {granularity} AND o.start = moment.start{series})"
    )
