"""Months, composite index, ranks, the year before, exceptional events."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.modules.air import rules
from jiangcheng.standards import lookup

NEW = dt.date(2026, 12, 31)
COLUMNS = ("SO2", "NO2", "PM10", "PM25", "CO", "O3_8h")
levels = st.floats(0, 600, allow_nan=False)


def month(text):
    first = np.datetime64(text, "M")
    return np.arange(first.astype("datetime64[D]"), (first + 1).astype("datetime64[D]"))


def items(values, calendar=None):
    calendar = month("2026-06") if calendar is None else calendar
    return rules.evaluate_period(
        {name: np.full(len(calendar), value) for name, value in values.items()}, calendar
    )


def by_name(found):
    return {item.parameter: item for item in found}


@pytest.mark.parametrize(
    ("text", "days", "needed"),
    [("2024-02", 29, 25), ("2026-02", 28, 25), ("2026-04", 30, 27), ("2026-05", 31, 27)],
)
def test_a_month_needs_its_days_and_february_fewer(text, days, needed):
    calendar = month(text)
    assert len(calendar) == days
    for present in (needed - 1, needed):
        values = np.where(np.arange(days) < present, 30.0, np.nan)
        item = by_name(rules.evaluate_period({"PM25": values}, calendar))["PM25"]
        assert (item.days, item.needed, item.valid) == (present, needed, present == needed)


def test_months_are_those_that_have_a_day():
    calendar = np.arange(np.datetime64("2024-01-31"), np.datetime64("2024-03-02"))
    found = rules.evaluate_months({"PM25": np.arange(len(calendar), dtype=float)}, calendar)
    assert [str(key) for key in found] == ["2024-01", "2024-02", "2024-03"]
    assert [by_name(item)["PM25"].days for item in found.values()] == [1, 29, 1]


def test_a_period_without_days_or_with_a_day_twice_is_refused():
    for calendar in (np.array([], "datetime64[D]"), np.array(["2026-03-01"] * 2, "datetime64[D]")):
        with pytest.raises(ValueError, match="days"):
            rules.evaluate_period({"PM25": np.zeros(len(calendar))}, calendar)


@given(
    st.lists(st.one_of(levels, st.just(np.nan)), min_size=30, max_size=30), st.randoms(use_true_random=False)
)
def test_statistics_do_not_depend_on_the_order_of_rows(values, random):
    calendar, order = month("2026-06"), list(range(30))
    random.shuffle(order)
    straight = rules.evaluate_period({"PM25": np.array(values), "O3_8h": np.array(values)}, calendar)
    mixed = rules.evaluate_period(
        {"PM25": np.array(values)[order], "O3_8h": np.array(values)[order]}, calendar[order]
    )
    np.testing.assert_equal(straight, mixed)


@given(st.lists(levels, min_size=30, max_size=30), st.integers(0, 29), st.floats(0.5, 500))
def test_statistics_and_index_never_fall_with_a_concentration(values, day, more):
    lower = np.array(values)
    higher = lower.copy()
    higher[day] += more
    both = [
        rules.evaluate_period(dict.fromkeys(COLUMNS, column), month("2026-06")) for column in (lower, higher)
    ]
    for one, other in zip(*both, strict=True):
        assert other.mean >= one.mean
        assert other.percentile >= one.percentile
    indices = [
        rules.composite(found, on=NEW, weighting=name).value
        for name in ("equal", "weighted")
        for found in both
    ]
    assert indices[1] >= indices[0]
    assert indices[3] >= indices[2]


def test_the_composite_index_by_hand_in_both_weightings_and_editions():
    values = {"SO2": 12.0, "NO2": 20.0, "PM10": 60.0, "PM25": 30.0, "CO": 1.0, "O3_8h": 160.0}
    found = items(values)
    equal, weighted = (
        rules.composite(found, on=NEW, weighting=name) for name in (rules.EQUAL, rules.WEIGHTED)
    )
    # 12/60 + 20/40 + 60/60 + 30/30 + 1/4 + 160/160
    assert equal.value == 3.95
    assert weighted.value == 0.2 + 2 * 0.5 + 1 + 3 + 0.25 + 2
    assert equal.main == weighted.main == ("PM10", "PM25", "O3")
    old = rules.composite(items(values, month("2025-06")), on=dt.date(2025, 6, 30))
    # 70 and 35 divided PM10 and PM2.5 until 2026-03-01.
    assert old.value == pytest.approx(0.2 + 0.5 + 60 / 70 + 30 / 35 + 0.25 + 1, abs=0.005)


def test_what_nobody_has_read_in_the_text_is_marked():
    found = items(dict.fromkeys(COLUMNS, 1.0))
    assert not rules.composite(found, on=NEW, weighting=rules.WEIGHTED).verified
    assert rules.composite(found, on=NEW, weighting=rules.WEIGHTED).edition == "2026-single-source"
    with pytest.raises(lookup.NotInForce):
        rules.composite(found, on=dt.date(2025, 6, 30), weighting=rules.WEIGHTED)


def test_without_one_pollutant_there_is_no_index():
    found = rules.composite(items({name: 10.0 for name in COLUMNS if name != "CO"}), on=NEW)
    assert np.isnan(found.value)
    assert found.main == ()


def test_equal_indices_share_a_rank_and_the_next_is_left_out():
    assert rules.ranks([3.2, 2.11, np.nan, 3.2, 9.0, 2.1]).tolist() == [3, 2, 0, 3, 5, 1]
    assert rules.ranks([]).tolist() == []


@given(st.lists(st.floats(0, 20).map(lambda x: round(x, 2)), min_size=1, max_size=30), st.randoms())
def test_ranks_do_not_depend_on_the_order_of_cities(values, random):
    order = list(range(len(values)))
    random.shuffle(order)
    assert rules.ranks(np.array(values)[order]).tolist() == rules.ranks(values)[order].tolist()


@pytest.mark.parametrize(
    ("day", "before"),
    [
        ("2024-02-29", "2023-03-01"),
        ("2025-02-28", "2024-02-28"),
        ("2025-03-01", "2024-03-01"),
        ("2025-01-01", "2024-01-01"),
    ],
)
def test_the_same_day_of_the_year_before(day, before):
    assert rules.year_before(dt.date.fromisoformat(day)) == dt.date.fromisoformat(before)


def test_change_compares_what_reports_print():
    assert rules.change(29.96, 33.34, digits=1) == (30.0, 33.3, -3.3, -9.9)
    assert np.isnan(rules.change(3.0, 0.0, digits=0).percent)


def test_the_moving_mean_is_of_three_valid_years_and_came_in_2026():
    years = [(99.0, True), (30.0, True), (28.0, True), (26.0, True)]
    assert rules.moving_mean(years, on=NEW) == 28
    assert np.isnan(rules.moving_mean(years[:2], on=NEW))
    assert np.isnan(rules.moving_mean([*years[:3], (26.0, False)], on=NEW))
    with pytest.raises(lookup.NotInForce):
        rules.moving_mean(years, on=dt.date(2025, 12, 31))


def test_dust_begins_at_twice_the_hours_before_and_ends_near_them():
    hours = np.array([60.0] * 6 + [119.0, 400.0, np.nan, 900.0, 90.0, 70.0, 65.0])
    # 119 is below 150; 400 is above twice the mean; 74.9 is the end: 1.1 times the mean of 68.1.
    assert np.flatnonzero(rules.dust_hours(hours, on=NEW)).tolist() == [7, 8, 9, 10]
    assert not rules.dust_hours(np.full(48, 300.0), on=NEW).any()
    assert not rules.dust_hours([np.nan] * 3 + [10.0] * 3 + [500.0], on=NEW).any()


def test_excluding_an_event_leaves_the_series_given_as_it_was():
    hours = {name: np.full((2, 1, 24), 100.0) for name in ("PM10", "PM25", "O3")}
    event = np.arange(24) < 5
    without = rules.without(hours, event, on=NEW)
    assert np.isnan(without["PM10"][..., :5]).all()
    assert not np.isnan(without["O3"]).any()
    assert not np.isnan(hours["PM10"]).any()
    # 19 hours are left, and a day needs 20.
    assert np.isnan(rules.station_days(without, on=NEW)["PM10"]).all()
