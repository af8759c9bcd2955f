"""Frames in a file or a pipe, explained: what ``jiangcheng hj212 decode`` prints."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, TextIO

from jiangcheng import hj212

CHUNK = 1 << 16


def explain(source: BinaryIO, *, tolerant: bool) -> Iterator[dict[str, Any]]:
    """Yield one description per frame, and one per stretch of bytes that is none.

    Parameters
    ----------
    source
        Bytes as they travel on the line.
    tolerant
        Whether to accept the known deviations of real devices, and list them.

    Returns
    -------
    iterator of dict
        ``ok``, then ``version, qn, st, cn, mn, flag, pnum, pno, rf, data_time, cp, values, params,
        deviations`` or ``error`` with ``code, message, offset``.
    """
    framer = hj212.Framer(tolerant=tolerant)
    while data := source.read(CHUNK):
        framer.receive_data(data)
        yield from _events(framer, tolerant)
    framer.finish()
    yield from _events(framer, tolerant)


def _events(framer: hj212.Framer, tolerant: bool) -> Iterator[dict[str, Any]]:
    while not isinstance(event := framer.next_event(), hj212.NeedData):
        if isinstance(event, hj212.FrameError):
            if event.raw.strip():
                yield _fault(event.code, event.message, event.offset)
            continue
        try:
            yield _message(hj212.decode(event, tolerant=tolerant))
        except hj212.RemoteProtocolError as error:
            yield _fault(error.code, error.error.message, error.offset)


def _fault(code: str, message: str, offset: int) -> dict[str, Any]:
    return {"ok": False, "error": {"code": code, "message": message, "offset": offset}}


def _message(message: hj212.Message) -> dict[str, Any]:
    text = message.segment.decode(message.encoding, "backslashreplace")
    area = text.partition("CP=")[2]
    values = [
        {"code": item.code, "field": item.field, "text": item.text, "value": hj212.number(item.text)}
        for item in message.items
        if item.code
    ]
    return {
        "ok": True,
        "version": message.version,
        "qn": message.qn,
        "st": message.st,
        "cn": message.cn,
        "mn": message.mn,
        "flag": message.flag,
        "pnum": message.pnum,
        "pno": message.pno,
        "rf": message.rf,
        "data_time": f"{message.data_time.isoformat()}+08:00" if message.data_time else None,
        "cp": area.removeprefix("&&").removesuffix("&&"),
        "values": values,
        "params": message.params,
        "deviations": [deviation._asdict() for deviation in message.deviations],
    }


def write_json(description: dict[str, Any], sink: TextIO) -> None:
    """Write a description as one line of JSON."""
    sink.write(json.dumps(description, ensure_ascii=False) + "\n")


def write_table(description: dict[str, Any], sink: TextIO) -> None:
    """Write a description for reading: a line for the header, then one for each value."""
    if not description["ok"]:
        error = description["error"]
        sink.write(f"!! {error['code']} @ {error['offset']}: {error['message']}\n")
        return
    head = ("version", "qn", "st", "cn", "mn", "flag", "data_time")
    sink.write("  ".join(f"{name}={description[name]}" for name in head) + "\n")
    for name, text in description["params"].items():
        sink.write(f"    {name:<24} {text}\n")
    for value in description["values"]:
        sink.write(f"    {value['code'] + '-' + value['field']:<24} {value['text']}\n")
    for deviation in description["deviations"]:
        sink.write(f"    ?? {deviation['code']} {deviation['where']} {deviation['detail']}\n")


def decode(
    source: BinaryIO,
    sink: TextIO,
    *,
    tolerant: bool,
    write: Callable[[dict[str, Any], TextIO], None] = write_json,
) -> bool:
    """Explain everything in ``source``; return whether all of it was valid."""
    whole = True
    for description in explain(source, tolerant=tolerant):
        whole = whole and description["ok"]
        write(description, sink)
    return whole
