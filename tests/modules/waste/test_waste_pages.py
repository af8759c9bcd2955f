"""Who sees what, the pages, the registers and the demo city."""

from __future__ import annotations

import datetime as dt

import pytest
from django.urls import reverse

from core import city
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import manifests as registry
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registers
from jiangcheng.demo import waste as demo
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.models import Manifest, ManifestItem
from jiangcheng.modules.waste.module import MANIFEST
from modules.wastes import CITY_PAGES, CODE, OIL, PAGES, draft, months, plan


def test_who_sees_what(people, add, licensed, client_of):
    plan(people, add, CODE)
    row = draft(people)
    other = add(
        "waste-months", facility=licensed, stream="hazardous", code=OIL, month_date=dt.date(2026, 1, 1)
    )
    page = reverse("records:waste-manifests-row", args=[row.number])
    for who, status in (
        ("enterprise", 200),
        ("rival", 200),
        ("inspector", 200),
        ("colleague", 404),
        ("system", 403),
    ):
        assert client_of(who).get(page).status_code == status, who
    assert (
        client_of("enterprise").get(reverse("records:waste-months-row", args=[other.number])).status_code
        == 404
    )
    for page in PAGES:
        for who, status in (("department", 200), ("enterprise", 200), ("inspector", 200), ("system", 403)):
            assert client_of(who).get(reverse(f"waste:{page}")).status_code == status, (who, page)
    for page in CITY_PAGES:
        for who, status in (("department", 200), ("enterprise", 403), ("leader", 200)):
            assert client_of(who).get(reverse(f"waste:{page}")).status_code == status, (who, page)
    assert city.OTHER_PLANT not in client_of("enterprise").get(reverse("waste:hazardous")).content.decode()
    mine = reverse("waste:card_facility", args=[city.PLANT])
    assert client_of("enterprise").get(mine).status_code == 200
    assert client_of("rival").get(mine).status_code == 404


def test_pages_are_read_in_english_and_every_register_opens(people, client_of):
    client = client_of("department")
    client.cookies["django_language"] = "en"
    for page, word in (("overview", "Zero-waste city"), ("indicators", "Utilisation of industrial waste"),
                       ("hazardous", "Mass balance by unit and code"), ("balances", "New kinds of waste")):  # fmt: skip
        assert word in client.get(reverse(f"waste:{page}"), HTTP_ACCEPT_LANGUAGE="en").content.decode()
    for declared in MANIFEST.registers:
        assert client.get(reverse(f"records:{declared.code}")).status_code == 200
        if declared.change != "waste.send":
            assert client.get(reverse(f"records:{declared.code}-new")).status_code == 200
    assert len(MANIFEST.registers) == 21 and set(registry.registers()) >= {
        row.code for row in MANIFEST.registers
    }


def test_the_flows_are_drawn_and_told(people, add, client_of):
    months(add, months=1)
    answer = client_of("department").get(reverse("waste:flows"), {"year": "2026"}).json()
    assert answer["option"]["series"][0]["type"] == "sankey"
    assert answer["table"]["rows"] == [["工业危险废物", "新增贮存", 5.0], ["新增贮存", "贮存", 5.0]]
    assert client_of("department").get(reverse("waste:flows"), {"year": "x"}).status_code == 200
    assert Case.objects.count() == 0


def test_the_demo_city_has_two_years_that_hang_together_but_for_what_is_meant_to_be_wrong(people, client_of):
    rows = [
        city.named(
            f"91220200DEMO{number:05d}A",
            f"演示厂{number}",
            longitude=126.3 + number / 50,
            latitude=43.5,
            synthetic=True,
        )
        for number in range(1, 31)
    ]
    assert not registers.import_register("facilities", rows, actor=None, at=city.AT).errors
    now = dt.datetime(2026, 11, 21, 2, tzinfo=dt.UTC)
    demo.furnish(now=now, progress=lambda _share, _text: None)
    count = Manifest.objects.count()
    assert count > 300 and ManifestItem.objects.count() == count
    wrong = [line for line in queries.balances(year=2026, scope=None) if not line.good]
    assert [(line.facility.code, line.code) for line in wrong] == [("91220200DEMO00003A", demo.PACKAGES)]
    assert wrong[0].masses.residual == demo.LOST_TONNES and wrong[0].matched
    states = queries.manifest_counts(Manifest.objects.all())
    assert states["rejected"] == states["differing"] == states["draft"] == states["cancelled"] == 1
    kinds = set(
        Finding.objects.filter(ended_at=None, kind__startswith="waste.").values_list("kind", flat=True)
    )
    assert kinds == {
        f"waste.{kind}" for kind in ("imbalance", "storage_overdue", "storage_full", "ratio", "plan_missing",
                                     "manifest_difference", "manifest_rejected", "track", "dump",
                                     "lorry_stop", "lorry_route")
    }  # fmt: skip
    records.watch_due(now=now)
    assert Finding.objects.filter(kind="waste.manifest_overdue").exists()
    assert records.verify_steps().ok
    demo.furnish(now=now, progress=lambda _share, _text: None)
    assert Manifest.objects.count() == count, "a second time changes nothing"
    for page in (*PAGES, *CITY_PAGES):
        assert client_of("leader").get(reverse(f"waste:{page}")).status_code == 200
    number = Manifest.objects.filter(state="received").first().number
    with pytest.raises(Refused, match="state"):
        records.load_past(
            register="waste-manifests", actor=None, at=now,
            rows=[records.PastRow(f"9{number[1:]}", {}, now, [records.PastStep("ship", None, now)])],
        )  # fmt: skip
