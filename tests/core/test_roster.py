"""The duty roster: who may keep it, what it refuses, and that dispatch follows it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from core import city
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases import queries, services
from jiangcheng.core.cases.models import DutyShift
from jiangcheng.core.registry.models import Region

START = city.AT + dt.timedelta(hours=1)
END = START + dt.timedelta(hours=8)


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def plan(people, who="colleague", region="220203", starts_at=START, ends_at=END, at=city.AT):
    return services.plan_shift(
        user=people[who], region=Region.objects.get(code=region), starts_at=starts_at, ends_at=ends_at,
        actor=people["department"], at=at,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ends_at": START}, "order"),
        ({"ends_at": START + dt.timedelta(hours=37)}, "too_long"),
        ({"at": END}, "past"),
        ({"who": "verifier"}, "unfit"),
        ({"region": "220202"}, "unfit"),
    ],
)
def test_a_shift_that_cannot_be_is_refused_by_its_rule(people, changes, reason):
    with pytest.raises(services.ShiftRefused) as refused:
        plan(people, **changes)
    assert refused.value.reason == reason
    assert not DutyShift.objects.exists()


def test_nobody_is_on_duty_twice_at_once_but_one_shift_may_follow_another(people):
    plan(people)
    with pytest.raises(services.ShiftRefused, match="overlap"):
        plan(people, starts_at=END - dt.timedelta(minutes=1), ends_at=END + dt.timedelta(hours=1))
    plan(people, starts_at=END, ends_at=END + dt.timedelta(hours=1))
    assert AuditEntry.objects.filter(action="cases.plan_shift").count() == 2


def test_who_is_on_duty_is_proposed_until_the_shift_is_cancelled(people):
    shift = plan(people)
    case = services.report_in_person(
        text="烟", longitude=127.5, latitude=43.5, severity=2, reporter=people["duty"], files=[], now=START
    )

    def why():
        return {item.person: item.why_zh for item in queries.proposals(case=case, at=START)}

    assert why()[people["colleague"]] == "当班"
    services.cancel_shift(shift=shift, actor=people["department"], at=START, reason="病假")
    assert why()[people["colleague"]] != "当班"
    assert DutyShift.objects.filter(pk=shift.pk).exists()


def test_the_page_plans_and_cancels_and_says_why_not(people):
    keeper, reader = Client(), Client()
    keeper.force_login(people["department"])
    reader.force_login(people["verifier"])
    region = Region.objects.get(code="220203").pk
    day = dt.date(2027, 1, 4)
    sent = {
        "user": people["colleague"].pk, "region": region,
        "starts_at": f"{day}T08:00", "ends_at": f"{day}T20:00",
    }  # fmt: skip
    assert reader.post("/cases/roster", sent).status_code == 403
    assert keeper.post("/cases/roster", sent).status_code == 302
    assert "已经有班次" in keeper.post("/cases/roster", sent).content.decode()
    page = reader.get(f"/cases/roster?week={day}").content.decode()
    assert "colleague" in page and "01-04 08:00" in page and "取消班次" not in page
    shift = DutyShift.objects.get()
    assert reader.post(f"/cases/roster/{shift.pk}/cancel", {"reason": "x"}).status_code == 403
    assert keeper.post(f"/cases/roster/{shift.pk}/cancel", {"reason": "换班"}).status_code == 302
    assert "没有排班" in keeper.get(f"/cases/roster?week={day}").content.decode()


def test_an_inspector_of_one_county_does_not_see_the_roster_of_another(people):
    plan(people)
    client = Client()
    client.force_login(people["inspector"])
    page = client.get(f"/cases/roster?week={city.ON}").content.decode()
    assert "colleague" not in page
