"""Ledgers, what is watched, and the indicators."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.urls import reverse

from core import city
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.waste import queries, services
from jiangcheng.modules.waste.models import WasteMonth
from modules.wastes import CODE, OIL, D, draft, months, plan, plant, travel


def test_an_imbalance_becomes_a_case_and_ends_when_it_is_put_right(people, add):
    months(add)
    plan(people, add, OIL)
    assert services.watch(now=city.AT)["imbalance"] == 0
    last = WasteMonth.objects.order_by("-month_date").first()
    records.change(record=last, values={"closing": D(12)}, actor=people["department"], at=city.AT)
    assert services.watch(now=city.AT)["imbalance"] == 1
    assert services.watch(now=city.AT)["imbalance"] == 1
    finding = Finding.objects.get(kind="waste.imbalance")
    assert finding.evidence[-1]["residual_t"] == "3.0000" and finding.case.facility == plant()
    records.change(record=last, values={"closing": D(15)}, actor=people["department"], at=city.AT)
    services.watch(now=city.AT)
    finding.refresh_from_db()
    assert finding.ended_at is not None and finding.case.closed_at is None, "people close cases"


def test_the_ledger_is_held_against_the_manifests(people, add, licensed):
    plan(people, add, CODE)
    row = travel(people, draft(people), upto="ship")
    add("waste-months", facility=plant(), stream="hazardous", code=CODE, month_date=dt.date(2026, 11, 1),
        generated=D(12), sent_disposed=D(10), closing=D(2))  # fmt: skip
    (line,) = queries.balances(year=2026, scope=None)
    assert line.manifested == 10 and line.good
    WasteMonth.objects.update(sent_disposed=D(12), closing=D(0))
    (line,) = queries.balances(year=2026, scope=None)
    assert line.balanced and not line.matched and not line.good, row.number


def test_storage_plans_ratios_medical_waste_ponds_and_dumps_are_watched(people, add):
    add("waste-stores", facility=plant(), code="TS001", name_zh="一号库", capacity=D(3))
    for serial, days in ((1, 400), (2, 10)):
        day = city.ON - dt.timedelta(days=days)
        add("waste-batches", facility=plant(), batch=f"HWRK{day:%Y%m%d}{serial:03d}", store="TS001", code=OIL,
            stored_date=day, quantity=D(2), left=D(2))  # fmt: skip
    for month in range(1, 10):
        add("waste-months", facility=plant(), stream="hazardous", code=OIL, month_date=dt.date(2026, month, 1),
            generated=D(5 if month < 9 else 12), sent_used=D(5 if month < 9 else 12), product=100.0)  # fmt: skip
    where = {"longitude": 126.7, "latitude": 43.5}
    add("medical-points", name_zh="医院", region=Region.objects.get(code="220202"), beds=50, **where,
        collected_at=city.AT - dt.timedelta(days=3))  # fmt: skip
    add("tailings-ponds", name_zh="一号库", region=Region.objects.get(code="220202"), dam_class=4, grade="middle",
        height=20.0, capacity=50.0, **where)  # fmt: skip
    dump = add("dump-sites", place="河边", waste="建筑垃圾", source="patrol", found_date=city.ON, **where)
    found = services.watch(now=city.AT)
    assert found == {
        "imbalance": 1, "storage_overdue": 1, "storage_full": 1, "over_licence": 0, "ratio": 1, "plan_missing": 1,
        "medical_late": 1, "pond_unchecked": 0, "dump": 1, "lorry_stop": 0, "lorry_route": 0, "lorry_hours": 0,
    }  # fmt: skip
    june = dt.datetime(2026, 6, 1, 4, tzinfo=dt.UTC)
    assert services.watch(now=june)["pond_unchecked"] == 1
    case = Finding.objects.get(kind="waste.dump").case
    assert case.grid_cell.code == "220202-02", "a dump is somebody's in its grid"
    records.act(
        record=dump,
        action="clear",
        actor=people["department"],
        now=city.AT,
        text="清完",
        files=[city.photo()],
    )
    with pytest.raises(Refused, match="permission"):
        records.act(record=dump, action="close", actor=people["department"], now=city.AT, text="好")
    records.act(record=dump, action="close", actor=people["verifier"], now=city.AT, text="好")
    assert Finding.objects.get(kind="waste.dump").ended_at is not None


def test_rows_of_ledgers_are_checked(people, add):
    good = {"stream": "hazardous", "code": OIL, "month_date": dt.date(2026, 5, 1)}
    for wrong, told in (
        ({"code": "HW08"}, "900-041-49"), ({"month_date": dt.date(2026, 5, 2)}, "1 日"), ({"unit": "别人"}, "信用代码"),
        ({"generated": D(-1)}, "0"), ({"facility": None}, "单位"), ({"facility": None, "unit": "村"}, "行政区"),
    ):  # fmt: skip
        with pytest.raises(ValidationError, match=told):
            add("waste-months", **{"facility": plant(), **good, **wrong})
    assert add("waste-months", facility=plant(), **good).unit == city.PLANT
    county = Region.objects.get(code="220202")
    add("waste-months", region=county, unit="昌邑区环卫", stream="household", month_date=dt.date(2026, 5, 1),
        generated=D(900), sent_disposed=D(900))  # fmt: skip
    ((region, masses),) = queries.households(year=2026, scope=None)
    assert region == county and masses.residual == 0
    with pytest.raises(ValidationError):
        add("waste-batches", facility=plant(), batch="X", store="TS001", code=OIL, stored_date=city.ON,
            quantity=D(1), left=D(2))  # fmt: skip


def test_a_file_fills_the_ledger_once_and_an_enterprise_fills_its_own_only(people):
    head = "facility,unit,stream,code,month_date,generated,closing\n"
    lines = "".join(
        f"{code},{code},hazardous,{OIL},2026-03-01,3.5,3.5\n" for code in (city.PLANT, city.OTHER_PLANT)
    )

    def bring():
        return records.import_file(
            register="waste-months", file=ContentFile((head + lines).encode()), name="m.csv",
            actor=people["enterprise"], at=city.AT, dry_run=False,
        )  # fmt: skip

    assert [row.outcome for row in bring().rows] == ["added", "refused"]
    assert [row.outcome for row in bring().rows] == ["unchanged", "refused"]
    assert WasteMonth.objects.get().generated == D("3.5")


def test_indicators_are_computed_reported_or_say_what_is_missing(people, add, licensed, client_of):
    add("waste-months", facility=plant(), stream="industrial", code="SW03", month_date=dt.date(2026, 1, 1),
        generated=D(1000), used=D(700), sent_used=D(100), sent_disposed=D(150), closing=D(50))  # fmt: skip
    told = {"year": 2026, "department": "统计", "source": "公报"}
    number = add("waste-numbers", item="industrial_value_added", value=D(2000), **told)
    staff = add("waste-numbers", item="waste_investment", value=D(35000), **told)
    insured = add("waste-numbers", item="insured_operators", value=D(1), **told)
    for row in (number, staff, insured):
        records.act(record=row, action="file", actor=people["department"], now=city.AT)
    lines = {line.row["code"]: line for line in queries.lines(year=2026)}
    assert lines["waste_industrial_intensity"].missing == ("input.industrial_value_added",), "not checked yet"
    with pytest.raises(Refused):
        records.act(record=number, action="check", actor=people["department"], now=city.AT)
    for row in (number, staff, insured):
        records.act(record=row, action="check", actor=people["leader"], now=city.AT)
    cell = add("zero-waste-cells", name_zh="第一小学", kind="school", score=90, region=plant().region)
    records.act(record=cell, action="name", actor=people["leader"], now=city.AT, text="评估通过")
    assert services.compute(year=2026, at=city.AT) == 5
    lines = {line.row["code"]: line for line in queries.lines(year=2026)}
    assert len(lines) == 58 and lines["waste_cells"].value == 1 and lines["waste_insured"].value == 100
    assert {line.row["code"]: line for line in queries.lines(year=2025)}["waste_cells"].value == 0
    value = IndicatorValue.objects.get(indicator="waste_industrial_used", current=True)
    assert value.value == 80 and value.lineage["intermediates"]["industrial.generated"] == "1000"
    assert IndicatorValue.objects.get(indicator="waste_industrial_intensity").value == 0.5
    assert IndicatorValue.objects.get(indicator="waste_investment").reported_by == "统计"
    services.compute(year=2026, at=city.AT + dt.timedelta(days=1))
    assert IndicatorValue.objects.count() == 5, "the same number is not recorded twice"
    text = client_of("leader").get(reverse("waste:indicators"), {"year": 2026}).content.decode()
    assert "台账计算 4 项" in text and "部门填报 1 项" in text and "部门未填报" in text and "缺少数据" in text
    assert (
        client_of("leader").get(reverse("indicators:lineage", args=["waste_industrial_used"])).status_code
        == 200
    )
