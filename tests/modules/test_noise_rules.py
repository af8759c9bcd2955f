"""Sound levels: real minutes and seconds, properties of energy means, screening, limits and rates."""

from __future__ import annotations

import datetime as dt
import gzip

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from jiangcheng.modules.noise import rules
from jiangcheng.modules.noise.rules import Reason
from jiangcheng.standards import periods

ON = dt.date(2026, 6, 1)
LEVELS = npst.arrays(
    np.float64, st.integers(1, 200), elements=st.one_of(st.floats(20, 120), st.just(float("nan")))
)


def _file(path):
    if not path.is_file():
        pytest.skip(f"{path.name} is not among the shared data")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = [line.rsplit(",", 1) for line in lines.read().splitlines()[1:]]
    starts = np.array([row[0] for row in rows], "datetime64[s]").astype(np.int64) - periods.OFFSET
    return starts, np.array([row[1] for row in rows], float)


@pytest.fixture(scope="module")
def minutes(shared_data):
    """Eleven days of 1-min levels; their clock is taken as Beijing's."""
    return _file(shared_data / "noise" / "laeq_1min.csv.gz")


@pytest.fixture(scope="module")
def seconds(shared_data):
    return _file(shared_data / "noise" / "laeq_1s_one_day.csv.gz")


def test_the_levels_of_a_real_station_are_those_two_programs_found(minutes):
    starts, levels = minutes
    night = rules.is_night(starts, ON)
    ld, ln = rules.energy_mean(levels[~night]), rules.energy_mean(levels[night])
    assert (round(float(ld), 2), round(float(ln), 2)) == (51.58, 48.55)
    assert round(float(rules.day_night_level(ld, ln)), 2) == 55.25
    found = [round(rules.exceeded_level(levels, percent), 1) for percent in (10, 50, 90)]
    assert found == [53.6, 49.1, 44.1]
    hour = periods.hour_of_day(starts)
    parts = [(hour >= 7) & (hour < 19), (hour >= 19) & (hour < 23), (hour < 7) | (hour >= 23)]
    assert [round(float(rules.energy_mean(levels[part])), 2) for part in parts] == [51.75, 50.09, 49.22]


def test_seconds_of_a_day_in_one_pass_equal_hour_by_hour(seconds):
    starts, levels = seconds
    hours, group = np.unique(starts // 3600, return_inverse=True)
    found = rules.summarise(levels, group, len(hours), minimum=2)
    for number in range(24):
        mine = levels[group == number]
        assert found.leq[number] == pytest.approx(rules.energy_mean(mine), abs=1e-9)
        assert found.l10[number] == pytest.approx(rules.exceeded_level(mine, 10), abs=1e-9)
        assert found.l90[number] == pytest.approx(rules.exceeded_level(mine, 90), abs=1e-9)
        assert found.lmax[number] == mine.max()
    assert found.number[:24].tolist() == [3600] * 24
    assert np.isnan(found.leq[24])  # the one second of the next day


def test_complete_days_have_the_same_level_from_minutes_and_from_hours(minutes):
    starts, levels = minutes
    hour = starts // 3600
    first = int(hour[0] + 6)
    mine = (hour >= first) & (hour < first + 240)
    found = rules.Hours.of(levels[mine], np.ones(mine.sum(), bool), hour[mine] - first, 240, on=ON).screened
    days = rules.days_of_hours(found.leq.reshape(1, 10, 24), found.lmax.reshape(1, 10, 24), on=ON)
    day = rules.noise_day(starts, ON)
    night = rules.is_night(starts, ON)
    for number in range(10):
        of_day = day == np.datetime64("2025-03-21") + number
        assert days.ld[0, number] == pytest.approx(rules.energy_mean(levels[of_day & ~night]), abs=1e-8)
        assert days.ln[0, number] == pytest.approx(rules.energy_mean(levels[of_day & night]), abs=1e-8)
    assert set(days.hours_day[0]) == {16}


def test_the_night_belongs_to_the_day_it_starts_on():
    def at(day, hour):
        return periods.day_bounds(dt.date(2026, 6, day))[0] + hour * 3600

    starts = [at(1, 5), at(1, 6), at(1, 21), at(1, 22), at(2, 5), at(2, 6)]
    assert rules.is_night(starts, ON).tolist() == [True, False, False, True, True, False]
    days = [str(day) for day in rules.noise_day(starts, ON)]
    assert days == ["2026-05-31", *["2026-06-01"] * 4, "2026-06-02"]
    assert rules.period_bounds(dt.date(2026, 6, 1), True) == (at(1, 22), at(2, 6))
    assert rules.night_overlaps(at(1, 21), at(1, 22) + 60, ON)
    assert not rules.night_overlaps(at(1, 6), at(1, 22), ON)


@given(LEVELS, st.randoms(use_true_random=False))
def test_an_energy_mean_lies_between_its_levels_and_knows_no_order(levels, random):
    known = levels[~np.isnan(levels)]
    mean = rules.energy_mean(levels)
    if not len(known):
        assert np.isnan(mean)
        return
    assert known.mean() - 1e-6 <= mean <= known.max() + 1e-6
    mixed = levels.copy()
    random.shuffle(mixed)
    assert rules.energy_mean(mixed) == pytest.approx(mean, abs=1e-8)
    assert rules.summarise(mixed, np.zeros(len(mixed), int), 1).l50 == pytest.approx(
        rules.exceeded_level(levels, 50), abs=1e-8
    )


@given(LEVELS, st.integers(0, 200), st.integers(1, 5))
def test_chunks_give_what_the_whole_gives(levels, cut, groups):
    group = np.arange(len(levels)) % groups
    whole = rules.grouped_energy(levels, group, groups)
    parts = rules.grouped_energy(levels[:cut], group[:cut], groups) + rules.grouped_energy(
        levels[cut:], group[cut:], groups
    )
    np.testing.assert_allclose(parts.level(), whole.level(), atol=1e-8)
    assert (parts.number == whole.number).all()


@given(st.floats(20, 120), st.integers(1, 50))
def test_equal_levels_have_themselves_as_mean_and_two_sources_add_three_decibels(level, number):
    assert rules.energy_mean(np.full(number, level)) == pytest.approx(level, abs=1e-8)
    doubled = 10 * np.log10(2 * 10 ** (level / 10))
    assert doubled - level == pytest.approx(3.0103, abs=1e-4)
    assert rules.energy_mean([level, level + 10]) > level + 5


def test_an_hour_needs_45_minutes_and_a_period_its_hours():
    levels = np.full(120, 50.0)
    valid = np.r_[np.ones(45, bool), np.zeros(15, bool), np.ones(44, bool), np.zeros(16, bool)]
    found = rules.Hours.of(levels, valid, np.repeat([0, 1], 60), 2, on=ON)
    assert found.screened.leq[0] == 50.0
    assert np.isnan(found.screened.leq[1])
    assert found.raw.leq.tolist() == [50.0, 50.0]
    hours = np.full((1, 1, 24), 50.0)
    hours[..., :5] = np.nan
    days = rules.days_of_hours(hours, hours, on=ON)
    assert (np.isnan(days.ld[0, 0]), days.ln[0, 0], days.hours_day[0, 0]) == (True, 50.0, 11)
    assert np.isnan(days.ldn[0, 0])


def test_screening_tells_every_reason_and_keeps_what_it_does_not_know():
    nan = float("nan")
    weather = rules.Weather(np.array([5.0, 5.1, 1.0, nan, 1.0]), np.array([0.0, 0.0, 0.2, nan, 0.0]))
    events = [(60 * 4, 60 * 5, Reason.EVENT), (0, 60, Reason.THUNDER)]
    reasons = rules.screen(np.arange(5) * 60, [True, True, True, True, False], weather, events, on=ON)
    assert reasons.tolist() == [
        Reason.THUNDER, Reason.WIND, Reason.RAIN, Reason.UNKNOWN, Reason.INSTRUMENT | Reason.EVENT
    ]  # fmt: skip
    assert rules.within(reasons).tolist() == [False, False, False, True, False]


@pytest.mark.parametrize(
    ("zone", "day", "night"),
    [("0", 50, 40), ("1", 55, 45), ("2", 60, 50), ("3", 65, 55), ("4a", 70, 55), ("4b", 70, 60)]
)  # fmt: skip
def test_limits_by_class(zone, day, night):
    assert (rules.limit(zone, "day", ON), rules.limit(zone, "night", ON)) == (day, night)
    assert rules.burst_limit(zone, ON) == night + 15


def test_a_level_is_compared_after_rounding_and_equal_complies():
    assert rules.exceeds([55.04, 55.05, 55.06, 55.15, np.nan], 55.0).tolist() == [
        False, False, True, True, False
    ]  # fmt: skip


def test_rates_are_pooled_over_points_and_days():
    # Hunan, fourth quarter of 2021: 1类 15 of 18, 2类 83 of 85, 3类 29 of 29, 4a 24 of 24; night 14, 82, 28, 15.
    counts = {"1": (18, 15, 14), "2": (85, 83, 82), "3": (29, 29, 28), "4a": (24, 24, 15)}
    zones, day, night = [], [], []
    for zone, (points, by_day, by_night) in counts.items():
        zones += [zone] * points
        day += [40.0] * by_day + [90.0] * (points - by_day)
        night += [30.0] * by_night + [90.0] * (points - by_night)
    rates = {(rate.zone, rate.period): rate for rate in rules.pass_rates(zones, day, night, on=ON)}
    assert (rates["", "day"].percent, rates["", "night"].percent) == (96.8, 89.1)
    assert (rates["1", "day"].percent, rates["1", "night"].percent) == (83.3, 77.8)
    assert (rates["2", "day"].percent, rates["2", "night"].percent) == (97.6, 96.5)
    assert rates["4", "night"] == rules.Rate("4", "night", 15, 24)
    assert ("4b", "day") not in rates


def test_a_class_of_19_points_reaches_its_published_rate_by_point_days_only():
    zones = np.array(["4a"] * 19 * 31, dtype=object)
    day = np.full(19 * 31, 60.0)
    day[0] = 80.0
    rate = rules.pass_rates(zones, day, np.full(len(day), np.nan), on=ON)[0]
    assert (rate.valid, rate.percent) == (589, 99.8)


def test_without_valid_periods_there_is_no_rate():
    assert rules.pass_rates(["1", ""], [np.nan, 50.0], [np.nan, np.nan], on=ON) == []


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("KTV 音响和广场舞", "social"),
        ("Construction site at night", "construction"),
        ("工地货车鸣笛，喇叭声不断", "road"),
        ("很吵", ""),
        ("", ""),
    ],
)
def test_the_words_of_a_text_propose_its_type(text, kind):
    assert rules.source_type(text)[0] == kind


def test_every_type_of_the_duty_list_has_a_department_a_clause_and_words_of_its_own():
    told = rules.sources()["types"]
    assert all(item["department_zh"] and item["basis"] and item["words"] for item in told)
    words = [word.lower() for item in told for word in item["words"]]
    assert len(words) == len(set(words))


@given(st.sets(st.sampled_from(rules.CLASSES)))
def test_class_4_governs_then_the_strictest(zones):
    found = rules.governing(zones)
    if zones & {"4a", "4b"}:
        assert found[0] == "4"
    else:
        assert found == min(zones, default="")


@pytest.mark.parametrize(("away", "metres"), [(0.0, 0.0), (0.009, 0.0), (0.02, 803.0)])
def test_the_distance_to_an_area(away, metres):
    shape = shapely.box(126.0 - 0.01, 43.8 - 0.01, 126.0 + 0.01, 43.8 + 0.01)
    # A hundredth of a degree of longitude is 1111.95 m × cos 43.8°.
    assert rules.metres_to(126.0 + away, 43.8, shape) == pytest.approx(metres, rel=2e-3)


@pytest.mark.parametrize(("mean", "grade"), [(50.04, 1), (50.06, 2), (55.1, 3), (65.0, 4), (65.1, 5)])
def test_grades_of_an_area_by_the_arithmetic_mean(mean, grade):
    assert rules.area_grade([mean - 10, mean + 10, np.nan], "day", ON) == grade


def test_roads_weigh_by_length():
    mean = rules.road_mean([70.0, 60.0, np.nan], [1.0, 3.0, 5.0])
    assert mean == 62.5
    assert (rules.road_grade(mean, "day", ON), rules.road_grade(mean, "night", ON)) == (1, 4)


@pytest.mark.parametrize(("measured", "level"), [(61.0, 61.0), (60.0, 59.0), (55.0, 53.0), (53.0, 50.0)])
def test_background_at_a_boundary(measured, level):
    assert rules.background_corrected(measured, 50.0, ON) == level


def test_too_loud_a_background_makes_no_level():
    assert np.isnan(rules.background_corrected(52.0, 50.0, ON))
