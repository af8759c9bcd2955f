"""Registers of the room `safety`: terms, gates, lists, and dose rates that become cases."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from core import city
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, ObservedProperty, Station
from jiangcheng.modules.safety import services
from jiangcheng.standards import periods
from modules.emergency import NOW, client, row


@pytest.fixture
def people(town):
    services.load()
    return city.people()


def test_dose_rates_that_stay_above_background_become_a_case(people):
    at = NOW.replace(minute=0)
    station = city.named("R1", "辐射站", kind="manual", longitude=126.3, latitude=43.5,
                         valid_from_date="2020-01-01", attributes={"element": "radiation"})  # fmt: skip
    assert registry.import_register("stations", [station], actor=None, at=NOW).errors == ()
    starts = int(at.timestamp()) - 3600 * np.arange(24 * 20, 0, -1)
    values = 80.0 + np.random.default_rng(1).normal(0, 3, starts.size)
    values[-1] = 300.0

    def put(starts, values):
        key = ObservedProperty.objects.get(code="dose_rate").pk
        batch = store.Batch.of(granularity=int(store.Granularity.HOUR), start=starts, value=values, property=key,
                               station=Station.objects.get(code="R1").pk)  # fmt: skip
        store.append(batch, source="test", received_at=at)

    put(starts, values)
    assert services.watch_dose_rates(now=at) == 0
    put(np.array([int(at.timestamp())]), np.array([310.0]))
    hour = at + dt.timedelta(hours=1)
    assert services.watch_dose_rates(now=hour) == 1 and services.watch_dose_rates(now=hour) == 1
    case = Case.objects.get(case_type="RADIATION")
    assert "310" in case.title_zh and case.severity == 4 and case.grid_cell is not None
    finding = Finding.objects.get()
    assert finding.evidence[0]["limit"] == pytest.approx(120, abs=3) and finding.evidence[0]["hours"] == 2
    put(np.array([int(hour.timestamp())]), np.array([82.0]))
    assert services.watch_dose_rates(now=hour + dt.timedelta(hours=1)) == 0
    finding.refresh_from_db()
    assert finding.ended_at is not None
    page = client(people, "duty").get(reverse("safety:radiation")).content.decode()
    assert "辐射站" in page


def test_registers_keep_their_terms_gates_and_lists(people):
    duty, leader, plant = people["duty"], people["leader"], Facility.objects.get(code=city.PLANT)
    hazard = row("eco-hazards", duty, name_zh="外来物种", kind="species", level="major", owner="林草局",
                 review_date=city.ON)  # fmt: skip
    assert hazard.due_at.astimezone(periods.BEIJING).date() == city.ON + dt.timedelta(days=1)
    records.act(record=hazard, action="review", actor=duty, now=NOW, text="已复核")
    assert hazard.review_date == city.ON + dt.timedelta(days=30)
    records.watch_due(now=NOW + dt.timedelta(days=32))
    assert Case.objects.filter(title_zh__contains=hazard.number).exists()
    meeting = row("consultations", duty, name_zh="三季度会商", held_date=city.ON, conclusion="加强巡查")
    with pytest.raises(Refused, match="任务"):
        records.act(record=meeting, action="close", actor=duty, now=NOW, text="完")
    task = row("consultation-tasks", duty, consultation_number=meeting.number, task="巡查", owner="甲",
               term_date=city.ON)  # fmt: skip
    with pytest.raises(Refused, match="没有完成"):
        records.act(record=meeting, action="close", actor=duty, now=NOW, text="完")
    records.act(record=task, action="report", actor=people["inspector"], now=NOW, text="完成")
    records.act(record=task, action="confirm", actor=people["department"], now=NOW)
    records.act(record=meeting, action="close", actor=duty, now=NOW, text="完")
    unit = row("risk-units", duty, name_zh="液氯库", facility=plant, level="larger")
    records.act(record=unit, action="check", actor=duty, now=NOW, text="正常", files=[city.photo()])
    assert unit.checked_date == city.ON and unit.due_at.date() == city.ON + dt.timedelta(days=182)
    problem = row("risk-hazards", duty, unit_number=unit.number, facility=plant, level="major", description="围堰裂缝",
                  found_date=city.ON, term_date=city.ON)  # fmt: skip
    with pytest.raises(Refused, match="has_photo"):
        records.act(record=problem, action="rectify", actor=people["enterprise"], now=NOW, text="已修")
    proof = [city.photo()]
    records.act(
        record=problem, action="rectify", actor=people["enterprise"], now=NOW, text="已修", files=proof
    )
    with pytest.raises(Refused, match="other_person"):
        records.act(record=problem, action="accept", actor=duty, now=NOW, files=[city.photo()])
    records.act(record=problem, action="accept", actor=people["department"], now=NOW, files=[city.photo()])
    assert problem.state == "closed"
    old = row(
        "toxic-chemicals", duty, facility=plant, substance="formaldehyde", year=2019, activity="use", tons=3
    )
    new = row("toxic-chemicals", duty, facility=plant, substance="benzene", year=2026, activity="use", tons=3)
    assert (old.list_version, new.list_version) == ("第一批", "第二批")
    with pytest.raises(ValidationError):
        row("toxic-chemicals", duty, facility=plant, substance="benzene", year=2019, activity="use", tons=3)
    source = {"code": "0412CS000123", "source_class": "III", "activity_bq": 1e9, "facility": plant, "permit": "吉环辐1",
              "permit_expires_date": city.ON + dt.timedelta(days=365)}  # fmt: skip
    kept = row("radiation-sources", duty, **source)
    assert kept.nuclide == "Cs-137" and kept.due_at < NOW + dt.timedelta(days=277)
    for wrong in ("0412CS00012", "0412cs000123", "0412ZZ000123", "0412CS000124"):
        with pytest.raises(ValidationError):
            row("radiation-sources", duty, **{**source, "code": wrong})
    with pytest.raises(Refused, match="转移"):
        records.act(record=kept, action="leave", actor=duty, now=NOW, text="送贮")
    row("source-moves", duty, source_code=kept.code, kind="store", moved_date=city.ON, from_unit="甲", to_unit="库",
        approval="1")  # fmt: skip
    records.act(record=kept, action="leave", actor=duty, now=NOW, text="送贮")
    assert kept.state == "gone" and kept.due_at is None
    row("pollutant-uses", duty, facility=plant, substance="pfoa", year=2026, activity="use", kilograms=12.5)
    row("pollutant-results", duty, substance="pfoa", point="江段", medium="water", sampled_date=city.ON, value=300,
        unit="ng/L", screening=100)  # fmt: skip
    page = client(people, "duty").get(reverse("safety:pollutants")).content.decode()
    assert "全氟辛酸" in page and "12.5" in page and "甲厂" in page and "3.0" in page
    with pytest.raises(ValidationError):
        row("emergency-orders", leader, title="无事件", department="甲", answer_by=NOW)
