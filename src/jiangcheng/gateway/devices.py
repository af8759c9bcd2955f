"""How devices are let in: their passwords and what follows from a wrong one, and their tokens for HTTP."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import secrets

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Device
from jiangcheng.gateway import catalogue, credentials, inlets, orders
from jiangcheng.gateway.models import DeviceAccess, DeviceKey, DeviceToken
from jiangcheng.gateway.register import KEY_PURPOSE

MANAGE = "gateway.manage"
PREFIX = "jci_"
NOTED_EVERY = dt.timedelta(seconds=60)
KEY = re.compile(r"[0-9A-Fa-f]{32}")
FINGERPRINT = 16
LONGEST = 24
"""Characters; the standard says 6 (HJ 212-2017 clause 6.3), real devices send up to 24."""


class Refused(ValueError):  # noqa: N818
    """Nothing was done. ``reason`` is ``permission``, ``policy``, ``password``, ``key``, ``name`` or ``too_many``."""

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
        changes = {"policy": policy, "changed_at": now}
        if password:
            device.password_hash = make_password(password)
            device.save(update_fields=["password_hash"])
            changes["verifier"] = credentials.verifier(device.mn, password, device.password_hash)
            changes["verified_hash"] = device.password_hash
        DeviceAccess.objects.update_or_create(device=device, defaults=changes)
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


def set_key(*, device: Device, text: str, actor: User, now: dt.datetime) -> DeviceKey:
    """Give a device a new SM4 key; the one before stays valid for what is under way, older ones are retired.

    Parameters
    ----------
    text
        32 hexadecimal digits.

    Raises
    ------
    Refused
        If the person may not, or the text is no key.
    """
    check(device=device, actor=actor, now=now)
    if KEY.fullmatch(text.strip()) is None:
        raise Refused("key")
    digits = text.strip().lower()
    with transaction.atomic():
        Device.objects.select_for_update().get(pk=device.pk)
        standing = list(
            DeviceKey.objects.filter(device=device, retired_at=None).order_by("-created_at", "-pk")
        )
        DeviceKey.objects.filter(pk__in=[key.pk for key in standing[1:]]).update(retired_at=now)
        key = DeviceKey.objects.create(
            device=device,
            sealed=access.sealed(digits, purpose=KEY_PURPOSE),
            fingerprint=hashlib.sha256(bytes.fromhex(digits)).hexdigest()[:FINGERPRINT],
            made_by=actor,
            created_at=now,
        )
        _note_keys(device, "gateway.set_key", key.fingerprint, actor, now)
    return key


def retire_keys(*, device: Device, actor: User, now: dt.datetime) -> None:
    """Retire every key of a device: what it sends encrypted can no longer be read.

    Raises
    ------
    Refused
        If the person may not.
    """
    check(device=device, actor=actor, now=now)
    with transaction.atomic():
        if DeviceKey.objects.filter(device=device, retired_at=None).update(retired_at=now):
            _note_keys(device, "gateway.retire_keys", "", actor, now)


def _note_keys(device: Device, action: str, fingerprint: str, actor: User, now: dt.datetime) -> None:
    access.record(
        actor=actor,
        action=action,
        object_type="device",
        object_id=device.mn,
        after={"fingerprint": fingerprint},
        at=now,
    )


def make_token(*, device: Device, name: str, actor: User, now: dt.datetime) -> str:
    """Make a token and return it; only its hash is kept, so it is shown once.

    Raises
    ------
    Refused
        If the person may not, the token has no name, or it is one too many.
    """
    check(device=device, actor=actor, now=now)
    if not name.strip():
        raise Refused("name")
    bounds = inlets.bounds(timezone.localdate(now))
    with transaction.atomic():
        Device.objects.select_for_update().get(pk=device.pk)
        valid = DeviceToken.objects.filter(device=device, revoked_at=None, expires_at__gt=now)
        if valid.count() >= bounds.tokens_per_device:
            raise Refused("too_many")
        text = PREFIX + secrets.token_urlsafe(32)
        token = DeviceToken.objects.create(
            device=device,
            name=name.strip()[:60],
            hash=_hash(text),
            hint=text[:10],
            made_by=actor,
            created_at=now,
            expires_at=now + dt.timedelta(days=bounds.token_days),
        )
        _record_token(token, "gateway.make_token", actor, now)
    return text


def revoke_token(*, token: DeviceToken, actor: User, now: dt.datetime) -> None:
    """Take a token back; it opens nothing from now on.

    Raises
    ------
    Refused
        If the person may not.
    """
    check(device=token.device, actor=actor, now=now)
    with transaction.atomic():
        if DeviceToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            _record_token(token, "gateway.revoke_token", actor, now)


def token_of(*, mn: str, text: str, now: dt.datetime) -> DeviceToken | None:
    """Return the token a device shows, or None if it does not open this device's door."""
    found = DeviceToken.objects.filter(
        hash=_hash(text), device__mn=mn, device__enabled=True, revoked_at=None, expires_at__gt=now
    )
    token = found.select_related("device__station").first()
    if token is not None and (token.last_used_at is None or now - token.last_used_at > NOTED_EVERY):
        DeviceToken.objects.filter(pk=token.pk).update(last_used_at=now)
    return token


def _record_token(token: DeviceToken, action: str, actor: User, now: dt.datetime) -> None:
    access.record(
        actor=actor,
        action=action,
        object_type="device",
        object_id=token.device.mn,
        after={"name": token.name, "hint": token.hint},
        at=now,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
