"""The register of sites in memory: which device an MN is, and at which station it measures."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from typing import NamedTuple

from django.db import close_old_connections
from django.db.models import Max

from jiangcheng import hj212
from jiangcheng.core.access import services as access
from jiangcheng.core.access.services import vault
from jiangcheng.core.registry import queries
from jiangcheng.core.registry.models import Device
from jiangcheng.gateway import credentials
from jiangcheng.gateway.models import DeviceAccess, DeviceKey

log = logging.getLogger(__name__)

KEY_PURPOSE = "gateway.sm4"
"""What keys of devices are sealed for."""
LOOK = 2.0
"""Seconds between two looks at the database."""
RELOAD = 30.0
"""Seconds after which the register is read again though nothing seems to have come or gone: a device may
have been switched off or moved to another station."""


class Known(NamedTuple):
    """A registered device."""

    device: int
    station: int
    enabled: bool
    secret: credentials.Secret | None = None


class Register:
    """A snapshot of the devices, refreshed when the table changes."""

    def __init__(self) -> None:
        self._devices: dict[str, Known] = {}
        self.keys: hj212.KeyRing | None = None
        """Keys of the devices that encrypt; None where none does, which spares everybody the look."""
        self._version = ""
        self._looked = self._loaded = float("-inf")

    def knows(self, mn: str) -> bool:
        """Tell whether an MN belongs to an enabled device."""
        known = self._devices.get(mn)
        return known is not None and known.enabled

    def device(self, mn: str) -> Known | None:
        """Return the device of an MN, enabled or not."""
        return self._devices.get(mn)

    def secret(self, mn: str) -> credentials.Secret | None:
        """Return what the password of an MN must fit, None where it is not checked."""
        known = self._devices.get(mn)
        return known.secret if known is not None else None

    async def refresh(self) -> None:
        """Read the register again if it is time to; the event loop stays free."""
        if time.monotonic() - self._looked >= LOOK:
            await asyncio.to_thread(self._refresh)

    def _refresh(self) -> None:
        close_old_connections()
        self.load()
        close_old_connections()

    def load(self) -> None:
        """Read the register now if it has changed."""
        now = self._looked = time.monotonic()
        changed = DeviceAccess.objects.aggregate(at=Max("changed_at"))["at"]
        keyed = DeviceKey.objects.aggregate(at=Max("created_at"), gone=Max("retired_at"))
        version = f"{queries.register_version()} {changed} {keyed['at']} {keyed['gone']}"
        if version == self._version and now - self._loaded < RELOAD:
            return
        default = credentials.defaults(dt.datetime.now(dt.UTC).date()).policy
        rows = Device.objects.values_list(
            "mn",
            "pk",
            "station_id",
            "enabled",
            "password_hash",
            "access__policy",
            "access__verifier",
            "access__verified_hash",
        )
        self._devices = {
            mn: Known(
                device,
                station,
                enabled,
                _secret(mn, hashed, policy or default, verifier if verified == hashed else ""),
            )
            for mn, device, station, enabled, hashed, policy, verifier, verified in rows
        }
        self.keys = _keys()
        self._version, self._loaded = version, now


def _keys() -> hj212.KeyRing | None:
    """Return the keys in use, the newest of a device first; one that cannot be opened is told and left out."""
    found: dict[str, list[bytes]] = {}
    for key in (
        DeviceKey.objects.filter(retired_at=None).select_related("device").order_by("-created_at", "-pk")
    ):
        try:
            text = access.opened(key.sealed, purpose=KEY_PURPOSE)
        except vault.Broken:
            log.exception("the key %s of %s cannot be opened", key.fingerprint, key.device.mn)
            continue
        found.setdefault(key.device.mn, []).append(bytes.fromhex(text))
    return hj212.KeyRing(found) if found else None


def _secret(mn: str, hashed: str, policy: str, verifier: str | None) -> credentials.Secret | None:
    if not hashed or policy == credentials.Policy.IGNORE:
        return None
    return credentials.Secret(hashed, credentials.Policy(policy), mn, verifier or "")


def learn(secret: credentials.Secret, verifier: str) -> None:
    """Keep the verifier of a device whose password fitted."""
    close_old_connections()
    try:
        device = Device.objects.filter(mn=secret.mn, password_hash=secret.hash).first()
        if device is not None:
            DeviceAccess.objects.update_or_create(
                device=device,
                defaults={"verifier": verifier, "verified_hash": secret.hash},
                create_defaults={
                    "verifier": verifier,
                    "verified_hash": secret.hash,
                    "changed_at": dt.datetime.now(dt.UTC),
                },
            )
    finally:
        close_old_connections()
