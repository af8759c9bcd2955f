"""The room's cards of an enterprise's file, and its check list."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import io
import itertools
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.enterprises import queries, services
from jiangcheng.modules.enterprises.models import (
    ColourOverride,
    Duty,
    PermitUnit,
    Plate,
    TreatmentFacility,
)
from jiangcheng.modules.enterprises.views.wording import aspects, duty_states, refusal

SHOWN = 40


@require_GET
@requires("registry.view")
def permit_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the permit version in force ``?on=`` a day, all versions, and what each changed."""
    facility = readable(request, code)
    on = _asked_on(request)
    permit = queries.permit_on(facility=facility, on=on)
    known = list(queries.versions(facility=facility))
    changes = [
        (older, newer, queries.limit_changes(before=older, after=newer))
        for newer, older in itertools.pairwise(known)
        if newer.number == older.number
    ]
    context = {
        "facility": facility,
        "on": on,
        "permit": permit,
        "versions": known,
        "changes": changes,
        "units": PermitUnit.objects.filter(permit=permit).order_by("code") if permit else [],
        "treatments": TreatmentFacility.objects.filter(permit=permit)
        .select_related("outlet")
        .order_by("code")
        if permit
        else [],
        "outlets": registry.outlets_with_limits(facility=facility, on=on),
    }
    return render(request, "enterprises/card_permit.html", context)


@require_GET
@requires("registry.view")
def duties_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the permit duties of a plant and their states."""
    facility = readable(request, code)
    on = received_date(request)
    lines = queries.duty_lines(queries.duties(facility=facility)[:SHOWN], on=on)
    context = {
        "facility": facility,
        "lines": [(line, *duty_states()[line.state]) for line in lines],
        "may_accept": _may_manage(request, facility),
    }
    return render(request, "enterprises/card_duties.html", context)


@require_POST
@requires("enterprises.manage")
def accept_duty(request: HttpRequest, pk: int) -> HttpResponse:
    """Accept what was handed in."""
    scope = access.scope(request.user, queries.MANAGE, received_date(request))
    found = Duty.objects.filter(scope.as_filter(region="facility__region__code", facility="facility__code"))
    duty = get_object_or_404(found.select_related("facility"), pk=pk)
    try:
        services.accept(duty=duty, actor=person(request), now=received_at(request))
        messages.success(request, _("已受理。"))
    except services.DutyRefused as error:
        messages.error(request, refusal(str(error)))
    return redirect("registry:facility", duty.facility.code)


@require_GET
@requires("registry.view")
def monitoring_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the self-monitoring plan against what was done this quarter, and the plant's statements."""
    facility = readable(request, code)
    context = {
        "facility": facility,
        "lines": queries.monitoring_lines(facility=facility, on=received_date(request)),
        "statements": queries.statements(facility=facility)[:SHOWN],
    }
    return render(request, "enterprises/card_monitoring.html", context)


@require_GET
@requires("registry.view")
def matrix_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show twelve quarters of compliance."""
    facility = readable(request, code)
    quarters, rows = queries.matrix(facility=facility, on=received_date(request))
    named = [(aspects()[row.code], row.cells) for row in rows]
    context = {"facility": facility, "quarters": [_quarter(day) for day in quarters], "rows": named}
    return render(request, "enterprises/card_matrix.html", context)


@require_GET
@requires("registry.view")
def matrix_csv(request: HttpRequest, code: str) -> HttpResponse:
    """Return the matrix as CSV: one row per aspect, per quarter the state and the count."""
    facility = readable(request, code)
    quarters, rows = queries.matrix(facility=facility, on=received_date(request))
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["aspect", *map(_quarter, quarters)])
    for row in rows:
        writer.writerow([row.code, *(f"{cell.state} {cell.count}" for cell in row.cells)])
    response = HttpResponse("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="matrix-{facility.code}.csv"'
    return response


@require_GET
@requires("registry.view")
def colour_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the colour with its reasons, proposals that wait for a second person, and the plate."""
    facility = readable(request, code)
    on = received_date(request)
    context = {
        "facility": facility,
        "label": registry.labels(facility=facility, on=on).get("colour"),
        "proposals": ColourOverride.objects.filter(facility=facility, confirmed_at=None, until_date__gt=on),
        "plates": Plate.objects.filter(facility=facility).order_by("-serial"),
        "may_manage": _may_manage(request, facility),
        "user": person(request),
    }
    return render(request, "enterprises/card_colour.html", context)


@require_GET
@requires("registry.view")
def lists_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the lists a plant is on and the policies that follow, and the people who speak for it."""
    facility = readable(request, code)
    on = received_date(request)
    entries = queries.list_entries(facility=facility, on=on)
    context = {
        "facility": facility,
        "entries": [(entry, queries.policies(list_code=entry.list_code, on=on)) for entry in entries],
        "people": access.holders(
            queries.OWN, on, region_code=facility.region.code, facility_code=facility.code
        ),
        "responsible": (
            registry.responsible(grid_cell=facility.grid_cell, on=on) if facility.grid_cell else None
        ),
        "may_manage": _may_manage(request, facility),
    }
    return render(request, "enterprises/card_lists.html", context)


@require_GET
@requires("enterprises.view")
def check_list(request: HttpRequest, code: str) -> HttpResponse:
    """Show the check list of a plant, fit to be printed."""
    facility = readable(request, code)
    on = received_date(request)
    context = {
        "facility": facility,
        "permit": queries.permit_on(facility=facility, on=on),
        "items": queries.check_list(facility_code=facility.code, on=on),
        "on": on,
    }
    return render(request, "enterprises/checklist.html", context)


@require_GET
@requires("enterprises.view")
def check_list_json(request: HttpRequest, code: str) -> JsonResponse:
    """Return the check list of a plant for the field application."""
    return JsonResponse(field_document(request, readable(request, code), "valid"))


def field_document(request: HttpRequest, facility: Facility, status: str) -> dict[str, Any]:
    """Return what the field application shows of a plant."""
    on = received_date(request)
    label = registry.labels(facility=facility, on=on).get("colour")
    items = queries.check_list(facility_code=facility.code, on=on)
    chinese = (request.LANGUAGE_CODE or "zh").startswith("zh")
    return {
        "facility": {"code": facility.code, "name": facility.name_zh if chinese else facility.name_en},
        "status": status,
        "colour": label.code if label else "",
        "url": reverse("registry:facility", args=[facility.code]),
        "checklist": [
            {
                **dataclasses.asdict(item),
                "question": item.question_zh if chinese else item.question_en,
            }
            for item in items
        ],
    }


def readable(request: HttpRequest, code: str) -> Facility:
    """Return a facility the person may read, or answer 404."""
    scope = queries.reach(user=person(request), on=received_date(request))
    return get_object_or_404(registry.facilities(scope=scope), code=code)


def _may_manage(request: HttpRequest, facility: Facility) -> bool:
    scope = access.scope(request.user, queries.MANAGE, received_date(request))
    return scope.covers_region(facility.region.code) or scope.covers_facility(facility.code)


def _asked_on(request: HttpRequest) -> dt.date:
    asked = request.GET.get("on", "")
    if not asked:
        return received_date(request)
    try:
        return dt.date.fromisoformat(asked)
    except ValueError as error:
        raise BadRequest(f"on: {asked} is no date") from error


def _quarter(day: dt.date) -> str:
    return f"{day.year}Q{(day.month + 2) // 3}"
