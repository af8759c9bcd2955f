"""The compiled part of `bulk`: one file, so that its cache on disk is renewed whenever any of it changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba
import numpy as np
from numba import extending
from numba.core import cgutils
from numba.np import arrayobj

from jiangcheng.hj212 import crc
from jiangcheng.hj212.columnar import LEFT, NO_TIME
from jiangcheng.hj212.messages import FIELDS

_F = TypeVar("_F", bound=Callable[..., Any])


def _compiled(function: _F) -> _F:
    return cast(_F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def _inlined(function: _F) -> _F:
    return cast(_F, numba.njit(nogil=True, error_model="numpy", inline="always")(function))


@cast(Callable[[Any], Any], extending.intrinsic)
def _borrowed(_context: Any, array: Any) -> Any:
    """Return the same array without a share in its memory.

    Compiled functions count the users of every array they are given, with locked instructions; here the caller
    holds all arrays, and counting would cost several times as much as reading.
    """

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        view = arrayobj.make_array(array)(context, builder, arguments[0])  # type: ignore[no-untyped-call]
        view.meminfo = cgutils.get_null_value(view.meminfo.type)  # type: ignore[no-untyped-call]
        return view._getvalue()

    return array(array), generate


# Records rather than separate arrays: a compiled function takes each of these tables as one argument.
FRAME: Final = np.dtype(
    [
        *(("offset", "i8"), ("length", "i8"), ("qn", "i8"), ("data_time", "i8"), ("st", "i4"), ("mn", "i4")),
        *(("cn", "i2"), ("flag", "i2"), ("pno", "i2"), ("error", "u1")),
    ],
    align=True,
)
VALUE: Final = np.dtype(
    [("frame", "i8"), ("value", "f8"), ("code", "i4"), ("field", "u1"), ("flag", "u1")], align=True
)
# A distinct text: its place in the stream and its number among those of its kind. A name also knows its code's
# row, its role, the last frame that used it, and the name that followed it; a code its flag in the last frame.
TEXT: Final = np.dtype(
    [
        *(("begin", "i8"), ("end", "i8"), ("frame", "i8"), ("kind", "i4"), ("number", "i4")),
        *(("code", "i4"), ("follows", "i4"), ("also", "i4"), ("role", "u1"), ("flag", "u1")),
    ],
    align=True,
)
KINDS: Final = 4
ST, MN, CODE, NAME = range(KINDS)

_IGNORED: Final = 252
_FLAG: Final = 253
_TIME: Final = 254
ODD: Final = 255
_NO_TIME: Final = int(NO_TIME)
_LEFT: Final = LEFT

_POWERS: Final = np.frombuffer(b"".join(crc.POWERS), np.uint8).reshape(8, 256).copy()
_STARTS: Final = np.frombuffer(crc.START, np.uint8).copy()
_SPELLED: Final = np.frombuffer(b"".join(crc.SPELLED), np.uint8).reshape(256, 4).copy()
# 10^15 is below 2^53, and every text of so few digits is read exactly.
_MAX_DIGITS: Final = 15
_TENS: Final = 10.0 ** np.arange(23)
_MONTH_STARTS: Final = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], np.int64)
_MONTH_DAYS: Final = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], np.int64)
_ROLES: Final = [name.encode() for name in FIELDS] + [b"Flag"]
_ROLE_TEXT: Final = np.frombuffer(b"".join(_ROLES), np.uint8).copy()
_ROLE_ENDS: Final = np.cumsum([len(name) for name in _ROLES])
_DATA_TIME: Final = np.frombuffer(b"DataTime", np.uint8).copy()
_FNV: Final = np.uint64(0x100000001B3)
_FNV_START: Final = np.uint64(0xCBF29CE484222325)


_PLAIN: Final = np.array([32 < byte < 127 and chr(byte) not in "=/_#&" for byte in range(256)], np.uint8)


# --- characters


@_inlined
def _digits(data: Any, begin: int, end: int) -> Any:
    """Return the number that the digits spell, -1 where they are none."""
    if begin == end:
        return -1
    number = 0
    for i in range(begin, end):
        digit = data[i] - 48
        if digit < 0 or digit > 9:
            return -1
        number = number * 10 + digit
    return number


@_inlined
def _is(data: Any, begin: int, text: Any) -> bool:
    """Return whether a text stands at a place; nothing is read behind the end."""
    if begin + len(text) > len(data):
        return False
    same = 0
    while same < len(text) and data[begin + same] == text[same]:
        same += 1
    return same == len(text)


@_inlined
def _same(data: Any, words: Any, one: int, other: int, length: int) -> bool:
    """Return whether the same bytes stand at two places, eight at a time."""
    done = 0
    while done + 8 <= length:
        if words[one + done] != words[other + done]:
            return False
        done += 8
    while done < length:
        if data[one + done] != data[other + done]:
            return False
        done += 1
    return True


@_compiled
def _intern(data: Any, words: Any, tables: Any, kind: int, begin: int, end: int) -> Any:
    """Return the row of a text of a kind, a new one for a new text, -1 when the table is full."""
    texts, slots, counts = tables
    key = _FNV_START ^ np.uint64(kind)
    position = begin
    while position + 8 <= end:
        key = (key ^ words[position]) * _FNV
        key ^= key >> np.uint64(32)
        position += 8
    for i in range(position, end):
        key = (key ^ np.uint64(data[i])) * _FNV
    mask = len(slots) - 1
    slot = np.int64((key ^ (key >> np.uint64(29))) & np.uint64(mask))
    while slots[slot] >= 0:
        known = texts[slots[slot]]
        alike = known.kind == kind and known.end - known.begin == end - begin
        if alike and _same(data, words, known.begin, begin, end - begin):
            return slots[slot]
        slot = (slot + 1) & mask
    row = counts[KINDS]
    if row == len(texts):
        return -1
    slots[slot] = row
    new = texts[row]
    new.begin, new.end, new.kind, new.number = begin, end, kind, counts[kind]
    new.frame = new.code = new.follows = new.also = -1
    counts[kind] += 1
    counts[KINDS] += 1
    return row


@_inlined
def _value(data: Any, begin: int, end: int) -> Any:
    """Read a plain decimal up to the next separator; NaN where it is none. The place is -1 for the slow path.

    Below 2^53 and up to 22 decimals both operands of the division are exact, so the result is the nearest double.
    """
    negative = data[begin] == 45
    whole = begin + 1 if negative or data[begin] == 43 else begin
    mantissa, position = _digit_run(data, whole, end, np.int64(0))
    digits, decimals = position - whole, 0
    if position < end and data[position] == 46:
        fraction = position + 1
        mantissa, position = _digit_run(data, fraction, end, mantissa)
        decimals = position - fraction
    if position < end and data[position] != 44 and data[position] != 59:
        return np.nan, _no_number_end(data, position, end)
    if digits + decimals == 0:
        return np.nan, position
    if digits + decimals > _MAX_DIGITS:
        return np.nan, -1
    value = mantissa / _TENS[decimals]
    return (-value if negative else value), position


@_inlined
def _digit_run(data: Any, begin: int, end: int, number: Any) -> Any:
    """Return a number with the digits that stand here appended, and where they end."""
    position = begin
    while position < end:
        digit = np.int64(data[position]) - 48
        if digit < 0 or digit > 9:
            break
        number = number * 10 + digit
        position += 1
    return number, position


@_compiled
def _no_number_end(data: Any, begin: int, end: int) -> int:
    """Return the end of a text of signs, points and digits, which is no number; -1 for any other text."""
    position = begin
    while position < end and data[position] != 44 and data[position] != 59:
        byte = data[position]
        if not (48 <= byte <= 57 or byte == 43 or byte == 45 or byte == 46):
            return -1
        position += 1
    return position


@_compiled
def _beijing(data: Any, begin: int, end: int) -> Any:
    """Read ``YYYYMMDDhhmmss`` in Beijing time as seconds since 1970 UTC, `NO_TIME` where it is no time."""
    number = _digits(data, begin, end) if end - begin == 14 else -1
    if number < 0:
        return _NO_TIME
    second, minute, hour = number % 100, number // 100 % 100, number // 10_000 % 100
    day, month, year = number // 1_000_000 % 100, number // 100_000_000 % 100, number // 10_000_000_000
    if year < 1 or month < 1 or month > 12 or hour > 23 or minute > 59 or second > 59:
        return _NO_TIME
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if day < 1 or day > _MONTH_DAYS[month] + (leap and month == 2):
        return _NO_TIME
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - 719_162
    days += _MONTH_STARTS[month] + (leap and month > 2) + day - 1
    return days * 86_400 + (hour - 8) * 3_600 + minute * 60 + second


# --- frames


@_compiled
def _state(data: Any, words: Any, begin: int, end: int) -> Any:
    """Fold the segment as `crc.state` does; ``words[i]`` are the eight bytes from i on, the last one on top."""
    length = end - begin
    folded = np.uint64(0)
    position = end - 8
    while position >= begin:
        folded ^= words[position]
        position -= 8
    for i in range(begin, begin + (length & 7)):
        folded ^= np.uint64(data[i]) << np.uint64(8 * (7 - ((end - 1 - i) & 7)))
    state = _STARTS[length & 7]
    for k in range(8):
        state ^= _POWERS[k, (folded >> np.uint64(56 - 8 * k)) & np.uint64(255)]
    return state


@_compiled
def _good_end(data: Any, words: Any, start: int) -> Any:
    """Return where the frame at `start` ends, -1 if there is no whole and right one."""
    size = len(data)
    if start + 13 > size or data[start] != 35 or data[start + 1] != 35:
        return -1
    length = _digits(data, start + 2, start + 6)
    end = start + 6 + length
    if length < 1 or end + 6 > size or data[end + 4] != 13 or data[end + 5] != 10:
        return -1
    spelled = _SPELLED[_state(data, words, start + 6, end)]
    for k in range(4):
        if data[end + k] != spelled[k]:
            return -1
    return end + 6


@_compiled
def _next_good(data: Any, words: Any, position: int) -> int:
    """Return where the next whole and right frame starts, the end of the data if there is none."""
    for start in range(position, len(data) - 1):
        if data[start] == 35 and data[start + 1] == 35 and _good_end(data, words, start) >= 0:
            return start
    return len(data)


# --- the data segment


@_compiled
def _name_role(data: Any, begin: int, end: int) -> tuple[int, int]:
    """Return the place of the last dash, or -1, and what the name is."""
    dash, previous = -1, 45
    for i in range(begin, end):
        byte = data[i]
        if byte == 45:
            if previous == 45:
                return -1, ODD
            dash = i
        elif not (48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122 or byte == 95):
            return -1, ODD
        previous = byte
    if previous == 45:
        return -1, ODD
    if dash < 0:
        return -1, _TIME if end - begin == 8 and _is(data, begin, _DATA_TIME) else _IGNORED
    last = 0
    for role in range(len(_ROLE_ENDS)):
        if _ROLE_ENDS[role] - last == end - dash - 1 and _is(
            data, dash + 1, _ROLE_TEXT[last : _ROLE_ENDS[role]]
        ):
            return dash, role if role < len(_ROLE_ENDS) - 1 else _FLAG
        last = _ROLE_ENDS[role]
    return dash, _IGNORED


@_compiled
def _name(data: Any, words: Any, tables: Any, begin: int, end: int) -> Any:
    """Return the row of the name that starts here, -1 for the slow path."""
    stop = begin
    while stop < end and data[stop] != 61:
        stop += 1
    if stop == end:
        return -1
    texts, _, counts = tables
    before = counts[KINDS]
    row = _intern(data, words, tables, NAME, begin, stop)
    if row == before:
        dash, role = _name_role(data, begin, stop)
        texts[row].role = role
        if dash >= 0:
            code = _intern(data, words, tables, CODE, begin, dash)
            texts[row].code = code
            if code < 0:
                texts[row].role = ODD
    return row


@_inlined
def _stands(data: Any, words: Any, texts: Any, row: int, position: int, end: int) -> bool:
    """Return whether a known name and its ``=`` stand at a place."""
    if row < 0:
        return False
    begin = texts[row].begin
    width = texts[row].end - begin
    equals = position + width
    return equals < end and data[equals] == 61 and _same(data, words, position, begin, width)


@_inlined
def _plain_end(data: Any, begin: int, end: int) -> int:
    """Return where a value ends, -1 where it holds characters that need the slow path."""
    position = begin
    while position < end and data[position] != 44 and data[position] != 59:
        if _PLAIN[data[position]] == 0:
            return -1
        position += 1
    return position


@_inlined
def _area(data: Any, words: Any, tables: Any, frames: Any, values: Any, place: Any) -> Any:
    """Read the items of a data area into rows from `count` on; return the new count, -1 for the slow path."""
    frame, position, end, count = place
    texts = tables[0]
    first, before = count, 0
    while position < end:
        # One of the two names that followed before mostly follows again; then nothing is searched.
        row = texts[before].follows
        if not _stands(data, words, texts, row, position, end):
            row, texts[before].also = texts[before].also, row
            if not _stands(data, words, texts, row, position, end):
                row = _name(data, words, tables, position, end)
                if row < 0:
                    return -1
            texts[before].follows = row
        name = texts[row]
        if name.role == ODD or name.frame == frame:
            return -1
        name.frame = frame
        before = row
        begin = position + name.end - name.begin + 1
        if name.role < _IGNORED:
            number, position = _value(data, begin, end)
            value = values[count]
            value.frame, value.code, value.field, value.value = frame, name.code, name.role, number
            count += 1
        else:
            position = _plain_end(data, begin, end)
            if name.role == _FLAG:
                code = texts[name.code]
                code.frame = frame
                code.flag = 0 if position == begin else data[begin] if position == begin + 1 else 63
            elif name.role == _TIME:
                frames[frame].data_time = _beijing(data, begin, position)
                if frames[frame].data_time == _NO_TIME:
                    return -1
        if position < 0 or position == end - 1:
            return -1
        position += 1
    for row in range(first, count):
        value = values[row]
        code = texts[value.code]
        value.flag = code.flag if code.frame == frame else 0
        value.code = code.number
    return count


@_inlined
def _until(data: Any, begin: int, end: int) -> Any:
    """Return the place of the next ``;``, -1 if a character comes first that a plain header does not have."""
    for i in range(begin, end):
        byte = data[i]
        if byte == 59:
            return i
        if byte == 61 or byte == 44 or byte == 35 or byte <= 32 or byte > 126:
            return -1
    return -1


_KEY_QN, _KEY_ST, _KEY_CN, _KEY_PW, _KEY_MN, _KEY_FLAG, _KEY_PNUM, _KEY_PNO, _KEY_RF, _KEY_CP = (
    np.frombuffer(key, np.uint8).copy()
    for key in (b"QN=", b"ST=", b"CN=", b"PW=", b"MN=", b"Flag=", b"PNUM=", b"PNO=", b"RF=1;", b"CP=&&")
)


@_inlined
def _code_end(data: Any, begin: int, end: int) -> Any:
    """Return the end of a system code, one to four of 0-9 and A-Z; -1 if it is none."""
    stop = _until(data, begin, end)
    if stop - begin < 1 or stop - begin > 4:
        return -1
    for i in range(begin, stop):
        if not (48 <= data[i] <= 57 or 65 <= data[i] <= 90):
            return -1
    return stop


@_inlined
def _numbers(data: Any, frame: Any, position: int, end: int) -> Any:
    """Read Flag, PNUM, PNO and RF, each of which may be absent; return where CP begins, -1 for the slow path."""
    if _is(data, position, _KEY_FLAG):
        stop = _until(data, position + 5, end)
        flag = _digits(data, position + 5, stop) if 1 <= stop - position - 5 <= 3 else -1
        if flag < 0 or flag > 255:
            return -1
        frame.flag = flag
        position = stop + 1
    if _is(data, position, _KEY_PNUM):
        stop = _until(data, position + 5, end)
        pnum = _digits(data, position + 5, stop) if 1 <= stop - position - 5 <= 4 else -1
        position = stop + 1
        if pnum < 0 or not _is(data, position, _KEY_PNO):
            return -1
        stop = _until(data, position + 4, end)
        pno = _digits(data, position + 4, stop) if 1 <= stop - position - 4 <= 4 else -1
        if pno < 1 or pno > pnum:
            return -1
        frame.pno = pno
        position = stop + 1
    return position + 5 if _is(data, position, _KEY_RF) else position


@_inlined
def _header(data: Any, words: Any, tables: Any, frame: Any, begin: int, end: int) -> Any:
    """Read the header fields into a row; return where CP begins, -1 for the slow path."""
    position = begin
    if _is(data, position, _KEY_QN):
        frame.qn = _digits(data, begin + 3, begin + 20) if begin + 20 < end else -1
        if frame.qn < 0 or data[begin + 20] != 59:
            return -1
        position = begin + 21
    st = position + 3
    st_end = _code_end(data, st, end) if _is(data, position, _KEY_ST) else -1
    cn = st_end + 1
    if st_end < 0 or not _is(data, cn, _KEY_CN) or cn + 8 > end or data[cn + 7] != 59:
        return -1
    frame.cn = _digits(data, cn + 3, cn + 7)
    if frame.cn < 0 or not _is(data, cn + 8, _KEY_PW):
        return -1
    pw_end = _until(data, cn + 11, end)
    mn = pw_end + 4
    mn_end = _until(data, mn, end) if pw_end >= 0 and _is(data, pw_end + 1, _KEY_MN) else -1
    area = _numbers(data, frame, mn_end + 1, end) if mn_end >= 0 else -1
    if area < 0 or (position == begin and frame.flag > 3):
        return -1
    st_row = _intern(data, words, tables, ST, st, st_end)
    mn_row = _intern(data, words, tables, MN, mn, mn_end)
    if st_row < 0 or mn_row < 0:
        return -1
    frame.st, frame.mn = tables[0][st_row].number, tables[0][mn_row].number
    return area


@_inlined
def _segment(data: Any, words: Any, tables: Any, frames: Any, values: Any, place: Any) -> Any:
    """Read a data segment into one row and its values; return the new count of values, -1 for the slow path."""
    row, begin, end, count = place
    area = _header(data, words, tables, frames[row], begin, end)
    if (
        area < 0
        or not _is(data, area, _KEY_CP)
        or area + 7 > end
        or data[end - 1] != 38
        or data[end - 2] != 38
    ):
        return -1
    return _area(data, words, tables, frames, values, (row, area + 5, end - 2, count))


@_inlined
def _clear(frame: Any) -> None:
    frame.error = 0
    frame.qn = frame.st = frame.mn = frame.cn = frame.flag = frame.pno = -1
    frame.data_time = _NO_TIME


@_compiled
def walk(data: Any, words: Any, tables: Any, frames: Any, values: Any, place: Any) -> Any:
    """Read on until the data end or a table is full; return position, rows and count of values."""
    position, rows, count = place
    data, words, frames, values = _borrowed(data), _borrowed(words), _borrowed(frames), _borrowed(values)
    tables = _borrowed(tables[0]), _borrowed(tables[1]), _borrowed(tables[2])
    while position < len(data) and rows < len(frames):
        stop = _good_end(data, words, position)
        good = stop >= 0
        if not good:
            stop = _next_good(data, words, position + 1)
        # The shortest item that gives a value is `a-RS=`.
        if good and count + (stop - position) // 5 > len(values):
            break
        frame = frames[rows]
        _clear(frame)
        frame.offset, frame.length = position, stop - position
        done = -1
        if good:
            done = _segment(data, words, tables, frames, values, (rows, position + 6, stop - 6, count))
        if done >= 0:
            count = done
        else:
            _clear(frame)
            frame.error = _LEFT
        rows += 1
        position = stop
    return position, rows, count
