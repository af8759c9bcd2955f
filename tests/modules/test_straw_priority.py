"""Which fire first: the score and its parts, what lies downwind, and who could go."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw import services
from jiangcheng.modules.straw.models import FireIncident
from jiangcheng.modules.straw.rules import downwind, priority, tables
from modules import town
from modules.test_straw_services import NOW, SEEN, bring, row, zone

ON = dt.date(2026, 11, 2)
WEST = downwind.Wind(5.0, 270.0, NOW, "")


def test_the_wind_carries_to_where_it_blows_and_a_calm_carries_nowhere():
    places = np.array([[126.5, 43.5], [125.5, 43.5], [126.0, 44.0]])
    found = downwind.carried(126.0, 43.5, places, WEST)
    assert found.off.round().tolist() == [0, 180, 90]
    assert found.kilometres[0] == pytest.approx(0.5 * 111.195 * np.cos(np.radians(43.5)))
    assert found.hours[0] == pytest.approx(found.kilometres[0] / 18)
    sector = {"half_angle": 30, "first_hours": 2, "last_hours": 6, "most_kilometres": 80}
    assert found.within(**sector).tolist() == [True, False, False]
    calm = downwind.carried(126.0, 43.5, places, downwind.Wind(0.2, 270, NOW, ""))
    assert not calm.within(**sector).any()


def test_a_score_is_the_sum_of_its_parts_and_the_unknown_gives_nothing():
    bare = priority.score(priority.Facts(verdict="illegal", zones={"ban": 1.0}), ON)
    assert [(part.code, part.value, part.points) for part in bare.parts] == [
        ("power", None, 0.0), ("zone", 1.0, 25.0), ("people", None, 0.0), ("response", None, 0.0),
        ("repeat", None, 0.0),
    ]  # fmt: skip
    full = priority.score(
        priority.Facts(verdict="illegal", zones={"ban": 1.0}, power=1e4, people=3e5, rise=80.0, repeats=9), ON
    )
    assert full.total == 100.0 == sum(tables.in_force("priority", ON)["weights"].values())
    planned = priority.score(priority.Facts(verdict="planned", zones={"limit": 1.0}, power=11.2459), ON)
    assert planned.parts[1].points == pytest.approx(25 * 0.06) and planned.parts[0].value == 0.0


@given(
    power=st.none() | st.floats(0, 1e5), people=st.none() | st.floats(0, 5e6), rise=st.none() | st.floats(0, 900),
    repeats=st.none() | st.integers(0, 50), share=st.floats(0, 1),
)  # fmt: skip
def test_no_score_leaves_its_bounds_and_each_part_only_grows(power, people, rise, repeats, share):
    facts = {"power": power, "people": people, "rise": rise, "repeats": repeats}
    told = priority.score(priority.Facts(verdict="illegal", zones={"limit": share}, **facts), ON)
    assert 0 <= told.total <= 100 and all(0 <= part.points <= part.most for part in told.parts)
    more = {name: None if value is None else value * 2 for name, value in facts.items()}
    higher = priority.score(priority.Facts(verdict="illegal", zones={"limit": share}, **more), ON)
    assert higher.total >= told.total - 1e-9


def test_the_usual_power_wants_enough_fires():
    assert priority.usual([5.0] * 10, ON) is None
    mean, deviation = priority.usual([np.exp(1.0), np.exp(3.0)] * 20, ON)
    assert (mean, deviation) == (pytest.approx(2.0), pytest.approx(1.0))


@pytest.fixture
def people(town):
    assert zone(west=126.0, east=126.5).added == 1
    assert zone(code="B1", kind="ban", west=126.5, east=127.0).added == 1
    return city.people()


def observed(turn=270.0):
    """Write hours of wind from the west, and of PM2.5 at the station N2 that rises with the fire."""
    station = town._station("MET", "weather", 126.3)
    assert registry.import_register("stations", [station], actor=None, at=NOW).errors == ()
    hours = [SEEN.replace(minute=0) + dt.timedelta(hours=number) for number in range(-4, 3)]
    town.put("MET", "a01007", "avg", hours, [4.0] * 7)
    town.put("MET", "a01008", "avg", hours, [turn] * 7)
    town.put("N2", "a34004", "avg", hours, [20, 20, 20, 20, 34, 48, 30])


def settle(actor, name, longitude, count):
    values = {
        "name": name, "region": Region.objects.get(code="220202"), "longitude": longitude, "latitude": 43.5,
        "people": count, "as_of": dt.date(2025, 12, 31), "origin": "试"
    }  # fmt: skip
    return records.create(register="settled-places", values=values, actor=actor, at=NOW)


def parts(incident):
    incident.refresh_from_db()
    return {part["code"]: (part["value"], part["points"]) for part in incident.score_parts}


def test_fires_are_ranked_with_reasons_and_the_desk_lists_the_gravest_first(people):
    observed()
    settle(people["department"], "东屯", 126.5, 20_000)
    settle(people["department"], "西屯", 126.0, 90_000)
    bring(row(43.5, 126.7, at=SEEN - dt.timedelta(days=30), sat="T"))
    faint, grave = bring(row(43.5, 126.1, frp=6.0), row(43.5, 126.7, frp=60.0)).incidents
    assert grave.score > faint.score > 0 and grave.score_version == "2026.1"
    west, east = parts(faint), parts(grave)
    assert west["people"][0] == 20_000 and east["people"][0] == 0
    assert west["response"] == (28.0, 12.0) and east["response"] == (None, 0.0)
    assert east["zone"] == (1.0, 25.0) and west["zone"] == (0.6, 15.0)
    assert east["repeat"] == (1.0, 3.3) and west["repeat"] == (0.0, 0.0)
    assert sum(points for _value, points in west.values()) == pytest.approx(faint.score)

    bring(row(43.9, 126.05, sat="T", frp=5.0, at=SEEN + dt.timedelta(minutes=20)))
    shown = page(people, "department", first="2026-11-01", last="2026-11-02")
    assert shown.index(grave.number) < shown.index(faint.number)
    assert "下风向人口（人） 20000：15.7/20" in shown and "站点 PM2.5 升幅（µg/m³） 未知" in shown
    assert "可派" in shown and "邻近网格" in shown
    by_time = page(people, "department", first="2026-11-01", last="2026-11-02", order="time")
    latest = FireIncident.objects.order_by("-first_at").first().number
    assert by_time.index(latest) < by_time.index(grave.number)
    assert "People downwind 20000" in page(people, "department", "en", first="2026-11-01", last="2026-11-02")


def test_stations_answer_later_and_the_score_follows(people):
    fire = bring(row(43.5, 126.1)).incidents[0]
    assert parts(fire)["response"] == (None, 0.0) and parts(fire)["people"] == (None, 0.0)
    observed()
    assert services.rescore(now=NOW) == 1
    assert parts(fire)["response"] == (28.0, 12.0)
    services.conclude(incident=fire, outcome="nothing", text="未见", actor=people["department"], now=NOW)
    assert services.rescore(now=NOW) == 0


def test_without_a_station_the_forecast_of_the_county_tells_the_wind(people):
    values = {
        "region": Region.objects.get(code="220202"), "hour_at": SEEN.replace(minute=0), "wind": 4.0,
        "direction": 90.0, "origin": "预报",
    }  # fmt: skip
    records.create(register="burn-weather", values=values, actor=people["department"], at=NOW)
    settle(people["department"], "西屯", 126.0, 500)
    assert parts(bring(row(43.5, 126.4)).incidents[0])["people"][0] == 500


def page(people, who, language="", **query):
    client = Client(HTTP_ACCEPT_LANGUAGE=language or "zh-hans")
    client.force_login(people[who])
    answer = client.get(reverse("straw:desk"), query)
    assert answer.status_code == 200
    return answer.content.decode()
