"""Incinerators: five-minute means of the furnace, day means, exempt hours, findings."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.core.exceptions import ValidationError

from core import city
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Facility, Outlet, Station
from jiangcheng.modules.emissions import queries, services
from jiangcheng.modules.emissions.rules import incineration
from jiangcheng.standards import periods

ON = dt.date(2026, 10, 30)
DAY = periods.day_bounds(ON)[0]
HOUR = dt.timedelta(hours=1)
PM = "a34013"


def furnace(*cold, excused=(), count=288):
    value = np.full(count, 900.0)
    value[list(cold)] = 849.9
    mask = np.zeros(count, bool)
    mask[list(excused)] = True
    return incineration.furnace_days(DAY + 300 * np.arange(count), value, mask, ON)


def test_five_cold_means_in_a_day_are_a_violation_and_four_are_not():
    assert furnace(1, 2, 3, 4).violated.tolist() == [False]
    found = furnace(1, 2, 3, 4, 200)
    assert (found.violated.tolist(), found.cold.tolist(), found.least.tolist()) == ([True], [5], [849.9])
    found = furnace(1, 2, 3, 4, 200, excused=[200])
    assert (found.violated.tolist(), found.cold.tolist(), found.excused.tolist()) == ([False], [4], [1])
    # At 850 the furnace is hot enough, and what is missing is not cold.
    assert not incineration.furnace_days([DAY], [850.0], [False], ON).cold.any()
    assert not incineration.furnace_days([DAY], [np.nan], [False], ON).cold.any()


def test_a_day_ends_in_beijing():
    assert furnace(287, 288, 289, 290, 291, 292, count=400).cold.tolist() == [1, 5]


def test_minutes_make_five_minute_means_and_five_minute_means_stay():
    starts = DAY + 60 * np.arange(10)
    values = np.array([840, 850, 860, 850, 850, 840, 840, np.nan, np.nan, 840], float)
    made = incineration.five_minutes(starts, values, ord("N"), ON)
    assert made.value[0] == 850.0 and np.isnan(made.value[1])
    kept = incineration.five_minutes(DAY + 300 * np.arange(3), [1.0, 2.0, 3.0], ord("N"), ON)
    assert kept.value.tolist() == [1.0, 2.0, 3.0]


def test_exempt_hours_are_the_first_sixty_of_a_year_within_the_bound():
    start = periods.day_bounds(dt.date(2025, 12, 31))[0] + 3600 * np.arange(24 * 5)
    marked, dust = np.ones(len(start), bool), np.full(len(start), 150.0)
    dust[30] = 150.1
    dust[31] = np.nan
    found = incineration.exempt_hours(start, marked, dust, ON)
    assert found[:24].all() and not found[30] and not found[31]
    assert found[24:].sum() == 60 and not found[24 + 62 :].any()


def test_a_day_mean_needs_its_share_of_the_hours_that_count():
    start = DAY + 3600 * np.arange(24)
    value = np.full(24, 21.0)
    none = np.zeros(24, bool)
    assert incineration.day_means(start, value, none, PM, ON).violated.tolist() == [True]
    value[:5] = np.nan
    assert np.isnan(incineration.day_means(start, value, none, PM, ON).value).all()
    exempt = none.copy()
    exempt[:5] = True
    value[:5] = 120.0
    found = incineration.day_means(start, value, exempt, PM, ON)
    assert (found.value.tolist(), found.number.tolist(), found.exempt.tolist()) == ([21.0], [19], [5])
    value[5:] = 20.0
    assert not incineration.day_means(start, value, exempt, PM, ON).violated.any()


# --- with a city


@pytest.fixture
def plant(town):
    Facility.objects.filter(outlets__station__code="P1").update(industry="垃圾焚烧发电")
    return city.people()


def put(town, code, hours, values, granularity=store.Granularity.HOUR):
    town.put("P1", code, "avg", hours, values, granularity=granularity)


def mark(people, town, first, last, kind):
    outlet = Outlet.objects.select_related("facility").get(station__code="P1")
    start, end = town.hour("2026-10-30", first), town.hour("2026-10-30", last)
    return services.hand_in(
        outlet=outlet, kind=kind, from_at=start, to_at=end, reason="故障停炉", actor=people["enterprise"],
        now=end + HOUR, files=[],
    )  # fmt: skip


def test_a_cold_furnace_and_a_day_mean_open_cases_which_a_marked_hour_excuses(town, plant):
    five = [town.hour("2026-10-30", 3) + dt.timedelta(minutes=5 * place) for place in range(12)]
    put(town, "a01901", five, [800.0] * 6 + [900.0] * 6, store.Granularity.MINUTE)
    hours = [town.hour("2026-10-30", hour) for hour in range(24)]
    put(town, PM, hours, [20.5] * 24)
    now = town.hour("2026-10-31", 2)
    assert services.judge_incineration(now=now) == 2
    assert services.judge_incineration(now=now) == 2
    cold = Finding.objects.get(kind="emissions.furnace_cold")
    assert (cold.occurrences, cold.evidence[0]["count"], cold.case.facility.code) == (
        1,
        6,
        "91220200PLANT00001",
    )
    high = Finding.objects.get(kind="emissions.incineration_day")
    assert (high.evidence[0]["value"], high.evidence[0]["limit"]) == (20.5, 20.0)

    made = mark(plant, town, 3, 4, "furnace_sensor")
    type(made).objects.filter(pk=made.pk).update(state="approved")
    station = Station.objects.get(code="P1")
    found = queries.burning(station=station, now=now)
    day = next(item for item in found.days if item.day == ON)
    assert (day.cold, day.excused, day.furnace_violated) == (0, 6, False)
    assert services.judge_incineration(now=now) == 1
    # A mark of the thermometer leaves the flue gas to be judged.
    assert day.means[PM].violated and day.means[PM].hours == 24


def test_an_accident_is_exempt_and_counts_against_the_year(town, plant):
    hours = [town.hour("2026-10-30", hour) for hour in range(24)]
    put(town, PM, hours, [140.0] * 4 + [10.0] * 20)
    made = mark(plant, town, 0, 4, "accident")
    type(made).objects.filter(pk=made.pk).update(state="approved")
    found = queries.burning(station=Station.objects.get(code="P1"), now=town.hour("2026-10-31", 1))
    day = next(item for item in found.days if item.day == ON)
    assert (found.exempt_used, day.means[PM].value, day.means[PM].exempt) == (4, 10.0, 4)


def test_other_plants_have_neither_these_days_nor_these_marks(town):
    people = city.people()
    assert queries.burning(station=Station.objects.get(code="P1"), now=town.hour("2026-10-31", 1)) is None
    with pytest.raises(ValidationError):
        mark(people, town, 0, 4, "accident")


def test_an_incinerator_marks_until_eleven(town, plant):
    made = mark(plant, town, 0, 4, "furnace_sensor")
    type(made).objects.filter(pk=made.pk).update(created_at=town.hour("2026-10-31", 11) + HOUR / 2)
    made.refresh_from_db()
    assert made.late
    Facility.objects.update(industry="火力发电")
    assert not type(made).objects.get().late
