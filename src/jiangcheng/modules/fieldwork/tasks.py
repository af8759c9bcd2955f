"""What runs by itself: traces of patrols go when their days are over."""

from __future__ import annotations

from django.utils import timezone

from jiangcheng.modules.fieldwork import services


def expire_traces() -> int:
    """Remove the trace points whose days are over; return how many."""
    return services.expire_traces(now=timezone.now())
