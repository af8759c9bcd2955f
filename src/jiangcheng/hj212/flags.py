"""Flag of the header, by position of the bits, and the flags that qualify a value.

Bit 1 says that PNUM and PNO are present, bit 0 that an answer is wanted, the six bits above hold the edition.
The editions of 2017 and 2025 print the names D and A of the low bits in opposite order, so no letter is used.
"""

from __future__ import annotations

from typing import Final, NamedTuple

ANSWER: Final = 0b01
PARTS: Final = 0b10
EDITIONS: Final[dict[int, str]] = {0: "2005", 1: "2017", 2: "2025"}
"""Edition by the six version bits."""
_BITS: Final = {edition: bits for bits, edition in EDITIONS.items()}


def version(flag: int | None) -> str:
    """Return the edition that a Flag stands for; without Flag 2005, with unknown bits the newest."""
    return "2005" if flag is None else EDITIONS.get(flag >> 2, "2025")


def answer_wanted(flag: int | None) -> bool:
    """Return whether bit 0 is set."""
    return flag is not None and bool(flag & ANSWER)


def has_parts(flag: int | None) -> bool:
    """Return whether bit 1 is set."""
    return flag is not None and bool(flag & PARTS)


def compose(edition: str, *, answer: bool = False, parts: bool = False) -> int:
    """Return the Flag of an edition, '2005', '2017' or '2025'."""
    return _BITS[edition] << 2 | (PARTS if parts else 0) | (ANSWER if answer else 0)


class DataFlag(NamedTuple):
    """Qualifier of a value, HJ 212-2017 table 8."""

    code: str
    zh: str
    en: str
    valid: bool


DATA_FLAGS: Final[dict[str, DataFlag]] = {
    row.code: row
    for row in (
        DataFlag("N", "正常", "normal", True),
        DataFlag("F", "停运", "instrument out of service", False),
        DataFlag("M", "维护", "maintenance", False),
        DataFlag("S", "手工输入", "set by hand", False),
        DataFlag("D", "故障", "instrument fault", False),
        DataFlag("C", "校准", "calibration", False),
        DataFlag("T", "超测量上限", "above the measuring range", False),
        DataFlag("B", "通讯异常", "no communication with the instrument", False),
    )
}
"""Flags of `xxxxxx-Flag` in the editions of 2017 and 2025, by code."""
