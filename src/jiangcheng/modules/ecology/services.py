"""What follows from new rows — cases, ended versions —, zones from files, and the indicators of ecology."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

import shapely
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

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
)

MOST_ZONES = 5000
"""Features a file may bring at once."""
COLUMNS = (
    "code", "version", "name_zh", "kind", "layout_rule", "emission_rule", "risk_rule", "resource_rule",
    "valid_from_date", "valid_to_date", "document",
)  # fmt: skip
"""Properties of a zone in a file."""


class FileRefused(ValueError):  # noqa: N818
    """A file of zones cannot be taken; the message says which feature and why."""


def follow_version(
    *, record_number: str, actor: User | None, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a zone's first step: the version before ends on the day the new one begins."""
    row = EcoZone.objects.get(number=record_number)
    before = EcoZone.objects.filter(
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


def import_zones(*, content: bytes, actor: User, now: dt.datetime) -> tuple[int, int, int]:
    """Add and change zones from a GeoJSON file: all of it, or nothing.

    Every feature is an area with at least ``code``, ``name_zh``, ``kind`` and ``valid_from_date``; ``version`` is
    1 where it is not given. A known code and version is changed.

    Returns
    -------
    tuple of int
        How many were added, changed and as they were.

    Raises
    ------
    FileRefused
        If the file is no collection of such features.
    """
    features = _features(content)
    count = {"added": 0, "changed": 0, "same": 0}
    with transaction.atomic():
        for place, feature in enumerate(features, 1):
            try:
                count[_import_zone(feature, actor, now)] += 1
            except (ValidationError, ValueError, TypeError, AttributeError) as error:
                told = "；".join(error.messages) if isinstance(error, ValidationError) else str(error)
                raise FileRefused(_("第 %(n)d 个要素：%(told)s") % {"n": place, "told": told}) from error
    return count["added"], count["changed"], count["same"]


def export_zones(*, on: dt.date) -> dict[str, Any]:
    """Return the zones in force on a day as a GeoJSON collection that `import_zones` takes."""
    features = [
        {
            "type": "Feature",
            "id": zone.number,
            "geometry": zone.outline,
            "properties": {
                name: value.isoformat() if isinstance(value, dt.date) else value
                for name in COLUMNS
                if (value := getattr(zone, name)) is not None
            },
        }
        for zone in queries.zones(on=on)
    ]
    return {"type": "FeatureCollection", "name": "eco-zones", "features": features}


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


def _features(content: bytes) -> list[Any]:
    try:
        read = json.loads(content)
        features = read["features"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileRefused(_("文件不是 GeoJSON 要素集合（FeatureCollection）。")) from error
    if not isinstance(features, list) or not 0 < len(features) <= MOST_ZONES:
        raise FileRefused(_("要素数须为 1 至 %d。") % MOST_ZONES)
    return features


def _import_zone(feature: Any, actor: User, now: dt.datetime) -> str:
    given = feature.get("properties") or {}
    values = {name: given[name] for name in COLUMNS if given.get(name) not in (None, "")}
    values["version"] = int(values.get("version", 1))
    for name in ("valid_from_date", "valid_to_date"):
        if name in values:
            values[name] = dt.date.fromisoformat(str(values[name]))
    missing = [name for name in ("code", "name_zh", "kind", "valid_from_date") if name not in values]
    if missing:
        raise ValueError(_("缺少 %s") % "、".join(missing))
    values["outline"] = feature.get("geometry")
    known = EcoZone.objects.filter(code=values["code"], version=values["version"], withdrawn_at=None).first()
    if known is None:
        records.create(register="eco-zones", values=values, actor=actor, at=now)
        return "added"
    if all(getattr(known, name) == value for name, value in values.items()):
        return "same"
    records.change(record=known, values=values, actor=actor, at=now, reason="GeoJSON")
    return "changed"


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
