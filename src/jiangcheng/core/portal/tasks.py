"""What the portal does by itself."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from jiangcheng.core.portal import services

KEPT = dt.timedelta(days=7)
"""A screen that was away for longer reads the registers instead of the stream."""


def sweep() -> int:
    """Forget what happened more than a week ago; return how many rows that were."""
    return services.sweep(before=timezone.now() - KEPT)


MOST_TURNS = 10
"""Batches of one run: the other tasks of the installation get their turn in between."""


def deliver() -> int:
    """Send what is due in the outbox; return how many deliveries were claimed."""
    claimed = 0
    for _ in range(MOST_TURNS):
        of_turn = services.deliver_due(clock=timezone.now)
        claimed += of_turn
        if not of_turn:
            break
    return claimed
