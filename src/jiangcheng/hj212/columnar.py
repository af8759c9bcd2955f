"""Many data segments at once, as columns: the fast path without compiled code.

Frames of one logger differ in their values, hardly ever in their names. So the names of a data area, cut out of
it, are the key of a *shape* that is understood once; after that a segment is two splits and a look-up, and values
are converted shape by shape. Whatever is not plain goes through `codec.decode` one by one, with the same result.
"""

from __future__ import annotations

import functools
import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from jiangcheng.hj212 import codec, crc, sm4
from jiangcheng.hj212.errors import FAULTS, RemoteProtocolError
from jiangcheng.hj212.messages import FIELDS, Frame, Header, Message, number

NO_TIME: Final = np.iinfo(np.int64).min
"""In a column of times: there is none."""
ERRORS: Final = ("", *FAULTS)
"""Fault by the number in the column `error`; 0 is none."""
LEFT: Final = 255
"""In the column `error`: not read, left to the slow path."""
BEIJING: Final = 8 * 3_600
"""Beijing time minus UTC [s]."""
FIELD_NUMBER: Final = {name: position for position, name in enumerate(FIELDS)}


@dataclass(frozen=True, slots=True)
class FrameColumns:
    """One row per frame, in the order of arrival; shape ``(frames,)``.

    Attributes
    ----------
    offset, length : ndarray of int64
        Place in the stream, or number in the batch and length of the segment [bytes].
    error : ndarray of uint8
        Index of `ERRORS`, or `LEFT`.
    qn : ndarray of int64
        QN as a number, -1 where it is absent or not a number of at most 18 digits.
    st, mn : ndarray of int32
        Index of `Columns.sts` and `Columns.mns`; -1 in a frame that was not read.
    cn, flag, pno : ndarray of int16
        CN and Flag and PNO as numbers, -1 where absent.
    data_time : ndarray of int64
        DataTime in seconds since 1970 UTC, `NO_TIME` where absent.
    """

    offset: NDArray[np.int64]
    length: NDArray[np.int64]
    error: NDArray[np.uint8]
    qn: NDArray[np.int64]
    st: NDArray[np.int32]
    mn: NDArray[np.int32]
    cn: NDArray[np.int16]
    flag: NDArray[np.int16]
    pno: NDArray[np.int16]
    data_time: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ValueColumns:
    """One row per numeric field of a factor; shape ``(values,)``. The frames may be in any order.

    Attributes
    ----------
    frame : ndarray of int64
        Row of `FrameColumns`.
    code : ndarray of int32
        Index of `Columns.codes`.
    field : ndarray of uint8
        Index of `messages.FIELDS`.
    value : ndarray of float64
        NaN where the text is no number. In the unit of the factor.
    flag : ndarray of S1
        Data flag of the factor; empty where it has none, ``?`` where it is not one character.
    """

    frame: NDArray[np.int64]
    code: NDArray[np.int32]
    field: NDArray[np.uint8]
    value: NDArray[np.float64]
    flag: NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class Columns:
    """Frames and values with the texts that they point to."""

    frames: FrameColumns
    values: ValueColumns
    sts: tuple[str, ...]
    mns: tuple[str, ...]
    codes: tuple[str, ...]


# --- shapes

_NAME = re.compile(rb"(?:([A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*)-)?([A-Za-z0-9_]+)")
_PLAIN_REST = re.compile(
    rb";ST=[0-9A-Z]{1,4};CN=[0-9]{4};PW=[^;,=\s]*;MN=[^;,=\s]*(?:;Flag=[0-9]{1,3})?"
    rb"(?:;PNUM=[0-9]{1,4};PNO=[0-9]{1,4})?(?:;RF=1)?"
)
# Prose, and the blanks and underscores that float() would take in a number.
_NOT_PLAIN: Final = (b" ", b"/", b"_", b"\t", b"\n", b"\v", b"\f", b"\r")
_ORDINARY_HEAD: Final = 160
_SEPARATORS: Final = bytes.maketrans(b",=", b";;")
# Deleting these leaves the separators, which must be `=` and one of the others in turn.
_NO_SEPARATORS: Final = bytes(byte for byte in range(256) if byte not in b";,=")
_Getter = Callable[[list[bytes]], Iterable[bytes]]


def _getter(positions: Sequence[int]) -> _Getter:
    if not positions:
        return lambda tokens: ()
    if len(positions) == 1:
        only = positions[0]
        return lambda tokens: (tokens[only],)
    return operator.itemgetter(*positions)


class _Shape(NamedTuple):
    """What the names of a data area mean; positions count the tokens, names and values in turn."""

    codes: tuple[str, ...]
    fields: NDArray[np.uint8]
    numbers: _Getter
    flags: _Getter
    flag_of: NDArray[np.int64]
    time: int


def _is_plain(body: bytes) -> bool:
    area = body[body.find(b"CP=") :]
    return body.isascii() and not any(mark in area for mark in _NOT_PLAIN)


@functools.lru_cache(maxsize=4_096)
def _shape(names: tuple[bytes, ...]) -> _Shape | None:
    """Understand the names of a data area; None where they need the slow path."""
    matches = [_NAME.fullmatch(name) for name in names]
    if None in matches or len(set(names)) != len(names):
        return None
    split = [(match[1] or b"", match[2]) for match in matches if match]
    flagged = [i for i, (code, name) in enumerate(split) if code and name == b"Flag"]
    column = {split[i][0]: k + 1 for k, i in enumerate(flagged)}
    rows = [i for i, (code, name) in enumerate(split) if code and name.decode() in FIELD_NUMBER]
    return _Shape(
        codes=tuple(split[i][0].decode() for i in rows),
        fields=np.array([FIELD_NUMBER[split[i][1].decode()] for i in rows], np.uint8),
        numbers=_getter([2 * i + 1 for i in rows]),
        flags=_getter([2 * i + 1 for i in flagged]),
        flag_of=np.array([column.get(split[i][0], 0) for i in rows], np.int64),
        time=2 * names.index(b"DataTime") + 1 if b"DataTime" in names else 0,
    )


_EMPTY: Final = _Shape((), np.empty(0, np.uint8), _getter(()), _getter(()), np.empty(0, np.int64), 0)


@functools.lru_cache(maxsize=65_536)
def _plain_rest(rest: bytes) -> Header | None:
    """Read the header behind QN; None where it needs the slow path."""
    header = codec.header(rest[1:])
    numbered = header.pno is not None
    plain = _PLAIN_REST.fullmatch(rest) and (header.flag is not None or b"Flag=" not in rest)
    return header if plain and (not numbered or 0 < (header.pno or 0) <= (header.pnum or 0)) else None


# --- reading


def _in_turn(separators: bytes, items: int) -> bool:
    """Return whether every item is a name, one ``=`` and a value; counting alone is deceived by ``a=b=c;d``."""
    return len(separators) == max(2 * items - 1, 0) and separators[::2] == separators.count(b"=") * b"="


@dataclass(slots=True)
class _Group:
    """The frames of one shape in this batch, their texts one after the other, and the separators seen to fit."""

    shape: _Shape
    separators: set[bytes] = field(default_factory=set)
    frames: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    flags: list[bytes] = field(default_factory=list)
    times: list[bytes] = field(default_factory=list)


class _Interner(dict[str, int]):
    def __missing__(self, text: str) -> int:
        self[text] = number = len(self)
        return number


_UNREAD: Final = Header()
_Rows = tuple[
    NDArray[np.int64], NDArray[np.int32], NDArray[np.uint8], NDArray[np.float64], NDArray[np.bytes_]
]


class _Batch:
    """The growing result."""

    def __init__(self, size: int, *, tolerant: bool, keys: sm4.Keys | None) -> None:
        self.tolerant = tolerant
        self.keys = keys
        self.error = np.zeros(size, np.uint8)
        self.data_time = np.full(size, NO_TIME, np.int64)
        self.qns = [-1] * size
        self.headers: list[Header] = [_UNREAD] * size
        self.groups: dict[tuple[bytes, ...], _Group] = {}
        self.codes = _Interner()
        self.rows: list[_Rows] = []

    def take_plain(self, bodies: Sequence[bytes | None]) -> list[int]:
        """Take the plain segments into their groups; return the numbers of the others."""
        together = b"".join([body for body in bodies if body])
        careful = not together.isascii() or any(mark in together for mark in _NOT_PLAIN)
        others = []
        for index, body in enumerate(bodies):
            if body is None or (careful and not _is_plain(body)) or not self._take(index, body):
                others.append(index)
        return others

    def _take(self, index: int, body: bytes) -> bool:
        head, _, area = body.partition(b";CP=&&")
        if area[-2:] != b"&&":
            return False
        tokens = area[:-2].translate(_SEPARATORS).split(b";")
        names = tuple(tokens[::2])
        group = self.groups.get(names) or self._group(names, area)
        if group is None:
            return False
        separators = area.translate(None, _NO_SEPARATORS)
        if separators not in group.separators:
            if not _in_turn(separators, len(tokens) >> 1):
                return False
            group.separators.add(separators)
        if not self._take_head(index, head):
            return False
        shape = group.shape
        done = len(group.values)
        try:
            group.values.extend(map(float, shape.numbers(tokens)))
        except ValueError:
            group.values[done:] = [_float(text) for text in shape.numbers(tokens)]
        group.frames.append(index)
        group.flags += shape.flags(tokens)
        if shape.time:
            group.times.append(tokens[shape.time])
        return True

    def _take_head(self, index: int, head: bytes) -> bool:
        numbered = head[:3] == b"QN="
        rest = head[20:] if numbered else b";" + head
        header = _plain_rest(rest) if len(rest) <= _ORDINARY_HEAD else None
        if header is None or (not numbered and (header.flag or 0) > 3):
            return False
        if numbered:
            qn = head[3:20]
            if not qn.isdigit():
                return False
            self.qns[index] = int(qn)
        self.headers[index] = header
        return True

    def _group(self, names: tuple[bytes, ...], area: bytes) -> _Group | None:
        shape = _EMPTY if area == b"&&" else _shape(names)
        if shape is None:
            return None
        self.groups[names] = group = _Group(shape)
        return group

    def close_group(self, group: _Group) -> list[int]:
        """Turn the values of one shape into rows; return the frames whose DataTime needs the slow path."""
        shape, frames = group.shape, np.array(group.frames, np.int64)
        keep = np.ones(len(frames), bool)
        if shape.time:
            times = _times(group.times)
            keep = times != NO_TIME
            self.data_time[frames] = times
        width = len(shape.codes)
        if width and len(frames):
            count = int(keep.sum())
            values = np.array(group.values).reshape(-1, width)
            values[np.isinf(values)] = np.nan
            flags = _flags(group.flags, len(frames))[:, shape.flag_of]
            codes = np.array([self.codes[code] for code in shape.codes], np.int32)
            self.rows.append(
                (
                    np.repeat(frames[keep], width),
                    np.tile(codes, count),
                    np.tile(shape.fields, count),
                    values[keep].ravel(),
                    flags[keep].ravel(),
                )
            )
        return [int(frame) for frame in frames[~keep]]

    def take_slow(self, index: int, frame: Frame | bytes) -> None:
        """Read one frame by the codec."""
        try:
            message = codec.decode(frame, tolerant=self.tolerant, keys=self.keys)
        except RemoteProtocolError as error:
            self.headers[index], self.qns[index] = _UNREAD, -1
            self.error[index] = ERRORS.index(error.code)
            return
        self.headers[index] = message.header
        qn = message.qn
        self.qns[index] = int(qn) if qn.isascii() and qn.isdigit() and len(qn) <= 18 else -1
        if message.data_time is not None:
            self.data_time[index] = np.datetime64(message.data_time, "s").astype(np.int64) - BEIJING
        rows = list(_rows(message))
        codes = np.array([self.codes[row[0]] for row in rows], np.int32)
        fields = np.array([row[1] for row in rows], np.uint8)
        values = np.array([row[2] for row in rows], np.float64)
        flags = np.array([row[3] for row in rows], "S1")
        self.rows.append((np.full(len(rows), index), codes, fields, values, flags))

    def columns(self, offsets: NDArray[np.int64], lengths: NDArray[np.int64]) -> Columns:
        sts, mns = _Interner(), _Interner()
        read = self.headers
        frames = FrameColumns(
            offset=offsets,
            length=lengths,
            error=self.error,
            qn=np.array(self.qns, np.int64),
            st=np.array([-1 if header is _UNREAD else sts[header.st] for header in read], np.int32),
            mn=np.array([-1 if header is _UNREAD else mns[header.mn] for header in read], np.int32),
            cn=np.array([_whole(header.cn) for header in read], np.int16),
            flag=np.array([-1 if header.flag is None else header.flag for header in read], np.int16),
            pno=np.array([-1 if header.pno is None else header.pno for header in read], np.int16),
            data_time=self.data_time,
        )
        rows = self.rows or [_NO_ROWS]
        values = ValueColumns(
            np.concatenate([row[0] for row in rows]),
            np.concatenate([row[1] for row in rows]),
            np.concatenate([row[2] for row in rows]),
            np.concatenate([row[3] for row in rows]),
            np.concatenate([row[4] for row in rows]),
        )
        return Columns(frames, values, tuple(sts), tuple(mns), tuple(self.codes))


_NO_ROWS: Final[_Rows] = (
    np.empty(0, np.int64),
    np.empty(0, np.int32),
    np.empty(0, np.uint8),
    np.empty(0, np.float64),
    np.empty(0, "S1"),
)


def columns(
    segments: Sequence[bytes],
    *,
    framed: bool = False,
    tolerant: bool = False,
    keys: sm4.Keys | None = None,
) -> Columns:
    """Read many data segments into columns.

    Parameters
    ----------
    segments : sequence of bytes
        Data segments whose check is known to be right; with `framed`, whole frames, whose length field, check
        and end are verified here.
    framed : bool
        Whether `segments` are whole frames from ``##`` to CR LF.
    tolerant : bool
        As in `codec.decode`.
    keys : Keys or None
        As in `codec.decode`; encrypted frames take the slow path.

    Returns
    -------
    Columns
        One row per segment in `frames`, also for those that cannot be read; their `error` is set. Of a repeated
        field of a factor the last value is given.
    """
    batch = _Batch(len(segments), tolerant=tolerant, keys=keys)
    others = batch.take_plain(_bodies(segments) if framed else segments)
    for group in batch.groups.values():
        others += batch.close_group(group)
    for index in others:
        segment = segments[index]
        batch.take_slow(index, segment if framed else Frame(segment, segment, len(segment), ""))
    lengths = np.fromiter(map(len, segments), np.int64, len(segments))
    return batch.columns(np.arange(len(segments)), lengths)


_SPELLED: Final = np.array([spelled + b"\r\n" for spelled in crc.SPELLED])
_TENS: Final = np.array([1_000, 100, 10, 1])


def _bodies(frames: Sequence[bytes]) -> list[bytes | None]:
    """Return the segments of plain frames, None for the others; everything is verified for all at once."""
    if not frames:
        return []
    bodies = [frame[6:-6] or b"?" for frame in frames]
    tails = np.frombuffer(b"".join([frame[-6:].ljust(6) for frame in frames]), "S6")
    heads = np.frombuffer(b"".join([frame[:6].ljust(6) for frame in frames]), np.uint8).reshape(-1, 6)
    digits = heads[:, 2:].astype(np.int64) - ord("0")
    lengths = np.fromiter(map(len, frames), np.int64, len(frames))
    right = (heads[:, 0] == ord("#")) & (heads[:, 1] == ord("#"))
    right &= ((digits >= 0) & (digits <= 9)).all(axis=1) & (digits @ _TENS == lengths - 12)
    right &= _SPELLED[crc.states(bodies)] == tails
    if right.all() and b"##" not in b"\n".join(bodies):
        return list(bodies)
    return [
        body if fits and b"##" not in body else None
        for body, fits in zip(bodies, right.tolist(), strict=True)
    ]


def _rows(message: Message) -> Iterable[tuple[str, int, float, bytes]]:
    """Yield code, field number, value and flag of each numeric field of a message."""
    for code, fields in message.factors.items():
        text = fields.get("Flag", "")
        flag = text.encode() if len(text) <= 1 and text.isascii() else b"?"
        for name, value in fields.items():
            if name in FIELD_NUMBER:
                read = number(value)
                yield code, FIELD_NUMBER[name], np.nan if read is None else read, flag


def _float(text: bytes) -> float:
    value = number(text.decode("ascii"))
    return math.nan if value is None else value


def _whole(text: str) -> int:
    return int(text) if len(text) == 4 and text.isascii() and text.isdigit() else -1


def _flags(texts: list[bytes], count: int) -> NDArray[np.bytes_]:
    """Return the flags of each frame, shape ``(frames, 1 + flags)``; the first column is empty."""
    result = np.zeros((count, len(texts) // count + 1), "S1")
    joined = b"".join(texts)
    if len(joined) != len(texts) or b"" in texts:
        texts = [text if len(text) <= 1 else b"?" for text in texts]
        result[:, 1:] = np.array(texts, "S1").reshape(count, -1)
    elif texts:
        result[:, 1:] = np.frombuffer(joined, "S1").reshape(count, -1)
    return result


_MONTH_STARTS: Final = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], np.int64)
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)


def _times(texts: list[bytes]) -> NDArray[np.int64]:
    """Read ``YYYYMMDDhhmmss`` in Beijing time as seconds since 1970 UTC, `NO_TIME` where it is no time."""
    padded = [text if len(text) == 14 else b"x" * 14 for text in texts]
    digits = np.frombuffer(b"".join(padded), np.uint8).reshape(-1, 14).astype(np.int64) - 48
    year = digits[:, :4] @ np.array([1000, 100, 10, 1])
    month, day, hour, minute, second = (digits[:, k] * 10 + digits[:, k + 1] for k in (4, 6, 8, 10, 12))
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    inside = ((digits >= 0) & (digits <= 9)).all(axis=1) & (year > 0) & (month >= 1) & (month <= 12)
    month = np.where(inside, month, 1)
    days = _MONTH_DAYS[month] + (leap & (month == 2))
    valid = inside & (day >= 1) & (day <= days) & (hour < 24) & (minute < 60) & (second < 60)
    past = year - 1
    day_number = past * 365 + past // 4 - past // 100 + past // 400 - 719_162
    day_number += _MONTH_STARTS[month] + (leap & (month > 2)) + day - 1
    seconds = day_number * 86_400 + hour * 3_600 + minute * 60 + second - BEIJING
    return np.where(valid, seconds, NO_TIME)
