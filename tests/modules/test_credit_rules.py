"""The credit engine: points and weights, vetoes, decay and repair."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.modules.credit import rules

ON = dt.date(2026, 11, 2)
POINTS = rules.ruleset("JL-4", ON)
WEIGHTS = rules.ruleset("CN-21", ON)
ORDER = [item["code"] for item in POINTS["grades"]]
"""Best first."""


def event(key, day="2026-06-01", reference="E1", repaired=None):
    return rules.Event(
        reference,
        key,
        dt.date.fromisoformat(day),
        dt.date.fromisoformat(repaired) if repaired else None,
    )


def score(*events, on=ON):
    return rules.by_points(POINTS, events, on)


@pytest.mark.parametrize(
    ("events", "points", "grade"),
    [
        ([], "12", "green"),
        ([event("warning")], "11", "green"),
        ([event("fine_small")], "10", "blue"),
        ([event("restriction")], "6", "blue"),
        ([event("restriction"), event("warning", reference="E2")], "5", "yellow"),
        ([event("restriction"), event("fine_large", reference="E2")], "1", "red"),
        (
            [event("restriction"), event("restriction", reference="E2"), event("seal", reference="E3")],
            "0",
            "red",
        ),
        # An ordinary incident costs a grade at once, whatever the points say.
        ([event("incident")], "7", "yellow"),
        ([event("falsified")], "12", "red"),
        ([event("something the rules do not know")], "12", "green"),
        # The same record told by two sources counts once.
        ([event("fine_small"), event("fine_small")], "10", "blue"),
    ],
)
def test_points_and_their_grades(events, points, grade):
    found = score(*events)
    assert (found.score, found.grade) == (Decimal(points), grade)


@pytest.mark.parametrize(
    ("on", "points"),
    [("2026-05-31", "12"), ("2026-06-01", "10"), ("2027-05-31", "10"), ("2027-06-01", "12")],
)
def test_an_event_counts_from_its_day_for_twelve_months(on, points):
    assert score(event("fine_small"), on=dt.date.fromisoformat(on)).score == Decimal(points)


def test_a_repair_gives_half_of_the_points_back_from_its_day_on():
    repaired = event("fine_large", repaired="2026-10-01")
    assert score(repaired, on=dt.date(2026, 9, 30)).score == 7
    assert score(repaired, on=dt.date(2026, 10, 1)).score == Decimal("9.5")


def test_a_repair_does_not_lift_a_veto():
    assert score(event("dumping", repaired="2026-07-01")).grade == "red"


def test_the_page_can_say_when_time_alone_will_mend_the_grade():
    told = [event("fine_small", "2026-02-28"), event("restriction", "2026-08-31", "E2")]
    coming = rules.changes_on(POINTS, told, ON)
    assert [(day.isoformat(), found.score) for day, found in coming] == [
        ("2027-02-28", 6),
        ("2027-08-31", 12),
    ]


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2026-01-31", 3, "2026-04-30"),
        ("2026-12-01", 12, "2027-12-01"),
    ],
)
def test_months_end_where_the_calendar_does(day, months, expected):
    assert rules.after_months(dt.date.fromisoformat(day), months) == dt.date.fromisoformat(expected)


KEYS = sorted(rules.known_keys(POINTS))
EVENTS = st.lists(
    st.builds(
        rules.Event,
        reference=st.uuids().map(str),
        key=st.sampled_from(KEYS),
        on=st.dates(dt.date(2025, 6, 1), dt.date(2026, 12, 31)),
        repaired_on=st.none() | st.dates(dt.date(2025, 6, 1), dt.date(2026, 12, 31)),
    ),
    max_size=8,
)


@given(EVENTS, EVENTS)
def test_a_further_event_never_makes_a_grade_better(events, more):
    before, after = score(*events), score(*events, *more)
    assert after.score <= before.score
    assert ORDER.index(after.grade) >= ORDER.index(before.grade)


@given(EVENTS, st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(events, random):
    shuffled = list(events)
    random.shuffle(shuffled)
    assert score(*shuffled) == score(*events)
    assert rules.inputs_hash(POINTS, shuffled, ON) == rules.inputs_hash(POINTS, events, ON)


@given(EVENTS)
def test_a_score_is_what_its_reasons_add_up_to(events):
    found = score(*events)
    assert found.score == max(Decimal(0), 12 + sum(reason.points for reason in found.reasons))


@given(EVENTS)
def test_after_twelve_months_without_events_everything_is_forgotten(events):
    assert score(*events, on=dt.date(2028, 1, 1)) == rules.Score(Decimal(12), "green", ())


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        # Outlet compliance: from 90 % 80 to 100, from 75 % 50 to 79, below that 0 to 49, under 50 % nothing.
        ("emission", "100", "100"),
        ("emission", "90", "80"),
        ("emission", "75", "50"),
        ("emission", "50", "0"),
        ("emission", "49.9", "0"),
        ("solid_waste", "95", "80"),
        ("solid_waste", "80", "50"),
        ("noise", "63", "63"),
    ],
)
def test_an_indicator_scores_within_its_band(key, value, expected):
    item = next(item for item in WEIGHTS["indicators"] if item["key"] == key)
    assert rules.indicator_score(item, Decimal(value)) == Decimal(expected)


@given(st.decimals(0, 100, places=2), st.decimals(0, 100, places=2))
def test_a_better_value_never_scores_lower(one, other):
    for item in WEIGHTS["indicators"]:
        low, high = sorted((one, other))
        assert rules.indicator_score(item, low) <= rules.indicator_score(item, high)


def test_weights_count_in_proportion_and_what_is_missing_is_told():
    values = {"emission": Decimal(100), "punishment": Decimal(50)}
    found = rules.by_weights(WEIGHTS, values)
    assert (found.score, found.grade, found.assessed) == (Decimal("75.00"), "blue", Decimal("0.54"))
    assert rules.by_weights(WEIGHTS, values, ["crime"]).grade == "red"


@pytest.mark.parametrize("values", [{}, {"noise": Decimal(101)}, {"emission": Decimal(-1)}])
def test_values_that_mean_nothing_are_refused(values):
    with pytest.raises(ValueError, match=r"no indicator|not within"):
        rules.by_weights(WEIGHTS, values)


@pytest.mark.parametrize(
    ("score_of", "grade"),
    [
        ("100", "green"),
        ("96", "green"),
        ("95.99", "blue"),
        ("70", "blue"),
        ("69.99", "yellow"),
        ("60", "yellow"),
        ("59.99", "red"),
        ("0", "red"),
    ],
)
def test_thresholds_of_fujian_2016(score_of, grade):
    assert rules.grade_of(WEIGHTS, Decimal(score_of)) == grade


def test_a_score_of_the_past_uses_the_rules_of_then():
    with pytest.raises(LookupError):
        rules.ruleset("JL-4", dt.date(2025, 12, 31))
    assert rules.name_of(POINTS) == "JL-4 v1"
