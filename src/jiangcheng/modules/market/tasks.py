"""The clock of the room `market`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.market import services


def watch_insurance() -> int:
    """Report who has to be insured and is not."""
    return services.watch_insurance(now=timezone.now())


def take_online_masses() -> int:
    """Keep what online monitors say of the quarters that are taxed."""
    return services.take_online_masses(now=timezone.now())
