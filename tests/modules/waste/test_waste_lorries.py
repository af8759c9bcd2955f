"""Lorries of construction waste: what a track shows, and how it becomes a case."""

from __future__ import annotations

import datetime as dt
import decimal
import json

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from core import city
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.waste import queries, services
from jiangcheng.modules.waste.rules import lorries, tables

RULE = tables.table("lorries")[-1]
START = dt.datetime(2026, 11, 1, 14, tzinfo=dt.UTC)
"""22:00 in Jilin."""
SITE, DUMP = (126.60, 43.50), (126.70, 43.50)
HOURS = (dt.time(20), dt.time(6))


def drive(*legs, at=START):
    """Return positions a minute apart: each leg is ``(longitude, latitude, minutes)`` driven to, or stood."""
    (east, north), track, now = SITE, [], at.timestamp()
    for to_east, to_north, minutes in legs:
        for step in range(1, minutes + 1):
            share = step / minutes
            track.append(
                (now + 60 * step, east + (to_east - east) * share, north + (to_north - north) * share)
            )
        east, north, now = to_east, to_north, now + 60 * minutes
    return track


def kinds(track, sites=(SITE, DUMP), route=(SITE, DUMP), hours=HOURS):
    return [found.kind for found in lorries.breaches(track, sites=sites, route=route, hours=hours, rule=RULE)]


def test_a_lorry_may_stand_on_permitted_sites_and_briefly_on_the_road():
    straight = (*SITE, 30), (126.65, 43.50, 10), (126.65, 43.50, 9), (*DUMP, 10), (*DUMP, 40)
    assert kinds(drive(*straight)) == []
    stood = drive((126.65, 43.50, 10), (126.65, 43.50, 12), (*DUMP, 10))
    (found,) = lorries.breaches(stood, sites=(SITE, DUMP), route=(SITE, DUMP), hours=HOURS, rule=RULE)
    assert found.kind == "stop" and 11 <= found.minutes <= 14 and 3900 < found.metres < 4200
    assert found.place == pytest.approx((126.65, 43.50), abs=1e-3)
    assert kinds(stood, sites=(SITE, DUMP, (126.651, 43.50))) == [], "where it stood is permitted"
    assert kinds(stood, sites=()) == ["stop"]


def test_a_lorry_keeps_to_its_route_and_its_hours():
    around = drive((126.65, 43.53, 15), (*DUMP, 15))
    assert kinds(around) == ["route"] and kinds(around, route=()) == []
    morning = drive((*DUMP, 20), at=START + dt.timedelta(hours=10))
    assert kinds(morning) == ["hours"] and kinds(morning, hours=None) == []
    assert kinds([]) == [] and kinds([(0.0, *SITE)]) == []


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 86_399), st.integers(0, 23), st.integers(0, 23))
def test_a_moment_is_within_a_period_or_within_its_complement(second, first, last):
    hours, others = (dt.time(first), dt.time(last)), (dt.time(last), dt.time(first))
    if first != last:
        assert lorries.allowed_at(second, hours) != lorries.allowed_at(second, others)


def test_a_load_that_is_left_by_the_road_becomes_a_case_in_its_cell(people):
    def add(register, **values):
        return records.create(register=register, values=values, actor=people["department"], at=city.AT)

    def log_in(name):
        client = Client()
        client.force_login(people[name])
        return client

    county = Region.objects.get(code="220202")
    source, dump = (
        add("construction-sites", name_zh=name, kind=kind, region=county, longitude=east, latitude=north,
            permit_to_date=dt.date(2026, 12, 31))
        for name, kind, (east, north) in (("工地", "source", SITE), ("消纳场", "dump", DUMP))
    )  # fmt: skip
    add("waste-months", region=county, unit="城管", stream="construction", month_date=dt.date(2026, 10, 1),
        generated=decimal.Decimal(1000), used=decimal.Decimal(460), disposed=decimal.Decimal(540))  # fmt: skip
    assert queries.stream_sums(year=2026, scope=None)["construction"].used_percent == 46
    ticket = {
        "plate": "吉B演0001", "origin": source.number, "destination": dump.number, "loaded_at": START,
        "load": decimal.Decimal(18), "route": [list(SITE), list(DUMP)],
        "from_time": dt.time(20), "to_time": dt.time(6),
    }  # fmt: skip
    for wrong in ({"origin": "JZ-0"}, {"unloaded_at": START}, {"to_time": None}):
        with pytest.raises(ValidationError):
            add("waste-trips", **{**ticket, **wrong})
    trip = add("waste-trips", **ticket)
    assert trip.region == county
    stood = drive((126.65, 43.50, 10), (126.65, 43.50, 25), (*DUMP, 10))
    told = [[dt.datetime.fromtimestamp(at, dt.UTC).isoformat(), east, north] for at, east, north in stood]
    address = reverse("waste:lorry_track", args=[trip.number])
    naive = [["2026-11-01T10:00:00", 126, 43]]
    for who, body, status in (
        ("enterprise", told, 403), ("department", {"a": 1}, 422), ("department", naive, 409), ("department", told, 200),
    ):  # fmt: skip
        answer = log_in(who).post(address, json.dumps(body), content_type="application/json")
        assert answer.status_code == status, (who, answer.content)
    assert answer.json() == {"added": len(stood), "breaks_approval": True}
    finding = Finding.objects.get(kind="waste.lorry_stop", ended_at=None)
    assert finding.case.case_type == "WASTE" and finding.case.grid_cell.code == "220202-02"
    assert finding.evidence[0]["number"] == trip.number and finding.evidence[0]["minutes"] > 20
    page = log_in("leader").get(reverse("waste:lorries")).content.decode()
    assert "核准场所外停留" in page and "吉B演0001" in page and "导入轨迹" not in page
    records.change(record=trip, values={"unloaded_at": START + dt.timedelta(minutes=5)}, actor=people["department"],
                   at=city.AT)  # fmt: skip
    services.watch(now=city.AT)
    finding.refresh_from_db()
    assert finding.ended_at is not None, "it had unloaded before it stood there"


def test_positions_come_from_a_file_too(people):
    county = Region.objects.get(code="220202")
    site = records.create(
        register="construction-sites", actor=people["department"], at=city.AT,
        values={"name_zh": "工地", "kind": "source", "region": county, "longitude": SITE[0], "latitude": SITE[1]},
    )  # fmt: skip
    trip = records.create(
        register="waste-trips", actor=people["department"], at=city.AT,
        values={"plate": "吉B演2", "origin": site.number, "destination": site.number, "loaded_at": START},
    )  # fmt: skip
    client = Client()
    client.force_login(people["department"])

    def send(text):
        given = SimpleUploadedFile("points.csv", text.encode())
        return client.post(reverse("waste:lorry_file"), {"file": given}, follow=True).content.decode()

    lines = "".join(
        f"{trip.number},2026-11-01T22:{minute:02}:00+08:00,126.65,43.5\n" for minute in range(0, 40, 2)
    )
    assert "第 3 行" in send(
        f"trip,time,longitude,latitude\n{trip.number},2026-11-01T22:00:00+08:00,126,43\nx,y,1,2\n"
    )
    assert "须有这些列" in send("a,b\n1,2\n")
    assert "没有这些运单" in send("trip,time,longitude,latitude\nYD-9,2026-11-01T22:00:00+08:00,126,43\n")
    assert "新增轨迹点 20 个，1 个运单有违规" in send("trip,time,longitude,latitude\n" + lines)
    assert "新增轨迹点 0 个" in send("trip,time,longitude,latitude\n" + lines)
    assert Finding.objects.filter(kind="waste.lorry_stop").count() == 1
