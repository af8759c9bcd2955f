"""Fragments: of the home page, of a manifest, of a tailings pond, of an enterprise's file."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases.models import Case
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.waste import queries
from jiangcheng.modules.waste.models import ManifestItem, PondHazard
from jiangcheng.modules.waste.rules import storage, tables
from jiangcheng.modules.waste.views import wording
from jiangcheng.modules.waste.views.manifests import found_manifest

VIEW = "waste.view"
SHOWN = 10


@require_GET
@requires("waste.city")
def card_home(request: HttpRequest) -> HttpResponse:
    """Show in one line each what matters of wastes today."""
    on, user = received_date(request), person(request)
    scope = access.scope(user, "waste.city", on)
    rows = queries.manifests_seen(user=user, on=on)
    counts = queries.manifest_counts(rows)
    seen = scope.as_filter(region="region__code")
    context = {
        "under_way": counts.get("transit", 0) + counts.get("issued", 0),
        "waiting": counts.get("arrived", 0) + counts.get("differing", 0),
        "late": rows.filter(due_at__lt=received_at(request), closed_at=None).count(),
        "stored": sum(held.state == "bad" for held in queries.batches(on=on, scope=scope)),
        "cases": Case.objects.filter(seen, case_type="WASTE", closed_at=None).count(),
    }
    return render(request, "waste/card_home.html", context)


@require_GET
@requires(VIEW)
def card_manifest(request: HttpRequest, number: str) -> HttpResponse:
    """Show the wastes of a manifest, what was weighed, the track; with the forms of who may write."""
    row, on = found_manifest(request, number), received_date(request)
    held = records.permissions_on(record=row, user=person(request), on=on)
    by_code = {found.code: found for found in queries.differences(row)}
    parties = {
        plant.code: wording.named(plant)
        for plant in Facility.objects.filter(code__in=(row.carrier_code, row.receiver_code))
    }
    context = {
        "row": row, "items": [(item, by_code.get(item.code)) for item in row.items.order_by("code")],
        "may_add": row.state == "draft" and "waste.send" in held,
        "may_weigh": row.state == "arrived" and "waste.receive" in held,
        "stray": queries.stray_of(row) if row.route else None, "points": row.track.count(),
        "carrier": parties.get(row.carrier_code, row.carrier_code),
        "receiver": parties.get(row.receiver_code, row.receiver_code),
        "forms": ManifestItem.Form.choices, "codes": tables.in_force("hw_list", on)["codes"],
        "rule": tables.in_force("manifest", on),
    }  # fmt: skip
    return render(request, "waste/card_manifest.html", context)


@require_GET
@requires(VIEW)
def card_pond(request: HttpRequest, number: str) -> HttpResponse:
    """Show the hazards of a tailings pond and its check for the floods."""
    on = received_date(request)
    row = (
        records.visible(register="tailings-ponds", user=person(request), on=on).filter(number=number).first()
    )
    if row is None:
        raise Http404(number)
    rule = tables.in_force("ponds", on)
    state = storage.flood_state(row.flood_date, on, rule)
    hazards = (
        PondHazard.objects.filter(pond=number, withdrawn_at=None).select_related("workflow").order_by("-pk")
    )
    declared = records.states(records.register("pond-hazards"))
    states = {code: zh if wording.chinese() else en for code, zh, en in declared}
    context = {
        "row": row, "state": wording.state(state), "badge": wording.BADGES[state], "rule": rule,
        "hazards": [(hazard, states.get(hazard.state, "")) for hazard in hazards],
        "open": sum(hazard.closed_at is None for hazard in hazards),
    }  # fmt: skip
    return render(request, "waste/card_pond.html", context)


@require_GET
@requires(VIEW)
def card_facility(request: HttpRequest, code: str) -> HttpResponse:
    """Show the hazardous waste of a plant: balances of this year and its latest manifests."""
    on = received_date(request)
    plants = registry.facilities(scope=access.scope(person(request), VIEW, on))
    plant = get_object_or_404(plants, code=code)
    states = dict(wording.manifest_states())
    rows = queries.manifests_of(facility=plant)[:SHOWN]
    context = {
        "plant": plant,
        "year": on.year,
        "lines": queries.facility_months(facility=plant, year=on.year),
        "manifests": [(row, states.get(row.state, row.state)) for row in rows],
    }
    return render(request, "waste/card_facility.html", context)
