"""From readings to classes, findings and the water targets of the plan."""

from __future__ import annotations

import datetime as dt

import pytest

from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.indicators import queries as indicators
from jiangcheng.core.observations import store
from jiangcheng.modules.water import services

HOUR, DAY = store.Granularity.HOUR, store.Granularity.DAY
TP, AMMONIA, PERMANGANATE = "w21011", "w21003", "w01019"


def every_four_hours(town, day, count=6):
    return [town.hour(day) + dt.timedelta(hours=4 * number) for number in range(count)]


def test_a_reading_has_the_class_of_its_worst_item_and_a_lake_its_own_phosphorus(town):
    starts = every_four_hours(town, "2026-10-30", 1)
    for section in ("W1", "W2"):
        town.put_water(section, starts, **{TP: 0.06})
    services.evaluate(now=town.hour("2026-10-30", 6))
    # 0.06 mg/L of phosphorus: class II of a river (0.1), class IV of a lake (0.1 after 0.05).
    assert town.derived("W1", "water_class", HOUR, "2026-10-30")[starts[0]] == 2
    assert town.derived("W2", "water_class", HOUR, "2026-10-30")[starts[0]] == 4


def test_the_class_of_a_month_is_that_of_its_means(town):
    starts = every_four_hours(town, "2026-10-30")
    town.put_water("W1", starts, **{PERMANGANATE: 3.0})
    town.put_water("W1", starts[:1], **{PERMANGANATE: 14.0})
    services.evaluate(now=town.hour("2026-10-31"))
    assert town.derived("W1", "water_class", HOUR, "2026-10-30")[starts[0]] == 5
    # (14 + 5 × 3) / 6 = 4.83 mg/L is class III.
    assert town.derived("W1", "water_class_month", DAY, "2026-10-01")[town.hour("2026-10-01")] == 3


def test_a_section_worse_than_its_target_opens_one_case_with_the_limiting_items(town):
    starts = every_four_hours(town, "2026-10-30", 4)
    for start, ammonia in zip(starts, (0.2, 1.8, 1.9, 0.3), strict=True):
        town.put_water("W1", [start], **{AMMONIA: ammonia})
        services.evaluate(now=start + dt.timedelta(hours=2))
    finding = Finding.objects.get(kind="water.class_worse")
    assert (finding.occurrences, finding.ended_at) == (2, starts[3])
    assert finding.evidence[0]["limiting"] == [{"item": "nh3n", "value": 1.8, "multiple": 0.8}]
    assert finding.case.grid_cell.code == "220202-02"
    assert Case.objects.count() == 1


def test_a_late_correction_ends_what_it_refutes(town):
    starts = every_four_hours(town, "2026-10-30", 2)
    town.put_water("W1", starts[:1], **{AMMONIA: 1.8})
    services.evaluate(now=starts[1])
    town.put("W1", AMMONIA, "avg", starts[:1], [0.18])
    services.evaluate(now=starts[1] + dt.timedelta(hours=1))
    assert town.derived("W1", "water_class", HOUR, "2026-10-30")[starts[0]] == 2
    assert Finding.objects.get().ended_at is not None


def test_the_targets_count_sections_by_the_mean_of_the_months(town):
    for month, tp in (("2026-09", 0.01), ("2026-10", 0.25)):
        town.put_water("W2", every_four_hours(town, f"{month}-10"), **{TP: tp})
        town.put_water("W1", every_four_hours(town, f"{month}-10"))
    services.compute_indicators(on=dt.date(2026, 10, 30), at=town.hour("2026-10-30", 12))
    rows = {row.indicator: row for row in indicators.current()}
    good = rows["city_national_section_good_ratio_2027"]
    # The mean of 0.01 and 0.25 is 0.13 mg/L: class V of a lake (0.2), though one month alone was class I.
    assert (good.value, good.edition) == (50.0, "GB 3838-2002")
    assert good.lineage["intermediates"]["W2"] == "Ⅴ"
    assert good.lineage["intermediates"]["assessed_sections"] == 2
    assert rows["city_inferior_class5_sections_2027"].value == 0


@pytest.mark.parametrize("on", [dt.date(2026, 1, 1), dt.date(2026, 10, 30)])
def test_without_readings_no_number_is_made_up(town, on):
    services.compute_indicators(on=on, at=town.hour("2026-10-30", 12))
    assert not indicators.current().exists()
