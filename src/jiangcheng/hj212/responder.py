"""The other side of an exchange: what was heard before is answered again, not done again.

A command that got lost on its way back is sent again with the same QN (HJ 212-2017 table 1), so whoever executes it
must know it by (MN, QN, CN, PNO).
"""

from __future__ import annotations

import collections
import enum
from typing import NamedTuple

from jiangcheng.hj212 import commands, replies
from jiangcheng.hj212.messages import Message


class Todo(enum.Enum):
    """What is to be done about a message."""

    NOTHING = "an answer, or what wants none"
    TAKE = "take it: it is new"
    EXECUTE = "execute it, then call `finish`"
    REPEATED = "nothing: it came before, and only the answer is given again"


class Answer(NamedTuple):
    """What is to be done, and the frames to send now, in their order."""

    todo: Todo
    frames: tuple[bytes, ...]


Key = tuple[str, str, str, int]


class Responder:
    """Answer requests, uploads and notices of the other side, each of them once.

    Parameters
    ----------
    role : {'host', 'site'}
        Which side we are.
    remember : int
        How many messages are known again; the oldest is forgotten.
    """

    def __init__(self, role: str, *, remember: int = 4_096) -> None:
        self._heard: commands.Direction = "up" if role == "host" else "down"
        self.remember = remember
        self._given: collections.OrderedDict[Key, list[bytes]] = collections.OrderedDict()

    def hear(self, message: Message, *, refuse: int | None = None) -> Answer:
        """Take a message and answer it.

        Parameters
        ----------
        refuse : int or None
            Refuse a request with this QnRtn, a key of `replies.QN_RTN` other than 1.
        """
        command = commands.find(message.cn, direction=self._heard, edition=message.version)
        if command is None or command.kind == "reply":
            return Answer(Todo.NOTHING, ())
        # Without a number nothing can be known again.
        known = self._given.get(message.key) if message.qn else None
        if known is not None:
            return Answer(Todo.REPEATED, tuple(known) if message.answer_wanted else ())
        frames = _first_answer(command.kind, message, refuse) if message.answer_wanted else []
        if message.qn:
            self._given[message.key] = frames
            if len(self._given) > self.remember:
                self._given.popitem(last=False)
        executes = command.kind == "request" and refuse is None
        return Answer(Todo.EXECUTE if executes else Todo.TAKE, tuple(frames))

    def finish(self, request: Message, *, result: int = 1) -> tuple[bytes, ...]:
        """Return 9012 for an executed request, if it wanted answers; a repeated request gets it too."""
        if not request.answer_wanted:
            return ()
        frame = replies.reply_result(request, result=result)
        given = self._given.get(request.key)
        if given is not None:
            given.append(frame)
        return (frame,)


def _first_answer(kind: commands.Kind, message: Message, refuse: int | None) -> list[bytes]:
    if kind == "upload":
        return [replies.reply_data(message)]
    if kind == "notice":
        return [replies.reply_notice(message)]
    return [replies.reply_request(message, result=1 if refuse is None else refuse)]
