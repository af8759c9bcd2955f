"""The JSON API: what programs may read, page by page."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import city
from jiangcheng.config import wiring
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.air import services as air
from jiangcheng.modules.emissions import services as emissions
from modules import town as places

BASE = "/api/v1"


@pytest.fixture
def people(db, settings, tmp_path):
    wiring.load_manifests()
    settings.OBSERVATIONS = {"sealed": tmp_path, "hot_months": 2}
    places.build()
    return city.people()


@pytest.fixture
def leader(client, people):
    client.force_login(people["leader"])
    return client


def pages(client, path, **parameters):
    """Follow ``next`` to the end and return the items of every page."""
    found, cursor = [], ""
    while True:
        response = client.get(BASE + path, {**parameters, "cursor": cursor})
        assert response.status_code == 200, response.content
        answer = response.json()
        found.append(answer["items"])
        cursor = answer["next"]
        if cursor is None:
            return found


def period(day, days=1):
    start = places.hour(day)
    return {"start": start.isoformat(), "end": (start + dt.timedelta(days=days)).isoformat()}


def test_nobody_reads_without_log_in_or_permission(client, people):
    for user, status in ((None, 401), ("auditor", 403), ("inspector", 403)):
        if user:
            client.force_login(people[user])
        response = client.get(f"{BASE}/stations")
        assert response.status_code == status
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.json()["status"] == status


def test_a_person_reads_what_lies_in_their_area(client, people):
    client.force_login(people["department"])
    assert len(pages(client, "/stations")[0]) == Station.objects.count()
    narrowed = people["department"].assignments.get()
    narrowed.region_code = "220203"
    narrowed.save()
    codes = {item["code"] for item in pages(client, "/stations")[0]}
    assert codes == set(Station.objects.filter(region__code="220203").values_list("code", flat=True))
    assert client.get(f"{BASE}/stations/P1").status_code == 404
    query = {"station": "P1", **period("2026-06-20")}
    assert client.get(f"{BASE}/observations", query).status_code == 404


def test_paging_neither_repeats_nor_loses_rows_while_others_arrive(leader):
    starts = places.hours_of("2026-06-20")
    places.put("P1", "a21026", "zs_avg", starts[:12], range(12))
    query = {"station": "P1", "property": "a21026", **period("2026-06-20"), "limit": 5}
    first = leader.get(f"{BASE}/observations", query).json()
    places.put("P1", "a21026", "zs_avg", starts[12:], range(12, 24))
    rest = pages(leader, "/observations", **{**query, "cursor": first["next"]})
    second = leader.get(f"{BASE}/observations", {**query, "cursor": first["next"]}).json()
    values = [item["value"] for item in first["items"] + second["items"]]
    assert values == list(range(10))
    everything = [item["value"] for page in pages(leader, "/observations", **query) for item in page]
    assert everything == list(range(24))
    assert sum(len(page) for page in rest) == 24


def test_lists_of_rows_are_paged_by_key(leader):
    for number in range(7):
        Station.objects.create(
            code=f"X{number}", name_zh="站", name_en="Station", kind="noise", longitude=126.2, latitude=43.5,
            region=Station.objects.get(code="P1").region, valid_from_date=dt.date(2020, 1, 1),
        )  # fmt: skip
    found = pages(leader, "/stations", kind="noise", limit=3)
    assert [len(page) for page in found] == [3, 3, 1]
    assert len({item["code"] for page in found for item in page}) == 7


def test_measured_and_derived_values_are_apart_and_carry_unit_flag_and_zone(leader):
    places.put_air("N1", places.hours_of("2026-03-05", 2), PM25=70.0)
    air.evaluate(now=places.hour("2026-03-06", 1))
    query = {"station": "N1", **period("2026-03-05")}
    measured = pages(leader, "/observations", **query, property="a34004-avg")[0]
    assert measured[0] == {
        "station": "N1",
        "property": "a34004-avg",
        "granularity": "hour",
        "start": "2026-03-04T16:00:00Z",
        "value": 70.0,
        "unit": "µg/m3",
        "flag": "N",
        "revision": 0,
    }
    derived = {item["property"] for item in pages(leader, "/evaluations", **query)[0]}
    assert {"aqi-avg", "iaqi_pm25-avg"} <= derived
    assert not derived & {item["property"] for item in pages(leader, "/observations", **query)[0]}


@pytest.mark.parametrize(
    ("parameters", "status"),
    [
        ({"cursor": "%%"}, 400),
        ({"cursor": "W10"}, 400),
        ({"granularity": "week"}, 400),
        ({"limit": 5000}, 422),
        ({"start": "2026-06-20T00:00:00"}, 400),
        ({"start": "yesterday"}, 422),
        ({"start": "2020-01-01T00:00:00Z"}, 400),
        ({"station": "NOWHERE"}, 404),
    ],
)
def test_mistakes_are_answered_as_problems(leader, parameters, status):
    query = {"station": "P1", **period("2026-06-20"), **parameters}
    response = leader.get(f"{BASE}/observations", query)
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["instance"] == f"{BASE}/observations"


def test_cases_and_findings_tell_of_one_another(leader):
    hour = places.hour("2026-11-01")
    places.put("P1", "a21026", "zs_avg", [hour], [60.0])
    emissions.evaluate(now=hour + dt.timedelta(hours=2))
    (finding,) = pages(leader, "/findings")[0]
    (case,) = pages(leader, "/cases")[0]
    assert (finding["case"], finding["station"]) == (case["number"], "P1")
    assert case["grid_cell"] == "220202-02"
    steps = leader.get(f"{BASE}/cases/{case['number']}/steps").json()
    assert [step["sequence"] for step in steps][:1] == [1]
    assert pages(leader, "/cases", state="closed") == [[]]


def test_indicators_carry_their_lineage(leader):
    indicators.record(
        computation=indicators.Computation(
            indicator="x", period=(dt.date(2026, 1, 1), dt.date(2027, 1, 1)), edition="E", value=1.5, unit="%",
            formula_zh="甲", formula_en="a", clause="1", lineage={"rows": 3},
        ),
        at=city.AT,
    )  # fmt: skip
    (item,) = pages(leader, "/indicators", indicator="x")[0]
    assert (item["value"], item["lineage"], item["current"]) == (1.5, {"rows": 3}, True)
    assert len(leader.get(f"{BASE}/indicators/x/history").json()) == 1


def test_an_unchanged_answer_is_not_sent_again(leader):
    first = leader.get(f"{BASE}/stations")
    again = leader.get(f"{BASE}/stations", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_description_is_openapi_3_1_and_the_page_shows_it(leader):
    schema = leader.get(f"{BASE}/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    paths = set(schema["paths"])
    for path in ("stations", "observations", "evaluations", "cases", "findings", "indicators"):
        assert f"{BASE}/{path}" in paths
    writing = {path for path, methods in schema["paths"].items() if set(methods) != {"get"}}
    assert writing == {f"{BASE}/straw/signals", f"{BASE}/straw/camera-orders/{{number}}"}
    content = leader.get(f"{BASE}/docs").content.decode()
    assert all(path in content for path in paths)


def test_a_page_costs_the_same_number_of_queries_however_long(leader, django_assert_max_num_queries):
    with CaptureQueriesContext(connection) as one:
        leader.get(f"{BASE}/stations", {"limit": 1})
    with django_assert_max_num_queries(len(one)):
        leader.get(f"{BASE}/stations", {"limit": 100})
