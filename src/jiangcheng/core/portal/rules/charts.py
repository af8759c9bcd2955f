"""The looks of a chart: plain values become ECharts options, times the wall clock of the city."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import zoneinfo
from collections.abc import Sequence
from typing import Any

CITY = zoneinfo.ZoneInfo("Asia/Shanghai")

AQI_COLOURS = ("#00e400", "#ffff00", "#ff7e00", "#ff0000", "#99004c", "#7e0023")
"""HJ 633, colours of the six levels of the air quality index."""

WATER_COLOURS = ("#a7d8f5", "#4aa3df", "#3bb273", "#f6c945", "#f28c28", "#8b1e1e")
"""Classes I to V and inferior V of GB 3838 in the blue-to-red habit of the bureaus."""

LINE_COLOURS = ("#0f766e", "#b45309", "#1d4ed8", "#a21caf", "#4d7c0f", "#be123c")
SYMBOLS = ("circle", "rect", "triangle", "diamond", "roundRect", "pin")
NO_VALUE_COLOUR = "#d5dddf"
LIMIT_COLOUR = "#b91c1c"

DAY = 86_400

Option = dict[str, Any]
Answer = dict[str, Any]
"""``{"option": …, "table": {"columns": […], "rows": [[…]]}}``, what the chart island fetches."""


@dataclasses.dataclass(frozen=True, slots=True)
class Series:
    """A line: epoch seconds of the starts of its periods, values (NaN: none), and a flag text per value.

    A value with a flag is drawn as a mark and its flag is told; the line goes on through it only where
    ``joined`` says so.
    """

    name: str
    times: Sequence[int]
    values: Sequence[float]
    flags: Sequence[str] = ()
    axis: int = 0
    """0 the left axis, 1 the right."""
    joined: bool = True


@dataclasses.dataclass(frozen=True, slots=True)
class Limit:
    """A limit that holds in ``[start, end)`` [epoch s]; several of one name make a stepped line."""

    name: str
    value: float
    start: int
    end: int


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A coloured cell: a day of a calendar or a period of a strip. ``level`` 1 … 6, or None for no value."""

    start: int
    level: int | None
    text: str
    value: float | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Flow:
    """What goes from one place to another; places are told apart by their names."""

    source: str
    target: str
    value: float


def line_chart(
    *,
    series: Sequence[Series],
    units: Sequence[str],
    limits: Sequence[Limit] = (),
    time_name: str,
    flag_name: str = "",
    decimals: int = 3,
    zoom: bool = False,
    from_zero: bool = True,
) -> Answer:
    """Return lines over time, with stepped limits and marks on flagged values.

    Parameters
    ----------
    units
        Unit of the left axis, and of the right one if there is one.
    time_name, flag_name
        Headings of the table's columns, in the language of the page.
    decimals
        Decimals kept in option and table.
    zoom
        True for a slider under the chart.
    from_zero
        False where nought means nothing, as with temperatures: the axis then spans the values.
    """
    drawn: list[Option] = []
    for position, one in enumerate(series):
        drawn.extend(_line(one, position, decimals))
    drawn.extend(_limit_lines(limits))
    option = {
        **_common(),
        "grid": {"left": 8, "right": 12, "top": 36, "bottom": 56 if zoom else 8, "containLabel": True},
        "legend": {"type": "scroll", "top": 0, "data": [*(one.name for one in series), *_names(limits)]},
        "tooltip": {"trigger": "axis"},
        "xAxis": {"type": "time"},
        "yAxis": [{"type": "value", "name": unit, "scale": not from_zero} for unit in units],
        "series": drawn,
    }
    if zoom:
        option["dataZoom"] = [{"type": "slider", "height": 22, "bottom": 8}, {"type": "inside"}]
    return {"option": option, "table": _line_table(series, units, time_name, flag_name, decimals)}


def calendar_chart(
    *, year: int, cells: Sequence[Cell], levels: Sequence[str], colours: Sequence[str], columns: Sequence[str]
) -> Answer:
    """Return a year as a calendar of coloured days.

    Parameters
    ----------
    cells
        One per day that has a value or is known to have none.
    levels, colours
        Names and colours of the levels 1, 2, …; the names are in the legend.
    columns
        Headings of the table: day, value, level.
    """
    data = [
        {
            "value": [_day(cell.start), cell.level or 0],
            "tip": f"{_day(cell.start)}  {cell.text}",
        }
        for cell in cells
    ]
    option = {
        **_common(),
        "height": 210,
        "tooltip": {"trigger": "item"},
        "calendar": {
            "range": str(year),
            "top": 28,
            "left": 44,
            "right": 12,
            "bottom": 44,
            "cellSize": ["auto", "auto"],
            "yearLabel": {"show": False},
            "dayLabel": {"firstDay": 1},
        },
        "visualMap": _level_map(levels, colours),
        "series": [{"type": "heatmap", "coordinateSystem": "calendar", "data": data}],
    }
    rows = [[_day(cell.start), cell.value, cell.text] for cell in cells]
    return {"option": option, "table": {"columns": list(columns), "rows": rows}}


def strip_chart(
    *, cells: Sequence[Cell], step: int, levels: Sequence[str], colours: Sequence[str], columns: Sequence[str]
) -> Answer:
    """Return consecutive periods as coloured cells that stand higher where the level is worse.

    Parameters
    ----------
    step
        Length of a period [s]: labels show the day where it is a day or longer, the hour where it is less.
    levels, colours
        Names and colours of the levels 1, 2, …; periods without a value stand on the lowest row.
    columns
        Headings of the table: time, value, level.
    """
    data = [
        {
            "value": [position, cell.level or 0, cell.level or 0],
            "tip": f"{clock_text(cell.start)}  {cell.text}",
        }
        for position, cell in enumerate(cells)
    ]
    label = _day if step >= DAY else clock_text
    option = {
        **_common(),
        "height": 210,
        "grid": {"left": 8, "right": 12, "top": 8, "bottom": 8, "containLabel": True},
        "tooltip": {"trigger": "item"},
        "xAxis": {"type": "category", "data": [label(cell.start) for cell in cells]},
        "yAxis": {"type": "category", "data": ["—", *levels], "splitLine": {"show": True}},
        "visualMap": {**_level_map(levels, colours), "show": False, "dimension": 2},
        "series": [{"type": "heatmap", "data": data}],
    }
    rows = [[clock_text(cell.start), cell.value, cell.text] for cell in cells]
    return {"option": option, "table": {"columns": list(columns), "rows": rows}}


def bar_chart(
    *,
    categories: Sequence[str],
    stacks: Sequence[tuple[str, Sequence[float]]],
    unit: str,
    category_name: str,
    decimals: int = 1,
) -> Answer:
    """Return stacked bars; what is below nought hangs below the axis.

    Parameters
    ----------
    stacks
        Per part its name and one value per category (NaN: none).
    """
    option = {
        **_common(),
        "grid": {"left": 8, "right": 12, "top": 40, "bottom": 8, "containLabel": True},
        "legend": {"top": 0, "type": "scroll"},
        "tooltip": {"trigger": "axis", "axisPointer": {"type": "shadow"}},
        "xAxis": {"type": "category", "data": list(categories)},
        "yAxis": {"type": "value", "name": unit},
        "series": [
            {
                "type": "bar",
                "name": name,
                "stack": "all",
                "barMaxWidth": 56,
                "data": [_number(value, decimals) for value in values],
            }
            for name, values in stacks
        ],
    }
    rows = [
        [category, *(_number(values[place], decimals) for _, values in stacks)]
        for place, category in enumerate(categories)
    ]
    columns = [category_name, *(f"{name} ({unit})" if unit else name for name, _ in stacks)]
    return {"option": option, "table": {"columns": columns, "rows": rows}}


def wall_clock(seconds: int) -> str:
    """Return an instant [epoch s] as the city's wall clock marked as UTC.

    ECharts places the marks of a time axis in UTC (``useUTC``); so every browser shows the city's days and
    hours, wherever it stands.
    """
    return dt.datetime.fromtimestamp(seconds, CITY).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_text(seconds: int) -> str:
    """Return an instant [epoch s] as people of the city write it."""
    return dt.datetime.fromtimestamp(seconds, CITY).strftime("%Y-%m-%d %H:%M")


def _common() -> Option:
    return {"useUTC": True, "color": list(LINE_COLOURS), "aria": {"enabled": True, "decal": {"show": False}}}


def _day(seconds: int) -> str:
    return dt.datetime.fromtimestamp(seconds, CITY).strftime("%Y-%m-%d")


def _number(value: float, decimals: int) -> float | None:
    return round(float(value), decimals) if math.isfinite(value) else None


def _line(one: Series, position: int, decimals: int) -> list[Option]:
    flags = one.flags or [""] * len(one.times)
    points = [
        [wall_clock(at), None if flag and not one.joined else _number(value, decimals)]
        for at, value, flag in zip(one.times, one.values, flags, strict=True)
    ]
    line = {
        "type": "line",
        "name": one.name,
        "yAxisIndex": one.axis,
        "data": points,
        "symbol": SYMBOLS[position % len(SYMBOLS)],
        "symbolSize": 5,
        "showSymbol": len(points) <= 60,
        "lineStyle": {"width": 1.8},
        "connectNulls": False,
    }
    marks = [
        {
            "value": [wall_clock(at), _number(value, decimals)],
            "tip": f"{one.name}  {_number(value, decimals)}  {flag}",
        }
        for at, value, flag in zip(one.times, one.values, flags, strict=True)
        if flag and math.isfinite(value)
    ]
    if not marks:
        return [line]
    flagged = {
        "type": "scatter",
        "name": one.name,
        "yAxisIndex": one.axis,
        "data": marks,
        "symbol": "diamond",
        "symbolSize": 9,
        "itemStyle": {"color": "#fff", "borderColor": LIMIT_COLOUR, "borderWidth": 1.6},
        "z": 5,
    }
    return [line, flagged]


def _names(limits: Sequence[Limit]) -> list[str]:
    return list(dict.fromkeys(limit.name for limit in limits))


def _limit_lines(limits: Sequence[Limit]) -> list[Option]:
    return [
        {
            "type": "line",
            "name": name,
            "step": "end",
            "symbol": "none",
            "lineStyle": {"type": "dashed", "width": 1.4, "color": LIMIT_COLOUR},
            "itemStyle": {"color": LIMIT_COLOUR},
            "data": [
                point
                for limit in limits
                if limit.name == name
                for point in (
                    [wall_clock(limit.start), limit.value],
                    [wall_clock(limit.end), limit.value],
                    [wall_clock(limit.end), None],
                )
            ],
        }
        for name in _names(limits)
    ]


def _level_map(levels: Sequence[str], colours: Sequence[str]) -> Option:
    pieces = [{"value": 0, "label": "—", "color": NO_VALUE_COLOUR}]
    for level, (name, colour) in enumerate(zip(levels, colours, strict=True), start=1):
        pieces.append({"value": level, "label": name, "color": colour})
    return {
        "type": "piecewise",
        "orient": "horizontal",
        "left": "center",
        "bottom": 0,
        "itemGap": 6,
        "pieces": pieces,
    }


def _line_table(
    series: Sequence[Series], units: Sequence[str], time_name: str, flag_name: str, decimals: int
) -> dict[str, Any]:
    columns = [time_name]
    for one in series:
        unit = units[one.axis] if one.axis < len(units) else ""
        columns.append(f"{one.name} ({unit})" if unit else one.name)
        if one.flags:
            columns.append(flag_name or one.name)
    values = [dict(zip(one.times, one.values, strict=True)) for one in series]
    flags = [dict(zip(one.times, one.flags, strict=True)) if one.flags else None for one in series]
    rows = []
    for at in sorted({int(at) for one in series for at in one.times}):
        row: list[str | float | None] = [clock_text(at)]
        for of_series, flag_of in zip(values, flags, strict=True):
            row.append(_number(of_series.get(at, math.nan), decimals))
            if flag_of is not None:
                row.append(flag_of.get(at, ""))
        rows.append(row)
    return {"columns": columns, "rows": rows}


def sankey_chart(
    *, flows: Sequence[Flow], unit: str, columns: tuple[str, str, str], decimals: int = 1, height: int = 420
) -> Answer:
    """Return flows as bands between places, and the same flows as a table; flows of nothing are left out.

    Parameters
    ----------
    flows
        Without circles: what is drawn goes from left to right.
    columns
        Headings: from, to, amount.
    """
    shown = [flow for flow in flows if flow.value > 0]
    names = list(dict.fromkeys(name for flow in shown for name in (flow.source, flow.target)))
    colours = [*LINE_COLOURS, "#64748b"]
    links = [
        {
            "source": flow.source,
            "target": flow.target,
            "value": round(flow.value, decimals),
            "tip": f"{flow.source} → {flow.target}  {flow.value:,.{decimals}f} {unit}",
        }
        for flow in shown
    ]
    totals = {
        name: max(
            sum(flow.value for flow in shown if flow.source == name),
            sum(flow.value for flow in shown if flow.target == name),
        )
        for name in names
    }
    nodes = [
        {
            "name": name,
            "itemStyle": {"color": colours[place % len(colours)]},
            "tip": f"{name}  {totals[name]:,.{decimals}f} {unit}",
        }
        for place, name in enumerate(names)
    ]
    series = {
        "type": "sankey",
        "data": nodes,
        "links": links,
        "nodeAlign": "justify",
        "left": 8,
        "right": 120,
        "top": 8,
        "bottom": 8,
        "nodeGap": 18,
        "emphasis": {"focus": "adjacency"},
        "lineStyle": {"color": "source", "opacity": 0.35},
        "label": {"fontSize": 12},
    }
    rows = [[flow.source, flow.target, round(flow.value, decimals)] for flow in shown]
    option = {"aria": {"enabled": True}, "tooltip": {"trigger": "item"}, "series": [series], "height": height}
    return {"option": option, "table": {"columns": [*columns[:2], f"{columns[2]} ({unit})"], "rows": rows}}
