"""The desk of manifests: list, new manifest, its wastes, weighing and track."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.waste import queries, services
from jiangcheng.modules.waste.models import Manifest, ManifestItem, check_route
from jiangcheng.modules.waste.rules import tables
from jiangcheng.modules.waste.views import wording

PAGE = 40
MOST_TRACK = 2 * 2**20


class ManifestForm(forms.Form):
    """What a generator writes on a manifest, apart from the wastes."""

    facility = forms.CharField(max_length=32)
    carrier_code = forms.CharField(max_length=32)
    receiver_code = forms.CharField(max_length=32)
    plate = forms.CharField(max_length=20)
    departs_at = forms.DateTimeField()
    approval = forms.CharField(max_length=60, required=False)
    route = forms.JSONField(required=False, validators=[check_route])


class ItemForm(forms.Form):
    """One waste of a manifest."""

    code = forms.CharField(max_length=20)
    name = forms.CharField(max_length=80)
    form = forms.ChoiceField(choices=ManifestItem.Form.choices)
    package = forms.CharField(max_length=60, required=False)
    declared = forms.DecimalField(max_digits=14, decimal_places=4, min_value=decimal.Decimal("0.0001"))


@require_GET
@requires("waste.view")
def manifests(request: HttpRequest) -> HttpResponse:
    """List the manifests a person has a part in or watches over, and offer a new one to generators."""
    return _desk(request, None)


@require_POST
@requires("waste.send")
def new_manifest(request: HttpRequest) -> HttpResponse:
    """Draw up a manifest of an own plant."""
    form = ManifestForm(request.POST)
    if not form.is_valid():
        return _desk(request, form, status=422)
    given = dict(form.cleaned_data)
    plant = queries.own_plants(user=person(request), on=received_date(request)).filter(
        code=given.pop("facility")
    ).first()  # fmt: skip
    if plant is None:
        raise PermissionDenied("facility")
    given["route"] = given["route"] or []
    try:
        found = services.draft(facility=plant, values=given, actor=person(request), now=received_at(request))
    except ValidationError as error:
        form.add_error(None, error.messages)
        return _desk(request, form, status=422)
    messages.success(request, _("联单 %(number)s 已建立，请添加废物后签发。") % {"number": found.number})
    return redirect("records:waste-manifests-row", found.number)


@require_POST
@requires("waste.send")
def add_item(request: HttpRequest, number: str) -> HttpResponse:
    """Add a waste to a manifest that is not signed yet."""
    row, form = found_manifest(request, number), ItemForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("请填写废物代码、名称、形态和大于 0 的数量。"))
        return redirect("records:waste-manifests-row", number)
    try:
        item = services.add_item(
            manifest=row, actor=person(request), now=received_at(request), **form.cleaned_data
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except Refused as refused:
        messages.error(request, _told(refused))
    else:
        if not tables.listed(item.code, received_date(request)):
            messages.warning(
                request, _("已录名录中没有代码 %(code)s，已照填，请核对。") % {"code": item.code}
            )
    return redirect("records:waste-manifests-row", number)


@require_POST
@requires("waste.send")
def remove_item(request: HttpRequest, number: str) -> HttpResponse:
    """Take a waste off a manifest that is not signed yet."""
    row = found_manifest(request, number)
    try:
        services.remove_item(
            manifest=row,
            code=request.POST.get("code", "")[:20],
            actor=person(request),
            now=received_at(request),
        )
    except Refused as refused:
        messages.error(request, _told(refused))
    return redirect("records:waste-manifests-row", number)


@require_POST
@requires("waste.receive")
def weigh(request: HttpRequest, number: str) -> HttpResponse:
    """Write down what the receiver weighed, by code."""
    row = found_manifest(request, number)
    try:
        weighed = {
            name[7:]: decimal.Decimal(str(text))
            for name, text in request.POST.items()
            if name.startswith("weight-") and text
        }
        found = services.weigh(manifest=row, weighed=weighed, actor=person(request), now=received_at(request))
    except (decimal.InvalidOperation, ValueError):
        messages.error(request, _("称重值写作 12.5。"))
    except Refused as refused:
        messages.error(request, _told(refused))
    else:
        if any(item.grave for item in found):
            messages.warning(request, _("称重与申报的差异超过限值，请登记差异。"))
        else:
            messages.success(request, _("称重值已记录。"))
    return redirect("records:waste-manifests-row", number)


@require_POST
@requires("waste.carry")
def track(request: HttpRequest, number: str) -> JsonResponse:
    """Take positions of a vehicle: a JSON list of ``[time, longitude, latitude]``, times with an offset."""
    row = found_manifest(request, number)
    try:
        if len(request.body) > MOST_TRACK:
            raise ValueError
        points = [
            (dt.datetime.fromisoformat(str(at)), float(east), float(north))
            for at, east, north in json.loads(request.body)
        ]
    except (ValueError, TypeError, RecursionError):
        return JsonResponse({"error": "a list of [time, longitude, latitude] is expected"}, status=422)
    try:
        added, deviates = services.take_track(
            manifest=row, points=points, actor=person(request), now=received_at(request)
        )
    except Refused as refused:
        return JsonResponse({"error": list(refused.reasons)}, status=409)
    return JsonResponse({"added": added, "deviates": deviates})


def found_manifest(request: HttpRequest, number: str) -> Manifest:
    """Return a manifest the person may see, or answer that there is none."""
    found = (
        queries.manifests_seen(user=person(request), on=received_date(request)).filter(number=number).first()
    )
    if found is None:
        raise Http404(number)
    return found


def _desk(request: HttpRequest, form: ManifestForm | None, status: int = 200) -> HttpResponse:
    user, on = person(request), received_date(request)
    rows = queries.manifests_seen(user=user, on=on)
    counts = queries.manifest_counts(rows)
    asked = request.GET.get("state", "")
    page = Paginator(rows.filter(state=asked) if asked in counts else rows, PAGE).get_page(
        request.GET.get("page")
    )
    states = wording.manifest_states()
    names = dict(states)
    own = list(queries.own_plants(user=user, on=on))
    approvals = queries.transfers(scope=access.scope(user, "waste.view", on))
    transfer_states = dict(wording.states_of("waste-transfers"))
    parties = _names([*page.object_list, *approvals])
    context = {
        "page": page, "asked": asked, "states": [(code, name, counts.get(code, 0)) for code, name in states],
        "lines": [
            (row, wording.named(row.facility), parties.get(row.carrier_code, row.carrier_code),
             parties.get(row.receiver_code, row.receiver_code), names.get(row.state, row.state))
            for row in page.object_list
        ],
        "now": received_at(request), "form": form,
        "own": [(plant.code, wording.named(plant)) for plant in own],
        "carriers": _choices("carrier", on), "operators": _choices("operator", on),
        "rule": tables.in_force("manifest", on),
        "transfers": [
            (row, wording.named(row.facility), parties.get(row.receiver_code) or row.receiver_code,
             transfer_states.get(row.state, row.state))
            for row in approvals
        ],
    }  # fmt: skip
    return render(request, "waste/manifests.html", context, status=status)


def _choices(kind: str, on: dt.date) -> list[tuple[str, str]]:
    found = {}
    for licence in queries.holders(kind=kind, on=on):
        assert licence.facility is not None
        found[licence.facility.code] = (
            f"{wording.named(licence.facility)} ({licence.codes or licence.licence})"
        )
    return sorted(found.items(), key=lambda pair: pair[1])


def _names(rows: Any) -> dict[str, str]:
    codes = {getattr(row, name, "") for row in rows for name in ("carrier_code", "receiver_code")}
    return {plant.code: wording.named(plant) for plant in Facility.objects.filter(code__in=codes)}


def _told(refused: Refused) -> str:
    words = {
        "permission": _("只有联单的当事方可以办理这一步。"),
        "state": _("联单已不在这个环节，请查看最新进展。"),
    }
    return " ".join(words.get(reason, reason) for reason in refused.reasons)
