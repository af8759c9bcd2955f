"""From hours to AQI, city days, findings and the air targets of the plan."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.indicators import queries as indicators
from jiangcheng.core.observations import store
from jiangcheng.modules.air import services

HOUR, DAY = store.Granularity.HOUR, store.Granularity.DAY
NOON_AFTER = dt.timedelta(hours=36)


def evaluate(town, day):
    return services.evaluate(now=town.hour(day) + NOON_AFTER)


def test_hours_carry_the_index_of_the_edition_in_force(town):
    for day in ("2026-02-28", "2026-03-01"):
        town.put_air("N1", town.hours_of(day), PM25=70.0)
    services.evaluate(now=town.hour("2026-03-02", 12))
    last = town.derived("N1", "aqi", HOUR, "2026-02-28")[town.hour("2026-02-28", 23)]
    first = town.derived("N1", "aqi", HOUR, "2026-03-01")[town.hour("2026-03-01", 0)]
    # PM2.5 of 70 lies between 35 and 75 before the switch, between 60 and 115 after it.
    assert (last, first) == (94, 110)


def test_a_city_day_is_the_mean_of_its_national_points_and_stands_in_both_editions(town):
    for station, value in (("N1", 60.0), ("N2", 70.0), ("N3", 80.0), ("REF", 500.0)):
        town.put_air(station, town.hours_of("2026-03-05"), PM25=value)
    evaluate(town, "2026-03-05")
    midnight = town.hour("2026-03-05")
    assert town.derived("220200", "pm25", DAY, "2026-03-05")[midnight] == 70
    assert town.derived("220200", "aqi_2012", DAY, "2026-03-05")[midnight] == 94
    assert town.derived("220200", "aqi_2026", DAY, "2026-03-05")[midnight] == 110
    assert town.derived("220200", "aqi", DAY, "2026-03-05")[midnight] == 110


def test_a_day_needs_twenty_hours_and_has_to_be_over(town):
    for station in ("N1", "N2", "N3"):
        town.put_air(station, town.hours_of("2026-03-05", 19))
        town.put_air(station, town.hours_of("2026-03-06", 20))
    services.evaluate(now=town.hour("2026-03-06", 21))
    assert not town.derived("N1", "pm25", DAY, "2026-03-05", days=2)
    services.evaluate_days(
        first=dt.date(2026, 3, 5), last=dt.date(2026, 3, 6), now=town.hour("2026-03-07", 1)
    )
    assert list(town.derived("N1", "pm25", DAY, "2026-03-05", days=2)) == [town.hour("2026-03-06")]


def test_a_late_correction_changes_its_hour_and_its_day_and_keeps_what_was_known(town):
    for station in ("N1", "N2", "N3"):
        town.put_air(station, town.hours_of("2026-03-05"), PM25=30.0)
    evaluate(town, "2026-03-05")
    before = store.snapshot()
    town.put("N1", "a34004", "avg", [town.hour("2026-03-05", 3)], [150.0])
    evaluate(town, "2026-03-05")
    assert town.derived("N1", "aqi", HOUR, "2026-03-05")[town.hour("2026-03-05", 3)] == 200
    assert town.derived("N1", "pm25", DAY, "2026-03-05")[town.hour("2026-03-05")] == 35
    assert store.snapshot() != before
    assert evaluate(town, "2026-03-05") <= 1


def test_a_value_that_no_longer_holds_is_taken_back(town):
    town.put_air("N1", town.hours_of("2026-03-05", 20))
    evaluate(town, "2026-03-05")
    assert town.derived("N1", "pm25", DAY, "2026-03-05")
    town.put("N1", "a34004", "avg", [town.hour("2026-03-05", 3)], [20.0], flag=store.REJECTED)
    evaluate(town, "2026-03-05")
    assert not town.derived("N1", "pm25", DAY, "2026-03-05")


def test_bad_hours_make_one_case_in_the_grid_of_the_station_and_end(town):
    for number, level in enumerate((20.0, 160.0, 170.0, 180.0, 40.0, 30.0)):
        town.put_air("N1", [town.hour("2026-10-30", number)], PM25=level)
        services.evaluate(now=town.hour("2026-10-30", number + 1))
    finding = Finding.objects.get(kind="air.aqi_high")
    assert finding.occurrences == 3
    assert finding.grid_cell.code == "220202-01"
    assert finding.first_at == town.hour("2026-10-30", 1)
    assert finding.ended_at == town.hour("2026-10-30", 4)
    assert Case.objects.count() == 1
    assert finding.evidence[-1]["edition"] == "HJ 633-2026"


def test_history_older_than_the_rule_looks_back_opens_nothing(town):
    town.put_air("N1", town.hours_of("2026-10-01", 6), PM25=300.0)
    services.evaluate(now=town.hour("2026-10-30", 12))
    assert not Finding.objects.exists()


def test_the_targets_equal_a_computation_from_the_rows(town):
    generator = np.random.default_rng(7)
    days = [f"2026-02-{day:02}" for day in range(20, 29)] + [f"2026-03-{day:02}" for day in range(1, 11)]
    levels = generator.choice([30.0, 65.0, 110.0, 180.0, 260.0], len(days))
    for day, level in zip(days, levels, strict=True):
        for station in ("N1", "N2", "N3"):
            town.put_air(station, town.hours_of(day), PM25=level)
    services.evaluate(now=town.hour("2026-03-11", 12))
    services.compute_indicators(on=dt.date(2026, 3, 11), at=town.hour("2026-03-11", 12))
    rows = {(row.indicator, row.edition): row for row in indicators.current()}

    def share(name, edition):
        return rows[f"city_{name}_days_ratio_2027", f"HJ 633-{edition}"].value

    assert rows["city_pm25_annual_2027", "HJ 663-2026"].value == pytest.approx(levels.mean(), abs=0.05)
    # 65 is good under the edition of 2012 (up to 75) and not under that of 2026 (up to 60).
    assert share("good_air", 2012) == pytest.approx(100 * (levels <= 75).mean(), abs=0.05)
    assert share("good_air", 2026) == pytest.approx(100 * (levels <= 60).mean(), abs=0.05)
    assert share("heavy_pollution", 2026) == pytest.approx(100 * (levels > 150).mean(), abs=0.05)
    lineage = rows["city_good_air_days_ratio_2027", "HJ 633-2026"].lineage
    assert lineage["stations"] == ["N1", "N2", "N3"]
    assert lineage["rows"] == len(days)
    assert lineage["intermediates"]["days_left"] == 365 - 31 - 28 - 10


def test_the_same_number_is_recorded_once_and_a_changed_one_stays_beside_the_old(town):
    for station in ("N1", "N2", "N3"):
        town.put_air(station, town.hours_of("2026-03-05"), PM25=30.0)
    at = town.hour("2026-03-06", 12)
    evaluate(town, "2026-03-05")
    for _ in range(2):
        services.compute_indicators(on=dt.date(2026, 3, 6), at=at)
    assert indicators.history(indicator="city_pm25_annual_2027").count() == 1
    town.put("N1", "a34004", "avg", town.hours_of("2026-03-05"), np.full(24, 60.0))
    evaluate(town, "2026-03-05")
    services.compute_indicators(on=dt.date(2026, 3, 6), at=at)
    history = list(indicators.history(indicator="city_pm25_annual_2027"))
    assert [(row.value, row.current) for row in history] == [(40.0, True), (30.0, False)]
