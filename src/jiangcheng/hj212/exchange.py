"""One exchange that we began: what it waits for, when it is due, and how it ended.

An exchange ends once, in one of three ways: done, refused, or timed out. What comes late, twice, or not at all
changes which, never how often.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace
from typing import Final

from jiangcheng.hj212 import commands, framing
from jiangcheng.hj212.errors import LocalProtocolError
from jiangcheng.hj212.messages import Message
from jiangcheng.hj212.states import FINAL, FIRST, State, Trigger, advance


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
    execution : float or None
        How long to wait for 9012 or more data, once the site has begun [s]; None is `over_time`. A calibration
        takes minutes.
    longest : float
        How long an exchange may take in all, however much is heard of it [s].
    """

    max_frame: int = framing.MAX_FRAME
    over_time: float = 10.0
    re_count: int = 3
    idle: float = 3_900.0
    max_open: int = 100
    execution: float | None = None
    longest: float = 3_600.0

    def told(self, message: Message) -> Limits:
        """Return the limits that command 1000 asks for; what it does not say, or says wrongly, stays."""
        over_time, re_count = (message.params.get(name, "") for name in ("OverTime", "ReCount"))
        limits = self
        if _is_count(over_time):
            limits = replace(limits, over_time=float(over_time))
        return replace(limits, re_count=int(re_count)) if _is_count(re_count) else limits


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text[:3]) < 100


class Outcome(enum.Enum):
    """How an exchange ended."""

    DONE = "answered in full"
    REFUSED = "refused by 9011"
    TIMED_OUT = "never answered, or not in time"


OUTCOMES: Final[dict[State, Outcome]] = {
    State.DONE: Outcome.DONE,
    State.REFUSED: Outcome.REFUSED,
    State.LOST: Outcome.TIMED_OUT,
}
"""Outcome by final state."""

_ANSWERS: Final = {"9012": Trigger.RESULT, "9013": Trigger.NOTED, "9014": Trigger.RECEIVED}


@dataclass(slots=True)
class Exchange:
    """Something we began.

    Attributes
    ----------
    message, frame : Message, bytes
        What was sent.
    state : State
        Where it stands.
    due : float
        When `elapse` has something to do.
    sent : int
        How often it was sent in this state.
    limits : Limits
        How long and how often.
    begun : float
        When it was first sent.
    reply : int or None
        QnRtn of 9011, a key of `replies.QN_RTN`.
    result : int or None
        ExeRtn of 9012, a key of `replies.EXE_RTN`; an exchange may be done and have failed.
    data : int
        How many messages with data were heard.
    strays : int
        How many answers did not fit: doubled, of the wrong kind, or too late.
    """

    message: Message
    frame: bytes
    state: State
    due: float
    sent: int = 1
    limits: Limits = field(default_factory=Limits)
    begun: float = 0.0
    reply: int | None = None
    result: int | None = None
    data: int = 0
    strays: int = 0

    @classmethod
    def begin(cls, message: Message, frame: bytes, *, kind: str, limits: Limits, now: float) -> Exchange:
        """Return the exchange that sending a command of a kind begins."""
        due = now + min(limits.over_time, limits.longest)
        return cls(message, frame, FIRST[kind], due, limits=limits, begun=now)

    @property
    def outcome(self) -> Outcome | None:
        """How it ended, None while it has not."""
        return OUTCOMES.get(self.state)

    @property
    def succeeded(self) -> bool:
        """Whether it is done and, for a request, was executed (ExeRtn 1)."""
        return self.state is State.DONE and self.result in (None, 1)

    def takes(self, message: Message) -> bool:
        """Return whether a message with a number of its own brings data that we asked for.

        History is sent under its own QN (HJ 212-2017 annex C); it is told from what the site reports anyway by the
        command and, where we named a period, by its time.
        """
        if (
            self.state is not State.EXECUTING
            or message.cn != self.message.cn
            or message.mn != self.message.mn
        ):
            return False
        begin, end = (self.message.params.get(name, "") for name in ("BeginTime", "EndTime"))
        moment = message.params.get("DataTime", "")
        return not begin or not end or begin <= moment <= end

    def hear(self, message: Message, *, now: float | None = None) -> bool:
        """Take an answer; return whether it fitted. Without `now` the due time stays."""
        trigger = trigger_of(message)
        try:
            state = advance(self.state, trigger) if trigger is not None else None
        except LocalProtocolError:
            state = None
        if state is None:
            self.strays += 1
            return False
        self._note(trigger, message)
        self.state, self.sent = state, 1
        if now is not None and state not in FINAL:
            self.due = min(now + self._wait(), self.begun + self.limits.longest)
        return True

    def _note(self, trigger: Trigger | None, message: Message) -> None:
        if trigger in (Trigger.ACCEPTED, Trigger.DECLINED):
            self.reply = _number(message, "QnRtn")
        elif trigger is Trigger.RESULT:
            self.result = _number(message, "ExeRtn")
        elif trigger is Trigger.DATA:
            self.data += 1

    def _wait(self) -> float:
        executing = self.state is State.EXECUTING and self.limits.execution is not None
        return self.limits.execution or 0.0 if executing else self.limits.over_time

    def elapse(self, now: float) -> Resend | Unanswered | None:
        """Return what the passing of time asks for: the frame to send again, or the end."""
        if self.state in FINAL or now < self.due:
            return None
        # What the site has begun to execute must not be sent twice; only the wait for 9012 is counted.
        over = self.sent > self.limits.re_count or now >= self.begun + self.limits.longest
        if over or self.state is State.EXECUTING:
            self.state = advance(self.state, Trigger.UNANSWERED)
            return Unanswered(self)
        self.sent += 1
        self.due = min(now + self.limits.over_time, self.begun + self.limits.longest)
        return Resend(self, self.frame)


@dataclass(frozen=True, slots=True)
class Resend:
    """Send these bytes again: the same frame with the same QN."""

    exchange: Exchange
    frame: bytes


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The other side did not answer after the last re-send; the link counts as down (HJ 212-2017 table 1)."""

    exchange: Exchange


def trigger_of(message: Message) -> Trigger | None:
    """Return what a message can move, None where it answers nothing."""
    if message.cn == "9011":
        return Trigger.ACCEPTED if message.params.get("QnRtn") == "1" else Trigger.DECLINED
    if message.cn in _ANSWERS:
        return _ANSWERS[message.cn]
    known = commands.find(message.cn, direction="up", edition=message.version)
    return Trigger.DATA if known is not None and known.kind == "upload" else None


def _number(message: Message, name: str) -> int | None:
    text = message.params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 3 else None
