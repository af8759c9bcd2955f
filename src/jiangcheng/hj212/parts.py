"""Putting messages together that were sent in parts (HJ 212-2017 clause 6.3.2, annex C tables C.49 and C.50)."""

from __future__ import annotations

import collections
from dataclasses import dataclass, field
from typing import Final, Literal

from jiangcheng.hj212.messages import Item, Message

Key = tuple[str, str, str, str, int]
Reason = Literal["", "patience", "room", "total", "number"]

# Three re-sends at ten seconds each (HJ 212-2017 table 1), after which the link counts as down.
PATIENCE: Final = 40.0
MAX_OPEN: Final = 1_024
# A thousand open reports of sixteen parts of the nominal length.
MAX_BYTES: Final = 16 * 1_024 * 1_024


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts of one report in the order of their numbers; every part is a complete data area by itself.

    Attributes
    ----------
    key : tuple
        MN, ST, CN, DataTime, PNUM.
    parts : tuple of Message
        What came of it.
    missing : tuple of int
        Numbers of the parts that did not come; empty where the report is complete.
    reason : str
        Why an incomplete report was given up: ``patience`` is over, there was no ``room``, the site began it
        again with another ``total``, or the part has a ``number`` that cannot be.
    conflicts : tuple of int
        Numbers of the parts that came more than once with different items; the last is given.
    """

    key: Key
    parts: tuple[Message, ...]
    missing: tuple[int, ...] = ()
    reason: Reason = ""
    conflicts: tuple[int, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every part is there."""
        return not self.missing

    @property
    def factors(self) -> dict[str, dict[str, str]]:
        """Texts by factor code and field, over all parts."""
        union: dict[str, dict[str, str]] = {}
        for part in self.parts:
            for code, fields in part.factors.items():
                union.setdefault(code, {}).update(fields)
        return union

    @property
    def params(self) -> dict[str, str]:
        """Texts of the fields that belong to no factor, over all parts."""
        return {name: text for part in self.parts for name, text in part.params.items()}


@dataclass(slots=True)
class _Open:
    since: float
    parts: dict[int, Message]
    size: int = 0
    conflicts: set[int] = field(default_factory=set)


_Content = dict[int, tuple[Item, ...]]


class Reassembler:
    """Collect parts by (MN, ST, CN, DataTime, PNUM); each part has a QN of its own, so QN does not help.

    Every message given in comes out in exactly one report, but for copies: a copy replaces what came before it, and
    a copy of a part whose report is complete is dropped if its items are the same, as after a lost receipt.

    Parameters
    ----------
    patience : float
        How long after its first part a report may stay incomplete [s]; as long are complete ones known again.
    max_open : int
        How many incomplete reports are kept, and how many complete ones are known again; the oldest is given up for
        a new one.
    max_bytes : int
        How long the data segments of all incomplete reports may be together, and of the complete ones that are known
        again [bytes]; the oldest is given up. Messages in memory take some ten times as much.
    """

    def __init__(
        self, *, patience: float = PATIENCE, max_open: int = MAX_OPEN, max_bytes: int = MAX_BYTES
    ) -> None:
        self.patience = patience
        self.max_open = max_open
        self.max_bytes = max_bytes
        self._open: dict[Key, _Open] = {}
        self._size = 0
        self._totals: dict[tuple[str, str, str, str], int] = {}
        self._complete: collections.OrderedDict[Key, tuple[float, int, _Content]] = collections.OrderedDict()
        self._complete_size = 0

    def __len__(self) -> int:
        return len(self._open)

    @property
    def size(self) -> int:
        """Length of the data segments that are kept for incomplete reports [bytes]."""
        return self._size

    def add(self, message: Message, *, now: float) -> list[Assembly]:
        """Take a message; return the report that it completes, and before it those that had to be given up.

        A message without parts, or part 1 of 1, is complete at once. A part that came before replaces its copy. A
        part whose number is not one of 1 to PNUM comes back by itself, with all the other parts missing.
        """
        total, number = message.pnum or 1, message.pno or 1
        key = (message.mn, message.st, message.cn, message.params.get("DataTime", ""), total)
        if not 0 < number <= total:
            return [Assembly(key, (message,), tuple(range(1, total + 1)), "number")]
        if total == 1:
            return [Assembly(key, (message,))]
        if self._is_copy(key, number, message, now):
            return []
        given_up = self._begun_again(key)
        if key not in self._open and len(self._open) >= self.max_open:
            given_up.append(self._close(next(iter(self._open)), "room"))
        self._put(key, number, message, now)
        if len(self._open[key].parts) == total:
            return [*given_up, self._finish(key, now)]
        while self._size > self.max_bytes:
            given_up.append(self._close(next(iter(self._open)), "room"))
        return given_up

    def expire(self, *, now: float) -> list[Assembly]:
        """Give up the reports whose patience is over and return what there is of them."""
        while self._complete and now - next(iter(self._complete.values()))[0] >= self.patience:
            self._forget_oldest()
        late = [key for key, entry in self._open.items() if now - entry.since >= self.patience]
        return [self._close(key, "patience") for key in late]

    def deadline(self) -> float | None:
        """Return when `expire` has something to give up, None where nothing is open."""
        return min((entry.since + self.patience for entry in self._open.values()), default=None)

    def _is_copy(self, key: Key, number: int, message: Message, now: float) -> bool:
        known = self._complete.get(key)
        return (
            known is not None
            and now - known[0] < self.patience
            and key not in self._open
            and known[2][number] == message.items
        )

    def _begun_again(self, key: Key) -> list[Assembly]:
        """Give up the open report of the same time that was announced with another number of parts."""
        if not key[3]:
            return []  # without DataTime two reports cannot be told from one begun again
        before = self._totals.get(key[:4], key[4])
        return [] if before == key[4] else [self._close((*key[:4], before), "total")]

    def _put(self, key: Key, number: int, message: Message, now: float) -> None:
        entry = self._open.setdefault(key, _Open(now, {}))
        if key[3]:
            self._totals[key[:4]] = key[4]
        former = entry.parts.get(number)
        if former is not None and former.items != message.items:
            entry.conflicts.add(number)
        growth = _length(message) - (_length(former) if former else 0)
        entry.parts[number] = message
        entry.size += growth
        self._size += growth

    def _finish(self, key: Key, now: float) -> Assembly:
        size = self._open[key].size
        report = self._close(key, "")
        self._forget(key)
        content = {part.pno or 1: part.items for part in report.parts}
        self._complete[key] = (now, size, content)
        self._complete_size += size
        while self._complete and (
            len(self._complete) > self.max_open or self._complete_size > self.max_bytes
        ):
            self._forget_oldest()
        return report

    def _forget(self, key: Key) -> None:
        if key in self._complete:
            self._complete_size -= self._complete.pop(key)[1]

    def _forget_oldest(self) -> None:
        self._forget(next(iter(self._complete)))

    def _close(self, key: Key, reason: Reason) -> Assembly:
        entry = self._open.pop(key)
        self._size -= entry.size
        self._totals.pop(key[:4], None)
        missing = tuple(number for number in range(1, key[-1] + 1) if number not in entry.parts)
        parts = tuple(entry.parts[number] for number in sorted(entry.parts))
        return Assembly(key, parts, missing, reason, tuple(sorted(entry.conflicts)))


def _length(message: Message) -> int:
    # A message of our own may not have its segment yet; it still takes room.
    return max(len(message.segment), 1)
