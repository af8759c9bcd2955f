"""The register of the demo city is complete and consistent."""

from __future__ import annotations

import collections
import pathlib

import pytest

from jiangcheng.demo import city, geography, incidents, register


@pytest.fixture(scope="module")
def rows() -> dict[str, list[register.Row]]:
    return dict(register.rows(geography.load(seed=220200, divisions=pathlib.Path("/nonexistent"))))


def test_counts(rows: dict[str, list[register.Row]]) -> None:
    kinds = collections.Counter(row["kind"] for row in rows["stations"])
    assert kinds["air"] == 10
    assert kinds["water"] == 19
    assert kinds["gas_outlet"] + kinds["water_outlet"] == 60
    assert kinds["area"] == 11
    assert len(rows["facilities"]) == 30
    assert len(rows["outlets"]) == 60
    assert len({row["mn"] for row in rows["devices"]}) == 90


def test_every_reference_is_to_something_there(rows: dict[str, list[register.Row]]) -> None:
    codes = {
        kind: {row["code"] for row in rows[kind]}
        for kind in ("regions", "grid_cells", "facilities", "stations")
    }
    for row in (*rows["facilities"], *rows["stations"]):
        assert row["region"] in codes["regions"]
        assert row.get("grid_cell") is None or row["grid_cell"] in codes["grid_cells"]
    assert {row["station"] for row in (*rows["outlets"], *rows["devices"])} <= codes["stations"]
    assert {row["facility"] for row in (*rows["outlets"], *rows["permits"])} <= codes["facilities"]
    assert {row["parent"] for row in rows["regions"]} <= codes["regions"] | {None}


def test_everything_with_a_place_lies_in_its_leaf_grid(rows: dict[str, list[register.Row]]) -> None:
    for row in (*rows["facilities"], *rows["stations"]):
        if row.get("grid_cell"):
            assert row["grid_cell"].startswith(row["region"])


def test_every_pollutant_of_every_outlet_has_a_limit_with_its_basis(
    rows: dict[str, list[register.Row]],
) -> None:
    conditions = {"a19001", "a01012", "a00000", "w00000"}
    limits = {
        (limit["outlet"], limit["property"]): limit
        for permit in rows["permits"]
        for limit in permit["limits"]
    }
    for facility in city.facilities():
        for outlet in facility.outlets:
            for factor in city.profiles()[outlet.profile][1]:
                if factor.code in conditions:
                    continue
                limit = limits.pop((outlet.code, factor.code))
                assert float(limit["upper"]) > 0
                assert limit["basis"]
    assert not limits


def test_incidents_are_at_stations_there_are(rows: dict[str, list[register.Row]]) -> None:
    stations = {row["code"] for row in rows["stations"]}
    for row in geography.table("incidents"):
        assert set(row["stations"].split()) <= stations
        assert incidents.Kind(row["kind"])


def test_the_three_administrators_are_three_people() -> None:
    held = collections.defaultdict(set)
    for row in geography.table("people"):
        held[row["role"]].add(row["username"])
    administrators = [held[role] for role in ("system_admin", "security_admin", "audit_admin")]
    assert all(administrators)
    assert len(set.union(*administrators)) == sum(map(len, administrators))
