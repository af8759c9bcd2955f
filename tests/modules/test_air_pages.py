"""The room's pages: what they say, to whom, and what they say when there is nothing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, ObservedProperty, Station
from jiangcheng.modules.air import queries, rules, services
from jiangcheng.modules.air.models import HeavyWarning
from jiangcheng.modules.air.queries import reports
from jiangcheng.standards import periods

PAGES = ("overview", "ranking", "calendar", "forecasts", "warnings", "components")
DAYS = 130
CLEAN = {"so2": 8.0, "no2": 20.0, "pm10": 50.0, "pm25": 25.0, "co": 0.6, "o3_mda8": 80.0}


def person(name, role, **where):
    user = access.create_user(username=name, password=city.PASSWORD, display_name=name, at=city.AT)
    access.assign_role(user=user, role=role, on=dt.date(2026, 1, 1), at=city.AT, **where)
    return user


def browser(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def desk(town, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    town.duty, town.leader = person("duty", "duty_officer"), person("leader", "leader")
    town.page = browser(town.duty)
    return town


def fill(area, scale=1.0):
    """Store derived days of an area up to yesterday."""
    generator = np.random.default_rng(1)
    today = np.datetime64(timezone.localdate())
    calendar = np.arange(today - DAYS, today)
    course = scale * np.exp(generator.normal(0, 0.2, DAYS))
    values = {code: level * course for code, level in CLEAN.items()}
    by_column = {name: values[code] for code, name in reports.COLUMNS.items()}
    for edition in ("2012", "2026"):
        values[f"aqi_{edition}"] = rules.aqi_daily(by_column, edition=edition).aqi.astype(float)
    values["aqi"] = values["aqi_2026"]
    starts = np.array([periods.day_bounds(day)[0] for day in calendar.tolist()])
    for code, column in values.items():
        key = ObservedProperty.objects.get(code=code, medium="derived").pk
        batch = store.Batch.of(
            granularity=int(store.Granularity.DAY), start=starts, station=Station.objects.get(code=area).pk,
            property=key, value=np.round(column, 4),
        )  # fmt: skip
        store.append(batch, source="test", received_at=timezone.now())


def text(client, name, *arguments, **query):
    answer = client.get(reverse(f"air:{name}", args=arguments), query)
    assert answer.status_code == 200, (name, answer.status_code)
    return answer.content.decode()


def in_english(client):
    client.cookies["django_language"] = "en"
    return client


@pytest.mark.parametrize("name", PAGES)
def test_an_empty_city_says_so_on_every_page(desk, name):
    assert "Traceback" not in text(desk.page, name)


def test_who_may_not_see_the_air_sees_no_page(desk):
    stranger = browser(person("system", "system_admin"))
    for name in PAGES:
        assert stranger.get(reverse(f"air:{name}")).status_code == 403, name
    assert desk.page.post(reverse("air:propose")).status_code == 302
    watcher = browser(person("verifier", "verifier"))
    assert watcher.post(reverse("air:propose")).status_code == 403


def test_the_ranking_orders_areas_and_marks_what_is_not_verified(desk):
    fill("220200")
    fill("220202", scale=1.5)
    today = timezone.localdate()
    rows = reports.ranking(
        areas=list(Station.objects.filter(kind="area")),
        first=dt.date(today.year, 1, 1), last=today, weighting="equal", without_events=False,
    )  # fmt: skip
    assert [(row.rank, row.station.code) for row in rows] == [(0, "220200"), (1, "220202")]
    assert rows[1].composite.value == pytest.approx(1.5 * rows[0].composite.value, abs=0.02)
    page = text(desk.page, "ranking")
    assert page.index("220200") < page.index("220202")
    assert "尚未与标准文本核对" in page
    assert "全市" in page
    assert f"{rows[0].composite.value:.2f}" in page
    assert text(desk.page, "ranking", weighting="weighted", events="1")
    assert text(desk.page, "ranking", month="1999-01")
    assert text(desk.page, "ranking", month="nonsense")


def test_a_county_officer_ranks_and_sees_only_the_own_county(desk):
    fill("220200")
    fill("220202")
    officer = browser(person("county", "grid_inspector", region_code="220202"))
    assert "area=220200" not in text(officer, "ranking")
    assert "area=220202" in text(officer, "ranking")
    rows = officer.get(reverse("air:calendar_figure", args=["220200"])).json()["table"]["rows"]
    assert rows == []


def test_the_calendar_says_every_day_in_words(desk):
    fill("220200")
    answer = desk.page.get(reverse("air:calendar_figure", args=["220200"])).json()
    told = [row[2] for row in answer["table"]["rows"] if row[1] is not None]
    assert told
    assert all(one.startswith("AQI ") and one[-1] in "优良度重" for one in told)
    assert "合计" in text(desk.page, "calendar", area="220200")
    assert "Days of the months" in text(in_english(desk.page), "calendar", area="220200")


def test_the_station_shows_its_hours_and_where_the_wind_came_from(desk):
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    hours = desk.hours_of(yesterday.isoformat())
    pm25 = np.where(np.arange(24) < 12, 80.0, 20.0)
    desk.put_air("N1", hours, PM25=pm25)
    assert "附近没有风的数据" in text(desk.page, "station", "N1")
    desk.put("N2", "a01007", "avg", hours, np.where(np.arange(24) == 23, 0.1, 3.0))
    desk.put("N2", "a01008", "avg", hours, np.where(np.arange(24) < 12, 359.0, 181.0))
    days = {"first": yesterday, "last": yesterday + dt.timedelta(days=1)}
    rose = reports.rose(station=Station.objects.get(code="N1"), parameter="PM25", **days)
    assert {petal.sector: (petal.hours, petal.mean) for petal in rose.petals if petal.hours} == {
        "N": (12, 80), "S": (11, 20),
    }  # fmt: skip
    assert rose.calm.hours == 1
    assert "<svg" in text(desk.page, "station", "N1")
    figure = desk.page.get(reverse("air:profile_figure", args=["N1"])).json()
    series = {one["name"]: one["data"] for one in figure["option"]["series"]}
    assert (series["PM2.5"][0], series["PM2.5"][23]) == (80, 20)
    assert len(figure["table"]["rows"]) == 24
    assert desk.page.get(reverse("air:station", args=["nowhere"])).status_code == 404


def test_a_component_station_is_summed_up(desk):
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    hours = desk.hours_of(yesterday.isoformat())
    desk.put_air("N1", hours, PM25=60.0)
    for code, value in {
        "pm_so4": 10, "pm_no3": 20, "pm_nh4": 8, "pm_oc": 10, "pm_ec": 2, "voc_toluene": 5, "voc_ethylene": 8,
    }.items():  # fmt: skip
        desk.put("N1", code, "avg", hours, np.full(24, float(value)))
    found = reports.components(
        station=Station.objects.get(code="N1"), first=yesterday, last=yesterday + dt.timedelta(days=1)
    )
    assert found.ratio == pytest.approx(56 / 60)
    assert found.plausible_percent == 100
    assert [row.code for row, _value in found.ozone] == ["voc_ethylene", "voc_toluene"]
    page = text(desk.page, "components")
    assert "0.93" in page
    assert "乙烯" in page


def test_from_the_forecast_page_to_a_proposed_warning(desk):
    fill("220200", scale=7.0)
    run = services.issue(area=queries.city_area(), now=timezone.now())
    page = text(desk.page, "forecasts")
    assert run.inputs["sha256"][:12] in page
    records.create(
        register="air-measures",
        values={"facility": Facility.objects.get(code=city.PLANT), "level": "red", "text": "停产",
                "reduction_percent": 50, "valid_from_date": dt.date(2026, 1, 1)},
        actor=desk.duty, at=city.AT,
    )  # fmt: skip
    assert "达到启动条件" in text(desk.page, "warnings")
    answer = desk.page.post(reverse("air:propose"))
    warning = HeavyWarning.objects.get()
    assert answer.url == reverse("records:air-warnings-row", args=[warning.number])
    assert (warning.run, warning.created_by) == (run, desk.duty)
    assert warning.number in text(desk.page, "warnings")
    assert run.inputs["sha256"][:12] in text(desk.page, "warning_card", warning.number)
    assert desk.page.get(answer.url).status_code == 200
    assert text(in_english(desk.page), "warnings")
    officer = browser(person("county", "grid_inspector", region_code="220203"))
    assert warning.number not in text(officer, "warnings")


def test_a_county_does_not_act_for_the_city(desk):
    fill("220200", scale=7.0)
    services.issue(area=queries.city_area(), now=timezone.now())
    county = browser(person("county", "department", region_code="220202"))
    assert reverse("air:propose") not in text(county, "warnings")
    assert reverse("air:propose") in text(desk.page, "warnings")
    for name in ("propose", "check_now"):
        assert county.post(reverse(f"air:{name}")).status_code == 403
    assert not HeavyWarning.objects.exists()


def test_the_overview_shows_gap_and_budget_of_the_targets(desk):
    fill("220200", scale=1.6)
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())
    rows = {row.indicator: row for row in reports.targets(on=timezone.localdate())}
    row = rows["city_pm25_annual_2027"]
    assert row.remaining["target"] == 30
    assert row.remaining["gap"] == pytest.approx(row.value - 30)
    left = row.remaining["days_left"]
    total = row.lineage["intermediates"]["mean"] * row.lineage["intermediates"]["valid_days"]
    allowed = (30 * (row.lineage["intermediates"]["valid_days"] + left) - total) / left
    assert row.remaining["mean"] == pytest.approx(allowed, abs=0.1)
    page = text(desk.page, "overview")
    assert "差距" in page
    assert "今年还剩" in page


def test_a_budget_that_is_overspent_is_said_in_words(desk):
    fill("220200", scale=3.0)
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())
    rows = [row for row in reports.targets(on=timezone.localdate()) if "good" in row.indicator]
    assert all(row.remaining["days_over"] > 0 for row in rows if row.edition.endswith("2026"))
    assert "今年不能达到" in text(desk.page, "overview")
