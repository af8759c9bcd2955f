"""The draw: quotas of Jilin, the same result for everybody, nobody favoured, nobody steering."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.modules.inspections import rules

ON = dt.date(2026, 11, 2)
VERSION = rules.quotas(ON)
COUNTIES = ("220202", "220203", "220204", "220211")


def units(count, object_class="key", credit="", **more):
    return [
        rules.Candidate(f"U{number:05d}", COUNTIES[number % 4], object_class, credit, **more)
        for number in range(count)
    ]


def people(count, area="2202"):
    return [rules.Inspector(f"J{number:03d}", area) for number in range(count)]


def drawn(candidates, inspectors=None, *, level="city", seed="s", witness="w", last_teams=None):
    return rules.draw(
        candidates=candidates,
        inspectors=people(6) if inspectors is None else inspectors,
        version=VERSION,
        level=level,
        seed=seed,
        witness=witness,
        last_teams=last_teams,
    )


@pytest.mark.parametrize(
    ("level", "object_class", "credit", "size", "inspectors", "expected"),
    [
        # Jilin Daily 2016-10-29: the city draws 5 % of its key units each quarter, a county 25 %.
        ("city", "key", "", 200, 10, 10),
        ("county", "key", "", 40, 10, 10),
        ("county", "key", "", 41, 10, 11),
        # One inspector to five ordinary units a year, a quarter of them in a quarter.
        ("county", "ordinary", "", 1000, 10, 13),
        ("county", "ordinary", "", 7, 10, 7),
        # Credit halves or raises what is due; a red unit is always due.
        ("county", "key", "green", 40, 10, 5),
        ("county", "key", "yellow", 40, 10, 15),
        ("county", "key", "red", 9, 10, 9),
        ("city", "key", "", 0, 10, 0),
    ],
)
def test_how_many_are_due_in_a_quarter(level, object_class, credit, size, inspectors, expected):
    assert rules.due(VERSION, level, object_class, credit, size, max(size, 1), inspectors) == expected


def test_four_quarters_reach_every_key_unit_of_a_county_once():
    pool = [rules.Candidate(f"U{number:03d}", "220202", "key") for number in range(40)]
    seen: collections.Counter[str] = collections.Counter()
    for quarter in range(4):
        pool = [dataclasses.replace(unit, drawn=seen[unit.code]) for unit in pool]
        seen.update(item.code for item in drawn(pool, level="county", seed=f"quarter {quarter}"))
    assert set(seen.values()) == {1} and len(seen) == 40


@given(st.integers(0, 400), st.dictionaries(st.sampled_from(COUNTIES), st.integers(0, 200), min_size=1))
def test_shares_add_up_and_none_is_off_by_one_or_more(total, sizes):
    everything = sum(sizes.values())
    total = min(total, everything)
    given_shares = rules.shares(total, sizes)
    assert sum(given_shares.values()) == total
    for code, size in sizes.items():
        assert everything == 0 or abs(given_shares[code] - total * size / everything) < 1
        assert given_shares[code] <= size


@given(st.integers(1, 120), st.text(min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_the_order_in_which_the_pool_is_read_does_not_matter(count, seed, random):
    pool, persons = units(count), people(5)
    expected = drawn(pool, persons, seed=seed)
    random.shuffle(pool)
    random.shuffle(persons)
    assert drawn(pool, persons, seed=seed) == expected


def test_every_unit_has_the_same_chance():
    # 2000 draws of 10 out of 40: each unit is expected 500 times with a standard deviation of about 19.
    pool = [rules.Candidate(f"U{number:03d}", "220202", "key") for number in range(40)]
    seen: collections.Counter[str] = collections.Counter()
    for number in range(2000):
        seen.update(item.code for item in drawn(pool, level="county", seed=str(number)))
    assert sum(seen.values()) == 20_000
    assert max(abs(count - 500) for count in seen.values()) < 5 * 19.4


def test_the_person_who_knows_the_seed_cannot_foresee_the_result():
    pool = units(200)
    assert [item.code for item in drawn(pool, witness="李")] != [
        item.code for item in drawn(pool, witness="王")
    ]


def test_a_unit_whose_visits_are_used_up_is_not_drawn_even_where_everybody_is_due():
    pool = [*units(20, credit="red", excluded="cap"), rules.Candidate("FREE", "220202", "key", "red")]
    assert [item.code for item in drawn(pool)] == ["FREE"]


def test_nobody_visits_a_unit_they_keep_away_from_nor_outside_their_area():
    inspectors = [
        rules.Inspector("FRIEND", "2202", tuple(unit.code for unit in units(80))),
        rules.Inspector("ELSEWHERE", "2201"),
        *people(3),
    ]
    teams = [set(item.team) for item in drawn(units(80), inspectors, level="county")]
    assert teams and not any(team & {"FRIEND", "ELSEWHERE"} for team in teams)
    assert all(len(team) == 2 for team in teams)


def test_the_team_of_the_last_visit_does_not_come_again():
    before = {item.code: item.team for item in drawn(units(80), people(4), level="county")}
    after = drawn(units(80), people(4), level="county", last_teams=before)
    assert after and all(set(item.team) != set(before[item.code]) for item in after)


def test_work_is_spread_evenly_over_the_inspectors():
    load = collections.Counter(
        name for item in drawn(units(200), people(5), level="county") for name in item.team
    )
    assert max(load.values()) - min(load.values()) <= 1


def test_too_few_inspectors_leave_a_team_short_and_visible():
    assert {item.team for item in drawn(units(20), people(1), level="county")} == {("J000",)}


def test_listed_units_are_drawn_half_as_often_even_where_there_are_few():
    # 25 % of 6 units rounded up are 2; with the list 0.75, which the lot rounds up three times out of four.
    pool = [
        *units(6),
        *(dataclasses.replace(unit, code=f"L{unit.code}", listed="positive") for unit in units(6)),
    ]
    seen: collections.Counter[bool] = collections.Counter()
    for number in range(1000):
        seen.update(item.code[0] == "L" for item in drawn(pool, level="county", seed=str(number)))
    assert seen[False] == 2000
    assert abs(seen[True] - 750) < 5 * 13.7
    assert rules.due(VERSION, "county", "key", "", 6, 12, 6, listed="positive") == 0
    assert rules.due(VERSION, "county", "key", "", 40, 40, 6, listed="positive") == 5


@pytest.mark.parametrize(
    ("labels", "object_class", "expected"),
    [
        ({"list-positive": "listed"}, "ordinary", "positive"),
        ({"list-positive": "listed", "list-key": "listed"}, "key", "positive"),
        ({"list-positive": "listed", "credit": "red"}, "special", ""),
        ({"list-key": "listed"}, "key", ""),
    ],
)
def test_a_list_spares_who_is_on_it_and_no_special_object(labels, object_class, expected):
    assert rules.object_class(labels) == object_class
    assert rules.listed(VERSION, labels, object_class) == expected


def test_before_the_list_was_regulated_nobody_is_spared_and_old_documents_keep_their_hash():
    assert rules.quotas(dt.date(2020, 1, 1))["reliefs"] == {}
    old = {key: value for key, value in VERSION.items() if key != "reliefs"}
    assert rules.listed(old, {"list-positive": "listed"}, "key") == ""
    assert "listed" not in rules.frozen(units(1)[0])
    assert rules.frozen(units(1, listed="positive")[0])["listed"] == "positive"


def document(**changes):
    pool, persons = [*units(56), *units(4, "ordinary", listed="positive")], people(4)
    pool = [dataclasses.replace(unit, code=f"V{number}") for number, unit in enumerate(pool)]
    result = drawn(pool, persons, seed="abc", witness="王见证")
    told = {
        "format": rules.FORMAT,
        "level": "city",
        "quotas": VERSION,
        "commitment": rules.commitment("abc"),
        "pool_hash": rules.pool_hash(pool, persons),
        "seed": "abc",
        "witness": "王见证",
        "objects": [rules.frozen(unit) for unit in pool],
        "inspectors": [dataclasses.asdict(person) for person in persons],
        "last_teams": {},
        "result": [dataclasses.asdict(item) for item in result],
        **changes,
    }
    return json.loads(json.dumps(told))


def test_a_published_draw_can_be_computed_again():
    assert rules.recomputed(document()) == ()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"seed": "abd"}, "commitment"),
        ({"witness": "another"}, "result"),
        ({"level": "county"}, "result"),
        (
            {"quotas": {**VERSION, "reliefs": {"lists": [{"list": "positive", "multiplier": "1/0"}]}}},
            "format",
        ),
        ({"pool_hash": "0" * 64}, "pool_hash"),
        ({"objects": []}, "pool_hash"),
        ({"result": []}, "result"),
        ({"objects": [{"code": "U1"}]}, "format"),
        ({"format": "another/1"}, "format"),
        ({"inspectors": None}, "format"),
    ],
)
def test_a_draw_that_was_touched_is_found(changes, reason):
    assert reason in rules.recomputed(document(**changes))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "team"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(JUNK)
def test_whatever_somebody_brings_gets_an_answer(value):
    told = {"format": rules.FORMAT, "objects": value, "inspectors": value, "result": value, "quotas": value}
    assert rules.recomputed(told) == ("format",)


@pytest.mark.parametrize(
    ("day", "first", "after"),
    [
        ("2026-01-01", "2026-01-01", "2026-04-01"),
        ("2026-06-30", "2026-04-01", "2026-07-01"),
        ("2026-09-30", "2026-07-01", "2026-10-01"),
        ("2026-12-31", "2026-10-01", "2027-01-01"),
    ],
)
def test_quarters_are_half_open(day, first, after):
    found = rules.quarter(dt.date.fromisoformat(day))
    assert found == (dt.date.fromisoformat(first), dt.date.fromisoformat(after))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({}, "ordinary"),
        ({"list-key": "water"}, "key"),
        ({"list-key": "air", "credit": "green"}, "key"),
        ({"list-key": "air", "credit": "red"}, "special"),
        ({"colour": "yellow"}, "special"),
        ({"colour": "green"}, "ordinary"),
    ],
)
def test_the_class_of_a_unit_follows_from_what_it_counts_as(labels, expected):
    assert rules.object_class(labels) == expected
