"""Clocks, zones, the river, radiation and stock as arithmetic, against golden values and by property."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jiangcheng.methods.tracing import dispersion, heavygas, heavypuff, river, sigmas
from jiangcheng.methods.tracing.inputs import TracingError
from jiangcheng.modules.safety.rules import chain, clocks, drawing, plume, radiation, spill, stock, tables

ON = dt.date(2026, 11, 2)
AT = dt.datetime(2026, 11, 2, 1, tzinfo=dt.UTC)
GAS = {
    "on": "2026-11-02", "substance": "ammonia", "term": {"kind": "rate", "rate": 0.5}, "minutes": 600, "height": 0,
    "wind": 3.0, "direction": 270.0, "stability": "D", "temperature": 20.0,
}  # fmt: skip
HEAVY = {**GAS, "substance": "chlorine", "term": {"kind": "rate", "rate": 1.0}, "wind": 1.5, "stability": "F"}
RIVER = {
    "on": "2026-11-02", "substance": "nitrobenzene", "mass": 500, "minutes": 1, "speed": 0.6, "width": 250,
    "depth": 2.2, "slope": 0.0002, "dispersion": 60.0, "points": [{"code": "a", "kilometres": 20.0}],
}  # fmt: skip


def zones(question):
    return {zone["endpoint"]: zone for zone in plume.screen(question)["zones"]}


def test_the_heavy_gas_workbook_gives_the_golden_dilutions():
    x = np.array([45.2, 367.0, 1200.0])
    air = 101_325.0 * 0.028964 / (8.314462618 * 298.0)
    cold = {"temperature": 111.15, "air_temperature": 298.0}
    lng = {"volume_rate": 0.23 * 425.6 / 1.76, "density": 1.76, "wind": 10.9, "air_density": air, **cold}
    assert heavygas.plume_dilution(x, **lng) == pytest.approx([0.672023, 0.050718, 0.0049214], rel=2e-3)


def test_a_zone_ends_where_the_concentration_is_the_endpoint():
    light = zones(GAS)
    curves = sigmas.curves("gb")
    for zone in light.values():
        x = zone["distance"]
        widths = {"sigma_y": curves.sigma_y(x, 4.0), "sigma_z": curves.sigma_z(x, 4.0)}
        there = dispersion.plume(0.5e6, x, 0.0, 0.0, height=0.0, wind=3.0, **widths)
        assert float(there) == pytest.approx(zone["limit"], rel=0.01)
        assert zone["arrival_minutes"] == pytest.approx(x / 180, rel=1e-3)
    assert light[2]["distance"] > light[1]["distance"] > 0
    heavy = plume.screen(HEAVY)
    full = 0.0709 * 101325 / (8.314462618 * 293.15) * 1e6
    for zone in heavy["zones"]:
        share = heavygas.plume_dilution(
            [zone["distance"]], volume_rate=1.0 / heavy["density"], density=heavy["density"],
            air_density=heavy["air_density"], wind=1.5,
        )  # fmt: skip
        assert float(share[0]) * full == pytest.approx(zone["limit"], rel=0.02)
    assert heavy["model"] == "heavy" and plume.screen(GAS)["model"] == "gauss"
    assert plume.screen(GAS) == plume.screen(GAS)


def test_the_outline_lies_downwind_and_the_envelope_holds_it():
    zone = zones(GAS)[2]
    x = zone["distance"]
    assert plume.inside(zone["outline"], x * 0.9, 0.0) and not plume.inside(zone["outline"], -50.0, 0.0)
    turned = (x * 0.8 * math.cos(math.radians(9)), x * 0.8 * math.sin(math.radians(9)))
    assert plume.inside(zone["envelope"], *turned) and not plume.inside(zone["outline"], *turned)
    north = zones({**GAS, "direction": 180.0})[2]
    assert plume.inside(north["outline"], 0.0, x * 0.9)
    calm = plume.screen({**GAS, "wind": 0.2})
    assert "calm" in calm["notes"] and plume.inside(calm["zones"][1]["envelope"], -100.0, 0.0)
    ring = plume.place([[0.0, 0.0], [1000.0, 0.0], [0.0, 1000.0]], 126.5, 43.8)
    assert plume.offset(*ring[1], (126.5, 43.8)) == pytest.approx((1000.0, 0.0), abs=0.2)


def test_a_short_release_reaches_less_than_a_lasting_one_and_terms_follow_the_guideline():
    large = {**GAS, "term": {"kind": "rate", "rate": 50.0}}
    assert zones({**large, "minutes": 0.1})[2]["distance"] < 0.8 * zones(large)[2]["distance"]
    liquid = plume.screen(
        {**HEAVY, "term": {"kind": "liquid", "area": 1e-4, "pressure": 8e5, "head": 1, "radius": 3}}
    )
    # C_d A √(2ρΔp + 2ρ²gh) by hand.
    drive = 2 * (8e5 - 101325) / 1562 + 2 * 9.80665
    assert liquid["rate"] == pytest.approx(0.65 * 1e-4 * 1562 * math.sqrt(drive), rel=1e-3)
    assert liquid["notes"] == ["all_evaporates"]
    pool = plume.screen(
        {**GAS, "substance": "benzene", "term": {"kind": "pool", "radius": 10}, "temperature": 25}
    )
    by_hand = 4.685e-3 * 12700 * 0.07811 / (8.314462618 * 298.15) * 3 ** (1.75 / 2.25) * 10 ** (4.25 / 2.25)
    assert pool["rate"] == pytest.approx(by_hand, rel=0.01)
    gas = plume.screen({**GAS, "substance": "co",
                        "term": {"kind": "gas", "area": 1e-4, "pressure": 1e6, "vessel_temperature": 20}})  # fmt: skip
    assert gas["rate"] == pytest.approx(0.2321, rel=0.01)


@pytest.mark.parametrize(
    "change",
    [{"wind": None}, {"wind": "x"}, {"stability": "G"}, {"minutes": 0}, {"direction": 400}, {"wind": float("nan")},
     {"term": {"kind": "rate", "rate": -1}}, {"term": {"kind": "magic"}}, {"term": {"kind": "pool"}},
     {"term": {"kind": "gas", "area": 1e-4, "pressure": 9e4, "vessel_temperature": 20}}],
)  # fmt: skip
def test_what_cannot_be_answered_is_refused(change):
    with pytest.raises(TracingError):
        plume.screen({**GAS, **change})


@settings(max_examples=30)
@given(
    rate=st.floats(0.01, 50), wind=st.floats(1.0, 15), letter=st.sampled_from("ABCDEF"),
    direction=st.floats(0, 360), name=st.sampled_from([row["code"] for row in tables.table("substances")[0]["rows"]]),
)  # fmt: skip
def test_a_larger_release_never_reaches_less(rate, wind, letter, direction, name):
    question = {**GAS, "substance": name, "wind": wind, "stability": letter, "direction": direction}
    small = plume.screen({**question, "term": {"kind": "rate", "rate": rate}})
    large = plume.screen({**question, "term": {"kind": "rate", "rate": rate * 2}})
    if small["model"] == large["model"]:
        for one, other in zip(small["zones"], large["zones"], strict=True):
            assert other["distance"] >= one["distance"] * 0.999
    assert small["zones"][0]["distance"] <= small["zones"][1]["distance"]


def test_the_river_forecast_surrounds_the_analytic_cloud():
    found = spill.forecast(RIVER)["points"][0]
    times = np.linspace(3600, 40 * 3600, 2000)
    sure = river.instantaneous(500e3, 20_000.0, times, area=550.0, speed=0.6, dispersion=60.0)
    peak, at = sure.max(), times[sure.argmax()] / 3600
    assert found["peak"][0] < peak < found["peak"][2] and found["peak"][1] == pytest.approx(peak, rel=0.1)
    assert found["peak_hours"][0] < at < found["peak_hours"][2]
    first = times[np.argmax(sure > 0.017)] / 3600
    assert found["arrival_hours"][0] < first < found["arrival_hours"][2] and found["chance"] == 1.0
    assert spill.forecast(RIVER) == spill.forecast(RIVER)
    far = spill.forecast(
        {**RIVER, "points": [{"code": "b", "kilometres": 60.0}, {"code": "up", "kilometres": -3.0}]}
    )
    assert [point["code"] for point in far["points"]] == ["b"]
    assert far["points"][0]["peak_hours"][1] > found["peak_hours"][1]
    none = spill.forecast({**RIVER, "substance": "so2"})
    assert none["notes"] == ["no_limit"] and none["points"][0]["chance"] is None
    long = spill.forecast({**RIVER, "minutes": 600})["points"][0]
    assert long["peak"][1] < found["peak"][1]


def test_levels_follow_from_consequences():
    def level(**more):
        return clocks.level(more, ON)[0]

    assert (
        level() == "IV" and level(deaths=2) == "IV" and level(deaths=3) == "III" and level(deaths=30) == "I"
    )
    assert level(hurt=50) == "II" and level(evacuated=9_999) == "III" and level(evacuated=10_000) == "II"
    assert level(loss=499.9) == "IV" and level(loss=500) == "III" and level(intake="county") == "II"
    assert level(radiation=2) == "II" and level(radiation=3) == "III" and level(radiation=5) == "IV"
    assert level(deaths=3, crossing=True) == "II" and level(crossing=True) == "III"


def test_first_reports_have_the_hours_of_their_level():
    for grade, hours in (("I", 2), ("II", 2), ("III", 4), ("IV", 4)):
        assert clocks.due("report_up", grade, AT) == AT + dt.timedelta(hours=hours)
    stamps = {"received": AT}
    before = {clock.code: clock for clock in clocks.clocks("", stamps, AT)}
    assert before["report_up"].due_at == AT + dt.timedelta(hours=2) and before["respond"].state == "waiting"
    now = AT + dt.timedelta(hours=3, minutes=13)
    late = {clock.code: clock.state for clock in clocks.clocks("IV", {**stamps, "judge": AT}, now)}
    assert late["report_up"] == "warn" and late["verify"] == "met" and late["respond"] == "bad"


def test_a_dose_rate_alert_needs_height_and_time():
    start = np.arange(-24 * 20, 0) * 3600 + int(AT.timestamp())
    calm = 80.0 + 3.0 * np.sin(np.arange(start.size))
    assert radiation.alert(start, calm, AT) is None
    one = calm.copy()
    one[-1] = 500.0
    assert radiation.alert(start, one, AT) is None
    two = one.copy()
    two[-2] = 400.0
    found = radiation.alert(start, two, AT)
    assert found.hours == 2 and found.peak == 500.0 and found.background == pytest.approx(80, abs=1)
    assert found.threshold == pytest.approx(120, abs=1)
    assert radiation.alert(start[-100:], two[-100:], AT) is not None
    assert radiation.alert(start[-80:], two[-80:], AT) is None
    gap = np.delete(start, -2), np.delete(two, -2)
    assert radiation.alert(*gap, AT) is None


@pytest.mark.parametrize(
    ("code", "problem"),
    [("0412CS000123", ""), ("US12CO000013", ""), ("0412CS00012N", ""), ("0412CS00012", "length"),
     ("0412cs000123", "signs"), ("04X2CS000123", "signs"), ("0412QQ000123", "nuclide"), ("0412CS000121", "class")],
)  # fmt: skip
def test_codes_of_sources(code, problem):
    assert radiation.code_problem(code, "III", ON) == problem


def test_classes_watched_strictly():
    assert radiation.is_strict("source", "III", ON) and not radiation.is_strict("source", "IV", ON)
    assert radiation.is_strict("device", "II", ON) and not radiation.is_strict("device", "III", ON)


@given(
    st.lists(st.tuples(st.floats(126, 127), st.floats(43, 44), st.floats(0, 50)), max_size=12),
    st.floats(0.1, 100),
)
def test_the_offer_is_the_nearest_and_adds_up(places, wanted):
    lots = [stock.Lot(f"L{i}", "", x, y, q) for i, (x, y, q) in enumerate(places)]
    offer = stock.nearest(lots, wanted, 126.5, 43.5, ON)
    held = sum(lot.quantity for lot in lots)
    assert sum(share.take for share in offer.together) + offer.missing == pytest.approx(
        max(min(held, wanted), wanted)
    )
    assert all(share.take <= share.lot.quantity for share in offer.together)
    enough = [stock.distance(lot, 126.5, 43.5) for lot in lots if lot.quantity >= wanted]
    assert (offer.single.kilometres if offer.single else None) == (min(enough) if enough else None)


def test_a_drawing_escapes_names_and_needs_nothing_else():
    areas = [drawing.Area([[126, 43], [126.1, 43], [126.1, 43.1], [126, 43]], "#f00", "#f00")]
    text = drawing.svg(areas, [drawing.Mark(126.05, 43.05, "<i>&", "#000")], title='"<x>', stamp="演练")
    assert (
        "<i>" not in text
        and "<x>" not in text
        and "演练" in text
        and " km" in text
        and text.endswith("</svg>")
    )
    assert (
        "http" not in text.replace("http://www.w3.org/2000/svg", "") and drawing.svg([], [], title="") == ""
    )


def test_every_table_says_where_it_comes_from():
    for path in tables.DATA.glob("*.json"):
        for version in tables.table(path.stem):
            assert version["source"] and isinstance(version["verified"], bool) and version["valid_from"], (
                path.name
            )


BURST = {**HEAVY, "term": {"kind": "mass", "mass": 2000}, "minutes": 0.1, "wind": 3.0}


def test_heavy_gas_that_bursts_out_is_a_puff_and_arrives_with_its_front():
    found = plume.screen(BURST)
    assert found["model"] == "heavy_puff" and found["rate"] == pytest.approx(2000 / 6, rel=1e-3)
    cloud = heavypuff.heavy_puff(
        volume=2000 / found["density"], density=found["density"], air_density=found["air_density"], wind=3.0
    )
    # Chlorine boils far below the air's temperature: the cloud is cold, and its share is corrected for that.
    ratio = 239.1 / 298.15
    full = 0.0709 * 101325 / (8.314462618 * 298.15) * 1e6
    for zone in found["zones"]:
        share = float(cloud.dilution([zone["distance"]], ratio=ratio)[0])
        assert share * full == pytest.approx(zone["limit"], rel=0.02)
        front = float(cloud.arrival(zone["distance"])) / 60
        assert zone["arrival_minutes"] == pytest.approx(front, rel=0.02)
        assert zone["upwind"] == pytest.approx(cloud.upwind(), rel=1e-3) and zone["upwind"] > 10
        assert plume.inside(zone["outline"], -0.7 * zone["upwind"], 0.0)
        assert plume.inside(zone["envelope"], 0.95 * zone["distance"], 0.0)
    assert found["zones"][1]["distance"] > found["zones"][0]["distance"]


def test_the_duration_chooses_between_plume_and_puff():
    models = [plume.screen({**BURST, "minutes": minutes})["model"] for minutes in (0.1, 5, 600)]
    assert models[0] == "heavy_puff" and models[2] in ("heavy", "gauss")
    hour = {**HEAVY, "term": {"kind": "rate", "rate": 5.0}, "minutes": 60}
    short = {**hour, "minutes": 3}
    assert plume.screen(hour)["model"] == "heavy" and plume.screen(short)["model"] == "heavy_puff"
    for one, other in zip(plume.screen(short)["zones"], plume.screen(hour)["zones"], strict=True):
        assert 0 < one["distance"] <= other["distance"]
    vast = plume.screen({**BURST, "term": {"kind": "mass", "mass": 100_000}, "wind": 1.5})
    assert "held_workbook" in vast["notes"] and vast["model"] == "heavy_puff"
    minutes = [row["minutes"] for row in vast["axis"]]
    assert minutes == sorted(minutes)


REACHES = [
    {"name": "a", "start": -3.0, "end": 10.0, "width": 200, "depth": 2.0, "slope": 2e-4, "flow": 240.0},
    {"name": "b", "start": 10.0, "end": 30.0, "width": 250, "depth": 2.5, "slope": 2e-4, "flow": 480.0},
    {"name": "c", "start": 30.0, "end": 60.0, "width": 300, "depth": None, "slope": 1e-4, "flow": 500.0},
]
CHAIN = {
    "on": "2026-07-02", "substance": "nitrobenzene", "mass": 500, "minutes": 30, "reaches": REACHES,
    "points": [{"code": str(km), "kilometres": km} for km in (8.0, 25.0, 55.0, 80.0)],
}  # fmt: skip


def test_a_chain_of_reaches_adds_travel_times_and_a_tributary_dilutes():
    found = spill.forecast({**CHAIN, "dispersion": 20})
    speeds = [reach["speed"] for reach in found["reaches"]]
    assert speeds[:2] == pytest.approx([0.6, 0.768], rel=1e-3)
    # Manning for a wide channel: h = (Q n / (B √S))^0.6.
    assert found["reaches"][2]["depth"] == pytest.approx((500 * 0.03 / (300 * 0.01)) ** 0.6, rel=1e-3)
    hours = [10 / 0.6 / 3.6 + 15 / 0.768 / 3.6, 10 / 0.6 / 3.6 + 20 / 0.768 / 3.6 + 25 / speeds[2] / 3.6]
    peaks = [point["peak_hours"][1] for point in found["points"]]
    assert peaks[1:3] == pytest.approx(hours, rel=0.06) and peaks == sorted(peaks)
    assert [point["flow"] for point in found["points"]] == [240, 480, 500, 500]
    assert [point["name"] for point in found["points"]] == ["8.0", "25.0", "55.0", "80.0"]
    assert "beyond_reaches" in found["notes"] and spill.forecast({**CHAIN, "dispersion": 20}) == found
    same = spill.forecast({**CHAIN, "dispersion": 20, "reaches": [{**reach, "flow": 240.0, "width": 200, "depth": 2.0}
                                               for reach in REACHES]})  # fmt: skip
    assert same["points"][1]["peak"][1] > found["points"][1]["peak"][1]


def test_a_chain_of_equal_reaches_is_one_reach():
    equal = [{**REACHES[0], "start": at - 10.0, "end": at, "name": str(at)} for at in (10.0, 20.0, 30.0)]
    many = spill.forecast({**CHAIN, "reaches": equal, "dispersion": 40})["points"]
    one = spill.forecast(
        {**CHAIN, "speed": 0.6, "width": 200, "depth": 2.0, "slope": 2e-4, "dispersion": 40}
    )["points"]
    for left, right in zip(many[1:], one[1:], strict=True):
        for name in ("peak", "peak_hours", "arrival_hours"):
            assert left[name][1] == pytest.approx(right[name][1], rel=0.03), (name, left["kilometres"])
            assert left[name] == pytest.approx(right[name], rel=0.12), (name, left["kilometres"])


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.floats(1, 30), st.floats(50, 400), st.floats(0.5, 6), st.floats(20, 900)),
             min_size=2, max_size=5), st.floats(1, 400),
)  # fmt: skip
def test_the_mass_that_passes_is_the_mass_released(shapes, minutes):
    start, rows = 0.0, []
    for length, width, depth, flow in shapes:
        rows.append(chain.Reach("", start, start + length, width, depth, flow, 30.0, 1e-4))
        start += length
    passing = chain.passage(chain.to(start, rows), np.ones(1), np.ones(1))
    last = float(passing.mean[0] + 30 * np.sqrt(passing.variance[0])) + minutes * 60
    times = np.linspace(0, last, 60_000)
    seen = chain.concentration(passing, 1e6, minutes * 60, 0.0, times)[0]
    assert np.trapezoid(seen, times) * rows[-1].flow == pytest.approx(1e6, rel=0.01)
    older = chain.concentration(passing, 1e6, minutes * 60, 1e-5, times)[0]
    assert older.max() <= seen.max()


def test_warm_water_decays_more_and_ice_slows():
    benzene = {**CHAIN, "substance": "benzene"}
    cold, warm = (spill.forecast({**benzene, "temperature": t}) for t in (5, 25))
    assert warm["decay"] / cold["decay"] == pytest.approx(1.047**20, rel=1e-3)
    assert warm["points"][2]["peak"][1] < cold["points"][2]["peak"][1]
    ice = spill.forecast({**CHAIN, "ice": True})
    assert "ice" in ice["notes"]
    assert ice["reaches"][0]["speed"] == pytest.approx(0.6 / 2**0.6, rel=1e-3)
    assert ice["points"][2]["peak_hours"][1] > spill.forecast(CHAIN)["points"][2]["peak_hours"][1]
    assert "ice_season" in spill.forecast({**CHAIN, "on": "2027-01-10"})["notes"]
    high = spill.forecast({**CHAIN, "flow_scale": 2.0})
    assert high["reaches"][0]["speed"] == pytest.approx(0.6 * 2**0.4, rel=1e-3)
    assert high["points"][0]["flow"] == 480


@pytest.mark.parametrize(
    "change",
    [{"reaches": []}, {"reaches": [{**REACHES[0], "flow": 0}]}, {"reaches": [{**REACHES[0], "end": -4.0}]},
     {"flow_scale": 0}, {"temperature": 90}, {"reaches": [{**REACHES[0], "start": 11.0}]}],
)  # fmt: skip
def test_reaches_that_cannot_be_are_refused(change):
    with pytest.raises(TracingError):
        spill.forecast({**CHAIN, **change})
