"""Component stations: closure, oxidation, carbon, potentials."""

from __future__ import annotations

import csv
import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.modules.air import rules
from jiangcheng.modules.air.rules import components
from jiangcheng.standards import lookup

ON = dt.date(2026, 6, 1)
positive = st.floats(0.01, 500)


def test_sulphur_oxidation_by_hand():
    ratio = components.oxidation_ratio(
        [96.06, 9.606, 0.0, np.nan], [64.07, 0.0, 0.0, 1.0], ("pm_so4", "so2"), on=ON
    )
    np.testing.assert_allclose(ratio, [0.5, 1.0, np.nan, np.nan])


@given(positive, positive, st.floats(0.1, 100))
def test_the_oxidation_ratio_lies_between_0_and_1_and_rises_with_the_product(product, gas, more):
    one, other = components.oxidation_ratio([product, product + more], [gas, gas], ("pm_no3", "no2"), on=ON)
    assert 0 < one < other < 1


def test_ions_of_pure_salts_are_in_balance():
    # One µmol of (NH4)2SO4 and two of NaCl.
    ions = {"pm_so4": 96.06, "pm_nh4": 2 * 18.04, "pm_no3": 0.0, "pm_cl": 2 * 35.45, "pm_na": 2 * 22.99}
    assert components.ion_balance({name: np.array([value]) for name, value in ions.items()}, on=ON)[
        0
    ] == pytest.approx(1)
    with pytest.raises(KeyError):
        components.ion_balance({"pm_so4": [1.0]}, on=ON)


def test_the_mass_closes_by_hand_and_not_without_its_main_parts():
    given_ = {
        "pm_so4": 10.0,
        "pm_no3": 20.0,
        "pm_nh4": 8.0,
        "pm_oc": 10.0,
        "pm_ec": 2.0,
        "pm_fe": 0.5,
        "pm_cl": 1.0,
    }
    found = components.closure({name: np.array([value]) for name, value in given_.items()}, [60.0], on=ON)
    # 38 of ions, 16 of organic matter, 2 of soot, 2.42 · 0.5 of soil, 1.8 of salt.
    assert found.total[0] == pytest.approx(38 + 16 + 2 + 1.21 + 1.8)
    assert found.plausible[0]
    assert not components.closure({"pm_so4": np.array([10.0])}, [60.0], on=ON).plausible[0]
    # An element that is out of service does not take the hour away; sulphate does.
    missing = {**{name: np.array([value]) for name, value in given_.items()}, "pm_fe": np.array([np.nan])}
    assert components.closure(missing, [60.0], on=ON).total[0] == pytest.approx(57.8)
    missing["pm_so4"] = np.array([np.nan])
    assert np.isnan(components.closure(missing, [60.0], on=ON).total[0])


def test_the_primary_carbon_ratio_is_found_again():
    generator = np.random.default_rng(4)
    ec = generator.gamma(3, 1, 3000)
    secondary = generator.gamma(2, 1.5, 3000)
    found = components.carbon(1.8 * ec + secondary, ec, on=ON)
    assert found.primary_ratio == pytest.approx(1.8, abs=0.1)
    assert found.secondary.mean() == pytest.approx(secondary.mean(), rel=0.1)
    assert np.isnan(components.carbon(ec[:5], ec[:5], on=ON).primary_ratio)


def test_potentials_by_hand():
    voc = {
        "voc_toluene": np.array([1.0, np.nan]),
        "voc_mpxylene": np.array([1.0, 1.0]),
        "voc_unknown": np.ones(2),
    }
    ozone = rules.ozone_potential(voc, on=ON)
    assert ozone["voc_toluene"][0] == pytest.approx(92.14 / 24.45 * 4.0)
    assert ozone["voc_mpxylene"][1] == pytest.approx(106.2 / 24.45 * 7.80)
    assert np.isnan(ozone["voc_toluene"][1])
    assert "voc_unknown" not in ozone
    assert rules.aerosol_potential(voc, on=ON)["voc_toluene"][0] == pytest.approx(92.14 / 24.45)


def test_our_table_says_what_its_source_says(shared_data):
    with (shared_data / "air" / "voc_mir_soap_koh.csv").open(encoding="utf-8") as lines:
        source = [row["MIR_gO3_per_gVOC"] for row in csv.DictReader(lines)]
    ours = [row.value for row in lookup.rows("voc_reactivity", ON, zone="MIR")]
    # Four species stand twice in the source.
    assert len(ours) == len(source) - 4
    assert set(ours) == set(map(float, source))
