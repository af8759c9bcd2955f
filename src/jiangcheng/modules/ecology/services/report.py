"""The yearly report on the state of ecology, from the rows of the registers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from django.db.models import Count, QuerySet, Sum

from jiangcheng.core.records import queries as records
from jiangcheng.core.reports.rules import ReportSection, ReportTable
from jiangcheng.modules.ecology import queries, rules
from jiangcheng.modules.ecology.models import StatusReport, Wetland

Row = tuple[str | int | float | None, ...]


def year_report(*, first: dt.date, last: dt.date) -> tuple[ReportSection, ...]:
    """Return the state of ecology at the end of a year and what happened in it; nothing without any row."""
    on = last - dt.timedelta(days=1)
    return tuple(
        ReportSection(heading, told, ReportTable(head, tuple(rows)))
        for heading, told, head, rows in _parts(first, last, on)
        if rows
    )


def _parts(
    first: dt.date, last: dt.date, on: dt.date
) -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...], list[Row]]]:
    kinds, functions = rules.in_force("zones", on)["kinds"], rules.in_force("shorelines", on)["functions"]
    counted = _counted(queries.zones(on=on), "kind")
    yield "分区管控与三线", (f"{on} 有效的版本。",), ("类别", "个数"), [
        (item["name_zh"], counted[item["code"]]) for item in kinds if item["code"] in counted
    ]  # fmt: skip
    shores = {row["function"]: row for row in _shores(on)}
    yield "河湖岸线", (f"{on} 有效的版本。",), ("功能区", "段数", "长度（千米）"), [
        (item["name_zh"], shores[item["code"]]["count"], shores[item["code"]]["length"])
        for item in functions
        if item["code"] in shores
    ]  # fmt: skip
    inside = (
        f"红线内变化 {_within('red-line-changes', 'detected_date', first, last).exclude(inside_zone='').count()} 处。",
    )
    for code, heading, field, told in (
        ("green-shield", "“绿盾”问题点位", "found_date", ()),
        ("red-line-changes", "人为活动变化", "detected_date", inside),
        ("alien-finds", "外来入侵物种", "found_date", ()),
    ):
        states = _counted(_within(code, field, first, last), "state")
        names = {state: zh for state, zh, _en in records.states(records.register(code))}
        yield heading, told, ("状态", "数量"), [(names[state], count) for state, count in states.items()]
    yield "巡护（年末 30 日）", (), ("网格", "巡护日数", "应巡护", "轨迹（千米）"), [
        (grid.name_zh, found.days, found.required, round(found.kilometres, 1))
        for grid, found in queries.patrols(user=None, on=on)
    ]  # fmt: skip
    years, species = queries.species(user=None, on=on)
    yield "野生动植物调查", (), ("物种", *map(str, years)), [(one.name, *one.counts) for one in species]
    levels = dict(Wetland.Level.choices)
    yield "湿地名录", (), ("级别", "个数", "面积（公顷）", "当年新增"), [
        (str(levels[level]), count, area, fresh)
        for level, count, area, fresh in queries.wetlands(user=None, on=on)
        if count
    ]  # fmt: skip
    yield "湿地占补", (), ("年度", "占用（公顷）", "补充（公顷）", "累计差额（公顷）"), [
        (one.year, one.occupied, one.replenished, round(one.running, 2))
        for one in queries.balances(user=None, on=on)
        if one.year <= first.year
    ]  # fmt: skip
    yield "重点区域生态修复", (), ("区域", "项目数", "完成（%）"), [
        (area.name_zh, len(projects), None if share is None else round(share, 1))
        for area, projects, share in queries.restoration(user=None, on=on)
    ]  # fmt: skip
    found = StatusReport.objects.filter(withdrawn_at=None, year=first.year).order_by("kind", "place", "index")
    yield "生态状况评估", ("不同方法版本的指数不能相互比较。",), ("对象", "指数", "数值", "方法", "报告"), [
        (row.place, row.index, row.value, str(row.get_method_display()), row.report_number) for row in found
    ]  # fmt: skip


def _within(register: str, field: str, first: dt.date, last: dt.date) -> QuerySet[Any]:
    found = queries.rows(register, user=None, on=last)
    return found.filter(**{f"{field}__gte": first, f"{field}__lt": last})


def _counted(found: QuerySet[Any], field: str) -> dict[str, int]:
    return dict(found.order_by(field).values_list(field).annotate(count=Count("pk")))


def _shores(on: dt.date) -> QuerySet[Any]:
    found = queries.shorelines(on=on).order_by("function").values("function")
    return found.annotate(count=Count("pk"), length=Sum("length_km"))
