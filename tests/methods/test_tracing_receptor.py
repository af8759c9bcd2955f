"""Factorisation of species: known factors come back, and public data sets reach their known Q."""

from __future__ import annotations

import numpy as np
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from jiangcheng.methods.tracing import receptor
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.methods.tracing.nonnegative import nnls


def read(path):
    table = pyarrow.csv.read_csv(path)
    return np.column_stack([table[name].to_numpy().astype(float) for name in table.column_names[1:]])


@pytest.fixture(scope="module")
def made():
    """Three factors with clean edges, 400 samples of 10 species, 8 % noise."""
    random = np.random.default_rng(7)
    profiles = random.dirichlet(np.full(10, 0.5), 3)
    on = random.random((400, 3)) < 0.6
    contributions = random.gamma(2.0, 5.0, (400, 3)) * on
    truth = contributions @ profiles
    errors = 0.08 * truth + 0.02
    values = np.maximum(truth + errors * random.standard_normal(truth.shape), 0.0)
    return profiles, contributions, values, errors


@pytest.fixture(scope="module")
def solved(made):
    return receptor.factorise(made[2], made[3], 3, starts=5)


def test_known_factors_come_back(made, solved):
    profiles, contributions, values, errors = made
    likeness = np.corrcoef(solved.contributions.T, contributions.T)[:3, 3:]
    order = likeness.argmax(axis=1)
    assert sorted(order) == [0, 1, 2]
    assert likeness.max(axis=1).min() > 0.98
    np.testing.assert_allclose(solved.profiles, profiles[order], atol=0.03)
    np.testing.assert_allclose(solved.profiles.sum(axis=1), 1.0)
    assert 0.8 < solved.ratio < 1.1
    assert solved.spread < 1.5
    residual = receptor.scaled_residuals(values, errors, solved)
    assert (np.abs(residual) < 3).mean() > 0.98
    assert (residual**2).sum() == pytest.approx(solved.q)
    assert np.all(np.diff(solved.contributions.mean(axis=0)) <= 0)


def test_the_knee_shows_the_number_of_factors(made):
    ratio = {p: found.ratio for p, found in receptor.choose(made[2], made[3], [2, 3, 4], starts=3).items()}
    assert ratio[2] > 3 * ratio[3]
    assert ratio[4] > 0.7 * ratio[3]


@pytest.mark.parametrize(
    ("name", "known"),
    [("BatonRouge", 73_300), ("StLouis", 12_280)],
)
def test_public_sets_reach_their_known_q(shared_data, name, known):
    folder = shared_data / "tracing" / "esat"
    if not folder.is_dir():
        pytest.skip("the data of source tracing are not in the shared data folder")
    values, errors = read(folder / f"Dataset-{name}-con.csv"), read(folder / f"Dataset-{name}-unc.csv")
    found = receptor.factorise(values, errors, 5, starts=10)
    assert found.q <= known
    turned = receptor.factorise(np.asfortranarray(values), np.asfortranarray(errors), 5, starts=2)
    assert turned.q == receptor.factorise(values, errors, 5, starts=2).q


def test_factors_survive_resampling_and_displacement(made, solved):
    _, _, values, errors = made
    again = receptor.bootstrap(values, errors, solved, replicates=20, block=4)
    assert again.mapped.min() >= 0.8
    inside = (again.lower - 0.02 <= solved.profiles) & (solved.profiles <= again.upper + 0.02)
    assert inside.all()
    pushed = receptor.displacement(values, errors, solved, species=[0, 1])
    assert not pushed.swapped
    assert np.all(pushed.lower[:, :2] <= solved.profiles[:, :2] + 1e-3)
    assert np.all(pushed.upper[:, :2] >= solved.profiles[:, :2] - 1e-3)
    assert np.isnan(pushed.lower[:, 2:]).all()


def test_edges_tell_pinned_factors_from_free_ones(solved):
    pinned = receptor.edges(solved)
    assert np.all(pinned[~np.eye(3, dtype=bool)] < 0.1)
    free = receptor.Factors(
        contributions=np.random.default_rng(8).uniform(5, 6, (200, 2)), profiles=np.eye(2), q=1, q_robust=1,
        q_expected=1, start=0, spread=1,
    )  # fmt: skip
    assert receptor.edges(free)[0, 1] > 0.7


def test_gaps_and_noise_are_weighed_down():
    random = np.random.default_rng(9)
    values = random.gamma(5, 1, (50, 4))
    errors = np.full((50, 4), 0.2)
    errors[:, 1], errors[:, 2] = values[:, 1] / 1.7, 50.0
    values[3, 0] = np.nan
    ready = receptor.prepare(values, errors)
    assert ready.kept.tolist() == [0, 1, 3]
    assert ready.strong.tolist() == [True, False, True]
    assert ready.values[3, 0] == pytest.approx(np.nanmedian(values[:, 0]))
    assert ready.uncertainty[3, 0] == pytest.approx(4 * ready.values[3, 0])
    np.testing.assert_allclose(ready.uncertainty[:, 1], 3 * errors[:, 1])
    below = receptor.uncertainty([[0.5, 10.0]], [1.0, 1.0], [0.1, 0.1])
    np.testing.assert_allclose(below, [[5 / 6, np.sqrt(1.25)]])


@given(
    arrays.arrays(float, (8, 4), elements=st.floats(-5, 5)),
    arrays.arrays(float, 8, elements=st.floats(-5, 5)),
)
def test_no_feasible_neighbour_is_better(matrix, target):
    x = nnls(matrix, target)
    assert np.all(x >= 0)
    gradient = matrix.T @ (matrix @ x - target)
    scale = 1e-6 * (1 + np.abs(matrix).max() ** 2) * (1 + np.abs(x).max() + np.abs(target).max())
    assert np.all(gradient >= -scale)
    assert abs(gradient @ x) <= scale * (1 + np.abs(x).max())


def test_nnls_is_that_of_scipy():
    optimize = pytest.importorskip("scipy.optimize")
    random = np.random.default_rng(10)
    for _ in range(30):
        a, b = random.normal(size=(40, 15)), random.normal(size=40)
        np.testing.assert_allclose(nnls(a, b), optimize.nnls(a, b)[0], atol=1e-9)


def test_known_profiles_give_contributions_with_errors():
    random = np.random.default_rng(11)
    profiles = random.dirichlet(np.full(12, 0.6), 3)
    truth = np.array([10.0, 0.0, 4.0])
    sample = truth @ profiles
    share, error = receptor.chemical_mass_balance(sample, 0.05 * sample + 0.01, profiles, 0.1 * profiles)
    np.testing.assert_allclose(share, truth, atol=1e-6)
    assert np.all(error > 0)


BAD = [
    (lambda: receptor.factorise(np.zeros((9, 5)), np.ones((9, 5)), 2), "zero"),
    (lambda: receptor.factorise(np.ones((9, 5)), np.zeros((9, 5)), 2), "above 0"),
    (lambda: receptor.factorise(np.full((9, 5), np.nan), np.ones((9, 5)), 2), "gaps"),
    (lambda: receptor.factorise(np.ones((9, 5)), np.ones((9, 4)), 2), "one shape"),
    (lambda: receptor.factorise(np.ones((9, 5)), np.ones((9, 5)), 5), "factors cannot"),
    (lambda: receptor.prepare(np.full((9, 1), np.nan), np.ones((9, 1))), "columns"),
    (lambda: receptor.prepare(np.zeros((9, 1)), np.ones((9, 1))), "noise"),
    (lambda: receptor.chemical_mass_balance([1.0], [1.0], [[1.0], [1.0]], [[0.0], [0.0]]), "tell 2"),
    (lambda: nnls([[1.0]], [np.nan]), "missing"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_what_is_missing_is_named(call, message):
    with pytest.raises(TracingError, match=message):
        call()
