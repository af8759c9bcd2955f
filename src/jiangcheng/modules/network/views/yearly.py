"""Frozen tables of a year and their editions; the rural index."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.modules.network import queries, services
from jiangcheng.modules.network.models import StatisticsEdition
from jiangcheng.modules.network.rules import statistics as rules
from jiangcheng.modules.network.rules.tables import in_force
from jiangcheng.modules.network.views.wording import named

VIEW, MANAGE = "network.view", "network.manage"
YEARS = range(2000, 2100)


@require_GET
@requires(VIEW)
def statistics(request: HttpRequest) -> HttpResponse:
    """List the tables of a year with their editions."""
    on, year = received_date(request), _year(request.GET.get("year", ""), received_date(request).year - 1)
    table = in_force("statistics", on)
    found = list(queries.editions(year=year))
    context = {
        "year": year,
        "basis": table,
        "tables": [
            (item["code"], named(item), [row for row in found if row.table == item["code"]])
            for item in table["tables"]
        ],
        "may_freeze": _may_freeze(request),
    }
    return render(request, "network/statistics.html", context)


@require_POST
@requires(MANAGE)
def freeze(request: HttpRequest) -> HttpResponse:
    """Freeze a table of a year as its next edition; only who keeps the registers of the whole city may."""
    on = received_date(request)
    year = _year(request.POST.get("year", ""), on.year - 1)
    tables = {item["code"]: item for item in in_force("statistics", on)["tables"]}
    wanted = tables.get(request.POST.get("table", ""))
    if wanted is None or not _may_freeze(request):
        messages.error(request, _("没有这张表，或您不负责全市的统计。"))
        return redirect("network:statistics")
    try:
        found = services.freeze(definition=wanted, year=year, actor=person(request), now=received_at(request))
    except LookupError:
        messages.error(request, _("该表所用的台账没有安装。"))
        return redirect("network:statistics")
    messages.success(request, _("已有版本 %d。") % found.edition)
    return redirect("network:edition", found.pk)


@require_GET
@requires(VIEW)
def edition(request: HttpRequest, pk: int) -> HttpResponse:
    """Show an edition, how it differs from the one before, and, if asked, whether it comes out the same again."""
    found = get_object_or_404(StatisticsEdition, pk=pk)
    before = queries.editions(table=found.table, year=found.year).filter(edition=found.edition - 1).first()
    content = json.loads(found.content)
    again: bool | None = None
    if request.GET.get("check") == "1":
        again = rules.digest(services.recompute(found)) == found.sha256
    columns = list(content["rows"][0]) if content["rows"] else []
    context: dict[str, Any] = {
        "edition": found,
        "name": named(found.definition),
        "columns": columns,
        "rows": [[row.get(column) for column in columns] for row in content["rows"]],
        "before": before,
        "differences": rules.differences(json.loads(before.content)["rows"], content["rows"], content["key"])
        if before
        else [],
        "again": again,
    }
    return render(request, "network/edition.html", context)


@require_GET
@requires(VIEW)
def edition_json(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the very bytes of an edition."""
    found = get_object_or_404(StatisticsEdition, pk=pk)
    name = f"{found.table}-{found.year}-v{found.edition}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "ETag": f'"{found.sha256}"'}
    return HttpResponse(found.content.encode(), content_type="application/json", headers=headers)


@require_GET
@requires(VIEW)
def rural(request: HttpRequest) -> HttpResponse:
    """Show the rural index of every county of a year, and what is missing for it."""
    on = received_date(request)
    year = _year(request.GET.get("year", ""), on.year)
    table = in_force("rural", on)
    items = {item["code"]: named(item) for item in table["items"]}
    grades = {item["code"]: named(item) for item in table["grades"]}
    scope = access.scope(person(request), VIEW, on)
    lines = [
        (named(county), found, grades.get(found.grade, ""), [found.items.get(code) for code in items],
         [items[code] for code in found.missing if code in items])
        for county, found in queries.rural(scope=scope, year=year)
    ]  # fmt: skip
    context = {"year": year, "items": list(items.values()), "lines": lines, "basis": table}
    return render(request, "network/rural.html", context)


def _year(text: str, default: int) -> int:
    return (
        int(text) if text.isascii() and text.isdigit() and len(text) == 4 and int(text) in YEARS else default
    )


def _may_freeze(request: HttpRequest) -> bool:
    """Tell whether a person keeps the registers of the whole city: of everything, or of the city's area."""
    scope = access.scope(person(request), MANAGE, received_date(request))
    return scope.whole_city
