"""The latest hours of all outlets of one enterprise, a fragment of its file."""

from __future__ import annotations

import dataclasses
import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import received_at, received_date, requires
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import PermitLimit, Station
from jiangcheng.modules.emissions import queries
from jiangcheng.standards import periods

VIEW = "emissions.view"
HOURS = 6
"""Hours of a factor that are shown."""


@dataclasses.dataclass(frozen=True, slots=True)
class Factor:
    """A limited factor of an outlet with its latest hours, newest first."""

    outlet: Station
    limit: PermitLimit | None
    hours: list[tuple[datetime.datetime, queries.Reading]]
    state: str
    """``ok`` or ``over`` by the newest hour, ``silent`` without hours, ``unlimited`` without an hourly limit."""
    stale: bool


@require_GET
@requires(VIEW)
def facility_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the latest hours of the outlets of an enterprise, each against its limit, and how old they are."""
    on, at = received_date(request), received_at(request)
    scope = access.scope(request.user, VIEW, on)
    facility = get_object_or_404(registry.facilities(scope=scope), code=code)
    outlets = queries.outlets(scope=scope, on=on, facility=code)
    found = queries.recent(stations=[outlet.pk for outlet in outlets], at=at, most=HOURS)
    factors = [
        _factor(outlet, limit, readings, at)
        for outlet in outlets
        for limit, readings in _held(found.get(outlet.pk, []), on)
    ]
    newest = max((factor.hours[0][0] for factor in factors if factor.hours), default=None)
    context = {
        "facility": facility,
        "factors": factors,
        "newest": newest,
        "stale": newest is None or _is_stale(newest, at),
        "look_back": queries.LOOK_BACK_HOURS,
        "fresh": queries.FRESH_HOURS,
    }
    return render(request, "emissions/_facility.html", context)


def _held(
    found: list[tuple[PermitLimit, list[queries.Reading]]], on: datetime.date
) -> list[tuple[PermitLimit | None, list[queries.Reading]]]:
    """Leave out permit versions that ended within the hours that were sought; without any, one line says so."""
    held: list[tuple[PermitLimit | None, list[queries.Reading]]] = [
        (limit, hours) for limit, hours in found if (limit.permit.valid_to_date or datetime.date.max) > on
    ]
    return held or [(None, [])]


def _factor(
    outlet: Station, limit: PermitLimit | None, readings: list[queries.Reading], at: datetime.datetime
) -> Factor:
    hours = [(queries.instant(reading.start), reading) for reading in readings]
    state = "unlimited" if limit is None else "silent"
    if readings:
        state = "over" if readings[0].exceeded else "ok"
    return Factor(outlet, limit, hours, state, bool(hours) and _is_stale(hours[0][0], at))


def _is_stale(start: datetime.datetime, at: datetime.datetime) -> bool:
    """Tell whether an hour is too old to stand for the present."""
    return start < at - datetime.timedelta(seconds=queries.FRESH_HOURS * periods.HOUR)
