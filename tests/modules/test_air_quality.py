"""Tests of hours: they flag, never alter, and know what they miss."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.air import rules, services
from jiangcheng.modules.air.rules import quality

ON = dt.date(2026, 4, 8)


def smooth(stations=8, hours=480, seed=3):
    """Return believable PM hours: a common course, a station's own level, little noise."""
    generator = np.random.default_rng(seed)
    course = 60 + 25 * np.sin(np.arange(hours) / 12) + np.cumsum(generator.normal(0, 1.5, hours))
    pm25 = np.maximum(course, 5) * generator.uniform(0.85, 1.15, (stations, 1)) + generator.normal(
        0, 2, (stations, hours)
    )
    return {"PM25": np.round(np.maximum(pm25, 3), 1), "PM10": np.round(np.maximum(pm25, 3) * 1.6 + 15, 1)}


def test_range_keeps_its_bounds_and_leaves_missing_hours_alone():
    assert quality.out_of_range([-0.1, 0, 10, 10.1, np.nan], 0, 10).tolist() == [
        True,
        False,
        False,
        True,
        False,
    ]


def test_a_run_is_stuck_from_its_first_hour_and_a_gap_ends_it():
    values = [[1, 5, 5, 5, 5, 5, 2], [5, 5, 5, np.nan, 5, 5, 5]]
    assert quality.stuck(values, 5).astype(int).tolist() == [[0, 1, 1, 1, 1, 1, 0], [0] * 7]
    assert not quality.stuck(values, 5, above=5).any()
    # A run does not go on into the next station.
    assert not quality.stuck([[1, 5, 5, 5], [5, 5, 5, 1]], 5).any()


def test_a_spike_needs_two_opposite_jumps():
    values = np.array([[30, 31, 32, 300, 33, 34, 300, 310, 320, np.nan, 30.0]])
    assert np.flatnonzero(quality.spike(values, 20, 50)[0]).tolist() == [3]
    assert not quality.spike(values, 20, 500).any()
    assert not quality.spike([[1.0, 2.0]], 20, 50).any()


def test_pm25_is_a_part_of_pm10():
    assert quality.inversion([40, 41, np.nan], [30, 30, 30], 10).tolist() == [False, True, False]


def test_an_episode_that_reaches_all_stations_is_left_alone():
    course = np.array([30, 120, 400, 714, 500, 200.0])
    episode = {
        "PM25": course * np.array([[0.8], [1], [1.1], [1.2], [0.9]]),
        "PM10": 2 * course * np.ones((5, 1)),
    }
    found = rules.suspects(episode, on=ON)
    assert not any(flags.any() for flags in (found[name]["PM25"] for name in ("range", "neighbour", "stuck")))


def test_one_station_away_from_the_others_is_suspect_only_with_enough_others():
    values = np.full((5, 4), 40.0) + np.arange(5)[:, None]
    values[2, 1] = 240
    assert np.argwhere(rules.suspects({"PM25": values}, on=ON)["neighbour"]["PM25"]).tolist() == [[2, 1]]
    assert not rules.suspects({"PM25": values[:3]}, on=ON)["neighbour"]["PM25"].any()


def test_what_is_given_is_not_altered():
    hours = smooth(hours=120)
    before = {name: values.copy() for name, values in hours.items()}
    rules.suspects(hours, on=ON)
    rules.backtest(hours, on=ON, generator=np.random.default_rng(1), faults=20)
    np.testing.assert_equal(hours, before)


def test_faults_that_are_put_in_are_found():
    scores = rules.backtest(smooth(), on=ON, generator=np.random.default_rng(1))
    assert min(score.injected for score in scores.values()) > 30
    assert scores["range"].recall == scores["stuck"].recall == 1
    # Inversions of up to 10 µg/m3 stay below the margin.
    assert 0.8 < scores["inversion"].recall < 1
    for name, precision in (
        ("range", 1),
        ("stuck", 0.9),
        ("spike", 0.9),
        ("neighbour", 0.8),
        ("inversion", 0.9),
    ):
        assert scores[name].precision >= precision, (name, scores[name])
    assert rules.backtest(smooth(), on=ON, generator=np.random.default_rng(1)) == scores
    with pytest.raises(ValueError, match="100"):
        rules.backtest(smooth(hours=50), on=ON, generator=np.random.default_rng(1))


def row(station, day, hour, town):
    return {
        "granularity": store.Granularity.HOUR,
        "start": int(town.hour(day, hour).timestamp()),
        "station": Station.objects.get(code=station).pk,
        "property": ObservedProperty.objects.get(code="a34004", statistic="avg").pk,
    }


def test_a_suspect_hour_keeps_its_value_counts_and_is_not_asked_about_twice(town):
    pm25 = 30 + np.arange(24) * 0.5
    for station in ("N1", "N2", "N3", "REF"):
        values = pm25.copy()
        if station == "N1":
            values[12] = 350.0
        town.put_air(
            station,
            town.hours_of("2026-04-08"),
            PM25=values,
            PM10=values + 40,
            O3=np.linspace(0.03, 0.09, 24),
            NO2=np.linspace(0.02, 0.03, 24),
        )
    at = town.hour("2026-04-09", 1)
    assert services.check(now=at) >= 1
    key = row("N1", "2026-04-08", 12, town)
    versions = store.history(**key)
    assert [(version.value, version.flag) for version in versions] == [(350.0, "N"), (350.0, "Q")]
    assert versions[-1].test in rules.TESTS
    assert versions[-1].arguments
    services.evaluate(now=at)
    day = town.derived("N1", "pm25", store.Granularity.DAY, "2026-04-08")[town.hour("2026-04-08")]
    assert day == pytest.approx((pm25.sum() - pm25[12] + 350) / 24)
    keys = store.Keys.of(**{name: np.array([value]) for name, value in key.items()})
    store.flag(keys, store.NORMAL, author="审核员", reason="燃放烟花，属实", at=at + dt.timedelta(hours=1))
    services.check(now=at + dt.timedelta(hours=2))
    assert store.history(**key)[-1].flag == "N"
