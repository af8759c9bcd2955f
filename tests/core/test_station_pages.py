"""Stations on screen: the list, the page of one, its charts and its export."""

from __future__ import annotations

import csv
import datetime as dt
import io

import numpy as np
import pyarrow.parquet
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core import city
from jiangcheng.config import wiring
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.air import services as air
from jiangcheng.modules.water import services as water
from modules import town as places


@pytest.fixture
def people(db, settings, tmp_path):
    wiring.load_manifests()
    settings.OBSERVATIONS = {"sealed": tmp_path, "hot_months": 2}
    places.build()
    return city.people()


@pytest.fixture
def duty(client, people):
    client.force_login(people["duty"])
    return client


def page(client, name, *arguments, **parameters):
    response = client.get(reverse(f"observations:{name}", args=arguments), parameters)
    assert response.status_code == 200, response.status_code
    return response


def measured(day="2026-06-20"):
    """Put a day of stack data across a flag, and return its starts."""
    starts = places.hours_of(day)
    places.put("P1", "a21026", "zs_avg", starts, np.linspace(20, 60, 24))
    places.put("P1", "a21026", "zs_avg", starts[5:6], [25.0], flag=ord("M"))
    return starts


def test_the_list_filters_by_kind_place_and_words(duty):
    def codes(**parameters):
        return [line.station.code for line in page(duty, "stations", **parameters).context["lines"]]

    assert codes(kind="gas_outlet") == ["P1", "P2"]
    assert codes(region="220203", kind="gas_outlet") == ["P2"]
    assert codes(q="甲厂") == ["P1"]
    assert codes(kind="noise") == []


def test_an_enterprise_sees_its_own_stations_only(client, people):
    client.force_login(people["enterprise"])
    lines = page(client, "stations").context["lines"]
    assert [line.station.code for line in lines] == ["P1"]
    for name, arguments in (("station", ["P2"]), ("series", ["P2"]), ("export", ["P2", "csv"])):
        assert client.get(reverse(f"observations:{name}", args=arguments)).status_code == 404


def test_nobody_sees_a_station_without_permission(client, people):
    client.force_login(people["auditor"])
    for name, arguments in (("stations", []), ("station", ["P1"]), ("series", ["P1"])):
        assert client.get(reverse(f"observations:{name}", args=arguments)).status_code == 403


def test_the_page_shows_latest_values_with_flag_and_gaps_with_reason(duty):
    now = dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0)
    starts = [now - dt.timedelta(hours=age) for age in (8, 7, 3, 2)]
    places.put("P1", "a21026", "zs_avg", starts[:3], [20, 21, 22])
    places.put("P1", "a21026", "zs_avg", starts[3:], [23], flag=ord("M"))
    response = page(duty, "station", "P1")
    (latest,) = response.context["latest"]
    assert (latest.text, latest.flag) == ("23.00", "维护")
    reasons = {(gap["start"], gap["reason"]) for gap in response.context["gaps"]}
    assert (now - dt.timedelta(hours=6), "未收到数据") in reasons
    assert (now - dt.timedelta(hours=2), "仪器标记无效") in reasons
    assert "甲厂" in response.content.decode()


def test_the_chart_marks_flags_and_steps_the_permit_limit(duty):
    places.put(
        "P1", "a21026", "zs_avg", places.hours_of("2026-06-30") + places.hours_of("2026-07-01"), [30] * 48
    )
    places.put("P1", "a21026", "zs_avg", [places.hour("2026-06-30", 4)], [25], flag=ord("D"))
    query = {"property": "a21026-zs_avg", "from": "2026-06-30", "to": "2026-07-01"}
    answer = page(duty, "series", "P1", **query).json()
    limit = next(line for line in answer["option"]["series"] if "许可限值" in line["name"])
    assert [point for point in limit["data"] if point[1] is not None] == [
        ["2026-06-30T00:00:00Z", 100.0],
        ["2026-07-01T00:00:00Z", 100.0],
        ["2026-07-01T00:00:00Z", 35.0],
        ["2026-07-02T00:00:00Z", 35.0],
    ]
    assert len(answer["table"]["rows"]) == 48
    assert [row[-1] for row in answer["table"]["rows"] if row[-1]] == ["仪器故障"]


def test_a_long_period_is_drawn_by_the_means_of_its_days(duty):
    starts = measured()
    places.put("P1", "a21026", "zs_avg", [starts[0] - dt.timedelta(days=120)], [10.0])
    query = {"property": "a21026-zs_avg", "from": "2026-01-15", "to": "2026-06-20"}
    answer = page(duty, "series", "P1", **query).json()
    # The flagged 25 at 05:00 does not count.
    values = np.delete(np.linspace(20, 60, 24), 5)
    rows = [row for row in answer["table"]["rows"] if row[1] is not None]
    assert [row[0] for row in rows] == ["2026-02-20 00:00", "2026-06-20 00:00"]
    assert rows[1][1] == pytest.approx(values.mean(), abs=0.001)


def test_the_calendar_shows_each_day_with_the_level_of_its_edition(duty):
    for day in ("2026-02-28", "2026-03-01"):
        places.put_air("N1", places.hours_of(day), PM25=70.0)
    air.evaluate(now=places.hour("2026-03-02", 12))
    rows = page(duty, "calendar", "N1", year=2026).json()["table"]["rows"]
    assert [(day, value) for day, value, _text in rows] == [("2026-02-28", 94.0), ("2026-03-01", 110.0)]
    assert [text.split()[1] for _day, _value, text in rows] == ["良", "轻度"]


def test_the_strip_shows_water_classes(duty):
    now = dt.datetime.now(dt.UTC)
    places.put_water("W1", [now - dt.timedelta(hours=9)], w21003=1.8)
    water.evaluate(now=now)
    (row,) = page(duty, "classes", "W1").json()["table"]["rows"]
    assert row[1:] == [5.0, "Ⅴ"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_export_holds_what_is_shown(duty, form):
    starts = measured()
    query = {"property": "a21026-zs_avg", "from": "2026-06-20", "to": "2026-06-20"}
    content = page(duty, "export", "P1", form, **query).content
    if form == "csv":
        assert content.startswith("\ufeff".encode())
        rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    else:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        assert table.schema.metadata[b"unit:a21026-zs_avg"].startswith(b"mg/m")
        rows = table.to_pylist()
    assert len(rows) == len(starts)
    assert [row["flag"] for row in rows][:7] == ["N"] * 5 + ["M", "N"]
    assert float(rows[5]["value"]) == 25


def test_a_selection_that_makes_no_sense_is_refused(duty):
    for query in (
        {"from": "2020-01-01", "to": "2026-01-01"},
        {"from": "2026-06-02", "to": "2026-06-01"},
        {"granularity": "week"},
    ):
        assert duty.get(reverse("observations:series", args=["P1"]), query).status_code == 404


def test_the_list_asks_the_database_as_often_for_many_stations_as_for_few(
    duty, django_assert_max_num_queries
):
    measured()
    with CaptureQueriesContext(connection) as few:
        page(duty, "stations", kind="gas_outlet")
    outlet = Station.objects.get(code="A1")
    Station.objects.bulk_create(
        Station(
            code=f"X{number}", name_zh="站", name_en="Station", kind="air", region=outlet.region,
            longitude=126.2, latitude=43.5, valid_from_date=dt.date(2020, 1, 1),
        )
        for number in range(45)
    )  # fmt: skip
    with django_assert_max_num_queries(len(few) + 1):
        page(duty, "stations")


PAGES = {
    "air:overview": "Stations, AQI now",
    "water:overview": "Limiting items",
    "emissions:overview": "Hour mean / permit limit",
    "plan:targets": "Every number can be followed to its rows, its formula and its clause.",
    "observations:stations": "Last data",
    "air:card_lines": "City AQI, last 24 hours",
    "air:card_counties": "Worst section",
    "plan:card_targets": "Share of good and moderate air days",
}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_of_the_rooms_speaks_both_languages(duty, language):
    places.put_air("N1", places.hours_of("2026-11-01", 3), PM25=90.0)
    duty.cookies["django_language"] = language
    for name, english in PAGES.items():
        response = duty.get(reverse(name))
        assert response.status_code == 200
        assert (english in response.content.decode()) == (language == "en"), name


@pytest.mark.parametrize("parameters", [{}, {"at": "2026-11-01T00:00:00+08:00"}])
def test_the_layers_are_feature_collections_at_any_time(duty, parameters):
    for name in ("air:layer", "water:layer", "emissions:layer", "water:rivers"):
        answer = duty.get(reverse(name), parameters).json()
        assert answer["type"] == "FeatureCollection"
        for feature in answer["features"]:
            assert {"id", "name", "label", "status", "url", "lines", "at"} <= set(feature["properties"])


def test_the_map_shows_the_hour_that_was_known_then(duty):
    for number, level in ((0, 20.0), (1, 160.0)):
        places.put_air("N1", [places.hour("2026-11-01", number)], PM25=level)
    air.evaluate(now=places.hour("2026-11-01", 3))

    def label(clock):
        features = duty.get(reverse("air:layer"), {"at": f"2026-11-01T{clock}+08:00"}).json()["features"]
        return next(item["properties"]["label"] for item in features if item["properties"]["id"] == "N1")

    # The hour from 01:00 is known when it is over.
    assert (label("01:30"), label("02:00")) == ("40", "210")


def test_an_over_limit_outlet_is_marked_on_the_map(duty):
    places.put("P1", "a21026", "zs_avg", [places.hour("2026-11-01", 0)], [60.0])
    features = duty.get(reverse("emissions:layer"), {"at": "2026-11-01T02:00+08:00"}).json()["features"]
    states = {item["properties"]["id"]: item["properties"]["status"] for item in features}
    assert states == {"P1": "bad", "P2": "stale"}
    assert store.last_sequence() > 0
