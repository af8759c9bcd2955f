"""Acceptance sentences of the list of systems that no test of a room walks to the end."""

from __future__ import annotations

import datetime as dt
import pathlib

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse

from core import city
from jiangcheng.core.access import queries as held
from jiangcheng.core.access import services as access
from jiangcheng.core.cases import queries as cases_queries
from jiangcheng.core.cases import rules as case_rules
from jiangcheng.core.cases import services as cases
from jiangcheng.core.manifest import manifests
from jiangcheng.core.portal import queries as portal
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry import services as registers
from jiangcheng.core.registry.models import Facility, GridCell, Region
from jiangcheng.modules.credit import services as credit
from jiangcheng.modules.ecology import queries as ecology
from jiangcheng.modules.plan import rules as plan

MODULES = tuple(f"M{number:02}" for number in range(1, 11))


@pytest.fixture
def people(db):
    city.build()
    cases.load_workflows()
    return city.people()


@pytest.fixture
def add(people):
    def put(register, who="department", at=city.AT, **values):
        return records.create(register=register, values=values, actor=people[who], at=at)

    return put


def client_of(person):
    client = Client()
    client.force_login(person)
    return client


def act(record, action, person, text="已核", **more):
    records.act(record=record, action=action, actor=person, now=city.AT, text=text, **more)
    record.refresh_from_db()
    return record.state


def county(code="220202"):
    return Region.objects.get(code=code)


def test_the_ten_modules_are_listed_and_an_alert_has_somebody_responsible(people):
    names = {system.group for system in plan.systems() if system.group[:3] in MODULES}
    page = client_of(people["leader"]).get(reverse("plan:systems")).content.decode()
    assert len(names) == 10
    assert {name for name in names if name not in page} == set()
    case = alert("emissions.over_limit")
    cell = case.grid_cell
    assert cell == GridCell.objects.get(code="220202-01")
    assert registry.responsible(grid_cell=cell, on=city.ON).inspector == people["inspector"]
    assert cases_queries.propose_handler(case=case, on=city.ON) == people["inspector"]


def alert(kind):
    """Report a finding of a room in the first cell, and return its case."""
    finding = cases.FindingReport(
        kind=kind, dedup_key=kind, rule_version="1", title_zh="超标", title_en="Over", severity=3, first_at=city.AT,
        last_at=city.AT, evidence={}, longitude=126.2, latitude=43.5,
    )  # fmt: skip
    return cases.report(finding=finding, now=city.AT).case


def test_what_happens_on_a_reach_goes_to_its_chief_too(people):
    """Whoever is the chief of the river in the cell of a case about water is proposed beside the inspector."""
    (water,) = [row for row in case_rules.settings("dispatch")["chiefs"] if row["duty"] == "river_chief"]
    kinds = [
        kind.code for kind in manifests.finding_kinds().values() if kind.case_type in water["case_types"]
    ]
    duty = {
        "grid_cell": "220202-01",
        "user": "colleague",
        "duty": "river_chief",
        "valid_from_date": "2026-01-01",
    }
    access.assign_role(user=people["colleague"], role="grid_inspector", region_code="220202",
                       on=dt.date(2026, 1, 1), at=city.AT)  # fmt: skip
    assert registers.import_register("grid_duties", [duty], actor=None, at=city.AT).errors == ()
    found = cases_queries.proposals(case=alert(kinds[0]), at=city.AT)
    assert [item.person.username for item in found][:2] == ["inspector", "colleague"]
    assert client_of(people["duty"]).get(reverse("cases:roster")).status_code == 200


def test_one_account_opens_every_page_of_its_menu_and_sees_no_other(people):
    client = client_of(people["leader"])
    assert client.get(reverse("portal:home")).status_code == 200
    permissions = held.permissions_of(people["leader"], city.ON)
    shown = {page.url_name for group in portal.menu(permissions=permissions) for page in group.pages}
    refused = [page.url_name for page in manifests.pages() if page.url_name not in shown]
    assert len(shown) > 50 and refused
    names = sorted(name for name in shown if not name.startswith("records:"))
    assert {name: code for name in names if (code := client.get(reverse(name)).status_code) != 200} == {}
    assert {client.get(reverse(name)).status_code for name in refused} == {403}
    assert client.get(reverse("portal:todo")).status_code == 200


def test_fly_ash_goes_to_its_destination_and_new_wastes_balance_by_kind(people, add):
    plant = Facility.objects.get(code=city.PLANT)
    for kind, sent, received in (("ash", 10, 8), ("sludge", 5, 5)):
        add("ash-sludge", facility=plant, kind=kind, month_date=dt.date(2026, 5, 1), destination="水泥厂",
            method="kiln", sent=sent, received=received)  # fmt: skip
    told = {"kind": "blade", "year": 2026, "region": county()}
    add(
        "new-wastes",
        role="producer",
        unit="风电场",
        generated=100,
        moved=90,
        opening=0,
        recycled=0,
        closing=10,
        **told,
    )
    add(
        "new-wastes",
        role="recycler",
        unit="回收厂",
        generated=90,
        recycled=85,
        opening=0,
        moved=0,
        closing=5,
        **told,
    )
    page = client_of(people["department"]).get(reverse("waste:balances"), {"year": 2026})
    text = page.content.decode()
    assert "水泥厂" in text and "飞灰" in text and "污泥" in text
    assert [(row["out"], row["arrived"]) for row in page.context["moves"]] == [(10, 8), (5, 5)]
    assert len(page.context["new"]) == 1


def test_a_plastic_check_and_a_hazard_of_a_pond_end_by_another_person(people, add):
    pond = add("tailings-ponds", name_zh="一号库", region=county(), dam_class=4, grade="middle", height=20.0,
               capacity=50.0, longitude=126.7, latitude=43.5)  # fmt: skip
    rows = (
        add("plastic-checks", kind="bag", target="农贸市场", region=county(), checked_date=city.ON, checked=9, failed=2,
            problem="超薄袋"),
        add("pond-hazards", pond=pond.number, hazard="排洪渠淤堵", found_date=city.ON),
    )  # fmt: skip
    for row in rows:
        assert act(row, "mend", people["department"], files=[city.photo()]) == "mended"
        with pytest.raises(cases.Refused):
            act(row, "close", people["department"], files=[city.photo()])
        assert act(row, "close", people["verifier"], files=[city.photo()]) == "closed"


def test_one_page_gathers_what_every_room_knows_of_an_enterprise(people):
    client = client_of(people["department"])
    page = client.get(reverse("registry:facility", args=[city.PLANT])).content.decode()
    cards = manifests.facility_cards()
    addresses = [reverse(card.url_name, args=[city.PLANT]) for card in cards]
    shown = [address for address in addresses if address in page]
    rooms = {
        card.url_name.partition(":")[0]
        for card, address in zip(cards, addresses, strict=True)
        if address in page
    }
    wanted = {"enterprises", "emissions", "participation", "waste", "credit", "enforcement", "inspections"}
    assert wanted <= rooms, addresses
    assert {client.get(address).status_code for address in shown} == {200}


def test_an_objection_annuls_and_a_repair_halves_what_counts_against_an_enterprise(people, add):
    plant, later = Facility.objects.get(code=city.PLANT), city.AT + dt.timedelta(hours=1)
    key = "fine_large"
    access.assign_role(user=people["leader"], role="department", region_code="220200", on=dt.date(2026, 1, 1),
                       at=city.AT)  # fmt: skip
    events = [
        add(
            "credit-events",
            facility=plant,
            key=key,
            on_date=city.ON,
            document=f"文{n}",
            text_zh="超标",
            text_en="Over",
        )
        for n in range(2)
    ]
    for event in events:
        act(event, "confirm", people["leader"])
    scores = [credit.assess(facility=plant, at=later).score]
    common = {"facility": plant, "actor": people["enterprise"], "at": later}
    objection = credit.object_to(event_number=events[0].number, grounds="不是我厂", **common)
    act(objection, "accept", people["department"])
    act(objection, "uphold", people["leader"])
    scores.append(credit.assess(facility=plant, at=later).score)
    repair = credit.ask_for_repair(event_number=events[1].number, measures="已换设备", **common)
    act(repair, "accept", people["department"])
    act(repair, "grant", people["leader"])
    scores.append(credit.assess(facility=plant, at=later).score)
    assert scores == sorted(set(scores))
    assert registry.labels(facility=plant, on=city.ON)["credit"].code
    page = client_of(people["department"]).get(reverse("credit:overview"))
    assert page.status_code == 200 and "甲厂" in page.content.decode()


def test_species_wetlands_and_markers_are_told_on_the_page(people, add):
    for year, count in ((2025, 3), (2026, 5)):
        add("wildlife-surveys", species_zh="中华秋沙鸭", protection="national_1", surveyed_date=dt.date(year, 5, 1),
            count=count, place="松花江", method="样线")  # fmt: skip
    years, (duck,) = ecology.species(user=people["department"], on=city.ON)
    assert years == [2025, 2026]
    assert (duck.protection, list(duck.counts)) == ("national_1", [3, 5])
    outline = city.square(126.1, 43.1, 126.2, 43.2)
    wet = add("wetlands", name_zh="江湾", level="province", area=12.5, outline=outline, listed_date=city.ON)
    add(
        "wetlands",
        name_zh="旧湾",
        level="province",
        area=2.5,
        outline=outline,
        listed_date=dt.date(2020, 1, 1),
    )
    found = {level: rest for level, *rest in ecology.wetlands(user=people["department"], on=city.ON)}
    assert found["province"] == [2, 15.0, 1], "one of the two was listed this year"
    add(
        "wetland-markers",
        wetland=wet.number,
        code="JZ-1",
        kind="stone",
        condition="intact",
        checked_date=city.ON,
    )
    lost = add("wetland-markers", wetland=wet.number, code="JZ-2", kind="stone", condition="missing")
    counted, late = ecology.markers(user=people["department"], on=city.ON)
    assert counted == {"intact": 1, "missing": 1} and late == [lost]
    page = client_of(people["department"]).get(reverse("ecology:overview")).content.decode()
    assert "中华秋沙鸭" in page and "JZ-2" in page
    assert len(client_of(people["leader"]).get(reverse("ecology:wetlands_layer")).json()["features"]) == 2


def test_an_audit_of_cleaner_production_ends_with_its_result(people, add):
    row = add("cleaner-production", facility=Facility.objects.get(code=city.PLANT), year=2026, kind="mandatory",
              due_at=city.AT + dt.timedelta(days=30))  # fmt: skip
    for action in ("announce", "audit"):
        act(row, action, people["department"])
    records.change(record=row, values={"result": "通过"}, actor=people["department"], at=city.AT)
    assert act(row, "accept", people["verifier"]) == "accepted"
    assert "通过" in client_of(people["leader"]).get(reverse("records:cleaner-production")).content.decode()
    assert client_of(people["leader"]).get(reverse("greening:overview")).status_code == 200


def test_a_rule_that_is_ours_says_so_on_the_page_and_one_of_the_state_does_not(people):
    for mark, source in ((True, "平台提案：待替换"), (True, "分值为安装默认"), (False, "HJ 633-2026")):
        assert ("本平台规则" in render_to_string("portal/_ours.html", {"source": source})) == mark
    pages = client_of(people["leader"])
    for name in ("ecology:overview", "plan:scores", "credit:overview"):
        assert "本平台规则" in pages.get(reverse(name)).content.decode(), name
    modules = pathlib.Path(__file__).resolve().parents[2] / "src" / "jiangcheng" / "modules"
    told = list(modules.glob("*/templates/*/_basis.html"))
    assert len(told) >= 10
    assert [path for path in told if "portal/_ours.html" not in path.read_text(encoding="utf-8")] == []
