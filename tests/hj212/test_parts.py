"""Reports in parts: out of order, doubled, contradicting, begun again, never finished, and too many."""

import collections

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng import hj212

TIME = "20160801080000"


def part(number, total=2, *, value=None, time=TIME, qn="20160801085857534", mn="M", cn="2061"):
    items = [hj212.item("DataTime", time)] if time else []
    items += hj212.factor(f"w{number:05d}", Avg=number if value is None else value)
    return hj212.compose(cn=cn, mn=mn, st="32", qn=qn, flag=7, pnum=total, pno=number, items=items)


@given(st.permutations(range(1, 7)), st.lists(st.integers(0, 5), max_size=6))
def test_any_order_with_any_copies_gives_one_report(order, copies):
    store, reports = hj212.Reassembler(), []
    sent = list(order)
    for place in copies:
        sent.insert(place, order[place])
    for number in sent:
        reports += store.add(part(number, 6), now=0.0)
    (report,) = reports
    assert [one.pno for one in report.parts] == [1, 2, 3, 4, 5, 6]
    assert (report.complete, report.reason, report.conflicts) == (True, "", ())
    assert len(store) == store.size == 0


def test_a_copy_with_other_content_replaces_the_first_and_is_named():
    store = hj212.Reassembler()
    store.add(part(1, value=1), now=0.0)
    store.add(part(1, value=9), now=1.0)
    (report,) = store.add(part(2), now=2.0)
    assert (report.conflicts, report.factors["w00001"]) == ((1,), {"Avg": "9"})


def test_a_copy_that_differs_only_in_its_number_is_no_conflict():
    store = hj212.Reassembler()
    store.add(part(1), now=0.0)
    store.add(part(1, qn="20160801085857999"), now=1.0)
    (report,) = store.add(part(2), now=2.0)
    assert report.conflicts == ()


def test_a_copy_of_a_complete_report_is_dropped_and_a_correction_is_not():
    store = hj212.Reassembler(patience=40.0)
    store.add(part(1), now=0.0)
    assert len(store.add(part(2), now=0.0)) == 1
    assert store.add(part(2), now=5.0) == []
    assert len(store) == 0
    assert store.add(part(2, value=7), now=6.0) == []
    (corrected,) = store.add(part(1), now=7.0)
    assert corrected.factors["w00002"] == {"Avg": "7"}
    # Long afterwards a copy is a report of its own again.
    assert store.add(part(1), now=100.0) == []
    assert len(store) == 1


def test_missing_parts_are_named_when_patience_is_over():
    store = hj212.Reassembler(patience=40.0)
    for number in (2, 5):
        store.add(part(number, 5), now=float(number))
    assert store.deadline() == 42.0
    assert store.expire(now=41.9) == []
    (report,) = store.expire(now=42.0)
    assert (report.missing, report.reason, report.complete) == ((1, 3, 4), "patience", False)
    assert store.deadline() is None


def test_a_late_part_is_not_lost():
    store = hj212.Reassembler(patience=40.0)
    store.add(part(1), now=0.0)
    assert [report.missing for report in store.expire(now=40.0)] == [(2,)]
    store.add(part(2), now=41.0)
    assert [report.missing for report in store.expire(now=81.0)] == [(1,)]


def test_another_number_of_parts_begins_the_report_again():
    store = hj212.Reassembler()
    store.add(part(1, 2), now=0.0)
    (given_up,) = store.add(part(1, 3), now=1.0)
    assert (given_up.reason, given_up.missing, given_up.key[-1]) == ("total", (2,), 2)
    store.add(part(2, 3), now=2.0)
    (report,) = store.add(part(3, 3), now=3.0)
    assert report.complete
    assert len(store) == store.size == 0


def test_without_a_time_two_totals_are_two_reports():
    store = hj212.Reassembler()
    assert store.add(part(1, 2, time=""), now=0.0) == []
    assert store.add(part(1, 3, time=""), now=0.0) == []
    assert len(store) == 2


@pytest.mark.parametrize(("number", "total"), [(5, 2), (3, 2), (9_999, 2)])
def test_a_number_beyond_the_total_completes_nothing(number, total):
    store = hj212.Reassembler()
    store.add(part(1, total), now=0.0)
    (odd,) = store.add(part(number, total), now=0.0)
    assert (odd.reason, odd.complete) == ("number", False)
    (report,) = store.add(part(2, total), now=0.0)
    assert report.complete
    assert [one.pno for one in report.parts] == [1, 2]


def test_different_loggers_commands_and_times_do_not_mix():
    store = hj212.Reassembler()
    others = [{"mn": "N"}, {"cn": "2051"}, {"time": "20160801090000"}, {}]
    for other in others:
        assert store.add(part(1, **other), now=0.0) == []
    assert [len(store.add(part(2, **other), now=0.0)) for other in others] == [1] * 4


def test_memory_is_bounded_in_reports_and_in_bytes():
    one = len(part(1, 9_999).segment)
    store = hj212.Reassembler(max_open=50, max_bytes=20 * one)
    out = []
    for number in range(1, 2_000):
        out += store.add(part(number, 9_999, mn=f"{number % 7}"), now=0.0)
        assert len(store) <= 50
        assert store.size <= 20 * one * 1.2
    assert {report.reason for report in out} == {"room"}
    for number in range(500):
        out += store.add(part(1, mn=f"X{number}"), now=1.0)
        assert len(store) <= 50


def test_what_is_known_of_complete_reports_is_bounded_too():
    store = hj212.Reassembler(max_open=10, max_bytes=5_000)
    for number in range(200):
        for pno in (1, 2):
            store.add(part(pno, mn=f"X{number}"), now=0.0)
    assert len(store._complete) <= 10
    assert store._complete_size <= 5_000
    store.expire(now=1e6)
    assert store._complete_size == len(store._complete) == 0


STEPS = st.tuples(
    st.integers(1, 4), st.integers(1, 4), st.sampled_from("AB"), st.sampled_from(["", TIME]), st.integers(0, 1),
    st.floats(0, 30),
)  # fmt: skip


@given(st.lists(STEPS, max_size=40), st.integers(1, 3))
def test_every_content_comes_out_at_most_once_per_arrival_and_none_is_lost(steps, max_open):
    store, now = hj212.Reassembler(max_open=max_open, max_bytes=900), 0.0
    arrived, out = collections.Counter(), collections.Counter()
    reports = []
    for number, total, mn, time, value, wait in steps:
        now += wait
        message = part(number, total, mn=mn, time=time, value=value)
        arrived[message.segment] += 1
        reports += [*store.expire(now=now), *store.add(message, now=now)]
        assert len(store) <= max_open
        assert store.size <= 900
    reports += store.expire(now=now + 1e6)
    for report in reports:
        numbers = [one.pno for one in report.parts]
        assert report.complete == (numbers == list(range(1, report.key[-1] + 1)))
        assert bool(report.reason) == (not report.complete)
        out.update(one.segment for one in report.parts)
    assert all(count <= arrived[segment] for segment, count in out.items())
    replaced = {report_key(report): report.conflicts for report in reports if report.conflicts}
    if not replaced:
        assert set(out) == set(arrived)
    assert (len(store), store.size) == (0, 0)


def report_key(report):
    return report.key
