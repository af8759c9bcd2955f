"""The instruments of the demo city on a real socket, heard by a host that only listens and acknowledges."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable

import numpy as np

from jiangcheng import hj212
from jiangcheng.demo import city, incidents, live, register, truth

HOUR = incidents.HOUR
NOW = dt.datetime(2026, 11, 20, 6, 20, tzinfo=dt.UTC)
OPENED = int(NOW.timestamp()) // HOUR * HOUR
BY_MN = {city.mn(code): code for code in register.reporting_stations()}


class Host:
    """Acknowledges every upload and keeps what was said."""

    def __init__(self) -> None:
        self.heard: list[hj212.Message] = []
        self.more = asyncio.Event()
        self.speaking: asyncio.Task[None]

    async def listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        framer = hj212.Framer()
        while data := await reader.read(65_536):
            framer.receive_data(data)
            while (event := framer.next_event()) is not hj212.NEED_DATA:
                assert isinstance(event, hj212.Frame), event
                message = hj212.decode(event)
                assert not message.deviations
                self.heard.append(message)
                writer.write(hj212.reply_data(hj212.header(event.segment)))
            await writer.drain()
            self.more.set()
        writer.close()

    async def until(self, satisfied: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not satisfied() and not self.speaking.done():
                self.more.clear()
                await self.more.wait()

    def said(self, command: str) -> dict[str, list[hj212.Message]]:
        found = collections.defaultdict(list)
        for message in self.heard:
            if message.cn == command:
                found[BY_MN[message.mn]].append(message)
        return found


@contextlib.asynccontextmanager
async def city_speaking(speed: float) -> AsyncIterator[Host]:
    host, stop = Host(), asyncio.Event()
    server = await asyncio.start_server(host.listen, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    speaking = asyncio.create_task(
        live.run(host="127.0.0.1", port=port, opened=OPENED, now=NOW, speed=speed, stop=stop)
    )
    speaking.add_done_callback(lambda _: host.more.set())
    host.speaking = speaking
    try:
        yield host
    finally:
        stop.set()
        await speaking
        server.close()


def start_of(message: hj212.Message) -> int:
    assert message.data_time is not None
    return int(message.data_time.replace(tzinfo=incidents.BEIJING).timestamp())


def test_every_station_first_tells_its_last_closed_hour() -> None:
    async def scenario() -> Host:
        async with city_speaking(speed=1.0) as host:
            await host.until(lambda: len(host.said("2061")) == 89 and len(host.said("2011")) == 70)
        return host

    host = asyncio.run(scenario())
    (down,) = (i for i in incidents.script(OPENED, 2026) if i.kind is incidents.Kind.LINE_DOWN)
    assert set(register.reporting_stations()) - set(host.said("2061")) == set(down.stations)
    for station, messages in host.said("2061").items():
        (message,) = messages[:1]
        block = next(b for b in live._blocks(OPENED - HOUR, OPENED) if station in b.stations)
        step = truth.HOURS_BETWEEN_READINGS if block.name == "rivers" else 1
        assert OPENED - step * HOUR <= start_of(message) < OPENED
        row = int(np.searchsorted(block.starts, start_of(message)))
        for (code, statistic), value in zip(
            block.properties, block.values[row, block.stations.index(station)], strict=True
        ):
            told = message.factors[code]["ZsAvg" if statistic == "zs_avg" else "Avg"]
            assert float(told) == value


def test_the_first_hour_over_the_wire_holds_the_scripted_exceedance() -> None:
    async def scenario() -> Host:
        async with city_speaking(speed=1.0) as host:
            await host.until(lambda: "91220200DEMO00001A-DA001" in host.said("2061"))
        return host

    message = asyncio.run(scenario()).said("2061")["91220200DEMO00001A-DA001"][0]
    limit = next(f.upper for f in city.profiles()["coal_power"][1] if f.code == "a21002")
    assert float(message.factors["a21002"]["ZsAvg"]) > limit
    assert message.factors["a21002"]["Flag"] == "N"


def test_hours_follow_one_another_on_a_fast_clock() -> None:
    async def scenario() -> Host:
        async with city_speaking(speed=3600.0) as host:
            await host.until(lambda: len(host.said("2061")["1772A"]) >= 4)
        return host

    host = asyncio.run(scenario())
    hours = [start_of(message) for message in host.said("2061")["1772A"]]
    assert np.diff(hours).tolist() == [HOUR] * (len(hours) - 1)
    tens = [start_of(message) for message in host.said("2051")["1772A"]]
    assert set(np.diff(tens).tolist()) == {600}
    exchanges = [message.qn for message in host.heard if BY_MN[message.mn] == "1772A"]
    assert len(set(exchanges)) == len(exchanges)
