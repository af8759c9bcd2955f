"""The read-only JSON door to the indicators."""

from __future__ import annotations

import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from ninja import Router, Schema

from jiangcheng.core.access.services import ninja_auth
from jiangcheng.core.indicators import queries
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.observations import api as observations

router = Router(tags=["indicators"], auth=ninja_auth("api.read"))


class IndicatorOut(Schema):
    indicator: str
    period_start_date: datetime.date
    period_end_date: datetime.date
    edition: str
    value: float | None
    unit: str
    formula_zh: str
    formula_en: str
    clause: str
    lineage: dict[str, Any]
    remaining: dict[str, Any]
    computed_at: datetime.datetime
    reported_by: str
    current: bool


class IndicatorPage(Schema):
    items: list[IndicatorOut]
    next: str | None


@router.get("/indicators", response=IndicatorPage, summary="Current values of the indicators")
def indicators(
    request: HttpRequest,
    indicator: str = "",
    cursor: observations.Cursor = "",
    limit: observations.Limit = 100,
) -> dict[str, Any]:
    rows = queries.current(indicators=[indicator] if indicator else None)
    return observations.page(rows, cursor=cursor, limit=limit)


@router.get("/indicators/{code}/history", response=list[IndicatorOut], summary="Every value ever recorded")
def history(request: HttpRequest, code: str) -> QuerySet[IndicatorValue]:
    return queries.history(indicator=code)
