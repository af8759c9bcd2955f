"""The clock of the room `source_tracing`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.source_tracing import services


def watch() -> None:
    """Look at the fence lines and at new findings, and ask for the traces they call for."""
    services.watch_fences(now=timezone.now())
    services.watch_findings(now=timezone.now())


def work() -> None:
    """Run what waits, oldest first, for at most a few runs so that other tasks get their turn."""
    services.work_off(clock=timezone.now)


def settle() -> None:
    """Take over the conclusions of closed field checks."""
    services.settle(now=timezone.now())


def compute_indicators() -> None:
    """Score the year's traces and the ledger of farmland."""
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())
