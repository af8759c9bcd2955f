"""Grades of a city's sound by the yearly surveys (HJ 640), beside the rates of the functional zones."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.modules.noise import queries, rules
from jiangcheng.modules.noise.views import wording
from jiangcheng.standards import lookup

PERMISSION = "noise.view"
YEARS = 5
KINDS = ("area", "road")


@require_GET
@requires(PERMISSION)
def grades(request: HttpRequest) -> HttpResponse:
    """Show the grades of areas and roads of a year, the years before, the zones' rates, and the table in force."""
    on = received_date(request)
    years = [on.year - back for back in range(YEARS)]
    found = queries.survey_grades(user=person(request), on=on, years=years)
    known = [row.year for row in found]
    year = next((year for year in years if str(year) == request.GET.get("year")), max(known, default=on.year))
    scope = access.scope(request.user, PERMISSION, on)
    points = queries.stations(on=on, scope=scope)
    first, last = dt.date(year, 1, 1), min(dt.date(year, 12, 31), on)
    rows = queries.point_days(points=points, first=first, last=last) if points else []
    rates = {(rate.zone, rate.period): rate for rate in queries.pass_rates(rows, on=first)}
    context = {
        "year": year,
        "years": years,
        "lines": [_line(row) for row in found if row.year == year],
        "before": [_line(row) for row in found if row.year != year],
        "rates": [
            (wording.zone_class(zone), rates.get((zone, "day")), rates.get((zone, "night")))
            for zone in (*rules.CLASSES, "4", "")
            if (zone, "day") in rates or (zone, "night") in rates
        ],
        "table": _table(dt.date(year, 12, 31)),
    }
    return render(request, "noise/grades.html", context)


def _line(row: queries.SurveyGrade) -> dict[str, Any]:
    return {
        "row": row,
        "kind": wording.survey(row.kind),
        "period": wording.period(row.period),
        "grade": wording.grade(row.grade) if row.grade else "—",
        "good": row.grade and row.grade <= 2,
        "poor": row.grade > 3,
        "shares": [f"{share:g}%" for share in row.shares],
        "length": "" if row.length_km != row.length_km else f"{row.length_km:.1f}",
    }


def _table(on: dt.date) -> dict[str, Any]:
    """Return the bounds of the grades in force on a day, with edition and what is not confirmed."""
    rows = [row for row in lookup.rows("HJ640", on) if row.parameter in KINDS]
    return {
        "edition": lookup.edition_on("HJ640", on).code,
        "unverified": any(row.verified == "memory" for row in rows),
        "lines": [
            (wording.survey(kind), wording.period(period), rules.bounds(kind, period, on))
            for kind in KINDS
            for period in rules.PERIODS
        ],
        "grades": [wording.grade(step) for step in range(1, rules.GRADES + 1)],
    }
