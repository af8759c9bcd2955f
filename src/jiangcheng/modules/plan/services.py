"""The plan as rows, for the command line and the API."""

from __future__ import annotations

import datetime
from typing import Any

from jiangcheng.modules.plan import queries

REASONS = {
    "pending": ("监测数据不足或任务尚未运行", "too little data, or the task has not run yet"),
    "awaited": ("待上报：由责任部门提供", "awaited: reported by the responsible department"),
}


def status(on: datetime.date) -> list[dict[str, Any]]:
    """Return every target by id: value, date, source, gap, readings per edition, and why a value is missing."""
    return [_row(standing) for standing in queries.standings(on=on)]


def _row(standing: queries.Standing) -> dict[str, Any]:
    target, last = standing.target, standing.readings[-1] if standing.readings else None
    reason_zh, reason_en = REASONS.get(standing.state, ("", ""))
    return {
        "id": target.id,
        "name_zh": target.name_zh,
        "name_en": target.name_en,
        "level": target.level,
        "theme": target.theme,
        "computability": target.computability,
        "comparator": target.comparator,
        "target": target.target_value,
        "target_year": target.target_year,
        "unit": target.unit,
        "state": standing.state,
        "value": last.row.value if last else None,
        "date": last.through.isoformat() if last else None,
        "source": _source(last) if last else None,
        "gap": last.score.gap if last else None,
        "met": last.score.met if last else None,
        "remaining": dict(last.remaining) if last else {},
        "editions": [
            {
                "edition": reading.row.edition,
                "value": reading.row.value,
                "gap": reading.score.gap,
                "remaining": dict(reading.remaining),
            }
            for reading in standing.readings
        ],
        "reason": reason_zh,
        "reason_en": reason_en,
    }


def _source(reading: queries.Reading) -> str:
    row = reading.row
    if row.reported_by:
        return row.reported_by
    stations = len(row.lineage.get("stations", []))
    return f"{row.indicator}: {row.lineage.get('rows', 0)} rows, {stations} stations, {row.edition}"
