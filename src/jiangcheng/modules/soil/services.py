"""The gates of the registers, findings on changes of use, duties of key units, and the indicators of soil."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.indicators import services as indicators
from jiangcheng.core.records import services as records
from jiangcheng.core.reports.rules import ReportSection, ReportTable
from jiangcheng.methods import outlines
from jiangcheng.modules.soil import queries, rules
from jiangcheng.modules.soil.models import LandUseChange, SoilDuty, SoilPlot
from jiangcheng.standards import periods

CHANGE = "soil.use_change"


def watch_change(
    *, record_number: str, actor: User | None, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of a change's first step: one to a sensitive use without a survey becomes a case."""
    row = LandUseChange.objects.get(number=record_number)
    if row.survey_date is None and rules.sensitive(row.new_use, _day(now)):
        _report(row, now)


def watch_changes(*, now: dt.datetime) -> int:
    """Report every change without its survey, and end the findings of those that have it now; return how many."""
    late = queries.unsurveyed(on=_day(now))
    for row in late:
        _report(row, now)
    standing = {_key(row) for row in late}
    unfinished = Finding.objects.filter(kind=CHANGE, ended_at=None).values_list("dedup_key", flat=True)
    for key in unfinished:
        if key not in standing:
            cases.end_finding(dedup_key=key, at=now)
    return len(late)


def check_change(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``approve``: no plot of the list changes its use, nor one that had to be surveyed."""
    row = LandUseChange.objects.get(number=record_number)
    found = queries.blocking(row)
    if found:
        named = "、".join(f"{plot.name_zh}（{plot.number}）" for plot in found)
        raise Refused(_("地块在风险管控和修复名录内，移出前不得变更用途：%s。") % named)
    if row.survey_date is None and rules.sensitive(row.new_use, _day(now)):
        raise Refused(_("变更为住宅、公共管理与公共服务用地前，须先完成土壤污染状况调查并填写调查日期。"))


def enter_plot(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``enter``: note the day; an earlier exit stays in the history."""
    row = SoilPlot.objects.get(number=record_number)
    records.change(record=row, values={"entered_date": _day(now), "left_date": None}, actor=actor, at=now)


def remove_plot(
    *, record_number: str, actor: User, now: dt.datetime, details: Mapping[str, Any], text: str
) -> None:
    """Answer the hook of ``remove``: note the day."""
    row = SoilPlot.objects.get(number=record_number)
    records.change(record=row, values={"left_date": _day(now)}, actor=actor, at=now)


@transaction.atomic
def generate_duties(*, year: int, actor: User | None, now: dt.datetime) -> int:
    """Give every key unit of a year the duties it does not have yet; return how many were added.

    A duty whose day has passed already gets the days of grace of the table: nobody was told of it before.
    """
    on = _day(now)
    rule = rules.in_force("duties", on)
    grace = on + dt.timedelta(days=rule["grace_days"])
    held = set(SoilDuty.objects.filter(year=year).values_list("facility_id", "duty"))
    added = 0
    for unit in queries.units(year=year, user=None, on=on):
        for item in rule["duties"]:
            if (unit.facility_id, item["code"]) in held:
                continue
            last = dt.date.fromisoformat(f"{year}-{item['due']}")
            values = {
                "facility": unit.facility, "region": unit.region, "year": year, "duty": item["code"],
                "due_at": _end_of(last if last >= on else grace),
            }  # fmt: skip
            records.create(register="soil-duties", values=values, actor=actor, at=now)
            added += 1
    return added


def compute_indicators(*, on: dt.date, at: dt.datetime) -> None:
    """Record coverage around key units, safe use of farmland, and black land with its organic matter."""
    for year in queries.years()[:1]:
        found = queries.coverage(year=year, user=None, on=on)
        _record(
            "soil.perimeter_coverage", year, found.percent, "%", len(found.units),
            ("土壤与地下水均有周边监测的重点监管单位 ÷ 重点监管单位", "units with both sampled ÷ units"),
            f"{reverse('soil:key_units')}?year={year}", {"monitored": found.both, "units": len(found.units)}, at,
        )  # fmt: skip
    latest, _areas, safe = queries.farmland(user=None, on=on)
    if latest is not None:
        _record(
            "soil.safe_use", latest, safe.percent, "%", 1, ("(B + C + D) ÷ E", "(B + C + D) ÷ E"),
            f"{reverse('records:farmland-plots')}?year={latest}",
            {"polluted": safe.polluted, "safe": safe.safe, "unproven": safe.unproven}, at,
        )  # fmt: skip
    projects = queries.black_land(user=None, on=on)
    if projects:
        url = reverse("records:black-land-projects")
        area = sum(project.area for project, _ in projects)
        gained = rules.weighted((project.area, found.gain) for project, found in projects)
        _record(
            "soil.black_land_area", on.year, area, "ha", len(projects), ("Σ 项目面积", "Σ area"), url, {}, at
        )
        _record(
            "soil.black_land_gain", on.year, gained, "g/kg", len(projects),
            ("Σ 面积 ×（项目后均值 − 项目前均值）÷ Σ 面积", "Σ area × (after − before) ÷ Σ area"), url, {}, at,
        )  # fmt: skip


def year_report(*, first: dt.date, last: dt.date) -> tuple[ReportSection, ...]:
    """Return lists, monitoring, farmland and black land of a year; nothing without any row."""
    on = last - dt.timedelta(days=1)
    listed = [
        (plot.number, plot.name_zh, plot.entered_date.isoformat() if plot.entered_date else "")
        for plot in queries.listed_plots()
        if plot.entered_date is None or plot.entered_date < last
    ]
    covered = queries.coverage(year=first.year, user=None, on=on)
    units = [
        (unit.facility.name_zh if unit.facility else unit.number, unit.year)
        for unit in queries.units(year=first.year, user=None, on=on)
    ]
    latest, areas, safe = queries.farmland(user=None, on=on)
    names = {rules.PRIORITY: "优先保护类", rules.SAFE: "安全利用类", rules.STRICT: "严格管控类"}
    told = (
        f"受污染耕地安全利用率 {safe.percent:.1f} %" if safe.percent is not None else "没有受污染耕地的面积"
    )
    black = [
        (project.name_zh, project.area, None if found.gain is None else round(found.gain, 2))
        for project, found in queries.black_land(user=None, on=on)
    ]
    parts: tuple[tuple[str, tuple[str, ...], tuple[str, ...], list[Any]], ...] = (
        ("建设用地土壤污染风险管控和修复名录", ("报告产生时的名录。",), ("编号", "地块", "列入日期"), listed),
        ("土壤污染重点监管单位", (f"土壤和地下水均开展周边监测 {covered.both} 家。",), ("单位", "年度"), units),
        ("农用地分类", (f"{latest} 年；{told}。",), ("类别", "面积（公顷）"),
         [(names[code], area) for code, area in areas if area]),
        ("黑土地保护", (), ("项目", "面积（公顷）", "有机质变化（g/kg）"), black),
    )  # fmt: skip
    return tuple(
        ReportSection(heading, lines, ReportTable(head, tuple(rows)))
        for heading, lines, head, rows in parts
        if rows
    )


def _record(
    code: str,
    year: int,
    value: float | None,
    unit: str,
    count: int,
    formula: tuple[str, str],
    url: str,
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
                "property": "soil", "granularity": "year", "rows": count, "url": url,
                "intermediates": {name: round(number, 6) for name, number in parts.items()},
            },
        ),
        at=at,
    )  # fmt: skip


def _report(row: LandUseChange, now: dt.datetime) -> None:
    longitude, latitude = row.longitude, row.latitude
    if longitude is None and row.outline:
        centre = outlines.parsed(row.outline).representative_point()
        longitude, latitude = centre.x, centre.y
    cases.report(
        finding=cases.FindingReport(
            kind=CHANGE,
            dedup_key=_key(row),
            rule_version=str(rules.in_force("uses", _day(now))["version"]),
            title_zh=f"用途变更未作土壤污染状况调查：{row.name_zh}",
            title_en=f"Change of use without a soil survey: {row.name_zh}",
            severity=3,
            first_at=row.created_at,
            last_at=now,
            evidence={
                "start": row.created_at.isoformat(), "register": "land-use-changes", "number": row.number,
                "new_use": row.new_use, "clause": "土壤污染防治法 第五十九条",
            },
            facility_id=row.facility_id,
            longitude=longitude,
            latitude=latitude,
        ),
        now=now,
    )  # fmt: skip


def _key(row: LandUseChange) -> str:
    return f"{CHANGE}:{row.number}"


def _day(now: dt.datetime) -> dt.date:
    return now.astimezone(periods.BEIJING).date()


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(23, 59), periods.BEIJING)
