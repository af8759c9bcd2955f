"""The course of an exchange as a table (HJ 212-2017 clause 6.2, figures of the three kinds of exchange)."""

from __future__ import annotations

import enum
from typing import Final

from jiangcheng.hj212.errors import LocalProtocolError


class State(enum.Enum):
    """Where an exchange that we began stands."""

    ASKED = "request sent, 9011 awaited"
    EXECUTING = "request accepted, data or 9012 awaited"
    REPORTED = "upload sent, 9014 awaited"
    NOTIFIED = "notice sent, 9013 awaited"
    DONE = "answered"
    REFUSED = "refused by 9011"
    LOST = "never answered"


class Trigger(enum.Enum):
    """What moves an exchange."""

    ACCEPTED = "9011 with QnRtn 1"
    DECLINED = "9011 with another QnRtn"
    DATA = "data with the QN of the request"
    RESULT = "9012"
    NOTED = "9013"
    RECEIVED = "9014"
    UNANSWERED = "no answer after the last re-send"


FIRST: Final[dict[str, State]] = {
    "request": State.ASKED,
    "upload": State.REPORTED,
    "notice": State.NOTIFIED,
}
"""State after sending, by the kind of the command."""

# 9012 may overtake a lost 9011, and a site that answers with data has accepted.
TRANSITIONS: Final[dict[tuple[State, Trigger], State]] = {
    (State.ASKED, Trigger.ACCEPTED): State.EXECUTING,
    (State.ASKED, Trigger.DECLINED): State.REFUSED,
    (State.ASKED, Trigger.DATA): State.EXECUTING,
    (State.ASKED, Trigger.RESULT): State.DONE,
    (State.ASKED, Trigger.UNANSWERED): State.LOST,
    (State.EXECUTING, Trigger.ACCEPTED): State.EXECUTING,
    (State.EXECUTING, Trigger.DATA): State.EXECUTING,
    (State.EXECUTING, Trigger.RESULT): State.DONE,
    (State.EXECUTING, Trigger.UNANSWERED): State.LOST,
    (State.REPORTED, Trigger.RECEIVED): State.DONE,
    (State.REPORTED, Trigger.UNANSWERED): State.LOST,
    (State.NOTIFIED, Trigger.NOTED): State.DONE,
    (State.NOTIFIED, Trigger.UNANSWERED): State.LOST,
}

FINAL: Final = frozenset({State.DONE, State.REFUSED, State.LOST})
"""States that nothing leaves."""


def advance(state: State, trigger: Trigger) -> State:
    """Return the next state.

    Raises
    ------
    LocalProtocolError
        The table knows no such step.
    """
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise LocalProtocolError(f"{trigger.name} does not fit {state.name}") from None
