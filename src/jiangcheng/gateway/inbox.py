"""Group commit: many frames, one transaction, and no acknowledgement before it is on disk.

While one batch is being written in a thread, the next one gathers; so the load sets the size of the batch,
and a lone frame waits for no timer.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import hashlib
import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple

from jiangcheng.gateway import journal as journals
from jiangcheng.gateway import limits as bounds
from jiangcheng.gateway import meters as gauges

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds between two attempts to write when the disk refuses."""
REMEMBERED = 100_000
"""Frames remembered to recognise a re-send: the longest defined exchange is 4 × 10 s."""


class Arrival(NamedTuple):
    """A frame or a piece of rubbish on its way to the disk, and what to tell the sender afterwards."""

    entry: journals.Entry
    key: bytes
    """Digest of a frame that must be kept once, empty for all others."""
    at: float
    """Monotonic time of its last byte [s]."""
    release: Callable[[bytes], None]
    answer: bytes


class Recent:
    """The digests of the last frames, in two generations so that forgetting is free."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()

    def __contains__(self, key: bytes) -> bool:
        return key in self._young or key in self._old

    def add(self, key: bytes) -> None:
        """Remember a digest, forgetting the oldest half when there are too many."""
        if len(self._young) >= self._size:
            self._old, self._young = self._young, set()
        self._young.add(key)


def digest(raw: bytes) -> bytes:
    """Return what tells two frames apart: a re-send repeats QN, and with it every byte."""
    return hashlib.blake2b(raw, digest_size=16).digest()


class Inbox:
    """The only writer of a journal.

    Parameters
    ----------
    journal
        Where arrivals are kept.
    limits
        Size of a batch, and how much may wait.
    meters
        Counters to keep.
    on_pressure
        Called with True when too much waits for the disk, with False when that is over.
    on_commit
        Called after every transaction, from the writing thread.
    """

    def __init__(
        self,
        journal: journals.Journal,
        *,
        limits: bounds.Limits,
        meters: gauges.Meters,
        on_pressure: Callable[[bool], None],
        on_commit: Callable[[], None] | None = None,
    ) -> None:
        self._journal = journal
        self._limits = limits
        self._meters = meters
        self._on_pressure = on_pressure
        self._on_commit = on_commit
        self._waiting: list[Arrival] = []
        self._bytes = 0
        self._written = Recent()
        self._arrived = asyncio.Event()
        self._closing = False
        self._thread = concurrent.futures.ThreadPoolExecutor(1, "gateway-journal")

    def remember(self, frames: Iterable[bytes]) -> None:
        """Recognise frames kept before a restart when they are sent again."""
        for raw in frames:
            self._written.add(digest(raw))

    def put(self, arrival: Arrival) -> None:
        """Take an arrival; its answer is released once it is on disk."""
        self._waiting.append(arrival)
        self._bytes += len(arrival.entry.raw)
        self._meters.pending = len(self._waiting)
        self._arrived.set()
        if not self._meters.paused and self._is_full(1.0):
            self._press(True)

    def _is_full(self, share: float) -> bool:
        limits = self._limits
        return (
            len(self._waiting) > limits.pending_frames * share or self._bytes > limits.pending_bytes * share
        )

    def _press(self, paused: bool) -> None:
        self._meters.paused = paused
        self._on_pressure(paused)

    async def run(self, clock: Callable[[], float]) -> None:
        """Write batches until `close`, then what is left, then return."""
        while True:
            await self._arrived.wait()
            if not self._waiting and self._closing:
                break
            batch = self._take()
            fresh = self._without_repeats(batch)
            if fresh and not await self._write(fresh):
                break
            self._release(batch, clock())
            if not self._waiting and not self._closing:
                self._arrived.clear()
        self._thread.shutdown()

    def _take(self) -> list[Arrival]:
        size = self._limits.batch
        batch, self._waiting = self._waiting[:size], self._waiting[size:]
        self._bytes -= sum(len(arrival.entry.raw) for arrival in batch)
        self._meters.pending = len(self._waiting)
        if self._meters.paused and not self._is_full(0.5):
            self._press(False)
        return batch

    def _without_repeats(self, batch: list[Arrival]) -> list[Arrival]:
        """Return the arrivals to be written: a frame that is kept already, or twice in the batch, is not."""
        fresh, seen = [], set()
        for arrival in batch:
            key = arrival.key
            if key and (key in seen or key in self._written):
                self._meters.repeated += 1
                continue
            seen.add(key)
            fresh.append(arrival)
        return fresh

    async def _write(self, fresh: list[Arrival]) -> bool:
        """Write a batch, again and again while the disk refuses; False when given up on closing."""
        entries = [arrival.entry for arrival in fresh]
        loop = asyncio.get_running_loop()
        while True:
            try:
                await loop.run_in_executor(self._thread, self._commit, entries)
            except journals.JournalError as error:
                self._meters.journal_error = str(error)
                log.error("the journal refuses %d entries: %s", len(entries), error)
                if self._closing:
                    return False
                await asyncio.sleep(RETRY)
            else:
                self._meters.journal_error = ""
                self._meters.journalled += len(entries)
                for arrival in fresh:
                    if arrival.key:
                        self._written.add(arrival.key)
                return True

    def _commit(self, entries: list[journals.Entry]) -> None:
        self._journal.append(entries)
        if self._on_commit is not None:
            self._on_commit()

    def _release(self, batch: list[Arrival], now: float) -> None:
        """Send the answers of a batch that is on disk, one write per connection."""
        answers: dict[Callable[[bytes], None], list[bytes]] = {}
        for arrival in batch:
            if arrival.answer:
                answers.setdefault(arrival.release, []).append(arrival.answer)
                self._meters.latency(now - arrival.at)
        for release, parts in answers.items():
            release(b"".join(parts))
        self._meters.acknowledged += sum(map(len, answers.values()))

    def close(self) -> None:
        """Let `run` finish what waits and return."""
        self._closing = True
        self._arrived.set()
