"""The second factor: one-time codes (RFC 6238), recovery codes, passkeys (WebAuthn)."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import secrets
from collections.abc import Mapping
from typing import Any

import pyotp
import webauthn
from django.conf import settings
from django.db import transaction
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from jiangcheng.core.access import rules
from jiangcheng.core.access.models import Authenticator, Passkey, RecoveryCode, User
from jiangcheng.core.access.services import audit, people, vault

PURPOSE = "totp"
STEP = 30
ISSUER = "Jiangcheng"
MOST_PASSKEYS = 10


class WrongCode(ValueError):  # noqa: N818
    """The code is wrong, too old, or was used before."""


class WrongKey(ValueError):  # noqa: N818
    """The browser's answer does not come from a key of this person, or not for this question."""


def has_second_factor(user: User) -> bool:
    """Tell whether a person has a confirmed authenticator or a passkey."""
    return has_authenticator(user) or Passkey.objects.filter(user=user).exists()


def has_authenticator(user: User) -> bool:
    """Tell whether a person has a confirmed authenticator."""
    return Authenticator.objects.filter(user=user, confirmed_at__isnull=False).exists()


def secret_in(address: str) -> str:
    """Return the secret within an ``otpauth`` address, for telephones that cannot read the square code."""
    return pyotp.parse_uri(address).secret


def lacks_second_factor(*, user: User, now: dt.datetime) -> bool:
    """Tell whether a person needs a second factor here and has none."""
    if settings.SECOND_FACTOR == "administrators":
        needed = people.is_administrator(user=user, now=now)
    else:
        needed = settings.SECOND_FACTOR == "all"
    return needed and not has_second_factor(user)


def begin_authenticator(*, user: User) -> str:
    """Return the ``otpauth`` address of a new authenticator; it counts once a code of it was right."""
    secret = pyotp.random_base32()
    Authenticator.objects.update_or_create(
        user=user,
        confirmed_at=None,
        defaults={"sealed_secret": vault.sealed(secret, purpose=PURPOSE), "last_step": 0},
    )
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)


def confirm_authenticator(*, user: User, code: str, now: dt.datetime) -> list[str]:
    """Confirm a new authenticator by its first code, and return fresh recovery codes, shown only now.

    Raises
    ------
    WrongCode
        If the code is wrong, or nothing was begun.
    """
    with transaction.atomic():
        device = Authenticator.objects.select_for_update().filter(user=user, confirmed_at=None).first()
        if device is None or not _takes(device, code, now):
            raise WrongCode
        device.confirmed_at = now
        device.save()
        audit.record(
            actor=user, action="access.add_authenticator", object_type="user", object_id=user.username, at=now
        )
        return _new_recovery_codes(user)


def check_code(*, user: User, code: str, now: dt.datetime) -> None:
    """Take a one-time code or a recovery code; each opens once.

    Raises
    ------
    WrongCode
        If it does not open.
    """
    with transaction.atomic():
        found = Authenticator.objects.select_for_update().filter(user=user, confirmed_at__isnull=False)
        device = found.first()
        if device is not None and _takes(device, code, now):
            device.save()
            return
        hashed = _hash(code.strip().lower())
        codes = RecoveryCode.objects.select_for_update()
        row = codes.filter(user=user, hash=hashed, used_at=None).first()
        if row is None:
            raise WrongCode
        row.used_at = now
        row.save()
        audit.record(
            actor=user, action="access.use_recovery_code", object_type="user", object_id=user.username, at=now
        )


def remove_factors(*, user: User, actor: User, now: dt.datetime, reason: str = "") -> None:
    """Take away all second factors of a person, as when the telephone is lost."""
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        Passkey.objects.filter(user=user).delete()
        RecoveryCode.objects.filter(user=user).delete()
        audit.record(
            actor=actor,
            action="access.remove_factors",
            object_type="user",
            object_id=user.username,
            reason=reason,
            at=now,
        )


def passkey_registration(*, user: User, host: str) -> tuple[str, str]:
    """Return the options for the browser as JSON, and the challenge to remember, base64url."""
    options = webauthn.generate_registration_options(
        rp_id=host,
        rp_name=ISSUER,
        user_id=str(user.pk).encode(),
        user_name=user.username,
        user_display_name=str(user),
        exclude_credentials=_descriptors(user),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return webauthn.options_to_json(options), bytes_to_base64url(options.challenge)


def add_passkey(
    *,
    user: User,
    answer: Mapping[str, Any],
    challenge: str,
    host: str,
    origin: str,
    name: str,
    now: dt.datetime,
) -> Passkey:
    """Keep a key the browser has made.

    Raises
    ------
    WrongKey
        If its answer does not fit the question.
    """
    if Passkey.objects.filter(user=user).count() >= MOST_PASSKEYS:
        raise WrongKey
    try:
        made = webauthn.verify_registration_response(
            credential=json.dumps(answer),
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=host,
            expected_origin=origin,
        )
    except (WebAuthnException, ValueError, KeyError) as error:
        raise WrongKey from error
    with transaction.atomic():
        passkey, created = Passkey.objects.get_or_create(
            credential_id=bytes_to_base64url(made.credential_id),
            defaults={
                "user": user,
                "public_key": made.credential_public_key,
                "sign_count": made.sign_count,
                "name": name.strip()[:60] or "passkey",
                "created_at": now,
            },
        )
        if not created:
            raise WrongKey
        audit.record(
            actor=user,
            action="access.add_passkey",
            object_type="user",
            object_id=user.username,
            after={"name": passkey.name},
            at=now,
        )
    return passkey


def passkey_question(*, user: User, host: str) -> tuple[str, str]:
    """Return the options for the browser as JSON, and the challenge to remember, base64url."""
    options = webauthn.generate_authentication_options(
        rp_id=host,
        allow_credentials=_descriptors(user),
        user_verification=UserVerificationRequirement.PREFERRED,
    )
    return webauthn.options_to_json(options), bytes_to_base64url(options.challenge)


def check_passkey(
    *, user: User, answer: Mapping[str, Any], challenge: str, host: str, origin: str, now: dt.datetime
) -> None:
    """Take the answer of a key; a copied key is found by its counter.

    Raises
    ------
    WrongKey
        If it does not open.
    """
    with transaction.atomic():
        keys = Passkey.objects.select_for_update()
        passkey = keys.filter(user=user, credential_id=str(answer.get("id", ""))).first()
        if passkey is None:
            raise WrongKey
        try:
            checked = webauthn.verify_authentication_response(
                credential=json.dumps(answer),
                expected_challenge=base64url_to_bytes(challenge),
                expected_rp_id=host,
                expected_origin=origin,
                credential_public_key=bytes(passkey.public_key),
                credential_current_sign_count=passkey.sign_count,
            )
        except (WebAuthnException, ValueError, KeyError) as error:
            raise WrongKey from error
        passkey.sign_count, passkey.last_used_at = checked.new_sign_count, now
        passkey.save()


def _takes(device: Authenticator, code: str, now: dt.datetime) -> bool:
    """Tell whether a code opens, and note its step on the device, unsaved."""
    totp = pyotp.TOTP(vault.opened(device.sealed_secret, purpose=PURPOSE))
    tolerance = rules.log_in().totp_steps
    present = int(now.timestamp()) // STEP
    for step in range(present - tolerance, present + tolerance + 1):
        right = secrets.compare_digest(totp.at(step * STEP), code.strip())
        if right and rules.may_take_step(step, present, device.last_step, tolerance):
            device.last_step = step
            return True
    return False


def _new_recovery_codes(user: User) -> list[str]:
    RecoveryCode.objects.filter(user=user).delete()
    codes = [
        base64.b32encode(secrets.token_bytes(10)).decode().lower()
        for _ in range(rules.log_in().recovery_codes)
    ]
    RecoveryCode.objects.bulk_create([RecoveryCode(user=user, hash=_hash(code)) for code in codes])
    return codes


def _descriptors(user: User) -> list[PublicKeyCredentialDescriptor]:
    keys = Passkey.objects.filter(user=user).values_list("credential_id", flat=True)
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(key)) for key in keys]


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
