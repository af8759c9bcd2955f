"""The yearly reports of ecology, soil, climate and ecosystem value over the demo's rows, and lists as files."""

from __future__ import annotations

import datetime as dt
import io

import openpyxl
import pyarrow.parquet
import pytest
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import services as records
from jiangcheng.demo import ecology, ecovalue, soil
from jiangcheng.modules.climate import services as climate

YEAR = {"first": dt.date(2026, 1, 1), "last": dt.date(2027, 1, 1)}
LAST_YEAR = {"first": dt.date(2025, 1, 1), "last": dt.date(2026, 1, 1)}


@pytest.fixture
def keeper(db):
    city.build()
    people = city.people()
    found = Client()
    found.force_login(people["department"])
    return found, people["department"]


def headings(sections):
    return {section.heading: section for section in sections}


def test_every_room_writes_its_year_from_stored_rows_and_every_list_is_a_file(keeper):
    client, actor = keeper
    for code in ("ecology-year", "soil-year", "climate-year", "gep-year"):
        report = manifests.reports()[code]
        assert manifests.call(report.function, **LAST_YEAR) == () or code == "ecology-year"
    for room in (ecology, soil, ecovalue):
        room.furnish(now=city.AT, progress=lambda share, what: None)
    told = headings(manifests.call("ecology.services.year_report", **YEAR))
    shores = told["河湖岸线"].table.rows
    assert ("岸线保护区", 1, 2.4) in shores
    assert told["人为活动变化"].paragraphs == ("红线内变化 1 处。",)
    assert ("国家重要湿地", 1, 900.0, 1) in told["湿地名录"].table.rows
    assert "生态状况评估" in headings(manifests.call("ecology.services.year_report", **LAST_YEAR))
    assert {"农用地分类", "黑土地保护"} <= set(headings(manifests.call("soil.services.year_report", **YEAR)))
    gep = headings(manifests.call("ecovalue.services.year_report", **LAST_YEAR))["生态产品总值"]
    assert "缺参数而未计入的项 1 个" in gep.paragraphs[0]
    for kind, amount in (("fuel.bituminous", 1000.0), ("herd.pig", 500.0)):
        values = {"year": 2025, "kind": kind, "amount": amount, "uncertainty": 5.0, "origin": "年鉴"}
        records.create(register="carbon-activities", values=values, actor=actor, at=city.AT)
    values = {"code": "J1", "name_zh": "站", "longitude": 126.5, "latitude": 43.8, "source": "局"}
    records.create(register="climate-stations", values=values, actor=actor, at=city.AT)
    climate.import_weather(content=b"station,date,tmax,tmin,rain\nJ1,2025-01-01,-5,-15,0\n", now=city.AT)
    carbon = headings(manifests.call("climate.services.year_report", **LAST_YEAR))
    assert "不确定度 ±" in carbon["温室气体清单"].paragraphs[0]
    assert ("霜冻日数 FD", "d", None, None) in carbon["气候指数：站"].table.rows
    for name, asked in (
        ("climate:inventory_csv", {"year": 2025}), ("climate:indices_csv", {}), ("ecovalue:export", {"year": 2025}),
    ):  # fmt: skip
        text, book, parquet = (
            client.get(reverse(name), {**asked, "format": kind}) for kind in ("csv", "xlsx", "parquet")
        )
        lines = text.content.decode().splitlines()
        assert openpyxl.load_workbook(io.BytesIO(book.content)).active.max_row == len(lines)
        assert pyarrow.parquet.read_table(io.BytesIO(parquet.content)).num_rows == len(lines) - 1
    points = client.get(reverse("climate:indices_csv"), {"format": "geojson"}).json()["features"]
    assert points[0]["geometry"]["coordinates"] == [126.5, 43.8]
