"""Outlets: over the limit, spells, silence."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.modules.emissions import rules

NORMAL = ord("N")


def test_an_hour_above_its_limit_has_a_multiple() -> None:
    found = rules.exceedance([34.9, 35.0, 35.1, 70.0, np.nan, 70.0], 35.0, NORMAL)
    assert found.judged.tolist() == [True, True, True, True, False, True]
    assert found.exceeded.tolist() == [False, False, True, True, False, True]
    assert found.multiple[3] == 1.0
    assert np.isnan(found.multiple[[0, 1, 4]]).all()


@pytest.mark.parametrize(
    ("letter", "judged"), [*((letter, False) for letter in "FMSDCTBX"), ("N", True), ("Q", True)]
)
def test_only_valid_hours_are_judged(letter: str, judged: bool) -> None:
    found = rules.exceedance([99.0], [35.0], [ord(letter)])
    assert (found.judged[0], found.exceeded[0]) == (judged, judged)


def test_without_a_limit_nothing_is_judged_and_a_range_has_two_ends() -> None:
    assert not rules.exceedance([99.0], np.nan, NORMAL).judged[0]
    ph = rules.exceedance([5.9, 6.0, 9.0, 9.1], 9.0, NORMAL, lower=6.0)
    assert ph.exceeded.tolist() == [True, False, False, True]
    assert np.isnan(ph.multiple[0])


@given(
    st.lists(st.tuples(st.booleans(), st.booleans()), max_size=80),
)
def test_spells_are_what_the_states_open_and_end(hours: list[tuple[bool, bool]]) -> None:
    """Hour by hour and all at once must tell the same story; an unjudged hour changes nothing."""
    start = np.arange(len(hours), dtype=np.int64) * 3600
    judged = np.array([hour[0] for hour in hours], dtype=bool)
    exceeded = np.array([hour[1] for hour in hours], dtype=bool)
    over = np.array([False])
    opened, last = [], []
    for index in range(len(hours)):
        step = rules.transition(over, judged[index : index + 1], exceeded[index : index + 1])
        if step.opens[0]:
            opened.append(int(start[index]))
            last.append(int(start[index]))
        elif step.continues[0]:
            last[-1] = int(start[index])
        if not judged[index]:
            assert step.over[0] == over[0]
            assert not step.opens[0] | step.ends[0]
        over = step.over
    found = rules.runs(start, judged, exceeded)
    assert found.first.tolist() == opened
    assert found.last.tolist() == last
    assert found.hours.sum() == (judged & exceeded).sum()


def test_silence_is_more_than_the_factor_of_intervals() -> None:
    now = 1_000_000
    last = [now - 7200, now - 7201, rules.NEVER, now + 60]
    found = rules.silence(last, 3600, now=now, factor=2)
    assert found.silent.tolist() == [False, True, True, False]
    assert found.missed.tolist() == [2, 2, np.inf, 0]
    assert found.seconds[2] == np.inf
    assert rules.silence(last[:1], [600], now=now).silent.tolist() == [True]
