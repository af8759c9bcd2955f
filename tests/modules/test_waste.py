"""The room of wastes: manifests by their parties, what is watched, indicators, pages, registers."""

from __future__ import annotations

import datetime as dt
import decimal
import json

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused, load_workflows
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.manifest import manifests as registry
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registers
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.demo import waste as demo
from jiangcheng.modules.waste import queries, services
from jiangcheng.modules.waste.models import Manifest, ManifestItem, WasteMonth
from jiangcheng.modules.waste.module import MANIFEST
from jiangcheng.modules.waste.rules import tables

D = decimal.Decimal
CODE, OIL = "900-041-49", "900-214-08"
CITY_PAGES = ("indicators", "balances", "card_home")
PAGES = ("overview", "flows", "hazardous", "codes", "manifests", "transport_layer", "units_layer")
DEPARTS = dt.datetime(2026, 11, 3, 1, tzinfo=dt.UTC)


@pytest.fixture
def people(town):
    load_workflows(tables.DATA / "workflows")
    return city.people()


@pytest.fixture
def client_of(people):
    def log_in(name):
        client = Client()
        client.force_login(people[name])
        return client

    return log_in


@pytest.fixture
def add(people):
    def put(register, who="department", at=city.AT, **values):
        return records.create(register=register, values=values, actor=people[who], at=at)

    return put


def plant(code=city.PLANT):
    return Facility.objects.get(code=code)


@pytest.fixture
def licensed(add):
    """The second plant carries and takes oil and packages; the first one has plans for both."""
    other = plant(city.OTHER_PLANT)
    dates = {"from_date": dt.date(2025, 1, 1), "to_date": dt.date(2027, 1, 1)}
    add("waste-licences", facility=other, kind="carrier", licence="运-1", **dates)
    add(
        "waste-licences",
        facility=other,
        kind="operator",
        licence="危-1",
        codes="HW08 HW49",
        capacity=D(500),
        **dates,
    )
    return other


def _plan(people, add, code):
    row = add(
        "waste-plans", "enterprise", facility=plant(), year=2026, grade="key", code=code, waste_name="废物"
    )
    records.act(record=row, action="file", actor=people["enterprise"], now=city.AT)
    return row


def _draft(people, code=CODE, tonnes="10", form="solid", route=()):
    values = {
        "carrier_code": city.OTHER_PLANT, "receiver_code": city.OTHER_PLANT, "plate": "吉B演1234",
        "departs_at": DEPARTS, "route": [list(place) for place in route],
    }  # fmt: skip
    row = services.draft(facility=plant(), values=values, actor=people["enterprise"], now=city.AT)
    services.add_item(
        manifest=row, code=code, name="沾染物", form=form, package="吨袋 10", declared=D(tonnes),
        actor=people["enterprise"], now=city.AT,
    )  # fmt: skip
    return row


def _travel(people, row, at=DEPARTS, upto="arrive"):
    for who, action in (("enterprise", "issue"), ("rival", "ship"), ("rival", "arrive")):
        records.act(record=row, action=action, actor=people[who], now=at)
        if action == upto:
            return row
    return row


def test_a_manifest_goes_through_the_hands_of_its_three_parties(people, add, licensed, client_of):
    _plan(people, add, CODE)
    row = _draft(people)
    assert row.number == "20262202000001" and _draft(people).number == "20262202000002"
    row.refresh_from_db()
    assert row.declared == 10
    with pytest.raises(Refused, match="permission"):
        records.act(record=row, action="issue", actor=people["rival"], now=DEPARTS)
    _travel(people, row, upto="issue")
    for action, who in (("ship", "enterprise"), ("ship", "department"), ("ship", "verifier")):
        with pytest.raises(Refused, match="permission"):
            records.act(record=row, action=action, actor=people[who], now=DEPARTS)
    _travel_on = (("rival", "ship"), ("rival", "arrive"))
    for who, action in _travel_on:
        records.act(record=row, action=action, actor=people[who], now=DEPARTS)
    assert row.due_at == dt.datetime(2026, 11, 10, 16, tzinfo=dt.UTC), "Tuesday and five working days"
    with pytest.raises(Refused, match="称重"):
        records.act(record=row, action="confirm", actor=people["rival"], now=DEPARTS)
    with pytest.raises(Refused, match="permission"):
        services.weigh(manifest=row, weighed={CODE: D("9.8")}, actor=people["enterprise"], now=DEPARTS)
    with pytest.raises(Refused):
        services.weigh(manifest=row, weighed={OIL: D(1)}, actor=people["rival"], now=DEPARTS)
    page = client_of("rival").get(reverse("waste:card_manifest", args=[row.number])).content.decode()
    assert f'name="weight-{CODE}"' in page
    answer = client_of("rival").post(reverse("waste:weigh", args=[row.number]), {f"weight-{CODE}": "9.8"})
    assert answer.status_code == 302
    records.act(record=row, action="confirm", actor=people["rival"], now=DEPARTS)
    assert (row.state, row.weighed, row.closed_at) == ("received", D("9.8"), DEPARTS)
    assert AuditEntry.objects.filter(action="waste.weighed", object_id=row.number).exists()
    assert records.verify_steps().ok


def test_what_is_signed_is_not_altered(people, add, licensed, client_of):
    _plan(people, add, CODE)
    row = _travel(people, _draft(people), upto="issue")
    with pytest.raises(ValidationError, match="不能改动"):
        records.change(record=row, values={"plate": "吉B演9999"}, actor=people["enterprise"], at=DEPARTS)
    with pytest.raises(Refused, match="state"):
        services.add_item(
            manifest=row, code=OIL, name="废油", form="liquid", package="", declared=D(1),
            actor=people["enterprise"], now=DEPARTS,
        )  # fmt: skip
    with pytest.raises(Refused, match="state"):
        records.withdraw(record=row, actor=people["enterprise"], at=DEPARTS, reason="不想要了")
    for name in ("edit", "withdraw"):
        address = reverse(f"records:waste-manifests-{name}", args=[row.number])
        assert client_of("enterprise").post(address, {"reason": "不想要了"}).status_code == 403
    with pytest.raises(Refused, match="state"):
        services.remove_item(manifest=row, code=CODE, actor=people["enterprise"], now=DEPARTS)
    with pytest.raises(ValidationError, match="14 位"):
        add("waste-manifests", "enterprise", facility=plant(), carrier_code="A", receiver_code="B", plate="C",
            departs_at=DEPARTS)  # fmt: skip


def test_nothing_is_issued_without_waste_plan_carrier_and_licence(people, add, licensed):
    def refused(row, word):
        with pytest.raises(Refused, match=word):
            records.act(record=row, action="issue", actor=people["enterprise"], now=DEPARTS)

    row = _draft(people)
    refused(row, "管理计划")
    _plan(people, add, CODE)
    services.remove_item(manifest=row, code=CODE, actor=people["enterprise"], now=DEPARTS)
    refused(row, "没有废物")
    _plan(people, add, "900-300-34")
    acid = _draft(people, code="900-300-34", form="liquid")
    refused(acid, "许可不含")
    wrong = _draft(people)
    records.change(record=wrong, values={"carrier_code": city.PLANT}, actor=people["enterprise"], at=city.AT)
    refused(wrong, "运输资质")


def test_a_grave_difference_is_no_confirmation_but_a_case_that_ends_when_settled(people, add, licensed):
    _plan(people, add, CODE)
    row = _travel(people, _draft(people))
    services.weigh(manifest=row, weighed={CODE: D("8.9")}, actor=people["rival"], now=DEPARTS)
    with pytest.raises(Refused, match="差异"):
        records.act(record=row, action="confirm", actor=people["rival"], now=DEPARTS)
    records.act(record=row, action="differ", actor=people["rival"], now=DEPARTS, text="少 1.1 t")
    finding = Finding.objects.get(kind="waste.manifest_difference")
    assert finding.case.case_type == "WASTE" and finding.facility == plant()
    with pytest.raises(Refused, match="没有说明"):
        records.act(record=row, action="settle", actor=people["department"], now=DEPARTS, text="核实")
    records.act(record=row, action="explain", actor=people["enterprise"], now=DEPARTS, text="含水率变化")
    records.act(record=row, action="settle", actor=people["department"], now=DEPARTS, text="核实")
    finding.refresh_from_db()
    assert row.state == "settled" and finding.ended_at is not None
    row.refresh_from_db()
    assert row.declared == 10 and row.weighed == D("8.9"), "neither number gives way to the other"


def test_rejection_and_a_late_receiver_become_cases(people, add, licensed):
    _plan(people, add, CODE)
    row = _travel(people, _draft(people))
    records.act(record=row, action="reject", actor=people["rival"], now=DEPARTS, text="包装破损")
    assert Finding.objects.filter(kind="waste.manifest_rejected", ended_at=None).count() == 1
    records.act(record=row, action="take_back", actor=people["enterprise"], now=DEPARTS, text="已运回")
    assert row.state == "returned" and not Finding.objects.filter(
        kind="waste.manifest_rejected", ended_at=None
    )
    late = _travel(people, _draft(people))
    records.watch_due(now=late.due_at - dt.timedelta(seconds=1))
    assert not Finding.objects.filter(kind="waste.manifest_overdue").exists()
    records.watch_due(now=late.due_at)
    assert Finding.objects.get(kind="waste.manifest_overdue").title_zh.endswith(late.number)


def test_a_paper_manifest_is_entered_by_staff_with_its_picture(people, add, licensed):
    row = _draft(people)
    when = DEPARTS + dt.timedelta(days=2)
    with pytest.raises(Refused, match="has_photo"):
        records.act(record=row, action="backfill", actor=people["department"], now=when, text="系统故障")
    records.act(
        record=row,
        action="backfill",
        actor=people["department"],
        now=when,
        text="系统故障",
        files=[city.photo()],
    )
    assert (row.state, row.paper, row.weighed) == ("received", True, 10)
    late = _draft(people)
    records.act(
        record=late, action="backfill", actor=people["department"], now=DEPARTS + dt.timedelta(days=15), text="迟报",
        files=[city.photo()],
    )  # fmt: skip
    assert Finding.objects.get(kind="waste.manifest_overdue").dedup_key.endswith(late.number)


def test_positions_are_taken_from_the_carrier_only_and_held_against_the_route(
    people, add, licensed, client_of
):
    _plan(people, add, CODE)
    row = _travel(people, _draft(people, route=((126.7, 43.5), (127.5, 43.5))), upto="ship")
    points = [[(city.AT + dt.timedelta(minutes=n)).isoformat(), 126.7 + n / 100, 43.5] for n in range(5)]
    address = reverse("waste:track", args=[row.number])
    for who, told, status in (
        ("enterprise", points, 409), ("rival", points, 200), ("rival", points, 200), ("rival", {"a": 1}, 422),
        ("rival", [["2026-11-03", 126, 43]], 409), ("department", points, 403),
    ):  # fmt: skip
        answer = client_of(who).post(address, json.dumps(told), content_type="application/json")
        assert answer.status_code == status, (who, told, answer.content)
    assert row.track.count() == 5 and not queries.stray_of(row).deviates
    far = [(city.AT + dt.timedelta(minutes=10 + n), 126.8, 43.6) for n in range(3)]
    assert services.take_track(manifest=row, points=far, actor=people["rival"], now=DEPARTS) == (3, True)
    assert Finding.objects.filter(kind="waste.track").count() == 1
    layer = client_of("department").get(reverse("waste:transport_layer")).json()
    assert layer["features"][0]["geometry"]["coordinates"] == [126.8, 43.6]


def _months(add, code=OIL, months=3, generated=D(5), stream="hazardous", **more):
    for number in range(1, months + 1):
        add("waste-months", facility=plant(), stream=stream, code=code, month_date=dt.date(2026, number, 1),
            opening=generated * (number - 1), generated=generated, closing=generated * number, **more)  # fmt: skip


def test_an_imbalance_becomes_a_case_and_ends_when_it_is_put_right(people, add):
    _months(add)
    _plan(people, add, OIL)
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
    _plan(people, add, CODE)
    row = _travel(people, _draft(people), upto="ship")
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


def test_who_sees_what(people, add, licensed, client_of):
    _plan(people, add, CODE)
    row = _draft(people)
    other = add(
        "waste-months", facility=licensed, stream="hazardous", code=OIL, month_date=dt.date(2026, 1, 1)
    )
    page = reverse("records:waste-manifests-row", args=[row.number])
    for who, status in (
        ("enterprise", 200),
        ("rival", 200),
        ("inspector", 200),
        ("colleague", 404),
        ("system", 403),
    ):
        assert client_of(who).get(page).status_code == status, who
    assert (
        client_of("enterprise").get(reverse("records:waste-months-row", args=[other.number])).status_code
        == 404
    )
    for page in PAGES:
        for who, status in (("department", 200), ("enterprise", 200), ("inspector", 200), ("system", 403)):
            assert client_of(who).get(reverse(f"waste:{page}")).status_code == status, (who, page)
    for page in CITY_PAGES:
        for who, status in (("department", 200), ("enterprise", 403), ("leader", 200)):
            assert client_of(who).get(reverse(f"waste:{page}")).status_code == status, (who, page)
    assert city.OTHER_PLANT not in client_of("enterprise").get(reverse("waste:hazardous")).content.decode()
    mine = reverse("waste:card_facility", args=[city.PLANT])
    assert client_of("enterprise").get(mine).status_code == 200
    assert client_of("rival").get(mine).status_code == 404


def test_an_enterprise_draws_up_a_manifest_on_the_page_and_finds_what_waits(people, add, licensed, client_of):
    _plan(people, add, CODE)
    client = client_of("enterprise")
    form = {"facility": city.PLANT, "carrier_code": city.OTHER_PLANT, "receiver_code": city.OTHER_PLANT,
            "plate": "吉B演1", "departs_at": "2026-11-03T09:00"}  # fmt: skip
    assert client.post(reverse("waste:new_manifest"), {**form, "plate": ""}).status_code == 422
    assert (
        client.post(reverse("waste:new_manifest"), {**form, "facility": city.OTHER_PLANT}).status_code == 403
    )
    answer = client.post(reverse("waste:new_manifest"), form)
    row = Manifest.objects.get()
    assert answer.url == reverse("records:waste-manifests-row", args=[row.number])
    item = {"code": CODE, "name": "沾染物", "form": "solid", "declared": "3.2"}
    client.post(reverse("waste:add_item", args=[row.number]), {**item, "code": "HW49"})
    assert not row.items.exists()
    client.post(reverse("waste:add_item", args=[row.number]), item)
    assert row.items.get().declared == D("3.2")
    assert client_of("rival").post(reverse("waste:add_item", args=[row.number]), item).status_code == 302
    assert row.items.count() == 1
    waiting = [todo.number for todo in queries.to_do(user=people["enterprise"], now=city.AT)]
    assert waiting == [row.number]
    client.post(reverse("records:waste-manifests-act", args=[row.number]), {"action": "issue"})
    row.refresh_from_db()
    assert row.state == "issued"
    assert [todo.number for todo in queries.to_do(user=people["rival"], now=city.AT)] == [row.number]
    plan = queries.to_do(user=people["department"], now=city.AT)
    assert [todo.title_zh.split("：")[1].split()[0] for todo in plan] == ["核对管理计划"]


def test_pages_are_read_in_english_and_every_register_opens(people, client_of):
    client = client_of("department")
    client.cookies["django_language"] = "en"
    for page, word in (("overview", "Zero-waste city"), ("indicators", "Utilisation of industrial waste"),
                       ("hazardous", "Mass balance by unit and code"), ("balances", "New kinds of waste")):  # fmt: skip
        assert word in client.get(reverse(f"waste:{page}"), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    for declared in MANIFEST.registers:
        assert client.get(reverse(f"records:{declared.code}")).status_code == 200
        if declared.change != "waste.send":
            assert client.get(reverse(f"records:{declared.code}-new")).status_code == 200
    assert len(MANIFEST.registers) == 20 and set(registry.registers()) >= {
        row.code for row in MANIFEST.registers
    }


def test_the_flows_are_drawn_and_told(people, add, client_of):
    _months(add, months=1)
    answer = client_of("department").get(reverse("waste:flows"), {"year": "2026"}).json()
    assert answer["option"]["series"][0]["type"] == "sankey"
    assert answer["table"]["rows"] == [["工业危险废物", "新增贮存", 5.0], ["新增贮存", "贮存", 5.0]]
    assert client_of("department").get(reverse("waste:flows"), {"year": "x"}).status_code == 200
    assert Case.objects.count() == 0


def test_the_demo_city_has_two_years_that_hang_together_but_for_what_is_meant_to_be_wrong(people, client_of):
    rows = [
        city.named(
            f"91220200DEMO{number:05d}A",
            f"演示厂{number}",
            longitude=126.3 + number / 50,
            latitude=43.5,
            synthetic=True,
        )
        for number in range(1, 31)
    ]
    assert not registers.import_register("facilities", rows, actor=None, at=city.AT).errors
    now = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)
    demo.furnish(now=now, progress=lambda _share, _text: None)
    count = Manifest.objects.count()
    assert count > 300 and ManifestItem.objects.count() == count
    wrong = [line for line in queries.balances(year=2026, scope=None) if not line.good]
    assert [(line.facility.code, line.code) for line in wrong] == [("91220200DEMO00003A", demo.PACKAGES)]
    assert wrong[0].masses.residual == demo.LOST_TONNES and wrong[0].matched
    states = queries.manifest_counts(Manifest.objects.all())
    assert states["rejected"] == states["differing"] == states["draft"] == states["cancelled"] == 1
    kinds = set(
        Finding.objects.filter(ended_at=None, kind__startswith="waste.").values_list("kind", flat=True)
    )
    assert kinds == {
        f"waste.{kind}" for kind in ("imbalance", "storage_overdue", "storage_full", "ratio", "plan_missing",
                                     "manifest_difference", "manifest_rejected", "track", "dump",
                                     "lorry_stop", "lorry_route")
    }  # fmt: skip
    records.watch_due(now=now)
    assert Finding.objects.filter(kind="waste.manifest_overdue").exists()
    assert records.verify_steps().ok
    demo.furnish(now=now, progress=lambda _share, _text: None)
    assert Manifest.objects.count() == count, "a second time changes nothing"
    for page in (*PAGES, *CITY_PAGES):
        assert client_of("leader").get(reverse(f"waste:{page}")).status_code == 200
    number = Manifest.objects.filter(state="received").first().number
    with pytest.raises(Refused, match="state"):
        records.load_past(
            register="waste-manifests", actor=None, at=now,
            rows=[records.PastRow(f"9{number[1:]}", {}, now, [records.PastStep("ship", None, now)])],
        )  # fmt: skip
