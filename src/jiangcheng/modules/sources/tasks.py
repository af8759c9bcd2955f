"""The clock of the room `sources`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.sources import services


def watch_dust() -> None:
    """Report the dust sites that are over the limit, and end what is no longer."""
    services.watch_dust(now=timezone.now())


def list_high_emitters() -> None:
    """List the vehicles that remote sensing found over the limit again and again."""
    services.list_high_emitters(now=timezone.now())


def watch_odour() -> None:
    """Report the odour sources whose monitor is over the limit, and end what is no longer."""
    services.watch_odour(now=timezone.now())


def watch_gates() -> None:
    """Report the vehicles of the list of high emitters that passed a gate."""
    services.watch_gates(now=timezone.now())
