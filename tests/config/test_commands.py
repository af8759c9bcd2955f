"""The command line as a stranger meets it: a program in a folder of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import pathlib
import socket
import subprocess
import sys
import urllib.request

import pytest

PROGRAM = pathlib.Path(sys.executable).parent / "jiangcheng"
FRAME = (
    b"##0101QN=20160801085857223;ST=32;CN=1062;PW=100000;MN=010000A8900016F000169DC0;Flag=5;"
    b"CP=&&RtdInterval=30&&1C80\r\n"
)


@pytest.fixture
def environment(tmp_path):
    return os.environ | {"JIANGCHENG_DATA": str(tmp_path), "JIANGCHENG_DATABASE_URL": ""}


@pytest.fixture
def jiangcheng(environment):
    def run(*arguments, stdin=b"", check=0):
        done = subprocess.run(
            [PROGRAM, *arguments], input=stdin, capture_output=True, env=environment, timeout=120
        )
        assert done.returncode == check, done.stderr.decode()
        return done

    return run


def test_help_names_every_command(jiangcheng):
    text = jiangcheng("--help").stdout.decode()
    for command in (
        "demo",
        "serve",
        "gateway",
        "worker",
        "migrate",
        "doctor",
        "user",
        "audit",
        "hj212",
        "import",
        "export",
        "air",
        "water",
        "plan",
    ):
        assert command in text


def test_without_a_command_the_help_is_shown_and_it_counts_as_misuse(jiangcheng):
    assert b"COMMAND" in jiangcheng(check=2).stdout


def test_decode_prints_one_object_per_frame_and_reports_refusal_by_exit_code(jiangcheng):
    done = jiangcheng("hj212", "decode", "-", "--json", stdin=FRAME + b"rubbish" + FRAME, check=1)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["ok"] for row in rows] == [True, False, True]
    assert rows[0]["cn"] == "1062"
    assert rows[1]["error"]["offset"] == len(FRAME)


def test_aqi_of_a_file_by_the_edition_of_each_row(jiangcheng):
    # HJ 633-2012 table 1 and HJ 633-2026 table 1: PM2.5 of 75 µg/m³ is the end of level 2 before, and
    # beyond it from 2026-03-01 on, when the level ends at 60.
    source = (
        "station,time,PM25,PM10,SO2,NO2,CO,O3\n"
        "a,2026-02-27 12:00:00,75,80,10,20,0.5,60\n"
        "a,2026-03-02 12:00:00,75,80,10,20,0.5,60\n"
    )
    rows = list(
        csv.DictReader(io.StringIO(jiangcheng("air", "aqi", "-", stdin=source.encode()).stdout.decode()))
    )
    assert rows[0]["aqi"] == "100"
    assert int(rows[1]["aqi"]) > 100
    assert rows[0]["edition"] != rows[1]["edition"]


def test_a_missing_file_is_named(jiangcheng):
    assert b"nowhere.csv" in jiangcheng("air", "aqi", "nowhere.csv", check=1).stderr


def test_a_new_installation_is_sound_after_migrate(jiangcheng):
    jiangcheng("migrate")
    jiangcheng(
        "user",
        "duty01",
        "--name",
        "张三",
        "--role",
        "duty_officer",
        "--password-stdin",
        stdin=b"a long enough passphrase\n",
    )
    checks = {check["name"]: check for check in json.loads(jiangcheng("doctor", "--json").stdout)}
    assert checks["database"]["ok"] and checks["manifests"]["ok"] and checks["audit trail"]["ok"]
    assert "unbroken" in jiangcheng("audit", "verify").stdout.decode()


def test_a_register_goes_out_and_comes_back_unchanged(jiangcheng, tmp_path):
    jiangcheng("migrate")
    regions = tmp_path / "regions.csv"
    regions.write_text(
        "code,name_zh,name_en,level,parent,boundary\n"
        "220200,吉林市,Jilin City,city,,\n"
        '220202,昌邑区,Changyi,county,220200,"{""type"":""Polygon"",""coordinates"":[[[0,0],[1,0],[1,1],[0,0]]]}"\n'
        "220203,龙潭区,Longtan,county,999999,\n",
        encoding="utf-8",
    )
    refused = jiangcheng("import", "register", "regions", str(regions), check=1)
    assert "2 inserted" in refused.stdout.decode()
    assert "row 3: parent: 999999 is not registered" in refused.stderr.decode()
    for name in ("out.csv", "out.json"):
        jiangcheng("export", "register", "regions", str(tmp_path / name))
        again = jiangcheng("import", "register", "regions", str(tmp_path / name))
        assert "0 inserted, 0 updated, 2 unchanged" in again.stdout.decode()


def test_plan_status_lists_every_target_with_a_value_or_a_reason(jiangcheng):
    jiangcheng("migrate")
    rows = json.loads(jiangcheng("plan", "status", "--json").stdout)
    assert len(rows) == 134
    assert all(row["value"] is not None or row["reason"] for row in rows)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_serve_answers_on_both_ports_and_stops_cleanly_on_a_signal(jiangcheng, environment):
    jiangcheng("migrate")
    web, gateway = free_port(), free_port()
    server = subprocess.Popen(
        [PROGRAM, "serve", "--port", str(web), "--gateway-port", str(gateway)],
        env=environment,
        stderr=subprocess.PIPE,
    )
    try:
        assert str(web) in server.stderr.readline().decode()
        with urllib.request.urlopen(f"http://127.0.0.1:{web}/healthz", timeout=10) as answer:
            assert answer.status == 200
        with socket.create_connection(("127.0.0.1", gateway), timeout=10):
            pass
    finally:
        server.terminate()
    assert server.wait(timeout=30) == 0
