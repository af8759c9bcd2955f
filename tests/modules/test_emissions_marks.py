"""Marks: who may hand them in, what stands against accepting them, and what they do to judgements."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as record_queries
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Outlet, Station
from jiangcheng.modules.emissions import services
from jiangcheng.modules.emissions.models import Mark
from jiangcheng.modules.emissions.rules import marks

SO2 = "a21026"
ON = dt.date(2026, 11, 1)
HOUR = dt.timedelta(hours=1)


# --- rules ---


def span(start, end, kind="stopped"):
    return marks.Span(start, end, kind, "unused")


def test_a_mark_comes_until_noon_of_the_next_day():
    end = dt.datetime(2026, 11, 1, 15, 30, tzinfo=dt.UTC)
    noon = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
    assert not marks.is_late(end, noon, ON)
    assert marks.is_late(end, noon + dt.timedelta(seconds=1), ON)


def test_impossible_times_are_refused():
    start = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert marks.refusals("stopped", start, start + HOUR, start) == []
    assert marks.refusals("stopped", start, start, start) == ["order"]
    assert marks.refusals("fault", start, start + 5 * HOUR, start) == ["too_long"]
    assert marks.refusals("stopped", start, start + 90 * HOUR, start) == ["ahead"]
    assert marks.refusals("holiday", start, start + HOUR, start) == ["kind"]


def test_what_stands_against_accepting():
    assert marks.gaps("start", late=False, proofs=0, contradicted=False, on=ON) == ["evidence"]
    assert marks.gaps("stopped", late=True, proofs=0, contradicted=True, on=ON) == ["late", "contradicted"]
    assert marks.gaps("stopped", late=True, proofs=1, contradicted=False, on=ON) == []


def test_a_plant_that_runs_contradicts_standstill_only():
    running = [100.0, 90.0, 95.0, 1.0]
    assert marks.contradiction("stopped", running, 100.0, ON).tolist() == [0, 1, 2]
    assert marks.contradiction("stopped", running[:2], 100.0, ON).tolist() == []
    assert marks.contradiction("calibration", running, 100.0, ON).tolist() == []


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(1, 90)), max_size=8))
def test_overlapping_marks_count_every_second_once(pairs):
    spans = [span(start, start + length) for start, length in pairs]
    seconds = np.zeros(300, bool)
    for one in spans:
        seconds[one.start : one.end] = True
    assert marks.marked_seconds([0, 100], 100, spans).tolist() == [
        int(seconds[:100].sum()),
        int(seconds[100:200].sum()),
    ]
    assert (
        marks.marked_seconds([0, 100], 100, spans[::-1]) == marks.marked_seconds([0, 100], 100, spans)
    ).all()


def test_an_hour_stays_judged_while_45_minutes_are_unmarked():
    assert marks.unusable([0, 0 + 3600], [span(0, 900)], needed=45).tolist() == [False, False]
    assert marks.unusable([0], [span(0, 901)], needed=45).tolist() == [True]


# --- handing in and accepting ---


@pytest.fixture
def plant(town):
    return city.people()


def stack(station="P1"):
    return Outlet.objects.select_related("facility").get(station__code=station)


def mark(people, town, first, last, kind="stopped", files=(), now=None):
    start, end = town.hour("2026-10-30", first), town.hour("2026-10-30", last)
    return services.hand_in(
        outlet=stack(), kind=kind, from_at=start, to_at=end, reason="停炉检修", actor=people["enterprise"],
        now=now or end + HOUR, files=files,
    )  # fmt: skip


def approve(people, record, now, who="department"):
    records.act(record=record, action="approve", actor=people[who], now=now, text="属实")
    services.apply_marks(now=now)


def arrive(town, hour, value):
    town.put("P1", SO2, "zs_avg", [hour], [value])
    services.evaluate(now=hour + dt.timedelta(hours=1, minutes=5))


def stored(town, hour):
    table = store.read(
        stations=[Station.objects.get(code="P1").pk], properties=None, granularity=store.Granularity.HOUR,
        start=hour, end=hour + HOUR,
    )  # fmt: skip
    return table["value"].to_pylist(), table["flag"].to_pylist(), table["revision"].to_pylist()


def test_an_accepted_mark_ends_what_it_covers_and_the_data_stay_raw(plant, town):
    for number, value in enumerate((30, 80, 90, 30)):
        arrive(town, town.hour("2026-10-30", number), value)
    assert Finding.objects.get().occurrences == 2
    before = stored(town, town.hour("2026-10-30", 1))
    handed = mark(plant, town, 1, 3)
    assert (handed.state, handed.late) == ("submitted", False)
    services.apply_marks(now=town.hour("2026-10-30", 4))
    assert not Mark.objects.get().applied
    approve(plant, handed, town.hour("2026-10-30", 5))
    assert Finding.objects.get().ended_at is not None
    assert stored(town, town.hour("2026-10-30", 1)) == before
    town.put("P1", SO2, "zs_avg", [town.hour("2026-10-30", 2)], [95.0])
    services.evaluate(now=town.hour("2026-10-30", 6))
    assert Finding.objects.filter(ended_at=None).count() == 0


def test_a_revoked_mark_lets_the_hours_be_judged_again(plant, town):
    handed = mark(plant, town, 1, 3, now=town.hour("2026-10-30", 1))
    approve(plant, handed, town.hour("2026-10-30", 2))
    for number, value in enumerate((30, 80, 90, 30)):
        arrive(town, town.hour("2026-10-30", number), value)
    assert not Finding.objects.exists()
    records.act(
        record=handed,
        action="revoke",
        actor=plant["department"],
        now=town.hour("2026-10-30", 5),
        text="不属实",
    )
    services.apply_marks(now=town.hour("2026-10-30", 5))
    assert Finding.objects.get().first_at == town.hour("2026-10-30", 1)
    assert Finding.objects.get().occurrences == 2


@pytest.mark.parametrize("step", [1, 10])
def test_of_an_hour_marked_in_part_the_unmarked_minutes_are_judged(plant, town, step):
    hour = town.hour("2026-10-30", 1)
    starts = [hour + dt.timedelta(minutes=minute) for minute in range(0, 60, step)]
    values = np.where(np.arange(0, 60, step) < 10, 200.0, 20.0)
    town.put("P1", SO2, "zs_avg", starts, values, granularity=store.Granularity.MINUTE)
    arrive(town, hour, 50.0)
    assert Finding.objects.filter(ended_at=None).exists()
    handed = services.hand_in(
        outlet=stack(), kind="calibration", from_at=hour, to_at=hour + dt.timedelta(minutes=10), reason="校准",
        actor=plant["enterprise"], now=hour + HOUR,
    )  # fmt: skip
    approve(plant, handed, hour + 2 * HOUR)
    assert not Finding.objects.filter(ended_at=None).exists()


def test_a_mark_needs_another_person_evidence_and_its_term(plant, town):
    handed = mark(plant, town, 1, 3, kind="start")
    now = town.hour("2026-10-30", 5)
    with pytest.raises(Refused, match="permission"):
        approve(plant, handed, now, who="enterprise")
    with pytest.raises(Refused, match="证明材料"):
        approve(plant, handed, now)
    records.act(
        record=handed, action="supplement", actor=plant["enterprise"], now=now, text="DCS 截图",
        files=[city.photo()],
    )  # fmt: skip
    approve(plant, handed, now)
    handed.refresh_from_db()
    assert handed.applied
    late = mark(plant, town, 5, 6, now=town.hour("2026-11-02", 5))
    assert late.late
    with pytest.raises(Refused, match="逾期"):
        approve(plant, late, town.hour("2026-11-02", 6))


def test_a_mark_that_the_data_contradict_is_not_accepted(plant, town):
    hours = [town.hour("2026-10-28") + number * HOUR for number in range(72)]
    town.put("P1", "power_production", "avg", hours, np.full(72, 800.0))
    handed = mark(plant, town, 1, 6)
    with pytest.raises(Refused, match="仍在运行"):
        approve(plant, handed, town.hour("2026-10-30", 8))


def test_nobody_marks_or_sees_the_plant_of_another(plant, town):
    handed = mark(plant, town, 1, 3)
    on = dt.date(2026, 10, 30)
    seen = {
        name: record_queries.visible(register="marks", user=plant[name], on=on).filter(pk=handed.pk).exists()
        for name in ("enterprise", "rival", "department")
    }
    assert seen == {"enterprise": True, "rival": False, "department": True}
    with pytest.raises(ValidationError):
        records.create(
            register="marks", actor=plant["enterprise"], at=city.AT,
            values={"facility": stack().facility, "outlet_number": "DA009", "kind": "stopped",
                    "from_at": city.AT, "to_at": city.AT + HOUR, "reason": "x"},
        )  # fmt: skip


def test_what_was_decided_is_not_changed(plant, town):
    handed = mark(plant, town, 1, 3)
    records.change(
        record=handed, values={"to_at": town.hour("2026-10-30", 4)}, actor=plant["enterprise"], at=city.AT
    )
    approve(plant, handed, town.hour("2026-10-30", 8))
    handed.refresh_from_db()
    with pytest.raises(ValidationError, match="不能更改"):
        records.change(
            record=handed, values={"to_at": town.hour("2026-10-30", 9)}, actor=plant["enterprise"], at=city.AT
        )
