"""The gateway as a part of a larger process: own threads, own event loop, started and stopped from outside."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import DatabaseError, close_old_connections

from jiangcheng.gateway import control, credentials, forward, inlets, mqtt, server, storage, tasks
from jiangcheng.gateway import meters as gauges
from jiangcheng.gateway.limits import Limits
from jiangcheng.gateway.models import GatewayState
from jiangcheng.gateway.register import Register, learn

log = logging.getLogger(__name__)

REPORT = 2.0
"""Seconds between two readings of the meters for the operator's page."""
CATCH_UP = 1.0
"""Seconds after which the journal is looked at even if nothing seems to have been written."""


class Gateway:
    """Listener and intake in two threads; forwarding beside the listener, MQTT in a third thread.

    Parameters
    ----------
    host, port
        Address to listen at; port 0 takes any free one.
    limits
        Bounds of the listener; by default those of ``settings.GATEWAY["limits"]``, a mapping.
    with_intake
        Whether this process also carries the journal into the store.
    """

    def __init__(
        self, host: str, port: int, *, limits: Limits | None = None, with_intake: bool = True
    ) -> None:
        self._host = host
        self._limits = limits or Limits(**storage.options().get("limits", {}))
        self._with_intake = with_intake
        self.port = port
        self.meters = gauges.Meters()
        self._ready = threading.Event()
        self._wake = threading.Event()
        self._ending = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop
        self._stop: asyncio.Event
        self._forwarders: list[forward.Forwarder] = []
        self._subscriber: mqtt.Subscriber | None = None
        self._threads = [threading.Thread(target=self._listen, name="gateway", daemon=True)]
        if with_intake:
            self._threads.append(threading.Thread(target=self._take_in, name="gateway-intake", daemon=True))

    def start(self) -> None:
        """Start and return once connections are accepted.

        Raises
        ------
        OSError
            If the address cannot be bound.
        """
        server.raise_file_limit()
        self._threads[0].start()
        self._ready.wait()
        if self._failure is not None:
            raise self._failure
        for thread in self._threads[1:]:
            thread.start()
        if broker := storage.options().get("mqtt"):
            self._subscriber = mqtt.Subscriber(broker, clock=lambda: datetime.now(UTC))
            self._subscriber.start()

    def stop(self) -> None:
        """Stop accepting, write and acknowledge what waits, take it in, and return."""
        if self._subscriber is not None:
            self._subscriber.stop()
        if self._threads[0].is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._threads[0].join()
        self._ending.set()
        self._wake.set()
        for thread in self._threads[1:]:
            thread.join()
        inlets.release()

    @property
    def is_alive(self) -> bool:
        """Whether every thread runs."""
        return all(thread.is_alive() for thread in self._threads)

    def _listen(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_loop_factory()) as runner:
                runner.run(self._serve())
        except BaseException as error:
            self._failure = error
            log.exception("the gateway has ended")
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        journal = storage.open_journal()
        register = Register()
        today = datetime.now(UTC).date()
        guard = credentials.Guard(
            register.secret,
            wrong_per_connection=credentials.defaults(today).wrong_per_connection,
            learn=learn,
        )
        self._forwarders = [
            forward.Forwarder(forward.Target.of(options), journal, clock=lambda: datetime.now(UTC))
            for options in storage.options().get("forward", ())
        ]
        beside = [self._loop.create_task(forwarder.follow()) for forwarder in self._forwarders]
        beside.append(self._loop.create_task(self._report()))
        try:
            await server.serve(
                self._host,
                self.port,
                journal=journal,
                register=register,
                guard=guard,
                controller=control.Controller(
                    name=_name(), clock=lambda: datetime.now(UTC), keys=lambda: register.keys
                ),
                keys=lambda: register.keys,
                stop=self._stop,
                limits=self._limits,
                meters=self.meters,
                tolerant=bool(storage.options().get("tolerant", False)),
                on_ready=self._on_ready,
                on_commit=self._wake.set,
            )
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            guard.close()
            journal.close()

    def _on_ready(self, port: int) -> None:
        self.port = port
        self._ready.set()

    async def _report(self) -> None:
        while True:
            await asyncio.sleep(REPORT)
            reading = dataclasses.asdict(self.meters.read(time.monotonic()))
            reading["address"] = f"{self._host}:{self.port}"
            reading["forward"] = [forwarder.reading() for forwarder in self._forwarders]
            await asyncio.to_thread(_save, _name(), reading)

    def _take_in(self) -> None:
        """Follow the journal until the end of the gateway, then to its last entry."""
        while not self._ending.is_set():
            self._wake.wait(CATCH_UP)
            self._wake.clear()
            try:
                tasks.run_intake()
            except Exception:
                # The cursor has not moved: what failed is tried again.
                log.exception("the intake has failed")
                self._ending.wait(CATCH_UP)
            close_old_connections()


def _name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"[-60:]


def _save(name: str, reading: dict[str, object]) -> None:
    close_old_connections()
    try:
        GatewayState.objects.update_or_create(
            name=name, defaults={"at": datetime.now(UTC), "reading": reading}
        )
    except DatabaseError:
        log.exception("the state of the gateway could not be saved")
    close_old_connections()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
