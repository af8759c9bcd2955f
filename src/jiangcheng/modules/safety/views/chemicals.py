"""Toxic chemicals by list version, and new pollutants against the units."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.modules.safety import queries
from jiangcheng.modules.safety.models import fields
from jiangcheng.modules.safety.rules import tables
from jiangcheng.modules.safety.views import wording

FIRST_YEAR = 2018


@require_GET
@requires("safety.view")
def chemicals(request: HttpRequest) -> HttpResponse:
    """Show the inventory of toxic chemicals of a year by a version of the list, and what another version changed."""
    user, on = person(request), received_date(request)
    year, error = _year(request)
    chosen, against = request.GET.get("version", ""), request.GET.get("against", "")
    found = None
    try:
        found = queries.inventory(user=user, on=on, year=year, version=chosen, against=against)
    except LookupError:
        error = error or _("没有这一版名录，或这一年还没有名录。")
    names = dict(fields.toxic())
    context = {
        "year": year, "error": error, "found": found,
        "versions": [(row["version"], wording.name(row)) for row in queries.list_versions("toxic")],
        "version": wording.version(found.version) if found else "", "source": found.version["source"] if found else "",
        "against": wording.name(found.against) if found and found.against else "",
        "lines": [(wording.name(line.row), line) for line in found.lines] if found else [],
        "parts": _parts(found),
        "outside": [(names.get(row.substance, row.substance), row) for row in found.outside] if found else [],
    }  # fmt: skip
    return render(request, "safety/chemicals.html", context, status=404 if chosen and found is None else 200)


@require_GET
@requires("safety.view")
def pollutants(request: HttpRequest) -> HttpResponse:
    """Show the key list against the units, what lies above its screening value, and the assessments."""
    user, on = person(request), received_date(request)
    year, error = _year(request)
    matrix = None
    try:
        matrix = queries.matrix(user=user, on=on, year=year)
    except LookupError:
        error = error or _("这一年还没有重点管控清单。")
    names = dict(fields.new_pollutants())
    assessments = records.visible(register="pollutant-assessments", user=user, on=on).filter(
        withdrawn_at=None
    )
    context = {
        "year": year, "error": error, "matrix": matrix, "version": wording.version(matrix.version) if matrix else "",
        "source": matrix.version["source"] if matrix else "",
        "rows": [(wording.name(item), item, cells, total) for item, cells, total in matrix.rows] if matrix else [],
        "units": [(wording.name(unit), unit) for unit in matrix.units] if matrix else [],
        "measures": [_measure(item) for item, _cells, _total in matrix.rows] if matrix else [],
        "forbidden": sum(use.forbidden for _item, cells, _total in matrix.rows for uses in cells for use in uses)
        if matrix else 0,
        "over": [(names.get(row.substance, row.substance), row, quotient)
                 for row, quotient in queries.pollutants_over(user=user, on=on, year=year)],
        "assessments": [(names.get(row.substance, row.substance), row) for row in assessments[:50]],
    }  # fmt: skip
    return render(request, "safety/pollutants.html", context)


def _year(request: HttpRequest) -> tuple[int, str]:
    """Return the year that was asked for, or this one with what was wrong."""
    on = received_date(request)
    asked = request.GET.get("year") or str(on.year)
    year = int(asked) if asked.isascii() and asked.isdigit() and len(asked) == 4 else 0
    return (year, "") if FIRST_YEAR <= year <= on.year else (on.year, _("年度写作 2026"))


def _parts(found: queries.Inventory | None) -> list[tuple[str, str, list[tuple[str, tables.Table]]]]:
    """Return what changed between two versions of a list: badge, heading, substances."""
    if found is None or found.difference is None:
        return []
    change = found.difference
    told = (
        ("bad", _("新增"), change.added),
        ("info", _("移出"), change.removed),
        ("warn", _("变更"), change.changed),
    )
    return [(badge, heading, [(wording.name(row), row) for row in rows]) for badge, heading, rows in told]


def _measure(item: tables.Table) -> tuple[str, tables.Table, str, list[tuple[str, tables.Table]]]:
    """Return a new pollutant with its measures and the members of its class in the reader's language."""
    told = item["measures_zh" if fields.chinese() else "measures_en"]
    return wording.name(item), item, told, [(wording.name(row), row) for row in item.get("members", ())]
