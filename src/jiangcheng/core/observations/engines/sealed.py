"""The sealed tier: one sorted Parquet file per granularity and month, read by DuckDB in memory.

A file explains itself: values are integers of 10^-decimals with the decimals beside them, the metadata names
the sources. Files never change; which of them are in force is the business of the manifest.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import pathlib
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from jiangcheng.core.observations.engines.hot import MISSING_SQL
from jiangcheng.core.observations.rules.columns import MISSING, Array, Columns, Days, Rows, each

ROW_GROUP = 122_880
"""DuckDB's own vector of vectors; smaller groups compress four times worse."""
MEMORY = "512MB"
"""A city's year of hours needs a tenth of it; the embedded installation shares one process with the web."""

_lock = threading.Lock()


@functools.cache
def _database(process: int) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        ":memory:",
        config={
            "memory_limit": MEMORY,
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        },
    )


def _cursor() -> duckdb.DuckDBPyConnection:
    """Return a cursor of this process' DuckDB. A forked child gets its own: threads do not survive a fork."""
    with _lock:
        return _database(os.getpid()).cursor()


def write(
    folder: pathlib.Path, rows: Columns, decimals: Mapping[int, int], sources: Mapping[int, str]
) -> tuple[pathlib.Path, str]:
    """Write sorted rows to a file named after its content and return path and SHA-256.

    The file is under its final name only when it is on disk as a whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{os.getpid()}-{threading.get_ident()}.partial"
    table = _table(rows, decimals).replace_schema_metadata(
        {"sources": json.dumps({str(key): name for key, name in sources.items()}, ensure_ascii=False)}
    )
    repeated = [name for name in table.column_names if name in ("station", "property", "flag", "decimals")]
    pq.write_table(
        table,
        partial,
        compression="zstd",
        row_group_size=ROW_GROUP,
        use_dictionary=repeated,
        column_encoding={name: "DELTA_BINARY_PACKED" for name in table.column_names if name not in repeated},
    )
    with partial.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    path = folder / f"{digest[:20]}.parquet"
    partial.replace(path)
    return path, digest


def settle(folder: pathlib.Path, root: pathlib.Path) -> None:
    """Bring the names of the files in a folder, and of the folders above it, to disk."""
    for place in (folder, *folder.parents):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if place == root:
            return


def digest(path: pathlib.Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _table(rows: Columns, decimals: Mapping[int, int]) -> pa.Table:
    arrays: dict[str, Any] = {
        name: pa.array(column, mask=column == MISSING if column.dtype == np.int64 else None)
        for name, column in rows.items()
    }
    arrays["decimals"] = pa.array(each(decimals, dict(rows.items())["property"]).astype(np.int8))
    return pa.table(arrays)


def read_rows(paths: Sequence[pathlib.Path], condition: str) -> Rows:
    """Return the rows of these files that meet a SQL condition on their columns."""
    return Rows(**_read(paths, Rows.dtypes(), ("value",), condition))


def read_days(paths: Sequence[pathlib.Path], condition: str) -> Days:
    """Return the daily roll-ups of these files that meet a SQL condition on their columns."""
    return Days(**_read(paths, Days.dtypes(), ("min", "max"), condition))


def _read(
    paths: Sequence[pathlib.Path],
    dtypes: Mapping[str, np.dtype[Any]],
    nullable: Sequence[str],
    condition: str,
) -> dict[str, Array]:
    if not paths:
        return {name: np.empty(0, dtype) for name, dtype in dtypes.items()}
    columns = ", ".join(
        f"coalesce({name}, {MISSING_SQL}) AS {name}" if name in nullable else name for name in dtypes
    )
    with _cursor() as cursor:
        found = cursor.execute(
            f"SELECT {columns} FROM read_parquet(?) WHERE {condition}", [[str(path) for path in paths]]
        ).fetchnumpy()
    return {name: np.asarray(found[name]) for name in dtypes}
