"""From the journal into the store: once, complete, and with a reason for everything left out."""

from __future__ import annotations

import datetime as dt

import pytest

from jiangcheng import hj212
from jiangcheng.core.observations import store
from jiangcheng.core.portal.models import LiveEvent
from jiangcheng.core.registry.models import Device, ObservedProperty, Region, Station
from jiangcheng.gateway import client, intake, ledger
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.journal import sqlite
from jiangcheng.gateway.models import DeviceSeen, IntakeCursor, Reject, UnregisteredDevice

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 3, 1, 4, 0, tzinfo=dt.UTC)
HOUR = dt.datetime(2026, 3, 1, 3, 0, tzinfo=dt.UTC)
MN = "A" * 24
STRANGER = "B" * 24


@pytest.fixture
def journal(tmp_path):
    opened = sqlite.SqliteJournal(tmp_path / "journal")
    yield opened
    opened.close()


@pytest.fixture
def station():
    region = Region.objects.create(code="220202", name_zh="昌邑区", name_en="Changyi", level="county")
    return Station.objects.create(
        code="S1", name_zh="排口", name_en="Outlet", kind="water_outlet", region=region,
        longitude=126.5, latitude=43.8, valid_from_date=dt.date(2020, 1, 1),
    )  # fmt: skip


@pytest.fixture
def device(station):
    return Device.objects.create(mn=MN, station=station)


@pytest.fixture
def properties():
    made = {}
    for statistic in ("avg", "min", "max", "cou", "zs_avg"):
        for code in ("w01018", "w21011", "a34013"):
            made[code, statistic] = ObservedProperty.objects.create(
                code=code,
                statistic=statistic,
                name_zh=code,
                name_en=code,
                unit="mg/L",
                decimals=3,
                medium="water",
            ).pk
    return made


def keep(journal, *frames, mn=MN, cn="2061", state=journals.State.REGISTERED, received=NOW):
    micros = int(received.timestamp() * 1_000_000)
    journal.append([journals.Entry(micros, "192.0.2.9:1", state, "", mn, cn, frame) for frame in frames])


def frame(factors, *, cn="2061", at=HOUR, mn=MN, st="32", flag=5, qn="20260301120000000"):
    return client.report(mn=mn, st=st, cn=cn, qn=qn, data_time=at, factors=factors, flag=flag)


def follow(journal, **options):
    return intake.follow(journal, clock=lambda: NOW, **options)


def stored(station, granularity=store.Granularity.HOUR, key=None):
    table = store.read(
        stations=[station.pk],
        properties=[key] if key else list(ObservedProperty.objects.values_list("pk", flat=True)),
        granularity=granularity,
        start=NOW - dt.timedelta(days=3),
        end=NOW + dt.timedelta(days=3),
    )
    return {(row["property"], row["start"]): (row["value"], chr(row["flag"])) for row in table.to_pylist()}


def test_an_hour_lands_under_its_start_with_its_statistics_and_flags(journal, station, device, properties):
    factors = {
        "w01018": {"Avg": "12.5", "Min": "10", "Max": "15.25", "Cou": "0.9", "Flag": "N"},
        "w21011": {"Avg": "0.4", "Flag": "D"},
    }
    keep(journal, frame(factors))
    assert follow(journal) == 1
    start = int(HOUR.timestamp())
    assert stored(station) == {
        (properties["w01018", "avg"], start): (12.5, "N"),
        (properties["w01018", "min"], start): (10.0, "N"),
        (properties["w01018", "max"], start): (15.25, "N"),
        (properties["w01018", "cou"], start): (0.9, "N"),
        (properties["w21011", "avg"], start): (0.4, "D"),
    }
    seen = DeviceSeen.objects.get(device=device)
    assert (seen.received_at, seen.data_at, seen.cn, seen.frames) == (NOW, HOUR, "2061", 1)
    assert not Reject.objects.exists()


@pytest.mark.parametrize(
    ("cn", "granularity", "start"),
    [
        ("2011", store.Granularity.INSTANT, HOUR + dt.timedelta(minutes=17, seconds=5)),
        ("2051", store.Granularity.MINUTE, HOUR + dt.timedelta(minutes=17)),
        ("2061", store.Granularity.HOUR, HOUR),
        # 11:17 in Beijing on 1 March: the day began at 16:00 UTC the day before.
        ("2031", store.Granularity.DAY, dt.datetime(2026, 2, 28, 16, tzinfo=dt.UTC)),
    ],
)
def test_the_command_says_how_long_the_interval_is(
    journal, station, device, properties, cn, granularity, start
):
    at = HOUR + dt.timedelta(minutes=17, seconds=5)
    keep(journal, frame({"w01018": {"Rtd": "3", "Flag": "N"}}, cn=cn, at=at), cn=cn)
    follow(journal)
    assert stored(station, granularity) == {(properties["w01018", "avg"], int(start.timestamp())): (3.0, "N")}


def test_reading_twice_changes_nothing(journal, station, device, properties):
    keep(journal, *(frame({"w01018": {"Avg": "5"}}, at=HOUR - dt.timedelta(hours=n)) for n in range(5)))
    assert follow(journal, chunk=2) == 5
    before = stored(station)
    assert follow(journal) == 0
    IntakeCursor.objects.update(seq=0)
    assert follow(journal) == 5
    assert stored(station) == before
    assert intake.take_again(journal, start=0, end=10**17, clock=lambda: NOW) == 5
    assert stored(station) == before
    table = store.read(
        stations=[station.pk],
        properties=list(properties.values()),
        granularity=store.Granularity.HOUR,
        start=NOW - dt.timedelta(days=1),
        end=NOW,
    )
    assert len(table["revision"].unique()) == 1


def test_a_correction_becomes_a_revision(journal, station, device, properties):
    keep(journal, frame({"w01018": {"Avg": "5"}}), frame({"w01018": {"Avg": "6"}}, qn="20260301120001000"))
    follow(journal)
    assert list(stored(station).values()) == [(6.0, "N")]


def test_a_crash_before_the_commit_leaves_the_cursor_where_it_was(journal, station, device, properties):
    keep(journal, frame({"w01018": {"Avg": "5"}}))

    def clock():
        raise RuntimeError("the machine stops here")

    with pytest.raises(RuntimeError):
        intake.follow(journal, clock=clock)
    assert not IntakeCursor.objects.filter(seq__gt=0).exists()
    assert follow(journal) == 1
    assert len(stored(station)) == 1


def test_what_cannot_be_stored_is_told_with_its_reason(journal, station, device, properties):
    factors = {
        "w01018": {"Avg": "12mg", "Flag": "N"},
        "w21011": {"Avg": "--", "Flag": "B"},
        "w99999": {"Avg": "1", "Flag": "N"},
        "a34013": {"Foo": "1", "Max": "1e300"},
    }
    late = frame({"w01018": {"Avg": "1"}}, at=NOW + dt.timedelta(hours=2))
    segment = frame({"w01018": {"Avg": "1"}})[6:-6]
    timeless = hj212.frame(segment.replace(b"DataTime=20260301110000", b"DataTime=20269901110000"))
    keep(journal, frame(factors), frame(factors), late, timeless)
    follow(journal)
    told = {(row.code, row.field, row.reason): (row.count, row.text) for row in Reject.objects.all()}
    reason = Reject.Reason
    assert told == {
        ("w01018", "Avg", reason.VALUE_INVALID): (2, "12mg"),
        ("w99999", "Avg", reason.CODE_UNKNOWN): (2, "1"),
        ("a34013", "Foo", reason.FIELD_UNKNOWN): (2, "1"),
        ("a34013", "Max", reason.VALUE_INVALID): (2, "1e300"),
        ("", "DataTime", reason.TIME_AHEAD): (1, "20260301140000"),
        ("", "DataTime", reason.TIME_INVALID): (1, ""),
    }
    ((value, flag),) = stored(station).values()
    assert value is None or value != value
    assert flag == "B"


def test_rejects_of_one_device_are_bounded(journal, station, device, properties):
    for part in range(3):
        factors = {f"w9{part}{number:03d}": {"Avg": "1"} for number in range(60)}
        keep(journal, frame(factors))
    follow(journal)
    assert Reject.objects.count() <= 101
    assert sum(Reject.objects.values_list("count", flat=True)) == 180


def test_an_unknown_mn_is_taken_in_once_it_is_registered(journal, station, properties):
    frames = [
        frame({"w01018": {"Avg": str(n)}}, mn=STRANGER, at=HOUR - dt.timedelta(hours=n)) for n in range(4)
    ]
    keep(journal, *frames[:2], mn=STRANGER, state=journals.State.UNREGISTERED)
    follow(journal)
    keep(journal, *frames[2:], mn=STRANGER, state=journals.State.UNREGISTERED)
    follow(journal)
    row = UnregisteredDevice.objects.get()
    assert (row.mn, row.frames, row.first_seq, row.last_seq) == (STRANGER, 4, 1, 4)
    assert "PW=***" in row.last_frame
    assert not stored(station)
    Device.objects.create(mn=STRANGER, station=station)
    follow(journal)
    assert sorted(value for value, _ in stored(station).values()) == [0.0, 1.0, 2.0, 3.0]
    assert not UnregisteredDevice.objects.exists()
    assert DeviceSeen.objects.get().frames == 4


def test_strangers_who_invent_names_do_not_fill_the_table(journal, monkeypatch):
    monkeypatch.setattr(ledger, "STRANGERS", 3)
    for number in range(8):
        keep(journal, frame({}, mn=f"X{number}"), mn=f"X{number}", state=journals.State.UNREGISTERED)
    follow(journal, chunk=5)
    frames = dict(UnregisteredDevice.objects.values_list("mn", "frames"))
    assert frames == {"X0": 1, "X1": 1, "X2": 1, "…": 5}
    assert LiveEvent.objects.filter(kind="gateway").count() == 3


def test_a_code_of_2005_is_read_by_the_medium_of_its_system(journal, station, device, properties):
    water = frame({"101": {"Avg": "0.3"}}, st="32", flag=0)
    gas = frame({"01": {"Avg": "20"}}, st="31", flag=0, at=HOUR - dt.timedelta(hours=1))
    keep(journal, water, gas)
    follow(journal)
    assert {key for key, _ in stored(station)} == {properties["w21011", "avg"], properties["a34013", "avg"]}


def test_other_commands_stay_in_the_journal(journal, station, device, properties):
    keep(journal, frame({"SB1": {"RS": "1"}}, cn="2021"), cn="2021")
    follow(journal)
    assert not stored(station)
    assert not Reject.objects.exists()
    assert DeviceSeen.objects.get().cn == "2021"


def test_a_damaged_data_section_is_counted_and_stops_nothing(journal, station, device, properties):
    broken = b"##0010CP=&&x&&yyABCD\r\n"
    keep(journal, broken, frame({"w01018": {"Avg": "5"}}))
    follow(journal)
    assert Reject.objects.get().reason == Reject.Reason.NOT_DECODED
    assert len(stored(station)) == 1
