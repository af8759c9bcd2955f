"""What the daily report and the monthly bulletin of the air say."""

from __future__ import annotations

import datetime
import math

import numpy as np
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from jiangcheng.core.registry.models import Region, Station
from jiangcheng.core.reports.queries import called
from jiangcheng.core.reports.rules import ReportSection, ReportTable
from jiangcheng.modules.air import queries, rules
from jiangcheng.modules.air.queries import reports
from jiangcheng.standards import lookup

SHOWN = ("pm25", "pm10", "so2", "no2", "o3_mda8", "co")
HEADS = ("PM2.5", "PM10", "SO2", "NO2", "O3-8h", "CO")
DAY_DIGITS = (0, 0, 0, 0, 0, 0, 0, 0, 1)
MONTH_DIGITS = (0, 0, 2, 0, 0, 0, 0, 0, 0)
"""Decimals of the columns of the two tables."""


def day(*, first: datetime.date, last: datetime.date) -> tuple[ReportSection, ...]:
    """Return AQI, level and pollutants of every area on a day; nothing where no area has a valid one."""
    rows = []
    for area in _areas(first):
        columns = queries.daily(station=area.pk, codes=["aqi", *SHOWN], first=first, last=last)
        level = int(reports.levels(columns)[0])
        values = [_value(columns[code][0], 1 if code == "co" else 0) for code in SHOWN]
        rows.append((called(area.region), _value(columns["aqi"][0], 0), _level(first, level), *values))
    missing = sum(row[1] is None for row in rows)
    if missing == len(rows):
        return ()
    told = _("%(areas)s 个区域，%(missing)s 个没有有效的日均值。浓度单位 µg/m³，CO 为 mg/m³。") % {
        "areas": len(rows), "missing": missing,
    }  # fmt: skip
    table = ReportTable((_("区域"), "AQI", _("级别"), *HEADS), tuple(rows), DAY_DIGITS)
    return (ReportSection(_("各区域空气质量"), (told,), table),)


def month(*, first: datetime.date, last: datetime.date) -> tuple[ReportSection, ...]:
    """Return the ranking of a month by the composite index, and the days of the city by quality."""
    found = reports.ranking(
        areas=_areas(first), first=first, last=last, weighting=rules.EQUAL, without_events=False
    )
    if not found:
        return ()
    rows = tuple(
        (
            "—" if one.whole else str(one.rank or "—"), called(one.station.region), _value(one.composite.value, 2),
            one.main if _chinese() else one.main.replace("、", ", "),
            one.quality.good, one.quality.heavy, one.quality.days, *(_value(one.items[name].mean, 0) for name in
            ("PM25", "PM10")),
        )
        for one in found
    )  # fmt: skip
    head = (
        _("名次"),
        _("区域"),
        _("综合指数"),
        _("首要污染物"),
        _("优良天数"),
        _("重污染天数"),
        _("有效天数"),
        _("PM2.5 均值"),
        _("PM10 均值"),
    )
    words = tuple(
        _("全市有效监测 %(days)s 天，优良 %(good)s 天，重度及以上污染 %(heavy)s 天。浓度单位 µg/m³。")
        % {"days": one.quality.days, "good": one.quality.good, "heavy": one.quality.heavy}
        for one in found
        if one.whole
    )
    return (ReportSection(_("综合指数排名"), words, ReportTable(head, rows, MONTH_DIGITS)),)


def _areas(on: datetime.date) -> list[Station]:
    """Return the city and its counties, the city first."""
    known = {area.station for area in queries.areas(points=queries.stations(on=on))}
    found = Station.objects.filter(pk__in=known).select_related("region").order_by("code")
    return sorted(found, key=lambda area: (area.region.level != Region.Level.CITY, area.code))


def _level(on: datetime.date, level: int) -> str:
    if not level:
        return "—"
    edition = lookup.edition_on("HJ633", on).code
    return called(lookup.grades("HJ633_levels", edition=edition)[level - 1])


def _value(value: float | np.floating, digits: int) -> float | int | None:
    if math.isnan(value):
        return None
    return round(float(value), digits) if digits else round(float(value))


def _chinese() -> bool:
    return (get_language() or "zh").startswith("zh")
