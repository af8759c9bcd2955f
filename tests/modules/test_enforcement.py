"""From an over-limit night to the decision on its punishment, with every gate shut until it may open."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal

import docx
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.portal.models import Message
from jiangcheng.core.records import queries as record_queries
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.credit import services as credit
from jiangcheng.modules.enforcement import queries, rules, services
from jiangcheng.modules.enforcement.models import Punishment

AT = city.AT
LEVELS = {"excess": "middle", "duration": "low", "place": "low", "history": "low"}


def someone(name, role):
    user = access.create_user(username=name, password=city.PASSWORD, display_name=name, at=AT)
    access.assign_role(user=user, role=role, on=dt.date(2026, 1, 1), at=AT)
    return user


@pytest.fixture
def bureau(db):
    city.build()
    people = city.people()
    people |= {
        "officer": someone("officer", "enforcement_officer"),
        "second": someone("second", "enforcement_officer"),
        "reviewer": someone("reviewer", "legal_reviewer"),
    }
    return people


def over_limit():
    facility = Facility.objects.get(code=city.PLANT)
    cases.report(
        finding=cases.FindingReport(
            kind="emissions.over_limit",
            dedup_key="over:P1",
            rule_version="emissions.over_limit v1",
            title_zh="甲厂排口二氧化硫超限",
            title_en="SO2 over limit",
            severity=3,
            station_id=city.station("P1").pk,
            facility_id=facility.pk,
            first_at=AT,
            last_at=AT,
            evidence={"start": AT.isoformat(), "value": 88.0, "limit": 50.0, "clause": "GB 13223"},
        ),
        now=AT,
    )
    return Case.objects.get()


def converted(people):
    case = over_limit()
    cases.act(case=case, action="accept", actor=people["duty"], now=AT)
    cases.act(
        case=case,
        action="convert",
        actor=people["duty"],
        now=AT,
        text="夜间超标",
        details={"target": "punishment"},
    )
    return case, Punishment.objects.get()


def step(punishment, action, who, **more):
    records.act(record=punishment, action=action, actor=who, now=AT, **{"text": "依法办理", **more})
    return punishment


def test_a_converted_case_carries_its_facts_over_and_ends(bureau):
    case, punishment = converted(bureau)
    assert (case.state, case.converted_to) == ("converted", punishment.number)
    assert punishment.facility.code == city.PLANT and punishment.cause == "air_over_limit"
    assert "88.0" in punishment.facts and "限值" in punishment.facts and "夜间超标" in punishment.facts
    assert "start=" not in punishment.facts


def test_every_gate_stays_shut_until_it_may_open(bureau):
    _, punishment = converted(bureau)
    officer, second, reviewer, leader = (bureau[name] for name in ("officer", "second", "reviewer", "leader"))
    step(punishment, "file", leader)
    with pytest.raises(Refused, match="办案人员不足两人"):
        step(punishment, "report", officer, files=[city.photo()])
    with pytest.raises(Refused, match="不得少于两人"):
        services.assign(punishment=punishment, officers=[officer], actor=officer, at=AT)
    services.assign(punishment=punishment, officers=[officer, second], actor=officer, at=AT)
    with pytest.raises(Refused, match="没有现场照片"):
        step(punishment, "report", officer)
    step(punishment, "record", officer, files=[city.photo()])
    step(punishment, "report", officer)
    with pytest.raises(Refused, match="裁量"):
        step(punishment, "notice", officer)
    proposal = services.weigh(punishment=punishment, levels=LEVELS, mended=False, actor=officer, at=AT)
    assert proposal.fine == 280_000
    step(punishment, "notice", officer)
    assert Message.objects.filter(kind="enforcement.told", user=bureau["enterprise"]).exists()
    step(punishment, "state", bureau["enterprise"], text="已主动停产检修")
    step(punishment, "to_legal_review", officer)
    with pytest.raises(Refused, match="permission"):
        step(punishment, "pass_review", officer)
    step(punishment, "pass_review", reviewer)
    with pytest.raises(Refused, match="permission"):
        step(punishment, "decide", officer)
    step(punishment, "decide", leader)
    punishment.refresh_from_db()
    assert punishment.decision_number == "吉市环罚〔2026〕1号"
    assert punishment.publish_by_date == dt.date(2026, 11, 11)
    step(punishment, "serve", officer)
    step(punishment, "execute", officer)
    with pytest.raises(Refused, match="决定未公示"):
        step(punishment, "close", officer)
    step(punishment, "publish_executed", officer)
    step(punishment, "close", officer)
    punishment.refresh_from_db()
    assert punishment.state == "closed" and records.verify_steps().ok and access.verify_audit().ok
    # What was refused left no step behind.
    assert [item.action for item in record_queries.steps(register="punishments", number=punishment.number)] == [
        "create", "file", "record", "report", "notice", "state", "to_legal_review", "pass_review", "decide", "serve",
        "execute", "publish_executed", "close",
    ]  # fmt: skip


def decided(people):
    _, punishment = converted(people)
    officer = people["officer"]
    step(punishment, "file", people["leader"])
    services.assign(punishment=punishment, officers=[officer, people["second"]], actor=officer, at=AT)
    step(punishment, "report", officer, files=[city.photo()])
    services.weigh(punishment=punishment, levels=LEVELS, mended=True, actor=officer, at=AT)
    step(punishment, "notice", officer)
    step(punishment, "to_legal_review", officer)
    step(punishment, "pass_review", people["reviewer"])
    step(punishment, "decide", people["leader"])
    punishment.refresh_from_db()
    return punishment


def test_a_decision_costs_credit(bureau):
    punishment = decided(bureau)
    assessment = credit.assess(facility=punishment.facility, at=AT)
    assert (assessment.score, assessment.grade) == (Decimal(7), "blue")
    assert assessment.reasons[0]["reference"] == punishment.number
    label = registry.labels(facility=punishment.facility, on=city.ON)["credit"]
    assert (label.code, label.reasons[0]["points"]) == ("blue", "-5")


def test_only_a_published_decision_is_public_and_holds_no_facts(bureau, client):
    punishment = decided(bureau)
    address = reverse("enforcement:published")
    assert punishment.decision_number not in client.get(address).content.decode()
    step(punishment, "publish_decided", bureau["officer"])
    page = client.get(address).content.decode()
    assert punishment.decision_number in page and "夜间超标" not in page and "officer" not in page


@pytest.mark.parametrize("kind", list(services.KINDS))
def test_a_document_says_what_the_record_holds_in_both_forms(bureau, kind):
    punishment = decided(bureau)
    paper = services.write_document(punishment=punishment, kind=kind, actor=bureau["officer"], at=AT)
    told = "\n".join(item.text for item in docx.Document(io.BytesIO(paper.docx.read())).paragraphs)
    assert city.PLANT in told and "甲厂" in told and services.KINDS[kind][0] in told
    assert paper.pdf.read(5) == b"%PDF-"
    if kind == "decision":
        assert "196,000.00 元" in told and "吉市环罚〔2026〕1号" in told and "六十日内申请行政复议" in told
    again = services.write_document(punishment=punishment, kind=kind, actor=bureau["officer"], at=AT)
    assert (paper.version, again.version) == (1, 2)


def test_the_page_of_a_case_shows_gates_and_documents_to_those_who_may_see_it(bureau):
    punishment = decided(bureau)
    services.write_document(punishment=punishment, kind="decision", actor=bureau["officer"], at=AT)
    for who, status in (("officer", 200), ("enterprise", 200), ("inspector", 403), ("audit", 403)):
        user = bureau.get(who) or bureau["auditor"]
        client = Client()
        client.force_login(user)
        for name in ("enforcement:gates", "enforcement:papers"):
            assert client.get(reverse(name, args=[punishment.number])).status_code == status, (who, name)
    client = Client()
    client.force_login(bureau["enterprise"])
    Punishment.objects.update(facility=Facility.objects.get(code=city.OTHER_PLANT))
    assert client.get(reverse("enforcement:papers", args=[punishment.number])).status_code == 404


CHOICES = {
    item["code"]: st.sampled_from([level["code"] for level in item["levels"]])
    for item in rules.table("discretion")["factors"]
}


@given(st.fixed_dictionaries(CHOICES))
def test_a_fine_lies_within_its_range_and_grows_with_every_factor(levels):
    for cause in rules.causes(dt.date(2026, 11, 2)).values():
        proposal = rules.proposed_fine(cause, levels, mended=False)
        assert proposal.lowest <= proposal.fine <= proposal.highest
        for factor in rules.table("discretion")["factors"]:
            worst = rules.proposed_fine(
                cause, {**levels, factor["code"]: factor["levels"][-1]["code"]}, mended=False
            )
            assert worst.fine >= proposal.fine


def test_daily_penalties_count_from_the_day_after_the_order_to_the_day_of_the_check():
    day = dt.date(2026, 11, 2)
    assert rules.daily_penalty(Decimal(100_000), day, dt.date(2026, 11, 12)) == 1_000_000
    assert rules.daily_penalty(Decimal(100_000), day, day) == 0


def test_paying_late_never_costs_more_than_the_fine_again():
    due = dt.date(2026, 11, 2)
    assert rules.late_charge(Decimal(1000), due, dt.date(2026, 11, 12)) == 300
    assert rules.late_charge(Decimal(1000), due, dt.date(2027, 11, 2)) == 1000
    assert rules.late_charge(Decimal(1000), due, dt.date(2026, 11, 1)) == 0


def test_names_follow_the_language_of_the_reader(bureau, client):
    punishment = decided(bureau)
    step(punishment, "publish_decided", bureau["officer"])
    Facility.objects.filter(code=city.PLANT).update(name_en="First Works")
    english = {"accept-language": "en"}
    page = client.get(reverse("enforcement:published"), headers=english).content.decode()
    assert "First Works" in page and "甲厂" not in page


def test_a_decision_not_published_in_time_becomes_a_case_and_is_taken_down_after_its_years(bureau, client):
    _case, item = converted(bureau)
    day = AT.date()
    Punishment.objects.filter(pk=item.pk).update(publish_by_date=day, decision_number="吉市环罚〔2026〕1号")
    assert services.watch_publication(now=AT) == 0
    assert services.watch_publication(now=AT + dt.timedelta(days=1)) == 1
    finding = Finding.objects.get(kind="enforcement.not_published")
    assert finding.case is not None and "吉市环罚" in finding.title_zh
    Punishment.objects.filter(pk=item.pk).update(published_at=AT)
    assert services.watch_publication(now=AT + dt.timedelta(days=2)) == 0
    finding.refresh_from_db()
    assert finding.ended_at is not None
    shown = queries.published(now=AT + dt.timedelta(days=3 * 365 - 1))
    assert shown.exists() and not queries.published(now=AT + dt.timedelta(days=3 * 365)).exists()


def test_damage_is_assessed_agreed_and_restored_and_another_person_accepts(bureau):
    _case, punishment = converted(bureau)
    row = records.create(
        register="compensations",
        values={
            "facility": punishment.facility,
            "punishment_number": punishment.number,
            "damage": "土壤受损 20 m²",
        },
        actor=bureau["officer"],
        at=AT,
    )
    step(row, "start", bureau["leader"])
    records.change(
        record=row, values={"assessed": Decimal("120000")}, actor=bureau["officer"], at=AT, reason="鉴定"
    )
    step(row, "assess", bureau["officer"])
    records.change(
        record=row, values={"agreed": Decimal("110000")}, actor=bureau["officer"], at=AT, reason="磋商"
    )
    for action in ("agree", "restore"):
        step(row, action, bureau["officer"])
    with pytest.raises(Refused):
        step(row, "accept", bureau["officer"])
    step(row, "accept", bureau["reviewer"], files=[city.photo()])
    row.refresh_from_db()
    assert (row.state, row.agreed, row.punishment_number) == (
        "accepted",
        Decimal("110000"),
        punishment.number,
    )
