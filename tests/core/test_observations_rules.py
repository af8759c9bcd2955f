"""Arithmetic of the store against plain Python."""

from __future__ import annotations

import datetime
import decimal
import zoneinfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.core.observations.rules import calendar, columns, gaps, tidy, versions
from jiangcheng.core.observations.rules.columns import MISSING, NORMAL, REJECTED, Days, Rows

SHANGHAI = zoneinfo.ZoneInfo("Asia/Shanghai")


def rows(table: list[tuple[int, int, int, int, int]], flag: int = NORMAL) -> Rows:
    """Return rows of (station, property, start, value, revision)."""
    station, prop, start, value, revision = (
        np.array(column, np.int64) for column in zip(*table, strict=True)
    )
    same = np.zeros(len(station), np.int64)
    return Rows(start, station, prop, value, same + flag, revision, same, same, same)


keys = st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(0, 4))


@given(st.decimals(-(10**9), 10**9, places=4), st.integers(4, 6))
def test_decimals_come_back_as_the_nearest_float(value: decimal.Decimal, places: int):
    scaled = columns.scale(np.array([float(value)]), np.array([places]))
    assert scaled[0] == int(value.scaleb(places))
    assert columns.unscale(scaled, np.array([places]))[0] == float(value)


def test_no_value_stays_no_value():
    scaled = columns.scale(np.array([np.nan, 0.0]), np.array([6, 6]))
    assert scaled.tolist() == [MISSING, 0]
    assert np.isnan(columns.unscale(scaled, np.array([6, 6]))).tolist() == [True, False]


@given(st.integers(800_000_000, 4_000_000_000))
def test_days_and_months_are_those_of_the_chinese_calendar(second: int):
    local = datetime.datetime.fromtimestamp(second, SHANGHAI)
    assert calendar.day_of(np.array([second]))[0] == (local.date() - datetime.date(1970, 1, 1)).days
    assert calendar.months_of(np.array([second])).astype(object)[0] == local.date().replace(day=1)
    start, end = calendar.month_bounds(local.date())
    assert start <= second < end
    assert datetime.datetime.fromtimestamp(end, SHANGHAI).day == 1


@pytest.mark.parametrize(
    ("month", "count", "expected"),
    [((2026, 3), 2, (2026, 1)), ((2026, 1), 1, (2025, 12)), ((2026, 5), 17, (2024, 12))],
)
def test_months_before(month, count, expected):
    assert calendar.months_before(datetime.date(*month, 1), count) == datetime.date(*expected, 1)


@given(st.lists(st.tuples(keys, st.integers(0, 5)), min_size=1, max_size=40))
def test_the_newest_revision_of_every_key_in_order(table):
    given_rows = rows([(*key, 0, revision) for key, revision in table])
    expected: dict[tuple[int, int, int], int] = {}
    for key, revision in table:
        expected[key] = max(revision, expected.get(key, 0))
    found = versions.newest(given_rows)
    order = list(zip(found.station, found.property, found.start, found.revision, strict=True))
    assert order == [(*key, expected[key]) for key in sorted(expected)]


@given(st.lists(keys, min_size=1, max_size=40))
def test_repetition_counts_earlier_mentions(mentioned):
    found = versions.repetition(rows([(*key, 0, 0) for key in mentioned]))
    assert found.tolist() == [mentioned[:place].count(key) for place, key in enumerate(mentioned)]


@given(st.dictionaries(keys, st.integers(0, 2)), st.dictionaries(keys, st.integers(0, 2), min_size=1))
def test_comparison_tells_fresh_from_changed(stored, incoming):
    before = rows([(*key, value, 3) for key, value in stored.items()]) if stored else Rows.empty()
    found = versions.compare(rows([(*key, value, 0) for key, value in incoming.items()]), before)
    assert len(found.fresh) == len(incoming.keys() - stored.keys())
    changed = {key: value for key, value in incoming.items() if key in stored and stored[key] != value}
    place = zip(found.changed.station, found.changed.property, found.changed.start, strict=True)
    assert dict(zip(place, found.changed.value, strict=True)) == changed
    assert (found.changed.revision == 4).all()
    assert (found.replaced.start == found.changed.start).all()
    assert found.replaced.value.tolist() == [stored[key] for key in changed]


def test_a_version_is_known_no_earlier_than_the_one_before():
    before = rows([(1, 1, 0, 5, 0)])
    before.received[:] = 100
    after = rows([(1, 1, 0, 6, 0)])
    after.received[:] = 50
    assert versions.compare(after, before).changed.received.tolist() == [100]


def test_keys_too_far_apart_for_one_integer_are_still_told_apart():
    far = 2**40
    first = (np.array([0, far]), np.array([0, far]), np.array([0, far]))
    second = (np.array([far]), np.array([far]), np.array([far]))
    one, other = versions.series_keys(first, second)
    assert other[0] == one[1] != one[0]


@given(
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(-9, 9), st.booleans()), min_size=1, unique_by=lambda r: r[0]
    )
)
def test_roll_ups_against_plain_python(readings):
    readings.sort()
    table = rows([(1, 1, hour * 3600, value, 0) for hour, value, _ in readings])
    table.flag[:] = [NORMAL if good else REJECTED for _, _, good in readings]
    days: dict[int, list[tuple[int, bool]]] = {}
    for hour, value, good in readings:
        days.setdefault((hour + 8) // 24, []).append((value, good))
    found = versions.roll_up(table)
    assert found.day.tolist() == sorted(days)
    for place, day in enumerate(sorted(days)):
        valid = [value for value, good in days[day] if good]
        assert (found.n[place], found.n_valid[place]) == (len(days[day]), len(valid))
        assert found.sum[place] == sum(valid)
        assert (found.min[place], found.max[place]) == (
            (min(valid), max(valid)) if valid else (MISSING, MISSING)
        )


def test_the_later_tier_of_roll_ups_wins():
    def day(number: int, total: int) -> Days:
        one = np.array([1])
        return Days(one, one, one * number, one, one, one * total, one, one)

    found = versions.overlay_days(Days.concatenate([day(1, 10), day(2, 20)]), day(2, 99), Days.empty())
    assert (found.day.tolist(), found.sum.tolist()) == ([1, 2], [10, 99])


HOUR = 3600
BEGIN = 1_767_196_800


def test_gaps_have_reasons():
    hours = np.array([0, 1, 3, 4, 5, 6])
    value = np.array([1.0, np.nan, 3.0, 4.0, 5.0, 6.0])
    flag = np.array([ord(letter) for letter in "NNXMCN"])
    found = gaps.find(
        BEGIN + hours * HOUR,
        value,
        flag,
        begin=BEGIN - HOUR // 2,
        end=BEGIN + 9 * HOUR + 60,
        step=HOUR,
        lifetime=(BEGIN, BEGIN + 8 * HOUR),
    )
    told = [
        ((gap.start - BEGIN) // HOUR, (gap.end - BEGIN) // HOUR, gap.reason.value, gap.flags) for gap in found
    ]
    assert told == [
        (1, 2, "empty", ""),
        (2, 3, "silent", ""),
        (3, 4, "rejected", ""),
        (4, 6, "flagged", "CM"),
        (7, 8, "silent", ""),
        (8, 9, "not_expected", ""),
    ]


def test_an_interval_that_is_not_over_is_no_gap():
    none = np.array([])
    found = gaps.find(none, none, none, begin=BEGIN, end=BEGIN + 3599, step=HOUR, lifetime=(0, 2**62))
    assert found == []


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-01T00:00:00", 0),
        ("2026-01-01 05:00", 5),
        ("2025-12-31T16:00:00Z", 0),
        ("2026-01-01T02:00+09:00", 1),
    ],
)
def test_times_without_zone_are_beijing_times(text, hour):
    import pyarrow as pa

    codes = tidy.Codes({"s": 1}, {("a", "avg"): 7}, {7: 1}, columns.Granularity.HOUR, "start", 2**40)
    table = pa.table({"station": ["s"], "property": ["a"], "time": [text], "value": ["1"]})
    reading = tidy.read_table(table, 2, codes)
    assert reading.refusals == []
    assert reading.batch.start.tolist() == [BEGIN + hour * HOUR]
