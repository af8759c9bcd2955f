"""What becomes of the straw: progress, ledger, season, images, cameras, and the commands that bring them."""

from __future__ import annotations

import datetime as dt
import io
import json

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image, TiffImagePlugin

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw import queries, services, store
from jiangcheng.modules.straw.models import (
    FeedState,
    ReferencePoint,
    ResidueScene,
)
from modules.test_straw_pages import client, page
from modules.test_straw_services import NOW, SEEN, bring, row, zone


@pytest.fixture
def people(db):
    city.build()
    assert zone().added == 1
    return city.people()


# Progress, ledger, reports


def progress_row(people, day, **more):
    values = {
        "village": "大屯村", "region": Region.objects.get(code="220202"), "crop": "maize", "day": day,
        "area_mu": 1000.0,
        "harvested": 1000.0, **more,
    }  # fmt: skip
    return records.create(register="straw-progress", values=values, actor=people["department"], at=NOW)


def test_a_village_sees_what_is_left_and_when_it_will_be_done(people):
    for number in range(6):
        progress_row(people, dt.date(2026, 10, 20) + dt.timedelta(days=2 * number), baled=100.0 * number)
    ticket = {
        "village": "大屯村", "region": Region.objects.get(code="220202"), "crop": "maize", "weighed_at": NOW,
        "gross": 30.5,
        "tare": 12.0,
    }  # fmt: skip
    records.create(register="bale-tickets", values=ticket, actor=people["department"], at=NOW)
    (one,) = queries.village_progress(
        user=people["duty"], on=NOW.date(), day=dt.date(2026, 10, 30), first=dt.date(2026, 9, 1)
    )
    assert (one.area, one.percent, one.residual, one.weighed) == (1000, 50, 500, 18.5)
    assert one.forecast.middle == dt.date(2026, 11, 9)
    text = page(people, "progress", day="2026-10-30")
    assert "大屯村" in text and "11-09" in text and "18.5" in text
    assert "大屯村" not in page(people, "progress", "colleague", day="2026-10-30")
    with pytest.raises(ValidationError):
        progress_row(people, dt.date(2026, 11, 2), baled=1200.0)
    assert queries.covered_by_ledger(village="大屯村", region=None, on=dt.date(2026, 10, 30)) == 50


def harvest(people, year, **more):
    values = {
        "region": Region.objects.get(code="220202"), "year": year, "crop": "maize", "grain": 100.0, "sown": 1500.0,
        "returned": 600.0, "feed": 50.0, "sent_out": 10.0, "brought_in": 5.0, **more,
    }  # fmt: skip
    return records.create(register="straw-harvests", values=values, actor=people["department"], at=NOW)


def test_a_year_begins_from_the_one_before_and_borrows_the_nearest_coefficients(people):
    harvest(people, 2025)
    address = reverse("straw:copy_year")
    told_ = client(people, "department").post(address, {"year": "2026"}).content.decode()
    assert (
        "复制 1 行" in told_
        and "复制 0 行，已有 1 行" in client(people).post(address, {"year": "2026"}).content.decode()
    )
    assert client(people).post(address, {"year": "x"}).status_code == 422
    assert client(people, "inspector").post(address, {"year": "2026"}).status_code == 403
    values = {"area": "220000", "year": 2024, "crop": "maize", "ratio": 1.1, "origin": "省调查"}
    records.create(register="straw-coefficients", values=values, actor=people["department"], at=NOW)
    found = queries.ledger(user=people["duty"], on=NOW.date(), year=2026)
    (_row, balance, _wrong, source) = found.rows[0]
    assert balance.straw == pytest.approx(110) and source == "220000 2024 省调查"
    assert "省调查" in page(people, "ledger", year="2026")
    for wrong in ({"ratio": 9.0}, {"collectable": 1.5}, {"returned": 1e6}, {"sent_out": 1e6}):
        with pytest.raises(ValidationError):
            harvest(people, 2024, **wrong)
    with pytest.raises(ValidationError):
        records.create(register="straw-coefficients", values={**values, "ratio": 9.0}, actor=None, at=NOW)


def test_the_season_is_printed_in_every_form_with_rates_and_emissions(people, shared_data):
    harvest(people, 2026)
    bring(row(frp=6508.0))
    span = {"first": "2026-10-20", "last": "2026-11-03"}
    text = page(people, "season", **span)
    assert "8621.8" in text and "100.88" in text and "10.000" in text
    heads = {"pdf": b"%PDF", "docx": b"PK", "xlsx": b"PK", "csv": "\ufeff".encode()}
    for form, head in heads.items():
        answer = client(people).get(reverse("straw:season_file", args=[form]), span)
        assert answer.status_code == 200 and answer.content.startswith(head), form
    table = answer.content.decode("utf-8-sig")
    assert "8621.8" in table and "不是秸秆焚烧的贡献" in table and "昌邑区" in table
    english = client(people, language="en").get(reverse("straw:season_file", args=["csv"]), span)
    asked = client(people).get(reverse("straw:season_file", args=["csv"]), {**span, "language": "en"})
    assert "Emissions" in english.content.decode("utf-8-sig") and asked.content == english.content


def test_the_national_list_comes_in_once_and_is_compared(people):
    head = "时间,中心经度,中心纬度,省,市,县"
    day = SEEN.astimezone(dt.timezone(dt.timedelta(hours=8))).date()
    text = f"{head}\n{day},126.21,43.5,吉林,吉林市,昌邑区\n{day},126.8,43.2,吉林,吉林市,丰满区\n"
    for added in (2, 0):
        report = services.import_reference(text=text, dataset="月报", actor=None, now=NOW)
        assert (report.added, report.known) == (added, 2 - added)
    bring(row())
    assert queries.compared(first=day, last=day) == (2, 1, 1, 1) and ReferencePoint.objects.count() == 2
    assert "国家月度名单" in page(people, "season", first="2026-10-20", last="2026-11-03")
    with pytest.raises(services.NotTaken):
        services.import_reference(text="a,b\n", dataset="x", actor=None, now=NOW)


# Images


def tif(values, west, north, step, epsg=4490, kind=2048):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[33550], tags[33922] = (step, step, 0.0), (0.0, 0.0, 0.0, west, north, 0.0)
    tags.tagtype[33550] = tags.tagtype[33922] = 12
    tags[34735] = (1, 1, 0, 1, kind, 0, 1, epsg)
    tags.tagtype[34735] = 3
    written = io.BytesIO()
    Image.fromarray(values).save(written, "TIFF", tiffinfo=tags, compression="tiff_adobe_deflate")
    written.seek(0)
    return written


def test_a_geotiff_tells_where_it_lies_and_what_is_none_is_refused():
    values = np.arange(12, dtype=np.uint16).reshape(3, 4)
    found = store.read(tif(values, 500_000.0, 4_800_000.0, 20.0, 32652, 3072))
    assert (
        (found.values == values).all()
        and found.grid.epsg == 32652
        and found.grid.hectares == pytest.approx(0.04)
    )
    floats = store.read(tif(values.astype(np.float32), 126.0, 44.0, 0.001))
    assert floats.values.dtype == np.float32 and floats.grid.columns == 4
    coarse = store.read(tif(values, 500_000.0, 4_800_000.0, 40.0, 32652, 3072))
    assert store.onto(coarse, found.grid).tolist() == [[0, 0, 1, 1], [0, 0, 1, 1], [4, 4, 5, 5]]
    for bad, reason in (
        (io.BytesIO(b"x"), "file"), (city.photo(), "file"), (tif(values, 0, 0, 1, 3857, 3072), "projection"),
    ):  # fmt: skip
        with pytest.raises(store.NotRaster) as refused:
            store.read(bad)
        assert refused.value.reason == reason


def test_an_image_is_read_for_each_village_and_differs_from_the_ledger(people):
    progress_row(people, dt.date(2026, 10, 30), village="东村", baled=900.0)
    step, size = 0.001, 60
    swir1 = np.full((size, size), 3500, np.uint16)
    swir2, nir = swir1.copy(), np.full((size, size), 3600, np.uint16)
    swir2[:, :30] = 2600
    nir[:, 30:] = 1900
    villages = [
        {"type": "Feature", "properties": {"village": name, "region": "220202"},
         "geometry": city.square(west, 43.45, west + 0.02, 43.49)}
        for name, west in (("东村", 126.205), ("西村", 126.235))
    ]  # fmt: skip
    bring(row(43.47, 126.245))
    files = {
        name: SimpleUploadedFile(f"{name}.tif", tif(band, 126.2, 43.5, step).read())
        for name, band in (("swir1", swir1), ("swir2", swir2), ("nir", nir))
    }
    outline = json.dumps({"type": "FeatureCollection", "features": villages}).encode()
    values = {
        "code": "S2-1", "sensed_on": "2026-11-02", "source": "Sentinel-2", "add_offset": "-1000",
        "village_file": SimpleUploadedFile("v.geojson", outline), **files,
    }  # fmt: skip
    address = reverse("straw:import_scene")
    assert client(people, "department").post(address, {"code": "x"}).status_code == 403
    assert client(people).post(address, {"code": "x"}).status_code == 422
    assert client(people).post(address, values).status_code == 302
    east, west = ResidueScene.objects.get().covers.order_by("village")
    assert (east.village, east.pixels, east.valid) == ("东村", 800, 800)
    # (2500 - 1600) / (2500 + 1600) = 0.2195; at slope 400 and offset -10 that is 77.8 % of cover.
    assert east.mean == pytest.approx(77.8, abs=0.1) and east.kept == 100 and east.ledger == pytest.approx(10)
    assert east.differs and east.bare == "" and (west.bare, west.fires, west.kept) == ("burnt", 1, 0)
    text = page(people, "cover")
    assert "东村" in text and "相差过大" in text and "焚烧" in text and "dark" in text
    assert (
        client(people).post(address, {**values, "village_file": SimpleUploadedFile("v", outline)}).status_code
        == 422
    )


def test_the_cameras_show_on_the_map_and_their_blind_zones_on_the_page(people):
    values = {
        "name": "铁塔", "region": Region.objects.get(code="220202"), "longitude": 126.5, "latitude": 43.5,
        "kilometres": 10.0,
    }  # fmt: skip
    records.create(register="watch-cameras", values=values, actor=people["department"], at=NOW)
    layer = client(people).get(reverse("straw:cameras_layer")).json()
    assert layer["features"][0]["properties"]["name"] == "铁塔"
    ((zone_, share),) = queries.blind_zones(user=people["duty"], on=NOW.date())
    assert zone_.code == "L1" and share == pytest.approx(
        1 - 3.14159 * 0.0081 / np.cos(np.radians(43.5)), abs=0.02
    )
    with pytest.raises(ValidationError):
        records.create(register="watch-cameras", values={**values, "longitude": None}, actor=None, at=NOW)
    assert FeedState.objects.count() == 0 and "没有配置 MAP_KEY" in page(people, "watch")


def test_the_commands_bring_land_lists_heat_and_images(people, tmp_path, capsys):
    import argparse

    from jiangcheng.config import straw_cli

    def run(*words):
        parser = argparse.ArgumentParser()
        straw_cli.register(parser.add_subparsers())
        options = parser.parse_args(["straw", *map(str, words)])
        return options.run(options)

    area = tmp_path / "a.geojson"
    feature = {"type": "Feature", "properties": {"village": "甲"}}
    feature["geometry"] = city.square(126.2, 43.45, 126.22, 43.49)
    area.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    for name, values in (("one", 3500), ("two", 2600)):
        (tmp_path / f"{name}.tif").write_bytes(
            tif(np.full((60, 60), values, np.uint16), 126.2, 43.5, 0.001).read()
        )
    listed = tmp_path / "l.csv"
    listed.write_text(
        "时间,中心经度,中心纬度,省,市,县\n2016-11-03,126.4,44.1,吉林,吉林市,龙潭区\nx,1,1,a,b,c\n"
    )
    assert run("land", area, "--dataset", "d", "--from", "2026-01-01") == 0
    assert (
        run("land", tmp_path / "one.tif", "--class", "3500=1", "--dataset", "d", "--from", "2026-01-01") == 0
    )
    assert run("land", listed, "--dataset", "d", "--from", "2026-01-01") == 2
    assert run("reference", listed, "--dataset", "d") == 1 and run("reference", area, "--dataset", "d") == 2
    assert run("heat", "2026-11") == 0 and run("heat", "x") == 2
    scene = (
        "scene",
        "--swir1",
        tmp_path / "one.tif",
        "--swir2",
        tmp_path / "two.tif",
        "--date",
        "2026-11-02",
    )
    assert run(*scene, "--code", "A", "--villages", area) == 0
    assert run(*scene, "--code", "A", "--villages", area) == 2
    assert run("ask") == 2 and "甲: " in capsys.readouterr().out
