"""The registers of water in the demo city."""

from __future__ import annotations

import datetime as dt
import pathlib

import pytest
from django.test import Client
from django.urls import reverse

from jiangcheng.config import wiring
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries as records
from jiangcheng.demo import setup, water
from jiangcheng.modules.water import queries
from jiangcheng.modules.water.models import BlackWater, Outfall

pytestmark = pytest.mark.django_db

OPENED = dt.datetime(2026, 9, 9, 3, tzinfo=dt.UTC)


def nothing(share: float, text: str) -> None:
    pass


def test_every_register_of_water_has_rows_and_every_page_shows_them(settings, tmp_path: pathlib.Path) -> None:
    settings.DATA = tmp_path
    settings.OBSERVATIONS = {**settings.OBSERVATIONS, "sealed": tmp_path / "sealed"}
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    wiring.load_manifests()
    setup._build(OPENED, nothing)
    cases.load_workflows()
    water.furnish(now=OPENED, progress=nothing)
    on = OPENED.date()
    own = [register for register in manifests.registers().values() if register.model.startswith("water.")]
    assert len(own) == 20
    for register in own:
        assert records.model_of(register.code).objects.exists(), register.code
    assert set(Outfall.objects.values_list("state", flat=True)) == {
        "pending", "surveyed", "tested", "traced", "treating", "accepting", "closed",
    }  # fmt: skip
    assert set(BlackWater.objects.values_list("state", flat=True)) == {"listed", "treating", "eliminated"}
    leader = User.objects.get(username="leader")
    flows = queries.flows(user=leader, on=on, year=2026)
    assert all(80 < item.guarantee.percent < 100 for item in flows)
    assert {unit.state for unit in queries.units(user=leader, on=on, year=2026)} >= {1, 3}
    client = Client()
    client.force_login(leader)
    for name in ("overview", "matrix", "strip", "lake", "outfalls", "sources", "rates"):
        assert client.get(reverse(f"water:{name}")).status_code == 200, name
    count = Outfall.objects.count()
    water.furnish(now=OPENED, progress=nothing)
    assert Outfall.objects.count() == count
