"""Quotas of water and control of groundwater: what reaches its alarm or breaks it becomes a case."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding, RuleConfiguration
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.water import queries
from jiangcheng.standards import periods

QUOTA, GROUND = "water.quota", "water.groundwater"
ALARM, BROKEN = 2, 3
"""Levels of `rules.QuotaStanding` and of `rules.dual_control`: near its bound, and beyond it."""


def watch_use(*, now: dt.datetime) -> int:
    """Report the quotas and groundwater units of the year that are in alarm or broken, end those that are not.

    Returns how many are reported.
    """
    on = now.astimezone(periods.BEIJING).date()
    found: dict[str, cases.FindingReport] = {}
    regions: dict[str, Region | None] = {}
    if quota := case_queries.rule_configuration(rule=QUOTA, on=on):
        for line in queries.quotas_of(on.year):
            if line.level >= ALARM:
                report = _quota(line, quota)
                found[report.dedup_key], regions[report.dedup_key] = report, line.row.region
    if ground := case_queries.rule_configuration(rule=GROUND, on=on):
        for unit in queries.units_of(on.year):
            if unit.state >= ALARM:
                report = _unit(unit, on.year, ground)
                found[report.dedup_key], regions[report.dedup_key] = report, unit.region
    for key, report in found.items():
        _placed(cases.report(finding=report, now=now), regions[key])
    open_keys = Finding.objects.filter(kind__in=(QUOTA, GROUND), ended_at=None).values_list(
        "dedup_key", flat=True
    )
    for key in set(open_keys) - set(found):
        cases.end_finding(dedup_key=key, at=now)
    return len(found)


def _quota(line: queries.QuotaLine, configuration: RuleConfiguration) -> cases.FindingReport:
    row, broken = line.row, line.level == BROKEN
    name_zh = row.region.name_zh if row.region else row.number
    name_en = row.region.name_en if row.region else row.number
    share, expected = f"{line.share:g}%", f"{line.expected:g}%"
    return _report(
        kind=QUOTA,
        key=f"{QUOTA}:{row.number}",
        level=line.level,
        configuration=configuration,
        titles=(
            f"{name_zh} {row.year} 年用水{'已超总量指标' if broken else '接近总量指标'}："
            f"已用 {share}，按进度全年 {expected}",
            f"{name_en} {row.year}: water use {'over' if broken else 'near'} its quota, {share} used,"
            f" {expected} expected",
        ),
        through=row.through_date,
        evidence={"value": line.share, "limit": 100, "expected": line.expected, "record": row.number,
                  "used": row.used, "quota": row.quota},
    )  # fmt: skip


def _unit(unit: queries.UnitStanding, year: int, configuration: RuleConfiguration) -> cases.FindingReport:
    broken = unit.state == BROKEN
    why_zh = "、".join(
        word for word, level in (("水量", unit.quantity), ("水位", unit.level)) if level == unit.state
    )
    why_en = " and ".join(
        word for word, level in (("quantity", unit.quantity), ("level", unit.level)) if level == unit.state
    )
    return _report(
        kind=GROUND,
        key=f"{GROUND}:{year}:{unit.name}"[:160],
        level=unit.state,
        configuration=configuration,
        titles=(
            f"地下水管控单元 {unit.name} {why_zh}{'突破管控值' if broken else '接近管控值'}",
            f"Groundwater unit {unit.name}: {why_en} {'beyond' if broken else 'near'} the control value",
        ),
        through=unit.measured,
        evidence={"unit": unit.name, "quantity": unit.quantity, "level": unit.level, "wells": unit.wells,
                  "value": _plain(unit.abstracted), "limit": _plain(unit.quota), "deepest": unit.deepest},
    )  # fmt: skip


def _report(
    *,
    kind: str,
    key: str,
    level: int,
    configuration: RuleConfiguration,
    titles: tuple[str, str],
    through: dt.date,
    evidence: Mapping[str, Any],
) -> cases.FindingReport:
    # What a row says of another day counts as another occurrence; of the same day it takes its place.
    at = queries.instant(periods.day_bounds(through)[0])
    return cases.FindingReport(
        kind=kind,
        dedup_key=key,
        rule_version=str(configuration),
        title_zh=titles[0],
        title_en=titles[1],
        severity=configuration.parameters["severity"][str(level)],
        first_at=at,
        last_at=at,
        evidence={"start": at.isoformat(), "clause": configuration.source, **evidence},
    )


def _placed(finding: Finding, region: Region | None) -> None:
    """Give a case without a position to the area it is about, whose people have to see it."""
    case = finding.case
    if case is not None and case.region is None and region is not None:
        case.region = region
        case.save(update_fields=["region"])


def _plain(value: float) -> float | None:
    return None if value != value else value
