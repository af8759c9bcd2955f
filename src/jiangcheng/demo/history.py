"""Fills the store with the city's past, a month at a time, through the store's door for history."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import numpy as np

from jiangcheng.core.observations import store
from jiangcheng.core.registry import models as registry
from jiangcheng.demo import incidents, truth

SOURCE = "demo:history"

Progress = Callable[[float, str], None]


def load(*, start: int, end: int, opened: int, received_at: dt.datetime, progress: Progress) -> int:
    """Load the truth of ``[start, end)`` into the store and return the number of values.

    What is there already stays as it is: loading twice changes nothing.

    Parameters
    ----------
    start, end : int
        Full hours (epoch seconds).
    opened : int
        Full hour in which the city was opened, from which its incidents are placed.
    received_at : datetime
        What the store notes as the time of arrival.
    progress : callable
        Told the share done, 0 to 1, and the month at hand.
    """
    stations = dict(registry.Station.objects.values_list("code", "pk"))
    properties = {
        (code, statistic): key
        for code, statistic, key in registry.ObservedProperty.objects.values_list("code", "statistic", "pk")
    }
    loaded = 0
    for first, last in months(start, end):
        progress(
            (first - start) / (end - start), f"{dt.datetime.fromtimestamp(first, incidents.BEIJING):%Y-%m}"
        )
        batch = _batch(first, last, opened, stations, properties)
        store.bulk_load(batch, source=SOURCE, received_at=received_at)
        loaded += len(batch.value)
    progress(1.0, "")
    return loaded


def months(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of ``[start, end)`` that lie in one Beijing calendar month each."""
    while start < end:
        today = dt.datetime.fromtimestamp(start, incidents.BEIJING)
        following = (today.replace(day=1) + dt.timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0)
        last = min(end, int(following.timestamp()))
        yield start, last
        start = last


def _batch(
    start: int, end: int, opened: int, stations: dict[str, int], properties: dict[tuple[str, str], int]
) -> store.Batch:
    """Return all values of ``[start, end)``, which lies in one year."""
    year = dt.datetime.fromtimestamp(start, incidents.BEIJING).year
    columns = [
        _columns(block.between(start, end), stations, properties) for block in truth.year(year, opened)
    ]
    starts, places, measured, values, flags = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    return store.Batch.of(
        granularity=store.Granularity.HOUR,
        start=starts,
        station=places,
        property=measured,
        value=values,
        flag=flags,
    )


def _columns(
    block: truth.Block, stations: dict[str, int], properties: dict[tuple[str, str], int]
) -> tuple[np.ndarray, ...]:
    """Return start, station, property, value and flag of every value there is, as flat arrays."""
    shape = block.values.shape
    there = np.isfinite(block.values)
    places = np.array([stations[code] for code in block.stations], dtype=np.int32)
    measured = np.array([properties[pair] for pair in block.properties], dtype=np.int32)
    return (
        np.broadcast_to(block.starts[:, None, None], shape)[there],
        np.broadcast_to(places[:, None], shape)[there],
        np.broadcast_to(measured, shape)[there],
        block.values[there],
        np.broadcast_to(block.flags[:, :, None], shape)[there],
    )
