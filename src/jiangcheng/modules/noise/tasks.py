"""The clock of the room `noise`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.noise import services


def evaluate() -> None:
    """Evaluate what arrived or changed since the last run."""
    services.load()
    services.evaluate(now=timezone.now())
