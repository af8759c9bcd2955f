"""What the room does by itself."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.enforcement import services


def watch_publication() -> None:
    """Report decisions that should be public by now."""
    services.watch_publication(now=timezone.now())
