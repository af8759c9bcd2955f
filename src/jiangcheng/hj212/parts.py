"""Putting messages together that were sent in parts (HJ 212-2017 clause 6.3.2, annex C tables C.49 and C.50)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from jiangcheng.hj212.messages import Message

Key = tuple[str, str, str, str, int]

# Three re-sends at ten seconds each (HJ 212-2017 table 1), after which the link counts as down.
PATIENCE: Final = 40.0
MAX_OPEN: Final = 1_024


@dataclass(frozen=True, slots=True)
class Assembly:
    """The parts of one report in the order of their numbers; every part is a complete data area by itself."""

    key: Key
    parts: tuple[Message, ...]
    missing: tuple[int, ...] = ()

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


class Reassembler:
    """Collect parts by (MN, ST, CN, DataTime, PNUM); each part has a QN of its own, so QN does not help.

    Parameters
    ----------
    patience : float
        How long after its first part a report may stay incomplete [s].
    max_open : int
        How many incomplete reports are kept; the oldest is given up for a new one.
    """

    def __init__(self, *, patience: float = PATIENCE, max_open: int = MAX_OPEN) -> None:
        self.patience = patience
        self.max_open = max_open
        self._open: dict[Key, _Open] = {}

    def add(self, message: Message, *, now: float) -> list[Assembly]:
        """Take a message; return the report that it completes, and one that had to be given up for room.

        A message without parts, or part 1 of 1, is complete at once. A part that came before replaces its copy.
        """
        total, number = message.pnum or 1, message.pno or 1
        key = (message.mn, message.st, message.cn, message.params.get("DataTime", ""), total)
        if total == 1:
            return [Assembly(key, (message,))]
        given_up = []
        if key not in self._open and len(self._open) >= self.max_open:
            given_up.append(self._close(next(iter(self._open))))
        self._open.setdefault(key, _Open(now, {})).parts[number] = message
        if len(self._open[key].parts) < total:
            return given_up
        return [*given_up, self._close(key)]

    def expire(self, *, now: float) -> list[Assembly]:
        """Give up the reports whose patience is over and return what there is of them."""
        late = [key for key, entry in self._open.items() if now - entry.since >= self.patience]
        return [self._close(key) for key in late]

    def _close(self, key: Key) -> Assembly:
        parts = self._open.pop(key).parts
        missing = tuple(number for number in range(1, key[-1] + 1) if number not in parts)
        return Assembly(key, tuple(parts[number] for number in sorted(parts)), missing)
