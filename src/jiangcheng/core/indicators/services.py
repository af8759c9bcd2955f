"""Record a computed or reported number."""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from jiangcheng.core.indicators.models import IndicatorValue


@dataclasses.dataclass(frozen=True, slots=True)
class Computation:
    """A number and everything needed to compute it again.

    ``period`` is half-open. ``lineage`` names ``stations`` (codes), ``property``, ``granularity``, ``rows``
    (count), ``snapshot`` (state of the store) and ``intermediates`` (the parts of the formula).
    """

    indicator: str
    period: tuple[datetime.date, datetime.date]
    edition: str
    value: float | None
    unit: str
    formula_zh: str
    formula_en: str
    clause: str
    lineage: Mapping[str, Any]
    remaining: Mapping[str, Any] = dataclasses.field(default_factory=dict)


@transaction.atomic
def record(*, computation: Computation, at: datetime.datetime, reported_by: str = "") -> IndicatorValue:
    """Make the computation the current value of its indicator, period and edition.

    A number that came out the same from the same rows is not recorded twice: the row that stands is returned.
    Otherwise a row is added and the earlier one stays, no longer current.
    """
    value = None if computation.value is None or math.isnan(computation.value) else computation.value
    standing = IndicatorValue.objects.filter(
        indicator=computation.indicator,
        period_start_date=computation.period[0],
        period_end_date=computation.period[1],
        edition=computation.edition,
        current=True,
    )
    for row in standing.select_for_update():
        if row.value == value and _inputs(row.lineage) == _inputs(computation.lineage):
            return row
    standing.update(current=False)
    return IndicatorValue.objects.create(
        indicator=computation.indicator,
        period_start_date=computation.period[0],
        period_end_date=computation.period[1],
        edition=computation.edition,
        value=value,
        unit=computation.unit,
        formula_zh=computation.formula_zh,
        formula_en=computation.formula_en,
        clause=computation.clause,
        lineage=dict(computation.lineage),
        remaining=dict(computation.remaining),
        computed_at=at,
        reported_by=reported_by,
    )


def _inputs(lineage: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the snapshot: the store moves on with every packet, the rows of a number need not."""
    return {key: value for key, value in lineage.items() if key != "snapshot"}
