"""From daily weather to indices, an outlook and the risk of counties, and what a file of weather must hold."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.climate import rules, services
from jiangcheng.modules.climate.models import ClimateStation, StationClimate, WeatherDay

FIRST, LAST = dt.date(2008, 1, 1), dt.date(2026, 11, 1)
TABLE = rules.in_force("risk", city.ON)


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def client(people, who="department"):
    found = Client()
    found.force_login(people[who])
    return found


def add(people, register, **values):
    return records.create(register=register, values=values, actor=people["department"], at=city.AT)


def weather(code="J1"):
    """Return a CSV of warming years, with a storm of 88 mm in 2024."""
    random, count = np.random.default_rng(1), (LAST - FIRST).days
    days = np.arange(count)
    warm = 5 + 18 * np.cos(2 * np.pi * (days - 200) / 365.25) + random.normal(0, 2, count) + days / 1826
    rain = np.where(random.random(count) < 0.25, random.gamma(0.6, 8, count).clip(max=60), 0)
    rain[(dt.date(2024, 7, 20) - FIRST).days] = 88
    lines = [
        f"{code},{FIRST + dt.timedelta(days=int(day))},{t + 5:.1f},{t - 5:.1f},{p:.1f}"
        for day, t, p in zip(days, warm, rain, strict=True)
    ]
    return "\n".join(["station,date,tmax,tmin,rain", *lines]).encode()


def test_daily_weather_becomes_indices_trends_drought_an_outlook_and_a_map_of_risk(
    people, django_assert_max_num_queries
):
    changyi, longtan = Region.objects.filter(level="county").order_by("code")
    place = {"longitude": 126.5, "latitude": 43.8, "source": "气象局"}
    add(people, "climate-stations", code="J1", name_zh="昌邑站", region=changyi, **place)
    for county in (changyi, longtan):
        add(people, "climate-exposures", region=county, year=2025, population_density=900.0, elderly_percent=25.0,
            cropland_percent=30.0, rainfed_percent=60.0, unprotected_percent=40.0, source="年鉴")  # fmt: skip
    keeper = client(people)
    assert "还没有可计算的逐日气象数据" in keeper.get(reverse("climate:indices")).content.decode()
    file = SimpleUploadedFile("weather.csv", weather())
    told = keeper.post(reverse("climate:import_weather"), {"file": file}, follow=True).content.decode()
    assert f"已写入 {(LAST - FIRST).days} 天" in told
    content = StationClimate.objects.get().content
    at = content["years"].index(2024)
    assert content["indices"]["rx1day"][at] == 88
    assert content["indices"]["r50mm"][at] >= 1
    assert content["indices"]["tmean"][content["years"].index(2026)] is None, "the year is not over"
    assert content["trends"]["tmean"]["direction"] == 1
    assert content["trends"]["tmean"]["low"] < 2.0 < content["trends"]["tmean"]["high"]
    assert content["normals"]["tx90p"] == pytest.approx(10, abs=1.5)
    assert len(content["spi3"]) == 19 * 12
    assert content["outlook"]["last"] == "2026-10"
    assert content["outlook"]["rain"]["skill"] < 0.2, "rain that is drawn by lot cannot be foretold"
    with django_assert_max_num_queries(45):
        page = keeper.get(reverse("climate:indices"), {"index": "rx1day"}).content.decode()
    for text in ("Rx1day", "SPEI-3", "气候平均", "无站点", "资料不足", "暴雪冰冻"):
        assert text in page, text
    chart = keeper.get(reverse("climate:indices_chart"), {"index": "tmean", "station": "J1"}).json()
    assert [one["name"] for one in chart["option"]["series"]] == [
        "年平均气温",
        "常年值 1991—2020",
        "Sen 趋势线",
    ]
    features = keeper.get(reverse("climate:risk_layer")).json()["features"]
    assert [one["properties"]["name"] for one in features] == ["昌邑区"], "no station: unknown, not low"
    assert dict(features[0]["properties"]["lines"]).keys() == {"暴雨洪涝", "干旱", "高温", "低温冷害"}
    text = keeper.get(reverse("climate:indices_csv")).content.decode()
    assert "J1,昌邑站,2024,rx1day,最大一日降水 Rx1day,88" in text
    again = b"station,date,tmax,tmin,rain\nJ1,2024-07-20,30,20,\n"
    assert services.import_weather(content=again, now=city.AT) == 1
    assert WeatherDay.objects.get(day_date="2024-07-20").rain is None
    assert StationClimate.objects.get().content["indices"]["rx1day"][at] < 88
    assert services.compute_climate(on=city.ON, at=city.AT) == 0, "nothing is computed twice"
    assert "Normal (terciles)" in keeper.get(
        reverse("climate:indices"), headers={"accept-language": "en"}
    ).content.decode()  # fmt: skip


def test_a_file_of_weather_is_taken_as_a_whole_or_not_at_all(people):
    add(people, "climate-stations", code="J1", name_zh="站", longitude=126.5, latitude=43.8, source="局")
    for line, told in (
        ("J1,2024-01-02,-9,-3,0", "最高气温低于最低"), ("J1,2024-01-02,-9,-99,0", "气温超出"),
        ("J1,2024-01-02,-9,-10,-1", "降水超出"), ("X,2024-01-02,1,0,0", "没有这个站号"),
        ("J1,明天,1,0,0", "无法读取"), ("J1,2024-01-01,1,0,0", "日期重复"), ("J1,2027-01-01,1,0,0", "日期重复"),
        ("J1,2024-01-02,1", "无法读取"),
    ):  # fmt: skip
        content = f"station,date,tmax,tmin,rain\nJ1,2024-01-01,1,0,0\n{line}".encode()
        with pytest.raises(ValueError, match=f"第 3 行：.*{told}"):
            services.import_weather(content=content, now=city.AT)
    for content in (b"", b"a,b\n", b"\xff\xfe", b"station,date,tmax,tmin,rain\n"):
        with pytest.raises(ValueError):
            services.import_weather(content=content, now=city.AT)
    assert not WeatherDay.objects.exists()
    assert not ClimateStation.objects.filter(climate__isnull=False).exists()
    file = {"file": SimpleUploadedFile("w.csv", weather())}
    assert client(people, "duty").post(reverse("climate:import_weather"), file).status_code == 403


def test_a_risk_is_the_root_of_three_shares_and_unknown_where_one_is():
    flood = next(item for item in TABLE["hazards"] if item["code"] == "flood")
    content = {"indices": {"rx1day": [None, 75.0]}}
    exposure = rules.Exposure({"population_density": 500.0, "elderly_percent": 25.0})
    found = rules.risk(flood, content, exposure, TABLE["levels"])
    assert (found.hazard, found.exposure, found.vulnerability, found.index) == (0.5, 0.5, 0.5, 0.5)
    assert found.level == "middle"
    assert found.parts == {"rx1day": 75.0, "population_density": 500.0, "elderly_percent": 25.0}
    assert rules.risk(flood, content, None, TABLE["levels"]) is None
    assert rules.risk(flood, {"indices": {"rx1day": [None]}}, exposure, TABLE["levels"]) is None
    assert rules.risk(flood, content, rules.Exposure({"population_density": 1.0}), TABLE["levels"]) is None
    assert [rules.level_of(index, TABLE["levels"]) for index in (0, 0.2, 0.59, 1)] == [
        "low",
        "lower",
        "middle",
        "high",
    ]
