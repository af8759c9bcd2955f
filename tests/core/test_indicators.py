"""Numbers with their lineage: one current row, every earlier one kept, a page that tells where it comes from."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from django.urls import reverse

from core import city
from jiangcheng.config import wiring
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.indicators import queries, services
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.modules.air import services as air
from modules import town as places

AT = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
YEAR = (dt.date(2026, 1, 1), dt.date(2027, 1, 1))
COMPUTATION = services.Computation(
    indicator="x",
    period=YEAR,
    edition="E-1",
    value=1.5,
    unit="%",
    formula_zh="甲 ÷ 乙",
    formula_en="a ÷ b",
    clause="表1",
    lineage={"rows": 3, "snapshot": "w1-m0"},
)


def record(**changed):
    return services.record(computation=dataclasses.replace(COMPUTATION, **changed), at=AT)


def test_how_cases_are_handled_is_a_number_with_its_rows_and_an_empty_denominator_stays_empty(town, client):
    for key, longitude in (("a", 126.2), ("b", 127.5)):
        cases.report(
            finding=cases.FindingReport(
                kind="cases.patrol", dedup_key=key, rule_version="v1", title_zh=key, title_en=key, severity=2,
                first_at=city.AT, last_at=city.AT, longitude=longitude, latitude=43.5, evidence={},
            ),
            now=city.AT,
        )  # fmt: skip
    later = city.AT + dt.timedelta(hours=1)
    case = Case.objects.get(region__code__startswith="220202")
    cases.act(case=case, action="accept", actor=town["duty"], now=later)
    services.record_handling(on=city.ON, at=later)
    rows = {row.indicator: row for row in queries.current()}
    filed, rework = rows["handling_filed"], rows["handling_rework"]
    assert (filed.value, filed.lineage["rows"]) == (50.0, 2)
    assert filed.lineage["intermediates"] == {"220202": 100.0, "220203": 0.0}
    assert rework.value is None
    client.force_login(town["leader"])
    page = client.get(reverse("indicators:lineage", args=["handling_filed"])).content.decode()
    assert filed.lineage["url"].replace("&", "&amp;") in page and "昌邑区" in page
    listed = client.get(filed.lineage["url"]).content.decode()
    assert all(number in listed for number in Case.objects.values_list("number", flat=True))
    assert "立案率" in client.get(reverse("indicators:index")).content.decode()


@pytest.mark.django_db
def test_only_what_changed_is_recorded_and_nothing_is_lost():
    first = record()
    assert record(lineage={"rows": 3, "snapshot": "w2-m0"}) == first
    record(value=2.5)
    record(lineage={"rows": 4, "snapshot": "w3-m0"})
    assert [(row.value, row.current) for row in queries.history(indicator="x")] == [
        (1.5, True),
        (2.5, False),
        (1.5, False),
    ]


@pytest.mark.django_db
def test_editions_stand_side_by_side_for_the_latest_period_begun():
    record(edition="E-2", value=9.0)
    record()
    record(period=(dt.date(2027, 1, 1), dt.date(2028, 1, 1)))
    found = queries.latest(on=dt.date(2026, 11, 20))["x"]
    assert [(row.edition, row.value) for row in found] == [("E-1", 1.5), ("E-2", 9.0)]
    assert len(queries.latest(on=dt.date(2027, 1, 1))["x"]) == 1


@pytest.mark.django_db
def test_a_number_that_cannot_be_computed_is_recorded_as_none():
    assert record(value=float("nan")).value is None
    assert IndicatorValue.objects.get().value is None


@pytest.fixture
def town(db, settings, tmp_path):
    wiring.load_manifests()
    settings.OBSERVATIONS = {"sealed": tmp_path, "hot_months": 2}
    places.build()
    return city.people()


def test_a_number_opens_to_formula_clause_rows_stations_and_snapshot(client, town):
    for station in ("N1", "N2", "N3"):
        places.put_air(station, places.hours_of("2026-03-05"), PM25=30.0)
    air.evaluate(now=places.hour("2026-03-06", 12))
    air.compute_indicators(on=dt.date(2026, 3, 6), at=places.hour("2026-03-06", 12))
    client.force_login(town["leader"])
    code = "city_good_air_days_ratio_2027"
    content = client.get(reverse("indicators:lineage", args=[code])).content.decode()
    row = queries.current(indicators=[code]).last()
    for part in ("HJ 633-2012", "HJ 633-2026", row.formula_zh, row.clause, row.lineage["snapshot"]):
        assert part in content
    assert reverse("observations:station", args=["N1"]) in content
    link = f"{reverse('observations:station', args=['220200'])}?property=aqi_2026-avg&amp;granularity=day"
    assert link in content
    plan = client.get(reverse("plan:targets"), {"theme": "air"}).content.decode()
    assert plan.count('<small class="muted">HJ 633-2026</small>') == 2


def test_a_number_is_shown_only_to_who_may_see_the_plan(client, town):
    client.force_login(town["enterprise"])
    for name, arguments in (("indicators:lineage", ["x"]), ("plan:targets", []), ("plan:card_targets", [])):
        assert client.get(reverse(name, args=arguments)).status_code == 403
    client.force_login(town["leader"])
    assert client.get(reverse("indicators:lineage", args=["unknown"])).status_code == 404


def test_the_plan_page_filters_and_asks_the_database_a_fixed_number_of_times(
    client, town, django_assert_max_num_queries
):
    client.force_login(town["leader"])
    with django_assert_max_num_queries(13):
        everything = client.get(reverse("plan:targets")).context["rows"]
    assert len(everything) == 134
    awaited = client.get(reverse("plan:targets"), {"state": "awaited", "theme": "transport"}).context["rows"]
    assert awaited
    assert all((row.standing.state, row.standing.target.theme) == ("awaited", "transport") for row in awaited)
