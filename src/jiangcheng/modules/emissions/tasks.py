"""The clock of the room `emissions`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.emissions import services


def evaluate() -> None:
    """Judge what arrived or changed since the last run."""
    services.load()
    services.apply_marks(now=timezone.now())
    services.apply_checks(now=timezone.now())
    services.evaluate(now=timezone.now())


def judge_incineration() -> None:
    """Judge the days of waste incinerators: day means and furnace temperature."""
    services.judge_incineration(now=timezone.now())


def watch_silence() -> None:
    """Find the stations that stopped sending, and those that came back."""
    services.load()
    services.watch_silence(now=timezone.now())


def look_for_clues() -> None:
    """Test the latest data of all outlets for falsification, and production against treatment."""
    services.look_for_clues(now=timezone.now())
