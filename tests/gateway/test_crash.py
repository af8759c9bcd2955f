"""A gateway killed again and again under load: what it acknowledged is in the store, once.

``JIANGCHENG_KILLS`` sets the number of rounds.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import os
import pathlib
import random
import subprocess
import sys

import pyarrow.parquet
import pytest

from gateway.gateway_process import FACTOR, SITES, mn
from jiangcheng.gateway import client

KILLS = int(os.environ.get("JIANGCHENG_KILLS", "2"))
WINDOW = 12
"""Packets a site has under way at a time."""
BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SCRIPT = pathlib.Path(__file__).with_name("gateway_process.py")


class Process:
    """The gateway's life: started, killed, started again at the same port."""

    def __init__(self, folder: pathlib.Path, database_url: str) -> None:
        self._environment = {
            **os.environ,
            "JIANGCHENG_DATA": str(folder),
            "JIANGCHENG_DATABASE_URL": database_url,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def run(self, *arguments: str) -> None:
        subprocess.run([sys.executable, SCRIPT, *arguments], env=self._environment, check=True)

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, SCRIPT, "serve", str(self.port)],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._end()

    def end(self) -> None:
        self._process.stdin.close()
        self._end()

    def _end(self) -> None:
        self._process.wait(60)
        self._process.stdout.close()
        with contextlib.suppress(OSError):
            self._process.stdin.close()


async def send(number: int, port: int, acknowledged: set[tuple[int, int]], stop: asyncio.Event) -> None:
    """Send until told to stop, every packet as often as it takes."""
    seconds = iter(range(10**9))

    async def lane(site: client.Site) -> None:
        while not stop.is_set():
            second = next(seconds)
            moment = BEGIN + dt.timedelta(seconds=second)
            qn = client.qn_of(moment)
            frame = client.report(
                mn=mn(number),
                st="32",
                cn="2011",
                qn=qn,
                data_time=moment,
                factors={FACTOR: {"Rtd": str(second)}},
            )
            while not stop.is_set():
                with contextlib.suppress(client.NotAcknowledged):
                    await site.send(frame, qn)
                    acknowledged.add((number, second))
                    break

    site = client.Site("127.0.0.1", port, timeout=0.5, resends=0)
    try:
        await asyncio.gather(*(lane(site) for _ in range(WINDOW)))
    finally:
        await site.close()


async def load(process: Process, kills: int) -> tuple[set[tuple[int, int]], list[int]]:
    """Keep the load up while the gateway is killed; return what was acknowledged, and how much per life."""
    acknowledged: set[tuple[int, int]] = set()
    stop = asyncio.Event()
    chance = random.Random(8212)
    await asyncio.to_thread(process.start)
    senders = [asyncio.create_task(send(number, process.port, acknowledged, stop)) for number in range(SITES)]
    per_life = []
    for _ in range(kills):
        before = len(acknowledged)
        while len(acknowledged) < before + 500:
            await asyncio.wait(senders, timeout=0.02, return_when=asyncio.FIRST_EXCEPTION)
            for sender in senders:
                if sender.done():
                    sender.result()
        await asyncio.sleep(chance.uniform(0.0, 1.0))
        process.kill()
        per_life.append(len(acknowledged) - before)
        await asyncio.to_thread(process.start)
    stop.set()
    await asyncio.gather(*senders)
    await asyncio.to_thread(process.end)
    return acknowledged, per_life


@pytest.mark.slow
@pytest.mark.timeout(120 + 30 * KILLS)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_acknowledged_packet_survives_kill_9_once(tmp_path, request, engine):
    database_url = request.getfixturevalue("postgres_url") if engine == "postgresql" else ""
    process = Process(tmp_path, database_url)
    process.run("prepare")
    acknowledged, per_life = asyncio.run(load(process, KILLS))
    assert len(per_life) == KILLS and min(per_life) >= 500
    process.run("collect", str(tmp_path / "rows.parquet"))
    table = pyarrow.parquet.read_table(tmp_path / "rows.parquet")
    begin = int(BEGIN.timestamp())
    stored = {
        (site, start - begin): value
        for site, start, value in zip(
            table["site"].to_pylist(), table["start"].to_pylist(), table["value"].to_pylist(), strict=True
        )
    }
    assert len(stored) == table.num_rows
    assert acknowledged <= stored.keys()
    assert all(value == second for (_, second), value in stored.items())
    assert len(set(table["revision"].to_pylist())) == 1
