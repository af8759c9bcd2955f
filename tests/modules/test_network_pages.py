"""The pages of the network: empty, filled, in both languages, for whom they are."""

from __future__ import annotations

import datetime as dt

import pytest
from django.apps import apps
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.records.queries import register as records_of
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.demo import network
from jiangcheng.modules.network import module
from modules import town

PAGES = ("overview", "points", "quality", "catalogue", "catalogue_json", "rural", "statistics")


@pytest.fixture
def people(request):
    request.getfixturevalue("town")
    return city.people()


@pytest.fixture
def client_of(people):
    def log_in(name):
        client = Client()
        client.force_login(people[name])
        return client

    return log_in


def test_every_page_opens_for_the_staff_before_anything_was_entered_and_for_nobody_else(client_of):
    for who, status in (
        ("department", 200),
        ("inspector", 200),
        ("leader", 200),
        ("enterprise", 403),
        ("system", 403),
    ):
        client = client_of(who)
        for page in PAGES:
            assert client.get(reverse(f"network:{page}")).status_code == status, (who, page)


def test_a_page_is_read_in_english(client_of):
    client = client_of("department")
    client.cookies["django_language"] = "en"
    text = client.get(reverse("network:overview"), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "Coverage: elements" in text


def test_the_matrix_leads_to_the_stations_of_a_cell(client_of):
    client = client_of("department")
    text = client.get(reverse("network:overview")).content.decode()
    address = reverse("network:points") + "?element=air&amp;county=220202"
    assert address in text
    points = client.get(reverse("network:points"), {"element": "air", "county": "220202"}).content.decode()
    assert "/stations/N1/" in points and "/stations/P1/" not in points


def test_an_inspector_sees_the_points_of_the_own_county_only(client_of):
    text = (
        client_of("colleague").get(reverse("network:points"), {"element": "surface_water"}).content.decode()
    )
    assert "/stations/W2/" in text and "/stations/W1/" not in text


def test_the_page_of_a_station_carries_the_card_of_its_control(people, client_of):
    page = client_of("department").get(reverse("observations:station", args=["N1"])).content.decode()
    card = reverse("network:station_card", args=["N1"])
    assert card in page
    values = {"station": "N1", "kind": "zero_span", "performed_at": city.AT, "result": "passed"}
    row = records.create(register="qc-records", values=values, actor=people["department"], at=city.AT)
    at = {"at": (city.AT + dt.timedelta(days=1)).isoformat(), "observed": "a34004-avg"}
    assert row.number in client_of("department").get(card, at).content.decode()
    assert client_of("enterprise").get(card).status_code == 403


def test_the_page_of_an_agency_shows_reports_checks_and_penalties(people, client_of):
    def add(register, **values):
        return records.create(register=register, values=values, actor=people["department"], at=city.AT)

    agency = add(
        "agencies", name_zh="某检测公司", credit_code="91220200AGENCY0001", qualification="CMA-1",
        qualified_to_date=dt.date(2020, 1, 1),
    )  # fmt: skip
    sample = add(
        "lab-samples", station="W1", sampled_at=city.AT, observed="w01019-avg", method="GB 11892-1989",
        unit="mg/L", lod=0.5, result=2.0, lab_qc="passed", agency=agency.number,
    )  # fmt: skip
    add("agency-checks", agency=agency.number, checked_date=city.ON, score=60.0, penalty="吉环罚〔2026〕9号")
    text = client_of("department").get(reverse("network:agency_card", args=[agency.number])).content.decode()
    assert sample.number in text and "吉环罚〔2026〕9号" in text and "资质已过期" in text


def test_the_rural_index_names_what_is_missing(people, client_of):
    county = Region.objects.get(code="220202")
    for item in ("air", "drinking_water", "surface_water"):
        values = {
            "region": county,
            "village": "某村",
            "year": 2026,
            "item": item,
            "samples": 4,
            "compliant": 3,
        }
        records.create(register="rural-results", values=values, actor=people["department"], at=city.AT)
    text = client_of("department").get(reverse("network:rural"), {"year": 2026}).content.decode()
    assert "75.0" in text and "数据不足" in text and "土壤、灌溉水、生活污水处理设施" in text


def test_the_demo_city_fills_every_register_once(people, client_of):
    Facility.objects.update(synthetic=True)
    town.put_air("N1", [town.hour("2026-11-01", number) for number in range(24)])
    network.furnish(now=city.AT, progress=lambda _share, _what: None)
    network.furnish(now=city.AT, progress=lambda _share, _what: None)
    for register in module.MANIFEST.registers:
        assert apps.get_model(register.model).objects.exists(), register.code
    client = client_of("department")
    for page in PAGES:
        assert client.get(reverse(f"network:{page}")).status_code == 200, page
    text = client.get(reverse("network:overview")).content.decode()
    assert "地下水" in text and "未说明" in text
    for register, card in (("campaigns", "campaign"), ("agencies", "agency"), ("data-requests", "request")):
        number = apps.get_model(records_of(register).model).objects.latest("pk").number
        assert client.get(reverse(f"network:{card}_card", args=[number])).status_code == 200
