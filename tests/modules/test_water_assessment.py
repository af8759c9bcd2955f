"""Grades of rivers, causes of change, trends, lakes, groundwater, flow and quotas."""

from __future__ import annotations

import csv
import datetime as dt
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiangcheng.modules.water import rules
from jiangcheng.standards import lookup

NAN = float("nan")
classes = st.lists(st.integers(0, 6), min_size=1, max_size=60)


def full(**values):
    columns = {name: np.atleast_1d(np.asarray(value, float)) for name, value in values.items()}
    return rules.classify(columns, mode=rules.FULL)


GRADES = [  # classes of sections, grade (环办〔2011〕22号 二(二))
    ([2] * 9 + [4], 1),
    ([2] * 8 + [4] * 2, 2),
    ([3] * 3 + [4], 0),
    ([3] * 75 + [6] * 25, 2),
    ([3] * 74 + [4] * 26, 3),
    ([3] * 60 + [4] * 21 + [6] * 19, 3),
    ([3] * 60 + [4] * 20 + [6] * 20, 4),
    ([3] * 60 + [4] + [6] * 39, 4),
    ([3] * 60 + [6] * 40, 5),
    ([3] * 10 + [6] * 90, 5),
    ([0] * 7, 0),
]


@pytest.mark.parametrize(("found", "grade"), GRADES)
def test_a_basin_is_graded_by_shares(found, grade):
    assert rules.basin_grade(found).grade == grade


@given(classes, st.integers(0, 59))
def test_a_better_section_never_makes_a_basin_worse(found, place):
    place %= len(found)
    if found[place] < 2:
        return
    better = [*found[:place], found[place] - 1, *found[place + 1 :]]
    before, after = rules.basin_grade(found), rules.basin_grade(better)
    assert after.grade <= before.grade
    assert rules.basin_change(before.counts, after.counts).points >= 0 or not after.counts.assessed
    assert before.counts.missing + before.counts.assessed == len(found)


def test_few_sections_are_classified_once_by_their_means():
    values = {"codmn": [2.0, 10.0], "nh3n": [0.1, 0.3], "do": [8.0, 8.0], "ph": [7.0, 7.0]}
    found = rules.basin_grade_of_means(values)
    assert (found.grade, found.by_means, found.counts.assessed) == (2, True, 2)


def test_main_pollutants_toxic_first_then_class_then_multiple():
    result = full(
        cod=[45, 21, 10], nh3n=[1.6, 1.4, 0.1], tp=[0.25, 0.39, 0.01], cn=[0.3, 0.1, 0.01], do=[2.5, 7.0, 8.0]
    )
    assert rules.main_pollutants(result) == [("cn", "cod", "nh3n"), ("tp", "nh3n", "cod"), ()]


@given(st.lists(st.floats(0, 60), min_size=6, max_size=6))
def test_pollutants_are_the_items_over_class_three(numbers):
    cod, nh3n, tp, cn, do, codmn = numbers
    result = full(cod=cod, nh3n=nh3n, tp=tp, cn=cn, do=do, codmn=codmn)
    over = {name for name, found in result.items.items() if found[0] > 3}
    kept = rules.main_pollutants(result)[0]
    assert set(kept) <= over
    assert len(kept) == min(3, len(over))


def test_basin_pollutants_by_share_of_sections():
    result = full(cod=[25, 35, 10, 10], nh3n=[1.2, 0.1, 0.1, NAN], do=[8, 8, 8, 8])
    assert rules.basin_pollutants(result) == [("cod", 50.0), ("nh3n", 33.3)]


def test_change_from_month_to_month_names_its_cause():
    before = full(codmn=[5.0, 12.0, 5.0, 5.0], nh3n=[0.4, 1.6, 0.4, NAN], tp=[0.05, 0.05, 0.05, 0.05])
    now = full(codmn=[5.5, 5.0, 11.0, 5.0], nh3n=[1.7, 0.4, 1.7, NAN], tp=[0.05, 0.05, 0.05, NAN])
    change = rules.month_change(before, now)
    names = list(now.items)
    causes = [tuple(n for bit, n in enumerate(names) if mask >> bit & 1) for mask in change.causes.tolist()]
    assert change.classes.tolist() == [2, -2, 2, 0]
    assert causes == [("nh3n",), ("codmn", "nh3n"), ("codmn", "nh3n"), ()]


@given(
    classes.flatmap(
        lambda one: st.tuples(st.just(one), st.lists(st.integers(0, 6), min_size=len(one), max_size=len(one)))
    )
)
def test_change_is_antisymmetric(pair):
    before, now = pair
    forth, back = rules.section_change(before, now), rules.section_change(now, before)
    assert (forth == -back).all()
    one, other = rules.section_counts(before), rules.section_counts(now)
    assert rules.basin_change(one, other).step == -rules.basin_change(other, one).step


def test_basin_change_of_more_than_ten_and_twenty_points():
    def counts(good, inferior):
        return rules.section_counts([3] * good + [6] * inferior + [4] * (100 - good - inferior))

    after = ((80, 0), (81, 0), (91, 0), (60, 0), (59, 0), (55, 6))
    steps = [rules.basin_change(counts(70, 0), counts(*pair)).step for pair in after]
    assert steps == [0, 1, 2, 0, -1, -2]


def test_target_counts_leave_out_what_is_not_assessed():
    found = rules.target_counts([2, 3, 4, 0], [2, 2, 4, 3])
    assert (found.assessed, found.reached, found.missing, found.percent) == (3, 2, 1, 66.7)


def test_index_of_a_city_at_class_three_counts_one_per_item():
    limits = {row.parameter: row.value for row in lookup.rows("GB3838", edition="2002", zone="class3")}
    means = {name: limits[name] for name in rules.items_of(rules.FULL) if name != "ph"} | {"ph": 9.0}
    assert rules.cwqi(means) == pytest.approx(21)
    assert rules.cwqi({"ph": 6.0}) == rules.cwqi({"ph": 9.0}) == 1.0
    assert rules.cwqi({"tp": 0.05}, lake=True) == 1.0
    assert rules.cwqi_of_city((4.0, 3), (5.0, 1)) == 4.25
    assert np.isnan(rules.cwqi_of_city((4.0, 0), (5.0, 0)))


def test_published_ranks_follow_the_index(shared_data):
    path = shared_data / "water" / "published_official_figures.json"
    for table in json.loads(path.read_text(encoding="utf-8"))["cwqi_jilin"]:
        alone = [rules.cwqi_of_city((index, 1), (0.0, 0)) for index in table["ranks"].values()]
        assert alone == sorted(alone)


# Trends


def test_rank_trend_of_a_textbook_series():
    found = rules.rank_trend([5, 4, 6, 7, 8])
    assert (found.coefficient, found.critical, found.direction) == (0.9, 0.9, 0)
    assert rules.rank_trend([1, 2, 3, 4, 5]).direction == 1
    assert rules.rank_trend([1, 2, 3, 4, 5], level="alpha_0.01").significant
    assert rules.rank_trend([4, 3, 2, 1]).direction == 0
    assert rules.rank_trend(range(11)).critical == 0.564


series = st.lists(st.integers(0, 50), min_size=5, max_size=40)


@given(series)
def test_rank_trend_turns_with_time_and_ignores_scale(values):
    found, back = rules.rank_trend(values), rules.rank_trend(values[::-1])
    if len(set(values)) == 1:
        assert np.isnan(found.coefficient)
        return
    assert found.coefficient == pytest.approx(-back.coefficient, abs=1e-9)
    assert found.coefficient == pytest.approx(
        rules.rank_trend([3 * v + 7 for v in values]).coefficient, abs=1e-9
    )
    if len(set(values)) == len(values):
        ranks = np.argsort(np.argsort(values))
        n = len(values)
        plain = 1 - 6 * ((ranks - np.arange(n)) ** 2).sum() / (n**3 - n)
        assert found.coefficient == pytest.approx(plain, abs=1e-9)


@settings(max_examples=40)
@given(
    st.lists(
        st.lists(st.one_of(st.integers(0, 9), st.none()), min_size=4, max_size=4), min_size=2, max_size=6
    )
)
def test_seasonal_trend_equals_counting_pair_by_pair(rows):
    table = np.array([[NAN if v is None else v for v in row] for row in rows], float)
    found = rules.seasonal_trend(table)
    score = pairs = 0
    for season in table.T:
        for later in range(len(season)):
            for earlier in range(later):
                if not np.isnan(season[[earlier, later]]).any():
                    pairs += 1
                    score += int(np.sign(season[later] - season[earlier]))
    assert (found.score, found.pairs) == (score, pairs)
    back = rules.seasonal_trend(table[::-1])
    assert back.score == -score
    assert np.isnan(found.p) or 0 <= found.p <= 1


def test_seasonal_trend_sees_through_the_seasons():
    years = np.arange(10)[:, None]
    season = 5 * np.sin(np.arange(12) / 12 * 2 * np.pi)[None, :]
    found = rules.seasonal_trend(20 + season - 0.1 * years)
    assert found.slope == pytest.approx(-0.1)
    assert found.p < 0.001
    assert found.score == -12 * 45
    # Variance without ties: n (n - 1) (2 n + 5) / 18 per month.
    assert found.z == pytest.approx((found.score + 1) / (12 * 10 * 9 * 25 / 18) ** 0.5)


# Lakes


def test_trophic_index_of_one_lake():
    found = rules.tli({"chla": [10.0], "tp": [0.05], "tn": [1.0], "sd": [1.0], "codmn": [4.0]})
    parts = {"chla": 50.0061, "tp": 45.7087, "tn": 54.53, "sd": 51.18, "codmn": 37.9793}
    for name, part in parts.items():
        assert found.items[name][0] == pytest.approx(part, abs=0.01)
    weights = {"chla": 0.2663, "tp": 0.1879, "tn": 0.1790, "sd": 0.1834, "codmn": 0.1834}
    assert found.tli[0] == pytest.approx(sum(weights[n] * parts[n] for n in parts), abs=0.06)
    assert (found.grade[0], found.complete[0]) == (2, True)


def test_weights_are_raised_where_an_item_is_missing():
    found = rules.tli(
        {"chla": [NAN, 10.0], "tp": [NAN, 0.05], "tn": [NAN, NAN], "sd": [NAN, 1.0], "codmn": [NAN, 4.0]}
    )
    assert np.isnan(found.tli[0])
    assert (found.grade.tolist(), found.complete.tolist()) == ([0, 2], [False, False])


@given(st.floats(0.5, 200), st.floats(1.0, 3.0))
def test_more_chlorophyll_and_less_sight_mean_a_higher_index(chla, factor):
    base = rules.tli({"chla": [chla], "sd": [1.0]})
    assert rules.tli({"chla": [chla * factor], "sd": [1.0]}).tli[0] >= base.tli[0]
    assert rules.tli({"chla": [chla], "sd": [factor]}).tli[0] <= base.tli[0]


@pytest.mark.parametrize(
    ("density", "area", "level"),
    [(0, NAN, 1), (2, NAN, 2), (9.99, NAN, 2), (10, NAN, 3), (50, NAN, 4), (100, NAN, 5),
     (NAN, 0, 1), (NAN, 0.1, 2), (NAN, 10, 3), (NAN, 59.9, 4), (NAN, 60, 5), (1, 12, 3), (NAN, NAN, 0)],
)  # fmt: skip
def test_algae_take_the_worse_of_density_and_area(density, area, level):
    assert int(rules.algae_levels(density, area).level) == level


# Groundwater


def test_every_limit_of_groundwater_agrees_with_the_transcription(shared_data):
    path = shared_data / "water" / "standards" / "gbt14848_2017.json"
    items = list(json.loads(path.read_text(encoding="utf-8"))["items"].values())[:39]
    rows = {
        (row.clause, row.averaging, row.zone): row.value for row in lookup.rows("GB14848", edition="2017")
    }
    compared = 0
    for number, item in enumerate(items, 1):
        for column, pairs in enumerate(item["limits"].values(), 1):
            operator, text = pairs[0]
            if operator == "LessThanOrEqual":
                assert rows[f"表1 第{number}项", "not_above", f"class{column}"] == float(text)
                compared += 1
    assert compared > 120


def test_groundwater_is_as_good_as_its_worst_item():
    found = rules.classify_groundwater(
        {"ph": [7.0, 6.0, 5.0, 9.0, 9.1], "mn": [0.05, 0.05, 0.05, 0.1, 1.6], "fe": [0.1, 0.3, 0.3, 2.0, NAN]}
    )
    assert found.section.tolist() == [1, 4, 5, 4, 5]
    assert found.names(found.limiting) == [(), ("ph",), ("ph",), ("ph", "fe"), ("ph", "mn")]


def test_an_insensitive_non_detect_proves_nothing():
    values = {"hg": [0.0001, 0.0005, 0.0005], "as": [0.0005, 0.0005, 0.02], "las": [0.05, 0.05, 0.05]}
    hidden = {"hg": [True, True, False], "as": [True, True, False], "las": [True, True, True]}
    found = rules.classify_groundwater(values, hidden)
    assert found.section.tolist() == [1, 1, 4]
    assert found.items["hg"].tolist() == [1, 0, 3]
    assert found.names(found.unproven) == [(), ("hg",), ()]


@given(st.sampled_from(["fe", "mn", "nh3n", "as", "benzene"]), st.floats(0, 200), st.floats(0, 200))
def test_more_of_an_item_never_gives_a_better_class(item, one, other):
    low, high = rules.classify_groundwater({item: sorted((one, other))}).section
    assert low <= high


@pytest.mark.parametrize(
    ("taken", "depth", "unit"),
    [
        (80, 5, 1),
        (95, 5, 2),
        (101, 5, 3),
        (80, 10.1, 3),
        (80, 9.5, 2),
        (NAN, 11, 3),
        (NAN, NAN, 0),
        (100, 10, 2),
    ],
)
def test_a_unit_is_red_if_quantity_or_level_breaks(taken, depth, unit):
    found = rules.dual_control([taken], [100.0], [depth], [10.0], near=0.9)
    assert found.unit.tolist() == [unit]
    assert (found.unit == 3).item() == ((found.quantity == 3) | (found.level == 3)).item()


# Flow and use


def test_guarantee_of_a_river_over_ten_years(shared_data):
    path = shared_data / "water" / "hydro" / "baseflow_example_daily_2001_2010.csv"
    with path.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    days = [dt.date.fromisoformat(row["time"]) for row in rows]
    flow = np.array([float(row["US_09447000"] or "nan") for row in rows])
    mean = np.nanmean(flow)
    assert mean == pytest.approx(1.326, abs=0.0005)
    found = [rules.flow_guarantee(flow, share * mean).percent for share in (0.1, 0.2, 0.3, 0.6)]
    assert found == [100.0, 99.9, 96.0, 32.6]
    years, months = [day.year for day in days], [day.month for day in days]
    assert rules.driest_month_flow(flow, years, months) == pytest.approx(0.388, abs=0.0005)


def test_guarantee_says_how_it_was_counted():
    flow = [5, 5, 1, 1, NAN, 1, 5, 5]
    found = rules.flow_guarantee(flow, 2.0)
    assert (found.percent, found.kept, found.valid, found.missing, found.longest) == (57.1, 4, 7, 1, 2)
    assert found.short.tolist() == [2, 3, 5]
    assert found.deficit == 3 * 86400
    inside = rules.flow_guarantee(flow, 2.0, controlled=[True] * 3 + [False] * 5)
    assert (inside.percent, inside.valid, inside.deficit) == (66.7, 3, 86400)
    monthly = rules.flow_guarantee(flow, 2.0, months=[1, 1, 1, 1, 2, 2, 3, 3], rule=rules.MONTHS)
    assert (monthly.percent, monthly.short.tolist()) == (66.7, [4])
    with pytest.raises(ValueError, match="cannot count"):
        rules.flow_guarantee(flow, 2.0, rule="week")


@given(
    st.lists(st.one_of(st.floats(0, 100), st.just(NAN)), max_size=60), st.floats(0, 100), st.floats(0, 100)
)
def test_a_higher_base_flow_is_kept_less_often(flow, one, other):
    low, high = sorted((one, other))
    easy, hard = rules.flow_guarantee(flow, low), rules.flow_guarantee(flow, high)
    assert hard.kept <= easy.kept
    assert hard.deficit >= easy.deficit
    assert easy.valid + easy.missing == len(flow)
    assert easy.kept + len(easy.short) == easy.valid


def test_control_periods_may_run_over_new_year():
    assert rules.in_control_period([1, 4, 11, 12], 11, 3).tolist() == [True, False, True, True]
    assert rules.in_control_period([1, 4, 11], 4, 10).tolist() == [False, True, False]


def test_quotas_raise_an_alarm_before_they_are_exceeded():
    found = rules.quota_standing(
        [40, 60, 91, 101, 10, 5], [100, 100, 100, 100, NAN, 0], [0.5] * 2 + [1.0] * 4, alarm=0.9
    )
    assert found.level.tolist() == [1, 2, 2, 3, 0, 0]
    assert found.expected[:2].tolist() == [80.0, 120.0]


def test_coverage_of_lists():
    assert rules.coverage([50, NAN, 10], [100, 70, 20]) == 50.0
    assert np.isnan(rules.coverage([], []))


# Black and odorous


def test_black_points_by_shares_of_their_data():
    good = {"transparency": [40, 50], "do": [5, 6], "orp": [120, 100], "nh3n": [2, 3]}
    assert rules.black_points(good).degree == 0
    assert rules.black_points({**good, "nh3n": [2, 9]}) == (1, ("nh3n",), 2)
    assert rules.black_points({**good, "nh3n": [20, 16]}).degree == 2
    three = {"transparency": [5, 30, 30], "do": [0.1, 5, 5], "orp": [100] * 3, "nh3n": [2] * 3}
    assert rules.black_points(three).degree == 2
    assert rules.black_points({}).degree == -1
    assert rules.black_points({**good, "transparency": [9, 9]}, depth=20).degree == 0


def test_stretches_by_their_points():
    assert rules.stretch_degree([0, 0, -1]) == 0
    assert rules.stretch_degree([1, 0, 2, 0]) == 1
    assert rules.stretch_degree([2, 2, 2, 0, 0, 0, 0]) == 2
    assert rules.stretch_degree([2, 0, 2, 0, 2]) == 2
    assert rules.stretch_degree([]) == -1
