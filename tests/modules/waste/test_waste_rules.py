"""Balances, numbers, terms, storage, ratios, tracks and formulas of wastes: worked examples and properties."""

from __future__ import annotations

import dataclasses
import datetime as dt
import decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.core.cases import rules as office
from jiangcheng.modules.waste.rules import balance, indicators, manifests, ratio, storage, tables, tracks
from jiangcheng.modules.waste.rules.balance import Masses

D = decimal.Decimal
BEIJING = dt.timezone(dt.timedelta(hours=8))
RULE = tables.table("balance")[-1]
MASS = st.decimals(min_value=0, max_value=100_000, places=4)
EVERYTHING = st.builds(Masses, **dict.fromkeys(balance.PARTS, MASS))


def test_what_came_has_gone_or_is_still_there():
    year = Masses(D(10), D(120), D(5), D(20), D(15), D(30), D(50), D(0), D(20))
    assert year.throughput == 135 and year.sent == 80 and year.residual == 0
    assert balance.balanced(year, RULE)


@pytest.mark.parametrize(
    ("closing", "good"), [("20", True), ("19.325", True), ("19.3249", False), ("20.6751", False)]
)
def test_half_a_percent_of_the_throughput_is_an_error_of_weighing(closing, good):
    """0.5 % of 135 t is 0.675 t."""
    year = Masses(D(10), D(120), D(5), D(20), D(15), D(30), D(50), D(0), D(closing))
    assert balance.balanced(year, RULE) is good


def test_of_a_small_amount_the_scale_decides():
    assert balance.allowed(Masses(generated=D("0.5")), RULE) == D("0.02")


@given(EVERYTHING, MASS)
def test_a_tonne_more_generated_is_a_tonne_more_unaccounted_for(masses, more):
    changed = dataclasses.replace(masses, generated=masses.generated + more)
    assert changed.residual - masses.residual == more


@given(st.lists(st.tuples(MASS, MASS, MASS), min_size=1, max_size=12), MASS)
def test_months_that_hang_together_and_balance_make_a_year_that_balances(months, opening):
    rows, stock = [], opening
    for generated, wanted, used in months:
        sent = min(wanted, stock + generated)
        own = min(used, stock + generated - sent)
        closing = stock + generated - sent - own
        rows.append(Masses(opening=stock, generated=generated, used=own, sent_disposed=sent, closing=closing))
        stock = closing
    year = balance.joined(rows)
    assert year.residual == 0 and balance.breaks(rows, RULE) == []
    assert year.opening == opening and year.closing == stock


@given(st.lists(EVERYTHING, max_size=6))
def test_the_residual_of_a_sum_is_the_sum_of_the_residuals(units):
    assert balance.added(units).residual == sum((unit.residual for unit in units), D(0))


def test_a_month_that_opens_with_something_else_is_a_break():
    rows = [Masses(closing=D(5)), Masses(opening=D("5.02"), closing=D(7)), Masses(opening=D("6.9"))]
    assert balance.breaks(rows, RULE) == [2]


def test_in_a_sum_of_units_what_was_taken_from_others_counts_where_it_arose():
    maker = Masses(generated=D(10), sent_disposed=D(10))
    taker = Masses(received=D(10), disposed=D(9), closing=D(1))
    both = balance.added([balance.own_share(maker), balance.own_share(taker)])
    assert both.generated == both.sent_disposed == 10 and both.disposed == 0 and both.closing == 1
    mixed = balance.own_share(Masses(generated=D(30), received=D(10), used=D(20), closing=D(20)))
    assert mixed.used == 15 and mixed.received == 0 and mixed.generated == 30
    assert balance.own_share(maker) == maker


def test_a_share_of_nothing_is_none():
    assert balance.rate(D(3), D(0)) is None and balance.rate(D(3), D(4)) == 75


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("20262202000001", ""), ("20262202999999", ""), ("2026220200001", "digits"), ("2026220200000A", "digits"),
        ("20262202０００００１", "digits"), ("20152202000001", "year"), ("20260002000001", "area"),
        ("20262202000000", "serial"), ("", "digits"),
    ],
)  # fmt: skip
def test_the_number_has_fourteen_digits_of_year_area_and_serial(text, problem):
    assert manifests.number_problem(text) == problem


@given(st.integers(2020, 2099), st.integers(1, 999_999))
def test_numbers_that_are_made_are_good_and_told_apart(year, serial):
    made = manifests.number(year, "2202", serial)
    assert len(made) == 14 and manifests.number_problem(made, area="2202", year=year) == ""
    assert int(made[8:]) == serial


@pytest.mark.parametrize(
    ("year", "area", "serial"), [(2026, "2202", 0), (2026, "2202", 1_000_000), (2026, "22", 1)]
)
def test_impossible_numbers_are_not_made(year, area, serial):
    with pytest.raises(ValueError):
        manifests.number(year, area, serial)


@pytest.mark.parametrize(
    ("arrived", "last_day"),
    [
        ("2026-11-02 10:00", "2026-11-09"),  # a Monday: the day itself does not count
        (
            "2026-09-28 10:00",
            "2026-10-10",
        ),  # 1 to 7 October are free; Saturday the 10th is worked in exchange
        ("2026-02-13 23:30", "2026-02-27"),  # Saturday 14 February is worked in exchange; 15 to 23 are free
        ("2025-09-26 09:00", "2025-10-10"),  # Sunday 28 September is worked; 1 to 8 October are free
    ],
)
def test_five_working_days_know_holidays_and_days_worked_in_exchange(arrived, last_day):
    at = dt.datetime.fromisoformat(arrived).replace(tzinfo=BEIJING)
    calendar = office.working_calendar()
    due = manifests.confirm_by(at, 5, calendar.days_after)
    local = due.astimezone(BEIJING)
    assert (local - dt.timedelta(microseconds=1)).date().isoformat() == last_day and local.time() == dt.time()
    counted = [at.date() + dt.timedelta(days=n) for n in range(1, (local.date() - at.date()).days)]
    assert sum(map(calendar.is_working, counted)) == 5


@pytest.mark.parametrize(
    ("form", "declared", "weighed", "grave"),
    [
        ("solid", "10", "9.5", False), ("solid", "10", "9.49", True), ("solid", "10", "10.51", True),
        ("liquid", "10", "9.7", False), ("liquid", "10", "9.69", True), ("sludge", "10", "9.6", False),
        ("solid", "0.1", "0.08", False), ("solid", "0.1", "0.079", True),
    ],
)  # fmt: skip
def test_more_than_five_percent_differs_of_liquids_three_beyond_the_scale(form, declared, weighed, grave):
    found = manifests.difference("900-041-49", form, D(declared), D(weighed), tables.table("manifest")[-1])
    assert found.grave is grave


def test_codes_are_three_three_two_and_their_category_is_on_the_list():
    assert manifests.is_code("900-041-49") and manifests.is_code("841-001-01")
    for wrong in ("900-041-42", "900-041-00", "900-41-49", "HW49", "900-041-51", "９00-041-49"):
        assert not manifests.is_code(wrong)
    assert manifests.permitted("900-041-49", ["HW08", "HW49"])
    assert manifests.permitted("900-041-49", ["900-041-49"]) and not manifests.permitted(
        "900-041-49", ["HW08"]
    )


def test_both_editions_of_the_list_name_46_categories_and_only_their_codes():
    for edition, day in (("2021", dt.date(2024, 12, 31)), ("2025", dt.date(2025, 1, 1))):
        table = tables.in_force("hw_list", day)
        assert table["version"] == edition
        categories = [row["code"] for row in table["categories"]]
        assert len(set(categories)) == 46 and not {"HW41", "HW42", "HW43", "HW44"} & set(categories)
        assert all(
            manifests.is_code(row["code"]) and f"HW{row['code'][-2:]}" in categories for row in table["codes"]
        )
        assert all("verified" in row for row in (*table["categories"], *table["codes"]))


def test_exempted_links_only():
    table = tables.table("exemptions")[-1]
    assert manifests.exempt("900-003-04", "transport", table)
    assert not manifests.exempt("900-003-04", "store", table)
    assert not manifests.exempt("900-249-08", "transport", table)


@pytest.mark.parametrize(
    ("stored", "on", "approved", "state"),
    [
        ("2025-11-22", "2026-10-20", None, "ok"), ("2025-11-22", "2026-10-22", None, "warn"),
        ("2025-11-22", "2026-11-21", None, "warn"), ("2025-11-22", "2026-11-22", None, "bad"),
        ("2025-11-22", "2026-11-22", "2027-02-01", "ok"), ("2024-02-29", "2025-02-28", None, "warn"),
        ("2024-02-29", "2025-03-01", None, "bad"),
    ],
)  # fmt: skip
def test_nothing_is_stored_for_longer_than_a_year_without_approval(stored, on, approved, state):
    rule = tables.table("storage")[-1]
    day = dt.date.fromisoformat
    assert storage.age_state(day(stored), day(on), rule, day(approved) if approved else None) == state


def test_how_full_a_storage_is():
    assert storage.load_percent(D(45), D(50)) == 90 and storage.load_percent(D(1), D(0)) is None


@pytest.mark.parametrize(
    ("checked", "on", "state"),
    [
        (None, "2026-03-31", "none"), (None, "2026-05-01", "due"), (None, "2026-06-01", "late"),
        ("2026-04-20", "2026-06-01", "ok"), ("2025-04-20", "2026-06-01", "late"), ("2026-03-20", "2026-05-01", "due"),
        (None, "2026-10-01", "none"),
    ],
)  # fmt: skip
def test_a_pond_is_checked_before_the_floods(checked, on, state):
    day = dt.date.fromisoformat
    found = storage.flood_state(day(checked) if checked else None, day(on), tables.table("ponds")[-1])
    assert found == state


def test_a_jump_of_waste_per_product_stands_out_and_a_busy_month_does_not():
    rule = tables.table("ratio")[-1]
    waste, product = [10, 11, 10, 9, 10, 11, 10], [100.0, 110, 100, 90, 100, 110, 100]
    assert ratio.jump(waste, product, rule) is None
    assert ratio.jump([*waste, 30], [*product, 300], rule) is None
    found = ratio.jump([*waste, 18], [*product, 100], rule)
    assert found is not None and found.change_percent == pytest.approx(80) and found.months == 7
    assert ratio.jump([*waste[:4], 18], [*product[:4], 100], rule) is None, "too few months"
    assert ratio.jump([*waste, 18], [*product, None], rule) is None, "nobody told the product"


def test_a_vehicle_beside_its_route_and_one_that_falls_silent():
    rule = tables.table("manifest")[-1]
    route = [(126.0, 43.8), (126.5, 43.8)]
    along = [(60.0 * n, 126.0 + n / 20, 43.8) for n in range(11)]
    assert not tracks.stray(along, route, rule).deviates
    north = [(at, east, 43.83) for at, east, _north in along]
    found = tracks.stray(north, route, rule)
    assert found.deviates and found.outside == 11 and found.farthest_m == pytest.approx(3336, rel=0.01)
    silent = [*along[:5], *((at + 7200, east, north) for at, east, north in along[5:])]
    assert tracks.stray(silent, route, rule).deviates
    assert not tracks.stray([], route, rule).deviates and not tracks.stray(along, [], rule).deviates


@given(st.floats(126, 127), st.floats(43, 44))
def test_a_point_on_its_route_is_no_distance_away(east, north):
    import numpy as np

    route = np.array([[126.0, 43.0], [east, north], [127.0, 44.0]])
    assert tracks.distances(np.array([[east, north]]), route)[0] == pytest.approx(0, abs=1e-6)


def test_utilisation_takes_what_was_used_of_earlier_stock_into_the_whole():
    row = next(
        row for row in tables.table("indicators")[-1]["rows"] if row["code"] == "waste_industrial_used"
    )
    known = {"industrial.used": D(60), "industrial.sent_used": D(20), "industrial.generated": D(90)}
    assert round(indicators.evaluate(row, known).value, 4) == D("88.8889")
    with_stock = indicators.evaluate(row, {**known, "input.industrial_old_used": D(10)})
    assert with_stock.value == 80 and with_stock.parts["input.industrial_old_used"] == "10"


def test_what_nobody_told_is_no_nought():
    row = next(
        row for row in tables.table("indicators")[-1]["rows"] if row["code"] == "waste_industrial_intensity"
    )
    found = indicators.evaluate(row, {"industrial.generated": D(90)})
    assert (
        found.value is None
        and found.missing == ("input.industrial_value_added",)
        and found.reason == "missing"
    )
    nothing = indicators.evaluate(row, {"industrial.generated": D(90), "input.industrial_value_added": D(0)})
    assert nothing.value is None and nothing.reason == "no_whole"


def test_a_decline_is_against_the_year_before():
    row = next(row for row in tables.table("indicators")[-1]["rows"] if row["code"] == "waste_landfill_drop")
    known = {"input.hazardous_landfill@before": D(80), "input.hazardous_landfill": D(60)}
    assert indicators.evaluate(row, known).value == 25


def test_every_formula_names_numbers_that_exist():
    table = tables.table("indicators")[-1]
    inputs = {row["code"] for row in table["inputs"]}
    used = {code.partition("@")[0] for row in table["rows"] for code in indicators.inputs_of(row)}
    assert used <= inputs and inputs <= used
    assert {row["level"] for row in table["rows"]} == {row["code"] for row in table["levels"]}
    assert all(
        {"formula_zh", "formula_en", "unit", "department_zh", "verified"} <= set(row) for row in table["rows"]
    )


def test_the_table_has_58_rows_in_17_groups_of_5_levels():
    table = tables.table("indicators")[-1]
    groups = {row["code"]: row["level"] for row in table["groups"]}
    assert (len(table["levels"]), len(groups), len(table["rows"])) == (5, 17, 58) and table["total"] == 58
    assert {row["group"] for row in table["rows"]} == set(groups)
    assert all(groups[row["group"]] == row["level"] for row in table["rows"])
    assert not any(row["verified"] for row in table["rows"]), "the annex has not been read"
