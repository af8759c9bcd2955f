"""``jiangcheng plates verify``: check the code of a plate without a network and without this installation."""

from __future__ import annotations

import argparse
import base64
import json
import pathlib
import sys
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from jiangcheng.modules.enterprises import rules

if TYPE_CHECKING:
    from jiangcheng.config.commands import Subparsers


def register(commands: Subparsers) -> None:
    """Add the command."""
    plates = commands.add_parser("plates", help="codes of plates")
    actions = plates.add_subparsers(required=True, metavar="ACTION")
    verify = actions.add_parser(
        "verify", help="check a code with downloaded keys; ends with 1 where it is bad"
    )
    verify.add_argument("code", help="what the QR code says: the address or its last part")
    verify.add_argument("--keys", type=pathlib.Path, required=True, help="plate-key.json, as downloaded")
    verify.add_argument("--revoked", type=pathlib.Path, help="plate-revocations.json, as downloaded")
    verify.set_defaults(run=_verify)


def _verify(options: argparse.Namespace) -> int:
    try:
        keys = json.loads(options.keys.read_text(encoding="utf-8"))["keys"]
        revoked = _revoked(options.revoked, keys) if options.revoked else None
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.stderr.write(f"cannot read the keys or the list of revoked plates: {error!r}\n")
        return 2
    except InvalidSignature:
        sys.stderr.write("the list of revoked plates is not signed by these keys\n")
        return 2
    try:
        claims, signature = rules.decode(options.code.rstrip("/").rpartition("/")[2])
        _public(keys[claims.key]).verify(signature, rules.signed_part(claims))
    except (rules.Forged, KeyError, InvalidSignature):
        print("forged")
        return 1
    gone = revoked is not None and (claims.facility, claims.serial) in revoked
    verdict = "revoked" if gone else "valid" if revoked is not None else "valid, revocation not checked"
    print(
        f"{verdict}: facility {claims.facility}, plate {claims.serial}, issued {claims.issued}, key {claims.key}"
    )
    return int(gone)


def _revoked(path: pathlib.Path, keys: dict[str, str]) -> set[tuple[str, int]]:
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if told["key"]:
        _public(keys[told["key"]]).verify(base64.urlsafe_b64decode(told["signature"]), told["list"].encode())
    return {(row["facility"], row["serial"]) for row in json.loads(told["list"])["revoked"]}


def _public(text: str) -> Ed25519PublicKey:
    return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text))
