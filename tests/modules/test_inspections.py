"""A random inspection from the pool to its publication, on the pages people use."""

from __future__ import annotations

import datetime as dt
import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.emissions import services as emissions
from jiangcheng.modules.enterprises import services as enterprises
from jiangcheng.modules.inspections import queries, rules, services
from jiangcheng.modules.inspections.models import Conflict, Draw, Inspector, Visit

pytestmark = pytest.mark.django_db
AT = city.AT


def someone(name, role):
    user = access.create_user(username=name, password=city.PASSWORD, display_name=name, at=AT)
    access.assign_role(user=user, role=role, on=dt.date(2026, 1, 1), at=AT)
    return user


@pytest.fixture
def bureau():
    city.build()
    return staffed()


def staffed():
    people = city.people()
    people["planner"], people["witness"] = someone("planner", "department"), someone("witness", "department")
    everywhere = Region.objects.get(code="220200")
    for number in range(3):
        user = someone(f"officer{number}", "enforcement_officer")
        people[f"officer{number}"] = user
        Inspector.objects.create(
            user=user, certificate=f"J-{number}", region=everywhere, valid_from_date=dt.date(2026, 1, 1)
        )
    return people


def committed(people, **changes):
    region = Region.objects.get(code="220200")
    return services.commit_draw(
        **{
            "level": "city",
            "region": region,
            "seed": "a secret seed",
            "actor": people["planner"],
            "at": AT,
            **changes,
        }
    )


def drawn(people, **changes):
    return services.draw(
        draw=committed(people, **changes), witness="王见证，江水很静", actor=people["witness"], at=AT
    )


def as_client(user):
    client = Client()
    client.force_login(user)
    return client


def test_before_the_draw_only_the_hashes_are_public(bureau, client):
    draw = committed(bureau)
    told = client.get(reverse("inspections:document", args=[draw.number])).json()
    assert told["commitment"] == rules.commitment("a secret seed")
    assert "a secret seed" not in json.dumps(told) and "objects" not in told and "result" not in told


def test_who_committed_to_the_seed_cannot_draw(bureau):
    draw = committed(bureau)
    with pytest.raises(services.Refused, match="same_person"):
        services.draw(draw=draw, witness="x", actor=bureau["planner"], at=AT)
    assert not Visit.objects.exists()


def test_a_draw_is_done_once_and_opens_a_visit_per_unit(bureau):
    draw = drawn(bureau)
    assert {visit.facility.code for visit in Visit.objects.all()} == {row["code"] for row in draw.result}
    assert all(visit.team.count() == 2 and visit.state == "drawn" for visit in Visit.objects.all())
    with pytest.raises(services.Refused, match="drawn_already"):
        services.draw(draw=draw, witness="again", actor=bureau["witness"], at=AT)


def test_anybody_recomputes_a_published_draw_and_finds_a_changed_one(bureau, client):
    draw = drawn(bureau)
    published = client.get(reverse("inspections:document", args=[draw.number]))
    assert rules.recomputed(published.json()) == ()
    page = client.post(reverse("inspections:verify"), {"file": as_file(published.content)})
    assert "完全一致" in page.content.decode()
    forged = published.json()
    forged["result"][0]["team"] = ["J-9", "J-8"]
    page = client.post(reverse("inspections:verify"), {"file": as_file(json.dumps(forged).encode())})
    assert "核对不通过" in page.content.decode()


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff\xfe", b'{"format": 1}', b"[" * 100_000])
def test_a_file_that_is_no_draw_gets_an_answer(content, client):
    page = client.post(reverse("inspections:verify"), {"file": as_file(content)})
    assert page.status_code == 200 and "核对不通过" in page.content.decode()


def as_file(content):
    from django.core.files.uploadedfile import SimpleUploadedFile

    return SimpleUploadedFile("draw.json", content)


def test_a_second_plan_joins_the_visit_that_is_under_way(bureau):
    drawn(bureau)
    before = Visit.objects.count()
    drawn(bureau, seed="another seed")
    assert Visit.objects.count() == before


def test_a_redraw_needs_a_reason_keeps_the_old_one_and_cancels_its_visits(bureau):
    first = drawn(bureau)
    with pytest.raises(services.Refused, match="reason_required"):
        committed(bureau, replaces=first)
    second = drawn(bureau, replaces=first, reason="对象库录入有误", seed="new")
    assert Draw.objects.count() == 2 and second.replaces == first
    assert not Visit.objects.filter(draw=first).exclude(state="cancelled").exists()


def test_who_has_to_keep_away_is_never_sent(bureau):
    for facility in Facility.objects.all():
        Conflict.objects.create(
            inspector=Inspector.objects.get(certificate="J-0"),
            facility=facility,
            reason="亲属任职",
            valid_from_date=dt.date(2026, 1, 1),
        )
    drawn(bureau)
    assert not Visit.objects.filter(team__certificate="J-0").exists()


def test_a_unit_visited_as_often_as_allowed_is_left_out_and_said_so(bureau):
    facility = Facility.objects.get(code=city.PLANT)
    for _ in range(rules.quotas(city.ON)["yearly_cap"]):
        visit = records.create(
            register="visits", values={"facility": facility}, actor=bureau["planner"], at=AT
        )
        Visit.objects.filter(pk=visit.pk).update(visited_at=AT, state="published")
    draw = drawn(bureau)
    assert city.PLANT not in {row["code"] for row in draw.result}
    assert {row["code"]: row["excluded"] for row in draw.pool["objects"]}[city.PLANT] == "cap"


def test_from_the_pool_to_the_publication(bureau, client):
    planner, witness = as_client(bureau["planner"]), as_client(bureau["witness"])
    answer = planner.post(reverse("inspections:new_draw"), {"region": "220200"})
    number = Draw.objects.get().number
    assert answer.url == reverse("inspections:draw", args=[number])
    assert "请另一位有抽取权限的人员抽取" in planner.get(answer.url).content.decode()
    witness.post(reverse("inspections:perform", args=[number]), {"witness": "李见证"})
    assert "结果一致" in witness.get(answer.url).content.decode()

    visit = Visit.objects.order_by("pk").first()
    planner.post(reverse("records:visits-act", args=[visit.number]), {"action": "dispatch", "seen": 1})
    member, stranger = visit.team.first().user, Inspector.objects.exclude(visits=visit).first().user
    form = {"summary": "治理设施运行正常，台账缺九月。", "result": "rectify"}
    as_client(stranger).post(reverse("inspections:hand_in", args=[visit.number]), form)
    visit.refresh_from_db()
    assert visit.state == "dispatched"
    card = as_client(member).get(reverse("inspections:visit_card", args=[visit.number])).content.decode()
    question = re.search(r'name="answer-([^"]+)"', card)[1]
    as_client(member).post(
        reverse("inspections:hand_in", args=[visit.number]),
        {**form, f"answer-{question}": "no", f"note-{question}": "台账不全", "files": city.photo()},
    )
    visit.refresh_from_db()
    assert (visit.state, visit.publish_by_date) == ("checked", queries_term(visit))
    (answer,) = [item for item in visit.answers if item["code"] == question]
    assert (answer["answer"], answer["note"]) == ("no", "台账不全") and answer["basis"]
    assert Case.objects.get(number=visit.case_number).facility == visit.facility

    planner.post(reverse("records:visits-act", args=[visit.number]), {"action": "publish"})
    visit.refresh_from_db()
    assert visit.state == "published" and visit.published_at is not None
    page = client.get(reverse("inspections:published")).content.decode()
    assert visit.facility.name_zh in page and "责令改正" in page
    assert AuditEntry.objects.filter(action="inspections.draw", object_id=number).exists()


def test_a_unit_on_the_positive_list_is_visited_less_judged_online_as_before_and_restored_by_its_exit(
    town, client
):
    people = staffed()
    plant, manager = Facility.objects.get(code=city.PLANT), people["planner"]
    for facility in Facility.objects.all():
        enterprises.enter_list(facility=facility, list_code="key", reason="重点", actor=manager, now=AT)
    entry = enterprises.enter_list(
        facility=plant, list_code="positive", reason="绩效A级", actor=manager, now=AT
    )
    assert plant.name_zh in client.get(reverse("enterprises:lists"), {"list": "positive"}).content.decode()
    # 5 % of the key units a quarter: one of the other stratum, and of the listed one 0.025 by lot.
    draw = drawn(people)
    assert [row["code"] for row in draw.result] == [city.OTHER_PLANT]
    told = client.get(reverse("inspections:document", args=[draw.number])).json()
    assert {row["code"]: row.get("listed") for row in told["objects"]}[city.PLANT] == "positive"
    assert told["quotas"]["reliefs"]["lists"][0]["multiplier"] == "0.5"
    assert told["quotas"]["reliefs"]["verified"] is False
    assert rules.recomputed(told) == ()
    told["quotas"]["reliefs"]["lists"][0]["multiplier"] = "40"
    assert rules.recomputed(told) == ("result",)
    told["quotas"]["reliefs"] = {}
    assert rules.recomputed(told) == ("format",)
    page = as_client(manager).get(reverse("inspections:draw", args=[draw.number])).content.decode()
    assert "监督执法正面清单" in page and "非现场检查不减" in page
    card = reverse("inspections:facility_card", args=[city.PLANT])
    assert "非现场检查不减" in as_client(manager).get(card).content.decode()

    town.put("P1", "a21026", "zs_avg", [town.hour("2026-11-02")], [80.0])
    emissions.evaluate(now=AT)
    assert Finding.objects.get(kind="emissions.over_limit").case.facility == plant

    enterprises.leave_list(entry=entry, reason="在线超标", actor=manager, now=AT)
    (unit,) = [
        row
        for row in queries.candidates(region=Region.objects.get(code="220200"), on=city.ON)
        if row.code == city.PLANT
    ]
    assert (unit.listed, unit.object_class) == ("", "key")
    after = drawn(people, seed="after the exit", replaces=draw, reason="清单变动")
    assert {row["stratum"] for row in after.result} == {"key/-"}
    assert "非现场检查不减" not in as_client(manager).get(card).content.decode()


def test_an_entry_withdrawn_in_the_register_spares_nobody_any_more(bureau):
    plant, manager = Facility.objects.get(code=city.PLANT), bureau["planner"]
    entry = enterprises.enter_list(
        facility=plant, list_code="positive", reason="绩效A级", actor=manager, now=AT
    )
    assert queries.relief(facility=plant, on=city.ON) is not None
    records.withdraw(record=entry, actor=manager, at=AT, reason="录入有误")
    enterprises.review_lists(now=AT)
    assert queries.relief(facility=plant, on=city.ON) is None


def queries_term(visit):
    from jiangcheng.core.cases.rules import working_calendar

    day = visit.decided_at.astimezone(dt.timezone(dt.timedelta(hours=8))).date()
    return working_calendar().days_after(day, 20)


def test_a_result_not_published_in_time_becomes_a_case_that_ends_with_the_publication(bureau):
    facility = Facility.objects.get(code=city.PLANT)
    visit = records.create(register="visits", values={"facility": facility}, actor=bureau["planner"], at=AT)
    Visit.objects.filter(pk=visit.pk).update(state="checked", publish_by_date=city.ON - dt.timedelta(days=1))
    assert services.watch_publication(now=AT) == 1
    assert services.watch_publication(now=AT) == 1
    case = Case.objects.get(case_type="INSPECT")
    assert case.findings.get().ended_at is None
    Visit.objects.filter(pk=visit.pk).update(state="published", published_at=AT)
    services.watch_publication(now=AT)
    assert case.findings.get().ended_at is not None


def test_what_is_due_is_counted_against_what_was_drawn(bureau):
    region = Region.objects.get(code="220200")
    before = {row.object_class: row for row in queries.fulfilment(region=region, on=city.ON)}
    assert (before["ordinary"].size, before["ordinary"].due, before["ordinary"].drawn) == (2, 2, 0)
    drawn(bureau)
    after = {row.object_class: row for row in queries.fulfilment(region=region, on=city.ON)}
    assert after["ordinary"].drawn == 2


def test_an_enterprise_sees_its_own_visits_only(bureau):
    drawn(bureau)
    page = as_client(bureau["enterprise"]).get(reverse("records:visits")).content.decode()
    own = Visit.objects.get(facility__code=city.PLANT)
    other = Visit.objects.get(facility__code=city.OTHER_PLANT)
    assert own.number in page and other.number not in page
    assert (
        as_client(bureau["enterprise"]).get(reverse("records:visits-row", args=[other.number])).status_code
        == 404
    )
