"""Reports that came in parts, put together before they are taken in (HJ 212-2017 clause 6.3.2, annex C).

Every part was journalled and acknowledged by itself. Parts of a report that is not complete yet are kept in the
business database under the same transaction that moves the cursor, so neither a crash nor a new connection in
the middle of a report loses anything. What stays incomplete for too long is taken in as far as it came.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import json
import pathlib
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from jiangcheng import hj212
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import PartFrame
from jiangcheng.hj212 import flags

LARGEST_AREA = 9_000
"""Bytes of factors in one frame of an assembled report; a frame holds 9,999."""


class Settings(NamedTuple):
    """How long parts are waited for, and how late data are called late, on a day."""

    parts_patience: float
    late_seconds: dict[str, float]


@functools.cache
def _rows() -> tuple[tuple[dt.date, Settings], ...]:
    path = pathlib.Path(__file__).parent / "data" / "intake.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    found = (
        (dt.date.fromisoformat(row["valid_from"]), Settings(row["parts_patience"], row["late_seconds"]))
        for row in rows
    )
    return tuple(sorted(found, key=lambda row: row[0]))


def settings(on: dt.date) -> Settings:
    """Return what holds on a day; before the first row, the first row."""
    rows = _rows()
    return next((found for since, found in reversed(rows) if since <= on), rows[0][1])


def is_part(entry: journals.Stored) -> bool:
    """Tell whether an entry is one of several parts."""
    if b"PNUM=" not in entry.raw:
        return False
    header = hj212.header(entry.raw[6:])
    return (header.pnum or 1) > 1 and header.pno is not None


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """A report made of parts: frames without part numbers, and which parts are missing."""

    entries: list[journals.Stored]
    missing: tuple[int, ...]
    count: int


class Assembly:
    """Collects parts.

    Parameters
    ----------
    patience
        Seconds after its first part for which a report may stay incomplete.
    lasting
        Whether incomplete reports are kept in the database; otherwise in memory only.
    keys
        Returns the keys of the devices that encrypt now.
    """

    def __init__(
        self, *, patience: float, lasting: bool, keys: Callable[[], hj212.Keys | None] = lambda: None
    ) -> None:
        self._lasting = lasting
        self._keys = keys
        self._reassembler = hj212.Reassembler(patience=patience)
        self._entries: dict[bytes, journals.Stored] = {}

    def take(self, entries: Sequence[journals.Stored]) -> list[Report]:
        """Take parts in and return the reports they complete. The caller holds the transaction."""
        if not entries:
            return []
        if self._lasting:
            self._recall(PartFrame.objects.filter(mn__in={entry.mn for entry in entries}))
        before = self._open()
        reports = [report for entry in entries for report in self._add(entry)]
        if self._lasting:
            self._keep(before)
        return reports

    def expire(self, now: dt.datetime) -> list[Report]:
        """Return what there is of the reports that stayed incomplete. The caller holds the transaction."""
        if self._lasting:
            self._recall(PartFrame.objects.all())
        before = self._open()
        reports = [self._report(found) for found in self._reassembler.expire(now=now.timestamp())]
        if self._lasting:
            self._keep(before)
        return reports

    def _recall(self, rows: Iterable[PartFrame]) -> None:
        """Start from what the database holds: another process may have gone on meanwhile."""
        self._reassembler = hj212.Reassembler(patience=self._reassembler.patience)
        self._entries = {}
        for row in sorted(rows, key=lambda row: row.seq):
            raw = bytes(row.raw)
            self._add(
                journals.Stored(
                    row.seq, row.received, row.peer, journals.State.REGISTERED, "", row.mn, row.cn, raw
                )
            )

    def _add(self, entry: journals.Stored) -> list[Report]:
        try:
            message = hj212.decode(entry.raw, tolerant=True, keys=self._keys())
        except hj212.RemoteProtocolError:
            return [Report([entry], (), 1)]
        self._entries[message.segment] = entry
        return [self._report(found) for found in self._reassembler.add(message, now=entry.received / 1e6)]

    def _report(self, found: hj212.Assembly) -> Report:
        entries = [self._entries.pop(part.segment) for part in found.parts if part.segment in self._entries]
        last = max(entries, key=lambda entry: entry.seq)
        made = [last._replace(raw=frame) for frame in _frames(found)]
        return Report(made, found.missing, found.key[-1])

    def _keep(self, before: set[int]) -> None:
        """Write down what is open now."""
        now = {entry.seq: entry for entry in self._entries.values()}
        if gone := before - now.keys():
            PartFrame.objects.filter(seq__in=gone).delete()
        new = [_row(entry) for seq, entry in now.items() if seq not in before]
        PartFrame.objects.bulk_create(new, ignore_conflicts=True)

    def _open(self) -> set[int]:
        return {entry.seq for entry in self._entries.values()}


def _row(entry: journals.Stored) -> PartFrame:
    return PartFrame(
        seq=entry.seq, received=entry.received, peer=entry.peer, mn=entry.mn, cn=entry.cn, raw=entry.raw
    )


def _frames(found: hj212.Assembly) -> list[bytes]:
    """Return the union of the parts as frames of whole factors; more than one where one would be too long."""
    header = found.parts[0].header
    flag = "" if header.flag is None else f"Flag={header.flag & ~flags.PARTS};"
    number = f"QN={header.qn};" if header.qn else ""
    again = "RF=1;" if any(part.rf for part in found.parts) else ""
    head = f"{number}ST={header.st};CN={header.cn};PW={header.pw};MN={header.mn};{flag}{again}"
    params = ";".join(f"{name}={text}" for name, text in found.params.items())
    areas: list[list[str]] = [[]]
    for code, fields in found.factors.items():
        group = ",".join(f"{code}-{field}={text}" for field, text in fields.items())
        if areas[-1] and sum(map(len, areas[-1])) + len(group) > LARGEST_AREA - len(head) - len(params):
            areas.append([])
        areas[-1].append(group)
    return [_frame(head, [params, *groups]) for groups in areas]


def _frame(head: str, area: list[Any]) -> bytes:
    text = f"{head}CP=&&{';'.join(part for part in area if part)}&&"
    return hj212.frame(text.encode("latin-1", "replace"))
