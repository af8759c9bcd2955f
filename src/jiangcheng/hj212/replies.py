"""Messages of our own: uploads, requests, and the four answers (HJ 212-2017 clause 6.2 and annex C)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from jiangcheng.hj212 import codec, flags
from jiangcheng.hj212.errors import LocalProtocolError
from jiangcheng.hj212.messages import Header, Item, Message

INTERACTION: Final = "91"
"""System code of every answer, HJ 212-2017 table 5."""

QN_RTN: Final[dict[int, tuple[str, str]]] = {
    1: ("准备执行请求", "ready"),
    2: ("请求被拒绝", "refused"),
    3: ("PW 错误", "PW is wrong"),
    4: ("MN 错误", "MN is wrong"),
    5: ("ST 错误", "ST is wrong"),
    6: ("Flag 错误", "Flag is wrong"),
    7: ("QN 错误", "QN is wrong"),
    8: ("CN 错误", "CN is wrong"),
    9: ("CRC 校验错误", "the check is wrong"),
    100: ("未知错误", "unknown error"),
}
"""QnRtn of 9011, HJ 212-2017 table 7: names zh, en."""

EXE_RTN: Final[dict[int, tuple[str, str]]] = {
    1: ("执行成功", "done"),
    2: ("执行失败，原因未知", "failed for an unknown reason"),
    3: ("命令请求条件错误", "the condition of the command is wrong"),
    4: ("通讯超时", "communication timed out"),
    5: ("系统繁忙不能执行", "the system is busy"),
    6: ("系统故障", "the system is faulty"),
    100: ("没有数据", "no data"),
}
"""ExeRtn of 9012, HJ 212-2017 table 6: names zh, en."""


def item(name: str, value: object, separator: str = ";") -> Item:
    """Return one item of a data area; the code is what stands before the last dash.

    Raises
    ------
    LocalProtocolError
        The name or the value would be read back as something else.
    """
    text = str(value)
    prose = len(text) >= 4 and text.startswith("//") and text.endswith("//") and "//" not in text[2:-2]
    if text != text.strip() or (not prose and any(mark in text for mark in (";", ",", "&&"))):
        raise LocalProtocolError(f"{name}={text!r} cannot be written in a data area")
    if not name or any(mark in name for mark in "=;,& "):
        raise LocalProtocolError(f"{name!r} is no name of an item")
    code, _, field = name.rpartition("-")
    return Item(code, field, text, separator)


def compose(
    *,
    cn: str,
    mn: str,
    st: str,
    pw: str = "123456",
    qn: str = "",
    flag: int | None = flags.compose("2017"),
    pnum: int | None = None,
    pno: int | None = None,
    rf: bool = False,
    items: Iterable[Item] = (),
) -> Message:
    """Return a message built from its fields, in the order of the standard.

    Parameters
    ----------
    items : iterable of Item
        The data area; see `item` and `factor`. The separator of the last one is dropped.
    qn : str
        ``YYYYMMDDhhmmsszzz`` in Beijing time; left out where it is empty, as in answers of 2005.
    """
    header = Header(qn, st, cn, pw, mn, flag, pnum, pno, rf)
    for one in _head(header):
        item(one.field, one.text)
    area = tuple(items)
    ascii_only = all(one.written().isascii() for one in (*_head(header), *area))
    return _message(header, area, "ascii" if ascii_only else "utf-8")


def _head(header: Header) -> tuple[Item, ...]:
    fields = (
        ("QN", header.qn or None),
        ("ST", header.st),
        ("CN", header.cn),
        ("PW", header.pw),
        ("MN", header.mn),
        ("Flag", header.flag),
        ("PNUM", header.pnum),
        ("PNO", header.pno),
        ("RF", "1" if header.rf else None),
    )
    return tuple(Item("", name, str(value)) for name, value in fields if value is not None)


def _message(header: Header, items: tuple[Item, ...], encoding: str) -> Message:
    if items:
        items = (*items[:-1], items[-1]._replace(separator=""))
    data_time = next((codec.read_time(one.text) for one in items if one.name == "DataTime"), None)
    message = Message(header, _head(header), items, data_time=data_time, encoding=encoding)
    return codec.with_segment(message)


def factor(code: str, **fields: object) -> tuple[Item, ...]:
    """Return the items of one factor, joined by commas: ``factor("w01018", Rtd=12.5, Flag="N")``."""
    items = [item(f"{code}-{field}", value, ",") for field, value in fields.items()]
    return (*items[:-1], items[-1]._replace(separator=";")) if items else ()


def reply_data(upload: Header | Message) -> bytes:
    """Return 9014, the receipt for uploaded data, as a whole frame."""
    return _answer(upload, "9014")


def reply_notice(notice: Header | Message) -> bytes:
    """Return 9013, the receipt for a notice, as a whole frame."""
    return _answer(notice, "9013")


def reply_request(request: Header | Message, *, result: int = 1) -> bytes:
    """Return 9011, whether a request will be executed; `result` is a key of `QN_RTN`."""
    return _answer(request, "9011", item("QnRtn", result))


def reply_result(request: Header | Message, *, result: int = 1) -> bytes:
    """Return 9012, how a request was executed; `result` is a key of `EXE_RTN`."""
    return _answer(request, "9012", item("ExeRtn", result))


def _answer(said: Header | Message, cn: str, *items: Item) -> bytes:
    """Answer with the same QN, MN and PW; Flag carries the edition only.

    In the edition of 2005 the QN of what is answered stands in the data area and the header has none.
    """
    header = said.header if isinstance(said, Message) else said
    old = header.version == "2005"
    if old and header.qn:
        items = (item("QN", header.qn), *items)
    answer = Header(
        qn="" if old else header.qn,
        st=INTERACTION,
        cn=cn,
        pw=header.pw,
        mn=header.mn,
        flag=0 if old else flags.compose(header.version),
    )
    # What was said is echoed byte for byte, sense or no sense: `header` reads unknown bytes as latin-1.
    encoding = said.encoding if isinstance(said, Message) else "latin-1"
    return codec.encode(_message(answer, items, encoding))
