"""Collect derived values and write them in one batch."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import numpy as np

from jiangcheng.core.observations import store
from jiangcheng.standards import periods

Key = tuple[int, np.ndarray, np.ndarray]
"""Granularity, starts [epoch seconds] and stations; the arrays broadcast to the shape of the values."""


class Rows:
    """Derived values on their way to the store."""

    def __init__(self, properties: Mapping[str, int]) -> None:
        self._properties = properties
        self._pieces: list[tuple[int, np.ndarray, np.ndarray, int, np.ndarray]] = []

    def add(self, key: Key, code: str, values: np.ndarray) -> None:
        """Add values of one derived property; NaN where there is none."""
        granularity, starts, stations = key
        self._pieces.append(
            (
                int(granularity),
                starts.reshape(-1),
                np.broadcast_to(stations, starts.shape).reshape(-1),
                self._properties[code],
                np.asarray(values, np.float64).reshape(-1),
            )
        )

    def write(self, *, source: str, now: datetime.datetime) -> store.AppendResult:
        """Append what has a value; where a value stood that no longer holds, append that there is none."""
        if not self._pieces:
            return store.AppendResult()
        starts, stations, values = (
            np.concatenate([piece[index] for piece in self._pieces]) for index in (1, 2, 4)
        )
        lengths = [len(piece[1]) for piece in self._pieces]
        granularity = np.repeat([piece[0] for piece in self._pieces], lengths)
        properties = np.repeat([piece[3] for piece in self._pieces], lengths)
        keep = ~np.isnan(values)
        for each in np.unique(granularity[~keep]):
            empty = np.flatnonzero(~keep & (granularity == each))
            keep[empty] = self._stored(int(each), starts[empty], stations[empty], properties[empty])
        batch = store.Batch.of(
            granularity=granularity[keep],
            start=starts[keep],
            station=stations[keep],
            property=properties[keep],
            value=values[keep],
            flag=store.NORMAL,
        )
        return store.append(batch, source=source, received_at=now)

    def _stored(
        self, granularity: int, starts: np.ndarray, stations: np.ndarray, properties: np.ndarray
    ) -> np.ndarray:
        """Tell which keys have a row in the store."""
        table = store.read(
            stations=np.unique(stations).tolist(),
            properties=np.unique(properties).tolist(),
            granularity=granularity,
            start=int(starts.min()),
            end=int(starts.max()) + 1,
        )
        present = _pack(*(table[name].to_numpy() for name in ("start", "station", "property")))
        return np.isin(_pack(starts, stations, properties), present)


def _pack(starts: np.ndarray, stations: np.ndarray, properties: np.ndarray) -> np.ndarray:
    """Return one integer per key; starts are whole hours, stations and properties below a million each."""
    hours = np.asarray(starts, np.int64) // periods.HOUR
    packed: np.ndarray = (hours * 1_000_000 + stations) * 1_000_000 + properties
    return packed
