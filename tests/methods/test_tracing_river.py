"""Rivers: exact balances forward, honest sets backward, intervals that cover below."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiangcheng.methods.tracing import mixing, river
from jiangcheng.methods.tracing.inputs import TracingError

RIVER = {"area": 50.0, "speed": 0.5, "dispersion": 20.0}


def test_a_cloud_keeps_mass_centre_and_width():
    x = np.linspace(0, 40_000, 8001)
    c = river.instantaneous(1000.0, x, 36_000.0, **RIVER)
    mass = np.trapezoid(c, x) * 50.0
    assert mass == pytest.approx(1000.0, rel=1e-9)
    assert np.trapezoid(c * x, x) * 50.0 / mass == pytest.approx(18_000.0, rel=1e-9)
    assert np.trapezoid(c * (x - 18_000.0) ** 2, x) * 50.0 / mass == pytest.approx(1.44e6, rel=1e-9)


@settings(max_examples=30)
@given(st.floats(0.1, 2), st.floats(1, 200), st.floats(0, 1e-4), st.floats(600, 20_000))
def test_a_lasting_release_is_the_sum_of_sudden_ones(speed, dispersion, decay, duration):
    water = {"area": 30.0, "speed": speed, "dispersion": dispersion, "decay": decay}
    x, t = 5000.0, 5000.0 / speed * np.array([0.8, 1.0, 1.5])
    edges = np.linspace(0, duration, 1001)
    middle = (edges[1:] + edges[:-1]) / 2
    parts = river.instantaneous(2.0 * np.diff(edges), x, t[:, None] - middle, **water).sum(axis=1)
    whole = river.lasting(2.0, duration, x, t, **water)
    np.testing.assert_allclose(whole, parts, rtol=2e-2, atol=1e-6 * 2.0 / 30 / speed)


def test_an_endless_release_becomes_steady():
    late = river.lasting(3.0, np.inf, [1000.0, 9000.0], 1e7, decay=1e-5, **RIVER)
    ratio = river.steady(1.0, 8000.0, 0.5, 20.0, 1e-5)
    assert late[1] / late[0] == pytest.approx(float(ratio), rel=1e-9)
    assert river.lasting(3.0, np.inf, 1000.0, 1e7, **RIVER) == pytest.approx(3.0 / 25.0)
    assert river.confluence([3.0, 1.0], [1.0, 5.0]) == 2.0


def test_two_sections_give_speed_dispersion_and_origin():
    t = np.arange(0, 200_000, 300.0)
    first = river.instantaneous(1e5, 10_000.0, t, **RIVER)
    second = river.instantaneous(1e5, 25_000.0, t, **RIVER)
    found = river.moments(t, first, second, 15_000.0)
    assert found.speed == pytest.approx(0.5, rel=0.01)
    assert found.dispersion == pytest.approx(20.0, rel=0.02)
    assert found.upstream == pytest.approx(10_000.0, rel=0.02)


@pytest.fixture(scope="module")
def tree():
    """Two tributaries (0-2, 1-2) join and flow 2-3-4."""
    return river.network([0, 1, 2, 3], [2, 2, 3, 4], [1000, 4000, 2000, 500], [0.4] * 4, [0.5] * 4)


def test_only_what_lies_upstream_in_time_is_suspected(tree):
    found = river.upstream(tree, 3)
    np.testing.assert_allclose(found.distance, [3000, 6000, 2000, 0, np.nan])
    np.testing.assert_allclose(found.earliest[:4], [6000, 12_000, 4000, 0])
    np.testing.assert_allclose(found.latest[:4], [7500, 15_000, 5000, 0])
    windows = river.release_windows(tree, found, [0, 2, 3], [500.0, 1000.0, 100.0], 100_000.0)
    np.testing.assert_allclose(windows.distance, [2500, 1000, np.nan])
    np.testing.assert_allclose(windows.start, [93_750, 97_500, np.nan])
    np.testing.assert_allclose(windows.end, [95_000, 98_000, np.nan])


def event(random, kilometres, source, noise=0.1):
    """Readings each half hour 60 km below the start from one of the outfalls, in a river 15 % off."""
    factor, wide = np.exp(random.normal(0, 0.15)), np.exp(random.normal(0, 0.6))
    distance = 60_000.0 - kilometres * 1000.0
    start, mass = random.uniform(-20_000, 20_000), np.exp(random.normal(np.log(1e5), 1.0))
    truth = {"area": 50.0, "speed": 0.5 * factor, "dispersion": 30.0 * wide}
    centre = start + distance[source] / truth["speed"]
    time = np.arange(centre - 20_000, centre + 20_000, 1800.0)
    clean = river.instantaneous(mass, distance[source], time - start, **truth)
    top = clean.max()
    readings = clean * (1 + noise * random.standard_normal(time.size)) + 0.01 * top * random.standard_normal(
        time.size
    )
    sections = [river.Section(time, readings, d, 50.0, 0.5, 30.0) for d in distance]
    return sections, start, mass, truth


PRIOR = river.Prior(start=(-20_000.0, 20_000.0), mass_spread=1.0)


def test_the_credible_set_of_outfalls_holds_what_it_says():
    random = np.random.default_rng(1)
    held, sizes, ranks = [], [], []
    for _ in range(20):
        kilometres = np.sort(random.uniform(0, 55, 12))
        source = int(random.integers(12))
        sections, *_ = event(random, kilometres, source)
        logs = [river.estimate_release([section], PRIOR, draws=200).log_evidence for section in sections]
        p = river.rank_outfalls(logs, unknown=0.05)
        assert p.sum() == pytest.approx(1.0)
        chosen = river.credible_set(p[:-1] / p[:-1].sum(), 0.9)
        held.append(source in chosen)
        sizes.append(chosen.size)
        ranks.append(int((p[:-1] > p[source]).sum()))
    assert np.mean(held) >= 0.8
    assert np.mean(sizes) < 10
    assert np.mean(np.array(ranks) < 5) > 0.5


def test_the_release_and_its_arrival_below_are_covered():
    random = np.random.default_rng(2)
    mass_held, start_held, arrival_held = [], [], []
    for _ in range(40):
        (section,), start, mass, truth = event(random, np.array([random.uniform(10, 40)]), 0)
        found = river.estimate_release([section], PRIOR, draws=800)
        assert found.effective > 20
        low, middle, high = found.quantiles("mass")
        assert low <= middle <= high
        mass_held.append(low <= mass <= high)
        early, _, late = found.quantiles("start")
        start_held.append(early <= start <= late)
        further = section.distance + 20_000.0
        time = section.time[-1] + np.arange(-40_000, 250_000, 300.0)
        coming = river.instantaneous(mass, further, time - start, **truth)
        threshold = 0.2 * coming.max()
        said = river.forecast(
            found, time, distance=further, area=50.0, speed=0.5, dispersion=30.0, threshold=threshold
        )
        true_arrival = time[np.argmax(coming >= threshold)]
        arrival_held.append(said.arrival[0] - 300 <= true_arrival <= said.arrival[2] + 300)
        assert said.chance > 0.9
    assert np.mean(mass_held) >= 0.75
    assert np.mean(start_held) >= 0.75
    assert np.mean(arrival_held) >= 0.75


def test_an_unlisted_outfall_keeps_its_chance():
    p = river.rank_outfalls([-50.0, -60.0, -np.inf], elsewhere=[0.0, -3.0])
    assert p[-1] > 0.99
    assert p[2] == 0.0
    assert river.credible_set([0.1, 0.6, 0.3], 0.9).tolist() == [1, 2]


def test_mixing_by_the_shape_of_the_river():
    shear = np.sqrt(9.80665 * 2.0 * 1e-4)
    transverse = mixing.transverse_dispersion(100.0, 2.0, 1e-4)
    assert transverse == pytest.approx((0.058 * 2 + 0.0065 * 100) * shear)
    bank, middle = (mixing.mixing_length(100.0, a, 0.5, transverse) for a in (0.0, 50.0))
    assert bank == pytest.approx((0.11 + 0.7 * np.sqrt(0.5 - 1.1 * 0.25)) * 0.5 * 1e4 / transverse)
    assert middle == pytest.approx(0.11 * 0.5 * 1e4 / transverse)
    assert mixing.longitudinal_dispersion(100.0, 2.0, 1e-4, 0.5) == pytest.approx(0.011 * 2500 / (2 * shear))
    with pytest.raises(TracingError, match="nearer bank"):
        mixing.mixing_length(100.0, 60.0, 0.5, transverse)


SECTION = river.Section(np.arange(4.0), np.zeros(4), 100.0, 1.0, 1.0, 1.0)
BAD = [
    (lambda: river.estimate_release([], PRIOR), "no section"),
    (lambda: river.estimate_release([SECTION], PRIOR), "nothing above"),
    (lambda: river.estimate_release([river.Section(np.arange(2.0), np.ones(2), 1.0, 1.0, 1.0, 1.0)], PRIOR), "three"),
    (lambda: river.estimate_release([river.Section(np.arange(4.0), np.ones(4), 1.0, 1.0, 0.0, 1.0)], PRIOR), "speed"),
    (lambda: river.network([], [], [], [], []), "at least one reach"),
    (lambda: river.network([0], [1], [1.0], [2.0], [1.0]), "slow"),
    (lambda: river.upstream(river.network([0], [1], [1.0], [1.0], [1.0]), 7), "not in the network"),
    (lambda: river.confluence([0.0], [1.0]), "no water"),
    (lambda: river.moments([0.0, 1.0], [0.0, 0.0], [1.0, 1.0], 5.0), "first: all values are zero"),
    (lambda: river.rank_outfalls([-np.inf]), "no outfall"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), BAD)
def test_what_is_missing_is_named(call, message):
    with pytest.raises(TracingError, match=message):
        call()
