"""How devices are let in: their passwords, and what follows from a wrong one."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Device
from jiangcheng.gateway import catalogue, orders
from jiangcheng.gateway.models import DeviceAccess

MANAGE = "gateway.manage"
LONGEST = 24
"""Characters; the standard says 6 (HJ 212-2017 clause 6.3), real devices send up to 24."""


class Refused(ValueError):  # noqa: N818
    """Nothing was done. ``reason`` is ``permission``, ``policy`` or ``password``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def set_access(*, device: Device, policy: str, password: str, actor: User, now: dt.datetime) -> None:
    """Set what follows from a wrong password, and the password itself where one is given.

    Raises
    ------
    Refused
        If the person may not, there is no such policy, or the password cannot be written in a frame.
    """
    check(device=device, actor=actor, now=now)
    if policy not in DeviceAccess.Policy.values:
        raise Refused("policy")
    if len(password) > LONGEST or catalogue.RESERVED.search(password) or not password.isascii():
        raise Refused("password")
    with transaction.atomic():
        held = DeviceAccess.objects.filter(device=device).first()
        before = {"policy": held.policy if held else "", "password": bool(device.password_hash)}
        DeviceAccess.objects.update_or_create(device=device, defaults={"policy": policy, "changed_at": now})
        if password:
            device.password_hash = make_password(password)
            device.save(update_fields=["password_hash"])
        access.record(
            actor=actor,
            action="gateway.set_access",
            object_type="device",
            object_id=device.mn,
            before=before,
            after={"policy": policy, "password": bool(device.password_hash), "new": bool(password)},
            at=now,
        )


def check(*, device: Device, actor: User, now: dt.datetime) -> None:
    """Do nothing if the person may manage the access of this device.

    Raises
    ------
    Refused
        If not.
    """
    if not orders.may(device=device, user=actor, permission=MANAGE, on=timezone.localdate(now)):
        raise Refused("permission")
