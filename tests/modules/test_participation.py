"""What anybody can do without an account, and how those who complain are kept safe."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import city
from jiangcheng.core.access.models import AuditEntry, User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.participation import queries, rules, services
from jiangcheng.modules.participation.models import Complaint, Correction, Opening, Release
from jiangcheng.standards import periods

AT = city.AT
WHO = "13812345678"


@pytest.fixture
def bureau(db):
    city.build()
    return city.people()


def complained(**changes):
    return services.complain(
        **{
            "text": "夜里有刺鼻异味\n松江中路一带",
            "kind": "air",
            "address": "203.0.113.9",
            "at": AT,
            "longitude": 126.2,
            "latitude": 43.5,
            "name": "李女士",
            "contact": WHO,
            **changes,
        }
    )


def as_client(user):
    client = Client()
    client.force_login(user)
    return client


def finished(complaint, people):
    case = complaint.case

    def act(action, who, **more):
        cases.act(case=case, action=action, actor=people[who], now=AT, **more)

    act("accept", "duty")
    act("dispatch", "duty", details={"handler": people["inspector"].pk})
    act("sign", "inspector")
    act("submit", "inspector", text="已责令停止", files=[city.photo()])
    act("reply", "verifier", text="属实，已整改")
    complaint.refresh_from_db()
    return complaint


def test_a_neighbour_complains_without_an_account_and_follows_it(bureau, client):
    form = {
        "text": "有人夜间排放黑烟",
        "kind": "air",
        "contact": WHO,
        "photos": city.photo(),
        "county": "220202",
    }
    answer = client.post(reverse("participation:report"), form, follow=True)
    page = answer.content.decode()
    complaint = Complaint.objects.get()
    assert complaint.case.number in page and complaint.photos.count() == 1
    code = page.split('id="code">')[1].split("<")[0]
    # The code is shown once.
    assert code not in client.get(reverse("participation:sent"), follow=True).content.decode()
    told = client.post(
        reverse("participation:follow"), {"number": complaint.case.number, "code": code.lower()}
    )
    assert "已登记" in told.content.decode()
    wrong = client.post(
        reverse("participation:follow"), {"number": complaint.case.number, "code": "AAAAA-AAAAA"}
    )
    assert wrong.status_code == 422 and "已登记" not in wrong.content.decode()


def test_who_complained_is_nowhere_in_the_case_nor_in_the_clear(bureau):
    _, code = complained()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")
            assert not any(
                WHO in str(row) or "李女士" in str(row) or code in str(row) for row in cursor.fetchall()
            )


@pytest.mark.parametrize("who", ["duty", "inspector", "department", "verifier", "enterprise", "leader"])
def test_nobody_meets_the_complainant_by_chance(bureau, who):
    complaint, _ = complained()
    client = as_client(bureau[who])
    for address in (
        reverse("participation:complaint", args=[complaint.case.number]),
        reverse("cases:case", args=[complaint.case.number]),
        reverse("participation:desk"),
    ):
        page = client.get(address).content.decode()
        assert WHO not in page and "李女士" not in page


def test_an_enterprise_does_not_read_what_was_said_about_it(bureau):
    plant = Facility.objects.get(code=city.PLANT)
    about = {"facility": plant, "plate": "x", "longitude": None, "latitude": None}
    case = complained(text="甲厂东墙外的邻居：夜里偷排", **about)[0].case
    for who, status in (("enterprise", 404), ("inspector", 200)):
        client = as_client(bureau[who])
        assert client.get(f"/cases/{case.number}").status_code == status
        for address in ("/cases/?view=list", "/cases/?format=csv", "/api/v1/findings", "/api/v1/cases"):
            answer = client.get(address)
            text = b"".join(answer) if answer.streaming else answer.content
            assert ("夜里偷排" in text.decode() or case.number in text.decode()) <= (status == 200), address


def test_reading_who_complained_needs_right_and_reason_and_is_noted(bureau):
    complaint, _ = complained()
    address = reverse("participation:identity", args=[complaint.case.number])
    assert as_client(bureau["verifier"]).post(address, {"reason": "回访"}).status_code == 403
    duty = as_client(bureau["duty"])
    assert WHO not in duty.post(address, {"reason": ""}, follow=True).content.decode()
    assert not AuditEntry.objects.filter(action="access.read_personal").exists()
    assert WHO in duty.post(address, {"reason": "电话回访"}).content.decode()
    entry = AuditEntry.objects.get(action="access.read_personal")
    assert (entry.actor_name, entry.reason, entry.object_id) == ("duty", "电话回访", complaint.case.number)
    assert WHO not in str(entry.after)


def test_the_file_of_an_enterprise_counts_complaints_by_month_and_shows_it_no_more(
    bureau, django_assert_max_num_queries
):
    plant = Facility.objects.get(code=city.PLANT)
    about = {"facility": plant, "plate": "x", "longitude": None, "latitude": None}
    now = timezone.now()
    month = now.astimezone(periods.BEIJING).replace(day=1, hour=1)
    first, _ = complained(**about, at=month)
    second, _ = complained(**about, at=month - dt.timedelta(days=3))
    complained(**about, at=month - dt.timedelta(days=500))
    complained(**{**about, "facility": Facility.objects.get(code=city.OTHER_PLANT)}, at=month)
    Case.objects.filter(pk=second.case.pk).update(state="closed", closed_at=now)
    address = reverse("participation:facility_card", args=[city.PLANT])
    client = as_client(bureau["department"])
    with django_assert_max_num_queries(14):
        staff = client.get(address).content.decode()
    own = as_client(bureau["enterprise"]).get(address).content.decode()
    for page in (staff, own):
        assert "近 12 个月 2 件，在办 1 件" in page and "已登记 1" in page and "已办结 1" in page
        assert f"{month:%Y-%m}</th>" in page
        assert not any(word in page for word in (WHO, "李女士", "刺鼻", "松江中路"))
    assert first.case.number in staff and second.case.number in staff
    assert reverse("cases:case", args=[first.case.number]) in staff
    assert first.case.number not in own and "企业只见件数" in own
    rival = reverse("participation:facility_card", args=[city.OTHER_PLANT])
    assert as_client(bureau["enterprise"]).get(rival).status_code == 404
    # A case out of a reader's sight is counted and not linked.
    Case.objects.filter(pk=first.case.pk).update(region=Region.objects.get(code="220203"))
    elsewhere = as_client(bureau["inspector"]).get(address).content.decode()
    assert first.case.number not in elsewhere and "2 件" in elsewhere


def test_the_complainant_sees_stages_without_names_and_rates_once_after_the_reply(bureau):
    complaint, code = complained()
    User.objects.filter(pk=bureau["inspector"].pk).update(display_name="网格员老李")
    with pytest.raises(services.Refused, match="rated"):
        services.rate(complaint=complaint, score=5, comment="", at=AT)
    complaint = finished(complaint, bureau)
    services.write_reply(complaint=complaint, text="已整改，感谢监督", actor=bureau["duty"], at=AT)
    page = Client().post(reverse("participation:follow"), {"number": complaint.case.number, "code": code})
    text = page.content.decode()
    assert [
        name for name in ("已登记", "已受理", "已交办", "办理中", "待核查", "已答复") if name not in text
    ] == []
    assert "感谢监督" in text and "老李" not in text and "已责令停止" not in text
    services.rate(complaint=complaint, score=4, comment="及时", at=AT)
    with pytest.raises(services.Refused, match="rated"):
        services.rate(complaint=complaint, score=1, comment="", at=AT)
    assert queries.satisfaction(Complaint.objects.all()) == 1.0


def test_who_is_not_satisfied_at_the_call_back_gets_the_matter_handled_again(bureau):
    complaint, _ = complained()
    case = finished(complaint, bureau).case
    cases.act(case=case, action="call_back_unsatisfied", actor=bureau["duty"], now=AT, text="异味仍在")
    assert (case.state, case.rework_count) == ("handling", 1)
    cases.act(
        case=case, action="submit", actor=bureau["inspector"], now=AT, text="再整改", files=[city.photo()]
    )
    cases.act(case=case, action="reply", actor=bureau["verifier"], now=AT, text="已复查")
    cases.act(case=case, action="call_back_satisfied", actor=bureau["duty"], now=AT, text="满意")
    assert case.closed_at == AT and cases.verify_steps().ok


def test_one_address_cannot_flood_the_desk(bureau):
    for _ in range(rules.limit("reports_per_address_hour")):
        complained()
    with pytest.raises(services.Refused, match="too_often"):
        complained()
    complained(address="203.0.113.10")
    complained(at=AT + dt.timedelta(hours=2))
    assert services.sweep(before=AT + dt.timedelta(hours=1)) > 0


def test_codes_cannot_be_tried_out(bureau):
    complaint, _ = complained()
    tries = {"number": complaint.case.number, "address": "198.51.100.7", "at": AT}
    for _ in range(rules.limit("follow_tries_hour")):
        with pytest.raises(services.Refused, match="unknown"):
            services.found(code="AAAAA-AAAAA", **tries)
    with pytest.raises(services.Refused, match="too_often"):
        services.found(code="AAAAA-AAAAA", **tries)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"text": "  "}, "text_required"), ({"kind": "politics"}, "kind"), ({"longitude": 100.0}, "outside")],
)
def test_what_cannot_be_taken_is_said(bureau, changes, reason):
    with pytest.raises(services.Refused, match=reason):
        complained(**changes)
    assert not Case.objects.exists()


def test_what_fills_in_the_trap_is_not_taken(bureau, client):
    form = {"text": "buy now", "kind": "air", "website": "spam"}
    assert client.post(reverse("participation:report"), form).status_code == 422
    assert not Complaint.objects.exists()


def opening(places=5):
    record = records.create(
        register="openings",
        values={"title_zh": "污水厂开放日", "starts_at": AT + dt.timedelta(days=7), "places": places},
        actor=None,
        at=AT,
    )
    assert isinstance(record, Opening)
    return record


def test_places_are_booked_and_given_back_by_code(bureau):
    day = opening(places=3)
    booking, code = services.book(opening=day, people=2, contact=WHO, address="a", at=AT)
    with pytest.raises(services.Refused, match="full"):
        services.book(opening=day, people=2, contact="", address="b", at=AT)
    with pytest.raises(services.Refused, match="unknown"):
        services.cancel_booking(number=day.number, code="AAAAA-AAAAA", address="c", at=AT)
    services.cancel_booking(number=day.number, code=code, address="a", at=AT)
    assert queries.open_days(now=AT) == [(day, 3)]
    assert WHO not in booking.sealed_contact


def test_a_release_is_public_only_after_another_person_has_looked_at_it(bureau, client):
    record = records.create(
        register="releases", values={"title_zh": "典型案例", "body_zh": "正文"}, actor=bureau["duty"], at=AT
    )
    records.act(record=record, action="submit", actor=bureau["duty"], now=AT)
    address = reverse("participation:release", args=[record.number])
    assert client.get(address).status_code == 404
    with pytest.raises(cases.Refused, match="other_person"):
        records.act(record=record, action="publish", actor=bureau["duty"], now=AT)
    records.act(record=record, action="publish", actor=bureau["department"], now=AT)
    assert Release.objects.get().published_at == AT
    assert "典型案例" in client.get(address).content.decode()


def test_an_error_is_reported_answered_and_the_answer_is_public(bureau, client):
    page = client.post(
        reverse("participation:correct"), {"subject": "XX-1", "text": "数字有误", "contact": WHO}
    )
    record = Correction.objects.get()
    assert record.number in page.content.decode() and WHO not in record.sealed_contact
    public = reverse("participation:register", args=["corrections"])
    assert record.number not in client.get(public).content.decode()
    records.act(record=record, action="uphold", actor=bureau["duty"], now=AT, text="已更正，谢谢")
    page = client.get(public).content.decode()
    assert "已更正，谢谢" in page and "数字有误" not in page


def test_a_register_that_is_not_public_is_not_there(bureau, client):
    assert client.get(reverse("participation:register", args=["openings"])).status_code == 404
    assert client.get(reverse("participation:register", args=["nothing"])).status_code == 404


def test_the_contact_of_a_volunteer_team_is_not_public(bureau, client):
    values = {"name_zh": "松花江志愿队", "kind": "volunteers", "members": 30, "contact": WHO}
    records.create(register="organisations", values=values, actor=bureau["duty"], at=AT)
    page = client.get(reverse("participation:register", args=["organisations"])).content.decode()
    assert "松花江志愿队" in page and WHO not in page


@pytest.mark.parametrize(
    "name", ["home", "report", "follow", "openings", "releases", "correct", "data", "catalogue", "stations"]
)
def test_public_pages_need_nobody_and_speak_english(bureau, client, name):
    answer = client.get(reverse(f"participation:{name}"), headers={"accept-language": "en"})
    assert answer.status_code == 200
    assert client.get(reverse("air:public_card")).status_code == 200
    assert client.get(reverse("water:public_card")).status_code == 200


def test_open_data_tell_a_day_of_a_station_and_nothing_of_outlets(bureau, client):
    answer = client.get(reverse("participation:values", args=["A1", "2026-11-02", "csv"]))
    assert answer.status_code == 200 and answer.content.decode().startswith("station,start,property")
    again = client.get(answer.request["PATH_INFO"], headers={"if-none-match": answer["ETag"]})
    assert again.status_code == 304
    for code, day, form in (("P1", "2026-11-02", "csv"), ("A1", "today", "csv"), ("A1", "2026-11-02", "exe")):
        assert client.get(reverse("participation:values", args=[code, day, form])).status_code == 404


def test_follow_codes_are_long_and_do_not_repeat():
    codes = {rules.follow_code(number.to_bytes(16, "big")) for number in range(10**30, 10**30 + 1000)}
    assert len(codes) == 1000 and all(len(code) == 11 for code in codes)


def test_the_hours_of_volunteers_are_counted_by_people(bureau, client):
    for activity, people, hours in (("净滩", 12, 2.5), ("宣讲", 4, 1.0)):
        values = {"organisation": "松花江志愿队", "activity": activity, "held_date": timezone.localdate()}
        records.create(
            register="volunteer-services", values={**values, "people": people, "hours": hours},
            actor=bureau["department"], at=AT,
        )  # fmt: skip
    assert "2 次活动，16 人次，34 小时" in client.get(reverse("participation:home")).content.decode()
