"""The clock of the room `water`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.water import services


def evaluate() -> None:
    """Evaluate what arrived or changed since the last run."""
    services.load()
    services.evaluate(now=timezone.now())


def compute_indicators() -> None:
    """Score the water targets of the current year."""
    on, at = timezone.localdate(), timezone.now()
    services.compute_indicators(on=on, at=at)
    services.compute_ledger_indicators(on=on, at=at)


def watch_black_waters() -> None:
    """Reopen the black-odorous waters that have come back."""
    services.watch_black_waters(now=timezone.now())
