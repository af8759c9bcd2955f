"""Encrypted data areas of HJ 212-2025 (transport security and annex A.2), with keys that are passed in.

SM4 (GB/T 32907) with a key of 128 bits, in ECB, without padding: what stands between ``CP=&&`` and the closing ``&&``
is taken in groups of 16 bytes, and a last group that is shorter stays in clear. The check is that of the *plain*
segment, so it can only be verified after decryption. The cipher goes on the line as raw bytes, exactly as long as
the plain text; line ends and ``&&`` may occur in it, hence such frames are cut by their length field alone. Nothing
in the header says that a frame is encrypted, and nothing authenticates it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from jiangcheng.hj212 import crc
from jiangcheng.hj212.errors import LocalProtocolError

BLOCK: Final = 16
"""Length of a key and of a group [bytes]."""

Keys = Callable[[str], Sequence[bytes]]
"""The keys of a data logger by its MN, the one to encrypt with first; none for a logger that sends in clear."""

_OPENER: Final = b"CP=&&"
_CLOSER: Final = b"&&"
# A right key gives the name of an item; a wrong one passes the check, which has only 256 values, once in 256 times.
_SENSIBLE = re.compile(rb" *[A-Za-z0-9_-]+ *=")
_CONTROLS: Final = bytes(range(0x20))
# Possessive: a long run of blanks is walked once, not once from each of its places.
_PRINTED = re.compile(rb"\s*+\{\s*+(0[xX][0-9A-Fa-f]{2}(?:\s*+,\s*+0[xX][0-9A-Fa-f]{2})*+)\s*+,?+\s*+\}")
_PRINTED_BYTE = re.compile(rb"0[xX]([0-9A-Fa-f]{2})")
_MN = re.compile(rb"(?:^|[;,]) *MN=([^;,]*)")


def _checked(key: bytes) -> bytes:
    if len(key) != BLOCK:
        raise LocalProtocolError(f"a key of {len(key)} bytes; SM4 wants {BLOCK}")
    return bytes(key)


@dataclass(frozen=True)
class KeyRing:
    """The keys of many data loggers, as a mapping that can be passed where `Keys` are wanted.

    Parameters
    ----------
    by_mn : mapping of str to sequence of bytes
        Keys by MN, the newest first. After a change of key (CN 1014) the old one stays valid for what is still
        under way, so both are given.
    default : sequence of bytes
        Keys of every other logger.

    Raises
    ------
    LocalProtocolError
        A key does not have 16 bytes.
    """

    by_mn: Mapping[str, Sequence[bytes]] = field(default_factory=dict)
    default: Sequence[bytes] = ()

    def __post_init__(self) -> None:
        for key in (*self.default, *(key for keys in self.by_mn.values() for key in keys)):
            _checked(key)

    def __call__(self, mn: str) -> Sequence[bytes]:
        """Return the keys of a logger, newest first."""
        return self.by_mn.get(mn, self.default)

    def __repr__(self) -> str:
        return f"KeyRing({len(self.by_mn)} loggers)"


def encrypt_area(area: bytes, key: bytes) -> bytes:
    """Encrypt the whole groups of a data area; the rest stays in clear.

    Raises
    ------
    LocalProtocolError
        The key does not have 16 bytes.
    """
    return _transformed(area, key, encrypting=True)


def decrypt_area(area: bytes, key: bytes) -> bytes:
    """Decrypt the whole groups of a data area; any bytes give some bytes, the check must tell whether they are right.

    Raises
    ------
    LocalProtocolError
        The key does not have 16 bytes.
    """
    return _transformed(area, key, encrypting=False)


def _transformed(area: bytes, key: bytes, *, encrypting: bool) -> bytes:
    # ECB is what the standard prescribes, weak as it is.
    cipher = Cipher(algorithms.SM4(_checked(key)), modes.ECB())
    work = cipher.encryptor() if encrypting else cipher.decryptor()
    whole = len(area) - len(area) % BLOCK
    return work.update(area[:whole]) + work.finalize() + area[whole:]


def in_scope(cn: str) -> bool:
    """Return whether the standard asks to encrypt a command: 2000 to 2999, 1014 and 3020."""
    return cn in ("1014", "3020") or (len(cn) == 4 and cn[0] == "2" and cn.isdigit())


def encrypt_segment(segment: bytes, key: bytes) -> bytes:
    """Return a plain data segment with its data area encrypted, of the same length.

    Raises
    ------
    LocalProtocolError
        The segment has no data area enclosed in ``&&``, or the key does not have 16 bytes.
    """
    start = segment.find(_OPENER) + len(_OPENER)
    if start < len(_OPENER) or not segment.endswith(_CLOSER) or len(segment) < start + len(_CLOSER):
        raise LocalProtocolError("there is no data area to encrypt")
    return segment[:start] + encrypt_area(segment[start:-2], key) + _CLOSER


class Opened(NamedTuple):
    """A data segment in clear, and whether its cipher had been sent as text, ``{0xE4,0x3E,…}``."""

    segment: bytes
    printed: bool = False


def open_segment(segment: bytes, given: int | None, keys: Keys) -> Opened | None:
    """Decrypt a data segment with the first key of its logger that fits; None where none does.

    Parameters
    ----------
    segment : bytes
        The segment as it came, header in clear.
    given : int or None
        The check that came with it, which is that of the plain text; None where it is known to be right.
    keys : Keys
        The keys by MN.
    """
    start = segment.find(_OPENER) + len(_OPENER)
    if start < len(_OPENER) or not segment.endswith(_CLOSER):
        return None
    head, area = segment[:start], segment[start:-2]
    named = _MN.search(head)
    candidates = keys(named[1].decode("latin-1").strip() if named else "")
    for cipher, printed in _ciphers(area):
        for key in candidates:
            plain = decrypt_area(cipher, key)
            whole = head + plain + _CLOSER
            if (given is None or crc.crc16(whole) == given) and _is_sensible(plain):
                return Opened(whole, printed)
    return None


def _ciphers(area: bytes) -> Iterator[tuple[bytes, bool]]:
    if printed := _PRINTED.match(area):
        digits = b"".join(_PRINTED_BYTE.findall(printed[1])).decode("ascii")
        yield bytes.fromhex(digits) + area[printed.end() :], True
    yield area, False


def _is_sensible(plain: bytes) -> bool:
    return _SENSIBLE.match(plain) is not None and plain.translate(None, _CONTROLS) == plain
