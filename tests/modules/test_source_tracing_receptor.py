"""Receptor models: from a component station's hours to factors with names, and clear answers to bad tables."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from django.urls import reverse

from core import city
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.source_tracing import services
from jiangcheng.modules.source_tracing.models import TraceRun
from jiangcheng.modules.source_tracing.rules import engine, tables
from jiangcheng.modules.source_tracing.rules.refusals import Interrupted, Refusal

NOW = dt.datetime(2026, 11, 2, 4, 0, tzinfo=dt.UTC)
HOURS = 240
PROFILES = {
    "机动车": {"pm_ec": 0.3, "pm_oc": 0.45, "pm_no3": 0.15, "pm_fe": 0.1},
    "二次生成": {"pm_so4": 0.42, "pm_no3": 0.33, "pm_nh4": 0.25},
    "扬尘": {"pm_si": 0.5, "pm_al": 0.2, "pm_ca_element": 0.2, "pm_fe": 0.1},
}
SPECIES = sorted({code for row in PROFILES.values() for code in row})
QUICK = {"starts": 3, "replicates": 10, "displaced": 3, "most_factors": 4}
SETTINGS = {**tables.in_force("defaults", NOW.date())["pmf"], **QUICK}


def made(seed=1):
    """Return ten days of three sources that come and go, as hours × species."""
    random = np.random.default_rng(seed)
    amount = random.gamma(2.0, 8.0, (HOURS, 3)) * (random.random((HOURS, 3)) < 0.6)
    shares = np.array([[row.get(code, 0.0) for code in SPECIES] for row in PROFILES.values()])
    truth = amount @ shares
    read = truth * (1 + 0.08 * random.normal(size=truth.shape)) + 0.02 * random.random(truth.shape)
    return amount, np.maximum(read, 0.0)


def arrays(values, **more):
    library = np.array([[row.get(code, np.nan) for code in SPECIES] for row in PROFILES.values()])
    return {
        "time": NOW.timestamp() // 3600 * 3600 + 3600 * np.arange(len(values)), "values": values,
        "detection": np.full(values.shape[1], 0.1), "error": np.full(values.shape[1], 0.1), "library": library,
        "speed": np.full(len(values), 3.0), "direction": np.full(len(values), 90.0), **more,
    }  # fmt: skip


def trace(values, tell=lambda _share, _step: None, **settings):
    return engine.run("pmf", arrays(values), {"seed": 0}, {**SETTINGS, **settings}, tell)


def test_the_knee_finds_three_sources_again_with_intervals_and_names():
    amount, values = made()
    values[5, :3] = np.nan
    result = trace(values)
    facts = result["facts"]
    assert facts["number"] == 3 and not facts["asked"] and facts["gaps"] == 3 and facts["samples"] == HOURS
    assert [row["number"] for row in facts["curve"]] == [2, 3, 4]
    assert facts["curve"][0]["ratio"] > 3 * facts["curve"][1]["ratio"]
    alike = np.corrcoef(np.array(facts["contributions"]), amount.T)[:3, 3:]
    assert sorted(alike.argmax(axis=1)) == [0, 1, 2] and alike.max(axis=1).min() > 0.95
    for item, own in zip(facts["factors"], alike.argmax(axis=1), strict=True):
        assert item["likest"][0]["profile"] == own and item["likest"][0]["cosine"] > 0.95
        assert item["mapped"] >= 0.8 and sum(item["profile"]) == pytest.approx(1)
        best = int(np.argmax(item["profile"]))
        share = item["profile"][best]
        assert 0.95 * item["lower"][best] <= share <= 1.05 * item["upper"][best]
    assert facts["swapped"] is False and facts["within"] > 0.95
    assert result["candidates"] == [] and result["unknown"] is None
    assert trace(values, factors=2)["facts"]["number"] == 2
    assert engine.run("pmf", arrays(values), {"seed": 0}, SETTINGS, lambda *_: None) == result


@pytest.mark.parametrize(
    ("values", "changed", "code"),
    [
        (np.full((200, 9), np.nan), {}, "no_values"),
        (np.zeros((200, 9)), {}, "all_zero"),
        (-np.ones((200, 9)), {}, "all_zero"),
        (made()[1][:40], {}, "few_samples"),
        (made()[1][:, :4], {}, "few_species"),
        (np.where(np.arange(9) < 3, made()[1], 0.0), {}, "few_species"),
        (made()[1], {"factors": 12}, "many_factors"),
    ],
)
def test_a_table_that_cannot_be_taken_apart_is_refused_by_its_reason(values, changed, code):
    with pytest.raises(Refusal) as refused:
        trace(values, **changed)
    assert refused.value.code == code


def test_it_stops_between_numbers_of_factors():
    def tell(share, _step):
        if share > 0:
            raise Interrupted

    with pytest.raises(Interrupted):
        trace(made()[1], tell)


@pytest.fixture
def people(town):
    row = {
        "code": "Z1", "name_zh": "组分站", "name_en": "Component station", "kind": "air", "longitude": 126.6,
        "latitude": 43.5, "valid_from_date": "2026-01-01",
    }  # fmt: skip
    assert registry.import_register("stations", [row], actor=None, at=city.AT).errors == ()
    return city.people()


def put(code, values, station="Z1"):
    end = int(NOW.timestamp())
    batch = store.Batch.of(
        granularity=int(store.Granularity.HOUR),
        start=end - 3600 * np.arange(len(values), 0, -1),
        station=Station.objects.get(code=station).pk,
        property=ObservedProperty.objects.get(code=code, statistic="avg").pk,
        value=np.asarray(values, float),
    )
    store.append(batch, source="test", received_at=NOW)


def test_a_component_station_closes_its_mass_has_its_ozone_potential_and_feeds_tracing(
    people, client, monkeypatch
):
    """M01-02: mass closure of PM2.5 and OFP of VOC species computed; the same hours feed the tracing room."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)
    _amount, values = made()
    for column, code in enumerate(SPECIES):
        put(code, values[:, column])
    whole = values.sum(axis=1) + 0.6 * values[:, SPECIES.index("pm_oc")]
    put("a34004", np.maximum(whole, 1.0))
    put("voc_toluene", np.full(HOURS, 2.0))
    for name, species in PROFILES.items():
        values_ = {"name_zh": name, "species": species, "basis": "测试"}
        records.create(register="source-profiles", values=values_, actor=people["department"], at=NOW)

    client.force_login(people["duty"])
    page = client.get(reverse("air:components")).content.decode()
    assert "质量闭合" in page and "OFP 30 µg/m³" in page and "有机物" in page

    for name, value in {**QUICK, "starts": 2, "most_factors": 4}.items():
        monkeypatch.setitem(tables.in_force("defaults", NOW.date())["pmf"], name, value)
    asked = {
        "kind": "pmf", "station": "Z1", "observed": "pm", "start": "2026-10-23T12:00", "end": "2026-11-02T12:00",
    }  # fmt: skip
    answer = client.post(reverse("source_tracing:start"), asked)
    assert answer.status_code == 302, answer.content.decode()[:400]
    run = TraceRun.objects.get(kind="pmf")
    run = services.work(run=run, clock=lambda: NOW)
    assert run.state == "done", run.error
    assert run.result["facts"]["number"] == 3 and run.unknown is None and run.candidates.count() == 0
    assert services.run_again(run=run, actor=people["duty"], now=NOW).identical

    address = reverse("source_tracing:run", args=[run.number])
    page = client.get(address).content.decode()
    for words in (
        *PROFILES,
        "组分站 · PM2.5 组分",
        "不是某个单位",
        "自举复现",
        "位移区间",
        "Q / Qexp",
        "µg/m³",
    ):
        assert words in page, words
    assert "未知来源" not in page and "data-map" not in page
    english = client.get(address, headers={"accept-language": "en"}).content.decode()
    assert "not a plant" in english and "Bootstrap" in english
    charts = {
        part: client.get(reverse("source_tracing:receptor_chart", args=[run.number, part])).json()
        for part in ("series", "species", "curve", "hours")
    }
    assert len(charts["series"]["option"]["series"]) == 3 and len(charts["hours"]["table"]["rows"]) == 24
    for row in charts["species"]["table"]["rows"]:
        assert sum(row[1:]) == pytest.approx(100, abs=0.5)
    assert client.get(reverse("source_tracing:receptor_chart", args=[run.number, "no"])).status_code == 404
    assert "3 个因子" in client.get(reverse("source_tracing:desk")).content.decode()


def test_bad_questions_are_answered_in_words(people, client):
    client.force_login(people["duty"])
    asked = {
        "kind": "pmf", "station": "Z1", "observed": "pm", "start": "2026-10-23T12:00", "end": "2026-11-02T12:00",
    }  # fmt: skip
    told = client.post(reverse("source_tracing:start"), {**asked, "observed": "a21026"})
    assert told.status_code == 422 and "一组组分" in told.content.decode()
    assert client.post(reverse("source_tracing:start"), {**asked, "factors": "40"}).status_code == 422
    cases = (({}, "没有有效数据"), ({"pm_ec": np.ones(50), "pm_oc": np.ones(50)}, "可用的组分只有"))
    for series, words in cases:
        for code, values in series.items():
            put(code, values)
        assert client.post(reverse("source_tracing:start"), asked).status_code == 302
        run = services.work(run=TraceRun.objects.first(), clock=lambda: NOW)
        assert run.state == "failed"
        assert words in client.get(reverse("source_tracing:run", args=[run.number])).content.decode()
