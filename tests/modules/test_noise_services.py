"""Zones with their versions, minutes to hours and periods, findings, permits, routing, joint actions, pages."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from core import city
from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import ObservedProperty, Region
from jiangcheng.gateway.translate import Properties
from jiangcheng.modules.noise import queries, services
from jiangcheng.modules.noise.models import NightPermit, NoiseDuty, NoiseZone, SensitiveArea
from modules import town as town_module

AT = city.AT
DAY = dt.date(2026, 10, 20)
HOUR, DAYS, MINUTE = store.Granularity.HOUR, store.Granularity.DAY, store.Granularity.MINUTE
ZONES = {"Z1": ("1", 126.0), "Z2": ("2", 126.5), "Z3": ("3", 127.0)}


def feature(code, west, width=0.5, **properties):
    return {
        "type": "Feature",
        "properties": {"code": code, "name_zh": f"{code}区", **properties},
        "geometry": city.square(west, 43.0, west + width, 44.0),
    }


def collection(*features):
    return {"type": "FeatureCollection", "features": list(features)}


def bring(*features, kind="zone", valid_from=dt.date(2024, 1, 1), complete=True, **more):
    return services.import_areas(
        kind=kind, document=collection(*features), source="政办发〔2024〕1号", valid_from=valid_from,
        complete=complete, actor=None, at=AT, **more,
    )  # fmt: skip


def all_zones():
    return [feature(code, west, **{"class": zone}) for code, (zone, west) in ZONES.items()]


@pytest.fixture
def place(town):
    """Two noise stations in classes 1 and 2, a weather station, zones and the room's data."""
    rows = [
        city.named(
            "S1", "一号噪声站", kind="noise", longitude=126.2, latitude=43.5, valid_from_date="2020-01-01"
        ),
        city.named(
            "S2", "二号噪声站", kind="noise", longitude=126.7, latitude=43.5, valid_from_date="2020-01-01"
        ),
        city.named(
            "M1", "气象站", kind="weather", longitude=126.3, latitude=43.5, valid_from_date="2020-01-01"
        ),
    ]
    assert registry.import_register("stations", rows, actor=None, at=AT).errors == ()
    services.load()
    assert bring(*all_zones()).errors == ()
    return town_module


@pytest.fixture
def bureau(place):
    return city.people()


def put_day(station, day=DAY, *, level=50.0, night=42.0, lmax=50.0, code="Leq"):
    """Append the minutes of a noise day."""
    start = town_module.hour(day.isoformat(), 6)
    starts = [start + dt.timedelta(minutes=number) for number in range(1440)]
    values = np.r_[np.full(960, level), np.full(480, night)]
    town_module.put(station, code, "avg", starts, values, granularity=MINUTE)
    if code == "Leq" and lmax is not None:
        town_module.put(station, "LMx", "avg", starts, np.full(1440, lmax), granularity=MINUTE)


def day_value(code, station="S1", day=DAY):
    return town_module.derived(station, code, DAYS, day.isoformat()).get(town_module.hour(day.isoformat()))


def after(day=DAY, hours=31):
    return town_module.hour(day.isoformat()) + dt.timedelta(hours=hours)


# Zones


def test_a_point_has_the_class_and_limits_of_the_version_valid_on_the_date(place):
    changed = [feature("Z1", 126.0, **{"class": "2"}), feature("Z2", 126.5, **{"class": "2"})]
    report = bring(*changed, valid_from=dt.date(2026, 7, 1))
    assert (report.added, report.changed, report.ended, report.unchanged) == (0, 1, 1, 1)
    asked = {"longitude": 126.2, "latitude": 43.5}
    old = queries.zone_at(**asked, on=dt.date(2026, 6, 30))
    new = queries.zone_at(**asked, on=dt.date(2026, 7, 1))
    assert (old.zone.zone_class, old.day_limit, old.night_limit, old.zone.version) == ("1", 55, 45, 1)
    assert (new.zone.zone_class, new.day_limit, new.night_limit, new.zone.version) == ("2", 60, 50, 2)
    assert queries.zone_at(longitude=127.2, latitude=43.5, on=dt.date(2026, 7, 1)) is None
    assert queries.zone_at(longitude=127.2, latitude=43.5, on=dt.date(2026, 6, 30)).zone.zone_class == "3"
    assert queries.zone_at(**asked, on=dt.date(2023, 12, 31)) is None


def test_the_same_file_twice_changes_nothing(place):
    report = bring(*all_zones(), valid_from=dt.date(2026, 1, 1))
    assert (report.added, report.changed, report.ended, report.unchanged) == (0, 0, 0, 3)
    assert NoiseZone.objects.count() == 3


def test_a_strip_along_a_road_governs_the_zone_it_crosses(place):
    strip = feature("R1", 126.19, width=0.02, **{"class": "4a"})
    assert bring(strip, valid_from=dt.date(2025, 1, 1), complete=False).overlaps == ()
    found = queries.zone_at(longitude=126.2, latitude=43.5, on=DAY)
    assert (found.zone.zone_class, found.night_limit) == ("4a", 55)
    assert [zone.code for zone in found.others] == ["Z1"]


def test_a_file_with_a_wrong_feature_is_refused_as_a_whole(place):
    bad = feature("Z9", 126.0, **{"class": "5"})
    broken = {
        **feature("Z8", 126.0, **{"class": "1"}),
        "geometry": {"type": "Point", "coordinates": [126, 43]},
    }
    report = bring(bad, broken, feature("Z2", 126.0, **{"class": "1"}), feature("", 1, **{"class": "1"}),
                   feature("Z7", 126.0, **{"class": "1"}), feature("Z7", 126.0, **{"class": "1"}))  # fmt: skip
    told = [(error.number, error.reason) for error in report.errors]
    assert told == [(1, "class"), (2, "geometry"), (3, "earlier"), (4, "code"), (6, "twice")]
    assert NoiseZone.objects.count() == 3
    with pytest.raises(services.Refused, match="not_geojson"):
        services.import_areas(kind="zone", document={"features": 1}, source="x", valid_from=DAY, complete=False,
                              actor=None, at=AT)  # fmt: skip


def test_a_trial_changes_nothing_and_tells_overlaps(place):
    pair = [feature("A", 126.0, **{"class": "1"}), feature("B", 126.25, **{"class": "2"})]
    report = bring(*pair, valid_from=dt.date(2026, 1, 1), dry_run=True)
    assert (report.added, report.ended, report.overlaps) == (2, 3, (("A", "B"),))
    assert NoiseZone.objects.filter(valid_to_date=None).count() == 3


# Evaluation


def test_minutes_become_hours_day_and_night(place):
    put_day("S1", level=52.0, night=44.0)
    assert services.evaluate(now=after()) > 0
    assert (day_value("noise_ld"), day_value("noise_ln")) == (52.0, 44.0)
    assert day_value("noise_ldn") == pytest.approx(10 * np.log10((16 * 10**5.2 + 8 * 10**5.4) / 24), abs=1e-3)
    hours = town_module.derived("S1", "noise_leq", HOUR, DAY.isoformat(), days=2)
    assert len(hours) == 24
    assert town_module.derived("S1", "noise_minutes", HOUR, DAY.isoformat())[after(hours=6)] == 60
    assert services.evaluate(now=after()) == 0


def test_a_period_that_is_not_over_has_no_level_yet(place):
    put_day("S1")
    services.evaluate(now=after(hours=23))
    assert (day_value("noise_ld"), day_value("noise_ln")) == (50.0, None)


def test_rain_of_the_weather_station_and_own_wind_are_screened_and_both_series_kept(place):
    put_day("S1", level=50.0)
    loud = [after(hours=8) + dt.timedelta(minutes=number) for number in range(60)]
    town_module.put("S1", "Leq", "avg", loud, np.full(60, 90.0), granularity=MINUTE)
    town_module.put("S1", "a01007", "avg", loud[:20], np.full(20, 7.5), granularity=MINUTE)
    services.evaluate(now=after())
    raw = day_value("noise_ld_raw")
    assert raw > 75
    assert day_value("noise_ld") == 50.0  # forty valid minutes make no hour
    town_module.put("M1", "a01007", "avg", [after(hours=8)], [1.0])
    town_module.put(
        "S1", "noise_rain", "avg", loud, np.r_[np.zeros(40), np.full(20, 0.4)], granularity=MINUTE
    )
    services.evaluate(now=after())
    marked = town_module.derived("S1", "noise_reasons", MINUTE, DAY.isoformat())
    assert [marked[loud[0]], marked[loud[59]]] == [2, 1]
    assert loud[30] not in marked
    assert town_module.derived("S1", "noise_minutes", HOUR, DAY.isoformat())[loud[0]] == 20
    assert (day_value("noise_ld"), day_value("noise_ld_raw")) == (50.0, raw)


def test_a_confirmed_event_takes_its_minutes_out_and_a_rejected_one_brings_them_back(bureau):
    put_day("S1", level=50.0)
    loud = [after(hours=9) + dt.timedelta(minutes=number) for number in range(30)]
    town_module.put("S1", "Leq", "avg", loud, np.full(30, 85.0), granularity=MINUTE)
    services.evaluate(now=after())
    event = records.create(
        register="noise-events",
        values={"station_code": "S1", "kind": "fireworks", "starts_at": loud[0],
                "ends_at": loud[-1] + dt.timedelta(minutes=1)},
        actor=bureau["department"], at=after(),
    )  # fmt: skip
    assert day_value("noise_ld") > 65
    step = {"record": event, "actor": bureau["department"], "now": after(), "text": "核实"}
    records.act(action="confirm", **step)
    assert day_value("noise_ld") == 50.0
    records.act(action="reject", **step)
    assert day_value("noise_ld") > 65


def test_a_missing_half_day_makes_the_day_invalid_but_not_the_night(place):
    start = town_module.hour(DAY.isoformat(), 12)
    starts = [start + dt.timedelta(minutes=number) for number in range(18 * 60)]
    town_module.put("S1", "Leq", "avg", starts, np.full(len(starts), 41.0), granularity=MINUTE)
    services.evaluate(now=after())
    assert (day_value("noise_ld"), day_value("noise_ln"), day_value("noise_hours_day")) == (None, 41.0, 10)


def test_history_in_bulk_gives_the_same_and_no_findings(place):
    put_day("S1", night=60.0)
    services.evaluate_days(first=DAY, last=DAY, now=after())
    assert day_value("noise_ln") == 60.0
    assert not Finding.objects.exists()


# Findings


def test_a_night_above_the_limit_opens_one_case_that_names_zone_and_permits(bureau):
    permit = grant(bureau, 126.202, starts_at=after(hours=21))
    put_day("S1", night=48.0, lmax=55.0)
    services.evaluate(now=after())
    finding = Finding.objects.get()
    told = finding.evidence[0]
    assert (finding.kind, told["value"], told["limit"], told["zone"]) == (
        "noise.over_limit",
        48.0,
        45.0,
        "Z1 v1",
    )
    assert told["permits"] == [permit.number]
    assert finding.case.grid_cell.code == "220202-01"
    following = DAY + dt.timedelta(days=1)
    put_day("S1", following, night=48.0, lmax=55.0)
    services.evaluate(now=after(following))
    finding.refresh_from_db()
    assert (finding.occurrences, finding.ended_at) == (2, None)
    quiet = DAY + dt.timedelta(days=2)
    put_day("S1", quiet, night=40.0, lmax=55.0)
    services.evaluate(now=after(quiet))
    finding.refresh_from_db()
    assert finding.ended_at is not None


def test_a_level_at_its_limit_and_a_station_without_zone_open_nothing(place):
    bring(*all_zones()[1:], valid_from=dt.date(2025, 1, 1))
    put_day("S1", level=90.0)
    put_day("S2", level=60.0, night=50.0, lmax=65.0)
    services.evaluate(now=after())
    assert not Finding.objects.exists()


def test_a_sudden_sound_at_night_is_its_own_finding(place):
    put_day("S1", night=44.0, lmax=61.0)
    services.evaluate(now=after())
    assert list(Finding.objects.values_list("kind", flat=True)) == ["noise.night_burst"]


# Rates


def test_rates_count_point_days_by_class(place):
    for number, night in enumerate((42.0, 48.0, 49.0)):
        put_day("S1", DAY + dt.timedelta(days=number), night=night)
        put_day("S2", DAY + dt.timedelta(days=number), night=night)
    last = DAY + dt.timedelta(days=2)
    services.evaluate_days(first=DAY, last=last, now=after(last))
    rows = queries.point_days(points=queries.stations(on=DAY), first=DAY, last=last)
    rates = {
        (rate.zone, rate.period): (rate.complying, rate.valid) for rate in queries.pass_rates(rows, on=DAY)
    }
    assert rates == {
        ("1", "day"): (3, 3), ("1", "night"): (1, 3), ("2", "day"): (3, 3), ("2", "night"): (3, 3),
        ("", "day"): (6, 6), ("", "night"): (4, 6),
    }  # fmt: skip


# Night permits


def permit_of(people, longitude=126.2, **changes):
    values = {
        "site": "江湾工地", "builder": "甲建筑公司", "works": "混凝土连续浇筑", "reason": "continuous",
        "starts_at": after(hours=22), "ends_at": after(hours=29), "announced": True,
        "longitude": longitude, "latitude": 43.5, **changes,
    }  # fmt: skip
    record = records.create(register="night-permits", values=values, actor=people["department"], at=AT)
    assert isinstance(record, NightPermit)
    return record


def grant(people, longitude=126.2, **changes):
    permit = permit_of(people, longitude, **changes)
    records.act(record=permit, action="grant", actor=people["department"], now=AT, text="同意")
    permit.refresh_from_db()
    return permit


def sensitive(code="H1", west=126.19, width=0.02, **more):
    return bring(
        feature(code, west, width, use="hospital", buildings=3), kind="sensitive",
        valid_from=dt.date(2024, 1, 1), complete=False, **more,
    )  # fmt: skip


def test_a_site_within_a_sensitive_area_is_warned_of_with_area_and_limit(bureau):
    sensitive()
    permit = permit_of(bureau)
    found = queries.cautions(permit=permit)
    assert [(item.code, item.values["name"], item.values["limit"]) for item in found] == [
        ("inside", "H1区", 45.0)
    ]
    near = queries.cautions(permit=permit_of(bureau, 126.2112))
    assert (near[0].code, near[0].values["metres"]) == ("near", pytest.approx(97, abs=3))
    assert queries.cautions(permit=permit_of(bureau, 126.25)) == []


def test_a_permit_is_refused_until_residents_are_told_and_keeps_what_spoke_against_it(bureau):
    sensitive()
    permit = permit_of(bureau, announced=False)
    with pytest.raises(Refused, match="公告"):
        records.act(record=permit, action="grant", actor=bureau["department"], now=AT, text="同意")
    permit.refresh_from_db()
    assert permit.state == "applied"
    assert [item["code"] for item in grant(bureau).judgement] == ["inside"]
    with pytest.raises(Refused, match="位置"):
        grant(bureau, longitude=None, latitude=None)


def test_daytime_schedule_and_many_nights_speak_against_a_permit(bureau):
    permit = permit_of(bureau, starts_at=after(hours=8), ends_at=after(hours=12), reason="schedule")
    assert [item.code for item in queries.cautions(permit=permit)] == ["not_night", "reason"]
    permit = permit_of(bureau, ends_at=after(hours=22 + 24 * 5))
    assert [item.code for item in queries.cautions(permit=permit)] == ["nights"]


def test_a_sensitive_area_that_has_ended_no_longer_counts(bureau):
    sensitive()
    bring(feature("H2", 127.5, use="school", buildings=1), kind="sensitive", valid_from=dt.date(2026, 1, 1))
    assert SensitiveArea.objects.get(code="H1").valid_to_date == dt.date(2026, 1, 1)
    assert queries.cautions(permit=permit_of(bureau)) == []


# Routing


def complaint(text, people, longitude=126.2):
    finding = cases.report(
        finding=cases.FindingReport(
            kind="participation.noise", dedup_key=f"test:{text}", rule_version="", title_zh=text, title_en=text,
            severity=2, first_at=AT, last_at=AT, evidence={"start": AT.isoformat()}, longitude=longitude,
            latitude=43.5, description=text,
        ),
        now=AT,
    )  # fmt: skip
    return finding.case


@pytest.mark.parametrize(
    ("text", "source", "department"),
    [
        ("楼下工地半夜打桩", "construction", "住房和城乡建设局"),
        ("广场舞音响太大", "social", "公安局"),
        ("摩托车炸街", "road", "公安局（交警）"),
        ("工厂风机昼夜轰鸣", "industry", "生态环境局"),
        ("火车进站声", "rail", "铁路监督管理机构"),
    ],
)
def test_a_complaint_goes_to_the_department_that_answers_for_its_type(bureau, text, source, department):
    routed = queries.route(case=complaint(text, bureau), on=city.ON)
    assert (routed.source_type, routed.duty.department_zh) == (source, department)
    assert routed.words


def test_the_officer_of_the_duty_list_is_proposed_first_and_a_person_may_decide_otherwise(bureau):
    for kind, officer in (("construction", "department"), ("social", "inspector")):
        duty = NoiseDuty.objects.get(source_type=kind)
        records.change(record=duty, values={"officers": officer}, actor=bureau["department"], at=AT)
    case = complaint("工地打桩", bureau)
    first = case_queries.proposals(case=case, at=AT)[0]
    assert (first.person, first.why_zh) == (bureau["department"], "噪声监管职责：住房和城乡建设局")
    assert cases.propose_handler(case=case, on=city.ON) == bureau["department"]
    services.decide_source(case=case, source_type="social", actor=bureau["duty"], at=AT)
    assert case_queries.proposals(case=case, at=AT)[0].person == bureau["inspector"]
    other = cases.report_in_person(
        reporter=bureau["inspector"], text="倾倒垃圾", longitude=126.2, latitude=43.5, now=AT
    )
    assert cases.propose_handler(case=other, on=city.ON) == bureau["inspector"]


def test_the_duty_of_a_county_comes_before_that_of_the_city(bureau):
    values = {"source_type": "construction", "department_zh": "昌邑区城管局", "basis": "区职责清单",
              "valid_from_date": dt.date(2026, 1, 1)}  # fmt: skip
    for code, name in (("220200", "市住建局"), ("220202", "昌邑区城管局")):
        records.create(
            register="noise-duties", values={**values, "region": Region.objects.get(code=code), "department_zh": name},
            actor=bureau["department"], at=AT,
        )  # fmt: skip
    assert queries.duty_for("construction", "220202", city.ON).department_zh == "昌邑区城管局"
    assert queries.duty_for("construction", "220203", city.ON).department_zh == "市住建局"
    assert queries.duty_for("construction", "220202", dt.date(2025, 1, 1)).department_zh == "住房和城乡建设局"
    assert queries.duty_for("", "220202", city.ON) is None


# Joint actions


def test_a_joint_action_is_one_record_with_a_result_per_department(bureau):
    who = bureau["department"]
    values = {"name": "高考静音行动", "occasion": "高考", "departments": "公安局、住建局，城管局",
              "starts_date": dt.date(2026, 6, 5), "ends_date": dt.date(2026, 6, 10)}  # fmt: skip
    action = records.create(register="joint-actions", values=values, actor=who, at=AT)
    records.act(record=action, action="start", actor=who, now=AT)
    results = list(queries.results(action_number=action.number))
    assert [row.department for row in results] == ["公安局", "住建局", "城管局"]
    for number, row in enumerate(results):
        with pytest.raises(Refused, match="城管局"):
            records.act(record=action, action="close", actor=who, now=AT, text="结束")
        records.change(record=row, values={"inspected": 10 + number, "problems": number}, actor=who, at=AT)
        records.act(record=row, action="hand_in", actor=who, now=AT, text="已填报")
    records.act(record=action, action="close", actor=who, now=AT, text="结束")
    action.refresh_from_db()
    assert action.state == "closed"


# Pages


def test_pages_show_rates_profile_point_and_refuse_without_permission(bureau, client):
    put_day("S1", night=48.0)
    services.evaluate(now=after())
    client.force_login(bureau["leader"])
    page = client.get(reverse("noise:overview"), {"month": "2026-10"}).content.decode()
    assert "0/1" in page
    assert "超标" in page
    page = client.get(reverse("noise:station", args=["S1"]), {"day": DAY.isoformat()}).content.decode()
    assert "48.0 dB" in page
    chart = client.get(reverse("noise:profile", args=["S1"]), {"day": DAY.isoformat()}).json()
    assert len(chart["table"]["rows"]) >= 24
    page = client.get(
        reverse("noise:zones"), {"lon": "126.2", "lat": "43.5", "on": "2026-10-20"}
    ).content.decode()
    assert "45 dB" in page
    assert client.get(reverse("noise:zones"), {"lon": "x", "lat": "1"}).status_code == 200
    layer = client.get(reverse("noise:zones_layer")).json()
    assert {item["properties"]["label"] for item in layer["features"]} == {"1", "2", "3"}
    assert client.get(reverse("noise:sensitive_layer")).json()["features"] == []
    assert (
        len(client.get(reverse("noise:layer"), {"at": "2026-10-21T12:00:00+08:00"}).json()["features"]) == 2
    )
    assert client.get(reverse("noise:station", args=["A1"])).status_code == 404
    client.force_login(bureau["enterprise"])
    for name in ("overview", "zones", "cases", "layer", "zones_layer"):
        assert client.get(reverse(f"noise:{name}")).status_code == 403


def test_a_county_sees_its_own_stations_only(bureau, client):
    client.force_login(bureau["colleague"])
    assert client.get(reverse("noise:layer")).json()["features"] == []
    assert client.get(reverse("noise:station", args=["S1"])).status_code == 404


def test_empty_pages_say_what_to_do_in_both_languages(db, client):
    city.build()
    people = city.people()
    client.force_login(people["duty"])
    for language, text in (("zh-hans", "还没有噪声站"), ("en", "No noise station yet")):
        translation.activate(language)
        page = client.get(reverse("noise:overview"), headers={"accept-language": language}).content.decode()
        assert text in page
    for name in ("zones", "cases"):
        assert client.get(reverse(f"noise:{name}")).status_code == 200


def test_zones_are_imported_by_who_manages_them(bureau, client):
    def send(**more):
        file = SimpleUploadedFile(
            "z.geojson", json.dumps(collection(feature("N1", 126.0, **{"class": "1"}))).encode()
        )
        values = {"kind": "zone", "file": file, "source": "文件", "valid_from": "2026-02-01", **more}
        return client.post(reverse("noise:import"), values)

    client.force_login(bureau["duty"])
    assert send().status_code == 403
    client.force_login(bureau["department"])
    assert send(dry_run="1").status_code == 200
    assert not NoiseZone.objects.filter(code="N1").exists()
    assert send(valid_from="").status_code == 422
    assert send(file=SimpleUploadedFile("z.geojson", b"{")).status_code == 422
    assert send().status_code == 200
    assert NoiseZone.objects.get(code="N1").brought_by.actor == bureau["department"]


def test_a_county_brings_its_own_zones_and_ends_no_others(bureau):
    def covers(longitude, latitude):
        return longitude < 126.5

    own = feature("Z1", 126.0, **{"class": "2"})
    later = {"valid_from": dt.date(2026, 1, 1), "covers": covers}
    assert bring(own, complete=False, dry_run=True, **later).changed == 1
    assert {error.code for error in bring(own, **later).errors} == {"Z2", "Z3"}
    refused = bring(feature("Z2", 126.5, **{"class": "3"}), complete=False, **later)
    assert [error.reason for error in refused.errors] == ["scope"]


def test_levels_of_a_noise_frame_are_understood(town):
    known = Properties()
    known.load()
    leq = ObservedProperty.objects.get(code="Leq", statistic="avg").pk
    assert [known.find("Leq", field, system="23") for field in ("Data", "Avg", "Rtd")] == [leq] * 3


def test_routing_page_and_cards(bureau, client):
    sensitive()
    case = complaint("工地打桩", bureau)
    client.force_login(bureau["duty"])
    assert "住房和城乡建设局" in client.get(reverse("noise:cases")).content.decode()
    client.post(reverse("noise:decide", args=[case.number]), {"source_type": "road"})
    assert "公安局（交警）" in client.get(reverse("noise:cases")).content.decode()
    assert client.post(reverse("noise:decide", args=[case.number]), {"source_type": "x"}).status_code == 422
    permit = permit_of(bureau)
    page = client.get(reverse("noise:permit_card", args=[permit.number])).content.decode()
    assert "H1区" in page
    client.force_login(bureau["inspector"])
    assert (
        client.post(reverse("noise:decide", args=[case.number]), {"source_type": "road"}).status_code == 403
    )


@pytest.mark.django_db
def test_properties_that_are_no_object_are_a_wrong_feature_and_no_error():
    document = collection({**feature("Z1", 126.0), "properties": "Z1"})
    report = services.import_areas(
        kind="zone", document=document, source="x", valid_from=DAY, complete=False, actor=None, at=AT
    )
    assert [(error.number, error.reason) for error in report.errors] == [(1, "code")]
