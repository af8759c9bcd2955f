"""Keep the indicators of a year with their lineage."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.urls import reverse

from jiangcheng.core.indicators import services as indicators
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.models import ReportedNumber
from jiangcheng.modules.waste.rules import tables


def compute(*, year: int, at: dt.datetime) -> int:
    """Record every indicator of a year that has a value, computed or reported; return how many."""
    edition = tables.in_force("indicators", dt.date(year, 12, 31))["version"]
    count = 0
    for line in queries.lines(year=year):
        if line.value is None:
            continue
        lineage: dict[str, Any] = {
            "property": line.row["code"], "granularity": "year", "rows": len(line.parts),
            "url": f"{reverse('waste:indicators')}?year={year}", "intermediates": dict(line.parts),
        }  # fmt: skip
        _record(line.row, year, edition, float(line.value), lineage, line.report, at)
        count += 1
    return count


def _record(
    row: Mapping[str, Any], year: int, edition: str, value: float, lineage: Mapping[str, Any],
    report: ReportedNumber | None, at: dt.datetime,
) -> None:  # fmt: skip
    indicators.record(
        computation=indicators.Computation(
            indicator=row["code"],
            period=(dt.date(year, 1, 1), dt.date(year + 1, 1, 1)),
            edition=f"无废城市指标 {edition}",
            value=round(value, 6),
            unit=row["unit"],
            formula_zh=row["formula_zh"],
            formula_en=row["formula_en"],
            clause="环固体〔2021〕114号",
            lineage=lineage,
        ),
        at=at,
        reported_by=report.department if report else "",
    )
