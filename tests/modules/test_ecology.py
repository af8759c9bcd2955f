"""Ecology: zones of a place by day, changes inside the red line, patrols, missing days, balances and series."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.records import services as records
from jiangcheng.demo import ecology as demo
from jiangcheng.methods import outlines
from jiangcheng.modules.ecology import queries, rules, services
from jiangcheng.modules.ecology.models import EcoZone, RedLineChange

ON = city.ON


def day(back):
    return ON - dt.timedelta(days=back)


def test_a_point_and_an_area_meet_the_zones_they_share_land_with():
    zones = [
        rules.Outline("A", city.square(126, 43, 127, 44)), rules.Outline("B", city.square(127, 43, 128, 44)),
    ]  # fmt: skip
    assert [hit.number for hit in rules.hits(zones, outlines.point(127, 43.5))] == ["A", "B"], (
        "the border is in both"
    )
    half = rules.hits(zones, outlines.parsed(city.square(126.5, 43.4, 127.5, 43.5)))
    assert [round(hit.percent, 1) for hit in half] == [50.0, 50.0]
    assert [
        hit.number for hit in rules.hits(zones, outlines.parsed(city.square(126.5, 43.4, 127, 43.5)))
    ] == ["A"]
    assert rules.hits(zones, outlines.point(125, 43.5)) == []


def test_patrols_count_days_in_the_window_and_the_track_inside_the_grid():
    track = {"type": "LineString", "coordinates": [[126.5, 43.5], [127.5, 43.5]]}
    found = rules.patrolled(
        outline=city.square(126, 43, 127, 44), per_month=2, on=ON, window=30,
        visits=[(day(0), track), (day(0), None), (day(29), None), (day(30), track)],
    )  # fmt: skip
    assert (found.days, found.enough, found.last) == (2, True, day(0))
    assert found.kilometres == pytest.approx(40.3, abs=0.2)
    none = rules.patrolled(outline=city.square(126, 43, 127, 44), per_month=1, on=ON, window=30, visits=[])
    assert (none.days, none.enough, none.last) == (0, False, None)


def test_a_day_without_a_report_is_missing_from_the_second_day_on():
    missing = rules.missing_days(reported={day(1), day(3)}, since=day(4), until=None, on=ON, window=30)
    assert missing == [day(2), day(4)]
    assert rules.missing_days(reported=(), since=day(0), until=None, on=ON, window=30) == []
    assert rules.missing_days(reported=(), since=day(90), until=day(29), on=ON, window=30) == [
        day(29),
        day(30),
    ]


USES = st.lists(
    st.tuples(st.integers(2020, 2026), st.sampled_from(("occupy", "replenish")), st.integers(1, 99))
)


@given(USES)
def test_the_last_balance_is_all_that_was_given_back_less_all_that_was_taken(uses):
    found = rules.balances(uses)
    assert [one.year for one in found] == sorted({year for year, _, _ in uses})
    if uses:
        assert found[-1].running == sum(area if kind == "replenish" else -area for _, kind, area in uses)


def test_progress_is_by_area_and_series_never_mix_methods():
    assert rules.progress([(100.0, 50.0), (100.0, 300.0)]) == pytest.approx(75.0)
    assert rules.progress([]) is None
    found = rules.series(
        [("甲", "EI", "b", 2021, 5.0), ("甲", "EI", "a", 2020, 4.0), ("甲", "EI", "b", 2020, 3.0)]
    )
    assert [(one.method, one.values, one.change) for one in found] == [
        ("a", ((2020, 4.0),), None), ("b", ((2020, 3.0), (2021, 5.0)), 2.0)
    ]  # fmt: skip


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


def act(people, row, action, who="department", **more):
    return records.act(record=row, action=action, actor=people[who], now=city.AT, **more).to_state


def zone(people, kind, outline, **more):
    values = {
        "code": f"Z-{kind}",
        "name_zh": f"区{kind}",
        "kind": kind,
        "valid_from_date": dt.date(2024, 1, 1),
    }
    return add(people, "eco-zones", outline=outline, **{**values, **more})


def test_a_place_tells_its_units_rules_and_conflicts_by_the_version_of_the_day(people):
    zone(people, "key_unit", city.square(126, 43, 127, 44), layout_rule="禁止新建焦化")
    zone(people, "red_line", city.square(126.5, 43.5, 126.6, 43.6))
    zone(
        people,
        "red_line",
        city.square(126.7, 43.5, 126.8, 43.6),
        version=2,
        valid_from_date=dt.date(2026, 1, 1),
    )
    assert EcoZone.objects.get(code="Z-red_line", version=1).valid_to_date == dt.date(2026, 1, 1)
    address = reverse("ecology:zoning")

    def page(status=200, **asked):
        answer = client(people).post(address, asked)
        assert answer.status_code == status
        return answer.content.decode()

    now = page(longitude="126.55", latitude="43.55")
    assert "禁止新建焦化" in now
    assert "不涉及生态保护红线" in now
    assert "冲突：" in page(longitude="126.55", latitude="43.55", on="2025-06-01")
    assert "冲突：" in page(longitude="126.75", latitude="43.55")
    area = page(outline=json.dumps(city.square(126.75, 43.5, 126.85, 43.6)))
    assert "50.0 %" in area
    assert "100.0 %" in area
    assert "没有命中管控单元" in page(longitude="127.5", latitude="43.5")
    for wrong in ({"longitude": "abc", "latitude": "1"}, {"outline": "{"}, {"outline": "[" * 90000}, {"on": "x"},
                  {"outline": '{"type":"Point","coordinates":[1,2]}'}, {"longitude": "126"}):  # fmt: skip
        assert "请填写日期和经纬度" in page(422, **wrong)
    assert "还没有分区管控规则" in page(422, on="1999-01-01")
    assert len(client(people).get(reverse("ecology:zones_layer")).json()["features"]) == 2
    with pytest.raises(ValidationError):
        zone(people, "red_line", city.square(126, 43, 127, 44), version=2)


def test_zones_leave_and_come_back_as_geojson_all_or_none(people):
    zone(people, "key_unit", city.square(126, 43, 127, 44), risk_rule="防控")
    text = client(people).get(reverse("ecology:export_zones")).content

    def send(content, who="department"):
        file = SimpleUploadedFile("zones.geojson", content)
        return client(people, who).post(reverse("ecology:import_zones"), {"file": file}, follow=True)

    assert "新增 0，修改 0，未变 1" in send(text).content.decode()
    held = json.loads(text)
    held["features"][0]["properties"]["risk_rule"] = "加强防控"
    fresh = {**held["features"][0], "properties": {**held["features"][0]["properties"], "code": "N"}}
    held["features"].append(fresh)
    assert "新增 1，修改 1，未变 0" in send(json.dumps(held).encode()).content.decode()
    broken = {**fresh, "properties": {**fresh["properties"], "code": "M"}}
    held["features"] = [broken, {**broken, "geometry": None}]
    assert "第 2 个要素" in send(json.dumps(held).encode()).content.decode()
    assert EcoZone.objects.count() == 2, "nothing of a broken file is kept"
    for content in (b"x", b"[]", b'{"features": 3}', b'{"features": [7]}', b"\xff"):
        send(content)
    assert EcoZone.objects.count() == 2
    assert send(text, "duty").status_code == 403


def test_a_change_inside_the_red_line_is_a_case_and_one_outside_is_not(people):
    zone(people, "red_line", city.square(126.5, 43.5, 126.6, 43.6))
    values = {"activity": "新增建筑", "source": "遥感", "detected_date": ON}
    add(people, "red-line-changes", outline=city.square(126.65, 43.5, 126.66, 43.51), **values)
    assert not Finding.objects.exists()
    inside = add(people, "red-line-changes", outline=city.square(126.59, 43.5, 126.61, 43.51), **values)
    finding = Finding.objects.get(kind="ecology.red_line")
    assert finding.case.grid_cell.code == "220202-02"
    inside.refresh_from_db()
    assert inside.inside_area == pytest.approx(89.7, rel=0.01)
    assert "新增建筑" in client(people).get(reverse("ecology:overview")).content.decode()
    earlier = add(people, "red-line-changes", longitude=126.7, latitude=43.55, **values)
    zone(people, "red_line", city.square(126.69, 43.5, 126.75, 43.6), code="later")
    assert services.watch_changes(now=city.AT) == 2
    assert RedLineChange.objects.get(pk=earlier.pk).inside_zone == "区red_line"
    act(people, inside, "confirm", text="现场核实")
    assert act(people, inside, "close", who="verifier", text="已拆除复绿") == "closed"


def test_a_green_shield_point_is_closed_out_by_another_person_with_a_photograph(people):
    row = add(people, "green-shield", reserve="三湖", function_zone="core", problem="采石", found_date=ON)
    with pytest.raises(Refused, match="has_photo"):
        act(people, row, "confirm", text="属实")
    act(people, row, "confirm", text="属实", files=[city.photo()])
    act(people, row, "start", text="方案")
    act(people, row, "finish", text="复绿", files=[city.photo("b.jpg")])
    with pytest.raises(Refused):
        act(people, row, "close", text="同意", files=[city.photo("c.jpg")])
    with pytest.raises(Refused, match="has_photo"):
        act(people, row, "close", who="verifier", text="同意")
    assert act(people, row, "close", who="verifier", text="同意", files=[city.photo("d.jpg")]) == "closed"


def test_what_a_patrol_an_alien_find_and_a_station_tell_becomes_a_case(people):
    grid = add(
        people, "patrol-grids", name_zh="一", kind="habitat", outline=city.square(126.1, 43.1, 126.2, 43.2)
    )
    visit = {"grid": grid.number, "patroller": "甲"}
    add(people, "patrol-visits", patrol_date=day(1), **visit)
    add(people, "patrol-visits", patrol_date=day(0), found="猎夹", **visit)
    assert Finding.objects.get(kind="ecology.patrol").case.grid_cell.code == "220202-01"
    alien = {"species_zh": "豚草", "listing": "key", "found_date": ON, "latitude": 43.5}
    add(people, "alien-finds", longitude=126.3, **alien)
    add(people, "alien-finds", longitude=126.7, **alien)
    assert sorted(Finding.objects.filter(kind="ecology.alien").values_list("severity", flat=True)) == [2, 3]
    station = add(people, "disease-stations", name_zh="站", since_date=day(3), longitude=127.5, latitude=43.5)
    add(people, "disease-reports", station=station.number, report_date=day(1), kind="zero")
    told = {"station": station.number, "kind": "event", "told": "死亡"}
    add(people, "disease-reports", report_date=day(3), **told)
    assert Finding.objects.get(kind="ecology.disease").case.grid_cell.code == "220203-01"
    assert queries.missing_reports(user=people["department"], on=ON) == [(station, [day(2)])]
    with pytest.raises(ValidationError):
        add(people, "disease-reports", report_date=day(3), **told)
    with pytest.raises(ValidationError, match="写明"):
        add(people, "disease-reports", station=station.number, report_date=day(2), kind="event")
    for register, values in (
        ("patrol-visits", {**visit, "grid": "?", "patrol_date": ON}),
        ("alien-finds", {"species_zh": "豚草", "listing": "key", "found_date": ON}),
        ("wetland-markers", {"wetland": "?", "code": "1", "kind": "sign"}),
        ("restoration-projects", {"area": "?", "name_zh": "1", "planned": 1.0}),
    ):
        with pytest.raises(ValidationError):
            add(people, register, **values)


def test_the_demo_fills_every_page_quickly_and_only_once(people, django_assert_max_num_queries):
    demo.furnish(now=city.AT, progress=lambda share, what: None)
    count = EcoZone.objects.count()
    demo.furnish(now=city.AT, progress=lambda share, what: None)
    assert EcoZone.objects.count() == count
    services.compute_indicators(on=ON, at=city.AT)
    values = dict(IndicatorValue.objects.values_list("indicator", "value"))
    assert values["ecology.patrol_coverage"] == 75
    assert values["ecology.wetland_balance"] == pytest.approx(-0.6)
    assert values["ecology.red_line_area"] == pytest.approx(258, rel=0.02)
    assert values["ecology.restoration"] == pytest.approx(44.0)
    viewer = client(people)
    for name in ("overview", "zoning", "zones_layer", "shorelines_layer", "wetlands_layer", "export_zones"):
        with django_assert_max_num_queries(60):
            assert viewer.get(reverse(f"ecology:{name}")).status_code == 200
    page = viewer.get(reverse("ecology:overview")).content.decode()
    for told in ("未下达", "JZ-02", "监测站 2", "中华秋沙鸭", "-0.60", "HJ 192-2015"):
        assert told in page, told
    assert (
        "Restoration areas"
        in viewer.get(reverse("ecology:overview"), headers={"accept-language": "en"}).content.decode()
    )
