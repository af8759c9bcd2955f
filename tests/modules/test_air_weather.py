"""Weather in the forecast, the hours of a forecast day, polar plots, and checks of execution from many sides."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.air import queries, rules, services
from jiangcheng.modules.air.models import ForecastRun
from jiangcheng.modules.emissions import services as emissions
from jiangcheng.modules.inspections.models import Visit
from modules.test_air_forecast import LEVELS, fill

MODELS = queries.forecast_models(on=dt.date(2026, 10, 20))
BASE, WITH = MODELS


def blown(number, seed=3):
    """Return days whose pollution follows the wind of the same day, the calendar, and that wind."""
    generator = np.random.default_rng(seed)
    wind = 2.5 + generator.normal(0, 0.8, number)
    days = {
        name: base * np.exp(-0.35 * (wind - 2.5) + generator.normal(0, 0.08, number))
        for name, base in LEVELS.items()
    }
    return days, np.datetime64("2026-01-01") + np.arange(number), wind


def weather_of(wind, leads=(1, 2, 3), error=0.0, missing=()):
    """Return the weather with the wind as its only predictor and forecasts of it for every day of issue."""
    generator = np.random.default_rng(1)
    ahead = {}
    for lead in leads:
        row = np.full(len(wind) + 1, np.nan)
        known = len(wind) - lead
        row[:known] = wind[lead:] + generator.normal(0, error + 1e-9, known)
        row[list(missing)] = np.nan
        ahead[lead] = row[None, :]
    return rules.Weather(wind[None, :], ahead)


def test_the_weather_forecast_makes_the_forecast_better_and_observed_weather_no_worse():
    days, calendar, wind = blown(230)
    asked = {"first": dt.date(2026, 5, 1), "edition": "2026"}
    without = rules.hindcast(days, calendar, parameters=BASE, **asked)
    perfect = rules.hindcast(days, calendar, parameters=WITH, weather=weather_of(wind, error=0.4), **asked)
    for bare, better in zip(without, perfect, strict=True):
        assert better.days == bare.days > 100
        assert better.mae < 0.75 * bare.mae and better.crps < 0.75 * bare.crps
        assert abs(better.coverage - better.nominal) < 15
    # Winds without memory: yesterday's says nothing of tomorrow, and must not harm.
    lagged = rules.hindcast(
        days, calendar, parameters=WITH, weather=rules.Weather(wind[None, :], {}), **asked
    )
    assert all(one.mae < 1.06 * bare.mae for one, bare in zip(lagged, without, strict=True))


def test_each_day_tells_which_weather_it_knew():
    days, calendar, wind = blown(200)
    on = dt.date(2026, 1, 1) + dt.timedelta(days=200)
    weather = weather_of(wind, leads=(1, 2))
    weather.ahead[1][0, 200], weather.ahead[2][0, 200] = 1.0, np.nan
    found = rules.forecast(days, calendar, issued_on=on, parameters=WITH, edition="2026", weather=weather)
    assert [outlook.weather for outlook in found] == ["forecast", "observed", "observed"]
    calm, windy = (
        rules.forecast(days, calendar, issued_on=on, parameters=WITH, edition="2026",
                       weather=rules.Weather(wind[None, :], {1: np.full((1, 201), speed)}))[0]
        for speed in (1.0, 4.0)
    )  # fmt: skip
    assert calm.aqi > windy.aqi
    (bare, *_rest) = rules.forecast(days, calendar, issued_on=on, parameters=BASE, edition="2026")
    assert bare.weather == ""


def test_hours_follow_the_course_of_the_days_before():
    shape = 1 + 0.5 * np.sin(2 * np.pi * np.arange(24) / 24)
    levels = np.array([40.0, 60.0, 80.0, np.nan])
    profile = rules.profile(levels[:, None] * shape, levels, fewest=3)
    assert np.allclose(profile, shape)
    assert np.isnan(rules.profile(levels[:, None] * shape, levels, fewest=4)).all()
    profiles = dict.fromkeys(rules.DAY_OF, shape)
    found = rules.hourly_outlook({**LEVELS, "PM25": 100.0}, profiles, edition="2026")
    assert found.aqi[6] == found.aqi.max() and found.concentrations["PM25"][6] == 150
    assert queries.primary_names(int(found.primary[6]), report="hour") == "PM2.5"
    nothing = rules.hourly_outlook(LEVELS, {**profiles, "O3": np.full(24, np.nan)}, edition="2026")
    # A report without ozone and without pollution is no report (HJ 633 5.3).
    assert (nothing.aqi == rules.MISSING).any()


def test_both_models_are_issued_and_compared_on_the_same_days(town):
    report = registry.import_register(
        "stations", [city.named("MET", "气象站", kind="weather", longitude=126.6, latitude=43.8,
                                valid_from_date="2020-01-01")], actor=None, at=city.AT,
    )  # fmt: skip
    assert report.errors == ()
    people = city.people()
    fill(town, 140, "2026-10-20")
    for day in range(140):
        date = dt.date(2026, 10, 20) - dt.timedelta(days=day)
        town.put("MET", "a01007", "avg", town.hours_of(str(date), 20), np.full(20, 1.0 + day % 5))
    for day in (22, 23):
        records.create(
            register="weather-forecasts", actor=people["department"], at=city.AT,
            values={"issued_date": dt.date(2026, 10, 21), "day_date": dt.date(2026, 10, day), "wind_speed": 1.2},
        )  # fmt: skip
    run = services.issue_due(now=town.hour("2026-10-21", 16))
    assert run.model == "anomaly-analogue-weather" and ForecastRun.objects.count() == 2
    assert [day.weather for day in run.days.all()] == ["forecast", "forecast", "observed"]
    assert len(run.inputs["weather_sha256"]) == 64
    assert queries.latest_run(area=queries.city_area().pk) == run
    fill(town, 146, "2026-10-26")
    window = {"area": queries.city_area(), "first": dt.date(2026, 10, 1), "last": dt.date(2026, 10, 26)}
    found = queries.verifications(**window)
    assert [(one.with_weather, [score.days for score in one.by_lead]) for one in found] == [
        (False, [1, 1, 1]), (True, [1, 1, 1]),
    ]  # fmt: skip
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(people["department"])
    page = client.get(reverse("air:forecasts")).content.decode()
    assert "不用气象" in page and "加入气象因子" in page and "用气象预报" in page
    # The polar plot stands beside the rose, and says so where there is no wind.
    assert "没有风的数据" in client.get(reverse("air:station", args=["N1"])).content.decode()


def test_a_polar_plot_points_to_where_high_hours_come_from(town):
    report = registry.import_register(
        "stations", [city.named("MET", "气象站", kind="weather", longitude=126.6, latitude=43.8,
                                valid_from_date="2020-01-01")], actor=None, at=city.AT,
    )  # fmt: skip
    assert report.errors == ()
    generator = np.random.default_rng(4)
    today = dt.datetime.now(dt.UTC).astimezone(town.BEIJING).date()
    for back in range(1, 11):
        starts = town.hours_of(str(today - dt.timedelta(days=back)))
        speed, direction = 1 + 3 * generator.random(24), np.where(np.arange(24) % 2, 90.0, 270.0)
        town.put("MET", "a01007", "avg", starts, speed)
        town.put("MET", "a01008", "avg", starts, direction)
        town.put(
            "N1", "a34004", "avg", starts, np.where(direction == 90.0, 120.0, 20.0) + generator.random(24)
        )
    client = Client(headers={"accept-language": "en"})
    client.force_login(city.people()["department"])
    for statistic in ("cpf", "mean"):
        page = client.get(reverse("air:station", args=["N1"]), {"statistic": statistic})
        rows = page.context["polar"]["rows"]
        assert rows and {row["direction"] for row in rows[:2]} == {"90°"}
    assert "Polar plot" in page.content.decode()


NAN = float("nan")
SETTINGS = queries.execution_settings()


@pytest.mark.parametrize(
    ("named", "channels", "visits", "expected"),
    [
        (35, {}, [], ("kept", "series")),
        (10, {"power_production": 60}, [], ("short", "series")),
        (35, {"power_production": 5}, [], ("doubtful", "series")),
        (NAN, {"power_production": NAN, "load": 40}, [], ("kept", "load")),
        (NAN, {"power_production": 12}, ["fine"], ("short", "power_production")),
        (35, {}, ["fine", "rectify"], ("short", "inspection")),
        (NAN, {}, ["fine"], ("kept", "inspection")),
        (NAN, {}, ["advised"], ("unknown", "")),
    ],
)
def test_a_verdict_weighs_series_power_and_inspections(named, channels, visits, expected):
    found = rules.execution_verdict(30, named, channels, visits, settings=SETTINGS)
    assert (found.code, found.by) == expected


def test_power_and_inspections_tell_where_the_list_names_no_series(town, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    from modules.test_air_warning import act, run

    emissions.load()
    people, at = city.people(), town.hour("2026-11-02", 16)
    plant = Facility.objects.get(code=city.PLANT)
    records.create(
        register="air-measures", actor=people["department"], at=city.AT,
        values={"facility": plant, "level": "yellow", "text": "限产", "reduction_percent": 30.0,
                "valid_from_date": dt.date(2026, 1, 1)},
    )  # fmt: skip
    warning = services.propose(run=run(town, 160, 180, 120), actor=None, now=at)
    for day in range(26, 32):
        town.put("P1", "power_production", "avg", town.hours_of(f"2026-10-{day}"), np.full(24, 400.0))
    town.put("P1", "power_production", "avg", town.hours_of("2026-11-03"), np.full(24, 200.0))
    act(warning, "approve", people["leader"], at)
    act(warning, "issue", people["duty"], at)
    services.check_execution(now=town.hour("2026-11-04", 1))
    (task,) = queries.tasks_of(warning=warning)
    assert (task.verdict, task.observed_percent, task.evidence["by"]) == ("kept", 50.0, "power_production")
    visited = town.hour("2026-11-03", 10)
    Visit.objects.create(number="JC-1", facility=plant, state="visited", state_at=visited, created_at=visited,
                         visited_at=visited, result="rectify")  # fmt: skip
    services.check_execution(now=town.hour("2026-11-04", 2))
    (task,) = queries.tasks_of(warning=warning)
    assert (task.verdict, task.evidence["by"]) == ("short", "inspection")
    assert task.evidence["inspections"][0]["number"] == "JC-1"
