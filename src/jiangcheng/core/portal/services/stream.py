"""Reading the live stream: one generator per open screen, in the text format of server-sent events."""

from __future__ import annotations

import asyncio
import collections
import datetime as dt
import json
from collections.abc import AsyncIterator, Callable
from typing import ParamSpec, TypeVar

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.db import close_old_connections

from jiangcheng.core.access.models import User
from jiangcheng.core.portal import queries
from jiangcheng.core.portal.models import LiveEvent
from jiangcheng.core.portal.services import metrics

P = ParamSpec("P")
R = TypeVar("R")

PERIOD = 1.0
"""Seconds between two looks."""
HEARTBEAT = 15
"""Looks without an event after which a comment keeps the proxies from closing the connection."""
TURNS = 600
"""Looks after which a stream ends; the browser comes back, and its log-in and rights are checked anew."""
LOOK_BACK = 50
"""Ids that are read again at each look: a transaction that took its id early may end late. Readers get an
event of these at most twice after a reconnect, and drop what they have by its id."""
RECENT = 20
"""Events a new screen starts with."""

_open: collections.Counter[int] = collections.Counter()


def open_streams(user_id: int) -> int:
    """Return how many streams a person has open in this process."""
    return _open[user_id]


async def follow(
    *, user: User | AnonymousUser, on: dt.date, language: str, after: int | None
) -> AsyncIterator[str]:
    """Yield what happens, for one person.

    Parameters
    ----------
    user, on
        Who looks, and the day whose rights count.
    language
        Which of the two texts of an event is sent.
    after
        Id of the last event the reader has, or None for a reader that starts with the latest ones.
    """
    key = user.pk or 0
    _open[key] += 1
    try:
        async for text in _follow(user, on, language, after):
            yield text
    finally:
        _open[key] -= 1


async def _follow(
    user: User | AnonymousUser, on: dt.date, language: str, after: int | None
) -> AsyncIterator[str]:
    scopes = await _read(queries.scopes, user=user, on=on)
    yield "retry: 3000\n\n"
    if after is None:
        after = await _read(queries.last_event_id)
        for event in await _read(queries.latest_events, scopes=scopes, count=RECENT, reader=user.pk):
            yield as_text(event, language)
    seen: collections.deque[int] = collections.deque(maxlen=2 * queries.MOST_AT_ONCE)
    quiet = 0
    for _ in range(TURNS):
        events = await _read(queries.events_after, event_id=after - LOOK_BACK)
        fresh = [event for event in events if event.id not in seen]
        for event in fresh:
            seen.append(event.id)
            after = max(after, event.id)
            if queries.may_see(event, scopes, user.pk):
                yield as_text(event, language)
                quiet = 0
        quiet += 1
        if quiet % HEARTBEAT == 0:
            yield ": still here\n\n"
        if len(events) < queries.MOST_AT_ONCE:
            await asyncio.sleep(PERIOD)


def as_text(event: LiveEvent, language: str) -> str:
    """Return an event as it goes over the wire: its id, and a line of JSON."""
    payload = dict(event.payload)
    texts = {"zh": payload.pop("text_zh", ""), "en": payload.pop("text_en", "")}
    data = {
        **payload,
        "id": event.id,
        "at": event.at.astimezone(dt.UTC).isoformat(),
        "kind": event.kind,
        "text": texts["zh" if language.startswith("zh") else "en"],
    }
    return f"id: {event.id}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


async def _read(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call a query in the pool, so that a hundred open screens do not hold a hundred connections."""

    def call() -> R:
        close_old_connections()
        try:
            return function(*args, **kwargs)
        finally:
            close_old_connections()

    return await sync_to_async(call, thread_sensitive=False)()


metrics.expose(
    name="live_streams",
    help="Screens that follow the live stream in this process.",
    kind="gauge",
    read=lambda: float(_open.total()),
)
