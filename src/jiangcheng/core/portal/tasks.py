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
