"""Plots, key units, groundwater, farmland, samples and black land of the demo city. Synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.soil import services
from jiangcheng.modules.soil.models import SoilPlot
from jiangcheng.standards import periods


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the registers of soil; does nothing where a plot has been entered."""
    actor, verifier = (User.objects.filter(username=name).first() for name in ("department", "verifier"))
    if actor is None or verifier is None or SoilPlot.objects.exists():
        return
    on = now.astimezone(periods.BEIJING).date()
    counties = list(Region.objects.filter(level="county").order_by("code"))
    plants = list(Facility.objects.filter(synthetic=True).order_by("code")[:7])
    _plots(on, actor, verifier, now)
    _units(on, plants, actor, now)
    _zones(on, actor, now)
    _farmland(on, counties, actor, now)
    _samples(on, actor, now)
    _black_land(on, counties, actor, now)
    progress(1.0, "soil")


def _plots(on: dt.date, actor: User, verifier: User, now: dt.datetime) -> None:
    steps = (("enter",), ("enter", "treat"), ("enter", "treat", "evaluate", "remove"), ())
    for place, done in enumerate(steps):
        east, north = 126.50 + 0.04 * place, 43.86 + 0.02 * place
        values = {
            "plot_code": f"2202-DEMO-{place + 1:03d}", "name_zh": f"原化工厂地块 {place + 1}（演示）",
            "area": 3.2 + place, "contaminants": "苯、石油烃" if place % 2 else "砷、铅",
            "outline": _square(east, north, 0.004), "longitude": east + 0.002, "latitude": north + 0.002,
        }  # fmt: skip
        row = _add("soil-plots", values, actor, now)
        for action in done:
            who = verifier if action in ("enter", "remove") else actor
            records.act(record=row, action=action, actor=who, now=now, text="专家评审意见（演示）")
    for place, (new_use, surveyed) in enumerate(
        (("residential", None), ("public", on), ("commercial", None))
    ):
        values = {
            "plot_code": f"2202-DEMO-{(1, 3, 9)[place]:03d}", "name_zh": f"用途变更地块 {place + 1}（演示）",
            "old_use": "industrial", "new_use": new_use, "filed_date": on - dt.timedelta(days=9 + place),
            "survey_date": surveyed, "longitude": 126.53 + 0.03 * place, "latitude": 43.85,
        }  # fmt: skip
        _add("land-use-changes", values, actor, now)


def _units(on: dt.date, plants: list[Facility], actor: User, now: dt.datetime) -> None:
    for year, listed in ((on.year - 1, plants[:5]), (on.year, plants[1:7])):
        for place, plant in enumerate(listed):
            values = {"year": year, "facility": plant, "reason": "有色金属冶炼、石油化工等行业（演示）"}
            _add("soil-key-units", values, actor, now)
            for medium in ("soil", "groundwater")[: 1 if place == 0 else 2]:
                sampled = min(dt.date(year, 7, 10 + place), on)
                sample = {
                    "facility": plant,
                    "point": f"S{place + 1}",
                    "medium": medium,
                    "sampled_date": sampled,
                }
                _add("perimeter-samples", {**sample, "report_number": f"DEMO-{year}-{place + 1}"}, actor, now)
    for place, plant in enumerate(plants[:4]):
        told = ("yes", "no", "unknown", "unknown")[place]
        values = {"year": on.year, "facility": plant, "reason": "地下水重点行业（演示）", "in_permit": told}
        _add("groundwater-key-units", values, actor, now)
    services.generate_duties(year=on.year, actor=actor, now=now)


def _zones(on: dt.date, actor: User, now: dt.datetime) -> None:
    for place, kind in enumerate(("protection", "control_1", "control_2")):
        values = {
            "name_zh": f"地下水重点区 {place + 1}（演示）", "kind": kind,
            "outline": _square(126.40 + 0.10 * place, 43.80, 0.09), "valid_from_date": dt.date(on.year - 1, 1, 1),
            "document": "演示文件",
        }  # fmt: skip
        _add("groundwater-zones", values, actor, now)


def _farmland(on: dt.date, counties: list[Region], actor: User, now: dt.datetime) -> None:
    kinds = (
        ("priority", "none", "protect", None, 4200.0), ("priority", "light", "protect", None, 60.0),
        ("safe", "light", "safe_use", True, 85.0), ("safe", "medium", "repair", True, 40.0),
        ("safe", "medium", "safe_use", None, 12.0), ("strict", "heavy", "strict", None, 9.0),
    )  # fmt: skip
    for place, (category, pollution, measure, sound, area) in enumerate(kinds):
        values = {
            "year": on.year, "plot_code": f"ND-DEMO-{place + 1:03d}", "region": counties[place % len(counties)],
            "category": category, "pollution": pollution, "measure": measure, "products_sound": sound, "area": area,
        }  # fmt: skip
        _add("farmland-plots", values, actor, now)


def _samples(on: dt.date, actor: User, now: dt.datetime) -> None:
    for place, (use, item, value, ph) in enumerate((
        ("class1", "as", 14.0, None), ("class1", "as", 31.0, None), ("class2", "benzene", 52.0, None),
        ("paddy", "cd", 0.31, 6.1), ("other", "cd", 0.42, 6.8), ("rotation", "pb", 66.0, 5.9),
    )):  # fmt: skip
        values = {
            "point": f"T{place + 1:02d}", "sampled_date": on - dt.timedelta(days=30 + place), "use": use,
            "item": item, "value": value, "ph": ph, "longitude": 126.45 + 0.05 * place, "latitude": 43.9,
        }  # fmt: skip
        _add("soil-samples", values, actor, now)


def _black_land(on: dt.date, counties: list[Region], actor: User, now: dt.datetime) -> None:
    for place, (practice, area) in enumerate(
        (("秸秆覆盖免耕", 1200.0), ("深翻还田", 800.0), ("增施有机肥", 450.0))
    ):
        values = {
            "name_zh": f"黑土地保护项目 {place + 1}（演示）", "region": counties[place % len(counties)],
            "practice": practice, "area": area, "starts_date": dt.date(on.year - 3, 4, 1),
            "longitude": 126.3 + 0.2 * place, "latitude": 44.1,
        }  # fmt: skip
        project = _add("black-land-projects", values, actor, now)
        for phase, year, matter in (
            ("before", on.year - 3, 21.0 + place),
            ("after", on.year - 1, 22.1 + place),
        ):
            for point in range(0 if phase == "after" and place == 2 else 2):
                values = {
                    "project": project.number, "point": f"{place + 1}-{point + 1}", "phase": phase,
                    "sampled_date": dt.date(year, 10, 1), "organic_matter": matter + 0.4 * point, "depth": 22.0,
                }  # fmt: skip
                _add("black-land-points", values, actor, now)


def _square(west: float, south: float, side: float) -> dict[str, Any]:
    east, north = round(west + side, 6), round(south + side, 6)
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _add(register: str, values: dict[str, Any], actor: User, now: dt.datetime) -> Any:
    return records.create(register=register, values=values, actor=actor, at=now)
