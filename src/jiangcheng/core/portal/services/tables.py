"""Tables as files, for every list and series that can be taken away."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from openpyxl import Workbook
from pyarrow import parquet

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
PARQUET = "application/vnd.apache.parquet"
GEOJSON = "application/geo+json"


def as_xlsx(title: str, table: Iterable[Sequence[Any]], **more: Iterable[Sequence[Any]]) -> bytes:
    """Return a table, and more of them by the name of their sheet, as a workbook, written row by row."""
    book = Workbook(write_only=True)
    for name, rows_of_sheet in ((title, table), *more.items()):
        sheet = book.create_sheet(name[:31])
        for row in rows_of_sheet:
            sheet.append([cell if isinstance(cell, int | float | None) else str(cell) for cell in row])
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def as_csv(table: Iterable[Sequence[Any]]) -> bytes:
    """Return a table as CSV with the mark by which spreadsheets know UTF-8."""
    written = io.StringIO()
    csv.writer(written).writerows(table)
    return ("\ufeff" + written.getvalue()).encode()


def as_file(kind: str, title: str, names: Sequence[str], table: Sequence[Sequence[Any]]) -> tuple[bytes, str]:
    """Return a table as ``csv``, ``xlsx`` or ``parquet`` with its media type; anything else is CSV."""
    if kind == "xlsx":
        return as_xlsx(title, [names, *table]), XLSX
    if kind == "parquet":
        return as_parquet(names, table), PARQUET
    return as_csv([names, *table]), CSV


def as_parquet(names: Sequence[str], table: Sequence[Sequence[Any]]) -> bytes:
    """Return a table as Parquet; every column is text, so that all rows of a list fit whatever they hold."""
    arrays = {
        name: [None if row[at] is None else str(row[at]) for row in table] for at, name in enumerate(names)
    }
    schema = pa.schema([(name, pa.string()) for name in names])
    written = io.BytesIO()
    parquet.write_table(pa.table(arrays, schema=schema), written, compression="zstd")
    return written.getvalue()
