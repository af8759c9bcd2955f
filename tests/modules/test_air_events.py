"""Exceptional events: proposed, approved by another person, both series kept."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from core import city
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.modules.air import queries, services
from jiangcheng.modules.air.models import ExceptionalEvent

DAY = store.Granularity.DAY
ON = dt.date(2026, 4, 8)


@pytest.fixture
def dusty(town, settings):
    """Two days; on the second dust comes at 20:00 for three hours."""
    for number in ("07", "08", "09"):
        day = f"2026-04-{number}"
        pm10 = np.full(24, 60.0)
        if number == "08":
            pm10[20:23] = 900.0
        for station in ("N1", "N2", "N3"):
            town.put_air(station, town.hours_of(day), PM10=pm10)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    town.people = city.people()
    services.evaluate(now=town.hour("2026-04-10", 1))
    return town


def now(town):
    return town.hour("2026-04-10", 9)


def columns(*, without):
    read = queries.daily_without_events if without else queries.daily
    city_area = queries.city_area().pk
    return read(station=city_area, codes=["pm10", "aqi", "o3_mda8"], first=ON, last=dt.date(2026, 4, 10))


def act(event, action, who, at, text="如下"):
    records.act(record=event, action=action, actor=who, now=at, text=text)


def test_an_event_counts_only_once_another_person_approved_it_and_both_series_stay(dusty):
    people = dusty.people
    event = records.create(
        register="air-events",
        values={
            "kind": "dust",
            "starts_at": dusty.hour("2026-04-08", 20),
            "ends_at": dusty.hour("2026-04-08", 23),
            "basis": "卫星与组网监测",
        },
        actor=people["department"],
        at=now(dusty),
    )
    dust, rest = columns(without=True), columns(without=False)
    np.testing.assert_equal(dust, rest)
    with pytest.raises(Refused, match="permission"):
        act(event, "approve", people["department"], now(dusty))
    act(event, "approve", people["leader"], now(dusty))
    dust, rest = columns(without=True), columns(without=False)
    assert rest["pm10"].tolist() == [165, 60]
    assert dust["pm10"].tolist() == [60, 60]
    assert dust["aqi"][0] < rest["aqi"][0]
    assert dust["o3_mda8"].tolist() == rest["o3_mda8"].tolist()
    act(event, "revoke", people["leader"], now(dusty) + dt.timedelta(minutes=1))
    np.testing.assert_equal(columns(without=True), columns(without=False))
    assert not dusty.derived("220200", "pm10_excluded", DAY, "2026-04-08")


def test_the_rule_proposes_and_does_not_ask_again(dusty):
    (event,) = services.propose_dust(first=ON, last=dt.date(2026, 4, 9), now=now(dusty))
    assert event.starts_at == dusty.hour("2026-04-08", 20)
    assert event.ends_at == dusty.hour("2026-04-08", 23)
    assert event.state == "proposed"
    assert "900" in event.basis
    assert services.propose_dust(first=ON, last=dt.date(2026, 4, 9), now=now(dusty)) == []
    act(event, "reject", dusty.people["leader"], now(dusty))
    assert services.propose_dust(first=ON, last=dt.date(2026, 4, 9), now=now(dusty)) == []
    assert ExceptionalEvent.objects.get().state == "rejected"


def test_a_late_hour_of_a_day_with_an_event_changes_both_series(dusty):
    (event,) = services.propose_dust(first=ON, last=ON, now=now(dusty))
    act(event, "approve", dusty.people["leader"], now(dusty))
    for station in ("N1", "N2", "N3"):
        dusty.put(station, "a34002", "avg", [dusty.hour("2026-04-08", 3)], [81.0])
    services.evaluate(now=now(dusty))
    assert columns(without=True)["pm10"][0] == 61
    assert columns(without=False)["pm10"][0] == 165.875
