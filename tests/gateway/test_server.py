"""The listener on real sockets: what is acknowledged is on disk, and nobody can spoil it for the others."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import random
import threading

import pytest
import uvloop

from jiangcheng import hj212
from jiangcheng.gateway import client, inbox, meters, server
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.journal import sqlite
from jiangcheng.gateway.limits import Bucket, Limits

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KNOWN = [f"A{number:023X}" for number in range(200)]
STRANGER = "B" * 24
BROKEN = (OSError, RuntimeError)
"""What writing to a line that the host has closed raises, in asyncio and in uvloop."""


class FixedRegister:
    def __init__(self, *names):
        self.names = set(names or KNOWN)

    def knows(self, mn):
        return mn in self.names

    async def refresh(self):
        pass


class SlowJournal:
    """A real journal on a disk that stands still until it is let go, and may refuse."""

    def __init__(self, journal, *, failures=0):
        self._journal = journal
        self._failures = failures
        self.entered = threading.Event()
        self.gate = threading.Event()

    def append(self, entries):
        self.entered.set()
        assert self.gate.wait(60)
        if self._failures:
            self._failures -= 1
            raise journals.JournalError("no space left on device")
        return self._journal.append(entries)

    def __getattr__(self, name):
        return getattr(self._journal, name)


@contextlib.asynccontextmanager
async def running(journal, *, limits=None, register=None, **options):
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    gauges = meters.Meters()
    task = asyncio.create_task(
        server.serve(
            "127.0.0.1",
            0,
            journal=journal,
            register=register or FixedRegister(),
            stop=stop,
            limits=limits,
            meters=gauges,
            on_ready=ready.set_result,
            **options,
        )
    )
    await asyncio.wait([ready, task], return_when=asyncio.FIRST_COMPLETED)
    running_gateway = Running(ready.result(), gauges, stop, task)
    try:
        yield running_gateway
    finally:
        stop.set()
        await task


class Running:
    def __init__(self, port, gauges, stop, task):
        self.port, self.meters, self.stop, self.task = port, gauges, stop, task

    async def connect(self):
        return await asyncio.open_connection("127.0.0.1", self.port)


def packet(number=0, *, mn=KNOWN[0], cn="2011", flag=5):
    moment = BEGIN + dt.timedelta(seconds=number)
    qn = client.qn_of(moment)
    factors = {"w01018": {"Rtd": str(number), "Flag": "N"}}
    return qn, client.report(mn=mn, st="32", cn=cn, qn=qn, data_time=moment, factors=factors, flag=flag)


async def answers(reader, count):
    """Read a number of frames and return their headers."""
    framer, found = hj212.Framer(), []
    while len(found) < count:
        data = await asyncio.wait_for(reader.read(65_536), 30)
        if not data:
            break
        framer.receive_data(data)
        while isinstance(event := framer.next_event(), hj212.Frame):
            found.append(hj212.header(event.segment))
    return found


def play(scene):
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scene)


async def eventually(condition):
    for _ in range(3_000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to this")


@pytest.fixture
def journal(tmp_path):
    opened = sqlite.SqliteJournal(tmp_path / "journal")
    yield opened
    opened.close()


def test_an_upload_is_acknowledged_after_it_is_on_disk(new_journal):
    journal = SlowJournal(new_journal())

    async def scene():
        async with running(journal) as gateway:
            reader, writer = await gateway.connect()
            qn, frame = packet()
            writer.write(frame)
            await asyncio.to_thread(journal.entered.wait, 30)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.2)
            assert journal.last() == 0
            journal.gate.set()
            (answer,) = await answers(reader, 1)
            assert (answer.cn, answer.st, answer.qn, answer.mn) == ("9014", "91", qn, KNOWN[0])
            assert not answer.answer_wanted
            (stored,) = journal.tail(0, 10)
            assert (stored.raw, stored.mn, stored.cn) == (frame, KNOWN[0], "2011")
            assert stored.state == journals.State.REGISTERED
            writer.close()

    play(scene())


def test_a_disk_that_refuses_delays_the_acknowledgement(journal, monkeypatch):
    monkeypatch.setattr(inbox, "RETRY", 0.05)
    journal = SlowJournal(journal, failures=2)
    journal.gate.set()

    async def scene():
        async with running(journal) as gateway:
            reader, writer = await gateway.connect()
            writer.write(packet()[1])
            assert len(await answers(reader, 1)) == 1
            assert [stored.seq for stored in journal.tail(0, 10)] == [1]
            writer.close()

    play(scene())


def test_a_resend_is_acknowledged_again_and_kept_once(journal):
    async def scene():
        for _ in range(2):
            async with running(journal) as gateway:
                reader, writer = await gateway.connect()
                writer.write(packet(1)[1] * 3)
                assert [answer.qn for answer in await answers(reader, 3)] == [packet(1)[0]] * 3
                writer.close()
        assert journal.last() == 1

    play(scene())


def test_another_frame_under_the_same_number_is_kept_too(journal):
    """A logger whose clock stands still repeats QN; its data are not thrown away for it."""

    async def scene():
        async with running(journal) as gateway:
            reader, writer = await gateway.connect()
            qn, _ = packet(1)
            for value in ("1", "2"):
                factors = {"w01018": {"Rtd": value}}
                writer.write(
                    client.report(mn=KNOWN[0], st="32", cn="2011", qn=qn, data_time=BEGIN, factors=factors)
                )
            assert len(await answers(reader, 2)) == 2
            assert journal.last() == 2
            writer.close()

    play(scene())


def test_an_unknown_mn_is_kept_and_not_acknowledged(journal):
    async def scene():
        async with running(journal) as gateway:
            reader, writer = await gateway.connect()
            writer.write(packet(1, mn=STRANGER)[1] + packet(2)[1])
            assert [answer.mn for answer in await answers(reader, 1)] == [KNOWN[0]]
            (stranger,) = journal.recent(journals.State.UNREGISTERED, 5)
            assert (stranger.mn, stranger.raw) == (STRANGER, packet(1, mn=STRANGER)[1])
            assert gateway.meters.unregistered == 1
            writer.close()

    play(scene())


@pytest.mark.parametrize(
    ("cn", "flag", "answered"),
    [("2011", 5, "9014"), ("2061", 9, "9014"), ("2011", 4, None), ("9015", 9, "9013"), ("1013", 5, "9013")],
)
def test_every_kind_gets_the_answer_of_the_standard(journal, cn, flag, answered):
    async def scene():
        async with running(journal) as gateway:
            reader, writer = await gateway.connect()
            writer.write(packet(1, cn=cn, flag=flag)[1] + packet(2)[1])
            expected = [(answered, packet(1)[0])] if answered else []
            expected.append(("9014", packet(2)[0]))
            assert [(answer.cn, answer.qn) for answer in await answers(reader, len(expected))] == expected
            assert [stored.cn for stored in journal.tail(0, 5)] == [cn, "2011"]
            writer.close()

    play(scene())


def test_bytes_that_are_no_frame_are_kept_with_their_fault(journal):
    async def scene():
        async with running(journal) as gateway:
            reader, writer = await gateway.connect()
            good = packet(1)[1]
            wrong = good[:-6] + b"0000\r\n"
            writer.write(b"GET / HTTP/1.1\r\n\r\n" + wrong + good)
            assert len(await answers(reader, 1)) == 1
            faults = journal.recent(journals.State.BAD, 5)
            assert faults[0].error == "crc_mismatch"
            assert faults[0].raw == wrong
            assert faults[-1].error == "garbage"
            writer.close()

    play(scene())


async def good_sender(gateway, mn, count):
    async with client.Site("127.0.0.1", gateway.port, timeout=20) as site:
        for number in range(count):
            qn, frame = packet(number, mn=mn)
            await site.send(frame, qn)


async def garbage(gateway):
    source = random.Random(1)
    for _ in range(20):
        with contextlib.suppress(*BROKEN):
            reader, writer = await gateway.connect()
            for _ in range(16):
                writer.write(source.randbytes(4_096))
                await writer.drain()
            await reader.read()
            writer.close()


async def noise_of(gateway, pieces):
    for piece in pieces:
        with contextlib.suppress(*BROKEN):
            _, writer = await gateway.connect()
            writer.write(piece)
            await writer.drain()
            writer.close()


async def slow_loris(gateway):
    with contextlib.suppress(*BROKEN):
        reader, writer = await gateway.connect()
        for byte in packet(5, mn=KNOWN[1])[1][:-10]:
            writer.write(bytes([byte]))
            await asyncio.sleep(0.05)
            if reader.at_eof():
                return
        await reader.read()
        writer.close()


def test_hostile_peers_cost_good_senders_nothing(journal):
    limits = Limits(partial=1.0)
    good = packet(7)[1]
    pieces = [
        good[:40],
        b"##9999" + b"x" * 12_000,
        b"##" * 5_000,
        good[:-6] + b"FFFF\r\n",
        b"POST / HTTP/1.0\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 50,
        b"##0101" + good,
    ]

    async def scene():
        async with running(journal, limits=limits) as gateway:
            hostile = [
                garbage(gateway),
                noise_of(gateway, pieces * 5),
                *(slow_loris(gateway) for _ in range(10)),
            ]
            await asyncio.gather(*(good_sender(gateway, mn, 25) for mn in KNOWN), *hostile)
            kept = [
                stored for stored in journal.tail(0, 100_000) if stored.state == journals.State.REGISTERED
            ]
            assert {stored.raw for stored in kept} >= {packet(n, mn=mn)[1] for mn in KNOWN for n in range(25)}
            assert len({stored.raw for stored in kept}) == len(kept)
            assert gateway.meters.closed_for_cause["faults"] >= 20
            assert gateway.meters.closed_for_cause["partial"] >= 1
        assert journal.verify() is None

    play(scene())


def test_a_frame_left_half_sent_ends_the_connection_and_silence_does_not(journal):
    async def scene():
        async with running(journal, limits=Limits(partial=0.2, idle=60)) as gateway:
            reader, writer = await gateway.connect()
            silent_reader, silent = await gateway.connect()
            writer.write(packet()[1][:20])
            assert await asyncio.wait_for(reader.read(), 30) == b""
            silent.write(packet(1)[1])
            assert len(await answers(silent_reader, 1)) == 1
            assert gateway.meters.closed_for_cause == {"partial": 1}
            await eventually(lambda: journal.recent(journals.State.BAD, 1))
            assert journal.recent(journals.State.BAD, 1)[0].raw == packet()[1][:20]
            writer.close()
            silent.close()

    play(scene())


def test_connections_are_counted_and_limited(journal):
    async def scene():
        async with running(journal, limits=Limits(connections_per_peer=2)) as gateway:
            first, second = await gateway.connect(), await gateway.connect()
            await eventually(lambda: gateway.meters.connections == 2)
            reader, writer = await gateway.connect()
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            assert gateway.meters.refused == 1
            first[1].close()
            await eventually(lambda: gateway.meters.connections == 1)
            reader, third = await gateway.connect()
            third.write(packet()[1])
            assert len(await answers(reader, 1)) == 1
            for stream in (second[1], third, writer):
                stream.close()

    play(scene())


def test_a_slow_disk_stops_reading_and_loses_nothing(journal):
    journal = SlowJournal(journal)
    count = 4_000
    limits = Limits(pending_frames=50, rate=1e6, burst=1e6)

    async def scene():
        async with running(journal, limits=limits) as gateway:
            reader, writer = await gateway.connect()
            frames = b"".join(packet(number)[1] for number in range(count))
            writer.write(frames)
            reading = asyncio.create_task(answers(reader, count))
            await eventually(lambda: gateway.meters.paused)
            await asyncio.sleep(0.2)
            taken_in = gateway.meters.received
            await asyncio.sleep(0.2)
            assert gateway.meters.received == taken_in < count
            journal.gate.set()
            assert len({answer.qn for answer in await reading}) == count
            assert not gateway.meters.paused
            assert journal.last() == count
            writer.close()

    play(scene())


def test_a_sender_above_its_rate_is_slowed_down_and_served(journal):
    async def scene():
        async with running(journal, limits=Limits(rate=100, burst=10)) as gateway:
            reader, writer = await gateway.connect()
            for number in range(60):
                writer.write(packet(number)[1])
                await writer.drain()
            assert len(await answers(reader, 60)) == 60
            writer.close()

    play(scene())


def test_at_shut_down_everything_received_is_kept_and_acknowledged(journal):
    journal = SlowJournal(journal)

    async def scene():
        async with running(journal) as gateway:
            reader, writer = await gateway.connect()
            writer.write(b"".join(packet(number)[1] for number in range(300)))
            await eventually(lambda: gateway.meters.received == 300)
            gateway.stop.set()
            await asyncio.sleep(0.05)
            with pytest.raises(OSError):
                await gateway.connect()
            journal.gate.set()
            assert len(await answers(reader, 300)) == 300
            assert await reader.read() == b""
            await gateway.task
            assert journal.last() == 300
            writer.close()

    play(scene())


def test_an_address_in_use_is_an_error(journal):
    async def scene():
        async with running(journal) as gateway:
            with pytest.raises(OSError):
                await server.serve(
                    "127.0.0.1", gateway.port, journal=journal, register=FixedRegister(), stop=asyncio.Event()
                )

    play(scene())


def test_a_bucket_lends_and_is_paid_back():
    bucket = Bucket.full(rate=2.0, size=4.0, now=0.0)
    assert bucket.draw(4, 0.0) == 0.0
    assert bucket.draw(1, 0.0) == 0.5
    assert bucket.draw(1, 1.0) == 0.0
    assert bucket.draw(4, 100.0) == 0.0
