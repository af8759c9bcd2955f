"""Record a computed or reported number."""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse

from jiangcheng.core.cases import queries as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.indicators.models import IndicatorValue
from jiangcheng.core.indicators.module import HANDLING

HANDLING_CLAUSE = "GB/T 30428.6 (practice); 国办函〔2026〕12号: areas are compared, people are not"


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


@transaction.atomic
def record_handling(*, on: datetime.date, at: datetime.datetime) -> list[IndicatorValue]:
    """Record how the cases opened in the month of a day have been handled, the whole city and each county.

    A rate without a denominator is recorded as empty, not as nought. The counties' rates are kept as the
    intermediate numbers, by the code of the county.
    """
    first = on.replace(day=1)
    following = (first + datetime.timedelta(days=31)).replace(day=1)
    groups = cases.kpis(cases=Case.objects.all(), since=first, until=on, by="county", now=at)
    if not groups:
        return []
    city = groups[-1]
    address = f"{reverse('cases:desk')}?view=list&since={first}&until={on}"
    counties = [group for group in groups if group.code]
    return [
        record(
            computation=Computation(
                indicator=row["indicator"],
                period=(first, following),
                edition="grid_event",
                value=_scaled(getattr(city.rates, row["rate"]), row["unit"]),
                unit=row["unit"],
                formula_zh=row["formula_zh"],
                formula_en=row["formula_en"],
                clause=HANDLING_CLAUSE,
                lineage={
                    "property": "case",
                    "granularity": "month",
                    "rows": city.cases,
                    "through": on.isoformat(),
                    "url": address,
                    "intermediates": {
                        group.code: _scaled(getattr(group.rates, row["rate"]), row["unit"])
                        for group in counties
                    },
                },
            ),
            at=at,
        )
        for row in HANDLING
    ]


def _scaled(value: float | None, unit: str) -> float | None:
    if value is None:
        return None
    return round(value * 100 if unit == "%" else value, 4)


def _inputs(lineage: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out the snapshot: the store moves on with every packet, the rows of a number need not."""
    return {key: value for key, value in lineage.items() if key != "snapshot"}
