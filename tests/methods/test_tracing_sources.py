"""Inversion and ranking: skill and honesty on Prairie Grass, and evidence that adds up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.methods.tracing import dispersion, inversion, ranking, river, stability, windfield
from jiangcheng.methods.tracing.inputs import TracingError


@pytest.fixture(scope="module")
def experiments(shared_data):
    """Of each run: rate [g/s], height of release [m], receptors, readings [g/m³], weather."""
    folder = shared_data / "tracing" / "prairie_grass"
    if not folder.is_dir():
        pytest.skip("the data of source tracing are not in the shared data folder")
    weather = {int(row[0]): row for row in np.loadtxt(folder / "modelParamList.txt")}
    heads, samples, run = {}, {}, 0
    for line in (folder / "PGARCS.txt").read_text().splitlines():
        if "'" in line:
            run = int(line.split(",")[0])
        elif "," in line:
            heads[run] = [float(text) for text in line.split(",")]
        elif line.strip():
            samples.setdefault(run, []).append([float(text) for text in line.split()])
    found = []
    for run, met in weather.items():
        if run not in heads:
            continue
        rows = np.array([row for row in samples[run] if row[3] >= 0])
        angle = np.radians(rows[:, 0])
        places = np.column_stack([rows[:, 2] * np.sin(angle), rows[:, 2] * np.cos(angle)])
        receptors = np.column_stack([places, np.full(len(rows), heads[run][9])])
        classes = stability.from_obukhov(met[1], 0.006)
        air = inversion.weather(met[9], met[4], classes, "briggs_rural")
        found.append((heads[run][7], heads[run][8], receptors, rows[:, 3] / 1000.0, air))
    return found


def ranks(experiments, samplers, seed):
    """Return rank of the true emitter among 20 of a square kilometre, and all probabilities, by run."""
    random = np.random.default_rng(seed)
    places, stated = [], []
    for _, height, receptors, readings, air in experiments:
        pick = np.arange(len(readings))
        if samplers:
            pick = random.choice(len(readings), samplers, replace=False)
        others = np.column_stack([random.uniform(-500, 500, (19, 2)), np.full(19, height)])
        candidates = np.vstack([[[0.0, 0.0, height]], others])
        p = inversion.candidate_probabilities(
            readings[pick], receptors[pick], candidates, air, nodes=15, unknown=0.05
        )
        places.append(1 + int((p[1:-1] > p[0]).sum()))
        stated.append(p)
    return np.array(places), np.array(stated)


@pytest.mark.parametrize(("samplers", "first", "third"), [(0, 0.79, 0.96), (8, 0.47, 0.75)])
def test_the_true_emitter_ranks_as_well_as_known_and_odds_are_not_overstated(
    experiments, samplers, first, third
):
    assert len(experiments) == 53
    place, stated = ranks(experiments, samplers, 1)
    assert (place == 1).mean() >= first
    assert (place <= 3).mean() >= third
    np.testing.assert_allclose(stated.sum(axis=1), 1.0)
    assert stated[:, -1].min() > 0
    truth = np.zeros_like(stated)
    truth[:, 0] = 1.0
    found = ranking.calibration(stated[:, :-1].ravel(), truth[:, :-1].ravel())
    assert found.brier < 0.03
    assert found.gap < 0.06
    # What is named most is right at least as often as stated.
    best = stated[:, :-1].max(axis=1)
    assert best.mean() <= (stated[:, :-1].argmax(axis=1) == 0).mean() + 0.05
    # A set that states 50 or 90 % holds the emitter at least so often.
    for level in (0.5, 0.9):
        assert np.mean([0 in river.credible_set(p, level) for p in stated]) >= level


@pytest.mark.parametrize(("samplers", "away"), [(0, 30), (20, 60), (8, 95)])
def test_the_place_is_found_and_its_region_is_honest(experiments, samplers, away):
    random = np.random.default_rng(2)
    grid = np.linspace(-200, 200, 21)
    errors, inside, covered, shares = [], [], [], []
    for rate, height, receptors, readings, air in experiments:
        pick = np.arange(len(readings))
        if samplers:
            pick = random.choice(len(readings), samplers, replace=False)
        found = inversion.locate(readings[pick], receptors[pick], grid, grid, air, height=height)
        errors.append(np.hypot(*found.best()))
        inside.append(found.region(0.9)[10, 10])
        low, middle, high = found.rate_interval()
        assert low <= middle <= high
        covered.append(low <= rate <= high)
        shares.append(found.rate.ravel()[found.posterior.argmax()] / rate)
    assert np.median(errors) <= away
    assert np.mean(inside) >= 0.85
    assert np.mean(covered) >= 0.7
    assert np.mean((np.array(shares) > 0.5) & (np.array(shares) < 2)) > 0.5


@pytest.fixture(scope="module")
def town():
    random = np.random.default_rng(3)
    receptors = np.column_stack([random.uniform(-3000, 3000, (12, 2)), np.full(12, 3.0)])
    sources = np.array([[-500.0, 200.0, 15.0], [800.0, -900.0, 15.0], [100.0, 1500.0, 15.0]])
    air = inversion.weather(random.uniform(2, 6, 48), random.uniform(0, 360, 48), 4.0)
    matrix = dispersion.response(
        sources, receptors, wind=air.wind, direction=air.direction, stability=air.stability
    ).reshape(-1, 3)
    return receptors, sources, air, matrix


def test_rates_of_known_sources_come_back(town):
    matrix = town[3]
    readings = matrix @ [5.0, 0.0, 20.0] + 1e-5
    found = inversion.rates(matrix, readings, background=1e-5, instrument=1e-9, model_error=0.1)
    np.testing.assert_allclose(found.rate, [5.0, 0.0, 20.0], atol=1e-3)
    assert found.explained > 0.999
    twins = inversion.rates(matrix[:, [0, 0, 2]], readings, background=1e-5, instrument=1e-9)
    assert twins.group.tolist() == [0, 0, 1]
    np.testing.assert_allclose(twins.rate, [2.5, 2.5, 20.0], atol=1e-3)
    held = inversion.rates(matrix, readings, instrument=1e3, prior=[1, 2, 3], pull=10.0)
    np.testing.assert_allclose(held.rate, [1, 2, 3], rtol=1e-3)


def test_what_nobody_listed_stays_unknown(town):
    receptors, sources, air, matrix = town
    readings = (matrix[:, 0] * 30).reshape(48, 12)
    listed = inversion.candidate_probabilities(readings, receptors, sources, air, nodes=9)
    assert listed.argmax() == 0
    away = np.array([[-500.0, 200.0, 15.0], [2500.0, 2500.0, 15.0], [-2500.0, -2500.0, 15.0]])
    unlisted = inversion.candidate_probabilities(readings, receptors, away[1:], air, nodes=21)
    assert unlisted.argmax() == 2


def test_kinds_of_evidence_add_up_and_none_decides_alone():
    emitters = np.array([[0.0, 1000.0], [1000.0, 0.0], [0.0, -1000.0]])
    cone = ranking.cone([355.0, 5.0, 0.0], [0.0, 0.0], emitters, 10.0)
    assert cone[0] > 10 > 1 > cone[1] > cone[2]
    alone = ranking.rank({"wind": [1e9, 1.0, 1.0]}, unknown=0.2)
    assert alone.probability[0] < 0.9
    both = ranking.rank({"wind": cone, "online": ranking.anomaly([4.0, np.nan, 0.0])}, unknown=0.2)
    assert both.probability.sum() == pytest.approx(1.0)
    assert both.order()[0] == 0
    assert both.probability[0] > alone.probability[0]
    nothing = ranking.rank({"wind": [0.0, 0.0, 0.0], "online": [0.01, 0.01, 0.01]}, unknown=0.2)
    assert nothing.probability[-1] > 0.95
    late = ranking.rank({"wind": cone}, possible=ranking.in_time([9000.0, 1000.0, 1000.0], 2.0, 3600.0))
    assert late.probability[0] == 0.0
    assert ranking.history(3, 4) > ranking.history(0, 4)
    np.testing.assert_allclose(ranking.dilution([2.0, 1.0, np.nan]), [4 / 3, 2 / 3, 1.0])
    profile = ranking.fingerprint([1.0, 0.0, 2.0], [[1, 0, 2], [0, 1, 0], [np.nan] * 3])
    assert profile[0] > 1 > profile[1]
    assert profile[2] == 1.0


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=8), st.floats(0.01, 0.99))
def test_probabilities_are_probabilities(factors, unknown):
    found = ranking.rank({"a": factors}, unknown=unknown)
    assert found.probability.sum() == pytest.approx(1.0)
    assert np.all(found.probability >= 0)
    assert found.probability[-1] > 0


def test_an_anomaly_stands_out_of_the_normal_state():
    random = np.random.default_rng(4)
    series = random.normal(10, 1, 200)
    window = np.zeros(200, dtype=bool)
    window[100:104] = True
    assert ranking.anomaly_score(series, window) < 4
    series[102] += 10
    assert ranking.anomaly_score(series, window) > 7
    assert np.isnan(ranking.anomaly_score(np.ones(5), [True, False, False, False, False]))
    assert np.isnan(ranking.anomaly_score([np.nan, 1.0], [True, False]))


def test_the_greatest_of_many_values_says_less_and_a_culprit_may_hide():
    random = np.random.default_rng(7)
    greatest = random.normal(0, 1, (50_000, 12)).max(axis=1)
    # Over those who did nothing a fair Bayes factor is 1 on average; taken for one value it is far more.
    assert ranking.anomaly(greatest, looks=12).mean() == pytest.approx(1.0, abs=0.15)
    assert ranking.anomaly(greatest).mean() > 5
    assert ranking.anomaly([-3.0], hidden=0.5)[0] >= 0.5 > ranking.anomaly([-3.0])[0]
    with pytest.raises(TracingError, match="looks"):
        ranking.anomaly([1.0], looks=0)


def test_weights_are_learnt_from_closed_cases_only_when_enough():
    random = np.random.default_rng(5)
    cases = []
    for _ in range(300):
        table = np.column_stack([random.normal(0, 1, (6, 2)), np.zeros(6)])
        logs = table[:, 0] * 2.0
        p = np.exp(logs) / np.exp(logs).sum()
        cases.append((table, int(random.choice(6, p=p))))
    weights = ranking.fit_weights(cases)
    assert weights[0] == pytest.approx(2.0, abs=0.4)
    assert weights[1] == pytest.approx(0.0, abs=0.3)
    assert ranking.fit_weights(cases[:40]).tolist() == [1.0, 1.0]


def test_calibration_tells_boasting_from_honesty():
    random = np.random.default_rng(6)
    stated = random.uniform(0, 1, 5000)
    honest = ranking.calibration(stated, random.random(5000) < stated)
    boasting = ranking.calibration(np.where(stated > 0.5, 0.99, 0.01), random.random(5000) < stated)
    assert honest.gap < 0.05 < 0.2 < boasting.gap
    assert honest.count.sum() == 5000


@pytest.fixture(scope="module")
def breeze():
    stations = [[0.0, 0.0], [8000.0, 0.0], [0.0, 8000.0]]
    hours = 3600.0 * np.arange(7)
    return windfield.wind_field(stations, hours, np.full((7, 3), 3.0), np.full((7, 3), 270.0))


def test_air_of_a_steady_wind_came_straight(breeze):
    tracks = windfield.backward(breeze, [4000.0, 4000.0], 14_400.0, 3600.0)
    assert tracks.x.shape == (27, 31)
    assert tracks.x[0, -1] == pytest.approx(4000.0 - 3.0 * 3600.0)
    assert tracks.y[0, -1] == pytest.approx(4000.0)
    np.testing.assert_allclose(tracks.way[:, -1], 3.0 * 3600.0)
    places = [[1000.0, 4000.0], [7000.0, 4000.0], [1000.0, 8000.0]]
    felt = windfield.influence(tracks, places, 4.0)
    assert felt[0] > 100 * max(felt[1], felt[2])


def test_a_straight_track_gives_the_plume(breeze):
    calm = {"shift": 0.0, "delay": 0.0, "turn": 0.0}
    tracks = windfield.backward(breeze, [4000.0, 4000.0], 14_400.0, 3600.0, step=20.0, **calm)
    felt = windfield.influence(tracks, [[2000.0, 4000.0]], 4.0)
    curves = windfield.sigmas.curves("slade_puff")
    widths = {"sigma_y": curves.sigma_y(2000.0, 4.0), "sigma_z": curves.sigma_z(2000.0, 4.0)}
    plume = dispersion.plume(1.0, 2000.0, 0.0, 0.0, height=0.0, wind=3.0, **widths)
    assert felt[0] == pytest.approx(float(plume), rel=0.03)


def test_a_turning_wind_bends_the_way_and_silence_is_bridged():
    hours = 3600.0 * np.arange(5)
    direction = np.column_stack([np.linspace(270, 360, 5)] * 2)
    speed = np.full((5, 2), 4.0)
    speed[2, 0] = np.nan
    field = windfield.wind_field([[0.0, 0.0], [5000.0, 0.0]], hours, speed, direction)
    coarse = windfield.backward(field, [0.0, 0.0], 12_600.0, 7200.0, step=300.0)
    fine = windfield.backward(field, [0.0, 0.0], 12_600.0, 7200.0, step=30.0)
    assert np.hypot(coarse.x[0, -1] - fine.x[0, -1], coarse.y[0, -1] - fine.y[0, -1]) < 150
    assert fine.x[0, -1] < 0 < fine.y[0, -1]


AIR = inversion.weather(3.0, 270.0, 4.0)
BAD = [
    (lambda: inversion.weather(0.0, 0.0, 4.0), "wind"),
    (lambda: inversion.weather(1.0, np.nan, 4.0), "direction"),
    (lambda: inversion.evidence([1.0, 2.0], [[0, 0, 0]] * 2, [[0, 0, 0]], AIR), "three"),
    (lambda: inversion.evidence([0.0] * 3, [[0, 0, 0]] * 3, [[0, 0, 0]], AIR), "zero"),
    (lambda: inversion.evidence([1.0] * 3, [[0, 0, 0]], [[0, 0, 0]], AIR), "shape"),
    (lambda: inversion.rates([[0.0]], [1.0]), "no source"),
    (lambda: inversion.rates([[1.0]], [np.nan]), "no valid"),
    (lambda: ranking.rank({}), "no evidence"),
    (lambda: ranking.rank({"a": [1.0], "b": [1.0, 2.0]}), "length"),
    (lambda: ranking.rank({"a": [-1.0]}), "negative"),
    (lambda: ranking.rank({"a": [1.0]}, unknown=0.0), "unknown"),
    (lambda: ranking.cone([np.nan], [0, 0], [[1, 1]], 5.0), "directions"),
    (lambda: ranking.in_time([1.0], 0.0, 1.0), "wind"),
    (lambda: windfield.wind_field([[0, 0]], [0.0], [[1.0]], [[0.0]]), "one station"),
    (lambda: windfield.wind_field([[0, 0], [1, 1]], [0.0], [[np.nan] * 2], [[0.0] * 2]), "no station"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_what_is_missing_is_named(call, message):
    with pytest.raises(TracingError, match=message):
        call()
