"""Equipment, graded works, audits, green titles, zones and projects of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.greening import rules
from jiangcheng.modules.greening.models import Equipment
from jiangcheng.standards import periods

ZONE_DEGREES = 0.05
"""Half the side of the square that stands for a protected area [°]."""


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the green registers; does nothing where equipment has been entered."""
    actor = User.objects.filter(username="department").first()
    plants = list(Facility.objects.filter(synthetic=True).order_by("code")[:8])
    if actor is None or not plants or Equipment.objects.exists():
        return
    on = now.astimezone(periods.BEIJING).date()
    _equipment(on, actor, now)
    progress(0.3, "equipment")
    _sewage(plants, on, actor, now)
    _audits(plants, on, actor, now)
    progress(0.6, "audits")
    _titles(plants, on, actor, now)
    _projects(plants[0], on, actor, now)
    progress(1.0, "projects")


def _equipment(on: dt.date, actor: User, now: dt.datetime) -> None:
    items = rules.in_force("equipment", on)["items"]
    for place, region in enumerate(Region.objects.filter(level="county").order_by("code")[:4]):
        for item in items:
            held = max(0, item["required"] - (place * item["required"]) // 6)
            values = {
                "region": region,
                "unit": f"{region.name_zh}生态环境保护综合行政执法大队",
                "item": item["code"],
            }
            _add("equipment", {**values, "held": held, "checked_date": on}, actor, now)


def _sewage(plants: list[Facility], on: dt.date, actor: User, now: dt.datetime) -> None:
    for place, plant in enumerate(plants[:5]):
        values = {
            "facility": plant, "year": on.year - 1, "compliance_percent": 99.5 - 3 * place,
            "transmission_percent": 96 - 2 * place, "reuse_percent": 92 - 8 * place, "load_percent": 80 - 9 * place,
            "punished": int(place == 4),
        }  # fmt: skip
        row = _add("sewage-grades", values, actor, now)
        if place != 3:
            records.act(record=row, action="grade", actor=actor, now=now)


def _audits(plants: list[Facility], on: dt.date, actor: User, now: dt.datetime) -> None:
    for place, plant in enumerate(plants[2:6]):
        values = {
            "facility": plant, "year": on.year, "kind": "voluntary" if place == 3 else "mandatory",
            "reason": "“双超”或使用有毒有害原料（演示）", "due_at": now + dt.timedelta(days=60 - 30 * place),
        }  # fmt: skip
        row = _add("cleaner-production", values, actor, now)
        if place < 3:
            records.act(record=row, action="announce", actor=actor, now=now)


def _titles(plants: list[Facility], on: dt.date, actor: User, now: dt.datetime) -> None:
    for place, (plant, kind) in enumerate(zip(plants[:3], ("factory", "factory", "chain"), strict=False)):
        level = ("nation", "province", "city")[place]
        values = {"name_zh": plant.name_zh, "facility": plant, "kind": kind, "level": level}
        _add("green-titles", {**values, "listed_date": on.replace(year=on.year - 1, day=1)}, actor, now)


def _projects(plant: Facility, on: dt.date, actor: User, now: dt.datetime) -> None:
    west, south = plant.longitude - ZONE_DEGREES, plant.latitude - ZONE_DEGREES
    east, north = plant.longitude + ZONE_DEGREES, plant.latitude + ZONE_DEGREES
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    zone = {
        "name_zh": "江岸一公里管控带（演示）",
        "kind": "river_km",
        "valid_from_date": on.replace(month=1, day=1),
    }
    _add("access-zones", {**zone, "outline": {"type": "Polygon", "coordinates": [ring]}}, actor, now)
    for name, industry, away in (
        ("精细化工扩建项目（演示）", "2614", 0.0),
        ("石化装置改造项目（演示）", "2511", 0.3),
        ("设备制造项目（演示）", "3411", 0.4),
    ):
        place = {"longitude": plant.longitude + away, "latitude": plant.latitude}
        row = _add(
            "project-access",
            {"name_zh": name, "owner": "演示单位", "industry": industry, **place},
            actor,
            now,
        )
        records.act(record=row, action="screen", actor=actor, now=now)


def _add(register: str, values: dict[str, Any], actor: User, now: dt.datetime) -> Any:
    return records.create(register=register, values=values, actor=actor, at=now)
