"""Outlets against their permits, and stations that fall silent."""

from __future__ import annotations

import datetime as dt

from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.observations import store
from jiangcheng.modules.emissions import services

SO2 = "a21026"


def arrive(town, hour, value, *, statistic="zs_avg", flag=store.NORMAL, station="P1"):
    """Let the mean of an hour come in after its end, and judge it."""
    town.put(station, SO2, statistic, [hour], [value], flag=flag)
    services.evaluate(now=hour + dt.timedelta(hours=1, minutes=5))


def test_hours_above_the_limit_open_exactly_one_case_in_the_right_grid_and_end(town):
    for number, value in enumerate((30, 40, 70, 80, 20)):
        arrive(town, town.hour("2026-10-30", number), value)
    finding = Finding.objects.get(kind="emissions.over_limit")
    assert finding.occurrences == 3
    assert finding.first_at == town.hour("2026-10-30", 1)
    assert finding.ended_at == town.hour("2026-10-30", 4)
    assert finding.severity == 4
    assert finding.case.grid_cell.code == "220202-02"
    assert finding.case.facility.code == "91220200PLANT00001"
    assert Case.objects.count() == 1
    assert finding.evidence[0] == {
        **finding.evidence[0],
        "value": 40.0,
        "limit": 35.0,
        "clause": "超低排放",
        "permit": "P-1 v2",
        "property": "a21026-zs_avg",
    }


def test_the_limit_is_that_of_the_permit_version_of_the_hour(town):
    # Version 1 allows 100 until the end of June, version 2 allows 35 from July on.
    arrive(town, town.hour("2026-06-30", 23), 60)
    assert not Finding.objects.exists()
    arrive(town, town.hour("2026-07-01", 0), 60)
    assert Finding.objects.get().first_at == town.hour("2026-07-01", 0)


def test_the_converted_mean_is_judged_where_there_is_one(town):
    arrive(town, town.hour("2026-10-30", 0), 60, statistic="avg")
    assert Finding.objects.count() == 1
    arrive(town, town.hour("2026-10-30", 0), 30)
    assert Finding.objects.get().ended_at is not None
    arrive(town, town.hour("2026-10-30", 1), 60, statistic="avg")
    arrive(town, town.hour("2026-10-30", 1), 60)
    assert Finding.objects.filter(ended_at=None).get().first_at == town.hour("2026-10-30", 1)


def test_an_hour_under_maintenance_neither_opens_nor_ends(town):
    arrive(town, town.hour("2026-10-30", 0), 60)
    arrive(town, town.hour("2026-10-30", 1), 20, flag=ord("M"))
    assert Finding.objects.get().ended_at is None
    arrive(town, town.hour("2026-10-30", 2), 20)
    assert Finding.objects.get().ended_at == town.hour("2026-10-30", 2)


def test_a_back_filled_hour_does_not_keep_its_finding_open(town):
    for number in (0, 1, 3, 4):
        arrive(town, town.hour("2026-10-30", number), 20)
    town.put("P1", SO2, "zs_avg", [town.hour("2026-10-30", 2)], [70])
    services.evaluate(now=town.hour("2026-10-30", 5))
    finding = Finding.objects.get(kind="emissions.over_limit")
    assert finding.first_at == town.hour("2026-10-30", 2)
    assert finding.ended_at == town.hour("2026-10-30", 3)


def test_the_same_hours_judged_again_count_once(town):
    hour = town.hour("2026-10-30", 0)
    arrive(town, hour, 60)
    arrive(town, hour, 61)
    finding = Finding.objects.get()
    assert (finding.occurrences, finding.evidence[0]["value"]) == (1, 61.0)
    assert services.evaluate(now=hour + dt.timedelta(hours=2)) == 0


def test_a_silent_station_is_found_once_and_forgiven_when_it_sends(town):
    hour = town.hour("2026-10-30", 0)
    arrive(town, hour, 20)
    services.watch_silence(now=hour + dt.timedelta(hours=2))
    assert not Finding.objects.filter(station__code="P1").exists()
    for hours in (6, 7):
        services.watch_silence(now=hour + dt.timedelta(hours=hours))
    finding = Finding.objects.get(station__code="P1")
    assert (finding.kind, finding.first_at) == ("emissions.no_data", hour + dt.timedelta(hours=1))
    arrive(town, hour + dt.timedelta(hours=7), 20)
    services.watch_silence(now=hour + dt.timedelta(hours=8))
    finding.refresh_from_db()
    assert finding.ended_at is not None


def test_areas_are_not_expected_to_send(town):
    services.watch_silence(now=town.hour("2026-10-30"))
    assert not Finding.objects.filter(station__kind="area").exists()
    assert Finding.objects.filter(station__code="W1").exists()
