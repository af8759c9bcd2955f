"""Leaving the province: application, opinion, consultation, decision, and manifests bound to what is left."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from core import city
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.models import TransferApproval
from jiangcheng.modules.waste.rules import manifests, tables
from modules.wastes import CODE, DEPARTS, OIL, D, draft, months, plan, plant

FAR = "91230100PLANT00009"


@pytest.fixture
def abroad(add, licensed):
    """A licensed receiver in Heilongjiang."""
    regions = [city.named("230100", "哈尔滨市", level="city")]
    assert not registry.import_register("regions", regions, actor=None, at=city.AT).errors
    rows = [city.named(FAR, "外省处置中心", region="230100", longitude=126.6, latitude=45.7)]
    assert not registry.import_register("facilities", rows, actor=None, at=city.AT).errors
    add(
        "waste-licences", facility=Facility.objects.get(code=FAR), kind="operator", licence="黑危-1",
        codes="HW49", capacity=D(900), from_date=dt.date(2025, 1, 1), to_date=dt.date(2027, 1, 1),
    )  # fmt: skip
    assert Region.objects.get(code="230100").pk


def test_an_approval_takes_its_working_days_and_manifests_take_of_it_until_nothing_is_left(
    people, add, abroad, client_of
):
    plan(people, add, CODE)
    asked = {"facility": plant(), "receiver_code": FAR, "province": "黑龙江省", "code": CODE, "waste_name": "沾染物",
             "method": "dispose", "asked": D(15), "until_date": dt.date(2028, 1, 1)}  # fmt: skip
    row = add("waste-transfers", "enterprise", **asked)

    def do(action, who, text="", now=city.AT):
        return records.act(record=row, action=action, actor=people[who], now=now, text=text)

    refused = add("waste-transfers", "enterprise", **{**asked, "code": OIL})
    with pytest.raises(Refused, match="许可不含"):
        records.act(record=refused, action="apply", actor=people["enterprise"], now=city.AT)
    with pytest.raises(ValidationError):
        add("waste-transfers", "enterprise", **{**asked, "asked": D(0)})
    do("apply", "enterprise")
    assert row.due_at == dt.datetime(2026, 11, 9, 16, tzinfo=dt.UTC), "Monday and five working days"
    assert [todo.number for todo in queries.to_do(user=people["department"], now=city.AT)][-1] == row.number
    do("consult", "department", "函〔2026〕1 号")
    assert row.due_at == dt.datetime(2026, 11, 16, 16, tzinfo=dt.UTC), "ten for the receiving province"
    do("agree", "department", "复函〔2026〕9 号")
    assert row.due_at == dt.datetime(2026, 11, 9, 16, tzinfo=dt.UTC), "five for the decision"
    assert row.number in [todo.number for todo in queries.to_do(user=people["leader"], now=city.AT)]
    first = _abroad(people, "10", approval="吉环危转〔2026〕8号")
    with pytest.raises(Refused, match="没有有效的跨省转移批准"):
        records.act(record=first, action="issue", actor=people["enterprise"], now=DEPARTS)
    with pytest.raises(Refused, match="text_required"):
        do("approve", "leader")
    do("approve", "leader", "吉环危转〔2026〕8号")
    assert (row.left, row.until_date, row.due_at) == (15, dt.date(2027, 11, 1), None), "twelve months at most"
    with pytest.raises(Refused, match="state"):
        records.withdraw(record=row, actor=people["enterprise"], at=city.AT, reason="不用了")

    records.act(record=first, action="issue", actor=people["enterprise"], now=DEPARTS)
    row.refresh_from_db()
    assert row.left == 5 and row.uses.get().manifest == first
    second = _abroad(people, "6", approval=row.number)
    with pytest.raises(Refused, match="剩余 5 t"):
        records.act(record=second, action="issue", actor=people["enterprise"], now=DEPARTS)
    unnamed = _abroad(people, "1")
    with pytest.raises(Refused, match="跨省转移须先经批准"):
        records.act(record=unnamed, action="issue", actor=people["enterprise"], now=DEPARTS)
    records.act(record=first, action="decline", actor=people["rival"], now=DEPARTS, text="车辆故障")
    row.refresh_from_db()
    assert row.left == 15 and row.uses.get().returned_at == DEPARTS
    records.act(record=second, action="issue", actor=people["enterprise"], now=DEPARTS)
    row.refresh_from_db()
    assert row.left == 9
    with pytest.raises(IntegrityError), transaction.atomic():
        TransferApproval.objects.filter(pk=row.pk).update(left=D(-1))
    page = client_of("enterprise").get(reverse("waste:manifests")).content.decode()
    assert row.number in page and "9.000" in page and "外省处置中心" in page
    assert row.number not in client_of("rival").get(reverse("waste:manifests")).content.decode()


def _abroad(people, tonnes, approval=""):
    row = draft(people, tonnes=tonnes)
    records.change(
        record=row,
        values={"receiver_code": FAR, "approval": approval},
        actor=people["enterprise"],
        at=city.AT,
    )
    return row


@pytest.mark.parametrize(
    ("day", "last"),
    [
        ("2026-11-02", "2027-11-01"), ("2027-03-01", "2028-02-29"), ("2024-02-29", "2025-02-27"),
        ("2026-12-31", "2027-12-30"),
    ],
)  # fmt: skip
def test_twelve_months_end_the_day_before(day, last):
    assert manifests.months_after(dt.date.fromisoformat(day), 12) == dt.date.fromisoformat(last)


def test_a_code_that_is_not_on_file_is_taken_with_a_warning(people, add, licensed, client_of):
    strange = "398-777-49"
    assert tables.listed(CODE, city.ON) and tables.listed("900-000-49", city.ON)
    assert not tables.listed(strange, city.ON)
    row = draft(people)
    item = {"code": strange, "name": "不明废物", "form": "solid", "declared": "1"}
    answer = client_of("enterprise").post(reverse("waste:add_item", args=[row.number]), item, follow=True)
    assert "已录名录中没有代码 398-777-49" in answer.content.decode()
    assert row.items.filter(code=strange).exists()
    months(add, code=strange, months=1)
    assert queries.unlisted(year=2026, scope=None) == [(strange, "", 1)]
    page = client_of("department").get(reverse("waste:codes")).content.decode()
    assert strange in page and "没有被拒绝" in page
    some = client_of("department").get(reverse("waste:codes"), {"category": "HW08"}).content.decode()
    assert "251-002-08" in some and "900-041-49</code></th><td>含有" not in some
