"""The clock of the room `air`."""

from __future__ import annotations

import datetime

from django.utils import timezone

from jiangcheng.modules.air import services


def evaluate() -> None:
    """Evaluate what arrived or changed since the last run."""
    services.load()
    services.evaluate(now=timezone.now())


def compute_indicators() -> None:
    """Score the air targets of the current year."""
    services.compute_indicators(on=timezone.localdate(), at=timezone.now())


def check_quality() -> None:
    """Mark the suspect ones among the hours that came."""
    services.check(now=timezone.now())


def propose_events() -> None:
    """Propose the dust of the last days for approval."""
    today = timezone.localdate()
    services.propose_dust(first=today - datetime.timedelta(days=3), last=today, now=timezone.now())


def issue_forecast() -> None:
    """Issue today's forecast once its hour has come, and propose the warning it asks for."""
    now = timezone.now()
    services.issue_due(now=now)
    services.propose_due(now=now)


def check_execution() -> None:
    """Hold the series of enterprises against the measures they received."""
    services.check_execution(now=timezone.now())
