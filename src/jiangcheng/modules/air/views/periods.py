"""Pages over months and years: the ranking and the calendar."""

from __future__ import annotations

import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import received_date, requires
from jiangcheng.core.portal.services import charts
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.air import queries, rules
from jiangcheng.modules.air.queries import reports
from jiangcheng.modules.air.views.now import visible
from jiangcheng.standards import lookup, periods

FIRST_YEAR = 2013


@require_GET
@requires("air.view")
def ranking(request: HttpRequest) -> HttpResponse:
    """Rank the areas by their composite index over a month or the year so far, beside the year before."""
    today = received_date(request)
    first, last, month = _period(request, today)
    weighting = rules.WEIGHTED if request.GET.get("weighting") == rules.WEIGHTED else rules.EQUAL
    rows = reports.ranking(
        areas=_areas(request),
        first=first,
        last=last,
        weighting=weighting,
        without_events=bool(request.GET.get("events")),
    )
    context = {
        "rows": rows,
        "first": first,
        "through": last - datetime.timedelta(days=1),
        "month": month,
        "weighting": weighting,
        "without_events": bool(request.GET.get("events")),
        "edition": lookup.edition_on("HJ663", last - datetime.timedelta(days=1)),
        "verified": all(row.composite.verified for row in rows),
    }
    return render(request, "air/ranking.html", context)


@require_GET
@requires("air.view")
def calendar(request: HttpRequest) -> HttpResponse:
    """Show a year of an area: every day by level, and the days of each month by level in numbers."""
    today = received_date(request)
    areas = _areas(request)
    area, year = _chosen(request, areas), _year(request, today)
    without = bool(request.GET.get("events"))
    months = reports.months(area=area, year=year, until=today, without_events=without) if area else []
    context = {
        "areas": areas,
        "area": area,
        "year": year,
        "years": range(today.year, FIRST_YEAR - 1, -1),
        "without_events": without,
        "months": months,
        "grades": lookup.grades("HJ633_levels", edition=lookup.edition_on("HJ633", today).code),
        "totals": [sum(month.counts[number] for month in months) for number in range(6)],
        "query": request.GET.urlencode(),
    }
    return render(request, "air/calendar.html", context)


@require_GET
@requires("air.view")
def calendar_figure(request: HttpRequest, code: str) -> JsonResponse:
    """Return the days of a year of an area, each with its level in words."""
    today = received_date(request)
    area = next((one for one in _areas(request) if one.code == code), None)
    year = _year(request, today)
    cells: list[charts.Cell] = []
    if area is not None:
        read = queries.daily_without_events if request.GET.get("events") else queries.daily
        columns = read(
            station=area.pk,
            codes=["aqi"],
            first=datetime.date(year, 1, 1),
            last=min(datetime.date(year + 1, 1, 1), today),
        )
        names = charts.aqi_levels()
        triples = zip(
            columns["days"].tolist(), reports.levels(columns).tolist(), columns["aqi"].tolist(), strict=True
        )
        for day, level, aqi in triples:
            start = periods.day_bounds(day)[0]
            text = f"AQI {aqi:.0f} {names[level - 1]}" if level else "—"
            cells.append(
                charts.Cell(start=start, level=level or None, text=text, value=aqi if level else None)
            )
    return JsonResponse(charts.aqi_calendar(year=year, cells=cells))


def _areas(request: HttpRequest) -> list[Station]:
    areas = Station.objects.filter(kind=Station.Kind.AREA).select_related("region").order_by("code")
    return visible(request, areas)


def _chosen(request: HttpRequest, areas: list[Station]) -> Station | None:
    asked = request.GET.get("area", "")
    return next((area for area in areas if area.code == asked), areas[0] if areas else None)


def _year(request: HttpRequest, today: datetime.date) -> int:
    asked = request.GET.get("year", "")
    wanted = int(asked) if asked.isdecimal() and len(asked) == 4 else today.year
    return wanted if FIRST_YEAR <= wanted <= today.year else today.year


def _period(request: HttpRequest, today: datetime.date) -> tuple[datetime.date, datetime.date, Any]:
    """Return the closed days asked for, half-open, and the month as the form shows it.

    The year so far by default; on 1 January the year before. A month that has not begun is the present one.
    """
    asked = request.GET.get("month", "")
    try:
        first = datetime.date.fromisoformat(f"{asked}-01")
    except ValueError:
        begin = datetime.date(today.year - (today == datetime.date(today.year, 1, 1)), 1, 1)
        return begin, today, ""
    yesterday = today - datetime.timedelta(days=1)
    first = min(max(first, datetime.date(FIRST_YEAR, 1, 1)), yesterday.replace(day=1))
    following = (first + datetime.timedelta(days=32)).replace(day=1)
    return first, min(following, today), f"{first:%Y-%m}"
