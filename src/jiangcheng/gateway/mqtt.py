"""Delivery over MQTT: messages of devices, kept in the journal before the broker is told that they arrived.

``settings.GATEWAY["mqtt"]`` is a mapping: ``host``, ``port`` (1883), ``topic`` with a ``+`` in the place of the
MN (``jiangcheng/+/data``), ``user``, ``password``, ``tls``, ``client_id``. The payload is ``{"rows": [...]}`` or raw
HJ 212, as for HTTP. The session is a lasting one with QoS 1: what comes while nobody listens waits at the broker.
Who may publish under which MN is decided by the broker's access list. What cannot be taken in is kept as a fault.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from django.db import DatabaseError, close_old_connections

from jiangcheng.core.registry.models import Device
from jiangcheng.gateway import inlets
from jiangcheng.gateway import journal as journals

log = logging.getLogger(__name__)

TOPIC = "jiangcheng/+/data"
RETRY = 1.0
"""Seconds between two attempts when the disk or the database refuses."""


def take(mn: str, payload: bytes, now: dt.datetime) -> None:
    """Keep a message: as frames of its device where it is in order, as a fault where not.

    Raises
    ------
    jiangcheng.gateway.journal.JournalError
        If the disk refuses; the message must come again.
    """
    bounds = inlets.bounds(now.date())
    try:
        entries = _entries(mn, payload, bounds, now)
    except inlets.Refused as error:
        fault = error.faults[0]
        text = f"mqtt:{fault.field}:{fault.rule}"[:60]
        entries = [
            journals.Entry(
                int(now.timestamp() * 1_000_000),
                "mqtt",
                journals.State.BAD,
                text,
                "",
                "",
                payload[: bounds.bytes],
            )
        ]
    inlets.keep(entries)


def _entries(mn: str, payload: bytes, bounds: inlets.Bounds, now: dt.datetime) -> list[journals.Entry]:
    if len(payload) > bounds.bytes:
        raise inlets.Refused([inlets.Fault(0, "payload", f"at_most:{bounds.bytes}")])
    device = Device.objects.filter(mn=mn, enabled=True).select_related("station").first()
    if device is None:
        raise inlets.Refused([inlets.Fault(0, "mn", "unknown", mn)])
    reader = inlets.Reader(peer="mqtt", now=now)
    if payload.lstrip().startswith(b"##"):
        return reader.frames(payload, mn=mn)
    return reader.rows(device, inlets.rows_of(payload, bounds))


class Subscriber:
    """One lasting subscription, in a thread of its own.

    Parameters
    ----------
    options
        See above.
    clock
        The time, UTC.
    keep
        Keeps one message; what it raises is tried again.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        *,
        clock: Callable[[], dt.datetime],
        keep: Callable[[str, bytes, dt.datetime], None] = take,
    ) -> None:
        # Only installations with a broker load the library.
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self._topic = str(options.get("topic", TOPIC))
        self._place = self._topic.split("/").index("+")
        self._address = str(options["host"]), int(options.get("port", 1883))
        self._clock = clock
        self._keep = keep
        self._ending = threading.Event()
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=str(options.get("client_id", "jiangcheng")),
            clean_session=False,
            manual_ack=True,
        )
        if options.get("user"):
            self._client.username_pw_set(str(options["user"]), str(options.get("password", "")))
        if options.get("tls"):
            self._client.tls_set()
        self._client.reconnect_delay_set(1, 60)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message

    def start(self) -> None:
        """Connect, now or when the broker can be reached, and listen."""
        self._client.connect_async(*self._address)
        self._client.loop_start()

    def stop(self) -> None:
        """Leave; the broker keeps what comes meanwhile."""
        self._ending.set()
        self._client.disconnect()
        self._client.loop_stop()

    def _on_connect(self, client: Any, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            log.error("the broker refuses: %s", reason)
        else:
            client.subscribe(self._topic, qos=1)

    def _on_message(self, client: Any, userdata: Any, message: Any) -> None:
        mn = message.topic.split("/")[self._place]
        while not self._ending.is_set():
            close_old_connections()
            try:
                self._keep(mn, message.payload, self._clock())
            except (journals.JournalError, DatabaseError):
                log.exception("a message of %s could not be kept", mn)
                self._ending.wait(RETRY)
            except Exception:
                # Without an acknowledgement the broker sends it again after the next connection.
                log.exception("a message of %s could not be read", mn)
                return
            else:
                client.ack(message.mid, message.qos)
                return
            finally:
                close_old_connections()
