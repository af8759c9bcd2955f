"""The contract of the store, on every engine."""

from __future__ import annotations

import numpy as np
import pytest

from engines.observing import HOUR, JANUARY, NOON, batch, hours, later, read, roll_ups
from jiangcheng.core.observations import models, store
from jiangcheng.core.registry.models import ObservedProperty


def test_values_come_back_in_order_as_the_decimals_they_were(properties):
    first, second, third = properties
    given = store.Batch.of(
        granularity=HOUR,
        start=hours(0, 1),
        station=[2, 1, 1, 1],
        property=[first, third, second, first],
        value=[7.0, 0.123, 0.1, np.nan],
        flag=[store.NORMAL, store.NORMAL, ord("M"), ord("D")],
    )
    assert store.append(given, source="test", received_at=NOON) == store.AppendResult(4, 0, 0)
    found = read()
    assert found["station"] == [1, 1, 1, 2]
    assert found["property"] == [first, second, third, first]
    assert found["value"][1:] == [0.1, 0.123, 7.0]
    assert np.isnan(found["value"][0])
    assert "".join(map(chr, found["flag"])) == "DMNN"


def test_the_same_again_changes_nothing(properties):
    given = batch(hours(0, 24), 1, properties[1], np.arange(24) / 10)
    store.append(given, source="test", received_at=NOON)
    upto = store.changes("reader").upto
    assert store.append(given, source="test", received_at=later(1)) == store.AppendResult(0, 24, 0)
    store.acknowledge("reader", upto)
    assert len(store.changes("reader")) == 0
    assert read()["revision"] == [0] * 24


def test_another_value_is_a_revision_and_the_old_one_can_still_be_read(properties):
    store.append(batch(hours(0, 3), 1, properties[0], [1, 2, 3]), source="test", received_at=NOON)
    result = store.append(
        batch(hours(1, 3), 1, properties[0], [2, 30, 4]), source="late", received_at=later(5)
    )
    assert result == store.AppendResult(inserted=1, unchanged=1, revised=1)
    assert read()["value"] == [1, 2, 30, 4]
    assert read()["revision"] == [0, 0, 1, 0]
    assert read(as_of=later(4))["value"] == [1, 2, 3]
    assert read(as_of=later(5))["value"] == [1, 2, 30, 4]
    assert read(as_of=later(-1))["value"] == []


def test_a_key_twice_in_a_batch_keeps_both_versions(properties):
    given = batch([JANUARY, JANUARY, JANUARY], 1, properties[0], [5, 5, 6])
    assert store.append(given, source="test", received_at=NOON) == store.AppendResult(1, 1, 1)
    versions = store.history(granularity=HOUR, start=JANUARY, station=1, property=properties[0])
    assert [(version.revision, version.value) for version in versions] == [(0, 5), (1, 6)]


def test_flags_keep_value_author_reason_and_test(properties):
    store.append(batch(hours(0, 2), 1, properties[0], [5, 999]), source="hj212", received_at=NOON)
    keys = store.Keys.of(granularity=HOUR, start=hours(1, 2), station=1, property=properties[0])
    result = store.flag(
        keys, store.SUSPECT, author="qc", reason="spike", at=later(1), test="spike", arguments={"limit": 100}
    )
    assert result == store.AppendResult(revised=1)
    assert read()["value"] == [5, 999]
    assert read()["flag"] == [store.NORMAL, store.SUSPECT]
    was, now = store.history(granularity=HOUR, start=JANUARY + 3600, station=1, property=properties[0])
    assert (was.flag, was.source, was.author) == ("N", "hj212", "")
    assert (now.flag, now.source, now.author) == ("Q", "person:qc", "qc")
    assert (now.reason, now.test, now.arguments) == ("spike", "spike", {"limit": 100})


def test_a_person_sets_a_value_with_a_reason_or_not_at_all(properties):
    store.append(batch(JANUARY, 1, properties[0], 5), source="hj212", received_at=NOON)
    with pytest.raises(ValueError, match="reason"):
        store.revise(batch(JANUARY, 1, properties[0], 6), author="li", reason=" ", at=later(1))
    assert read()["value"] == [5]
    store.revise(batch(JANUARY, 1, properties[0], 6), author="li", reason="misread", at=later(1))
    assert read()["value"] == [6]


def test_latest_follows_starts_not_arrivals(properties):
    store.append(batch(hours(5, 1), 1, properties[1], 5.5), source="test", received_at=NOON)
    store.append(batch(hours(2, 1), 1, properties[1], 2.2), source="test", received_at=later(1))
    store.append(batch(hours(2, 1), 2, properties[1], np.nan, ord("D")), source="test", received_at=later(2))
    found = store.latest(stations=[1, 2, 3], granularity=HOUR).to_pydict()
    assert found["start"] == [JANUARY + 5 * 3600, JANUARY + 2 * 3600]
    assert found["value"][0] == 5.5
    assert np.isnan(found["value"][1])
    assert found["received_at"] == [NOON, later(2)]
    store.append(batch(hours(5, 1), 1, properties[1], 6.5), source="test", received_at=later(3))
    assert store.latest(stations=[1]).to_pydict()["value"] == [6.5]
    assert len(store.latest(stations=[])) == 0


def test_changes_are_told_once_to_each_consumer(properties):
    store.append(batch(hours(0, 2), 1, properties[0], [1, 2]), source="test", received_at=NOON)
    store.append(batch(hours(1, 2), [1, 2], properties[1], [1, 2]), source="test", received_at=NOON)
    seen = store.changes("rules")
    assert list(zip((seen.start - JANUARY) // 3600, seen.station, strict=True)) == [(0, 1), (1, 1), (2, 2)]
    assert set(seen.granularity.tolist()) == {int(HOUR)}
    store.acknowledge("rules", seen.upto)
    assert len(store.changes("rules")) == 0
    assert len(store.changes("others")) == 3
    store.append(batch(hours(1, 1), 1, properties[0], 9), source="test", received_at=NOON)
    assert store.changes("rules").start.tolist() == [JANUARY + 3600]


def test_a_limit_never_splits_a_write(properties):
    for index in range(4):
        store.append(batch(hours(3 * index, 3), 1, properties[0], 1), source="test", received_at=NOON)
    told = []
    while len(part := store.changes("rules", limit=4)):
        told.append(len(part))
        store.acknowledge("rules", part.upto)
    assert told == [6, 6]


def test_acknowledged_changes_are_forgotten(properties):
    store.append(batch(hours(0, 2), 1, properties[0], 1), source="test", received_at=NOON)
    store.acknowledge("slow", 0)
    store.acknowledge("rules", store.changes("rules").upto)
    assert store.forget() == 0
    store.acknowledge("slow", store.changes("slow").upto)
    assert store.forget() == 2


def test_stored_values_do_not_move_when_the_registry_changes_decimals(properties):
    store.append(batch(JANUARY, 1, properties[1], 1.5), source="test", received_at=NOON)
    ObservedProperty.objects.filter(pk=properties[1]).update(decimals=3)
    store.append(batch(JANUARY + 3600, 1, properties[1], 2.5), source="test", received_at=NOON)
    assert read()["value"] == [1.5, 2.5]


def test_what_cannot_be_stored_leaves_nothing_behind(properties):
    for wrong, error in (
        (batch(hours(0, 2), 1, [properties[0], 10**6], 1), LookupError),
        (batch(hours(0, 2), 1, properties[2], [1, 1e17]), ValueError),
    ):
        with pytest.raises(error):
            store.append(wrong, source="test", received_at=NOON)
    assert not models.Observation.objects.exists()
    assert not models.Change.objects.exists()
    with pytest.raises(ValueError, match="infinite"):
        batch(JANUARY, 1, properties[0], np.inf)


def test_filters_and_half_open_periods(properties):
    for granularity in store.Granularity:
        store.append(
            batch(hours(0, 4), [1, 2, 3, 30], properties[0], [1, 2, 3, 4], granularity=granularity),
            source="test",
            received_at=NOON,
        )
    assert read(JANUARY + 3600, JANUARY + 3 * 3600)["value"] == [2, 3]
    assert read(stations=[1, 30])["value"] == [1, 4]
    assert read(stations=list(range(2, 40)))["value"] == [2, 3, 4]
    assert read(stations=[1], properties=[properties[1]])["value"] == []
    assert read(stations=[])["value"] == []


def test_roll_ups_are_exact_and_by_beijing_days(properties):
    values = np.round(np.arange(48) / 10, 1)
    flags = np.where(np.arange(48) % 24 == 3, ord("M"), store.NORMAL)
    store.append(batch(hours(0, 48), 1, properties[1], values, flags), source="test", received_at=NOON)
    store.append(batch(hours(5, 1), 2, properties[0], np.nan), source="test", received_at=NOON)
    expected = {
        "station": [1, 1, 2],
        "property": [properties[1], properties[1], properties[0]],
        "day": [20454, 20455, 20454],
        "n": [24, 24, 1],
        "n_valid": [23, 23, 0],
        "sum": [276 - 3, 852 - 27, 0],
        "decimals": [1, 1, 0],
        "min": [0, 24, None],
        "max": [23, 47, None],
    }
    assert roll_ups() == expected
    assert store.roll_up() == 3
    assert store.roll_up() == 0
    assert roll_ups() == expected


def test_roll_ups_follow_corrections_at_once(properties):
    store.append(batch(hours(0, 24), 1, properties[0], 10), source="test", received_at=NOON)
    store.roll_up()
    store.append(batch(hours(7, 1), 1, properties[0], 30), source="test", received_at=later(1))
    assert roll_ups()["sum"] == [260]
    store.roll_up()
    assert (roll_ups()["sum"], roll_ups()["max"]) == ([260], [30])
    keys = store.Keys.of(granularity=HOUR, start=hours(7, 1), station=1, property=properties[0])
    store.flag(keys, store.REJECTED, author="li", reason="calibration gas", at=later(2))
    assert (roll_ups()["sum"], roll_ups()["n"], roll_ups()["n_valid"]) == ([230], [24], [23])


def test_a_snapshot_names_the_state(properties):
    before = store.snapshot()
    store.append(batch(JANUARY, 1, properties[0], 1), source="test", received_at=NOON)
    assert store.snapshot() != before
    assert store.snapshot() == store.snapshot()
