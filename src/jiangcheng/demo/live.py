"""The present of the demo city: every station with a data logger speaks HJ 212 over TCP to the gateway.

Real-time values (2011) come every half minute to a minute, ten-minute means (2051) and hourly means (2061) as
soon as their interval has ended on the simulated clock. On start every station first sends its last closed
hour, so that the city is up to date at once. What is not acknowledged is sent again later, oldest first.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime as dt
import logging
import time
from collections.abc import AsyncGenerator, Mapping

import numpy as np

from jiangcheng.demo import city, incidents, noise, packets, truth
from jiangcheng.gateway import client

log = logging.getLogger(__name__)

REALTIME_SECONDS = (30.0, 60.0)
"""Shortest and longest pause of real time between two 2011 of a station."""
TEN_MINUTES = 600
SPREAD: Mapping[str, float] = {packets.REALTIME: 0.03, packets.MINUTES: 0.015, packets.HOUR: 0.0}
"""How far a value strays from the mean of its hour, by command (standard deviation of the ratio)."""
SHORTEST_PAUSE = 0.01
"""Seconds between two looks at what is due."""
START_SPREAD = 3.0
"""Seconds over which the stations connect, so that they do not all knock at once."""


@dataclasses.dataclass(frozen=True, slots=True)
class Clock:
    """The simulated clock: runs ``speed`` times as fast as real time from ``origin`` on."""

    origin: float
    started: float
    speed: float

    def now(self) -> float:
        """Return the simulated time (epoch seconds)."""
        return self.origin + (time.monotonic() - self.started) * self.speed

    def seconds_until(self, instant: float) -> float:
        """Return how long an instant is away in real seconds; 0 if it has passed."""
        return max(0.0, (instant - self.now()) / self.speed)


async def run(
    *, host: str, port: int, opened: int, now: dt.datetime, speed: float, stop: asyncio.Event
) -> None:
    """Let every station speak until ``stop`` is set.

    Parameters
    ----------
    host, port
        Address of the gateway.
    opened : int
        Full hour in which the city was opened, from which its incidents are placed.
    now : datetime
        Where the simulated clock begins.
    speed : float
        How many times faster than real time it runs.
    stop : asyncio.Event
        Set from outside to end.
    """
    simulated = Clock(now.timestamp(), time.monotonic(), speed)
    blocks = await asyncio.to_thread(_blocks, int(now.timestamp()), opened)
    loggers = [
        Logger(code, opened, simulated, host, port, noise.generator(truth.SEED, "live", code))
        for block in blocks
        for code in block.stations
    ]
    speaking = [asyncio.create_task(logger.speak()) for logger in loggers]
    ending = asyncio.create_task(stop.wait())
    await asyncio.wait([ending, *speaking], return_when=asyncio.FIRST_COMPLETED)
    for task in (ending, *speaking):
        task.cancel()
    for outcome in await asyncio.gather(*speaking, return_exceptions=True):
        if isinstance(outcome, Exception):
            # Nobody speaks for ever but by mistake; the pages stay up, so the log must say it.
            log.error("the demo city has fallen silent", exc_info=outcome)
            raise outcome


def _blocks(instant: int, opened: int) -> tuple[truth.Block, ...]:
    return truth.year(dt.datetime.fromtimestamp(instant, incidents.BEIJING).year, opened)


class Logger:
    """The data logger of one station."""

    def __init__(
        self, station: str, opened: int, simulated: Clock, host: str, port: int, random: np.random.Generator
    ) -> None:
        self._station = station
        self._opened = opened
        self._clock = simulated
        self._random = random
        self._site = client.Site(host, port)
        self._exchanges = 0
        hour = int(simulated.now()) // incidents.HOUR * incidents.HOUR
        hours_back = truth.HOURS_BETWEEN_READINGS if self._block(hour).name == "rivers" else 1
        self._hour = hour - hours_back * incidents.HOUR
        """Start of the oldest interval whose hourly mean is not acknowledged."""
        self._ten_minutes = int(simulated.now()) // TEN_MINUTES * TEN_MINUTES

    async def speak(self) -> None:
        """Connect and send what is due, until cancelled."""
        await asyncio.sleep(self._random.uniform(0.0, START_SPREAD))
        try:
            async with contextlib.aclosing(self._due()) as due:
                async for frame, exchange in due:
                    await self._send(frame, exchange)
        finally:
            await self._site.close()

    async def _send(self, frame: bytes, exchange: str) -> None:
        while True:
            try:
                await self._site.send(frame, exchange)
            except (client.NotAcknowledged, OSError):
                await asyncio.sleep(self._random.uniform(*REALTIME_SECONDS))
            else:
                return

    async def _due(self) -> AsyncGenerator[tuple[bytes, str], None]:
        """Yield frames and their exchange numbers, each when its time has come."""
        realtime = time.monotonic()
        while True:
            while self._hour + incidents.HOUR <= self._clock.now():
                if said := self._say(packets.HOUR, self._hour):
                    yield said
                self._hour += incidents.HOUR
            while self._ten_minutes + TEN_MINUTES <= self._clock.now():
                if said := self._say(packets.MINUTES, self._ten_minutes):
                    yield said
                self._ten_minutes += TEN_MINUTES
            if time.monotonic() >= realtime:
                if said := self._say(packets.REALTIME, int(self._clock.now())):
                    yield said
                realtime = time.monotonic() + self._random.uniform(*REALTIME_SECONDS)
            interval_ends = min(self._hour + incidents.HOUR, self._ten_minutes + TEN_MINUTES)
            pause = min(self._clock.seconds_until(interval_ends), realtime - time.monotonic())
            await asyncio.sleep(max(pause, SHORTEST_PAUSE))

    def _block(self, instant: int) -> truth.Block:
        return next(block for block in _blocks(instant, self._opened) if self._station in block.stations)

    def _say(self, command: str, instant: int) -> tuple[bytes, str] | None:
        """Return frame and exchange number of an upload, or none where there is nothing to say."""
        block = self._block(instant)
        row = int(np.searchsorted(block.starts, instant, side="right")) - 1
        if block.name == "rivers" and (command != packets.HOUR or block.starts[row] != instant):
            return None
        # Drawn anew from the instant: what is told again after a restart is told the same.
        ratio = noise.generator(truth.SEED, self._station, command, instant).normal(1.0, SPREAD[command])
        factors = packets.factors(block, row, self._station, command=command, ratio=ratio)
        if not factors:
            return None
        exchange = self._next_exchange()
        frame = client.report(
            mn=city.mn(self._station),
            st=packets.system(block),
            cn=command,
            qn=exchange,
            data_time=dt.datetime.fromtimestamp(instant, dt.UTC),
            factors=factors,
        )
        return frame, exchange

    def _next_exchange(self) -> str:
        """Return a QN of this second that differs from the last ones."""
        self._exchanges = (self._exchanges + 1) % 1000
        now = dt.datetime.fromtimestamp(int(self._clock.now()), dt.UTC)
        return client.qn_of(now.replace(microsecond=self._exchanges * 1000))
