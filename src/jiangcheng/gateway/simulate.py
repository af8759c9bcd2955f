"""A crowd of sites for trials: how many packets a second does a host acknowledge, and how fast."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import random
import time
from collections.abc import Callable, Iterator, Sequence

from jiangcheng.gateway import client

WATER = {"w01018": 50.0, "w21003": 5.0, "w21011": 0.4, "w01001": 7.2}
"""Factors of a wastewater outlet and the level around which their values wander."""


@dataclasses.dataclass(slots=True)
class Tally:
    """What became of the packets. Latencies in seconds."""

    sent: int = 0
    acknowledged: int = 0
    given_up: int = 0
    latencies: list[float] = dataclasses.field(default_factory=list)

    def percentile(self, share: float) -> float:
        """Return a nearest-rank percentile of the latencies [ms], NaN without any."""
        if not self.latencies:
            return float("nan")
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def site_names(count: int) -> list[str]:
    """Return MN of sites that exist nowhere: 24 hexadecimal digits beginning with five F."""
    return [f"FFFFF{number:019X}" for number in range(count)]


def packets(mn: str, *, begin: dt.datetime, seed: int) -> Iterator[tuple[str, bytes]]:
    """Yield QN and frame of one real-time upload per second of data time."""
    source = random.Random(seed)
    for second in range(10**9):
        moment = begin + dt.timedelta(seconds=second)
        factors = {
            code: {"Rtd": f"{level * source.uniform(0.8, 1.2):.3f}", "Flag": "N"}
            for code, level in WATER.items()
        }
        qn = client.qn_of(moment)
        yield qn, client.report(mn=mn, st="32", cn="2011", qn=qn, data_time=moment, factors=factors)


async def run(
    host: str,
    port: int,
    *,
    names: Sequence[str],
    rate: float,
    seconds: float | None,
    now: dt.datetime,
    timeout: float = client.TIMEOUT,
    tally: Tally | None = None,
    on_second: Callable[[Tally], None] | None = None,
) -> Tally:
    """Let sites send at a common rate until the time is over, and wait for their acknowledgements.

    Parameters
    ----------
    host, port
        Address of the host.
    names
        MN of the sites, one connection each.
    rate
        Packets per second, all sites together. A site has one packet under way at a time.
    seconds
        How long, or None for ever.
    now
        Data time of the first packet.
    timeout
        Seconds a site waits for an answer.
    tally
        Where to count.
    on_second
        Called once a second with the state of things.
    """
    tally = tally or Tally()
    end = time.monotonic() + seconds if seconds is not None else float("inf")
    gap = len(names) / rate
    tasks = [
        asyncio.create_task(_site(host, port, name, number, gap, number / rate, end, now, timeout, tally))
        for number, name in enumerate(names)
    ]
    watching = asyncio.create_task(_watch(tally, on_second)) if on_second else None
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in (*tasks, *([watching] if watching else [])):
            task.cancel()
    return tally


async def _watch(tally: Tally, on_second: Callable[[Tally], None]) -> None:
    while True:
        await asyncio.sleep(1.0)
        on_second(tally)


async def _site(
    host: str,
    port: int,
    name: str,
    seed: int,
    gap: float,
    delay: float,
    end: float,
    now: dt.datetime,
    timeout: float,
    tally: Tally,
) -> None:
    due = time.monotonic() + delay
    async with client.Site(host, port, timeout=timeout) as site:
        for qn, frame in packets(name, begin=now, seed=seed):
            if due >= end or time.monotonic() >= end:
                return
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            began = time.monotonic()
            tally.sent += 1
            try:
                await site.send(frame, qn)
            except client.NotAcknowledged:
                tally.given_up += 1
            else:
                tally.acknowledged += 1
                tally.latencies.append(time.monotonic() - began)
            due = max(due + gap, time.monotonic() - gap)
