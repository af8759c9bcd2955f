"""The network with a store: arrival, gaps, control, samples, grants, frozen tables."""

from __future__ import annotations

import datetime as dt
import io
import json

import numpy as np
import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.test import Client

from core import city
from jiangcheng.config import wiring
from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import AppendOnlyError
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import manifests
from jiangcheng.core.observations import store
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.network import queries, services
from jiangcheng.modules.network.models import DatasetState, Gap, LabSample, PullLog, StatisticsEdition
from jiangcheng.modules.network.rules import tables
from jiangcheng.standards import dated, periods

NOW = city.AT
TODAY = int(NOW.timestamp()) // 3600 * 3600 - 9 * 3600
"""Midnight in Jilin."""
HOUR, DAY = 3600, 86_400
EVERYTHING = access.Scope(everything=True)
PROPERTIES = [
    city.named("w01019", "高锰酸盐指数", statistic="avg", unit="mg/L", medium="water", decimals=3),
    city.named("a34004", "PM2.5", statistic="avg", unit="ug/m3", medium="air", decimals=0),
]
STATIONS = [
    city.named(
        "G1", "地下水井", kind="manual", longitude=126.3, latitude=43.5, expected_interval=90 * DAY,
        attributes={"element": "groundwater"}, valid_from_date="2025-01-01",
    ),
]  # fmt: skip


@pytest.fixture
def people(db, settings, tmp_path):
    wiring.load_manifests()
    settings.OBSERVATIONS = {"sealed": tmp_path, "hot_months": 2}
    city.build()
    for kind, rows in (("properties", PROPERTIES), ("stations", STATIONS)):
        assert registry.import_register(kind, rows, actor=None, at=NOW).errors == ()
    return city.people()


def put(station, code, starts, value=20.0):
    batch = store.Batch.of(
        granularity=int(store.Granularity.HOUR), start=np.asarray(starts), station=city.station(station).pk,
        property=ObservedProperty.objects.get(code=code).pk, value=np.full(len(starts), value), flag=store.NORMAL,
    )  # fmt: skip
    store.append(batch, source="test", received_at=NOW)


def values(station, code, granularity=store.Granularity.HOUR):
    table = store.read(
        stations=[city.station(station).pk], properties=[ObservedProperty.objects.get(code=code).pk],
        granularity=granularity, start=0, end=TODAY + 2 * DAY,
    )  # fmt: skip
    return {start: (value, chr(flag)) for start, value, flag in zip(
        table["start"].to_pylist(), table["value"].to_pylist(), table["flag"].to_pylist(), strict=True)}  # fmt: skip


def add(people, register, who="department", **given):
    return records.create(register=register, values=given, actor=people[who], at=NOW)


def act(people, row, action, who, **more):
    records.act(record=row, action=action, actor=people[who], now=NOW, **more)
    row.refresh_from_db()
    return row


def test_the_matrix_counts_points_and_what_arrived_with_few_queries(people, django_assert_max_num_queries):
    put("A1", "a34004", [TODAY - DAY + hour * HOUR for hour in range(18)])
    store.roll_up()
    with django_assert_max_num_queries(30):
        found = queries.coverage(scope=EVERYTHING, on=city.ON)
    day = found.cells["air", "220202", 1]
    assert (day.points, day.expected, day.received, day.percent) == (1, 24, 18, 75.0)
    month = found.cells["air", "", 30]
    assert (month.expected, month.received) == (720, 18)
    well = found.cells["groundwater", "220202", 30]
    assert (well.points, well.expected, well.received) == (1, 1, 0)
    assert found.stations["P1", 1].received == 0 and ("area", "", 1) not in found.cells


def test_a_new_element_is_a_row_of_the_table_and_nothing_else(people, monkeypatch):
    version = dict(tables.table("elements")[-1])
    light = {"code": "light", "name_zh": "光环境", "name_en": "Light", "kinds": ["manual"],
             "attributes": {"element": "light"}, "refresh_days": 30}  # fmt: skip
    version["elements"] = [light, *version["elements"]]
    monkeypatch.setattr(
        dated,
        "_versions",
        lambda path, known=dated._versions: (version,) if path.stem == "elements" else known(path),
    )
    point = city.named("L1", "光点", kind="manual", longitude=126.3, latitude=43.5, attributes={"element": "light"},
                       valid_from_date="2026-01-01")  # fmt: skip
    assert registry.import_register("stations", [point], actor=None, at=NOW).errors == ()
    assert queries.coverage(scope=EVERYTHING, on=city.ON).cells["light", "220202", 1].points == 1
    assert queries.dataset(code="element:light", on=city.ON).names.zh == "光环境"


def test_silences_become_gaps_without_a_reason_and_go_on_in_the_same_row(people):
    hours = range(TODAY - 8 * DAY, TODAY + 9 * HOUR, HOUR)
    for station, code in (("P1", "a21026"), ("P2", "a21026")):
        put(station, code, list(hours), 20.0)
    put("A1", "a34004", [start for start in hours if not TODAY - 2 * DAY <= start < TODAY - 2 * DAY + 5 * HOUR
                         and start < TODAY + 5 * HOUR])  # fmt: skip
    at = dt.datetime.fromtimestamp(TODAY - 2 * DAY, dt.UTC)
    add(
        people,
        "gaps",
        station="A1",
        from_at=at,
        to_at=at + dt.timedelta(hours=5),
        reason="power",
        measure="已供电",
    )
    assert services.detect_gaps(now=NOW) == 1
    assert services.detect_gaps(now=NOW) == 0
    assert services.detect_gaps(now=NOW + dt.timedelta(hours=1)) == 0
    row = Gap.objects.get(detected=True, station="A1")
    assert (row.reason, row.to_at - row.from_at) == ("", dt.timedelta(hours=5))
    assert row.region.code == "220202"
    put("A1", "a34004", range(TODAY + 5 * HOUR, TODAY + 10 * HOUR, HOUR))
    assert services.detect_gaps(now=NOW + dt.timedelta(hours=1)) == 0
    assert Gap.objects.get(detected=True).withdrawn_at is not None


def test_values_outside_control_are_set_aside_and_given_back_when_a_check_covers_them(people):
    hours = list(range(TODAY - 20 * DAY, TODAY, 6 * HOUR))
    put("A1", "a34004", hours)
    put("P1", "a21026", hours)
    begin = dt.datetime.fromtimestamp(TODAY - 10 * DAY, dt.UTC)
    add(people, "qc-records", station="A1", kind="zero_span", performed_at=begin, result="passed")
    lapsed = [start for start in hours if start >= TODAY - 3 * DAY]
    assert services.judge(now=NOW) == (len(lapsed), 0)
    assert services.judge(now=NOW) == (0, 0)
    found = values("A1", "a34004")
    assert [start for start, (_value, flag) in found.items() if flag == "X"] == lapsed
    assert {flag for _value, flag in values("P1", "a21026").values()} == {"N"}
    told = store.history(
        granularity=int(store.Granularity.HOUR), start=lapsed[0], station=city.station("A1").pk,
        property=ObservedProperty.objects.get(code="a34004").pk,
    )[-1]  # fmt: skip
    assert (told.test, told.arguments["reason"]) == ("network.outside_qc", "lapsed")
    later = begin + dt.timedelta(days=7)
    add(
        people,
        "qc-records",
        station="A1",
        observed="a34004-avg",
        kind="zero_span",
        performed_at=later,
        result="passed",
    )
    assert services.judge(now=NOW) == (0, len(lapsed))
    assert {flag for _value, flag in values("A1", "a34004").values()} == {"N"}
    covering = queries.qc_covering(station="A1", observed="a34004-avg", at=NOW)
    assert [row.performed_at for row in covering] == [later]


def test_a_value_somebody_rejected_is_not_touched(people):
    put("A1", "a34004", [TODAY - DAY])
    key = store.Keys.of(
        granularity=int(store.Granularity.HOUR), start=np.array([TODAY - DAY]), station=city.station("A1").pk,
        property=ObservedProperty.objects.get(code="a34004").pk,
    )  # fmt: skip
    store.flag(key, store.REJECTED, author="somebody", reason="污染", at=NOW)
    begin = dt.datetime.fromtimestamp(TODAY - 2 * DAY, dt.UTC)
    add(people, "qc-records", station="A1", kind="calibration", performed_at=begin, result="passed")
    assert services.judge(now=NOW) == (0, 0)


def sample(people, **more):
    given = {"station": "G1", "sampled_at": NOW, "observed": "w01019-avg", "method": "GB 11892-1989", "unit": "mg/L",
             "lod": 0.5, "result": 2.125, "lab_qc": "passed"}  # fmt: skip
    return add(people, "lab-samples", **{**given, **more})


def test_an_accepted_sample_is_a_value_of_the_same_series_and_half_the_limit_stands_for_nothing_found(people):
    found = sample(people)
    with pytest.raises(Refused):
        act(people, found, "accept", "department")
    assert act(people, found, "accept", "verifier").stored == 2.125
    assert values("G1", "w01019", store.Granularity.DAY) == {TODAY: (2.125, "N")}
    assert queries.coverage(scope=EVERYTHING, on=city.ON).cells["groundwater", "", 1].percent == 100.0
    clean = act(
        people, sample(people, sampled_at=NOW - dt.timedelta(days=1), result=None), "accept", "verifier"
    )
    assert (clean.stored, clean.rule_version) == (0.25, "2026.1")
    assert values("G1", "w01019", store.Granularity.DAY)[TODAY - DAY] == (0.25, "V")
    with pytest.raises(Refused, match="当日已有数据"):
        act(people, sample(people, sampled_at=NOW + dt.timedelta(hours=1)), "accept", "verifier")
    with pytest.raises(ValidationError, match="已审核"):
        records.change(record=found, values={"result": 9.0}, actor=people["department"], at=NOW)
    act(people, found, "revoke", "verifier", text="样品混淆")
    assert values("G1", "w01019", store.Granularity.DAY)[TODAY] == (2.125, "X")


def test_a_sample_without_control_unit_or_value_is_not_taken(people):
    with pytest.raises(Refused, match="质控不合格"):
        act(people, sample(people, lab_qc="failed"), "accept", "verifier")
    for wrong in ({"unit": "ug/L"}, {"station": "NOWHERE"}, {"observed": "zzz-avg"}, {"campaign": "RW-0"},
                  {"result": None, "lod": None}):  # fmt: skip
        with pytest.raises(ValidationError) as refused:
            sample(people, **wrong)
        assert set(refused.value.message_dict) & set(wrong)


def test_samples_are_imported_by_code_and_a_second_time_changes_nothing(people):
    text = ("station,sampled_at,observed,method,unit,lod,result,lab_qc\n"
            "G1,2026-10-30 09:00:00,w01019-avg,GB 11892-1989,mg/L,0.5,1.5,passed\n"
            "NOWHERE,2026-10-30 09:00:00,w01019-avg,GB 11892-1989,mg/L,0.5,1.5,passed\n")  # fmt: skip

    def run():
        file = File(io.BytesIO(text.encode()), "samples.csv")
        return records.import_file(register="lab-samples", file=file, name="samples.csv", actor=people["department"],
                                   at=NOW, dry_run=False)  # fmt: skip

    first, second = run(), run()
    assert [first.count(word) for word in ("added", "refused")] == [1, 1]
    assert [second.count(word) for word in ("unchanged", "refused")] == [1, 1]
    assert LabSample.objects.get().state == "entered"


def test_every_register_element_and_indicator_has_an_entry_with_owner_refresh_and_quality(people):
    put("A1", "a34004", [TODAY - HOUR])
    add(people, "id-mappings", system="二期", kind="station", old_id="S-1", code="A1")
    assert services.describe(now=NOW) == len(queries.datasets(on=city.ON))
    found = {item.code: item for item in queries.datasets(on=city.ON)}
    assert {f"register:{code}" for code in manifests.registers()} <= found.keys()
    assert all(item.owner.zh and item.refresh_days and item.state for item in found.values())
    assert (found["register:id-mappings"].state.rows, found["register:id-mappings"].state.score) == (1, 100.0)
    assert found["element:air"].state.last_at is not None and found["register:gaps"].state.score is None
    assert DatasetState.objects.count() == len(found)


def test_ids_of_an_older_system_become_ours_and_must_exist(people):
    add(people, "id-mappings", system="二期", kind="station", old_id="S-1", code="A1")
    add(people, "id-mappings", system="一期", kind="station", old_id="S-1", code="P1")
    assert queries.translate(system="二期", kind="station", old_ids=["S-1", "S-2"]) == {"S-1": "A1"}
    with pytest.raises(ValidationError):
        add(people, "id-mappings", system="二期", kind="facility", old_id="F-1", code="A1")


def pull(people, who, row, **query):
    client = Client()
    client.force_login(people[who])
    return client.get(f"/api/v1/data-requests/{row.number}/data", query)


def test_a_department_asks_another_person_grants_and_every_pull_is_logged(people, monkeypatch):
    monkeypatch.setattr("jiangcheng.core.access.views.middleware.timezone.now", lambda: NOW)
    add(people, "id-mappings", system="二期", kind="station", old_id="S-1", code="A1")
    row = add(people, "data-requests", unit="水利局", dataset="register:id-mappings", purpose="对照",
              until_date=city.ON + dt.timedelta(days=30))  # fmt: skip
    assert pull(people, "department", row).status_code == 403
    with pytest.raises(Refused):
        act(people, row, "grant", "department")
    act(people, row, "grant", "verifier")
    records.change(record=row, values={"dataset": "register:gaps"}, actor=people["department"], at=NOW)
    answer = pull(people, "department", row)
    assert json.loads(b"".join(answer.streaming_content))[0]["code"] == "A1"
    lines = b"".join(pull(people, "department", row, form="csv").streaming_content).decode().splitlines()
    assert len(lines) == 2 and lines[0].startswith("number,system,kind,old_id,code")
    assert pull(people, "leader", row).status_code == 404
    act(people, row, "end", "leader", text="用完")
    assert pull(people, "department", row).status_code == 403
    log = list(PullLog.objects.order_by("pk").values_list("actor__username", "outcome", "rows"))
    assert log == [("department", "not_granted", 0), ("department", "delivered", 1), ("department", "delivered", 1),
                   ("leader", "foreign", 0), ("department", "not_granted", 0)]  # fmt: skip
    with pytest.raises(AppendOnlyError):
        PullLog.objects.all().delete()


def test_a_grant_ends_on_its_day_holds_in_its_area_and_gives_an_element_by_days(people):
    put("A1", "a34004", [TODAY - HOUR, TODAY])
    region = Station.objects.get(code="P2").region
    for place, count in ((None, 1), (region, 0)):
        row = add(people, "data-requests", unit="气象局", dataset="element:air", purpose="预报", region=place,
                  until_date=city.ON + dt.timedelta(days=3))  # fmt: skip
        act(people, row, "grant", "verifier")
        found = services.pull(
            row=row, user=people["department"], form="csv", first=city.ON, last=city.ON, now=NOW
        )
        assert found.rows == count == len(b"".join(found.chunks).splitlines()) - 1
    for first, last in (
        (dt.date(2025, 1, 1), city.ON),
        (dt.date.max, dt.date.max),
        (dt.date.min, dt.date.min),
    ):
        with pytest.raises(services.NotGranted, match="period"):
            services.pull(row=row, user=people["department"], form="csv", first=first, last=last, now=NOW)
    with pytest.raises(services.NotGranted, match="expired"):
        late = NOW + dt.timedelta(days=3)
        services.pull(row=row, user=people["department"], form="csv", first=None, last=None, now=late)


def test_a_frozen_table_is_computed_again_byte_by_byte_after_its_records_have_changed(people):
    tables_of = {item["code"]: item for item in tables.in_force("statistics", city.ON)["tables"]}
    start = periods.year_bounds(2026)[0]
    put("A1", "a34004", [start, start + HOUR], 30.0)
    put("A1", "a34004", [start + 2 * HOUR], 33.0)
    rural = add(people, "rural-results", region=city.station("A1").region, village="某村", year=2026, item="air",
                samples=4, compliant=3)  # fmt: skip
    frozen_at = NOW + dt.timedelta(minutes=1)
    first = {code: services.freeze(definition=tables_of[code], year=2026, actor=people["department"], now=frozen_at)
             for code in ("air", "rural", "lab")}  # fmt: skip
    rows = json.loads(first["air"].content)["rows"]
    assert [row["mean"] for row in rows if row["place"] == "220202" and row["values"]] == ["31.000"]
    later = NOW + dt.timedelta(days=1)
    again = services.freeze(definition=tables_of["air"], year=2026, actor=people["department"], now=later)
    assert again.pk == first["air"].pk
    batch = store.Batch.of(granularity=int(store.Granularity.HOUR), start=np.array([start]), value=np.array([60.0]),
                           station=city.station("A1").pk, flag=store.NORMAL,
                           property=ObservedProperty.objects.get(code="a34004").pk)  # fmt: skip
    store.append(batch, source="test", received_at=later)
    records.change(record=rural, values={"compliant": 4}, actor=people["department"], at=later)
    for edition in first.values():
        assert services.recompute(edition).decode() == edition.content
    second = {code: services.freeze(definition=tables_of[code], year=2026, actor=people["department"],
                                    now=later + dt.timedelta(days=1)) for code in ("air", "rural")}  # fmt: skip
    assert {edition.edition for edition in second.values()} == {2}
    client = Client()
    client.force_login(people["department"])
    page = client.get(f"/network/statistics/{second['rural'].pk}", {"check": "1"}).content.decode()
    assert "逐字节一致" in page and "compliant" in page and "与上一版本的差异" in page
    assert client.get(f"/network/statistics/{first['air'].pk}.json").content == first["air"].content.encode()
    assert StatisticsEdition.objects.count() == 5
