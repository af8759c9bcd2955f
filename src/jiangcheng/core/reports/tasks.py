"""The clock of the desk `reports`."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.core.reports import services


def produce_due() -> int:
    """Produce the reports that are due."""
    return services.produce_due(now=timezone.now())
