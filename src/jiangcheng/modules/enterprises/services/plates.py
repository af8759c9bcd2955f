"""Plates with signed codes: keys, issue, revocation, checking and the log of scans."""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import hashlib
import hmac
import json
import os
import pathlib
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings
from django.db import transaction
from django.db.models import Max

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.enterprises import queries, rules
from jiangcheng.modules.enterprises.models import (
    Plate,
    Scan,
)
from jiangcheng.standards import periods

KEY_BYTES = 32


class TooManyScans(Exception):  # noqa: N818
    """One address has asked for more plates in a minute than is allowed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """What the code of a plate is worth: ``valid``, ``revoked``, ``unknown`` or ``forged``."""

    code: str
    plate: Plate | None = None

    @property
    def facility(self) -> Facility | None:
        """Return the facility of a plate that is or was ours."""
        return self.plate.facility if self.plate else None


def rotate_key(*, actor: User | None, at: dt.datetime) -> str:
    """Make a new signing key and return its name; plates signed with older keys stay valid."""
    folder = _folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"k{len(_key_files()) + 1}"
    private = Ed25519PrivateKey.generate()
    descriptor = os.open(folder / f"{name}.key", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(private.private_bytes_raw())
    access.record(actor=actor, action="enterprises.plate_key", object_type="plate_key", object_id=name, at=at)
    return name


def public_keys() -> dict[str, str]:
    """Return the public keys by name, 32 bytes each in base64url; they check codes without a network."""
    return {
        path.stem: base64.urlsafe_b64encode(_private(path).public_key().public_bytes_raw()).decode()
        for path in _key_files()
    }


def issue(*, facility: Facility, actor: User | None, at: dt.datetime, reason: str = "") -> Plate:
    """Issue a plate; the one before is revoked with the reason.

    Raises
    ------
    ValueError
        If there is a valid plate and no reason to replace it.
    """
    with transaction.atomic():
        Facility.objects.select_for_update().get(pk=facility.pk)
        before = queries.valid_plate(facility=facility)
        if before is not None:
            revoke(plate=before, actor=actor, at=at, reason=reason)
        serial = (Plate.objects.filter(facility=facility).aggregate(last=Max("serial"))["last"] or 0) + 1
        key = _newest_key(actor, at)
        day = at.astimezone(periods.BEIJING).date()
        claims = rules.Claims(facility.code, serial, day, key)
        signature = _private(_folder() / f"{key}.key").sign(rules.signed_part(claims))
        plate = Plate.objects.create(
            facility=facility,
            serial=serial,
            key=key,
            token=rules.encode(claims, signature),
            issued_at=at,
            issued_by=actor,
        )
        _note(plate, actor, "issue_plate", at, reason)
    return plate


def revoke(*, plate: Plate, actor: User | None, at: dt.datetime, reason: str) -> Plate:
    """Revoke a plate; a plate that is revoked stays as it is.

    Raises
    ------
    ValueError
        Without a reason.
    """
    if not reason.strip():
        raise ValueError("a plate is revoked with a reason")
    with transaction.atomic():
        plate = Plate.objects.select_for_update().get(pk=plate.pk)
        if plate.revoked_at is None:
            plate.revoked_at, plate.revoked_by, plate.reason = at, actor, reason.strip()
            plate.save(update_fields=["revoked_at", "revoked_by", "reason"])
            _note(plate, actor, "revoke_plate", at, reason)
    return plate


def verify(*, token: str) -> Verdict:
    """Return what a code is worth: the signature first, then whether the plate was issued and still holds."""
    try:
        claims, signature = rules.decode(token)
        public = base64.urlsafe_b64decode(public_keys()[claims.key])
        Ed25519PublicKey.from_public_bytes(public).verify(signature, rules.signed_part(claims))
    except (rules.Forged, KeyError, InvalidSignature):
        return Verdict("forged")
    plate = Plate.objects.filter(token=token).select_related("facility__region").first()
    if plate is None:
        return Verdict("unknown")
    return Verdict("valid" if plate.revoked_at is None else "revoked", plate)


def revocations(*, at: dt.datetime) -> dict[str, Any]:
    """Return the signed list of revoked plates: ``list`` (the signed text), ``key``, ``signature``.

    The text is JSON: ``issued_at`` and per plate ``facility``, ``serial``, ``revoked_at``.
    """
    revoked = Plate.objects.exclude(revoked_at=None).select_related("facility").order_by("revoked_at", "pk")
    rows = [
        {"facility": row.facility.code, "serial": row.serial, "revoked_at": row.revoked_at.isoformat()}
        for row in revoked
        if row.revoked_at
    ]
    text = json.dumps({"issued_at": at.isoformat(), "revoked": rows}, ensure_ascii=False, sort_keys=True)
    if not _key_files():
        return {"list": text, "key": "", "signature": ""}
    newest = _key_files()[-1]
    signature = base64.urlsafe_b64encode(_private(newest).sign(text.encode())).decode()
    return {"list": text, "key": newest.stem, "signature": signature}


def log_scan(
    *,
    verdict: Verdict,
    user: User | None,
    at: dt.datetime,
    address: str,
    longitude: float | None = None,
    latitude: float | None = None,
) -> Scan:
    """Keep who looked at a plate, when and, where given, from where [degrees, CGCS2000].

    Raises
    ------
    TooManyScans
        If the address has asked more often in the last minute than the room's settings allow.
    """
    hashed = hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()
    lately = Scan.objects.filter(address_hash=hashed, at__gt=at - dt.timedelta(minutes=1)).count()
    if lately >= rules.plate_settings()["scans_per_minute"]:
        raise TooManyScans
    on = at.astimezone(periods.BEIJING).date()
    held = access_queries.assignments(user, on) if user else []
    return Scan.objects.create(
        plate=verdict.plate,
        verdict=verdict.code,
        user=user,
        role=held[0].role.code if held else "",
        at=at,
        address_hash=hashed,
        longitude=longitude,
        latitude=latitude,
    )


def _folder() -> pathlib.Path:
    return pathlib.Path(settings.DATA) / "plate-keys"


def _key_files() -> list[pathlib.Path]:
    return sorted(_folder().glob("k*.key"), key=lambda path: int(path.stem[1:]))


def _newest_key(actor: User | None, at: dt.datetime) -> str:
    files = _key_files()
    return files[-1].stem if files else rotate_key(actor=actor, at=at)


def _private(path: pathlib.Path) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes()[:KEY_BYTES])


def _note(plate: Plate, actor: User | None, action: str, at: dt.datetime, reason: str) -> None:
    access.record(
        actor=actor,
        action=f"enterprises.{action}",
        object_type="plate",
        object_id=str(plate),
        after={"facility": plate.facility.code, "serial": plate.serial, "key": plate.key},
        reason=reason,
        at=at,
    )
