"""Pages of the room: the grades, the score sheet of an enterprise, and what anybody may see."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, public, received_at, received_date, requires
from jiangcheng.core.cases import services as cases
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry import services as evidence
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.credit import queries, rules, services
from jiangcheng.modules.credit.models import Disclosure

PAGE = 50
RECENT = dt.timedelta(days=90)
REASONS = {
    "not_yours": gettext_lazy("只有本企业的人员可以提出。"),
    "not_in_force": gettext_lazy("这一事项现在不计分，无需提出。"),
    "text_required": gettext_lazy("请写明理由或整改情况。"),
    "file_required": gettext_lazy("请选择报告文件（PDF）。"),
    "state": gettext_lazy("这份报告已经提交或公开，请刷新页面。"),
}


@require_GET
@requires("credit.view")
def overview(request: HttpRequest) -> HttpResponse:
    """Show how many enterprises have which grade, who they are, and what changed lately."""
    on = received_date(request)
    scope = access.scope(request.user, queries.VIEW, on)
    labels = queries.graded(scope=scope, on=on)
    asked, sought = request.GET.get("grade", ""), request.GET.get("q", "").strip()
    shown = _narrowed(labels, asked, sought)
    chosen = services.ruleset(on)
    context = {
        "distribution": queries.distribution(labels, chosen),
        "grades": {item["code"]: item for item in chosen["grades"]},
        "page": Paginator(shown, PAGE).get_page(request.GET.get("page")),
        "asked": asked,
        "sought": sought,
        "changes": queries.changes(scope=scope, since=on - RECENT, on=on)[:20],
        "ruleset": chosen,
    }
    return render(request, "credit/overview.html", context)


@require_GET
@requires("credit.view")
def pushes(request: HttpRequest) -> HttpResponse:
    """Show what the platform of public credit was told about the lists, with receipts and attempts."""
    user, on = person(request), received_date(request)
    rows = queries.pushes(scope=access.scope(user, queries.VIEW, on))
    context = {
        "page": Paginator(rows, PAGE).get_page(request.GET.get("page")),
        "waiting": rows.filter(state="waiting").count(),
        "failed": rows.filter(state="failed").count(),
        "configured": services.is_configured(),
        "may_retry": "credit.manage" in access.permissions_of(user, on),
        "grounds": rules.TABLES.in_force("grounds", on),
    }
    return render(request, "credit/pushes.html", context)


@require_POST
@requires("credit.manage")
def retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Put a push that failed back into the queue."""
    scope = access.scope(request.user, "credit.manage", received_date(request))
    push = get_object_or_404(queries.pushes(scope=scope), pk=pk)
    try:
        services.retry_push(push=push, actor=person(request), now=received_at(request))
    except services.NotRetriable:
        messages.error(request, _("这条推送正在等待或已有回执。"))
    else:
        messages.success(request, _("已重新排队，一分钟内再推送。"))
    return redirect("credit:pushes")


@require_GET
@requires("credit.view")
def agencies(request: HttpRequest) -> HttpResponse:
    """Show the scores of the monitoring agencies: what they delivered, and what cost them points."""
    on = received_date(request)
    scope = access.scope(request.user, queries.VIEW, on)
    names = {
        "voided": _("作废样品"),
        "lab_failed": _("实验室质控不合格"),
        "failed": _("仪器质控不合格"),
        "inspection": _("检查得分不足"),
        "penalty": _("处罚"),
    }
    context = {
        "lines": [
            (row, score, [(names[key], points) for key, points in score.lost.items()])
            for row, score in queries.agencies(scope=scope, on=on)
        ],
        "rule": rules.agency_rules(on),
    }
    return render(request, "credit/agencies.html", context)


@require_GET
@requires("credit.view")
def sheet(request: HttpRequest, code: str) -> HttpResponse:
    """Show the score sheet of an enterprise: each item with its record, and when time will mend it."""
    return render(request, "credit/sheet.html", _sheet(request, code))


@require_GET
@requires("credit.view")
def facility_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show grade and score sheet within the enterprise's file."""
    return render(request, "credit/_sheet.html", _sheet(request, code))


@require_POST
@requires("enterprises.own")
def objection(request: HttpRequest, code: str) -> HttpResponse:
    """File an objection."""
    facility = _own_facility(request, code)
    try:
        filed = services.object_to(
            facility=facility,
            event_number=request.POST.get("event", "")[:40],
            grounds=request.POST.get("text", "")[:4000],
            actor=person(request),
            at=received_at(request),
        )
    except services.Refused as refused:
        messages.error(request, REASONS[refused.reason])
    else:
        messages.success(request, _("异议已提交，编号 %(number)s。") % {"number": filed.number})
    return redirect("credit:sheet", code)


@require_POST
@requires("enterprises.own")
def repair(request: HttpRequest, code: str) -> HttpResponse:
    """Ask for a repair."""
    facility = _own_facility(request, code)
    try:
        filed = services.ask_for_repair(
            facility=facility,
            event_number=request.POST.get("event", "")[:40],
            measures=request.POST.get("text", "")[:4000],
            actor=person(request),
            at=received_at(request),
        )
    except services.Refused as refused:
        messages.error(request, REASONS[refused.reason])
    else:
        messages.success(request, _("信用修复申请已提交，编号 %(number)s。") % {"number": filed.number})
    return redirect("credit:sheet", code)


@require_GET
@requires("credit.view")
def disclosure_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the report of a disclosure, or the form to hand it in."""
    item = _disclosure(request, number)
    assert item.facility is not None
    own = access.scope(request.user, "enterprises.own", received_date(request))
    mine = own.covers_facility(item.facility.code) and item.state == "due"
    return render(request, "credit/_disclosure.html", {"item": item, "mine": mine})


@require_POST
@requires("enterprises.own")
def hand_in(request: HttpRequest, number: str) -> HttpResponse:
    """Take the report of a disclosure."""
    item = get_object_or_404(Disclosure.objects.select_related("facility"), number=number)
    assert item.facility is not None
    _own_facility(request, item.facility.code)
    try:
        services.hand_in_report(
            disclosure=item, file=request.FILES.get("file"), actor=person(request), at=received_at(request)
        )
    except services.Refused as refused:
        messages.error(request, REASONS[refused.reason])
    except evidence.EvidenceRefused:
        messages.error(request, _("文件没有被接受：请提交不超过 20 MB 的 PDF 或图片。"))
    except cases.Refused:
        messages.error(request, _("这份报告现在不能由您提交。"))
    else:
        messages.success(request, _("报告已提交，等待公开。"))
    return redirect("records:disclosures-row", number)


@require_GET
@public
def published(request: HttpRequest) -> HttpResponse:
    """Show the grade of every enterprise to anybody."""
    on = received_date(request)
    labels = queries.graded(scope=access.Scope(everything=True), on=on)
    asked, sought = request.GET.get("grade", ""), request.GET.get("q", "").strip()
    chosen = services.ruleset(on)
    context = {
        "page": Paginator(_narrowed(labels, asked, sought), PAGE).get_page(request.GET.get("page")),
        "grades": {item["code"]: item for item in chosen["grades"]},
        "asked": asked,
        "sought": sought,
        "ruleset": chosen,
    }
    return render(request, "credit/published.html", context)


@require_GET
@public
def disclosed(request: HttpRequest) -> HttpResponse:
    """Show the disclosed reports to anybody."""
    sought = request.GET.get("q", "").strip()
    found = queries.disclosed()
    if sought:
        found = found.filter(Q(title__icontains=sought) | Q(facility__name_zh__icontains=sought))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    return render(request, "credit/disclosed.html", {"page": page, "sought": sought})


@require_GET
@public
def report_file(request: HttpRequest, number: str) -> HttpResponseBase:
    """Return a disclosed report."""
    item = get_object_or_404(queries.disclosed(), number=number)
    if item.report is None:
        raise Http404(number)
    response = FileResponse(
        item.report.file.open("rb"), content_type=item.report.content_type, as_attachment=True
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _sheet(request: HttpRequest, code: str) -> dict[str, Any]:
    on = received_date(request)
    facility = get_object_or_404(
        registry.facilities(scope=access.scope(request.user, queries.VIEW, on)), code=code
    )
    chosen = services.ruleset(on)
    events = queries.events_of(facility=facility, ruleset=chosen, on=on)
    return {
        "facility": facility,
        "score": rules.by_points(chosen, events, on),
        "ruleset": chosen,
        "grades": {item["code"]: item for item in chosen["grades"]},
        "coming": rules.changes_on(chosen, events, on),
        "history": queries.history(facility=facility),
        "own": access.scope(request.user, "enterprises.own", on).covers_facility(code),
    }


def _own_facility(request: HttpRequest, code: str) -> Facility:
    own = access.scope(request.user, "enterprises.own", received_date(request))
    return get_object_or_404(registry.facilities(scope=own), code=code)


def _disclosure(request: HttpRequest, number: str) -> Disclosure:
    scope = access.scope(request.user, queries.VIEW, received_date(request))
    seen = scope.as_filter(region="region__code", facility="facility__code")
    return get_object_or_404(
        Disclosure.objects.filter(seen).select_related("facility", "report"), number=number
    )


def _narrowed(labels: Any, grade: str, sought: str) -> Any:
    if grade:
        labels = labels.filter(code=grade)
    if sought:
        names = Q(facility__name_zh__icontains=sought) | Q(facility__name_en__icontains=sought)
        labels = labels.filter(names | Q(facility__code__icontains=sought))
    return labels
