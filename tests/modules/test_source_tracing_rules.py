"""The pure rules of tracing: engines, refusals, the same bits, aggregation, fences, soil, score."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jiangcheng.methods.tracing import dispersion
from jiangcheng.modules.source_tracing.rules import bits, engine, fence, odour, online, score, soil, tables
from jiangcheng.modules.source_tracing.rules.frame import Frame
from jiangcheng.modules.source_tracing.rules.refusals import Interrupted, Refusal

ON = dt.date(2026, 11, 20)
ORIGIN = [126.5, 43.8]
SETTINGS = {
    kind: {**row, "weights": tables.in_force("weights", ON)["room"].get(kind, {})}
    for kind, row in tables.in_force("defaults", ON).items()
    if isinstance(row, dict)
}
START = 1_763_600_400 // 3600 * 3600
PLANTS = np.array([[3000.0, 3000.0], [-4000.0, 1000.0], [500.0, -5000.0], [6000.0, -2000.0]])
"""North-east, west, south, south-east of the receptor [m]."""


def quiet(_share, _step):
    pass


def air_inputs(**changed):
    """Return ten days of hours in which the plant in the north-east has an accident in the last six."""
    random = np.random.default_rng(1)
    hours = 240
    time = START + 3600 * np.arange(hours)
    event = np.arange(hours) >= hours - 6
    direction = random.uniform(0, 360, hours)
    direction[event] = 45.0 + random.normal(0, 4, event.sum())
    speed = random.uniform(1.5, 5.0, hours)
    emission = np.full((hours, 4), 20.0) + random.normal(0, 1, (hours, 4))
    emission[-8:, 0] *= 8.0
    places = np.array([[0.0, 0.0], [2500.0, -500.0], [-1500.0, -2500.0], [-3000.0, 2500.0], [1500.0, 800.0]])
    unit = dispersion.response(
        np.column_stack([PLANTS, np.full(4, 40.0)]), np.column_stack([places, np.full(5, 3.0)]),
        wind=speed, direction=direction, stability=np.full(hours, 4.0),
    )  # fmt: skip
    others = 0.01 + (unit * emission[:, None, :]).sum(axis=2) * 1000.0 + random.normal(0, 2e-4, (hours, 5))
    found = {
        "time": time, "event": event, "value": others[:, 0], "others": others, "speed": speed, "direction": direction,
        "winds_speed": np.column_stack([speed, speed]), "winds_direction": np.column_stack([direction, direction]),
        "winds_place": np.array([[100.0, 0.0], [5000.0, 3000.0]]), "receptor_place": places,
        "emitter_place": PLANTS, "emitter_height": np.full(4, 40.0), "emission": emission, "online": emission * 3,
        "confirmed": np.zeros(4), "named": np.zeros(4),
    }  # fmt: skip
    return {**found, **changed}


META = {"origin": ORIGIN, "grams": 1e-3, "seed": 0}


def trace(kind="air", meta=META, tell=quiet, **changed):
    return engine.run(kind, air_inputs(**changed), meta, SETTINGS[kind], tell)


def test_the_plant_upwind_with_an_accident_comes_first_and_unknown_is_named():
    result = trace()
    first = result["candidates"][0]
    assert first["index"] == 0 and first["probability"] > 0.6
    assert len(result["candidates"]) >= 2 and 0 < result["unknown"] < 0.5
    total = sum(item["probability"] for item in result["candidates"]) + result["unknown"]
    assert total == pytest.approx(1.0, abs=0.005)
    said = {fact["code"]: fact for fact in first["evidence"]}
    assert said["wind"]["within"] == 6 and said["wind"]["factor"] > 5
    assert said["online"]["percent"] > 300 and said["share"]["percent"] > 90
    methods = {item["code"]: item for item in result["methods"]}
    for code in ("ranking", "rose", "cbpf", "nwr", "trajectory", "nnls", "inversion", "location"):
        assert methods[code]["state"] == "done", methods[code]
    assert methods["inversion"]["order"][0] == 0 and methods["nnls"]["order"][0] == 0
    assert methods["trajectory"]["order"][0] == 0
    assert methods["cmb"]["reason"]["code"] == "no_species"
    assert len(result["shapes"]["plumes"]) == 2 and result["shapes"]["tracks"]


def test_online_data_of_the_travel_time_decide_and_hidden_ones_do_not_acquit():
    still = air_inputs()["online"][:, 1:]
    loud, quiet_ = (
        np.column_stack([column, still]) for column in (air_inputs()["online"][:, 0], np.full(240, 60.0))
    )
    quiet_[:, 0] += np.random.default_rng(3).normal(0, 3, 240)
    flat = {"emission": np.full((240, 4), np.nan)}
    seen, unseen = trace(online=loud, **flat), trace(online=quiet_, **flat)
    facts = [{fact["code"]: fact for fact in item["candidates"][0]["evidence"]} for item in (seen, unseen)]
    assert facts[0]["online"]["factor"] > 10 and facts[0]["online"]["rows"] >= 6
    assert facts[0]["online"]["rows"] + facts[0]["online"]["before"] == 240
    # A culprit may have gone past its instrument: silence counts against it, but never as an alibi.
    assert 0.2 < facts[1]["online"]["factor"] < 0.8
    assert seen["candidates"][0]["probability"] > unseen["candidates"][0]["probability"]
    made, cleaned = np.full((240, 1), 900.0), np.full((240, 1), 80.0)
    cleaned[-4:] = 1.0
    power = {"power_emitter": np.array([0]), "power_production": made, "power_treatment": cleaned}
    off = trace(online=quiet_, **flat, **power)["candidates"][0]
    told = {fact["code"]: fact for fact in off["evidence"]}
    assert told["power"]["hours"] == 4 and told["power"]["treatment"] == pytest.approx(1.25)
    assert told["power"]["factor"] > 5 and told["online"]["factor"] is None
    assert off["probability"] > unseen["candidates"][0]["probability"]
    idle = trace(online=quiet_, **flat, **{**power, "power_production": np.where(cleaned < 2, 0.0, made)})
    assert "power" not in {fact["code"] for fact in idle["candidates"][0]["evidence"]}


@given(st.lists(st.floats(0, 1e4), min_size=40, max_size=80), st.integers(1, 8))
def test_what_stands_out_of_online_data_is_finite_and_counts_its_rows(values, length):
    series = np.array(values)
    window = np.arange(series.size) >= series.size - length
    found = online.standing(series, window)
    if found is None:
        assert np.ptp(series[~window]) == 0 or np.median(series[~window]) == 0
    else:
        assert found.rows == length and found.before == series.size - length and 1 <= found.looks <= length
        assert online.factors([found], hidden=0.3)[0] >= 0.3


def test_equal_inputs_give_equal_bits_also_through_the_file():
    arrays, meta = air_inputs(), {**META, "emitters": [{"name_zh": "甲厂"}]}
    digest = bits.digest(arrays, meta)
    kept, described = bits.unpack(bits.pack(arrays, meta), digest)
    assert described == meta and bits.pack(kept, described) == bits.pack(arrays, meta)
    first, second = (engine.run("air", item, META, SETTINGS["air"], quiet) for item in (arrays, kept))
    assert bits.result_digest(first) == bits.result_digest(second)
    with pytest.raises(Refusal, match="inputs_altered"):
        bits.unpack(bits.pack({**arrays, "value": arrays["value"] + 1e-12}, meta), digest)
    with pytest.raises(Refusal, match="inputs_altered"):
        bits.unpack(b"nonsense", digest)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"value": np.full(240, np.nan)}, "no_values"),
        ({"value": np.zeros(240)}, "all_zero"),
        ({"speed": np.full(240, np.nan)}, "no_wind"),
        ({"speed": np.full(240, 0.2)}, "calm"),
        ({"direction": np.full(240, np.nan)}, "calm"),
        ({"event": np.zeros(240, bool)}, "window"),
    ],
)
def test_a_question_without_an_answer_is_refused_by_its_reason(changed, code):
    with pytest.raises(Refusal) as refused:
        trace(**changed)
    assert refused.value.code == code


def test_what_one_method_lacks_stops_only_that_method():
    one = air_inputs()
    alone = trace(
        others=one["others"][:, :1], receptor_place=one["receptor_place"][:1],
        winds_speed=one["winds_speed"][:, :1], winds_direction=one["winds_direction"][:, :1],
        winds_place=one["winds_place"][:1],
    )  # fmt: skip
    reasons = {
        item["code"]: item["reason"]["code"] for item in alone["methods"] if item["state"] == "refused"
    }
    assert reasons == {
        "trajectory": "one_wind_station", "inversion": "few_receptors", "location": "few_receptors", "cmb": "no_species"
    }  # fmt: skip
    assert alone["candidates"][0]["index"] == 0
    nobody = trace(
        emitter_place=np.zeros((0, 2)), emitter_height=np.zeros(0), emission=np.zeros((240, 0)),
        online=np.zeros((240, 0)), confirmed=np.zeros(0), named=np.zeros(0),
    )  # fmt: skip
    assert nobody["candidates"] == [] and nobody["unknown"] == 1.0


def test_a_fingerprint_finds_the_unit_and_history_moves_the_prior():
    profile = np.array([1.0, 4.0, 2.0, 0.2])
    library = np.array([[0.1, 0.1, 0.1, 3.0], [0.25, 1.0, 0.5, 0.05], [np.nan] * 4, [3.0, 0.2, 0.1, 0.1]])
    flat = {"emission": np.full((240, 4), np.nan), "online": np.full((240, 4), np.nan)}
    wind = {"direction": np.full(240, 300.0)}
    plain = trace("voc", **flat, **wind)
    marked = trace("voc", profile=profile, library=library, **flat, **wind)
    chance = [
        {c["index"]: c["probability"] for c in item["candidates"]}.get(1, 0.0) for item in (plain, marked)
    ]
    assert chance[1] > chance[0]
    methods = {item["code"]: item for item in marked["methods"]}
    assert methods["cmb"]["order"][0] == 1
    known = trace("voc", **flat, **wind, confirmed=np.array([0, 3, 0, 0]), named=np.array([0, 3, 0, 0]))
    assert {c["index"]: c["probability"] for c in known["candidates"]}[1] > chance[0]


def test_a_run_can_be_interrupted_between_methods():
    steps = []

    def tell(share, step):
        steps.append((share, step))
        if len(steps) == 3:
            raise Interrupted

    with pytest.raises(Interrupted):
        trace(tell=tell)
    assert steps[0][0] == 0 and steps[1][0] > 0


# --- odour -----------------------------------------------------------------------------------------------


def odour_inputs(complaints, at=None, repeats=None, direction=270.0):
    cells = np.array([[x, y] for x in range(-4000, 4001, 500) for y in range(-4000, 4001, 500)], float)
    place = np.asarray(complaints, float).reshape(-1, 2)
    return {
        "place": place, "at": np.asarray(at if at is not None else [START + 5400.0] * len(place)),
        "repeats": np.asarray(repeats if repeats is not None else [1] * len(place)),
        "cell_place": cells, "people": np.ones(len(cells)), "time": START + 3600 * np.arange(3),
        "speed": np.full(3, 2.5), "direction": np.full(3, direction),
        "emitter_place": np.array([[-1500.0, 0.0], [-1500.0, 2500.0], [1500.0, 0.0]]),
        "emitter_height": np.full(3, 10.0), "confirmed": np.zeros(3), "named": np.zeros(3),
    }  # fmt: skip


def smell(inputs):
    return engine.run("odour", inputs, {"origin": ORIGIN}, SETTINGS["odour"], quiet)


def test_complaints_downwind_and_silence_elsewhere_point_at_the_plant():
    result = smell(odour_inputs([[0, 0], [200, 100], [400, -100], [700, 80], [300, 20]]))
    best = result["candidates"][0]
    assert best["index"] == 0 and best["probability"] > 0.2 and 0 < result["unknown"] < 0.8
    assert best["probability"] > 5 * result["candidates"][1]["probability"]
    assert {fact["code"] for fact in best["evidence"]} >= {"smelt", "silent", "against"}
    assert best["evidence"][0]["complaints"] == 5
    everywhere = smell(odour_inputs([[-3500, 3500], [3500, -3500], [0, 3800], [-3800, -3000], [3000, 3000]]))
    assert everywhere["unknown"] > result["unknown"]


def test_thousands_of_reports_of_one_address_count_once():
    place = [[100.0 + i % 3, 50.0] for i in range(3000)] + [[2000.0, 1000.0]]
    at = [START + i for i in range(3001)]
    kept, counts = odour.aggregated(reporter=[""] * 3001, place=place, at=at, radius=60.0)
    assert len(kept) == 2 and counts.tolist() == [3000, 1]
    kept, counts = odour.aggregated(
        reporter=["a"] * 50 + ["b"],
        place=[[i * 500.0, 0.0] for i in range(51)],
        at=list(range(51)),
        radius=60.0,
    )
    assert len(kept) == 2 and counts.tolist() == [50, 1]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"place": np.zeros((0, 2)), "at": np.zeros(0), "repeats": np.zeros(0, int)}, "no_complaints"),
        ({"cell_place": np.zeros((0, 2)), "people": np.zeros(0)}, "no_people"),
        ({"speed": np.full(3, np.nan)}, "no_wind"),
        ({"speed": np.full(3, 0.1)}, "calm"),
        ({"emitter_place": np.zeros((0, 2))}, "no_emitters"),
    ],
)
def test_odour_without_its_inputs_says_which(changed, code):
    with pytest.raises(Refusal) as refused:
        smell({**odour_inputs([[0, 0]]), **changed})
    assert refused.value.code == code


# --- rivers ----------------------------------------------------------------------------------------------


def river_inputs(**changed):
    """Return a river 0→1→2→3 with a tributary 4→1; a release from the second outfall passes node 2."""
    from jiangcheng.methods.tracing import river

    time = START + 3600.0 * np.arange(0, 72)
    released = time[20]
    value = 0.2 + river.instantaneous(
        2e5, 15_000.0, time - released, area=20.0, speed=0.5, dispersion=20.0, decay=0.0
    )
    online = np.full((72, 3), np.nan)
    online[:, 1] = 5.0 + np.random.default_rng(3).normal(0, 0.3, 72)
    online[19:23, 1] = 40.0
    found = {
        "upper": np.array([0, 1, 2, 4]), "lower": np.array([1, 2, 3, 1]),
        "length": np.array([10_000.0, 20_000.0, 30_000.0, 8_000.0]), "slow": np.full(4, 0.35), "fast": np.full(4, 0.7),
        "area": np.full(4, 20.0), "spread": np.full(4, 20.0), "decay": np.zeros(4), "time": time, "value": value,
        "event": time >= time[18], "outfall_reach": np.array([0, 1, 3]),
        "outfall_above": np.array([2000.0, 15_000.0, 1000.0]), "online": online, "online_time": time,
        "confirmed": np.zeros(3), "named": np.zeros(3), "node_place": np.zeros((0, 2)),
    }  # fmt: skip
    return {**found, **changed}


def follow(**changed):
    return engine.run(
        "river", river_inputs(**changed), {"origin": ORIGIN, "node": 2, "seed": 5}, SETTINGS["river"], quiet
    )


def test_the_outfall_that_discharged_in_time_comes_first_and_below_is_warned():
    result = follow()
    best = result["candidates"][0]
    assert best["index"] == 1 and best["probability"] > 0.4 and result["unknown"] > 0
    said = {fact["code"]: fact for fact in best["evidence"]}
    assert said["travel"]["km"] == pytest.approx(15.0)
    assert said["release"]["low"] < 200.0 < said["release"]["high"]
    assert said["online"]["percent"] > 300
    arrival = result["facts"]["arrivals"][0]
    assert arrival["node"] == 3 and arrival["chance"] > 0.5 and arrival["arrival"][0] < arrival["arrival"][2]
    assert result["shapes"]["next"]["node"] == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"upper": np.zeros(0, int), "lower": np.zeros(0, int)}, "no_reach"),
        ({"event": np.arange(72) == 30}, "few_readings"),
        ({"value": np.zeros(72)}, "all_zero"),
        ({"value": np.full(72, 0.2)}, "no_rise"),
        ({"outfall_reach": np.array([2, 2, 2])}, "nothing_upstream"),
    ],
)
def test_a_river_question_without_an_answer_is_refused_by_its_reason(changed, code):
    with pytest.raises(Refusal) as refused:
        follow(**changed)
    assert refused.value.code == code


# --- fences, soil, score ---------------------------------------------------------------------------------


def test_a_fence_alarms_by_level_and_by_peak_and_not_by_old_values():
    table = tables.in_force("voc", ON)
    species = next(item for item in table["species"] if item["code"] == "a25003")
    start = 3600 * np.arange(30)
    value = np.full(30, 0.02)
    value[[20, 28, 29]] = [0.9, 0.2, 0.7]
    found = fence.alarms(start=start, value=value, changed=start >= 3600 * 27, species=species, table=table)
    assert [(item.index, item.rule) for item in found] == [(28, "peak"), (29, "level")]
    few = fence.alarms(
        start=start[:3], value=[0.02, 0.02, 0.2], changed=[False, False, True], species=species, table=table
    )
    assert few == []


def test_a_plot_is_judged_by_metal_use_and_acidity():
    assert soil.screening(metal="Cd", acidity=5.5, paddy=False, on=ON) == 0.3
    assert soil.screening(metal="Cd", acidity=7.6, paddy=True, on=ON) == 0.8
    assert soil.screening(metal="As", acidity=None, paddy=True, on=ON) == 20
    assert soil.screening(metal="U", acidity=7, paddy=True, on=ON) is None
    assert soil.contaminated(highest=0.31, limit=0.3) and not soil.contaminated(highest=0.3, limit=0.3)
    assert not soil.contaminated(highest=None, limit=0.3)
    rows = [(True, "irrigation", ""), (True, "", "无法采样"), (True, " ", ""), (False, "", "")]
    assert soil.unanswered(rows) == (3, 1)


def test_the_score_counts_runs_once_and_unclear_ones_not_at_all():
    found = score.score(
        [
            score.Checked(1, 1, 0.6, "confirmed"), score.Checked(1, 2, 0.2, "rejected"),
            score.Checked(2, 1, 0.5, "rejected"), score.Checked(2, 3, 0.1, "confirmed"),
            score.Checked(3, 1, 0.4, "rejected"), score.Checked(4, 1, 0.9, "unclear"),
        ]
    )  # fmt: skip
    assert (found.runs, found.first, found.three, found.unclear, found.checks) == (3, 1, 2, 1, 5)
    assert found.brier == pytest.approx((0.16 + 0.04 + 0.25 + 0.81 + 0.16) / 5)
    assert found.top1 == pytest.approx(1 / 3) and found.false_share == pytest.approx(3 / 5)
    assert score.wanting(found) == 47
    bins = score.reliability(
        [
            score.Checked(1, 1, 0.65, "confirmed"),
            score.Checked(2, 1, 0.61, "rejected"),
            score.Checked(3, 2, 0.1, "rejected"),
            score.Checked(4, 1, 0.9, "unclear"),
        ]
    )
    assert [(item.lower, item.count, item.confirmed) for item in bins] == [(0.0, 1, 0.0), (0.6, 2, 0.5)]
    assert bins[1].stated == pytest.approx(0.63) and score.reliability([]) == []
    empty = score.score([])
    assert empty.top1 is None and empty.brier is None


@given(st.floats(-0.5, 0.5), st.floats(-0.4, 0.4))
def test_the_plane_goes_there_and_back(east, north):
    frame = Frame(126.5, 43.8)
    ((longitude, latitude),) = frame.degrees(frame.plane(126.5 + east, 43.8 + north))
    assert longitude == pytest.approx(126.5 + east, abs=1e-5) and latitude == pytest.approx(
        43.8 + north, abs=1e-5
    )
