"""The quota binds the villages whose smoke reaches a station or a town, and says why."""

from __future__ import annotations

import datetime as dt

import pytest

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw.rules import upwind, windows
from modules.test_straw_pages import page
from modules.test_straw_services import NOW, approved, zone

ON = dt.date(2026, 11, 2)
CITY = upwind.Receptor("江城", "Jiangcheng", 126.5, 43.5, "B")
WEST = upwind.Village("A", "西村", 126.1, 43.5, 900.0)
EAST = upwind.Village("B", "东村", 126.9, 43.5, 100.0)
AIR = {"A": upwind.Air(4.0, 270.0, 800.0, 20.0), "B": upwind.Air(4.0, 270.0, 800.0, 55.0)}


def shares(*villages, air=AIR, receptors=(CITY,)):
    return upwind.shares(villages, air, receptors, NOW, ON)


def test_only_villages_upwind_are_bound_and_by_the_air_of_what_they_reach():
    west, east = shares(WEST, EAST)
    assert (west.why, west.receptor, east.why, east.mu) == ("reached", CITY, "free", 100.0)
    assert west.hours == pytest.approx(32.3 / 14.4, abs=0.05)
    headroom = windows.quota(pm25=55.0, wind=4.0, mixing=800.0, crop="maize", on=ON).mu
    assert west.mu == pytest.approx(headroom) and headroom < 900
    turned = {name: upwind.Air(4.0, 90.0, 800.0, 55.0) for name in AIR}
    assert [one.bound for one in shares(WEST, EAST, air=turned)] == [False, True]


def test_what_is_unknown_or_calm_binds_and_a_village_too_far_is_free():
    calm = {"A": upwind.Air(0.3, 270.0, 800.0, 20.0), "B": upwind.Air(4.0, None, 800.0, 20.0)}
    assert [one.why for one in shares(WEST, EAST, air=calm)] == ["calm", "unknown"]
    assert [one.mu for one in shares(WEST, air={})] == [None]
    slow = {"A": upwind.Air(1.0, 270.0, 800.0, 20.0)}
    assert shares(WEST, air=slow)[0].why == "free" and shares(WEST, receptors=())[0].why == "free"
    assert shares(WEST, air={"A": upwind.Air(4.0, 270.0, None, 20.0)})[0].mu is None


def test_bound_villages_share_the_least_capacity_in_proportion():
    other = upwind.Village("A", "南村", 126.1, 43.45, 2700.0)
    west, south = shares(WEST, other)
    total = windows.quota(pm25=55.0, wind=4.0, mixing=800.0, crop="maize", on=ON).mu
    assert west.mu + south.mu == pytest.approx(total) and south.mu == pytest.approx(3 * west.mu)


def test_the_window_names_what_lies_downwind_and_for_whom_there_is_no_quota(db):
    city.build()
    assert zone().added == 1
    people = city.people()
    approved(people, outline=city.square(126.29, 43.59, 126.31, 43.61))
    region = Region.objects.get(code="220202")
    town = {"name": "东镇", "region": region, "longitude": 126.6, "latitude": 43.5, "people": 80_000,
            "as_of": dt.date(2025, 12, 31), "origin": "试"}  # fmt: skip
    records.create(register="settled-places", values=town, actor=people["department"], at=NOW)
    noon = dt.datetime(2026, 11, 2, 4, tzinfo=dt.UTC)
    fair = {"wind": 4.0, "mixing": 1200.0, "rain": 0.0, "fire_danger": 2, "aqi": 50, "pm25": 30.0}
    for hour, direction in enumerate((270.0, 0.0, None)):
        values = {
            "region": region,
            "hour_at": noon + dt.timedelta(hours=hour),
            "direction": direction,
            **fair,
        }
        records.create(register="burn-weather", values=values, actor=people["department"], at=NOW)
    text = page(people, "window", day="2026-11-02")
    assert "小时到 东镇" in text and "另 150 亩不限" in text and "大屯村 不限" in text and "风向未知" in text
    assert "no station or town downwind" in page(people, "window", language="en", day="2026-11-02")
