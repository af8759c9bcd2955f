"""What the desk does by itself."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.core.cases import services


def escalate() -> None:
    """Tell people of clocks that run out."""
    services.escalate(now=timezone.now())
