"""The standards on screen: every table, in force by date, with what is not verified marked as such."""

from __future__ import annotations

import pytest
from django.test import Client

from core import city
from jiangcheng.standards import lookup


@pytest.fixture
def reader(db):
    city.build()
    client = Client()
    client.force_login(city.people()["leader"])
    return client


def test_every_table_is_listed_and_opens(reader):
    page = reader.get("/standards/").content.decode()
    for table in lookup.tables():
        assert f"/standards/{table.standard}/" in page
        assert reader.get(f"/standards/{table.standard}/").status_code == 200
    assert reader.get("/standards/GB0000/").status_code == 404


def test_rows_follow_the_day_and_say_how_they_were_checked(reader):
    old = reader.get("/standards/HJ663/?on=2020-01-01").content.decode()
    new = reader.get("/standards/HJ663/?on=2026-06-01").content.decode()
    assert '<small class="muted">2013</small>' in old and '<small class="muted">2026</small>' in new
    assert "未核对文本" in old
    assert "这一天没有生效的条目" in reader.get("/standards/HJ663/?on=1990-01-01").content.decode()
