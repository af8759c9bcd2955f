"""The ledgers of air pollution sources: what their rules decide, what becomes a case, what may be closed."""

from __future__ import annotations

import ast
import datetime as dt
import inspect

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.participation import services as participation
from jiangcheng.modules.sources import models, module, queries, rules, services
from modules import town as town_module

ON = city.ON
MOST_LINES = 60
"""Of a register: its model and its declaration together."""
HOUR = dt.timedelta(hours=1)


class People(dict):
    """One person per role, made when a test first asks: hashing ten passwords takes longer than most tests."""

    ROLES = {
        "department": ("department", {"region_code": "220200"}),
        "inspector": ("grid_inspector", {"region_code": "220202"}),
        "enterprise": ("enterprise", {"facility_code": city.PLANT}),
        "system": ("system_admin", {}),
    }

    def __missing__(self, name):
        role, where = self.ROLES[name]
        self[name] = access.create_user(username=name, password=city.PASSWORD, display_name=name, at=city.AT)
        access.assign_role(user=self[name], role=role, on=dt.date(2026, 1, 1), at=city.AT, **where)
        return self[name]


@pytest.fixture
def people(db):
    city.build()
    return People()


@pytest.fixture
def properties(people):
    """What stations can measure: loaded only where hours are put."""
    registry.load_properties()


def add(people, register, **values):
    return records.create(register=register, values=values, actor=people["department"], at=city.AT)


def act(people, row, action, **more):
    return records.act(record=row, action=action, actor=people["department"], now=city.AT, **more)


def rate(people, code):
    found = {item.code: item for item in queries.rates(user=people["department"], on=ON)}[code]
    return found.done, found.whole


def page(people, name="overview", who="department", language="", **more):
    client = Client(headers={"accept-language": language} if language else None)
    client.force_login(people[who])
    return client.get(reverse(f"sources:{name}", args=more.pop("args", ())), more)


def close(case):
    case.state, case.closed_at = "closed", city.AT
    case.save()


def test_a_register_is_one_model_and_one_declaration_of_at_most_sixty_lines():
    declared = {register.model.partition(".")[2]: register for register in module.MANIFEST.registers}
    assert len(declared) == 14
    calls = {
        call.args[3].value: call.end_lineno - call.lineno + 1
        for call in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_register"
    }
    for name in declared:
        lines = len(inspect.getsource(getattr(models, name)).splitlines()) + calls[name]
        assert lines <= MOST_LINES, (name, lines)


def test_every_table_has_a_source_a_day_and_says_whether_it_is_verified():
    for path in rules.TABLES.folder.glob("*.json"):
        for row in rules.table(path.stem):
            assert row["source"] and dt.date.fromisoformat(row["valid_from"])
            assert row["verified"] in (True, False)


def test_no_rule_is_in_force_before_its_first_version():
    with pytest.raises(LookupError, match="coal"):
        rules.in_force("coal", dt.date(2014, 12, 31))


# Dust


def site(people, **more):
    values = {
        "name_zh": "一号工地",
        "kind": "construction",
        "station_code": "A1",
        "longitude": 126.7,
        "latitude": 43.5,
    }
    return add(people, "dust-sites", **{**values, **more})


def dust(values, *, before=0, code="a34001"):
    """Put hours of dust at the station, the last of them ending at the city's instant."""
    starts = [city.AT - HOUR * (len(values) - index + before) for index in range(len(values))]
    town_module.put("A1", code, "avg", starts, values)


def test_dust_over_the_limit_becomes_a_case_in_the_grid_of_the_site_not_of_the_station(people, properties):
    row = site(people)
    dust([900, 1000, 1000.5, 1200])
    assert services.watch_dust(now=city.AT) == 2
    finding = Finding.objects.get(kind="sources.dust")
    assert (finding.case.grid_cell.code, finding.occurrences) == ("220202-02", 2)
    assert finding.evidence[-1]["value"] == 1200 and row.name_zh in finding.title_zh
    assert services.watch_dust(now=city.AT) == 0
    assert rate(people, "dust_closed") == (0, 1)
    close(finding.case)
    assert rate(people, "dust_closed") == (1, 1)
    assert queries.dust_loops(user=people["department"], on=ON)[row.number].percent == 100


def test_a_clean_hour_ends_the_finding_and_a_finished_site_is_watched_no_more(people, properties):
    row = site(people)
    dust([1200, 300])
    services.watch_dust(now=city.AT)
    finding = Finding.objects.get(kind="sources.dust")
    assert finding.ended_at is not None and finding.case.closed_at is None
    act(people, row, "end", text="完工")
    dust([1500], before=-1)
    assert services.watch_dust(now=city.AT + HOUR) == 0


def test_dust_that_comes_back_is_a_new_finding_and_no_hour_counts_twice(people, properties):
    site(people)
    dust([1200, 300])
    services.watch_dust(now=city.AT)
    dust([1500], before=-1)
    assert [services.watch_dust(now=city.AT + HOUR) for _ in range(2)] == [1, 0]
    assert [finding.occurrences for finding in Finding.objects.order_by("pk")] == [1, 1]
    assert Case.objects.count() == 1


def test_what_was_found_baseless_does_not_count_as_dust(people, properties):
    site(people)
    dust([1200])
    services.watch_dust(now=city.AT)
    case = Case.objects.get()
    case.state, case.closed_at = "dismissed", city.AT
    case.save()
    assert rate(people, "dust_closed") == (0, 0)


def test_a_rejected_hour_of_dust_is_not_reported_and_an_unknown_station_is_refused(people, properties):
    site(people)
    town_module.put("A1", "a34002", "avg", [city.AT - HOUR], [900.0], flag=store.REJECTED)
    assert services.watch_dust(now=city.AT) == 0
    with pytest.raises(ValidationError) as refused:
        site(people, name_zh="二号", station_code="NOWHERE")
    assert "station_code" in refused.value.message_dict


def test_a_site_with_five_of_six_measures_is_not_complete(people):
    site(people, **dict.fromkeys(models.MEASURES, True))
    site(people, name_zh="二号", **dict.fromkeys(models.MEASURES[:5], True))
    site(people, name_zh="堆场", kind="yard")
    assert rate(people, "dust_measures") == (1, 2)


# Catering


@pytest.mark.parametrize(("stoves", "size"), [(1, "small"), (2.9, "small"), (3, "medium"), (6, "large")])
def test_the_size_of_a_kitchen_follows_from_its_stoves(stoves, size):
    assert rules.catering_size(stoves, ON) == size


def test_the_rate_of_purifiers_is_of_large_and_medium_units_and_the_missing_are_listed(people):
    for name, stoves, purifier in (("大", 8, True), ("中", 4, False), ("小", 1, False)):
        add(people, "catering", name_zh=name, stoves=stoves, purifier=purifier)
    assert rate(people, "purifiers") == (1, 2)
    missing = queries.without_purifier(user=people["department"], on=ON)
    assert [row.name_zh for row in missing] == ["中"]
    assert queries.cleaning_due(user=people["department"], on=ON) == 1
    row = missing[0]
    records.change(record=row, values={"stoves": 2.0}, actor=people["department"], at=city.AT)
    assert row.size == "small" and rate(people, "purifiers") == (1, 1)


# No-burn zones


def zone(people, **more):
    values = {
        "name_zh": "主城区",
        "category": "3",
        "outline": city.square(126.1, 43.1, 126.4, 43.4),
        "valid_from_date": dt.date(2026, 1, 1),
    }
    return add(people, "no-burn-zones", **{**values, **more})


def burn(people, longitude=126.2, latitude=43.2, now=city.AT, text="烧散煤"):
    return services.report_burning(
        reporter=people["inspector"], longitude=longitude, latitude=latitude, text=text, now=now
    )


def test_burning_inside_a_zone_becomes_one_case_of_the_grid_and_outside_it_is_refused(people):
    zone(people)
    first, again = burn(people), burn(people, now=city.AT + HOUR)
    assert first.pk == again.pk and first.case.grid_cell.code == "220202-01"
    with pytest.raises(Refused, match="不在现行禁燃区"):
        burn(people, longitude=126.45)
    with pytest.raises(Refused, match="看到了什么"):
        burn(people, text=" ")


def test_a_zone_holds_from_its_first_day_to_before_its_last(people):
    zone(people, valid_to_date=dt.date(2026, 12, 1))
    held = [
        bool(queries.zones_at(longitude=126.1, latitude=43.1, on=dt.date.fromisoformat(day)))
        for day in ("2025-12-31", "2026-01-01", "2026-11-30", "2026-12-01")
    ]
    assert held == [False, True, True, False]


def test_the_page_answers_for_a_point_and_reports_from_there(people):
    assert "还没有现行禁燃区" in page(people, "burning").content.decode()
    zone(people)
    inside = page(people, "burning", longitude="126.2", latitude="43.2").content.decode()
    assert "在禁燃区内" in inside and "上报燃烧" in inside
    assert "不在现行禁燃区内" in page(people, "burning", longitude="126.45", latitude="43.2").content.decode()
    assert "请填写经度和纬度" in page(people, "burning", longitude="nan", latitude="x").content.decode()
    client = Client()
    client.force_login(people["inspector"])
    address = reverse("sources:report_burning")
    client.post(address, {"longitude": "126.2", "latitude": "43.2", "text": "烧散煤"})
    client.post(address, {"longitude": "126.45", "latitude": "43.2", "text": "烧散煤"})
    client.post(address, {"longitude": "", "latitude": "43.2", "text": "烧散煤"})
    assert Case.objects.count() == 1


# Coal


def sample(people, **more):
    values = {"seller": "煤场", "stage": "sale", "use": "household", "coal": "other", "sampled_date": ON}
    return add(people, "coal-samples", **{**values, "sulphur": 0.9, "ash": 15.0, **more})


@given(
    st.floats(0, 5),
    st.floats(0, 60),
    st.sampled_from(["general", "household"]),
    st.sampled_from(["lignite", "other"]),
)
def test_coal_passes_exactly_where_no_limit_is_broken_and_more_sulphur_never_helps(sulphur, ash, use, coal):
    found = rules.judge_coal(use=use, coal=coal, sulphur=sulphur, ash=ash, on=ON)
    worse = rules.judge_coal(use=use, coal=coal, sulphur=sulphur + 1, ash=ash, on=ON)
    assert found.passed == (not found.broken) and not (worse.passed and not found.passed)
    assert all(item["value"] > item["limit"] and item["clause"] for item in found.broken)


def test_a_failed_sample_opens_a_case_and_ends_only_when_that_is_closed(people):
    row = sample(people, sulphur=1.2, region=Region.objects.get(code="220203"))
    act(people, row, "judge")
    row.refresh_from_db()
    assert (row.verdict, row.rule_version, row.broken[0]["what"]) == ("failed", "2015", "sulphur")
    case = Case.objects.get()
    assert case.region.code == "220203"
    with pytest.raises(Refused, match=case.number):
        act(people, row, "close", text="已处理")
    close(case)
    act(people, row, "close", text="已退货并处罚")
    assert rate(people, "coal_handled") == (1, 1)


def test_the_pass_rate_is_told_by_county_and_what_is_not_judged_does_not_count(people):
    for code, sulphur in (("220202", 0.5), ("220202", 1.0), ("220203", 1.1)):
        area = Region.objects.get(code=code)
        act(people, sample(people, region=area, sulphur=sulphur), "judge")
    sample(people, region=Region.objects.get(code="220203"))
    with pytest.raises(Refused, match="硫分和灰分"):
        act(people, sample(people, ash=None), "judge")
    found = queries.coal_by_county(user=people["department"], on=ON)
    assert [(area.code, item.done, item.whole) for area, item in found] == [
        ("220203", 0, 1),
        ("220202", 2, 2),
    ]
    assert rate(people, "coal_passed") == (2, 3)


def test_a_sample_older_than_every_table_is_not_judged(people):
    with pytest.raises(Refused, match="没有可用的煤质限值"):
        act(people, sample(people, sampled_date=dt.date(2010, 1, 1)), "judge")


# Boilers

LIMITS = {"a34013": 10.0, "a21026": 35.0, "a21002": 50.0}


def hours_at(count, **changed):
    return {code: np.full(count, changed.get(code, limit)) for code, limit in LIMITS.items()}


def test_hours_at_the_limit_keep_it_and_a_gap_is_not_judged():
    values = hours_at(200)
    found = rules.ultra_low(values, ON, reference_oxygen=6)
    assert (found.within, found.over, found.verdict) == (200, 0, "met")
    values["a34013"][:40] = np.nan
    found = rules.ultra_low(values, ON, reference_oxygen=6)
    assert (found.within, found.incomplete, found.verdict) == (160, 40, "unknown")
    values["a21026"][:10] = 36
    assert rules.ultra_low(values, ON, reference_oxygen=6).over == 10


@pytest.mark.parametrize(("over", "verdict"), [(10, "met"), (11, "missed")])
def test_ninety_five_of_a_hundred_hours_decide(over, verdict):
    values = hours_at(200)
    values["a21002"][:over] = 50.1
    assert rules.ultra_low(values, ON, reference_oxygen=6).verdict == verdict


@given(st.floats(0, 500), st.floats(0, 20), st.floats(0, 20))
def test_conversion_between_reference_oxygens_goes_back_and_more_oxygen_means_less(value, given_, wanted):
    there = rules.at_oxygen(np.array([value]), given=given_, wanted=wanted)
    assert rules.at_oxygen(there, given=wanted, wanted=given_)[0] == pytest.approx(value)
    assert (there[0] <= value) == (wanted >= given_) or there[0] == pytest.approx(value)


def test_values_at_nine_per_cent_oxygen_are_converted_before_they_are_judged():
    values = hours_at(200, a34013=8.1, a21026=20.0, a21002=30.0)
    assert rules.ultra_low(values, ON, reference_oxygen=9).verdict == "missed"
    assert rules.ultra_low({**values, "a34013": np.full(200, 8.0)}, ON, reference_oxygen=9).verdict == "met"


def test_the_share_of_ultra_low_boilers_comes_from_the_hours_of_their_outlets(people, properties):
    plant = Facility.objects.get(code=city.PLANT)
    boiler = {"facility": plant, "retrofit": "done", "reference_oxygen": 6.0}
    add(people, "coal-boilers", name_zh="1号", capacity=75.0, station_code="P1", **boiler)
    add(people, "coal-boilers", name_zh="2号", capacity=65.0, **boiler)
    add(people, "coal-boilers", name_zh="3号", capacity=35.0, station_code="P1", **boiler)
    starts = [city.AT - HOUR * (index + 1) for index in range(200)]
    for code, limit in LIMITS.items():
        town_module.put("P1", code, "zs_avg", starts, np.full(200, limit * 0.9))
    found = queries.boilers(user=people["department"], on=ON, now=city.AT)
    assert sorted((item.boiler.name_zh, item.verdict) for item in found) == [
        ("1号", "met"),
        ("2号", "unknown"),
    ]


# Mobile sources


def test_a_machine_code_has_its_form(people):
    machine = {"kind": "挖掘机", "stage": "3", "registered_date": ON}
    add(people, "machines", code="3-JB00001", **machine)
    with pytest.raises(ValidationError) as refused:
        add(people, "machines", code="9JB1", **machine)
    assert "code" in refused.value.message_dict


def passing(people, day, plate="吉B12345", kind="remote", **more):
    values = {
        "plate": plate,
        "kind": kind,
        "fuel": "diesel",
        "place": "一号点",
        "tested_date": dt.date.fromisoformat(day),
    }
    return add(people, "vehicle-tests", **{**values, **more})


def test_remote_sensing_is_judged_by_the_table_and_a_station_says_its_own_result(people):
    assert passing(people, "2026-10-01", opacity=30.0).passed is True
    assert passing(people, "2026-10-02", opacity=30.1).passed is False
    assert passing(people, "2026-10-03").passed is None
    assert passing(people, "2026-10-04", fuel="petrol", no_ppm=9000.0).passed is None
    with pytest.raises(ValidationError) as refused:
        passing(people, "2026-10-05", kind="im")
    assert "passed" in refused.value.message_dict
    assert rate(people, "remote") == (1, 2)


@pytest.mark.parametrize(
    ("days", "over", "listed"),
    [
        (("2026-01-31", "2026-07-31"), ("opacity", "opacity"), "opacity"),
        (("2026-01-30", "2026-07-31"), ("opacity", "opacity"), ""),
        (("2025-08-31", "2026-02-28"), ("opacity", "opacity"), "opacity"),
        (("2026-01-31", "2026-02-01"), ("opacity", "no_ppm"), ""),
        (("2026-01-31",), ("opacity",), ""),
        (("2026-01-01", "2026-01-02", "2026-01-03"), ("opacity", "", "opacity"), ""),
    ],
)
def test_a_vehicle_is_listed_for_one_pollutant_over_twice_in_a_row_within_six_months(days, over, listed):
    tests = [
        (dt.date.fromisoformat(day), (name,) if name else ()) for day, name in zip(days, over, strict=True)
    ]
    assert rules.exceeds_repeatedly(tests, ON) == listed


def test_a_high_emitter_is_listed_once_and_closed_only_by_a_passed_inspection(people):
    passing(people, "2026-09-01", opacity=50.0)
    passing(people, "2026-10-01", opacity=45.0)
    assert (services.list_high_emitters(now=city.AT), services.list_high_emitters(now=city.AT)) == (1, 0)
    row = models.HighEmitter.objects.get()
    act(people, row, "call", text="电话通知")
    with pytest.raises(Refused, match="合格的定期检验"):
        act(people, row, "close", text="已维修")
    passing(people, "2026-10-20", kind="im", place="一站", passed=True)
    passing(people, "2026-10-25", kind="im", place="一站", passed=False)
    with pytest.raises(Refused):
        act(people, row, "close", text="已维修")
    passing(people, "2026-10-28", kind="im", place="一站", passed=True)
    act(people, row, "close", text="已维修，复检合格")
    assert rate(people, "emitters_closed") == (1, 1) and rate(people, "im") == (2, 3)
    assert services.list_high_emitters(now=city.AT + HOUR) == 0


def test_a_high_emitter_that_nobody_closes_becomes_a_case(people):
    add(people, "high-emitters", plate="吉B1", reason="路检", listed_date=ON)
    records.watch_due(now=city.AT + dt.timedelta(days=30))
    assert Finding.objects.filter(kind="sources.emitter_overdue").exists()


def test_an_action_has_progress_and_closes_when_every_item_is_done(people):
    action = add(
        people,
        "special-actions",
        name_zh="柴油货车",
        kind="diesel",
        lead="大气科",
        starts_date=ON,
        due_at=city.AT,
    )
    with pytest.raises(Refused):
        act(people, action, "close", text="结束")
    item = {"action_number": action.number, "item": "路检"}
    add(people, "action-items", target="甲物流", result="good", **item)
    bad = add(people, "action-items", target="乙物流", result="problem", **item)
    assert [
        (found.done, found.whole) for _row, found in queries.actions(user=people["department"], on=ON)
    ] == [(1, 2)]
    with pytest.raises(Refused, match="1 项"):
        act(people, action, "close", text="结束")
    records.change(record=bad, values={"result": "mended"}, actor=people["department"], at=city.AT)
    act(people, action, "close", text="结束")
    with pytest.raises(ValidationError):
        add(people, "action-items", target="丙物流", **item)


# Toxics, ozone, odour


def test_a_toxic_result_carries_the_version_of_the_list_of_its_day(people):
    plant = Facility.objects.get(code=city.PLANT)
    row = add(people, "toxic-results", facility=plant, substance="formaldehyde", sampled_date=ON, value=12.5)
    add(people, "toxic-results", facility=plant, substance="formaldehyde", sampled_date=ON, point="二")
    assert row.list_version == "2018"
    found = queries.toxics(user=people["department"], on=ON)
    assert [(item["count"], item["detected"], item["plants"], item["highest"]) for item in found] == [
        (2, 1, 1, 12.5)
    ]
    for values in (
        {"facility": plant, "sampled_date": dt.date(2018, 1, 1)},
        {"facility": None, "sampled_date": ON},
    ):
        with pytest.raises(ValidationError):
            add(people, "toxic-results", substance="formaldehyde", **values)


def test_filed_quantities_are_summed_by_year_substance_and_activity(people):
    for code, quantity, year in (
        (city.PLANT, 1.5, 2025),
        (city.OTHER_PLANT, 2.0, 2025),
        (city.PLANT, 9.0, 2024),
    ):
        plant = Facility.objects.get(code=code)
        add(
            people,
            "ods-filings",
            facility=plant,
            year=year,
            substance="HCFC-22",
            activity="use",
            quantity=quantity,
        )
    found = queries.ods_totals(user=people["department"], on=ON)
    assert [(row["year"], row["total"], row["count"]) for row in found] == [(2025, 3.5, 2), (2024, 9.0, 1)]


def test_the_mean_wind_is_of_vectors():
    wind = rules.mean_wind(np.array([2.0, 2.0, np.nan]), np.array([350.0, 10.0, 90.0]))
    assert wind.direction == pytest.approx(0, abs=1e-9) or wind.direction == pytest.approx(360)
    assert wind.speed == pytest.approx(2 * np.cos(np.radians(10)))
    assert rules.mean_wind(np.array([np.nan]), np.array([1.0])) is None


@given(st.floats(120, 130), st.floats(40, 46), st.floats(-0.5, 0.5), st.floats(-0.5, 0.5))
def test_distance_is_the_same_both_ways_and_bearings_are_angles(lon, lat, east, north):
    there = rules.away(lon, lat, np.array([lon + east]), np.array([lat + north]))
    back = rules.away(lon + east, lat + north, np.array([lon]), np.array([lat]))
    assert there[0][0] == pytest.approx(back[0][0]) and 0 <= there[1][0] <= 360


def test_upwind_sources_come_first_and_without_wind_the_nearest():
    sources = [(126.52, 43.5), (126.46, 43.5), (126.9, 43.5)]
    west = rules.Wind(3.0, 270.0)

    def order(wind):
        found = rules.candidates(longitude=126.5, latitude=43.5, sources=sources, wind=wind, on=ON)
        return [(item.index, item.upwind) for item in found]

    assert order(west) == [(1, True), (0, False)]
    assert order(None) == [(0, None), (1, None)]
    assert order(rules.Wind(0.4, 270.0)) == [(0, None), (1, None)]
    assert rules.candidates(longitude=126.5, latitude=43.5, sources=[], wind=west, on=ON) == []


def test_a_monitor_of_an_odour_source_over_the_limit_is_a_case_at_the_source(people, properties):
    add(
        people,
        "odour-sources",
        name_zh="污泥间",
        station_code="A1",
        longitude=126.7,
        latitude=43.5,
        smell="臭鸡蛋",
    )
    town_module.put("A1", "a21028", "avg", [city.AT - 2 * HOUR, city.AT - HOUR], [0.11, 0.02])
    assert [services.watch_odour(now=city.AT) for _ in range(2)] == [1, 0]
    finding = Finding.objects.get(kind="sources.odour_over")
    assert finding.case.grid_cell.code == "220202-02" and finding.ended_at is not None
    assert finding.title_zh == "恶臭监测超标：污泥间 硫化氢 0.11 > 0.06 mg/m³"
    assert "GB 14554" in finding.evidence[0]["clause"]
    found = queries.odour_monitors(sources=models.OdourSource.objects.all(), at=city.AT, on=ON)
    assert [item.value for item in found.values()] == [0.11]


# Transport


def test_transport_tells_the_clean_share_and_who_let_a_high_emitter_in(people):
    plant = Facility.objects.get(code=city.PLANT)
    road = {"facility": plant, "mode": "road", "fuel": "diesel", "plate": "吉B演0001"}
    add(people, "high-emitters", plate="吉B演0001", reason="遥感", listed_date=ON - dt.timedelta(days=3))
    add(people, "transport", **road, stage="4", tons=30, passed_at=city.AT - HOUR)
    add(people, "transport", **{**road, "plate": "吉B演0002"}, stage="6", tons=10, passed_at=city.AT - HOUR)
    add(people, "transport", facility=plant, mode="rail", tons=60, passed_at=city.AT - HOUR)
    # Before it was listed it was a truck like any other.
    add(people, "transport", **road, stage="4", tons=0, passed_at=city.AT - dt.timedelta(days=5))
    ((where, share),) = queries.clean_transport(user=people["department"], on=ON)
    assert (where, share.done, share.whole, share.percent) == (plant, 70, 100, 70)
    assert [services.watch_gates(now=city.AT) for _ in range(2)] == [1, 0]
    finding = Finding.objects.get(kind="sources.emitter_entered")
    assert finding.facility == plant and "吉B演0001" in finding.case.title_zh
    assert "清洁运输比例" in page(people).content.decode()
    for wrong in ({"facility": None}, {"plate": ""}):
        with pytest.raises(ValidationError):
            add(people, "transport", **{**road, "stage": "4", "tons": 1, "passed_at": city.AT, **wrong})


def test_an_odour_complaint_lists_the_sources_near_it_by_the_wind_before_it(people, properties):
    where = {"longitude": 126.3, "latitude": 43.5, "valid_from_date": "2020-01-01"}
    rows = [city.named("MET", "气象站", kind="weather", **where)]
    assert registry.import_register("stations", rows, actor=None, at=city.AT).errors == ()
    for code, value in (("a01007", 2.0), ("a01008", 270.0)):
        town_module.put("MET", code, "avg", [city.AT - HOUR], [value])
    for name, longitude in (("东厂", 126.22), ("西厂", 126.15), ("远厂", 126.6)):
        add(people, "odour-sources", name_zh=name, longitude=longitude, latitude=43.5)
    assert "还没有异味投诉" in page(people, "odour").content.decode()
    complaint, _code = participation.complain(
        kind="air", text="有臭味", longitude=126.2, latitude=43.5, address="10.0.0.1", at=city.AT
    )
    case = complaint.case
    listed = page(people, "odour").content.decode()
    assert case.number in listed
    told = page(people, "odour_case", args=[case.number]).content.decode()
    assert told.index("西厂") < told.index("东厂") and "远厂" not in told and "270°" in told
    assert page(people, "odour_case", who="system", args=[case.number]).status_code in (302, 403)
    assert page(people, "odour_case", args=["X"]).status_code == 404


# The page


def test_the_overview_says_what_is_empty_and_which_rules_are_ours(people):
    empty = page(people).content.decode()
    for text in ("还没有扬尘超标事件", "还没有已判定的煤样", "还没有备案", "还没有专项行动", "未经核实"):
        assert text in empty
    assert empty.count("0 / 0") == 10
    english = page(people, language="en").content.decode()
    assert "Computed shares" in english and "扬尘" not in english.split("<main", 1)[-1].split("依据")[0]


def test_the_overview_shows_each_share_with_its_counts_its_formula_and_the_way_to_its_rows(people):
    add(people, "catering", name_zh="大饭店", stoves=8, purifier=True)
    add(people, "catering", name_zh="缺装饭店", stoves=4)
    shown = page(people).content.decode()
    assert "50.0 %" in shown and "1 / 2" in shown and "缺装饭店" in shown
    assert "÷ 大、中型单位" in shown and "/records/catering/?purifier=false" in shown
    client = Client()
    client.force_login(people["department"])
    rows = client.get("/records/catering/?purifier=false").content.decode()
    assert "缺装饭店" in rows and "大饭店" not in rows


def test_a_county_sees_its_own_rows_only(people):
    for code, name in (("220202", "本区"), ("220203", "邻区")):
        add(people, "catering", name_zh=name, stoves=8, region=Region.objects.get(code=code))
    shown = page(people, who="inspector").content.decode()
    assert "本区" in shown and "邻区" not in shown
    assert page(people, who="enterprise").status_code == 403
