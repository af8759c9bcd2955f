"""The town of the rooms' tests."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from core import city
from jiangcheng.config import wiring
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import Role
from jiangcheng.core.cases import services as cases
from jiangcheng.core.manifest import manifests
from jiangcheng.core.registry.models import ObservedProperty
from modules import town as town_module


@pytest.fixture
def town(db, settings, tmp_path):
    """The register and the rooms' data are loaded; the store is empty."""
    wiring.load_manifests()
    settings.OBSERVATIONS = {"sealed": tmp_path, "hot_months": 2}
    town_module.build()
    return town_module


@pytest.fixture
def everybody(db, monkeypatch):
    """Return a client of somebody who may do everything everywhere."""
    # The menu is the same on every page and dear: other tests look at it.
    monkeypatch.setattr("jiangcheng.core.portal.queries.menu", lambda **_rest: [])
    city.build()
    cases.load_workflows()
    city.people()
    ObservedProperty.objects.create(
        code="a21002", statistic="avg", name_zh="氮氧化物", name_en="NOx", unit="mg/m³", medium="gas"
    )
    Role.objects.create(code="all", name_zh="全", name_en="all", permissions=sorted(manifests.permissions()))
    user = access.create_user(username="all", password=city.PASSWORD, display_name="全", at=city.AT)
    access.assign_role(user=user, role="all", on=dt.date(2026, 1, 1), at=city.AT)
    client = Client()
    client.force_login(user)
    return client
