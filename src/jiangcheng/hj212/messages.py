"""What was said: frames, headers, items and messages. Nothing here is lost or corrected."""

from __future__ import annotations

import datetime
import functools
import math
import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from jiangcheng.hj212 import flags
from jiangcheng.hj212.errors import FrameError


class NeedData:
    """Type of `NEED_DATA`, so that the three answers of `next_event` can be told apart by type."""

    def __repr__(self) -> str:
        return "NEED_DATA"


NEED_DATA: Final = NeedData()
"""There is no complete frame yet: feed more bytes."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame whose length, check and end are right, or deviate in a known way.

    Attributes
    ----------
    raw : bytes
        The whole frame as it came, ``##`` to the line end.
    segment : bytes
        The data segment, ``QN=`` to the closing ``&&``; decrypted, if it came encrypted and the key was known.
    declared_length : int
        The length field; -1 where it could not be believed.
    crc_given : str
        The four characters of the check as they came.
    offset : int
        Position of ``##`` in the stream [bytes].
    deviations : tuple of str
        Codes of `errors.FAULTS`.
    crc_dialect : str
        Name of the foreign check that fitted, or an empty string.
    encrypted : bool
        Whether the data area came encrypted; then `segment` is not part of `raw`.
    """

    raw: bytes
    segment: bytes
    declared_length: int
    crc_given: str
    offset: int = 0
    deviations: tuple[str, ...] = ()
    crc_dialect: str = ""
    encrypted: bool = False


@dataclass(frozen=True, slots=True)
class ErrorEvent:
    """What a connection hands out where a message could not be read.

    Attributes
    ----------
    error : FrameError
        What was wrong.
    frame : Frame or None
        The frame, when it was whole and only its content could not be read.
    """

    error: FrameError
    frame: Frame | None = None


class Header(NamedTuple):
    """The fields before the data area. An absent text is empty, an absent number is None."""

    qn: str = ""
    st: str = ""
    cn: str = ""
    pw: str = ""
    mn: str = ""
    flag: int | None = None
    pnum: int | None = None
    pno: int | None = None
    rf: bool = False

    @property
    def version(self) -> str:
        """Edition of the standard by Flag: '2005', '2017' or '2025'."""
        return flags.version(self.flag)

    @property
    def answer_wanted(self) -> bool:
        """Bit 0 of Flag; an absent Flag asks for nothing."""
        return flags.answer_wanted(self.flag)


class Item(NamedTuple):
    """One ``name=value`` of the header or the data area.

    The name is split at its last dash into factor code and field (``LA-Rtd-Rtd`` is the field ``Rtd`` of
    ``LA-Rtd``); a name without a dash is a field without a code. `spelled` is what came on the wire where it
    is not the plain spelling: blanks, no ``=``.
    """

    code: str
    field: str
    text: str
    separator: str = ";"
    spelled: str | None = None

    @property
    def name(self) -> str:
        """The name as the standard spells it."""
        return f"{self.code}-{self.field}" if self.code else self.field

    def written(self) -> str:
        """Return the item as it goes on the wire, without its separator."""
        return f"{self.name}={self.text}" if self.spelled is None else self.spelled


class Deviation(NamedTuple):
    """A departure from the standard that was survived: code of `errors.FAULTS`, place and particulars."""

    code: str
    where: str
    detail: str = ""


@dataclass(frozen=True)
class Message:
    """One data segment, read.

    Attributes
    ----------
    header : Header
        Its fields are attributes of the message too.
    head : tuple of Item
        The header fields as they came, in order, with their separators.
    items : tuple of Item
        The data area as it came, in order, with its separators.
    opener, closer : str
        What encloses the data area.
    data_time : datetime or None
        Naive, Beijing time. For 2031, 2041, 2051 and 2061 the start of the interval, for 2011 and 2021 the
        instant of sampling (HJ 212-2017, table 4).
    encoding : str
        'ascii', 'utf-8', 'gbk', 'gb18030', or 'latin-1' where none of these fits.
    deviations : tuple of Deviation
        In the order in which they were met.
    segment : bytes
        The data segment as it came or goes.
    crc_given : str
        The check as it came; an empty string on a message of our own.
    encrypted : bool
        Whether the data area came encrypted (HJ 212-2025).
    """

    header: Header
    head: tuple[Item, ...]
    items: tuple[Item, ...]
    opener: str = "CP=&&"
    closer: str = "&&"
    data_time: datetime.datetime | None = None
    encoding: str = "ascii"
    deviations: tuple[Deviation, ...] = ()
    segment: bytes = b""
    crc_given: str = ""
    encrypted: bool = False

    @property
    def qn(self) -> str:
        """Number of the exchange, normally ``YYYYMMDDhhmmsszzz``."""
        return self.header.qn

    @property
    def st(self) -> str:
        """Code of the monitoring system, HJ 212-2017 table 5."""
        return self.header.st

    @property
    def cn(self) -> str:
        """Code of the command."""
        return self.header.cn

    @property
    def pw(self) -> str:
        """Access password."""
        return self.header.pw

    @property
    def mn(self) -> str:
        """Identity of the data logger."""
        return self.header.mn

    @property
    def flag(self) -> int | None:
        """Flag as a number, None where it is absent."""
        return self.header.flag

    @property
    def pnum(self) -> int | None:
        """Number of parts."""
        return self.header.pnum

    @property
    def pno(self) -> int | None:
        """Number of this part, from 1."""
        return self.header.pno

    @property
    def rf(self) -> bool:
        """Whether the report is a re-transmission (HJ 212-2025)."""
        return self.header.rf

    @property
    def version(self) -> str:
        """Edition of the standard by Flag: '2005', '2017' or '2025'."""
        return self.header.version

    @property
    def answer_wanted(self) -> bool:
        """Whether the sender waits for 9011, 9013 or 9014."""
        return self.header.answer_wanted

    @property
    def has_parts(self) -> bool:
        """Whether the message carries the number of a part."""
        return self.pnum is not None and self.pno is not None

    @property
    def key(self) -> tuple[str, str, str, int]:
        """(MN, QN, CN, PNO): the same for a message and its re-sent copies."""
        return self.mn, self.qn, self.cn, self.pno or 0

    @functools.cached_property
    def factors(self) -> dict[str, dict[str, str]]:
        """Texts by factor code and field; of a repeated field the last."""
        grouped: dict[str, dict[str, str]] = {}
        for item in self.items:
            if item.code:
                grouped.setdefault(item.code, {})[item.field] = item.text
        return grouped

    @functools.cached_property
    def params(self) -> dict[str, str]:
        """Texts of the fields that belong to no factor; of a repeated field the last."""
        return {item.field: item.text for item in self.items if item.field and not item.code}


FIELDS: Final = (
    *("Rtd", "Min", "Avg", "Max", "Cou", "ZsRtd", "ZsMin", "ZsAvg", "ZsMax"),
    *("RS", "RT", "Data", "DayData", "NightData", "SampleRd", "StandardValue"),
)
"""Fields of a factor whose value is a number (HJ 212-2017 table 4; the last two 2025)."""

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def number(text: str) -> float | None:
    """Return a value as a number, or None where the text is not one.

    Dashes, an empty text, ``NaN``, ``null``, a unit behind the digits and full-width digits occur in practice
    and are no numbers.
    """
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    return value if math.isfinite(value) else None
