"""Forwarding: everything that is wanted reaches the upper platform at least once, whatever happens to the line."""

# ruff: noqa: F811
# Fixtures are imported from the files beside this one.

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import socket

import pytest

from gateway.test_control import Hands
from gateway.test_intake import MN, NOW, STRANGER, journal, keep  # noqa: F401
from gateway.test_intake import frame as report
from gateway.test_server import FixedRegister, play, running  # noqa: F401
from jiangcheng import hj212
from jiangcheng.gateway import forward, server
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.journal import sqlite
from jiangcheng.gateway.models import IntakeCursor, Reject

pytestmark = pytest.mark.django_db

OTHER = "C" * 24


@pytest.fixture
def upper(tmp_path):
    opened = sqlite.SqliteJournal(tmp_path / "upper")
    yield opened
    opened.close()


@pytest.fixture
def relay(journal, upper):
    """Forward the journal until a condition holds; return the forwarder."""
    hands = Hands()

    def run(condition, *, port=0, names=(MN,), around=None, **options):
        async def scene():
            async with contextlib.AsyncExitStack() as stack:
                where = port
                if not where:
                    gateway = await stack.enter_async_context(running(upper, register=FixedRegister(*names)))
                    where = gateway.port
                target = forward.Target.of(
                    {"name": "upper", "host": "127.0.0.1", "port": where, "start": "begin", "timeout": 0.2,
                     **options}
                )  # fmt: skip
                made.append(forward.Forwarder(target, journal, clock=lambda: NOW, run=hands.run, poll=0.02))
                following = asyncio.create_task(made[-1].follow())
                if around:
                    await around(stack)
                await hands.until(lambda: condition(made[-1]))
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)

        made = []
        hands.serve(scene())
        return made[-1]

    return run


def numbered(number, **more):
    return report({"w01018": {"Avg": str(number)}}, qn=f"2026030112{number:07d}", **more)


def values(upper):
    return [hj212.decode(entry.raw).factors["w01018"]["Avg"] for entry in upper.tail(0, 1_000)]


def test_uploads_go_up_in_order_and_the_cursor_goes_on(journal, relay, upper):
    keep(journal, *(numbered(number) for number in range(50)))
    relay(lambda it: it.seq == 50)
    assert values(upper) == [str(number) for number in range(50)]
    assert all(entry.raw == numbered(number) for number, entry in enumerate(upper.tail(0, 100)))
    keep(journal, numbered(50))
    relay(lambda it: it.seq == 51)
    assert values(upper)[50:] == ["50"]
    assert IntakeCursor.objects.get(name="forward:upper").seq == 51


def test_only_what_is_wanted_goes_up(journal, relay, upper):
    keep(journal, numbered(1), numbered(2, mn=OTHER))
    keep(journal, numbered(2, mn=OTHER), mn=OTHER)
    keep(journal, numbered(3, mn=STRANGER), mn=STRANGER, state=journals.State.UNREGISTERED)
    keep(journal, numbered(4, cn="2051"), cn="2051")
    keep(journal, numbered(5, cn="9015"), cn="9015")
    keep(journal, b"GET /", mn="", state=journals.State.BAD)
    relay(lambda it: it.seq == 7, mn=["A*"], commands=["2061"], names=(MN, OTHER))
    assert values(upper) == ["1", "2"]


def test_a_new_target_begins_now(journal, relay, upper):
    keep(journal, numbered(1))
    relay(lambda it: it.seq == 1, start="now")
    assert upper.last() == 0


@pytest.mark.parametrize("flag", [0, 4, 5, 9])
def test_the_edition_and_the_password_are_those_of_the_target(journal, relay, upper, flag):
    keep(journal, report({"w01018": {"Avg": "1"}}, flag=flag, qn="" if flag == 0 else "20260301120000000"))
    relay(lambda it: it.seq == 1, edition="2025", password="654321")
    (entry,) = upper.tail(0, 5)
    message = hj212.decode(entry.raw)
    assert (message.version, message.answer_wanted, message.pw) == ("2025", True, "654321")
    assert message.data_time == dt.datetime(2026, 3, 1, 11)
    assert len(message.qn) == 17


def test_a_platform_of_2005_answers_with_the_number_inside(journal, relay, upper):
    keep(journal, numbered(1))
    relay(lambda it: it.seq == 1, edition="2005")
    (entry,) = upper.tail(0, 5)
    assert hj212.decode(entry.raw, tolerant=True).version == "2005"


def test_a_platform_that_is_down_gets_everything_when_it_is_back(journal, relay, upper):
    keep(journal, *(numbered(number) for number in range(5)))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    errors = []

    async def come_back(stack):
        await asyncio.sleep(1.2)
        errors.append(upper.last())
        stop, ready = asyncio.Event(), asyncio.Event()
        serving = asyncio.create_task(
            server.serve("127.0.0.1", port, journal=upper, register=FixedRegister(MN), stop=stop,
                         on_ready=lambda _: ready.set())
        )  # fmt: skip
        await ready.wait()

        async def end():
            stop.set()
            await serving

        stack.push_async_callback(end)

    relay(lambda it: it.seq == 5, port=port, around=come_back)
    assert errors == [0]
    assert sorted(values(upper)) == ["0", "1", "2", "3", "4"]


def test_one_frame_that_is_never_acknowledged_is_set_aside_with_a_note(journal, relay, upper):
    keep(journal, numbered(1))
    keep(journal, numbered(2, mn=OTHER), mn=OTHER)
    keep(journal, numbered(3))
    forwarder = relay(lambda it: it.seq == 3)
    assert forwarder.set_aside == 1
    row = Reject.objects.get()
    assert (row.reason, row.mn, row.code, row.last_seq) == ("not_forwarded", OTHER, "upper", 2)
    kept = [entry for entry in upper.tail(0, 100) if entry.state == journals.State.REGISTERED]
    assert sorted(hj212.decode(entry.raw).factors["w01018"]["Avg"] for entry in kept) == ["1", "3"]


@pytest.mark.parametrize(
    "options", [{}, {"name": "x", "host": "y"}, {"name": "x", "host": "y", "port": 1, "edition": "1999"}]
)
def test_settings_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match="forward"):
        forward.Target.of(options)
