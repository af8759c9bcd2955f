"""An evidence pack (证据包): a ZIP whose manifest names every file by SHA-256, and whose manifest is signed.

Who has the file and the public key can check it without a network, this platform or its database. The signature is
Ed25519 over the bytes of ``manifest.json``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jiangcheng.modules.emissions.rules import withholding

MANIFEST, SIGNATURE, PUBLIC_KEY = "manifest.json", "manifest.sig", "public-key.txt"
SEALS = frozenset((MANIFEST, SIGNATURE, PUBLIC_KEY))
FORM = "jiangcheng-evidence/2"
FORMS = frozenset(("jiangcheng-evidence/1", FORM))
"""The first form showed raw packets with their passwords; packs of it are still checked."""
LARGEST = 1 << 30
"""Bytes that a pack may unfold to."""
UNREADABLE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError,
    ValueError, RecursionError,
)  # fmt: skip
"""What reading a damaged archive raises."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every entry: equal contents make equal packs."""


class Verdict(NamedTuple):
    """What a pack is worth."""

    problems: tuple[str, ...]
    """Empty where every byte is as it was signed by the key."""
    manifest: Mapping[str, Any]
    fingerprint: str
    """SHA-256 of the key it was checked with, or empty."""
    trusted: bool
    """Whether the key came from outside the pack."""


def manifest_of(files: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    """Return the bytes that are signed.

    Parameters
    ----------
    files
        Contents by name.
    about
        What the pack is: number, outlet, period, rule, who made it and when.

    Raises
    ------
    ValueError
        If a name belongs to the seals, or leads out of the folder.
    """
    for name in files:
        if name in SEALS or name.startswith("/") or ".." in name.split("/") or "\\" in name:
            raise ValueError(f"no name for a file of a pack: {name!r}")
    listed = [
        {"name": name, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for name, content in sorted(files.items())
    ]
    document = {"form": FORM, **about, "files": listed}
    return json.dumps(document, ensure_ascii=False, sort_keys=True, indent=1).encode()


def seal(
    files: Mapping[str, bytes], about: Mapping[str, Any], sign: Callable[[bytes], bytes], public_key: bytes
) -> bytes:
    """Return a pack.

    Parameters
    ----------
    sign
        Signs bytes by the private key that belongs to `public_key` (32 bytes).
    """
    manifest = manifest_of(files, about)
    seals = {
        MANIFEST: manifest,
        SIGNATURE: base64.b64encode(sign(manifest)) + b"\n",
        PUBLIC_KEY: key_text(public_key).encode() + b"\n",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in [*seals.items(), *sorted(files.items())]:
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return out.getvalue()


def examine(pack: bytes, public_key: bytes | None = None) -> Verdict:
    """Check a pack: its signature, then every file against the manifest.

    Parameters
    ----------
    public_key
        The published key, 32 bytes. None: the key inside is used, which proves that nothing was changed since the
        signature, not whose it is.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(pack)) as archive:
            return _examined(archive, public_key)
    except UNREADABLE as error:
        return Verdict((f"not a readable pack: {error}",), {}, "", False)


def _examined(archive: zipfile.ZipFile, public_key: bytes | None) -> Verdict:
    names = archive.namelist()
    if len(set(names)) != len(names):
        return Verdict(("a name stands twice",), {}, "", False)
    if missing := sorted(SEALS - set(names)):
        return Verdict(tuple(f"{name} is missing" for name in missing), {}, "", False)
    if sum(item.file_size for item in archive.infolist()) > LARGEST:
        return Verdict(("larger than a pack may be",), {}, "", False)
    manifest = archive.read(MANIFEST)
    try:
        key = public_key if public_key is not None else key_of(archive.read(PUBLIC_KEY).decode())
        signature = base64.b64decode(archive.read(SIGNATURE), validate=False)
        Ed25519PublicKey.from_public_bytes(key).verify(signature, manifest)
    except (InvalidSignature, ValueError) as error:
        reason = "not signed by this key" if isinstance(error, InvalidSignature) else f"no signature: {error}"
        return Verdict((reason,), {}, "", public_key is not None)
    document: dict[str, Any] = json.loads(manifest)
    if not _is_manifest(document):
        return Verdict(("the manifest names no files",), {}, "", public_key is not None)
    problems = _differences(archive, document)
    return Verdict(tuple(problems), document, fingerprint(key), public_key is not None)


def _is_manifest(document: Any) -> bool:
    if not isinstance(document, dict) or not isinstance(document.get("files"), list):
        return False
    return all(
        isinstance(item, dict) and isinstance(item.get("name"), str) and {"size", "sha256"} <= item.keys()
        for item in document["files"]
    )


def _differences(archive: zipfile.ZipFile, document: Mapping[str, Any]) -> list[str]:
    if document.get("form") not in FORMS:
        return [f"unknown form {document.get('form')!r}"]
    listed = {item["name"]: item for item in document["files"]}
    there = set(archive.namelist()) - SEALS
    problems = [f"{name} is missing" for name in sorted(set(listed) - there)]
    problems += [f"{name} is not in the manifest" for name in sorted(there - set(listed))]
    for name in sorted(there & set(listed)):
        content = archive.read(name)
        if (
            hashlib.sha256(content).hexdigest() != listed[name]["sha256"]
            or len(content) != listed[name]["size"]
        ):
            problems.append(f"{name} was changed")
        elif name == withholding.FILE and document["form"] == FORM:
            problems += withholding.problems(content)
    return problems


def packets(pack: bytes) -> bytes:
    """Return the lines of the raw packets of a pack that was found unbroken; empty where it has none."""
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return archive.read(withholding.FILE) if withholding.FILE in archive.namelist() else b""


def key_text(public_key: bytes) -> str:
    """Return a public key as text: base64url of its 32 bytes."""
    return base64.urlsafe_b64encode(public_key).decode()


def key_of(text: str) -> bytes:
    """Return a public key from its text.

    Raises
    ------
    ValueError
        If it is none.
    """
    try:
        key = base64.b64decode(text.strip() + "=" * (-len(text.strip()) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not a public key") from error
    if len(key) != 32:
        raise ValueError("not a public key: 32 bytes are expected")
    return key


def fingerprint(public_key: bytes) -> str:
    """Return the SHA-256 of a public key, in groups of four to be compared by eye."""
    digest = hashlib.sha256(public_key).hexdigest()
    return " ".join(digest[place : place + 4] for place in range(0, 32, 4))
