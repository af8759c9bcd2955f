"""What is noted while entries are taken in: who was heard, who is a stranger, what was refused."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

import numpy as np
from django.urls import reverse

from jiangcheng.core.portal import services as portal
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway import queries
from jiangcheng.gateway.models import DeviceSeen, Reject, UnregisteredDevice

PER_DEVICE = 100
"""Rows of `Reject` one device may have; what goes beyond is counted together."""
STRANGERS = 2_000
"""Rows of `UnregisteredDevice`: whoever invents names may not fill the table."""
TOLD = 3
"""New strangers of one batch that the screens are told of."""
HEARTBEAT = "9015"
OTHERS = "…"
LONGEST = {"code": 40, "field": 24, "text": 80}


class Heard:
    """The registered devices that were heard."""

    def __init__(self) -> None:
        self._last: dict[int, journals.Stored] = {}
        self._frames: dict[int, int] = {}
        self._device: dict[str, int] = {}
        self._data: dict[int, int] = {}
        self._heartbeat: dict[int, int] = {}

    def note(self, entry: journals.Stored, device: int) -> None:
        """Note a frame of a device."""
        self._last[device] = entry
        self._frames[device] = self._frames.get(device, 0) + 1
        self._device[entry.mn] = device
        if entry.cn == HEARTBEAT:
            self._heartbeat[device] = entry.received

    def note_times(self, entries: list[journals.Stored], start: np.ndarray, timely: np.ndarray) -> None:
        """Note the latest interval each device reported on [epoch s]."""
        for entry, second, good in zip(entries, start.tolist(), timely.tolist(), strict=True):
            if good:
                device = self._device[entry.mn]
                self._data[device] = max(self._data.get(device, second), second)

    def save(self) -> None:
        """Write it down."""
        before = DeviceSeen.objects.in_bulk(list(self._last))
        DeviceSeen.objects.bulk_create(
            [self._row(device, entry, before.get(device)) for device, entry in self._last.items()],
            update_conflicts=True,
            unique_fields=["device"],
            update_fields=["received_at", "data_at", "heartbeat_at", "peer", "cn", "frames"],
        )

    def _row(self, device: int, entry: journals.Stored, before: DeviceSeen | None) -> DeviceSeen:
        times = [before.data_at] if before and before.data_at else []
        if device in self._data:
            times.append(dt.datetime.fromtimestamp(self._data[device], dt.UTC))
        received = queries.moment(entry.received)
        return DeviceSeen(
            device_id=device,
            received_at=max(received, before.received_at) if before else received,
            data_at=max(times, default=None),
            heartbeat_at=self._heartbeat_of(device, before),
            peer=entry.peer,
            cn=entry.cn,
            frames=self._frames[device] + (before.frames if before else 0),
        )

    def _heartbeat_of(self, device: int, before: DeviceSeen | None) -> dt.datetime | None:
        if device in self._heartbeat:
            return queries.moment(self._heartbeat[device])
        return before.heartbeat_at if before else None


class Strangers:
    """The MN that are not registered."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[journals.Stored, journals.Stored, int]] = {}

    def note(self, entry: journals.Stored) -> None:
        """Note a frame of an unknown MN."""
        first, _, count = self._seen.get(entry.mn, (entry, entry, 0))
        self._seen[entry.mn] = (first, entry, count + 1)

    def save(self, now: dt.datetime) -> None:
        """Write it down, and tell the screens of new ones."""
        if not self._seen:
            return
        before = {row.mn: row for row in UnregisteredDevice.objects.filter(mn__in=[*self._seen, OTHERS])}
        room = STRANGERS - UnregisteredDevice.objects.count()
        new = [mn for mn in self._seen if mn not in before]
        for mn in new[max(0, room) :]:
            self._join(self._seen.pop(mn))
        UnregisteredDevice.objects.bulk_create(
            [self._row(mn, before.get(mn)) for mn in self._seen],
            update_conflicts=True,
            unique_fields=["mn"],
            update_fields=["peer", "last_at", "frames", "last_seq", "last_frame"],
        )
        for mn in new[: min(max(0, room), TOLD)]:
            _tell(mn, now)

    def _join(self, seen: tuple[journals.Stored, journals.Stored, int]) -> None:
        """Count a stranger with all those for whom there is no row."""
        first, _, count = self._seen.get(OTHERS, (seen[0], seen[0], 0))
        self._seen[OTHERS] = (first, seen[1], count + seen[2])

    def _row(self, mn: str, known: UnregisteredDevice | None) -> UnregisteredDevice:
        first, last, count = self._seen[mn]
        return UnregisteredDevice(
            mn=mn,
            peer=last.peer,
            first_at=known.first_at if known else queries.moment(first.received),
            last_at=queries.moment(last.received),
            frames=count + (known.frames if known else 0),
            first_seq=known.first_seq if known else first.seq,
            last_seq=last.seq,
            last_frame=queries.excerpt(last.raw),
        )


def _tell(mn: str, now: dt.datetime) -> None:
    portal.publish(
        at=now,
        kind="gateway",
        permission="gateway.view",
        payload={
            "text_zh": f"未注册设备 {mn} 开始上报",
            "text_en": f"Unregistered device {mn} has begun to send",
            "url": reverse("gateway:status"),
            "severity": 1,
        },
    )


class _Key(NamedTuple):
    mn: str
    code: str
    field: str
    reason: str


class Rejects:
    """What could not be taken in, counted by device, code, field and reason."""

    def __init__(self) -> None:
        self._rows: dict[_Key, Reject] = {}

    def note(
        self,
        entry: journals.Stored,
        *,
        reason: Reject.Reason,
        code: str = "",
        field: str = "",
        text: str = "",
    ) -> None:
        """Note one refusal."""
        key = _Key(entry.mn, code[: LONGEST["code"]], field[: LONGEST["field"]], reason.value)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Reject(**key._asdict(), count=0, first_seq=entry.seq)
        row.count += 1
        row.last_seq = entry.seq
        row.last_at = queries.moment(entry.received)
        row.text = text[: LONGEST["text"]]

    def save(self) -> None:
        """Write it down."""
        if not self._rows:
            return
        before: dict[_Key, Reject] = {}
        rows_of: dict[str, int] = {}
        for row in Reject.objects.filter(mn__in={key.mn for key in self._rows}):
            before[_Key(row.mn, row.code, row.field, row.reason)] = row
            rows_of[row.mn] = rows_of.get(row.mn, 0) + 1
        merged: dict[_Key, Reject] = {}
        for key, row in self._rows.items():
            target = key
            if key not in before:
                rows_of[key.mn] = rows_of.get(key.mn, 0) + 1
                if rows_of[key.mn] > PER_DEVICE:
                    target = _Key(key.mn, OTHERS, "", key.reason)
            kept = merged.get(target) or before.get(target)
            merged[target] = self._merge(target, kept, row)
        Reject.objects.bulk_create(
            merged.values(),
            update_conflicts=True,
            unique_fields=["mn", "code", "field", "reason"],
            update_fields=["count", "last_seq", "last_at", "text"],
        )

    @staticmethod
    def _merge(key: _Key, kept: Reject | None, row: Reject) -> Reject:
        return Reject(
            **key._asdict(),
            count=row.count + (kept.count if kept else 0),
            first_seq=kept.first_seq if kept else row.first_seq,
            last_seq=row.last_seq,
            last_at=row.last_at,
            text=row.text,
        )
