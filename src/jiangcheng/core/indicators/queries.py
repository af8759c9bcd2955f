"""Read the numbers."""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db.models import QuerySet

from jiangcheng.core.indicators.models import IndicatorValue


def current(
    *, indicators: Collection[str] | None = None, on: datetime.date | None = None
) -> QuerySet[IndicatorValue]:
    """Return the current values, latest period first; with ``on`` only of periods begun by then."""
    rows = IndicatorValue.objects.filter(current=True)
    if indicators is not None:
        rows = rows.filter(indicator__in=indicators)
    if on is not None:
        rows = rows.filter(period_start_date__lte=on)
    return rows.order_by("indicator", "-period_end_date", "-period_start_date", "edition")


def latest(
    *, indicators: Collection[str] | None = None, on: datetime.date
) -> dict[str, list[IndicatorValue]]:
    """Return, by indicator, the values of its latest period: one per edition, side by side."""
    found: dict[str, list[IndicatorValue]] = {}
    for row in current(indicators=indicators, on=on):
        rows = found.setdefault(row.indicator, [])
        if not rows or _period(rows[0]) == _period(row):
            rows.append(row)
    return found


def history(*, indicator: str) -> QuerySet[IndicatorValue]:
    """Return every value ever recorded of an indicator, newest first, superseded ones included."""
    return IndicatorValue.objects.filter(indicator=indicator).order_by("-computed_at", "-id")


def _period(row: IndicatorValue) -> tuple[datetime.date, datetime.date]:
    return row.period_start_date, row.period_end_date
