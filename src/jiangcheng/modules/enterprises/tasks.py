"""The clock of the room `enterprises`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.enterprises import services


def follow_duties() -> None:
    """Add the duties of new periods and report those that were missed."""
    services.load()
    now = timezone.now()
    services.plan_duties(on=timezone.localdate(now))
    services.watch_duties(now=now)
    services.watch_permits(now=now)


def evaluate_colours() -> None:
    """Give every enterprise its colour, and take off the lists whom it bars."""
    now = timezone.now()
    services.evaluate_colours(now=now)
    services.review_lists(now=now)
