"""A table of texts (CSV or Parquet as it came) read as values: what can be stored, and why the rest cannot.

Two forms are understood. *Long*: one value per row in columns ``station``, ``property`` (code, or
``code-statistic``), ``time``, ``value`` and optionally ``statistic``, ``granularity``, ``flag``. *Wide*: one
time per row in ``station``, ``time`` and optionally ``granularity``, with one column per property.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from jiangcheng.core.observations.rules import calendar
from jiangcheng.core.observations.rules.columns import NORMAL, Array, Batch, Granularity, each, epoch

LONG = ("station", "property", "statistic", "time", "granularity", "value", "flag")
NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
UNKNOWN = -1
LARGEST = 2.0**63
"""Values are stored as integers of 10^-decimals below this."""
STEP = {Granularity.INSTANT: 1, Granularity.MINUTE: 60, Granularity.HOUR: 3600, Granularity.DAY: calendar.DAY}
"""Starts are multiples of these seconds in Beijing time."""


class Refusal(NamedTuple):
    """Why a row is not stored: its number in the file (the header is row 1), field, rule and text."""

    row: int
    field: str
    rule: str
    value: str


@dataclasses.dataclass(frozen=True, slots=True)
class Codes:
    """What the register knows."""

    stations: Mapping[str, int]
    properties: Mapping[tuple[str, str], int]
    """By code and statistic."""
    decimals: Mapping[int, int]
    """By key of the property."""
    default_granularity: Granularity
    label: str
    """``start`` or ``end``: which end of its interval a time in the file names."""
    received: int
    """Epoch seconds; an interval that begins later is refused."""


class Reading(NamedTuple):
    """What could be read of a table, and what could not."""

    batch: Batch
    refusals: list[Refusal]


def property_key(codes: Codes, name: str, statistic: str = "") -> int:
    """Return the key of ``code``, ``code-statistic`` or code and statistic (default ``avg``), or UNKNOWN."""
    code, dash, suffix = name.partition("-")
    wanted = statistic or (suffix if dash else "avg")
    return codes.properties.get((code, wanted.lower()), UNKNOWN)


def read_table(table: pa.Table, first_row: int, codes: Codes) -> Reading:
    """Return the values of a table whose columns are texts and carry our names.

    Raises
    ------
    ValueError
        If a column that every form needs is missing, or no column names a property.
    """
    missing = [name for name in ("station", "time") if name not in table.column_names]
    if missing:
        raise ValueError(f"no column {', '.join(missing)}")
    numbers = np.arange(first_row, first_row + len(table))
    if "property" in table.column_names:
        if "value" not in table.column_names:
            raise ValueError("no column value")
        return _read_rows(table, numbers, codes)
    names = [name for name in table.column_names if name not in LONG and property_key(codes, name) != UNKNOWN]
    if not names:
        raise ValueError("no column property, and no column named after one")
    return _read_wide(table, names, numbers, codes)


def _read_wide(table: pa.Table, names: list[str], numbers: Array, codes: Codes) -> Reading:
    """Return every filled cell of the property columns."""
    readings = []
    for name in names:
        filled = pc.not_equal(_trimmed(table, name), "")
        part = table.select([key for key in ("station", "time", "granularity") if key in table.column_names])
        part = part.append_column("value", table[name])
        part = part.append_column("property", pa.array([name] * len(table), pa.string())).filter(filled)
        readings.append(_read_rows(part, numbers[filled.to_numpy(zero_copy_only=False)], codes))
    return Reading(
        Batch.concatenate(reading.batch for reading in readings),
        sorted(refusal for reading in readings for refusal in reading.refusals),
    )


def _read_rows(table: pa.Table, numbers: Array, codes: Codes) -> Reading:
    texts = {name: _trimmed(table, name) for name in LONG if name in table.column_names}
    check = _Check(numbers)
    granularity = _granularity(texts, codes, check)
    start = _start(texts["time"], granularity, codes, check)
    flag = _flag(texts, check, len(table))
    batch = Batch(
        granularity=granularity,
        start=start,
        station=check.known("station", "no such station", texts["station"], codes.stations.get),
        property=(key := _property(texts, codes, check)),
        flag=flag,
        value=_value(texts["value"], flag, key, codes, check),
    )
    return Reading(batch.take(check.good), check.refusals())


class _Check:
    """Collects what is wrong with which row; of a row only the first fault is told."""

    def __init__(self, numbers: Array) -> None:
        self.good = np.ones(len(numbers), bool)
        self._numbers = numbers
        self._found: list[Refusal] = []

    def refuse(self, bad: Array, field: str, rule: str, texts: pa.Array) -> None:
        for place in np.flatnonzero(bad & self.good).tolist():
            self._found.append(Refusal(int(self._numbers[place]), field, rule, texts[place].as_py()))
        self.good &= ~bad

    def known(self, field: str, rule: str, texts: pa.Array, key: Callable[[str], int | None]) -> Array:
        """Return ``key(text)`` of every text; each distinct text is looked up once."""
        coded = texts.dictionary_encode()
        keys = [UNKNOWN if (found := key(text)) is None else found for text in coded.dictionary.to_pylist()]
        column: Array = np.array([*keys, UNKNOWN], dtype=np.int64)[
            coded.indices.to_numpy(zero_copy_only=False)
        ]
        self.refuse(column == UNKNOWN, field, rule, texts)
        return column

    def refusals(self) -> list[Refusal]:
        return sorted(self._found)


def _trimmed(table: pa.Table, name: str) -> pa.Array:
    column = pc.fill_null(table[name].cast(pa.string()), "")
    trimmed = pc.utf8_trim_whitespace(column)
    return trimmed.combine_chunks() if isinstance(trimmed, pa.ChunkedArray) else trimmed


def _granularity(texts: Mapping[str, pa.Array], codes: Codes, check: _Check) -> Array:
    names = {"": int(codes.default_granularity)} | {item.name.lower(): int(item) for item in Granularity}
    if "granularity" not in texts:
        return np.full(len(texts["time"]), int(codes.default_granularity))
    return check.known(
        "granularity",
        "not instant, minute, hour or day",
        texts["granularity"],
        lambda text: names.get(text.lower()),
    )


def _property(texts: Mapping[str, pa.Array], codes: Codes, check: _Check) -> Array:
    if "statistic" not in texts:
        return check.known(
            "property", "no such property", texts["property"], lambda text: property_key(codes, text)
        )
    pairs = pc.binary_join_element_wise(texts["property"], texts["statistic"], "\t")
    return check.known(
        "property", "no such property", pairs, lambda text: property_key(codes, *text.split("\t"))
    )


def _flag(texts: Mapping[str, pa.Array], check: _Check, length: int) -> Array:
    if "flag" not in texts:
        return np.full(length, NORMAL)

    def code_point(text: str) -> int | None:
        letter = text or chr(NORMAL)
        return ord(letter) if len(letter) == 1 and letter.isascii() and letter.isalnum() else None

    return check.known("flag", "not one letter", texts["flag"], code_point)


def _value(texts: pa.Array, flag: Array, key: Array, codes: Codes, check: _Check) -> Array:
    empty = pc.equal(texts, "").to_numpy(zero_copy_only=False)
    check.refuse(empty & (flag == NORMAL), "value", "no value, yet flagged as normal", texts)
    number = pc.match_substring_regex(texts, NUMBER)
    check.refuse(~number.to_numpy(zero_copy_only=False) & ~empty, "value", "not a number", texts)
    values = pc.if_else(number, texts, pa.scalar(None, pa.string())).cast(pa.float64())
    column: Array = values.to_numpy(zero_copy_only=False).astype(np.float64)
    large = np.abs(column) >= LARGEST / 10.0 ** each({UNKNOWN: 0, **codes.decimals}, key)
    check.refuse(large, "value", "too large", texts)
    return np.where(large, np.nan, column)


def _start(texts: pa.Array, granularity: Array, codes: Codes, check: _Check) -> Array:
    moment = check.known("time", "not a time (ISO 8601, Beijing where no zone is given)", texts, _moment)
    step = np.array([STEP[Granularity(item)] for item in Granularity])[np.maximum(granularity, 0)]
    length = np.where(granularity == Granularity.INSTANT, 0, step)
    start = moment - length if codes.label == "end" else moment
    check.refuse((start + calendar.BEIJING) % step != 0, "time", "not at the edge of its interval", texts)
    check.refuse((start < 0) & (moment != UNKNOWN), "time", "before 1970", texts)
    check.refuse(start > codes.received, "time", "begins after it was received", texts)
    return start


def _moment(text: str) -> int | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.timezone(datetime.timedelta(seconds=calendar.BEIJING)))
    return epoch(moment)


def unused(names: list[str], codes: Codes) -> list[str]:
    """Return the columns of a file that say nothing to us."""
    wide = "property" not in names
    return [
        name for name in names if name not in LONG and not (wide and property_key(codes, name) != UNKNOWN)
    ]


def renamed(names: list[str], mapping: Mapping[str, str]) -> list[str]:
    """Return the columns under our names, given ``{ours: theirs}``.

    Raises
    ------
    ValueError
        If the file has no column of a mapped name.
    """
    absent = [theirs for theirs in mapping.values() if theirs not in names]
    if absent:
        raise ValueError(f"the file has no column {', '.join(absent)}")
    ours: dict[str, Any] = {theirs: mine for mine, theirs in mapping.items()}
    return [ours.get(name, name) for name in names]
