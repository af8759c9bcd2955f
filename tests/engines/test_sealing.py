"""Sealing moves values between tiers; nobody who reads may notice, whatever happens on the way."""

from __future__ import annotations

import datetime
import os
import pathlib
import subprocess
import sys

import numpy as np
import pyarrow.parquet as pq
import pytest

from engines.observing import HOUR, JANUARY, NOON, batch, hours, later, read, roll_ups
from jiangcheng.core.observations import models, store

MONTH = datetime.date(2026, 1, 1)
IN_JANUARY = 31 * 24
MARCH = datetime.datetime(2026, 3, 5, tzinfo=datetime.UTC)


@pytest.fixture
def january(properties) -> list[int]:
    """A January of three stations and two properties, and the first day of February."""
    for station in (3, 1, 2):
        for prop in properties[:2]:
            values = np.arange(IN_JANUARY + 24) % 100 + station
            store.append(
                batch(hours(0, IN_JANUARY + 24), station, prop, values), source="hj212", received_at=NOON
            )
    return properties


def everything() -> tuple:
    return read(), read(as_of=NOON), roll_ups(days=40), store.latest().to_pydict()


def test_nobody_notices_a_seal(january):
    before = everything()
    segment = store.seal(HOUR, MONTH)
    assert segment.rows == 6 * IN_JANUARY
    assert models.Observation.objects.count() == 6 * 24
    assert everything() == before
    store.roll_up()
    assert everything() == before
    assert store.verify() == []


def test_late_corrections_overlay_and_are_sealed_again(january):
    store.seal(HOUR, MONTH)
    late = batch(hours(10, 2), 1, january[0], [11, 500])
    assert store.append(late, source="late", received_at=later(1)) == store.AppendResult(0, 1, 1)
    store.append(batch(hours(30, 1), 9, january[0], 7), source="late", received_at=later(2))
    assert read(stations=[1], properties=january[:1])["value"][10:12] == [11, 500]
    assert read(stations=[1], properties=january[:1], as_of=NOON)["value"][10:12] == [11, 12]
    assert read(stations=[9])["value"] == [7]
    before = everything()
    store.roll_up()
    assert everything() == before
    segment = store.reseal(HOUR, MONTH)
    assert segment.rows == 6 * IN_JANUARY + 1
    assert everything() == before
    assert models.Observation.objects.count() == 6 * 24
    versions = store.history(granularity=HOUR, start=JANUARY + 11 * 3600, station=1, property=january[0])
    assert [(version.value, version.source) for version in versions] == [(12, "hj212"), (500, "late")]


def test_old_manifests_and_their_files_stay(january, settings):
    first = store.seal(HOUR, MONTH)
    store.append(batch(hours(0, 1), 1, january[0], 77), source="late", received_at=later(1))
    second = store.reseal(HOUR, MONTH)
    retired = models.Segment.objects.get(pk=first.pk)
    assert (retired.retired, second.retired) == (second.added, None)
    assert (settings.OBSERVATIONS["sealed"] / first.path).exists()
    assert store.sweep(before=later(10**6)) == []


def test_a_seal_without_hot_rows_does_nothing(january):
    assert store.seal(HOUR, datetime.date(2025, 12, 1)) is None
    first = store.seal(HOUR, MONTH)
    assert store.seal(HOUR, MONTH).pk == first.pk
    assert models.Segment.objects.count() == 1


def test_open_months_are_those_with_hot_rows(january):
    before = datetime.date(2026, 4, 1)
    assert store.open_months(before=before) == [(HOUR, MONTH), (HOUR, datetime.date(2026, 2, 1))]
    assert store.open_months(before=datetime.date(2026, 2, 1)) == [(HOUR, MONTH)]
    store.seal(HOUR, MONTH)
    assert store.open_months(before=before) == [(HOUR, datetime.date(2026, 2, 1))]


def test_what_is_written_while_a_seal_runs_stays_an_overlay(january):
    def write(step):
        if step == "written":
            changed = batch(hours(5, 2), 1, january[0], [6, 1000])
            store.append(changed, source="late", received_at=later(1))

    store.seal(HOUR, MONTH, fault=write)
    assert read(stations=[1], properties=january[:1])["value"][5:7] == [6, 1000]
    assert models.Observation.objects.filter(start__lt=JANUARY + 31 * 86_400).count() == 1


def test_the_slower_of_two_sealers_gives_way(january):
    def seal_too(step):
        if step == "settled":
            assert store.seal(HOUR, MONTH) is not None

    before = everything()
    assert store.seal(HOUR, MONTH, fault=seal_too) is None
    assert models.Segment.objects.filter(retired__isnull=True).count() == 1
    assert everything() == before


@pytest.mark.parametrize("step", ["written", "settled", "committed", "cleared"])
def test_a_crash_after_any_step_loses_and_doubles_nothing(january, database, step):
    before = everything()
    script = pathlib.Path(__file__).with_name("crash_seal.py")
    child = subprocess.run(
        [sys.executable, str(script), str(int(HOUR)), MONTH.isoformat(), step],
        env={**os.environ, **database},
        check=False,
        capture_output=True,
        text=True,
    )
    assert child.returncode == 9, child.stderr
    assert everything() == before
    store.seal(HOUR, MONTH)
    assert everything() == before
    assert models.Observation.objects.filter(start__lt=JANUARY + 31 * 86_400).count() == 0
    assert store.verify() == []


def test_files_nobody_listed_are_swept_when_old(january, settings):
    segment = store.seal(HOUR, MONTH)
    stray = settings.OBSERVATIONS["sealed"] / "hour" / "2026-01" / "stray.parquet"
    stray.write_bytes(b"PAR1")
    assert store.sweep(before=datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)) == []
    assert store.sweep(before=datetime.datetime.now(datetime.UTC) + datetime.timedelta(1)) == [stray]
    assert (settings.OBSERVATIONS["sealed"] / segment.path).exists()


def test_a_damaged_file_is_found(january, settings):
    segment = store.seal(HOUR, MONTH)
    path = settings.OBSERVATIONS["sealed"] / segment.path
    path.write_bytes(path.read_bytes()[:-1])
    (settings.OBSERVATIONS["sealed"] / segment.days_path).unlink()
    assert store.verify() == [f"{segment.path}: changed since it was sealed", f"{segment.days_path}: missing"]


def test_a_sealed_file_explains_itself(january, settings):
    segment = store.seal(HOUR, MONTH)
    table = pq.read_table(settings.OBSERVATIONS["sealed"] / segment.path)
    assert table.column_names[:5] == ["start", "station", "property", "value", "flag"]
    assert set(table["decimals"].to_pylist()) == {0, 1}
    assert b"hj212" in table.schema.metadata[b"sources"]
    order = list(zip(*(table[name].to_pylist() for name in ("station", "property", "start")), strict=True))
    assert order == sorted(order)


def test_history_goes_straight_into_sealed_months(properties):
    count = (31 + 28) * 24 + 50
    given = store.Batch.of(
        granularity=HOUR,
        start=np.tile(hours(0, count), 2),
        station=np.repeat([1, 2], count),
        property=properties[1],
        value=np.arange(2 * count) / 10,
    )
    assert store.bulk_load(given, source="history", received_at=MARCH) == store.AppendResult(2 * count, 0, 0)
    assert models.Segment.objects.count() == 2
    assert models.Observation.objects.count() == 100
    assert read(end=JANUARY + 90 * 86_400)["value"] == (np.arange(2 * count) / 10).tolist()
    assert len(store.changes("rules", limit=10**6)) == 2 * count
    sums = roll_ups(days=90)
    assert sum(sums["sum"]) == sum(range(2 * count))
    assert sums == roll_ups(days=90)
    assert store.latest().to_pydict()["start"] == [JANUARY + (count - 1) * 3600] * 2


def test_history_loaded_again_changes_nothing_and_corrections_are_revisions(properties):
    given = batch(hours(0, 100), 1, properties[0], np.arange(100))
    store.bulk_load(given, source="history", received_at=MARCH)
    assert store.bulk_load(given, source="history", received_at=MARCH) == store.AppendResult(0, 100, 0)
    other = batch(hours(99, 2), 1, properties[0], [1, 2])
    assert store.bulk_load(other, source="history", received_at=MARCH) == store.AppendResult(1, 0, 1)


def test_a_missing_value_survives_the_seal(properties):
    store.append(batch(hours(0, 2), 1, properties[2], [np.nan, 0.001]), source="hj212", received_at=NOON)
    store.seal(HOUR, MONTH)
    found = read()["value"]
    assert np.isnan(found[0])
    assert found[1] == 0.001
