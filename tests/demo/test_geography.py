"""The areas of the demo city tile it: nothing overlaps, nothing is left out."""

from __future__ import annotations

import json
import pathlib

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.demo import geography
from jiangcheng.methods import geometry

SEED = 220200
NOWHERE = pathlib.Path("/nonexistent/streets.json")


@pytest.fixture(scope="module")
def place() -> geography.Geography:
    return geography.load(seed=SEED, divisions=NOWHERE)


def shapes(areas: tuple[geography.Area, ...]) -> np.ndarray:
    return np.array([area.shape for area in areas])


def test_there_are_ten_units_and_their_townships(place: geography.Geography) -> None:
    assert len(place.counties) == 10
    assert len(place.townships) == sum(unit.townships for unit in geography.units()) == 147
    assert {leaf.parent for leaf in place.leaves} == {township.code for township in place.townships}


@pytest.mark.parametrize("level", ["counties", "townships", "leaves"])
def test_every_level_tiles_the_city(place: geography.Geography, level: str) -> None:
    parts = shapes(getattr(place, level))
    assert shapely.is_valid(parts).all()
    assert shapely.coverage_is_valid(parts)
    assert shapely.area(parts).sum() == pytest.approx(place.city.shape.area, rel=1e-12)


def test_a_random_point_lies_in_exactly_one_leaf(place: geography.Geography) -> None:
    west, south, east, north = place.city.shape.bounds
    points = np.random.default_rng(7).uniform((west, south), (east, north), (20_000, 2))
    shapely.prepare(place.city.shape)
    inside = shapely.points(points[shapely.contains_xy(place.city.shape, points)])
    point, _ = shapely.STRtree(shapes(place.leaves)).query(inside, predicate="intersects")
    assert (np.bincount(point, minlength=len(inside)) == 1).all()


def test_codes_begin_with_the_code_of_the_area_around(place: geography.Geography) -> None:
    for area in (*place.townships, *place.leaves):
        assert area.code.startswith(area.parent)
    codes = [area.code for area in (*place.counties, *place.townships, *place.leaves)]
    assert len(set(codes)) == len(codes)


def test_equal_seeds_draw_equal_shapes(place: geography.Geography) -> None:
    again = geography.load(seed=SEED, divisions=NOWHERE)
    assert [leaf.shape.wkb for leaf in again.leaves] == [leaf.shape.wkb for leaf in place.leaves]
    other = geography.load(seed=SEED + 1, divisions=NOWHERE)
    assert [leaf.shape.wkb for leaf in other.leaves] != [leaf.shape.wkb for leaf in place.leaves]


def test_published_names_change_names_but_no_shape(
    place: geography.Geography, tmp_path: pathlib.Path
) -> None:
    streets = [{"areaCode": "220271", "code": f"22027100{k}", "name": f"名{k}街道"} for k in (1, 9)]
    path = tmp_path / "streets.json"
    path.write_text(json.dumps(streets), encoding="utf-8")
    named = geography.load(seed=SEED, divisions=path)
    zone = [township for township in named.townships if township.parent == "220271"]
    assert [(township.code, township.name_zh) for township in zone] == [
        ("220271001", "名1街道"),
        ("220271009", "名9街道"),
    ]
    assert [leaf.shape.wkb for leaf in named.leaves] == [leaf.shape.wkb for leaf in place.leaves]


def test_borders_lie_where_the_surveyed_ones_do(
    place: geography.Geography, shared_data: pathlib.Path
) -> None:
    """The converted outline agrees with an independent conversion of the same source."""
    path = shared_data / "water/geo/jilin_city_admin_wgs84.geojson"
    features = json.loads(path.read_text(encoding="utf-8"))["features"]
    outline = next(f for f in features if f["properties"]["adcode"] == geography.CITY)
    surveyed = shapely.geometry.shape(outline["geometry"])
    common = place.city.shape.intersection(surveyed).area
    assert common / place.city.shape.union(surveyed).area > 0.999


def test_rivers_are_lines_and_lakes_of_the_region() -> None:
    features = geography.rivers()["features"]
    assert {"第二松花江", "松花湖"} <= {feature["properties"]["name"] for feature in features}
    box = shapely.box(*geography.BOX)
    assert all(shapely.geometry.shape(feature["geometry"]).intersects(box) for feature in features)


@given(st.floats(75.0, 135.0), st.floats(18.0, 53.0))
def test_the_shift_is_undone_to_the_millimetre(longitude: float, latitude: float) -> None:
    east, north = geometry.gcj02_shift(np.array([longitude]), np.array([latitude]))
    back = geometry.gcj02_to_wgs84(longitude + east, latitude + north)
    assert back[0] == pytest.approx([longitude], abs=1e-8)
    assert back[1] == pytest.approx([latitude], abs=1e-8)


def test_the_shift_of_the_city_is_about_half_a_kilometre() -> None:
    east, north = geometry.gcj02_shift(np.array([126.55]), np.array([43.85]))
    assert east[0] == pytest.approx(0.0057, abs=5e-4)
    assert north[0] == pytest.approx(0.0023, abs=5e-4)
