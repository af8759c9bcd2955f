"""How each device speaks: which check it computes, and in what its frames deviate from the standard.

The listeners refuse or take frames by their own rules; nothing here changes that. What they kept is looked at again
by the intake, which reads the one journal of all of them under a lock: so what is learned of a device is one row,
survives a restart and needs no agreement between processes. Only frames of registered devices that came over the
line count; what the other ways in deliver was written as frames by this platform.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
from collections.abc import Iterable
from typing import NamedTuple

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from jiangcheng import hj212
from jiangcheng.core.cases import services as cases
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway import queries
from jiangcheng.gateway.models import DeviceDialect, DeviceTrait
from jiangcheng.gateway.register import Known

log = logging.getLogger(__name__)

KIND = "gateway.dialect_changed"
UNFIT = "unfit"
"""Code of the trait "no known check fits"."""
MISMATCH = "crc_mismatch"
OTHER_WAYS = ("http:", "mqtt", "file:")
"""Beginnings of the peers whose frames this platform wrote."""
NAMES = {
    "hj212": ("标准算法", "the standard's check"),
    "modbus": ("CRC-16/MODBUS", "CRC-16/MODBUS"),
    "modbus-swapped": ("CRC-16/MODBUS（字节对调）", "CRC-16/MODBUS, bytes swapped"),
    "arc": ("CRC-16/ARC", "CRC-16/ARC"),
    "ccitt-no&&": ("CRC-16/CCITT（不含末尾 &&）", "CRC-16/CCITT without the final &&"),
    UNFIT: ("均不符合", "none fits"),
}
"""Checks as people read them, in Chinese and English."""


@dataclasses.dataclass(slots=True)
class _Seen:
    """What a batch shows of one trait of one device."""

    first: journals.Stored
    last: journals.Stored
    count: int = 0
    refused: int = 0
    detail: str = ""


class _Change(NamedTuple):
    entry: journals.Stored
    known: Known
    before: str
    after: str


class Dialects:
    """What the frames of one batch say about their devices."""

    def __init__(self, keys: hj212.KeyRing | None = None) -> None:
        self._keys = keys
        self._noted: list[tuple[journals.Stored, Known]] = []
        self._traits: dict[tuple[int, str, str], _Seen] = {}
        self._changes: list[_Change] = []

    def note(self, entry: journals.Stored, known: Known) -> None:
        """Take a frame of a registered device, in the order of the journal."""
        if not entry.peer.startswith(OTHER_WAYS):
            self._noted.append((entry, known))

    def save(self, now: dt.datetime) -> None:
        """Write it down, and report the devices that changed their check. The caller holds the transaction."""
        if not self._noted:
            return
        standing = DeviceDialect.objects.in_bulk({known.device for _, known in self._noted})
        ledger = hj212.DialectLedger(max_loggers=len(self._noted))
        for entry, known in self._noted:
            row = standing.setdefault(known.device, DeviceDialect(device_id=known.device))
            ledger.recall(entry.mn, row.usual, row.streaks)
        commands: set[tuple[int, str]] = set()
        for entry, known in self._noted:
            self._hear(ledger, entry, known, standing[known.device])
            if entry.state == journals.State.REGISTERED and (known.device, entry.cn) not in commands:
                commands.add((known.device, entry.cn))
                self._examine(entry, standing[known.device])
        for entry, known in self._noted:
            usual, streaks = ledger.memory(entry.mn)
            standing[known.device].usual, standing[known.device].streaks = usual or "", streaks
        DeviceDialect.objects.bulk_create(
            standing.values(),
            update_conflicts=True,
            unique_fields=["device"],
            update_fields=["usual", "streaks", "settled_at", "before", "changed_at", "examined"],
        )
        self._save_traits()
        for change in self._changes:
            _report(change, now)

    def _hear(
        self, ledger: hj212.DialectLedger, entry: journals.Stored, known: Known, row: DeviceDialect
    ) -> None:
        found = _checked(entry.raw, self._keys)
        if found is None:
            return
        before = ledger.usual(entry.mn)
        standing = ledger.observe(entry.mn, *found)
        # Of a frame that fits several checks the usual one is meant.
        fits = standing.usual if standing.usual in standing.fits else next(iter(standing.fits), UNFIT)
        self._trait(known.device, DeviceTrait.Aspect.CHECK, fits or UNFIT, entry)
        if standing.usual != before and standing.usual is not None:
            at = queries.moment(entry.received)
            row.settled_at = at
            if before is not None:
                row.before, row.changed_at = before, at
                self._changes.append(_Change(entry, known, before, standing.usual))

    def _examine(self, entry: journals.Stored, row: DeviceDialect) -> None:
        """List what deviates in a frame beside its check."""
        row.examined += 1
        try:
            message = hj212.decode(entry.raw, tolerant=True, keys=self._keys)
        except hj212.RemoteProtocolError as error:
            self._trait(row.device_id, DeviceTrait.Aspect.DEVIATION, error.code, entry)
            return
        for code, found in {item.code: item for item in message.deviations}.items():
            if code != "crc_dialect":
                # What stood in the place of a password is nobody's business.
                detail = (
                    found.where if "PW" in f"{found.where}{found.detail}" else f"{found.where} {found.detail}"
                )
                self._trait(row.device_id, DeviceTrait.Aspect.DEVIATION, code, entry, detail)

    def _trait(self, device: int, aspect: str, code: str, entry: journals.Stored, detail: str = "") -> None:
        seen = self._traits.setdefault((device, aspect, code), _Seen(entry, entry))
        seen.last = entry
        seen.count += 1
        seen.refused += entry.state in journals.REJECTED
        seen.detail = _printable(detail)

    def _save_traits(self) -> None:
        before = {
            (row.device_id, row.aspect, row.code): row
            for row in DeviceTrait.objects.filter(device__in={device for device, _, _ in self._traits})
        }
        DeviceTrait.objects.bulk_create(
            [_merged(key, seen, before.get(key)) for key, seen in self._traits.items()],
            update_conflicts=True,
            unique_fields=["device", "aspect", "code"],
            update_fields=["count", "refused", "last_at", "last_seq", "detail"],
        )


def mn_of(entry: journals.Stored) -> str:
    """Return the MN a refused frame names, empty where it is refused for another reason than its check."""
    if entry.error != MISMATCH or not entry.raw.startswith(b"##"):
        return ""
    return hj212.header(entry.raw[6:]).mn


def _checked(raw: bytes, keys: hj212.KeyRing | None) -> tuple[bytes, int] | None:
    """Return the data segment in clear and the check that came with it; None where there is no such thing."""
    length = raw[2:6]
    if raw.startswith(b"##") and length.isdigit():
        end = 6 + int(length)
        segment, given = raw[6:end], raw[end : end + 4]
        if segment and len(given) == 4 and given == b"%04X" % hj212.crc16(segment):
            return segment, int(given, 16)
    framer = hj212.Framer(tolerant=True, keys=keys)
    framer.receive_data(raw)
    framer.finish()
    event = framer.next_event()
    if isinstance(event, hj212.Frame):
        return event.segment, int(event.crc_given, 16)
    if isinstance(event, hj212.FrameError) and event.code == MISMATCH:
        # A frame with this code is as long as it declares.
        end = 6 + int(event.raw[2:6])
        return event.raw[6:end], int(event.raw[end : end + 4], 16)
    return None


def _merged(key: tuple[int, str, str], seen: _Seen, kept: DeviceTrait | None) -> DeviceTrait:
    device, aspect, code = key
    return DeviceTrait(
        device_id=device,
        aspect=aspect,
        code=code,
        count=seen.count + (kept.count if kept else 0),
        refused=seen.refused + (kept.refused if kept else 0),
        first_at=kept.first_at if kept else queries.moment(seen.first.received),
        last_at=queries.moment(seen.last.received),
        last_seq=seen.last.seq,
        detail=seen.detail,
    )


def _report(change: _Change, now: dt.datetime) -> None:
    """Open a case for a device whose frames settled on another check: new firmware, or another sender."""
    at = queries.moment(change.entry.received)
    (old_zh, old_en), (new_zh, new_en) = NAMES[change.before], NAMES[change.after]
    key = f"{KIND}:{change.entry.mn}"
    finding = cases.FindingReport(
        kind=KIND,
        dedup_key=key,
        rule_version="",
        title_zh=f"设备 {change.entry.mn} 的校验算法由{old_zh}变为{new_zh}",
        title_en=f"Device {change.entry.mn} changed its check from {old_en} to {new_en}",
        severity=2,
        station_id=change.known.station,
        first_at=at,
        last_at=at,
        evidence={
            "start": at.isoformat(),
            "end": at.isoformat(),
            "mn": change.entry.mn,
            "before": change.before,
            "after": change.after,
            "journal": change.entry.seq,
            "peer": change.entry.peer,
            "source": "HJ 212-2017 附录 A",
        },
    )
    try:
        with transaction.atomic():
            cases.report(finding=finding, now=now)
            # It is an event: the finding ends at once, its case stays with people.
            cases.end_finding(dedup_key=key, at=at)
    except (LookupError, ObjectDoesNotExist):
        # A city that has set up no cases yet must still be able to take data in.
        log.exception("the change of check of %s could not be reported", change.entry.mn)


def _printable(text: str) -> str:
    return text.strip().encode("ascii", "backslashreplace").decode().replace("\x00", "")[:80]


def names(codes: Iterable[str], *, english: bool) -> dict[str, str]:
    """Return what people call checks."""
    return {code: NAMES[code][english] if code in NAMES else code for code in codes}
