"""What runs by itself: roll-ups every few minutes, sealing of months that are over, tidying."""

from __future__ import annotations

import datetime
import logging

from django.conf import settings
from django.utils import timezone

from jiangcheng.core.observations import store
from jiangcheng.core.observations.rules import calendar

logger = logging.getLogger(__name__)

STRAY_AGE = datetime.timedelta(days=1)
"""A file this old that no manifest lists is left over from a crash."""


def roll_up() -> None:
    """Bring the daily roll-ups up to date."""
    while store.roll_up():
        pass


def seal() -> None:
    """Seal every month that is older than the months which stay hot."""
    this_month = calendar.month_of(timezone.now())
    before = calendar.months_before(this_month, int(str(settings.OBSERVATIONS["hot_months"])))
    for granularity, month in store.open_months(before=before):
        segment = store.seal(granularity, month)
        if segment is not None:
            logger.info("sealed %s: %d rows", segment.path, segment.rows)


def tidy() -> None:
    """Forget changes that everybody has seen and delete files that nobody lists."""
    store.forget()
    for path in store.sweep(before=timezone.now() - STRAY_AGE):
        logger.warning("deleted %s, which no manifest lists", path)
