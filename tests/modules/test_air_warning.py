"""From a forecast run to a warning, its measures, and what the stacks show of them."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.portal.models import Message
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.air import queries, rules, services
from jiangcheng.modules.air.models import ForecastDay, ForecastRun, HeavyWarning, ReductionTask

ON = dt.date(2026, 11, 2)
numbers = st.lists(st.integers(0, 500), min_size=3, max_size=3)


@pytest.mark.parametrize(
    ("aqi", "level"),
    [
        ([150, 150, 150], None),
        ([151, 90, 151], None),
        ([90, 201, 90], "yellow"),
        ([90, 151, 151], "yellow"),
        ([201, 201, 90], "orange"),
        ([201, 90, 201], "yellow"),
        ([151, 151, 151], "orange"),
        ([201, 301, 201], "red"),
        ([300, 300, 300], "orange"),
        ([np.nan, 201, np.nan], "yellow"),
        ([], None),
    ],
)
def test_levels_by_the_thresholds(aqi, level):
    found = rules.proposed_level(aqi, on=ON)
    assert (found.level if found else None) == level
    assert found is None or not found.verified


@given(numbers, st.integers(0, 2), st.integers(0, 200))
def test_the_level_never_falls_with_the_aqi(aqi, day, more):
    worse = [*aqi]
    worse[day] += more
    one, other = (rules.proposed_level(values, on=ON) for values in (aqi, worse))
    ranks = [rules.LEVELS.index(found.level) if found else -1 for found in (one, other)]
    assert ranks[0] <= ranks[1]


def test_a_reduction_is_held_against_the_same_hours():
    before = np.tile(np.arange(24.0), (7, 1))
    during = np.full((1, 24), np.nan)
    during[0, 8:20] = 0.7 * np.arange(8.0, 20.0)
    assert rules.reduction(during, before, on=ON) == pytest.approx(30)
    during[0, 10:20] = np.nan
    assert np.isnan(rules.reduction(during, before, on=ON))
    assert np.isnan(rules.reduction(np.full((1, 24), 1.0), np.zeros((7, 24)), on=ON))


@pytest.fixture
def bureau(town, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    town.people = city.people()
    for level, percent in (("yellow", 20.0), ("orange", 40.0)):
        records.create(
            register="air-measures",
            values={
                "facility": Facility.objects.get(code=city.PLANT),
                "level": level,
                "text": f"{level}: 限产",
                "reduction_percent": percent,
                "check_station": "P1",
                "check_property": "a00000",
                "valid_from_date": dt.date(2026, 1, 1),
            },
            actor=town.people["department"],
            at=city.AT,
        )
    return town


def run(town, *aqi, day="2026-11-02"):
    issued_at = town.hour(day, 15)
    found = ForecastRun(
        area=queries.city_area(),
        issued_at=issued_at,
        through_date=issued_at.date() - dt.timedelta(days=1),
        model="anomaly-analogue",
        model_version="1",
        edition="2026",
        inputs={"parameters": {}},
    )
    found.save()
    for lead, value in enumerate(aqi, start=1):
        ForecastDay(
            run=found, day_date=issued_at.date() + dt.timedelta(days=lead), lead=lead, aqi=value, aqi_low=value,
            aqi_high=value, primary=0, level=int(rules.level(value, "2026")), quantiles=[value], concentrations={},
        ).save()  # fmt: skip
    return found


def act(record, action, who, at, **more):
    records.act(record=record, action=action, actor=who, now=at, text="如下", **more)


def test_from_a_run_to_the_end_of_a_warning(bureau):
    people, at = bureau.people, bureau.hour("2026-11-02", 16)
    forecast = run(bureau, 160, 180, 120)
    warning = services.propose_due(now=at)
    assert (warning.run, warning.level, warning.state) == (forecast, "yellow", "proposed")
    assert warning.threshold["run"] == forecast.pk
    assert warning.threshold["conditions"] == [{"aqi_above": 150.0, "days": 2}]
    assert services.propose_due(now=at) is None
    with pytest.raises(Refused, match="permission"):
        act(warning, "approve", people["duty"], at)
    with pytest.raises(Refused):
        act(warning, "issue", people["duty"], at)
    assert [item.title_en.split(":")[0] for item in queries.to_do(user=people["leader"], now=at)] == [
        "Approve the warning"
    ]
    act(warning, "approve", people["leader"], at)
    assert ReductionTask.objects.count() == 0
    act(warning, "issue", people["duty"], at)
    (task,) = queries.tasks_of(warning=warning)
    assert (task.facility.code, task.level, task.text) == (city.PLANT, "yellow", "yellow: 限产")
    assert Message.objects.filter(user=people["enterprise"], kind="air.reduction").count() == 1
    assert not Message.objects.filter(user=people["rival"], kind="air.reduction").exists()
    act(task, "acknowledge", people["enterprise"], at)
    with pytest.raises(Refused, match="更高"):
        act(warning, "upgrade", people["leader"], at, details={"reason_code": "yellow"})
    run(bureau, 210, 220, 230, day="2026-11-03")
    later = bureau.hour("2026-11-03", 16)
    act(warning, "upgrade", people["leader"], later, details={"reason_code": "orange"})
    warning.refresh_from_db()
    assert warning.level == "orange"
    (task,) = queries.tasks_of(warning=warning)
    assert (task.level, task.reduction_percent) == ("orange", 40)
    act(warning, "downgrade", people["leader"], later, details={"reason_code": "yellow"})
    act(warning, "lift", people["leader"], bureau.hour("2026-11-05", 10))
    warning.refresh_from_db()
    assert (warning.state, warning.level) == ("lifted", "yellow")
    assert warning.lifted_at == bureau.hour("2026-11-05", 10)
    assert [step.action for step in queries.steps_of(warning=warning)] == [
        "create", "approve", "issue", "upgrade", "downgrade", "lift",
    ]  # fmt: skip
    assert {task.state for task in queries.tasks_of(warning=warning)} == {"ended"}
    assert ReductionTask.objects.filter(withdrawn_at=None).count() == 1
    assert AuditEntry.objects.filter(object_id=warning.number).count() >= 6
    assert records.verify_steps().ok


def test_the_person_who_proposes_does_not_approve(bureau):
    leader, at = bureau.people["leader"], bureau.hour("2026-11-02", 16)
    warning = services.propose(run=run(bureau, 160, 180, 120), actor=leader, now=at)
    with pytest.raises(Refused, match="other_person"):
        act(warning, "approve", leader, at)


def test_clean_days_propose_nothing_and_a_refusal_stands(bureau):
    at = bureau.hour("2026-11-02", 16)
    assert services.propose(run=run(bureau, 60, 70, 80), actor=None, now=at) is None
    forecast = run(bureau, 210, 210, 210, day="2026-11-03")
    warning = services.propose(run=forecast, actor=None, now=at)
    act(warning, "reject", bureau.people["leader"], at)
    assert services.propose(run=forecast, actor=None, now=at) is None
    assert HeavyWarning.objects.count() == 1


@pytest.mark.parametrize(
    ("share", "verdict", "percent"), [(0.7, "kept", 30), (0.9, "short", 10), (None, "unknown", None)]
)
def test_the_stack_tells_whether_the_measures_were_kept(bureau, share, verdict, percent):
    people, at = bureau.people, bureau.hour("2026-11-02", 16)
    warning = services.propose(run=run(bureau, 160, 180, 120), actor=None, now=at)
    for day in range(26, 32):
        bureau.put("P1", "a00000", "avg", bureau.hours_of(f"2026-10-{day}"), np.full(24, 100.0))
    if share is not None:
        bureau.put("P1", "a00000", "avg", bureau.hours_of("2026-11-03"), np.full(24, 100.0 * share))
    act(warning, "approve", people["leader"], at)
    act(warning, "issue", people["duty"], at)
    assert services.check_execution(now=bureau.hour("2026-11-04", 1)) == 1
    (task,) = queries.tasks_of(warning=warning)
    assert (task.verdict, task.observed_percent) == (verdict, percent)
    assert task.evidence["station"] == "P1"
    assert task.evidence["hours"] == (24 if share else 0)


def test_nobody_is_judged_by_the_stack_of_somebody_else(bureau):
    measure = queries.measures(level="yellow", region=None, on=ON)[0]
    measure.check_station = "P2"
    at = bureau.hour("2026-11-02", 16)
    assert queries.execution_series(measure=measure, since=at, until=at + dt.timedelta(days=1)) is None
