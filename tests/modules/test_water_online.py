"""What water says without a person: online limits, what is seen at sources, quotas, trends, and codes."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region, Station
from jiangcheng.modules.water import queries, rules, services
from jiangcheng.modules.water.models import OnlineLimit, SourcePatrol

AT = city.AT
AMMONIA = "w21003"


@pytest.fixture
def officer(town, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    services.load()
    user = access.create_user(username="department", password=city.PASSWORD, display_name="department", at=AT)
    access.assign_role(user=user, role="department", on=dt.date(2026, 1, 1), at=AT, region_code="220200")
    return user


def made(register, actor, number="", **values):
    given = {"region": Region.objects.get(code="220202"), **values}
    return records.create(register=register, values=given, actor=actor, at=AT, number=number)


def outfall(officer, number="PK-1", **values):
    return made("outfalls", officer, number, name_zh="一号口", kind="industry", water_body="松花江",
                longitude=126.7, latitude=43.5, **values)  # fmt: skip


def limit(officer, **values):
    given = {
        "subject": "outfall",
        "place": "PK-1",
        "item": "nh3n",
        "upper": 1.5,
        "basis": "GB 18918-2002 表1",
    }
    return made("online-limits", officer, **{**given, "valid_from_date": dt.date(2026, 1, 1), **values})


def test_an_outfall_is_judged_by_the_limit_of_the_day(town, officer):
    outfall(officer, station_code="W1")
    changed = dt.date(2026, 10, 31)
    limit(officer, valid_to_date=changed)
    limit(officer, upper=0.5, valid_from_date=changed)
    first, second, third = town.hour("2026-10-30", 20), town.hour("2026-10-31", 0), town.hour("2026-10-31", 4)
    town.put_water("W1", [first, second], **{AMMONIA: 1.2})
    assert services.judge_online(now=town.hour("2026-10-31", 1)) > 0
    # 1.2 mg/L keeps the limit of the 30th and breaks that of the 31st, more than once over.
    finding = Finding.objects.get(kind="water.outfall_over")
    assert (finding.first_at, finding.severity, finding.occurrences) == (second, 3, 1)
    said = finding.evidence[0]
    assert (said["value"], said["limit"], said["limit_from"]) == (1.2, 0.5, "2026-10-31")
    assert finding.case.case_type == "WATER" and finding.case.grid_cell is not None
    assert services.judge_online(now=town.hour("2026-10-31", 2)) == 0
    town.put_water("W1", [third], **{AMMONIA: 0.3})
    services.judge_online(now=town.hour("2026-10-31", 5))
    finding.refresh_from_db()
    assert finding.ended_at == third and Finding.objects.filter(kind="water.outfall_over").count() == 1
    lines = queries.online_lines(subject="outfall", number="PK-1", at=town.hour("2026-10-31", 6))
    assert [(line.value, line.over) for line in lines] == [(0.3, False)]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"upper": None}, "至少"),
        ({"lower": 3.0}, "不能大于"),
        ({"item": "orp"}, "因子代码"),
        ({"place": "PK-9"}, "没有这个编号"),
        ({"valid_to_date": dt.date(2026, 1, 1)}, "晚于"),
    ],
)
def test_a_limit_that_cannot_be_judged_is_refused(officer, values, why):
    outfall(officer)
    with pytest.raises(ValidationError, match=why):
        limit(officer, **values)
    assert not OnlineLimit.objects.exists()


def test_what_a_camera_sees_in_the_first_zone_is_a_grave_case_on_the_map(town, officer):
    place = Station.objects.get(code="W1")
    source = made("drinking-sources", officer, name_zh="一水源", kind="river", level="city",
                  longitude=place.longitude, latitude=place.latitude, section_code="W1")  # fmt: skip
    x, y = place.longitude, place.latitude
    ring = [[x - 0.01, y - 0.01], [x + 0.01, y - 0.01], [x + 0.01, y + 0.01], [x - 0.01, y - 0.01]]
    made("source-zones", officer, source_number=source.number, level="first",
         boundary={"type": "Polygon", "coordinates": [ring]}, valid_from_date=dt.date(2020, 1, 1))  # fmt: skip
    camera = made("source-cameras", officer, source_number=source.number, name_zh="取水口", aim="intake",
                  longitude=x + 0.004, latitude=y - 0.004)  # fmt: skip
    seen = {"source_number": source.number, "camera_number": camera.number, "means": "video",
            "observed_at": AT, "clip": "ab" * 32}  # fmt: skip
    made("source-patrols", officer, **seen, seen="normal")
    row = made(
        "source-patrols", officer, **{**seen, "observed_at": AT + dt.timedelta(minutes=1)}, seen="intrusion"
    )
    now = AT + dt.timedelta(minutes=3)
    assert (services.report_patrols(now=now), services.report_patrols(now=now)) == (1, 0)
    finding = Finding.objects.get(kind="water.source_intrusion")
    assert finding.severity == 4 and finding.evidence[0]["clip"] == "ab" * 32
    assert (finding.longitude, finding.latitude) == (camera.longitude, camera.latitude)
    row.refresh_from_db()
    assert row.reported_at == now and finding.case is not None
    # An online value over the threshold of the source is told, too.
    limit(officer, subject="source", place=source.number, upper=1.0, basis="GB 3838-2002 表1 Ⅲ类")
    town.put_water("W1", [town.hour("2026-10-30", 4)], **{AMMONIA: 1.4})
    services.judge_online(now=town.hour("2026-10-30", 5))
    assert Finding.objects.get(kind="water.source_over").case.grid_cell is not None
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(officer)
    card = client.get(reverse("water:patrols_card", args=[source.number])).content.decode()
    assert "人员车辆闯入" in card and "取水口" in card
    assert "超限值" not in client.get(reverse("water:online_card", args=[source.number])).content.decode()
    assert client.get(reverse("water:camera_card", args=[camera.number])).status_code == 200
    with pytest.raises(ValidationError):
        made("source-patrols", officer, **{**seen, "camera_number": "SP-0"}, seen="fence")
    assert SourcePatrol.objects.count() == 2


def test_quotas_and_groundwater_in_alarm_become_cases_and_end(officer):
    quota = made(
        "water-quotas", officer, year=2026, quota=100.0, farming=92.0, through_date=dt.date(2026, 9, 30)
    )
    fine = {"year": 2026, "unit_name": "甲单元", "quota": 60.0, "control_depth": 12.0}
    made("wells", officer, name_zh="一号井", **fine, abstracted=20.0, depth=8.0)
    well = made("wells", officer, name_zh="二号井", **fine, abstracted=20.0, depth=12.6,
                measured_date=dt.date(2026, 9, 1))  # fmt: skip
    assert services.watch_use(now=AT) == 2
    found = {row.kind: row for row in Finding.objects.all()}
    assert (found["water.quota"].severity, found["water.groundwater"].severity) == (2, 3)
    assert {case.region.code for case in Case.objects.all()} == {"220202"}
    # Over the quota is graver, and the same case; the level has recovered.
    records.change(record=quota, values={"industry": 12.0}, actor=officer, at=AT)
    records.change(record=well, values={"depth": 9.0}, actor=officer, at=AT)
    assert services.watch_use(now=AT) == 1
    again = {row.kind: row for row in Finding.objects.all()}
    assert again["water.quota"].severity == 3 and again["water.quota"].ended_at is None
    assert again["water.groundwater"].ended_at is not None and Case.objects.count() == 2
    assert cases.end_finding(dedup_key=again["water.groundwater"].dedup_key, at=AT) is None


def test_a_section_tells_its_trend_and_index_and_a_flagged_value_leaves_the_mean(town, officer):
    for month in range(3, 11):
        town.put_water("W1", [town.hour(f"2026-{month:02}-10")], **{AMMONIA: 0.1 * month})
    section = Station.objects.get(code="W1")
    found = queries.section_trends(section=section, on=dt.date(2026, 10, 30))
    ammonia = next(item for item in found.items if item.item == "nh3n")
    assert not found.by_years and ammonia.trend.direction == 1 and ammonia.trend.periods == 8
    assert found.month == dt.date(2026, 10, 1) and found.index > 0
    table = queries.month_table(points=[section], months=queries.months_before(dt.date(2026, 10, 1), 2))
    assert table.values["nh3n"].tolist() == [0.9, 1.0]
    # A late value is in the mean at once, without any run in between.
    town.put_water("W1", [town.hour("2026-10-11")], **{AMMONIA: 2.0})
    table = queries.month_table(points=[section], months=queries.months_before(dt.date(2026, 10, 1), 2))
    assert table.values["nh3n"].tolist() == [0.9, 1.5]
    assert queries.city_index(points=[section], table=table, first=680, last=681).rivers == 1
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(officer)
    assert "显著上升" in client.get(reverse("water:section_card", args=["W1"])).content.decode()
    assert "CWQI" in client.get(reverse("water:matrix")).content.decode()


@pytest.mark.parametrize(
    ("code", "county", "wrong"),
    [
        ("SH-220202-0001-GY-00", "220202", ""),
        ("SH-220202-0001-GY-00", "220281003", "elsewhere"),
        ("SH-220202-0001-GY", "", "parts"),
        ("S-220202-0001-GY-00", "", "basin"),
        ("SH-22020-0001-GY-00", "", "county"),
        ("SH-220202-01-GY-00", "", "serial"),
        ("SH-220202-0001-XX-00", "", "kind"),
        ("SH-220202-0001-GY-0", "", "branch"),
    ],
)
def test_a_code_is_told_which_part_is_wrong(code, county, wrong):
    assert rules.outfall_code(code, county=county) == wrong


def test_a_house_that_insists_refuses_a_code_of_another_form(officer, monkeypatch):
    row = outfall(officer)
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(officer)
    assert "HJ 1235" in client.get(reverse("water:outfall_card", args=[row.number])).content.decode()
    monkeypatch.setitem(rules.settings("outfall_code"), "refuse", True)
    with pytest.raises(ValidationError, match="SH-220202-0001-GY-00"):
        outfall(officer, "PK-2")
    outfall(officer, "SH-220202-0001-GY-00")
