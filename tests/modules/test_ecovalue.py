"""The value of ecosystems: formulas that are data, versions that stand, and what neighbours owe one another."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.modules.ecovalue import queries, rules, services
from jiangcheng.modules.ecovalue.models import GepInput
from modules import town

ON = dt.date(2026, 6, 1)
FOREST = {"A": 1e9, "P": 700.0, "R": 35.0, "ET": 520.0, "c": 8.0}


def entries(service="water_retention", label="森林", **symbols):
    return [rules.Entry(service, label, symbol, value) for symbol, value in (symbols or FOREST).items()]


def account(*groups, **more):
    return rules.account([entry for group in groups for entry in group], year=2024, on=ON, **more)


def test_water_retention_is_what_neither_runs_off_nor_evaporates():
    item = account(entries()).items[0]
    assert item.quantity == pytest.approx(1e9 * (700 - 35 - 520) / 1000)
    assert item.value == pytest.approx(item.quantity * 8)


def test_every_formula_of_the_table_computes_from_its_own_symbols():
    for code, service in rules.services(ON).items():
        found = account(entries(code, "样", **dict.fromkeys(service["symbols"], 1.0)))
        assert found.complete, (code, found.items)
        assert found.items[0].value is not None, code


@given(st.floats(1, 1e10))
def test_twice_the_area_is_worth_twice_and_none_is_worth_nothing(area):
    one, two, none = (account(entries(**{**FOREST, "A": size})).total for size in (area, 2 * area, 0.0))
    assert two == pytest.approx(2 * one, rel=1e-9, abs=1e-4)
    assert none == 0


def test_a_quantity_that_comes_out_negative_counts_as_nought_and_is_told():
    item = account(entries(**{**FOREST, "ET": 900.0})).items[0]
    assert (item.quantity, item.value, item.clipped) == (0.0, 0.0, True)


def test_what_lacks_an_input_is_not_valued_and_names_it():
    found = account(
        entries(A=1e9, P=700.0, R=35.0, c=8.0), entries("culture", "景区", N=1e6, fee=300.0, time=50.0)
    )
    by_service = {item.service: item for item in found.items}
    assert by_service["water_retention"].missing == ("ET",)
    assert by_service["water_retention"].value is None
    assert found.total == pytest.approx(1e6 * 350)


def test_constant_prices_change_the_prices_and_nothing_else():
    other = entries(**{**FOREST, "A": 5.0, "c": 4.0})
    found = account(entries(), prices=other, prices_of=2020)
    assert found.total == pytest.approx(account(entries()).total / 2)
    assert found.prices_of == 2020


@pytest.mark.parametrize(
    "formula",
    ["__import__('os')", "A ** 9", "A if A else 1", "max(A, 1)", "A.real", "[A]", "min()", "A +", "'x'"],
)
def test_a_formula_is_arithmetic_and_nothing_else(formula):
    with pytest.raises(rules.FormulaError):
        rules.evaluate(formula, {"A": 1.0})


def test_worse_water_pays_by_how_much_worse_it_is_up_to_the_cap_and_a_gap_costs_nothing():
    found = rules.settle(
        {1: 1.5, 2: 1.0, 3: 0.4, 4: 9.0, 5: None}, target=1.0, base=100, cap=300, reward_below=0.5, reward=20
    )
    assert [payment.amount for payment in found[:5]] == [50.0, 0.0, -20, 300, 0.0]
    assert found[3].capped
    assert [payment.month for payment in found if payment.concentration is None] == [
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        12,
    ]


@given(st.floats(0, 50), st.floats(0, 50))
def test_worse_water_never_pays_less(one, other):
    less, more = sorted((one, other))
    paid = rules.settle({1: less, 2: more}, target=1.0, base=100, cap=400, reward_below=0.5, reward=20)
    assert paid[0].amount <= paid[1].amount


@pytest.fixture
def people(db):
    town.build()
    return city.people()


def add(people, register, **values):
    return records.create(register=register, values=values, actor=people["department"], at=city.AT)


def test_an_account_is_computed_frozen_and_cited(people):
    client = Client()
    client.force_login(people["department"])
    assert "还没有核算参数" in client.get(reverse("ecovalue:account")).content.decode()
    for year, price in ((2023, 7.0), (2024, 8.0)):
        for symbol, value in {**FOREST, "c": price}.items():
            values = {
                "year": year,
                "service": "water_retention",
                "label": "森林",
                "symbol": symbol,
                "value": value,
            }
            add(people, "gep-inputs", origin="年鉴", **values)
    with pytest.raises(ValidationError, match="没有这个符号"):
        add(people, "gep-inputs", year=2024, service="carbon", label="森林", symbol="A", value=1, origin="x")
    page = client.get(reverse("ecovalue:account"), {"year": 2024, "prices": 2023}).content.decode()
    assert "1,015,000,000" in page
    chart = client.get(reverse("ecovalue:chart"), {"prices": 2023}).json()
    assert [row[2] for row in chart["table"]["rows"]] == [10.15, 10.15]
    with pytest.raises(ValidationError, match="没有这个核算版本"):
        add(people, "gep-uses", kind="finance", title="贷款", version="2024-v1", used_date=ON)
    answer = client.post(reverse("ecovalue:freeze"), {"year": 2024}, follow=True)
    assert "1,160,000,000" in answer.content.decode()
    add(people, "gep-uses", kind="finance", title="贷款", version="2024-v1", used_date=ON)
    again = services.freeze(year=2024, actor=None, now=city.AT)
    assert again.version == 1
    assert rules.digest(services.recompute(again)) == again.sha256
    asked = {"service": "water_retention", "label": "森林"}
    trace = client.get(reverse("ecovalue:trace"), {**asked, "year": 2024, "prices": 2023}).content.decode()
    area, price = (
        GepInput.objects.get(year=year, symbol=symbol) for year, symbol in ((2024, "A"), (2023, "c"))
    )
    for told in (area.number, price.number, "面积 m²", "A * (P - R - ET) / 1000", "145000000.0 * 7.0"):
        assert told in trace, told
    records.change(record=area, values={"value": 2e9}, actor=people["department"], at=city.AT, reason="更正")
    frozen = client.get(
        reverse("ecovalue:trace"), {**asked, "version": again.pk}, headers={"accept-language": "en"}
    ).content.decode()
    assert "now in the register" in frozen
    assert "evapotranspiration, mm" in frozen
    for wrong in ({**asked, "year": 1999}, {**asked, "year": 2024, "label": "?"}, {**asked, "version": 99}):
        assert client.get(reverse("ecovalue:trace"), wrong).status_code == 404


def test_a_product_goes_through_the_five_links_and_another_person_registers_it(people):
    row = add(people, "eco-products", name_zh="松花湖水源", kind="water_retention")
    steps = [
        ("register", "verifier"),
        ("value", "department"),
        ("apply", "department"),
        ("trade", "department"),
    ]
    states = [
        records.act(record=row, action=action, actor=people[who], now=city.AT, text="依据文件").to_state
        for action, who in steps
    ]
    assert states == ["registered", "valued", "applied", "traded"]


def test_neighbours_settle_by_the_months_of_the_section(people):
    for month, ammonia in ((1, 1.5), (2, 0.4)):
        town.put_water("W1", [town.hour(f"2026-{month:02}-10", 8)], w21003=ammonia)
    add(
        people, "compensation-agreements", name_zh="松花江协议", upper="磐石", lower="永吉", station="W1", item="nh3n",
        target=1.0, base=100, cap=300, reward_below=0.5, reward=20, valid_from_date=dt.date(2026, 1, 1),
    )  # fmt: skip
    found = queries.settlements(user=people["department"], on=city.ON, year=2026)[0]
    assert [payment.amount for payment in found.payments[:3]] == [50.0, -20, 0.0]
    assert (found.amount, found.missing) == (30.0, 10)
    client = Client()
    client.force_login(people["department"])
    page = client.get(reverse("ecovalue:compensation"), {"year": 2026}).content.decode()
    assert "磐石支付 30.00 万元" in page
    assert "10 个月缺数据" in page


def test_rights_titles_and_funds_are_kept(people):
    outline = {"type": "Polygon", "coordinates": [[[126, 43], [127, 43], [127, 44], [126, 43]]]}
    right = {"name_zh": "松花湖单元", "kind": "水流", "owner": "全民所有", "area": 520.0, "outline": outline}
    add(people, "nature-rights", **right)
    add(
        people,
        "nature-titles",
        name_zh="蛟河",
        kind="mountains",
        level="国家级",
        titled_date=ON,
        met=30,
        indicators=32,
    )
    add(
        people, "compensation-funds", kind="forest", year=2025, payer="省财政厅", payee="市财政局", amount=520
    )
    client = Client()
    client.force_login(people["department"])
    for code, text in (
        ("nature-rights", "松花湖单元"),
        ("nature-titles", "蛟河"),
        ("compensation-funds", "省财政厅"),
    ):
        assert text in client.get(reverse(f"records:{code}")).content.decode()
    assert "蛟河" in Client().get("/public/registers/nature-titles").content.decode()
    with pytest.raises(ValidationError, match="amount"):
        add(people, "compensation-funds", kind="forest", year=2025, payer="甲", payee="乙", amount=-1)
