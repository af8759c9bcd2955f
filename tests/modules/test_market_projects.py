"""ESG indicators one by one and by year; EOD projects with their stages, costs and returns."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from core import city
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.market import queries, rules

D = Decimal
ON = dt.date(2026, 1, 1)
MONEY = st.integers(0, 10_000).map(D)


@pytest.fixture
def people(db):
    city.build()
    return city.people()


@pytest.fixture
def add(people):
    def put(register, **values):
        return records.create(register=register, values=values, actor=people["department"], at=city.AT)

    return put


def log_in(user):
    client = Client()
    client.force_login(user)
    return client


def test_esg_indicators_are_kept_one_by_one_and_compared_by_year(people, add):
    plant = Facility.objects.get(code=city.PLANT)
    for year, ghg, share in ((2024, 1000, 10), (2025, 900, 12)):
        add("esg-values", facility=plant, year=year, indicator="e_ghg", value=D(ghg), source="年报")
        add("esg-values", facility=plant, year=year, indicator="e_renewable", value=D(share), source="年报")
    add("esg-values", facility=plant, year=2025, indicator="s_injuries", value=D(1), source="年报")
    for wrong in ({"value": D(101)}, {"facility": None}, {"year": 2025}, {"indicator": "x"}):
        values = {
            "facility": plant,
            "year": 2026,
            "indicator": "e_renewable",
            "value": D(5),
            "source": "年报",
        }
        with pytest.raises(ValidationError):
            add("esg-values", **{**values, **wrong})
    years, rows = queries.esg(facility=plant, on=city.ON)
    by = {one.row["code"]: one for one in rows}
    assert years == [2024, 2025] and len(rows) == 18
    assert (by["e_ghg"].values, by["e_ghg"].change_percent, by["e_ghg"].better) == (
        (1000, 900),
        D("-10.0"),
        True,
    )
    assert by["e_renewable"].better is True and by["e_renewable"].change_percent == 20
    assert by["s_injuries"].values == (None, 1) and by["s_injuries"].change_percent is None
    assert by["g_meetings"].values == (None, None), "what nobody told is no nought"
    page = log_in(people["enterprise"]).get(reverse("market:esg")).content.decode()
    assert "温室气体排放总量" in page and "-10.0 %" in page
    assert "还没有 ESG 指标" in log_in(people["rival"]).get(reverse("market:esg")).content.decode()


def test_a_number_from_nought_or_alone_is_not_compared():
    (one, *_rest) = rules.compared({("e_ghg", 2024): D(0), ("e_ghg", 2025): D(5)}, [2024, 2025], on=ON)
    assert one.change_percent is None and one.better is None
    (one, *_rest) = rules.compared({("e_ghg", 2025): D(5)}, [2025], on=ON)
    assert one.values == (5,) and one.change_percent is None


def test_an_eod_project_goes_stage_by_stage_and_shows_what_it_costs_and_brings(people, add):
    county = Region.objects.get(code="220202")
    project = add("finance-projects", name_zh="沿江生态修复与文旅", kind="eod", stage="idea", region=county,
                  owner="城投", investment=9000.0, industry="文旅")  # fmt: skip
    add("finance-projects", name_zh="光伏", kind="green", stage="idea", owner="甲", investment=100.0)

    def change(**values):
        records.change(record=project, values=values, actor=people["department"], at=city.AT)

    with pytest.raises(ValidationError, match="逐个阶段"):
        change(stage="done")
    change(stage="stored")
    with pytest.raises(ValidationError, match="批复文号"):
        change(stage="building")
    change(stage="building", approval="吉市发改〔2026〕3号")
    for year, kind, planned, booked in (
        (2025, "cost", 600, 640), (2026, "cost", 200, 160), (2026, "income", 300, 200), (2027, "income", 700, 0),
    ):  # fmt: skip
        add(
            "project-returns",
            project=project.number,
            year=year,
            kind=kind,
            planned=D(planned),
            booked=D(booked),
        )
    for wrong in ({"project": "EOD-0"}, {"year": 2025}, {"planned": D(-1)}):
        with pytest.raises(ValidationError):
            add("project-returns", **{"project": project.number, "year": 2028, "kind": "cost", **wrong})
    ((row, found),) = queries.eod(user=people["leader"], on=city.ON)
    assert row == project and (found.planned, found.actual) == (200, -600)
    assert found.coverage_percent == 25 and found.pays_back == 2027
    assert found.years == ((2025, -600, -640), (2026, -500, -600), (2027, 200, -600))
    page = log_in(people["leader"]).get(reverse("market:eod")).content.decode()
    assert "沿江生态修复与文旅" in page and "25.0 %" in page and "2027" in page and "光伏" not in page


@given(
    st.lists(
        st.tuples(st.integers(2020, 2030), st.sampled_from(("cost", "income")), MONEY, MONEY), max_size=12
    )
)
def test_the_last_balance_is_income_less_cost_and_holds_from_the_year_it_pays_back(rows):
    found = rules.returns(rows)
    sign = {"cost": -1, "income": 1}
    assert found.planned == sum(sign[kind] * plan for _year, kind, plan, _booked in rows)
    assert found.actual == sum(sign[kind] * booked for _year, kind, _plan, booked in rows)
    if rows:
        assert found.years[-1][1:] == (found.planned, found.actual)
        assert (found.pays_back is not None) == (found.planned >= 0)
