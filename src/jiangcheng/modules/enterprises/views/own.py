"""Self-service of an enterprise: its data, duties, statements, appeals and plate."""

from __future__ import annotations

from typing import cast

from django import forms
from django.contrib import messages
from django.core.files.base import File
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility, ObservedProperty
from jiangcheng.core.registry.services import EvidenceRefused
from jiangcheng.modules.enterprises import queries, services
from jiangcheng.modules.enterprises.models import Duty
from jiangcheng.modules.enterprises.views.wording import duty_states, refusal

SHOWN = 40


class StatementForm(forms.Form):
    """A statement about the data of a period, in local time."""

    from_at = forms.DateTimeField()
    to_at = forms.DateTimeField()
    text = forms.CharField()
    outlet = forms.CharField(required=False)
    property = forms.ModelChoiceField(queryset=ObservedProperty.objects.all(), required=False)


@require_GET
@requires("enterprises.own")
def own(request: HttpRequest) -> HttpResponse:
    """Show a person everything that concerns the own plants."""
    on = received_date(request)
    plants = [_plant(item, request) for item in queries.own_facilities(user=person(request), on=on)]
    return render(request, "enterprises/own.html", {"plants": plants})


@require_POST
@requires("enterprises.own")
def submit_duty(request: HttpRequest, pk: int) -> HttpResponse:
    """Hand a duty in."""
    mine = queries.own_facilities(user=person(request), on=received_date(request))
    duty = get_object_or_404(Duty, pk=pk, facility__in=mine)
    try:
        services.submit(
            duty=duty,
            actor=person(request),
            now=received_at(request),
            text=request.POST.get("text", ""),
            files=cast(list[File], request.FILES.getlist("files")),  # type: ignore[type-arg]
        )
        messages.success(request, _("已提交。"))
    except services.DutyRefused as error:
        messages.error(request, refusal(str(error)))
    except EvidenceRefused:
        messages.error(request, _("文件为空、过大、损坏或类型不受支持。"))
    return redirect("enterprises:own")


@require_POST
@requires("enterprises.own")
def make_statement(request: HttpRequest, code: str) -> HttpResponse:
    """Explain data of the own plant."""
    facility = _mine(request, code)
    form = StatementForm(request.POST)
    if not form.is_valid():
        messages.error(request, refusal("period"))
        return redirect("enterprises:own")
    given = form.cleaned_data
    outlet = get_object_or_404(facility.outlets, number=given["outlet"]) if given["outlet"] else None
    try:
        services.state(
            facility=facility,
            actor=person(request),
            now=received_at(request),
            from_at=given["from_at"],
            to_at=given["to_at"],
            text=given["text"],
            outlet=outlet,
            observed_property=given["property"],
        )
        messages.success(request, _("已记录，数据本身不会改动。"))
    except services.StatementRefused as error:
        messages.error(request, refusal(str(error)))
    return redirect("enterprises:own")


@require_POST
@requires("enterprises.own")
def appeal(request: HttpRequest, code: str) -> HttpResponse:
    """Appeal against the colour of the own plant."""
    try:
        services.hand_in_appeal(
            facility=_mine(request, code),
            actor=person(request),
            text=request.POST.get("text", ""),
            now=received_at(request),
        )
        messages.success(request, _("申诉已提交。"))
    except services.OverrideRefused as error:
        messages.error(request, refusal(str(error)))
    return redirect("enterprises:own")


def _mine(request: HttpRequest, code: str) -> Facility:
    mine = queries.own_facilities(user=person(request), on=received_date(request))
    return get_object_or_404(mine, code=code)


def _plant(facility: Facility, request: HttpRequest) -> dict[str, object]:
    on = received_date(request)
    lines = queries.duty_lines(queries.duties(facility=facility)[:SHOWN], on=on)
    return {
        "facility": facility,
        "label": registry.labels(facility=facility, on=on).get("colour"),
        "lines": [(line, *duty_states()[line.state]) for line in lines],
        "cases": queries.visible_cases(facility=facility)[:SHOWN],
        "outlets": facility.outlets.select_related("station").order_by("number"),
        "statements": queries.statements(facility=facility)[:SHOWN],
        "plate": queries.valid_plate(facility=facility),
    }
