"""Which element a point belongs to, how much of what it owes arrived, and where nothing arrived."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Period = tuple[int, int]
"""``[from, to)`` in epoch seconds."""

DAY = 86_400
HOUR = 3_600
BEIJING = 8 * HOUR


def element_of(kind: str, attributes: Mapping[str, Any], elements: Sequence[Mapping[str, Any]]) -> str:
    """Return the code of the element a point observes, or an empty text.

    The first element fits whose kinds hold the point's and whose attributes the point all has.
    """
    for item in elements:
        given = item.get("attributes", {})
        if kind in item["kinds"] and all(attributes.get(name) == value for name, value in given.items()):
            return str(item["code"])
    return ""


@dataclasses.dataclass(frozen=True, slots=True)
class Arrival:
    """How many values a point, or many, owed and how many came."""

    points: int = 0
    expected: int = 0
    received: int = 0

    def __add__(self, other: Arrival) -> Arrival:
        return Arrival(
            self.points + other.points, self.expected + other.expected, self.received + other.received
        )

    @property
    def percent(self) -> float | None:
        """Received of expected in percent; None where nothing was due."""
        return 100 * self.received / self.expected if self.expected else None


def expected(window: Period, step: int, lifetime: Period) -> int:
    """Return how many intervals of ``step`` seconds end within the window while the point stands."""
    begin, end = max(window[0], lifetime[0]), min(window[1], lifetime[1])
    return max(0, end - begin) // step


def received(station: Ints, day: Ints, count: Ints, per_day: Mapping[int, int]) -> dict[int, int]:
    """Return how many intervals were filled, by station.

    Parameters
    ----------
    station, day, count
        Rows of one series on one day; the fullest series of a point stands for the point.
    per_day
        Most intervals a day has, by station: what came more often than owed does not make up for other days.
    """
    if not len(station):
        return {}
    pairs, place = np.unique(np.stack([station, day]), axis=1, return_inverse=True)
    fullest = np.zeros(pairs.shape[1], np.int64)
    np.maximum.at(fullest, place.reshape(-1), count)
    most = np.array([per_day.get(int(key), 0) for key in pairs[0]], np.int64)
    kept = np.minimum(fullest, most)
    stations, group = np.unique(pairs[0], return_inverse=True)
    sums = np.zeros(len(stations), np.int64)
    np.add.at(sums, group.reshape(-1), kept)
    return dict(zip(stations.tolist(), sums.tolist(), strict=True))


def silences(starts: Ints, *, begin: int, end: int, step: int, least: int) -> list[Period]:
    """Return the periods of ``[begin, end)`` without any value that last at least ``least`` intervals.

    Parameters
    ----------
    starts
        Starts of the intervals of which something came [epoch s], in any order.
    step
        Seconds between values; intervals begin at its multiples in Beijing time.
    """
    first = -(-(begin + BEIJING) // step) * step - BEIJING
    grid = np.arange(first, end - step + 1, step)
    if not len(grid):
        return []
    silent = np.ones(len(grid) + 2, bool)
    silent[[0, -1]] = False
    place = (np.asarray(starts, np.int64) - first) // step
    silent[1 + place[(place >= 0) & (place < len(grid))]] = False
    edges = np.flatnonzero(np.diff(silent.astype(np.int8)))
    runs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return [(int(first + a * step), int(first + b * step)) for a, b in runs if b - a >= least]


def uncovered(period: Period, known: Iterable[Period]) -> list[Period]:
    """Return the parts of a period that no known period covers, the oldest first."""
    begin, parts = period[0], []
    for start, end in sorted(known):
        if end <= begin or start >= period[1]:
            continue
        if start > begin:
            parts.append((begin, start))
        begin = max(begin, end)
    return [*parts, (begin, period[1])] if begin < period[1] else parts
