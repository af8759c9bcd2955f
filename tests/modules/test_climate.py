"""Greenhouse gases from activity data: the factors of the guide, versions, clearance, points that never run out."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.climate import queries, rules, services
from jiangcheng.modules.climate.models import ActivityDatum, FrozenInventory

ON = dt.date(2026, 6, 1)
PRINTED = {
    "bituminous": 1.742, "anthracite": 2.522, "lignite": 1.173, "washed_coal": 2.208, "coke": 2.860,
    "petroleum_coke": 3.212, "crude_oil": 3.020, "gasoline": 2.925, "diesel": 3.096, "fuel_oil": 3.170, "lpg": 3.101,
    "lng": 2.831, "natural_gas": 21.622, "coke_oven_gas": 8.864, "blast_furnace_gas": 8.481, "converter_gas": 15.124,
}  # fmt: skip
"""Tonnes of CO2 per tonne or 10⁴ Nm³, as the table of the guide prints them beside its factors."""


def computed(*entries, edition="2025"):
    return rules.inventory([rules.Activity(*entry) for entry in entries], edition=edition, on=ON)


@pytest.mark.parametrize(("fuel", "factor"), PRINTED.items())
def test_a_fuel_emits_what_the_guide_prints(fuel, factor):
    assert computed((f"fuel.{fuel}", 1.0)).total() == pytest.approx(factor, abs=6e-4)


def test_the_cattle_of_the_plan_emit_what_the_facts_work_out():
    found = computed(("herd.beef_other", 1_500_000))
    enteric = [line for line in found.lines if line.part == "agriculture.enteric"]
    assert [line.mass for line in enteric] == [pytest.approx(103_800)]
    assert enteric[0].equivalent == pytest.approx(2_906_400)


def test_the_edition_decides_on_factors_and_warming_potentials():
    entries = (("herd.pig", 1000.0), ("waste.incinerated_msw", 1000.0))
    old, new = computed(*entries, edition="2011"), computed(*entries)
    assert old.by("gas", measure="mass")["CH4"] == new.by("gas", measure="mass")["CH4"]
    assert new.by("gas")["CH4"] / old.by("gas")["CH4"] == pytest.approx(28 / 21)
    assert old.by("part")["waste.incineration"] == pytest.approx(1000 * 0.20 * 0.39 * 0.95 * 44 / 12)
    assert new.by("part")["waste.incineration"] == pytest.approx(1000 * 0.4 * 0.4 * 0.95 * 44 / 12)


def test_landfill_gas_that_is_recovered_is_taken_off_before_oxidation_and_never_makes_it_negative():
    made = 10_000 * 1.0 * 0.15 * 0.5 * 0.5 * 16 / 12
    assert computed(("waste.landfill", 10_000, 100.0)).by("gas", measure="mass")["CH4"] == pytest.approx(
        (made - 100) * 0.9
    )
    assert computed(("waste.landfill", 10_000, made + 1)).total() == 0


def test_a_forest_that_grows_is_a_sink_reported_apart_and_imported_heat_is_in_no_total():
    found = computed(
        ("forest.growth", 1000.0), ("forest.loss", 400.0), ("heat.imported", 5000.0), ("fuel.coke", 10.0)
    )
    assert found.total() - found.total(sinks=False) == pytest.approx(-600 * 0.5 * 44 / 12)
    assert "memo" not in found.by("sector")


def test_uncertainties_combine_by_the_root_of_the_sum_of_squares():
    one = computed(("fuel.coke", 10.0, 0.0, 12.0))
    assert one.uncertainty() == pytest.approx((12**2 + 5**2) ** 0.5)
    two = computed(("fuel.coke", 10.0, 0.0, 12.0), ("fuel.coke", 10.0, 0.0, 12.0))
    assert two.uncertainty() == pytest.approx(one.uncertainty() / 2**0.5)
    assert computed(("fuel.coke", 10.0)).uncertainty() is None
    assert [line.activity for line in computed(("fuel.coke", 10.0)).unknown()] == ["fuel.coke"]
    spread = two.spreads("sector")["energy"]
    assert (spread.equivalent, spread.uncertainty, spread.share) == (two.total(), two.uncertainty(), 100.0)


def test_what_the_table_does_not_know_is_refused_by_name():
    with pytest.raises(rules.Unknown, match=r"fuel\.peat"):
        computed(("fuel.peat", 1.0))
    with pytest.raises(rules.Unknown, match="edition 1997"):
        computed(("fuel.coke", 1.0), edition="1997")


ENTRIES = st.lists(
    st.tuples(st.sampled_from(sorted(rules.activities(ON))), st.integers(0, 10**7)), max_size=8
)


@given(ENTRIES, st.randoms())
def test_the_order_of_the_entries_does_not_matter_and_twice_as_much_emits_twice(entries, random):
    shuffled = random.sample(entries, len(entries))
    found = computed(*entries)
    assert computed(*shuffled).total() == pytest.approx(found.total())
    double = computed(*((code, 2 * amount) for code, amount in entries))
    assert double.total() == pytest.approx(2 * found.total(), rel=1e-6, abs=0.05)
    assert rules.restored(rules.canonical(found).decode()) == found


@given(st.floats(0.01, 500), st.floats(0, 120))
def test_no_more_than_the_most_of_a_day_is_credited(quantity, used):
    most = 100.0
    if used >= most:
        with pytest.raises(ValueError, match="used up"):
            rules.credit("bus", quantity, on=ON, used_today=used)
    else:
        found = rules.credit("bus", quantity, on=ON, used_today=used)
        assert found.reduction <= round((most - used) * 0.08, 3)
        assert found.points <= found.reduction * 10


@pytest.fixture
def people(db):
    city.build()
    return city.people()


def add(people, register, **values):
    return records.create(register=register, values=values, actor=people["department"], at=city.AT)


def act(people, row, action, who="department", **more):
    return records.act(record=row, action=action, actor=people[who], now=city.AT, **more).to_state


def test_an_inventory_is_frozen_compared_and_computed_again_to_the_same_bytes(people):
    client = Client()
    client.force_login(people["department"])
    assert "还没有活动水平数据" in client.get(reverse("climate:inventory")).content.decode()
    add(
        people,
        "carbon-activities",
        year=2024,
        kind="fuel.bituminous",
        amount=2e6,
        uncertainty=5,
        origin="统计年鉴",
    )
    add(people, "carbon-activities", year=2024, kind="economy.gdp", amount=1800, origin="统计年鉴")
    page = client.get(reverse("climate:inventory"), {"year": 2024}).content.decode()
    assert "3,483,499" in page
    first = client.post(reverse("climate:freeze"), {"year": 2024, "edition": "2025"}, follow=True)
    assert "第 1 版" in first.content.decode()
    row = ActivityDatum.objects.get(kind="fuel.bituminous")
    records.change(
        record=row, values={"amount": 2.1e6}, actor=people["department"], at=city.AT, reason="更正"
    )
    second = client.post(reverse("climate:freeze"), {"year": 2024, "edition": "2025"}, follow=True)
    assert "174,175" in second.content.decode()
    services.freeze(year=2024, edition="2025", actor=None, now=city.AT)
    assert FrozenInventory.objects.count() == 2, "the same inventory is not kept twice"
    older = FrozenInventory.objects.get(version=1)
    again = client.get(reverse("climate:version", args=(older.pk,)), {"check": 1}).content.decode()
    assert "逐字节相同" in again
    text = client.get(reverse("climate:inventory_csv"), {"year": 2024}).content.decode()
    assert "1.1,化石燃料燃烧" in text
    assert "365767" in text
    services.compute_indicators(on=ON, at=city.AT)
    intensity = IndicatorValue.objects.get(indicator="climate.ghg_intensity", edition="2025")
    assert intensity.value == pytest.approx(3657674 / 1.8e7, rel=1e-3)
    finished = IndicatorValue.objects.get(indicator="climate.inventories", current=True)
    assert (finished.value, finished.period_start_date.year) == (1, city.AT.year)
    assert 0 < IndicatorValue.objects.get(indicator="climate.co2", edition="2025").value < 3657675
    assert "强度" in client.get(reverse("climate:overview")).content.decode()


def test_who_only_looks_cannot_freeze(people):
    client = Client()
    client.force_login(people["duty"])
    assert client.post(reverse("climate:freeze"), {"year": 2024, "edition": "2025"}).status_code == 403


def test_clearance_needs_as_much_as_was_verified(people):
    plant = Facility.objects.get(code=city.PLANT)
    row = add(
        people, "carbon-enterprises", facility=plant, year=2025, sector="发电", emission=1000, surrendered=900
    )
    act(people, row, "verify", text="核查报告 2025-1")
    with pytest.raises(Refused, match="少于核查排放量"):
        act(people, row, "clear", who="verifier")
    records.change(
        record=row, values={"surrendered": 1000}, actor=people["department"], at=city.AT, reason="补缴"
    )
    assert act(people, row, "clear", who="verifier") == "cleared"


def test_a_tonne_is_certified_once(people):
    def project(starts, ends):
        values = {"name_zh": "林场碳汇", "method": "CCER-14", "amount": 100}
        row = add(people, "carbon-reductions", starts_date=starts, ends_date=ends, **values)
        act(people, row, "verify", text="核查报告")
        return row

    first = project(dt.date(2024, 1, 1), dt.date(2024, 12, 31))
    act(people, first, "certify", who="verifier", text="同意")
    second = project(dt.date(2024, 12, 31), dt.date(2025, 6, 30))
    with pytest.raises(Refused, match=first.number):
        act(people, second, "certify", who="verifier", text="同意")
    later = project(dt.date(2025, 1, 1), dt.date(2025, 6, 30))
    assert act(people, later, "certify", who="verifier", text="同意") == "certified"


def test_an_action_counts_once_and_an_account_never_gives_more_than_it_has(people):
    day = dt.date(2026, 10, 30)

    def ride(voucher, km):
        values = {"account": "A-1", "action": "bus", "quantity": km, "done_date": day, "voucher": voucher}
        return add(people, "carbon-actions", **values)

    act(people, ride("V1", 60), "credit")
    act(people, ride("V2", 60), "credit")
    assert queries.balance(account="A-1") == 48 + 32, "100 km a day at most"
    with pytest.raises(ValidationError, match=r"[Vv]oucher|凭证"):
        ride("V1", 1)
    with pytest.raises(Refused, match="用完"):
        act(people, ride("V3", 5), "credit")
    gift = add(people, "carbon-redemptions", account="A-1", points=50, purpose="公交卡")
    act(people, gift, "grant")
    another = add(people, "carbon-redemptions", account="A-1", points=50, purpose="公交卡")
    with pytest.raises(Refused, match="余额 30"):
        act(people, another, "grant")


def test_coal_is_held_against_its_quota(people):
    for unit, quota, used in (("昌邑区", 1000, 900), ("龙潭区", 500, 630)):
        add(people, "coal-uses", unit=unit, year=2025, quota=quota, used=used)
    client = Client()
    client.force_login(people["department"])
    page = client.get(reverse("climate:overview")).content.decode()
    assert "102.0 %" in page
    services.compute_indicators(on=ON, at=city.AT)
    assert IndicatorValue.objects.get(indicator="climate.coal_share").value == pytest.approx(102)


def test_climate_indices_and_risks_are_rows_and_layers_of_the_map(people):
    where = {"longitude": 126.3, "latitude": 43.5}
    add(people, "climate-indices", year=2025, place="城区", code="tmean", value=5.4, origin="气象局", **where)
    with pytest.raises(ValidationError, match="code"):
        add(people, "climate-indices", year=2025, place="城区", code="moon", value=1, origin="x", **where)
    risk = {"name_zh": "江湾", "hazard": "flood", "level": "1", "assessed_date": ON, **where}
    add(people, "climate-risks", **risk)
    client = Client()
    client.force_login(people["department"])
    layer = client.get(reverse("records:climate-risks-layer")).json()
    assert [feature["geometry"]["coordinates"] for feature in layer["features"]] == [[126.3, 43.5]]
