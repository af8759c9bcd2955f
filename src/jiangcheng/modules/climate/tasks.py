"""The clock of the room `climate`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.climate import services


def compute_indicators() -> None:
    """Compute the indicators of carbon."""
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())


def compute_climate() -> None:
    """Compute the indices of every station whose days changed."""
    services.compute_climate(on=timezone.localdate(), at=timezone.now())
