"""The five lines of work of the plan: each is in the menu with data, and one object is the same in all of them."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import city
from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import services as records
from modules import town as town_module

LINES = {
    "环境质量监测": ("observations:stations", "air:overview", "water:overview"),
    "污染治理": ("registry:facilities", "enterprises:overview", "emissions:overview"),
    "目标考核": ("plan:targets", "plan:programme", "plan:scores"),
    "业务监管": ("cases:desk", "cases:kpis", "inspections:overview"),
    "环境统计": ("network:statistics", "network:overview"),
}
"""Pages of each line in the sentence of the plan, in its order."""


@pytest.fixture
def walked(town, settings, tmp_path):
    """A city with a case about an outlet of a plant in a cell, a project, a duty and a reported number."""
    settings.MEDIA_ROOT = tmp_path / "media"
    people = city.people()
    now = timezone.now()
    finding = cases.FindingReport(
        kind="emissions.over_limit", dedup_key="k", rule_version="v1", title_zh="二氧化硫超标", title_en="SO2",
        severity=3, station_id=city.station("P1").pk, first_at=now, last_at=now,
        evidence={"start": now.isoformat(), "value": 51.0, "limit": 35.0},
    )  # fmt: skip
    people["case"] = cases.report(finding=finding, now=now).case
    town_module.put_air("N1", [town_module.hour("2026-11-01", 8)])
    people["project"] = records.create(
        register="plan-projects",
        values={"code": "P001", "name_zh": "污水厂扩建", "box": "专栏1", "theme": "water", "longitude": 126.7,
                "latitude": 43.5},
        actor=people["department"], at=city.AT,
    )  # fmt: skip
    indicators.record(
        computation=indicators.Computation(
            indicator="city_tree_cover_2027", period=(dt.date(2025, 1, 1), dt.date(2026, 1, 1)), edition="reported",
            value=51.5, unit="%", formula_zh="甲", formula_en="a", clause="", lineage={"rows": 1},
        ),
        at=now, reported_by="市林业局",
    )  # fmt: skip
    client = Client()
    client.force_login(people["leader"])
    people["client"] = client
    return people


def read(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, address
    return answer.content.decode()


def whole(client, address):
    """Return a page with the cards it fetches after it has opened."""
    page = read(client, address)
    cards = [html.unescape(found) for found in re.findall(r'hx-get="([^"]+)"', page)]
    return page + "".join(client.get(card).content.decode() for card in cards)


def test_one_object_is_the_same_in_all_five_lines_of_work(walked):
    client, case = walked["client"], walked["case"]
    menu = read(client, "/")
    declared = {page.url_name for page in manifests.pages()}
    for line, pages in LINES.items():
        for name in pages:
            assert name in declared, (line, name)
            assert f'href="{reverse(name)}"' in menu, (line, name)
            assert read(client, reverse(name)), (line, name)
    plant, outlet, cell, project = city.PLANT, "P1", "220202-02", "P001"
    facility, station = (
        reverse("registry:facility", args=[plant]),
        reverse("observations:station", args=[outlet]),
    )
    address = reverse("cases:case", args=[case.number])
    # The case names plant, station and cell; from each of them the way leads back to the same case.
    told = read(client, address)
    assert facility in told
    assert station in told
    assert cell in told or "二格" in told
    assert (case.facility.code, case.station.code, case.grid_cell.code) == (plant, outlet, cell)
    own = whole(client, facility)
    assert case.number in own
    assert station in own
    about = whole(client, station)
    assert facility in about
    assert case.number in about
    assert case.number in read(client, f"{reverse('cases:desk')}?view=list&station={outlet}")
    assert case.number in read(client, f"{reverse('cases:desk')}?view=list&facility={plant}")
    # The map knows them under the same ids.
    assert plant in read(client, reverse("registry:facilities_layer"))
    assert case.number in read(client, reverse("cases:layer"))
    assert outlet in read(client, reverse("emissions:layer"))
    # The project is the same row in the ledger, on its own page, on the map and on the page of the plan.
    row = reverse("records:plan-projects-row", args=[walked["project"].number])
    for place in (reverse("plan:projects"), reverse("records:plan-projects"), row):
        assert project in read(client, place), place
    assert walked["project"].number in read(client, reverse("records:plan-projects-layer"))
    # The number of the target is the number that its lineage tells.
    assert "51.5" in read(client, reverse("plan:target", args=["city_tree_cover_2027"]))
    assert "51.5" in read(client, reverse("indicators:lineage", args=["city_tree_cover_2027"]))


def test_the_overall_risk_follows_from_live_findings_by_a_rule(walked):
    client, case = walked["client"], walked["case"]
    page = read(client, reverse("cases:card_risk"))
    assert "较高" in page and f"type={case.case_type}&amp;flag=live" in page
    listed = read(client, f"{reverse('cases:desk')}?view=list&type={case.case_type}&flag=live")
    assert case.number in listed
    # Stations that send nothing are said, for nobody knows what they would show.
    assert "未收到数据" in page and "研判可能偏低" in page
    now = timezone.now()
    cases.end_finding(dedup_key="k", at=now)
    found = case_queries.risk(user=walked["leader"], on=city.ON, now=now)
    assert (found.level["code"], found.parts) == ("low", ())
    assert "没有仍在持续的线索" in read(client, reverse("cases:card_risk"))
    assert case.number not in read(client, f"{reverse('cases:desk')}?view=list&flag=live")
    # Who sees another county only is not told of it.
    again = cases.FindingReport(
        kind="emissions.over_limit", dedup_key="k2", rule_version="v1", title_zh="超标", title_en="SO2", severity=4,
        station_id=city.station("P1").pk, first_at=now, last_at=now, evidence={"start": now.isoformat()},
    )  # fmt: skip
    cases.report(finding=again, now=now)
    levels = [
        case_queries.risk(user=walked[name], on=city.ON, now=now).level["code"]
        for name in ("leader", "colleague")
    ]
    assert levels == ["high", "low"]
