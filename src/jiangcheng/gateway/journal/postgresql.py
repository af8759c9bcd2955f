"""The journal in two tables of PostgreSQL.

Any number of gateways may append. An advisory lock held to the end of each transaction makes the order of
the numbers the order of commit, so that a reader who follows the numbers never misses an entry.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg

from jiangcheng.gateway import journal

SCHEMA = """
CREATE TABLE gateway_journal_entry (
    seq bigint PRIMARY KEY, received bigint NOT NULL, peer text NOT NULL, state smallint NOT NULL,
    error text NOT NULL, mn text NOT NULL, cn text NOT NULL, raw bytea NOT NULL
);
CREATE INDEX gateway_journal_trouble ON gateway_journal_entry (state, seq) WHERE state <> 0;
CREATE TABLE gateway_journal_batch (
    last bigint PRIMARY KEY, first bigint NOT NULL, earliest bigint NOT NULL, latest bigint NOT NULL,
    before bytea NOT NULL, chain bytea NOT NULL UNIQUE
);
CREATE INDEX gateway_journal_batch_latest ON gateway_journal_batch (latest);
"""
TYPES = ["int8", "int8", "text", "int2", "text", "text", "text", "bytea"]
ENTRY = "seq, received, peer, state, error, mn, cn, raw"
LOCK = 8212_0212
"""Key of the advisory lock: nobody else in this database may use it."""
PAGE = 2_000


class PostgresJournal:
    """The journal of a PostgreSQL database.

    Parameters
    ----------
    conninfo
        libpq connection string of a database that has the tables of `SCHEMA`; the migrations make them.
    """

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._writer: psycopg.Connection[Any] | None = None
        self._attempted: tuple[Sequence[journal.Entry], bytes] | None = None

    def _connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self._conninfo, options="-c synchronous_commit=on")

    def append(self, entries: Sequence[journal.Entry]) -> int:
        """Keep a batch; see `journal.Journal.append`."""
        try:
            if self._writer is None:
                self._writer = self._connect()
            with self._writer.transaction(), self._writer.cursor() as cursor:
                last = self._append(cursor, entries)
            self._attempted = None
            return last
        except (psycopg.Error, OSError) as error:
            self.close()
            raise journal.JournalError(str(error)) from error

    def _append(self, cursor: psycopg.Cursor[Any], entries: Sequence[journal.Entry]) -> int:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        attempted = self._attempted
        if attempted and attempted[0] is entries and (kept := self._kept(cursor, attempted[1])):
            return kept
        head = cursor.execute(
            "SELECT last, chain FROM gateway_journal_batch ORDER BY last DESC LIMIT 1"
        ).fetchone()
        before, previous = (head[0], bytes(head[1])) if head else (0, journal.ORIGIN)
        chain = journal.link(previous, entries)
        self._attempted = (entries, chain)
        with cursor.copy(f"COPY gateway_journal_entry ({ENTRY}) FROM STDIN (FORMAT BINARY)") as copy:
            copy.set_types(TYPES)
            for seq, entry in enumerate(entries, before + 1):
                copy.write_row((seq, *entry))
        last = before + len(entries)
        received = [entry[0] for entry in entries]
        cursor.execute(
            "INSERT INTO gateway_journal_batch (last, first, earliest, latest, before, chain)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (last, before + 1, min(received), max(received), previous, chain),
        )
        return last

    @staticmethod
    def _kept(cursor: psycopg.Cursor[Any], chain: bytes) -> int | None:
        """Return the number of a batch whose commit went through though its answer was lost."""
        row = cursor.execute("SELECT last FROM gateway_journal_batch WHERE chain = %s", (chain,)).fetchone()
        return row[0] if row else None

    def _rows(self, statement: str, arguments: tuple[object, ...] = ()) -> list[tuple[Any, ...]]:
        with self._connect() as connection:
            return connection.execute(statement, arguments, binary=True).fetchall()

    def _select(self, condition: str, arguments: tuple[object, ...]) -> list[journal.Stored]:
        rows = self._rows(f"SELECT {ENTRY} FROM gateway_journal_entry WHERE {condition}", arguments)
        return [journal.Stored(*row) for row in rows]

    def tail(self, after: int, limit: int) -> list[journal.Stored]:
        """Return the entries that follow a number; see `journal.Journal.tail`."""
        return self._select("seq > %s ORDER BY seq LIMIT %s", (after, limit))

    def replay(self, start: int, end: int) -> Iterator[journal.Stored]:
        """Yield the entries received in ``[start, end)``; see `journal.Journal.replay`."""
        first, last = self._rows(
            "SELECT (SELECT min(first) FROM gateway_journal_batch WHERE latest >= %s),"
            " (SELECT max(last) FROM gateway_journal_batch WHERE earliest < %s)",
            (start, end),
        )[0]
        while first is not None and last is not None and first <= last:
            page = self._select("seq BETWEEN %s AND %s ORDER BY seq LIMIT %s", (first, last, PAGE))
            yield from (stored for stored in page if start <= stored.received < end)
            first = page[-1].seq + 1 if page else None

    def recent(self, state: journal.State, limit: int) -> list[journal.Stored]:
        """Return the last entries of a state; see `journal.Journal.recent`."""
        return self._select("state = %s ORDER BY seq DESC LIMIT %s", (int(state), limit))

    def unregistered(self, mn: str, first: int, last: int) -> list[journal.Stored]:
        """Return the kept entries of an unknown MN; see `journal.Journal.unregistered`."""
        condition = "state = %s AND seq BETWEEN %s AND %s AND mn = %s ORDER BY seq"
        return self._select(condition, (int(journal.State.UNREGISTERED), first, last, mn))

    def last(self) -> int:
        """Return the number of the last entry, 0 when there is none."""
        return int(self._rows("SELECT coalesce(max(last), 0) FROM gateway_journal_batch")[0][0])

    def size(self) -> journal.Size:
        """Return how much is kept."""
        entries, taken = self._rows(
            "SELECT (SELECT coalesce(sum(last - first + 1), 0)::bigint FROM gateway_journal_batch),"
            " pg_total_relation_size('gateway_journal_entry')"
        )[0]
        return journal.Size(entries, taken, 1)

    def verify(self) -> int | None:
        """Return the number at which the chain breaks, or None when it is whole."""
        rows = self._rows("SELECT before FROM gateway_journal_batch ORDER BY last LIMIT 1")
        return journal.first_break(self._batches(), bytes(rows[0][0]) if rows else None)

    def _batches(self) -> Iterator[tuple[int, int, bytes, list[journal.Stored]]]:
        statement = "SELECT first, last, chain FROM gateway_journal_batch ORDER BY last"
        for first, last, chain in self._rows(statement):
            yield first, last, bytes(chain), self._select("seq BETWEEN %s AND %s ORDER BY seq", (first, last))

    def close(self) -> None:
        """Close the writer's connection."""
        if self._writer is not None:
            with contextlib.suppress(psycopg.Error):
                self._writer.close()
            self._writer = None
