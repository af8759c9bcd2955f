"""What one peer may ask of the gateway, and the bucket that measures its rate."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the listener.

    A frame of HJ 212 says its length in four digits, so 9,999 bytes of data section and 12 around it are
    the most the protocol can carry; the standard allows 1,024, real frames reach 1,623. A site reports
    every 30 s at the fastest (``RtdInterval`` 30..3600) and answers within 10 s on a mobile network, so
    every default is far above what an honest site needs; a concentrator that forwards a whole city through
    one connection fits too.
    """

    frame: int = 10_011
    """Bytes of a whole frame."""
    connections: int = 10_000
    connections_per_peer: int = 2_000
    """Connections from one address; operators put whole cities behind one NAT address."""
    idle: float = 4_500.0
    """Seconds without a byte before the line is closed: 1.25 of the longest reporting interval (3,600 s)."""
    partial: float = 20.0
    """Seconds within which a begun frame must be complete: twice the slowest medium's time-out."""
    rate: float = 500.0
    """Frames per second and connection in the long run; a faster sender is slowed down, not refused."""
    burst: float = 2_000.0
    faults: float = 30.0
    """Invalid pieces a connection may send at once before it is closed; one is forgiven every second."""
    unsent: int = 65_536
    """Bytes of answers a peer may leave unread before the gateway stops reading from it."""
    pending_frames: int = 20_000
    pending_bytes: int = 16 * 2**20
    """What may wait for the disk before the gateway stops reading from everybody."""
    batch: int = 4_000
    """Frames written in one transaction."""


@dataclasses.dataclass(slots=True)
class Bucket:
    """A token bucket. The clock is an argument, in seconds of any monotonic origin."""

    rate: float
    size: float
    level: float
    at: float

    @classmethod
    def full(cls, *, rate: float, size: float, now: float) -> Bucket:
        """Return a bucket that has not been drawn from."""
        return cls(rate, size, size, now)

    def draw(self, count: float, now: float) -> float:
        """Take tokens, on credit if need be, and return the seconds until the debt is paid (0: no debt)."""
        self.level = min(self.size, self.level + (now - self.at) * self.rate) - count
        self.at = now
        return 0.0 if self.level >= 0 else -self.level / self.rate
