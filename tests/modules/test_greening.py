"""The green registers: what their rules decide, and how little code a register is."""

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
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.greening import models, module, queries, rules

ON = dt.date(2026, 6, 1)
SOUND = {
    "compliance_percent": 100,
    "transmission_percent": 96,
    "reuse_percent": 95,
    "load_percent": 80,
    "punished": 0,
}
SQUARE = {"type": "Polygon", "coordinates": [[[126, 43], [127, 43], [127, 44], [126, 44], [126, 43]]]}
MOST_LINES = 60
"""Of a register: its model and its declaration together."""


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def add(people, register, **values):
    return records.create(register=register, values=values, actor=people["department"], at=city.AT)


def act(people, row, action, who="department", **more):
    return records.act(record=row, action=action, actor=people[who], now=city.AT, **more)


def test_a_register_is_one_model_and_one_declaration_of_at_most_sixty_lines():
    declared = {register.model.partition(".")[2]: register for register in module.MANIFEST.registers}
    assert len(declared) == 6
    calls = {
        call.args[3].value: call.end_lineno - call.lineno + 1
        for call in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "_register"
    }
    for name in declared:
        lines = len(inspect.getsource(getattr(models, name)).splitlines()) + calls[name]
        assert lines <= MOST_LINES, (name, lines)


def test_what_one_item_has_too_many_of_does_not_make_up_for_another():
    assert rules.completeness([(2, 5), (2, 0)]) == 50
    assert rules.completeness([]) is None


def test_the_grade_follows_the_table_and_a_punishment_lowers_it_to_the_last():
    assert rules.sewage_grade(SOUND, ON).grade == "A"
    assert rules.sewage_grade({**SOUND, "punished": 1}, ON).grade == "D"
    assert rules.sewage_grade({**SOUND, "compliance_percent": 90}, ON).score == 75.0


@given(st.fixed_dictionaries({code: st.floats(0, 100) for code in list(SOUND)[:4]}), st.floats(0, 50))
def test_a_better_value_never_lowers_the_score(values, more):
    worse = rules.sewage_grade({**values, "punished": 0}, ON)
    for code in values:
        better = rules.sewage_grade({**values, code: values[code] + more, "punished": 0}, ON)
        assert better.score >= worse.score


def test_no_rule_is_in_force_before_its_first_version():
    with pytest.raises(LookupError, match="sewage"):
        rules.in_force("sewage", dt.date(2025, 12, 31))


@pytest.mark.parametrize(
    ("industry", "longitude", "verdict", "what"),
    [
        ("2614", 126.5, "barred", ["industry", "FQ-1"]),
        ("2614", 127.5, "conditions", ["industry"]),
        ("3411", 126.5, "free", []),
        ("3411", 127.0, "free", []),
        ("2710", 126.0, "free", []),
        ("2520", 127.0, "barred", ["industry", "FQ-1"]),
    ],
)
def test_a_project_is_screened_by_its_industry_and_its_place(industry, longitude, verdict, what):
    zone = rules.Zone("FQ-1", "river_km", "岸线", SQUARE)
    found = rules.screen(industry=industry, longitude=longitude, latitude=43.5, zones=[zone], on=ON)
    assert (found.verdict, [reason["what"] for reason in found.reasons]) == (verdict, what)
    assert all(reason["clause"] for reason in found.reasons)


def test_a_graded_enterprise_carries_the_grade_into_the_draw_and_an_older_grade_gives_way(people):
    plant = Facility.objects.get(code=city.PLANT)
    old = add(people, "sewage-grades", facility=plant, year=2024, **SOUND)
    act(people, old, "grade")
    new = add(people, "sewage-grades", facility=plant, year=2025, **{**SOUND, "punished": 2})
    act(people, new, "grade")
    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, new.state, new.grade, new.rule_version) == ("replaced", "graded", "D", "2026.1")
    label = registry.labels(facility=plant, on=city.ON)["sewage"]
    assert (label.code, label.rule_version) == ("D", "2026.1")
    from jiangcheng.modules.inspections.rules import object_class

    assert object_class({"sewage": "D"}) == "special" and object_class({"sewage": "A"}) == "ordinary"


def test_what_is_barred_is_admitted_by_nobody_and_what_is_free_only_by_another_person(people):
    project = {"owner": "甲公司", "longitude": 126.5, "latitude": 43.5}
    add(
        people,
        "access-zones",
        name_zh="岸线",
        kind="river_km",
        outline=SQUARE,
        valid_from_date=dt.date(2020, 1, 1),
    )
    barred = add(people, "project-access", name_zh="化工", industry="2614", **project)
    act(people, barred, "screen")
    with pytest.raises(Refused, match="禁止准入"):
        act(people, barred, "admit", "verifier", text="同意")
    free = add(people, "project-access", name_zh="机械", industry="3411", **project)
    act(people, free, "screen")
    with pytest.raises(Refused):
        act(people, free, "admit", text="自己同意自己")
    act(people, free, "admit", "verifier", text="同意")
    free.refresh_from_db()
    assert (free.state, free.verdict) == ("admitted", "free")


def test_a_project_without_a_place_is_not_screened_and_says_why(people):
    row = add(people, "project-access", name_zh="化工", owner="甲公司", industry="2614")
    with pytest.raises(Refused, match="经度和纬度"):
        act(people, row, "screen")


@pytest.mark.parametrize(
    "outline", [{"type": "Point", "coordinates": [126, 43]}, {"type": "Polygon"}, [], "面"]
)
def test_an_outline_that_is_no_area_is_refused_by_its_field(people, outline):
    with pytest.raises(ValidationError) as refused:
        add(people, "access-zones", name_zh="岸线", kind="no_burn", outline=outline, valid_from_date=ON)
    assert "outline" in refused.value.message_dict


def test_an_audit_that_is_late_becomes_a_case(people):
    from jiangcheng.core.cases.models import Finding

    plant = Facility.objects.get(code=city.PLANT)
    row = add(people, "cleaner-production", facility=plant, year=2026, kind="mandatory", due_at=city.AT)
    records.watch_due(now=city.AT + dt.timedelta(days=1))
    assert Finding.objects.filter(kind="greening.audit_overdue", dedup_key__contains=row.number).exists()


def test_the_overview_counts_missing_items_and_shows_rules_that_are_ours(people):
    client = Client()
    client.force_login(people["department"])
    empty = client.get(reverse("greening:overview")).content.decode()
    assert "还没有装备台账" in empty and "未经核实" in empty
    add(people, "equipment", unit="一大队", item="vehicle", held=1)
    team = queries.teams(user=people["department"], on=city.ON)[0]
    assert ("vehicle", 2) in team.missing and team.percent == pytest.approx(100 / 75)
    assert "执法车辆 2" in client.get(reverse("greening:overview")).content.decode()


def test_a_green_title_is_public_with_its_level_until_it_is_lost(people):
    row = add(people, "green-titles", name_zh="甲厂", kind="factory", level="nation", listed_date=city.ON)
    page = Client().get("/public/registers/green-titles").content.decode()
    assert "甲厂" in page
    assert "国家级" in page
    assert act(people, row, "exit", text="复核不合格").to_state == "exited"
    assert "甲厂" not in Client().get("/public/registers/green-titles").content.decode()
