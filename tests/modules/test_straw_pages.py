"""The fire desk, the window, the season and the ledger as people see them, and who may do what."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import translation

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw.models import BurnZone, FireIncident
from modules import town as town_module
from modules.test_straw_services import HEAD, NOW, SEEN, approved, bring, row, told, zone

PAGES = ("desk", "window", "season", "ledger")


@pytest.fixture
def people(town):
    assert zone().added == 1
    return city.people()


def client(people, who="duty", language=""):
    found = Client(HTTP_ACCEPT_LANGUAGE=language or "zh-hans")
    found.force_login(people[who])
    return found


def page(people, name, who="duty", language="", **query):
    answer = client(people, who, language).get(reverse(f"straw:{name}"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def days(at=SEEN):
    day = at.astimezone(town_module.BEIJING).date()
    return {"first": (day - dt.timedelta(days=1)).isoformat(), "last": day.isoformat()}


def csv(*rows):
    return SimpleUploadedFile("firms.csv", "\n".join([HEAD, *rows]).encode(), "text/csv")


def test_every_page_is_useful_while_it_is_empty(people):
    for name, words in zip(
        PAGES, ("没有火点信号", "没有气象条件", "没有火点事件", "没有秸秆台账"), strict=True
    ):
        assert words in page(people, name, **({"day": "2026-11-02"} if name == "window" else {}))
    assert "没有信号不等于没有火" in page(people, "desk")


@pytest.mark.parametrize(
    "query", [{"first": "x"}, {"last": "0001-01-01"}, {"day": "1999-01-01"}, {"year": "²"}]
)
def test_a_question_nobody_can_answer_is_told_and_breaks_nothing(people, query):
    for name in PAGES:
        page(people, name, **query)


def test_the_desk_shows_verdict_reason_plan_and_case(people):
    plan = approved(people)
    bring(row(43.514), row(43.7))
    text = page(people, "desk", **days())
    planned, illegal = FireIncident.objects.order_by("pk")
    assert plan.number in text and planned.case.number in text and illegal.case.number in text
    assert "疑似违规露天焚烧" in text and "允许误差" in text
    assert illegal.number not in page(people, "desk", **days(), verdict="planned")
    english = page(people, "desk", language="en", **days())
    assert "Probably burnt against the ban" in english and "within the uncertainty of" in english


def test_a_reader_sees_the_fires_of_the_own_county_only(people):
    bring(row(), row(43.5, 127.5))
    ours, theirs = FireIncident.objects.order_by("longitude")
    text = page(people, "desk", "inspector", **days())
    assert ours.number in text and theirs.number not in text
    layer = client(people, "colleague").get(reverse("straw:layer"), {"at": NOW.isoformat()}).json()
    assert [feature["properties"]["id"] for feature in layer["features"]] == [theirs.number]


def test_the_file_is_imported_by_who_manages_and_by_nobody_else(people):
    for who, status in (("duty", 200), ("inspector", 403), ("enterprise", 403)):
        answer = client(people, who).post(
            reverse("straw:import"), {"file": csv(row(at=NOW - dt.timedelta(days=9)))}
        )
        assert answer.status_code == status
    assert FireIncident.objects.count() == 1
    wrong = client(people).post(reverse("straw:import"), {"file": csv(row(confidence="x"))})
    assert "置信度" in wrong.content.decode()
    message = SimpleUploadedFile("a.csv", b"Invalid MAP_KEY.")
    refused = client(people).post(reverse("straw:import"), {"file": message})
    assert refused.status_code == 422 and "Invalid MAP_KEY." in refused.content.decode()
    assert client(people).post(reverse("straw:import")).status_code == 422


def test_a_tower_sends_signals_as_json_and_hears_of_wrong_ones_by_field(people):
    def post(body, who="duty"):
        return client(people, who).post(reverse("straw:signals"), body, content_type="application/json")

    answer = post(json.dumps([told(), told(id="T-2", source="x")]))
    assert answer.status_code == 200 and answer.json()["errors"][0]["field"] == "source"
    assert answer.json()["incidents"][0]["verdict"] == "illegal"
    assert post(json.dumps([told(source="x")])).status_code == 422
    assert post("{").status_code == 422 and post("{}").status_code == 422
    assert post("[]", "inspector").status_code == 403


def test_zones_are_brought_for_the_whole_city_only_by_the_city(people):
    def post(who, **more):
        feature = {
            "type": "Feature", "properties": {"code": "B9", "kind": "ban"}, "geometry": city.square(127, 43, 128, 44),
        }  # fmt: skip
        body = json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()
        values = {"file": SimpleUploadedFile("z.geojson", body), "source": "政告", "valid_from": "2026-01-01"}
        return client(people, who).post(reverse("straw:import_zones"), {**values, **more})

    assert post("department").status_code == 403 and post("inspector").status_code == 403
    assert post("duty", valid_from="").status_code == 422 and post("duty", source="").status_code == 422
    assert post("duty").status_code == 200 and BurnZone.objects.filter(code="B9").exists()
    layer = client(people).get(reverse("straw:zones_layer"), {"at": NOW.isoformat()}).json()
    assert {feature["properties"]["kind"] for feature in layer["features"]} == {"ban", "limit"}


def test_the_result_of_the_field_check_is_entered_where_one_manages(people):
    number = bring(row(43.5, 127.5)).incidents[0].number
    address = reverse("straw:conclude", args=[number])
    values = {"outcome": "nothing", "text": "到场无火"}
    assert client(people, "inspector").post(address, values).status_code == 403
    assert client(people).post(address, {"outcome": "?"}).status_code == 422
    assert client(people).post(address, values).status_code == 302
    assert "到场无火" in page(people, "desk", **days())


def test_the_window_shows_the_light_the_reason_and_the_quota_of_each_hour(people):
    approved(people)
    region = Region.objects.get(code="220202")
    noon = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
    fair = {"wind": 4.0, "mixing": 1200.0, "rain": 0.0, "fire_danger": 2, "aqi": 50, "pm25": 30.0}
    for hour, more in enumerate(({}, {"wind": 9.0}, {"aqi": None})):
        values = {"region": region, "hour_at": noon + dt.timedelta(hours=hour), **fair, **more}
        records.create(register="burn-weather", values=values, actor=people["department"], at=NOW)
    text = page(people, "window", day="2026-11-02")
    assert "宜烧" in text and "禁止" in text and "风速 9 m/s" in text and "空气质量指数未知" in text
    assert "待烧 150 亩" in text and "未经核实" in text
    assert "Suitable" in page(people, "window", language="en", day="2026-11-02")
    assert "昌邑区" not in page(people, "window", "colleague", day="2026-11-02")


def test_the_season_compares_days_with_and_without_fires_and_says_what_that_is_not(people):
    bring(row())
    for day, value in ((SEEN, 90.0), (SEEN - dt.timedelta(days=1), 30.0)):
        start = day.astimezone(town_module.BEIJING).date().isoformat()
        town_module.put("N1", "a34004", "avg", town_module.hours_of(start), np.full(24, value))
    text = page(people, "season", first="2026-10-20", last="2026-11-03")
    assert "60.0" in text and "不是秸秆焚烧的贡献" in text and "0.0 %" in text


def test_the_ledger_shows_the_worked_example(people):
    values = {
        "region": Region.objects.get(code="220202"), "year": 2026, "crop": "maize", "grain": 100.0, "sown": 100.0,
        "returned": 40.0, "feed": 50.0, "sent_out": 10.0, "brought_in": 5.0, "ratio": 1.86, "collectable": 0.83,
    }  # fmt: skip
    records.create(register="straw-harvests", values=values, actor=people["department"], at=NOW)
    text = page(people, "ledger", year="2026")
    assert "75.626 %" in text and "玉米" in text and "不平衡" not in text
    with translation.override("en"):
        assert "Maize" in page(people, "ledger", language="en", year="2026")


def test_the_command_imports_a_file_twice_and_refuses_a_message(people, tmp_path, capsys):
    import argparse

    from jiangcheng.config import straw_cli

    path = tmp_path / "firms.csv"
    path.write_text("\n".join([HEAD, row(at=NOW - dt.timedelta(days=9)), row(confidence="x")]))
    assert straw_cli._import(argparse.Namespace(file=str(path))) == 1
    assert "line 3: confidence" in capsys.readouterr().err
    assert straw_cli._import(argparse.Namespace(file=str(path))) == 1
    assert "added 0, known 1" in capsys.readouterr().out
    path.write_text("Invalid MAP_KEY.")
    assert straw_cli._import(argparse.Namespace(file=str(path))) == 2
    assert straw_cli._import(argparse.Namespace(file=str(tmp_path / "none"))) == 2


def test_the_demo_has_a_planned_and_an_illegal_fire_and_is_filled_once(people):
    from jiangcheng.demo import straw as demo

    BurnZone.objects.all().delete()
    counties = dict.fromkeys((*demo.COUNTIES, demo.TOWN))
    rows = [city.named(code, code, level="county", parent="220200") for code in counties if code != demo.TOWN]
    places = {code: 128.0 + number for number, code in enumerate(demo.COUNTIES)}
    cells = [
        city.named(
            f"{code}-01", code, region=code, boundary=city.square(west, 43, west + 1, 44),
            valid_from_date="2026-01-01",
        )
        for code, west in places.items()
    ]  # fmt: skip
    for kind, each in (("regions", rows), ("grid_cells", cells)):
        assert registry.import_register(kind, each, actor=None, at=city.AT).errors == ()
    for _again in range(2):
        demo.furnish(now=NOW + dt.timedelta(hours=3), progress=lambda *_: None)
    verdicts = list(FireIncident.objects.order_by("longitude").values_list("verdict", flat=True))
    assert sorted(verdicts) == ["illegal", "illegal", "planned"]
    for name in PAGES:
        page(people, name, **({"day": "2026-11-02"} if name == "window" else {}))
