"""HTTP and the watched folder: on disk before it is acknowledged, and every fault by row, field and rule."""

# ruff: noqa: F811
# Fixtures are imported from the files beside this one.

from __future__ import annotations

import datetime as dt
import json
import os

import pytest
from django.test import Client
from django.urls import reverse

from gateway.test_control import logged_in, person  # noqa: F401
from gateway.test_intake import MN, STRANGER, device, properties, station  # noqa: F401
from gateway.test_intake import frame as report
from gateway.test_status import journal  # noqa: F401
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Device, ObservedProperty
from jiangcheng.gateway import devices, folder, ingest, inlets, tasks
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import DeliveredFile, DeviceSeen, DeviceToken

pytestmark = pytest.mark.django_db

NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
HOUR = NOW.replace(minute=0, second=0) - dt.timedelta(hours=2)
ROW = {
    "time": HOUR.isoformat(),
    "interval": "hour",
    "code": "w01018",
    "field": "Avg",
    "value": 12.5,
    "flag": "N",
}


@pytest.fixture(autouse=True)
def _own_doors(journal):
    ingest._buckets.clear()
    yield
    inlets.release()


@pytest.fixture
def admin(person):
    return person("admin", "system_admin")


@pytest.fixture
def token(device, admin):
    return devices.make_token(device=device, name="网关", actor=admin, now=NOW)


@pytest.fixture
def post(token):
    def send(body, *, mn=MN, kind="application/json", key=token):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return Client().post(f"/api/ingest/{mn}", data, content_type=kind, headers=headers)

    return send


def values(station):
    tasks.run_intake()
    return {value for value, _ in stored_now(station).values()}


def stored_now(station):
    table = store.read(
        stations=[station.pk],
        properties=list(ObservedProperty.objects.values_list("pk", flat=True)),
        granularity=store.Granularity.HOUR,
        start=NOW - dt.timedelta(days=3),
        end=NOW + dt.timedelta(days=3),
    )
    return {(row["property"], row["start"]): (row["value"], chr(row["flag"])) for row in table.to_pylist()}


def test_rows_are_in_the_journal_before_the_answer_and_then_in_the_store(post, journal, station, properties):
    rows = [
        ROW,
        {**ROW, "field": "Max", "value": "15.25"},
        {**ROW, "code": "w21011", "value": None, "flag": "D"},
        {**ROW, "time": (HOUR - dt.timedelta(hours=1)).isoformat(), "value": 9},
    ]
    answer = post({"rows": rows})
    assert answer.status_code == 202, answer.content
    assert answer.json() == {"frames": 2, "journal": journal.last()}
    kept = journal.tail(0, 10)
    assert {entry.state for entry in kept} == {journals.State.REGISTERED}
    assert all(entry.peer.startswith("http:") for entry in kept)
    tasks.run_intake()
    found = stored_now(station)
    start = int(HOUR.timestamp())
    assert found[properties["w01018", "avg"], start] == (12.5, "N")
    assert found[properties["w01018", "max"], start] == (15.25, "N")
    assert found[properties["w21011", "avg"], start][1] == "D"
    assert found[properties["w01018", "avg"], start - 3600] == (9.0, "N")
    assert DeviceSeen.objects.get().frames == 2
    assert post({"rows": rows}).status_code == 202
    tasks.run_intake()
    assert stored_now(station).keys() == found.keys()


def test_raw_frames_are_taken_as_they_are(post, journal, station, properties):
    raw = report({"w01018": {"Avg": "7"}}, at=HOUR)
    assert post(raw + b"\r\n" + raw.replace(b"7", b"7"), kind="text/plain").json()["frames"] == 2
    assert [entry.raw for entry in journal.tail(0, 5)] == [raw, raw]
    assert values(station) == {7.0}
    refused = post(report({"w01018": {"Avg": "7"}}, mn=STRANGER) + raw[:30], kind="application/octet-stream")
    assert refused.status_code == 422
    assert [(error["field"], error["rule"]) for error in refused.json()["errors"]] == [
        ("frame", "truncated"),
        ("MN", "not_of_this_device"),
    ]
    assert journal.last() == 2


@pytest.mark.parametrize(
    ("change", "field", "rule"),
    [
        ({"time": "gestern"}, "time", "iso_8601"),
        ({"time": "2199-01-01T00:00"}, "time", "ahead"),
        ({"interval": "week"}, "interval", "one_of:instant|minute|hour|day"),
        ({"code": "w01018;MN=1"}, "code", "form"),
        ({"code": "w99999"}, "code", "unknown"),
        ({"field": "Median"}, "field", None),
        ({"value": "12,5"}, "value", "number"),
        ({"value": [1]}, "value", "number"),
        ({"value": True}, "value", "number"),
        ({"flag": "NN"}, "flag", "one_letter"),
    ],
)
def test_a_fault_names_row_field_and_rule_and_nothing_is_kept(post, journal, properties, change, field, rule):
    answer = post({"rows": [ROW, {**ROW, "field": "Min", **change}]})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert (error["at"], error["field"]) == (2, field)
    assert rule is None or error["rule"] == rule
    assert journal.last() == 0


def test_rows_that_contradict_one_another_are_refused(post, properties):
    rows = [ROW, ROW, {**ROW, "field": "Max", "flag": "D"}, 7]
    errors = post({"rows": rows}).json()["errors"]
    assert [(error["at"], error["rule"]) for error in errors] == [
        (2, "repeated"),
        (3, "one_per_code_and_time"),
        (4, "object"),
    ]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"rows": {}}', b'{"rows": []}', b"\xff" * 9, b"[" * 5000])
def test_what_is_no_list_of_rows_is_refused(post, body):
    assert post(body).status_code == 422


def test_only_the_devices_own_valid_token_opens(post, token, device, admin, journal, properties):
    other = Device.objects.create(mn="C" * 24, station=device.station)
    assert post({"rows": [ROW]}, mn=other.mn).status_code == 401
    assert post({"rows": [ROW]}, mn="nobody").status_code == 401
    assert post({"rows": [ROW]}, key="").status_code == 401
    assert post({"rows": [ROW]}, key=token + "x").status_code == 401
    assert token not in str(list(DeviceToken.objects.values()))
    assert post({"rows": [ROW]}).status_code == 202
    held = DeviceToken.objects.get()
    assert held.last_used_at is not None
    devices.revoke_token(token=held, actor=admin, now=NOW)
    assert post({"rows": [ROW]}).status_code == 401
    assert list(AuditEntry.objects.filter(object_id=MN).values_list("action", flat=True)) == [
        "gateway.make_token",
        "gateway.revoke_token",
    ]
    device.enabled = False
    device.save()
    assert journal.last() == 1


def test_size_rate_and_kind_are_bounded(post, properties, monkeypatch):
    assert post(b"x" * (inlets.bounds(NOW.date()).bytes + 1)).status_code == 413
    assert post({"rows": [ROW] * 2001}).json()["errors"][0]["rule"] == "at_most:2000"
    assert post(b"a,b", kind="text/csv").status_code == 415
    assert Client().get(f"/api/ingest/{MN}").status_code == 405
    answers = [post({"rows": [ROW]}) for _ in range(25)]
    assert answers[0].status_code == 202
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) >= 1

    def refuse(entries):
        raise journals.JournalError("no space left on device")

    ingest._buckets.clear()
    monkeypatch.setattr(inlets, "keep", refuse)
    assert post({"rows": [ROW]}).status_code == 503


def test_the_administrator_makes_and_revokes_tokens_on_the_page(device, admin):
    browser = logged_in(admin)
    page = browser.post(reverse("gateway:make_token", args=[MN]), {"name": "一号"}).content.decode()
    assert "jci_" in page
    held = DeviceToken.objects.get()
    assert page.count("jci_") > browser.get(reverse("gateway:device", args=[MN])).content.decode().count(
        "jci_"
    )
    browser.post(reverse("gateway:revoke_token", args=[MN, held.pk]))
    held.refresh_from_db()
    assert held.revoked_at is not None
    assert browser.post(reverse("gateway:make_token", args=[MN]), {"name": " "}).status_code == 302


# --- the watched folder -------------------------------------------------------------------------------------

HEAD = "mn,time,interval,code,field,value,flag\n"


@pytest.fixture
def place(tmp_path, settings):
    found = tmp_path / "in"
    found.mkdir()
    settings.GATEWAY = {**settings.GATEWAY, "folder": str(found)}

    def put(name, content, *, age=60):
        path = found / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        os.utime(path, (NOW.timestamp() - age, NOW.timestamp() - age))
        return path

    return found, put


def names(folder_):
    return sorted(path.name for path in folder_.iterdir() if path.is_file())


def test_files_are_taken_in_and_put_away(place, station, device, properties):
    root, put = place
    line = f"{MN},{HOUR:%Y-%m-%dT%H:%M:%S+00:00},hour,w01018,Avg,12.5,N\n"
    put("a.csv", "﻿" + HEAD + line)
    put("b.txt", report({"w21011": {"Avg": "0.4"}}, at=HOUR))
    put("c.csv.part", "half")
    put(".hidden", "x")
    put("young.csv", HEAD + line, age=0)
    assert folder.watch(root, now=NOW) == 2
    assert names(root / "done") == ["a.csv", "b.txt"]
    assert names(root) == [".hidden", "c.csv.part", "young.csv"]
    assert values(station) == {12.5, 0.4}
    assert tasks.watch_folder() in (0, 1)


def test_the_same_bytes_are_taken_in_once(place, journal, device, properties):
    root, put = place
    content = HEAD + f"{MN},{HOUR.isoformat()},hour,w01018,Avg,12.5,\n"
    put("a.csv", content)
    folder.watch(root, now=NOW)
    put("a.csv", content)
    put("again.csv", content)
    assert folder.watch(root, now=NOW) == 2
    assert names(root / "done") == ["a-2.csv", "a.csv", "again.csv"]
    assert journal.last() == 1
    assert DeliveredFile.objects.get().entries == 1


def test_a_file_with_a_fault_is_set_aside_with_its_reasons(place, journal, device, properties):
    root, put = place
    good = f"{MN},{HOUR.isoformat()},hour,w01018,Avg,12.5,N\n"
    put("bad.csv", HEAD + good + f"{STRANGER},{HOUR.isoformat()},hour,w01018,Avg,1,N\n")
    put("columns.csv", "mn,time\n1,2\n")
    put("empty.txt", "")
    put("value.csv", HEAD + good + f"{MN},{HOUR.isoformat()},hour,w01018,Min,zwölf,N\n")
    assert folder.watch(root, now=NOW) == 0
    assert journal.last() == 0

    def reasons(name):
        document = json.loads((root / "failed" / f"{name}.reason.json").read_text(encoding="utf-8"))
        return [(error["at"], error["field"], error["rule"]) for error in document["errors"]]

    assert reasons("bad.csv") == [(3, "mn", "unknown")]
    assert ("interval", "column_missing") in {error[1:] for error in reasons("columns.csv")}
    assert reasons("empty.txt") == [(0, "frame", "none")]
    assert reasons("value.csv") == [(3, "value", "number")]


def test_a_full_disk_leaves_the_file_where_it_is(place, device, properties, monkeypatch):
    root, put = place
    put("a.csv", HEAD + f"{MN},{HOUR.isoformat()},hour,w01018,Avg,12.5,N\n")

    def refuse(entries):
        raise journals.JournalError("no space left on device")

    monkeypatch.setattr(inlets, "keep", refuse)
    assert folder.watch(root, now=NOW) == 0
    assert names(root) == ["a.csv"]
    monkeypatch.undo()
    assert folder.watch(root, now=NOW) == 1
