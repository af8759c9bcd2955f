"""Wind-conditioned statistics against openair's output, and where they must differ from it."""

from __future__ import annotations

import numpy as np
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.methods.tracing import bootstrap, pairs, polar, regression, trajectories, wind
from jiangcheng.methods.tracing.inputs import TracingError


def read(path):
    table = pyarrow.csv.read_csv(path)
    return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}


@pytest.fixture(scope="module")
def tracing(shared_data):
    if not (shared_data / "tracing").is_dir():
        pytest.skip("the data of source tracing are not in the shared data folder")
    return shared_data / "tracing"


@pytest.fixture(scope="module")
def marylebone(tracing):
    return read(tracing / "mydata.csv.gz")


@pytest.fixture(scope="module")
def y2003(marylebone):
    inside = marylebone["date"].astype("datetime64[Y]") == np.datetime64("2003")
    return {name: values[inside] for name, values in marylebone.items()}


@pytest.fixture(scope="module")
def plume():
    """A year of hours with one source due north that shows in strong winds."""
    random = np.random.default_rng(1)
    direction, speed = random.uniform(0, 360, 8760), random.gamma(2.0, 2.0, 8760)
    near = np.exp(-0.5 * (wind.difference(direction, 0.0) / 12.0) ** 2)
    values = 5.0 + 40.0 * near * (speed > 4) + random.gamma(2.0, 1.0, 8760)
    return {"ws": speed, "wd": direction, "c": values, "day": np.arange(8760) // 24}


def test_the_record_is_the_known_one(marylebone):
    assert marylebone["ws"].size == 65_533
    assert np.nanmean(marylebone["ws"]) == pytest.approx(4.488703, abs=1e-6)
    for name, mean in (("nox", 178.7986), ("so2", 4.794985), ("pm25", 21.69574)):
        assert np.nanmean(marylebone[name]) == pytest.approx(mean, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "pollutant", "statistic", "ceiling", "tolerance"),
    [("mean_nox", "nox", "mean", np.inf, 1e-3), ("cpf90_so2", "so2", "cpf", 1.0, 1e-6)],
)
def test_the_surface_is_that_of_openair(tracing, y2003, name, pollutant, statistic, ceiling, tolerance):
    grid = polar.cells(y2003["ws"], y2003["wd"], y2003[pollutant], statistic=statistic, compat=True)
    plot = polar.surface(grid, ceiling=ceiling)
    golden = read(tracing / "golden" / f"polar_{name}_y2003.csv.gz")["z"].reshape(201, 201)
    np.testing.assert_array_equal(np.isnan(plot.value), np.isnan(golden))
    np.testing.assert_allclose(plot.value, golden, rtol=0, atol=tolerance)
    if statistic == "cpf":
        assert grid.threshold == 8.25


def test_the_regression_with_the_switch_is_that_of_openair(tracing, y2003):
    golden = read(tracing / "golden" / "raw_nwr_so2_y2003.csv")["conc"].reshape(36, 40)
    winds = {"grid_direction": np.arange(10.0, 361.0, 10.0), "grid_speed": np.linspace(0.0, 12.9, 40)}
    columns = y2003["ws"], y2003["wd"], y2003["so2"]
    compat = regression.regression(*columns, compat=True, **winds).value
    np.testing.assert_allclose(compat, golden, rtol=0, atol=1e-10)
    right = regression.regression(*columns, kernel="gaussian", **winds).value
    apart = np.abs(right - compat)
    assert 0.05 < apart.max() <= 0.061
    assert apart[3:-4].max() < 1e-12


def test_the_rose_of_chances_is_that_of_openair_but_for_hours_without_reading(tracing, y2003):
    golden = read(tracing / "golden" / "cpfrose95_so2_y2003.csv")
    high = golden["percentile"] == 95
    # Each sector is drawn with two corners, the first sector around north.
    known = np.roll(golden["so2"][high][0:72:2], -1)
    found = wind.conditional_probability(y2003["ws"], y2003["wd"], y2003["so2"], percent=95.0, calm=0.01)
    assert found.threshold == 10.0
    windy = (y2003["ws"] > 0) & np.isfinite(y2003["wd"])
    hours = np.bincount(wind.sector(y2003["wd"][windy], 10.0), minlength=36)
    np.testing.assert_allclose(found.exceeding / hours, known, rtol=0, atol=1e-12)
    # openair counts hours without a reading as hours that are not high; ours are left out.
    assert np.all(found.count <= hours)
    assert 0.0 < np.abs(found.probability - known).max() < 0.006


def test_angles_added_up_first_give_what_products_give(plume):
    grids = {"grid_direction": np.arange(0.0, 360.0, 30.0), "grid_speed": np.linspace(0.0, 8.0, 5)}
    few = np.round(plume["wd"])
    once = regression.regression(plume["ws"], few, plume["c"], **grids)
    # A billionth of a degree apart: there are too many angles to add up.
    apart = few + np.linspace(0.0, 1e-9, few.size)
    other = regression.regression(plume["ws"], apart, plume["c"], **grids)
    np.testing.assert_allclose(once.value, other.value, rtol=1e-8)
    np.testing.assert_allclose(once.error, other.error, rtol=1e-5)


@pytest.mark.parametrize("name", ["frequency", "pscf", "cwt"])
def test_trajectory_statistics_are_those_of_openair(tracing, name):
    ends = read(tracing / "golden" / "traj_synth.csv.gz")
    golden = read(tracing / "golden" / f"traj_{name}.csv")
    values = () if name == "frequency" else (ends["pm2.5"],)
    grid = getattr(trajectories, name)(ends["lon"], ends["lat"], *values)
    order = np.lexsort((golden["ygrid"], golden["xgrid"]))
    np.testing.assert_array_equal(grid.longitude, golden["xgrid"][order])
    np.testing.assert_array_equal(grid.latitude, golden["ygrid"][order])
    np.testing.assert_array_equal(grid.count, golden["count"][order])
    np.testing.assert_allclose(grid.value, golden["pm2.5"][order], rtol=0, atol=1e-12)


@given(st.floats(-720, 720), st.floats(-720, 720))
def test_a_difference_of_angles_is_the_short_way_round(first, second):
    turn = float(wind.difference(first, second))
    assert -180.0 <= turn < 180.0
    assert np.cos(np.radians(turn)) == pytest.approx(np.cos(np.radians(first - second)), abs=1e-9)


def test_winds_on_both_sides_of_north_share_a_sector():
    assert wind.sector([358.0, 2.0, 0.0, 360.0, 6.0], 10.0).tolist() == [35, 35, 35, 35, 0]
    assert wind.sector([2.0], 10.0, compat=True).tolist() == [0]
    with pytest.raises(TracingError, match="divide"):
        wind.sector([1.0], 7.0)


def test_turning_the_world_turns_the_regression(plume):
    theta, grid = np.arange(0.0, 360.0, 10.0), np.linspace(1.0, 8.0, 8)
    winds = {"grid_direction": theta, "grid_speed": grid}
    north = regression.regression(plume["ws"], plume["wd"], plume["c"], **winds).value
    turned = regression.regression(plume["ws"], (plume["wd"] + 90.0) % 360.0, plume["c"], **winds).value
    np.testing.assert_allclose(np.roll(north, 9, axis=0), turned, rtol=1e-9)


def test_a_source_in_the_north_is_found_by_every_method(plume):
    columns = plume["ws"], plume["wd"], plume["c"]
    field = regression.regression(*columns)
    assert abs(wind.difference(field.direction[np.nanargmax(np.nanmax(field.value, axis=1))], 0.0)) <= 4
    assert field.sector_share(330.0, 30.0) > 0.25  # they blow a sixth of the time
    assert field.contribution().sum() == pytest.approx(1.0)
    chance = wind.conditional_probability(*columns)
    assert chance.direction[np.nanargmax(chance.probability)] in (350.0, 360.0, 10.0)
    rose = wind.pollution_rose(*columns, [0, 10, 20, 100])
    assert rose.share.sum() == pytest.approx(1.0 - rose.calm)
    assert rose.direction[np.argmax(rose.mean)] == 360.0


def test_a_cell_statistic_is_that_of_its_rows():
    u, d = np.array([1.0, 1.0, 1.0, 2.0]), np.array([90.0, 90.0, 90.0, 180.0])
    for statistic, value in [("mean", 4.0), ("median", 2.0), ("max", 9.0), ("sd", np.std([1, 2, 9], ddof=1))]:
        grid = polar.cells(u, d, [1.0, 2.0, 9.0, 5.0], statistic=statistic, rings=2, step=90.0)
        assert grid.value[0, 0] == pytest.approx(value)
    assert grid.count.tolist() == [[3, 0, 0, 0], [0, 1, 0, 0]]
    few = polar.cells(u, d, [1.0, 2.0, 9.0, 5.0], rings=2, step=90.0, minimum=2)
    assert np.isnan(few.value[1, 1])


def test_intervals_of_the_cpf_add_up_to_one(y2003):
    columns = y2003["ws"], y2003["wd"], y2003["so2"]
    parts = [
        polar.cells(*columns, statistic="cpf", interval=(low, low + 25)).value for low in range(0, 100, 25)
    ]
    total = np.sum(parts, axis=0)
    np.testing.assert_allclose(total[np.isfinite(total)], 1.0)


def test_clusters_are_ordered_and_separate_the_source(plume):
    plot = polar.surface(polar.cells(plume["ws"], plume["wd"], plume["c"], step=10.0))
    labels = polar.cluster(plot, 3)
    means = [plot.value[labels == k].mean() for k in range(3)]
    assert means == sorted(means, reverse=True)
    np.testing.assert_array_equal(labels == -1, np.isnan(plot.value))
    np.testing.assert_array_equal(labels, polar.cluster(plot, 3))
    drawn = np.isfinite(plot.value)
    assert np.all(plot.lower[drawn] <= plot.upper[drawn])


def test_the_ratio_of_the_plume_is_found_in_its_sector(plume):
    random = np.random.default_rng(2)
    north = np.abs(wind.difference(plume["wd"], 0.0)) < 30
    other = np.where(north, 3.0, 0.5) * plume["c"] * random.normal(1.0, 0.02, 8760)
    found = pairs.pairwise(
        plume["ws"], plume["wd"], plume["c"], other, grid_direction=[0.0, 180.0], grid_speed=[3.0, 5.0],
        minimum=50,
    )  # fmt: skip
    np.testing.assert_allclose(found.slope, [[3.0, 3.0], [0.5, 0.5]], rtol=0.05)
    np.testing.assert_allclose(found.ratio, [[3.0, 3.0], [0.5, 0.5]], rtol=0.02)
    assert found.correlation.min() > 0.9


def test_an_interval_by_days_covers_and_is_the_general_one():
    random = np.random.default_rng(3)
    inside = 0
    day, cell = np.repeat(np.arange(60), 24), np.zeros(1440, dtype=int)
    for seed in range(60):
        values = 10 + np.repeat(random.normal(0, 2, 60), 24) + random.normal(0, 1, 1440)
        found = bootstrap.ratio(day, cell, values, np.ones(1440), 1, replicates=300, seed=seed)
        inside += bool(found.lower[0] <= 10 <= found.upper[0])
    assert 46 <= inside <= 60
    general = bootstrap.estimate(day, lambda rows: [values[rows].mean()], replicates=300)
    assert general.error[0] == pytest.approx(found.error[0], rel=0.2)
    assert found.error[0] > 3 * values.std() / np.sqrt(1440)


def test_the_transport_bias_points_at_the_dirty_side():
    random = np.random.default_rng(4)
    side = np.repeat(random.choice([-1.0, 1.0], 200), 24)
    hours = np.tile(np.arange(24.0), 200)
    longitude = 126.0 + side * hours * 0.1 + random.normal(0, 0.05, side.size)
    latitude = 43.0 + random.normal(0, 0.05, side.size)
    found = trajectories.sqtba(longitude, latitude, -hours, np.where(side > 0, 80.0, 10.0))
    at = {(x, y): value for x, y, value in zip(found.longitude, found.latitude, found.value, strict=True)}
    assert at[127.5, 43.0] > 75
    assert at[124.5, 43.0] < 15
    assert trajectories.haversine(0, 0, 0, 1) == pytest.approx(111.195, abs=0.01)


def test_the_spread_of_direction_ignores_north():
    assert wind.yamartino([350.0, 10.0] * 30) == pytest.approx(10.0, abs=0.3)
    assert wind.yamartino([170.0, 190.0] * 30) == pytest.approx(wind.yamartino([350.0, 10.0] * 30))


BAD = [
    (lambda: polar.cells([], [], []), "speed"),
    (lambda: polar.cells([1.0], [np.nan], [1.0]), "direction: no valid"),
    (lambda: polar.cells([1.0, 2.0], [90.0], [1.0, 2.0]), "differ in length"),
    (lambda: polar.cells([0.0, 0.0], [90.0, 90.0], [1.0, 2.0]), "calm"),
    (lambda: polar.cells([1.0], [90.0], [0.0], statistic="cpf"), "zero"),
    (lambda: polar.cells([1.0], [90.0], [0.0], statistic="mode"), "unknown"),
    (lambda: polar.surface(polar.cells([1.0], [90.0], [1.0])), "at least 10"),
    (lambda: wind.conditional_probability([1.0], [90.0], [np.nan]), "values: no valid"),
    (lambda: wind.conditional_probability([0.1], [np.nan], [1.0]), "direction: no valid"),
    (lambda: wind.conditional_probability([0.1], [90.0], [1.0]), "no wind of"),
    (lambda: wind.pollution_rose([1.0], [90.0], [1.0], [3.0]), "edges"),
    (lambda: regression.regression([0.0], [90.0], [1.0]), "calm"),
    (lambda: regression.regression([1.0], [90.0], [1.0], sigma=0.0), "sigma"),
    (lambda: trajectories.pscf([1.0], [1.0], [0.0]), "zero"),
    (lambda: trajectories.sqtba([1.0], [1.0], [0.0], [1.0]), "arrivals"),
    (lambda: bootstrap.ratio([1], [0], [1.0], [1.0], 1), "days"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_what_is_missing_is_named(call, message):
    with pytest.raises(TracingError, match=message):
        call()
