"""What the room does by itself."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.inspections import services


def watch_publication() -> None:
    """Report results that should be public by now."""
    services.watch_publication(now=timezone.now())
