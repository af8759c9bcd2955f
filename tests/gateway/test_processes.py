"""The command line and an order, each from a process of its own, against a gateway in another."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import subprocess
import sys
import urllib.parse
import uuid

import psycopg
import pytest

import postgres
from gateway.gateway_process import mn
from gateway.test_crash import SCRIPT, Process
from jiangcheng import hj212
from jiangcheng.gateway import client

COMMAND = [sys.executable, "-m", "jiangcheng.config.main", "hj212"]
pytestmark = pytest.mark.slow


@pytest.fixture
def own_database():
    """An empty database of PostgreSQL for one test."""
    name = f"jiangcheng_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgres.server_url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    parts = urllib.parse.urlsplit(postgres.server_url())
    yield f"{parts.scheme}://{parts.netloc}/{name}" + (f"?{parts.query}" if parts.query else "")
    with psycopg.connect(postgres.server_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def process(request, tmp_path):
    url = request.getfixturevalue("own_database") if request.param == "postgresql" else ""
    made = Process(tmp_path / "data", url)
    made.run("prepare")
    made.start()
    yield made
    made.end()


def run(process, *arguments):
    return subprocess.run(
        [*COMMAND, *arguments], env=process._environment, capture_output=True, text=True, timeout=120
    )


async def obey(port, *command):
    """Be a site that reports and reads its clock when it is asked to; return what the order came to."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    now = dt.datetime.now(dt.UTC)
    qn = client.qn_of(now)
    factors = {"w01018": {"Rtd": "1"}}
    writer.write(client.report(mn=mn(0), st="32", cn="2011", qn=qn, data_time=now, factors=factors))
    ordering = asyncio.create_task(asyncio.to_thread(subprocess.run, *command[:1], **command[1]))
    framer = hj212.Framer()
    while not ordering.done():
        try:
            framer.receive_data(await asyncio.wait_for(reader.read(4_096), 0.1))
        except TimeoutError:
            continue
        while isinstance(event := framer.next_event(), hj212.Frame):
            asked = hj212.decode(event)
            if asked.cn == "1011":
                items = [hj212.item("SystemTime", "20260301120000")]
                said = hj212.compose(cn="1011", mn=mn(0), st="32", qn=asked.qn, flag=4, items=items)
                writer.write(hj212.reply_request(asked) + hj212.encode(said) + hj212.reply_result(asked))
    writer.close()
    return (await ordering).stdout


def test_simulated_sites_are_acknowledged_and_read_again_and_an_order_comes_through(process, tmp_path):
    names = tmp_path / "mn.txt"
    names.write_text("\n".join(mn(number) for number in range(5)))
    begun = dt.datetime.now(dt.UTC)
    address = f"127.0.0.1:{process.port}"
    done = run(process, "simulate", "--to", address, "--sites", "5", "--rate", "50", "--seconds", "2",
               "--mn", str(names))  # fmt: skip
    assert done.returncode == 0, done.stderr
    sent = int(done.stdout.split()[1].rstrip(","))
    assert sent >= 20
    assert f"acknowledged {sent}, given up 0" in done.stdout

    stranger = run(process, "simulate", "--to", address, "--sites", "1", "--rate", "2", "--seconds", "0.5",
                   "--timeout", "0.1")  # fmt: skip
    assert stranger.returncode == 1

    period = [begun.isoformat(), (begun + dt.timedelta(minutes=5)).isoformat()]
    again = run(process, "replay", "--from", period[0], "--to", period[1])
    assert again.stdout == f"{sent} entries decoded again\n", again.stderr

    ordered = asyncio.run(
        obey(
            process.port,
            [sys.executable, str(SCRIPT), "order", "clock_read"],
            {"env": process._environment, "capture_output": True, "text": True, "timeout": 120},
        )
    )
    assert ordered == "executed ExeRtn=1 {'SystemTime': '20260301120000'}\n"


def test_frames_of_a_file_are_explained(tmp_path):
    environment = {**os.environ, "JIANGCHENG_DATA": str(tmp_path)}
    now = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    good = client.report(mn=mn(0), st="32", cn="2061", qn="20260301080000000", data_time=now,
                         factors={"w01018": {"Avg": "1"}})  # fmt: skip
    file = tmp_path / "frames"
    file.write_bytes(good + b"noise" + good)
    done = subprocess.run([*COMMAND, "decode", str(file)], env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert [('"ok": true' in line) for line in done.stdout.splitlines()] == [True, False, True]
    table = subprocess.run(
        [*COMMAND, "decode", "--table", "-"], env=environment, input=good, capture_output=True
    )
    assert table.returncode == 0
    assert b"w01018" in table.stdout
