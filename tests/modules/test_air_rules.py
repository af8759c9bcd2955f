"""AQI, station and city days, annual assessment: worked examples, published values, laws of arithmetic."""

from __future__ import annotations

import csv
import datetime
import decimal
import gzip
import itertools
import json
import pathlib
from importlib import resources

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from jiangcheng.methods import averaging
from jiangcheng.modules.air import rules
from jiangcheng.standards import lookup, periods

SCALES = [
    ("SO2", "hour"),
    ("SO2", "day"),
    ("NO2", "hour"),
    ("NO2", "day"),
    ("CO", "hour"),
    ("CO", "day"),
    ("O3", "hour"),
    ("O3", "mda8"),
    ("PM10", "day"),
    ("PM25", "day"),
]
EDITIONS = ["2012", "2026"]

WORKED = [  # pollutant, averaging, edition, concentration, IAQI (HJ 633 tables, interpolated by hand)
    ("CO", "day", "2026", 2.2, 55),  # 50 + 50 * 2/20: exactly 55, where floats give 56
    ("CO", "hour", "2026", 65.4, 218),  # 200 + 100 * 54/300
    ("CO", "hour", "2026", 66.9, 223),
    ("PM25", "day", "2012", 75, 100),
    ("PM25", "day", "2026", 75, 114),  # 100 + 50 * 15/55 = 113.6
    ("PM25", "day", "2026", 60, 100),
    ("PM25", "day", "2012", 36, 52),  # 50 + 50 * 1/40 = 51.25
    ("PM10", "day", "2012", 150, 100),
    ("PM10", "day", "2026", 150, 112),  # 100 + 50 * 30/130 = 111.5
    ("PM25", "day", "2026", 35.5, 52),  # rounds to 36
    ("PM25", "day", "2026", 34.5, 49),  # rounds to the even 34: 48.6
    ("CO", "day", "2026", 2.25, 55),  # rounds to the even 2.2
    ("PM25", "day", "2026", 700, 500),
    ("SO2", "hour", "2026", 801, 200),
    ("SO2", "hour", "2012", 801, rules.MISSING),
    ("SO2", "hour", "2012", 800, 200),
    ("O3", "mda8", "2026", 801, 300),
    ("O3", "mda8", "2012", 801, rules.MISSING),
    ("O3", "hour", "2026", 0, 0),
    ("NO2", "hour", "2026", -1, rules.MISSING),
    ("NO2", "hour", "2026", np.nan, rules.MISSING),
]


@pytest.mark.parametrize(("pollutant", "averaged", "edition", "value", "expected"), WORKED)
def test_worked_examples(pollutant: str, averaged: str, edition: str, value: float, expected: int) -> None:
    assert rules.iaqi([value], pollutant, averaged, edition).tolist() == [expected]


@pytest.mark.parametrize(("pollutant", "averaged"), SCALES)
@pytest.mark.parametrize("edition", EDITIONS)
def test_every_concentration_of_a_scale_is_exact_and_rising(
    pollutant: str, averaged: str, edition: str
) -> None:
    points = [
        (row.decimal, int(row.extra["iaqi"]))
        for row in lookup.rows("HJ633", edition=edition)
        if (row.parameter, row.averaging) == (pollutant, averaged)
    ]
    scale = decimal.Decimal(10 if pollutant == "CO" else 1)
    units = range(int(points[-1][0] * scale) + 1)
    found = rules.iaqi([float(unit / scale) for unit in units], pollutant, averaged, edition)
    assert (np.diff(found) >= 0).all()
    for unit in units:
        concentration = unit / scale
        (low, start), (high, end) = next(
            pair for pair in itertools.pairwise(points) if pair[0][0] <= concentration <= pair[1][0]
        )
        exact = start + (end - start) * (concentration - low) / (high - low)
        assert exact <= int(found[unit]) < exact + 1


@pytest.mark.parametrize("edition", EDITIONS)
@given(first=st.floats(0, 1500), second=st.floats(0, 1500))
def test_a_higher_concentration_never_has_a_lower_index(edition: str, first: float, second: float) -> None:
    low, high = sorted((first, second))
    for pollutant, averaged in (("PM25", "day"), ("CO", "day"), ("NO2", "hour"), ("O3", "hour")):
        found = rules.iaqi([low, high], pollutant, averaged, edition)
        assert found[0] <= found[1] <= 500


def hour(**values: float) -> dict[str, NDArray[np.float64]]:
    return {name: np.array([value]) for name, value in values.items()}


CLEAN = {"SO2": 5.0, "NO2": 10.0, "PM10": 30.0, "CO": 0.4, "O3": 60.0, "PM25": 20.0}


def test_primary_pollutants_are_named_above_50_and_ties_jointly() -> None:
    result = rules.aqi_hourly(hour(**CLEAN), edition="2026")
    assert (result.aqi[0], result.level[0], result.primary_names()[0]) == (30, 1, "")
    at_fifty = rules.aqi_hourly(hour(**{**CLEAN, "PM25": 35.0}), edition="2026")
    assert (at_fifty.aqi[0], at_fifty.primary_names()[0]) == (50, "")
    tied = rules.aqi_hourly(hour(**{**CLEAN, "PM25": 60.0, "PM10": 120.0}), edition="2026")
    assert (tied.aqi[0], tied.primary_names()[0]) == (100, "PM10|PM25")
    assert tied.level[0] == 2


def test_missing_pollutants_by_edition() -> None:
    """HJ 633-2026, 5.3: published above 100, else NA; until 2026 the feed published what was left."""
    low = hour(**{**CLEAN, "PM25": np.nan})
    high = hour(**{**CLEAN, "PM25": 80.0, "PM10": np.nan})
    result = rules.aqi_hourly(low, edition="2026")
    assert (result.aqi[0], result.level[0], result.primary[0]) == (rules.MISSING, 0, 0)
    assert result.reason[0] == rules.Reason.WITHHELD
    assert result.iaqi["PM10"][0] == 30
    result = rules.aqi_hourly(low, edition="2012")
    assert (result.aqi[0], result.reason[0]) == (30, rules.Reason.INCOMPLETE)
    result = rules.aqi_hourly(high, edition="2026")
    assert (result.aqi[0], result.reason[0]) == (119, rules.Reason.INCOMPLETE)
    result = rules.aqi_hourly(low, edition="2026", exempt={"PM25"})
    assert (result.aqi[0], result.reason[0]) == (30, rules.Reason.COMPLETE)
    result = rules.aqi_hourly({name: np.array([np.nan]) for name in CLEAN}, edition="2012")
    assert (result.aqi[0], result.reason[0]) == (rules.MISSING, rules.Reason.NO_DATA)


def test_the_date_of_each_row_selects_its_edition() -> None:
    days = np.array(["2026-03-01", "2026-02-28", "2031-01-01", "2026-03-01"], dtype="datetime64[D]")
    columns = {name: np.full(4, value) for name, value in {**CLEAN, "PM25": 75.0}.items()}
    result = rules.aqi_hourly(columns, on=days)
    assert result.aqi.tolist() == [114, 100, 114, 114]
    assert result.edition().tolist() == ["2026", "2012", "2026", "2026"]
    for index, day in enumerate(days.tolist()):
        alone = rules.aqi_hourly({name: values[:1] for name, values in columns.items()}, on=day)
        assert alone.aqi[0] == result.aqi[index]
    with pytest.raises(lookup.NotInForce):
        rules.aqi_hourly(columns, on=np.full(4, np.datetime64("2012-12-31")))


def test_the_day_of_2012_counts_the_highest_ozone_hour() -> None:
    day = {name: np.array([value]) for name, value in CLEAN.items() if name != "O3"}
    day |= {"O3_8h": np.array([90.0]), "O3_1h": np.array([210.0])}
    assert rules.aqi_daily(day, edition="2012").aqi[0] == 105
    assert rules.aqi_daily(day, edition="2012").primary_names()[0] == "O3_1h"
    assert rules.aqi_daily(day, edition="2026").aqi[0] == 45


# --- published values -----------------------------------------------------------------------------------------


def read(path: pathlib.Path) -> dict[str, list[str]]:
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode()
    rows = list(csv.reader(text.splitlines()))
    return dict(zip(rows[0], map(list, zip(*rows[1:], strict=True)), strict=True))


def numbers(texts: list[str]) -> NDArray[np.float64]:
    return np.array([float(text) if text else np.nan for text in texts])


PUBLISHED = {  # file: rows with an AQI, of these with all six pollutants
    "cnemc_realtime_2020-04_golden.csv.gz": (145_503, 132_186),
    "jilin_changchun_realtime_2020-04_golden.csv": (1_555, 1_367),
}
PRIMARY_OF_A_REMOVED_VALUE = {("岱山公园", "2020-04-05 23:00:00"), ("岱山公园", "2020-04-06 00:00:00")}
"""The straw burning of April 2020: PM10 was removed from the feed after the primary pollutants were named."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_hourly_aqi_and_primary_pollutants(name: str, shared_data: pathlib.Path) -> None:
    table = read(shared_data / "air" / name)
    columns = {column: numbers(table[column]) for column in rules.columns_of("hour")}
    official = numbers(table["aqi_official"])
    result = rules.aqi_hourly(columns, on=datetime.date(2020, 4, 5))
    known = ~np.isnan(official)
    complete = known & (result.reason == rules.Reason.COMPLETE)
    assert (known.sum(), complete.sum()) == PUBLISHED[name]
    np.testing.assert_array_equal(result.aqi[known], official[known].astype(int))
    differs = known & (result.primary_names() != np.array(table["primary"], dtype=object))
    places = {(table["station"][row], table["time"][row]) for row in np.flatnonzero(differs)}
    assert places == PRIMARY_OF_A_REMOVED_VALUE
    assert not (differs & complete).any()
    words = {grade.name_zh: grade.code for grade in lookup.grades("HJ633_levels", edition="2012")}
    levels = np.array([words.get(word, 0) for word in table["level_official"]])
    graded = known & (levels > 0)
    np.testing.assert_array_equal(result.level[graded], levels[graded])


FEED_WORDS = {
    "细颗粒物(PM2.5)": "PM25",
    "颗粒物(PM10)": "PM10",
    "臭氧1小时": "O3",
    "二氧化硫": "SO2",
    "二氧化氮": "NO2",
    "一氧化碳": "CO",
    "—": "",
    "-;": "",
    "": "",
}


def test_the_feed_of_2017_to_2019_needs_its_ozone_fields_swapped(shared_data: pathlib.Path) -> None:
    """The national feed delivers the hour under the name of the day's maximum and the other way round."""
    table = read(shared_data / "air" / "cnemc_live_snapshots_2017_2018_2019_golden.csv.gz")
    columns = {column: numbers(table[column]) for column in rules.columns_of("hour")}
    official = numbers(table["aqi_official"])
    judged = ~np.isnan(official)
    result = rules.aqi_hourly(columns, edition="2012")
    assert judged.sum() == 10_025
    np.testing.assert_array_equal(result.aqi[judged], official[judged].astype(int))
    primary = [
        "|".join(sorted(FEED_WORDS[word] for word in text.split(","))) for text in table["primary_official"]
    ]
    assert (result.primary_names()[judged] == np.array(primary, dtype=object)[judged]).all()
    as_named = rules.aqi_hourly({**columns, "O3": numbers(table["O3_daymax1h"])}, edition="2012")
    assert (as_named.aqi[judged] == official[judged]).mean() < 0.65


@pytest.fixture(scope="module")
def beijing_hours(shared_data: pathlib.Path) -> dict[str, NDArray[np.float64]]:
    """Hours of the twelve national stations of Beijing in 2015, ``(station, day, hour)``."""
    table = read(shared_data / "air" / "beijing12_hourly_2015.csv.gz")
    labels = np.array(table["time"], dtype="datetime64[s]").astype(np.int64) - periods.OFFSET
    stations, row = np.unique(table["station"], return_inverse=True)
    days = periods.days_of_year(2015)
    return {
        column: averaging.hours_of_days(
            periods.hour_start(labels), numbers(table[column]), days[0], 365, row=row, rows=len(stations)
        )
        for column in rules.columns_of("hour")
    }


@pytest.fixture(scope="module")
def beijing(beijing_hours: dict[str, NDArray[np.float64]]) -> dict[str, NDArray[np.float64]]:
    """City days of Beijing in 2015."""
    on = datetime.date(2015, 7, 1)
    return rules.city_mean(rules.station_days(beijing_hours, on=on), on=on)


def test_beijing_2015_has_the_known_good_and_heavy_days(beijing: dict[str, NDArray[np.float64]]) -> None:
    days = periods.days_of_year(2015)
    quality = rules.day_quality(rules.aqi_daily(beijing, on=days).level)
    assert (quality.days, quality.good, quality.heavy) == (363, 189, 49)
    assert (quality.good_percent, quality.heavy_percent) == (52.1, 13.5)
    stricter = rules.day_quality(rules.aqi_daily(beijing, edition="2026").level)
    assert stricter.good < quality.good
    assert stricter.heavy == quality.heavy


def test_beijing_2015_has_the_known_annual_means(beijing: dict[str, NDArray[np.float64]]) -> None:
    expected = {"PM25": 79.3, "PM10": 103.5, "NO2": 48.0, "SO2": 12.9}  # of days with any number of points
    means = {name: float(np.nanmean(beijing[name])) for name in expected}
    assert means == pytest.approx(expected, abs=0.1)
    year = {item.parameter: item for item in rules.evaluate_year(beijing, periods.days_of_year(2015))}
    assert year["PM25"].valid
    assert (year["PM25"].mean, year["PM25"].mean_limit, year["PM25"].attained) == (79, 35, False)
    assert (year["SO2"].mean_limit, year["SO2"].percentile_limit, year["SO2"].attained) == (60, 150, True)
    assert (year["O3"].percent, year["O3"].percentile_limit) == (90, 160)
    final = rules.evaluate_year(beijing, periods.days_of_year(2015), edition="2026-final")
    assert {item.parameter for item in final if item.attained} == {"CO"}


# --- days and years ---------------------------------------------------------------------------------------------

ON = datetime.date(2026, 6, 1)


def test_a_station_day_needs_twenty_hours() -> None:
    hours = np.full((2, 24), 50.0)
    hours[0, :4] = np.nan
    hours[1, :5] = np.nan
    days = rules.station_days({"PM25": hours}, on=ON)
    np.testing.assert_array_equal(days["PM25"], [50.0, np.nan])


def test_mda8_takes_the_windows_from_eight_to_midnight() -> None:
    ozone = np.full(24, 40.0)
    ozone[16:24] = 120.0
    found = rules.mda8(ozone, on=ON)
    assert (found.value, found.windows) == (120.0, 17)


def test_a_short_ozone_day_counts_only_above_the_limit() -> None:
    quiet, loud = np.full(24, 100.0), np.full(24, 170.0)
    for day in (quiet, loud):
        day[:6] = np.nan
    found = rules.mda8(np.stack([quiet, loud]), on=ON)
    assert found.windows.tolist() == [13, 13]
    np.testing.assert_array_equal(found.value, [np.nan, 170.0])
    quiet[5] = 100.0
    assert rules.mda8(quiet, on=ON).windows == 14
    assert rules.mda8(quiet, on=ON).value == 100.0


def test_a_city_day_is_the_mean_of_station_days_of_enough_points() -> None:
    points = np.array([[10.0, 10.0, np.nan], [20.0, np.nan, np.nan], [40.0, 30.0, 9.0]])
    np.testing.assert_allclose(rules.city_mean({"NO2": points}, on=ON)["NO2"], [70 / 3, 20.0, np.nan])
    many = np.vstack([points, [[30.0, 30.0, 30.0]]])
    np.testing.assert_allclose(rules.city_mean({"NO2": many}, on=ON)["NO2"], [25.0, 70 / 3, np.nan])


def test_attainment_is_judged_on_the_rounded_statistic() -> None:
    days = periods.days_of_year(2026)
    values = np.full(365, 30.4)
    item = rules.evaluate_year({"PM25": values}, days)[0]
    assert (item.mean, item.mean_limit, item.attained, item.edition) == (30.4, 30, True, "2026-transition")
    assert not rules.evaluate_year({"PM25": values + 0.2}, days)[0].attained
    assert not rules.evaluate_year({"PM25": values}, days, edition="2026-final")[0].attained


@given(st.lists(st.integers(0, 6), max_size=366))
def test_day_shares_are_of_the_days_with_an_aqi(levels: list[int]) -> None:
    quality = rules.day_quality(np.array(levels, dtype=int))
    known = [level for level in levels if level]
    assert quality.days == len(known)
    assert quality.good == sum(level <= 2 for level in known)
    assert quality.heavy == sum(level >= 5 for level in known)


def test_beijing_2015_by_months_makes_the_year_again(beijing: dict[str, NDArray[np.float64]]) -> None:
    days = periods.days_of_year(2015)
    year = {item.parameter: item for item in rules.evaluate_period(beijing, days)}
    months = rules.evaluate_months(beijing, days)
    pm25 = [next(item for item in found if item.parameter == "PM25") for found in months.values()]
    assert [item.needed for item in pm25] == [27, 25] + [27] * 10
    total = sum(item.mean * item.days for item in pm25)
    assert total / year["PM25"].days == pytest.approx(year["PM25"].mean)
    index = rules.composite(tuple(year.values()), on=datetime.date(2015, 12, 31))
    assert index.main == ("PM25",)
    assert 7 < index.value < 9


def test_the_tests_of_hours_leave_most_of_beijing_alone_and_find_what_is_put_in(
    beijing_hours: dict[str, NDArray[np.float64]],
) -> None:
    on = datetime.date(2015, 7, 1)
    hours = {name: values.reshape(len(values), -1) for name, values in beijing_hours.items()}
    found = rules.suspects(hours, on=on)
    for test, by_pollutant in found.items():
        for name, flags in by_pollutant.items():
            share = flags.sum() / (~np.isnan(hours[name])).sum()
            assert share < 0.006, (test, name, share)
    scores = rules.backtest(hours, on=on, generator=np.random.default_rng(1), faults=400)
    assert {name: score.recall > 0.87 for name, score in scores.items()} == dict.fromkeys(scores, True)
    assert {name: score.precision > 0.78 for name, score in scores.items()} == dict.fromkeys(scores, True)


def test_the_forecast_of_beijing_beats_persistence_and_its_intervals_are_calibrated(
    beijing: dict[str, NDArray[np.float64]],
) -> None:
    path = resources.files("jiangcheng.modules.air").joinpath("data/forecast.json")
    parameters = json.loads(path.read_text("utf-8"))[0]
    scores = rules.hindcast(
        beijing,
        periods.days_of_year(2015),
        first=datetime.date(2015, 6, 1),
        parameters=parameters,
        edition="2026",
    )
    for score in scores:
        assert score.mae < 0.95 * score.mae_persistence
        assert abs(score.coverage - score.nominal) < 6
