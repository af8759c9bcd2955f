"""Hour labels, natural days, validity of a year."""

from __future__ import annotations

import datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.standards import periods


def seconds(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp())


def test_natural_day_has_the_labels_one_to_midnight_of_the_next_day() -> None:
    labels = [seconds(f"2026-03-01T{hour:02}:00+08:00") for hour in range(1, 24)]
    labels.append(seconds("2026-03-02T00:00+08:00"))
    start = periods.hour_start(labels)
    assert set(periods.natural_day(start).tolist()) == {datetime.date(2026, 3, 1)}
    assert periods.hour_of_day(start).tolist() == list(range(24))
    before = periods.hour_start(seconds("2026-03-01T00:00+08:00"))
    assert periods.natural_day(before).item() == datetime.date(2026, 2, 28)


def test_bounds_are_half_open_in_beijing_time() -> None:
    assert periods.day_bounds(datetime.date(2026, 1, 1))[0] == seconds("2025-12-31T16:00+00:00")
    start, end = periods.month_bounds(2024, 2)
    assert (end - start) // periods.DAY == 29
    start, end = periods.year_bounds(2026)
    assert (end - start) // periods.DAY == 365
    assert periods.natural_day([start, end - 1, end]).astype("datetime64[Y]").astype(int).tolist() == [
        56,
        56,
        57,
    ]


@given(st.integers(min_value=0, max_value=4_000_000_000))
def test_every_second_lies_in_its_day(second: int) -> None:
    day = periods.natural_day(second).item()
    start, end = periods.day_bounds(day)
    assert start <= second < end
    assert periods.hour_start(periods.hour_label(second)) == second


def test_a_year_needs_324_days_and_27_in_every_month_but_february() -> None:
    days = periods.days_of_year(2026)
    months = days.astype("datetime64[M]").astype(int) % 12
    valid = np.ones(365, dtype=bool)
    assert periods.year_is_valid("PM25", days, valid)
    valid[np.flatnonzero(months == 1)[:3]] = False  # February keeps 25
    assert periods.year_is_valid("PM25", days, valid)
    valid[np.flatnonzero(months == 1)[3]] = False
    assert not periods.year_is_valid("PM25", days, valid)
    valid = np.ones(365, dtype=bool)
    valid[np.flatnonzero(months == 6)[:5]] = False  # July keeps 26
    assert not periods.year_is_valid("PM25", days, valid)
