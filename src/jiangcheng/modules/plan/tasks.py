"""Periodic work of the room; the clock enters here."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.plan import services


def compute_indicators() -> None:
    """Record the targets that follow from registers and cities."""
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())
