"""Noise depends on the seed and the hour alone."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.demo import noise


@given(st.integers(0, 2**32), st.integers(1, 2000), st.integers(1, 500), st.integers(1, 300))
def test_a_longer_stretch_begins_like_the_shorter(seed: int, hours: int, more: int, period: int) -> None:
    short = noise.smooth(noise.generator(seed, "x"), hours, 3, period=period)
    long = noise.smooth(noise.generator(seed, "x"), hours + more, 3, period=period)
    assert np.array_equal(short, long[:hours])


def test_variance_is_about_one() -> None:
    drawn = noise.smooth(noise.generator(1, "y"), 20_000, 4, period=6)
    assert abs(drawn.std() - 1.0) < 0.1
    assert abs(drawn.mean()) < 0.1
