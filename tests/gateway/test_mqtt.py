"""MQTT against a real broker: kept before it is acknowledged, and sent again when it was not."""

# ruff: noqa: F811
# Fixtures are imported from the files beside this one.

from __future__ import annotations

import datetime as dt
import json
import queue
import shutil
import socket
import subprocess
import threading
import time

import pytest

from gateway.test_intake import MN, device, properties, station  # noqa: F401
from gateway.test_intake import frame as report
from gateway.test_status import journal  # noqa: F401
from gateway.test_ways_in import ROW, values
from jiangcheng.gateway import inlets, mqtt
from jiangcheng.gateway import journal as journals

pytest.importorskip("paho.mqtt", reason="the library paho-mqtt is not installed")
BROKER = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(BROKER is None, reason="the broker mosquitto is not installed"),
]


@pytest.fixture
def port(tmp_path):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    settings = tmp_path / "mosquitto.conf"
    settings.write_text(f"listener {number} 127.0.0.1\nallow_anonymous true\n")
    broker = subprocess.Popen([BROKER, "-c", settings], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", number)) == 0:
                break
        time.sleep(0.02)
    yield number
    broker.terminate()
    broker.wait(10)


@pytest.fixture(autouse=True)
def _own_doors(journal):
    yield
    inlets.release()


class Handed:
    """Hands messages to the test's own thread, which keeps them or refuses."""

    def __init__(self, *, refuse=False):
        self.refuse = refuse
        self.waiting = queue.SimpleQueue()

    def __call__(self, mn, payload, now):
        done = threading.Event()
        self.waiting.put((mn, payload, now, done))
        if not done.wait(10) or self.refuse:
            raise RuntimeError("not kept")

    def keep(self, count):
        for _ in range(count):
            mn, payload, now, done = self.waiting.get(timeout=10)
            if not self.refuse:
                mqtt.take(mn, payload, now)
            done.set()


def listening(port, handed):
    subscriber = mqtt.Subscriber(
        {"host": "127.0.0.1", "port": port, "client_id": "test"},
        clock=lambda: dt.datetime.now(dt.UTC),
        keep=handed,
    )
    subscriber.start()
    return subscriber


def publish(port, *payloads, mn=MN):
    from paho.mqtt import publish as sender

    messages = [{"topic": f"jiangcheng/{mn}/data", "payload": payload, "qos": 1} for payload in payloads]
    sender.multiple(messages, hostname="127.0.0.1", port=port)


def test_messages_reach_the_store_and_faults_are_kept(port, journal, station, device, properties):
    handed = Handed()
    subscriber = listening(port, handed)
    time.sleep(0.5)
    at = dt.datetime.fromisoformat(ROW["time"])
    publish(port, json.dumps({"rows": [ROW]}), report({"w21011": {"Avg": "0.4"}}, at=at), b"rubbish")
    publish(port, json.dumps({"rows": [ROW]}), mn="nobody")
    handed.keep(4)
    subscriber.stop()
    assert values(station) == {12.5, 0.4}
    faults = {entry.error: entry.raw for entry in journal.recent(journals.State.BAD, 5)}
    assert faults == {"mqtt:body:json": b"rubbish", "mqtt:mn:unknown": json.dumps({"rows": [ROW]}).encode()}


def test_what_was_not_kept_comes_again_and_what_came_meanwhile_too(
    port, journal, station, device, properties
):
    broken = Handed(refuse=True)
    subscriber = listening(port, broken)
    time.sleep(0.5)
    publish(port, json.dumps({"rows": [ROW]}))
    broken.keep(1)
    subscriber.stop()
    assert journal.last() == 0
    publish(port, json.dumps({"rows": [{**ROW, "field": "Max", "value": 20}]}))
    handed = Handed()
    subscriber = listening(port, handed)
    handed.keep(2)
    subscriber.stop()
    assert values(station) == {12.5, 20.0}
