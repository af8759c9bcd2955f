"""Complaints are bound by the terms of their channel, known as repeated, and shown by place and never by person."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Escalation
from jiangcheng.modules.participation import rules, services
from jiangcheng.modules.participation.models import Complaint

AT = city.AT
DAY = dt.timedelta(days=1)
numbers = itertools.count()

matters = st.builds(
    rules.Matter,
    key=st.integers(1, 10**6),
    kind=st.sampled_from(("air", "noise")),
    at=st.integers(0, 400).map(lambda days: AT + days * DAY),
    facility=st.sampled_from((None, None, 1, 2)),
    longitude=st.floats(126.2, 126.21) | st.none(),
    latitude=st.floats(43.5, 43.51),
)


@given(matter=matters, others=st.lists(matters, max_size=8, unique_by=lambda item: item.key))
def test_a_complaint_repeats_the_latest_earlier_one_of_its_matter_and_nothing_else(matter, others):
    found = rules.repeated(matter, others, days=90, metres=200)
    assert rules.repeated(matter, others[::-1], days=90, metres=200) == found

    def same(other):
        if not dt.timedelta() <= matter.at - other.at <= 90 * DAY or other.key == matter.key:
            return False
        if (other.at, other.key) > (matter.at, matter.key):
            return False
        if matter.facility and matter.facility == other.facility:
            return True
        if matter.kind != other.kind or None in (matter.longitude, other.longitude):
            return False
        place = (matter.longitude, matter.latitude, other.longitude, other.latitude)
        return workflow.distance(*place) <= 200.0001

    fitting = [other for other in others if same(other)]
    assert found == max(fitting, key=lambda other: (other.at, other.key), default=None)
    wider = rules.repeated(matter, others, days=180, metres=400)
    assert found is None or wider is not None


@given(places=st.lists(st.tuples(st.floats(126.0, 126.1), st.floats(43.4, 43.5), st.booleans()), max_size=30))
def test_a_cell_is_a_kilometre_wide_and_few_complaints_in_it_are_not_shown_to_others(places):
    points = np.array([item[:2] for item in places]).reshape(-1, 2)
    inside = [item[2] for item in places]
    everything = rules.hotspots(points, inside, [True] * len(places), metres=1000, least=3)
    assert sum(cell.count for cell in everything) == len(places)
    assert sum(cell.repeats for cell in everything) == sum(inside)
    for cell in everything:
        lon, lat = cell.centre
        assert workflow.distance(cell.west, lat, cell.east, lat) == pytest.approx(1000, rel=1e-3)
        assert workflow.distance(lon, cell.south, lon, cell.north) == pytest.approx(1000, rel=1e-3)
    strangers = rules.hotspots(points, inside, [False] * len(places), metres=1000, least=3)
    assert strangers == [cell for cell in everything if cell.count >= 3]
    mixed = rules.hotspots(points, inside, inside, metres=1000, least=3)
    assert {cell.west for cell in strangers} <= {cell.west for cell in mixed}


@pytest.mark.parametrize("name", ["terms", "repeats", "hotspots"])
def test_every_table_says_where_it_comes_from(name):
    told = rules.in_force(name, AT.date())
    assert told["source"] and told["verified"] is False
    if name == "terms":
        assert set(told["channels"]) == set(Complaint.Channel.values)
        assert all(0 < row["accept"] < row["answer"] <= row["close"] for row in told["channels"].values())


@pytest.fixture
def bureau(db):
    city.build()
    return city.people()


def complained(**changes):
    told = {"text": "夜里有刺鼻异味", "kind": "air", "at": AT, "longitude": 126.2, "latitude": 43.5}
    return services.complain(address=f"203.0.113.{next(numbers)}", **{**told, **changes})[0]


def as_client(user):
    client = Client()
    client.force_login(user)
    return client


def end_of(days):
    """Return the end of the office hours so many working days after AT."""
    office = workflow.working_calendar()
    last = office.days_after(timezone.localdate(AT), days)
    return dt.datetime.combine(last, office.closes, workflow.BEIJING)


def test_the_clocks_of_a_complaint_follow_its_channel_to_the_end_and_what_is_late_is_an_alarm(bureau):
    told = rules.in_force("terms", AT.date())["channels"]
    quick, slow = complained(channel="hotline"), complained(channel="letter", kind="noise")
    assert quick.case.due_at == end_of(told["hotline"]["accept"])
    assert slow.case.due_at == end_of(told["letter"]["accept"])
    # By half over the hotline's term the ladder tells; the letter's still runs.
    cases.escalate(now=AT + 3 * DAY)
    assert {float(item.share) for item in Escalation.objects.filter(case=quick.case)} >= {0.8, 1.2}
    assert not Escalation.objects.filter(case=slow.case).exists()

    case = quick.case

    def act(action, who, now=AT, **more):
        cases.act(case=case, action=action, actor=bureau[who], now=now, **more)

    act("accept", "duty")
    # An inner step keeps its shorter clock.
    assert case.due_at < end_of(told["hotline"]["answer"])
    act("dispatch", "duty", details={"handler": bureau["inspector"].pk})
    act("sign", "inspector")
    assert case.due_at == end_of(told["hotline"]["answer"])
    act("ask_extend", "inspector", text="等监测报告", details={"hours": 8})
    act("grant_extend", "leader", text="同意")
    longer = case.due_at
    assert longer == workflow.hours_on(end_of(5), 8, workflow.working_calendar(), working=True)
    act("submit", "inspector", text="已责令停止", files=[city.photo()])
    assert case.due_at == longer
    act("reply", "verifier", text="属实，已整改")
    act("call_back_unsatisfied", "duty", text="异味仍在")
    assert case.due_at == workflow.hours_on(
        end_of(told["hotline"]["close"]), 8, workflow.working_calendar(), working=True
    )
    assert cases.verify_steps().ok


def test_late_complaints_are_counted_on_the_desk(bureau):
    # The page asks the clock: what is a year old is late.
    old = complained(at=timezone.now() - 300 * DAY, channel="hotline")
    fresh = complained(at=timezone.now(), kind="noise")
    page = as_client(bureau["duty"]).get(reverse("participation:desk")).content.decode()
    assert "超期 1 件" in page
    only = as_client(bureau["duty"]).get(reverse("participation:desk"), {"only": "overdue"})
    assert old.case.number in only.content.decode() and fresh.case.number not in only.content.decode()
    one = as_client(bureau["duty"]).get(reverse("participation:complaint", args=[old.case.number]))
    text = one.content.decode()
    assert all(word in text for word in ("办理时限", "首次答复时限", "未核实", "12345 热线", "超期"))


def test_the_same_matter_again_is_marked_linked_filtered_and_counted_without_the_person(bureau):
    who = "13812345678"
    first = complained(contact=who)
    again = complained(at=AT + 10 * DAY, latitude=43.501)
    third = complained(at=AT + 95 * DAY, latitude=43.502, contact=who)
    other_kind = complained(at=AT + 11 * DAY, kind="noise", contact=who)
    far = complained(at=AT + 11 * DAY, longitude=126.21, contact=who)
    late = complained(at=AT + 300 * DAY)
    assert again.repeat_of == third.repeat_of == first
    # The same person about something else repeats nothing.
    assert {item.repeat_of for item in (first, other_kind, far, late)} == {None}
    duty = as_client(bureau["duty"])
    page = duty.get(reverse("participation:desk")).content.decode()
    assert f"重复：{first.case.number}" in page and "重复投诉 2 件" in page and "反复投诉的事项" in page
    only = duty.get(reverse("participation:desk"), {"only": "repeat"}).content.decode()
    assert third.case.number in only and far.case.number not in only and who not in only
    one = duty.get(reverse("participation:complaint", args=[first.case.number])).content.decode()
    assert again.case.number in one and third.case.number in one and far.case.number not in one


def test_the_hot_spots_show_single_complaints_to_nobody_outside_the_desk(bureau):
    now = timezone.now()
    for _ in range(3):
        complained(at=now - 5 * DAY)
    complained(at=now - 5 * DAY, longitude=126.3, kind="noise")
    complained(at=now - 200 * DAY)
    address = reverse("participation:hotspots_layer")

    def counts(who, **asked):
        told = as_client(bureau[who]).get(address, asked).json()["features"]
        return sorted(item["properties"]["value"] for item in told)

    assert counts("duty") == [1, 3] and counts("leader") == [3]
    assert counts("leader", kind="noise") == [] and counts("duty", kind="noise") == [1]
    assert counts("leader", days="365") == [4]
    assert counts("duty", at=(now - 150 * DAY).isoformat()) == [1]
    assert as_client(bureau["enterprise"]).get(address).status_code == 403
    page = as_client(bureau["leader"]).get(reverse("participation:hotspots"), {"kind": "air"})
    text = page.content.decode()
    assert "图例" in text and "#fc8d59" in text and "hotspots.json?kind=air" in text
    desk = as_client(bureau["duty"]).get(reverse("participation:desk")).content.decode()
    assert "投诉最多的地点" in desk and "participation.hotspots" in desk
    layers = as_client(bureau["duty"]).get(reverse("participation:hotspots_catalogue")).json()["layers"]
    assert [layer["code"] for layer in layers] == ["areas", "participation.hotspots"]
