"""Evaluations: frozen, made again from what was known, printed; and the versions of targets."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import zipfile

import docx
import pytest
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access.models import AppendOnlyError
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import RecordStep
from jiangcheng.core.registry import services as registry
from jiangcheng.demo import plan as demo
from jiangcheng.modules.plan import queries, rules, services
from jiangcheng.modules.plan.models import Evaluation, TargetReport

CODE = "city_rail_freight_share_2027"


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def later(days):
    return city.AT + dt.timedelta(days=days)


def reported(people, value, at, year=2025):
    values = {"target": CODE, "year": year, "value": value, "through_date": dt.date(year, 12, 31),
              "unit_code": "transport", "document": "年鉴"}  # fmt: skip
    row = records.create(register="plan-reports", values=values, actor=people["department"], at=at)
    proof = registry.store_evidence(file=city.photo(), actor=people["department"], at=at)
    records.act(
        record=row, action="submit", actor=people["department"], now=at, text="年鉴", evidence=[proof]
    )
    records.act(record=row, action="accept", actor=people["verifier"], now=at)


def adjusted(people, value, at, valid_from):
    values = {
        "target": CODE,
        "new_value": value,
        "valid_from_date": valid_from,
        "document": "批复",
        "reason": "评估",
    }
    row = records.create(register="plan-adjustments", values=values, actor=people["department"], at=at)
    records.act(record=row, action="approve", actor=people["verifier"], now=at, text="同意")


def row_of(evaluation):
    return next(row for row in services.content(evaluation)["targets"] if row["id"] == CODE)


def test_an_old_report_still_shows_the_old_target_and_is_made_again_byte_by_byte(people):
    reported(people, 45.0, city.AT)
    services.generate(year=2026, actor=people["department"], at=city.AT, chapters=("guarantee",))
    old = services.freeze(kind="annual", on=city.ON, actor=people["verifier"], at=later(1))
    with pytest.raises(Refused):
        adjusted(people, 44.0, later(2), city.ON)
    adjusted(people, 44.0, later(2), city.ON + dt.timedelta(days=1))
    reported(people, 46.0, later(3))
    duty = queries.duties(user=people["leader"], on=city.ON, year=2026)[0].duty
    records.act(record=duty, action="stop", actor=people["verifier"], now=later(3), text="中止")
    new = services.freeze(
        kind="annual", on=city.ON + dt.timedelta(days=1), actor=people["verifier"], at=later(4)
    )
    assert [(row_of(it)["target"], row_of(it)["version"], row_of(it)["value"], row_of(it)["state"])
            for it in (old, new)] == [(50.0, 1, 45.0, "open"), (44.0, 2, 46.0, "met")]  # fmt: skip
    assert services.reproduce(old) == old.content
    assert services.reproduce(new) == new.content
    assert rules.digest(old.content) == old.sha256 != new.sha256
    assert [item.version for item, _number in queries.history_of(target_id=CODE)] == [1, 2]
    again = services.freeze(kind="annual", on=city.ON, actor=people["verifier"], at=later(5))
    assert (again.edition, row_of(again)["target"], row_of(again)["value"]) == (2, 50.0, 46.0)
    client = Client()
    client.force_login(people["verifier"])
    page = client.get(reverse("plan:evaluation", args=[old.pk]))
    assert next(row for row in page.context["targets"] if row["id"] == CODE)["moved"]
    done = client.post(reverse("plan:check_evaluation", args=[old.pk]), follow=True)
    assert "逐字节一致" in done.content.decode()
    with pytest.raises(AppendOnlyError):
        Evaluation.objects.get(pk=old.pk).save()


def test_an_evaluation_leaves_the_house_in_five_forms(people):
    reported(people, 45.0, city.AT)
    made = services.freeze(kind="midterm", on=city.ON, actor=people["verifier"], at=later(1))
    assert json.loads(services.export(made, "json")[0])["kind"] == "midterm"
    lines = list(csv.reader(io.StringIO(services.export(made, "csv")[0].decode("utf-8-sig"))))
    assert len(lines) == 135
    assert services.export(made, "csv") == services.export(made, "csv")
    for form in ("xlsx", "docx"):
        assert zipfile.ZipFile(io.BytesIO(services.export(made, form)[0])).testzip() is None
    english = services.export(made, "csv", "en")[0].decode("utf-8-sig")
    assert english.startswith("Number,Version,Indicator,Target year")
    paper = docx.Document(io.BytesIO(services.export(made, "docx", "en")[0]))
    assert "Beautiful Jiangcheng plan" in paper.paragraphs[0].text
    assert services.export(made, "pdf")[0].startswith(b"%PDF")
    client = Client()
    client.force_login(people["department"])
    assert client.post(reverse("plan:freeze"), {"kind": "annual", "on": "2026-11-02"}).status_code == 403
    assert client.get(reverse("plan:export_evaluation", args=[made.pk, "csv"])).status_code == 200
    assert client.get(reverse("plan:export_evaluation", args=[made.pk, "exe"])).status_code == 404
    client.force_login(people["verifier"])
    for wrong in (
        {"kind": "x", "on": "2026-01-01"},
        {"kind": "annual", "on": "soon"},
        {"kind": "annual", "on": "2999-01-01"},
    ):
        assert client.post(reverse("plan:freeze"), wrong).status_code == 302
    assert Evaluation.objects.count() == 1


def test_the_demo_reports_most_targets_and_leaves_some_waiting(people, monkeypatch):
    waiting = [target.id for target in rules.targets(city.ON) if target.computability == "reported"]
    assert len(demo.AWAITED) < len(waiting) / 4
    assert set(waiting) > demo.AWAITED | demo.IN_REVIEW
    # A fifth of them tells as much as all, in a fifth of the time.
    monkeypatch.setattr(
        demo, "AWAITED", demo.AWAITED | {code for place, code in enumerate(waiting) if place % 5}
    )
    for part in ("_programme", "_ledger", "_registers", "_objections"):
        monkeypatch.setattr(demo, part, lambda cast: None)
    demo.furnish(now=city.AT, progress=lambda share, what: None)
    told = {row["id"]: row for row in services.status(on=city.ON)}
    reported = [code for code in waiting if code not in demo.AWAITED and told[code]["value"] is not None]
    assert len(reported) >= 8
    for code in reported:
        assert 2 <= len(told[code]["series"]) <= 4 and told[code]["date"].startswith("2025"), code
    assert "演示" in TargetReport.objects.first().document
    accepted = RecordStep.objects.filter(register="plan-reports", action="accept")
    assert accepted.count() > 20
    assert not accepted.exclude(actor=people["verifier"]).exists(), "who hands in does not review"
    count = TargetReport.objects.count()
    demo.furnish(now=city.AT, progress=lambda share, what: None)
    assert TargetReport.objects.count() == count
