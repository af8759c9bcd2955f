"""The clock of the room `ecology`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.ecology import services


def watch() -> None:
    """Look again at changes near the red line."""
    services.watch_changes(now=timezone.now())


def compute_indicators() -> None:
    """Compute the indicators of ecology."""
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())
