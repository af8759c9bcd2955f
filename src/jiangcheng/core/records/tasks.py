"""What the desk does by itself."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.core.records import services


def watch_due() -> None:
    """Turn overdue rows into findings, and forget files that were only tried."""
    now = timezone.now()
    services.watch_due(now=now)
    services.sweep_trials(now=now)
