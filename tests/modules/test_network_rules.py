"""What the rules of the network decide, without a database."""

from __future__ import annotations

import ast
import datetime as dt
import inspect
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.modules.network import models, module
from jiangcheng.modules.network.rules import (
    catalogue,
    coverage,
    laboratory,
    quality,
    rural,
    statistics,
    tables,
)

ON = dt.date(2026, 6, 1)
DAY = 86_400
MOST_LINES = 60
"""Of a register: its model and its declaration together."""
KINDS = {"zero_span": {"back": True}, "calibration": {"back": False}}


def test_a_register_is_one_model_and_one_declaration_of_at_most_sixty_lines():
    declared = {register.model.partition(".")[2]: register for register in module.MANIFEST.registers}
    assert len(declared) == 9
    calls = {
        call.args[3].value: call.end_lineno - call.lineno + 1
        for call in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_register"
    }
    for name in declared:
        assert len(inspect.getsource(getattr(models, name)).splitlines()) + calls[name] <= MOST_LINES, name


@pytest.mark.parametrize("path", sorted(tables.TABLES.folder.glob("*.json")), ids=lambda path: path.stem)
def test_every_table_says_where_it_comes_from_and_whether_that_was_verified(path):
    for row in tables.table(path.stem):
        assert row["source"] and row["version"] and isinstance(row["verified"], bool)
        dt.date.fromisoformat(row["valid_from"])


def test_no_rule_is_in_force_before_its_first_version():
    with pytest.raises(LookupError, match="lod"):
        tables.in_force("lod", dt.date(1999, 12, 31))


@pytest.mark.parametrize(
    ("kind", "attributes", "element"),
    [
        ("air", {}, "air"),
        ("air", {"element": "ghg"}, "ghg"),
        ("manual", {"element": "groundwater"}, "groundwater"),
        ("manual", {}, "other"),
        ("area", {}, ""),
    ],
)
def test_a_point_belongs_to_the_first_element_that_fits(kind, attributes, element):
    elements = tables.in_force("elements", ON)["elements"]
    assert coverage.element_of(kind, attributes, elements) == element


def test_the_fullest_series_counts_and_a_full_day_does_not_make_up_for_an_empty_one():
    station = np.array([1, 1, 1, 2])
    day = np.array([10, 10, 11, 10])
    count = np.array([20, 30, 3, 6])
    assert coverage.received(station, day, count, {1: 24, 2: 6}) == {1: 27, 2: 6}


def test_what_was_due_ends_with_the_life_of_a_point():
    assert coverage.expected((0, 10 * DAY), DAY, (5 * DAY, 8 * DAY)) == 3
    assert coverage.expected((0, DAY), 90 * DAY, (0, DAY)) == 0
    assert coverage.Arrival(1, 0, 0).percent is None


@given(st.sets(st.integers(0, 99)), st.integers(1, 5))
def test_silences_are_the_runs_of_hours_without_any_value(present, least):
    starts = np.array(sorted(present), np.int64) * 3600
    found = coverage.silences(starts, begin=0, end=100 * 3600, step=3600, least=least)
    absent = {hour for begin, end in found for hour in range(begin // 3600, end // 3600)}
    assert not absent & present
    assert all(end - begin >= least * 3600 for begin, end in found)
    if least == 1:
        assert absent | present == set(range(100))


def test_four_hourly_points_are_asked_at_beijing_hours():
    assert coverage.silences(np.array([], np.int64), begin=0, end=8 * 3600, step=14_400, least=1) == [
        (0, 28_800)
    ]
    assert coverage.silences(np.array([], np.int64), begin=3600, end=8 * 3600, step=14_400, least=1) == [
        (14_400, 28_800)
    ]


periods = st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)).map(lambda pair: (pair[0], sum(pair))))


@given(periods)
def test_what_is_uncovered_is_the_period_without_the_known_ones(known):
    parts = coverage.uncovered((10, 40), known)
    inside = {tick for begin, end in parts for tick in range(begin, end)}
    assert inside == set(range(10, 40)) - {tick for begin, end in known for tick in range(begin, end)}
    assert parts == sorted(parts)


def check(kind, at, until, passed=True):
    return quality.Check(kind, at, until, passed)


def test_before_the_first_check_nothing_is_said_and_afterwards_the_latest_one_counts():
    starts = np.array([0, 10, 19, 20, 30, 35])
    checks = [check("calibration", 10, 20), check("calibration", 30, 40)]
    assert quality.outside_qc(starts, checks, KINDS).tolist() == [0, 0, 0, quality.LAPSED, 0, 0]


def test_a_failed_check_takes_the_values_since_the_passed_one_where_the_kind_says_so():
    starts = np.array([5, 12, 25, 45])
    checks = [check("zero_span", 0, 10), check("zero_span", 10, 40), check("zero_span", 30, 40, passed=False),
              check("zero_span", 40, 90)]  # fmt: skip
    assert quality.outside_qc(starts, checks, KINDS).tolist() == [0, quality.FAILED, quality.FAILED, 0]
    forward = [check("calibration", 0, 40), check("calibration", 30, 40, passed=False)]
    assert quality.outside_qc(starts, forward, KINDS).tolist() == [0, 0, 0, quality.FAILED]


def test_kinds_that_do_not_judge_judge_nothing():
    assert quality.outside_qc(np.array([5]), [check("blank", 0, 1, passed=False)], KINDS).tolist() == [0]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=6))
def test_a_value_is_inside_exactly_where_a_check_covers_it_or_none_came_before(rows):
    checks = [check("calibration", at, at + length) for at, length in rows]
    for start in range(0, 80, 7):
        outside = quality.outside_qc(np.array([start]), checks, KINDS)[0] != quality.INSIDE
        judged = any(item.at <= start for item in checks)
        # Of two checks at one instant the later one in the list counts, in both functions alike.
        assert outside == (judged and not quality.covering(start, checks))


def test_below_the_limit_of_detection_the_share_of_the_table_stands_and_says_so():
    assert laboratory.value(None, 0.5, ON) == (0.25, laboratory.BELOW_DETECTION, "2026.1")
    assert laboratory.value(0.4, 0.5, ON)[:2] == (0.25, laboratory.BELOW_DETECTION)
    assert laboratory.value(0.5, 0.5, ON)[:2] == (0.5, laboratory.NORMAL)
    assert laboratory.value(3.0, None, ON)[:2] == (3.0, laboratory.NORMAL)
    with pytest.raises(ValueError, match="no_value"):
        laboratory.value(None, None, ON)
    with pytest.raises(ValueError, match="negative"):
        laboratory.value(-1.0, 0.5, ON)


def test_the_rural_index_weighs_what_is_there_and_names_what_is_not():
    full = {item["code"]: (4, 4) for item in tables.in_force("rural", ON)["items"]}
    assert (rural.index(full, ON).value, rural.index(full, ON).missing) == (100.0, ())
    poor = rural.index({"air": (4, 4), "soil": (0, 0)}, ON)
    assert poor.value is None and "soil" in poor.missing and poor.weight == pytest.approx(0.2)
    with pytest.raises(ValueError, match="soil"):
        rural.index({"soil": (1, 2)}, ON)


@given(st.dictionaries(st.text(max_size=4), st.one_of(st.integers(), st.text(max_size=4), st.none())))
def test_equal_documents_have_equal_bytes_whatever_their_order(document):
    turned = dict(reversed(document.items()))
    assert statistics.canonical(document) == statistics.canonical(turned)
    assert json.loads(statistics.canonical(document)) == document


def test_a_float_has_no_place_in_a_frozen_table():
    with pytest.raises(TypeError):
        statistics.canonical({"rows": [{"value": 0.1}]})


def test_means_are_exact_and_rounded_half_to_even():
    assert statistics.mean(25, 2, 1, 1) == "1.2"
    assert statistics.mean(35, 2, 1, 1) == "1.8"
    assert statistics.mean(0, 0, 1, 1) is None


def test_differences_name_row_column_and_both_values():
    before = [{"place": "a", "mean": "1"}, {"place": "b", "mean": "2"}]
    after = [{"place": "a", "mean": "3"}]
    assert statistics.differences(before, after, ["place"]) == [
        statistics.Difference("a", "mean", "1", "3"),
        statistics.Difference("b", "mean", "2", None),
    ]


def test_quality_falls_with_age_and_leaves_out_what_cannot_be_told():
    assert [catalogue.timeliness(days, 10) for days in (None, 5, 15, 30)] == [0.0, 1.0, 0.5, 0.0]
    assert catalogue.score({"completeness": None, "timeliness": 0.5}, ON) == 50.0
    assert catalogue.score({"completeness": None, "timeliness": None}, ON) is None
