"""Pure rules of straw: the readers against real files, clusters, heat, verdicts, coverage, ledger, window."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.modules.straw.rules import balance, coverage, fires, firms, tables, verdicts, windows

UTC = dt.UTC
AT = dt.datetime(2025, 11, 23, 5, 54, tzinfo=UTC)
ON = dt.date(2025, 11, 23)
HEAD = "latitude,longitude,brightness,scan,track,acq_date,acq_time,satellite,confidence,version,bright_t31,frp,daynight"
ROW = "43.9,126.5,320.1,1.2,1.1,2025-11-23,41,A,77,6.1NRT,280.0,25.5,D"
VIIRS = (
    "latitude,longitude,bright_ti4,scan,track,acq_date,acq_time,satellite,instrument,confidence,version,"
    "bright_ti5,frp,daynight,type"
)


def seen(key="a", at=AT, lon=126.5, lat=43.9, source="MODIS", scan=1.0, track=1.0, **more):
    return fires.Seen(key, at, lon, lat, source, scan, track, **more)


def signals_of(reading):
    return [
        fires.Seen(
            d.key, d.at, d.longitude, d.latitude, d.sensor, d.scan, d.track, d.confidence, d.power, d.day
        )
        for d in reading.detections
    ]


def tracing(shared_data, name):
    path = shared_data / "tracing" / name
    if not path.exists():
        pytest.skip(f"{name} is not among the shared data")
    return path.read_text(encoding="utf-8-sig")


@pytest.fixture
def autumn(shared_data):
    return firms.read(tracing(shared_data, "firms_modis_c61nrt_NEchina_2025-11-22_23_autumn.csv"))


@pytest.fixture
def sample(shared_data):
    return firms.read(tracing(shared_data, "firms_modis_c61nrt_jilin_sample_2021-12_2023.csv"))


# Readers


def test_the_autumn_day_has_351_pixels_of_6508_megawatts_in_one_pass(autumn):
    assert (len(autumn.detections), autumn.errors, autumn.repeated) == (588, (), 0)
    box = [
        d
        for d in autumn.detections
        if d.at == AT and 124 <= d.longitude <= 128.5 and 42 <= d.latitude <= 45.5
    ]
    assert len(box) == 351 and sum(d.power for d in box) == pytest.approx(6508.24, abs=0.005)
    assert {d.satellite for d in box} == {"Aqua"}


@pytest.mark.parametrize(
    ("name", "count", "sensor", "satellites"),
    [
        ("firms_modis_c61nrt_jilin_sample_2021-12_2023.csv", 3072, "MODIS", {"Terra", "Aqua"}),
        ("firms_modis_c61nrt_NEchina_2023-08-01.csv", 35, "MODIS", {"Terra", "Aqua"}),
        ("firms_viirs_suomi_NEasia_2023-01.csv", 27, "VIIRS", {"S-NPP"}),
        ("firms_viirs_noaa_NEasia_2023-01.csv", 10, "VIIRS", {"NOAA-20"}),
    ],
)
def test_every_row_of_the_real_files_is_read(shared_data, name, count, sensor, satellites):
    reading = firms.read(tracing(shared_data, name))
    assert len(reading.detections) == count and not reading.errors
    assert {d.sensor for d in reading.detections} == {sensor}
    assert {d.satellite for d in reading.detections} <= satellites


@pytest.mark.parametrize(
    ("told", "hour", "minute"),
    [("41", 0, 41), ("0041", 0, 41), ("554", 5, 54), ("7", 0, 7), ("05:54", 5, 54)],
)
def test_a_time_without_its_zeros_is_the_same_time(told, hour, minute):
    assert firms.clock("2025-11-23", told) == dt.datetime(2025, 11, 23, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize("told", ["2460", "", "5.54", "-041", "99999", "１２"])
def test_what_is_no_time_is_refused(told):
    with pytest.raises(ValueError):
        firms.clock("2025-11-23", told)


@pytest.mark.parametrize(
    ("told", "sensor", "level"),
    [
        ("0", "MODIS", "low"), ("29", "MODIS", "low"), ("30", "MODIS", "nominal"), ("79", "MODIS", "nominal"),
        ("80", "MODIS", "high"), ("l", "VIIRS", "low"), ("n", "VIIRS", "nominal"), ("high", "VIIRS", "high"),
    ],
)  # fmt: skip
def test_confidence_is_a_number_a_word_or_a_letter(told, sensor, level):
    assert firms.confidence(told, sensor, ON) == level


def test_a_viirs_confidence_in_percent_is_refused():
    with pytest.raises(ValueError):
        firms.confidence("77", "VIIRS", ON)


def test_the_api_and_the_archive_are_read_by_their_headers():
    text = f"{VIIRS}\n43.9,126.5,330,0.4,0.4,2025-04-02,530,N,VIIRS,n,2,290,3.3,D,2\n"
    found = firms.read("\ufeff" + text).detections[0]
    assert (found.satellite, found.stage, found.kind, found.confidence) == ("S-NPP", "SP", 2, "nominal")
    api = HEAD.replace("satellite,", "satellite,instrument,")
    row = "43.9,126.5,320.1,1.2,1.1,2025-11-23,0041,Aqua,MODIS,77,6.1URT,280.0,25.5,D"
    found = firms.read(f"{api}\n{row}\n").detections[0]
    assert (found.satellite, found.stage, found.kind) == ("Aqua", "URT", None)
    assert found.key == firms.read(f"{HEAD}\n{ROW}\n").detections[0].key


@pytest.mark.parametrize("text", ["Invalid MAP_KEY.", "", "<html>", "Exceeding allowed transaction limit"])
def test_an_error_that_comes_with_status_200_is_no_empty_day(text):
    with pytest.raises(firms.NotFirms) as refused:
        firms.read(text)
    assert refused.value.told == text


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("43.9", "91", "latitude"), ("126.5", "nan", "longitude"), ("77", "x", "confidence"),
        (",A,", ",Z,", "satellite"),
        (",41,", ",2501,", "acq_time"), ("2025-11-23", "23.11.2025", "acq_date"), ("25.5", "-1", "frp"),
        (",D", ",X", "daynight"), ("1.2", "0", "scan"),
    ],
)  # fmt: skip
def test_a_wrong_row_is_told_by_its_field_and_the_others_are_read(old, new, field):
    reading = firms.read(f"{HEAD}\n{ROW.replace(old, new, 1)}\n{ROW}\n")
    assert [(error.line, error.field) for error in reading.errors] == [(2, field)]
    assert len(reading.detections) == 1


def test_an_empty_answer_with_a_header_is_a_day_without_fire():
    assert firms.read(HEAD + "\n").detections == ()


def test_the_better_processing_of_the_same_pixel_wins_within_a_text():
    better = ROW.replace("6.1NRT", "6.1").replace("25.5", "26")
    reading = firms.read(f"{HEAD}\n{ROW}\n{better}\n{ROW}\n")
    assert reading.repeated == 2
    assert (reading.detections[0].stage, reading.detections[0].power) == ("SP", 26)


def test_the_standard_product_replaces_the_moved_pixel_once_and_no_neighbour():
    row = ROW.split(",")
    old = firms.read(f"{HEAD}\n{ROW}\n{','.join(['43.911', *row[1:]])}\n").detections
    new = firms.read(f"{HEAD}\n{','.join(['43.901', *row[1:]]).replace('6.1NRT', '61.03')}\n").detections
    assert firms.superseded(old, new, ON) == {old[0].key: new[0].key}
    assert firms.superseded(old, old, ON) == {}


# Incidents


def test_the_autumn_day_falls_into_incidents_that_are_apart(autumn):
    signals = signals_of(autumn)
    numbers = fires.clusters(signals)
    assert len(numbers) == 588 and numbers.max() + 1 == 385
    order = np.random.default_rng(1).permutation(588)
    again = fires.clusters([signals[place] for place in order])
    pairs = set(zip(numbers[order].tolist(), again.tolist(), strict=True))
    assert len(pairs) == numbers.max() + 1


@pytest.mark.parametrize(
    ("away", "hours", "scan", "same"),
    [
        (1.0, 0, 1.0, True), (1.6, 0, 1.0, False), (4.0, 0, 4.8, True), (1.0, 11, 1.0, False), (0.0, 11, 1.0, True),
        (0.0, 13, 1.0, False),
    ],
)  # fmt: skip
def test_signals_are_one_incident_within_a_radius_that_grows_with_the_pixel(away, hours, scan, same):
    other = seen("b", AT + dt.timedelta(hours=hours), lat=43.9 + away / 111.195)
    found = fires.clusters([seen(scan=scan), other])
    assert bool(found[0] == found[1]) is same


def test_no_signals_are_no_incidents():
    assert fires.clusters([]).tolist() == []


def test_a_weak_pixel_counts_when_another_look_supports_it():
    weak = seen(confidence="low")
    neighbour = seen("b", lat=43.91)
    other = seen("c", AT + dt.timedelta(hours=1), source="VIIRS", lat=43.91)
    assert fires.doubtful([weak]).tolist() == [True]
    assert fires.doubtful([weak, neighbour]).tolist() == [True, False]
    assert fires.doubtful([weak, other]).tolist() == [False, False]


def test_the_steelworks_of_the_sample_is_standing_heat_and_fields_are_not(sample):
    found = fires.heat_cells(signals_of(sample), dt.date(2023, 6, 1))
    assert (
        fires.cell(123.75, 41.84, dt.date(2023, 6, 1)) in found
        or fires.cell(123.76, 41.84, dt.date(2023, 6, 1)) in found
    )
    assert len(found) <= 3


def test_months_count_not_days_and_only_those_of_the_window():
    fires_of_april = [seen(str(day), dt.datetime(2025, 4, day, tzinfo=UTC)) for day in range(1, 30)]
    assert fires.heat_cells(fires_of_april, ON) == set()
    monthly = [seen(str(month), dt.datetime(2025, month, 1, tzinfo=UTC)) for month in range(1, 7)]
    place = fires.cell(126.5, 43.9, ON)
    assert fires.heat_cells(monthly, ON) == {place}
    assert fires.heat_cells(monthly, dt.date(2028, 1, 1)) == set()
    faint = [seen(day=False, power=2.0)]
    assert fires.heat_cells(faint, dt.date(2025, 12, 1), shapely.box(126, 43, 127, 44)) == {place}
    assert fires.heat_cells(faint, dt.date(2025, 12, 1), shapely.box(120, 43, 121, 44)) == set()


@given(st.floats(0.3, 4.8), st.floats(0.3, 2.0), st.floats(0, 500))
def test_no_corner_of_the_footprint_is_beyond_the_uncertainty_by_more_than_the_widening(scan, track, error):
    one = seen(scan=scan, track=track, uncertainty=error)
    corner = shapely.get_coordinates(fires.footprint(one))[0]
    away = 1000 * firms.kilometres(126.5, 43.9, *corner)
    assert away <= fires.uncertainty(one) + 0.42 * error + 10


# Planned or illegal

FIELD = shapely.box(126.49, 43.89, 126.51, 43.91)
PLAN = verdicts.Plan("P1", FIELD, AT - dt.timedelta(hours=1), AT + dt.timedelta(hours=1))
BAN = verdicts.Zone("B", "ban", shapely.box(126, 43, 127, 44.5))
LIMIT = verdicts.Zone("L", "limit", shapely.box(126, 43, 127, 44.5))


def judge(*signals, plans=(), zones=(LIMIT,), heat=frozenset(), cropland=1.0, weak=None, types=()):
    return verdicts.judge(
        signals, plans=plans, zones=zones, heat=set(heat), cropland=cropland,
        weak=weak or [False] * len(signals), static_types=types,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("minutes", "lat", "scan", "verdict"),
    [
        (0, 43.90, 1.0, "planned"),
        (89, 43.90, 1.0, "planned"),
        (91, 43.90, 1.0, "illegal"),
        (-91, 43.90, 1.0, "illegal"),
        (0, 43.9165, 1.0, "planned"),
        (0, 43.920, 1.0, "illegal"),
        (0, 43.920, 4.8, "planned"),
    ],
)
def test_a_fire_is_planned_within_the_time_and_the_uncertainty_of_the_sensor(minutes, lat, scan, verdict):
    found = judge(seen(at=AT + dt.timedelta(minutes=minutes), lat=lat, scan=scan), plans=[PLAN])
    assert found.code == verdict and found.plan == ("P1" if verdict == "planned" else "")
    assert found.reasons and found.version == "2026.1"


def test_one_signal_outside_the_plan_makes_the_incident_a_violation_and_says_partly():
    found = judge(seen(), seen("b", lat=43.95), plans=[PLAN])
    assert found.code == "illegal" and "plan_partly" in [reason["what"] for reason in found.reasons]


@pytest.mark.parametrize(
    ("zones", "plans", "verdict"),
    [
        ((BAN,), (), "illegal"),
        ((BAN,), (PLAN,), "edge"),
        ((), (), "unzoned"),
        ((), (PLAN,), "planned"),
        ((verdicts.Zone("B", "ban", shapely.box(126.502, 43, 127, 45)),), (), "edge"),
        ((verdicts.Zone("B", "ban", shapely.box(126.506, 43, 127, 45)), LIMIT), (), "illegal"),
    ],
)
def test_the_zone_decides_by_the_share_of_the_footprint(zones, plans, verdict):
    assert judge(seen(), zones=zones, plans=plans).code == verdict


def test_standing_heat_archive_types_land_and_weak_signals_come_first():
    heat = {fires.cell(126.5, 43.9, ON)}
    assert judge(seen(), heat=heat).code == "heat"
    assert judge(seen(), types=[2]).code == "heat" and judge(seen(), types=[0]).code == "illegal"
    assert judge(seen(), cropland=0.3).code == "land"
    assert judge(seen(), weak=[True]).code == "doubtful"
    assert "cropland_unknown" in [reason["what"] for reason in judge(seen(), cropland=None).reasons]
    assert verdicts.HEAT not in verdicts.TO_CHECK and verdicts.ILLEGAL in verdicts.TO_CHECK


@given(st.floats(43.7, 44.1), st.floats(0.3, 4.8))
def test_a_wider_pixel_never_turns_a_planned_fire_into_another(lat, scan):
    narrow, wide = seen(lat=lat, scan=scan), seen(lat=lat, scan=scan + 0.5)
    if verdicts.matches(narrow, PLAN)[0]:
        assert verdicts.matches(wide, PLAN)[0]


# Coverage


def test_an_hour_is_seen_hidden_by_cloud_unsure_or_not_looked_at():
    start = dt.datetime(2025, 11, 22, 16, tzinfo=UTC)
    looks = [
        (AT, "Aqua"),
        (start, "S-NPP"),
        (start + dt.timedelta(hours=2), "N"),
        (start + dt.timedelta(hours=3), "Terra"),
    ]
    hour = AT.replace(minute=0)
    cloud = {hour: 0.1, start: 0.9, start + dt.timedelta(hours=2): 1.0}
    found = coverage.coverage(start, start + dt.timedelta(days=1), looks=looks, cloud=cloud)
    states = {hour.start: hour.state for hour in found.hours if hour.state != "none"}
    assert list(states.values()) == ["cloud", "seen", "unsure", "seen"]
    assert found.share == pytest.approx(2 / 24) and found.count("none") == 20
    assert found.dark == 9


def test_the_nominal_day_leaves_evening_and_morning_unseen():
    start = dt.datetime(2025, 11, 22, 16, tzinfo=UTC)
    end = start + dt.timedelta(days=1)
    looks = coverage.nominal(start, end, ["NOAA-20"])
    assert [at.astimezone(coverage.periods.BEIJING).hour for at, _name in looks] == [1, 13]
    found = coverage.coverage(start, end, looks=looks, cloud={})
    assert (found.count("unsure"), found.count("none"), found.share) == (2, 22, 0)


# Ledger


def test_the_worked_example_of_the_facts():
    harvest = balance.Harvest(
        crop="maize",
        grain=100,
        sown=100,
        returned=40,
        market={"feed": 50},
        out=10,
        into=5,
        ratio=1.86,
        collectable=0.83,
    )
    found = balance.balance(harvest, ON)
    assert found.straw == pytest.approx(186) and found.collectable == pytest.approx(154.38)
    assert found.returned == pytest.approx(61.752) and found.used == pytest.approx(116.752)
    assert round(found.rate, 3) == 75.626 and found.rest == pytest.approx(154.38 - 116.752)


def test_missing_coefficients_fall_back_and_contradictions_are_named():
    harvest = balance.Harvest(crop="maize", grain=100, sown=10, returned=0, ratio=0, collectable=None)
    assert balance.balance(harvest, ON).collectable == pytest.approx(100 * 1.86 * 0.83)
    wrong = balance.Harvest(crop="maize", grain=1, sown=1, returned=2, collectable=1.2, ratio=9)
    assert balance.problems(wrong, ON) == ["collectable", "ratio", "returned"]
    too_much = balance.Harvest(crop="maize", grain=1, sown=1, returned=0, out=5)
    assert balance.problems(too_much, ON) == ["out"]
    empty = balance.balance(balance.Harvest(crop="rice", grain=0, sown=0, returned=0, scattered=1), ON)
    assert empty.rate is None


amounts = st.floats(0, 1e4)


@given(
    st.lists(st.tuples(amounts, st.floats(1, 100), st.floats(0, 1), amounts, amounts), min_size=1, max_size=5)
)
def test_ledgers_add_up_and_what_is_sent_out_counts_once(rows):
    harvests = [
        balance.Harvest(crop="maize", grain=g, sown=s, returned=s * share, market={"fuel": m}, out=o)
        for g, s, share, m, o in rows
    ]
    each = [balance.balance(harvest, ON) for harvest in harvests]
    together = balance.total(each)
    assert together.used == pytest.approx(sum(one.used for one in each))
    assert together.rest + together.used == pytest.approx(together.collectable)


# Window and quota

NOON = dt.datetime(2025, 11, 23, 4, tzinfo=UTC)
GOOD = {"wind": 4.0, "mixing": 1200.0, "rain": 0.0, "fire_danger": 2, "aqi": 50}


def light(**more):
    return windows.light(windows.Conditions(**{"at": NOON, **GOOD, **more}))


@pytest.mark.parametrize(
    ("more", "colour", "first"),
    [
        ({}, "green", None),
        ({"wind": 5.5}, "amber", "wind"),
        ({"wind": 8.0}, "red", "wind"),
        ({"mixing": 999.9}, "amber", "ventilation"),
        ({"mixing": 499.0}, "red", "ventilation"),
        ({"rain": 2.0}, "red", "rain"),
        ({"fire_danger": 4}, "red", "fire_danger"),
        ({"aqi": 100}, "amber", "aqi"),
        ({"aqi": 101}, "red", "aqi"),
        ({"warning": 1}, "red", "warning"),
        ({"holiday": True}, "red", "holiday"),
        ({"at": NOON + dt.timedelta(hours=4)}, "red", "hour"),
        ({"mixing": None}, "amber", "ventilation"),
        ({"aqi": None, "wind": 9.0}, "red", "wind"),
    ],
)
def test_the_worst_rule_decides_and_what_is_unknown_is_never_green(more, colour, first):
    found = light(**more)
    assert found.colour == colour
    assert (found.against[0]["code"] if found.against else None) == first


def test_the_limit_itself_of_ventilation_is_still_green():
    assert light(mixing=1000.0).colour == "green"


def test_the_quota_is_the_headroom_times_the_flow_of_air():
    found = windows.quota(pm25=35, wind=4, mixing=1000, crop="maize", on=ON)
    assert found.kilograms == pytest.approx(0.5 * 40 * 4 * 1000 * 20000 * 3600e-9)
    assert found.mu == pytest.approx(found.kilograms / (150 * 0.9 * 11.7 / 1000))
    assert windows.quota(pm25=75, wind=4, mixing=1000, crop="maize", on=ON).mu == 0
    assert windows.quota(pm25=65, wind=4, mixing=1000, crop="maize", on=dt.date(2026, 4, 1)).mu == 0


@given(st.floats(0, 1e5), st.dictionaries(st.text(max_size=3), st.floats(0, 1e4), max_size=8))
def test_nobody_gets_more_than_wanted_and_all_together_not_more_than_there_is(total, wanted):
    shared = windows.allocate(total, wanted)
    assert shared.keys() == wanted.keys()
    assert all(shared[code] <= wanted[code] * (1 + 1e-9) for code in wanted)
    assert sum(shared.values()) <= max(total, 0) * (1 + 1e-9) + 1e-9


def test_every_version_of_every_table_says_where_it_comes_from():
    for name in ("detection", "looks", "window", "quota", "balance"):
        rows = tables.table(name)
        assert all(row["source"] and row["version"] and row["verified"] is False for row in rows)
        assert all(one["valid_from"] < other["valid_from"] for one, other in itertools.pairwise(rows))
    with pytest.raises(LookupError):
        tables.in_force("window", dt.date(2020, 1, 1))
