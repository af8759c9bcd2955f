"""The inbox: whatever arrives is kept as it came before anything else happens to it.

A journal is append-only. Its entries are numbered without gaps in the order of commit, and every batch is
chained to the one before it by SHA-256, so that a missing or altered entry is found by `verify`. What later
becomes of an entry (decoded, rejected, waiting for its device to be registered) is business data and is
kept in the business database; the journal is never updated.

Two engines keep it: files of SQLite (`jiangcheng.gateway.journal.sqlite`) beside a business database that
is SQLite, and two tables (`jiangcheng.gateway.journal.postgresql`) in one that is PostgreSQL.
"""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol


class State(enum.IntEnum):
    """What was known of an entry when it arrived."""

    REGISTERED = 0
    UNREGISTERED = 1
    """A well-formed frame of an MN that is not in the register of sites."""
    BAD = 2
    """Bytes that are no valid frame; `Entry.error` says why."""
    REFUSED = 3
    """A well-formed frame of a registered MN that is not taken in; `Entry.error` says why."""


REJECTED = frozenset({State.BAD, State.REFUSED})
"""What is kept and never taken in."""
PASSWORD = "password_wrong"
"""`Entry.error` of a frame whose password does not fit."""


class Entry(NamedTuple):
    """One arrival. ``received`` is in microseconds since 1970-01-01 UTC, ``peer`` is ``host:port``."""

    received: int
    peer: str
    state: int
    error: str
    mn: str
    cn: str
    raw: bytes


class Stored(NamedTuple):
    """An entry with its number in the journal."""

    seq: int
    received: int
    peer: str
    state: int
    error: str
    mn: str
    cn: str
    raw: bytes


class Size(NamedTuple):
    """How much the journal holds."""

    entries: int
    bytes: int
    segments: int


class JournalError(Exception):
    """The journal could not write; nothing of the batch was kept and nothing of it may be acknowledged."""


class Journal(Protocol):
    """What both engines do. `append` belongs to one thread; the others may be called from any."""

    def append(self, entries: Sequence[Entry]) -> int:
        """Keep a batch in one durable transaction and return the number of its last entry.

        Raises
        ------
        JournalError
            If the batch could not be written. The caller tries again with the same object, and it is
            then kept once even if the failed commit had reached the disk.
        """

    def tail(self, after: int, limit: int) -> list[Stored]:
        """Return up to ``limit`` entries numbered above ``after``, in order."""

    def replay(self, start: int, end: int) -> Iterator[Stored]:
        """Yield the entries received in ``[start, end)``, microseconds since 1970 UTC, in order."""

    def recent(self, state: State, limit: int) -> list[Stored]:
        """Return the last ``limit`` entries of one state, newest first."""

    def unregistered(self, mn: str, first: int, last: int) -> list[Stored]:
        """Return the unregistered entries of an MN numbered ``first`` to ``last``, both included."""

    def last(self) -> int:
        """Return the number of the last entry, 0 when there is none."""

    def size(self) -> Size:
        """Return how much is kept."""

    def verify(self) -> int | None:
        """Return the number at which the chain breaks, or None when it is whole."""

    def close(self) -> None:
        """Give back files and connections."""


ORIGIN = bytes(32)
"""What the first batch of a journal is chained to."""


def link(previous: bytes, entries: Iterable[Entry]) -> bytes:
    """Return the chain value of a batch that follows ``previous``."""
    digest = hashlib.sha256(previous)
    for entry in entries:
        head = "\0".join(
            (str(entry[0]), entry[1], str(entry[2]), entry[3], entry[4], entry[5], str(len(entry[6])))
        )
        digest.update(head.encode())
        digest.update(entry[6])
    return digest.digest()


def first_break(
    batches: Iterable[tuple[int, int, bytes, list[Stored]]], previous: bytes | None
) -> int | None:
    """Return the first number at which batches ``(first, last, chain, entries)`` do not hold together.

    ``previous`` is the chain value before the first batch; None where the batches before it have been
    moved away, and the first batch is then taken on trust.
    """
    expected: int | None = None
    for first, last, chain, entries in batches:
        whole = len(entries) == last - first + 1 and (expected is None or first == expected)
        if not whole:
            return first if expected is None else min(first, expected)
        if previous is not None and link(previous, (Entry(*stored[1:]) for stored in entries)) != chain:
            return first
        previous, expected = chain, last + 1
    return None
