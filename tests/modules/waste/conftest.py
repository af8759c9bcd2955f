"""People, clients and licences of the tests of the room of wastes."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client

from core import city
from jiangcheng.core.cases.services import load_workflows
from jiangcheng.core.records import services as records
from jiangcheng.modules.waste.rules import tables
from modules.wastes import D, plant


@pytest.fixture
def people(town):
    load_workflows(tables.DATA / "workflows")
    return city.people()


@pytest.fixture
def client_of(people):
    def log_in(name):
        client = Client()
        client.force_login(people[name])
        return client

    return log_in


@pytest.fixture
def add(people):
    def put(register, who="department", at=city.AT, **values):
        return records.create(register=register, values=values, actor=people[who], at=at)

    return put


@pytest.fixture
def licensed(add):
    """The second plant carries and takes oil and packages; the first one has plans for both."""
    other = plant(city.OTHER_PLANT)
    dates = {"from_date": dt.date(2025, 1, 1), "to_date": dt.date(2027, 1, 1)}
    add("waste-licences", facility=other, kind="carrier", licence="运-1", **dates)
    add(
        "waste-licences",
        facility=other,
        kind="operator",
        licence="危-1",
        codes="HW08 HW49",
        capacity=D(500),
        **dates,
    )
    return other
