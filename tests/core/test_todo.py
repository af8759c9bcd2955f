"""The one to-do list: everything that waits for a person, whatever room it comes from."""

from __future__ import annotations

import datetime as dt
import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import city, messaging
from jiangcheng.core import manifest
from jiangcheng.core.manifest import Hook, Manifest, Names, ToDo
from jiangcheng.core.portal import queries, rules
from jiangcheng.core.portal.rules import Pressure

AT = city.AT
HOUR = dt.timedelta(hours=1)


def waiting(title, kind="case", due=None, since=None, severity=2):
    return ToDo(
        kind=kind, title_zh=title, title_en=f"{title} (en)", url=f"/{kind}/1", number=f"N-{title}", severity=severity,
        due_at=None if due is None else AT + due, since=None if since is None else AT + since,
    )  # fmt: skip


OF_ROOMS = {
    "sample.queries.cases": lambda user, now: [
        waiting("宽裕", due=100 * HOUR, since=-HOUR),
        waiting("超时", due=-HOUR, since=-5 * HOUR),
    ],
    "other.queries.visits": lambda user, now: [
        waiting("无期", kind="visit"),
        waiting("将到", kind="visit", due=2 * HOUR, since=-40 * HOUR),
        *([waiting("只给领导", kind="visit")] if user.username == "leader" else []),
    ],
}


@pytest.fixture
def rooms(monkeypatch):
    """Two rooms that answer what waits."""
    importlib.import_module(
        "jiangcheng.config.urls"
    )  # the wiring is done once, and before the rooms are swapped
    messaging.declare(
        monkeypatch,
        Manifest(code="sample", names=Names("甲", "A"), hooks=(Hook("person.todo", "sample.queries.cases"),)),
        Manifest(code="other", names=Names("乙", "B"), hooks=(Hook("person.todo", "other.queries.visits"),)),
    )
    monkeypatch.setattr(manifest.manifests, "_resolve", OF_ROOMS.__getitem__)


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def test_all_rooms_are_merged_with_the_nearest_end_first(rooms, people):
    found = queries.todo(user=people["duty"], now=AT)
    assert [(item.todo.title_zh, item.pressure) for item in found.items] == [
        ("超时", Pressure.OVERDUE),
        ("将到", Pressure.SOON),
        ("宽裕", Pressure.AMPLE),
        ("无期", Pressure.NONE),
    ]
    assert "只给领导" in [item.todo.title_zh for item in queries.todo(user=people["leader"], now=AT).items]


def test_a_room_that_fails_hides_only_its_own_things_and_is_named(rooms, people, client, monkeypatch):
    def broken(user, now):
        raise RuntimeError("no such table")

    monkeypatch.setitem(OF_ROOMS, "other.queries.visits", broken)
    client.force_login(people["duty"])
    for page in (client.get("/todo/"), client.get("/todo/card/")):
        text = page.content.decode()
        assert page.status_code == 200
        assert "超时" in text and "将到" not in text
        assert "“乙”暂时无法读取" in text


def test_the_page_counts_by_source_and_says_the_state_in_words(rooms, people, client):
    client.force_login(people["duty"])
    page = client.get("/todo/").content.decode()
    assert 'href="?kind=case"' in page and 'href="?kind=visit"' in page
    assert "已超时" in page
    narrowed = client.get("/todo/?kind=visit").content.decode()
    assert "N-将到" in narrowed and "N-超时" not in narrowed
    people["duty"].language = "en"
    people["duty"].save()
    client.cookies["django_language"] = "en"
    english = client.get("/todo/").content.decode()
    assert "Overdue" in english and "无期 (en)" in english and "Site visits" in english


def test_the_card_shows_the_most_pressing_ones_and_how_many_there_are(rooms, people, client):
    client.force_login(people["duty"])
    card = client.get("/todo/card/").content.decode()
    assert '<span class="num">4</span>' in card
    assert card.index("超时") < card.index("将到")


def test_who_has_nothing_to_do_is_told_so(monkeypatch, people, client):
    messaging.declare(monkeypatch)
    client.force_login(people["duty"])
    assert "没有待办" in client.get("/todo/").content.decode()
    assert "现在没有等您办理的事" in client.get("/todo/card/").content.decode()


@given(
    left=st.timedeltas(dt.timedelta(days=-30), dt.timedelta(days=30)),
    lasted=st.timedeltas(dt.timedelta(seconds=1), dt.timedelta(days=60)),
)
def test_pressure_never_falls_as_time_goes_on(left, lasted):
    order = [Pressure.AMPLE, Pressure.SOON, Pressure.OVERDUE]
    due, since = AT + left, AT + left - lasted

    def at(now):
        return order.index(rules.pressure(due_at=due, since=since, now=now))

    assert at(AT) <= at(AT + HOUR)
    assert (at(AT) == 2) == (left <= dt.timedelta(0))


def test_a_limit_without_a_beginning_is_soon_in_its_last_day():
    for hours, expected in ((25, Pressure.AMPLE), (24, Pressure.SOON), (0, Pressure.OVERDUE)):
        assert rules.pressure(due_at=AT + hours * HOUR, since=None, now=AT) is expected
    assert rules.pressure(due_at=None, since=None, now=AT) is Pressure.NONE
