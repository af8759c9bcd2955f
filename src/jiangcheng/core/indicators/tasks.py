"""The clock of the desk `indicators`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.core.indicators import services


def record_handling() -> None:
    """Score how the cases of this month are handled."""
    services.record_handling(on=timezone.localdate(), at=timezone.now())
