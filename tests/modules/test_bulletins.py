"""The reports of the air and of surface water say what their pages say."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import translation

from core import city
from jiangcheng.core.manifest import manifests
from jiangcheng.core.registry.models import Region
from jiangcheng.core.reports import services
from jiangcheng.core.reports.models import ReportVersion
from jiangcheng.modules.air import services as air


def said(code, first, last):
    report = manifests.reports()[code]
    return manifests.call(
        report.function, first=dt.date.fromisoformat(first), last=dt.date.fromisoformat(last)
    )


@pytest.fixture
def measured(town):
    for day in ("2026-03-04", "2026-03-05"):
        for station in ("N1", "N2", "N3"):
            town.put_air(station, town.hours_of(day), PM25=70.0)
    air.evaluate(now=town.hour("2026-03-06", 12))
    town.put_water("W1", [town.hour(f"2026-02-{day}", 8) for day in (10, 11)], w21003=1.2)
    return town


def test_reports_say_what_was_measured_and_that_nothing_was(measured):
    report = manifests.reports()["air-day"]
    [found] = said("air-day", "2026-03-05", "2026-03-06")
    city_row = found.table.rows[0]
    assert (city_row[0], city_row[1], city_row[3]) == ("吉林市", 110, 70)
    assert "轻度" in city_row[2]
    assert said("air-day", "2026-03-07", "2026-03-08") == ()
    [bulletin] = said("air-month", "2026-03-01", "2026-04-01")
    assert "有效监测 2 天，优良 0 天" in bulletin.paragraphs[0]
    assert said("air-month", "2025-01-01", "2025-02-01") == ()
    assert said("water-month", "2025-01-01", "2025-02-01") == ()
    water = said("water-month", "2026-02-01", "2026-03-01")
    classes = {row[0]: row[3:] for row in water[0].table.rows}
    assert classes["W1"][1] == "否"
    assert classes["W2"] == (None, "—")
    assert water[1].table.rows[0][0] == "江"
    Region.objects.filter(code="220200").update(name_en="Jilin City")
    with translation.override("en"):
        [found] = said("air-day", "2026-03-05", "2026-03-06")
        assert found.table.rows[0][0] == "Jilin City" and "Light" in found.table.rows[0][2]
        assert found.table.digits[-1] == 1
        [bulletin] = said("air-month", "2026-03-01", "2026-04-01")
        assert "2 valid days: 0 good" in bulletin.paragraphs[0]
        water = said("water-month", "2026-02-01", "2026-03-01")
        assert {row[0]: row[4] for row in water[0].table.rows}["W1"] == "No"
    version = services.produce(report=report, first=dt.date(2026, 3, 5), now=city.AT)
    again = services.produce(report=report, first=dt.date(2026, 3, 5), now=city.AT)
    assert version.pk == again.pk
    assert ReportVersion.objects.count() == 1
    nothing = services.produce(report=report, first=dt.date(2026, 3, 7), now=city.AT)
    assert "本期没有有效数据" in nothing.content
    assert services.same_again(version=nothing, report=report)
