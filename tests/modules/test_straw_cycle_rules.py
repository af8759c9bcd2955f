"""Pure rules of the whole cycle: feed, heat, rasters, residue cover, emissions, accounts, progress, contracts."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from jiangcheng.modules.straw.rules import (
    accounts,
    balance,
    cover,
    duties,
    effect,
    emissions,
    feed,
    fires,
    progress,
    rasters,
    reference,
    skill,
    tables,
    verdicts,
    watch,
)

UTC = dt.UTC
ON = dt.date(2025, 11, 23)
AT = dt.datetime(2025, 11, 23, 5, 54, tzinfo=UTC)
BOX = feed.Box.of("125.6,42.4,127.9,44.8")


# The feed


def test_the_address_is_that_of_the_area_api():
    told = feed.address("https://firms.example/", "0123456789abcdef", "VIIRS_SNPP_NRT", BOX, days=2, first=ON)
    assert told == (
        "https://firms.example/api/area/csv/0123456789abcdef/VIIRS_SNPP_NRT/125.6,42.4,127.9,44.8/2/2025-11-23"
    )


@pytest.mark.parametrize(
    ("key", "source", "days"),
    [
        ("a/b", "MODIS_NRT", 1),
        ("0123456789", "GOES", 1),
        ("0123456789", "MODIS_NRT", 6),
        ("0123456789", "MODIS_NRT", 0),
    ],
)
def test_what_cannot_be_asked_is_refused(key, source, days):
    with pytest.raises(ValueError):
        feed.address("https://x", key, source, BOX, days=days)


@pytest.mark.parametrize("text", ["1,2,3", "3,2,1,4", "a,b,c,d", "1,2,nan,4", "1,2,300,4"])
def test_what_is_no_area_is_refused(text):
    with pytest.raises(ValueError):
        feed.Box.of(text)


@given(st.dates(dt.date(2020, 1, 1), dt.date(2026, 1, 1)), st.integers(0, 60))
def test_parts_ask_for_each_day_once_and_never_for_more_than_five(first, length):
    parts = feed.parts(first, first + dt.timedelta(days=length))
    days = [start + dt.timedelta(days=n) for start, count in parts for n in range(count)]
    assert days == [first + dt.timedelta(days=n) for n in range(length + 1)]
    assert all(count <= feed.MOST_DAYS for _start, count in parts)


def test_after_a_silence_the_missed_days_are_asked_and_failures_wait_longer_each_time():
    now = dt.datetime(2025, 11, 23, 5, tzinfo=UTC)
    assert feed.missed_days(None, now) == 5
    assert feed.missed_days(now - dt.timedelta(hours=4), now) == 2
    assert feed.missed_days(now.replace(hour=0) + dt.timedelta(hours=7), now.replace(hour=9)) == 1
    assert feed.missed_days(now - dt.timedelta(days=30), now) == 5
    assert [feed.wait(n) for n in (0, 1, 2, 3, 50)] == [0, 60, 120, 240, feed.LONGEST_WAIT]
    assert feed.is_permanent("Invalid MAP_KEY.") and not feed.is_permanent(
        "Exceeding allowed transaction limit"
    )
    assert feed.hidden("x/abc/y", "abc") == "x/…/y"


# Standing heat and speed


def seen(at=AT, lon=126.5, lat=43.9, source="VIIRS", **more):
    return fires.Seen("k", at, lon, lat, source, 0.4, 0.4, **more)


def test_a_cell_is_standing_heat_for_one_of_four_reasons_and_says_which():
    months = [AT - dt.timedelta(days=31 * n) for n in range(1, 8)]
    plant, faint, checked = (126.3, 43.3), (126.1, 43.1), (126.9, 43.7)
    history = [
        *(seen(at) for at in months),
        *(seen(at, *plant) for at in months[:3]),
        *(seen(months[0] + dt.timedelta(hours=n), *faint, day=False, power=2.0) for n in range(3)),
        seen(months[0], 126.0, 43.0, source="tower"),
    ]
    found = fires.learn_heat(
        history,
        dt.date(2025, 12, 1),
        industrial=shapely.box(126, 43, 126.2, 43.2),
        plants=[plant],
        verified=[checked],
    )
    assert {cell.why: cell.months for cell in found} == {
        "months": 7,
        "register": 3,
        "night": 1,
        "verified": 0,
    }
    assert next(cell for cell in found if cell.why == "night").night_share == 1.0
    assert fires.learn_heat(history, dt.date(2028, 12, 1)) == []


def test_thirty_one_thousand_detections_are_clustered_in_well_under_a_second():
    rng = np.random.default_rng(1)
    n = 31_552
    start = AT.timestamp()
    place = np.column_stack(
        [rng.uniform(115, 135, n), rng.uniform(38, 54, n), rng.uniform(0, 86_400 * 400, n)]
    )
    rows = [seen(dt.datetime.fromtimestamp(start + t, UTC), x, y) for x, y, t in place.tolist()]
    fires.clusters(rows[:10])
    began = time.perf_counter()
    numbers = fires.clusters(rows)
    assert time.perf_counter() - began < 3.0
    assert numbers[0] == 0 and len(numbers) == n and numbers.max() == len(np.unique(numbers)) - 1


def test_the_pass_of_351_pixels_becomes_the_same_incidents_every_time(shared_data):
    from jiangcheng.modules.straw.rules import firms

    path = shared_data / "tracing" / "firms_modis_c61nrt_NEchina_2025-11-22_23_autumn.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the shared data")
    box = [
        d
        for d in firms.read(path.read_text(encoding="utf-8-sig")).detections
        if d.at == AT and 124 <= d.longitude <= 128.5 and 42 <= d.latitude <= 45.5
    ]
    rows = [
        fires.Seen(d.key, d.at, d.longitude, d.latitude, d.sensor, d.scan, d.track, d.confidence) for d in box
    ]
    numbers = fires.clusters(rows)
    # The radius follows the scan, so pixels of the edge, which lie wider apart, do not fall to pieces.
    reach = np.array([max(1.5, 1.2 * max(r.scan, r.track)) for r in rows])
    x, y = (np.array([getattr(r, name) for r in rows]) for name in ("longitude", "latitude"))
    narrow = np.cos(np.radians(y.mean()))
    away = 111.195 * np.hypot((x[:, None] - x) * narrow, y[:, None] - y)
    near = away <= np.maximum(reach[:, None], reach)
    assert len(rows) == 351 and (numbers[:, None] == numbers)[near].all()
    assert numbers.max() + 1 < 351
    shuffled = np.random.default_rng(0).permutation(351)
    again = fires.clusters([rows[n] for n in shuffled])
    assert len(np.unique(again)) == len(np.unique(numbers))


def test_the_belt_is_judged_like_a_ban_zone_and_named_for_itself():
    belt = verdicts.Zone("K", "belt", shapely.box(126, 43, 127, 45))
    found = verdicts.judge([seen()], plans=(), zones=(belt,), heat=set(), weak=[False])
    assert found.code == "illegal" and "belt" in [reason["what"] for reason in found.reasons]


# Rasters


def test_a_position_is_carried_to_utm_as_the_books_say():
    belt = rasters.belt(32617)
    x, y = rasters.transverse(np.array([-79.387139]), np.array([43.642567]), *belt)
    assert (x[0], y[0]) == (pytest.approx(630_084, abs=1), pytest.approx(4_833_438, abs=1))
    x, y = rasters.transverse(np.array([129.0]), np.array([0.0]), *rasters.belt(32652))
    assert (x[0], y[0]) == (pytest.approx(500_000), pytest.approx(0, abs=1e-6))
    assert rasters.belt(4549)[0] == 120 and rasters.belt(4510)[0] == 123
    with pytest.raises(ValueError):
        rasters.belt(3857)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 20)), min_size=3, max_size=8))
def test_filling_agrees_with_geometry_at_the_centres_of_pixels(corners):
    area = (
        shapely.convex_hull(shapely.MultiPoint(corners))
        .buffer(0.3)
        .difference(shapely.Point(10, 10).buffer(1))
    )
    grid = rasters.Grid(0.0, 20.0, 1.0, 1.0, 20, 20)
    x, y = np.meshgrid(np.arange(20) + 0.5, 19.5 - np.arange(20))
    inside = shapely.contains_xy(area, x, y)
    near_edge = shapely.dwithin(shapely.points(x, y), shapely.boundary(area), 1e-9)
    assert (((rasters.rasterise([area], grid) == 0) == inside) | near_edge).all()


def test_the_share_of_cropland_is_weighted_by_overlap_and_unknown_where_nobody_looked():
    classes = np.array([[40, 40, 10, 0], [40, 40, 10, 0]])
    grid = rasters.Grid(126.0, 44.0, 0.005, 0.005, 2, 4)
    found = rasters.shares_of(classes, grid, {40: 1.0, 10: 0.2}, nodata=0, step=0.01)
    assert found.values.tolist() == [[100, 20]]
    assert found.within(shapely.box(126.0, 43.99, 126.01, 44.0)) == pytest.approx(1.0)
    assert found.within(shapely.box(126.005, 43.99, 126.015, 44.0)) == pytest.approx(0.6)
    assert found.within(shapely.box(127.0, 43.0, 127.1, 43.1)) is None


# Residue cover

RULE = tables.in_force("cover", ON)


def test_the_index_the_classes_and_the_villages():
    swir1 = np.full((4, 4), 0.25, np.float32)
    swir2 = np.array([[0.25, 0.2, 0.17, 0.12]] * 4, np.float32)
    index = cover.ndti(swir1, swir2)
    assert index[0, 1] == pytest.approx(0.05 / 0.45)
    line = {"slope": 250.0, "offset": 0.0}
    zones = np.repeat([[0, 0, 1, 1]], 4, axis=0).astype(np.int32)
    valid = np.ones((4, 4), bool)
    valid[0] = False
    told = cover.zonal(
        zones, cover.percent(index, line), valid, 3, cuts=(15.0, 30.0, 60.0), dark=index < 0.01
    )
    assert told[0] == cover.Zonal(8, 6, pytest.approx((0 + 27.78) / 2, abs=0.01), (0.5, 0.5, 0.0, 0.0), 1.0)
    assert told[1].shares == (0.0, 0.0, 0.5, 0.5) and told[2].mean is None
    assert cover.kept_share(told[1], (15.0, 30.0, 60.0), 30.0) == 1.0
    assert cover.kept_share(told[0], (15.0, 30.0, 60.0), 30.0) == 0.0
    assert cover.kept_share(told[2], (15.0, 30.0, 60.0), 30.0) is None


def test_the_limit_of_a_class_belongs_to_the_upper_one():
    exact = np.array([[14.99, 15.0, 30.0, 60.0]], np.float32)
    told = cover.zonal(np.zeros((1, 4), np.int32), exact, np.ones((1, 4), bool), 1, cuts=(15.0, 30.0, 60.0))
    assert told[0].shares == (0.25, 0.25, 0.25, 0.25)


def test_green_plants_and_snow_are_masked_and_no_band_masks_nothing():
    dark, light = np.array([[0.05]], np.float32), np.array([[0.4]], np.float32)
    mask = RULE["mask"]
    assert not cover.clear(red=dark, nir=light, green=None, swir1=None, rule=mask).any()
    assert not cover.clear(red=None, nir=None, green=light, swir1=dark, rule=mask).any()
    assert cover.clear(red=light, nir=light, green=None, swir1=None, rule=mask).all()
    assert cover.clear(red=None, nir=None, green=None, swir1=light, rule=mask) is None


@pytest.mark.parametrize(
    ("bare", "dark", "hot", "told"),
    [
        (0.1, 0.9, 5, ""), (0.5, None, 5, "ploughed_or_burnt"), (0.5, 0.8, 2, "burnt"),
        (0.5, 0.8, 0, "ploughed_or_burnt"),
        (0.5, 0.0, 0, "ploughed"), (0.5, 0.0, 3, "ploughed_or_burnt"), (0.5, 0.3, 0, "ploughed_or_burnt"),
    ],
)  # fmt: skip
def test_ploughed_and_burnt_are_told_apart_only_where_something_tells(bare, dark, hot, told):
    assert cover.bare_field(bare_share=bare, dark_share=dark, fires=hot, rule=RULE["bare"]) == told


def test_the_tillage_index_is_the_burn_index_and_a_difference_counts_beyond_twenty_points():
    swir1, swir2 = np.array([0.2], np.float32), np.array([0.15], np.float32)
    assert cover.ndti(swir1, swir2) == pytest.approx((0.2 - 0.15) / (0.2 + 0.15))
    assert cover.mirbi(swir1, swir2) == pytest.approx(10 * 0.15 - 9.8 * 0.2 + 2)
    assert (
        cover.differs(50.0, 70.5, 20)
        and not cover.differs(50.0, 70.0, 20)
        and not cover.differs(None, 70, 20)
    )


# Emissions


def test_the_arithmetic_check_of_the_facts():
    told = emissions.by_energy(emissions.energy(6508.0, 1.0), crop="maize", on=ON)
    assert round(told.dry_matter) == 8622 and round(told.species["PM2.5"]) == 101
    assert told.verified is False and told.version


@given(st.floats(0, 1e5), st.floats(100, 1000))
def test_emissions_of_an_area_grow_with_it(mu, grain):
    one, two = (emissions.by_area(part, crop="rice", on=ON, grain_per_mu=grain) for part in (mu, 2 * mu))
    assert two.dry_matter == pytest.approx(2 * one.dry_matter)
    assert one.species["CO"] == pytest.approx(one.dry_matter * 0.102)


# Accounts


def fire(number, day, area="220283", outcome="straw", verdict="illegal", objection=""):
    return accounts.Counted(
        number, dt.datetime(2025, 11, day, 4, tzinfo=UTC), area, verdict, outcome, objection
    )


def test_the_first_fire_costs_500_000_and_each_further_one_300_000():
    told = accounts.accounts([fire("c", 5), fire("a", 3), fire("b", 4), fire("d", 6, area="220284")])
    assert [(entry.number, entry.place, entry.yuan) for entry in told] == [
        ("a", 1, 500_000), ("b", 2, 300_000), ("c", 3, 300_000), ("d", 1, 500_000),
    ]  # fmt: skip
    assert {entry.version for entry in told} == {"2018.1"}


def test_what_does_not_count_says_why_and_moves_no_place():
    told = accounts.accounts([
        fire("a", 1, outcome="planned"), fire("b", 2, outcome=""), fire("c", 3, objection="open"), fire("d", 4),
        accounts.Counted("e", dt.datetime(2025, 7, 1, tzinfo=UTC), "220283", "illegal", "straw"),
    ])  # fmt: skip
    assert {entry.number: entry.why for entry in told} == {
        "e": "out_of_period", "a": "other", "b": "not_confirmed", "c": "objection", "d": "first",
    }  # fmt: skip
    assert sum(entry.yuan for entry in told) == 500_000


def test_a_ban_period_runs_over_the_new_year():
    assert accounts.period(dt.date(2026, 1, 5)) == (dt.date(2025, 9, 15), dt.date(2026, 5, 31))
    assert accounts.period(dt.date(2025, 9, 15))[0] == dt.date(2025, 9, 15)
    assert accounts.period(dt.date(2025, 7, 1)) is None


# Sensors, effect


def test_precision_and_recall_of_each_source_with_an_interval():
    told = {row.source: row for row in skill.skill([
        (["VIIRS"], "straw"), (["VIIRS", "tower"], "planned"), (["VIIRS"], "industry"), (["MODIS"], "nothing"),
        (["tower"], "other"), (["MODIS"], ""),
    ])}  # fmt: skip
    viirs = told["VIIRS"]
    assert (viirs.checked, viirs.right, viirs.only, viirs.fires) == (3, 2, 1, 3)
    assert viirs.precision == pytest.approx(2 / 3) and viirs.recall == pytest.approx(2 / 3)
    assert viirs.precision_low < 2 / 3 < viirs.precision_high
    assert told["MODIS"].precision == 0 and told["MODIS"].checked == 1
    assert skill.wilson(0, 0) == (None, None, None)
    assert skill.wilson(5, 10)[1:] == (pytest.approx(0.2366, abs=1e-3), pytest.approx(0.7634, abs=1e-3))


def test_the_difference_of_days_has_an_interval_that_repeats_and_none_where_days_are_few():
    days = [dt.date(2025, 10, 1) + dt.timedelta(days=n) for n in range(40)]
    rng = np.random.default_rng(3)
    hot = set(days[10:25])
    means = {day: 30.0 + 20 * (day in hot) + rng.normal(0, 3) for day in days}
    told = effect.effect(means, hot)
    assert told.low < told.difference < told.high and told.low > 10
    assert effect.effect(means, hot) == told
    few = effect.effect(dict.fromkeys(days[:6], 1.0), {days[0]})
    assert few.low is None and few.difference == 0


# Progress


def day(n, done, harvested=1000.0):
    return progress.Day(dt.date(2025, 10, 1) + dt.timedelta(days=n), harvested, done, 0.0)


def test_the_end_follows_from_the_pace_and_an_even_pace_has_no_width():
    days = [day(n, 50.0 * n) for n in range(11)]
    told = progress.forecast(days, 1000.0, on=days[-1].on)
    assert told.rest == 500 and told.pace == 50
    assert told.middle == told.early == told.late == days[-1].on + dt.timedelta(days=10)
    closed = {days[-1].on + dt.timedelta(days=n): True for n in (1, 2, 3)}
    assert progress.forecast(
        days, 1000.0, on=days[-1].on, closed=closed
    ).middle == told.middle + dt.timedelta(days=3)


def test_an_uneven_pace_has_an_interval_and_a_stop_has_no_end():
    days = [day(0, 0), day(1, 100), day(2, 100), day(3, 250), day(6, 280)]
    told = progress.forecast(days, 1000.0, on=days[-1].on)
    assert told.early < told.middle < told.late
    assert progress.forecast(days, 1000.0, on=days[-1].on) == told
    assert progress.forecast(days[:1], 1000.0, on=days[0].on).pace is None
    still = progress.forecast([day(0, 100), day(1, 100)], 1000.0, on=dt.date(2025, 10, 2))
    assert (still.middle, still.late, still.pace) == (None, None, 0)
    assert progress.forecast([day(0, 1000)], 1000.0, on=dt.date(2025, 10, 1)).rest == 0


def test_residual_and_contradictions():
    assert progress.residual(harvested=100, baled=30, returned=50, burned=5) == 15
    assert progress.residual(harvested=10, baled=30, returned=0, burned=0) == 0
    assert progress.problems(day(1, 1200), 900.0, day(0, 1300)) == ["harvested", "disposed", "less_baled"]


# Contracts, cameras


def contract(number, level, region, upper="", village="", **more):
    values = {"household": "", "start": dt.date(2025, 1, 1), "end": None} | more
    return duties.Contract(
        number, level, region, village, values["household"], upper, values["start"], values["end"]
    )


def test_the_tree_tells_gaps_and_wrong_branches():
    held = [
        contract("1", "city", "220200"), contract("2", "county", "220202", "1"),
        contract("3", "village", "220202", "1", "大屯"),
        contract("4", "county", "220203"), contract("5", "township", "220204001", "2"),
        contract("6", "county", "220205", "9"),
    ]  # fmt: skip
    held[0] = contract("1", "city", "2202")
    assert dict(duties.broken(held)) == {"3": "level", "4": "no_upper", "5": "elsewhere", "6": "unknown"}
    gaps = duties.uncovered(
        held,
        city="2202",
        counties=["220202", "220211"],
        townships=[],
        villages=[("220202", "大屯"), ("220202", "小屯")],
    )
    assert [(gap.level, gap.region, gap.village) for gap in gaps] == [
        ("county", "220211", ""), ("household", "220202", "大屯"), ("village", "220202", "小屯"),
        ("household", "220202", "小屯"),
    ]  # fmt: skip
    assert [one.number for one in duties.chain(held, region="220202001", village="大屯")] == ["1", "2", "3"]
    ended = [contract("1", "city", "2202", end=dt.date(2025, 6, 1))]
    assert (
        duties.in_force(ended, dt.date(2025, 6, 1)) == []
        and duties.in_force(ended, dt.date(2025, 5, 31)) == ended
    )


def test_cameras_leave_blind_what_lies_beyond_reach_or_direction():
    camera = watch.Camera("C", 126.5, 43.5, 5.0)
    views = {"C": watch.view(camera)}
    assert watch.sees([camera], 126.5, 43.54, views) == ["C"] and not watch.sees(
        [camera], 126.5, 43.55, views
    )
    north = watch.Camera("N", 126.5, 43.5, 5.0, 315, 45)
    views["N"] = watch.view(north)
    assert watch.sees([north], 126.5, 43.53, views) == ["N"] and not watch.sees([north], 126.5, 43.47, views)
    assert watch.bearing(camera, 126.6, 43.5) == pytest.approx(90)
    share, rest = watch.blind(watch.view(camera).buffer(0), [views["N"]])
    assert share == pytest.approx(0.75, abs=0.01) and rest.area > 0
    assert watch.blind(shapely.box(0, 0, 1, 1), [])[0] == 1.0


# Reference list, coefficients, the three defects


def test_the_national_list_is_read_whole(shared_data):
    path = shared_data / "tracing" / "cn_official_straw_firepoints_2016-08_2017-02.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not among the shared data")
    points, errors, repeated = reference.read(path.read_text(encoding="utf-8-sig"))
    assert (len(points), errors, repeated) == (2583, [], 0)
    assert sum(point.province == "黑龙江" for point in points) == 1497
    assert sum(point.province == "吉林" for point in points) == 117


def test_the_list_tells_wrong_rows_and_refuses_other_tables():
    head = ",".join(reference.COLUMNS)
    points, errors, repeated = reference.read(
        f"{head}\n2016-11-03,126.4,44.1,吉林,吉林市,龙潭区\n2016-11-03,126.4,44.1,吉林,吉林市,龙潭区\nx,1,1,a,b,c\n"
        "2016-11-03,999,44,a,b,c\n,,,,,\n"
    )
    assert (len(points), repeated) == (1, 1)
    assert [(error.line, error.field) for error in errors] == [(4, "时间"), (5, "中心经度")]
    with pytest.raises(reference.NotReference):
        reference.read("latitude,longitude\n1,2\n")
    ours = [(points[0].day, 126.43, 44.1), (points[0].day, 128.0, 44.1)]
    assert reference.agreement([points[0].key], ours, kilometres=5.0) == (1, 1)


def test_a_missing_coefficient_is_taken_from_the_nearest_area_field_by_field():
    rows = [
        balance.Coefficient("220283", 2024, "maize", 0, 0.8, "县测"),
        balance.Coefficient("220200", 2025, "maize", None, 0.9, "市"),
        balance.Coefficient("220000", 2023, "maize", 1.1, 0.85, "省"),
        balance.Coefficient("220000", 2026, "maize", 1.3, None, "省"),
        balance.Coefficient("100000", 2020, "maize", 1.5, 0.7, "国"),
        balance.Coefficient("100000", 2020, "rice", 1.0, 0.7, "国"),
    ]  # fmt: skip
    ratio, share = balance.fallback(rows, area="220283", crop="maize", year=2025)
    assert ratio == (1.1, "220000 2023 省") and share == (0.8, "220283 2024 县测")
    assert balance.fallback(rows, area="220283", crop="maize", year=2026)[0][0] == 1.3
    assert balance.fallback(rows, area="370000", crop="maize", year=2025)[0][0] == 1.5
    assert balance.fallback(rows, area="220283", crop="soybean", year=2025) == (None, None)


def test_the_three_defects_of_the_national_software_are_not_here():
    more = {"crop": "maize", "grain": 100, "sown": 100, "returned": 40, "market": {"feed": 50}, "ratio": 1.86}
    one = balance.balance(balance.Harvest(**more, out=10, into=5, collectable=0.83), ON)
    # 1: sent out counts once and brought in is taken off once, also in a sum of several areas.
    both = balance.total([one, one])
    assert both.used == pytest.approx(2 * (50 + 61.752 + 10 - 5)) and both.rate == pytest.approx(one.rate)
    # 2: the share returned is a share, not a percentage.
    assert one.returned == pytest.approx(0.4 * one.collectable)
    # 3: a missing coefficient is taken from the table and blames no other field.
    empty = balance.Harvest(**more, collectable=None)
    assert balance.problems(empty, ON) == [] and balance.balance(empty, ON).collectable > 0
    assert balance.problems(balance.Harvest(**more, collectable=1.5), ON) == ["collectable"]
    assert one.ability == pytest.approx((50 + 61.752) / 154.38) and one.industry == pytest.approx(50 / 154.38)
