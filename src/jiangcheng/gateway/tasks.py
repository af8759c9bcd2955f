"""What runs by itself: the journal is carried into the store, the watched folder into the journal."""

from __future__ import annotations

import pathlib
import threading
from datetime import UTC, datetime

from jiangcheng.gateway import folder, intake, storage

_one_at_a_time = threading.Lock()


def run_intake() -> int:
    """Take in everything the journal holds and return the number of entries read.

    Safe to call from several processes: the cursor is moved under a lock.
    """
    with _one_at_a_time:
        journal = storage.open_journal()
        try:
            return intake.follow(journal, clock=lambda: datetime.now(UTC))
        finally:
            journal.close()


def watch_folder() -> int:
    """Take in the files of the watched folder, if there is one, and return how many."""
    place = storage.options().get("folder")
    if not place:
        return 0
    with _one_at_a_time:
        return folder.watch(pathlib.Path(place), now=datetime.now(UTC))


def replay(*, start: datetime, end: datetime) -> int:
    """Decode again what the journal received in ``[start, end)``, aware; return the number of entries."""
    journal = storage.open_journal()
    try:
        first, last = (int(moment.timestamp() * 1_000_000) for moment in (start, end))
        return intake.take_again(journal, start=first, end=last, clock=lambda: datetime.now(UTC))
    finally:
        journal.close()
