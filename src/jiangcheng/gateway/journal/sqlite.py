"""The journal in files of SQLite, one segment per day (UTC).

A finished segment is a complete database file that may be moved away; numbering and chain go on in the next.
"""

from __future__ import annotations

import contextlib
import datetime
import itertools
import os
import pathlib
import sqlite3
from collections.abc import Iterator, Sequence

from jiangcheng.gateway import journal

SCHEMA = """
CREATE TABLE entry (
    seq INTEGER PRIMARY KEY, received INTEGER NOT NULL, peer TEXT NOT NULL, state INTEGER NOT NULL,
    error TEXT NOT NULL, mn TEXT NOT NULL, cn TEXT NOT NULL, raw BLOB NOT NULL
);
CREATE INDEX entry_trouble ON entry (state, seq) WHERE state <> 0;
CREATE TABLE batch (
    last INTEGER PRIMARY KEY, first INTEGER NOT NULL, earliest INTEGER NOT NULL, latest INTEGER NOT NULL,
    before BLOB NOT NULL, chain BLOB NOT NULL
);
"""
ENTRY = "seq, received, peer, state, error, mn, cn, raw"
LOCK = "writers.lock"
"""Its write lock is held while a batch is written; it holds nothing."""
PAGE = 2_000
ROWS = (256, 16, 1)
"""Rows of one statement."""


class SqliteJournal:
    """A folder of segments. Any number of processes append, one at a time; any number reads.

    Parameters
    ----------
    folder
        Where the segments lie; made when absent.
    """

    def __init__(self, folder: pathlib.Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._writer: sqlite3.Connection | None = None
        self._lock: sqlite3.Connection | None = None
        self._segment = ""
        self._head: tuple[int, bytes] = (0, journal.ORIGIN)
        self._attempted: tuple[Sequence[journal.Entry], bytes] | None = None

    def append(self, entries: Sequence[journal.Entry]) -> int:
        """Keep a batch; see `journal.Journal.append`."""
        try:
            with self._alone():
                return self._append(entries)
        except (sqlite3.Error, OSError) as error:
            self._drop_writer()
            raise journal.JournalError(str(error)) from error

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other writers out: a segment's own lock says nothing about the segment after it."""
        if self._lock is None:
            path = self._folder / LOCK
            self._lock = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        self._lock.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self._lock.execute("ROLLBACK")

    def _append(self, entries: Sequence[journal.Entry]) -> int:
        writer = self._open(max(entry[0] for entry in entries))
        writer.execute("BEGIN IMMEDIATE")
        before, previous = self._head_of(writer) or self._head
        if self._attempted is not None and self._attempted[0] is entries and self._attempted[1] == previous:
            # The commit that reported a failure had reached the disk after all.
            writer.execute("ROLLBACK")
            return before
        chain = journal.link(previous, entries)
        self._attempted = (entries, chain)
        _insert(writer, before + 1, entries)
        last = before + len(entries)
        received = [entry[0] for entry in entries]
        writer.execute(
            "INSERT INTO batch (last, first, earliest, latest, before, chain) VALUES (?, ?, ?, ?, ?, ?)",
            (last, before + 1, min(received), max(received), previous, chain),
        )
        writer.execute("COMMIT")
        self._head, self._attempted = (last, chain), None
        return last

    def _open(self, received: int) -> sqlite3.Connection:
        """Return the writer of the day's segment. The clock may step back; the journal does not."""
        day = datetime.datetime.fromtimestamp(received / 1e6, datetime.UTC).strftime("%Y%m%d")
        segments = self._segments()
        if segments:
            day = max(day, segments[-1].stem)
        if self._writer is not None and day <= self._segment:
            return self._writer
        self._finish()
        self._head = self._last_head(segments)
        self._segment = day
        self._writer = self._start(self._folder / f"{day}.sqlite3")
        return self._writer

    def _start(self, path: pathlib.Path) -> sqlite3.Connection:
        fresh = not path.exists()
        writer = sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("PRAGMA synchronous=FULL")
        if not writer.execute("SELECT 1 FROM sqlite_schema WHERE name = 'batch'").fetchone():
            writer.executescript(f"BEGIN IMMEDIATE; {SCHEMA} COMMIT;")
        if fresh:
            _sync_folder(self._folder)
        return writer

    def _finish(self) -> None:
        """Close the writer; without a reader its segment becomes one file that needs no companion."""
        if self._writer is not None:
            with contextlib.suppress(sqlite3.OperationalError):
                # Another process may have the segment open; it will tidy up when it leaves.
                self._writer.execute("PRAGMA busy_timeout=0")
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._writer.execute("PRAGMA journal_mode=DELETE")
            self._drop_writer()

    def _drop_writer(self) -> None:
        if self._writer is not None:
            with contextlib.suppress(sqlite3.Error):
                self._writer.close()
            self._writer = None

    def _segments(self) -> list[pathlib.Path]:
        return sorted(self._folder.glob("[0-9]*.sqlite3"))

    def _reader(self, path: pathlib.Path) -> contextlib.closing[sqlite3.Connection]:
        return contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30))

    @staticmethod
    def _head_of(connection: sqlite3.Connection) -> tuple[int, bytes] | None:
        found: tuple[int, bytes] | None = connection.execute(
            "SELECT last, chain FROM batch ORDER BY last DESC LIMIT 1"
        ).fetchone()
        return found

    def _last_head(self, segments: list[pathlib.Path]) -> tuple[int, bytes]:
        for path in reversed(segments):
            with self._reader(path) as reader, contextlib.suppress(sqlite3.OperationalError):
                if head := self._head_of(reader):
                    return head
        return self._head

    def tail(self, after: int, limit: int) -> list[journal.Stored]:
        """Return the entries that follow a number; see `journal.Journal.tail`."""
        found: list[journal.Stored] = []
        for path in self._segments_after(after):
            found += self._select(path, "seq > ? ORDER BY seq LIMIT ?", (after, limit - len(found)))
            if len(found) >= limit:
                break
        return found

    def _segments_after(self, after: int) -> list[pathlib.Path]:
        """Return, oldest first, the segments that may hold entries above a number."""
        wanted: list[pathlib.Path] = []
        for path in reversed(self._segments()):
            wanted.append(path)
            first = self._select_one(path, "SELECT min(seq) FROM entry")
            if first is not None and first <= after + 1:
                break
        return wanted[::-1]

    def _select(
        self, path: pathlib.Path, condition: str, arguments: tuple[object, ...]
    ) -> list[journal.Stored]:
        with self._reader(path) as reader:
            try:
                rows = reader.execute(f"SELECT {ENTRY} FROM entry WHERE {condition}", arguments)
            except sqlite3.OperationalError:
                if self._is_new(reader):
                    return []
                raise
            return [journal.Stored(*row) for row in rows]

    def _select_one(self, path: pathlib.Path, statement: str) -> int | None:
        with self._reader(path) as reader:
            try:
                found: int | None = reader.execute(statement).fetchone()[0]
            except sqlite3.OperationalError:
                if self._is_new(reader):
                    return None
                raise
        return found

    @staticmethod
    def _is_new(reader: sqlite3.Connection) -> bool:
        """Tell whether the file is a segment whose tables its writer has yet to make."""
        return reader.execute("SELECT 1 FROM sqlite_schema").fetchone() is None

    def replay(self, start: int, end: int) -> Iterator[journal.Stored]:
        """Yield the entries received in ``[start, end)``; see `journal.Journal.replay`."""
        for path in self._segments():
            bounds = (
                "SELECT min(first) FROM batch WHERE latest >= ?",
                "SELECT max(last) FROM batch WHERE earliest < ?",
            )
            with self._reader(path) as reader:
                if self._is_new(reader):
                    continue
                first = reader.execute(bounds[0], (start,)).fetchone()[0]
                last = reader.execute(bounds[1], (end,)).fetchone()[0]
            while first is not None and last is not None and first <= last:
                page = self._select(path, "seq BETWEEN ? AND ? ORDER BY seq LIMIT ?", (first, last, PAGE))
                yield from (stored for stored in page if start <= stored.received < end)
                first = page[-1].seq + 1 if page else None

    def recent(self, state: journal.State, limit: int) -> list[journal.Stored]:
        """Return the last entries of a state; see `journal.Journal.recent`."""
        found: list[journal.Stored] = []
        for path in reversed(self._segments()):
            condition = f"state = {int(state)} ORDER BY seq DESC LIMIT ?"
            found += self._select(path, condition, (limit - len(found),))
            if len(found) >= limit:
                break
        return found

    def unregistered(self, mn: str, first: int, last: int) -> list[journal.Stored]:
        """Return the kept entries of an unknown MN; see `journal.Journal.unregistered`."""
        condition = (
            f"state = {int(journal.State.UNREGISTERED)} AND seq BETWEEN ? AND ? AND mn = ? ORDER BY seq"
        )
        found = (self._select(path, condition, (first, last, mn)) for path in self._segments_after(first - 1))
        return list(itertools.chain.from_iterable(found))

    def last(self) -> int:
        """Return the number of the last entry, 0 when there is none."""
        return self._last_head(self._segments())[0]

    def size(self) -> journal.Size:
        """Return how much is kept in this folder; segments moved away are not counted."""
        segments = self._segments()
        entries = sum(
            self._select_one(path, "SELECT ifnull(sum(last - first + 1), 0) FROM batch") or 0
            for path in segments
        )
        taken = sum(file.stat().st_size for file in self._folder.glob("[0-9]*.sqlite3*"))
        return journal.Size(entries, taken, len(segments))

    def verify(self) -> int | None:
        """Return the number at which the chain breaks, or None when it is whole."""
        return journal.first_break(self._batches(), self._trusted())

    def _trusted(self) -> bytes | None:
        for path in self._segments():
            with self._reader(path) as reader:
                if self._is_new(reader):
                    continue
                if found := reader.execute("SELECT before FROM batch ORDER BY last LIMIT 1").fetchone():
                    return bytes(found[0])
        return None

    def _batches(self) -> Iterator[tuple[int, int, bytes, list[journal.Stored]]]:
        for path in self._segments():
            with self._reader(path) as reader:
                if self._is_new(reader):
                    continue
                for first, last, chain in reader.execute(
                    "SELECT first, last, chain FROM batch ORDER BY last"
                ):
                    yield (
                        first,
                        last,
                        chain,
                        self._select(path, "seq BETWEEN ? AND ? ORDER BY seq", (first, last)),
                    )

    def close(self) -> None:
        """Close the writer."""
        self._finish()
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def _insert(writer: sqlite3.Connection, first: int, entries: Sequence[journal.Entry]) -> None:
    """Write entries many to a statement: the interpreter's lock changes hands once for each, not once a row."""
    position = 0
    for rows in ROWS:
        while len(entries) - position >= rows:
            part = enumerate(entries[position : position + rows], first + position)
            values = ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?)"] * rows)
            flat = [field for seq, entry in part for field in (seq, *entry)]
            writer.execute(f"INSERT INTO entry ({ENTRY}) VALUES {values}", flat)
            position += rows


def _sync_folder(folder: pathlib.Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
