"""The clock of the room `straw`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.straw import services


def ask_firms() -> None:
    """Ask the satellites' service for the latest fire points."""
    services.ask_all(now=timezone.now())


def learn_heat() -> None:
    """Learn the standing heat of the current month, once a month."""
    services.learn_month(now=timezone.now())


def rescore() -> None:
    """Rank the fires of the last hours anew: stations answer later than satellites."""
    services.rescore(now=timezone.now())


def send_orders() -> None:
    """Tell the platform of the cameras where to look."""
    services.send_orders(now=timezone.now())
