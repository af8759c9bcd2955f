"""Traces from the trigger to the closed check, as services and pages do them."""

from __future__ import annotations

import datetime as dt
import json
import pathlib

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core import city
from jiangcheng.config import main
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, ObservedProperty, Region, Station
from jiangcheng.modules.participation import services as participation
from jiangcheng.modules.source_tracing import queries, services
from jiangcheng.modules.source_tracing.models import Candidate, Inputs, Rerun, TraceRun
from jiangcheng.modules.source_tracing.rules.refusals import Refusal

NOW = dt.datetime(2026, 11, 2, 4, 10, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
TOP = NOW.replace(minute=0)


def named(code, name, **more):
    return {"code": code, "name_zh": name, "name_en": name, "valid_from_date": "2026-01-01", **more}


@pytest.fixture
def people(town):
    """A wind station, three receptors, two plants with stacks of which the eastern one has an accident."""
    rows = [
        named("M1", "气象站", kind="weather", longitude=126.60, latitude=43.5),
        named("R1", "受体一", kind="air", longitude=126.65, latitude=43.5),
        named("R2", "受体二", kind="air", longitude=126.62, latitude=43.53),
        named("R3", "受体三", kind="air", longitude=126.68, latitude=43.47),
        named("F1", "厂界东", kind="weather", longitude=126.69, latitude=43.5),
        named("S1", "丙厂排口", kind="gas_outlet", longitude=126.6, latitude=43.52),
    ]
    assert registry.import_register("stations", rows, actor=None, at=city.AT).errors == ()
    plant = {
        "code": "91220200PLANT00003",
        "name_zh": "丙厂",
        "name_en": "Third",
        "longitude": 126.6,
        "latitude": 43.52,
    }
    assert registry.import_register("facilities", [plant], actor=None, at=city.AT).errors == ()
    outlet = {
        "facility": plant["code"],
        "number": "DA001",
        "name_zh": "烟囱",
        "name_en": "Stack",
        "station": "S1",
    }
    assert registry.import_register("outlets", [outlet], actor=None, at=city.AT).errors == ()
    return city.people()


def put(station, code, values, *, hours=96, end=TOP, granularity=store.Granularity.HOUR):
    starts = [end - HOUR * (hours - i) for i in range(hours)]
    batch = store.Batch.of(
        granularity=int(granularity),
        start=np.array([int(at.timestamp()) for at in starts]),
        station=Station.objects.get(code=station).pk,
        property=ObservedProperty.objects.get(code=code, statistic="avg").pk,
        value=np.broadcast_to(np.asarray(values, float), hours).astype(float),
    )
    store.append(batch, source="test", received_at=end)


def ripple(level, seed, hours=96):
    return level * (1 + 0.05 * np.random.default_rng(seed).normal(size=hours))


def accident():
    """Four hours of east wind with SO2 at the receptor and eight times the emission at the eastern plant."""
    so2, stack = ripple(0.01, 1), ripple(20.0, 2)
    so2[-4:], stack[-6:] = 0.3, 160.0
    direction = np.tile([0, 60, 120, 180, 240, 300], 16).astype(float)
    direction[-6:] = 90.0
    put("M1", "a01007", 3.0)
    put("M1", "a01008", direction)
    put("R1", "a21026", so2)
    put("R2", "a21026", ripple(0.01, 3))
    put("R3", "a21026", ripple(0.01, 4))
    for station, values in (("P1", stack), ("S1", ripple(20.0, 5))):
        put(station, "a21026", values)
        put(station, "a00000", 50.0)
    cleaned = ripple(200.0, 6)
    cleaned[-5:] = 4.0
    put("P1", "power_production", 2000.0)
    put("P1", "power_treatment", cleaned)


def ask(**more):
    given = {
        "kind": "air", "station": Station.objects.get(code="R1"), "observed": "a21026", "start": TOP - 4 * HOUR,
        "end": TOP, "now": NOW,
    }  # fmt: skip
    return services.ask(**{**given, **more})


def worked(**more):
    return services.work(run=ask(**more), clock=lambda: NOW)


def client(people, who="duty", language="zh-hans"):
    found = Client(HTTP_ACCEPT_LANGUAGE=language)
    found.force_login(people[who])
    return found


def get(people, name, *args, who="duty", language="zh-hans", status=200, **query):
    answer = client(people, who, language).get(reverse(f"source_tracing:{name}", args=args), query)
    assert answer.status_code == status, answer.content[:300]
    return answer


def close(candidate, people, conclusion):
    case = candidate.case
    for action, who, more in (
        ("accept", "duty", {}),
        ("dispatch", "duty", {"details": {"handler": people["inspector"].pk}}),
        ("sign", "inspector", {}),
        (
            "submit",
            "inspector",
            {"details": {"reason_code": conclusion}, "text": "现场情况", "files": [city.photo()]},
        ),
        ("pass", "verifier", {}),
    ):
        cases.act(case=case, action=action, actor=people[who], now=NOW + HOUR, **more)


def test_from_the_exceedance_to_the_confirmed_check(people):
    accident()
    run = worked()
    assert run.state == "done", run.error
    first = run.candidates.first()
    assert (
        first.code == city.PLANT
        and first.probability > 0.5
        and run.candidates.count() >= 2
        and run.unknown > 0
    )
    assert run.inputs.snapshot and run.inputs.rows["value"] == [14 * 24 + 4]

    # The same bits come out of the frozen inputs, whatever has happened to the store and the register since.
    put("R1", "a21026", 0.9)
    Facility.objects.filter(code=city.PLANT).update(longitude=126.0)
    again = services.run_again(run=run, actor=people["duty"], now=NOW)
    assert again.identical and again.result_sha256 == run.result_sha256 and again.first_difference == ""
    TraceRun.objects.filter(pk=run.pk).update(result={**run.result, "unknown": 0.5}, result_sha256="0" * 64)
    run.refresh_from_db()
    other = services.run_again(run=run, actor=None, now=NOW)
    assert not other.identical and other.first_difference.startswith("/unknown: 0.5 →")

    rows = services.dispatch(run=run, most=2, actor=people["duty"], now=NOW)
    assert [row.case.case_type for row in rows] == ["TRACE", "TRACE"] and rows[0].case.grid_cell is not None
    assert "候选不等于结论" in rows[0].case.description and "肇事" not in rows[0].case.description
    assert services.dispatch(run=run, most=2, actor=people["duty"], now=NOW)[0].case == rows[0].case
    assert Case.objects.filter(case_type="TRACE").count() == 2
    close(rows[0], people, "confirmed")
    close(rows[1], people, "rejected")
    assert services.settle(now=NOW + 2 * HOUR) == 2 and services.settle(now=NOW + 2 * HOUR) == 0
    assert list(run.candidates.values_list("outcome", flat=True)[:2]) == ["confirmed", "rejected"]

    services.compute_indicators(on=NOW.date(), at=NOW)
    value = {row.indicator: row for row in IndicatorValue.objects.filter(indicator__startswith="trace_")}
    assert value["trace_top1"].value == 100 and value["trace_top1"].lineage["rows"] == 2
    assert value["trace_brier"].value == pytest.approx(
        ((1 - rows[0].probability) ** 2 + rows[1].probability ** 2) / 2, abs=1e-4
    )
    # What was confirmed moves the prior of the next run.
    Facility.objects.filter(code=city.PLANT).update(longitude=126.7)
    gathered = queries.gather(ask())
    at = [item["code"] for item in gathered.meta["emitters"]].index(city.PLANT)
    assert gathered.arrays["confirmed"][at] == 1 and gathered.arrays["named"][at] == 1

    text = get(people, "run", run.number).content.decode()
    told = "生产用电为平时 100%、治污用电仅 2%"
    for words in ("候选", "未知来源", "成立", "方法比较", "再算一次", "逐位相同", "东", "倍标准差", told):
        assert words in text
    assert "肇事" not in text
    english = get(people, "run", run.number, language="en").content.decode()
    assert (
        "not conclusions" in english
        and "candidate" in english.lower()
        and "候选" not in english.replace("候选核查", "")
    )
    desk = get(people, "desk").content.decode()
    assert "首位命中率" in desk and run.number in desk and "只有 1 次溯源" in desk
    assert "还需 49 次有明确结论的核查" in desk and "查实占比" in desk and "试验" in desk
    points = get(people, "points", run.number).json()["features"]
    assert [item["properties"]["label"] for item in points[:3]] == ["目标", "1", "2"]
    assert get(people, "lines", run.number).json()["features"] == []
    areas = get(people, "areas", run.number).json()["features"]
    assert {item["properties"]["id"].split("-")[0] for item in areas} >= {"cone", "plume", "region"}
    codes = [item["code"] for item in get(people, "layers", run.number).json()["layers"]]
    assert codes == ["points", "areas"]
    chart, blown = (get(people, name, run.number).json() for name in ("series", "winds"))
    assert len(chart["option"]["series"]) >= 2 and blown["table"]["rows"]
    # The cursors of both are linked: one span of time, and the event marked in it.
    assert chart["option"]["xAxis"]["min"] == blown["option"]["xAxis"]["min"]
    assert (
        chart["option"]["series"][0]["markArea"]["data"] == blown["option"]["series"][0]["markArea"]["data"]
    )
    assert text.count('data-group="trace"') == 2
    divided = get(people, "methods", run.number).json()["table"]["rows"]
    assert len(divided) >= 5 and all(sum(row[1:]) == pytest.approx(100, abs=3) for row in divided)
    assert client(people).get(reverse("source_tracing:inputs", args=[run.number])).status_code == 200
    assert get(people, "layer", at=(timezone.now() + HOUR).isoformat()).json()["type"] == "FeatureCollection"
    card = (
        client(people).get(reverse("source_tracing:case_card", args=[rows[0].case.number])).content.decode()
    )
    assert "第 1 位候选" in card
    assert (
        "source_tracing-case_card"
        in client(people).get(reverse("cases:case", args=[rows[0].case.number])).content.decode()
    )
    assert run.number in get(people, "station_card", "R1").content.decode()


def test_altered_inputs_are_found_out(people):
    accident()
    run = worked()
    with run.inputs.file.open("rb") as file:
        content = file.read()
    pathlib.Path(run.inputs.file.path).write_bytes(content[:-40] + b"x" * 40)
    with pytest.raises(Refusal, match="inputs_altered"):
        services.run_again(run=run, actor=None, now=NOW)
    answer = client(people).post(reverse("source_tracing:again", args=[run.number]), follow=True)
    assert "与摘要不符" in answer.content.decode() and Rerun.objects.count() == 0
    get(people, "series", run.number)
    same = worked()
    assert same.inputs == run.inputs and Inputs.objects.count() == 1


@pytest.mark.parametrize(
    ("spoil", "words", "english"),
    [
        (lambda: put("M1", "a01007", 0.1), "静风时段占 100%", "Calm"),
        (lambda: put("R1", "a21026", 0.0), "全部为零", "zero"),
        (lambda: None, "", ""),
    ],
)
def test_what_cannot_be_traced_says_why_and_shows_no_map(people, spoil, words, english):
    if words:
        accident()
        spoil()
    else:
        words, english = "没有有效数据", "no valid"
    run = worked()
    assert run.state == "failed" and run.candidates.count() == 0
    text = get(people, "run", run.number).content.decode()
    assert words in text and "data-map" not in text
    assert english in get(people, "run", run.number, language="en").content.decode()
    assert get(people, "points", run.number).json()["features"] == []


def test_a_waiting_run_can_be_stopped_and_a_running_one_stops_at_the_next_step(people, monkeypatch):
    accident()
    waiting = ask()
    services.stop(run=waiting, actor=people["duty"], now=NOW)
    assert (
        services.work_off(clock=lambda: NOW) == []
        and TraceRun.objects.get(pk=waiting.pk).state == "cancelled"
    )
    running = ask()
    TraceRun.objects.filter(pk=running.pk).update(stop_asked=True)
    running.refresh_from_db()
    assert services.work(run=running, clock=lambda: NOW).state == "cancelled"
    lost = ask()
    TraceRun.objects.filter(pk=lost.pk).update(state="running", started_at=NOW - 2 * HOUR)
    assert [run.pk for run in services.work_off(clock=lambda: NOW)] == [lost.pk]
    text = get(people, "run", ask().number).content.decode()
    assert "正在排队或运行" in text and "<progress" in text


def exceedance(station="R1", at=TOP - HOUR, key="x", kind="air.aqi_high"):
    return cases.report(
        finding=cases.FindingReport(
            kind=kind, dedup_key=key, rule_version="1", title_zh="超标", title_en="High", severity=3, first_at=at,
            last_at=at, evidence={"start": at.isoformat()}, station_id=Station.objects.get(code=station).pk,
        ),
        now=NOW,
    )  # fmt: skip


def test_findings_and_complaints_ask_by_themselves_and_a_storm_does_not(people):
    accident()
    finding = exceedance()
    runs = services.watch_findings(now=NOW)
    assert [(run.kind, run.observed, run.case) for run in runs] == [("air", "a21026", finding.case)]
    assert services.watch_findings(now=NOW) == []
    for number in range(5):
        exceedance(key=f"again{number}")
    assert services.watch_findings(now=NOW) == []
    for number in range(30):
        exceedance(station=f"N{number % 3 + 1}", key=f"storm{number}")
    services.watch_findings(now=NOW)
    assert TraceRun.objects.count() <= 4
    done = services.work_off(clock=lambda: NOW)
    assert done[0].state == "done"
    told = people["department"].notifications.filter(kind="source_tracing.candidates").first()
    assert "候选不等于结论" in told.text_zh

    for number in range(4):
        participation.complain(
            text="刺鼻异味", kind="air", address=f"10.0.0.{number}", at=TOP - HOUR, longitude=126.64 + number / 500,
            latitude=43.5, contact="138 0000 1111" if number else "+86 13800001111",
        )  # fmt: skip
    (run,) = services.watch_findings(now=NOW)
    assert run.kind == "odour" and run.trigger == "complaint"
    run = services.work(run=run, clock=lambda: NOW)
    assert run.state == "done", run.error
    assert run.result["facts"]["reports"] == 4 and run.result["facts"]["complaints"] == 1
    assert "同一来源最多" in get(people, "run", run.number).content.decode()
    assert "13800001111" not in json.dumps(services.inputs_of(run)[1])


def test_a_peak_at_the_fence_alerts_and_names_candidates_inside_the_park(people):
    park = records.create(
        register="parks", values={"name_zh": "化工园", "outline": city.square(126.66, 43.45, 126.75, 43.55)},
        actor=people["department"], at=NOW,
    )  # fmt: skip
    values = {"park": park.number, "station_code": "F1", "side": "东"}
    records.create(register="fence-stations", values=values, actor=people["department"], at=NOW)
    profile = {
        "name_zh": "甲厂指纹", "facility": Facility.objects.get(code=city.PLANT), "basis": "测试",
        "species": {"a25002": 0.1, "a25003": 0.6, "a25005": 0.3},
    }  # fmt: skip
    records.create(register="source-profiles", values=profile, actor=people["department"], at=NOW)
    put("M1", "a01007", 2.0)
    put("M1", "a01008", 90.0)
    for code, level in (("a25002", 0.01), ("a25003", 0.02), ("a25005", 0.01)):
        series = ripple(level, 7)
        series[-1] = 10 * level * (3 if code == "a25003" else 1)
        put("F1", code, series)
    found = services.watch_fences(now=NOW)
    assert len({finding.pk for finding in found}) == 1 and "甲苯" in " ".join(item.title_zh for item in found)
    assert services.watch_fences(now=NOW) == []
    (run,) = TraceRun.objects.filter(kind="voc")
    run = services.work_off(clock=lambda: NOW)[0]
    assert run.state == "done", run.error
    assert [row.code for row in run.candidates.all()] == [city.PLANT] and run.unknown > 0
    assert {fact["code"] for fact in run.candidates.first().evidence} >= {"profile", "wind"}
    text = get(people, "parks").content.decode()
    assert "化工园" in text and run.number in text and "F1" in text


def test_a_river_run_uses_the_reaches_and_the_outfalls(people):
    empty = worked(
        kind="river", station=Station.objects.get(code="W1"), observed="w21003", start=TOP - 60 * HOUR
    )
    assert empty.state == "failed" and empty.error["code"] == "no_reach"
    for upper, lower, west in (("源头", "W1", 126.3), ("W1", "口", 126.6)):
        values = {
            "river": "江", "upper": upper, "lower": lower, "length_km": 24.0, "slow": 0.3, "fast": 0.6, "area_m2": 30.0,
            "spread": 20.0, "basis": "测试", "region": Region.objects.get(code="220202"),
            "course": {"type": "LineString", "coordinates": [[west, 43.5], [west + 0.3, 43.5]]},
        }  # fmt: skip
        records.create(register="river-reaches", values=values, actor=people["department"], at=NOW)
    rows = [
        named(f"O{i}", f"排口{i}", kind="water_outlet", longitude=126.35 + 0.1 * i, latitude=43.5)
        for i in (0, 1, 4)
    ]
    assert registry.import_register("stations", rows, actor=None, at=city.AT).errors == ()
    outlets = [
        {
            "facility": city.PLANT,
            "number": f"DW00{i}",
            "name_zh": f"排口{i}",
            "name_en": f"O{i}",
            "station": f"O{i}",
        }
        for i in (0, 1, 4)
    ]
    assert registry.import_register("outlets", outlets, actor=None, at=city.AT).errors == ()
    series = ripple(0.2, 8)
    series[-14:-2] += np.array([0.1, 0.5, 1.2, 2.0, 2.4, 2.1, 1.5, 0.9, 0.5, 0.3, 0.15, 0.05])
    put("W1", "w21003", series)
    discharge = ripple(2.0, 9)
    discharge[-24:-18] = 30.0
    put("O1", "w21003", discharge)
    put("O0", "w21003", ripple(2.0, 10))
    run = worked(
        kind="river", station=Station.objects.get(code="W1"), observed="w21003", start=TOP - 30 * HOUR
    )
    assert run.state == "done", run.error
    assert run.candidates.first().code == "O1" and run.candidates.count() == 2 and run.unknown > 0
    text = get(people, "run", run.number).content.decode()
    assert "下游到达预报" in text and "口" in text and "上游" in text
    lines = get(people, "lines", run.number).json()["features"]
    assert len(lines) == 1 and lines[0]["geometry"]["type"] == "LineString"
    assert services.run_again(run=run, actor=None, now=NOW).identical


def test_every_contaminated_plot_has_a_result_or_a_reason_or_is_somebodys_to_do(people):
    county = Region.objects.get(code="220202")
    plots = {}
    for name, more in (("甲田", {}), ("乙田", {"no_result_reason": "无法采样"}), ("丙田", {})):
        values = {"name_zh": name, "region": county, "area_mu": 12.0, "metal": "Cd", "acidity": 6.0, **more}
        plots[name] = records.create(register="farm-plots", values=values, actor=people["department"], at=NOW)
    for name, value in (("甲田", 0.5), ("乙田", 0.9), ("丙田", 0.2)):
        values = {
            "plot": plots[name].number,
            "metal": "Cd",
            "value": value,
            "sampled_date": dt.date(2026, 9, 1),
        }
        records.create(register="farm-samples", values=values, actor=people["department"], at=NOW)
    todo = [item for item in queries.to_do(user=people["department"], now=NOW) if item.kind == "farm_plot"]
    assert [item.number for item in todo] == [plots["甲田"].number]
    services.compute_indicators(on=NOW.date(), at=NOW)
    value = IndicatorValue.objects.get(indicator="farmland_traced", current=True)
    assert value.value == 50 and value.lineage["intermediates"] == {
        "contaminated": 2,
        "unanswered": 1,
        "plots": 3,
    }
    card = get(people, "plot_card", plots["甲田"].number).content.decode()
    assert "既无溯源结果" in card and "0.3" in card
    with pytest.raises(Exception, match="依据"):
        records.change(
            record=plots["甲田"], values={"result": "irrigation"}, actor=people["department"], at=NOW
        )
    change = {"result": "irrigation", "result_text": "灌溉水与底泥同源"}
    records.change(record=plots["甲田"], values=change, actor=people["department"], at=NOW)
    assert [
        item for item in queries.to_do(user=people["department"], now=NOW) if item.kind == "farm_plot"
    ] == []


def test_who_may_see_and_start_and_what_the_form_refuses(people):
    accident()
    run = worked()
    for who, status in (("colleague", 404), ("inspector", 200), ("enterprise", 403), ("auditor", 403)):
        get(people, "run", run.number, who=who, status=status)
    start = reverse("source_tracing:start")
    given = {
        "kind": "air",
        "station": "R1",
        "observed": "a21026",
        "start": "2026-11-02T08:00",
        "end": "2026-11-02T12:00",
    }
    assert client(people, "inspector").post(start, given).status_code == 403
    assert (
        client(people, "inspector").post(reverse("source_tracing:dispatch", args=[run.number])).status_code
        == 403
    )
    made = client(people).post(start, given)
    assert made.status_code == 302 and TraceRun.objects.first().asked_by == people["duty"]
    for spoilt, words in (
        ({"end": "x"}, "起止时间"), ({"start": "2026-01-01T00:00"}, "起止时间"), ({"observed": ""}, "选择因子"),
        ({"station": ""}, "选择站点"), ({"kind": "x"}, "溯源类型"), ({"unknown": "7"}, "超出允许"),
        ({"kind": "odour", "station": ""}, "经纬度"),
        ({"kind": "odour", "station": "", "longitude": "nan", "latitude": "1"}, "经纬度"),
    ):  # fmt: skip
        answer = client(people).post(start, {**given, **spoilt})
        assert answer.status_code == 422 and words in answer.content.decode(), spoilt
    assert client(people).post(start, {**given, "station": "NOPE"}).status_code == 404
    sent = client(people).post(
        reverse("source_tracing:dispatch", args=[run.number]), {"most": "2"}, follow=True
    )
    assert "已派发 2 处" in sent.content.decode() and Candidate.objects.exclude(case=None).count() == 2
    assert get(people, "desk", station="R1", kind="air").content.decode().count("selected") >= 2
    assert "还没有溯源记录" in get(people, "desk", state="running").content.decode()
    assert get(people, "parks", language="en").content.decode()


def test_the_command_line_runs_lists_and_runs_again(people, capsys):
    accident()
    arguments = ["trace", "run", "air", "--station", "R1", "--observed", "a21026"]
    arguments += ["--start", "2026-11-02T08:00", "--end", "2026-11-02T12:00", "--json"]
    assert main.main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["state"] == "done" and told["candidates"][0]["code"] == city.PLANT
    assert main.main(["trace", "rerun", told["number"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["identical"] is True
    assert main.main(["trace", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["number"] == told["number"]
    assert main.main(["trace", "rerun", "TR-0"]) == 2
    assert (
        main.main(
            ["trace", "run", "air", "--station", "NOPE", "--start", "2026-11-02", "--end", "2026-11-03"]
        )
        == 2
    )
