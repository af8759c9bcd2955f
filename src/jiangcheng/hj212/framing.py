"""Bytes to frames (HJ 212-2017 clause 6.3.1), in any chunking, with resynchronisation.

Theory of operation. A `##` opens a *candidate*. Its length field says where it ends; there the check and CR LF
must be found. A candidate is decided by the first of three things, in the order in which they come to lie in the
stream, so that the events do not depend on how the stream was cut:

1. its first CR LF comes before the declared end, and the check before it fits: the length field lies;
2. another whole frame ends inside it: the candidate is a torso or its length field lies, and the frame inside
   must not be swallowed;
3. its declared end is reached: right, or wrong.

What is wrong becomes an error up to the next `##` or line end, and reading goes on there. Every candidate is
checked at most twice and holds the stream up by at most one frame, so work is linear in the input and memory is
bounded by `max_frame`, whatever arrives.
"""

from __future__ import annotations

import dataclasses
import heapq
import re
from typing import Final, NamedTuple

from jiangcheng.hj212 import crc, sm4
from jiangcheng.hj212.errors import FAULTS, FrameError
from jiangcheng.hj212.messages import NEED_DATA, Frame, NeedData

# The standard allows a data segment of 1,024 bytes (2017 table 2); loggers in the field send up to 1,623, and
# four digits cannot declare more than 9,999. The envelope adds 12.
MAX_FRAME: Final = 9_999 + 12
NOMINAL_SEGMENT: Final = 1_024
GARBAGE_PIECE: Final = 1_024
# Encrypted or log text may hold `##` by chance; a segment full of them is not worth a check.
_MAX_INNER_STARTS: Final = 8

_START = re.compile(rb"##(?!#)")
_STOP = re.compile(rb"##(?!#)|\r\n")
_DIGITS = re.compile(rb"[0-9]{0,4}")
_CHECK = re.compile(rb"[0-9A-Fa-f]{4}")
_LINE_ENDS = (b"\r\n", rb"\r\n", b"\n", b"\r")
_PRINTED_CIPHER = re.compile(rb"CP=&&\s*\{0[xX]")
_CIPHER_AREA = re.compile(rb"CP=&&(?! *[\w-]+ *=)(?=(.{16}))", re.DOTALL)
_PRINTABLE: Final = bytes(range(0x20, 0x7F))


class _Candidate(NamedTuple):
    """Positions in the buffer; `declared` is negative where the length field cannot be believed."""

    start: int
    begin: int
    declared: int
    fault: str

    @property
    def end(self) -> int:
        return self.begin + self.declared

    @property
    def full(self) -> int:
        return self.end + 6


def looks_encrypted(segment: bytes) -> bool:
    """Return whether the data area holds cipher text, raw or in the printed form ``{0x..,0x..}``.

    HJ 212-2025 clause on transport security: no header field tells, so the first 16 bytes decide.
    """
    if _PRINTED_CIPHER.search(segment):
        return True
    area = None if segment.isascii() else _CIPHER_AREA.search(segment)
    # 16 random bytes hold ten that are not printable; fewer than three are a damaged character or two.
    return area is not None and len(area.group(1).translate(None, _PRINTABLE)) >= 3


class Framer:
    """Turn a stream of bytes into frames and errors.

    Parameters
    ----------
    max_frame : int
        Longest frame that is taken, envelope included [bytes].
    tolerant : bool
        Take frames with a wrong length field, a foreign check or a missing line end, and say so in
        `Frame.deviations`. A check that fits nothing is never taken.
    keys : Keys or None
        Keys of the loggers that encrypt, by MN (HJ 212-2025); see `sm4.KeyRing`. Without them an encrypted frame is
        an error with the code ``encrypted``, with the wrong ones an error with the code ``key_wrong``.
    """

    def __init__(
        self, max_frame: int = MAX_FRAME, *, tolerant: bool = False, keys: sm4.Keys | None = None
    ) -> None:
        self.max_frame = max_frame
        self.tolerant = tolerant
        self.keys = keys
        self._buffer = b""
        self._position = 0
        self._base = 0
        self._ended = False
        # Offsets in the stream, so that they survive the buffer's moves.
        self._no_stop_before = 0
        self._line_refused = -1
        self._starts_seen_to = 0
        self._inner: list[tuple[int, int]] = []
        self._inner_good: tuple[int, int] | None = None

    @property
    def offset(self) -> int:
        """How many bytes of the stream have been turned into events."""
        return self._base + self._position

    def receive_data(self, data: bytes) -> None:
        """Take bytes of the stream; call `next_event` until it answers `NEED_DATA`."""
        self._base += self._position
        self._buffer = self._buffer[self._position :] + data
        self._position = 0
        self._ended = False

    def finish(self) -> None:
        """Say that nothing more will come, or has come for so long that what is there must be judged.

        Afterwards `next_event` turns what is left into events; feeding may go on.
        """
        self._ended = True

    def next_event(self) -> Frame | FrameError | NeedData:
        """Return the next frame, the next error, or `NEED_DATA`."""
        event = self._plain_frame() or self._event()
        return event if self.keys is None or not isinstance(event, Frame) else self._in_clear(event)

    def _in_clear(self, frame: Frame) -> Frame:
        """Open a frame whose check fits the cipher as well as the plain text, as one in 256 does."""
        if frame.encrypted or not looks_encrypted(frame.segment):
            return frame
        opened = self._opened(frame.segment, frame.crc_given.encode())
        if opened is None or opened.printed:
            return frame
        return dataclasses.replace(frame, segment=opened.segment, encrypted=True)

    def _opened(self, segment: bytes, given: bytes) -> sm4.Opened | None:
        return sm4.open_segment(segment, int(given, 16), self.keys) if self.keys else None

    def _plain_frame(self) -> Frame | None:
        """Take a whole, right frame at the very position, which is what nearly always comes."""
        buffer, start = self._buffer, self._position
        digits = buffer[start + 2 : start + 6]
        if buffer[start : start + 2] != b"##" or not digits.isdigit() or len(digits) != 4:
            return None
        end = start + 6 + int(digits)
        segment, given = buffer[start + 6 : end], buffer[end : end + 4]
        if not segment or buffer[end + 4 : end + 6] != b"\r\n" or end + 6 - start > self.max_frame:
            return None
        if b"##" in segment or b"\r\n" in segment or crc.SPELLED[crc.state(segment)] != given:
            return None
        self._position = end + 6
        deviations = ("segment_long",) if len(segment) > NOMINAL_SEGMENT else ()
        return Frame(
            buffer[start : end + 6], segment, len(segment), given.decode(), self._base + start, deviations
        )

    def _event(self) -> Frame | FrameError | NeedData:
        match = _START.search(self._buffer, self._position)
        if match is None or match.start() > self._position:
            return self._garbage(match)
        candidate = self._candidate(match.start())
        if candidate is None:
            return NEED_DATA
        if candidate.fault:
            return self._judge_by_line(candidate)
        return self._judge(candidate)

    # --- what is not a candidate

    def _garbage(self, match: re.Match[bytes] | None) -> FrameError | NeedData:
        """Report bytes before the next `##`, in pieces of fixed size so that the chunking does not show."""
        start, size = self._position, len(self._buffer)
        if match is not None:
            sure, settled = match.start(), match.end() < size or self._ended
        else:
            maybe_start = not self._ended and self._buffer.endswith(b"#")
            sure, settled = size - maybe_start, self._ended
        stop = min(sure, start + GARBAGE_PIECE)
        if stop == start or not (settled or stop - start == GARBAGE_PIECE):
            return NEED_DATA
        return self._error("garbage", start, stop, f"{stop - start} bytes")

    def _candidate(self, start: int) -> _Candidate | None:
        """Read the length field; None while it has not come in full."""
        if len(self._buffer) < start + 6 and not self._ended:
            return None
        digits = _DIGITS.match(self._buffer, start + 2)
        assert digits is not None
        declared = int(digits.group() or -1)
        whole = len(digits.group()) == 4
        if not whole and not (self.tolerant and declared > 0):
            return _Candidate(start, digits.end(), -1, "length_not_digits")
        if declared + 12 > self.max_frame:
            return _Candidate(start, digits.end(), -1, "oversize")
        return _Candidate(start, digits.end(), declared, "")

    # --- judging a candidate

    def _judge(self, candidate: _Candidate) -> Frame | FrameError | NeedData:
        buffer = self._buffer
        salvaged = self._early_line(candidate)
        if salvaged is not None:
            return salvaged
        if self._holds_good_frame(candidate):
            return self._judge_by_line(candidate)
        if len(buffer) < candidate.full and not self._ended:
            return NEED_DATA
        given = buffer[candidate.end : candidate.end + 4]
        if not _CHECK.fullmatch(given) or candidate.declared == 0:
            return self._judge_by_line(candidate)
        tail = self._tail(candidate.end + 4)
        return NEED_DATA if tail is None else self._judge_at_end(candidate, given, tail)

    def _early_line(self, candidate: _Candidate) -> Frame | FrameError | None:
        """Judge by a line end before the declared end; once, however often more bytes come."""
        if self._line_refused == self._base + candidate.start:
            return None
        stop = self._stop(candidate)
        if stop is None:
            return None
        self._line_refused = self._base + candidate.start
        early = stop + 2 < candidate.full and self._buffer.startswith(b"\r\n", stop)
        return self._salvage(candidate, stop) if early else None

    def _judge_at_end(self, candidate: _Candidate, given: bytes, tail: int) -> Frame | FrameError | NeedData:
        """Judge where the length field is right about the place of the check."""
        segment = self._buffer[candidate.begin : candidate.end]
        stop = candidate.end + 4 + tail
        tailed = self._buffer[candidate.end + 4 : stop] == b"\r\n"
        if segment.count(b"##") <= _MAX_INNER_STARTS and crc.crc16(segment) == int(given, 16):
            if not tailed and not self.tolerant:
                return self._error("tail_missing", candidate.start, stop, "")
            return self._frame(candidate, segment, given, stop, ())
        opened = self._opened(segment, given)
        if opened is not None:
            return self._judge_opened(candidate, opened, given, stop)
        if tailed and looks_encrypted(segment):
            return self._error(self._cipher_fault(opened), candidate.start, stop, "")
        if b"##" in segment:
            return self._judge_by_line(candidate)
        if not tailed and self._buffer[candidate.end - 2 : candidate.end] != b"&&":
            return self._judge_by_line(candidate)
        return self._foreign_check(candidate, segment, given, stop)

    def _cipher_fault(self, opened: sm4.Opened | None) -> str:
        if opened is not None:
            return "cipher_printed"
        return "encrypted" if self.keys is None else "key_wrong"

    def _judge_opened(
        self, candidate: _Candidate, opened: sm4.Opened, given: bytes, stop: int
    ) -> Frame | FrameError:
        """Judge an encrypted frame that a key opens and that is as long as declared."""
        if not self.tolerant and opened.printed:
            return self._error("cipher_printed", candidate.start, stop, "")
        if not self.tolerant and not self._buffer.endswith(b"\r\n", candidate.start, stop):
            return self._error("tail_missing", candidate.start, stop, "")
        return self._frame(candidate, opened.segment, given, stop, (), opened=opened)

    def _printed_frame(self, candidate: _Candidate, text: bytes, stop: int, opened: sm4.Opened) -> Frame:
        """Take a frame whose cipher is printed; its length field may count the plain or the printed text."""
        right = candidate.declared in (len(opened.segment), len(text) - 4)
        deviations = () if right else (candidate.fault or "length_mismatch",)
        return self._frame(candidate, text[:-4], text[-4:], stop, deviations, opened=opened)

    def _foreign_check(
        self, candidate: _Candidate, segment: bytes, given: bytes, stop: int
    ) -> Frame | FrameError:
        dialect = crc.dialect(segment, int(given, 16)) or ""
        if dialect and self.tolerant:
            return self._frame(candidate, segment, given, stop, ("crc_dialect",), dialect)
        wanted = f"{crc.crc16(segment):04X} expected, {given.decode()} found"
        detail = f"{wanted}, which is {dialect}" if dialect else wanted
        return self._error("crc_mismatch", candidate.start, stop, detail, dialect)

    def _judge_by_line(self, candidate: _Candidate) -> Frame | FrameError | NeedData:
        """Judge by the next `##` or line end, the length field being of no use."""
        stop = self._stop(candidate)
        if stop is None:
            return NEED_DATA
        salvaged = self._salvage(candidate, stop)
        if salvaged is not None:
            return salvaged
        line_end = self._line_end(stop)
        text = _without_line_end(self._buffer[candidate.begin : stop])
        if looks_encrypted(text):
            opened = self._opened(text[:-4], text[-4:]) if _CHECK.fullmatch(text[-4:]) else None
            if opened is not None and self.tolerant:
                return self._printed_frame(candidate, text, line_end, opened)
            code = self._cipher_fault(opened)
        elif candidate.fault:
            code = candidate.fault
        elif text.endswith(b"&&"):
            code = "crc_missing"
        elif candidate.full > line_end and line_end == stop:
            code = "truncated"
        else:
            code = "length_mismatch"
        return self._error(code, candidate.start, line_end, _lengths(candidate, text))

    def _salvage(self, candidate: _Candidate, stop: int) -> Frame | FrameError | None:
        """Take everything up to the line end as the frame, if the check there fits."""
        text = _without_line_end(self._buffer[candidate.begin : stop])
        segment, given = text[:-4], text[-4:]
        if not segment.endswith(b"&&") or not _CHECK.fullmatch(given):
            return None
        dialect = ""
        if crc.crc16(segment) != int(given, 16):
            dialect = crc.dialect(segment, int(given, 16)) or ""
            if not dialect:
                return None
        line_end = self._line_end(stop)
        if not self.tolerant:
            code = candidate.fault or "length_mismatch"
            return self._error(code, candidate.start, line_end, _lengths(candidate, text), dialect)
        deviations = (candidate.fault or "length_mismatch", *(("crc_dialect",) if dialect else ()))
        return self._frame(candidate, segment, given, line_end, deviations, dialect)

    # --- where things end

    def _tail(self, position: int) -> int | None:
        """Return the length of the line end behind the check, or None while it may still grow."""
        rest = self._buffer[position : position + 4]
        for line_end in _LINE_ENDS:
            if rest.startswith(line_end) and (line_end != b"\r" or len(rest) > 1 or self._ended):
                return len(line_end)
        grows = not self._ended and any(line_end.startswith(rest) for line_end in _LINE_ENDS)
        return None if grows else 0

    def _stop(self, candidate: _Candidate) -> int | None:
        """Return where the next `##` or CR LF begins, at most `max_frame` on; None while it has not come."""
        limit = candidate.start + self.max_frame
        size = len(self._buffer)
        begin = max(candidate.begin, self._no_stop_before - self._base)
        match = _STOP.search(self._buffer, begin, limit)
        if match and (match.end() < size or size >= limit or match.group() == b"\r\n" or self._ended):
            return match.start()
        if size >= limit:
            return limit
        self._no_stop_before = self._base + max(begin, size - 2)
        return size if self._ended else None

    def _line_end(self, stop: int) -> int:
        return stop + 2 if self._buffer.startswith(b"\r\n", stop) else stop

    # --- frames inside a candidate

    def _holds_good_frame(self, candidate: _Candidate) -> bool:
        """Return whether a whole, right frame lies inside the candidate, as far as it has come."""
        start, full = self._base + candidate.start, self._base + candidate.full
        if self._inner_good and start < self._inner_good[1] and self._inner_good[0] <= full:
            return True
        self._note_starts(candidate)
        reach = min(full, self._base + len(self._buffer))
        while self._inner and self._inner[0][0] <= reach:
            end, inner = heapq.heappop(self._inner)
            if inner > start and self._is_good(inner - self._base, end - self._base):
                self._inner_good = (end, inner)
                return True
        return False

    def _note_starts(self, candidate: _Candidate) -> None:
        """Remember where the candidates inside this one would end."""
        begin = max(candidate.begin, self._starts_seen_to - self._base)
        reach = min(candidate.full, len(self._buffer))
        for match in _START.finditer(self._buffer, begin, reach):
            position = match.start()
            digits = self._buffer[position + 2 : position + 6]
            if len(digits) < 4:
                self._starts_seen_to = self._base + position
                return
            if digits.isdigit() and int(digits) + 12 <= self.max_frame:
                end = self._base + position + 12 + int(digits)
                heapq.heappush(self._inner, (end, self._base + position))
        self._starts_seen_to = self._base + max(begin, reach - 1)

    def _is_good(self, start: int, end: int) -> bool:
        segment, given = self._buffer[start + 6 : end - 6], self._buffer[end - 6 : end - 2]
        return (
            self._buffer.startswith(b"\r\n", end - 2)
            and _CHECK.fullmatch(given) is not None
            and segment.count(b"##") <= _MAX_INNER_STARTS
            and crc.crc16(segment) == int(given, 16)
        )

    # --- events

    def _frame(
        self,
        candidate: _Candidate,
        segment: bytes,
        given: bytes,
        stop: int,
        deviations: tuple[str, ...],
        dialect: str = "",
        opened: sm4.Opened | None = None,
    ) -> Frame:
        raw = self._buffer[candidate.start : stop]
        found = [*deviations]
        if opened is not None:
            segment = opened.segment
            found += ["cipher_printed"] if opened.printed else []
        if candidate.begin - candidate.start != 6 and "length_not_digits" not in found:
            found.append("length_not_digits")
        if given != given.upper():
            found.append("crc_lowercase")
        if not raw.endswith(b"\r\n"):
            found.append("tail_missing")
        if len(segment) > NOMINAL_SEGMENT:
            found.append("segment_long")
        self._position = stop
        offset = self._base + candidate.start
        encrypted = opened is not None
        return Frame(
            raw, segment, candidate.declared, given.decode(), offset, tuple(found), dialect, encrypted
        )

    def _error(self, code: str, start: int, stop: int, detail: str, dialect: str = "") -> FrameError:
        self._position = stop
        message = f"{FAULTS[code].en}: {detail}" if detail else FAULTS[code].en
        raw = self._buffer[start : min(stop, start + self.max_frame)]
        return FrameError(code, message, self._base + start, raw, stop - start, dialect)


def _without_line_end(text: bytes) -> bytes:
    for line_end in _LINE_ENDS:
        text = text.removesuffix(line_end)
    return text


def _lengths(candidate: _Candidate, text: bytes) -> str:
    given = _CHECK.fullmatch(text[-4:]) is not None and text[-6:-4] == b"&&"
    length = len(text) - 4 if given else len(text)
    return f"{candidate.declared} declared, {length} found" if candidate.declared >= 0 else f"{length} found"
