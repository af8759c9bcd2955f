"""The clock of the room `air`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.air import services


def evaluate() -> None:
    """Evaluate what arrived or changed since the last run."""
    services.load()
    services.evaluate(now=timezone.now())


def compute_indicators() -> None:
    """Score the air targets of the current year."""
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())
