"""What the room does by itself."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.credit import services


def assess() -> None:
    """Assess every enterprise once a day."""
    services.assess_all(at=timezone.now())


def open_duties() -> None:
    """Open the annual disclosures that are due."""
    services.open_duties(at=timezone.now())


def push() -> None:
    """Tell the platform of public credit what is due."""
    services.push_due(now=timezone.now())
