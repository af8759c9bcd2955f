"""One line between a host and a site: bytes in, messages out, and what is still owed an answer.

Nothing here opens a socket or reads a clock. Time enters as `now`, seconds of any clock that only goes forward;
`deadline` says when to call `elapse` next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from jiangcheng.hj212 import codec, commands, framing, sm4
from jiangcheng.hj212.errors import FrameError, LocalProtocolError, RemoteProtocolError
from jiangcheng.hj212.framing import Framer
from jiangcheng.hj212.messages import NEED_DATA, ErrorEvent, Message, NeedData
from jiangcheng.hj212.states import FINAL, FIRST, State, Trigger, advance

Role = Literal["host", "site"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one line may cost.

    Attributes
    ----------
    max_frame : int
        Longest frame [bytes]; the standard's data segment is 1,024, four digits declare at most 9,999.
    over_time : float
        How long to wait for an answer [s]; HJ 212-2017 table 1 gives 5 s for ADSL and 10 s for mobile networks.
    re_count : int
        How often to send again; table 1 gives 3.
    idle : float
        Silence after which the other side counts as gone [s]. Real-time data come every 30 s to 3,600 s
        (RtdInterval); minute data at most every 30 min.
    max_open : int
        Exchanges that may wait for an answer at a time; HTTP/2 (RFC 9113, 6.5.2) recommends no fewer than 100.
    """

    max_frame: int = framing.MAX_FRAME
    over_time: float = 10.0
    re_count: int = 3
    idle: float = 3_900.0
    max_open: int = 100


@dataclass(slots=True)
class Exchange:
    """Something we began: the message, its frame, where it stands, and when it is due."""

    message: Message
    frame: bytes
    state: State
    due: float
    sent: int = 1


@dataclass(frozen=True, slots=True)
class Resend:
    """Send these bytes again: the same frame with the same QN."""

    exchange: Exchange
    frame: bytes


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The other side did not answer after the last re-send; the link counts as down (HJ 212-2017 table 1)."""

    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing was heard for `Limits.idle`."""

    since: float


_ANSWERS: Final = {"9012": Trigger.RESULT, "9013": Trigger.NOTED, "9014": Trigger.RECEIVED}


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
        qn = message.qn or message.params.get("QN", "")
        exchange = self._open.get((message.mn, qn))
        trigger = _trigger(message)
        if exchange is None or trigger is None:
            return
        try:
            exchange.state = advance(exchange.state, trigger)
        except LocalProtocolError:
            return  # an answer of the wrong kind does not settle what we asked
        exchange.sent = 1
        if self._heard_at is not None:
            exchange.due = self._heard_at + self.limits.over_time
        if exchange.state in FINAL:
            del self._open[message.mn, qn]

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
        due = now + self.limits.over_time
        self._open[key] = Exchange(message, frame, FIRST[command.kind], due)
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
        due = [(key, exchange) for key, exchange in self._open.items() if exchange.due <= now]
        happened = [self._overdue(key, exchange, now) for key, exchange in due]
        if self._heard_at is not None and self._heard_at + self.limits.idle <= now:
            silence: list[Resend | Unanswered | Idle] = [Idle(self._heard_at)]
            self._heard_at = None
            return (*happened, *silence)
        return tuple(happened)

    def _overdue(self, key: tuple[str, str], exchange: Exchange, now: float) -> Resend | Unanswered:
        # What the site has begun to execute must not be sent twice; only the wait for 9012 is counted.
        if exchange.sent > self.limits.re_count or exchange.state is State.EXECUTING:
            exchange.state = advance(exchange.state, Trigger.UNANSWERED)
            del self._open[key]
            return Unanswered(exchange)
        exchange.sent += 1
        exchange.due = now + self.limits.over_time
        return Resend(exchange, exchange.frame)


def _trigger(message: Message) -> Trigger | None:
    if message.cn == "9011":
        return Trigger.ACCEPTED if message.params.get("QnRtn") == "1" else Trigger.DECLINED
    if message.cn in _ANSWERS:
        return _ANSWERS[message.cn]
    known = commands.find(message.cn, direction="up", edition=message.version)
    return Trigger.DATA if known is not None and known.kind == "upload" else None
