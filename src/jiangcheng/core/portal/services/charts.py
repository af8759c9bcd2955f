"""Charts in the words of the page: the options come from the rules, names and headings from the language.

Every function returns ``{"option": …, "table": …}``, what the chart island fetches:
``JsonResponse(services.charts.line(…))``. Times are epoch seconds of the starts of periods; the screen shows
the city's wall clock.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from jiangcheng.core.portal import rules
from jiangcheng.core.portal.rules import Answer, Cell, Flow, Limit, Series, wall_clock

__all__ = [
    "Answer",
    "Cell",
    "Flow",
    "Limit",
    "Series",
    "aqi_calendar",
    "aqi_levels",
    "bars",
    "line",
    "sankey",
    "wall_clock",
    "water_classes",
    "water_strip",
]


def line(
    *,
    series: Sequence[Series],
    units: Sequence[str] = ("",),
    limits: Sequence[Limit] = (),
    decimals: int = 3,
    zoom: bool = False,
    from_zero: bool = True,
) -> Answer:
    """Return lines over time with stepped limits and marks on flagged values."""
    return rules.line_chart(
        series=series,
        units=units,
        limits=limits,
        time_name=_("时段开始"),
        flag_name=_("标记"),
        decimals=decimals,
        zoom=zoom,
        from_zero=from_zero,
    )


def sankey(*, flows: Sequence[Flow], unit: str, decimals: int = 1) -> Answer:
    """Return flows between places as bands and as a table."""
    columns = (_("来自"), _("去向"), _("数量"))
    return rules.sankey_chart(flows=flows, unit=unit, columns=columns, decimals=decimals)


def aqi_calendar(*, year: int, cells: Sequence[Cell]) -> Answer:
    """Return a year of days coloured by their AQI level; each cell's text says value and level."""
    return rules.calendar_chart(
        year=year,
        cells=cells,
        levels=aqi_levels(),
        colours=rules.AQI_COLOURS,
        columns=(_("日期"), "AQI", _("级别")),
    )


def water_strip(*, cells: Sequence[Cell], step: int) -> Answer:
    """Return the water class of consecutive periods of ``step`` seconds."""
    return rules.strip_chart(
        cells=cells,
        step=step,
        levels=water_classes(),
        colours=rules.WATER_COLOURS,
        columns=(_("时段开始"), _("类别"), _("说明")),
    )


def bars(
    *,
    categories: Sequence[str],
    stacks: Sequence[tuple[str, Sequence[float]]],
    unit: str,
    category_name: str,
    decimals: int = 1,
) -> Answer:
    """Return stacked bars over named categories, e.g. sectors over years."""
    return rules.bar_chart(
        categories=categories, stacks=stacks, unit=unit, category_name=category_name, decimals=decimals
    )


def aqi_levels() -> tuple[str, ...]:
    """Return the names of the six AQI levels, best first."""
    return (_("优"), _("良"), _("轻度"), _("中度"), _("重度"), _("严重"))


def water_classes() -> tuple[str, ...]:
    """Return the names of the water classes, best first."""
    return ("Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", _("劣Ⅴ"))
