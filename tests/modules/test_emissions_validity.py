"""Minutes, hours, days and months; conversions; emissions; missing data; transmission."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.modules.emissions.rules import flue, replacement, transmission, validity
from jiangcheng.standards import lookup, periods

ON = dt.date(2026, 11, 1)
NORMAL, FAULT = ord("N"), ord("D")
DAY = periods.day_bounds(ON)[0]
Method = replacement.Method


# --- aggregation ---


@pytest.mark.parametrize(("valid", "holds"), [(44, False), (45, True), (60, True)])
def test_an_hour_needs_45_valid_minutes(valid, holds):
    flags = np.where(np.arange(60) < valid, NORMAL, FAULT)
    found = validity.gas(DAY + 60 * np.arange(60), np.full(60, 30.0), flags, level="hour", on=ON)
    assert found.valid.tolist() == [holds]
    assert (found.number[0], found.parts[0]) == (valid, 60)
    assert np.isnan(found.value[0]) != holds


@pytest.mark.parametrize(("valid", "holds"), [(19, False), (20, True)])
def test_a_day_needs_20_valid_hours_and_begins_at_midnight_in_beijing(valid, holds):
    found = validity.gas(DAY + 3600 * np.arange(valid), np.arange(valid) * 1.0, NORMAL, level="day", on=ON)
    assert found.valid.tolist() == [holds]
    assert found.start.tolist() == [DAY]
    # The hour labelled 00:00 of the next day starts at 23:00 and belongs to this one.
    last = validity.gas([periods.hour_start(DAY + 86400)], [1.0], NORMAL, level="day", on=ON)
    assert last.start.tolist() == [DAY]


def test_a_minute_needs_twelve_instants():
    for instants, holds in ((11, False), (12, True)):
        found = validity.gas(DAY + 5 * np.arange(instants), np.ones(instants), NORMAL, level="minute", on=ON)
        assert found.valid.tolist() == [holds]


@given(st.permutations(range(70)), st.lists(st.booleans(), min_size=70, max_size=70))
def test_the_order_of_rows_changes_nothing(order, good):
    start = DAY + 60 * np.arange(70)
    value = np.sin(np.arange(70)) * 10 + 30
    flag = np.where(good, NORMAL, FAULT)
    straight = validity.gas(start, value, flag, level="hour", on=ON)
    shuffled = validity.gas(start[order], value[order], flag[order], level="hour", on=ON)
    for one, other in zip(straight, shuffled, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_start_that_comes_twice_is_refused():
    with pytest.raises(ValueError, match="twice"):
        validity.gas([DAY, DAY], [1.0, 2.0], NORMAL, level="hour", on=ON)
    with pytest.raises(ValueError, match="twice"):
        validity.water_day([DAY, DAY], [1.0, 2.0], 1.0, NORMAL, due=24, on=ON)


@given(st.integers(1, 60))
def test_an_hour_of_starting_needs_the_same_share(running):
    asked = int(validity.operating_minimum([running], 45, 60)[0])
    assert asked * 60 >= running * 45 > (asked - 1) * 60
    assert validity.operating_minimum([60], 45, 60)[0] == 45


def test_february_needs_23_days_in_a_leap_year_too():
    for year in (2027, 2028):
        days = np.arange(f"{year}-01-01", f"{year}-04-01", dtype="datetime64[D]")
        valid = np.ones(len(days), bool)
        months = (days.astype("datetime64[M]").astype(int) % 12) + 1
        valid[np.flatnonzero(months == 2)[23:]] = False
        valid[np.flatnonzero(months == 3)[24:]] = False
        found = validity.months(days, valid)
        assert found.needed.tolist() == [25, 23, 25]
        assert found.valid.tolist() == [True, True, False]


def test_flags_alone_make_a_flag_and_water_is_stricter():
    assert validity.flag_of([44, 45, 60], 60, share=75).tolist() == [FAULT, NORMAL, NORMAL]
    assert validity.flag_of([45, 59, 60], 60, share=100).tolist() == [FAULT, FAULT, NORMAL]
    assert validity.flag_of([0], [0], share=75).tolist() == [FAULT]


def test_capture_of_a_quarter_counts_only_running_hours():
    assert validity.capture([2208], [100], [208])[0] == pytest.approx(95.0)
    assert np.isnan(validity.capture([2208], [0], [2208])[0])


def test_out_of_control_reaches_back_to_the_last_passed_check():
    hours = np.arange(10) * 3600
    checks, passed = np.array([2, 5, 8]) * 3600, [True, False, True]
    back = validity.out_of_control(hours, checks, passed, forward=False)
    assert np.flatnonzero(back).tolist() == [2, 3, 4]
    both = validity.out_of_control(hours, checks, passed, forward=True)
    assert np.flatnonzero(both).tolist() == [2, 3, 4, 5, 6, 7]
    assert not validity.out_of_control(hours, [], [], forward=True).any()


@given(st.lists(st.tuples(st.integers(0, 100), st.booleans()), max_size=12, unique_by=lambda pair: pair[0]))
def test_checks_in_any_order_say_the_same(checks):
    hours = np.arange(100)
    at, passed = [pair[0] for pair in checks], [pair[1] for pair in checks]
    straight = validity.out_of_control(hours, at, passed, forward=True)
    assert (straight == validity.out_of_control(hours, at[::-1], passed[::-1], forward=True)).all()
    assert not straight.any() or not all(passed)


def test_a_calibration_holds_for_its_term():
    found = validity.overdue([0, 10, 11, 20, 30, 31], [0, 20], interval=10)
    assert found.tolist() == [False, False, True, False, False, True]
    assert validity.overdue([5], [], interval=10).tolist() == [True]


# --- wastewater ---


def test_a_day_of_water_is_weighted_by_flow_and_needs_three_quarters_of_the_readings():
    start = DAY + 3600 * np.arange(24)
    value, flow = np.where(np.arange(24) < 12, 10.0, 40.0), np.where(np.arange(24) < 12, 3.0, 1.0)
    found = validity.water_day(start, value, flow, NORMAL, due=24, on=ON)
    assert found.value[0] == pytest.approx(17.5)
    flow[:7] = 0.0
    assert not validity.water_day(start, value, flow, NORMAL, due=24, on=ON).valid[0]
    assert validity.water_day(start[6:], value[6:], 1.0, NORMAL, due=24, on=ON).valid[0]


@given(st.permutations(range(24)), st.floats(0.1, 10.0))
def test_water_knows_neither_order_nor_unit_of_flow(order, factor):
    start, value = DAY + 3600 * np.arange(24), np.arange(24) + 5.0
    flow = np.cos(np.arange(24)) + 2.0
    one = validity.water_day(start, value, flow, NORMAL, due=24, on=ON)
    other = validity.water_day(start[order], value[order], flow[order] * factor, NORMAL, due=24, on=ON)
    assert one.value[0] == pytest.approx(other.value[0])
    assert value.min() <= one.value[0] <= value.max()


def test_a_sample_counts_once_and_disagreement_is_invalid():
    assert validity.samples([0, 0, 7200, 7200, 0]).tolist() == [True, False, True, False, False]
    assert validity.agreeing([100.0, 100.0], [100.9, 102.0], 100.0, on=ON).tolist() == [True, False]


def test_bands_of_the_real_sample_check():
    on = dt.date(2024, 5, 1)
    assert validity.check_passed("COD", [20, 20, 50, 200], [25, 25.1, 65, 231], on=on).tolist() == [
        True, False, True, False,
    ]  # fmt: skip
    assert validity.check_passed("pH", [7.0], [7.5], on=on).tolist() == [True]
    with pytest.raises(lookup.NotInForce):
        validity.check_passed("lead", [1.0], [1.0], on=on)


def test_a_month_of_water_needs_three_quarters_of_its_days():
    value = np.full(30, 20.0)
    value[22:] = np.nan
    assert np.isnan(validity.water_month(value, due=30, on=ON))
    value[22] = 43.0
    assert validity.water_month(value, due=30, on=ON) == pytest.approx(21.0)


# --- states of gas ---


def test_the_check_value_of_the_standard():
    found = flue.at_reference_oxygen([24.0], [9.0], 6.0, on=ON)
    assert found.value[0] == 30.0
    alpha = flue.at_reference_excess_air([24.0], [9.0], 21 / 15, on=ON)
    assert alpha.value[0] == pytest.approx(30.0)


def test_oxygen_near_air_gives_no_number_and_no_reference_no_conversion():
    found = flue.at_reference_oxygen([24.0, 24.0, 24.0], [20.4, 20.5, 21.0], 6.0, on=ON)
    assert found.marked.tolist() == [False, True, True]
    assert np.isnan(found.value[1:]).all() and np.isfinite(found.value[0])
    plain = flue.at_reference_oxygen([24.0], [21.0], None, on=ON)
    assert (plain.value[0], plain.marked[0]) == (24.0, False)


def test_a_standard_may_forbid_that_oxygen_lowers_the_result():
    assert flue.at_reference_oxygen([30.0], [3.0], 6.0, on=ON).value[0] == 25.0
    assert flue.at_reference_oxygen([30.0], [3.0], 6.0, on=ON, lowering=False).value[0] == 30.0


@pytest.mark.parametrize(("gas", "factor"), [("SO2", 2.857), ("NO", 1.339), ("NO2", 2.054), ("CO", 1.25)])
def test_ppm(gas, factor):
    assert flue.from_ppm([1.0], gas, on=ON)[0] == pytest.approx(factor, abs=5e-4)


def test_nitrogen_oxides_are_told_as_dioxide():
    assert flue.nox([30.0], [5.0], on=ON)[0] == pytest.approx(51.0)


@given(
    st.floats(-20, 300),
    st.floats(80_000, 110_000),
    st.floats(-2000, 2000),
    st.floats(0, 60),
    st.floats(0.1, 900),
)
def test_mass_is_kept_by_every_conversion(temperature, ambient, static, moisture, value):
    """Concentration times flow is the same before and after, wet and dry."""
    flow = 1000.0
    concentration = flue.dry(flue.standard_state([value], temperature, ambient, static, on=ON), moisture)
    standard = flue.dry_standard_flow([flow], temperature, ambient, static, moisture, on=ON)
    assert flue.rate(concentration, standard)[0] == pytest.approx(value * flow * 1e-6)


def test_days_add_up_to_the_hours():
    start = DAY + 3600 * np.arange(50)
    mass = np.where(np.arange(50) % 7 == 0, np.nan, 1.5)
    days, totals = flue.daily_totals(start, mass)
    assert len(days) == 3
    assert totals.sum() == pytest.approx(np.nansum(mass))
    assert flue.wet_flow(10.0, 2.0, 0.9) == pytest.approx(64_800.0)


def test_a_conversion_that_does_not_follow_from_its_oxygen_shows():
    found = flue.consistent(
        [24.0, 24.0, 24.0], [30.0, 20.0, np.nan], [9.0, 9.0, 9.0], 6.0, tolerance=0.02, resolution=0.1, on=ON
    )
    assert found.tolist() == [True, False, True]


# --- missing data ---


def hours_with_gap(gap, before=3000, after=10):
    mass = np.concatenate((np.linspace(10, 1, before), np.full(gap, np.nan), np.full(after, 1.0)))
    valid = ~np.isnan(mass)
    return mass, valid, np.zeros(len(mass), bool)


@pytest.mark.parametrize(
    ("capture", "gap", "method", "window"),
    [
        (95.0, 24, Method.SHORT_WINDOW, 180),
        (95.0, 25, Method.LONG_WINDOW, 720),
        (90.0, 1, Method.SHORT_WINDOW, 180),
        (89.9, 1, Method.LOW_CAPTURE, 2160),
        (75.0, 100, Method.LOW_CAPTURE, 2160),
        (74.9, 1, Method.UNUSABLE, 0),
    ],
)
def test_the_method_follows_availability_and_length_of_the_gap(capture, gap, method, window):
    mass, valid, stopped = hours_with_gap(gap)
    found = replacement.gas(mass, valid, stopped, capture, on=ON)
    filled = slice(3000, 3000 + gap)
    assert set(found.method[filled].tolist()) == {method}
    assert set(found.behind[filled].tolist()) == {window}
    if window:
        assert found.mass[3000] == pytest.approx(mass[3000 - window : 3000].max())
    else:
        assert np.isnan(found.mass[3000])
    assert (found.mass[valid] == mass[valid]).all()


def test_out_of_control_takes_the_hours_before_the_last_passed_check_and_manual_readings_come_first():
    mass, valid, stopped = hours_with_gap(5, before=400)
    anchor = np.full(len(mass), -1)
    anchor[400:405] = 300
    manual = np.full(len(mass), np.nan)
    manual[404] = 42.0
    found = replacement.gas(mass, valid, stopped, 95.0, on=ON, anchor=anchor, manual=manual)
    assert found.mass[400] == mass[120:300].max()
    assert (found.mass[404], found.method[404]) == (42.0, Method.MANUAL)


def test_standstill_emits_nothing_and_does_not_lengthen_a_gap():
    mass, valid, stopped = hours_with_gap(40)
    stopped[3010:3030] = True
    found = replacement.gas(mass, valid, stopped, 95.0, on=ON)
    assert (found.mass[3010:3030] == 0.0).all()
    assert found.method[3000] == found.method[3035] == Method.SHORT_WINDOW


def test_before_2017_neighbours_filled_short_gaps_only():
    on = dt.date(2016, 5, 1)
    for gap, method in ((24, Method.NEIGHBOURS), (25, Method.UNKNOWN)):
        mass, valid, stopped = hours_with_gap(gap)
        found = replacement.gas(mass, valid, stopped, 95.0, on=on)
        assert found.method[3000] == method
    mass, valid, stopped = hours_with_gap(3)
    assert replacement.gas(mass, valid, stopped, 95.0, on=on).mass[3001] == pytest.approx(1.0)


def test_nothing_before_the_gap_leaves_it_unknown():
    found = replacement.gas([np.nan, 1.0], [False, True], [False, False], 95.0, on=ON)
    assert found.method.tolist() == [Method.UNKNOWN, Method.MEASURED]
    assert np.isnan(found.mass[0])


@given(st.lists(st.tuples(st.floats(0, 100), st.sampled_from("vis")), min_size=1, max_size=60))
def test_replacing_never_lowers_and_never_touches_what_is_valid(hours):
    mass = np.array([hour[0] for hour in hours])
    state = np.array([hour[1] for hour in hours])
    found = replacement.gas(mass, state == "v", state == "s", 95.0, on=ON)
    valid = state == "v"
    assert (found.mass[valid] == mass[valid]).all()
    assert np.nansum(found.mass) >= mass[valid].sum() - 1e-9
    if valid.any():
        assert np.nanmax(found.mass) <= mass[valid].max()


def test_a_day_of_water_takes_the_greatest_of_thirty_valid_days():
    mass = np.concatenate(([99.0], np.arange(30, 0, -1.0), [np.nan, np.nan]))
    valid = ~np.isnan(mass)
    manual = np.full(len(mass), np.nan)
    manual[-1] = 5.0
    found = replacement.water(mass, valid, np.zeros(len(mass), bool), on=ON, manual=manual)
    assert (found.mass[-2], found.method[-2], found.behind[-2]) == (30.0, Method.LAST_DAYS, 30)
    assert (found.mass[-1], found.method[-1]) == (5.0, Method.MANUAL)


# --- transmission ---


def test_effective_is_transmission_times_validity():
    due = np.ones(100, bool)
    received, valid = np.arange(100) < 90, np.arange(100) < 81
    due[95:] = False
    delay = np.where(received, 60.0, np.nan)
    found = transmission.rates(
        np.zeros(100, int), 1, due, received, valid, delay, window=864_000, prompt=3600
    )
    assert (found.due[0], found.received[0], found.valid[0]) == (95, 90, 81)
    assert found.effective[0] == pytest.approx(found.transmission[0] * found.validity[0] / 100)
    assert found.on_time[0] == found.transmission[0]


def test_what_comes_after_the_window_does_not_count_and_late_is_told():
    found = transmission.rates(
        [0, 0, 0], 2, True, [True, True, True], True, [60.0, 7200.0, 900_000.0], window=864_000, prompt=3600
    )
    assert found.received.tolist() == [2, 0]
    assert found.on_time[0] == pytest.approx(100 / 3)
    assert np.isnan(found.effective[1])
    assert transmission.plant([80.0, 90.0, np.nan]) == 85.0
    assert np.isnan(transmission.plant([]))


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=60
    ),
    st.randoms(use_true_random=False),
)
def test_rates_lie_between_0_and_100_and_know_no_order(items, random):
    def reckon(rows):
        group, due, received, valid = (np.array(column) for column in zip(*rows, strict=True))
        delay = np.where(received, 10.0, np.nan)
        return transmission.rates(group, 3, due, received, valid, delay, window=100, prompt=50)

    one = reckon(items)
    shuffled = list(items)
    random.shuffle(shuffled)
    for straight, other in zip(one, reckon(shuffled), strict=True):
        np.testing.assert_array_equal(straight, other)
    known = one.effective[~np.isnan(one.effective)]
    assert ((known >= 0) & (known <= 100)).all()
    assert (one.valid <= one.received).all() and (one.received <= one.due).all()


@given(
    st.lists(st.integers(0, 4_000), min_size=1, max_size=60, unique=True),
    st.sampled_from([60, 3_600, 86_400]),
    st.integers(0, 2**32 - 1),
)
def test_means_are_those_of_a_loop_however_the_rows_lie(minutes, seconds, seed):
    random = np.random.default_rng(seed)
    start = 60 * np.array(minutes) - 28_800
    value = np.where(random.random(len(start)) < 0.2, np.nan, random.normal(5, 9, len(start)).round(2))
    flag = random.choice([ord("N"), ord("M"), ord("V")], len(start))
    found = validity.aggregate(start, value, flag, seconds=seconds, minimum=2)
    offset = 28_800 if seconds == 86_400 else 0
    groups: dict[int, list] = {}
    for at, one, letter in zip(start.tolist(), value.tolist(), flag.tolist(), strict=True):
        parts = groups.setdefault((at + offset) // seconds * seconds - offset, [])
        parts.append(one if letter != ord("M") and one == one else None)
    assert found.start.tolist() == sorted(groups)
    for place, key in enumerate(found.start.tolist()):
        good = [one for one in groups[key] if one is not None]
        assert (found.number[place], found.parts[place]) == (len(good), len(groups[key]))
        if len(good) >= 2:
            assert found.value[place] == pytest.approx(sum(good) / len(good), abs=1e-8)
        else:
            assert np.isnan(found.value[place])
