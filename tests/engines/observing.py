"""Short words for the tests of the store."""

from __future__ import annotations

import datetime

import numpy as np

from jiangcheng.core.observations import store

HOUR = store.Granularity.HOUR
JANUARY = 1_767_196_800
"""2026-01-01 00:00 in Beijing."""
NOON = datetime.datetime(2026, 1, 1, 4, tzinfo=datetime.UTC)


def later(hours: int) -> datetime.datetime:
    return NOON + datetime.timedelta(hours=hours)


def hours(first: int, count: int) -> np.ndarray:
    return JANUARY + 3600 * np.arange(first, first + count)


def batch(start, station, prop, value, flag=store.NORMAL, granularity=HOUR) -> store.Batch:
    return store.Batch.of(
        granularity=granularity, start=start, station=station, property=prop, value=value, flag=flag
    )


def read(
    start=JANUARY, end=JANUARY + 40 * 86_400, stations=None, properties=None, as_of=None, granularity=HOUR
):
    table = store.read(
        stations=stations, properties=properties, granularity=granularity, start=start, end=end, as_of=as_of
    )
    return table.to_pydict()


def roll_ups(granularity=HOUR, start=JANUARY, days=3, stations=None):
    table = store.aggregate(
        stations=stations, properties=None, granularity=granularity, start=start, end=start + days * 86_400
    )
    return table.to_pydict()
