"""The code on a plate: what it claims, and how claims and signature become one short text.

A code is ``base64url(payload) "." base64url(signature)``; the payload is ``1|facility|serial|issued|key``, the
signature Ed25519 over the payload. It can be checked without a network by whoever has the public key.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import datetime as dt

FORM = "1"


class Forged(ValueError):  # noqa: N818
    """A text is no code of a plate."""


@dataclasses.dataclass(frozen=True, slots=True)
class Claims:
    """What a plate says."""

    facility: str
    serial: int
    issued: dt.date
    key: str


def signed_part(claims: Claims) -> bytes:
    """Return the bytes that are signed."""
    parts = (FORM, claims.facility, str(claims.serial), claims.issued.isoformat(), claims.key)
    return "|".join(parts).encode()


def encode(claims: Claims, signature: bytes) -> str:
    """Return the code of a plate."""
    return f"{_text(signed_part(claims))}.{_text(signature)}"


def decode(token: str) -> tuple[Claims, bytes]:
    """Return what a code claims, and its signature, which is not checked here.

    Raises
    ------
    Forged
        If the text has another form.
    """
    head, dot, tail = token.partition(".")
    try:
        form, facility, serial, issued, key = _bytes(head).decode().split("|")
        claims = Claims(facility, int(serial), dt.date.fromisoformat(issued), key)
        signature = _bytes(tail)
    except (ValueError, binascii.Error) as error:
        raise Forged("not the code of a plate") from error
    if not dot or form != FORM or encode(claims, signature) != token:
        raise Forged("not the code of a plate")
    return claims, signature


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
