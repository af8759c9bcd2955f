"""People within the zones: shares of settlements, nobody twice, and what is said about the accuracy."""

from __future__ import annotations

import math

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.safety import queries, services
from jiangcheng.modules.safety.rules import people

SQUARE = [[-1000.0, -1000.0], [1000.0, -1000.0], [1000.0, 1000.0], [-1000.0, 1000.0], [-1000.0, -1000.0]]


def settlement(code, number, east=0.0, north=0.0, radius=100.0, within=""):
    return people.Settlement(code, number, east, north, radius, within)


def test_settlements_count_by_the_share_inside():
    half = settlement("a", 400, east=1000.0)
    found = people.count(SQUARE, [half, settlement("b", 100), settlement("c", 999, east=5000.0)])
    assert (found.least, found.likely, found.most, found.settlements) == (100, 300, 500, 2)
    corner = people.count(SQUARE, [settlement("a", 400, east=1000.0, north=1000.0)])
    assert corner.likely == pytest.approx(100, abs=2)
    assert people.count([], [half]) == people.count(SQUARE, []) == people.Count(0, 0, 0, 0)


def test_a_township_does_not_count_its_villages_again():
    town = [
        settlement("t", 1000, radius=500),
        settlement("v1", 300, within="t"),
        settlement("v2", 200, within="t"),
    ]
    own = people.own_people(town)
    assert [one.people for one in own] == [500, 300, 200] and people.count(SQUARE, own).likely == 1000
    more = people.own_people([settlement("t", 100), settlement("v", 300, within="t")])
    assert [one.people for one in more] == [0, 300]
    assert people.own_people([settlement("v", 300, within="gone")])[0].people == 300


@given(
    st.lists(st.tuples(st.integers(0, 9000), st.floats(-3000, 3000), st.floats(-3000, 3000), st.floats(10, 2000)),
             max_size=12)
)  # fmt: skip
def test_the_estimate_lies_between_its_bounds(rows):
    found = people.count(SQUARE, [settlement(str(i), *row) for i, row in enumerate(rows)])
    assert 0 <= found.least <= found.likely + 1 and found.likely <= found.most + 1
    assert found.most <= sum(row[0] for row in rows)


def test_places_in_a_settlement_are_its_people():
    known = people.covered([(50.0, 0.0), (500.0, 0.0)], [settlement("a", 9)])
    assert known.tolist() == [True, False] and people.covered([], []).tolist() == []


@pytest.mark.django_db
def test_an_event_says_how_many_live_in_its_zones_and_how_sure_that_is(town):
    services.load()
    who = city.people()
    place = {"longitude": 126.7, "latitude": 43.5}
    degree = 111_195 * math.cos(math.radians(43.5))

    def row(register, east, **values):
        where = {"longitude": place["longitude"] + east / degree, "latitude": place["latitude"]}
        return records.create(register=register, values={**where, **values}, actor=who["duty"], at=city.AT)

    event = services.report(
        values={"name_zh": "液氯泄漏", "kind": "gas", "received_at": city.AT, "substance": "chlorine",
                "region": Region.objects.get(code="220202"), **place},
        actor=who["duty"], now=city.AT,
    )  # fmt: skip
    question = {"substance": "chlorine", "term": {"kind": "rate", "rate": 1.0}, "minutes": 30, "height": 0,
                "wind": 1.5, "direction": 270, "stability": "F", "temperature": 25}  # fmt: skip
    run = services.run_plume(event=event, question=question, actor=who["duty"], now=city.AT)
    reader = Client(HTTP_ACCEPT_LANGUAGE="zh-hans")
    reader.force_login(who["duty"])
    page = reverse("safety:event", args=[event.number])
    assert "还没有登记人口点" in reader.get(page).content.decode()
    row("receptors", 300, name_zh="近村", kind="village", people=80)
    row("receptors", 300, name_zh="近校", kind="school", people=600)
    before = {item.endpoint: item for item in queries.residents(run=run)}
    assert before[1].count.likely == 80 and before[1].unplaced == 80
    common = {"kind": "village", "counted_date": city.ON, "region": Region.objects.get(code="220202")}
    village = row("population-points", 300, code="V1", name_zh="近村", people=90, radius=20, **common)
    row(
        "population-points",
        320,
        code="T1",
        name_zh="近镇",
        people=190,
        radius=20,
        **{**common, "kind": "township"},
    )
    row("population-points", -9000, code="V2", name_zh="背风村", people=70, radius=200, **common)
    found = {item.endpoint: item for item in queries.residents(run=run)}
    # The village of the register of receptors is the population point: its 80 are among the 90.
    assert found[1].unplaced == 0 and found[1].count.likely == 90 + 190
    records.change(record=village, values={"within": "T1"}, actor=who["duty"], at=city.AT, reason="隶属")
    assert {item.endpoint: item.count.likely for item in queries.residents(run=run)}[1] == 190
    assert found[2].count.likely >= found[1].count.likely and found[3].count.likely >= found[2].count.likely
    text = reader.get(page).content.decode()
    assert "由 3 个人口点估计" in text and "不与常住人口相加" in text
    assert "由 3 个人口点估计" in services.offline_pack(event=event, now=city.AT)
    with pytest.raises(ValidationError):
        row(
            "population-points", 0, code="X", name_zh="自身", people=1, radius=20, **{**common, "within": "X"}
        )
