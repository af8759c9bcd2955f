"""Due dates, colours and quarters as pure rules; golden cases from the regulations' defaults."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.core.cases.rules import working_calendar
from jiangcheng.modules.enterprises import rules

TABLE = rules.in_force("duties", dt.date(2026, 1, 1))
date = dt.date.fromisoformat


def planned(frequency, since, until, **more):
    return rules.planned_duties(
        requirements=[{"kind": "report", "subject": frequency, "frequency": frequency, **more}],
        permit_from=date(since),
        permit_to=None,
        until=date(until),
        table=TABLE,
        is_working=working_calendar().is_working,
    )


@pytest.mark.parametrize(
    ("frequency", "since", "until", "due"),
    [
        ("month", "2026-03-01", "2026-03-02", "2026-04-15"),
        ("quarter", "2026-04-01", "2026-04-02", "2026-07-15"),
        ("month", "2026-10-01", "2026-10-02", "2026-11-16"),  # the 15th is a Sunday
    ],
)
def test_reports_are_due_so_many_days_after_their_period(frequency, since, until, due):
    (duty,) = planned(frequency, since, until)
    assert duty.due == date(due)


def test_the_day_the_permit_names_goes_before_that_of_the_law():
    (duty,) = planned("month", "2026-03-01", "2026-03-02", after_days=9)
    assert duty.due == date("2026-04-09")


@pytest.mark.parametrize(("since", "count"), [("2026-03-22", 1), ("2026-03-23", 0)])
def test_no_monthly_report_for_a_permit_held_less_than_ten_days(since, count):
    assert len(planned("month", since, "2026-03-31")) == count


def test_the_last_month_of_a_quarter_merges_into_its_report():
    months = [duty.period.first.month for duty in planned("month", "2026-01-01", "2026-12-31", merges=True)]
    assert months == [1, 2, 4, 5, 7, 8, 10, 11]


@pytest.mark.parametrize(
    ("submitted", "accepted", "today", "state"),
    [
        (None, False, "2026-04-15", "open"),
        (None, False, "2026-04-16", "missed"),
        ("2026-04-15", False, "2026-05-01", "submitted"),
        ("2026-04-15", True, "2026-05-01", "accepted"),
        ("2026-04-16", True, "2026-05-01", "late"),
    ],
)
def test_states(submitted, accepted, today, state):
    found = rules.duty_state(
        due=date("2026-04-15"), submitted=submitted and date(submitted), accepted=accepted, today=date(today)
    )
    assert found == state


@given(
    st.sampled_from(["day", "week", "month", "quarter", "half", "year"]),
    st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)),
    st.integers(1, 800),
)
def test_periods_follow_one_another_without_gap(frequency, since, days):
    until = since + dt.timedelta(days=days)
    found = list(rules.periods_of(frequency, since, until))
    assert found[0].first <= since < found[0].end and found[-1].end >= until > found[-1].first
    assert all(one.end == two.first for one, two in itertools.pairwise(found))


@given(st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)))
def test_twelve_quarters_end_with_the_one_of_the_day(on):
    edges = rules.quarters(on)
    assert len(edges) == 13 and edges[-2] <= on < edges[-1]
    assert all(edge.day == 1 and edge.month in (1, 4, 7, 10) for edge in edges)


def test_a_span_counts_in_every_quarter_it_touches():
    edges = rules.quarters(date("2026-11-02"), 3)
    counts = rules.count_by_quarter([date("2026-06-30")], [date("2026-07-01")], edges)
    assert counts.tolist() == [1, 1, 0]
    assert rules.count_by_quarter([], [], edges).tolist() == [0, 0, 0]


COLOURS = rules.in_force("colours", dt.date(2026, 6, 1))


@pytest.mark.parametrize(
    ("inputs", "colour"),
    [
        ({}, "green"),
        ({"over_limit": ["a"]}, "blue"),
        ({"over_limit": ["a", "b", "c"]}, "yellow"),
        ({"overdue_duties": ["a"], "open_cases": ["b"]}, "yellow"),
        ({"credit_red": ["a"], "overdue_duties": ["b"]}, "red"),
    ],
)
def test_the_gravest_condition_gives_the_colour(inputs, colour):
    judged = rules.judge_colour(inputs, COLOURS)
    assert judged.colour == colour and bool(judged.reasons) == bool(inputs)


INPUTS = st.sampled_from([item["input"] for item in COLOURS["conditions"]])


@given(st.dictionaries(INPUTS, st.lists(st.text(max_size=3), max_size=5)), INPUTS)
def test_one_more_bad_fact_never_betters_the_colour(inputs, name):
    before = rules.judge_colour(inputs, COLOURS).colour
    after = rules.judge_colour({**inputs, name: [*inputs.get(name, []), "x"]}, COLOURS).colour
    assert rules.COLOURS.index(after) >= rules.COLOURS.index(before)


def test_no_rules_before_their_first_version():
    with pytest.raises(rules.NotInForce):
        rules.in_force("colours", date("2025-12-31"))
