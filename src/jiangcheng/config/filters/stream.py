"""Blocks of CSV rows as text: reading, refusing, appending columns, writing."""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import pathlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, TextIO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import ArrayLike, NDArray

from jiangcheng.standards import periods

BLOCK_BYTES = 8 << 20
"""Bytes read at a time: some 100,000 rows."""
BLANKS = pa.array(["", "-", "--", "—", "*", "NA", "N/A", "NaN", "nan", "null", "NULL", "None"])
"""How files write that there is no value."""
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$"
ZONED = r"\d:\d.*([Zz]|[+-]\d{2}:?\d{2})$"
SPECIAL = (b'"', b",", b"\r", b"\n")
"""What makes a text need quotes."""
NEEDS_QUOTES = r"[\",\r\n]"
REJECT_COLUMNS = ("row", "field", "rule", "value")


@dataclasses.dataclass(frozen=True, slots=True)
class FilterReport:
    """How many rows were read, and how many of them were refused."""

    rows: int
    rejected: int


def open_input(path: pathlib.Path) -> BinaryIO:
    """Open a CSV file, gzip-compressed if its name ends in .gz."""
    if path.suffix == ".gz":
        return cast(BinaryIO, gzip.open(path, "rb"))
    return path.open("rb")


class Rejects:
    """The refused rows, numbered from 1 for the first row below the header."""

    def __init__(self, sink: TextIO | None) -> None:
        self._sink = sink
        if sink:
            sink.write(_line(REJECT_COLUMNS))
        self.count = 0

    def add(self, row: int, field: str, rule: str, value: str) -> None:
        """Refuse one row."""
        self.count += 1
        if self._sink:
            self._sink.write(_line((row, field, rule, value)))


class Block:
    """Rows of the input as text, with the numbers they have in the file, less those refused so far."""

    def __init__(self, table: pa.Table, numbers: NDArray[np.int64], rejects: Rejects) -> None:
        self.table = table
        self._numbers = numbers
        self._rejects = rejects
        self.good = np.ones(table.num_rows, dtype=np.bool_)

    def text(self, column: str) -> pa.StringArray:
        """Return a column without the blanks around its words."""
        return pc.utf8_trim_whitespace(self.table[column].combine_chunks())

    def refuse(self, bad: NDArray[np.bool_], field: str, rule: str, text: pa.StringArray) -> None:
        """Refuse rows, once each."""
        for place in np.flatnonzero(bad & self.good):
            self._rejects.add(int(self._numbers[place]), field, rule, text[int(place)].as_py() or "")
        self.good &= ~bad

    def number(self, field: str, column: str) -> NDArray[np.float64]:
        """Return a column as numbers, NaN where it is blank; refuse what is no number or negative."""
        text = self.text(column)
        missing = pa.scalar(None, pa.string())
        text = pc.if_else(pc.is_in(text, BLANKS), missing, text)
        try:
            numbers = _floats(text)
        except pa.ArrowInvalid:
            readable = pc.match_substring_regex(text, NUMBER)
            self.refuse(~booleans(pc.fill_null(readable, True)), field, "not a number", text)
            numbers = _floats(pc.if_else(readable, text, missing))
        negative = numbers < 0
        if negative.any():
            self.refuse(negative, field, "negative", text)
        return numbers

    def seconds(self, field: str, column: str) -> NDArray[np.int64]:
        """Return times as epoch seconds, Beijing time where they carry no offset; refuse unreadable ones."""
        text = self.text(column)
        zoned = booleans(pc.match_substring_regex(text, ZONED))
        found = np.zeros(len(text), dtype=np.int64)
        bad = np.zeros(len(text), dtype=np.bool_)
        for with_zone in (False, True):
            places = np.flatnonzero(zoned == with_zone)
            if places.size:
                part = text if places.size == len(text) else text.take(pa.array(places))
                found[places], bad[places] = _epoch(part, with_zone)
        self.refuse(bad, field, "not a time", text)
        return found

    def with_columns(self, columns: Mapping[str, pa.StringArray]) -> pa.Table:
        """Return the rows not refused with further columns, which have entries for these rows only."""
        kept = self.table if self.good.all() else self.table.filter(pa.array(self.good))
        for name, values in columns.items():
            kept = kept.append_column(name, values)
        return kept


class Reader:
    """The rows of a CSV file in blocks; rows of another length than the header are refused."""

    def __init__(self, source: BinaryIO, rejects: Rejects) -> None:
        header = source.readline().decode("utf-8-sig")
        try:
            self.names = next(csv.reader([header]), [])
        except csv.Error as error:
            raise ValueError(f"the header cannot be read: {error}") from error
        if not self.names:
            raise ValueError("the file has no header")
        if len(set(self.names)) < len(self.names):
            raise ValueError("a column name stands twice in the header")
        self.rows = 0
        self._source = source
        self._rejects = rejects
        self._skipped: list[int] = []

    def __iter__(self) -> Iterator[Block]:
        try:
            batches = pyarrow.csv.open_csv(
                self._source,
                read_options=pyarrow.csv.ReadOptions(
                    column_names=self.names, block_size=BLOCK_BYTES, use_threads=False
                ),
                parse_options=pyarrow.csv.ParseOptions(
                    newlines_in_values=True, invalid_row_handler=self._skip
                ),
                convert_options=pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(self.names, pa.string()), strings_can_be_null=False
                ),
            )
        except pa.ArrowInvalid as error:
            if "Empty CSV" in str(error):
                return
            raise
        passed = 0
        for batch in batches:
            numbers = self._numbers(passed, batch.num_rows)
            passed += batch.num_rows
            yield Block(pa.Table.from_batches([batch]), numbers, self._rejects)
        self.rows = passed + len(self._skipped)

    def _skip(self, row: pyarrow.csv.InvalidRow) -> str:
        number = row.number
        self._skipped.append(number)
        rule = f"{row.actual_columns} columns, not {row.expected_columns}"
        self._rejects.add(number, "", rule, row.text)
        return "skip"

    def _numbers(self, passed: int, count: int) -> NDArray[np.int64]:
        """Return the numbers in the file of the next `count` rows that were read after `passed` others."""
        numbers = np.arange(passed + 1, passed + count + 1, dtype=np.int64)
        for skipped in sorted(self._skipped):
            numbers += numbers >= skipped
        return numbers


class Writer:
    """Writes text columns as CSV, quoted only where needed."""

    def __init__(self, sink: BinaryIO) -> None:
        self._sink = sink
        self._header = False

    def header(self, names: Sequence[str]) -> None:
        """Write the header, unless it is written."""
        if not self._header:
            self._sink.write(_line(names).encode())
            self._header = True

    def write(self, table: pa.Table) -> None:
        """Write rows, after the header."""
        self.header(table.column_names)
        if not table.num_rows:
            return
        columns = [_quoted(column.combine_chunks()) for column in table.columns]
        lines = pc.binary_join_element_wise(*columns, ",", null_handling="replace", null_replacement="")
        lines = pc.binary_join_element_wise(lines, "\n", "").cast(pa.large_string())
        _, offsets, text = lines.buffers()
        bounds = np.frombuffer(offsets, dtype=np.int64)[lines.offset : lines.offset + len(lines) + 1]
        self._sink.write(memoryview(text)[bounds[0] : bounds[-1]])


def appended(names: Sequence[str], present: Sequence[str]) -> list[str]:
    """Return the names of result columns; one that the file has already becomes ``computed_…``."""
    return [f"computed_{name}" if name in present else name for name in names]


def named(ours: Sequence[str], mapping: Mapping[str, str], present: Sequence[str]) -> dict[str, str]:
    """Return the file's columns by our names, of those that are there.

    Raises
    ------
    ValueError
        If a mapped column is not there, or none of ours.
    """
    for name in mapping.values():
        if name not in present:
            raise ValueError(f"no column {name!r}; there are {', '.join(present)}")
    found = {name: mapping.get(name, name) for name in ours if mapping.get(name, name) in present}
    if not found:
        raise ValueError(f"none of the columns {', '.join(ours)} is there; name them with --map OURS=THEIRS")
    return found


def booleans(array: Any) -> NDArray[np.bool_]:
    """Return an arrow array of truth values as numpy, null being false."""
    return cast(NDArray[np.bool_], pc.fill_null(array, False).to_numpy(zero_copy_only=False))


def words(choices: Sequence[str], index: ArrayLike) -> pa.StringArray:
    """Return the choice that each index, which may count from the end, stands for."""
    places = np.asarray(index).astype(np.int64)
    places[places < 0] += len(choices)
    return pa.array(list(choices), pa.string()).take(pa.array(places))


def decimals(values: NDArray[np.float64]) -> pa.StringArray:
    """Return rounded numbers as text, null where there is none."""
    return pa.array(values, from_pandas=True).cast(pa.string())


def _line(cells: Sequence[object]) -> str:
    text = io.StringIO()
    # The writer quotes a carriage return only where lines end with one.
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _floats(text: pa.StringArray) -> NDArray[np.float64]:
    numbers = cast(NDArray[np.float64], text.cast(pa.float64()).to_numpy(zero_copy_only=False))
    if np.isinf(numbers).any():
        raise pa.ArrowInvalid("infinite")
    return numbers


def _epoch(text: pa.StringArray, zoned: bool) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    kind = pa.timestamp("s", "UTC") if zoned else pa.timestamp("s")
    try:
        found = text.cast(kind)
    except pa.ArrowInvalid:
        found = pa.array([_one_time(word, kind) for word in text.to_pylist()], kind)
    bad = booleans(pc.is_null(found))
    seconds = pc.fill_null(found.cast(pa.int64()), 0).to_numpy(zero_copy_only=False)
    return seconds - (0 if zoned else periods.OFFSET), bad


def _one_time(word: str | None, kind: pa.DataType) -> Any:
    try:
        return pa.scalar(word).cast(kind)
    except pa.ArrowInvalid:
        return None


def _quoted(text: pa.StringArray) -> pa.StringArray:
    content = text.buffers()[2]
    if content is None or not any(character in content.to_pybytes() for character in SPECIAL):
        return text
    special = pc.match_substring_regex(text, NEEDS_QUOTES)
    doubled = pc.binary_join_element_wise('"', pc.replace_substring(text, '"', '""'), '"', "")
    return pc.if_else(special, doubled, text)
