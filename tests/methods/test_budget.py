"""What a target still leaves, held against trying every outcome."""

from __future__ import annotations

import fractions
import math

from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.methods import budget

days = st.integers(min_value=0, max_value=366)


@given(successes=days, failures=days, remaining=days, target=st.sampled_from([87.5, 90.0, 93.4, 100.0]))
def test_failures_left_is_the_last_outcome_that_reaches_the_target(
    successes: int, failures: int, remaining: int, target: float
) -> None:
    judged = successes + failures
    left = budget.failures_left(
        successes=successes, judged=judged, remaining=remaining, target_percent=target
    )
    total = judged + remaining

    def reached(bad: int) -> bool:
        return 100 * (successes + remaining - bad) >= fractions.Fraction(str(target)) * total

    assert left <= remaining
    assert reached(left)
    assert left == remaining or not reached(left + 1)


@given(occurred=days, others=days, remaining=days, limit=st.sampled_from([0.0, 0.5, 1.0]))
def test_occurrences_left_is_the_last_outcome_within_the_limit(
    occurred: int, others: int, remaining: int, limit: float
) -> None:
    judged = occurred + others
    left = budget.occurrences_left(occurred=occurred, judged=judged, remaining=remaining, limit_percent=limit)

    def within(more: int) -> bool:
        return 100 * (occurred + more) <= fractions.Fraction(str(limit)) * (judged + remaining)

    assert left <= remaining
    assert within(left)
    assert left == remaining or not within(left + 1)


def test_how_high_the_rest_of_the_year_may_be() -> None:
    assert budget.mean_left(mean=30.0, count=300, remaining=65, target=28.0) == (28 * 365 - 9000) / 65
    assert budget.mean_left(mean=40.0, count=300, remaining=65, target=28.0) < 0
    assert budget.mean_left(mean=math.nan, count=0, remaining=365, target=28.0) == 28.0
    assert math.isnan(budget.mean_left(mean=30.0, count=365, remaining=0, target=28.0))
