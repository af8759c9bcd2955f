"""Zones, protected areas, patrols, species, wetlands and restoration of the demo city. Synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.ecology.models import EcoZone
from jiangcheng.standards import periods


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the registers of ecology; does nothing where a zone has been entered."""
    actor = User.objects.filter(username="department").first()
    if actor is None or EcoZone.objects.exists():
        return
    on = now.astimezone(periods.BEIJING).date()
    counties = list(Region.objects.filter(level="county").order_by("code"))
    _zones(on, actor, now)
    _shorelines(on, actor, now)
    _protected(on, actor, now)
    _patrols(on, actor, now)
    _species(on, actor, now)
    _wetlands(on, counties, actor, now)
    _restoration(on, counties, actor, now)
    progress(1.0, "ecology")


def _zones(on: dt.date, actor: User, now: dt.datetime) -> None:
    kinds = (
        ("priority_unit", 126.80, 43.60, 0.30),
        ("key_unit", 126.50, 43.80, 0.14),
        ("general_unit", 126.20, 43.60, 0.30),
        ("red_line", 126.85, 43.65, 0.15),
        ("basic_farmland", 126.25, 43.65, 0.12),
        ("urban_boundary", 126.50, 43.80, 0.10),
    )
    for place, (kind, west, south, side) in enumerate(kinds):
        values: dict[str, Any] = {
            "code": f"DEMO-{place + 1:03d}", "name_zh": f"演示单元 {place + 1}（示意）", "kind": kind,
            "valid_from_date": dt.date(on.year - 2, 1, 1), "document": "演示文件",
            "layout_rule": "禁止新建高耗水项目（演示）" if kind == "key_unit" else "",
        }  # fmt: skip
        _add("eco-zones", {**values, "outline": _square(west, south, side)}, actor, now)
        if kind == "red_line":
            later = {**values, "version": 2, "valid_from_date": dt.date(on.year, 1, 1)}
            _add("eco-zones", {**later, "outline": _square(west, south, side + 0.02)}, actor, now)


def _shorelines(on: dt.date, actor: User, now: dt.datetime) -> None:
    for place, (function, bank) in enumerate(
        (("protect", "left"), ("reserve", "left"), ("control", "right"), ("develop", "right"))
    ):
        values = {
            "code": f"DEMO-AX-{place + 1}", "name_zh": f"松花江岸线 {place + 1}（示意）", "water": "松花江",
            "bank": bank,
            "function": function, "length_km": 2.4, "outline": _square(126.50 + 0.03 * place, 43.83, 0.025),
            "valid_from_date": dt.date(on.year - 1, 1, 1), "document": "演示岸线规划",
            "requirement": "取水口上下游禁止新建码头（演示）" if function == "protect" else "",
        }  # fmt: skip
        _add("shorelines", values, actor, now)


def _protected(on: dt.date, actor: User, now: dt.datetime) -> None:
    for place in range(2):
        values: dict[str, Any] = {
            "reserve": "松花江三湖保护区（演示）", "function_zone": ("core", "general")[place],
            "problem": ("采石场扩大", "新建道路")[place], "found_date": on - dt.timedelta(days=40 - place),
            "due_at": now + dt.timedelta(days=50), "longitude": 126.9 + 0.02 * place, "latitude": 43.7,
        }  # fmt: skip
        _add("green-shield", values, actor, now)
    for place, (east, north) in enumerate(((126.92, 43.70), (126.30, 43.90))):
        values = {
            "activity": ("新增建筑", "新增裸地")[place], "source": "遥感解译（演示）",
            "detected_date": on - dt.timedelta(days=6 + place), "outline": _square(east, north, 0.003),
        }  # fmt: skip
        _add("red-line-changes", values, actor, now)


def _patrols(on: dt.date, actor: User, now: dt.datetime) -> None:
    for place, kind in enumerate(("wintering", "habitat", "corridor", "ordinary")):
        west, south = 126.60 + 0.06 * place, 43.70
        values = {
            "name_zh": f"巡护网格 {place + 1}（演示）", "kind": kind, "outline": _square(west, south, 0.05),
            "per_month": 4, "patroller": f"巡护员 {place + 1}",
        }  # fmt: skip
        grid = _add("patrol-grids", values, actor, now)
        for visit in range((5, 4, 1, 0)[place]):
            line = [
                [west + 0.005, south + 0.01 * (visit + 1)],
                [west + 0.045, south + 0.01 * (visit + 1) - 0.003],
            ]
            values = {
                "grid": grid.number, "patrol_date": on - dt.timedelta(days=1 + 5 * visit),
                "patroller": f"巡护员 {place + 1}", "track": {"type": "LineString", "coordinates": line},
                "found": "发现猎夹 2 个（演示）" if (place, visit) == (1, 0) else "",
            }  # fmt: skip
            _add("patrol-visits", values, actor, now)


def _species(on: dt.date, actor: User, now: dt.datetime) -> None:
    kinds = (("中华秋沙鸭", "Mergus squamatus", "national_1", 24), ("鸳鸯", "Aix galericulata", "national_2", 80),
             ("绿头鸭", "Anas platyrhynchos", "none", 420))  # fmt: skip
    for place, (name, latin, protection, count) in enumerate(kinds):
        for back in range(3):
            values = {
                "species_zh": name, "species_latin": latin, "protection": protection, "place": "松花江江段（演示）",
                "surveyed_date": dt.date(on.year - 1 - back, 11, 20), "count": count - back * (2 + place),
                "longitude": 126.6, "latitude": 43.8,
            }  # fmt: skip
            _add("wildlife-surveys", values, actor, now)
    for place, (name, latin) in enumerate(
        (("豚草", "Ambrosia artemisiifolia"), ("三裂叶豚草", "Ambrosia trifida"))
    ):
        values = {
            "species_zh": name, "species_latin": latin, "listing": "key", "found_date": on - dt.timedelta(days=12),
            "area": 1.5 + place, "longitude": 126.55 + 0.05 * place, "latitude": 43.87,
        }  # fmt: skip
        _add("alien-finds", values, actor, now)
    for place in range(2):
        values = {
            "name_zh": f"监测站 {place + 1}（演示）", "since_date": on - dt.timedelta(days=8),
            "longitude": 126.62 + 0.1 * place, "latitude": 43.75,
        }  # fmt: skip
        station = _add("disease-stations", values, actor, now)
        for back in range(1, 9 - 3 * place):
            values = {"station": station.number, "report_date": on - dt.timedelta(days=back), "kind": "zero"}
            if (place, back) == (0, 2):
                values |= {
                    "kind": "event",
                    "species_zh": "绿头鸭",
                    "dead": 3,
                    "told": "发现 3 只死亡个体（演示）",
                }
            _add("disease-reports", values, actor, now)
    values = {
        "name_zh": "万昌大米地方品种（演示）",
        "kind": "crop",
        "holder": "市农科院（演示）",
        "samples": 36,
    }
    _add("germplasm", values, actor, now)


def _wetlands(on: dt.date, counties: list[Region], actor: User, now: dt.datetime) -> None:
    for place, level in enumerate(("nation", "province", "general", "general")):
        values = {
            "name_zh": f"湿地 {place + 1}（演示）", "level": level, "area": 900.0 / (place + 1),
            "region": counties[place % len(counties)], "outline": _square(126.40 + 0.1 * place, 43.95, 0.03),
            "listed_date": dt.date(on.year - place % 2, 1, 15), "document": "演示公告",
        }  # fmt: skip
        wetland = _add("wetlands", values, actor, now)
        values = {
            "wetland": wetland.number, "code": f"JZ-{place + 1:02d}",
            "kind": ("stone", "stake", "sign", "stake")[place],
            "condition": ("intact", "damaged", "intact", "intact")[place],
            "checked_date": on - dt.timedelta(days=(20, 90, 500, 10)[place]),
        }  # fmt: skip
        _add("wetland-markers", values, actor, now)
    for kind, year, area in (
        ("occupy", 2, 4.2),
        ("replenish", 2, 4.5),
        ("occupy", 1, 2.0),
        ("replenish", 1, 1.1),
    ):
        values = {
            "kind": kind, "project": f"演示项目 {year}", "area": area, "approved_date": dt.date(on.year - year, 6, 1),
        }  # fmt: skip
        _add("wetland-uses", values, actor, now)


def _restoration(on: dt.date, counties: list[Region], actor: User, now: dt.datetime) -> None:
    for place in range(9):
        values = {
            "name_zh": f"辉发河流域修复重点区域 {place + 1}（演示）", "region": counties[place % len(counties)],
            "longitude": 126.0 + 0.1 * place, "latitude": 43.0,
        }  # fmt: skip
        area = _add("restoration-areas", values, actor, now)
        values = {
            "area": area.number,
            "name_zh": "水土流失治理（演示）",
            "planned": 100.0,
            "done": 11.0 * place,
        }
        _add("restoration-projects", values, actor, now)
    for place, grade in enumerate(("key", "general")):
        values = {
            "plot_code": f"TR-{place + 1}", "grade": grade, "area": 5200.0,
            "outline": _square(127.0 + 0.1 * place, 43.5, 0.08),
        }  # fmt: skip
        _add("natural-forests", values, actor, now)
    for method, index, values_of in (("HJ192-2015", "EI", (68.1, 68.9)), ("EQI-2021", "EQI", (66.0, 66.4))):
        for back, value in enumerate(reversed(values_of), 1):
            values = {
                "kind": "county", "place": counties[0].name_zh, "year": on.year - back, "method": method,
                "index": index, "value": value, "report_number": f"DEMO-{on.year - back}",
            }  # fmt: skip
            _add("status-reports", values, actor, now)


def _square(west: float, south: float, side: float) -> dict[str, Any]:
    east, north = round(west + side, 6), round(south + side, 6)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _add(register: str, values: dict[str, Any], actor: User, now: dt.datetime) -> Any:
    return records.create(register=register, values=values, actor=actor, at=now)
