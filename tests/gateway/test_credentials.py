"""Passwords of devices: what follows from a wrong one, and that nobody waits for somebody else's check."""

# ruff: noqa: F811
# Fixtures are imported from the files beside this one.

from __future__ import annotations

import asyncio
import datetime as dt
import threading
import time

import pytest
from django.contrib.auth.hashers import make_password

from gateway.test_intake import MN, NOW, device, follow, keep, properties, station, stored  # noqa: F401
from gateway.test_intake import frame as report
from gateway.test_server import KNOWN, answers, eventually, journal, packet, play, running  # noqa: F401
from jiangcheng import hj212
from jiangcheng.gateway import credentials, register
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import DeviceAccess, Reject

RIGHT = "123456"


class Checks:
    """Compares without hashing, counts, and can be made to wait."""

    def __init__(self):
        self.asked = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, password, hashed):
        self.asked.append(password)
        assert self.gate.wait(30)
        return password == hashed


def guard(policy, password, checks, names=KNOWN[:1]):
    secret = credentials.Secret(password, credentials.Policy(policy))
    return credentials.Guard(dict.fromkeys(names, secret).get, fits=checks)


@pytest.mark.parametrize(
    ("policy", "password", "answered", "state", "error"),
    [
        ("report", RIGHT, True, journals.State.REGISTERED, ""),
        ("report", "other", True, journals.State.REGISTERED, "password_wrong"),
        ("refuse", RIGHT, True, journals.State.REGISTERED, ""),
        ("refuse", "other", False, journals.State.REFUSED, "password_wrong"),
    ],
)
def test_a_wrong_password_has_the_consequence_of_the_policy(
    journal,
    policy,
    password,
    answered,
    state,
    error,
):
    checks = Checks()

    async def scene():
        async with running(journal, guard=guard(policy, password, checks)) as gateway:
            reader, writer = await gateway.connect()
            frames = [packet(number)[1] for number in range(5)] + [packet(9, mn=KNOWN[1])[1]]
            writer.write(b"".join(frames))
            found = await answers(reader, 6 if answered else 1)
            assert {answer.mn for answer in found} == ({*KNOWN[:2]} if answered else {KNOWN[1]})
            kept = journal.tail(0, 10)
            assert [entry.raw for entry in kept] == frames
            assert {(entry.state, entry.error) for entry in kept if entry.mn == KNOWN[0]} == {(state, error)}
            assert gateway.meters.wrong_password == (5 if error else 0)
            writer.close()
            reader, writer = await gateway.connect()
            writer.write(packet(20)[1] + packet(21, mn=KNOWN[1])[1])
            await answers(reader, 2 if answered else 1)
            writer.close()
        assert checks.asked == [RIGHT]

    play(scene())


def test_a_slow_check_holds_up_nobody_else(journal):
    checks = Checks()
    checks.gate.clear()

    async def scene():
        async with running(journal, guard=guard("refuse", RIGHT, checks)) as gateway:
            reader, writer = await gateway.connect()
            writer.write(packet(0)[1] + packet(1)[1])
            await eventually(lambda: checks.asked)
            other_reader, other = await gateway.connect()
            began = time.monotonic()
            for number in range(50):
                other.write(packet(number, mn=KNOWN[1])[1])
                assert len(await answers(other_reader, 1)) == 1
            assert time.monotonic() - began < 5
            assert {entry.mn for entry in journal.tail(0, 100)} == {KNOWN[1]}
            checks.gate.set()
            assert [answer.qn for answer in await answers(reader, 2)] == [packet(0)[0], packet(1)[0]]
            writer.close()
            other.close()

    play(scene())


def test_who_tries_password_after_password_is_cut_off(journal):
    checks = Checks()

    def framed(number):
        segment = report({"w01018": {"Avg": "1"}}, mn=KNOWN[0], qn=f"{number:017d}")[6:-6]
        return hj212.frame(segment.replace(b"PW=123456", f"PW={number:06d}".encode()))

    async def scene():
        async with running(journal, guard=guard("refuse", "secret", checks)) as gateway:
            reader, writer = await gateway.connect()
            for number in range(20):
                writer.write(framed(number))
            assert await asyncio.wait_for(reader.read(), 30) == b""
            await eventually(lambda: gateway.meters.closed_for_cause["passwords"])
            await eventually(lambda: not gateway.meters.connections)
            writer.close()
        assert len(checks.asked) >= 4

    play(scene())


def test_many_who_show_the_same_password_wait_for_one_check():
    checks = Checks()

    async def scene():
        made = guard("refuse", RIGHT, checks)
        secret = made.secret_of(KNOWN[0])
        found = await asyncio.gather(*(made.check(secret, RIGHT) for _ in range(50)))
        assert set(found) == {credentials.Verdict.RIGHT}

    asyncio.run(scene())
    assert checks.asked == [RIGHT]


@pytest.mark.django_db
def test_what_fitted_once_is_not_hashed_again_after_a_restart(device):
    device.password_hash = "first"
    device.save()
    known = register.Register()
    known.load()
    checks = Checks()

    learnt = []

    def started():
        return credentials.Guard(
            known.secret,
            fits=lambda shown, _: checks(shown, RIGHT),
            learn=lambda *row: learnt.append(row),
        )

    assert asyncio.run(started().check(known.secret(MN), RIGHT)) is credentials.Verdict.RIGHT
    register.learn(*learnt[0])
    known = register.Register()
    known.load()
    assert known.secret(MN).policy is credentials.Policy.REPORT
    assert started().verdict(known.secret(MN), RIGHT) is credentials.Verdict.RIGHT
    assert started().verdict(known.secret(MN), "other") is credentials.Verdict.WRONG
    assert checks.asked == [RIGHT]
    device.password_hash = "second"
    device.save()
    known = register.Register()
    known.load()
    assert started().verdict(known.secret(MN), RIGHT) is None


@pytest.mark.django_db
def test_the_register_tells_hash_and_policy(device):
    known = register.Register()
    known.load()
    assert known.secret(MN) is None
    device.password_hash = make_password(RIGHT)
    device.save()
    access = DeviceAccess.objects.create(device=device, policy="refuse", changed_at=NOW)
    known.load()
    secret = known.secret(MN)
    assert secret.policy is credentials.Policy.REFUSE
    assert asyncio.run(credentials.Guard(known.secret).check(secret, RIGHT)) is credentials.Verdict.RIGHT
    access.policy, access.changed_at = "ignore", NOW + dt.timedelta(seconds=1)
    access.save()
    known.load()
    assert known.secret(MN) is None
    assert known.secret("nobody") is None


@pytest.mark.django_db
def test_what_was_refused_is_counted_with_its_reason_and_not_stored(journal, station, device, properties):
    micros = int(NOW.timestamp() * 1e6)
    raw = report({"w01018": {"Avg": "1"}})
    for state in (journals.State.REFUSED, journals.State.REFUSED):
        journal.append([journals.Entry(micros, "192.0.2.9:1", state, journals.PASSWORD, MN, "2061", raw)])
    follow(journal)
    assert not stored(station)
    row = Reject.objects.get()
    assert (row.reason, row.count, row.mn) == ("password_wrong", 2, MN)
    reported = journals.Entry(
        micros, "192.0.2.9:1", journals.State.REGISTERED, journals.PASSWORD, MN, "2061", raw
    )
    journal.append([reported])
    follow(journal)
    assert stored(station)
    assert Reject.objects.get().count == 3
