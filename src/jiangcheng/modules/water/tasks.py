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


def judge_online() -> None:
    """Judge what online points of outfalls and sources sent, and report what was seen at sources."""
    now = timezone.now()
    services.judge_online(now=now)
    services.report_patrols(now=now)


def watch_use() -> None:
    """Report quotas and groundwater units that are in alarm."""
    services.watch_use(now=timezone.now())
