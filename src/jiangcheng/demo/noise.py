"""Random series that can be drawn for any stretch of time, however often, and come out the same.

A series is built of seeded knots with straight lines between them. Its value at an hour depends on the seed
and the hour alone, so a history can be extended and the present continues where the past stopped.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def generator(seed: int, *words: object) -> np.random.Generator:
    """Return a generator of its own for every combination of seed and words."""
    return np.random.default_rng([seed, zlib.crc32("/".join(map(str, words)).encode())])


def smooth(random: np.random.Generator, hours: int, series: int, *, period: int) -> Floats:
    """Return noise of about unit variance that changes over ``period`` hours; shape (hours, series)."""
    knots = random.standard_normal((hours // period + 2, series))
    position = np.arange(hours) / period
    before = position.astype(np.int64)
    weight = (position - before)[:, None]
    spread = np.sqrt(weight**2 + (1.0 - weight) ** 2)
    return (knots[before] * (1.0 - weight) + knots[before + 1] * weight) / spread
