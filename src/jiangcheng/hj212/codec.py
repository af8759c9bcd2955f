"""Data segment to message and back (HJ 212-2017 clause 6.3.2 to 6.3.4), without loss."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import functools
import re
from collections.abc import Iterator
from typing import Final

from jiangcheng.hj212 import areas, commands, crc, flags, sm4
from jiangcheng.hj212.errors import FAULTS, FrameError, LocalProtocolError, RemoteProtocolError
from jiangcheng.hj212.framing import Framer, looks_encrypted
from jiangcheng.hj212.messages import FIELDS, Deviation, Frame, Header, Item, Message, number

MAX_SEGMENT: Final = 9_999
# The longest header of the standard has 116 characters; longer ones are not worth remembering.
_ORDINARY_HEAD: Final = 160
_ORDINARY_NAME: Final = 40

_KNOWN: Final = frozenset({"QN", "ST", "CN", "PW", "MN", "Flag", "PNUM", "PNO", "RF"})
_OPENER = re.compile(r"CP=&{0,2}")
_SEPARATOR = re.compile(r"([;,])")
# Text between // and // is prose and may hold separators (HJ 212-2017 annex B.10).
_PROSE_PIECE = re.compile(r"((?://.*?//|[^;,])*)([;,]|$)", re.DOTALL)
# `w20143-Flag=Nw20144-Rtd=10`: the only join that can be undone without a guess, a data flag being one character.
_JOINED = re.compile(r"([^=]+-Flag)=(\w)(\w+-\w+=.*)", re.ASCII | re.DOTALL)
# GB 18030 holds all of GBK and the characters of four bytes beyond it; GBK is named where it suffices.
_ENCODINGS: Final = ("utf-8", "gbk", "gb18030")
_NUMERIC: Final = frozenset(FIELDS)
_FACTOR_FIELDS: Final = frozenset({*FIELDS[:9], "Flag", "EFlag"})
_DATE_TIME = re.compile(r"[0-9]{14}")
_MN: Final = {"2005": re.compile(r"[0-9A-Za-z]{14}"), "2017": re.compile(r"[0-9A-F]{24}")}
_MN["2025"] = _MN["2017"]
# Clause 6.3 of 2025 leaves one digit to each of PNUM and PNO.
_MOST_PARTS: Final = 9


# --- header


def header(segment: bytes) -> Header:
    """Read the fields before the data area and nothing else; never fails, what is missing is empty.

    Parameters
    ----------
    segment : bytes
        The data segment.
    """
    area = segment.find(b"CP=")
    head = segment if area < 0 else segment[:area]
    if head.startswith(b"QN="):
        qn, separator, rest = head[3:].partition(b";")
        if separator and b"," not in qn:
            return Header(qn.decode("latin-1").strip(), *_rest_of_header(rest)[1:])
    return _rest_of_header(head)


def _rest_of_header(head: bytes) -> Header:
    return _cached_header(head) if len(head) <= _ORDINARY_HEAD else _parsed_header(head)


def _parsed_header(head: bytes) -> Header:
    fields: dict[str, str] = {}
    for piece in re.split("[;,]", head.decode("latin-1")):
        name, _, text = piece.partition("=")
        fields.setdefault(name.strip(), text.strip())
    return _header_of(fields)


# Everything but QN is the same in all frames of one kind from one logger.
_cached_header = functools.lru_cache(maxsize=65_536)(_parsed_header)


def _header_of(fields: dict[str, str]) -> Header:
    return Header(
        qn=fields.get("QN", ""),
        st=fields.get("ST", ""),
        cn=fields.get("CN", ""),
        pw=fields.get("PW", ""),
        mn=fields.get("MN", ""),
        flag=_whole(fields.get("Flag", ""), 0xFF),
        pnum=_whole(fields.get("PNUM", ""), 9_999),
        pno=_whole(fields.get("PNO", ""), 9_999),
        rf=fields.get("RF") == "1",
    )


def _whole(text: str, largest: int) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        return None
    return int(text) if int(text) <= largest else None


# --- decoding


def decode(frame: Frame | bytes, *, tolerant: bool = False, keys: sm4.Keys | None = None) -> Message:
    """Read one frame.

    Parameters
    ----------
    frame : Frame or bytes
        What a `Framer` gave, or one whole frame from ``##`` to its line end.
    tolerant : bool
        Take the deviations that `errors.FAULTS` marks as refused, and list them.
    keys : Keys or None
        Keys of the loggers that encrypt, by MN (HJ 212-2025); see `sm4.KeyRing`.

    Raises
    ------
    RemoteProtocolError
        The frame cannot be taken; `error` holds the code, the place and the bytes.
    """
    if isinstance(frame, bytes):
        frame = _only_frame(frame, tolerant, keys)
    if looks_encrypted(frame.segment):
        frame = _opened(frame, keys)
    message = _Reader(frame).message()
    if not tolerant:
        refused = next((found for found in message.deviations if FAULTS[found.code].refused), None)
        if refused is not None:
            raise RemoteProtocolError(_refusal(frame, refused))
    return message


def _opened(frame: Frame, keys: sm4.Keys | None) -> Frame:
    given = int(frame.crc_given, 16) if frame.crc_given else None
    opened = sm4.open_segment(frame.segment, given, keys) if keys else None
    if opened is None:
        raise RemoteProtocolError(_refusal(frame, Deviation("key_wrong" if keys else "encrypted", "CP")))
    found = (*frame.deviations, *(("cipher_printed",) if opened.printed else ()))
    return dataclasses.replace(
        frame, segment=opened.segment, deviations=found, crc_dialect="", encrypted=True
    )


def _only_frame(raw: bytes, tolerant: bool, keys: sm4.Keys | None) -> Frame:
    framer = Framer(tolerant=tolerant, keys=keys)
    framer.receive_data(raw)
    framer.finish()
    event = framer.next_event()
    if isinstance(event, Frame):
        if framer.offset == len(raw):
            return event
        rest = FrameError("garbage", f"{FAULTS['garbage'].en}: behind the frame", framer.offset, raw)
        raise RemoteProtocolError(rest)
    if isinstance(event, FrameError):
        raise RemoteProtocolError(event)
    raise RemoteProtocolError(FrameError("truncated", FAULTS["truncated"].en, 0, raw))


def _refusal(frame: Frame, found: Deviation) -> FrameError:
    where = f" in {found.where}" if found.where else ""
    detail = f": {found.detail}" if found.detail else ""
    message = f"{FAULTS[found.code].en}{where}{detail}"
    return FrameError(
        found.code, message, frame.offset, frame.raw, len(frame.raw), frame.crc_dialect, found.where
    )


class _Reader:
    """Reading of one frame: the deviations gather while the parts are taken apart."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame
        self.opens = True
        self.found = [Deviation(code, "frame", frame.crc_dialect) for code in frame.deviations]

    def message(self) -> Message:
        text, encoding = self._text(self.frame.segment)
        before, opener, area, closer = self._parts(text)
        head = tuple(self._head(before))
        fields = {item.field: item.text for item in reversed(head)}
        head_fields = _header_of(fields)
        self._check_header(head, fields, head_fields)
        items = tuple(self._items(area))
        self._check_items(items)
        return Message(
            header=head_fields,
            head=head,
            items=items,
            opener=opener,
            closer=closer,
            data_time=self._data_time(items, head_fields.cn),
            encoding=encoding,
            deviations=tuple(self.found),
            segment=self.frame.segment,
            crc_given=self.frame.crc_given,
            encrypted=self.frame.encrypted,
        )

    def _note(self, code: str, where: str, detail: str = "") -> None:
        self.found.append(Deviation(code, where, detail))

    def _text(self, segment: bytes) -> tuple[str, str]:
        if segment.isascii():
            return segment.decode("ascii"), "ascii"
        for encoding in _ENCODINGS:
            try:
                text = segment.decode(encoding)
            except UnicodeDecodeError:
                continue
            if text.encode(encoding) == segment:
                if encoding != "utf-8":
                    self._note("encoding_gbk", "segment")
                return text, encoding
        self._note("encoding_unknown", "segment")
        return segment.decode("latin-1"), "latin-1"

    def _parts(self, text: str) -> tuple[str, str, str, str]:
        """Split into header, opener, data area and closer; joined they are the text again."""
        match = _OPENER.search(text)
        if match is None:
            self._note("cp_missing", "CP")
            self.opens = False
            closer = "&&" if text.endswith("&&") else ""
            return text.removesuffix(closer), "", "", closer
        before, opener, rest = text[: match.start()], match.group(), text[match.end() :]
        closer = "&&" if rest.endswith("&&") else "&" if rest.endswith("&") else ""
        if opener != "CP=&&" or closer != "&&":
            self._note("cp_unclosed", "CP", f"{opener}…{closer}")
        return before, opener, rest[: len(rest) - len(closer)], closer

    def _head(self, before: str) -> Iterator[Item]:
        pieces = _pieces(before)
        for position, (piece, separator) in enumerate(pieces, 1):
            item = self._item(piece, separator, in_header=True)
            area_follows_at_once = not separator and position == len(pieces) and self.opens
            if separator == "," or area_follows_at_once:
                self._note("header_separator", item.field, separator)
            yield item

    def _items(self, area: str) -> Iterator[Item]:
        for piece, separator in _pieces(area):
            name, equals, text = piece.partition("=")
            if equals and "=" not in text and " " not in piece:
                yield Item(*_split_name(name), text, separator)
                continue
            while joined := _JOINED.fullmatch(piece):
                before, flag, piece = joined.groups()
                self._note("separator_missing", before)
                yield self._item(f"{before}={flag}", "")
            yield self._item(piece, separator)
        if area.endswith((";", ",")):
            self._note("item_empty", "end")

    def _item(self, piece: str, separator: str, *, in_header: bool = False) -> Item:
        name, equals, text = piece.partition("=")
        plain_name, plain_text = name.strip(), text.strip()
        code, field = ("", plain_name) if in_header else _split_name(plain_name)
        if not equals:
            self._note("item_without_value" if piece.strip() else "item_empty", plain_name)
            return Item("", "", "", separator, piece)
        if plain_name != name or plain_text != text:
            self._note("blanks", plain_name)
            return Item(code, field, plain_text, separator, piece)
        return Item(code, field, text, separator)

    def _check_header(self, head: tuple[Item, ...], fields: dict[str, str], read: Header) -> None:
        if len(fields) != len(head):
            counts = collections.Counter(item.field for item in head)
            repeated = sorted(name for name, count in counts.items() if count > 1)
            self._note("header_repeated", ",".join(repeated))
        for name in fields.keys() - _KNOWN - {""}:
            self._note("header_unknown", name)
        wanted = ("ST", "CN", "PW", "MN") if read.version == "2005" else ("QN", "ST", "CN", "PW", "MN")
        for name in wanted:
            if name not in fields:
                self._note("header_missing", name)
        for code, name in _misformed(fields, read):
            self._note(code, name, fields.get(name, ""))
        announced, numbered = flags.has_parts(read.flag), read.pnum is not None and read.pno is not None
        if announced and not numbered and read.version != "2005":
            self._note("parts_missing", "Flag", fields.get("Flag", ""))
        if numbered and not announced:
            self._note("parts_unannounced", "PNUM", fields.get("PNUM", ""))

    def _check_items(self, items: tuple[Item, ...]) -> None:
        seen: set[tuple[str, str]] = set()
        for code, field, text, _, _ in items:
            if (code, field) in seen and field and field not in areas.REPEATED:
                self._note("field_repeated", f"{code}-{field}" if code else field, text)
            seen.add((code, field))
            form = areas.FORMS.get(field)
            if form is not None and not form.fits(text):
                self._note("field_form", f"{code}-{field}" if code else field, text)
            if not code:
                if field in _FACTOR_FIELDS:
                    self._note("item_without_factor", field, text)
            elif field in _NUMERIC and number(text) is None:
                self._note("value_form", f"{code}-{field}", text)

    def _data_time(self, items: tuple[Item, ...], cn: str) -> datetime.datetime | None:
        text = next((item.text for item in items if item.field == "DataTime" and not item.code), None)
        if text is None:
            if cn in commands.DATA_UPLOADS and any(item.code for item in items):
                self._note("data_time_missing", "DataTime")
            return None
        if len(text) != 14:
            self._note("data_time_form", "DataTime", text)
        moment = read_time(text[:14])
        if moment is None and len(text) == 14:
            self._note("data_time_form", "DataTime", text)
        return moment


def _pieces(text: str) -> list[tuple[str, str]]:
    """Split at the separators: what stands before each and the separator, an empty one at the end."""
    if "//" in text:
        pieces = [(match[1], match[2]) for match in _PROSE_PIECE.finditer(text)]
    else:
        tokens = _SEPARATOR.split(text)
        pieces = list(zip(tokens[::2], [*tokens[1::2], ""], strict=True))
    while pieces and pieces[-1] == ("", ""):
        pieces.pop()
    return pieces


def _split(name: str) -> tuple[str, str]:
    code, dash, field = name.rpartition("-")
    return (code, field) if dash and code else ("", name)


_cached_split = functools.lru_cache(maxsize=16_384)(_split)


def _split_name(name: str) -> tuple[str, str]:
    """Split a name at its last dash into factor code and field."""
    return _cached_split(name) if len(name) <= _ORDINARY_NAME else _split(name)


def _misformed(fields: dict[str, str], read: Header) -> Iterator[tuple[str, str]]:
    """Yield the code and the name of each header field whose form is not that of the edition."""
    if "QN" in fields and not (len(read.qn) == 17 and read.qn.isascii() and read.qn.isdigit()):
        yield "qn_form", "QN"
    if "ST" in fields and len(read.st) != 2:
        yield "st_form", "ST"
    if "CN" in fields and not (len(read.cn) == 4 and read.cn.isascii() and read.cn.isdigit()):
        yield "cn_form", "CN"
    elif "CN" in fields and read.cn not in commands.CODES:
        yield "cn_unknown", "CN"
    if "PW" in fields and not 0 < len(read.pw) <= 6:
        yield "pw_form", "PW"
    edition_known = "Flag" not in fields or read.flag is not None
    if "MN" in fields and edition_known and not _MN[read.version].fullmatch(read.mn):
        yield "mn_form", "MN"
    if "Flag" in fields and read.flag is None:
        yield "flag_form", "Flag"
    if read.flag is not None and read.flag >> 2 not in flags.EDITIONS:
        yield "version_unknown", "Flag"
    for name, value in (("PNUM", read.pnum), ("PNO", read.pno)):
        if name in fields and (not value or (read.pnum and value > read.pnum)):
            yield "parts_form", name
    if read.version == "2025" and max(read.pnum or 0, read.pno or 0) > _MOST_PARTS:
        yield "parts_many", "PNUM"
    if "RF" in fields and not read.rf:
        yield "rf_form", "RF"


def read_time(text: str) -> datetime.datetime | None:
    """Read ``YYYYMMDDhhmmss`` as a naive Beijing time, or return None where it is no time."""
    if not _DATE_TIME.fullmatch(text):
        return None
    day = int(text[:4]), int(text[4:6]), int(text[6:8])
    try:
        return datetime.datetime(*day, int(text[8:10]), int(text[10:12]), int(text[12:]))  # noqa: DTZ001
    except ValueError:
        return None


# --- encoding


def frame(segment: bytes, *, check: bytes | None = None) -> bytes:
    """Return a data segment as a whole frame.

    Parameters
    ----------
    segment : bytes
        At most 9,999 bytes.
    check : bytes or None
        A spelling of the check to keep, when it is right.

    Raises
    ------
    LocalProtocolError
        The segment is empty or longer than the length field can say.
    """
    if not 0 < len(segment) <= MAX_SEGMENT:
        raise LocalProtocolError(f"a data segment of {len(segment)} bytes cannot be framed")
    spelled = crc.SPELLED[crc.state(segment)]
    if check is not None and check.upper() == spelled:
        spelled = check
    return b"##%04d%b%b\r\n" % (len(segment), segment, spelled)


def segment_of(message: Message) -> bytes:
    """Write a message's fields as a data segment, in their order and with their separators.

    Raises
    ------
    LocalProtocolError
        A text cannot be written in the message's encoding.
    """
    head = "".join(item.written() + item.separator for item in message.head)
    area = "".join(item.written() + item.separator for item in message.items)
    try:
        return f"{head}{message.opener}{area}{message.closer}".encode(message.encoding)
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"the text cannot be written in {message.encoding}") from error


def encode(message: Message, *, key: bytes | None = None) -> bytes:
    """Return a message as a whole frame, check and CR LF included.

    For a message that was read from a frame with a right length field, check and end, these are the same bytes;
    for one that came encrypted they are with the same key.

    Parameters
    ----------
    key : bytes or None
        Encrypt the data area with these 16 bytes (HJ 212-2025); the check is that of the plain segment.

    Raises
    ------
    LocalProtocolError
        The message cannot be written, or the key does not have 16 bytes.
    """
    segment = segment_of(message)
    whole = frame(segment, check=message.crc_given.encode("ascii") or None)
    return whole if key is None else whole[:6] + sm4.encrypt_segment(segment, key) + whole[-6:]


def with_segment(message: Message) -> Message:
    """Return the message with `segment` written from its fields."""
    return dataclasses.replace(message, segment=segment_of(message))
