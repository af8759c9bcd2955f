"""From the journal into the store, exactly once in effect.

The cursor is moved in the transaction that stores the observations, so a crash between the two is not
possible, and a frame read twice changes nothing. What a frame carries and the store cannot take is counted
in `models.Reject`; nothing is dropped silently, and nothing of the journal is lost to a better decoder.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from django.db import transaction

from jiangcheng.core.observations import store
from jiangcheng.gateway import assembly, dialects, ledger, reports, storage, translate
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import IntakeCursor, PartFrame, Reject, UnregisteredDevice
from jiangcheng.gateway.register import Known, Register

CURSOR = "intake"
SOURCE = "hj212"
LATE_SOURCE = "hj212:late"
"""Source of values that were sent again (RF=1), or came later than ``data/intake.json`` allows."""
CHUNK = 5_000
"""Entries per transaction: half a second of work, so that other writers get their turn."""
AHEAD = 3_600.0
"""Seconds by which a site's clock may be ahead before its data are refused; the logger's clock is set by
the host (command 1012), an hour is the summer-time mistake of a wrongly set one."""
REASON = Reject.Reason


@dataclasses.dataclass(slots=True)
class Intake:
    """One reader's memory: the register, the properties, and what is refused.

    Parameters
    ----------
    clock
        The time at which values become known to the store, UTC.
    ahead
        Seconds a data time may lie in the future.
    counting
        Whether to note who was heard and what was refused; not when entries are read a second time.
    """

    clock: Callable[[], dt.datetime]
    ahead: float = AHEAD
    counting: bool = True
    register: Register = dataclasses.field(default_factory=Register)
    properties: translate.Properties = dataclasses.field(default_factory=translate.Properties)
    parts: assembly.Assembly = dataclasses.field(init=False)

    def __post_init__(self) -> None:
        """Parts of entries that are read a second time are put together in memory."""
        patience = assembly.settings(self.clock().date()).parts_patience
        self.parts = assembly.Assembly(
            patience=patience, lasting=self.counting, keys=lambda: self.register.keys
        )

    def refresh(self) -> None:
        """Look whether devices or properties have changed."""
        self.register.load()
        self.properties.load()

    def take(self, entries: Sequence[journals.Stored]) -> None:
        """Store what entries carry. The caller holds the transaction.

        Parameters
        ----------
        entries
            In the order of the journal.
        """
        now = self.clock()
        heard, strangers = ledger.Heard(), ledger.Strangers()
        rejects = ledger.Rejects()
        spoken = dialects.Dialects(self.register.keys)
        known: list[journals.Stored] = []
        parts: list[journals.Stored] = []
        for entry in entries:
            if entry.error == journals.PASSWORD:
                rejects.note(entry, reason=REASON.PASSWORD_WRONG)
            if entry.state in journals.REJECTED:
                self._hear_refused(entry, spoken)
                continue
            device = self.register.device(entry.mn)
            if device is None or not device.enabled:
                strangers.note(entry)
                continue
            heard.note(entry, device.device)
            spoken.note(entry, device)
            if entry.cn in translate.GRANULARITIES:
                (parts if assembly.is_part(entry) else known).append(entry)
        known += self._assembled(self.parts.take(parts), rejects)
        self._store(sorted(known, key=lambda entry: entry.seq), now, heard, rejects)
        if self.counting:
            heard.save()
            strangers.save(now)
            rejects.save()
            spoken.save(now)

    def _hear_refused(self, entry: journals.Stored, spoken: dialects.Dialects) -> None:
        """Note a frame that the listener refused for its check, where a registered device is named in it."""
        mn = dialects.mn_of(entry)
        device = self.register.device(mn) if mn else None
        if device is not None and device.enabled:
            spoken.note(entry._replace(mn=mn), device)

    def give_up_parts(self) -> None:
        """Take in what there is of reports whose other parts do not come. The caller holds the transaction."""
        now = self.clock()
        rejects = ledger.Rejects()
        known = self._assembled(self.parts.expire(now), rejects)
        self._store([entry for entry in known if self.register.knows(entry.mn)], now, None, rejects)
        if self.counting:
            rejects.save()

    @staticmethod
    def _assembled(found: list[assembly.Report], rejects: ledger.Rejects) -> list[journals.Stored]:
        """Return reports as entries without parts, and note those that are not whole."""
        for report in found:
            if report.missing:
                text = f"{','.join(map(str, report.missing))}/{report.count}"
                rejects.note(report.entries[0], field="PNO", reason=REASON.PARTS_MISSING, text=text)
        return [entry for report in found for entry in report.entries]

    def _store(
        self,
        entries: list[journals.Stored],
        now: dt.datetime,
        heard: ledger.Heard | None,
        rejects: ledger.Rejects,
    ) -> None:
        if not entries:
            return
        decoded = reports.decode([entry.raw for entry in entries], self.register.keys)
        for index, code in decoded.errors.items():
            rejects.note(entries[index], reason=REASON.NOT_DECODED, text=code)
        start, timely = self._starts(entries, decoded, now, rejects)
        if heard is not None:
            heard.note_times(entries, start, timely)
        keys = self._keys(entries, decoded, rejects)
        invalid = (keys > 0) & (decoded.invalid | ~self.properties.fits(keys, decoded.value))
        for value in np.flatnonzero(invalid).tolist():
            self._note(entries, decoded, value, REASON.VALUE_INVALID, rejects)
        wanted = timely[decoded.frame] & (keys > 0) & ~invalid
        frame = decoded.frame[wanted]
        granularity = np.array([translate.GRANULARITIES[entry.cn] for entry in entries], np.int8)
        station = np.array([self._known(entry).station for entry in entries], np.int32)
        late = _late(entries, start, granularity, now)[frame]
        for source, kept in ((SOURCE, ~late), (LATE_SOURCE, late)):
            batch = store.Batch(
                granularity=granularity[frame[kept]],
                start=start[frame[kept]],
                station=station[frame[kept]],
                property=keys[wanted][kept],
                value=decoded.value[wanted][kept],
                flag=decoded.flag[wanted][kept],
            )
            store.append(batch, source=source, received_at=now)

    def _known(self, entry: journals.Stored) -> Known:
        device = self.register.device(entry.mn)
        assert device is not None
        return device

    def _starts(
        self,
        entries: list[journals.Stored],
        decoded: reports.Reports,
        now: dt.datetime,
        rejects: ledger.Rejects,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the start of each frame's interval [epoch s], and whether it can be believed."""
        stated = decoded.stated & ~np.isin(np.arange(len(entries)), list(decoded.errors))
        early = decoded.time <= now.timestamp() + self.ahead
        for index in np.flatnonzero(~stated):
            if index not in decoded.errors:
                rejects.note(entries[index], field="DataTime", reason=REASON.TIME_INVALID)
        for index in np.flatnonzero(stated & ~early):
            text = dt.datetime.fromtimestamp(int(decoded.time[index]), translate.BEIJING).strftime(
                "%Y%m%d%H%M%S"
            )
            rejects.note(entries[index], field="DataTime", reason=REASON.TIME_AHEAD, text=text)
        granularity = [translate.GRANULARITIES[entry.cn] for entry in entries]
        return translate.interval_start(decoded.time, granularity), stated & early

    def _keys(
        self, entries: list[journals.Stored], decoded: reports.Reports, rejects: ledger.Rejects
    ) -> np.ndarray:
        """Return the property of every value, 0 for an aside, -1 where there is none; note the latter."""
        pairs = decoded.code.astype(np.int64) * len(decoded.fields) + decoded.field
        kinds = pairs * len(decoded.systems) + decoded.system[decoded.frame]
        unique, inverse = np.unique(kinds, return_inverse=True)
        found = np.empty(len(unique), np.int32)
        reasons: dict[int, Reject.Reason] = {}
        for position, kind in enumerate(unique.tolist()):
            pair, system = divmod(kind, len(decoded.systems))
            code, field = divmod(pair, len(decoded.fields))
            result = self.properties.find(
                decoded.codes[code], decoded.fields[field], system=decoded.systems[system]
            )
            found[position] = result if isinstance(result, int) else -1
            if not isinstance(result, int):
                reasons[position] = result
        for value in np.flatnonzero(found[inverse] < 0).tolist():
            self._note(entries, decoded, value, reasons[int(inverse[value])], rejects)
        return found[inverse]

    @staticmethod
    def _note(
        entries: list[journals.Stored],
        decoded: reports.Reports,
        value: int,
        reason: Reject.Reason,
        rejects: ledger.Rejects,
    ) -> None:
        rejects.note(
            entries[decoded.frame[value]],
            code=decoded.codes[decoded.code[value]],
            field=decoded.fields[decoded.field[value]],
            reason=reason,
            text=decoded.text(value),
        )


def _late(
    entries: Sequence[journals.Stored], start: np.ndarray, granularity: np.ndarray, now: dt.datetime
) -> np.ndarray:
    """Tell which reports are back-fill: marked so (RF, HJ 212-2025), or received long after their interval."""
    allowed = assembly.settings(now.date()).late_seconds
    length = np.array([0, 60, 3_600, 86_400], np.int64)[granularity]
    received = np.array([entry.received for entry in entries], np.float64) / 1e6
    patience = np.array([allowed[entry.cn] for entry in entries], np.float64)
    marked = np.array([b";RF=1;" in entry.raw for entry in entries], np.bool_)
    found: np.ndarray = marked | (received > start + length + patience)
    return found


def follow(journal: journals.Journal, *, clock: Callable[[], dt.datetime], chunk: int = CHUNK) -> int:
    """Take in everything that has arrived since the last time, and return the number of entries read.

    Parameters
    ----------
    journal
        What to read.
    clock
        The time, UTC.
    chunk
        Entries per transaction.
    """
    intake = Intake(clock=clock, ahead=float(storage.options().get("ahead", AHEAD)))
    intake.refresh()
    read = 0
    while count := _step(journal, intake, chunk):
        read += count
    _welcome(journal, intake)
    if PartFrame.objects.exists():
        with transaction.atomic():
            # Two processes must not give up the same parts.
            IntakeCursor.objects.select_for_update().get_or_create(name=CURSOR)
            intake.give_up_parts()
    return read


def _step(journal: journals.Journal, intake: Intake, chunk: int) -> int:
    cursor, _ = IntakeCursor.objects.get_or_create(name=CURSOR)
    entries = journal.tail(cursor.seq, chunk)
    if not entries:
        return 0
    with transaction.atomic():
        held = IntakeCursor.objects.select_for_update().get(name=CURSOR)
        if held.seq != cursor.seq:
            # Another process has read the same entries meanwhile.
            return len(entries)
        intake.take(entries)
        held.seq = entries[-1].seq
        held.save(update_fields=["seq"])
    return len(entries)


def _welcome(journal: journals.Journal, intake: Intake) -> None:
    """Take in what was kept of devices that have been registered since."""
    for stranger in UnregisteredDevice.objects.all():
        device = intake.register.device(stranger.mn)
        if device is None or not device.enabled:
            continue
        with transaction.atomic():
            held = UnregisteredDevice.objects.select_for_update().filter(pk=stranger.pk).first()
            if held is None:
                continue
            kept = journal.unregistered(held.mn, held.first_seq, held.last_seq)
            for part in _parts(kept, CHUNK):
                intake.take(part)
            held.delete()


def take_again(journal: journals.Journal, *, start: int, end: int, clock: Callable[[], dt.datetime]) -> int:
    """Decode again what was received in ``[start, end)`` [µs since 1970 UTC]; return the entries read.

    Values that are in the store already stay as they are; others become new values or revisions. Only
    registered devices are read, and neither the cursor nor the strangers are touched.
    """
    intake = Intake(clock=clock, ahead=float(storage.options().get("ahead", AHEAD)), counting=False)
    intake.refresh()
    read = 0
    known = (
        entry
        for entry in journal.replay(start, end)
        if entry.state not in journals.REJECTED and intake.register.knows(entry.mn)
    )
    for part in _parts(known, CHUNK):
        with transaction.atomic():
            intake.take(part)
        read += len(part)
    with transaction.atomic():
        intake.give_up_parts()
    return read


def _parts(entries: Iterable[journals.Stored], size: int) -> Iterator[list[journals.Stored]]:
    remaining = iter(entries)
    while part := list(itertools.islice(remaining, size)):
        yield part
