"""Acknowledged packets per second and their delay, 1,000 connections, acknowledgement after commit.

The gateway runs in a process of its own, pinned to one core; the load comes from another. Each connection has
``--window`` packets under way (saturated) or sends at a common pace (``--rate``). The yardstick is the same
load against an echo that answers each packet with an answer of the same size and keeps nothing.

    python benchmarks/ingest.py [--connections 1000] [--seconds 6] [--rate 5000]
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import multiprocessing
import os
import pathlib
import tempfile
import time
from multiprocessing.connection import Connection

import uvloop

from jiangcheng.gateway import client, server, simulate
from jiangcheng.gateway.journal.sqlite import SqliteJournal
from jiangcheng.gateway.limits import Limits

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def serve(folder: str, names: list[str], core: int, pipe: Connection) -> None:
    """Run the real listener and journal until told to stop; report the port first."""

    class Everyone:
        def __init__(self) -> None:
            self._names = set(names)

        def knows(self, mn: str) -> bool:
            return mn in self._names

        async def refresh(self) -> None:
            pass

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_reader(pipe.fileno(), stop.set)
        journal = SqliteJournal(pathlib.Path(folder))
        await server.serve(
            "127.0.0.1",
            0,
            journal=journal,
            register=Everyone(),
            stop=stop,
            limits=Limits(rate=1e9, burst=1e9),
            on_ready=pipe.send,
        )
        journal.close()

    os.sched_setaffinity(0, {core})
    server.raise_file_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    pipe.send(time.process_time())


def echo(folder: str, names: list[str], core: int, pipe: Connection) -> None:
    """Answer every packet, keep nothing: what sockets alone cost."""
    answer = client.report(mn=names[0], st="91", cn="9014", qn="0" * 17, data_time=BEGIN, factors={})

    class Echo(asyncio.Protocol):
        def connection_made(self, transport) -> None:
            self.transport = transport

        def data_received(self, data: bytes) -> None:
            if count := data.count(b"\r\n"):
                self.transport.write(answer * count)

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(pipe.fileno(), stop.set)
        listening = await loop.create_server(Echo, "127.0.0.1", 0, backlog=1024)
        pipe.send(listening.sockets[0].getsockname()[1])
        await stop.wait()

    os.sched_setaffinity(0, {core})
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
    pipe.send(time.process_time())


class Sender(asyncio.Protocol):
    """One site: its packets are made beforehand, its answers are only counted."""

    def __init__(self, packets: list[bytes], window: int, tally: simulate.Tally) -> None:
        self.packets = iter(packets)
        self.window = window
        self.tally = tally
        self.sent_at: list[float] = []
        self.answered = 0

    def connection_made(self, transport) -> None:
        """Keep the line."""
        self.transport = transport

    def send(self, count: int) -> None:
        """Send the next packets."""
        now = time.perf_counter()
        frames = [frame for _, frame in zip(range(count), self.packets, strict=False)]
        self.sent_at += [now] * len(frames)
        self.tally.sent += len(frames)
        self.transport.write(b"".join(frames))

    def data_received(self, data: bytes) -> None:
        """Count answers, and send as many packets as there were."""
        now = time.perf_counter()
        count = data.count(b"\r\n")
        for began in self.sent_at[self.answered : self.answered + count]:
            self.tally.latencies.append(now - began)
        self.answered += count
        self.tally.acknowledged += count
        if self.window:
            self.send(count)


def packets_of(name: str, count: int) -> list[bytes]:
    return [frame for _, (_, frame) in zip(range(count), padded(name), strict=False)]


def padded(name: str):
    """Yield packets of about 410 bytes, as real ones of eight factors are."""
    second = 0
    while True:
        moment = BEGIN + dt.timedelta(seconds=second)
        factors = {f"w{21000 + k}": {"Rtd": f"{second % 997 + k / 8:.3f}", "Flag": "N"} for k in range(8)}
        qn = client.qn_of(moment)
        yield qn, client.report(mn=name, st="32", cn="2011", qn=qn, data_time=moment, factors=factors)
        second += 1


async def load(
    port: int, names: list[str], made: dict[str, list[bytes]], window: int, rate: float, seconds: float
):
    tally = simulate.Tally()
    loop = asyncio.get_running_loop()
    senders = []
    for name in names:
        _, sender = await loop.create_connection(
            lambda name=name: Sender(made[name], window, tally), "127.0.0.1", port
        )
        senders.append(sender)
    began = time.perf_counter()
    if window:
        for sender in senders:
            sender.send(window)
        await asyncio.sleep(seconds)
    else:
        number = 0
        while (elapsed := time.perf_counter() - began) < seconds:
            while number < elapsed * rate:
                senders[number % len(senders)].send(1)
                number += 1
            await asyncio.sleep(0.001)
    acknowledged, spent = tally.acknowledged, time.perf_counter() - began
    for sender in senders:
        sender.window = 0
        sender.transport.close()
    return tally, acknowledged / spent


def measure(
    target, names, made, *, window: int, rate: float, seconds: float
) -> tuple[float, simulate.Tally, float]:
    """Return answers per second, what the senders saw, and the processor time of the gateway per packet [µs]."""
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = multiprocessing.Pipe()
        process = multiprocessing.Process(target=target, args=(folder, names, 0, theirs))
        process.start()
        port = ours.recv()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            tally, per_second = runner.run(load(port, names, made, window, rate, seconds))
        ours.send("stop")
        cost = ours.recv() / max(1, tally.acknowledged) * 1e6
        process.join()
    return per_second, tally, cost


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--connections", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--window", type=int, default=1)
    parser.add_argument("--rate", type=float, default=5_000.0, help="of the paced run")
    arguments = parser.parse_args()
    server.raise_file_limit()
    names = simulate.site_names(arguments.connections)
    count = int(400_000 / arguments.connections) + 1
    made = {name: packets_of(name, count) for name in names}
    os.sched_setaffinity(0, set(os.sched_getaffinity(0)) - {0} or {0})
    size = len(made[names[0]][0])
    print(f"{arguments.connections} connections, packets of {size} bytes, gateway on one core")
    floor, _, bare = measure(echo, names, made, window=arguments.window, rate=0, seconds=arguments.seconds)
    print(f"echo, nothing kept       {floor:10,.0f}/s   {bare:5.1f} µs of the core per packet")
    best, tally, cost = measure(
        serve, names, made, window=arguments.window, rate=0, seconds=arguments.seconds
    )
    print(
        f"acknowledged, saturated  {best:10,.0f}/s   p50 {tally.percentile(0.5):6.1f} ms   "
        f"p99 {tally.percentile(0.99):6.1f} ms   ratio to echo {best / floor:.2f}   "
        f"{cost:5.1f} µs of the core per packet"
    )
    pace, tally, _ = measure(serve, names, made, window=0, rate=arguments.rate, seconds=arguments.seconds)
    print(
        f"acknowledged, {arguments.rate:,.0f}/s    {pace:10,.0f}/s   p50 {tally.percentile(0.5):6.1f} ms   "
        f"p99 {tally.percentile(0.99):6.1f} ms"
    )


if __name__ == "__main__":
    main()
