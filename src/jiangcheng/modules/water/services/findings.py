"""A section worse than its target class opens a finding with the limiting items and their multiples."""

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import numpy as np

from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import RuleConfiguration
from jiangcheng.core.registry.models import Station
from jiangcheng.methods import episodes
from jiangcheng.modules.water import queries, rules
from jiangcheng.standards import lookup, periods

KIND = "water.class_worse"


@dataclasses.dataclass(frozen=True, slots=True)
class Classified:
    """Readings with a class, and the class each section must reach."""

    readings: queries.Readings
    result: rules.ClassResult
    target: np.ndarray


def judge(*, points: list[Station], stations: np.ndarray, starts: np.ndarray, now: datetime.datetime) -> None:
    """Report the changed readings that are worse than the target class, and end what is over."""
    configuration = case_queries.rule_configuration(rule=KIND, on=now.date())
    if configuration is None:
        return
    since = int(now.timestamp()) - 3600 * configuration.parameters["lookback_hours"]
    recent = starts >= since
    if not recent.any():
        return
    classified = _classified(
        points, np.unique(stations[recent]).tolist(), since, int(starts.max()) + periods.HOUR
    )
    found = classified.readings
    worse = classified.result.section - classified.target >= configuration.parameters["classes_worse"]
    known = np.flatnonzero(classified.result.section > 0)
    changed = np.isin(_pack(found.station, found.start), _pack(stations[recent], starts[recent]))
    verdict = episodes.episodes(found.station[known], found.start[known], worse[known], changed[known])
    by_key = {point.pk: point for point in points}
    for row in known[verdict.occurrences]:
        section = by_key[int(found.station[row])]
        cases.report(finding=_finding(section, classified, int(row), configuration), now=now)
    for station, start in verdict.ended.items():
        cases.end_finding(dedup_key=_dedup_key(by_key[station]), at=queries.instant(start))


def _classified(points: list[Station], stations: list[int], since: int, until: int) -> Classified:
    found = queries.readings(stations=stations, start=since, end=until)
    result = rules.classify(
        found.values,
        lake=queries.lakes(stations=found.station, points=points),
        on=queries.day_of(since),
    )
    targets = {point.pk: point.attributes.get("target_class", rules.GOOD) for point in points}
    return Classified(found, result, np.array([targets[key] for key in found.station.tolist()], int))


def _finding(
    section: Station, classified: Classified, row: int, configuration: RuleConfiguration
) -> cases.FindingReport:
    reached, target = int(classified.result.section[row]), int(classified.target[row])
    start = int(classified.readings.start[row])
    items = [item for item in classified.result.items if classified.result.items[item][row] == reached]
    names_zh, names_en = _names(items)
    steps = configuration.parameters["severity_by_classes_worse"]
    symbols = [grade.symbol for grade in lookup.grades("water_classes", edition="2011")]
    return cases.FindingReport(
        kind=KIND,
        dedup_key=_dedup_key(section),
        rule_version=str(configuration),
        title_zh=f"{section.name_zh}断面{symbols[reached - 1]}类，目标{symbols[target - 1]}类，定类因子 {names_zh}",
        title_en=f"{section.name_en}: {_class_en(reached)}, target {_class_en(target)}, due to {names_en}",
        severity=max((value for step, value in steps.items() if reached - target >= int(step)), default=2),
        station_id=section.pk,
        first_at=queries.instant(start),
        last_at=queries.instant(start),
        evidence={
            "start": queries.instant(start).isoformat(),
            "end": queries.instant(start + periods.HOUR).isoformat(),
            "property": "water_class-avg",
            "value": reached,
            "value_text": symbols[reached - 1],
            "limit": target,
            "limit_text": symbols[target - 1],
            "detail_zh": _detail(classified, items, row, 0, "超Ⅲ类 {:.2g} 倍"),
            "detail_en": _detail(classified, items, row, 1, "{:.2g} times over class III"),
            "edition": f"GB 3838-{classified.result.edition}",
            "clause": "表1；5.1 单因子评价",
            "limiting": [_item(classified, item, row) for item in items],
            "source": configuration.source,
        },
    )


def _item(classified: Classified, item: str, row: int) -> dict[str, Any]:
    multiple = classified.result.multiples.get(item)
    exceeded = None if multiple is None or np.isnan(multiple[row]) else float(multiple[row])
    return {"item": item, "value": float(classified.readings.values[item][row]), "multiple": exceeded}


def _detail(classified: Classified, items: list[str], row: int, language: int, over: str) -> str:
    """Return the values of the limiting items in words."""
    names = queries.item_names()
    parts = []
    for item in (_item(classified, item, row) for item in items):
        text = f"{names[item['item']][language]} {item['value']:g}"
        parts.append(f"{text} ({over.format(item['multiple'])})" if item["multiple"] else text)
    return "; ".join(parts)


def _class_en(section: int) -> str:
    """Return a class in English words; roman numerals as the standard prints them."""
    symbols = [grade.symbol for grade in lookup.grades("water_classes", edition="2011")]
    return f"worse than class {symbols[4]}" if section > len(symbols) - 1 else f"class {symbols[section - 1]}"


def _names(items: list[str]) -> tuple[str, str]:
    names = queries.item_names()
    return "、".join(names[item][0] for item in items), ", ".join(names[item][1] for item in items)


def _dedup_key(section: Station) -> str:
    return f"{KIND}:{section.code}"


def _pack(stations: np.ndarray, starts: np.ndarray) -> np.ndarray:
    packed: np.ndarray = np.asarray(stations, np.int64) * (1 << 40) + starts
    return packed
