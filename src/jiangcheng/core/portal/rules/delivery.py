"""What messages are sent by: the policy of the outbox, pauses after failures, quiet hours, signatures."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import hmac
import json
import pathlib

REPLAY_WINDOW_S = 300
"""Age [s] at which a receiver of a web hook refuses a signed request."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A row of ``data/delivery.json``: how the outbox sends from a day on."""

    valid_from: dt.date
    source: str
    verified: bool
    most_attempts: int
    first_pause_s: float
    growth: float
    """Factor from one pause to the next."""
    longest_pause_s: float
    jitter_share: float
    """Largest share of a pause that is added to it."""
    lease_s: float
    """After this time a delivery whose sender did not come back is taken again."""
    timeout_s: float
    """Longest wait for the other side, to connect and for each read."""
    largest_answer_bytes: int
    batch: int
    code_valid_s: float
    code_pause_s: float
    """Shortest time between two codes to one address."""
    code_tries: int
    urgent_severity: int
    """Severity from which on messages pass quiet hours."""


@functools.cache
def _policies() -> tuple[Policy, ...]:
    path = pathlib.Path(__file__).parent.parent / "data" / "delivery.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    policies = (Policy(**{**row, "valid_from": dt.date.fromisoformat(row["valid_from"])}) for row in rows)
    return tuple(sorted(policies, key=lambda policy: policy.valid_from))


def policy(on: dt.date) -> Policy:
    """Return the policy valid on a day; before the first one, the first."""
    rows = _policies()
    return next((row for row in reversed(rows) if row.valid_from <= on), rows[0])


def retry_pause(attempts: int, *, jitter: float, policy: Policy) -> dt.timedelta:
    """Return how long to wait after the given number of failed attempts (1, 2, …).

    Parameters
    ----------
    jitter
        In [0, 1): where in the allowed spread the pause lies, so that deliveries that failed together do
        not come back together.
    """
    exponent = min(attempts - 1, 64)
    pause = min(policy.first_pause_s * policy.growth**exponent, policy.longest_pause_s)
    return dt.timedelta(seconds=pause * (1 + policy.jitter_share * jitter))


def spread(key: str, attempts: int) -> float:
    """Return a number in [0, 1) that is fixed for a delivery and an attempt, and even over all of them."""
    digest = hashlib.sha256(f"{key}:{attempts}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48


def after_quiet_hours(at: dt.datetime, *, start: dt.time, end: dt.time) -> dt.datetime:
    """Return ``at``, or the end of the quiet hours it lies in.

    Parameters
    ----------
    at
        Instant on the wall clock of the city (aware).
    start, end
        Wall clock, half-open ``[start, end)``; ``end`` before ``start`` passes midnight; equal: no hours.
    """
    clock = at.time()
    passes_midnight = end < start
    inside = (clock >= start or clock < end) if passes_midnight else start <= clock < end
    if not inside:
        return at
    day = at.date() + dt.timedelta(days=1 if passes_midnight and clock >= start else 0)
    return dt.datetime.combine(day, end, tzinfo=at.tzinfo)


def signature(secret: bytes, *, timestamp: int, body: bytes) -> str:
    """Return the HMAC-SHA256 of ``<timestamp>.<body>`` in hexadecimal, with its name in front."""
    digest = hmac.new(secret, f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"sha256={digest}"


def signature_holds(secret: bytes, *, given: str, timestamp: int, body: bytes, now: int) -> bool:
    """Tell whether a signed request is genuine and no older or newer than the replay window allows [epoch s]."""
    fresh = abs(now - timestamp) <= REPLAY_WINDOW_S
    expected = signature(secret, timestamp=timestamp, body=body)
    return fresh and hmac.compare_digest(expected.encode(), given.encode())


def is_local_path(url: str) -> bool:
    """Tell whether an address is a path inside the portal and not an address elsewhere in disguise."""
    return url.startswith("/") and not url.startswith("//") and "\\" not in url
