"""Fragments on the pages of stations and of rows."""

from __future__ import annotations

import datetime as dt

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry import queries as registry
from jiangcheng.modules.network import queries
from jiangcheng.modules.network.models import Gap, QcFlag

VIEW = "network.view"
SHOWN = 20


@require_GET
@requires(VIEW)
def station_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show which checks stand behind the values of a station at an instant, by default now."""
    user, on = person(request), received_date(request)
    station = get_object_or_404(registry.stations(scope=access.scope(user, VIEW, on)), code=code)
    at, observed = _instant(request), request.GET.get("observed", "")[:34]
    recent = queries.checks_of(station=code, observed=observed)[-SHOWN:]
    context = {
        "station": station,
        "at": at,
        "observed": observed,
        "covering": [(row, queries.valid_until(row))
                     for row in queries.qc_covering(station=code, observed=observed, at=at)],
        "recent": [(row, queries.valid_until(row)) for row in reversed(recent)],
        "gaps": Gap.objects.filter(station=code, withdrawn_at=None).order_by("-from_at")[:5],
        "flagged": QcFlag.objects.filter(station=station.pk).count(),
    }  # fmt: skip
    return render(request, "network/_station.html", context)


@require_GET
@requires(VIEW)
def campaign_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the samples of a campaign against its plan."""
    row = _row(request, "campaigns", number)
    samples = _visible(request, "lab-samples").filter(campaign=number)
    context = {
        "campaign": row,
        "taken": samples.values("station", "sampled_at").distinct().count(),
        "accepted": samples.filter(state="accepted").count(),
        "samples": samples[:SHOWN],
    }
    return render(request, "network/_campaign.html", context)


@require_GET
@requires(VIEW)
def agency_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show everything of an agency: its samples and checks of instruments, its inspections and penalties."""
    row = _row(request, "agencies", number)
    inspections = _visible(request, "agency-checks").filter(agency=number).order_by("-checked_date")
    context = {
        "agency": row,
        "expired": not queries.qualified(agency=row, on=received_date(request)),
        "samples": _visible(request, "lab-samples").filter(agency=number)[:SHOWN],
        "checks": _visible(request, "qc-records").filter(agency=number)[:SHOWN],
        "inspections": inspections,
        "penalties": inspections.exclude(penalty="").count(),
    }
    return render(request, "network/_agency.html", context)


@require_GET
@requires(VIEW)
def request_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show what a request was granted, how to pull it, and who did."""
    row = _row(request, "data-requests", number)
    on = received_date(request)
    context = {
        "row": row,
        "dataset": queries.dataset(code=row.dataset, on=on),  # type: ignore[attr-defined]
        "mine": row.state == "granted" and row.created_by_id == person(request).pk,
        "pulls": queries.pulls(request_number=number)[:SHOWN],
    }
    return render(request, "network/_request.html", context)


def _visible(request: HttpRequest, register: str):  # type: ignore[no-untyped-def]
    seen = records.visible(register=register, user=person(request), on=received_date(request))
    return seen.filter(withdrawn_at=None)


def _row(request: HttpRequest, register: str, number: str) -> Record:
    seen = records.visible(register=register, user=person(request), on=received_date(request))
    found: Record | None = seen.filter(number=number).first()
    if found is None:
        raise Http404(number)
    return found


def _instant(request: HttpRequest) -> dt.datetime:
    """Return the instant ``?at=`` names, in Beijing time where it names no offset."""
    try:
        at = parse_datetime(request.GET.get("at", ""))
    except ValueError:
        at = None
    if at is None or not 1970 <= at.year < 2200:
        return received_at(request)
    return timezone.make_aware(at) if timezone.is_naive(at) else at
