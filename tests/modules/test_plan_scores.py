"""Scores of counties, and the registers of beautiful things."""

from __future__ import annotations

import ast
import datetime as dt
import inspect

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.access import services as access
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.plan import models, module, queries, rules, services

MOST_LINES = 60
"""Of a register: its model and its declaration together."""


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def add(people, register, **values):
    return records.create(register=register, values=values, actor=people["department"], at=city.AT)


def test_a_register_is_at_most_sixty_lines():
    calls = {
        call.args[3].value: call.end_lineno - call.lineno + 1
        for call in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_register"
    }
    assert len(calls) == len(module.MANIFEST.registers) == 13
    for name, lines in calls.items():
        assert lines + len(inspect.getsource(getattr(models, name)).splitlines()) <= MOST_LINES, name


def test_every_edition_of_every_table_says_where_it_is_from():
    for name in ("forecast", "cells", "scoring", "city_items", "rollup", "bindings", "lead_words"):
        editions = rules.table(name)
        assert editions
        for edition in editions:
            assert edition["source"] and edition["verified"] in (True, False)
            dt.date.fromisoformat(edition["valid_from"])


@given(
    st.lists(st.tuples(st.floats(1, 50), st.none() | st.floats(0, 100)), min_size=1, max_size=8),
    st.floats(0, 1),
)
def test_a_score_lies_between_its_lines_and_what_is_missing_does_not_count(lines, least):
    items = [rules.Item(str(place), weight, score, score) for place, (weight, score) in enumerate(lines)]
    found = rules.county_score(items, least_weight=least)
    known = [score for _weight, score in lines if score is not None]
    if found is not None:
        assert min(known) - 0.01 <= found <= max(known) + 0.01
    elif known:
        assert sum(w for w, s in lines if s is not None) < least * sum(w for w, _s in lines)


def test_a_line_between_two_points_is_held_at_both_ends():
    assert [rules.linear(value, zero=20, full=0) for value in (30, 20, 5, 0, -3)] == [0, 0, 75, 100, 100]
    assert rules.linear(None, zero=0, full=1) is None


def test_a_milestone_that_is_late_costs_by_the_month():
    rule = {"points_per_month_late": 10}
    months = [{"month": 3, "done": "2026-03-31"}, {"month": 6, "done": "2026-08-01"}, {"month": 12}]
    assert rules.duty_score(months, 2026, rule) == 60.0
    assert rules.duty_score([], 2026, rule) == 100.0


def test_a_county_is_scored_by_dated_rules_and_may_object(people):
    county, other = Region.objects.filter(level="county").order_by("code")
    for number in range(4):
        add(people, "catering", name_zh=f"店{number}", stoves=10, purifier=number > 0, region=county)
    village = {
        "name_zh": "村",
        "households": 9,
        "people": 30,
        "sewage": "network",
        "facility_state": "normal",
    }
    records.create(
        register="villages", values={**village, "region": county}, actor=people["department"], at=city.AT
    )
    for task, score in (("T001", 90.0), ("T002", 70.0)):
        add(people, "plan-duties", year=2026, task=task, title_zh="甲", unit_code="counties", region=county,
            score=score)  # fmt: skip
    assert rules.in_force("scoring", dt.date(2025, 6, 1))["version"] == "2024-1"
    services.make_cards(year=2026, actor=people["verifier"], at=city.AT)
    cards = {card.county: card for card in queries.cards(year=2026)}
    # 20 of 80 points for the duties, 10 for the kitchens at 37.5, 10 for the village: too little weight.
    assert cards[county.code].score is None
    lines = {line["code"]: line for line in cards[county.code].content["items"]}
    assert (lines["catering"]["value"], lines["catering"]["score"], lines["duties"]["value"]) == (
        75.0,
        37.5,
        80.0,
    )
    assert lines["relapse"]["score"] is None
    client = Client()
    client.force_login(people["department"])
    number = cards[county.code].number
    page = client.get(reverse("plan:score_card", args=[number]))
    assert page.status_code == 200
    row = add(people, "plan-objections", card=number, item="catering", region=county, grounds="一户已停业")
    with pytest.raises(Refused):
        records.act(record=row, action="uphold", actor=people["verifier"], now=city.AT)
    records.act(record=row, action="uphold", actor=people["verifier"], now=city.AT, text="属实")
    assert client.post(reverse("plan:make_cards"), {"year": "2026"}).status_code == 403
    client.force_login(people["verifier"])
    assert client.post(reverse("plan:make_cards"), {"year": "2026"}).status_code == 302
    assert [card.edition for card in queries.editions(queries.card(number=number))] == [2, 1]
    assert "成立" in client.get(reverse("plan:score_card", args=[number])).content.decode()
    for turn, item in enumerate(rules.in_force("city_items", city.ON)["items"]):
        add(
            people,
            "beautiful-cities",
            region=county,
            year=2026,
            item=item["code"],
            value=80 + turn,
            document="评估",
        )
    with pytest.raises(ValidationError):
        add(people, "beautiful-cities", year=2026, item="air", value=80, document="评估")
    beauty = {region.code: score for region, _own, score in queries.beauty(year=2026, on=city.ON)}
    assert beauty[county.code] == 82.1
    assert beauty[other.code] is None
    assert client.get(reverse("plan:scores"), {"year": "2026"}).status_code == 200


def test_a_beautiful_cell_is_applied_for_reviewed_named_and_looked_at_again(people):
    cell = add(people, "beautiful-cells", name_zh="一校", kind="school", level="city", applicant="一校")
    with pytest.raises(Refused):
        records.act(record=cell, action="publish", actor=people["verifier"], now=city.AT, text="跳步")
    for action in ("review", "publish", "recheck"):
        records.act(record=cell, action=action, actor=people["verifier"], now=city.AT, text="通过")
    assert cell.state == "named"
    records.act(record=cell, action="exit", actor=people["verifier"], now=city.AT, text="不再符合")
    assert cell.state == "exited"
    assert len(rules.table("cells")[-1]["kinds"]) == 10


def test_a_county_sees_and_objects_to_its_own_scores_only(people):
    """A county reads its own card, its own part of an evaluation, and answers for no other county."""
    services.make_cards(year=2026, actor=people["verifier"], at=city.AT)
    services.freeze(kind="annual", on=city.ON, actor=people["verifier"], at=city.AT + dt.timedelta(hours=1))
    client = Client()
    for name, role in (("county", "department"), ("chief", "leader")):
        user = access.create_user(username=name, password=city.PASSWORD, display_name=name, at=city.AT)
        access.assign_role(user=user, role=role, region_code="220202", on=dt.date(2026, 1, 1), at=city.AT)
        people[name] = user
    own, other = "PF-2026-220202-1", "PF-2026-220203-1"
    client.force_login(people["county"])
    text = client.get(reverse("plan:scores")).content.decode()
    assert own in text and other not in text
    assert "昌邑区" in text and "龙潭区" not in text
    assert client.get(reverse("plan:score_card", args=[other])).status_code == 404
    assert client.post(reverse("plan:object_to", args=[other]), {"item": "catering"}).status_code == 404
    frozen = models.Evaluation.objects.get()
    page = client.get(reverse("plan:evaluation", args=[frozen.pk]))
    assert [name for name, _row in page.context["counties"]] == ["昌邑区"]
    assert client.get(reverse("plan:export_evaluation", args=[frozen.pk, "csv"])).status_code == 403
    address = reverse("plan:object_to", args=[own])
    client.post(address, {"item": "nothing", "grounds": "无此项"})
    assert not models.Objection.objects.exists()
    client.post(address, {"item": "catering", "grounds": "两户已停业"})
    made = models.Objection.objects.get()
    assert (made.card, made.region.code, made.state) == (own, "220202", "submitted")
    assert made.number in client.get(reverse("plan:score_card", args=[own])).content.decode()
    with pytest.raises(ValidationError):
        add(people, "plan-objections", card=other, item="catering", grounds="x",
            region=Region.objects.get(code="220202"))  # fmt: skip
    client.force_login(people["chief"])
    assert client.post(reverse("plan:make_cards"), {"year": "2026"}).status_code == 403
    assert client.post(reverse("plan:freeze"), {"kind": "annual", "on": "2026-11-01"}).status_code == 403
    client.force_login(people["leader"])
    text = client.get(reverse("plan:scores")).content.decode()
    assert own in text and other in text
    page = client.get(reverse("plan:evaluation", args=[frozen.pk]))
    assert len(page.context["counties"]) > 1
    answer = client.post(reverse("plan:check_evaluation", args=[frozen.pk]), follow=True)
    assert "逐字节一致" in answer.content.decode()
