"""GB/T 8170 on arrays, held against decimal arithmetic."""

from __future__ import annotations

import decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.standards import rounding

WORKED = [  # GB/T 8170-2008, 3.2: rule of rounding, and the ties that binary floats miss
    ("12.1498", 1, "12.1"),
    ("12.1498", 0, "12"),
    ("1.050", 1, "1.0"),
    ("0.35", 1, "0.4"),
    ("2500", -3, "2000"),
    ("3500", -3, "4000"),
    ("0.0325", 3, "0.032"),
    ("32500", -3, "32000"),
    ("0.15", 1, "0.2"),
    ("0.25", 1, "0.2"),
    ("2.675", 2, "2.68"),
    ("1.005", 2, "1.00"),
    ("0.285", 2, "0.28"),
    ("-0.35", 1, "-0.4"),
    ("-0.25", 1, "-0.2"),
    ("0.29", 2, "0.29"),
]


@pytest.mark.parametrize(("text", "digits", "rounded"), WORKED)
def test_worked_examples(text: str, digits: int, rounded: str) -> None:
    assert rounding.round_half_even(float(text), digits) == float(rounded)


@given(st.decimals(min_value=-100_000, max_value=100_000, places=4), st.integers(min_value=-2, max_value=3))
def test_equals_decimal_arithmetic(number: decimal.Decimal, digits: int) -> None:
    unit = decimal.Decimal(1).scaleb(-digits)
    expected = number.quantize(unit, rounding=decimal.ROUND_HALF_EVEN)
    assert float(rounding.round_half_even(float(number), digits)) == float(expected)
    assert float(rounding.whole_units(float(number), digits)) == float(expected / unit)


@given(st.decimals(min_value=0, max_value=10_000, places=5), st.integers(min_value=0, max_value=3))
def test_rounding_twice_changes_nothing(number: decimal.Decimal, digits: int) -> None:
    once = rounding.round_half_even(float(number), digits)
    assert rounding.round_half_even(once, digits) == once


def test_missing_stays_missing_and_shape_is_kept() -> None:
    values = np.array([[0.05, np.nan], [0.15, 7.0]])
    rounded = rounding.round_half_even(values, 1)
    np.testing.assert_array_equal(rounded, [[0.0, np.nan], [0.2, 7.0]])


@given(st.lists(st.integers(min_value=0, max_value=500), min_size=20, max_size=24))
def test_a_settled_mean_rounds_as_the_exact_mean_does(tenths: list[int]) -> None:
    mean = np.mean([number / 10 for number in tenths])
    exact = decimal.Decimal(sum(tenths)) / (10 * len(tenths))
    expected = exact.quantize(decimal.Decimal("0.1"), rounding=decimal.ROUND_HALF_EVEN)
    assert float(rounding.round_half_even(rounding.settle(mean), 1)) == float(expected)
