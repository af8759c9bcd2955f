"""What follows from new rows — cases, ended versions —, and the indicators of ecology."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import shapely
from django.urls import reverse

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import Record
from jiangcheng.methods import outlines
from jiangcheng.modules.ecology import queries, rules
from jiangcheng.modules.ecology.models import (
    AlienFind,
    DiseaseReport,
    DiseaseStation,
    EcoZone,
    PatrolGrid,
    PatrolVisit,
    RedLineChange,
    Shoreline,
)


def follow_version(
    *, record_number: str, actor: User | None, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a zone's first step: the version before ends on the day the new one begins."""
    _end_before(EcoZone.objects.get(number=record_number), actor, now)


def follow_shoreline(
    *, record_number: str, actor: User | None, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a shoreline's first step: the version before ends on the day the new one begins."""
    _end_before(Shoreline.objects.get(number=record_number), actor, now)


def _end_before(row: EcoZone | Shoreline, actor: User | None, now: dt.datetime) -> None:
    before = type(row)._default_manager.filter(
        code=row.code, version__lt=row.version, valid_to_date=None, withdrawn_at=None,
        valid_from_date__lte=row.valid_from_date,
    )  # fmt: skip
    for old in before:
        values = {"valid_to_date": row.valid_from_date}
        records.change(record=old, values=values, actor=actor, at=now, reason=f"→ v{row.version}")


def watch_change(
    *, record_number: str, actor: User | None, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a change's first step: one inside the red line becomes a case."""
    _place_change(RedLineChange.objects.get(number=record_number), actor, now)


def watch_changes(*, now: dt.datetime) -> int:
    """Look again at the changes nobody has dealt with; return how many lie inside the red line.

    A change may have been corrected, or the line of its day entered later than it.
    """
    found = RedLineChange.objects.filter(state="detected", withdrawn_at=None)
    return sum(_place_change(row, None, now) for row in found)


def watch_patrol(
    *, record_number: str, actor: User | None, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a patrol's first step: what it found becomes a case."""
    row = PatrolVisit.objects.get(number=record_number)
    if not row.found.strip():
        return
    place = _position(row)
    if place is None:
        grid = PatrolGrid.objects.get(number=row.grid)
        centre = outlines.parsed(grid.outline).representative_point()
        place = (centre.x, centre.y)
    _report(
        "ecology.patrol",
        row,
        "patrol-visits",
        f"巡护发现：{row.found}",
        f"Found on patrol: {row.found}",
        now,
        place,
    )


def watch_alien(
    *, record_number: str, actor: User | None, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a find's first step: every find is a case, graver where the species is new."""
    row = AlienFind.objects.get(number=record_number)
    known = AlienFind.objects.filter(species_zh=row.species_zh, withdrawn_at=None).exclude(pk=row.pk)
    fresh = not known.exclude(state="dismissed").exists()
    zh, en = ("首次发现", "First find of") if fresh else ("新发现点", "New find of")
    _report(
        "ecology.alien", row, "alien-finds", f"外来入侵物种{zh}：{row.species_zh}",
        f"{en} an alien species: {row.species_zh}", now, _position(row), severity=3 if fresh else 2,
    )  # fmt: skip


def watch_disease(
    *, record_number: str, actor: User | None, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a report's first step: an event is a case at the report's place or its station."""
    row = DiseaseReport.objects.get(number=record_number)
    if row.kind != DiseaseReport.Kind.EVENT:
        return
    station = DiseaseStation.objects.get(number=row.station)
    _report(
        "ecology.disease", row, "disease-reports", f"野生动物疫病异常：{station.name_zh} {row.species_zh}",
        f"Wildlife disease: {station.name_zh} {row.species_zh}", now, _position(row) or _position(station),
        severity=3,
    )  # fmt: skip


def compute_indicators(*, on: dt.date, at: dt.datetime) -> None:
    """Record the patrolled grids, the red line, the balance of wetlands and restoration."""
    grids = queries.patrols(user=None, on=on)
    if grids:
        visited = sum(1 for _, found in grids if found.days)
        enough = sum(1 for _, found in grids if found.enough)
        _record(
            "ecology.patrol_coverage", on.year, 100 * visited / len(grids), "%", len(grids),
            ("近 30 日有巡护的网格 ÷ 网格数", "grids patrolled in 30 days ÷ grids"), "patrol-grids",
            {"visited": visited, "enough": enough}, at,
        )  # fmt: skip
    for balance in queries.balances(user=None, on=on)[-1:]:
        _record(
            "ecology.wetland_balance", balance.year, balance.running, "ha", 1,
            ("Σ 补充面积 − Σ 占用面积", "Σ given back − Σ taken"), "wetland-uses",
            {"occupied": balance.occupied, "replenished": balance.replenished}, at,
        )  # fmt: skip
    lines = [outlines.parsed(zone.outline) for zone in queries.zones(on=on, kind=rules.RED_LINE)]
    if lines:
        _record(
            "ecology.red_line_area", on.year, round(outlines.hectares(shapely.union_all(lines)) / 100, 4), "km²",
            len(lines), ("现行红线图斑合并后的面积", "area of the polygons in force"), "eco-zones", {}, at,
        )  # fmt: skip
    areas = queries.restoration(user=None, on=on)
    share = rules.progress((one.planned, one.done) for _, projects, _ in areas for one in projects)
    if share is not None:
        _record(
            "ecology.restoration", on.year, share, "%", len(areas),
            ("Σ 完成面积 ÷ Σ 计划面积", "Σ done ÷ Σ planned"), "restoration-areas", {}, at,
        )  # fmt: skip


def _place_change(row: RedLineChange, actor: User | None, now: dt.datetime) -> bool:
    east, north = row.longitude or 0.0, row.latitude or 0.0
    place = outlines.parsed(row.outline) if row.outline else outlines.point(east, north)
    found = queries.zones_at(place=place, on=row.detected_date, kind=rules.RED_LINE)
    values = {
        "inside_zone": "、".join(zone.name_zh for zone, _ in found)[:120],
        "inside_area": round(sum(hit.hectares for _, hit in found), 4) if found and row.outline else None,
    }
    records.change(record=row, values=values, actor=actor, at=now)
    if found:
        centre = place.representative_point()
        _report(
            "ecology.red_line", row, "red-line-changes", f"生态保护红线内变化：{row.activity}",
            f"Change inside the red line: {row.activity}", now, (centre.x, centre.y), severity=3,
            more={"zones": [f"{zone.code} v{zone.version}" for zone, _ in found], "hectares": values["inside_area"]},
        )  # fmt: skip
    else:
        cases.end_finding(dedup_key=f"ecology.red_line:{row.number}", at=now)
    return bool(found)


def _report(
    kind: str,
    row: Record,
    register: str,
    zh: str,
    en: str,
    now: dt.datetime,
    place: tuple[float, float] | None,
    *,
    severity: int = 2,
    more: Mapping[str, Any] | None = None,
) -> None:
    cases.report(
        finding=cases.FindingReport(
            kind=kind,
            dedup_key=f"{kind}:{row.number}",
            rule_version=f"records.{register}",
            title_zh=zh[:120],
            title_en=en[:120],
            severity=severity,
            first_at=row.created_at,
            last_at=now,
            evidence={
                "start": row.created_at.isoformat(), "register": register, "number": row.number, **(more or {}),
            },
            longitude=place[0] if place else None,
            latitude=place[1] if place else None,
        ),
        now=now,
    )  # fmt: skip


def _position(row: Record) -> tuple[float, float] | None:
    return None if row.longitude is None or row.latitude is None else (row.longitude, row.latitude)


def _record(
    code: str,
    year: int,
    value: float,
    unit: str,
    count: int,
    formula: tuple[str, str],
    register: str,
    parts: Mapping[str, float],
    at: dt.datetime,
) -> None:
    indicators.record(
        computation=indicators.Computation(
            indicator=code,
            period=(dt.date(year, 1, 1), dt.date(year + 1, 1, 1)),
            edition="",
            value=value,
            unit=unit,
            formula_zh=formula[0],
            formula_en=formula[1],
            clause="《美丽江城建设规划纲要（2024–2035）》",
            lineage={
                "property": "ecology", "granularity": "year", "rows": count,
                "url": reverse(f"records:{register}"), "intermediates": dict(parts),
            },
        ),
        at=at,
    )  # fmt: skip
