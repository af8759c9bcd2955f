"""The clock of the room `safety`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.safety import services


def watch_dose_rates() -> None:
    """Report the dose-rate stations that stay above their background."""
    services.watch_dose_rates(now=timezone.now())


def watch_clocks() -> None:
    """Report clocks of emergencies that ran out."""
    services.watch_clocks(now=timezone.now())


def record_indicators() -> None:
    """Record the indicators of the year, and forget who looked at notices."""
    now = timezone.now()
    services.forget_looks(now=now)
    services.record_indicators(on=timezone.localdate(now), now=now)
