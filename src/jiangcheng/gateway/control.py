"""Remote control on the line: approved orders go to their sites, and what the sites say comes back.

The controller lives in the event loop beside the listener. It knows over which connection an MN last spoke and
with which header fields; a command goes out over that connection with the site's own ST, PW and edition, under
a QN of its own, and is sent again with the same QN when 9011 does not come (HJ 212-2017 clause 6.2 and table 1).
One command at a time is under way to one MN. Work on the database is done in a thread.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from django.db import close_old_connections
from django.utils import timezone

from jiangcheng import hj212
from jiangcheng.gateway import catalogue, client, orders
from jiangcheng.hj212 import commands, flags, replies

log = logging.getLogger(__name__)

POLL = 1.0
"""Seconds between two looks at the table of orders."""
LARGEST_ANSWER = 200
"""Fields of an answer that are kept with the order; everything is in the journal."""
TIME_ASKED = "1013"
State = orders.State


class Sender(Protocol):
    """A line to a site."""

    def send(self, frame: bytes) -> None:
        """Send a frame."""


@dataclasses.dataclass(slots=True)
class Line:
    """Over which connection an MN speaks, and how."""

    sender: Sender
    header: hj212.Header


@dataclasses.dataclass(slots=True)
class Open:
    """An order under way."""

    pk: int
    mn: str
    command: catalogue.Command
    conversation: hj212.Connection
    exchange: hj212.Exchange
    ends: float
    """Monotonic time by which it must be over."""
    frames: int = 0
    """Data frames that came for it."""


Runner = Callable[..., Awaitable[Any]]


async def in_thread(work: Callable[..., Any], **arguments: Any) -> Any:
    """Do a piece of work on the database away from the event loop."""
    return await asyncio.to_thread(_on_fresh_connection, work, arguments)


def _on_fresh_connection(work: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    close_old_connections()
    try:
        return work(**arguments)
    finally:
        close_old_connections()


class Controller:
    """Sends approved orders and reads what comes of them.

    Parameters
    ----------
    name
        Of this gateway, noted with what it sends.
    clock
        The time, UTC.
    run
        Does work on the database; by default in a thread.
    over_time
        Seconds to wait for an answer; by default those of the catalogue.
    keys
        Returns the keys of the sites that encrypt now.
    """

    def __init__(
        self,
        *,
        name: str,
        clock: Callable[[], dt.datetime],
        run: Runner = in_thread,
        over_time: float | None = None,
        poll: float = POLL,
        keys: Callable[[], hj212.Keys | None] = lambda: None,
    ) -> None:
        self._keys = keys
        self._name = name
        self._clock = clock
        self._run = run
        self._over_time = over_time
        self._poll = poll
        self._lines: dict[str, Line] = {}
        self._names: dict[Sender, set[str]] = {}
        self._open: dict[str, Open] = {}
        self._notes: asyncio.Queue[tuple[Callable[..., Any], dict[str, Any]]] = asyncio.Queue()

    # --- what the listener tells

    def heard(self, sender: Sender, header: hj212.Header, frame: hj212.Frame) -> None:
        """Note that an MN spoke over a connection; called for every frame that is taken in."""
        line = self._lines.get(header.mn)
        if line is None or line.sender is not sender:
            self._names.setdefault(sender, set()).add(header.mn)
            self._lines[header.mn] = Line(sender, header)
        elif header.st != replies.INTERACTION:
            line.header = header
        order = self._open.get(header.mn)
        if order is not None:
            self._read(order, frame)
        if header.cn == TIME_ASKED:
            self._note(orders.time_asked, mn=header.mn, parameters=_instrument(frame))

    def gone(self, sender: Sender) -> None:
        """Forget a connection that has ended."""
        for mn in self._names.pop(sender, ()):
            if self._lines[mn].sender is sender:
                del self._lines[mn]

    def is_online(self, mn: str) -> bool:
        """Tell whether an MN has a connection to this gateway."""
        return mn in self._lines

    # --- what comes from the site

    def _read(self, order: Open, frame: hj212.Frame) -> None:
        order.conversation.receive_data(frame.raw, now=time.monotonic())
        message = order.conversation.next_message()
        if not isinstance(message, hj212.Message):
            return
        number = message.qn or message.params.get("QN", "")
        if number != order.exchange.message.qn:
            # History comes in frames with numbers of their own (HJ 212-2017 annex C, 2031 to 2061).
            order.frames += message.cn == order.command.cn and message.st != replies.INTERACTION
            return
        if message.cn == "9011":
            self._requested(order, message.params.get("QnRtn", ""))
        elif message.cn in ("9012", "9013"):
            code = message.params.get("ExeRtn", "") if message.cn == "9012" else "1"
            self._finish(order, State.EXECUTED if code == "1" else State.FAILED,
                         f"ExeRtn={code}" if message.cn == "9012" else "9013")  # fmt: skip
        else:
            order.frames += 1
            order.exchange.due = order.ends
            fields = dict(list(message.params.items())[:LARGEST_ANSWER])
            factors = dict(list(message.factors.items())[:LARGEST_ANSWER])
            self._note(orders.answered, pk=order.pk, answer={"cn": message.cn, "fields": fields,
                                                             "factors": factors})  # fmt: skip

    def _requested(self, order: Open, code: str) -> None:
        if order.exchange.state is hj212.State.REFUSED:
            self._finish(order, State.FAILED, f"QnRtn={code}")
            return
        # Between 9011 and 9012 lies the work itself, for which a time-out of the line is too short.
        order.exchange.due = order.ends
        self._note(
            orders.advance, pk=order.pk, state=State.ANSWERED, details={"QnRtn": code}, result=f"QnRtn={code}"
        )

    def _finish(self, order: Open, state: str, result: str) -> None:
        del self._open[order.mn]
        details = {"result": result, "frames": order.frames, "sent": order.exchange.sent}
        self._note(orders.advance, pk=order.pk, state=state, details=details, result=result)

    def _note(self, work: Callable[..., Any], **arguments: Any) -> None:
        self._notes.put_nowait((work, {**arguments, "now": self._clock()}))

    # --- what goes to the site

    async def follow(self) -> None:
        """Look for orders, send again what is not answered, and write down what happened, until cancelled."""
        writing = asyncio.get_running_loop().create_task(self._write())
        try:
            while True:
                await asyncio.sleep(self._poll)
                try:
                    self._elapse(time.monotonic())
                    await self._look()
                except Exception:
                    # Whatever it is, the other orders must still go out.
                    log.exception("the orders cannot be followed")
        finally:
            writing.cancel()

    async def drain(self) -> None:
        """Write down what has not been written yet."""
        while not self._notes.empty():
            await self._write_one(*self._notes.get_nowait())

    async def _write(self) -> None:
        while True:
            await self._write_one(*await self._notes.get())

    async def _write_one(self, work: Callable[..., Any], arguments: dict[str, Any]) -> None:
        try:
            await self._run(work, **arguments)
        except Exception:
            log.exception("a step of order %s could not be noted", arguments.get("pk"))

    async def _look(self) -> None:
        now = self._clock()
        await self._run(orders.sweep, now=now)
        for order in await self._run(orders.waiting, now=now):
            if order.mn in self._lines and order.mn not in self._open:
                await self._send(order)

    async def _send(self, order: orders.Waiting) -> None:
        now = self._clock()
        held = catalogue.catalogue(timezone.localdate(now))
        command = held.commands.get(order.command)
        line = self._lines[order.mn]
        if command is None or not _speaks(line.header.version, command):
            await self._run(orders.advance, pk=order.pk, state=State.FAILED, details={}, result="edition",
                            now=now)  # fmt: skip
            return
        over_time = held.over_time if self._over_time is None else self._over_time
        limits = hj212.Limits(over_time=over_time, re_count=held.re_count, idle=float("inf"))
        conversation = hj212.Connection("host", limits=limits, tolerant=True, keys=self._keys())
        qn = client.qn_of(now)
        whole = over_time * (1 + held.re_count) + command.execute_within
        try:
            message = _message(line.header, command, order, qn, now)
            frame = conversation.send(message, now=time.monotonic())
        except hj212.LocalProtocolError as error:
            details = {"error": str(error)[:200]}
            await self._run(orders.advance, pk=order.pk, state=State.FAILED, details=details,
                            result="unwritable", now=now)  # fmt: skip
            return
        shown = frame.replace(f"PW={message.pw};".encode("latin-1"), b"PW=***;").decode("latin-1").strip()
        claimed = await self._run(orders.claim, pk=order.pk, qn=qn, gateway=self._name, frame=shown,
                                  due_at=now + dt.timedelta(seconds=whole), now=now)  # fmt: skip
        if not claimed:
            return
        exchange = conversation.open_exchanges[0]
        ends = time.monotonic() + whole
        self._open[order.mn] = Open(order.pk, order.mn, command, conversation, exchange, ends)
        self._put(order.mn, frame)

    def _put(self, mn: str, frame: bytes) -> None:
        """Send over the connection the MN has now, if any; without one the next re-send may find one."""
        line = self._lines.get(mn)
        if line is not None:
            line.sender.send(frame)

    def _elapse(self, now: float) -> None:
        for order in list(self._open.values()):
            for event in order.conversation.elapse(now):
                if isinstance(event, hj212.Resend):
                    self._put(order.mn, event.frame)
                elif isinstance(event, hj212.Unanswered):
                    self._finish(order, State.TIMED_OUT, "unanswered")


def _instrument(frame: hj212.Frame) -> dict[str, str]:
    """Return which instrument a site asks for, empty for the logger itself."""
    try:
        params = hj212.decode(frame, tolerant=True).params
    except hj212.RemoteProtocolError:
        return {}
    return {"PolId": params["PolId"]} if params.get("PolId") else {}


def _speaks(edition: str, command: catalogue.Command) -> bool:
    """Tell whether an edition of the standard knows a command."""
    found = commands.find(command.cn, direction="down", edition=edition)
    return found is not None and edition in found.editions


def _message(
    header: hj212.Header, command: catalogue.Command, order: orders.Waiting, qn: str, now: dt.datetime
) -> hj212.Message:
    area = catalogue.wire(command, order.parameters, now=now)
    return hj212.compose(
        cn=command.cn,
        mn=order.mn,
        st=header.st,
        pw=header.pw,
        qn=qn,
        flag=flags.compose(header.version, answer=True),
        items=[hj212.item(name, text) for name, text in area],
    )
