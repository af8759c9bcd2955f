"""Zones and shorelines as files of other programs: systems, encodings, rules, and shores in the answer for a place."""

from __future__ import annotations

import datetime as dt
import io
import json
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pyogrio.raw
import pyproj
import pytest
import shapely
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.modules.ecology import services
from jiangcheng.modules.ecology.engines import vectors
from jiangcheng.modules.ecology.models import EcoZone, Shoreline

LONG = "禁止新建、改建、扩建排放重金属的项目；" * 30


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def client(people, who="department"):
    found = Client()
    found.force_login(people[who])
    return found


def add(people, register, **values):
    values = {"valid_from_date": dt.date(2024, 1, 1), **values}
    return records.create(register=register, values=values, actor=people["department"], at=city.AT)


def shapefile(shapes, *, crs="EPSG:4530", encoding="GBK", without=(), **columns):
    """Return a zipped Shapefile as another program writes it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "层.shp"
        pyogrio.raw.write(
            path, np.array([shapely.to_wkb(shape) for shape in shapes], dtype=object),
            field_data=[np.array(values, dtype=object) for values in columns.values()], fields=list(columns),
            geometry_type=shapes[0].geom_type, crs=crs, driver="ESRI Shapefile", encoding=encoding,
        )  # fmt: skip
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as target:
            for part in Path(folder).iterdir():
                if part.suffix not in without:
                    target.write(part, f"数据/{part.name}")
        return packed.getvalue()


def projected(crs, *outline):
    change = pyproj.Transformer.from_crs("EPSG:4490", crs, always_xy=True)
    return shapely.transform(shapely.box(*outline), change.transform, interleaved=False)


@given(st.text(alphabet="岸线a1，\U00020000", max_size=900), st.sampled_from(list(vectors.ENCODINGS)))
def test_a_long_text_is_cut_into_fields_between_characters(text, encoding):
    pieces = list(vectors._pieces(text, encoding))
    assert "".join(pieces) == text
    assert all(len(piece.encode(encoding)) <= vectors.TEXT_BYTES for piece in pieces)


def test_a_gauss_kruger_coordinate_is_where_the_zone_says():
    # The central meridian of zone 42 is 126°E, its false easting 42 500 km.
    point = shapely.box(42_500_000, 4_855_000, 42_501_000, 4_856_000)
    content = shapefile([point], code=["A"])
    corners = np.array(vectors.read(content).features[0].outline["coordinates"][0])
    assert corners[:, 0].min() == pytest.approx(126, abs=1e-7)
    assert corners[:, 1].min() == pytest.approx(43.83, abs=0.01)


def test_zones_travel_as_geopackage_and_shapefile_in_every_system_and_encoding(people):
    add(people, "eco-zones", code="K", name_zh="重点单元", kind="key_unit", layout_rule=LONG,
        outline=city.square(126, 43, 127, 44), valid_to_date=dt.date(2030, 1, 1))  # fmt: skip
    add(people, "eco-zones", code="R", name_zh="红线", kind="red_line", version=2,
        outline=city.square(126.5, 43.5, 126.6, 43.6))  # fmt: skip
    keeper, export, take = client(people), reverse("ecology:export_zones"), reverse("ecology:import_zones")

    def send(content, **more):
        file = SimpleUploadedFile("zones", content)
        return keeper.post(take, {"file": file, **more}, follow=True).content.decode()

    for kind, system, encoding in (
        ("gpkg", "EPSG:4490", "utf-8"), ("gpkg", "EPSG:4530", "utf-8"), ("shp", "EPSG:4551", "utf-8"),
        ("shp", "EPSG:4530", "gb18030"), ("geojson", "EPSG:4326", "utf-8"),
    ):  # fmt: skip
        answer = keeper.get(export, {"format": kind, "system": system, "encoding": encoding})
        assert answer["Content-Disposition"].endswith(f'.{ {"shp": "zip"}.get(kind, kind) }"')
        assert "新增 0，修改 0，未变 2" in send(answer.content), (kind, system, encoding)
        if kind != "geojson":
            EcoZone.objects.filter(code="K").update(withdrawn_at=city.AT)
            assert "新增 1，修改 0，未变 1" in send(answer.content)
            back = EcoZone.objects.get(code="K", withdrawn_at=None)
            assert (back.layout_rule, back.valid_to_date) == (LONG, dt.date(2030, 1, 1))
    other = shapefile(
        [projected("EPSG:4530", 126.1, 43.1, 126.2, 43.2)], encoding="GBK", without=(".cpg", ".prj"),
        HJDYBM=["ZH22020210001"], HJDYMC=["龙潭山优先单元"], LB=["优先保护单元"],
    )  # fmt: skip
    mapping = 'code=HJDYBM\nname_zh=hjdymc；kind=LB\nvalid_from_date="2025-01-01"'
    assert "没有写明坐标系" in send(other, mapping=mapping)
    assert "字段对应无法理解" in send(other, mapping="colour=LB")
    told = send(other, mapping=mapping, system="EPSG:4530")
    assert "新增 1" in told
    assert "GB 18030" in told
    row = EcoZone.objects.get(code="ZH22020210001")
    assert (row.name_zh, row.kind, row.valid_from_date) == (
        "龙潭山优先单元",
        "priority_unit",
        dt.date(2025, 1, 1),
    )
    assert np.allclose(shapely.geometry.shape(row.outline).bounds, (126.1, 43.1, 126.2, 43.2), atol=1e-6)


def test_a_file_that_breaks_a_rule_is_refused_as_a_whole_and_told_why(people):
    good, keeper = projected("EPSG:4530", 126.1, 43.1, 126.2, 43.2), people["department"]
    fields = {
        "code": ["A", "B"],
        "name": ["甲", "乙"],
        "kind": ["key_unit"] * 2,
        "valid_from": ["2025-01-01"] * 2,
    }
    bow = shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])
    crossed = shapely.transform(bow, lambda xy: xy * 1000 + (42_500_000, 4_800_000))

    def refused(content, **more):
        with pytest.raises(services.FileRefused) as told:
            services.import_areas(layer="zones", content=content, actor=keeper, now=city.AT, **more)
        assert not EcoZone.objects.exists()
        return str(told.value)

    told = refused(shapefile([good, crossed], **fields))
    assert "第 2 个要素：环自相交" in told
    assert "Self-intersection" in told
    assert "第 2 个要素：类别（kind）" in refused(
        shapefile([good, good], **{**fields, "kind": ["key_unit", "?"]})
    )
    assert "缺少 kind" in refused(shapefile([good], code=["A"], name=["甲"], valid_from=["2025-01-01"]))
    assert "valid_from_date 的值 明天" in refused(
        shapefile([good] * 2, **{**fields, "valid_from": ["明天"] * 2})
    )
    assert "Xian 1980" in refused(shapefile([good] * 2, crs="EPSG:2366", **fields))
    assert "缺少 .dbf" in refused(shapefile([good] * 2, without=(".dbf",), **fields))
    assert "须为面" in refused(shapefile([shapely.Point(42_500_000, 4_800_000)] * 2, **fields))
    degrees = {"without": (".prj",), **fields}
    assert "坐标超出" in refused(shapefile([good] * 2, **degrees), system="EPSG:4490")
    assert "不是 UTF-8" in refused(shapefile([good] * 2, without=(".cpg",), **fields), encoding="utf-8")
    broken = (
        b"",
        b"PK\x03\x04" + bytes(40),
        b"SQLite format 3\x00" + bytes(2000),
        b"[]",
        b'{"features": [7]}',
    )
    odd = (b"<OGRVRTDataSource/>", b'{"features": [{"geometry": null}]}', b'{"features": []}', b"\xff")
    for content in broken + odd:
        refused(content)
    outside = {"type": "Feature", "properties": {}, "geometry": city.square(43, 126, 44, 127)}
    assert "经纬度颠倒" in refused(json.dumps({"features": [outside]}).encode())


def test_a_place_on_a_protected_shore_is_a_conflict_in_the_same_answer(people):
    shore = {"name_zh": "哨口段", "water": "松花江", "bank": "left", "code": "S"}
    add(people, "shorelines", function="control", outline=city.square(126.5, 43.5, 126.6, 43.6), **shore)
    page = client(people).post(reverse("ecology:zoning"), {"longitude": "126.55", "latitude": "43.55"})
    assert "岸线控制利用区" in page.content.decode()
    assert "冲突：" not in page.content.decode()
    add(people, "shorelines", function="protect", version=2, requirement="不得新建码头", **{
        **shore, "outline": city.square(126.5, 43.5, 126.6, 43.6), "valid_from_date": dt.date(2026, 1, 1)})  # fmt: skip
    assert Shoreline.objects.get(version=1).valid_to_date == dt.date(2026, 1, 1)
    area = json.dumps(city.square(126.55, 43.5, 126.65, 43.6))
    told = client(people).post(reverse("ecology:zoning"), {"outline": area}).content.decode()
    assert "冲突：岸线保护区 · 哨口段" in told
    assert "不得新建码头" in told
    assert "50.0 %" in told
    before = (
        client(people).post(reverse("ecology:zoning"), {"outline": area, "on": "2025-06-01"}).content.decode()
    )
    assert "冲突：" not in before
    layer = client(people).get(reverse("ecology:shorelines_layer")).json()
    assert [one["properties"]["label"] for one in layer["features"]] == ["岸线保护区"]
    content = (
        client(people).get(reverse("ecology:export_zones"), {"layer": "shorelines", "format": "shp"}).content
    )
    found = services.import_areas(
        layer="shorelines", content=content, actor=people["department"], now=city.AT
    )
    assert (found.added, found.changed, found.same) == (0, 0, 1)
    assert "Protected shore" in client(people).post(
        reverse("ecology:zoning"), {"outline": area}, headers={"accept-language": "en"}
    ).content.decode()  # fmt: skip
