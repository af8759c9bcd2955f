"""The hot tier in PostgreSQL: binary arrays in, one binary string out, no Python object per row."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import psycopg
from django.db import connection, transaction
from psycopg.adapt import Dumper
from psycopg.pq import Format

from jiangcheng.core.observations.engines import hot
from jiangcheng.core.observations.rules.columns import MISSING, Array

SEND = {"i2": "int2send", "i4": "int4send", "i8": "int8send"}
TYPES = {"i2": "int2", "i4": "int4", "i8": "int8"}
ELEMENT_OIDS = {"i2": 21, "i4": 23, "i8": 20}
WINDOW = 31 * 86_400
"""Seconds read at once: keeps the string under the limit of one gigabyte."""


class _Integers(bytes):
    """An array in PostgreSQL's binary format."""


class _IntegersDumper(Dumper):
    format = Format.BINARY

    def dump(self, obj: _Integers) -> bytes:
        return obj


def _binary(column: Array, kind: str) -> _Integers:
    """Return a one-dimensional array as PostgreSQL receives it (array_recv): header, then length and item."""
    items = np.empty(len(column), dtype=[("length", ">i4"), ("item", f">{kind}")])
    items["length"] = np.dtype(kind).itemsize
    items["item"] = column
    header = np.array([1, 0, ELEMENT_OIDS[kind], len(column), 1], dtype=">i4")
    return _Integers(header.tobytes() + items.tobytes())


def _records(table: hot.Table, columns: Mapping[str, Any], length: int) -> bytes:
    """Return rows in COPY's binary format: signature, flags, extension; count and (length, item)s; trailer."""
    fields = [("count", ">i2")]
    for name in columns:
        fields += [(f"{name} length", ">i4"), (name, f">{table.columns[name].str[1:]}")]
    records = np.empty(length, dtype=fields)
    records["count"] = len(columns)
    for name, column in columns.items():
        records[f"{name} length"] = table.columns[name].itemsize
        records[name] = column
    return b"PGCOPY\n\xff\r\n\0" + bytes(8) + records.tobytes() + b"\xff\xff"


class PostgreSQL:
    """See `hot.Engine`."""

    def put(
        self,
        table: hot.Table,
        columns: Mapping[str, Array],
        constants: Mapping[str, int],
        policy: str = hot.REPLACE,
    ) -> None:
        if policy == hot.NEW:
            columns = self._copy(table, columns, constants)
        if not len(next(iter(columns.values()))):
            return
        kinds = {name: dtype.str[1:] for name, dtype in table.columns.items()}
        places = {name: f"given_{name}" for name in columns}
        places |= {name: f"CAST({int(value)} AS {TYPES[kinds[name]]})" for name, value in constants.items()}
        for name in table.nullable:
            places[name] = f"NULLIF({places[name]}, {hot.MISSING_SQL})"
        arrays = ", ".join(f"%b::{TYPES[kinds[name]]}[]" for name in columns)
        given = ", ".join(f"given_{name}" for name in columns)
        self._execute(
            f"INSERT INTO {table.name} ({', '.join(places)}) SELECT {', '.join(places.values())}"
            f" FROM unnest({arrays}) AS given ({given}) {hot.conflict(table, policy)}",
            [_binary(column, kinds[name]) for name, column in columns.items()],
        )

    def _copy(
        self, table: hot.Table, columns: Mapping[str, Array], constants: Mapping[str, int]
    ) -> dict[str, Array]:
        """COPY the rows without null, twice as fast as INSERT, and return the others.

        Without null every record is of one length, so that numpy can write them all at once.
        """
        whole = np.ones(len(next(iter(columns.values()))), bool)
        for name in table.nullable:
            whole &= columns[name] != MISSING
        given = {name: column[whole] for name, column in columns.items()} | dict(constants)
        if whole.any():
            connection.ensure_connection()
            with psycopg.Cursor(connection.connection) as cursor:
                statement = f"COPY {table.name} ({', '.join(given)}) FROM STDIN (FORMAT BINARY)"
                with cursor.copy(statement) as copy:
                    copy.write(_records(table, given, int(whole.sum())))
        return {name: column[~whole] for name, column in columns.items()}

    def fetch(self, table: hot.Table, names: Sequence[str], source: str) -> dict[str, Array]:
        kinds = {name: table.columns[name].str[1:] for name in names}
        joined = " || ".join(
            f"{SEND[kinds[name]]}({hot.nulls_as_missing(table, name, name)})" for name in names
        )
        packed = self._execute(f"SELECT string_agg({joined}, ''::bytea) FROM {source}")
        record = np.frombuffer(packed or b"", dtype=[(name, f">{kinds[name]}") for name in names])
        return {name: record[name].astype(table.columns[name]) for name in names}

    def select(self, selection: hot.Selection) -> Iterator[str]:
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT min(start), max(start) FROM {hot.OBSERVATIONS.name}"
                f" WHERE granularity = {int(selection.granularity)}"
                f" AND start >= {int(selection.start)} AND start < {int(selection.end)}"
            )
            first, last = cursor.fetchone()
        if first is None:
            return
        series = "".join(f" AND {part}" for part in selection.series())
        for begin in range(first, last + 1, WINDOW):
            yield (
                f"{hot.OBSERVATIONS.name} WHERE granularity = {int(selection.granularity)}"
                f" AND start >= {begin} AND start < {min(begin + WINDOW, last + 1)}{series}"
            )

    @contextlib.contextmanager
    def snapshot(self) -> Iterator[None]:
        if connection.in_atomic_block:
            yield
            return
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield

    def _execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Run a statement with binary parameters and result; Django's cursor would write them as text."""
        connection.ensure_connection()
        with psycopg.Cursor(connection.connection) as cursor:
            cursor.adapters.register_dumper(_Integers, _IntegersDumper)
            cursor.execute(sql, parameters or None, binary=True)
            row = cursor.fetchone() if cursor.description else None
            return row[0] if row else None
