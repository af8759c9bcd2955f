"""Manifests by their parties, with their tracks, differences and papers."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from core import city
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.modules.waste import queries, services
from jiangcheng.modules.waste.models import Manifest
from modules.wastes import CODE, DEPARTS, OIL, D, draft, plan, plant, travel


def test_a_manifest_goes_through_the_hands_of_its_three_parties(people, add, licensed, client_of):
    plan(people, add, CODE)
    row = draft(people)
    assert row.number == "20262202000001" and draft(people).number == "20262202000002"
    row.refresh_from_db()
    assert row.declared == 10
    with pytest.raises(Refused, match="permission"):
        records.act(record=row, action="issue", actor=people["rival"], now=DEPARTS)
    travel(people, row, upto="issue")
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
    plan(people, add, CODE)
    row = travel(people, draft(people), upto="issue")
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

    row = draft(people)
    refused(row, "管理计划")
    plan(people, add, CODE)
    services.remove_item(manifest=row, code=CODE, actor=people["enterprise"], now=DEPARTS)
    refused(row, "没有废物")
    plan(people, add, "900-300-34")
    acid = draft(people, code="900-300-34", form="liquid")
    refused(acid, "许可不含")
    wrong = draft(people)
    records.change(record=wrong, values={"carrier_code": city.PLANT}, actor=people["enterprise"], at=city.AT)
    refused(wrong, "运输资质")


def test_a_grave_difference_is_no_confirmation_but_a_case_that_ends_when_settled(people, add, licensed):
    plan(people, add, CODE)
    row = travel(people, draft(people))
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
    plan(people, add, CODE)
    row = travel(people, draft(people))
    records.act(record=row, action="reject", actor=people["rival"], now=DEPARTS, text="包装破损")
    assert Finding.objects.filter(kind="waste.manifest_rejected", ended_at=None).count() == 1
    records.act(record=row, action="take_back", actor=people["enterprise"], now=DEPARTS, text="已运回")
    assert row.state == "returned" and not Finding.objects.filter(
        kind="waste.manifest_rejected", ended_at=None
    )
    late = travel(people, draft(people))
    records.watch_due(now=late.due_at - dt.timedelta(seconds=1))
    assert not Finding.objects.filter(kind="waste.manifest_overdue").exists()
    records.watch_due(now=late.due_at)
    assert Finding.objects.get(kind="waste.manifest_overdue").title_zh.endswith(late.number)


def test_a_paper_manifest_is_entered_by_staff_with_its_picture(people, add, licensed):
    row = draft(people)
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
    late = draft(people)
    records.act(
        record=late, action="backfill", actor=people["department"], now=DEPARTS + dt.timedelta(days=15), text="迟报",
        files=[city.photo()],
    )  # fmt: skip
    assert Finding.objects.get(kind="waste.manifest_overdue").dedup_key.endswith(late.number)


def test_positions_are_taken_from_the_carrier_only_and_held_against_the_route(
    people, add, licensed, client_of
):
    plan(people, add, CODE)
    row = travel(people, draft(people, route=((126.7, 43.5), (127.5, 43.5))), upto="ship")
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


def test_an_enterprise_draws_up_a_manifest_on_the_page_and_finds_what_waits(people, add, licensed, client_of):
    plan(people, add, CODE)
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
    waiting = queries.to_do(user=people["department"], now=city.AT)
    assert [todo.title_zh.split("：")[1].split()[0] for todo in waiting] == ["核对管理计划"]
