"""What the host says to what a site says."""

from __future__ import annotations

import functools
from collections.abc import Callable

from jiangcheng import hj212
from jiangcheng.hj212 import commands

ANSWERS: dict[str, Callable[[hj212.Header], bytes]] = {
    "upload": hj212.reply_data,
    "notice": hj212.reply_notice,
}
NUMBER = "0" * 17


def answer(header: hj212.Header) -> bytes:
    """Return the frame that answers an arrival, empty where the standard asks for none (clause 6.6).

    A site that writes its fields so that they cannot be repeated gets no answer either.
    """
    number = header.qn
    if len(number) != 17 or not (number.isascii() and number.isdigit()) or header.version == "2005":
        return _answer(header)
    rest = _after_number(header.cn, header.pw, header.mn, header.flag)
    return hj212.frame(b"QN=%b%b" % (number.encode(), rest)) if rest else b""


@functools.lru_cache(maxsize=65_536)
def _after_number(cn: str, pw: str, mn: str, flag: int | None) -> bytes:
    """Return an answer's data segment behind the number of the exchange: all that never changes."""
    answered = _answer(hj212.Header(qn=NUMBER, cn=cn, pw=pw, mn=mn, flag=flag))
    return answered[6:-6].removeprefix(b"QN=%b" % NUMBER.encode())


def _answer(header: hj212.Header) -> bytes:
    command = commands.find(header.cn, direction="up", edition=header.version)
    if command is None or command.kind not in ANSWERS or not header.answer_wanted:
        return b""
    try:
        return ANSWERS[command.kind](header)
    except hj212.LocalProtocolError:
        return b""
