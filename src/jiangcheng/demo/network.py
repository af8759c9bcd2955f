"""Sampling points, checks, samples, agencies, requests and tables of the demo city. All synthetic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility, ObservedProperty, Region, Station
from jiangcheng.modules.network import services
from jiangcheng.modules.network.models import Agency, Gap
from jiangcheng.modules.network.rules import tables
from jiangcheng.standards import periods

POINTS = (
    ("DXS", "地下水井", "Groundwater well", "groundwater", ("w01019", "w21003"), 3),
    ("NCD", "农村水源地", "Village water source", "rural", ("w01019", "w21003"), 3),
    ("XWR", "新污染物点位", "New-pollutant point", "new_pollutants", ("w01019",), 1),
)
"""Start of the code, names, element, codes of the properties, number of points."""
Point = tuple[str, tuple[str, ...], str]
"""Code, codes of the properties, element."""
LOD, METHOD = 0.05, "GB 11892-1989 / HJ 535-2009"


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the registers of the network; does nothing where an agency has been entered."""
    people = {name: User.objects.filter(username=name).first() for name in ("department", "verifier")}
    plants = list(Facility.objects.filter(synthetic=True).order_by("code")[:8])
    actor, accepts = people["department"], people["verifier"]
    if actor is None or accepts is None or not plants or Agency.objects.exists():
        return
    on = now.astimezone(periods.BEIJING).date()
    points = _points(plants, now)
    agency = _agency(on, actor, now)
    _samples(points, agency, on, (actor, accepts), now)
    progress(0.3, "samples")
    _checks(agency, actor, now)
    _rural(on, actor, now)
    _shared((actor, accepts), on, now)
    progress(0.5, "gaps")
    services.detect_gaps(now=now)
    first = Gap.objects.filter(detected=True).order_by("pk").first()
    if first is not None:
        values = {"reason": "line", "measure": "更换通信模块（演示）"}
        records.change(record=first, values=values, actor=actor, at=now)
    services.judge(now=now)
    for definition in tables.in_force("statistics", on)["tables"]:
        if definition["from"] == "register":
            services.freeze(definition=definition, year=on.year, actor=actor, now=now)
    progress(0.8, "catalogue")
    services.describe(now=now)


def _points(plants: list[Facility], now: dt.datetime) -> list[Point]:
    """Register the sampling points and return them."""
    rows: list[dict[str, Any]] = []
    found: list[Point] = []
    for start, zh, en, element, codes, count in POINTS:
        for place in range(count):
            plant, code = plants[place % len(plants)], f"{start}{place + 1:02d}"
            rows.append(
                {
                    "code": code, "name_zh": f"{plant.region.name_zh}{zh}", "name_en": f"{plant.region.name_en} {en}",
                    "kind": "manual", "region": plant.region.code, "longitude": plant.longitude,
                    "latitude": plant.latitude, "attributes": {"element": element}, "synthetic": True,
                    "expected_interval": 92 * 86_400, "valid_from_date": "2024-01-01",
                }
            )  # fmt: skip
            found.append((code, codes, element))
    report = registry.import_register("stations", rows, actor=None, at=now)
    if report.errors:
        raise ValueError(f"the demo city's sampling points were refused: {report.errors[:3]}")
    return found


def _agency(on: dt.date, actor: User, now: dt.datetime) -> str:
    for place, name in enumerate(("江城环境检测有限公司（演示）", "松江检测技术服务中心（演示）")):
        values = {
            "name_zh": name, "credit_code": f"91220200DEMO0000{place}X"[:18], "qualification": f"演示{place:04d}",
            "qualified_to_date": on + dt.timedelta(days=400 - 500 * place), "staff": 20 - 8 * place,
        }  # fmt: skip
        row = _add("agencies", values, actor, now)
        checked = {
            "agency": row.number,
            "checked_date": on - dt.timedelta(days=40),
            "score": 88.0 - 30 * place,
        }
        more = {"problems": "原始记录不完整", "penalty": "演示罚〔2026〕1号"} if place else {}
        _add("agency-checks", {**checked, **more}, actor, now)
    return str(Agency.objects.order_by("pk").values_list("number", flat=True)[0])


def _samples(
    points: list[tuple[str, tuple[str, ...], str]],
    agency: str,
    on: dt.date,
    people: tuple[User, User],
    now: dt.datetime,
) -> None:
    actor, accepts = people
    units = dict(ObservedProperty.objects.filter(statistic="avg").values_list("code", "unit"))
    campaigns: dict[str, str] = {}
    for place, (station, codes, element) in enumerate(points):
        if element not in campaigns:
            values = {"name_zh": f"{on.year} 年手工监测 {element}（演示）", "theme": element, "planned": 12,
                      "from_date": on.replace(month=1, day=1), "to_date": on.replace(month=12, day=31)}  # fmt: skip
            campaigns[element] = _add("campaigns", values, actor, now).number
        for quarter in range(3):
            for code in codes:
                found = None if (place + quarter) % 4 == 0 else round(0.3 + 0.17 * place + 0.1 * quarter, 2)
                values = {
                    "station": station, "campaign": campaigns[element], "observed": f"{code}-avg", "method": METHOD,
                    "sampled_at": now - dt.timedelta(days=5 + 90 * quarter), "unit": units[code], "lod": LOD,
                    "result": found, "lab_qc": "passed", "agency": agency, "report": f"演示-{station}-{quarter}",
                }  # fmt: skip
                row = _add("lab-samples", values, actor, now)
                if quarter:
                    records.act(record=row, action="accept", actor=accepts, now=now)


def _checks(agency: str, actor: User, now: dt.datetime) -> None:
    """Give air stations valid checks, and the last stack a check that failed six hours ago."""
    for station in Station.objects.filter(kind="air").order_by("code")[:4]:
        for kind, days in (("zero_span", 2), ("calibration", 12)):
            values = {"station": station.code, "kind": kind, "performed_at": now - dt.timedelta(days=days)}
            _add("qc-records", {**values, "result": "passed", "deviation": 1.2}, actor, now)
    stack = Station.objects.filter(kind="gas_outlet").order_by("-code").first()
    if stack is None:
        return
    values = {"station": stack.code, "kind": "zero_span", "agency": agency}
    for hours, result, deviation in ((30, "passed", 0.8), (6, "failed", 7.5)):
        at = now - dt.timedelta(hours=hours)
        _add(
            "qc-records", {**values, "performed_at": at, "result": result, "deviation": deviation}, actor, now
        )


def _rural(on: dt.date, actor: User, now: dt.datetime) -> None:
    items = [item["code"] for item in tables.in_force("rural", on)["items"]]
    for place, county in enumerate(Region.objects.filter(level="county").order_by("code")[:5]):
        for step, item in enumerate(items[: len(items) - place]):
            values = {
                "region": county, "village": f"{county.name_zh}第一村（演示）", "year": on.year, "item": item,
                "samples": 12, "compliant": 12 - (place + step) % 4, "basis": "演示",
            }  # fmt: skip
            _add("rural-results", values, actor, now)


def _shared(people: tuple[User, User], on: dt.date, now: dt.datetime) -> None:
    actor, accepts = people
    for unit, dataset in (("市气象局", "element:air"), ("市水利局", "element:surface_water")):
        values = {"unit": unit, "dataset": dataset, "purpose": "业务协同（演示）",
                  "until_date": on + dt.timedelta(days=90)}  # fmt: skip
        row = _add("data-requests", values, actor, now)
        if dataset == "element:air":
            records.act(record=row, action="grant", actor=accepts, now=now)
    for place, station in enumerate(Station.objects.filter(kind="air").order_by("code")[:4]):
        values = {
            "system": "二期平台",
            "kind": "station",
            "old_id": f"JC2-{place + 101}",
            "code": station.code,
        }
        _add("id-mappings", values, actor, now)


def _add(register: str, values: dict[str, Any], actor: User, now: dt.datetime) -> Any:
    return records.create(register=register, values=values, actor=actor, at=now)
