"""The complaints about one enterprise, a fragment of its file."""

from __future__ import annotations

import datetime as dt

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.core.registry import queries as registry
from jiangcheng.modules.participation import queries
from jiangcheng.modules.participation.views import wording
from jiangcheng.standards import periods

VIEW = "registry.view"
SHOWN = 20


@require_GET
@requires(VIEW)
def facility_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show how many complaints there are about an enterprise, by month and state.

    Staff of its area follow links to the cases they may see. The enterprise has the counts alone: what a
    neighbour wrote may tell who it was.
    """
    on, user = received_date(request), person(request)
    scope = access.scope(user, VIEW, on)
    facility = get_object_or_404(registry.facilities(scope=scope), code=code)
    found = queries.about(facility=facility, since=_year_before(on))
    is_staff = scope.covers_region(facility.region.code)
    linked = queries.readable(found[:SHOWN], user=user, on=on) if is_staff else []
    names = dict(wording.kinds())
    context = {
        "months": [
            (row, [(wording.name_of(state), count) for state, count in row.states])
            for row in queries.by_month(found)
        ],
        "total": len(found),
        "open": sum(not item.state.get("final") for item in found),
        "rows": [(item, names.get(item.kind, item.kind), wording.name_of(item.state)) for item in linked],
        "is_staff": is_staff,
    }
    return render(request, "participation/_facility.html", context)


def _year_before(on: dt.date) -> dt.datetime:
    """Return the start of the month eleven months before that of a day, in Beijing: twelve months with it."""
    first = dt.date(on.year - (on.month < 12), on.month % 12 + 1, 1)
    return dt.datetime.combine(first, dt.time(), periods.BEIJING)
