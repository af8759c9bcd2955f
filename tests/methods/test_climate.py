"""Indices of the climate, trends, drought and the outlook, against numbers that can be worked out by hand."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.methods import climate, trends

FIRST = dt.date(1991, 1, 1)
COUNT = (dt.date(2021, 1, 1) - FIRST).days
DAYS = climate.calendar(FIRST, COUNT)


def test_the_calendar_leaves_29_february_out_of_the_days_that_are_compared():
    days = climate.calendar(dt.date(1999, 12, 31), 427)
    assert days.years == (1999, 2000, 2001)
    assert list(days.year[[0, 1, 366, 367]]) == [0, 1, 1, 2]
    assert list(days.month[[0, 1, 32]]) == [11, 12, 13]
    assert (days.place[60], days.place[61], days.place[366], days.place[426]) == (-1, 59, 364, 59)


def test_the_extremes_of_a_year_follow_their_definitions():
    rain = np.zeros(COUNT)
    rain[100:105] = [10, 20, 60, 5, 5]
    assert climate.yearly(rain, DAYS, "max")[0] == 60
    assert climate.yearly(climate.running_sum(rain, 5), DAYS, "max")[0] == 100
    # Dry until the rain of day 101: 100 days; then to the end of the year and on into the next.
    dry = climate.longest(rain < 1, DAYS)
    assert dry[0] == 365 - 105
    assert dry[1] == 365 - 105 + 366
    mean = np.where(np.arange(COUNT) < 365, 12.5, 8.0)
    assert climate.degree_days(mean, DAYS)[:2] == pytest.approx([2.5 * 365, 0])
    gap = np.where(np.arange(COUNT) < 16, np.nan, 1.0)
    assert math.isnan(climate.yearly(gap, DAYS, "sum")[0])
    assert climate.yearly(np.where(np.arange(COUNT) == 15, 1.0, gap), DAYS, "sum")[0] == 350


def test_a_tenth_of_the_days_is_beyond_the_tenth_and_more_after_warming():
    random = np.random.default_rng(7)
    warm = random.normal(0, 3, COUNT) + 15 * np.sin(2 * np.pi * DAYS.place / 365)
    share = climate.share_beyond(warm, DAYS, base=(1991, 2020), percent=90, above=True)
    assert share.mean() == pytest.approx(10, abs=0.5)
    later = warm + np.where(DAYS.year >= 25, 3.0, 0.0)
    assert climate.share_beyond(later, DAYS, base=(1991, 2010), percent=90, above=True)[25:].min() > 25
    assert np.isnan(climate.share_beyond(warm, DAYS, base=(1991, 1995), percent=90, above=True)).all()


def test_a_trend_is_what_the_books_work_out():
    found = trends.mann_kendall([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    # S = 10, Var = 5·4·15/18, z = 9/√16.667
    assert (found.score, found.slope, found.direction) == (10, 1.0, 1)
    assert found.p == pytest.approx(math.erfc(9 / math.sqrt(50 / 3) / math.sqrt(2)))
    assert trends.mann_kendall([1, 2, 3, 4], [5, 5, 5, 5]).direction == 0
    assert math.isnan(trends.mann_kendall([1, 2, 3], [1, 2, 3]).p)
    # The interval of Gilbert: ranks (N' ∓ C)/2 of the ordered slopes.
    long = trends.mann_kendall(range(30), [year * 0.1 + (-1) ** year for year in range(30)])
    assert long.low < 0.1 < long.high
    assert trends.mann_kendall(range(5), [1, math.nan, 2, 3, 4]).values == 4


@given(
    st.lists(st.floats(-50, 50), min_size=4, max_size=25), st.floats(-3, 3).filter(lambda a: abs(a) > 0.01)
)
def test_turning_a_series_round_turns_its_trend(values, factor):
    plain = trends.mann_kendall(range(len(values)), values)
    turned = trends.mann_kendall(range(len(values)), [-value for value in values])
    assert turned.score == -plain.score
    assert turned.slope == pytest.approx(-plain.slope, abs=1e-9)


@pytest.mark.parametrize("index", [climate.spi, climate.spei])
def test_drought_is_standard_over_its_base_and_grows_with_want(index):
    random = np.random.default_rng(3)
    rain = random.gamma(2.0, 30.0, 12 * 40)
    found = index(rain, width=3, base=slice(0, 480))
    held = found[~np.isnan(found)]
    assert len(held) == 478
    assert held.mean() == pytest.approx(0, abs=0.08)
    assert held.std() == pytest.approx(1, abs=0.1)
    drier = rain.copy()
    drier[-3:] = 0.5
    assert index(drier, width=3, base=slice(0, 470))[-1] < -2
    assert np.isnan(index(rain, width=3, base=slice(0, 60))).all()


def test_a_balance_is_standard_whichever_way_it_leans():
    random = np.random.default_rng(9)
    rain = random.gamma(2.0, 30.0, 12 * 40)
    right = climate.spei(rain, width=3, base=slice(0, 480))
    left = climate.spei(-rain, width=3, base=slice(0, 480))
    assert np.isnan(left).sum() == np.isnan(right).sum() == 2
    assert left[2:] == pytest.approx(-right[2:], abs=1e-6)


def test_evapotranspiration_is_the_example_of_fao():
    # FAO-56, example 20 (Hargreaves): Lyon, 45°43' N, July, Tmax 26.6, Tmin 14.8: 5.0 mm/d.
    days = climate.calendar(dt.date(2001, 1, 1), 365)
    found = climate.evapotranspiration(np.full(365, 26.6), np.full(365, 14.8), days, 45.72)
    assert found[181:212].mean() == pytest.approx(5.0, abs=0.1)


def test_an_outlook_knows_when_it_knows_nothing():
    random = np.random.default_rng(5)
    years = 40
    noise = climate.outlook(random.normal(0, 1, years * 12), years * 12 - 4)
    assert noise.skill < 0.1
    slow = np.repeat(random.normal(0, 1, years * 2), 6) + random.normal(0, 0.1, years * 12)
    # Halves of a year keep their sign: what holds in April to June is gone in July; in July to September it stays.
    kept = climate.outlook(slow, years * 12 - 4)
    assert kept.skill > 0.9
    assert kept.low < kept.normal < kept.high
    assert kept.persistence == pytest.approx(float(slow[-6:-3].mean()), abs=0.3)
    assert math.isnan(climate.outlook(np.zeros(36), 35).skill)
