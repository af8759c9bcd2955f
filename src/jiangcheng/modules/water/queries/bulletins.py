"""What the monthly report of surface water says."""

from __future__ import annotations

import datetime as dt

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.core.reports.queries import called
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
                called(point),
                str(point.attributes.get("river", "")),
                called(classes[target - 1]),
                called(classes[reached - 1]) if reached else None,
                "—" if not reached else _("是") if reached <= target else _("否"),
            )
        )
    if not known:
        return ()
    told = _("%(sections)s 个断面，%(known)s 个有数据，其中 %(met)s 个达到目标；没有数据的断面不计入。") % {
        "sections": len(points),
        "known": known,
        "met": met,
    }
    head = (_("断面"), _("河流"), _("目标"), _("本月"), _("达标"))
    chinese = (get_language() or "zh").startswith("zh")
    grades = lookup.grades("water_basins", edition="2011")
    rivers = tuple(
        (
            item.river,
            called(grades[item.grade.grade - 1]) if item.grade.grade else None,
            ("、" if chinese else ", ").join(
                names.get(code, (code, code))[not chinese] for code, _multiple in item.pollutants
            )
            or "—",
        )
        for item in queries.rivers(points=points, table=table, month=number)
    )
    found = [ReportSection(_("断面水质"), (told,), ReportTable(head, tuple(rows)))]
    if rivers:
        heads = (_("河流"), _("水质状况"), _("主要污染指标"))
        found.append(ReportSection(_("河流水质"), (), ReportTable(heads, rivers)))
    return tuple(found)
