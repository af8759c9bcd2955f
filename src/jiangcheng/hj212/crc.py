"""The check of HJ 212 (annex A of every edition) and the foreign checks that devices send instead.

HJ 212 discards the low byte of the register before each byte is taken in, so the state between two bytes has
only eight bits and the update is linear with period eight. Hence the check depends on nothing but the length
modulo 8 and the XOR of the 8-byte words counted from the end, and is computed by folding the segment as one
long integer instead of looping over bytes. It finds every single wrong byte; it cannot find two characters
swapped at a distance of a multiple of eight.
"""

from __future__ import annotations

import binascii
import functools
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

_POLYNOMIAL: Final = 0xA001


def _shift8(register: int) -> int:
    for _ in range(8):
        register = (register >> 1) ^ _POLYNOMIAL if register & 1 else register >> 1
    return register


TABLE: Final[tuple[int, ...]] = tuple(_shift8(byte) for byte in range(256))
"""Register after one byte, for each value of (high byte of the register XOR byte)."""


def _powers() -> tuple[bytes, ...]:
    """Carry-over of a byte that lies k bytes before the end, k = 0..7."""
    rows = [bytes(range(256))]
    for _ in range(7):
        rows.append(bytes(TABLE[state] >> 8 for state in rows[-1]))
    return tuple(rows)


POWERS: Final = _powers()

START: Final = bytes(POWERS[(length - 1) % 8][0xFF] for length in range(8))
"""What the initial register 0xFFFF adds to the final state, by length modulo 8."""

SPELLED: Final = tuple(b"%04X" % value for value in TABLE)
"""The four characters on the wire for each final state."""


def _pair(low: int) -> bytes:
    """Carry-over of two neighbouring bytes at once: 65,536 entries, indexed by (farther, nearer) byte."""
    nearer = int.from_bytes(POWERS[low], "big")
    every = int.from_bytes(b"\x01" * 256, "big")
    return b"".join((nearer ^ every * carried).to_bytes(256, "big") for carried in POWERS[low + 1])


_PAIR0, _PAIR2, _PAIR4, _PAIR6 = (_pair(low) for low in (0, 2, 4, 6))


def _folds(words: int) -> tuple[tuple[int, int], ...]:
    """Shifts and masks that fold so many words into one, halving each time."""
    top = max(words - 1, 0).bit_length()
    return tuple((64 << k, (1 << (64 << k)) - 1) for k in range(top - 1, -1, -1))


# Four digits of length can declare no more than 9,999 bytes.
_FOLDS: Final = tuple(_folds(words) for words in range(9_999 // 8 + 2))


def state(segment: bytes) -> int:
    """Return the final eight-bit state, an index into `TABLE` and `SPELLED`.

    Parameters
    ----------
    segment : bytes
        The data segment, at least one byte.
    """
    length = len(segment)
    words = (length + 7) >> 3
    word = int.from_bytes(segment, "big")
    for shift, mask in _FOLDS[words] if words < len(_FOLDS) else _folds(words):
        word = (word >> shift) ^ (word & mask)
    return (
        _PAIR6[word >> 48]
        ^ _PAIR4[word >> 32 & 0xFFFF]
        ^ _PAIR2[word >> 16 & 0xFFFF]
        ^ _PAIR0[word & 0xFFFF]
        ^ START[length & 7]
    )


_PAIR_ROWS: Final = tuple(np.frombuffer(row, np.uint8) for row in (_PAIR0, _PAIR2, _PAIR4, _PAIR6))
_START_ROW: Final = np.frombuffer(START, np.uint8)


def states(segments: Sequence[bytes]) -> NDArray[np.uint8]:
    """Return the final state of many segments at once, shape ``(len(segments),)``.

    Parameters
    ----------
    segments : sequence of bytes
        Data segments, each of at least one byte.
    """
    if not segments:
        return np.empty(0, np.uint8)
    lengths = np.fromiter(map(len, segments), np.int64, len(segments))
    ends = np.cumsum((lengths + 7) >> 3)
    padded = b"".join([segment.rjust((len(segment) + 7) & ~7, b"\0") for segment in segments])
    words = np.bitwise_xor.reduceat(np.frombuffer(padded, ">u8").astype(np.uint64), np.r_[0, ends[:-1]])
    final: NDArray[np.uint8] = _START_ROW[lengths & 7]
    for low, row in zip((0, 16, 32, 48), _PAIR_ROWS, strict=True):
        final = final ^ row[(words >> np.uint64(low)) & np.uint64(0xFFFF)]
    return final


def crc16(segment: bytes) -> int:
    """Return the check of a data segment, HJ 212-2017 annex A.

    Parameters
    ----------
    segment : bytes
        Everything between the length field and the check, ``QN=`` to the closing ``&&``.

    Returns
    -------
    int
        0..0xFFFF; printed with four upper-case hexadecimal digits, high byte first.
    """
    return TABLE[state(segment)] if segment else 0xFFFF


@functools.cache
def _shifted_words() -> list[int]:
    """Register after two bytes, for each value of (register XOR little-endian word)."""
    table = np.array(TABLE, np.uint16)
    register = np.arange(65_536, dtype=np.uint16)
    for _ in range(2):
        register = (register >> 8) ^ table[register & 0xFF]
    return register.tolist()


# Asked for by three of the checks, for the same segment in a row.
@functools.lru_cache(maxsize=4)
def _reflected(segment: bytes, register: int) -> int:
    """Return the reflected CRC of 0x8005, two bytes at a step."""
    table = _shifted_words()
    for word in np.frombuffer(segment, "<u2", len(segment) // 2).tolist():
        register = table[register ^ word]
    if len(segment) % 2:
        register = (register >> 8) ^ TABLE[(register ^ segment[-1]) & 0xFF]
    return register


@functools.cache
def _of_zeros(length: int) -> int:
    """Return what the initial register 0xFFFF alone adds after so many bytes: the CRC is linear."""
    return _reflected(bytes(length), 0xFFFF)


def _arc(segment: bytes) -> int:
    return _reflected(segment, 0x0000)


def _modbus(segment: bytes) -> int:
    return _arc(segment) ^ _of_zeros(len(segment))


def _swapped(value: int) -> int:
    return (value >> 8) | ((value & 0xFF) << 8)


def _ccitt_open(segment: bytes) -> int:
    """CRC-16/CCITT-FALSE over the segment without its closing ``&&``."""
    return binascii.crc_hqx(segment.removesuffix(b"&&"), 0xFFFF)


DIALECTS: Final[dict[str, Callable[[bytes], int]]] = {
    "modbus": _modbus,
    "modbus-swapped": lambda segment: _swapped(_modbus(segment)),
    "arc": _arc,
    "ccitt-no&&": _ccitt_open,
}
"""Checks seen on real devices in the place of the standard's, by name."""


def dialect(segment: bytes, given: int) -> str | None:
    """Name the foreign check that a device used, or return None when none of them fits.

    Parameters
    ----------
    segment : bytes
        The data segment.
    given : int
        The check that came with it, which is not the standard's.
    """
    return next((name for name, check in DIALECTS.items() if check(segment) == given), None)


def foreign(segment: bytes, given: int) -> tuple[str, ...]:
    """Name every foreign check that fits, whether or not the standard's fits too."""
    return tuple(name for name, check in DIALECTS.items() if check(segment) == given)
