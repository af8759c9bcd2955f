"""Raw packets without their passwords, and a commitment by which the originals can be shown later.

The value of every password field is replaced, byte by byte, by asterisks. With it goes the check of the frame: where
every other byte is known, the check of HJ 212 rules out 255 of 256 passwords, and the 16-bit checks that devices send
instead leave about ten of a million. Which check was right is said beside the packet.

The commitment is SHA-256 of a domain, a salt of 32 secret bytes and the original packet. It hides the original, since
nobody without the salt can try passwords against it, and binds who made it, since no other packet has the same. The
salt stays with the platform; an opening (salt and original) proves a single packet to a court.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

FILE = "packets.jsonl"
DOMAIN = b"jiangcheng-packet/1\0"
SALT_BYTES = 32
MASK = ord("*")
SECRET = re.compile(rb"(?:PW|SK)\s*=\s*([^;&\r\n]+)", re.IGNORECASE)
"""Password (PW, NewPW) and key (NewSK) of a frame, wherever they stand; the value ends with the field."""
CHECK = re.compile(rb"([0-9A-Za-z]{1,4})(?:\r|\n|\\r|\\n)*\Z")
STATEMENT: Mapping[str, str] = {
    "fields": "PW, NewPW, NewSK, and the check (CRC) of a packet that has one of them",
    "form": "each withheld byte is '*'; 'withheld' lists the byte ranges",
    "commitment": "SHA-256('jiangcheng-packet/1' + NUL + 32 secret bytes + original packet)",
    "why_zh": "访问密码不随证据外流；其余字节已知时，CRC 可排除绝大多数密码，故一并隐去，并注明原校验为何种算法。"
    "平台可就单个报文出具原文与盐值以供核对。",
    "why_en": "Passwords do not travel with evidence. With every other byte known the CRC rules most of them out,"
    " so it is withheld too, and which check fitted is stated. The platform can open single packets by original and"
    " salt.",
}
"""What the manifest of a pack says about what is not in it."""


class Withheld(NamedTuple):
    """A packet as it may be shown."""

    raw: bytes
    ranges: tuple[tuple[int, int], ...]
    """Byte ranges ``[begin, end)`` that were replaced."""


def withheld(raw: bytes) -> Withheld:
    """Return a packet with its secrets replaced; its length and every other byte stay."""
    ranges = [match.span(1) for match in SECRET.finditer(raw)]
    check = CHECK.search(raw) if ranges else None
    if check is not None and check.start(1) >= ranges[-1][1]:
        ranges.append(check.span(1))
    shown = bytearray(raw)
    for begin, end in ranges:
        shown[begin:end] = bytes([MASK]) * (end - begin)
    return Withheld(bytes(shown), tuple(ranges))


def salt(secret: bytes, pack: str, seq: int) -> bytes:
    """Return the salt of a packet: nobody without the platform's secret can tell it from chance.

    Parameters
    ----------
    secret
        32 bytes that never leave the platform.
    pack
        What tells the pack from every other.
    seq
        Number of the packet in the journal.
    """
    return hmac.new(secret, f"{pack}\0{seq}".encode(), hashlib.sha256).digest()


def commitment(salt: bytes, raw: bytes) -> str:
    """Return the commitment to an original packet, 64 hexadecimal digits.

    Raises
    ------
    ValueError
        If the salt is not of 32 bytes: without a fixed length the packet could be made to begin elsewhere.
    """
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt has 32 bytes")
    return hashlib.sha256(DOMAIN + salt + raw).hexdigest()


def line(packet: Mapping[str, Any], salt: bytes) -> bytes:
    """Return the line of a packet: its facts, its shown bytes, what is withheld, and the commitment."""
    found = withheld(packet["raw"])
    told = {
        **packet,
        "raw": base64.b64encode(found.raw).decode(),
        "withheld": found.ranges,
        "commitment": commitment(salt, packet["raw"]),
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, default=str).encode() + b"\n"


def problems(content: bytes) -> list[str]:
    """Return what is wrong with the packets of a pack: unreadable lines, or a secret that is still there."""
    found = []
    for number, text in enumerate(content.splitlines(), 1):
        try:
            _, raw, _ = _read(text)
        except (ValueError, TypeError, KeyError, RecursionError):
            found.append(f"{FILE} line {number} is no packet")
            continue
        if any(set(match[1]) != {MASK} for match in SECRET.finditer(raw)):
            found.append(f"{FILE} line {number} shows a password")
    return found


def opening(packet: Mapping[str, Any], salt: bytes) -> dict[str, Any]:
    """Return what proves one packet: its number, its original bytes and the salt."""
    return {"seq": packet["seq"], "raw": base64.b64encode(packet["raw"]).decode(), "salt": salt.hex()}


def opening_problems(content: bytes, openings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return which openings do not belong to the packets of a pack; empty where every one of them does."""
    held: dict[int, tuple[bytes, str]] = {}
    for text in content.splitlines():
        try:
            seq, raw, promised = _read(text)
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
        held[seq] = raw, promised
    wrong = []
    for given in openings:
        try:
            seq, original = given["seq"], base64.b64decode(given["raw"], validate=True)
            made = commitment(bytes.fromhex(given["salt"]), original)
            shown, promised = held[seq]
        except (ValueError, TypeError, KeyError):
            wrong.append("an opening is of no packet of the pack")
            continue
        if not hmac.compare_digest(made, promised):
            wrong.append(f"packet {seq}: the opening does not fit the commitment")
        elif withheld(original).raw != shown:
            wrong.append(f"packet {seq}: what was shown is not the original")
    return wrong


def _read(text: bytes) -> tuple[int, bytes, str]:
    """Return number, shown bytes and commitment of a line."""
    told = json.loads(text)
    seq, promised, ranges = told["seq"], told["commitment"], told["withheld"]
    if (
        not isinstance(seq, int)
        or not isinstance(promised, str)
        or re.fullmatch(r"[0-9a-f]{64}", promised) is None
    ):
        raise ValueError("no commitment")
    try:
        raw = base64.b64decode(told["raw"], validate=True)
    except binascii.Error as error:
        raise ValueError("no bytes") from error
    if not _are_masked(raw, ranges):
        raise ValueError("a withheld byte is there")
    return seq, raw, promised


def _are_masked(raw: bytes, ranges: Sequence[Sequence[int]]) -> bool:
    return all(0 <= begin <= end <= len(raw) and set(raw[begin:end]) <= {MASK} for begin, end in ranges)
