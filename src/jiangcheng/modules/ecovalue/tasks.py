"""The clock of the room `ecovalue`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.ecovalue import services


def compute_indicators() -> None:
    """Compute the gross ecosystem product."""
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())
