"""Rectification from feedback to look-back, and notices that come out of the records again."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.inspectorate import queries, rules, services
from jiangcheng.modules.inspectorate.models import Notice, Problem, Transfer

AT = city.AT


@pytest.fixture
def bureau(db):
    city.build()
    return city.people()


def problem(people, **changes):
    values = {
        "round_number": "DC-2026-0001",
        "text": "沿江排口雨污混排",
        "goal": "雨污分流",
        "lead_unit": "昌邑区政府",
        "region": Region.objects.get(code="220202"),
        "due_date": dt.date(2026, 12, 31),
        **changes,
    }
    record = records.create(register="problems", values=values, actor=people["department"], at=AT)
    assert isinstance(record, Problem)
    return record


def measure(people, item, text="封堵混接"):
    values = {"problem_number": item.number, "text": text, "region": item.region}
    return records.create(register="measures", values=values, actor=people["department"], at=AT)


def act(record, action, who, now=AT, **more):
    records.act(record=record, action=action, actor=who, now=now, **{"text": "如下", **more})


def test_from_feedback_to_look_back_with_every_gate(bureau):
    worker, accepter, leader = bureau["department"], bureau["verifier"], bureau["leader"]
    item = problem(bureau)
    act(item, "start", worker)
    item.refresh_from_db()
    assert timezone.localdate(item.due_at) == item.due_date
    with pytest.raises(Refused, match="还没有整改措施"):
        act(item, "self_check", worker, files=[city.photo()])
    step = measure(bureau, item)
    with pytest.raises(Refused, match="has_photo"):
        act(step, "finish", worker)
    act(step, "finish", worker, files=[city.photo()])
    with pytest.raises(Refused, match="未核实"):
        act(item, "self_check", worker, files=[city.photo()])
    with pytest.raises(Refused, match="permission"):
        act(step, "verify", worker)
    act(step, "verify", accepter)
    assert queries.standing(problem=item, on=city.ON).progress == 1.0
    act(item, "self_check", worker, files=[city.photo()])
    with pytest.raises(Refused, match="permission"):
        act(item, "accept", worker, files=[city.photo()])
    act(item, "accept", accepter, files=[city.photo()])
    act(item, "publicise", worker)
    item.refresh_from_db()
    # Seven working days after Monday 2 November.
    assert item.publicity_ends_date == dt.date(2026, 11, 11)
    with pytest.raises(Refused, match="公示期未满"):
        act(item, "sign", leader, now=AT + dt.timedelta(days=9))
    later = AT + dt.timedelta(days=10)
    act(item, "sign", leader, now=later)
    act(item, "close_out", accepter, now=later)
    item.refresh_from_db()
    assert item.closed_out_at == later and item.due_at - later == dt.timedelta(days=180)
    act(item, "rebound", accepter, now=later, files=[city.photo()])
    item.refresh_from_db()
    assert (item.state, item.rebounds, item.closed_out_at) == ("rectifying", 1, None)
    assert records.verify_steps().ok


def test_more_time_is_asked_for_by_one_and_granted_by_another(bureau, client):
    worker, leader = bureau["department"], bureau["leader"]
    item = problem(bureau)
    act(item, "start", worker)
    with pytest.raises(Refused, match="due_required"):
        act(item, "ask_extension", worker, text="汛期无法施工")
    with pytest.raises(Refused, match="晚于"):
        act(item, "ask_extension", worker, text="汛期", details={"due": item.due_date.isoformat()})
    with pytest.raises(Refused, match="没有待批准"):
        act(item, "grant_extension", leader, text="同意")
    later = item.due_date + dt.timedelta(days=30)
    act(item, "ask_extension", worker, text="汛期无法施工", details={"due": later.isoformat()})
    client.force_login(leader)
    assert f"申请延期至 {later}" in client.get(f"/inspectorate/problems/{item.number}/card").content.decode()
    with pytest.raises(Refused, match="permission"):
        act(item, "grant_extension", worker, text="自己同意")
    act(item, "grant_extension", leader, text="同意")
    item.refresh_from_db()
    assert (item.due_date, item.extensions, item.asked_due_date) == (later, 1, None)
    assert timezone.localdate(item.due_at) == later


def test_the_bars_of_the_plan_stay_on_the_chart():
    first, last = dt.date(2026, 1, 1), dt.date(2026, 4, 11)
    day = dt.timedelta(days=1)
    spans = [(first, last), (first - 50 * day, first + 50 * day), (last, last + 9 * day), (first, first)]
    found = rules.bars(spans, first, last)
    assert [(bar.start, bar.width) for bar in found] == [(0, 100), (0, 50), (99, 1), (0, 1)]
    assert rules.bars([(first, first)], first, first)[0].width == 1


def test_progress_is_computed_and_what_lags_shows(bureau):
    item = problem(bureau, due_date=dt.date(2026, 11, 22))
    for number in range(4):
        measure(bureau, item, text=f"措施{number}")
    early, behind, late = (queries.standing(problem=item, on=dt.date(2026, 11, day)) for day in (3, 20, 23))
    assert (early.behind, behind.behind, late.late) == (False, True, True)
    board = dict(queries.board(queries.standings(user=bureau["leader"], on=dt.date(2026, 11, 23))))
    assert board["220202"]["open"] == board["220202"]["late"] == 1


def transfer(number, people, **changes):
    values = {
        "batch": 1,
        "received_date": city.ON,
        "types": "大气、噪声",
        "text": "夜间异味",
        "region": Region.objects.get(code="220202"),
        **changes,
    }
    record = records.create(
        register="transfers", number=number, values=values, actor=people["department"], at=AT
    )
    assert isinstance(record, Transfer)
    return record


def test_a_corrected_record_gives_a_new_edition_and_the_old_one_stays(bureau):
    first = transfer("D1", bureau, verdict="true", fine=20_000.0, key_case=True)
    transfer("D2", bureau, types="水", region=Region.objects.get(code="220203"))
    notice = services.compute_notice(day=city.ON, at=AT)
    assert notice.table["today"]["received"] == 2 and notice.table["today"]["fine"] == 20_000.0
    assert services.compute_notice(day=city.ON, at=AT + dt.timedelta(hours=1)) == notice
    records.change(
        record=first, values={"fine": 30_000.0}, actor=bureau["department"], at=AT, reason="金额更正"
    )
    second = services.compute_notice(day=city.ON, at=AT + dt.timedelta(hours=2))
    assert second.edition == 2 and Notice.objects.get(edition=1).table["today"]["fine"] == 20_000.0
    changed = {path for path, _, _ in rules.differences(notice.table, second.table)}
    assert changed == {
        "/today/fine",
        "/cumulative/fine",
        "/counties/昌邑区/fine",
        "/types/大气/fine",
        "/types/噪声/fine",
    }


def test_the_pages_show_board_and_notice_and_hide_the_complainant(bureau, client):
    problem(bureau)
    transfer("D1", bureau, contact="13812345678")
    client.force_login(bureau["department"])
    client.post(reverse("inspectorate:compute"), {"day": city.ON.isoformat()})
    page = client.get(reverse("inspectorate:notice"), {"day": city.ON.isoformat()}).content.decode()
    assert "昌邑区" in page and "大气" in page
    assert "沿江排口" in client.get(reverse("inspectorate:board")).content.decode()
    for address in (reverse("records:transfers"), reverse("records:transfers-row", args=["D1"])):
        assert "13812345678" not in client.get(address).content.decode()
    assert "13812345678" not in client.get(reverse("records:transfers-export")).content.decode("utf-8-sig")
    inspector = Client()
    inspector.force_login(bureau["inspector"])
    assert inspector.get(reverse("inspectorate:board")).status_code == 403


def test_only_what_is_publicised_is_public(bureau, client):
    item = problem(bureau)
    address = reverse("inspectorate:published")
    assert item.number not in client.get(address).content.decode()
    Problem.objects.update(state="publicised")
    assert item.number in client.get(address).content.decode()


COMPLAINTS = st.lists(
    st.builds(
        rules.Complaint,
        number=st.uuids().map(str),
        batch=st.integers(1, 5),
        day=st.dates(dt.date(2026, 11, 1), dt.date(2026, 11, 5)),
        county=st.sampled_from(["昌邑区", "龙潭区", "船营区"]),
        types=st.lists(st.sampled_from(["大气", "水", "噪声"]), min_size=1, max_size=3, unique=True).map(
            tuple
        ),
        key=st.booleans(),
        duplicate=st.booleans(),
        verdict=st.sampled_from(["true", "partly", "false", ""]),
        state=st.sampled_from(["received", "phased", "closed"]),
        fine=st.integers(0, 10**6).map(float),
        talks=st.integers(0, 5),
    ),
    max_size=30,
)


@given(COMPLAINTS)
def test_the_columns_of_a_notice_add_up(complaints):
    told = rules.notice(complaints, dt.date(2026, 11, 5))
    whole = told["cumulative"]
    assert whole["received"] == whole["closed"] + whole["phased"] + whole["open"] == len(complaints)
    for column in ("received", "key", "closed", "true", "talks"):
        assert whole[column] == sum(line[column] for line in told["counties"])
        assert whole[column] <= sum(line[column] for line in told["types"])


@given(COMPLAINTS)
def test_the_days_add_up_to_the_total_and_order_does_not_matter(complaints):
    days = [dt.date(2026, 11, day) for day in range(1, 6)]
    told = [rules.notice(complaints, day) for day in days]
    assert sum(item["today"]["received"] for item in told) == told[-1]["cumulative"]["received"]
    assert rules.digest(rules.notice(complaints[::-1], days[-1])) == rules.digest(told[-1])


def test_an_edition_of_a_notice_cannot_be_changed_behind_the_application(bureau):
    notice = services.compute_notice(day=city.ON, at=AT)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE inspectorate_notice SET sha256 = '0' WHERE id = %s", [notice.pk])
