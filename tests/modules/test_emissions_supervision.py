"""From online data to a clue, from a clue to its end: cleared, or a case."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from core import city
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, ObservedProperty, Outlet
from jiangcheng.modules.emissions import services
from jiangcheng.modules.emissions.module import CLUES
from jiangcheng.modules.emissions.rules import process, tables

SO2 = "a21026"
HOUR = dt.timedelta(hours=1)
HOURS = 24 * 20
RANDOM = np.random.default_rng(3)
HONEST = np.round(18.0 + 3.0 * np.sin(np.arange(HOURS) / 5.0) + RANDOM.standard_normal(HOURS), 2)


@pytest.fixture
def plant(town):
    return city.people()


def starts(town):
    return [town.hour("2026-10-10") + number * HOUR for number in range(HOURS)]


NOW = dt.datetime(2026, 10, 29, 16, 5, tzinfo=dt.UTC)
"""Five minutes after the last hour."""


def look(town, value, **signals):
    town.put("P1", SO2, "zs_avg", starts(town), value)
    for code, series in signals.items():
        town.put("P1", code, "avg", starts(town), series)
    services.look_for_clues(now=NOW)
    return {finding.kind.rpartition(".")[2]: finding for finding in Finding.objects.all()}


def frozen():
    value = HONEST.copy()
    value[-30:-15] = 17.0
    return value


def test_every_rule_has_a_name_and_parameters():
    assert set(tables.in_force("clues", dt.date(2026, 1, 1))["rules"]) == set(CLUES)


def test_honest_data_give_no_clue(plant, town):
    assert look(town, HONEST) == {}


def test_a_frozen_value_becomes_a_clue_with_its_hours_and_parameters_once(plant, town):
    found = look(town, frozen())
    assert set(found) == {"constant"}
    clue = found["constant"]
    assert clue.first_at == starts(town)[-30]
    assert clue.evidence[0]["facts"] == {"value": 17.0, "points": 15.0}
    assert clue.evidence[0]["parameters"]["points"] == 6
    assert clue.rule_version.startswith("clues 2015")
    services.look_for_clues(now=NOW + HOUR)
    clue.refresh_from_db()
    assert (Finding.objects.count(), clue.occurrences) == (1, 1)
    services.look_for_clues(now=NOW + dt.timedelta(days=5))
    clue.refresh_from_db()
    assert clue.ended_at is not None


def test_an_accepted_mark_explains_it(plant, town):
    handed = services.hand_in(
        outlet=Outlet.objects.select_related("facility").get(station__code="P1"), kind="stopped",
        from_at=starts(town)[-31], to_at=starts(town)[-14], reason="停炉", actor=plant["enterprise"],
        now=starts(town)[-14],
    )  # fmt: skip
    records.act(record=handed, action="approve", actor=plant["department"], now=NOW, text="属实")
    assert look(town, frozen()) == {}


def test_production_without_treatment_and_against_an_order(plant, town):
    day = np.arange(HOURS) % 24
    production = 1000.0 + 100.0 * np.sin(day / 4.0)
    treatment = np.where(np.arange(HOURS) >= HOURS - 5, 0.0, 100.0)
    records.create(
        register="orders", actor=plant["department"], at=NOW - dt.timedelta(days=3),
        values={"facility": Facility.objects.get(code=city.PLANT), "kind": "stop", "ratio": 0.0,
                "from_at": NOW - dt.timedelta(days=1), "to_at": NOW},
    )  # fmt: skip
    found = look(town, HONEST, power_production=production, power_treatment=treatment)
    assert set(found) == {"treatment_off", "stop_broken"}
    assert found["treatment_off"].severity == 4
    assert found["treatment_off"].first_at == starts(town)[-5]


@pytest.mark.parametrize(("minutes", "kinds"), [(10, set()), (12, {"treatment_off"})])
def test_minutes_of_power_are_looked_at_up_to_now(plant, town, minutes, kinds):
    day = np.arange(HOURS) % 24
    hourly = {
        "power_production": 1000.0 + 100.0 * np.sin(day / 4.0),
        "power_treatment": np.full(HOURS, 100.0),
    }
    now = NOW.replace(minute=40)
    moments = [now - dt.timedelta(minutes=60 - number) for number in range(60)]
    off = np.where((np.arange(60) >= 40) & (np.arange(60) < 40 + minutes), 2.0, 100.0)
    for code, series in (("power_production", np.full(60, 1000.0)), ("power_treatment", off)):
        town.put("P1", code, "avg", moments, series, granularity=store.Granularity.MINUTE)
        town.put("P1", code, "avg", starts(town), hourly[code])
    services.look_for_clues(now=now)
    found = Finding.objects.filter(first_at=moments[40])
    assert {finding.kind.rpartition(".")[2] for finding in found} == kinds


def test_a_clue_ends_cleared_with_a_reason_by_a_reviewer(plant, town):
    case = look(town, frozen())["constant"].case
    assert (case.state, case.workflow.code) == ("raised", "emission_clue")
    now = NOW + HOUR
    cases.act(case=case, action="explain", actor=plant["enterprise"], now=now, text="分析仪保持")
    with pytest.raises(Refused, match="permission"):
        cases.act(
            case=case, action="clear", actor=plant["enterprise"], now=now, text="x",
            details={"reason_code": "instrument"},
        )  # fmt: skip
    with pytest.raises(Refused, match="reason_code"):
        cases.act(case=case, action="clear", actor=plant["department"], now=now, text="属实")
    cases.act(
        case=case, action="clear", actor=plant["department"], now=now, text="属实",
        details={"reason_code": "instrument"},
    )  # fmt: skip
    case.refresh_from_db()
    assert (case.state, case.closed_at) == ("cleared", now)


def test_what_was_decided_stays_decided_and_what_is_new_opens_a_case(plant, town):
    first = look(town, frozen())["constant"].case
    cases.act(
        case=first, action="clear", actor=plant["department"], now=NOW + HOUR, text="属实",
        details={"reason_code": "instrument"},
    )  # fmt: skip
    services.look_for_clues(now=NOW + HOUR)
    assert Finding.objects.get().ended_at is not None
    value = frozen()
    value[-10:] = 16.0
    town.put("P1", SO2, "zs_avg", starts(town), value)
    for hours in (2, 3):
        services.look_for_clues(now=NOW + hours * HOUR)
    old, new = Finding.objects.order_by("pk")
    assert (old.case, new.occurrences, new.first_at) == (first, 1, starts(town)[-10])
    assert new.case != first and new.case.closed_at is None


def test_a_clue_ends_as_a_punishment_case(plant, town):
    case = look(town, frozen())["constant"].case
    cases.act(
        case=case, action="convert", actor=plant["department"], now=NOW + HOUR, text="涉嫌弄虚作假",
        details={"target": "punishment"},
    )  # fmt: skip
    case.refresh_from_db()
    assert case.state == "converted" and case.converted_to
    assert Case.objects.count() == 1


def meter(code, unit="kW"):
    ObservedProperty.objects.create(
        code=code, statistic="avg", name_zh=code, name_en=code, unit=unit, decimals=1, display_decimals=1,
        medium="derived",
    )  # fmt: skip


def test_codes_of_hj_212_2025_are_read_as_production_and_treatment(plant, town):
    for code in ("d20201", "d20202", "d30201"):
        meter(code)
    meter("d30105", "A")
    treated = np.full(HOURS, 50.0)
    treated[-4:] = 1.0
    found = look(
        town,
        HONEST,
        d20201=np.full(HOURS, 300.0) + RANDOM.standard_normal(HOURS),
        d20202=np.full(HOURS, 200.0),
        d30201=treated,
        d30105=np.full(HOURS, 90.0),
    )
    assert round(found["treatment_off"].evidence[0]["facts"]["production"]) == 500


def test_a_rated_value_goes_before_the_usual_one_and_a_named_signal_before_its_code(plant, town):
    outlet = Outlet.objects.select_related("facility").get(station__code="P1")
    for code, role, rated in (
        ("power_production", "production", 10_000.0),
        ("power_treatment", "treatment", None),
    ):
        records.create(
            register="signals",
            values={
                "facility": outlet.facility,
                "outlet_number": outlet.number,
                "property_code": code,
                "role": role,
                "rated": rated,
            },
            actor=plant["department"],
            at=NOW - 30 * HOUR,
        )
    treated = np.full(HOURS, 50.0)
    treated[-4:] = 1.0
    # 900 of 10,000 kW is no production worth its name, whatever is usual.
    found = look(town, HONEST, power_production=np.full(HOURS, 900.0), power_treatment=treated)
    assert "treatment_off" not in found


def test_what_stands_beside_each_other_is_not_added_up():
    units = {"d20201": "kW", "d20105": "A", "d10201": "kW", "d30105": "A", "a21026": "mg/m3"}
    on = dt.date(2026, 11, 1)
    assert process.meters(units, [], on) == [
        process.Meter("d20201", "production"),
        process.Meter("d30105", "treatment"),
    ]
    said = process.Meter("d10201", "production", 80.0)
    assert process.meters(units, [said], on) == [said, process.Meter("d30105", "treatment")]
    assert process.meters(units, [], dt.date(2025, 1, 1)) == []
    start, value = process.total(
        [(np.array([1, 2, 3]), np.array([1.0, 2.0, 3.0])), (np.array([2, 3]), np.array([10.0, 20.0]))]
    )
    assert (start.tolist(), value.tolist()) == ([2, 3], [12.0, 23.0])
