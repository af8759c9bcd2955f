"""What the operator's page shows, as plain values."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone

from jiangcheng import hj212
from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import ToDo
from jiangcheng.core.registry.models import Device
from jiangcheng.gateway import catalogue, credentials, storage
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import (
    ControlOrder,
    DeviceDialect,
    DeviceSeen,
    DeviceTrait,
    GatewayState,
    IntakeCursor,
    Reject,
    UnregisteredDevice,
)
from jiangcheng.hj212.dialects import STANDARD

FRESH = timedelta(seconds=15)
"""Age after which a gateway's last reading means that it no longer runs."""
FORGOTTEN = timedelta(days=1)
RECENT = timedelta(days=30)
"""Age up to which a change of check is listed though the device computes the standard's again."""
EXCERPT = 240
PASSWORD = re.compile(rb"(PW=)[^;&]*")


def excerpt(raw: bytes) -> str:
    """Return the beginning of what was sent as printable text, the password hidden."""
    shown = PASSWORD.sub(rb"\1***", raw[:EXCERPT])
    text = "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in shown)
    return text + ("…" if len(raw) > EXCERPT else "")


def moment(microseconds: int) -> datetime:
    """Return a journal's time as an aware one."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


def gateways(*, now: datetime) -> list[dict[str, Any]]:
    """Return the last reading of every running gateway, or of the one that ran last."""
    states = GatewayState.objects.filter(at__gt=now - FORGOTTEN).order_by("-at")
    readings = [
        {"name": state.name, "at": state.at, "alive": now - state.at < FRESH, **state.reading}
        for state in states
    ]
    return [reading for reading in readings if reading["alive"]] or readings[:1]


def backlog(*, journal: journals.Journal) -> int:
    """Return how many entries wait to be taken in."""
    cursor = IntakeCursor.objects.filter(name="intake").first()
    return max(0, journal.last() - (cursor.seq if cursor else 0))


def unregistered(*, limit: int) -> list[UnregisteredDevice]:
    """Return the unknown MN heard last."""
    return list(UnregisteredDevice.objects.order_by("-last_at")[:limit])


def faults(*, journal: journals.Journal, limit: int) -> list[dict[str, Any]]:
    """Return the last arrivals that were no valid frame, or were refused, the latest first."""
    found = [*journal.recent(journals.State.BAD, limit), *journal.recent(journals.State.REFUSED, limit)]
    found.sort(key=lambda item: item.seq, reverse=True)
    return [
        {
            "seq": item.seq,
            "at": moment(item.received),
            "peer": item.peer,
            "code": item.error,
            "text": excerpt(item.raw),
        }
        for item in found[:limit]
    ]


def packets(*, mns: list[str], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Answer the hook ``station.packets``: what devices sent in ``[start, end)``, as it came, in order.

    ``check`` names the check that fits (``hj212``, or a foreign one), ``encrypted`` and ``unknown`` where none could
    be tried or none fits.
    """
    wanted = set(mns)
    if not wanted:
        return []
    journal = storage.open_journal()
    try:
        first, last = (int(instant.timestamp() * 1e6) for instant in (start, end))
        return [
            {
                "seq": item.seq,
                "received": moment(item.received),
                "mn": item.mn,
                "cn": item.cn,
                "raw": item.raw,
                "check": _check_of(item.raw),
            }
            for item in journal.replay(first, last)
            if item.mn in wanted
        ]
    finally:
        journal.close()


def _check_of(raw: bytes) -> str:
    framer = hj212.Framer(tolerant=True)
    framer.receive_data(raw)
    framer.finish()
    event = framer.next_event()
    if isinstance(event, hj212.Frame):
        return event.crc_dialect or STANDARD
    return "encrypted" if isinstance(event, hj212.FrameError) and event.code == "encrypted" else "unknown"


def rejects(*, limit: int) -> list[Reject]:
    """Return what the store could not take, the latest first."""
    return list(Reject.objects.order_by("-last_at")[:limit])


def devices(*, user: Any, now: datetime, limit: int) -> list[dict[str, Any]]:
    """Return the devices heard last within the user's area; ``late`` when one has missed two intervals."""
    area = access.scope(user, "gateway.view", timezone.localdate(now)).as_filter(
        region="device__station__region__code"
    )
    seen = DeviceSeen.objects.filter(area).select_related("device__station").order_by("-received_at")
    return [_device(row, now) for row in seen[:limit]]


def _device(row: DeviceSeen, now: datetime) -> dict[str, Any]:
    station = row.device.station
    return {
        "mn": row.device.mn,
        "station_zh": station.name_zh,
        "station_en": station.name_en,
        "station_code": station.code,
        "received_at": row.received_at,
        "data_at": row.data_at,
        "heartbeat_at": row.heartbeat_at,
        "frames": row.frames,
        "peer": row.peer,
        "late": (now - row.received_at).total_seconds() > 2 * station.expected_interval,
    }


def visible_devices(*, user: Any, now: datetime) -> QuerySet[Device]:
    """Return the devices within the user's area."""
    area = access.scope(user, "gateway.view", timezone.localdate(now)).as_filter(
        region="station__region__code"
    )
    return Device.objects.filter(area).select_related("station__region", "seen", "access", "dialect")


def orders(*, user: Any, now: datetime) -> QuerySet[ControlOrder]:
    """Return the orders for devices within the user's area, the latest first."""
    area = access.scope(user, "gateway.view", timezone.localdate(now)).as_filter(
        region="device__station__region__code"
    )
    found = ControlOrder.objects.filter(area).select_related("device__station", "asked_by", "approved_by")
    return found.order_by("-asked_at", "-pk")


def to_do(*, user: User, now: datetime) -> list[ToDo]:
    """Answer the hook ``person.todo``: orders of others that wait for an approval."""
    on = timezone.localdate(now)
    area = access.scope(user, "gateway.approve", on)
    if not area:
        return []
    waiting = ControlOrder.objects.filter(
        area.as_filter(region="device__station__region__code"), state=ControlOrder.State.ASKED
    ).exclude(asked_by=user)
    known = catalogue.catalogue(on).commands
    return [
        ToDo(
            kind="control_order",
            title_zh=f"批准反控：{known[order.command].zh} {order.device.mn}",
            title_en=f"Approve: {known[order.command].en} {order.device.mn}",
            url=reverse("gateway:order", args=[order.pk]),
            since=order.asked_at,
            number=str(order.pk),
        )
        for order in waiting.select_related("device").order_by("asked_at")[:100]
        if order.command in known
    ]


def facility_devices(*, code: str, user: Any, now: datetime) -> list[dict[str, Any]]:
    """Return the devices at a facility's outlets that the reader may see, and when each was heard."""
    found = visible_devices(user=user, now=now).filter(station__outlet__facility__code=code)
    return [
        {"device": device, "seen": seen(device, now)}
        for device in found.select_related("station__outlet").order_by("station__outlet__number", "mn")[:100]
    ]


def speech(device: Device) -> dict[str, Any]:
    """Return how a device speaks: the settled check, every check and deviation seen, first, last and how often."""
    row = getattr(device, "dialect", None)
    found: dict[str, list[DeviceTrait]] = {"check": [], "deviation": []}
    for trait in device.traits.order_by("-count", "code"):
        found[trait.aspect].append(trait)
    return {"dialect": row, "checks": found["check"], "deviations": found["deviation"]}


def foreign_speakers(*, user: Any, now: datetime, limit: int) -> list[DeviceDialect]:
    """Return the devices whose settled check is not the standard's, or that changed it, the latest change first."""
    area = access.scope(user, "gateway.view", timezone.localdate(now)).as_filter(
        region="device__station__region__code"
    )
    rows = DeviceDialect.objects.filter(area).exclude(usual__in=("", STANDARD), changed_at=None)
    rows = rows.exclude(usual__in=("", STANDARD), changed_at__lt=now - RECENT)
    return list(
        rows.select_related("device__station")
        .prefetch_related("device__traits")
        .order_by(F("changed_at").desc(nulls_last=True), "device__mn")[:limit]
    )


def policy(device: Device, on: date) -> str:
    """Return what follows from a wrong password of a device."""
    held = getattr(device, "access", None)
    return (held.policy if held is not None else "") or credentials.defaults(on).policy.value


def seen(device: Device, now: datetime) -> dict[str, Any] | None:
    """Return when a device was heard, None if never."""
    row = getattr(device, "seen", None)
    if row is None:
        return None
    row.device = device
    return _device(row, now)
