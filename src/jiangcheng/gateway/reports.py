"""Many frames as a few columns: what a batch of uploads says, before anything of it is judged."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from jiangcheng import hj212
from jiangcheng.core.observations import store
from jiangcheng.gateway import translate

PLAIN_FIELDS = ("Rtd", "Min", "Avg", "Max", "Cou", "ZsRtd", "ZsMin", "ZsAvg", "ZsMax", "Flag")
ODD_FIELD = re.compile(rb"-(?!(?:%b) *=)[^-=;,&]*=" % "|".join(PLAIN_FIELDS).encode())
"""Finds a factor's field other than these."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reports:
    """``n`` frames and the ``m`` values in them.

    Attributes
    ----------
    errors : dict of int to str
        Code of the fault of every frame that could not be decoded; such a frame has no values.
    time : int64 array, shape (n,)
        DataTime [s since 1970 UTC], 0 where there is none.
    stated : bool array, shape (n,)
        Whether there is a DataTime.
    system : int64 array, shape (n,)
        Index into ``systems`` (ST).
    frame, code, field : int64 arrays, shape (m,)
        Frame of a value, and indices into ``codes`` and ``fields``.
    value : float64 array, shape (m,)
        NaN where the logger says that there is none, or where the text is no number.
    invalid : bool array, shape (m,)
        Whether the text is neither a number nor a way to say that there is none.
    flag : int16 array, shape (m,)
        Code point of the data flag of the value's factor, N where none was sent.
    texts : dict of int to str
        Values as they came, by row, of the frames that have something unusual.
    """

    errors: dict[int, str]
    time: npt.NDArray[np.int64]
    stated: npt.NDArray[np.bool_]
    system: npt.NDArray[np.int64]
    systems: list[str]
    frame: npt.NDArray[np.int64]
    code: npt.NDArray[np.int64]
    field: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    invalid: npt.NDArray[np.bool_]
    flag: npt.NDArray[np.int16]
    texts: dict[int, str]
    codes: list[str]
    fields: list[str]

    def text(self, row: int) -> str:
        """Return a value as it came, or at least as it was understood."""
        return self.texts.get(row) or f"{self.value[row]:g}"


def decode(frames: Sequence[bytes], keys: hj212.KeyRing | None = None) -> Reports:
    """Decode whole frames of uploads, tolerantly: the listener has decided what is a frame."""
    columns = hj212.columns(frames, framed=True, tolerant=True, keys=keys)
    rows, values = columns.frames, columns.values
    names = _Names(columns.codes, hj212.FIELDS)
    odd = np.zeros(len(frames), np.bool_)
    odd[values.frame[np.isnan(values.value)]] = True
    odd |= np.fromiter((ODD_FIELD.search(frame) is not None for frame in frames), np.bool_, len(frames))
    odd &= rows.error == 0
    plain = ~odd[values.frame]
    slow = _slow([(index, frames[index]) for index in np.flatnonzero(odd).tolist()], names, keys)
    flag = values.flag[plain]
    letters = np.where(flag == b"", b"N", flag).astype("S1").view(np.uint8).astype(np.int16)
    frame = values.frame[plain]
    return Reports(
        errors={index: hj212.ERRORS[rows.error[index]] for index in np.flatnonzero(rows.error).tolist()},
        time=np.where(rows.data_time == hj212.NO_TIME, 0, rows.data_time),
        stated=rows.data_time != hj212.NO_TIME,
        system=np.maximum(rows.st, 0).astype(np.int64),
        systems=list(columns.sts) or [""],
        frame=np.concatenate([frame, slow.frame]),
        code=np.concatenate([values.code[plain], slow.code]),
        field=np.concatenate([values.field[plain], slow.field]),
        value=np.concatenate([values.value[plain], slow.value]),
        invalid=np.concatenate([np.zeros(len(frame), np.bool_), slow.invalid]),
        flag=np.concatenate([np.where(letters == ord("?"), store.SUSPECT, letters), slow.flag]),
        texts={len(frame) + index: text for index, text in enumerate(slow.texts)},
        codes=names.codes,
        fields=names.fields,
    )


class _Names:
    """Numbers of codes and fields; those of the columns first, then whatever else turns up."""

    def __init__(self, codes: Sequence[str], fields: Sequence[str]) -> None:
        self.codes = list(codes)
        self.fields = list(fields)
        self._code = {name: number for number, name in enumerate(codes)}
        self._field = {name: number for number, name in enumerate(fields)}

    def code(self, name: str) -> int:
        return _number_of(name, self._code, self.codes)

    def field(self, name: str) -> int:
        return _number_of(name, self._field, self.fields)


def _number_of(name: str, numbers: dict[str, int], names: list[str]) -> int:
    if name not in numbers:
        numbers[name] = len(names)
        names.append(name)
    return numbers[name]


class _Slow(NamedTuple):
    frame: npt.NDArray[np.int64]
    code: npt.NDArray[np.int64]
    field: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    invalid: npt.NDArray[np.bool_]
    flag: npt.NDArray[np.int16]
    texts: list[str]


def _slow(frames: list[tuple[int, bytes]], names: _Names, keys: hj212.KeyRing | None) -> _Slow:
    """Read frames with something unusual one by one, keeping the texts of their values."""
    rows: list[tuple[int, int, int, float, bool, int]] = []
    texts: list[str] = []
    for index, frame in frames:
        for code, fields in hj212.decode(frame, tolerant=True, keys=keys).factors.items():
            flag = _flag(fields.get("Flag", "N"))
            for name, text in fields.items():
                number = hj212.number(text)
                absent = text.strip().lower() in translate.ABSENT
                value = np.nan if number is None else number
                rows.append(
                    (index, names.code(code), names.field(name), value, number is None and not absent, flag)
                )
                texts.append(text)
    columns: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * 6
    return _Slow(
        np.array(columns[0], np.int64),
        np.array(columns[1], np.int64),
        np.array(columns[2], np.int64),
        np.array(columns[3], np.float64),
        np.array(columns[4], np.bool_),
        np.array(columns[5], np.int16),
        texts,
    )


def _flag(text: str) -> int:
    """Return a data flag as a code point; one that is no single letter makes the value suspect."""
    return ord(text) if len(text) == 1 and text.isascii() and text.isalnum() else store.SUSPECT
