"""The operator's page and the three commands."""

from __future__ import annotations

import argparse
import datetime as dt
import io
import json

import psycopg
import pytest
from django.db import connection
from django.urls import reverse
from django.utils import translation

from gateway.test_intake import MN, NOW, STRANGER, device, follow, frame, keep, properties, station  # noqa: F401
from jiangcheng import hj212
from jiangcheng.config import hj212_cli
from jiangcheng.core.access import services as access
from jiangcheng.core.registry.models import Device
from jiangcheng.gateway import inspect, queries, storage, tasks, views
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import GatewayState


@pytest.fixture
def journal(tmp_path, settings, db):
    settings.GATEWAY = {**settings.GATEWAY, "journal": tmp_path / "journal"}
    opened = storage.open_journal()
    if connection.vendor == "postgresql":
        # The journal has a connection of its own, so its rows outlive the test's transaction.
        with psycopg.connect(storage.conninfo()) as own:
            own.execute("TRUNCATE gateway_journal_entry, gateway_journal_batch")
    yield opened
    opened.close()


def context(journal):
    return {
        "gateways": queries.gateways(now=NOW),
        "unregistered": queries.unregistered(limit=5),
        "faults": queries.faults(journal=journal, limit=5),
        "rejects": queries.rejects(limit=5),
        "backlog": queries.backlog(journal=journal),
        "size": journal.size(),
    }


@pytest.mark.django_db
def test_the_page_shows_strangers_faults_rejects_and_backlog(journal, station, device, properties):  # noqa: F811
    keep(journal, frame({"w99999": {"Avg": "1"}}))
    keep(
        journal, frame({"w01018": {"Avg": "1"}}, mn=STRANGER), mn=STRANGER, state=journals.State.UNREGISTERED
    )
    keep(journal, b"GET / HTTP/1.1\r\n\x00", mn="", state=journals.State.BAD)
    assert queries.backlog(journal=journal) == 3
    follow(journal)
    reading = {"address": "0.0.0.0:9212", "latency_p50": 0.8, "closed_for_cause": {"faults": 2}}
    GatewayState.objects.create(name="host:1", at=NOW, reading=reading)
    with translation.override("en"):
        html = views.render(None, "gateway/_status.html", context(journal)).content.decode()
    for shown in (
        STRANGER,
        "PW=***",
        "GET / HTTP/1.1\\x0d\\x0a\\x00",
        "w99999",
        "Factor code unknown",
        "0.0.0.0:9212",
    ):
        assert shown in html
    assert "123456" not in html
    assert queries.backlog(journal=journal) == 0


@pytest.mark.django_db
def test_the_page_says_what_to_do_when_nothing_runs(journal):
    with translation.override("zh-hans"):
        html = views.render(None, "gateway/_status.html", context(journal)).content.decode()
    assert "没有网关在运行" in html
    assert "没有未注册的设备上报" in html


@pytest.mark.django_db
def test_a_visitor_is_not_let_in(client):
    for name in ("gateway:status", "gateway:live"):
        assert client.get(reverse(name)).status_code in (302, 401, 403)


@pytest.mark.django_db
@pytest.mark.parametrize(("role", "status"), [("duty_officer", 200), ("enterprise", 403)])
def test_the_page_needs_its_permission(client, journal, role, status):
    user = access.create_user(username="u", password="Correct-Horse-8212", display_name="某人", at=NOW)
    assignment = {"facility_code": "F1"} if role == "enterprise" else {}
    access.assign_role(user=user, role=role, on=dt.date(2020, 1, 1), at=NOW, **assignment)
    client.force_login(user)
    for name in ("gateway:status", "gateway:live"):
        assert client.get(reverse(name)).status_code == status


def lines(data: bytes, *, tolerant: bool = True) -> list[dict]:
    sink = io.StringIO()
    inspect.decode(io.BytesIO(data), sink, tolerant=tolerant)
    return [json.loads(line) for line in sink.getvalue().splitlines()]


def test_decode_prints_one_object_per_frame_and_per_fault():
    good = frame({"w01018": {"Avg": "12.50", "Flag": "N"}})
    found = lines(good + b"noise" + good[:-6] + b"0000\r\n" + good)
    assert [item["ok"] for item in found] == [True, False, False, True]
    first = found[0]
    assert first["mn"] == MN and first["version"] == "2017" and first["flag"] == 5
    assert first["data_time"] == "2026-03-01T11:00:00+08:00"
    assert first["cp"] == "DataTime=20260301110000;w01018-Avg=12.50,w01018-Flag=N"
    assert first["values"][0] == {"code": "w01018", "field": "Avg", "text": "12.50", "value": 12.5}
    assert found[1]["error"]["code"] == "garbage" and found[1]["error"]["offset"] == len(good)
    assert found[2]["error"]["code"] == "crc_mismatch"


def test_decode_lists_deviations_or_refuses_them():
    segment = frame({"w01018": {"Avg": "1"}})[6:-6]
    loose = b"##0001" + segment + hj212.frame(segment)[-6:]
    (tolerated,) = lines(loose)
    assert [item["code"] for item in tolerated["deviations"]] == ["length_mismatch"]
    assert all(not item["ok"] for item in lines(loose, tolerant=False))


@pytest.fixture
def command():
    parser = argparse.ArgumentParser()
    hj212_cli.register(parser.add_subparsers())

    def run(*words: str) -> int:
        arguments = parser.parse_args(["hj212", *words])
        return arguments.run(arguments)

    return run


def test_decode_returns_0_1_or_2(command, tmp_path, capsys):
    path = tmp_path / "frames"
    path.write_bytes(frame({"w01018": {"Avg": "1"}}))
    assert command("decode", str(path)) == 0
    assert json.loads(capsys.readouterr().out)["ok"]
    assert command("decode", "--table", str(path)) == 0
    assert "w01018-Avg" in capsys.readouterr().out
    path.write_bytes(b"rubbish")
    assert command("decode", str(path)) == 1
    assert command("decode", str(tmp_path / "absent")) == 2


@pytest.mark.django_db
def test_replay_decodes_a_period_again(command, journal, station, properties, capsys):  # noqa: F811
    keep(journal, frame({"w01018": {"Avg": "1"}}), received=NOW)
    keep(journal, frame({"w01018": {"Avg": "2"}}), received=NOW + dt.timedelta(hours=1))
    Device.objects.create(mn=MN, station=station)
    assert command("replay", "--from", "2026-03-01T12:00", "--to", "2026-03-01T13:00") == 0
    assert capsys.readouterr().out.startswith("1 ")
    assert command("replay", "--from", "2026-03-01T13:00", "--to", "2026-03-01T13:00") == 2
    assert tasks.run_intake() == 2
