"""The clock of the room `soil`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.soil import services


def watch() -> None:
    """Watch changes of use, and give the key units of this year their duties."""
    now = timezone.now()
    services.watch_changes(now=now)
    services.generate_duties(year=timezone.localdate(now).year, actor=None, now=now)


def compute_indicators() -> None:
    """Compute the indicators of soil."""
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())
