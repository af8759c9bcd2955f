"""The public site: pages for anybody, without an account."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access.services import public, received_at, received_date
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.participation import queries, rules, services
from jiangcheng.modules.participation.models import Opening
from jiangcheng.modules.participation.views import wording

PAGE = 30
SENT = "public_sent"


class ReportForm(forms.Form):
    """What somebody complains about. ``website`` is left empty by people and filled in by programs."""

    text = forms.CharField(max_length=2000)
    kind = forms.CharField(max_length=20)
    county = forms.CharField(max_length=32, required=False)
    longitude = forms.FloatField(min_value=-180, max_value=180, required=False)
    latitude = forms.FloatField(min_value=-90, max_value=90, required=False)
    name = forms.CharField(max_length=60, required=False)
    contact = forms.CharField(max_length=80, required=False)
    plate = forms.CharField(max_length=400, required=False)
    facility = forms.CharField(max_length=32, required=False)
    website = forms.CharField(required=False)


@require_GET
@public
def home(request: HttpRequest) -> HttpResponse:
    """Show air and water now, and the ways in."""
    cards = [reverse(card.url_name) for card in manifests.public_cards()]
    open_registers = [item for item in manifests.registers().values() if item.public]
    context = {
        "cards": cards,
        "releases": queries.releases()[:5],
        "volunteering": queries.volunteering(year=received_date(request).year),
        "registers": [
            (item.code, item.names.zh if wording.is_chinese() else item.names.en) for item in open_registers
        ],
    }
    return render(request, "participation/home.html", context)


@require_http_methods(["GET", "POST"])
@public
def report(request: HttpRequest) -> HttpResponse:
    """Take a complaint; it works without any script."""
    form = ReportForm(
        request.POST or None, initial={name: request.GET.get(name, "") for name in ("plate", "facility")}
    )
    error = ""
    if request.method == "POST":
        if form.is_valid() and not form.cleaned_data["website"]:
            error = _sent(request, form.cleaned_data)
            if not error:
                return redirect("participation:sent")
        else:
            error = str(wording.REASONS["text_required"])
    context = {
        "form": form,
        "error": error,
        "kinds": wording.kinds(),
        "counties": [(item.code, wording.name_of(item)) for item in Region.objects.filter(level="county")],
        "most": rules.limit("most_photos"),
    }
    return render(request, "participation/report.html", context, status=422 if error else 200)


@require_GET
@public
def sent(request: HttpRequest) -> HttpResponse:
    """Show number and code, once."""
    told = request.session.pop(SENT, None)
    if told is None:
        return redirect("participation:follow")
    return render(request, "participation/sent.html", {"told": told})


@require_http_methods(["GET", "POST"])
@public
def follow(request: HttpRequest) -> HttpResponse:
    """Show a complainant what became of the complaint, and take how satisfied they are."""
    number, code = request.POST.get("number", "")[:40], request.POST.get("code", "")[:20]
    context: dict[str, Any] = {"number": number, "code": code, "error": ""}
    if request.method == "POST":
        try:
            found = services.found(
                number=number, code=code, address=wording.address_of(request), at=received_at(request)
            )
            if "score" in request.POST:
                score = request.POST["score"]
                found = services.rate(
                    complaint=found,
                    score=int(score) if score.isdecimal() and len(score) == 1 else 0,
                    comment=request.POST.get("comment", ""),
                    at=received_at(request),
                )
            stages = [(wording.name_of(state), at) for state, at in queries.progress(complaint=found)]
            context |= {
                "complaint": found,
                "stages": stages,
                "may_rate": found.score is None and found.case.state in ("replied", "closed"),
            }
        except services.Refused as refused:
            context["error"] = wording.REASONS[refused.reason]
    return render(request, "participation/follow.html", context, status=422 if context["error"] else 200)


@require_GET
@public
def openings(request: HttpRequest) -> HttpResponse:
    """Show the days on which facilities open."""
    days = queries.open_days(now=received_at(request))
    return render(
        request, "participation/openings.html", {"days": days, "told": request.session.pop("booked", None)}
    )


@require_POST
@public
def book(request: HttpRequest, number: str) -> HttpResponse:
    """Book places."""
    opening = get_object_or_404(Opening, number=number)
    people = request.POST.get("people", "")
    try:
        booking, code = services.book(
            opening=opening,
            people=int(people) if people.isdecimal() and len(people) < 4 else 0,
            contact=request.POST.get("contact", ""),
            address=wording.address_of(request),
            at=received_at(request),
        )
    except services.Refused as refused:
        messages.error(request, wording.REASONS[refused.reason])
    else:
        request.session["booked"] = {"number": number, "code": code, "people": booking.people}
    return redirect("participation:openings")


@require_POST
@public
def cancel(request: HttpRequest) -> HttpResponse:
    """Give booked places back."""
    try:
        services.cancel_booking(
            number=request.POST.get("number", "")[:40],
            code=request.POST.get("code", "")[:20],
            address=wording.address_of(request),
            at=received_at(request),
        )
    except services.Refused as refused:
        messages.error(request, wording.REASONS[refused.reason])
    else:
        messages.success(request, _("预约已取消，谢谢您把名额让给别人。"))
    return redirect("participation:openings")


@require_GET
@public
def releases(request: HttpRequest) -> HttpResponse:
    """List what is published."""
    page = Paginator(queries.releases(), PAGE).get_page(request.GET.get("page"))
    return render(request, "participation/releases.html", {"page": page})


@require_GET
@public
def release(request: HttpRequest, number: str) -> HttpResponse:
    """Show one release."""
    return render(
        request, "participation/release.html", {"item": get_object_or_404(queries.releases(), number=number)}
    )


@require_GET
@public
def register(request: HttpRequest, code: str) -> HttpResponse:
    """List the public rows of a register, with only the fields that are public."""
    declared = manifests.registers().get(code)
    if declared is None or not declared.public:
        raise Http404(code)
    page = Paginator(records.public_rows(register=code), PAGE).get_page(request.GET.get("page"))
    model = records.model_of(code)
    heads = [str(getattr(model._meta.get_field(name), "verbose_name", name)) for name in declared.public]
    rows = [(row.number, [_shown(row, name) for name in declared.public]) for row in page.object_list]
    names = declared.names.zh if wording.is_chinese() else declared.names.en
    context = {"page": page, "heads": heads, "rows": rows, "name": names, "code": code}
    return render(request, "participation/register.html", context)


@require_http_methods(["GET", "POST"])
@public
def correct(request: HttpRequest) -> HttpResponse:
    """Take an objection to something published."""
    error, number = "", ""
    if request.method == "POST":
        try:
            number = services.correct(
                subject=request.POST.get("subject", ""),
                text=request.POST.get("text", ""),
                contact=request.POST.get("contact", ""),
                address=wording.address_of(request),
                at=received_at(request),
            ).number
        except services.Refused as refused:
            error = str(wording.REASONS[refused.reason])
    subject = request.POST.get("subject", request.GET.get("subject", ""))[:200]
    context = {"error": error, "number": number, "subject": subject}
    return render(request, "participation/correct.html", context, status=422 if error else 200)


def _sent(request: HttpRequest, told: dict[str, Any]) -> str:
    """Take the complaint and return why not, empty if it was taken."""
    facility = Facility.objects.filter(code=told["facility"]).first() if told["facility"] else None
    try:
        complaint, code = services.complain(
            text=told["text"],
            kind=told["kind"],
            address=wording.address_of(request),
            at=received_at(request),
            longitude=told["longitude"],
            latitude=told["latitude"],
            facility=facility,
            region=Region.objects.filter(code=told["county"]).first() if told["county"] else None,
            name=told["name"],
            contact=told["contact"],
            plate=told["plate"],
            files=request.FILES.getlist("photos")[: rules.limit("most_photos")],
        )
    except services.Refused as refused:
        return str(wording.REASONS[refused.reason])
    request.session[SENT] = {"number": complaint.case.number, "code": code}
    return ""


def _shown(row: Any, name: str) -> str:
    if row._meta.get_field(name).choices:
        return str(getattr(row, f"get_{name}_display")())
    value = getattr(row, name)
    if value is None:
        return ""
    if hasattr(value, "strftime"):
        return value.strftime("%Y-%m-%d")  # type: ignore[no-any-return]
    return wording.name_of(value) if hasattr(value, "name_zh") else str(value)
