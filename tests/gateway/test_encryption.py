"""Encrypted frames (HJ 212-2025, SM4) from the line into the store, and how keys come and go."""

# ruff: noqa: F811
# Fixtures are imported from the files beside this one.

from __future__ import annotations

import asyncio
import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from gateway.test_control import person  # noqa: F401
from gateway.test_intake import (  # noqa: F401
    HOUR,
    MN,
    NOW,
    device,
    follow,
    frame,
    journal,
    keep,
    properties,
    station,
    stored,
)
from gateway.test_server import KNOWN, answers, eventually, running
from jiangcheng import hj212
from jiangcheng.core.access.models import AuditEntry
from jiangcheng.gateway import devices
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.models import DeviceKey
from jiangcheng.gateway.register import Register

KEY, OTHER = "30" * 16, "41" * 16
FACTORS = {"w01018": {"Avg": "12.5", "Min": "10", "Max": "15.25", "Cou": "0.9", "Flag": "N"}}


def encrypted(key=KEY, **changes):
    plain = hj212.decode(frame(FACTORS, flag=9, **changes))
    made = hj212.encode(plain, key=bytes.fromhex(key))
    assert b"w01018" not in made
    return made


@pytest.fixture
def keeper(person, device):
    return person("keeper", "system_admin")


def loaded():
    register = Register()
    register.load()
    return register


@pytest.mark.django_db
def test_what_came_encrypted_is_kept_as_it_came_and_stored_in_clear(
    journal, station, device, properties, keeper
):
    devices.set_key(device=device, text=KEY, actor=keeper, now=NOW)
    raw = encrypted()
    keep(journal, raw)
    follow(journal)
    assert stored(station)[properties["w01018", "avg"], int(HOUR.timestamp())] == (12.5, "N")
    assert journal.tail(0, 1)[0].raw == raw


@pytest.mark.django_db
def test_the_key_before_still_opens_and_older_ones_do_not(device, keeper):
    for number, key in enumerate((KEY, OTHER, "42" * 16)):
        devices.set_key(device=device, text=key, actor=keeper, now=NOW + dt.timedelta(hours=number))
    ring = loaded().keys
    assert [key.hex() for key in ring(MN)] == ["42" * 16, OTHER]
    devices.retire_keys(device=device, actor=keeper, now=NOW + dt.timedelta(hours=3))
    assert loaded().keys is None
    assert DeviceKey.objects.count() == 3
    assert AuditEntry.objects.filter(action="gateway.set_key").count() == 3


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["", "zz" * 16, "30" * 15, "30" * 17])
def test_what_is_no_key_is_refused(text, device, keeper):
    with pytest.raises(devices.Refused) as refused:
        devices.set_key(device=device, text=text, actor=keeper, now=NOW)
    assert refused.value.reason == "key"


@pytest.mark.django_db
def test_a_key_is_nowhere_in_clear_and_only_its_keeper_sets_it(device, keeper, person):
    client = Client()
    client.force_login(keeper)
    address = reverse("gateway:change_key", args=[MN])
    assert client.post(address, {"key": KEY}).status_code == 302
    page = client.get(reverse("gateway:device", args=[MN])).content.decode()
    key = DeviceKey.objects.get()
    assert key.fingerprint in page and KEY not in page and KEY not in key.sealed
    assert KEY not in str(list(AuditEntry.objects.values_list("after", flat=True)))
    reader = Client()
    reader.force_login(person("reader", "duty_officer"))
    assert reader.post(address, {"key": OTHER}).status_code == 403


@pytest.mark.parametrize(("key", "code"), [(None, "encrypted"), (OTHER, "key_wrong"), (KEY, "")])
def test_on_the_line_the_right_key_is_answered_and_any_other_kept_with_its_reason(journal, key, code):
    raw = encrypted(mn=KNOWN[0])
    ring = hj212.KeyRing(default=[bytes.fromhex(key)]) if key else None

    async def scene():
        async with running(journal, keys=lambda: ring) as gateway:
            reader, writer = await gateway.connect()
            writer.write(raw)
            if not code:
                await answers(reader, 1)
            await eventually(journal.last)
            writer.close()

    asyncio.run(scene())
    entry = journal.tail(0, 1)[0]
    assert (entry.raw, entry.error) == (raw, code)
    assert (entry.state == journals.State.BAD) == bool(code)
