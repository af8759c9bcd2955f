"""Where the numbers of targets come from: registers, reviewed reports, the cities of the province."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries as ledgers
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.plan import queries, rules, services
from jiangcheng.modules.water import services as water
from modules.test_plan import record

ON = city.ON
SETTINGS = rules.in_force("forecast", ON)
TARGETS = {target.id: target for target in rules.targets(ON)}
GOOD, PM25 = TARGETS["city_good_air_days_ratio_2027"], TARGETS["city_pm25_annual_2027"]


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def add(people, register, **values):
    return records.create(register=register, values=values, actor=people["department"], at=city.AT)


def act(people, row, action, who, **more):
    return records.act(record=row, action=action, actor=people[who], now=city.AT, **more)


def state(code):
    return {row["id"]: row for row in services.status(on=ON)}[code]


def test_every_binding_names_a_target_a_register_and_fields_that_exist():
    for target, binding in rules.bindings(ON).items():
        assert target in TARGETS
        assert binding.unit == TARGETS[target].unit or binding.unit == "count", target
        if binding.kind in ("indicator", "peak"):
            computed = {
                *manifests.indicators(),
                *(row["target"] for row in rules.table("rollup")[-1]["targets"]),
            }
            assert set(binding.names) <= computed, target
        names = {*binding.where, *binding.negate, *binding.of, binding.numerator, binding.denominator,
                 binding.against, *(binding.names if binding.kind == "sum" else ())}  # fmt: skip
        for code in binding.registers:
            assert code in manifests.registers(), target
            known = {field.name for field in ledgers.model_of(code)._meta.get_fields()}
            assert {name.split("__")[0] for name in names if name} <= known, target


def test_no_target_is_left_without_somebody_who_gives_its_number(people):
    rows = services.status(on=ON)
    assert len(rows) == 134
    assert [row["id"] for row in rows if row["reason_code"] in ("no_source", "room_absent")] == []
    assert all(row["reason"] for row in rows if row["value"] is None)


def computed(code, year, value, edition="", **lineage):
    indicators.record(
        computation=indicators.Computation(
            indicator=code, period=(dt.date(year, 1, 1), dt.date(year + 1, 1, 1)), edition=edition, value=value,
            unit="", formula_zh="甲", formula_en="a", clause="", lineage=lineage,
        ),
        at=city.AT,
    )  # fmt: skip


def test_what_a_room_computes_year_by_year_is_compared_with_the_year_before(people):
    for year, value in ((2022, 900.0), (2023, 980.0), (2024, 960.0), (2025, 940.0)):
        computed("climate.co2", year, value + 50, "2015")
        computed("climate.co2", year, value, "2025", rows=7)
    services.compute_indicators(on=ON, at=city.AT)
    decline = state("city_carbon_decline_2035")
    assert (decline["value"], decline["target"], decline["gap"]) == (940.0, 960.0, -20)
    assert (decline["state"], decline["date"]) == ("met", "2025-12-31")
    assert [pair[0] for pair in decline["series"]] == [2022, 2023, 2024, 2025]
    peak = state("city_carbon_peak_2030")
    assert (peak["value"], peak["state"], peak["source"]) == (1, "on_track", "climate.co2: 4 rows")
    computed("climate.co2", 2025, 990.0, "2025", rows=8)
    services.compute_indicators(on=ON, at=city.AT)
    assert state("city_carbon_peak_2030")["state"] == "at_risk"
    assert state("city_carbon_decline_2035")["gap"] == 30
    # The first year has nothing to be compared with.
    computed("waste_industrial_intensity", 2025, 0.5)
    services.compute_indicators(on=ON, at=city.AT)
    assert state("city_solid_waste_intensity_2027")["state"] == "unscored"


def test_a_quota_on_a_register_is_the_number_to_reach(people):
    county = Region.objects.get(code="220202")
    for number, (quota, farming) in enumerate(((1000, 700), (500, 450))):
        add(people, "water-quotas", year=ON.year, region=county if number else Region.objects.get(code="220203"),
            quota=quota, farming=farming, households=10, through_date=ON)  # fmt: skip
    add(people, "wetlands", name_zh="湿地", level="general", area=250.0, listed_date=dt.date(2026, 1, 1),
        outline={"type": "Polygon", "coordinates": [[[126, 43], [126.1, 43], [126.1, 43.1], [126, 43]]]})  # fmt: skip
    for depth in (9.0, 30.0):
        add(people, "wells", name_zh="井", unit_name=f"单元{depth}", year=ON.year, quota=10, abstracted=5,
            control_depth=20, depth=depth, measured_date=ON)  # fmt: skip
    water.compute_ledger_indicators(on=ON, at=city.AT)
    services.compute_indicators(on=ON, at=city.AT)
    use = state("city_water_use_totals")
    assert (use["value"], use["target"], use["met"]) == (1170.0, 1500.0, True)
    assert state("city_groundwater_dual_control")["gap"] == 1
    assert (state("city_wetland_total_control")["value"], state("city_wetland_total_control")["state"]) == (
        2.5, "unscored",
    )  # fmt: skip
    assert state("city_general_wetland_list_2027")["met"] is True
    assert state("city_soil_key_unit_list_annual")["reason_code"] == "register_empty"


def test_problems_in_reserves_count_with_those_on_rivers(people):
    late, early = city.AT - dt.timedelta(days=3), city.AT + dt.timedelta(days=3)
    for due in (late, early):
        add(people, "green-shield", reserve="保护区", function_zone="core", problem=f"采石 {due}", source="遥感",
            found_date=ON, due_at=due)  # fmt: skip
    services.compute_indicators(on=ON, at=city.AT)
    found = state("city_encroachment_issues_zero")
    assert (found["value"], found["met"]) == (1, False)
    page = Client()
    page.force_login(people["department"])
    text = page.get(reverse("plan:target", args=["city_encroachment_issues_zero"])).content.decode()
    assert "计入 1，范围内 2" in text
    assert reverse("records:green-shield") in text and reverse("records:four-chaos") in text


def test_a_target_is_missed_only_when_its_year_is_over(people):
    target = TARGETS["city_tree_cover_2027"]
    for year, value in ((2023, 50.0), (2024, 50.8), (2025, 51.7)):
        computed(target.id, year, value)
    assert state(target.id)["state"] in ("on_track", "at_risk")
    assert state(target.id)["state_en"].startswith("not due yet")
    later = {item.target.id: item for item in queries.standings(on=dt.date(2028, 1, 1))}
    assert later[target.id].state == "missed"
    computed("city_forest_coverage_2027", 2025, 52.0)
    assert state("city_forest_coverage_2027")["state"] == "open"
    # One number serves both years of a quantity.
    computed("city_nev_bus_share_2027", 2025, 75.0)
    assert (state("city_nev_bus_share_2027")["state"], state("city_nev_bus_share_2035")["state"]) == (
        "met",
        "open",
    )


def test_targets_follow_from_the_registers_of_other_rooms(people):
    assert state("city_catering_fume_purifier")["reason_code"] == "register_empty"
    for number, (stoves, purifier) in enumerate(((10, True), (10, True), (9, False), (1, False))):
        add(people, "catering", name_zh=f"店{number}", stoves=stoves, purifier=purifier)
    for number, size in enumerate(("large", "large", "medium")):
        mine = add(people, "green-mines", name_zh=f"矿{number}", mineral="石灰岩", size=size)
        if number != 1:
            act(people, mine, "apply", "department", text="申报")
            with pytest.raises(Refused):
                act(people, mine, "list", "department", text="入库")
            act(people, mine, "list", "verifier", text="入库")
    services.compute_indicators(on=ON, at=city.AT)
    catering = state("city_catering_fume_purifier")
    assert (catering["value"], catering["state"], catering["gap"]) == (66.67, "open", 33.33)
    assert catering["source"] == "catering: 3 rows"
    assert state("city_green_mines_large_2028")["value"] == 50
    assert state("city_green_mines_medium_2028")["met"] is True
    assert state("city_mobile_app_2035")["value"] == 1
    assert 0 < state("city_platform_modules_2027")["value"] <= 10
    row = IndicatorValue.objects.get(indicator="city_catering_fume_purifier")
    assert row.lineage["intermediates"] == {"matched": 2, "total": 3}
    client = Client()
    client.force_login(people["leader"])
    lineage = client.get(reverse("indicators:lineage", args=[row.indicator])).content.decode()
    assert reverse("records:catering") in lineage
    asked = client.get(reverse("plan:target", args=[row.indicator]), {"if": "1"})
    assert asked.context["what_if"]["answers"] == [("register", {"value": 100.0, "gap": 0.0})]


def test_a_target_follows_the_number_another_room_computes(people):
    code = "city_polluted_farmland_safe_use_2027"
    assert state(code)["reason_code"] == "too_little_data"
    told = indicators.Computation(
        indicator="soil.safe_use",
        period=(dt.date(ON.year, 1, 1), dt.date(ON.year + 1, 1, 1)),
        edition="",
        value=96.4,
        unit="%",
        formula_zh="安全利用 ÷ 受污染",
        formula_en="safe ÷ polluted",
        clause="",
        lineage={"rows": 7},
    )
    indicators.record(computation=told, at=city.AT)
    services.compute_indicators(on=ON, at=city.AT)
    assert (state(code)["value"], state(code)["met"]) == (96.4, True)
    row = IndicatorValue.objects.get(indicator=code)
    assert row.lineage["url"] == reverse("indicators:lineage", args=["soil.safe_use"])


def test_a_reported_value_counts_after_another_person_has_looked_at_its_evidence(people):
    code = "city_rail_freight_share_2027"
    client = Client()
    client.force_login(people["department"])
    address = reverse("plan:report", args=[code])
    given_ = {"value": "41.5", "through_date": "2025-12-31", "unit_code": "transport", "document": "统计年鉴"}
    refused = client.post(address, given_)
    assert refused.status_code == 422
    assert "file" in refused.context["form"].errors
    assert client.post(address, {**given_, "file": city.photo()}).status_code == 302
    assert state(code)["reason_code"] == "in_review"
    first = ledgers.rows(register="plan-reports").get()
    with pytest.raises(Refused):
        act(people, first, "accept", "department")
    act(people, first, "accept", "verifier")
    now = state(code)
    assert (now["value"], now["date"], now["state"], now["source"]) == (
        41.5,
        "2025-12-31",
        "open",
        "市交通运输局",
    )
    assert client.post(address, {**given_, "value": "42", "file": city.photo()}).status_code == 302
    second = ledgers.rows(register="plan-reports").exclude(pk=first.pk).get()
    assert second.revises == first.number
    act(people, second, "accept", "verifier")
    first.refresh_from_db()
    assert (state(code)["value"], first.state) == (42, "replaced")
    assert IndicatorValue.objects.filter(indicator=code).count() == 2
    bare = add(people, "plan-reports", target=code, year=2024, value=40, through_date=dt.date(2024, 12, 31),
               unit_code="transport", document="口径")  # fmt: skip
    with pytest.raises(Refused):
        act(people, bare, "submit", "department", text="没有附件")
    assert client.get(reverse("plan:target", args=[code])).status_code == 200
    client.force_login(people["leader"])
    assert client.get(address).status_code == 403


def test_a_province_has_a_number_only_when_no_city_is_missing(people):
    code, own = "prov_inferior_class5_2027", "city_inferior_class5_sections_2027"
    cities = [row["code"] for row in rules.in_force("rollup", ON)["cities"]]
    for number, area in enumerate(cities[:-1]):
        add(people, "city-values", city_code=area, target=own, year=2026, value=number % 2, document="来函")
    services.compute_indicators(on=ON, at=city.AT)
    assert state(code)["reason_code"] == "cities_missing"
    client = Client()
    client.force_login(people["leader"])
    page = client.get(reverse("plan:province"))
    row = next(item for item in page.context["rows"] if item["row"].target.id == code)
    assert row["missing"] == ["梅河口市"]
    assert [place.rank for place, _name in row["cities"]] == [1] * 5 + [6] * 4
    add(people, "city-values", city_code=cities[-1], target=own, year=2026, value=0, document="来函")
    services.compute_indicators(on=ON, at=city.AT)
    assert state(code)["value"] == 4
    assert state(code)["state"] == "open"


def test_a_weighted_mean_needs_weights():
    cities = ("a", "b", "c")
    rolled = rules.roll_up("weighted", cities, {"a": 90.0, "b": 60.0, "c": 10.0}, {"a": 2.0, "b": 1.0})
    assert (rolled.value, rolled.present, rolled.missing) == (80.0, ("a", "b"), ("c",))
    assert rules.roll_up("sum", cities, {}, {}).value is None


@given(good=st.integers(60, 300), left=st.integers(0, 65))
def test_the_year_ends_between_nothing_and_everything_of_the_rest_good(good, left):
    counted = {"good_days": good, "valid_days": 300, "days_left": left}
    found = rules.year_end(GOOD, counted, 2026, SETTINGS)
    least, most = 100 * good / (300 + left), 100 * (good + left) / (300 + left)
    assert least - 0.01 <= found.low <= found.value <= found.high <= most + 0.01


def test_the_mean_of_the_year_is_surer_the_fewer_days_remain():
    widths = []
    for left in (300, 100, 10, 0):
        counted = {"mean": 31.0, "deviation": 15.0, "valid_days": 365 - left, "days_left": left}
        if found := rules.year_end(PM25, counted, 2026, SETTINGS):
            widths.append(found.high - found.low)
            assert found.value == 31.0
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] == 0
    assert rules.year_end(PM25, {"mean": 31.0, "valid_days": 20, "days_left": 345}, 2026, SETTINGS) is None


def test_a_line_through_the_years_is_found_again_and_two_years_make_none():
    found = rules.trend([(2023, 40.0), (2024, 42.0), (2025, 44.0)], 2027, SETTINGS)
    assert (found.value, found.low, found.high) == (48.0, 48.0, 48.0)
    assert rules.outlook(TARGETS["city_rail_freight_share_2027"], found) == "lost"
    assert rules.trend([(2024, 42.0), (2025, 44.0)], 2027, SETTINGS) is None
    wide = rules.trend([(2023, 40.0), (2024, 47.0), (2025, 44.0)], 2027, SETTINGS)
    assert wide.low < wide.value < wide.high


def test_what_if_answers_in_the_unit_of_the_target():
    counted = {"good_days": 301, "valid_days": 324, "days_left": 41}
    assert rules.what_if(GOOD, counted, 13)["gap"] <= 0 < rules.what_if(GOOD, counted, 14)["gap"]
    assert rules.what_if(PM25, {"mean": 30.0, "valid_days": 300, "days_left": 65}, 30.0)["value"] == 30.0
    assert rules.what_if(PM25, {}, 3) == {}


def test_the_way_to_the_targets_is_even_between_what_is_known():
    assert rules.path({2027: 30.0, 2035: 28.0}, (2023, 34.0), range(2022, 2037)) == {
        **{2023 + n: 34.0 - n for n in range(5)},
        **{2027 + n: 30.0 - n / 4 for n in range(1, 9)},
    }


def test_both_editions_and_the_ambiguity_are_on_the_page_of_a_target(people):
    record(92.9, "HJ 633-2012", good_days=301, valid_days=324, days_left=41)
    record(86.4, "HJ 633-2026", good_days=280, valid_days=324, days_left=41)
    client = Client()
    client.force_login(people["leader"])
    page = client.get(reverse("plan:target", args=[GOOD.id]), {"if": "3"})
    text = page.content.decode()
    for words in (
        "HJ 633-2012",
        "HJ 633-2026",
        "92.9",
        "已超出 8 天",
        "空气优良天数比例达到90%以上",
        GOOD.note_zh,
    ):
        assert words in text, words
    assert len(page.context["what_if"]["answers"]) == 2
    assert queries.standing(target_id=GOOD.id, on=ON).outlook == "lost"
    assert client.get(reverse("plan:target", args=["nothing"])).status_code == 404


def test_what_is_measured_goes_before_what_somebody_reports_and_both_are_shown(people):
    record(92.9, "HJ 633-2012", good_days=301, valid_days=324, days_left=41)
    record(86.4, "HJ 633-2026", good_days=280, valid_days=324, days_left=41)
    row = add(people, "plan-reports", target=GOOD.id, year=2026, value=95, through_date=dt.date(2026, 10, 31),
              unit_code="see", document="快报")  # fmt: skip
    proof = registry.store_evidence(file=city.photo(), actor=people["department"], at=city.AT)
    act(people, row, "submit", "department", text="快报", evidence=[proof])
    act(people, row, "accept", "verifier")
    found = state(GOOD.id)
    assert (found["value"], found["state"]) == (86.4, "at_risk")
    assert [item["edition"] for item in found["editions"]] == ["reported", "HJ 633-2012", "HJ 633-2026"]


def test_sources_and_base_flows_of_the_water_room_are_targets_of_the_plan(people):
    source = add(people, "drinking-sources", name_zh="水源", kind="river", level="city", in_use=True)
    water.compute_ledger_indicators(on=ON, at=city.AT)
    assert state("city_drinking_source_compliance")["value"] == 0
    assert state("city_ecological_base_flow_rate")["reason_code"] == "too_little_data"
    items = [code for code, _label in ledgers.model_of("source-checks")._meta.get_field("item").flatchoices]
    for item in items:
        add(people, "source-checks", source_number=source.number, item=item, answer="met", checked_date=ON)
    water.compute_ledger_indicators(on=ON, at=city.AT)
    found = state("city_drinking_source_compliance")
    assert (found["value"], found["state"], found["source"]) == (100, "met", "drinking-sources: 1 rows")
