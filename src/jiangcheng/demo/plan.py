"""Reported values, a programme, projects, an evaluation before an adjustment, scores. All synthetic."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
from collections.abc import Callable
from typing import Any

import PIL.Image
from django.core.files.base import ContentFile
from django.db import transaction

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Evidence, Region
from jiangcheng.modules.climate import services as climate
from jiangcheng.modules.ecology import services as ecology
from jiangcheng.modules.plan import rules, services
from jiangcheng.modules.plan.models import Duty, Evaluation, Project
from jiangcheng.modules.soil import services as soil
from jiangcheng.modules.waste import services as waste
from jiangcheng.modules.water import services as water
from jiangcheng.standards import periods

AWAITED = frozenset((
    "city_coach_to_bus_nev", "city_carbon_fibre_cluster", "city_governance_modern_2035", "city_soil_risk_2035",
    "city_climate_adaptive_2035", "city_beautiful_villages_2035", "city_supervision_system_2035",
    "city_waste_free_concept_2035", "prov_air_first_array", "prov_oil_peak_plateau", "prov_digital_2035",
    "prov_waste_free_whole_region",
))  # fmt: skip
"""Targets nobody has reported yet, so that a reader sees what waiting looks like."""
IN_REVIEW = frozenset(("city_forest_coverage_2027", "city_pumped_storage_sites", "city_tcm_planting_2027"))
"""Targets whose latest year waits for another person."""
JUDGED = frozenset(("city_synergy_cases_2027", "prov_synergy_cases_2027", "city_env_infrastructure_gap_2027"))
"""Targets of yes or no that the last review answered with yes."""
WITHOUT_NUMBER = {
    "city_coal_total_control": (1480.0, 1452.0, 1437.0, 1419.0),
    "city_irrigation_coefficient_2027": (0.571, 0.577, 0.584, 0.59),
    "city_total_emissions_trend_2030": (61_300.0, 59_900.0, 58_200.0, 56_800.0),
}
"""Years of the targets for which the plan gives no number, in their unit."""
PROJECTS_UNDER_WAY = 12
DOCUMENT = "演示统计口径（合成数据）"
STEPS = {"higher": (0.86, 0.90, 0.94, 0.97), "lower": (1.16, 1.12, 1.07, 1.03)}
"""Shares of the target in the last four years, by the better side."""
THIN_CITIES: dict[str, dict[str, tuple[float, int | None]]] = {
    "220100": {"city_pm25_annual_2027": (33.0, None), "city_national_section_good_ratio_2027": (78.6, 14),
               "city_inferior_class5_sections_2027": (1, None)},
    "220300": {"city_pm25_annual_2027": (31.0, None), "city_inferior_class5_sections_2027": (0, None),
               "city_builtup_black_odorous_2027": (0, None)},
}  # fmt: skip
"""Values of two other cities: few, so that what is missing shows."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Cast:
    reporter: User
    reviewer: User
    proof: Evidence
    now: dt.datetime
    on: dt.date


def furnish(*, now: dt.datetime, progress: Callable[[float, str], None]) -> None:
    """Fill the room of the plan; does nothing where an evaluation has been frozen."""
    people = {user.username: user for user in User.objects.filter(username__in=("department", "verifier"))}
    if len(people) < 2 or Evaluation.objects.exists():
        return
    on = now.astimezone(periods.BEIJING).date()
    with transaction.atomic():
        proof = registry.store_evidence(file=_page(), actor=people["department"], at=now)
        cast = _Cast(people["department"], people["verifier"], proof, now, on)
        _reports(cast)
        progress(0.3, "targets")
        _programme(cast)
        progress(0.6, "programme")
        _ledger(cast)
        _registers(cast)
        _compute(cast)
        # The evaluation goes before the adjustment: it keeps showing the number that held then.
        before = on.replace(month=1, day=1) - dt.timedelta(days=1)
        services.freeze(kind="annual", on=before, actor=cast.reviewer, at=now)
        _adjustment(cast)
        services.make_cards(year=on.year, actor=cast.reviewer, at=now)
        _objections(cast)
    progress(1.0, "plan")


def _reports(cast: _Cast) -> None:
    """Report most targets that departments report: two to four years each, reviewed by another person."""
    bound = rules.bindings(cast.on)
    numbers = [
        target
        for target in rules.targets(cast.on)
        if target.computability == "reported"
        and not target.indicator
        and target.id not in AWAITED
        and target.id not in bound
    ]
    for place, target in enumerate(numbers):
        series = _series(target, place)
        for back, value in zip(range(len(series), 0, -1), series, strict=True):
            row = _report(cast, target, cast.on.year - back, value)
            if back > 1 or target.id not in IN_REVIEW:
                records.act(record=row, action="accept", actor=cast.reviewer, now=cast.now)


def _series(target: rules.Target, place: int) -> tuple[float, ...]:
    """Return the reported years of a target, the last one is last year's."""
    if target.id in WITHOUT_NUMBER:
        return WITHOUT_NUMBER[target.id]
    if target.unit == "bool":
        return (0.0, float(target.id in JUDGED))
    assert target.target_value is not None
    lift = 0.009 * (place % 5)
    steps = STEPS[target.better][place % 3 :]
    values = [target.target_value * (share + lift) for share in steps]
    if target.unit == "count":
        return tuple(float(int(value)) for value in values)
    return tuple(round(min(value, 100.0) if target.unit == "%" else value, 2) for value in values)


def _report(cast: _Cast, target: rules.Target, year: int, value: float) -> Any:
    values = {
        "target": target.id, "year": year, "value": value, "through_date": dt.date(year, 12, 31),
        "unit_code": target.department, "document": DOCUMENT,
    }  # fmt: skip
    row = _add("plan-reports", values, cast)
    records.act(
        record=row, action="submit", actor=cast.reporter, now=cast.now, text=DOCUMENT, evidence=[cast.proof]
    )
    return row


def _compute(cast: _Cast) -> None:
    """Let the rooms compute first what the plan takes over from them."""
    for room in (climate, soil, ecology):
        room.compute_indicators(on=cast.on, at=cast.now)
    water.compute_ledger_indicators(on=cast.on, at=cast.now)
    for year in (cast.on.year - 1, cast.on.year):
        waste.compute(year=year, at=cast.now)
    services.compute_indicators(on=cast.on, at=cast.now)


def _programme(cast: _Cast) -> None:
    """Make this year's programme from the tasks; a chapter is worked through, three duties lag behind."""
    year = cast.on.year
    programme = services.generate(
        year=year, actor=cast.reporter, at=cast.now, chapters=("pollution", "renewal", "guarantee")
    ).programme
    records.act(record=programme, action="publish", actor=cast.reviewer, now=cast.now)
    counties = list(Region.objects.filter(level="county").order_by("code"))
    for place, duty in enumerate(Duty.objects.filter(year=year).order_by("pk")):
        months = [month for month in (3, 6, 9) if month < cast.on.month]
        done = [
            {"month": month, "text": "季度进展（演示）", "done": f"{year}-{month:02d}-25"} for month in months
        ]
        if place in (4, 9, 17) and done:
            done[-1].pop("done")
        milestones = [*done, *(item for item in duty.milestones if item["month"] not in months)]
        values: dict[str, Any] = {"milestones": milestones, "due_at": services.next_due(year, milestones)}
        if place < 12 and counties:
            values["region"] = counties[place % len(counties)]
        records.change(record=duty, values=values, actor=cast.reporter, at=cast.now)
        if place % 7 == 3:
            _report_progress(cast, duty, confirmed=place % 2 == 1)
        elif 24 <= place < 36 and counties:
            _finished(cast, duty, counties[place % len(counties)], late=place % 3)


def _report_progress(cast: _Cast, duty: Duty, *, confirmed: bool) -> None:
    records.act(
        record=duty, action="report", actor=cast.reporter, now=cast.now, text="本节点工作已完成（演示）",
        evidence=[cast.proof],
    )  # fmt: skip
    if confirmed:
        records.act(record=duty, action="confirm", actor=cast.reviewer, now=cast.now)


def _finished(cast: _Cast, duty: Duty, county: Region, *, late: int) -> None:
    milestones = [
        {**item, "done": f"{duty.year}-{min(item['month'] + late, cast.on.month):02d}-20"}
        for item in duty.milestones
        if item["month"] <= cast.on.month
    ]
    values = {"milestones": milestones, "region": county, "due_at": None}
    records.change(record=duty, values=values, actor=cast.reporter, at=cast.now)
    records.act(record=duty, action="start", actor=cast.reporter, now=cast.now)
    records.act(record=duty, action="finish", actor=cast.reviewer, now=cast.now)


def _ledger(cast: _Cast) -> None:
    services.load_projects(actor=cast.reporter, at=cast.now)
    for place, row in enumerate(Project.objects.order_by("code")[:PROJECTS_UNDER_WAY]):
        records.act(record=row, action="start", actor=cast.reporter, now=cast.now, text="已开工（演示）")
        for back in (2, 1, 0):
            month = (cast.on.replace(day=1) - dt.timedelta(days=28 * back)).replace(day=1)
            values = {"project": row.code, "month_date": month, "percent": 20 + 4 * place + 6 * (2 - back),
                      "invested": round(0.8 + 0.3 * place - 0.1 * back, 2), "text": "演示进展"}  # fmt: skip
            _add("plan-months", values, cast)


def _registers(cast: _Cast) -> None:
    january = cast.on.replace(year=cast.on.year - 2, month=1, day=1)
    for place, unit in enumerate(("see", "agri", "water", "housing", "dev")):
        values = {
            "unit_code": unit,
            "leader": f"演示责任人{'甲乙丙丁戊'[place]}",
            "post": "局长",
            "from_date": january,
        }
        _add("plan-terms", values, cast)
    for place, kind in enumerate(("office", "school", "community", "factory", "village", "park")):
        values = {"name_zh": f"演示细胞{place + 1}", "kind": kind, "level": "city", "applicant": "演示单位",
                  "longitude": 126.55 + 0.02 * place, "latitude": 43.84}  # fmt: skip
        cell = _add("beautiful-cells", values, cast)
        for action in ("review", "publish")[: place % 3]:
            records.act(record=cell, action=action, actor=cast.reviewer, now=cast.now, text="演示")
    for place, size in enumerate(("large", "large", "medium", "medium", "small")):
        values = {"name_zh": f"演示矿山{place + 1}", "mineral": "建筑石料", "size": size,
                  "longitude": 126.2 + 0.1 * place, "latitude": 43.6}  # fmt: skip
        mine = _add("green-mines", values, cast)
        if place % 2 == 0:
            records.act(record=mine, action="apply", actor=cast.reporter, now=cast.now, text="演示")
            records.act(record=mine, action="list", actor=cast.reviewer, now=cast.now, text="演示")
    items = rules.in_force("city_items", cast.on)["items"]
    for place, county in enumerate(Region.objects.filter(level="county").order_by("code")[:5]):
        for turn, item in enumerate(items[: 6 if place < 4 else 3]):
            values = {"region": county, "year": cast.on.year, "item": item["code"],
                      "value": 72 + (5 * place + 7 * turn) % 24, "document": DOCUMENT}  # fmt: skip
            _add("beautiful-cities", values, cast)
    for place, city in enumerate(rules.in_force("rollup", cast.on)["cities"]):
        if city["code"] not in (*THIN_CITIES, "220200"):
            values = {"city_code": city["code"], "target": "city_inferior_class5_sections_2027", "year": cast.on.year,
                      "value": float(place == 6), "document": DOCUMENT}  # fmt: skip
            _add("city-values", values, cast)
    for city, known in THIN_CITIES.items():
        for target, (value, weight) in known.items():
            values = {"city_code": city, "target": target, "year": cast.on.year, "value": value, "weight": weight,
                      "document": DOCUMENT}  # fmt: skip
            _add("city-values", values, cast)


def _adjustment(cast: _Cast) -> None:
    values = {"target": "city_rail_freight_share_2027", "new_value": 48, "valid_from_date": cast.on,
              "document": "演示批复〔2026〕1号", "reason": "中期评估后按铁路货运实际调整（演示）"}  # fmt: skip
    row = _add("plan-adjustments", values, cast)
    records.act(record=row, action="approve", actor=cast.reviewer, now=cast.now, text="同意（演示）")


def _objections(cast: _Cast) -> None:
    county = Region.objects.filter(level="county").order_by("code").first()
    if county is None:
        return
    card = f"PF-{cast.on.year}-{county.code}-1"
    for item, grounds in (
        ("catering", "两户已停业，不应计入（演示）"),
        ("duties", "一项任务由市级牵头（演示）"),
    ):
        row = _add(
            "plan-objections", {"card": card, "item": item, "region": county, "grounds": grounds}, cast
        )
        if item == "catering":
            records.act(
                record=row,
                action="uphold",
                actor=cast.reviewer,
                now=cast.now,
                text="属实，下一版剔除（演示）",
            )


def _page() -> ContentFile[bytes]:
    written = io.BytesIO()
    PIL.Image.new("RGB", (240, 160), "#dfe7e8").save(written, "PNG")
    return ContentFile(written.getvalue(), "evidence.png")


def _add(register: str, values: dict[str, Any], cast: _Cast) -> Any:
    return records.create(register=register, values=values, actor=cast.reporter, at=cast.now)
