"""What the monthly report of surface water says."""

from __future__ import annotations

import datetime as dt

from jiangcheng.core.reports.rules import ReportSection, ReportTable
from jiangcheng.modules.water import queries, rules
from jiangcheng.standards import lookup


def month(*, first: dt.date, last: dt.date) -> tuple[ReportSection, ...]:
    """Return the class of every section in a month against its target, and the rivers."""
    points = queries.sections(on=first)
    if not points:
        return ()
    number = (first.year - 1970) * 12 + first.month - 1
    table = queries.month_table(points=points, months=[number - 1, number])
    classes = lookup.grades("water_classes", edition="2011")
    names = queries.item_names()
    rows, met, known = [], 0, 0
    for point in points:
        row = table.row(point.pk, number)
        target = int(point.attributes.get("target_class", rules.GOOD))
        reached = int(table.section[row]) if row is not None else 0
        known += bool(reached)
        met += 0 < reached <= target
        rows.append(
            (
                point.name_zh,
                str(point.attributes.get("river", "")),
                classes[target - 1].name_zh,
                classes[reached - 1].name_zh if reached else None,
                "—" if not reached else "是" if reached <= target else "否",
            )
        )
    if not known:
        return ()
    told = (f"{len(points)} 个断面，{known} 个有数据，其中 {met} 个达到目标；没有数据的断面不计入。",)
    head = ("断面", "河流", "目标", "本月", "达标")
    grades = lookup.grades("water_basins", edition="2011")
    rivers = tuple(
        (
            item.river,
            grades[item.grade.grade - 1].name_zh if item.grade.grade else None,
            "、".join(names.get(code, (code, code))[0] for code, _multiple in item.pollutants) or "—",
        )
        for item in queries.rivers(points=points, table=table, month=number)
    )
    found = [ReportSection("断面水质", told, ReportTable(head, tuple(rows)))]
    if rivers:
        found.append(ReportSection("河流水质", (), ReportTable(("河流", "水质状况", "主要污染指标"), rivers)))
    return tuple(found)
