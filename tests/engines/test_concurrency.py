"""Several connections at once: no half-written batch is seen, no change is missed."""

from __future__ import annotations

import threading

import numpy as np

from engines.observing import HOUR, NOON, batch, hours, later, read
from jiangcheng.core.observations import models, store

STATIONS = np.arange(1, 6)
ROUNDS = 15


def test_readers_see_whole_batches_while_others_write_and_seal(properties, in_thread):
    stop = threading.Event()

    def write():
        for turn in range(ROUNDS):
            given = batch(np.tile(hours(0, 24), 5), np.repeat(STATIONS, 24), properties[0], turn)
            store.append(given, source="test", received_at=later(turn))
            if turn % 4 == 3:
                store.seal(HOUR, NOON.date())
        stop.set()

    def watch():
        seen = []
        while not stop.is_set():
            table = read()
            seen.append((len(table["value"]), len(set(table["value"]))))
        return seen

    writer, readers = in_thread(write), [in_thread(watch), in_thread(watch)]
    writer.result()
    seen = {state for reader in readers for state in reader.result()}
    assert seen <= {(0, 0), (120, 1)}
    assert (120, 1) in seen
    assert set(read()["value"]) == {ROUNDS - 1}
    assert models.Revision.objects.count() == 120 * (ROUNDS - 1)


def test_a_consumer_misses_no_change_of_concurrent_writers(properties, in_thread):
    def writer(station: int):
        def write():
            for hour in range(ROUNDS):
                store.append(
                    batch(hours(hour, 1), station, properties[0], hour), source="test", received_at=NOON
                )

        return write

    writers = [in_thread(writer(station)) for station in (1, 2, 3)]
    seen: list[tuple[int, int]] = []
    while True:
        last = all(future.done() for future in writers)
        changes = store.changes("rules", limit=2)
        seen += zip(changes.start.tolist(), changes.station.tolist(), strict=True)
        store.acknowledge("rules", changes.upto)
        if last and not len(changes):
            break
    assert sorted(seen) == sorted(
        (start, station) for start in hours(0, ROUNDS).tolist() for station in (1, 2, 3)
    )


def test_what_a_caller_rolls_back_was_never_there(properties):
    from django.db import transaction

    store.append(batch(hours(0, 1), 1, properties[0], 1), source="test", received_at=NOON)
    before = read(), store.latest().to_pydict(), store.snapshot()
    with transaction.atomic():
        store.append(batch(hours(0, 3), 1, properties[:2][1], 2.5), source="test", received_at=NOON)
        assert len(read()["value"]) == 4
        transaction.set_rollback(True)
    assert (read(), store.latest().to_pydict(), store.snapshot()) == before
    assert len(store.changes("rules")) == 1
