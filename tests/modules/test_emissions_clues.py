"""Clues of falsification and the rules of off-site supervision, each with an honest and a dishonest series."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.modules.emissions.rules import backtest, clues, marks, supervision, tables

HOUR = 3600
P = tables.in_force("clues", backtest.ON)["rules"]
RANDOM = np.random.default_rng(7)
START = HOUR * np.arange(240, dtype=np.int64)
HONEST = np.round(20.0 + 3.0 * np.sin(np.arange(240) / 3.0) + RANDOM.standard_normal(240), 2)


def changed(rows, part):
    value = HONEST.copy()
    value[rows] = part
    return value


def test_a_run_of_one_value_is_found_with_its_hours_and_standstill_is_not():
    found = clues.constant(START, changed(slice(100, 110), 17.0), step=HOUR, parameters=P["constant"])
    assert [(hit.start, hit.end) for hit in found] == [(100 * HOUR, 110 * HOUR)]
    assert found[0].facts == {"value": 17.0, "points": 10.0}
    assert clues.constant(START, changed(slice(100, 110), 0.0), step=HOUR, parameters=P["constant"]) == []
    assert clues.constant(START, HONEST, step=HOUR, parameters=P["constant"]) == []
    kept = np.r_[0:104, 106:240]
    split = clues.constant(
        START[kept], changed(slice(100, 110), 17.0)[kept], step=HOUR, parameters=P["constant"]
    )
    assert split == []


def test_values_under_one_ceiling_are_found():
    value = np.minimum(HONEST * 1.6, 33.0)
    found = clues.clipped(START, value, 35.0, step=HOUR, parameters=P["clipped"])
    assert found and found[0].facts["ceiling"] == 33.0
    assert clues.clipped(START, value, 100.0, step=HOUR, parameters=P["clipped"]) == []


def test_a_replay_names_its_original():
    value = changed(slice(150, 190), HONEST[20:60])
    found = clues.repeated(START, value, step=HOUR, parameters=P["repeated"])
    assert [(hit.start, hit.end) for hit in found] == [(150 * HOUR, 190 * HOUR)]
    assert found[0].facts == {"copy_of": 20.0 * HOUR, "own": 1.0}
    other = RANDOM.uniform(10, 30, 240).round(2)
    borrowed = clues.repeated(
        START, changed(slice(150, 190), other[20:60]), step=HOUR, parameters=P["repeated"],
        others=[(START, other)],
    )  # fmt: skip
    assert (borrowed[0].start, borrowed[0].facts["own"]) == (150 * HOUR, 0.0)


def test_two_outlets_with_the_same_values():
    other = changed(slice(30, 60), HONEST[30:60]) + np.where(np.arange(240) // 30 == 1, 0.0, 0.5)
    found = clues.twins(START, HONEST, START, other, step=HOUR, parameters=P["twins"])
    assert [(hit.start, hit.end) for hit in found] == [(30 * HOUR, 60 * HOUR)]


def test_a_changed_slope_needs_a_mark():
    slope = np.where(np.arange(240) < 100, 1.0, 0.8)
    found = clues.parameter_change(START, slope, spans=(), parameters=P["parameter_change"])
    assert found[0].facts == {"before": 1.0, "after": 0.8}
    visit = marks.Span(98 * HOUR, 101 * HOUR, "maintenance", "invalid")
    assert clues.parameter_change(START, slope, spans=[visit], parameters=P["parameter_change"]) == []


@pytest.mark.parametrize(
    "run",
    [
        lambda s, v: clues.constant(s, v, step=HOUR, parameters=P["constant"]),
        lambda s, v: clues.clipped(s, v, 35.0, step=HOUR, parameters=P["clipped"]),
        lambda s, v: clues.near_limit(s, v, 35.0, step=HOUR, parameters=P["near_limit"]),
        lambda s, v: clues.repeated(s, v, step=HOUR, parameters=P["repeated"]),
        lambda s, v: clues.collapse(s, v, step=HOUR, parameters=P["collapse"], load=np.ones(len(s))),
        lambda s, v: clues.out_of_phase(s, v, np.ones(len(s)), step=HOUR, parameters=P["out_of_phase"]),
        lambda s, v: clues.twins(s, v, s, v + 1, step=HOUR, parameters=P["twins"]),
        lambda s, v: clues.drop(s, v, step=HOUR, parameters=P["drop"], load=np.ones(len(s))),
        lambda s, v: clues.missing_when_high(s, v, 35.0, step=HOUR, parameters=P["missing_when_high"]),
        lambda s, v: clues.conversion(s, v, v, v, 6.0, step=HOUR, parameters=P["conversion"]),
        lambda s, v: clues.parameter_change(s, v, spans=(), parameters=P["parameter_change"]),
    ],
)
def test_nothing_short_or_missing_breaks_a_test(run):
    start = backtest.periods.day_bounds(backtest.ON)[0] + START
    for size in (0, 1, 5, 30):
        assert isinstance(run(start[:size], np.full(size, np.nan)), list)
        assert isinstance(run(start[:size], HONEST[:size]), list)


@given(st.integers(-1_000_000, 1_000_000))
def test_moving_time_moves_the_hits_and_nothing_else(shift):
    value = changed(slice(100, 110), 17.0)
    one = clues.constant(START, value, step=HOUR, parameters=P["constant"])
    other = clues.constant(START + shift, value, step=HOUR, parameters=P["constant"])
    assert [(hit.start + shift, hit.end + shift, hit.facts) for hit in one] == [tuple(hit) for hit in other]


# --- supervision ---

STEP = 60
MINUTES = STEP * np.arange(300, dtype=np.int64)


def powers(rows, part, usual=100.0):
    value = np.full(300, usual)
    value[rows] = part
    return value


@pytest.mark.parametrize(("minutes", "hits"), [(10, 0), (11, 1)])
def test_treatment_off_for_more_than_ten_minutes(minutes, hits):
    found = supervision.treatment_off(
        MINUTES, np.full(300, 1000.0), powers(slice(100, 100 + minutes), 5.0),
        usual_production=1000.0, usual_treatment=100.0, step=STEP, parameters=P["treatment_off"],
    )  # fmt: skip
    assert len(found) == hits
    resting = supervision.treatment_off(
        MINUTES, np.zeros(300), np.zeros(300),
        usual_production=1000.0, usual_treatment=100.0, step=STEP, parameters=P["treatment_off"],
    )  # fmt: skip
    assert resting == []


def test_treatment_that_idles_under_load():
    found = supervision.running_empty(
        MINUTES, np.full(300, 95.0), powers(slice(100, 200), 30.0),
        usual_load=100.0, usual_treatment=100.0, step=STEP, parameters=P["running_empty"],
    )  # fmt: skip
    assert [(hit.start // STEP, hit.end // STEP) for hit in found] == [(100, 200)]


def test_energy_above_an_order_and_production_within_a_stop():
    start = HOUR * np.arange(48, dtype=np.int64) - 8 * HOUR
    found = supervision.limit_broken(
        start, np.where(np.arange(48) < 24, 50.0, 80.0), base=2400.0, ratio=0.5, step=HOUR,
        parameters=P["limit_broken"],
    )  # fmt: skip
    assert [(hit.start, hit.facts["energy"]) for hit in found] == [(16 * HOUR, 1920.0)]
    stopped = supervision.stop_broken(
        MINUTES, powers(slice(50, 80), 900.0, usual=10.0), usual_production=1000.0, step=STEP,
        parameters=P["stop_broken"],
    )  # fmt: skip
    assert [(hit.start // STEP, hit.end // STEP) for hit in stopped] == [(50, 80)]


def test_a_silent_meter_and_too_much_water():
    heard = np.delete(MINUTES, slice(100, 140))
    assert len(supervision.meter_offline(heard, MINUTES, step=STEP, parameters=P["meter_offline"])) == 1
    assert supervision.meter_offline(heard[:100], heard, step=STEP, parameters=P["meter_offline"])
    start = HOUR * np.arange(24, dtype=np.int64) - 8 * HOUR
    balance = supervision.water_balance(
        start, np.full(24, 10.0), np.full(24, 15.0), step=HOUR, parameters=P["water_balance"]
    )
    assert balance[0].facts == {"intake": 240.0, "discharge": 360.0}


# --- back-test ---


def test_every_rule_of_the_table_is_back_tested_and_catches_what_it_should():
    found = {score.rule: score for score in backtest.scores(seed=5, outlets=25)}
    assert set(found) == set(P)
    weak = {rule: score.recall for rule, score in found.items() if score.recall < 0.75}
    assert weak == {}
    assert {rule for rule, score in found.items() if score.precision < 0.8} == set()
    assert all(score.alarms <= 1.0 for score in found.values())


def test_equal_seeds_give_equal_scores():
    one, other = (backtest.markdown(backtest.scores(seed=1, outlets=2)) for _ in range(2))
    assert one == other
