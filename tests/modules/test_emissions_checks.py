"""Checks of instruments: bands, the windows of failed ones, and what they do to judgements."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Outlet
from jiangcheng.modules.emissions import queries, services
from jiangcheng.modules.emissions.rules import control, marks, validity

SO2 = "a21026"
ON = dt.date(2026, 11, 1)
HOUR = dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("kind", "code", "reference", "measured", "passed"),
    [
        ("real", "w01018", 20, 25, True),
        ("real", "w01018", 20, 25.1, False),
        ("real", "w01018", 40, 52, True),
        ("real", "w01018", 120, 102, True),
        ("real", "w01018", 120, 101, False),
        ("real", "w01001", 7.0, 7.6, False),
        ("standard", "w21003", 5.0, 5.5, True),
        ("standard", "w21003", 5.0, 5.6, False),
        ("zero", "w01018", 0, 0, None),
        ("real", SO2, 30, 31, None),
    ],
)
def test_the_bands_decide_where_the_standard_has_one(kind, code, reference, measured, passed):
    assert control.judged(kind, code, reference, measured, ON) is passed


def test_a_failed_check_takes_the_time_back_to_the_last_passed_one():
    at, good = [100, 200, 300, 400], [True, False, False, True]
    assert [(span.start, span.end) for span in control.windows(at, good, forward=False)] == [(100, 300)]
    assert [(span.start, span.end) for span in control.windows(at, good, forward=True)] == [(100, 400)]
    assert control.windows([200], [False], forward=False) == []
    assert control.windows([200], [False], forward=True)[0] == marks.Span(
        200, control.OPEN, control.KIND, "invalid"
    )


@given(
    st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=1, max_size=9, unique_by=lambda x: x[0]),
    st.booleans(),
)
def test_windows_say_what_out_of_control_says_of_each_value(checks, forward):
    at, good = [row[0] for row in checks], [row[1] for row in checks]
    starts = np.arange(min(at), 70)
    lost = np.zeros(len(starts), bool)
    for span in control.windows(at, good, forward=forward):
        lost |= (starts >= span.start) & (starts < span.end)
    assert lost.tolist() == validity.out_of_control(starts, at, good, forward=forward).tolist()


# --- with a city


@pytest.fixture
def people(town):
    return city.people()


def check(people, town, hour, passed, *, code=SO2, kind="span", **values):
    outlet = Outlet.objects.select_related("facility").get(station__code="P1")
    at = town.hour("2026-10-30", hour)
    return records.create(
        register="checks",
        values={
            "facility": outlet.facility,
            "outlet_number": outlet.number,
            "property_code": code,
            "kind": kind,
            "at": at,
            "result": "passed" if passed else "failed",
            **values,
        },
        actor=people["enterprise"],
        at=at + HOUR,
    )


def accepted(people, record, now):
    records.act(record=record, action="approve", actor=people["department"], now=now, text="属实")
    services.apply_checks(now=now)


def arrive(town, hour, value):
    at = town.hour("2026-10-30", hour)
    town.put("P1", SO2, "zs_avg", [at], [value])
    services.evaluate(now=at + dt.timedelta(hours=1, minutes=5))


def open_over():
    return Finding.objects.filter(kind="emissions.over_limit", ended_at=None).exists()


def test_hours_between_the_last_good_and_the_failed_check_are_not_judged_once_another_person_accepts_it(
    town, people
):
    accepted(people, check(people, town, 1, True), town.hour("2026-10-30", 2))
    for hour in (0, 2, 3):
        arrive(town, hour, 20)
    arrive(town, 4, 90)
    assert open_over()
    failed = check(people, town, 6, False)
    services.apply_checks(now=town.hour("2026-10-30", 8))
    assert open_over(), "what nobody accepted changes nothing"
    accepted(people, failed, town.hour("2026-10-30", 8))
    assert not open_over()
    told = Finding.objects.get(kind="emissions.check_failed")
    assert told.ended_at is None and told.evidence[0]["passed_before"] is not None
    arrive(town, 7, 90)
    assert open_over(), "flue gas is taken back only"
    # Revoked, its hours come back.
    records.act(
        record=failed, action="revoke", actor=people["department"], now=town.hour("2026-10-30", 9), text="错"
    )
    services.apply_checks(now=town.hour("2026-10-30", 9))
    told.refresh_from_db()
    assert told.ended_at is not None
    assert Finding.objects.filter(kind="emissions.over_limit", first_at=town.hour("2026-10-30", 4)).exists()


def test_validity_counts_the_lost_hours_and_another_factor_keeps_its_own(town, people):
    outlet = Outlet.objects.select_related("station").get(station__code="P1")
    for hour in range(8):
        arrive(town, hour, 20)
    accepted(people, check(people, town, 0, True), town.hour("2026-10-30", 9))
    accepted(people, check(people, town, 4, False), town.hour("2026-10-30", 9))
    spans = queries.control_spans(
        stations=[outlet.station_id], until=int(town.hour("2026-10-30", 10).timestamp())
    )
    assert list(spans) == [(outlet.station_id, SO2)]
    (month, *_) = queries.month_rates(station=outlet.station, now=town.hour("2026-10-30", 8))
    assert (month.received, month.valid) == (8, 4)


def test_a_check_nobody_can_judge_or_that_denies_the_standard_is_refused(town, people):
    with pytest.raises(ValidationError):
        check(people, town, 1, True, result="")
    with pytest.raises(ValidationError):
        check(people, town, 1, True, code="nothing")
    made = check(people, town, 1, True, result="", kind="real", code="w01018", reference=50.0, measured=70.0)
    assert not made.passed
    with pytest.raises(ValidationError):
        check(people, town, 2, True, kind="real", code="w01018", reference=50.0, measured=70.0)
