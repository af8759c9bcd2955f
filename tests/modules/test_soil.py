"""Soil: verdicts by the standard of the day, plots that block a change of use, lists by year, rates and gains."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility
from jiangcheng.demo import soil as demo
from jiangcheng.methods import outlines
from jiangcheng.modules.soil import queries, rules, services
from jiangcheng.modules.soil.models import SoilDuty, SoilPlot
from jiangcheng.standards import lookup, periods

ON = dt.date(2026, 6, 1)


def judged(item, use, value, ph=None, on=ON):
    return rules.judge(item=item, use=use, value=value, ph=ph, on=on).code


@pytest.mark.parametrize(
    ("item", "use", "value", "ph", "code"),
    [
        ("as", "class1", 20.0, None, "below"), ("as", "class1", 20.01, None, "between"),
        ("as", "class1", 120.0, None, "between"), ("as", "class1", 120.5, None, "above"),
        ("as", "class2", 60.0, None, "below"), ("benzene", "class2", 41.0, None, "above"),
        ("cd", "paddy", 0.4, 6.5, "below"), ("cd", "paddy", 0.4, 5.5, "between"),
        ("cd", "other", 0.31, 6.0, "between"), ("cd", "other", 0.6, 7.6, "below"),
        ("as", "other", 25.0, 7.6, "below"), ("cu", "orchard", 150.0, 5.0, "below"),
        ("cu", "paddy", 51.0, 5.0, "between"), ("cu", "paddy", 9999.0, 5.0, "between"),
        ("pb", "rotation", 75.0, 5.0, "between"), ("cd", "paddy", 0.4, None, "unknown"),
        ("benzene", "paddy", 1.0, 6.0, "unknown"),
    ],
)  # fmt: skip
def test_a_sample_is_judged_by_its_use_and_ph(item, use, value, ph, code):
    assert judged(item, use, value, ph) == code


def test_before_the_standards_were_in_force_nothing_is_judged_and_recollected_limits_say_so():
    assert judged("as", "class1", 500.0, on=dt.date(2018, 7, 31)) == "unknown"
    assert not rules.judge(item="as", use="class1", value=1.0, ph=None, on=ON).verified


@given(
    st.sampled_from(("as", "cd", "hg", "pb", "ni")), st.floats(0, 1000), st.floats(0, 1000), st.floats(3, 10)
)
def test_more_of_a_metal_is_never_judged_better(item, one, other, ph):
    order = ("below", "between", "above")
    for use in rules.STANDARDS:
        low, high = (order.index(judged(item, use, value, ph)) for value in sorted((one, other)))
        assert low <= high


def field(category, pollution, measure, sound, area):
    return rules.Field(category, pollution, measure, sound, area)


def test_safe_use_counts_what_is_protected_used_safely_with_sound_products_or_controlled():
    found = rules.safe_use([
        field("priority", "none", "protect", None, 1000.0), field("priority", "light", "protect", None, 10.0),
        field("safe", "light", "safe_use", True, 20.0), field("safe", "medium", "repair", False, 5.0),
        field("safe", "medium", "safe_use", None, 7.0), field("strict", "heavy", "strict", None, 8.0),
        field("strict", "heavy", "none", None, 50.0),
    ])  # fmt: skip
    assert (found.polluted, found.safe, found.unproven) == (100.0, 38.0, 7.0)
    assert found.percent == pytest.approx(38.0)
    assert rules.safe_use([field("priority", "none", "none", None, 3.0)]).percent is None


def test_organic_matter_is_gained_only_where_it_was_measured_twice():
    assert rules.gain([("before", 20.0), ("before", 22.0), ("after", 23.0)]).gain == pytest.approx(2.0)
    assert rules.gain([("before", 20.0)]).gain is None
    assert rules.weighted([(100.0, 2.0), (300.0, 1.0), (50.0, None)]) == pytest.approx(1.25)
    assert rules.weighted([(10.0, None)]) is None


def test_plots_are_the_same_land_by_code_or_by_where_they_lie():
    square = city.square(126.6, 43.5, 126.61, 43.51)
    listed = rules.Plot("A", square, None, None)
    assert rules.same_land(rules.Plot("A", None, None, None), listed)
    assert rules.same_land(rules.Plot("B", None, 126.605, 43.505), listed)
    assert rules.same_land(listed, rules.Plot("", city.square(126.605, 43.5, 126.62, 43.51), None, None))
    assert not rules.same_land(rules.Plot("B", city.square(126.61, 43.5, 126.62, 43.51), None, None), listed)
    assert not rules.same_land(rules.Plot("B", None, 126.7, 43.5), rules.Plot("C", None, 126.7, 43.5))


def test_an_outline_has_its_area_and_a_line_its_length():
    degree = outlines.parsed(city.square(126, 43, 127, 44))
    assert outlines.hectares(degree) == pytest.approx(8.98e5, rel=5e-3)
    line = outlines.parsed({"type": "LineString", "coordinates": [[126, 43], [126, 44]]}, outlines.LINES)
    assert outlines.kilometres(line) == pytest.approx(111.2, abs=0.1)
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    for wrong in (bow, {"type": "Point", "coordinates": [1, 2]}, "text", None, {"type": "Polygon"}, 7):
        with pytest.raises(ValueError, match="not"):
            outlines.parsed(wrong)


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def client(people, who="department"):
    found = Client()
    found.force_login(people[who])
    return found


def add(people, register, at=city.AT, **values):
    return records.create(register=register, values=values, actor=people["department"], at=at)


def act(people, row, action, who="department", at=city.AT, **more):
    return records.act(record=row, action=action, actor=people[who], now=at, **more).to_state


def test_a_plot_on_the_list_blocks_the_change_of_its_use_until_it_has_left(people):
    plot = add(
        people, "soil-plots", plot_code="P-1", name_zh="老厂", outline=city.square(126.6, 43.5, 126.61, 43.51)
    )
    values = {"name_zh": "新城", "old_use": "industrial", "new_use": "commercial", "filed_date": ON}
    change = add(people, "land-use-changes", longitude=126.605, latitude=43.505, **values)
    with pytest.raises(Refused, match="permission"):
        act(people, plot, "enter", text="列入")
    act(people, plot, "enter", who="verifier", text="第一批名录")
    with pytest.raises(Refused, match=plot.number):
        act(people, change, "approve", who="verifier")
    assert (
        client(people)
        .get(reverse("soil:where"), {"longitude": 126.605, "latitude": 43.505})
        .content.decode()
        .count("移出前不得变更用途")
        == 1
    )
    act(people, plot, "treat", text="修复")
    act(people, plot, "evaluate", text="效果评估报告")
    with pytest.raises(Refused):
        act(people, change, "approve", who="verifier")
    act(people, plot, "remove", who="verifier", text="达到目标")
    plot.refresh_from_db()
    assert (plot.entered_date, plot.left_date) == (city.ON, city.ON)
    assert act(people, change, "approve", who="verifier") == "approved"
    page = client(people).get(reverse("soil:overview")).content.decode()
    assert "第一批名录" in page
    assert "达到目标" in page
    with pytest.raises(ValidationError, match="至少填写一项"):
        add(people, "land-use-changes", **values)


def test_a_change_to_dwellings_without_a_survey_is_a_case_until_it_is_surveyed(people):
    values = {"old_use": "industrial", "filed_date": ON, "longitude": 126.7, "latitude": 43.5}
    change = add(people, "land-use-changes", name_zh="住宅", new_use="residential", **values)
    add(people, "land-use-changes", name_zh="仓库", new_use="storage", **values)
    add(people, "land-use-changes", name_zh="学校", new_use="public", survey_date=ON, **values)
    finding = Finding.objects.get(kind="soil.use_change")
    assert finding.case.number
    assert "住宅" in finding.title_zh
    with pytest.raises(Refused, match="调查"):
        act(people, change, "approve", who="verifier")
    assert services.watch_changes(now=city.AT) == 1
    assert "住宅" in client(people).get(reverse("soil:overview")).content.decode()
    records.change(
        record=change, values={"survey_date": ON}, actor=people["department"], at=city.AT, reason="补"
    )
    assert services.watch_changes(now=city.AT + dt.timedelta(hours=1)) == 0
    assert Finding.objects.get(kind="soil.use_change").ended_at is not None
    assert act(people, change, "approve", who="verifier") == "approved"


def test_the_list_of_a_year_is_compared_gives_duties_once_and_is_monitored(people):
    one, two = (Facility.objects.get(code=code) for code in (city.PLANT, city.OTHER_PLANT))
    add(people, "soil-key-units", year=2025, facility=one, reason="冶炼")
    page = client(people).get(reverse("soil:key_units")).content.decode()
    assert "没有上年名录" in page
    add(people, "soil-key-units", year=2026, facility=two, reason="化工")
    assert services.generate_duties(year=2026, actor=None, now=city.AT) == 4
    answer = client(people).post(reverse("soil:give_duties"), {"year": 2026}, follow=True).content.decode()
    assert "已生成 0 项义务" in answer
    terms = {row.duty: row.due_at.astimezone(periods.BEIJING).date() for row in SoilDuty.objects.all()}
    assert terms["monitoring"] == dt.date(2026, 11, 30)
    assert terms["monitoring_plan"] == city.ON + dt.timedelta(days=30), (
        "past when it was given: days of grace"
    )
    assert client(people, "duty").post(reverse("soil:give_duties"), {"year": 2026}).status_code == 403
    soil = {"facility": two, "point": "S1", "sampled_date": ON}
    add(people, "perimeter-samples", medium="soil", **soil)
    assert queries.coverage(year=2026, user=None, on=city.ON).percent == 0
    add(people, "perimeter-samples", medium="groundwater", **soil)
    assert queries.coverage(year=2026, user=None, on=city.ON).percent == 100
    page = client(people).get(reverse("soil:key_units"), {"year": 2026}).content.decode()
    assert "新增" in page
    assert "甲厂" in page.split("调出")[1].split("保留")[0]
    with pytest.raises(ValidationError, match="请选择企业"):
        add(people, "soil-key-units", year=2026, reason="无")
    add(people, "groundwater-key-units", year=2026, facility=one, reason="化工")
    add(people, "groundwater-key-units", year=2026, facility=two, reason="化工", in_permit="yes")
    _year, found = queries.unpermitted(user=people["department"], on=city.ON)
    assert [(item.unit.facility.code, item.why) for item in found] == [
        (city.PLANT, "unknown"), (city.OTHER_PLANT, "no_permit")
    ]  # fmt: skip
    services.compute_indicators(on=city.ON, at=city.AT)
    assert IndicatorValue.objects.get(indicator="soil.perimeter_coverage").value == 100


def test_a_point_tells_the_zone_in_force_and_its_rule(people):
    values = {"kind": "control_1", "outline": city.square(126.6, 43.4, 126.8, 43.6)}
    add(people, "groundwater-zones", name_zh="旧区", valid_from_date=dt.date(2020, 1, 1),
        valid_to_date=dt.date(2026, 1, 1), **values)  # fmt: skip
    add(people, "groundwater-zones", name_zh="新区", valid_from_date=dt.date(2026, 1, 1), **values)
    address = reverse("soil:where")
    page = client(people).get(address, {"longitude": 126.7, "latitude": 43.5}).content.decode()
    assert "新区（管控类区域（一级））" in page
    assert "防渗改造" in page
    assert "旧区" not in page
    assert "不在现行" in client(people).get(address, {"longitude": 127.5, "latitude": 43.5}).content.decode()
    assert (
        "请填写经度和纬度"
        in client(people).get(address, {"longitude": "nan", "latitude": "1"}).content.decode()
    )
    assert len(client(people).get(reverse("soil:zones_layer")).json()["features"]) == 1
    with pytest.raises(ValidationError, match="GeoJSON"):
        add(
            people,
            "groundwater-zones",
            name_zh="坏",
            valid_from_date=ON,
            kind="control_1",
            outline={"type": "x"},
        )


def test_the_demo_fills_every_page_quickly_and_only_once(people, django_assert_max_num_queries):
    Facility.objects.update(synthetic=True)
    demo.furnish(now=city.AT, progress=lambda share, what: None)
    assert SoilPlot.objects.get(plot_code="2202-DEMO-003").state == "removed"
    count = SoilPlot.objects.count()
    demo.furnish(now=city.AT, progress=lambda share, what: None)
    assert SoilPlot.objects.count() == count
    services.compute_indicators(on=city.ON, at=city.AT)
    assert IndicatorValue.objects.get(indicator="soil.black_land_gain").value == pytest.approx(1.1)
    assert IndicatorValue.objects.get(indicator="soil.safe_use").value == pytest.approx(100 * 194 / 206)
    viewer = client(people)
    for name in ("soil:overview", "soil:key_units", "soil:where", "soil:zones_layer", "soil:plots_layer"):
        with django_assert_max_num_queries(60):
            assert viewer.get(reverse(name)).status_code == 200
    english = viewer.get(reverse("soil:overview"), headers={"accept-language": "en"}).content.decode()
    assert "Soil and groundwater" in english


def test_every_item_of_the_standard_for_land_that_is_built_on_is_judged():
    names = {item["code"] for item in rules.in_force("items", ON)["items"]}
    rows = lookup.rows("GB36600", ON)
    clauses = {row.clause for row in rows}
    assert clauses == {
        f"表{part} 第{place + 1}项" for part, most in ((1, 45), (2, 40)) for place in range(most)
    }
    assert len(rows) == 4 * 85
    assert {row.parameter for row in rows} <= names
    assert {row.verified for row in rows} == {"secondary"}
    for item in {row.parameter for row in rows}:
        low, high = (
            rules.judge(item=item, use=use, value=0.0, ph=None, on=ON) for use in ("class1", "class2")
        )
        assert low.screening <= high.screening
        assert low.control >= low.screening
        assert high.control >= high.screening
    dioxins = rules.judge(item="dioxins", use="class2", value=5e-5, ph=None, on=ON)
    assert (dioxins.code, dioxins.screening, dioxins.control) == ("between", 4e-5, 4e-4)
    assert not rules.limits_read(ON)
