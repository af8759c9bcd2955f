"""What enterprises have to disclose: opened at the term, found missing after it, public once it is published."""

from __future__ import annotations

import datetime as dt

import pytest

from core import city
from jiangcheng.core.cases.models import Case
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.credit import queries, services
from jiangcheng.modules.credit.models import Disclosure

BEFORE = dt.datetime(2026, 3, 1, 1, tzinfo=dt.UTC)
HANDED_IN = dt.datetime(2026, 3, 13, 1, tzinfo=dt.UTC)
AFTER = dt.datetime(2026, 3, 17, 1, tzinfo=dt.UTC)


@pytest.fixture
def people(db):
    city.build()
    for plant in (city.PLANT, city.OTHER_PLANT):
        registry.label_facility(
            facility=Facility.objects.get(code=plant),
            scheme=queries.OBLIGED,
            code="listed",
            on=dt.date(2026, 1, 1),
            at=BEFORE,
        )
    return city.people()


def test_an_annual_report_is_due_on_the_15th_of_march_and_whoever_is_late_is_found(people):
    assert services.open_duties(at=BEFORE) == 2
    assert services.open_duties(at=BEFORE) == 0, "a duty is opened once"
    in_time, late = Disclosure.objects.order_by("facility__code")
    assert in_time.due_at.astimezone(dt.timezone(dt.timedelta(hours=8))).date() == dt.date(2026, 3, 15)
    services.hand_in_report(disclosure=in_time, file=city.photo(), actor=people["enterprise"], at=HANDED_IN)
    records.watch_due(now=AFTER)
    found = Case.objects.get()
    assert late.number in found.findings.get().dedup_key
    assert found.facility.code == city.OTHER_PLANT


def test_a_report_is_public_when_it_is_published_and_not_before(people):
    services.open_duties(at=BEFORE)
    row = Disclosure.objects.get(facility__code=city.PLANT)
    services.hand_in_report(disclosure=row, file=city.photo(), actor=people["enterprise"], at=HANDED_IN)
    assert not queries.disclosed().exists()
    records.act(record=row, action="publish", actor=people["department"], now=AFTER, text="齐全")
    assert [item.number for item in queries.disclosed()] == [row.number]


def test_what_happened_is_disclosed_within_five_working_days(people):
    row = services.open_ad_hoc(
        facility=Facility.objects.get(code=city.PLANT),
        title="收到处罚决定",
        event_date=dt.date(2026, 9, 28),
        actor=None,
        at=BEFORE,
    )
    due = row.due_at.astimezone(dt.timezone(dt.timedelta(hours=8))).date()
    assert due == dt.date(2026, 10, 10), "the National Day holiday does not count"
