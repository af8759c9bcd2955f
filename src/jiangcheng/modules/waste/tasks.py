"""The clock of the room `waste`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.waste import services


def watch() -> None:
    """Report what is wrong with balances, storage, plans and dumps, and end what is no longer."""
    services.watch(now=timezone.now())


def compute_indicators() -> None:
    """Score the zero-waste indicators of this year and the last."""
    now = timezone.now()
    year = timezone.localdate(now).year
    for scored in (year - 1, year):
        services.compute(year=scored, at=now)
