"""One line between a host and a site: bytes in, messages out, and what is still owed an answer.

Nothing here opens a socket or reads a clock. Time enters as `now`, seconds of any clock that only goes forward;
`deadline` says when to call `elapse` next.
"""

from __future__ import annotations

import collections
from dataclasses import dataclass
from typing import Final, Literal

from jiangcheng.hj212 import codec, commands, sm4
from jiangcheng.hj212.errors import FrameError, LocalProtocolError, RemoteProtocolError
from jiangcheng.hj212.exchange import Exchange, Limits, Resend, Unanswered
from jiangcheng.hj212.framing import Framer
from jiangcheng.hj212.messages import NEED_DATA, ErrorEvent, Message, NeedData
from jiangcheng.hj212.states import FIRST

__all__ = ["Connection", "Exchange", "Idle", "Limits", "Resend", "Role", "Unanswered"]

Role = Literal["host", "site"]


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing was heard for `Limits.idle`."""

    since: float


# What ended is kept until it is fetched, but not without limit.
_KEPT: Final = 1_024


class Connection:
    """The state of one line.

    Parameters
    ----------
    role : {'host', 'site'}
        Which side we are.
    limits : Limits
        What the line may cost.
    tolerant : bool
        Take deviating frames and messages, and list what deviates.
    keys : Keys or None
        Keys of the loggers that encrypt, by MN. Messages of 2025 in the scope of encryption are then sent encrypted
        with the first key of their logger, where it has one.
    """

    def __init__(
        self,
        role: Role,
        *,
        limits: Limits | None = None,
        tolerant: bool = False,
        keys: sm4.Keys | None = None,
    ) -> None:
        self.role = role
        self.limits = limits or Limits()
        self.tolerant = tolerant
        self.keys = keys
        self._framer = Framer(self.limits.max_frame, tolerant=tolerant, keys=keys)
        self._open: dict[tuple[str, str], Exchange] = {}
        self._ended: collections.deque[Exchange] = collections.deque(maxlen=_KEPT)
        self._heard_at: float | None = None

    # --- in

    def receive_data(self, data: bytes, *, now: float | None = None) -> None:
        """Take bytes; with `now` the line is known to be alive at that time. Empty bytes mean that it closed."""
        if not data:
            self._framer.finish()
            return
        self._framer.receive_data(data)
        if now is not None:
            self._heard_at = now

    def next_message(self) -> Message | ErrorEvent | NeedData:
        """Return the next message, the next error, or `NEED_DATA`; no bytes make it raise."""
        event = self._framer.next_event()
        if isinstance(event, NeedData):
            return NEED_DATA
        if isinstance(event, FrameError):
            return ErrorEvent(event)
        try:
            message = codec.decode(event, tolerant=self.tolerant, keys=self.keys)
        except RemoteProtocolError as error:
            return ErrorEvent(error.error, event)
        self._note_answer(message)
        return message

    def _note_answer(self, message: Message) -> None:
        exchange = self._exchange_of(message)
        if exchange is not None and exchange.hear(message, now=self._heard_at):
            self._close_if_ended(exchange)

    def _exchange_of(self, message: Message) -> Exchange | None:
        qn = message.qn or message.params.get("QN", "")
        exchange = self._open.get((message.mn, qn))
        if exchange is not None or message.cn.startswith("9"):
            return exchange
        return next((open_one for open_one in self._open.values() if open_one.takes(message)), None)

    def _close_if_ended(self, exchange: Exchange) -> None:
        if exchange.outcome is not None:
            del self._open[exchange.message.mn, exchange.message.qn]
            self._ended.append(exchange)

    def settled(self) -> tuple[Exchange, ...]:
        """Return the exchanges that ended since the last call, each once; at most the last 1,024."""
        ended = tuple(self._ended)
        self._ended.clear()
        return ended

    # --- out

    def send(self, message: Message, *, now: float | None = None) -> bytes:
        """Return the frame of a message, and remember it when the other side owes an answer.

        Raises
        ------
        LocalProtocolError
            The message cannot be written; or an answer is wanted and `now` is missing, the QN is missing or still
            open, or too many exchanges are open.
        """
        frame = codec.encode(message, key=self._key(message))
        direction: commands.Direction = "down" if self.role == "host" else "up"
        command = commands.find(message.cn, direction=direction, edition=message.version)
        if command is None or command.kind not in FIRST or not message.answer_wanted:
            return frame
        if now is None:
            raise LocalProtocolError("a message that wants an answer needs the time of sending")
        key = (message.mn, message.qn)
        if not message.qn or key in self._open:
            raise LocalProtocolError(f"QN {message.qn!r} cannot name a new exchange")
        if len(self._open) >= self.limits.max_open:
            raise LocalProtocolError(f"{len(self._open)} exchanges are open already")
        self._open[key] = Exchange.begin(message, frame, kind=command.kind, limits=self.limits, now=now)
        return frame

    def _key(self, message: Message) -> bytes | None:
        if self.keys is None or message.version != "2025" or not sm4.in_scope(message.cn):
            return None
        return next(iter(self.keys(message.mn)), None)

    # --- time

    @property
    def open_exchanges(self) -> tuple[Exchange, ...]:
        """What we began and has not been answered in full, oldest first."""
        return tuple(self._open.values())

    def deadline(self) -> float | None:
        """Return when `elapse` has something to do, or None."""
        times = [exchange.due for exchange in self._open.values()]
        if self._heard_at is not None:
            times.append(self._heard_at + self.limits.idle)
        return min(times, default=None)

    def elapse(self, now: float) -> tuple[Resend | Unanswered | Idle, ...]:
        """Return what the passing of time asks for: frames to send again, exchanges lost, a silent line."""
        happened: list[Resend | Unanswered | Idle] = []
        for exchange in list(self._open.values()):
            if step := exchange.elapse(now):
                happened.append(step)
                self._close_if_ended(exchange)
        if self._heard_at is not None and self._heard_at + self.limits.idle <= now:
            happened.append(Idle(self._heard_at))
            self._heard_at = None
        return tuple(happened)
