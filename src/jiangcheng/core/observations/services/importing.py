"""Import of station data from CSV and Parquet files."""

from __future__ import annotations

import csv
import dataclasses
import datetime
import hashlib
import io
import pathlib
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from django.db import transaction

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.observations.rules import columns, tidy
from jiangcheng.core.registry.models import ObservedProperty, Station

BLOCK_ROWS = 100_000
ERRORS_KEPT = 1_000
"""The rejects file holds all; the report the first ones."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of a file. In the wide form every filled cell counts as a value."""

    rows: int = 0
    inserted: int = 0
    unchanged: int = 0
    revised: int = 0
    rejected: int = 0
    errors: tuple[tuple[int, str, str], ...] = ()
    """Row in the file (the header is row 1), field, rule; the first thousand."""
    unused: tuple[str, ...] = ()
    """Columns that were passed over."""


class _DryRunDoneError(Exception):
    """Takes back everything a dry run has written."""


def import_file(
    path: pathlib.Path,
    *,
    dry_run: bool,
    actor: User | None,
    received_at: datetime.datetime,
    mapping: Mapping[str, str] | None = None,
    granularity: store.Granularity = store.Granularity.HOUR,
    label: str = "start",
    rejects: TextIO | None = None,
) -> ImportReport:
    """Store the values of a file (see `rules.tidy` for its forms); a second time nothing changes.

    Good rows are stored in one transaction, bad ones are told with row, field and rule.

    Parameters
    ----------
    path
        ``.csv`` (also ``.gz``; UTF-8 or GB 18030) or ``.parquet``.
    dry_run
        Do everything and take it back: the report is that of the real run.
    actor
        Who imports, for the audit trail.
    mapping
        Our column names, or codes of properties, to those of the file.
    granularity
        Of rows that do not say their own.
    label
        ``start`` if times in the file name the beginning of their interval, ``end`` if its end, as HJ and
        CNEMC hours do.
    rejects
        Where refused rows are written as CSV: row, field, rule, value.

    Raises
    ------
    ValueError
        If the file cannot be read as a table with the columns needed.
    """
    if label not in ("start", "end"):
        raise ValueError("label is start or end")
    codes = _codes(granularity, label, received_at)
    report = ImportReport()
    try:
        with transaction.atomic():
            report = _import(path, mapping or {}, codes, received_at, rejects)
            if dry_run:
                raise _DryRunDoneError
            access.record(
                actor=actor,
                action="observations.import",
                object_type="file",
                object_id=path.name[:80],
                at=received_at,
                after={"sha256": _digest(path), **_counts(report)},
            )
    except _DryRunDoneError:
        pass
    return report


def _codes(granularity: store.Granularity, label: str, received_at: datetime.datetime) -> tidy.Codes:
    properties = ObservedProperty.objects.values_list("code", "statistic", "pk", "decimals")
    return tidy.Codes(
        stations=dict(Station.objects.values_list("code", "pk")),
        properties={(code, statistic.lower()): key for code, statistic, key, _ in properties},
        decimals={key: decimals for _, _, key, decimals in properties},
        default_granularity=granularity,
        label=label,
        received=columns.epoch(received_at),
    )


def _counts(report: ImportReport) -> dict[str, int]:
    return {name: getattr(report, name) for name in ("rows", "inserted", "unchanged", "revised", "rejected")}


def _import(
    path: pathlib.Path,
    mapping: Mapping[str, str],
    codes: tidy.Codes,
    received_at: datetime.datetime,
    rejects: TextIO | None,
) -> ImportReport:
    writer = csv.writer(rejects) if rejects else None
    if writer:
        writer.writerow(tidy.Refusal._fields)
    report = ImportReport()
    row = 2
    for table in _blocks(path):
        table = table.rename_columns(tidy.renamed(table.column_names, mapping))
        reading = tidy.read_table(table, row, codes)
        if writer:
            writer.writerows(reading.refusals)
        result = store.append(reading.batch, source=f"import:{path.name}"[:120], received_at=received_at)
        report = _added(report, len(table), result, reading.refusals, tidy.unused(table.column_names, codes))
        row += len(table)
    return report


def _added(
    report: ImportReport,
    rows: int,
    result: store.AppendResult,
    refusals: list[tidy.Refusal],
    unused: list[str],
) -> ImportReport:
    room = ERRORS_KEPT - len(report.errors)
    return ImportReport(
        rows=report.rows + rows,
        inserted=report.inserted + result.inserted,
        unchanged=report.unchanged + result.unchanged,
        revised=report.revised + result.revised,
        rejected=report.rejected + len(refusals),
        errors=(*report.errors, *(refusal[:3] for refusal in refusals[:room])),
        unused=tuple(unused),
    )


def _blocks(path: pathlib.Path) -> Iterator[pa.Table]:
    """Yield the file in tables of texts."""
    try:
        if path.suffix == ".parquet":
            with pq.ParquetFile(path) as file:
                for batch in file.iter_batches(BLOCK_ROWS):
                    yield _as_texts(pa.Table.from_batches([batch]))
            return
        table = _csv(path)
    except (pa.ArrowException, csv.Error, OSError) as error:
        # Arrow and gzip tell a damaged file by an OSError, as the system tells one that is not there.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ValueError(f"{path.name}: {error}") from error
    for begin in range(0, max(len(table), 1), BLOCK_ROWS):
        yield table.slice(begin, BLOCK_ROWS)


def _csv(path: pathlib.Path) -> pa.Table:
    """Return a CSV file with all columns as texts."""
    with pa.input_stream(path, compression="detect") as stream:
        content = stream.read()
    encoding = "utf8" if _is_utf8(content) else "gb18030"
    content = content.removeprefix(b"\xef\xbb\xbf")
    header = next(csv.reader(io.StringIO(content.partition(b"\n")[0].decode(encoding))), [])
    return pyarrow.csv.read_csv(
        io.BytesIO(content),
        read_options=pyarrow.csv.ReadOptions(encoding=encoding),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _as_texts(table: pa.Table) -> pa.Table:
    return pa.table({name: _text(table[name]) for name in table.column_names})


def _text(column: Any) -> Any:
    if pa.types.is_timestamp(column.type):
        zoned = column.type.tz is not None
        seconds = column.cast(pa.timestamp("s", "UTC" if zoned else None), safe=False)
        texts = np.datetime_as_string(seconds.to_numpy().astype("datetime64[s]"))
        return pa.array([f"{text}Z" if zoned else str(text) for text in texts])
    return column.cast(pa.string())


def _digest(path: pathlib.Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
