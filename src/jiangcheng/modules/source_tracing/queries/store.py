"""Series of many stations as one matrix over the hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station

HOUR = 3600
Floats = NDArray[np.float64]


def keys(codes: Iterable[str]) -> dict[str, int]:
    """Return the keys of properties by code, means only."""
    found = ObservedProperty.objects.filter(code__in=list(codes), statistic="avg")
    return dict(found.values_list("code", "pk"))


def hours(start: dt.datetime, end: dt.datetime) -> NDArray[np.int64]:
    """Return the starts of the full hours of a period [s]."""
    first = int(start.timestamp()) // HOUR * HOUR
    return np.arange(first, int(end.timestamp()), HOUR, dtype=np.int64)


def matrix(
    *, stations: Sequence[int] | None, properties: Sequence[int], time: NDArray[np.int64]
) -> tuple[list[int], dict[int, Floats]]:
    """Return the stations that have something, and for each property hours × those stations; NaN is "no value".

    Rejected values count as none. Minutes and instants count by the mean of their hour where no hour is kept.
    """
    if not len(time) or not len(properties):
        return [], {}
    parts = []
    for granularity in (store.Granularity.INSTANT, store.Granularity.MINUTE, store.Granularity.HOUR):
        table = store.read(
            stations=stations,
            properties=list(properties),
            granularity=granularity,
            start=int(time[0]),
            end=int(time[-1]) + HOUR,
        )
        columns = [table[name].to_numpy() for name in ("start", "station", "property", "value", "flag")]
        good = np.isfinite(columns[3]) & np.isin(columns[4], store.COUNTING)
        if good.any():
            parts.append(tuple(column[good] for column in columns[:4]))
    if not parts:
        return [], {key: np.zeros((len(time), 0)) for key in properties}
    places = sorted({int(key) for part in parts for key in np.unique(part[1])})
    found = {key: np.full((len(time), len(places)), np.nan) for key in properties}
    for start, station, observed, value in parts:
        row = (start - time[0]) // HOUR
        column = np.searchsorted(places, station)
        for key, table in found.items():
            mine = observed == key
            flat = row[mine] * len(places) + column[mine]
            count = np.bincount(flat, minlength=table.size)
            total = np.bincount(flat, value[mine], table.size)
            with np.errstate(invalid="ignore"):
                mean = (total / count).reshape(table.shape)
            table[...] = np.where(count.reshape(table.shape) > 0, mean, table)
    return places, found


def places(found: Iterable[int]) -> Mapping[int, Station]:
    """Return stations by key."""
    return Station.objects.select_related("region", "outlet__facility").in_bulk(list(found))
