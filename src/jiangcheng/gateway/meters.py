"""What the gateway knows of itself: counts, rates, latency. Cheap enough for every packet."""

from __future__ import annotations

import collections
import dataclasses

WINDOW = 4_096
"""Latencies kept for the percentiles."""


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """One look at the meters. Latencies in milliseconds, rates per second since the reading before."""

    connections: int
    refused: int
    received: int
    journalled: int
    acknowledged: int
    repeated: int
    unregistered: int
    wrong_password: int
    bad: int
    closed_for_cause: dict[str, int]
    pending: int
    paused: bool
    received_per_second: float
    acknowledged_per_second: float
    latency_p50: float | None
    latency_p99: float | None
    journal_error: str


class Meters:
    """Counters of one gateway, written by its event loop only."""

    def __init__(self) -> None:
        self.connections = 0
        self.refused = 0
        self.received = 0
        self.journalled = 0
        self.acknowledged = 0
        self.repeated = 0
        self.unregistered = 0
        self.wrong_password = 0
        self.bad = 0
        self.pending = 0
        self.paused = False
        self.journal_error = ""
        self.closed_for_cause: collections.Counter[str] = collections.Counter()
        self._latencies: collections.deque[float] = collections.deque(maxlen=WINDOW)
        self._last: tuple[float, int, int] | None = None

    def latency(self, seconds: float) -> None:
        """Note the time from the last byte of a frame to its acknowledgement."""
        self._latencies.append(seconds)

    def read(self, now: float) -> Reading:
        """Return the state of the meters; ``now`` is monotonic, in seconds."""
        received_rate = acknowledged_rate = 0.0
        if self._last is not None and now > self._last[0]:
            span = now - self._last[0]
            received_rate = (self.received - self._last[1]) / span
            acknowledged_rate = (self.acknowledged - self._last[2]) / span
        self._last = (now, self.received, self.acknowledged)
        ordered = sorted(self._latencies)
        return Reading(
            connections=self.connections,
            refused=self.refused,
            received=self.received,
            journalled=self.journalled,
            acknowledged=self.acknowledged,
            repeated=self.repeated,
            unregistered=self.unregistered,
            wrong_password=self.wrong_password,
            bad=self.bad,
            closed_for_cause=dict(self.closed_for_cause),
            pending=self.pending,
            paused=self.paused,
            received_per_second=received_rate,
            acknowledged_per_second=acknowledged_rate,
            latency_p50=_percentile(ordered, 0.50),
            latency_p99=_percentile(ordered, 0.99),
            journal_error=self.journal_error,
        )


def _percentile(ordered: list[float], share: float) -> float | None:
    """Return the nearest-rank percentile in milliseconds, None without data."""
    if not ordered:
        return None
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000, 3)
