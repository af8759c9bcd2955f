"""One policy for every address: it names a permission, and shows nobody what lies outside the own scope."""

from __future__ import annotations

import collections
import csv
import datetime as dt
import json
import os
import re

import pytest
from django.conf import settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from core import city, policy_table
from jiangcheng.core.access import services as access
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.manifest import manifests
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Facility, ObservedProperty

PUBLIC = {
    "login", "logout", "language", "healthz", "metrics",
    "login/second", "login/second/question", "login/second/passkey", "login/provider", "login/provider/back",
    "inspections/published", "inspections/published/<str:number>.json", "inspections/verify",
    "credit/published", "credit/disclosed", "credit/disclosed/<str:number>",
    "public/", "public/report", "public/report/sent", "public/follow", "public/openings", "public/openings/cancel",
    "public/openings/<str:number>/book", "public/releases", "public/releases/<str:number>",
    "public/registers/<str:code>", "public/correct", "public/data", "public/data/catalogue.jsonld",
    "public/data/stations.json", "public/data/stations/<str:code>/<str:day>.<str:form>",
    "air/public/", "water/public/", "water/outfalls/<str:number>/plate",
    "enforcement/published", "inspectorate/published",
    "safety/ack/<str:token>",  # a neighbour acknowledges a notice by the signed link in it
    "enterprises/lists", "enterprises/p/<str:token>", "enterprises/plate-key.json",
    "enterprises/plate-revocations.json",
    "emissions/evidence-key.json",
    "field/sw.js", "field/manifest.webmanifest",
    "api/ingest/<str:mn>",  # machines: a device's own token, checked by the view
}  # fmt: skip
REFUSED = {"api/v1/"}
"""Ninja's root has no view of ours; the middleware refuses it."""
ENDLESS = {"live"}
"""A stream; its scope is tested with the portal."""


def routes(resolver=None, prefix=""):
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


LISTS = sorted(route for route, _ in routes() if "<" not in route and route not in PUBLIC | REFUSED | ENDLESS)


def test_every_address_names_a_permission_and_few_are_public():
    named = {route: access.permission_of(view) for route, view in routes()}
    assert {route for route, permission in named.items() if permission is None} == REFUSED
    assert {route for route, permission in named.items() if permission == "public"} == PUBLIC


@pytest.mark.django_db
def test_nobody_gets_in_without_logging_in(client):
    for route in LISTS:
        answer = client.get(f"/{route}")
        if answer.status_code == 405:
            answer = client.post(f"/{route}")
        assert answer.status_code in (302, 401), (route, answer.content)
        if answer.status_code == 302:
            assert answer.url.startswith("/login"), route


@pytest.fixture
def two_plants(db):
    """The small city with an over-limit finding, its case and its values at a stack of each plant."""
    city.build()
    people = policy_table.people()
    sulphur = ObservedProperty.objects.get(code="a21026")
    start = int(city.AT.timestamp()) // 3600 * 3600 - 7200
    for code, plant in (("P1", city.PLANT), ("P2", city.OTHER_PLANT)):
        point = city.station(code)
        store.append(
            store.Batch.of(
                granularity=store.Granularity.HOUR,
                start=[start],
                station=point.pk,
                property=sulphur.pk,
                value=[60.0],
            ),
            source="test",
            received_at=city.AT,
        )
        cases.report(
            finding=cases.FindingReport(
                kind="emissions.over_limit",
                dedup_key=f"over:{code}",
                rule_version="emissions.over_limit v1",
                title_zh=f"{point.name_zh} 超限",
                title_en=f"{point.name_en} over limit",
                severity=3,
                station_id=point.pk,
                facility_id=Facility.objects.get(code=plant).pk,
                first_at=city.AT,
                last_at=city.AT,
                evidence={"value": 60},
            ),
            now=city.AT,
        )
    return people


def seen_by(person, route, **query):
    client = Client()
    client.force_login(person)
    return client.get(f"/{route}", query)


once = pytest.mark.skipif(
    settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3",
    reason="who may see what does not depend on the database; the pass on SQLite asks it",
)


def of_one_register(route):
    """Tell whether an address is of a register other than one: all registers share their views."""
    return not route.startswith("records/") or route.startswith(
        ("records/disclosures/", "records/facilities/")
    )


PARTS = 2
"""The table is asked for in parts, so that several workers share it."""


@once
@pytest.mark.parametrize("part", range(PARTS))
def test_who_gets_what_at_every_address_is_as_reviewed(part, two_plants):
    asked = {
        route: access.permission_of(view)
        for route, view in routes()
        if of_one_register(route) and route not in REFUSED | ENDLESS | policy_table.CHANGING
    }
    if os.environ.get("JIANGCHENG_WRITE_POLICY"):
        policy_table.TABLE.write_text(policy_table.as_csv(policy_table.ask(asked.items(), two_plants)))
        return
    mine = set(sorted(asked)[part::PARTS])
    found = policy_table.as_csv(
        policy_table.ask([item for item in asked.items() if item[0] in mine], two_plants)
    )
    others = set(asked) - mine
    reviewed = {
        line
        for line in policy_table.TABLE.read_text().splitlines()
        if next(csv.reader([line]))[0] not in others
    }
    changed = set(found.splitlines()) ^ reviewed
    assert not changed, "differs from policy.csv; see policy_table.py:\n" + "\n".join(sorted(changed))


def test_every_register_locks_the_same_doors_as_the_one_in_the_table():
    doors = collections.defaultdict(dict)
    for route, view in routes():
        if found := re.match(r"records/([a-z-]+)/(.*)", route):
            doors[found[1]][found[2]] = access.permission_of(view)
    del doors["facilities"]
    declared = manifests.registers()
    assert doors.keys() == declared.keys()

    changing = {door for door, lock in doors["disclosures"].items() if lock == declared["disclosures"].change}
    for code, own in declared.items():
        expected = {door: own.change if door in changing else own.view for door in doors["disclosures"]}
        assert doors[code] == expected, code


FOREIGN = ("乙厂", city.OTHER_PLANT, '"P2"', "/P2/")


def text_of(answer):
    """Return the body with JSON's escapes undone, so that a Chinese name is found."""
    body = (b"".join(answer) if answer.streaming else answer.content).decode(errors="replace")
    return json.dumps(json.loads(body), ensure_ascii=False) if "json" in answer["Content-Type"] else body


def shows_rows(route):
    """Tell whether an address shows rows; forms and templates of registers are asked for one of them."""
    return of_one_register(route) or route.endswith(("/", "/export", "/layer.geojson"))


def lists_that_show(person, *names):
    """Return, for each group of names, the lists a person may open that show any of them."""
    found = [[] for _ in names]
    for route in filter(shows_rows, LISTS):
        answer = seen_by(person, route)
        assert answer.status_code in (200, 302, 400, 401, 403, 404, 405, 422), (route, answer.status_code)
        text = text_of(answer) if answer.status_code == 200 else ""
        for lists, group in zip(found, names, strict=True):
            if any(name in text for name in group):
                lists.append(route)
    return found


@once
def test_an_enterprise_sees_itself_and_nothing_of_its_rival_in_any_list(two_plants):
    rivals, own = lists_that_show(two_plants["enterprise"], FOREIGN, ("甲厂", city.PLANT))
    assert rivals == []
    assert {"cases/", "cases/layer.geojson", "stations/"} <= set(own)


@once
def test_an_inspector_of_one_county_sees_no_case_of_another(two_plants):
    foreign, own = lists_that_show(two_plants["inspector"], ("乙厂排口 超限",), ("甲厂排口 超限",))
    assert foreign == []
    assert "cases/" in own


def foreign_addresses():
    case = Case.objects.get(facility__code=city.OTHER_PLANT)
    day = city.AT.date()
    period = {
        "from": day.isoformat(),
        "to": (day + dt.timedelta(days=1)).isoformat(),
        "start": day.isoformat(),
    }
    return [
        ("stations/P2/", {}),
        ("stations/P2/series.json", period),
        ("stations/P2/export.csv", period),
        ("stations/P2/calendar.json", {}),
        (f"facilities/{city.OTHER_PLANT}", {}),
        (f"cases/{case.number}", {}),
        ("api/v1/stations/P2", {}),
        (f"api/v1/cases/{case.number}", {}),
        (f"api/v1/cases/{case.number}/steps", {}),
    ]


def test_a_foreign_record_is_not_there_for_an_enterprise(two_plants):
    for route, query in foreign_addresses():
        answer = seen_by(two_plants["enterprise"], route, **query)
        assert answer.status_code in (403, 404), route
        assert "乙厂" not in answer.content.decode(), route


def test_acting_on_a_foreign_case_is_refused_and_changes_nothing(two_plants):
    case = Case.objects.get(facility__code=city.OTHER_PLANT)
    before = (case.state, case.steps.count())
    client = Client()
    client.force_login(two_plants["enterprise"])
    answer = client.post(f"/cases/{case.number}/act", {"action": "accept", "text": "x"})
    assert answer.status_code in (403, 404)
    case.refresh_from_db()
    assert (case.state, case.steps.count()) == before


def test_a_form_without_its_token_is_refused(two_plants):
    client = Client(enforce_csrf_checks=True)
    client.force_login(two_plants["duty"])
    case = Case.objects.first()
    assert client.post(f"/cases/{case.number}/act", {"action": "accept"}).status_code == 403


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org/", "javascript:alert(1)"])
def test_logging_in_leads_to_no_other_host(target, two_plants, client):
    answer = client.post(
        f"/login?next={target}", {"username": "duty", "password": city.PASSWORD, "next": target}
    )
    assert answer.status_code == 302
    assert answer.url.startswith("/") and not answer.url.startswith("//")


def test_pages_say_what_a_browser_may_do(two_plants):
    answer = seen_by(two_plants["duty"], "cases/")
    policy = answer["Content-Security-Policy"]
    assert "'unsafe-inline'" not in policy and "'unsafe-eval'" not in policy
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
