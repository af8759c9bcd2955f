"""One register of monitoring agencies: what the other one held is carried over, and the data give a score."""

from __future__ import annotations

import datetime as dt
import importlib
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.credit import rules
from jiangcheng.modules.network.models import Agency, AgencyCheck, LabSample, QcRecord

ON = city.ON
NOTHING = {"samples": 0, "voided": 0, "lab_failed": 0, "checks": 0, "failed": 0, "inspections": 0,
           "inspection_score": None, "penalties": 0, "qualified": True}  # fmt: skip


def score(**told):
    return rules.agency_score({**NOTHING, **told}, ON)


def test_a_score_falls_with_what_was_voided_failed_and_punished():
    assert score(samples=9) == rules.AgencyScore(None, "", {}, "2026.1")
    assert (score(samples=20).score, score(samples=20).grade) == (Decimal("100.00"), "green")
    found = score(samples=20, voided=5, checks=10, failed=2, inspection_score=80.0, penalties=1)
    # 5/20 × 40 + 2/10 × 20 + 20 × 0.2 + 10 = 28 points lost.
    assert (found.score, found.grade) == (Decimal("72.00"), "yellow")
    assert set(found.lost) == {"voided", "failed", "inspection", "penalty"}
    assert score(samples=20, qualified=False).grade == "red" and score(qualified=False).grade == "red"
    with pytest.raises(LookupError):
        rules.agency_score(NOTHING, dt.date(2025, 1, 1))


@given(st.integers(10, 200), st.integers(0, 10), st.integers(0, 200), st.integers(0, 12))
def test_worse_data_never_score_higher(samples, voided, checks, penalties):
    told = {"samples": samples, "voided": voided, "checks": checks, "penalties": penalties}
    better, worse = (
        score(**told),
        score(**{**told, "voided": min(voided + 1, samples), "penalties": penalties + 1}),
    )
    assert Decimal(0) <= worse.score <= better.score <= 100


def test_the_room_of_credit_rates_what_the_network_tells_of_it(db, settings):
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    city.build()
    people = city.people()
    for code, region in (("A", "220202"), ("B", None)):
        records.create(
            register="agencies", actor=people["department"], at=city.AT, number=f"SH-{code}",
            values={"name_zh": f"{code}检测", "credit_code": code * 18, "qualification": "CMA1",
                    "qualified_to_date": ON + dt.timedelta(days=9 if region else -9),
                    "region": region and Region.objects.get(code=region)},
        )  # fmt: skip
    common = {"state_at": city.AT, "created_at": city.AT, "station": "S", "agency": "SH-A"}
    for number in range(12):
        LabSample.objects.create(
            number=f"L{number}", sampled_at=city.AT, observed="w01019-avg", method="m", unit="mg/L", result=1.0,
            lab_qc="passed", **{**common, "state": "revoked" if number < 3 else "accepted"},
        )  # fmt: skip
    QcRecord.objects.create(number="Q1", kind="zero", performed_at=city.AT, result="failed", **common)
    AgencyCheck.objects.create(
        number="C1",
        agency="SH-A",
        checked_date=ON,
        score=90,
        penalty="罚1",
        state_at=city.AT,
        created_at=city.AT,
    )
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(people["department"])
    page = client.get(reverse("credit:agencies"))
    told = {row["number"]: score for row, score, _lost in page.context["lines"]}
    # 3/12 × 40 + 1/1 × 20 + 10 × 0.2 + 10 = 42 points lost.
    assert (told["SH-A"].score, told["SH-A"].grade) == (Decimal("58.00"), "red")
    assert told["SH-B"].score is None and "资质失效或未填" in page.content.decode()
    assert "作废样品" in page.content.decode()
    assert "monitoring-firms" not in manifests.registers()


class Rows(list):
    """Rows of a model of the past, asked as the migration asks them."""

    def order_by(self, _name):
        return self

    def filter(self, id):
        return Rows(row for row in self if row.id == id)

    def last(self):
        return self[-1] if self else None


def test_what_the_register_of_firms_held_is_carried_over_with_its_history(db):
    migration = importlib.import_module("jiangcheng.modules.network.migrations.0004_agencies_from_credit")
    empty = dict.fromkeys(migration.SAME) | {
        "state": "",
        "name_en": "",
        "state_at": city.AT,
        "created_at": city.AT,
    }
    common = {**empty, "certificate": "CMA2", "certificate_until_date": None, "capabilities": "水、气"}
    old = {**common, "pk": 1, "id": 1, "number": "JG-2026-0001", "name_zh": "老机构", "credit_code": "C" * 18,
           "checked_date": ON, "check_result": "记录不全"}  # fmt: skip
    twin = {**old, "pk": 2, "id": 2, "number": "JG-2026-0002", "credit_code": "D" * 18, "checked_date": None}
    past = {**old, "name_zh": "旧名", "history_date": city.AT, "history_change_reason": "", "history_type": "+",
            "history_user_id": None}  # fmt: skip
    given = {"firm": Rows([SimpleNamespace(**old), SimpleNamespace(**twin)]),
             "historicalfirm": Rows([SimpleNamespace(**past)])}  # fmt: skip
    Agency.objects.create(number="SH-2026-0001", name_zh="已在册", credit_code="D" * 18, qualification="CMA3",
                          state_at=city.AT, created_at=city.AT)  # fmt: skip

    def get_model(app, name):
        if app == "credit":
            return SimpleNamespace(objects=given[name.lower()])
        return apps.get_model(app, name)

    migration.carry(SimpleNamespace(get_model=get_model), None)
    migration.carry(SimpleNamespace(get_model=get_model), None)
    found = {row.credit_code: row for row in Agency.objects.all()}
    row = found["C" * 18]
    assert (row.number, row.qualification, row.scope) == ("JG-2026-0001", "CMA2", "水、气")
    assert row.qualified_to_date is None and found["D" * 18].name_zh == "已在册" and len(found) == 2
    # Today's model notes its own creation first; the models of a migration do not.
    assert [item.name_zh for item in row.history.order_by("history_id")][1:] == ["旧名", "老机构"]
    check = AgencyCheck.objects.get()
    assert (check.agency, check.problems, check.checked_date) == (row.number, "记录不全", ON)
