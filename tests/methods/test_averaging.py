"""Means with their counts."""

from __future__ import annotations

import datetime
import decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.methods import averaging, statistics
from jiangcheng.standards import periods, rounding


def test_a_mean_needs_its_minimum() -> None:
    hours = np.full((2, 24), 30.0)
    hours[0, :4] = np.nan
    hours[1, :5] = np.nan
    mean = averaging.mean(hours, 20)
    np.testing.assert_array_equal(mean.value, [30.0, np.nan])
    assert mean.number.tolist() == [20, 19]


def test_running_windows_of_eight_hours_need_six() -> None:
    hours = np.arange(24.0)
    hours[[0, 1]] = np.nan
    hours[10:13] = np.nan
    mean = averaging.running_mean(hours, 8, 6)
    assert mean.value.shape == (17,)
    assert mean.value[0] == np.mean([2, 3, 4, 5, 6, 7])
    assert np.isnan(mean.value[5])
    assert mean.number[5] == 5


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(-50, 5000) | st.none()), max_size=60))
def test_grouped_mean_equals_decimal_arithmetic(rows: list[tuple[int, int | None]]) -> None:
    values = [np.nan if tenths is None else tenths / 10 for _, tenths in rows]
    found = averaging.grouped_mean(values, np.array([group for group, _ in rows], dtype=int), 5, minimum=2)
    for group in range(5):
        members = [tenths for number, tenths in rows if number == group and tenths is not None]
        assert found.number[group] == len(members)
        if len(members) < 2:
            assert np.isnan(found.value[group])
            continue
        exact = decimal.Decimal(sum(members)) / (10 * len(members))
        expected = exact.quantize(decimal.Decimal("0.1"), rounding=decimal.ROUND_HALF_EVEN)
        assert float(rounding.round_half_even(found.value[group], 1)) == float(expected)


def test_hours_are_laid_out_by_series_and_natural_day() -> None:
    start, _ = periods.day_bounds(datetime.date(2026, 3, 1))
    starts = [start - 3600, start, start + 23 * 3600, start + 24 * 3600, start + 48 * 3600]
    first = np.datetime64("2026-03-01")
    laid = averaging.hours_of_days(starts, [9, 1, 2, 3, 9], first, 2, row=[0, 0, 1, 1, 1], rows=2)
    assert laid.shape == (2, 2, 24)
    assert laid[0, 0, 0] == 1
    assert laid[1, 0, 23] == 2
    assert laid[1, 1, 0] == 3
    assert np.isfinite(laid).sum() == 3


def test_percentile_is_that_of_hj_663() -> None:
    values = [*range(1, 366), np.nan]
    # k = 1 + 364 * 0.95 = 346.8; X346 + 0.8 (X347 - X346)
    assert statistics.percentile(values, 95) == pytest.approx(346.8, abs=1e-12)
    assert statistics.percentile([7.0], 98) == 7.0
    assert np.isnan(statistics.percentile([np.nan], 90))


def test_shares_are_rounded_half_even() -> None:
    assert statistics.share(22, 31) == 71.0  # Jilin City, July 2015
    assert statistics.share(1, 800) == 0.1
    assert statistics.share(3, 800) == 0.4
    assert np.isnan(statistics.share(0, 0))
