"""What the desk does by itself."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.core.records import services


def watch_due() -> None:
    """Turn overdue rows into findings."""
    services.watch_due(now=timezone.now())
