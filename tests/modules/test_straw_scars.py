"""Burnt scars: pixels named by three indices, areas judged, people's word confirmed or denied."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json

import numpy as np
import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.config import straw_cli
from jiangcheng.modules.straw import services
from jiangcheng.modules.straw.models import ResidueScene, ScarFinding
from jiangcheng.modules.straw.rules import rasters, scars, tables
from modules.test_straw_fields import tif
from modules.test_straw_pages import client, page
from modules.test_straw_services import SEEN, act, approved, bring, row, zone

AFTER, BEFORE = dt.date(2026, 11, 5), dt.date(2026, 10, 29)
RULE = tables.in_force("scar", AFTER)
WEST, NORTH, STEP = 126.18, 43.52, 0.001
FIELD = {"nir": 0.25, "swir1": 0.28, "swir2": 0.20}
BURNT = {"nir": 0.10, "swir1": 0.20, "swir2": 0.18}
PLOUGHED = {"nir": 0.20, "swir1": 0.28, "swir2": 0.21}


def bands(*each):
    return {name: np.array([one[name] for one in each], np.float32) for name in FIELD}


def test_a_drop_is_a_scar_only_where_mirbi_and_the_near_infrared_say_so():
    before = bands(FIELD, FIELD, FIELD, FIELD)
    after = bands(FIELD, BURNT, PLOUGHED, {**BURNT, "nir": np.nan})
    found = scars.states(before, after, RULE)
    assert found.tolist() == [scars.NOTHING, scars.SCAR, scars.CHANGED, scars.UNSEEN]
    assert scars.nbr(*(np.float32(v) for v in (0.25, 0.20))) == pytest.approx(1 / 9)
    without = {name: after[name] for name in ("nir", "swir2")}
    assert scars.states(before, without, RULE).tolist()[:3] == [scars.NOTHING, scars.CHANGED, scars.CHANGED]
    ready = {"nbr": np.array([0.3, 0.3], np.float32)}, {"nbr": np.array([0.25, 0.1], np.float32)}
    assert scars.states(*ready, RULE).tolist() == [scars.NOTHING, scars.CHANGED]


@pytest.mark.parametrize(
    ("burnt", "changed", "valid", "days", "result"),
    [
        (20, 0, 100, 3, "burnt"), (3, 0, 100, 3, "none"), (20, 0, 1000, 3, "none"),
        (2, 10, 100, 3, "ploughed_or_burnt"),
        (0, 0, 100, 9, "late"), (0, 0, 100, 0, "late"), (0, 0, 40, 3, "unclear"), (5, 0, 40, 3, "burnt"),
        (0, 0, 100, None, "none"),
    ],
)  # fmt: skip
def test_an_area_is_judged_by_share_size_cloud_and_delay(burnt, changed, valid, days, result):
    told = scars.Patch(max(100, valid), valid, burnt, changed)
    assert scars.result(told, days, RULE) == result


def test_what_people_said_is_confirmed_or_denied_only_by_what_the_image_proves():
    assert [scars.finding("nothing", one) for one in ("burnt", "none", "late", "unclear", "ploughed_or_burnt")] == [
        "denies", "confirms", "", "", "",
    ]  # fmt: skip
    assert scars.finding("executed", "burnt") == "confirms" == scars.finding("straw", "burnt")
    assert scars.finding("executed", "none") == "denies" and scars.finding("industry", "burnt") == ""
    assert scars.bare_with("ploughed_or_burnt", "burnt") == "burnt"
    assert scars.bare_with("ploughed_or_burnt", "none") == "ploughed_or_burnt" and not scars.bare_with(
        "", "burnt"
    )


@given(
    corners=st.lists(st.tuples(st.floats(-3, 15), st.floats(-3, 15)), min_size=3, max_size=7),
)
def test_a_cropped_area_holds_the_same_pixels_as_the_whole_grid(corners):
    area = shapely.MultiPoint(corners).convex_hull
    if area.geom_type != "Polygon":
        return
    grid = rasters.Grid(0.0, 12.0, 1.0, 1.0, 12, 10)
    rows, columns, inside = rasters.cropped(area, grid)
    whole = np.zeros((12, 10), bool)
    whole[rows, columns] = inside
    assert (whole == (rasters.rasterise([area], grid) >= 0)).all()


@pytest.fixture
def people(db):
    city.build()
    assert zone().added == 1
    return city.people()


def images(**where):
    """Return the files of two images: stubble before; after, squares of pixels as told. Digital numbers of 1e4."""
    files = {}
    for when in ("before", "after"):
        for name in FIELD:
            band = np.full((60, 60), round(FIELD[name] * 1e4), np.uint16)
            if when == "after":
                for (top, left, size), kind in where.values():
                    band[top : top + size, left : left + size] = round(kind[name] * 1e4)
            if not (when == "before" and name == "swir1"):
                files[f"{when}_{name}"] = tif(band, WEST, NORTH, STEP).read()
    return files


def test_scars_confirm_a_plan_deny_a_not_found_and_name_the_bare_ground(people, tmp_path, capsys):
    plan = approved(people)
    type(plan).objects.filter(pk=plan.pk).update(state="burning", actual_mu=140.0)
    denied = bring(row(43.475, 126.225, scan=0.4)).incidents[0]
    services.conclude(
        incident=denied, outcome="nothing", text="到场未见", actor=people["department"], now=SEEN
    )
    # The plan lies at 126.19–126.21, 43.49–43.51: rows 10–30, columns 10–30.
    files = images(plan=((10, 10, 20), BURNT), fire=((42, 42, 6), BURNT), field=((32, 2, 6), PLOUGHED))
    feature = {"type": "Feature", "properties": {"village": "东村", "region": "220202"},
               "geometry": city.square(126.181, 43.481, 126.189, 43.489)}  # fmt: skip
    outline = json.dumps({"type": "FeatureCollection", "features": [feature]})
    values = {
        "code": "S2-AB", "before_on": BEFORE.isoformat(), "after_on": AFTER.isoformat(), "source": "Sentinel-2",
        "village_file": SimpleUploadedFile("v.geojson", outline.encode()),
        **{name: SimpleUploadedFile(f"{name}.tif", data) for name, data in files.items()},
    }  # fmt: skip
    address = reverse("straw:import_scar")
    assert "还没有比对过影像" in page(people, "scars")
    assert client(people, "department").post(address, values).status_code == 403
    turned = {**values, "before_on": values["after_on"]}
    assert client(people).post(address, turned).status_code == 422
    for file in values.values():
        if isinstance(file, SimpleUploadedFile):
            file.seek(0)
    assert client(people).post(address, values).status_code == 302

    told = {found.kind: found for found in ScarFinding.objects.all()}
    assert (told["plan"].code, told["plan"].result, told["plan"].against) == (
        plan.number,
        "burnt",
        "confirms",
    )
    assert told["plan"].burnt == 400 and told["plan"].days == 3
    assert (told["fire"].code, told["fire"].result, told["fire"].against) == (
        denied.number,
        "burnt",
        "denies",
    )
    assert (told["village"].result, told["village"].changed, told["village"].burnt) == (
        "ploughed_or_burnt",
        36,
        0,
    )
    shown = page(people, "scars")
    assert shown.index(denied.number) < shown.index(plan.number)
    assert "1 处与现场结果或执行报告不符" in shown and "不符" in shown and "相符" in shown
    english = page(people, "scars", language="en")
    assert "Burnt scar" in english and "ploughed or burnt" in english.lower()
    assert "有火烧迹地" in page(people, "desk", first="2026-11-02", last="2026-11-02")
    type(plan).objects.filter(pk=plan.pk).update(state="confirmed")
    plan.refresh_from_db()
    act(people, plan, "evaluate", "department", SEEN, text="评估")
    assert plan.evaluation["scar"]["result"] == "burnt"
    assert plan.evaluation["scar"]["burnt_mu"] == pytest.approx(400 * 0.897 * 15, rel=0.01)
    _from_the_command_line(tmp_path, files, outline, capsys)


def _from_the_command_line(tmp_path, files, outline, capsys):
    words = ["straw", "scar", "--code", "S2-CD", "--before", BEFORE.isoformat(), "--after", AFTER.isoformat()]
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
        words += [f"--{name.replace('_', '-')}", str(tmp_path / name)]
    (tmp_path / "v.geojson").write_text(outline)
    parser = argparse.ArgumentParser()
    straw_cli.register(parser.add_subparsers())
    options = parser.parse_args([*words, "--villages", str(tmp_path / "v.geojson")])
    assert options.run(options) == 0 and "village 东村: ploughed_or_burnt" in capsys.readouterr().out
    assert options.run(options) == 2


def test_cloud_hides_and_a_scar_settles_what_the_cover_could_not(people):
    clouded = np.full((60, 60), 9, np.uint8)
    files = images(field=((32, 2, 6), BURNT))
    feature = {"properties": {"village": "东村", "region": "220202"},
               "geometry": city.square(126.182, 43.482, 126.188, 43.488)}  # fmt: skip
    villages = services.villages_of({"features": [feature]})

    def compared(code, **more):
        told = {
            when: {
                name.removeprefix(f"{when}_"): io.BytesIO(data)
                for name, data in files.items()
                if when in name
            }
            for when in ("before", "after")
        }
        told["after"].update(more)
        return services.read_scar(
            code=code, before_on=BEFORE, after_on=AFTER, source="", actor=None, now=SEEN, villages=villages, **told
        )  # fmt: skip

    hidden = compared("A", scl=tif(clouded, WEST, NORTH, STEP)).findings.get()
    assert (hidden.valid, hidden.result) == (0, "unclear")
    assert compared("B").findings.get().result == "burnt"
    with pytest.raises(services.SceneRefused):
        services.read_scar(
            code="C", before_on=BEFORE, after_on=AFTER, source="", actor=None, now=SEEN, villages=[], before={},
            after={},
        )  # fmt: skip
    index = np.full((60, 60), 0.02, np.float32)
    services.read_scene(
        code="N", sensed_on=AFTER, source="", villages=villages, actor=None, now=SEEN,
        files={"ndti": tif(index, WEST, NORTH, STEP)},
    )  # fmt: skip
    assert ResidueScene.objects.get().covers.get().bare == "ploughed_or_burnt"
    assert '焚烧 <span class="badge badge-bad">有火烧迹地' in page(people, "cover")
