"""The listener: sites connect, frames are journalled, and acknowledged when they are on disk.

What an arrival is answered (HJ 212-2017 clause 6.6; the editions of 2005 and 2025 do the same):

* an upload with the answer bit set: 9014, after the journal's transaction;
* a notice: 9013, likewise;
* anything else a site sends (9011, 9012, uploads without the answer bit): nothing;
* a frame of an MN that is not registered: nothing. The standard has no refusal from host to site: QnRtn 4,
  "MN wrong", goes the other way, and a 9014 would say that the platform has taken charge of the data. The
  site re-sends and then reports a broken link, which is what its owner must see. The frame itself is kept,
  shown to the operator, and taken in when the MN is registered;
* a frame with a wrong password: what the device's policy says (`credentials`); refused is not answered either;
* bytes that are no frame: nothing (Table 2: the receiver ends the processing of that command).
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol, cast

from jiangcheng import hj212
from jiangcheng.gateway import conversation, credentials, inbox
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway import limits as bounds
from jiangcheng.gateway import meters as gauges

log = logging.getLogger(__name__)

SWEEP = 1.0
"""Seconds between two looks for idle and half-sent connections."""
LINGER = 5.0
"""Seconds a peer has at shut-down to read its last answers."""
REMEMBERED = 20_000
"""Entries of the journal read at start to recognise re-sends from before."""
UNREGISTERED = 10.0
"""What a frame of an unknown MN counts against the rate: a stranger may not fill the disk."""
LONGEST_MN = 40


class Register(Protocol):
    """Knows which MN are registered."""

    def knows(self, mn: str) -> bool:
        """Tell whether an MN belongs to an enabled device."""

    async def refresh(self) -> None:
        """Look whether the register has changed."""


class Controller(Protocol):
    """Sends orders over the connections of sites (`control`)."""

    def heard(self, sender: Connection, header: hj212.Header, frame: hj212.Frame) -> None:
        """Note that a site whose password is right spoke over a connection."""

    def gone(self, sender: Connection) -> None:
        """Forget a connection that has ended."""

    async def follow(self) -> None:
        """Send orders until cancelled."""

    async def drain(self) -> None:
        """Write down what happened last."""


class Listener:
    """What the connections of one gateway share."""

    def __init__(
        self,
        *,
        register: Register,
        limits: bounds.Limits,
        meters: gauges.Meters,
        tolerant: bool = False,
        guard: credentials.Guard | None = None,
        controller: Controller | None = None,
        keys: Callable[[], hj212.Keys | None] = lambda: None,
    ) -> None:
        self.register = register
        self.keys = keys
        self.limits = limits
        self.meters = meters
        self.tolerant = tolerant
        self.guard = guard
        self.controller = controller
        self.checks: set[asyncio.Task[None]] = set()
        self.inbox: inbox.Inbox
        self.connections: set[Connection] = set()
        self._per_peer: collections.Counter[str] = collections.Counter()

    def admit(self, connection: Connection, host: str) -> bool:
        """Take a connection in unless there are too many."""
        full = len(self.connections) >= self.limits.connections
        if full or self._per_peer[host] >= self.limits.connections_per_peer:
            self.meters.refused += 1
            return False
        self._per_peer[host] += 1
        self.connections.add(connection)
        self.meters.connections = len(self.connections)
        return True

    def dismiss(self, connection: Connection, host: str) -> None:
        """Forget a connection that has ended."""
        if connection in self.connections:
            self.connections.discard(connection)
            self._per_peer[host] -= 1
            if not self._per_peer[host]:
                del self._per_peer[host]
        self.meters.connections = len(self.connections)

    def press(self, paused: bool) -> None:
        """Stop or resume reading from everybody: the disk is slow, or is no longer."""
        for connection in self.connections:
            connection.hold("disk", paused)

    def sweep(self, now: float) -> None:
        """Close connections that are silent or that leave a frame half sent for too long."""
        for connection in list(self.connections):
            connection.expire(now)


class Connection(asyncio.Protocol):
    """One site on the line."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._limits = listener.limits
        self._framer = hj212.Framer(max_frame=listener.limits.frame, tolerant=listener.tolerant)
        self._fed = 0
        self._holds: set[str] = set()
        self._transport: asyncio.Transport
        self._host = ""
        self._peer = ""
        self._release = self._write
        self._drawn = 0.0
        self._verdicts: dict[tuple[str, str], tuple[credentials.Secret, credentials.Verdict]] = {}
        self._wrong: collections.Counter[str] = collections.Counter()
        self._unchecked: collections.deque[tuple[hj212.Frame, hj212.Header, float]] = collections.deque()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Admit the peer, or close at once."""
        # uvloop's transports keep the contract without the base class.
        self._transport = cast("asyncio.Transport", transport)
        address = transport.get_extra_info("peername") or ("", 0)
        self._host = str(address[0])
        self._peer = f"{address[0]}:{address[1]}"
        now = time.monotonic()
        limits = self._limits
        self._heard = now
        self._begun: float | None = None
        self._rate = bounds.Bucket.full(rate=limits.rate, size=limits.burst, now=now)
        self._faults = bounds.Bucket.full(rate=1.0, size=limits.faults, now=now)
        self._transport.set_write_buffer_limits(high=limits.unsent)
        if not self._listener.admit(self, self._host):
            self._transport.abort()
        elif self._listener.meters.paused:
            self.hold("disk", True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Keep what was left unfinished as a fault, and leave."""
        if self in self._listener.connections:
            self._framer.finish()
            self._drain(time.monotonic())
            if self._listener.controller is not None:
                self._listener.controller.gone(self)
        self._listener.dismiss(self, self._host)

    def data_received(self, data: bytes) -> None:
        """Cut frames from the stream and hand them to the inbox."""
        now = time.monotonic()
        self._heard = now
        self._framer.keys = self._listener.keys()
        self._fed += len(data)
        self._framer.receive_data(data)
        self._drawn = 0.0
        self._drain(now)
        if self._drawn and (delay := self._rate.draw(self._drawn, now)):
            self.hold("rate", True)
            asyncio.get_running_loop().call_later(delay, self.hold, "rate", False)

    def _drain(self, now: float) -> None:
        """Take every event the framer has."""
        frames = 0
        while self._framer.offset != self._fed:
            event = self._framer.next_event()
            if isinstance(event, hj212.NeedData):
                break
            if isinstance(event, hj212.Frame):
                frames += 1
                self._take(event, now)
            elif not self._reject(event.code, event.raw, now):
                break
        if self._framer.offset == self._fed:
            self._begun = None
        elif frames or self._begun is None:
            self._begun = now

    def _take(self, frame: hj212.Frame, now: float) -> None:
        header = hj212.header(frame.segment)
        self._listener.meters.received += 1
        verdict = None if self._unchecked else self._verdict(header)
        if verdict is not None:
            self._keep(frame, header, now, verdict)
            return
        self._unchecked.append((frame, header, now))
        if len(self._unchecked) == 1:
            self.hold("password", True)
            task = asyncio.get_running_loop().create_task(self._check())
            self._listener.checks.add(task)
            task.add_done_callback(self._listener.checks.discard)

    def _verdict(self, header: hj212.Header) -> credentials.Verdict | None:
        """Return what is known of the frame's password, None if it has to be checked first."""
        guard = self._listener.guard
        secret = guard.secret_of(header.mn) if guard is not None else None
        if guard is None or secret is None:
            return credentials.Verdict.RIGHT
        held = self._verdicts.get((header.mn, header.pw))
        if held is not None and held[0] == secret:
            return held[1]
        found = guard.verdict(secret, header.pw)
        if found is not None:
            self._remember(header, secret, found)
        return found

    def _remember(
        self, header: hj212.Header, secret: credentials.Secret, verdict: credentials.Verdict
    ) -> None:
        self._verdicts[header.mn, header.pw] = (secret, verdict)
        guard = self._listener.guard
        if verdict is credentials.Verdict.RIGHT or guard is None:
            return
        self._wrong[header.mn] += 1
        if self._wrong[header.mn] > guard.wrong_per_connection:
            self._end("passwords")

    async def _check(self) -> None:
        """Check the passwords of waiting frames in their order, and read on when none waits any more."""
        guard = self._listener.guard
        while guard is not None and self._unchecked:
            frame, header, now = self._unchecked[0]
            verdict = self._verdict(header)
            if verdict is None and (secret := guard.secret_of(header.mn)) is not None:
                verdict = await guard.check(secret, header.pw)
                self._remember(header, secret, verdict)
            self._unchecked.popleft()
            self._keep(frame, header, now, verdict or credentials.Verdict.RIGHT)
        self.hold("password", False)

    def _keep(
        self, frame: hj212.Frame, header: hj212.Header, now: float, verdict: credentials.Verdict
    ) -> None:
        """Hand a frame to the inbox with what is known of its sender."""
        meters = self._listener.meters
        known = self._listener.register.knows(header.mn)
        refused = verdict is credentials.Verdict.REFUSED
        mn = header.mn if known else _printable(header.mn)
        self._drawn += 1.0 if known and not refused else UNREGISTERED
        state, error = journals.State.REGISTERED, ""
        if not known:
            meters.unregistered += 1
            state = journals.State.UNREGISTERED
        elif verdict is not credentials.Verdict.RIGHT:
            meters.wrong_password += 1
            error = journals.PASSWORD
            state = journals.State.REFUSED if refused else state
        entry = journals.Entry(
            time.time_ns() // 1000, self._peer, state, error, mn, _printable(header.cn), frame.raw
        )
        controller = self._listener.controller
        proven = known and verdict is credentials.Verdict.RIGHT
        if controller is not None and proven and self in self._listener.connections:
            controller.heard(self, header, frame)
        # What was refused is not taken charge of: the same bytes may come again when the register is right.
        key = inbox.digest(frame.raw) if header.qn and not refused else b""
        answer = conversation.answer(header) if known and not refused else b""
        self._listener.inbox.put(inbox.Arrival(entry, key, now, self._release, answer))

    def _reject(self, code: str, raw: bytes, now: float) -> bool:
        """Keep a piece that is no frame; close a peer that sends nothing else. False once it is closed."""
        self._listener.meters.bad += 1
        if self._faults.draw(1.0, now):
            self._end("faults")
            return False
        entry = journals.Entry(
            time.time_ns() // 1000, self._peer, journals.State.BAD, code, "", "", bytes(raw)
        )
        self._listener.inbox.put(inbox.Arrival(entry, b"", now, self._release, b""))
        return True

    def send(self, frame: bytes) -> None:
        """Send a frame of our own."""
        self._write(frame)

    def _write(self, answers: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(answers)

    def pause_writing(self) -> None:
        """Read no more from a peer that does not read its answers."""
        self.hold("unsent", True)

    def resume_writing(self) -> None:
        """Read again."""
        self.hold("unsent", False)

    def hold(self, reason: str, held: bool) -> None:
        """Stop reading for a reason, or drop the reason and read again when there is no other."""
        before = bool(self._holds)
        (self._holds.add if held else self._holds.discard)(reason)
        if self._transport.is_closing() or before == bool(self._holds):
            return
        if self._holds:
            self._transport.pause_reading()
        else:
            self._heard = time.monotonic()
            self._begun = None if self._begun is None else self._heard
            self._transport.resume_reading()

    def expire(self, now: float) -> None:
        """Close the line if it is silent, or has left a frame unfinished, for too long."""
        if self._holds - {"unsent"}:
            return
        if now - self._heard > self._limits.idle:
            self._end("idle")
        elif self._begun is not None and now - self._begun > self._limits.partial:
            self._end("partial")

    def _end(self, cause: str) -> None:
        if not self._transport.is_closing():
            self._listener.meters.closed_for_cause[cause] += 1
            log.info("closing %s: %s", self._peer, cause)
            self._transport.close()

    def close(self, *, abort: bool = False) -> None:
        """Close the line, after what waits to be sent unless ``abort``."""
        (self._transport.abort if abort else self._transport.close)()


def _printable(text: str) -> str:
    """Return a field as text that every database can hold, bounded."""
    return (text if text.isascii() and text.isprintable() else ascii(text))[:LONGEST_MN]


async def serve(
    host: str,
    port: int,
    *,
    journal: journals.Journal,
    register: Register,
    stop: asyncio.Event,
    limits: bounds.Limits | None = None,
    meters: gauges.Meters | None = None,
    tolerant: bool = False,
    guard: credentials.Guard | None = None,
    controller: Controller | None = None,
    keys: Callable[[], hj212.Keys | None] = lambda: None,
    on_ready: Callable[[int], None] | None = None,
    on_commit: Callable[[], None] | None = None,
) -> None:
    """Listen until ``stop`` is set; then stop accepting, write and acknowledge what waits, and close.

    Parameters
    ----------
    host, port
        Address to listen at; port 0 takes any free one.
    journal
        Where arrivals are kept.
    register
        Tells registered MN from others.
    stop
        Set it to end.
    limits, meters
        Bounds of the listener, and counters to keep.
    tolerant
        Accept the known deviations of real devices (`hj212.Framer`).
    guard
        Checks passwords; without one they are not looked at.
    controller
        Sends orders to sites; without one none are sent.
    keys
        Returns the keys of the sites that encrypt now, None where none does.
    on_ready
        Called with the port once connections are accepted.
    on_commit
        Called after every transaction, from the writing thread.

    Raises
    ------
    OSError
        If the address cannot be bound.
    """
    limits = limits or bounds.Limits()
    meters = meters or gauges.Meters()
    listener = Listener(
        register=register,
        limits=limits,
        meters=meters,
        tolerant=tolerant,
        guard=guard,
        controller=controller,
        keys=keys,
    )
    listener.inbox = box = inbox.Inbox(
        journal, limits=limits, meters=meters, on_pressure=listener.press, on_commit=on_commit
    )
    await register.refresh()
    kept = journal.tail(max(0, journal.last() - REMEMBERED), REMEMBERED)
    box.remember(stored.raw for stored in kept if stored.state not in journals.REJECTED)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(listener), host, port, backlog=1024)
    writing = loop.create_task(box.run(time.monotonic))
    minding = loop.create_task(_mind(listener))
    beside = [loop.create_task(controller.follow())] if controller is not None else []
    if on_ready is not None:
        on_ready(server.sockets[0].getsockname()[1])
    stopping = loop.create_task(stop.wait())
    try:
        await asyncio.wait([stopping, writing, minding], return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.close()
        await _shut_down(listener, writing, [minding, stopping, *beside])
        if controller is not None:
            await controller.drain()


async def _mind(listener: Listener) -> None:
    """Close what must be closed, and follow the register."""
    while True:
        await asyncio.sleep(SWEEP)
        listener.sweep(time.monotonic())
        await listener.register.refresh()


async def _shut_down(
    listener: Listener, writing: asyncio.Task[None], others: list[asyncio.Task[Any]]
) -> None:
    for connection in list(listener.connections):
        connection.hold("shutdown", True)
    await asyncio.gather(*listener.checks, return_exceptions=True)
    listener.inbox.close()
    for task in others:
        task.cancel()
    results = await asyncio.gather(writing, *others, return_exceptions=True)
    for connection in list(listener.connections):
        connection.close()
    deadline = time.monotonic() + LINGER
    while listener.connections and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    for connection in list(listener.connections):
        connection.close(abort=True)
    for result in results:
        if isinstance(result, Exception):
            raise result


def raise_file_limit() -> None:
    """Let this process hold as many sockets as the system allows it."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
