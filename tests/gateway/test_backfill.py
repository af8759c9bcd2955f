"""Data that come late or in parts: what they change, and that nothing of them is lost."""

# ruff: noqa: F811
# Fixtures are imported from the files beside this one.

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from gateway.test_intake import HOUR, MN, NOW, device, follow, journal, keep, properties, station, stored  # noqa: F401
from gateway.test_intake import frame as report
from jiangcheng import hj212
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.observations import store
from jiangcheng.core.observations.models import Consumer
from jiangcheng.core.registry.models import Device, ObservedProperty, Station
from jiangcheng.gateway import intake
from jiangcheng.gateway.models import DeviceSeen, PartFrame, Reject
from jiangcheng.modules.emissions import services as emissions
from modules.conftest import town  # noqa: F401

pytestmark = pytest.mark.django_db

SO2 = "a21026"


def sent(journal, town, hour, value, *, late=dt.timedelta(minutes=5), rf=""):
    """Let an hour arrive through the journal and be judged; return the instant at which it arrived."""
    now = hour + dt.timedelta(hours=1) + late
    raw = report({SO2: {"Avg": "10", "ZsAvg": str(value)}}, at=hour, st="31")
    if rf:
        raw = hj212.frame(raw[6:-6].replace(b";CP=", b";RF=1;CP="))
    keep(journal, raw, received=now)
    intake.follow(journal, clock=lambda: now)
    emissions.evaluate(now=now)
    return now


@pytest.fixture
def outlet(town):
    found = Station.objects.get(code="P1")
    Device.objects.filter(station=found).delete()
    Device.objects.create(mn=MN, station=found)
    return found


def sources(outlet, hour):
    (key,) = ObservedProperty.objects.filter(code=SO2, statistic="zs_avg").values_list("pk", flat=True)
    versions = store.history(
        station=outlet.pk, property=key, granularity=store.Granularity.HOUR, start=int(hour.timestamp())
    )
    return [version.source for version in versions]


def test_a_late_hour_changes_what_the_evaluation_sees(journal, town, outlet):
    first, second, third = (town.hour("2026-10-30", number) for number in range(3))
    sent(journal, town, first, 20)
    sent(journal, town, third, 20)
    assert not Finding.objects.filter(kind="emissions.over_limit").exists()
    done = store.last_sequence()
    late = dt.timedelta(days=2)
    now = second + dt.timedelta(hours=1) + late
    keep(journal, report({SO2: {"Avg": "10", "ZsAvg": "80"}}, at=second, st="31"), received=now)
    intake.follow(journal, clock=lambda: now)
    Consumer.objects.update_or_create(name="test", defaults={"sequence": done})
    changed = store.changes("test")
    assert [(int(changed.start[0]), int(changed.station[0]))] == [(int(second.timestamp()), outlet.pk)]
    emissions.evaluate(now=now)
    finding = Finding.objects.get(kind="emissions.over_limit")
    assert finding.first_at == second
    sent(journal, town, third + dt.timedelta(days=2), 20)
    finding.refresh_from_db()
    assert finding.ended_at is not None


@pytest.mark.parametrize(
    ("late", "rf", "source"),
    [
        (dt.timedelta(minutes=5), "", "hj212"),
        (dt.timedelta(hours=1, minutes=59), "", "hj212"),
        (dt.timedelta(hours=3), "", "hj212:late"),
        (dt.timedelta(minutes=5), "1", "hj212:late"),
    ],
)
def test_late_values_are_stored_as_such(journal, town, outlet, late, rf, source):
    hour = town.hour("2026-10-30", 0)
    sent(journal, town, hour, 20, late=late, rf=rf)
    assert sources(outlet, hour) == [source]


def test_silence_is_found_once_and_ends_with_the_first_late_data(journal, town, outlet):
    hour = town.hour("2026-10-30", 0)
    now = sent(journal, town, hour, 20)
    heartbeat = hj212.encode(hj212.compose(cn="9015", mn=MN, st="31", qn="20261030050000000", flag=9))
    later = now + dt.timedelta(hours=5)
    keep(journal, heartbeat, cn="9015", received=later)
    intake.follow(journal, clock=lambda: later)
    seen = DeviceSeen.objects.get(device__mn=MN)
    assert (seen.received_at, seen.data_at, seen.heartbeat_at) == (later, hour, later)
    emissions.watch_silence(now=later)
    emissions.watch_silence(now=later)
    silence = Finding.objects.filter(kind="emissions.no_data", station=outlet)
    assert silence.count() == 1
    assert silence.get().ended_at is None
    sent(journal, town, hour + dt.timedelta(hours=5), 20)
    emissions.watch_silence(now=later + dt.timedelta(hours=1, minutes=10))
    assert silence.get().ended_at is not None


# --- parts --------------------------------------------------------------------------------------------------


def part(number, total, area, *, at=HOUR, cn="2061"):
    """Return one part of a report, with a number of its own."""
    head = f"QN=2026030112000000{number};ST=32;CN={cn};PW=123456;MN={MN};Flag=7;PNUM={total};PNO={number}"
    local = at.astimezone(dt.timezone(dt.timedelta(hours=8)))
    return hj212.frame(f"{head};CP=&&DataTime={local:%Y%m%d%H%M%S};{area}&&".encode())


AREAS = ("w01018-Avg=12.5", "w21011-Avg=0.4,w21011-Flag=D", "w01018-Flag=M")


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_parts_are_put_together_in_any_order_and_over_any_number_of_runs(
    journal,
    station,
    device,
    properties,
    order,
):
    for number in order:
        assert not stored(station)
        keep(journal, part(number + 1, 3, AREAS[number]))
        follow(journal)
    start = int(HOUR.timestamp())
    # The flag of the first factor came in another part than its value.
    assert stored(station) == {
        (properties["w01018", "avg"], start): (12.5, "M"),
        (properties["w21011", "avg"], start): (0.4, "D"),
    }
    assert not PartFrame.objects.exists()
    assert not Reject.objects.exists()
    assert DeviceSeen.objects.get().frames == 3


def test_a_report_that_stays_incomplete_is_taken_in_as_far_as_it_came(journal, station, device, properties):
    keep(journal, part(1, 3, AREAS[0]), part(3, 3, AREAS[2]))
    follow(journal)
    assert PartFrame.objects.count() == 2
    assert not stored(station)
    intake.follow(journal, clock=lambda: NOW + dt.timedelta(seconds=41))
    assert stored(station) == {(properties["w01018", "avg"], int(HOUR.timestamp())): (12.5, "M")}
    row = Reject.objects.get()
    assert (row.reason, row.field, row.text) == ("parts_missing", "PNO", "2/3")
    assert not PartFrame.objects.exists()
    keep(journal, part(2, 3, AREAS[1]))
    intake.follow(journal, clock=lambda: NOW + dt.timedelta(seconds=120))
    assert len(stored(station)) == 2


def test_a_report_too_long_for_one_frame_keeps_its_factors_whole(journal, station, device, properties):
    filler = [";".join(f"x{number}{index:04d}-Avg=1.000" for index in range(50)) for number in range(10)]
    areas = [f"w01018-Avg=7;{filler[0]}", *filler[1:], "w01018-Flag=C"]
    keep(journal, *(part(number, 11, area) for number, area in enumerate(areas, 1)))
    follow(journal)
    assert stored(station) == {(properties["w01018", "avg"], int(HOUR.timestamp())): (7.0, "C")}


def test_reading_again_puts_parts_together_too(journal, station, device, properties):
    keep(journal, *(part(number, 3, area) for number, area in enumerate(AREAS, 1)))
    first, last = int(NOW.timestamp() * 1e6), int(NOW.timestamp() * 1e6) + 1
    assert intake.take_again(journal, start=first, end=last, clock=lambda: NOW) == 3
    assert len(stored(station)) == 2
    follow(journal)
    before = store.last_sequence()
    assert intake.take_again(journal, start=first, end=last, clock=lambda: NOW) == 3
    assert store.last_sequence() >= before
    assert len(stored(station)) == 2
