"""From tasks to a year's programme, its months and its score; the matrix; the ledger of projects."""

from __future__ import annotations

import csv
import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import city
from jiangcheng.core.cases.models import Case
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.modules.plan import queries, rules, services
from jiangcheng.modules.plan.models import Duty, Programme, Project

JANUARY = dt.datetime(2026, 1, 5, 1, tzinfo=dt.UTC)
CHAPTERS = ("guarantee",)


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def act(people, row, action, who, at, **more):
    return records.act(record=row, action=action, actor=people[who], now=at, **more)


def at(month, day=10, year=2026):
    return dt.datetime(year, month, day, 1, tzinfo=dt.UTC)


def test_the_tables_hold_every_task_and_project_of_the_plans(shared_plan):
    for name, rows in (("tasks", rules.tasks()), ("projects", rules.project_rows())):
        with (shared_plan / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
            facts = {row["id"]: row["quote"] for row in csv.DictReader(file)}
        assert {getattr(row, "id", None) or row["code"]: _quote(row) for row in rows} == facts
    assert (len(rules.tasks()), len(rules.project_rows())) == (360, 152)


def _quote(row):
    return row["quote"] if isinstance(row, dict) else row.quote


def test_every_task_names_units_that_exist_and_says_who_says_so():
    units = set(rules.words("departments"))
    for task in rules.tasks():
        assert {task.department, *task.partners.split()} <= units, task.id
        assert task.department_basis in ("plan", "proposal")
        assert task.chapter in rules.words("chapters")
        assert not task.parent or rules.task(task.parent), task.id


def test_a_year_is_made_from_the_tasks_worked_through_scored_and_copied(people):
    made = services.generate(year=2026, actor=people["department"], at=JANUARY, chapters=CHAPTERS)
    wanted = [task for task in rules.tasks() if task.document == "city" and task.chapter in CHAPTERS]
    assert (made.added, made.copied) == (len(wanted), 0)
    assert services.generate(year=2026, actor=people["department"], at=JANUARY, chapters=CHAPTERS).added == 0
    programme = Programme.objects.get(year=2026)
    with pytest.raises(Refused):
        act(people, programme, "publish", "department", JANUARY)
    act(people, programme, "publish", "verifier", JANUARY)
    duty = Duty.objects.filter(year=2026).order_by("pk").first()
    assert duty.due_at == dt.datetime(2026, 3, 31, 15, 59, 59, tzinfo=dt.UTC)
    services.set_milestones(
        duty=duty, texts={2: "方案印发", 11: "总结"}, actor=people["department"], at=JANUARY
    )
    assert [item["month"] for item in duty.milestones] == [2, 11]
    act(people, duty, "report", "department", at(2), text="已印发")
    with pytest.raises(Refused):
        act(people, duty, "confirm", "department", at(2))
    act(people, duty, "confirm", "verifier", at(2))
    duty.refresh_from_db()
    assert duty.milestones[0]["done"] == "2026-02-10"
    assert duty.due_at.month == 11
    with pytest.raises(Refused):
        act(people, duty, "finish", "verifier", at(3))
    act(people, duty, "report", "department", at(12), text="已总结")
    act(people, duty, "confirm", "verifier", at(12))
    act(people, duty, "finish", "verifier", at(12, 11))
    duty.refresh_from_db()
    rule = rules.in_force("scoring", dt.date(2026, 12, 11))
    # One month of two was confirmed a month late.
    assert (duty.score, duty.state) == (100 - rule["points_per_month_late"] / 2, "done")
    other = Duty.objects.filter(year=2026, state="assigned").order_by("pk").first()
    records.change(
        record=other, values={"title_zh": "改写的任务", "weight": 3.0}, actor=people["department"], at=at(4)
    )
    records.watch_due(now=at(4, 2))
    late = Case.objects.filter(findings__kind="plan.duty_overdue")
    assert late.count() == len(wanted) - 1
    nxt = services.generate(year=2027, actor=people["department"], at=at(12, 20), chapters=CHAPTERS)
    assert (nxt.copied, nxt.added) == (len(wanted), 0)
    copy = Duty.objects.get(year=2027, task=other.task)
    assert (copy.title_zh, copy.weight, copy.score) == ("改写的任务", 3.0, None)
    assert not any(item.get("done") for item in copy.milestones)


def test_a_running_year_asks_for_no_month_that_is_over(people):
    services.generate(year=2026, actor=people["department"], at=at(8), chapters=CHAPTERS)
    duty = Duty.objects.filter(year=2026).first()
    assert [item["month"] for item in duty.milestones] == [9, 12]
    with pytest.raises(ValidationError):
        records.change(
            record=duty,
            values={"milestones": [{"month": 13, "text": "x"}]},
            actor=people["department"],
            at=at(8),
        )


def test_the_pages_of_the_programme_open_and_obey_who_may_what(people):
    client = Client()
    client.force_login(people["department"])
    year = timezone.localdate().year
    assert client.post(reverse("plan:make_programme"), {"year": "1999"}).status_code == 302
    assert not Duty.objects.exists()
    services.generate(year=year, actor=people["department"], at=at(1, year=year), chapters=CHAPTERS)
    duty = Duty.objects.first()
    page = client.get(reverse("plan:programme"))
    assert page.context["total"] == Duty.objects.count()
    card = reverse("plan:milestones", args=[duty.number])
    assert client.get(card).status_code == 200
    change = reverse("plan:set_milestones", args=[duty.number])
    assert client.post(change, {"month-12": "年底完成"}).status_code == 302
    duty.refresh_from_db()
    assert [item["text"] for item in duty.milestones] == ["年底完成"]
    for address in (
        reverse("plan:task", args=[duty.task]), reverse("plan:unit", args=[duty.unit_code]), reverse("plan:matrix"),
        reverse("records:plan-duties-row", args=[duty.number]), reverse("plan:projects"),
    ):  # fmt: skip
        assert client.get(address).status_code == 200, address
        assert client.get(address, headers={"accept-language": "en"}).status_code == 200, address
    assert client.get(reverse("plan:task", args=["T999"])).status_code == 404
    client.force_login(people["leader"])
    assert "month-12" not in client.get(card).content.decode()
    assert client.post(change, {"month-12": "x"}).status_code == 403
    assert client.post(reverse("plan:make_programme"), {"year": str(year)}).status_code == 403
    client.force_login(people["inspector"])
    assert client.get(reverse("plan:programme")).status_code == 403


def test_the_matrix_names_a_unit_for_every_task_and_exports_the_term(people):
    rows = queries.matrix(lines=[], targets=rules.targets(city.ON))
    assert sum(row.tasks for row in rows) == 360
    assert sum(row.targets for row in rows) == 134
    values = {"unit_code": "see", "leader": "=张三", "post": "局长", "from_date": dt.date(2024, 5, 1)}
    records.create(register="plan-terms", values=values, actor=people["department"], at=city.AT)
    duty = {"year": 2026, "task": "T001", "title_zh": "甲", "unit_code": "see", "milestones": []}
    records.create(register="plan-duties", values=duty, actor=people["department"], at=city.AT)
    client = Client()
    client.force_login(people["department"])
    lines = client.get(reverse("plan:terms", args=["see"])).content.decode("utf-8-sig").splitlines()
    assert lines[1].endswith(",'=张三,局长")
    assert len(lines) == 2


def test_every_project_of_the_plans_is_in_the_ledger_once_with_its_months(people):
    client = Client()
    client.force_login(people["department"])
    assert client.post(reverse("plan:load_projects")).status_code == 302
    assert services.load_projects(actor=people["department"], at=city.AT) == 0
    assert Project.objects.count() == 152
    for month, percent in ((9, 30), (10, 45)):
        values = {"project": "P001", "month_date": dt.date(2026, month, 3), "percent": percent}
        records.create(register="plan-months", values=values, actor=people["department"], at=city.AT)
    with pytest.raises(ValidationError):
        records.create(
            register="plan-months",
            values={"project": "P999", "month_date": dt.date(2026, 9, 3), "percent": 1},
            actor=people["department"],
            at=city.AT,
        )
    page = client.get(reverse("plan:projects"))
    assert next(month.percent for row, month, _state in page.context["rows"] if row.code == "P001") == 45
    number = Project.objects.get(code="P001").number
    assert "45" in client.get(reverse("plan:project_months", args=[number])).content.decode()
    layer = client.get(reverse("records:plan-projects-layer")).json()
    placed = Project.objects.exclude(longitude=None)
    assert len(layer["features"]) == placed.count() > 0
    assert all(row.place_basis for row in placed)


def test_lead_units_are_confirmed_many_at_a_time_and_hold_for_what_is_made_later(people):
    client = Client()
    client.force_login(people["department"])
    page = client.get(reverse("plan:leads"), {"chapter": "pollution"})
    assert (page.context["done"], page.context["total"]) == (0, 360)
    rows = page.context["rows"]
    assert all(row["words"] or row["task"].department_basis in ("plan", "proposal") for row in rows)
    assert "确认所选" not in page.content.decode()
    first, second = (row["task"] for row in rows[:2])
    given = {f"unit-{first.id}": "water", f"unit-{second.id}": second.department, "ok": [first.id]}
    address = reverse("plan:confirm_leads")
    assert client.post(address, given).status_code == 403
    client.force_login(people["leader"])
    client.post(address, {**given, "chapter": "pollution"})
    assert [(row.task, row.unit_code, row.basis) for row in queries.leads().values()] == [
        (first.id, "water", "更正平台提案")
    ]
    client.post(address, {**given, "all": "1", "chapter": "pollution"})
    assert queries.leads()[second.id].basis == "与规划原文或平台提案一致"
    page = client.get(reverse("plan:leads"), {"chapter": "pollution", "open": "1"})
    assert page.context["done"] == 2
    assert first.id not in [row["task"].id for row in page.context["rows"]]
    assert "已确认" in client.get(reverse("plan:task", args=[first.id])).content.decode()
    services.generate(year=2026, actor=people["department"], at=city.AT, chapters=("pollution",))
    assert Duty.objects.get(task=first.id).unit_code == "water"
    assert (
        client.post(address, {"unit-T999": "see", f"unit-{first.id}": "nobody", "all": "1"}).status_code
        == 302
    )
    assert len(queries.leads()) == 2
