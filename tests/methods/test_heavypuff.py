"""Heavy gas released at once: the ammonia example of the workbook, and what holds for any cloud."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiangcheng.methods.tracing.heavypuff import heavy_puff
from jiangcheng.methods.tracing.inputs import TracingError

AIR = 101_325.0 * 0.0289647 / (8.314462618 * 293.15)
COLD = (273.15 - 33.316) / 293.15
AMMONIA = {"volume": 7.25e4, "density": 1.434, "air_density": AIR, "wind": 2.0}
"""Potchefstroom, as the tests of GasDispersion.jl keep it."""

CLOUDS = st.builds(
    heavy_puff,
    volume=st.floats(1, 1e6), density=st.floats(1.4, 6), air_density=st.just(1.2), wind=st.floats(0.5, 15),
)  # fmt: skip


def test_the_example_of_the_workbook():
    cloud = heavy_puff(**AMMONIA)
    shares = cloud.dilution([160.0, 355.0, 3133.0], ratio=COLD)
    released = 38e3 / 7.25e4
    golden = np.array([0.11109705839813348, 0.06264084534270946, 0.0006403658290584752])
    assert shares * released == pytest.approx(golden, rel=0.005)
    assert cloud.alpha == pytest.approx(0.645, abs=0.01) and not cloud.held
    first = (3 * 7.25e4 / (4 * np.pi)) ** (2 / 3)
    grown = first + 1.2 * np.sqrt(cloud.buoyancy * 7.25e4) * 200
    assert cloud.radius(200.0) == pytest.approx(np.sqrt(grown)) and cloud.centre(200.0) == pytest.approx(
        160.0
    )


@settings(max_examples=60)
@given(CLOUDS)
def test_a_cloud_thins_with_distance_and_its_front_comes_before_its_middle(cloud):
    x = np.geomspace(1.0, 50_000.0, 300)
    share = cloud.dilution(x)
    assert np.all(share <= 1) and np.all(share > 0) and np.all(np.diff(share) <= 1e-12)
    early = cloud.arrival(x)
    assert np.all(np.diff(early) >= 0) and np.all(early <= x / (0.4 * cloud.wind) + 1e-6)
    there = early > 0
    front = cloud.centre(early) + cloud.radius(early)
    assert front[there] == pytest.approx(x[there], rel=1e-6)
    t = np.geomspace(1e-3, 1e5, 4000)
    assert cloud.upwind() >= (cloud.radius(t) - cloud.centre(t)).max() - 1e-6


def test_a_cold_cloud_is_thicker_and_one_beyond_the_correlation_is_held():
    cloud = heavy_puff(**AMMONIA)
    assert np.all(cloud.dilution([200.0, 900.0], ratio=0.8) > cloud.dilution([200.0, 900.0]))
    vast = heavy_puff(**{**AMMONIA, "volume": 1e8, "wind": 0.5})
    assert vast.held and vast.alpha == 1.0 and np.all(np.isfinite(vast.dilution([10.0, 1e5])))
    for wrong in ({"density": 1.0}, {"wind": 0.0}, {"volume": -1.0}):
        with pytest.raises(TracingError):
            heavy_puff(**{**AMMONIA, **wrong})
