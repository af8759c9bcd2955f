"""The clock of the room `noise`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.noise import services


def evaluate() -> None:
    """Evaluate what arrived or changed since the last run."""
    services.load()
    services.evaluate(now=timezone.now())


def keep_clips() -> None:
    """Bind recordings to the cases that came after them, and erase those whose term has passed."""
    now = timezone.now()
    services.bind_clips()
    services.erase_clips(now=now)
