"""Sealing small secrets: what is in the database is of no use without the installation's key."""

from __future__ import annotations

import base64
import functools
import os
import pathlib
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

NONCE = 12


class Broken(ValueError):  # noqa: N818
    """What was sealed has been altered, or was sealed for something else or by another key."""


def sealed(text: str, *, purpose: str) -> str:
    """Return a text sealed by AES-256-GCM; only `opened` with the same purpose reads it."""
    nonce = secrets.token_bytes(NONCE)
    return base64.urlsafe_b64encode(
        nonce + _cipher().encrypt(nonce, text.encode(), purpose.encode())
    ).decode()


def opened(text: str, *, purpose: str) -> str:
    """Return what was sealed.

    Raises
    ------
    Broken
        If it cannot be.
    """
    try:
        raw = base64.urlsafe_b64decode(text)
        return _cipher().decrypt(raw[:NONCE], raw[NONCE:], purpose.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise Broken(purpose) from error


def _cipher() -> AESGCM:
    return AESGCM(_key(settings.DATA))


@functools.lru_cache(maxsize=4)
def _key(folder: pathlib.Path) -> bytes:
    path = folder / "vault-key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(key := AESGCM.generate_key(256))
    return key
