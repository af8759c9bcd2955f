"""The standards as this installation holds them: every row with its edition, clause, and how it was checked."""

from __future__ import annotations

import collections
import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import received_date, requires
from jiangcheng.standards import lookup

CHECKED = {
    "text": gettext_lazy("核对标准文本"),
    "data": gettext_lazy("由公布数值验证"),
    "secondary": gettext_lazy("他人引述，未核对文本"),
    "memory": gettext_lazy("凭记忆，未核实"),
}
SURE = ("text", "data")
"""Ways of checking after which a row counts as verified."""


@require_GET
@requires("observations.view")
def standards(request: HttpRequest) -> HttpResponse:
    """List the tables with their editions and how many of their rows are verified."""
    on = received_date(request)
    found = []
    for table in lookup.tables():
        counts = collections.Counter(row.verified in SURE for row in table.rows)
        now = [
            edition.code for edition in table.editions if edition.effective_from <= on < edition.effective_to
        ]
        found.append((table, now, counts[True], counts[True] + counts[False]))
    return render(request, "observations/standards.html", {"tables": found})


@require_GET
@requires("observations.view")
def standard(request: HttpRequest, name: str) -> HttpResponse:
    """Show the rows of a table in force on a day (``?on=``), with clause and note; unverified ones are marked."""
    found = next((table for table in lookup.tables() if table.standard == name), None)
    if found is None:
        raise Http404(name)
    try:
        on = dt.date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        on = received_date(request)
    rows = [(row, CHECKED[row.verified], row.verified in SURE) for row in found.rows if row.in_force(on)]
    return render(request, "observations/standard.html", {"table": found, "on": on, "rows": rows})
