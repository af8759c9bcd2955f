"""The forecast: it knows nothing of the future, says how unsure it is, and is held against what came."""

from __future__ import annotations

import datetime as dt
import json
from importlib import resources

import numpy as np
import pytest

from jiangcheng.core.access.models import AppendOnlyError
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.air import queries, rules, services
from jiangcheng.modules.air.models import ForecastDay, ForecastRun
from jiangcheng.modules.air.rules import forecasting as model
from jiangcheng.standards import periods

PARAMETERS = json.loads(
    resources.files("jiangcheng.modules.air").joinpath("data", "forecast.json").read_text("utf-8")
)[0]
LEVELS = {"SO2": 10.0, "NO2": 30.0, "PM10": 70.0, "PM25": 40.0, "CO": 0.8, "O3_8h": 90.0}


def city_days(number, seed=5, first="2025-06-01"):
    """Return days with a season, weather that lasts some days, and noise."""
    generator = np.random.default_rng(seed)
    calendar = np.datetime64(first) + np.arange(number)
    weather = np.zeros(number)
    for day in range(1, number):
        weather[day] = 0.7 * weather[day - 1] + generator.normal(0, 0.35)
    season = 0.4 * np.cos(2 * np.pi * (np.arange(number) + 150) / 365)
    days = {}
    for name, base in LEVELS.items():
        sign = -1 if name == "O3_8h" else 1
        days[name] = base * np.exp(sign * (season + weather) + generator.normal(0, 0.1, number))
    return days, calendar


def issued(days, calendar, **more):
    on = calendar[-1].astype(dt.date) + dt.timedelta(days=1)
    return rules.forecast(days, calendar, issued_on=on, parameters=PARAMETERS, edition="2026", **more)


def test_it_looks_three_days_ahead_with_ordered_quantiles_and_a_level():
    days, calendar = city_days(300)
    found = issued(days, calendar)
    assert [outlook.lead for outlook in found] == [1, 2, 3]
    assert [outlook.day for outlook in found] == [
        (calendar[-1] + 1 + lead).astype(dt.date) for lead in (1, 2, 3)
    ]
    for outlook in found:
        assert list(outlook.quantiles) == sorted(outlook.quantiles)
        assert outlook.quantiles[0] <= outlook.aqi <= outlook.quantiles[-1]
        assert outlook.level == int(rules.level(outlook.aqi, "2026"))
        assert (outlook.primary > 0) == (outlook.aqi > 50)
    assert issued(days, calendar) == found


def test_the_day_of_issue_is_unknown():
    days, calendar = city_days(200)
    with pytest.raises(ValueError, match="may not know"):
        rules.forecast(days, calendar, issued_on=calendar[-1].astype(dt.date), parameters=PARAMETERS)


@pytest.mark.parametrize(("number", "missing"), [(60, 0), (200, 5)])
def test_with_too_little_it_says_nothing(number, missing):
    days, calendar = city_days(number)
    if missing:
        days["O3_8h"][-missing:] = np.nan
    with pytest.raises(rules.TooLittle):
        issued(days, calendar)


def test_a_short_gap_is_bridged():
    days, calendar = city_days(250)
    days["PM25"][-2:] = np.nan
    assert len(issued(days, calendar)) == 3


def test_it_does_better_than_persistence_and_its_intervals_hold_what_they_promise():
    days, calendar = city_days(330)
    scores = rules.hindcast(days, calendar, first=dt.date(2026, 1, 1), parameters=PARAMETERS, edition="2026")
    for score in scores:
        assert score.days > 100
        assert score.mae < score.mae_persistence
        assert score.crps < score.mae
        assert abs(score.coverage - score.nominal) < 12
    # Knowing less does not help: what is issued later for the same day is no worse in the mean.
    assert scores[0].crps < scores[-1].crps * 1.1


def test_intervals_that_were_too_narrow_are_widened():
    generator = np.random.default_rng(2)
    quantiles = np.tile([90, 95, 100, 105, 110], (60, 1))
    factor = model.widening(quantiles, 100 + generator.normal(0, 16, 60), PARAMETERS)
    assert 1.5 < factor < 3
    assert model.widening(quantiles[:5], np.full(5, 200.0), PARAMETERS) == 1


def test_scores_by_hand():
    found = rules.score(
        lead=1, forecast=[40, 120, 80], quantiles=[[30, 40, 60], [100, 120, 140], [70, 80, 90]],
        probabilities=[0.1, 0.5, 0.9], observed=[50, 160, np.nan], persistence=[50, 60, 70], edition="2026",
        range_percent=25,
    )  # fmt: skip
    assert (found.days, found.mae, found.mae_persistence, found.bias) == (2, 25, 50, -25)
    assert (found.level_hit, found.level_hit_persistence) == (50, 50)
    assert (found.range_hit, found.coverage, found.width) == (100, 50, 35)
    empty = rules.score(lead=1, forecast=[], quantiles=[], probabilities=[0.1, 0.9], observed=[], persistence=[],
                        edition="2026", range_percent=25)  # fmt: skip
    assert empty.days == 0
    assert np.isnan(empty.mae)


def fill(town, number, last):
    """Store derived days of the city up to a date."""
    days, calendar = city_days(number, first=str(np.datetime64(last) - number + 1))
    columns = {**days, "aqi": rules.aqi_daily(days, edition="2026").aqi.astype(float)}
    starts = np.array([periods.day_bounds(day)[0] for day in calendar.tolist()])
    city = Station.objects.get(code="220200").pk
    for name, values in columns.items():
        code = queries.CODES.get(name, name)
        batch = store.Batch.of(
            granularity=int(store.Granularity.DAY), start=starts, station=city,
            property=ObservedProperty.objects.get(code=code, medium="derived").pk, value=np.round(values, 4),
        )  # fmt: skip
        store.append(batch, source="test", received_at=town.hour(last, 12))


def test_a_run_is_kept_with_its_inputs_issued_once_and_held_against_what_came(town):
    fill(town, 200, "2026-10-20")
    assert services.issue_due(now=town.hour("2026-10-21", 9)) is None
    run = services.issue_due(now=town.hour("2026-10-21", 16))
    assert run is not None
    assert (run.through_date, run.edition) == (dt.date(2026, 10, 20), "2026")
    assert run.inputs["days"] == 200
    assert len(run.inputs["sha256"]) == 64
    assert [day.lead for day in run.days.all()] == [1, 2, 3]
    assert services.issue_due(now=town.hour("2026-10-21", 17)) == run
    with pytest.raises(AppendOnlyError):
        ForecastDay.objects.filter(run=run).delete()
    city = queries.city_area()
    window = {"area": city, "first": dt.date(2026, 10, 1), "last": dt.date(2026, 10, 26)}
    assert {score.days for score in queries.verification(**window)} == {0}
    fill(town, 206, "2026-10-26")
    scores = queries.verification(**window)
    assert [(score.lead, score.days) for score in scores] == [(1, 1), (2, 1), (3, 1)]
    assert ForecastRun.objects.count() == 1


def test_without_history_nothing_is_issued(town):
    assert services.issue_due(now=town.hour("2026-10-21", 16)) is None
