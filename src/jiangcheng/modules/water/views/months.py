"""Months of sections: the matrix of classes, a river as a strip, lakes with their trophic state."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.water import queries, rules
from jiangcheng.modules.water.views import wording
from jiangcheng.standards import lookup

COUNTS = (13, 25)
"""Months of the matrix: a year and the month a year before, or two."""
STEP, TOP, DEEP = 92, 24, 120
"""Width of a station on the strip, top of its scale, height of its scale [px]."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A section in a month."""

    month: str
    grade: lookup.Grade | None
    over: tuple[dict[str, Any], ...]
    """Items over class III with value and multiple."""
    manual: bool


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """A section over the months, and its change in the last one."""

    section: Station
    name: str
    target: lookup.Grade
    cells: tuple[Cell, ...]
    change: int
    known: bool
    causes: str
    trend: rules.SeasonalTrend


@require_GET
@requires("water.view")
def matrix(request: HttpRequest) -> HttpResponse:
    """Show the classes of sections month by month, with what exceeds and what changed."""
    count = COUNTS[1] if request.GET.get("months") == str(COUNTS[1]) else COUNTS[0]
    points, months, table = _table(request, count)
    lines = [_line(point, months, table) for point in points]
    latest = _latest(table, months)
    grades = {number: wording.grade("water_basins", number, "2011") for number in range(6)}
    rivers = queries.rivers(points=points, table=table, month=latest)
    rows = [table.row(point.pk, latest) for point in points]
    counts = rules.section_counts([0 if row is None else int(table.section[row]) for row in rows])
    targets = rules.target_counts(
        [0 if row is None else int(table.section[row]) for row in rows],
        [point.attributes.get("target_class", rules.GOOD) for point in points],
    )
    context = {
        "lines": lines,
        "index": _index(points, table, latest),
        "months": [_month(month) for month in months],
        "count": count,
        "counts": COUNTS,
        "latest": _month(latest),
        "good": wording.share(counts.good_percent),
        "sections": counts,
        "targets": targets,
        "reached": wording.share(targets.percent),
        "rivers": [
            {
                "name": river.river if wording.chinese() else river.river_en,
                "grade": grades[river.grade.grade],
                "by_means": river.grade.by_means,
                "counts": river.grade.counts,
                "good": wording.share(river.grade.counts.good_percent),
                "inferior": wording.share(river.grade.counts.inferior_percent),
                "pollutants": [
                    (wording.item(code), wording.share(share)) for code, share in river.pollutants
                ],
                "change": river.change,
                "index": _shown(queries.river_index(members=river.members, table=table, month=latest)),
            }
            for river in rivers
        ],
    }
    return render(request, "water/matrix.html", context)


@require_GET
@requires("water.view")
def strip(request: HttpRequest) -> HttpResponse:
    """Show one river from its source downstream: the class and one item at every station."""
    points = [point for point in _points(request) if point.attributes.get("river")]
    rivers = list(dict.fromkeys(point.attributes["river"] for point in points))
    river = request.GET.get("river", "")
    river = river if river in rivers else max(rivers, key=_stations_of(points), default="")
    item = request.GET.get("item", "")
    item = item if item in rules.items_of(rules.AUTO_STATION) else "nh3n"
    members = [point for point in points if point.attributes["river"] == river]
    months = queries.months_before(received_date(request), 2)
    table = queries.month_table(points=members, months=months) if members else None
    now = queries.current(stations=[point.pk for point in members], at=received_at(request))
    latest = _latest(table, months) if table else months[-1]
    stations = []
    for point in members:
        row = table.row(point.pk, latest) if table else None
        value = float(table.values[item][row]) if table and row is not None else float("nan")
        known = now.get(point.pk)
        stations.append(
            {
                "section": point,
                "name": wording.name(point),
                "grade": wording.grade("water_classes", int(table.section[row]), "2011")
                if table and row is not None
                else None,
                "now": wording.grade("water_classes", known.reached, "2011") if known else None,
                "value": value,
                "shown": "—" if np.isnan(value) else f"{value:.3g}",
            }
        )
    english = {point.attributes["river"]: point.attributes.get("river_en", "") for point in points}
    context = {
        "river": river if wording.chinese() else english.get(river) or river,
        "rivers": [(name, name if wording.chinese() else english[name] or name) for name in rivers],
        "chosen": river,
        "items": [(code, wording.item(code)) for code in rules.items_of(rules.AUTO_STATION)],
        "item": item,
        "item_name": wording.item(item),
        "unit": rules.sample_items()[item].unit,
        "month": _month(latest),
        "stations": stations,
        "drawing": _drawing(stations),
        "outfalls": queries.visible(
            register="outfalls", user=person(request), on=received_date(request)
        ).filter(water_body=river)[:50],
    }
    return render(request, "water/strip.html", context)


@require_GET
@requires("water.view")
def lake(request: HttpRequest) -> HttpResponse:
    """Show the lakes: trophic state by month, and observations of algae with their degree."""
    on = received_date(request)
    points = [point for point in _points(request) if point.attributes.get("water_type") == queries.LAKE]
    months = queries.months_before(on, COUNTS[0])
    lines = []
    if points:
        table = queries.month_table(points=points, months=months)
        # Chlorophyll is kept in mg/m³, as the index wants it.
        found = rules.tli({name: table.values[name] for name in ("chla", "tp", "tn", "sd", "codmn")})
        for point in points:
            rows = [table.row(point.pk, month) for month in months]
            lines.append(
                {
                    "section": point,
                    "name": wording.name(point),
                    "cells": [
                        _trophic(found, table, month, row) for month, row in zip(months, rows, strict=True)
                    ],
                }
            )
    context = {
        "lines": lines,
        "months": [_month(month) for month in months],
        "algae": [
            (row, wording.grade("algae_levels", level, "2020", "density"))
            for row, level in queries.algae(user=person(request), on=on)
        ],
    }
    return render(request, "water/lake.html", context)


def _table(request: HttpRequest, count: int) -> tuple[list[Station], list[int], queries.MonthTable]:
    points = _points(request)
    months = queries.months_before(received_date(request), count)
    return points, months, queries.month_table(points=points, months=months)


def _points(request: HttpRequest) -> list[Station]:
    on = received_date(request)
    return queries.sections(on=on, scope=access.scope(request.user, "water.view", on))


def _line(point: Station, months: Sequence[int], table: queries.MonthTable) -> Line:
    rows = [table.row(point.pk, month) for month in months]
    known = [row for row in rows if row is not None]
    target = point.attributes.get("target_class", rules.GOOD)
    before, now = (known[-2], known[-1]) if len(known) > 1 else (None, None)
    change, causes, compared = 0, "", False
    if before is not None and now is not None:
        found = rules.month_change(table.one(before), table.one(now))
        change, compared = int(found.classes[0]), bool(found.known[0])
        mask = int(found.causes[0])
        names = [code for bit, code in enumerate(table.result.items) if mask >> bit & 1]
        causes = wording.items(names) if names else ""
    return Line(
        section=point,
        name=wording.name(point),
        target=lookup.grades("water_classes", edition="2011")[target - 1],
        cells=tuple(_cell(month, row, table) for month, row in zip(months, rows, strict=True)),
        change=change,
        known=compared,
        causes=causes,
        trend=_trend(table.values["codmn"], rows, months),
    )


def _cell(month: int, row: int | None, table: queries.MonthTable) -> Cell:
    if row is None or not table.section[row]:
        return Cell(_month(month), None, (), False)
    over = []
    for code in rules.main_pollutants(table.one(row))[0]:
        multiple = table.result.multiples.get(code)
        number = float(multiple[row]) if multiple is not None else float("nan")
        value = float(table.values[code][row])
        unit = rules.sample_items()[code].unit
        text = f"{value:.3g}" if unit == "1" else f"{value:.3g} {unit}"
        times = "" if np.isnan(number) else _("超Ⅲ类 %(times)s 倍") % {"times": f"{number:.2g}"}
        over.append({"name": wording.item(code), "value": text, "multiple": times})
    grade = wording.grade("water_classes", int(table.section[row]), "2011")
    return Cell(_month(month), grade, tuple(over), bool(table.manual[row]))


def _trend(values: np.ndarray, rows: Sequence[int | None], months: Sequence[int]) -> rules.SeasonalTrend:
    """Return the seasonal trend of the permanganate index over the months."""
    first = months[0] // 12
    years = np.full((months[-1] // 12 - first + 1, 12), np.nan)
    for month, row in zip(months, rows, strict=True):
        if row is not None:
            years[month // 12 - first, month % 12] = values[row]
    return rules.seasonal_trend(years)


def _trophic(
    found: rules.TrophicResult, table: queries.MonthTable, month: int, row: int | None
) -> dict[str, Any]:
    if row is None or not found.grade[row]:
        return {"month": _month(month), "grade": None}
    return {
        "month": _month(month),
        "grade": wording.grade("TLI_grades", int(found.grade[row]), "2011"),
        "index": f"{found.tli[row]:.1f}",
        "complete": bool(found.complete[row]),
        "parts": [
            (wording.item(name), f"{part[row]:.1f}")
            for name, part in found.items.items()
            if part[row] == part[row]
        ],
    }


def _index(points: Sequence[Station], table: queries.MonthTable, last: int) -> dict[str, str]:
    """Return the index of the year up to a month, and its change against the year before, in words."""
    first = last - last % 12
    found = queries.city_index(points=points, table=table, first=first, last=last)
    change = "" if found.change != found.change else f"{found.change:+.1f}%"
    return {"value": _shown(found.index), "span": f"{_month(first)} — {_month(last)}", "change": change}


def _shown(index: float) -> str:
    return "—" if index != index else f"{index:.4f}"


def _latest(table: queries.MonthTable, months: Sequence[int]) -> int:
    """Return the last month that has data."""
    known = table.month[table.section > 0]
    return int(known.max()) if known.size else months[-1]


def _drawing(stations: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the strip in pixels: a mark per station, and the line of the values."""
    values = [station["value"] for station in stations]
    known = [value for value in values if value == value]
    top = max(known, default=1.0) or 1.0
    marks = []
    for place, station in enumerate(stations):
        high = station["value"] / top if station["value"] == station["value"] else 0.0
        marks.append(
            {
                **station,
                "x": STEP // 2 + place * STEP,
                "y": round(TOP + DEEP * (1 - high)),
                "known": station["value"] == station["value"],
            }
        )
    line = " ".join(f"{mark['x']},{mark['y']}" for mark in marks if mark["known"])
    return {"marks": marks, "line": line, "width": max(1, len(stations)) * STEP, "base": TOP + DEEP}


def _stations_of(points: Sequence[Station]) -> Any:
    names = [point.attributes["river"] for point in points]
    return names.count


def _month(month: int) -> str:
    return dt.date(1970 + month // 12, month % 12 + 1, 1).strftime("%Y-%m")
