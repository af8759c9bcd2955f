"""The plan and the systems as rows, for the command line and the API."""

from __future__ import annotations

import datetime
from typing import Any

from jiangcheng.modules.plan import queries, rules

REASONS = {
    "too_little_data": ("监测数据不足或任务尚未运行", "too little data, or the task has not run yet"),
    "register_empty": ("台账尚无可计算的行，请先登记", "the register has no rows to compute from"),
    "room_absent": ("计算所需的房间未安装", "the room that keeps the rows is not installed"),
    "no_source": (
        "平台尚无这项指标的数据源，请责任部门上报",
        "no source in the platform yet: the department reports it",
    ),
    "awaited": ("待上报：由责任部门提供", "awaited: reported by the responsible department"),
    "in_review": ("已填报，等待他人复核", "reported and waiting for another person's review"),
    "cities_missing": ("各市数据不齐，不出全省数", "cities are missing: no number for the province"),
}
"""Code of why a target has no value, with a sentence in Chinese and English."""

STATE_WORDS = {
    "met": ("现值已达到目标值", "the value reaches the target"),
    "on_track": ("目标年未到，按预测可以达到", "not due yet; the forecast reaches the target"),
    "at_risk": ("目标年未到，按预测可能或将会落空", "not due yet; the forecast may fall short of the target"),
    "open": (
        "尚未达到；目标年未到或规划未定年份，也无法预测",
        "not reached; not due yet or without a year, and there is no forecast",
    ),
    "missed": ("目标年已过，没有达到", "the year of the target is over and it was not reached"),
    "unscored": ("有数值，没有可比的目标数", "a value, but no number to compare it with"),
    "pending": ("平台计算，尚无数值", "computed by the platform; no value yet"),
    "awaited": ("部门上报，尚无数值", "reported by a department; no value yet"),
}
"""What each state says, in Chinese and English."""


def status(on: datetime.date) -> list[dict[str, Any]]:
    """Return every target by id: value, date, source, gap, readings per edition, and why a value is missing."""
    return [row(standing) for standing in queries.standings(on=on)]


def systems_status() -> list[dict[str, Any]]:
    """Return every system that the plans name: its state, and what implements and proves it."""
    return [
        {
            "id": system.id,
            "group": system.group,
            "name_zh": system.name_zh,
            "name_en": system.name_en,
            "status": system.state,
            "url_names": list(system.url_names),
            "registers": list(system.registers),
            "functions": list(system.functions),
            "tests": list(system.tests),
            "reason": system.reason_zh,
            "reason_en": system.reason_en,
        }
        for system in rules.systems()
    ]


def row(standing: queries.Standing) -> dict[str, Any]:
    """Return one target as a row."""
    target, last = standing.target, standing.readings[-1] if standing.readings else None
    reason_zh, reason_en = REASONS.get(standing.reason, ("", ""))
    stands = rules.source(target.id)
    return {
        "id": target.id,
        "version": target.version,
        "name_zh": target.name_zh,
        "name_en": target.name_en,
        "level": target.level,
        "chapter": stands.chapter,
        "theme": target.theme,
        "quote": stands.quote,
        "sentence": stands.sentence,
        "department": target.department,
        "formula_zh": target.formula_zh,
        "formula_en": target.formula_en,
        "computability": target.computability,
        "comparator": target.comparator,
        "target": target.target_value,
        "target_year": target.target_year,
        "unit": target.unit,
        "state": standing.state,
        "state_zh": STATE_WORDS[standing.state][0],
        "state_en": STATE_WORDS[standing.state][1],
        "value": last.row.value if last else None,
        "date": last.through.isoformat() if last else None,
        "source": _source(last) if last else None,
        "gap": last.score.gap if last else None,
        "met": last.score.met if last else None,
        "remaining": dict(last.remaining) if last else {},
        "editions": [_edition(reading) for reading in standing.readings],
        "series": [list(pair) for pair in standing.series],
        "forecast": _forecast(standing.forecast),
        "outlook": standing.outlook,
        "reason_code": standing.reason,
        "reason": reason_zh,
        "reason_en": reason_en,
        "note_zh": target.note_zh,
        "note_en": target.note_en,
    }


def _edition(reading: queries.Reading) -> dict[str, Any]:
    return {
        "edition": reading.row.edition,
        "value": reading.row.value,
        "gap": reading.score.gap,
        "remaining": dict(reading.remaining),
    }


def _forecast(forecast: rules.Forecast | None) -> dict[str, Any] | None:
    if forecast is None:
        return None
    return {
        "year": forecast.year,
        "value": forecast.value,
        "low": forecast.low,
        "high": forecast.high,
        "method": forecast.method,
    }


def _source(reading: queries.Reading) -> str:
    row = reading.row
    if row.reported_by:
        return row.reported_by
    stations = len(row.lineage.get("stations", []))
    if register := row.lineage.get("register"):
        return f"{register}: {row.lineage.get('rows', 0)} rows"
    if indicator := row.lineage.get("indicator"):
        return f"{indicator}: {row.lineage.get('rows', 0)} rows"
    return f"{row.indicator}: {row.lineage.get('rows', 0)} rows, {stations} stations, {row.edition}"
