"""What the bureau does with enterprise files: plates, colours, lists, permits."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access import rules as access_rules
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.enterprises import queries, rules, services
from jiangcheng.modules.enterprises.models import ColourOverride, ListEntry, Plate
from jiangcheng.modules.enterprises.views.wording import refusal

PAGE = 50
MAX_DOCUMENT = 2_000_000
"""Largest permit document that is read [bytes]."""


class ColourForm(forms.Form):
    """A proposed colour."""

    colour = forms.ChoiceField(choices=[(colour, colour) for colour in rules.COLOURS])
    reason = forms.CharField(max_length=300)
    until = forms.DateField()


@require_GET
@requires("enterprises.view")
def overview(request: HttpRequest) -> HttpResponse:
    """List the enterprises with their colours; ``?colour=`` narrows."""
    on = received_date(request)
    scope = access.scope(request.user, queries.VIEW, on)
    found = registry.facilities(scope=scope, sought=request.GET.get("q", "").strip())
    held = registry.valid_labels(on=on).filter(scheme="colour")
    counts = {colour: held.filter(code=colour, facility__in=found).count() for colour in rules.COLOURS}
    asked = request.GET.get("colour", "")
    if asked in rules.COLOURS:
        found = found.filter(pk__in=held.filter(code=asked).values("facility"))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    colours = dict(held.filter(facility__in=[item.pk for item in page]).values_list("facility_id", "code"))
    context = {
        "page": page,
        "rows": [(item, colours.get(item.pk, "")) for item in page],
        "counts": counts,
        "asked": asked,
        "sought": request.GET.get("q", ""),
        "may_manage": access.has(request.user, queries.MANAGE, on),
    }
    return render(request, "enterprises/overview.html", context)


@require_http_methods(["GET", "POST"])
@requires("enterprises.manage")
def import_permit(request: HttpRequest) -> HttpResponse:
    """Try a permit document, or take it."""
    result = None
    if request.method == "POST":
        result = _imported(request)
    return render(request, "enterprises/import.html", {"result": result})


@require_POST
@requires("enterprises.manage")
def issue_plate(request: HttpRequest, code: str) -> HttpResponse:
    """Issue or replace the plate of a plant."""
    facility = _managed(request, code)
    try:
        services.issue(
            facility=facility,
            actor=person(request),
            at=received_at(request),
            reason=request.POST.get("reason", ""),
        )
        messages.success(request, _("企业码已发放。"))
    except ValueError:
        messages.error(request, refusal("reason_required"))
    return redirect("registry:facility", code)


@require_POST
@requires("enterprises.manage")
def revoke_plate(request: HttpRequest, code: str, serial: int) -> HttpResponse:
    """Revoke a plate."""
    facility = _managed(request, code)
    plate = get_object_or_404(Plate, facility=facility, serial=serial)
    try:
        services.revoke(
            plate=plate, actor=person(request), at=received_at(request), reason=request.POST.get("reason", "")
        )
        messages.success(request, _("企业码已作废。"))
    except ValueError:
        messages.error(request, refusal("reason_required"))
    return redirect("registry:facility", code)


@require_POST
@requires("enterprises.manage")
def propose_colour(request: HttpRequest, code: str) -> HttpResponse:
    """Propose a colour by hand."""
    facility = _managed(request, code)
    form = ColourForm(request.POST)
    if not form.is_valid():
        messages.error(request, refusal("reason_required"))
        return redirect("registry:facility", code)
    try:
        services.propose_override(
            facility=facility, actor=person(request), now=received_at(request), **form.cleaned_data
        )
        messages.success(request, _("已提出，待另一人确认。"))
    except services.OverrideRefused as error:
        messages.error(request, refusal(str(error)))
    return redirect("registry:facility", code)


@require_POST
@requires("enterprises.manage")
def confirm_colour(request: HttpRequest, code: str, pk: int) -> HttpResponse:
    """Confirm a colour another person proposed."""
    facility = _managed(request, code)
    proposal = get_object_or_404(ColourOverride, facility=facility, pk=pk)
    try:
        services.confirm_override(proposal=proposal, actor=person(request), now=received_at(request))
        messages.success(request, _("已确认。"))
    except services.OverrideRefused as error:
        messages.error(request, refusal(str(error)))
    return redirect("registry:facility", code)


@require_POST
@requires("enterprises.manage")
def enter_list(request: HttpRequest, code: str) -> HttpResponse:
    """Put a plant on a list."""
    facility = _managed(request, code)
    try:
        services.enter_list(
            facility=facility,
            list_code=request.POST.get("list", ""),
            reason=request.POST.get("reason", ""),
            actor=person(request),
            now=received_at(request),
        )
        messages.success(request, _("已列入清单。"))
    except services.ListRefused as error:
        messages.error(request, refusal(str(error)))
    return redirect("registry:facility", code)


@require_POST
@requires("enterprises.manage")
def leave_list(request: HttpRequest, code: str, number: str) -> HttpResponse:
    """Take a plant off a list."""
    facility = _managed(request, code)
    entry = get_object_or_404(ListEntry, facility=facility, number=number)
    try:
        services.leave_list(
            entry=entry,
            reason=request.POST.get("reason", ""),
            actor=person(request),
            now=received_at(request),
        )
        messages.success(request, _("已移出清单。"))
    except services.ListRefused as error:
        messages.error(request, refusal(str(error)))
    return redirect("registry:facility", code)


def _managed(request: HttpRequest, code: str) -> Facility:
    scope = access.scope(request.user, queries.MANAGE, received_date(request))
    return get_object_or_404(registry.facilities(scope=scope), code=code)


def _imported(request: HttpRequest) -> services.PermitImport:
    file = request.FILES.get("file")
    if file is None or not file.size or file.size > MAX_DOCUMENT:
        return services.PermitImport("", 0, {}, (_("请上传不超过 2 MB 的 JSON 文件。"),))
    try:
        document = access_rules.read_json(file.read())
    except ValueError as error:
        return services.PermitImport("", 0, {}, (f"JSON: {error}",))
    if not isinstance(document, dict):
        return services.PermitImport("", 0, {}, (_("文件须是一个 JSON 对象。"),))
    _managed(request, str(document.get("facility", "")))
    return services.import_permit(
        document=document,
        actor=person(request),
        at=received_at(request),
        dry_run="dry_run" in request.POST,
    )
