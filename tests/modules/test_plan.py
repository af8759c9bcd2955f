"""Targets of the plans: the table, the score, what remains, and the page."""

from __future__ import annotations

import csv
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.core.indicators import services as indicators
from jiangcheng.modules.plan import rules, services

ON = dt.date(2026, 11, 20)
TARGETS = {target.id: target for target in rules.targets(ON)}


def test_the_table_holds_every_target_of_the_plans_with_its_number(shared_plan):
    with (shared_plan / "indicators.csv").open(encoding="utf-8-sig", newline="") as file:
        facts = {row["id"]: row for row in csv.DictReader(file)}
    assert list(TARGETS) == list(facts)
    for id, fact in facts.items():
        target = TARGETS[id]
        assert (target.level, target.theme, target.comparator) == (
            fact["level"],
            fact["theme"],
            fact["comparator"],
        )
        assert str(target.target_year or "") == fact["target_year"]
        if target.basis == "number":
            assert target.target_value == float(fact["target_value"])


def test_every_target_names_its_department_and_theme_in_both_languages():
    for target in TARGETS.values():
        assert all(rules.words("departments")[target.department])
        assert all(rules.words("themes")[target.theme])
        assert all((target.name_zh, target.name_en, target.formula_zh, target.formula_en))


def test_a_version_holds_from_its_day_on():
    assert rules.targets(dt.date(2023, 12, 31)) == []


@pytest.mark.parametrize(
    ("id", "value", "met", "gap"),
    [
        ("city_pm25_annual_2027", 30.0, True, 0),
        ("city_pm25_annual_2027", 30.1, False, 0.1),
        ("city_good_air_days_ratio_2027", 89.9, False, 0.1),
        ("city_national_section_good_ratio_2027", 94.7, True, 0),
        ("city_national_section_good_ratio_2027", 100.0, True, -5.3),
        ("city_inferior_class5_sections_2027", 1.0, False, 1),
        ("city_new_important_wetlands_2027", 3.0, True, -1),
        ("city_carbon_decline_2035", 5.0, None, None),
        ("city_pm25_annual_2027", None, None, None),
    ],
)
def test_the_score_says_how_far_a_value_falls_short(id, value, met, gap):
    assert rules.score(TARGETS[id], value) == rules.Score(met, gap)


@pytest.mark.parametrize(
    ("id", "counted", "left"),
    [
        # 365 days of which 90 % have to be good: 329. 301 of 324 so far, 41 to come: 13 may be lost.
        ("city_good_air_days_ratio_2027", {"good_days": 301, "valid_days": 324, "days_left": 41}, 13),
        ("city_good_air_days_ratio_2027", {"good_days": 280, "valid_days": 324, "days_left": 41}, -8),
        # 1.2 % of 365 days: 4.
        ("city_heavy_pollution_days_ratio_2027", {"heavy_days": 2, "valid_days": 324, "days_left": 41}, 2),
        ("city_heavy_pollution_days_ratio_2027", {"heavy_days": 6, "valid_days": 324, "days_left": 41}, -2),
        ("city_national_section_good_ratio_2027", {"good_sections": 19, "assessed_sections": 19}, 1),
        ("city_national_section_good_ratio_2027", {"good_sections": 17, "assessed_sections": 19}, -1),
    ],
)
def test_the_budget_counts_what_may_still_be_lost(id, counted, left):
    assert list(rules.remaining(TARGETS[id], counted).values()) == [left]


@given(mean=st.integers(100, 600).map(lambda tenths: tenths / 10), days=st.integers(1, 364))
def test_a_rest_at_the_allowed_mean_reaches_the_target(mean, days):
    target = TARGETS["city_pm25_annual_2027"]
    counted = {"mean": mean, "valid_days": days, "days_left": 365 - days}
    allowed = rules.remaining(target, counted)["mean_of_the_rest"]
    year = (mean * days + allowed * (365 - days)) / 365
    assert year <= target.target_value + 1e-9
    assert (mean * days + (allowed + 0.1) * (365 - days)) / 365 > target.target_value - 1e-9


def record(value, edition, **intermediates):
    indicators.record(
        computation=indicators.Computation(
            indicator="city_good_air_days_ratio_2027",
            period=(dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
            edition=edition,
            value=value,
            unit="%",
            formula_zh="甲",
            formula_en="a",
            clause="1",
            lineage={
                "rows": 324,
                "stations": ["N1"],
                "through": "2026-11-19",
                "intermediates": intermediates,
            },
        ),
        at=dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
    )


@pytest.mark.django_db
def test_status_shows_both_editions_and_is_honest_about_what_is_missing():
    record(92.9, "HJ 633-2012", good_days=301, valid_days=324, days_left=41)
    record(86.4, "HJ 633-2026", good_days=280, valid_days=324, days_left=41)
    rows = {row["id"]: row for row in services.status(on=ON)}
    assert len(rows) == 134
    air = rows["city_good_air_days_ratio_2027"]
    assert (air["value"], air["date"], air["gap"], air["state"]) == (86.4, "2026-11-19", 3.6, "at_risk")
    assert [(item["edition"], item["value"]) for item in air["editions"]] == [
        ("HJ 633-2012", 92.9),
        ("HJ 633-2026", 86.4),
    ]
    assert air["remaining"] == {"days_that_may_be_lost": -8}
    assert rows["city_pm25_annual_2027"]["state"] == "pending"
    assert rows["city_forest_coverage_2027"]["reason"].startswith("待上报")
    assert all(row["value"] is not None or row["reason"] for row in rows.values())
