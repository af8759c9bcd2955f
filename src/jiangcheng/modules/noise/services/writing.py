"""Collect derived values and write them in one batch; what no longer holds is taken back, nothing else is."""

from __future__ import annotations

import datetime as dt

import numpy as np

from jiangcheng.core.observations import store

Piece = tuple[int, int, np.ndarray, np.ndarray, np.ndarray]
"""Granularity, property, stations, starts [epoch s], values."""


class Rows:
    """Derived values on their way to the store."""

    def __init__(self, properties: dict[str, int]) -> None:
        self._properties = properties
        self._pieces: list[Piece] = []

    def add(
        self, granularity: int, code: str, stations: np.ndarray, starts: np.ndarray, values: np.ndarray
    ) -> None:
        """Add values of one property; NaN where there is none. The arrays broadcast."""
        every = np.broadcast_arrays(stations, starts, np.asarray(values, np.float64))
        flat = [np.asarray(column).reshape(-1) for column in every]
        self._pieces.append((int(granularity), self._properties[code], flat[0], flat[1], flat[2]))

    def write(self, *, source: str, now: dt.datetime) -> None:
        """Append what has a value; where a value stood that no longer holds, append that there is none."""
        for granularity in sorted({piece[0] for piece in self._pieces}):
            pieces = [piece for piece in self._pieces if piece[0] == granularity]
            stations, starts, values = (np.concatenate([piece[n] for piece in pieces]) for n in (2, 3, 4))
            properties = np.repeat([piece[1] for piece in pieces], [len(piece[4]) for piece in pieces])
            if not len(values):
                continue
            keep = ~np.isnan(values) | self._stored(granularity, stations, starts, properties)
            batch = store.Batch.of(
                granularity=granularity, start=starts[keep], station=stations[keep],
                property=properties[keep], value=values[keep],
            )  # fmt: skip
            store.append(batch, source=source, received_at=now)

    @staticmethod
    def _stored(
        granularity: int, stations: np.ndarray, starts: np.ndarray, properties: np.ndarray
    ) -> np.ndarray:
        """Tell which keys have a row in the store."""
        table = store.read(
            stations=np.unique(stations).tolist(), properties=np.unique(properties).tolist(),
            granularity=granularity, start=int(starts.min()), end=int(starts.max()) + 1,
        )  # fmt: skip
        present = _pack(*(table[name].to_numpy() for name in ("station", "start", "property")))
        return np.isin(_pack(stations, starts, properties), present)


def _pack(stations: np.ndarray, starts: np.ndarray, properties: np.ndarray) -> np.ndarray:
    """Return one integer per key: minutes since the epoch, stations and properties below 2^17 each."""
    packed: np.ndarray = (
        (np.asarray(starts, np.int64) // 60 << 34) + (np.asarray(stations, np.int64) << 17) + properties
    )
    return packed
