"""Ask the FIRMS area API for the latest fire points: one source at a time, and later after a failure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import httpx
from django.conf import settings

from jiangcheng.modules.straw.models import FeedState
from jiangcheng.modules.straw.rules import feed, firms
from jiangcheng.modules.straw.services import signals

TIMEOUT = 30.0
MOST_BYTES = 50 * 2**20
EVERY = dt.timedelta(minutes=25)
"""Between two good answers of a source: data arrive within three hours of a pass, not by the minute."""


def configured() -> Mapping[str, Any]:
    """Return what the installation says of the feed; without a key nothing is asked."""
    found: Mapping[str, Any] = getattr(settings, "FIRMS", {})
    return found


def ask_all(*, now: dt.datetime) -> list[FeedState]:
    """Ask every source whose time has come; a failure of one does not hold up the others."""
    told = configured()
    if not told.get("map_key"):
        return []
    return [
        ask(source=source.strip(), now=now)
        for source in told.get("sources", ())
        if source.strip() and _due(source.strip(), now)
    ]


def ask(*, source: str, now: dt.datetime) -> FeedState:
    """Ask a source for the days since its last answer and take in what it says.

    An error that comes as text with status 200 is a failure like any other: it is kept, and the source is
    asked again after a pause that doubles each time.
    """
    state, _new = FeedState.objects.get_or_create(source=source)
    state.asked_at = now
    try:
        text = _fetched(source, feed.missed_days(state.answered_at, now))
        report = signals.import_firms(text=text, name=f"FIRMS {source}", actor=None, now=now)
    except signals.NotTaken as refused:
        _failed(state, refused.told or "empty answer", now)
    except _Failed as failed:
        _failed(state, failed.told, now, failed.wait)
    except ValueError as wrong:
        _failed(state, f"settings: {wrong}", now)
    else:
        state.answered_at, state.next_at, state.failures, state.told = now, now + EVERY, 0, ""
        state.rows = report.added + report.known + report.outside + len(report.errors)
    state.save()
    return state


class _Failed(Exception):  # noqa: N818
    def __init__(self, told: str, wait: float = 0.0) -> None:
        super().__init__(told)
        self.told, self.wait = told, wait


def _due(source: str, now: dt.datetime) -> bool:
    state = FeedState.objects.filter(source=source).first()
    return state is None or state.next_at is None or state.next_at <= now


def _failed(state: FeedState, told: str, now: dt.datetime, wait: float = 0.0) -> None:
    state.failures += 1
    pause = feed.LONGEST_WAIT if feed.is_permanent(told) else max(wait, feed.wait(state.failures))
    state.next_at = now + dt.timedelta(seconds=pause)
    state.told = feed.hidden(told, str(configured().get("map_key", "")))[:200]


def _fetched(source: str, days: int) -> str:
    """Return the answer of the API as text; a table is recognised by its header line, not by its status."""
    told = configured()
    box = feed.Box.of(str(told["area"]))
    address = feed.address(str(told["base"]), str(told["map_key"]), source, box, days=days)
    try:
        with (
            httpx.Client(timeout=TIMEOUT, transport=httpx.HTTPTransport(retries=2)) as client,
            client.stream("GET", address) as answer,
        ):
            body = bytearray()
            for part in answer.iter_bytes():
                body += part
                if len(body) > MOST_BYTES:
                    raise _Failed("too large")
    except httpx.HTTPError as error:
        raise _Failed(type(error).__name__) from error
    text = body.decode("utf-8-sig", errors="replace")
    if answer.status_code != httpx.codes.OK:
        again = answer.headers.get("Retry-After", "")
        first = (text.strip().splitlines() or [""])[0][: firms.MOST_FIELD]
        raise _Failed(
            f"HTTP {answer.status_code} {first}".strip(), float(again) if again.isdecimal() else 0.0
        )
    return text
