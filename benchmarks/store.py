"""How fast the store writes and reads, beside named baselines on the same rows and the same disk.

Run ``python benchmarks/store.py``. It builds a year of a city in a temporary folder (SQLite, or the database
of JIANGCHENG_TEST_DATABASE_URL) and prints one line per figure. Baselines: a bare ``executemany`` of the
sqlite3 module, and pyarrow reading the same Parquet files. Every figure is the best of several runs.
"""

from __future__ import annotations

import datetime
import os
import pathlib
import sqlite3
import tempfile
import time
from collections.abc import Callable

FOLDER = tempfile.TemporaryDirectory(prefix="jiangcheng-benchmark-")
os.environ["JIANGCHENG_DATA"] = FOLDER.name
os.environ["JIANGCHENG_DATABASE_URL"] = os.environ.get("JIANGCHENG_TEST_DATABASE_URL", "")
os.environ["DJANGO_SETTINGS_MODULE"] = "jiangcheng.config.settings"

import django  # noqa: E402

django.setup()

import numpy as np  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from django.core.management import call_command  # noqa: E402

from jiangcheng.core.observations import models, store  # noqa: E402
from jiangcheng.core.registry.models import ObservedProperty  # noqa: E402

YEAR = 1_735_660_800
"""2025-01-01 00:00 in Beijing."""
HOURS = 365 * 24
LOADED_AT = datetime.datetime(2026, 1, 10, tzinfo=datetime.UTC)
LIVE = YEAR + (HOURS + 10 * 24) * 3600


def best(function: Callable[[], object], times: int = 5) -> float:
    """Return the seconds of the fastest run."""
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


def series(start: int, step: int, count: int, stations: range, properties: list[int]) -> store.Batch:
    """Return a batch of random values for every start, station and property."""
    each = len(stations) * len(properties)
    size = count * each
    return store.Batch.of(
        granularity=store.Granularity.HOUR,
        start=np.repeat(start + step * np.arange(count), each),
        station=np.tile(np.repeat(np.array(stations), len(properties)), count),
        property=np.tile(np.array(properties), count * len(stations)),
        value=np.random.default_rng(8212).integers(0, 5_000, size) / 10,
    )


def load_year(properties: list[int]) -> int:
    """Load 10 air stations and 60 outlets hourly, 19 sections four-hourly; return the number of rows."""
    parts = [
        series(YEAR, 3600, HOURS, range(1, 11), properties[:6]),
        series(YEAR, 4 * 3600, HOURS // 4, range(101, 120), properties[:9]),
        series(YEAR, 3600, HOURS, range(201, 261), properties[:6]),
    ]
    # What belongs to one month must come together to be sealed together.
    whole = store.Batch.concatenate(parts)
    begin = time.perf_counter()
    store.bulk_load(whole, source="benchmark", received_at=LOADED_AT)
    seconds = time.perf_counter() - begin
    report("history: load a city's year", f"{len(whole) / seconds:,.0f} rows/s", f"{seconds:.1f} s")
    return len(whole)


def append(properties: list[int]) -> None:
    """Append 10,000 rows per transaction, and the same rows by a bare executemany."""
    batches = [series(LIVE + 100 * 3600 * k, 3600, 100, range(1, 11), properties[:10]) for k in range(20)]
    rows = sum(map(len, batches))
    begin = time.perf_counter()
    for batch in batches:
        store.append(batch, source="benchmark", received_at=LOADED_AT)
    ours = time.perf_counter() - begin
    baseline = bare_inserts(batches)
    report(
        "append, 10,000 rows a transaction",
        f"{rows / ours:,.0f} rows/s",
        f"{ours / baseline:.2f} × sqlite3 executemany ({rows / baseline:,.0f} rows/s)",
    )
    again = best(lambda: store.append(batches[-1], source="benchmark", received_at=LOADED_AT))
    report("append the same again", f"{len(batches[-1]) / again:,.0f} rows/s", "")


def bare_inserts(batches: list[store.Batch]) -> float:
    """Return the seconds of inserting the batches into a like table with nothing around it."""
    connection = sqlite3.connect(pathlib.Path(FOLDER.name) / "bare.sqlite3", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(
        "CREATE TABLE bare (granularity, start, station, property, value, flag, revision, received, sequence,"
        " source, PRIMARY KEY (granularity, start, station, property)) WITHOUT ROWID"
    )
    begin = time.perf_counter()
    for batch in batches:
        columns = [column.tolist() for _, column in batch.items()]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO bare VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, 0)", zip(*columns, strict=True)
        )
        connection.execute("COMMIT")
    return time.perf_counter() - begin


def read(properties: list[int]) -> None:
    """Read a station's year, and the same by pyarrow alone."""
    wanted = {"granularity": store.Granularity.HOUR, "start": YEAR, "end": YEAR + HOURS * 3600}
    ours = best(lambda: store.read(stations=[5], properties=properties[:1], **wanted), 20)
    everything = best(lambda: store.read(stations=[5], properties=None, **wanted), 20)
    root = pathlib.Path(FOLDER.name) / "sealed"
    paths = [str(root / path) for path in models.Segment.objects.values_list("path", flat=True)]
    filters = [("station", "=", 5), ("property", "=", properties[0])]
    columns = ["start", "value", "flag", "revision"]
    baseline = best(lambda: [pq.read_table(path, columns=columns, filters=filters) for path in paths])
    report(
        "read one series of a year (8,760 rows)",
        f"{ours * 1000:.1f} ms",
        f"{ours / baseline:.2f} × pyarrow ({baseline * 1000:.1f} ms)",
    )
    report("read one station's year (6 series)", f"{everything * 1000:.1f} ms", "")


def hot_reads(properties: list[int]) -> None:
    """Read recent hours from the business database."""
    wanted = {"granularity": store.Granularity.HOUR, "start": LIVE, "end": LIVE + 2_000 * 3600}
    one = best(lambda: store.read(stations=[5], properties=properties[:1], **wanted), 10)
    report("read one hot series (2,000 rows among 200,000)", f"{one * 1000:.1f} ms", "")
    found = store.read(stations=None, properties=None, **wanted)
    everything = best(lambda: store.read(stations=None, properties=None, **wanted))
    report("read all hot rows", f"{len(found) / everything:,.0f} rows/s", "")


def aggregate(properties: list[int], rows: int) -> None:
    """Daily roll-ups of everything in a year."""
    wanted = {"granularity": store.Granularity.HOUR, "start": YEAR, "end": YEAR + HOURS * 3600}
    ours = best(lambda: store.aggregate(stations=None, properties=None, **wanted))
    report("daily roll-ups of the year", f"{ours * 1000:.1f} ms", f"{rows / ours:,.0f} rows/s")


def report(name: str, figure: str, beside: str) -> None:
    """Print one line."""
    print(f"{name:50} {figure:>22}   {beside}")


def main() -> None:
    """Run everything."""
    call_command("migrate", verbosity=0)
    properties = [
        ObservedProperty.objects.create(
            code=f"bench{k}", name_zh="因子", name_en="property", unit="mg/m³", decimals=1, medium="air"
        ).pk
        for k in range(10)
    ]
    rows = load_year(properties)
    read(properties)
    aggregate(properties, rows)
    append(properties)
    hot_reads(properties)


if __name__ == "__main__":
    main()
