"""A whole stream into columns, compiled: for archives and replays.

One pass walks the stream. A frame with four digits of length, a right check, CR LF, the header fields in the
order of the standard and a plain data area is read here; everything else, down to the last stray byte, becomes a
row marked `LEFT`, whose bytes `left_over` hands to the slow path. No row is ever dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from jiangcheng.hj212 import _kernel
from jiangcheng.hj212.columnar import LEFT, Columns, FrameColumns, ValueColumns

# A province has some ten thousand loggers; every text beyond this number sends its frame to the slow path.
_MAX_TEXTS: Final = 1 << 20
_Tables = tuple[NDArray[Any], NDArray[np.int32], NDArray[np.int64]]


def decode_stream(data: bytes | NDArray[np.uint8]) -> Columns:
    """Read a stream of frames into columns.

    Parameters
    ----------
    data : bytes or ndarray of uint8
        Frames one after the other, each from ``##`` to CR LF, and whatever lies between them.

    Returns
    -------
    Columns
        `frames` covers the stream without a gap; a row with `error` 0 is a frame that was read, a row with
        `error` `LEFT` is a stretch for the slow path: an unusual or wrong frame, several of them, garbage, or a
        frame cut off by the end. The rows of `values` are in the order of the stream.
    """
    stream = _read_only(data)
    words = _sliding_words(stream)
    tables = _tables(len(stream))
    frames = np.empty(len(stream) // 200 + 64, _kernel.FRAME)
    values = np.empty(len(stream) // 24 + 4_096, _kernel.VALUE)
    position, rows, count = _kernel.walk(stream, words, tables, frames, values, (0, 0, 0))
    while position < len(stream):
        frames, values = _doubled(frames, rows), _doubled(values, count)
        position, rows, count = _kernel.walk(stream, words, tables, frames, values, (position, rows, count))
    frames, values = frames[:rows], values[:count]
    return Columns(
        FrameColumns(**{name: np.ascontiguousarray(frames[name]) for name in _kernel.FRAME.names or ()}),
        ValueColumns(
            np.ascontiguousarray(values["frame"]),
            np.ascontiguousarray(values["code"]),
            np.ascontiguousarray(values["field"]),
            np.ascontiguousarray(values["value"]),
            np.ascontiguousarray(values["flag"]).view("S1"),
        ),
        _spelled(stream, tables, _kernel.ST),
        _spelled(stream, tables, _kernel.MN),
        _spelled(stream, tables, _kernel.CODE),
    )


def left_over(data: bytes | NDArray[np.uint8], columns: Columns) -> Iterator[tuple[int, bytes]]:
    """Yield row and bytes of each stretch that was left to the slow path: a `Framer` and `decode`."""
    for row in np.flatnonzero(columns.frames.error == LEFT).tolist():
        offset, length = int(columns.frames.offset[row]), int(columns.frames.length[row])
        yield row, bytes(data[offset : offset + length])


def _read_only(data: bytes | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the data as one kind of array, for which alone the kernel is compiled."""
    whole = np.frombuffer(data, np.uint8) if isinstance(data, bytes) else data
    stream = np.ascontiguousarray(whole, np.uint8).view()
    stream.flags.writeable = False
    return stream


def _sliding_words(stream: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return the eight bytes from every place on as one number, without copying."""
    if len(stream) < 8:
        return _sliding_words(_read_only(bytes(8)))
    return np.ndarray((len(stream) - 7,), "<u8", stream.data, strides=(1,))


def _tables(size: int) -> _Tables:
    """Return texts, their open hash table, and how many there are of each kind and in all."""
    capacity = min(size // 32 + 64, _MAX_TEXTS)
    texts = np.empty(capacity, _kernel.TEXT)
    # Row 0 stands before the first name of every data area.
    texts[0] = (0, 0, -1, -1, 0, -1, -1, -1, _kernel.ODD, 0)
    counts = np.zeros(_kernel.KINDS + 1, np.int64)
    counts[_kernel.KINDS] = 1
    return texts, np.full(1 << (2 * capacity).bit_length(), -1, np.int32), counts


def _doubled(table: NDArray[Any], used: int) -> NDArray[Any]:
    grown = np.empty(2 * len(table), table.dtype)
    grown[:used] = table[:used]
    return grown


def _spelled(stream: NDArray[np.uint8], tables: _Tables, kind: int) -> tuple[str, ...]:
    texts = tables[0][: int(tables[2][_kernel.KINDS])]
    chosen = texts[texts["kind"] == kind]
    places = zip(chosen["begin"].tolist(), chosen["end"].tolist(), strict=True)
    return tuple(stream[begin:end].tobytes().decode("latin-1") for begin, end in places)
