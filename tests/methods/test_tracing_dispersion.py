"""Dispersion against Prairie Grass, printed examples and what mass conservation demands."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.csv
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.methods.tracing import dispersion, heavygas, release, sigmas, skill, stability
from jiangcheng.methods.tracing.inputs import TracingError

LETTERS = "ABCDEF"


@pytest.fixture(scope="module")
def prairie(shared_data):
    folder = shared_data / "tracing"
    if not folder.is_dir():
        pytest.skip("the data of source tracing are not in the shared data folder")
    table = pyarrow.csv.read_csv(folder / "golden" / "prairie_grass_arcmax.csv")
    arcs = {name: table[name].to_numpy() for name in table.column_names}
    weather = {int(row[0]): row for row in np.loadtxt(folder / "prairie_grass" / "modelParamList.txt")}
    met = np.array([weather[run] for run in arcs["run"]])
    golden = json.loads((folder / "golden" / "prairie_grass_metrics.json").read_text())
    return arcs, stability.from_obukhov(met[:, 1], 0.006), met[:, 9], golden


@pytest.mark.parametrize(("scheme", "name"), [("briggs_rural", "briggs"), ("gb", "gb")])
def test_prairie_grass_is_predicted_as_well_as_known(prairie, scheme, name):
    arcs, classes, wind, golden = prairie
    curves = sigmas.curves(scheme)
    widths = {
        "sigma_y": curves.sigma_y(arcs["dist"], classes),
        "sigma_z": curves.sigma_z(arcs["dist"], classes),
    }
    predicted = 1000 * dispersion.plume(
        arcs["Q"], arcs["dist"], 0.0, arcs["zr"], height=arcs["hs"], wind=wind, **widths
    )
    np.testing.assert_allclose(predicted, arcs[name], rtol=1e-9)
    found = skill.skill(arcs["C"] / arcs["Q"], predicted / arcs["Q"])
    pairs = [("FB", "fractional_bias"), ("NMSE", "nmse"), ("FAC2", "fac2"), ("MG", "geometric_bias"),
             ("VG", "geometric_variance"), ("R", "correlation")]  # fmt: skip
    for key, field in pairs:
        assert getattr(found, field) == pytest.approx(golden[name][key], abs=1e-3)


def test_measures_of_marylebone(shared_data):
    path = shared_data / "tracing" / "mydata.csv.gz"
    if not path.is_file():
        pytest.skip("the data of source tracing are not in the shared data folder")
    table = pyarrow.csv.read_csv(path)
    pm10, pm25 = (table[name].to_numpy(zero_copy_only=False) for name in ("pm10", "pm25"))
    found = skill.skill(1.4 * pm25, pm10)
    assert found.number == 55_123
    assert (round(found.fac2, 3), round(found.correlation, 3), round(found.agreement, 3)) == (
        0.964,
        0.836,
        0.727,
    )


def test_widths_of_the_national_standard():
    curves = sigmas.curves("gb")
    np.testing.assert_allclose(curves.sigma_y(1000.0, range(1, 7)), [215, 156, 105, 68, 50, 34], atol=0.005)
    upward = [448.6, 108.8, 60.45, 31.5, 21.5, 14.0]
    np.testing.assert_allclose(curves.sigma_z(1000.0, range(1, 7)), upward, rtol=3e-4)


@pytest.mark.parametrize("stability_class", np.arange(1, 6.5, 0.5))
def test_widths_do_not_jump_and_grow(stability_class):
    curves = sigmas.curves("gb")
    for width in (curves.sigma_y, curves.sigma_z):
        for edge in (300.0, 500.0, 1000.0, 2000.0, 10_000.0):
            below, above = width([edge, edge * (1 + 1e-9)], stability_class)
            assert above == pytest.approx(below, rel=0.01)
        assert np.all(np.diff(width(np.geomspace(10, 30_000, 50), stability_class)) > 0)


def test_widths_of_briggs_and_slade():
    rural = sigmas.curves("briggs_rural")
    assert rural.sigma_z(2000.0, 5) == pytest.approx(0.03 * 2000 / (1 + 3e-4 * 2000))
    assert rural.sigma_y(2000.0, 6) == pytest.approx(0.04 * 2000 / np.sqrt(1.2))
    assert sigmas.curves("briggs_urban").sigma_z(1000.0, 1) == pytest.approx(240 * np.sqrt(2))
    assert sigmas.curves("slade_puff").sigma_y(1000.0, 4) == pytest.approx(0.06 * 1000**0.92)
    assert sigmas.averaging_factor(1.0) == pytest.approx(2**0.2)
    with pytest.raises(TracingError, match="half classes"):
        rural.sigma_y(100.0, 2.5)
    with pytest.raises(TracingError, match="averaging"):
        sigmas.averaging_factor(0.1)


@given(
    st.sampled_from(range(1, 7)),
    st.floats(20, 5000),
    st.floats(0, 80),
    st.floats(1, 15),
    st.floats(100, 1500),
)
def test_a_plume_carries_what_its_source_gives(stability_class, x, height, wind, lid):
    curves = sigmas.curves("gb")
    sy, sz = curves.sigma_y(x, stability_class), curves.sigma_z(x, stability_class)
    top = min(lid, height + 8 * sz)
    z = np.linspace(0, top, 801)
    y = np.linspace(-6 * sy, 6 * sy, 121)
    c = dispersion.plume(
        50.0, x, y[:, None], z, height=height, wind=wind, sigma_y=sy, sigma_z=sz, lid=lid
    )  # fmt: skip
    assert np.trapezoid(np.trapezoid(c * wind, z), y) == pytest.approx(50.0, rel=0.02)


def test_a_puff_carries_its_mass():
    x = np.linspace(-300, 300, 61)
    z = np.linspace(0, 300, 151)
    c = dispersion.puff(
        7.0, x[:, None, None], x[:, None], z, height=20.0, sigma_x=50.0, sigma_y=40.0, sigma_z=30.0
    )
    assert np.trapezoid(np.trapezoid(np.trapezoid(c, z), x), x) == pytest.approx(7.0, rel=1e-3)
    with pytest.raises(TracingError, match="widths"):
        dispersion.puff(1.0, 0, 0, 0, height=0, sigma_x=0, sigma_y=1, sigma_z=1)


def test_losses_only_take_away():
    x = np.array([0.0, 100.0, 1000.0, 10_000.0])
    assert dispersion.wet_loss(x, 5.0, 1e-4)[2] == pytest.approx(np.exp(-0.02))
    curves = sigmas.curves("gb")
    left = dispersion.dry_loss(x, 3.0, 0.01, 2.0, lambda way: curves.sigma_z(way, 4))
    assert left[0] == 1.0
    assert np.all(np.diff(left) < 0)
    finer = dispersion.dry_loss(x, 3.0, 0.01, 2.0, lambda way: curves.sigma_z(way, 4), steps=4000)
    np.testing.assert_allclose(left, finer, rtol=1e-3)
    np.testing.assert_array_equal(dispersion.dry_loss(x, 3.0, 0.0, 2.0, lambda way: way), 1.0)


def test_the_matrix_is_the_plume():
    random = np.random.default_rng(5)
    sources = np.column_stack([random.uniform(-2000, 2000, (6, 2)), random.uniform(0, 50, 6)])
    receptors = np.column_stack([random.uniform(-2000, 2000, (7, 2)), np.full(7, 1.5)])
    wind, direction, classes = np.array([2.0, 6.0]), np.array([30.0, 250.0]), np.array([2.5, 6.0])
    matrix = dispersion.response(sources, receptors, wind=wind, direction=direction, stability=classes)
    curves = sigmas.curves("gb")
    for t in range(2):
        toward = np.radians(direction[t] + 180.0)
        apart = receptors[:, None, :2] - sources[None, :, :2]
        x = apart[..., 0] * np.sin(toward) + apart[..., 1] * np.cos(toward)
        y = apart[..., 0] * np.cos(toward) - apart[..., 1] * np.sin(toward)
        widths = {"sigma_y": curves.sigma_y(x, classes[t]), "sigma_z": curves.sigma_z(x, classes[t])}
        plain = dispersion.plume(1.0, x, y, 1.5, height=sources[:, 2], wind=wind[t], **widths)
        np.testing.assert_allclose(matrix[t], plain, rtol=1e-9, atol=1e-12)


def test_hot_smoke_rises_less_in_wind_and_in_stable_air():
    weak = dispersion.plume_rise(15.0, 2.0, 400.0, 290.0, 4.0, [100.0, 1e5])
    assert weak[0] < weak[1]
    assert dispersion.plume_rise(15.0, 2.0, 400.0, 290.0, 8.0, 1e5) == pytest.approx(weak[1] / 2)
    assert dispersion.plume_rise(15.0, 2.0, 400.0, 290.0, 4.0, 1e5, 1e-3) < weak[1]


def test_stability_of_the_hour():
    summer_noon = np.datetime64("2026-06-21T04:00")
    assert stability.solar_altitude(summer_noon, 120.0, 43.9) == pytest.approx(90 - 43.9 + 23.45, abs=0.3)
    assert stability.solar_altitude(np.datetime64("2026-06-21T16:00"), 120.0, 43.9) < 0
    assert stability.radiation_class([70, 50, 20, 10, -5], 0, 0).tolist() == [3, 2, 1, -1, -2]
    assert stability.radiation_class([70.0], 10, 10).tolist() == [0]
    assert stability.stability_class([1.0, 1.94, 2.0, 4.0, 7.0], [3, 3, 3, 3, 3]).tolist() == [
        1,
        1,
        1.5,
        2,
        4,
    ]
    assert stability.stability_class([1.0, 2.5, 6.0], -2).tolist() == [6, 6, 4]
    assert stability.from_weather(summer_noon, 120.0, 43.9, 1.0, 0, 0) == 1
    for total in range(11):
        for low in range(total + 1):
            assert -2 <= stability.radiation_class(20.0, total, low) <= 3
    with pytest.raises(TracingError, match="cloud"):
        stability.radiation_class(20.0, np.nan, 0)
    with pytest.raises(TracingError, match="wind"):
        stability.stability_class(np.nan, 0)


def test_classes_are_shifted_and_winds_grow_with_height():
    assert stability.shifted([1, 2, 3, 4, 5, 6], "rural").tolist() == [1, 2, 3, 3.5, 4.5, 5.5]
    assert stability.shifted([1, 2, 3, 4, 5, 6], "urban").tolist() == [1, 2, 2, 3, 4, 5]
    assert stability.whole([1.5, 3.5, 4.5, 5.5]).tolist() == [2, 4, 4, 5]
    assert stability.wind_at(40.0, 3.0, 4.0, "urban") == pytest.approx(3 * 4**0.25)
    assert stability.wind_at(40.0, 0.0, 4.0, "urban") == 0.5
    borders = stability.from_obukhov([-5.0, -20.0, -100.0, np.inf, 100.0, 20.0, 5.0], 0.1)
    assert np.all(np.diff(borders) >= 0)
    assert borders[3] == 4


def test_the_workbook_of_heavy_gas_gives_its_example():
    air = 101_325 * 0.028964 / (8.314462618 * 298)
    found = heavygas.plume_dilution(
        [45.2, 367.0, 1200.0], volume_rate=0.23 * 425.6 / 1.76, density=1.76, air_density=air, wind=10.9,
        temperature=111.15, air_temperature=298.0,
    )  # fmt: skip
    np.testing.assert_allclose(found, [0.672023, 0.050718, 0.0049214], rtol=2e-4)
    with pytest.raises(TracingError, match="heavier"):
        heavygas.plume_dilution([1.0], volume_rate=1, density=1.0, air_density=1.2, wind=1)
    with pytest.raises(TracingError, match="workbook"):
        heavygas.plume_dilution([1.0], volume_rate=1000, density=5.0, air_density=1.2, wind=0.1)


@given(st.floats(-2, 1))
def test_the_curves_of_heavy_gas_do_not_cross(alpha):
    _, places = heavygas.distances(alpha)
    assert np.all(np.diff(places) > 0)


def test_source_terms():
    torricelli = release.liquid_rate(0.01, 1000.0, release.ATMOSPHERE, 5.0)
    assert torricelli == pytest.approx(0.65 * 0.01 * 1000 * np.sqrt(2 * 9.80665 * 5))
    choked = release.gas_rate(1e-4, 1e6, 298.0, 0.0709, 1.35)
    assert choked == pytest.approx(release.gas_rate(2e-4, 1e6, 298.0, 0.0709, 1.35) / 2)
    edge = release.ATMOSPHERE / (2 / 2.35) ** (1.35 / 0.35)
    below, above = (release.gas_rate(1e-4, edge * f, 298.0, 0.0709, 1.35) for f in (1 - 1e-6, 1 + 1e-6))
    assert below == pytest.approx(above, rel=1e-5)
    assert release.flash_fraction(2000, 300, 240, 4e5) == pytest.approx(0.3)
    assert release.flash_fraction(2000, 200, 240, 4e5) == 0.0
    assert release.pool_rate(1e4, 0.078, 298, 3.0, 5.0, "F") > release.pool_rate(
        1e4, 0.078, 298, 1.5, 5.0, "F"
    )
    assert release.release_kind(600, 500, 2.0) == "continuous"
    assert release.release_kind(60, 500, 2.0) == "instantaneous"
    assert release.is_heavy("continuous", 50.0, 3.0, 1.2, 1.5, diameter=2.0)
    assert not release.is_heavy("continuous", 0.01, 3.0, 1.2, 6.0, diameter=2.0)
    assert not release.is_heavy("instantaneous", 1000.0, 0.7, 1.2, 1.5)
    with pytest.raises(TracingError, match="no gas"):
        release.gas_rate(1e-4, 9e4, 298.0, 0.07, 1.4)
    with pytest.raises(TracingError, match="drives"):
        release.liquid_rate(1e-4, 1000, 9e4, 0.0)


BAD = [
    (lambda: dispersion.plume(1, 100, 0, 0, height=0, wind=0.0, sigma_y=1, sigma_z=1), "wind"),
    (lambda: dispersion.response([[0, 0]], [[0, 0, 0]], wind=1, direction=0, stability=4), "sources"),
    (lambda: dispersion.response([[0, 0, 0]], [[0, 0, 0]], wind=0, direction=0, stability=4), "wind"),
    (lambda: sigmas.curves("gb").sigma_y(1, 7), "stability"),
    (lambda: sigmas.curves("pg"), "unknown"),
    (lambda: stability.from_obukhov([0.0], 0.1), "length"),
    (lambda: skill.skill([1.0], [1.0]), "two pairs"),
    (lambda: skill.skill([0.0, 0.0], [1.0, 1.0]), "zero"),
]


@pytest.mark.parametrize(("call", "message"), BAD)
def test_what_is_missing_is_named(call, message):
    with pytest.raises(TracingError, match=message):
        call()


def test_every_letter_has_its_number():
    assert [sigmas.CLASSES[letter] for letter in LETTERS] == [1, 2, 3, 4, 5, 6]
