"""The clock of the room `network`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.network import services


def detect_gaps() -> None:
    """Write down the silences that nobody has explained."""
    services.detect_gaps(now=timezone.now())


def judge_quality() -> None:
    """Flag the values that no valid check vouches for."""
    services.judge(now=timezone.now())


def describe_datasets() -> None:
    """Compute the state of every dataset."""
    services.describe(now=timezone.now())
