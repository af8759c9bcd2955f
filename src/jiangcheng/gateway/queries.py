"""What the operator's page shows, as plain values."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway import storage
from jiangcheng.gateway.models import DeviceSeen, GatewayState, IntakeCursor, Reject, UnregisteredDevice

FRESH = timedelta(seconds=15)
"""Age after which a gateway's last reading means that it no longer runs."""
FORGOTTEN = timedelta(days=1)
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
    """Return the last arrivals that were no valid frame."""
    return [
        {
            "seq": item.seq,
            "at": moment(item.received),
            "peer": item.peer,
            "code": item.error,
            "text": excerpt(item.raw),
        }
        for item in journal.recent(journals.State.BAD, limit)
    ]


def packets(*, mns: list[str], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Answer the hook ``station.packets``: what devices sent in ``[start, end)``, as it came, in order."""
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
            }
            for item in journal.replay(first, last)
            if item.mn in wanted
        ]
    finally:
        journal.close()


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
        "frames": row.frames,
        "peer": row.peer,
        "late": (now - row.received_at).total_seconds() > 2 * station.expected_interval,
    }
