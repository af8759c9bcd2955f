"""The reports a person may read, their versions, and the files."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.manifest import Report, manifests
from jiangcheng.core.reports import queries, rules, services
from jiangcheng.core.reports.models import Language, ReportVersion
from jiangcheng.core.reports.services import documents
from jiangcheng.standards import periods

VIEW, PRODUCE = "reports.view", "reports.produce"
MOST_SHOWN = 60


@require_GET
@requires(VIEW)
def index(request: HttpRequest) -> HttpResponse:
    """List the reports a person may read, each with its latest version."""
    reports = queries.readable(user=person(request), on=received_date(request))
    wanted = queries.subscribed(user=person(request))
    rows = [
        (report, _name(report), _period_name(report), queries.versions(report=report.code).first(),
         report.code in wanted)
        for report in reports
    ]  # fmt: skip
    return render(request, "reports/index.html", {"rows": rows})


@require_GET
@requires(VIEW)
def report(request: HttpRequest, code: str) -> HttpResponse:
    """Show the versions of a report."""
    found = _readable(request, code)
    now = received_at(request).astimezone(periods.BEIJING)
    first, _last = rules.last_closed(found.period, now, 0)
    context = {
        "report": found,
        "name": _name(found),
        "languages": Language.choices,
        "language": "zh" if (get_language() or "zh").startswith("zh") else "en",
        "versions": [
            (item, rules.title_of(found.period, item.first_date, item.last_date))
            for item in queries.versions(report=code)[:MOST_SHOWN]
        ],
        "first": first,
        "may_produce": PRODUCE in access.permissions_of(person(request), received_date(request)),
        "subscribed": code in queries.subscribed(user=person(request)),
    }
    return render(request, "reports/report.html", context)


@require_POST
@requires(PRODUCE)
def produce(request: HttpRequest, code: str) -> HttpResponse:
    """Produce a report over a period that is over."""
    found = _readable(request, code)
    try:
        first = rules.start(found.period, dt.date.fromisoformat(request.POST.get("first", "")))
        made = services.produce(
            report=found, first=first, now=received_at(request), actor=person(request),
            language=_language(request),
        )  # fmt: skip
    except (ValueError, OverflowError):
        messages.error(request, _("请选择一个已经结束的统计期。"))
        return redirect("reports:report", code)
    messages.success(request, _("第 %d 版。") % made.version)
    return redirect("reports:version", made.pk)


@require_POST
@requires(VIEW)
def subscribe(request: HttpRequest, code: str) -> HttpResponse:
    """Begin or end being told of new versions."""
    wanted = request.POST.get("wanted") == "1"
    services.subscribe(
        report=_readable(request, code), user=person(request), wanted=wanted, now=received_at(request),
        language=_language(request),
    )  # fmt: skip
    return redirect("reports:report", code)


@require_GET
@requires(VIEW)
def version(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a version, its files, who was told, who took it, and whether it comes out the same again."""
    found, declared = _version(request, pk)
    services.note(version=found, user=person(request), what="read", at=received_at(request))
    paper = queries.paper(found)
    again: bool | None = None
    if request.GET.get("check") == "1":
        again = services.same_again(version=found, report=declared)
    context = {
        "version": found,
        "report": declared,
        "paper": paper,
        "sections": [
            (section, rules.printed(section.table, paper.language) if section.table else [])
            for section in paper.sections
        ],
        "files": found.files.order_by("form").defer("content"),
        "told": queries.told(version=found),
        "receipts": queries.receipts(version=found),
        "again": again,
    }
    return render(request, "reports/version.html", context)


@require_GET
@requires(VIEW)
def file(request: HttpRequest, pk: int, form: str) -> HttpResponse:
    """Return a file of a version as it was produced, and note who took it."""
    found, declared = _version(request, pk)
    if form not in documents.FORMS:
        raise Http404(form)
    held = get_object_or_404(found.files, form=form)
    services.note(version=found, user=person(request), what=form, at=received_at(request))
    name = f"{declared.code}-{rules.title_of(declared.period, found.first_date, found.last_date)}-v{found.version}"
    name += "" if found.language == "zh" else f"-{found.language}"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{form}"', "ETag": f'"{held.sha256}"'}
    return HttpResponse(bytes(held.content), content_type=documents.FORMS[form][1], headers=headers)


def _readable(request: HttpRequest, code: str) -> Report:
    found = manifests.reports().get(code)
    if found is None or not queries.may_read(report=found, user=person(request), on=received_date(request)):
        raise Http404(code)
    return found


def _version(request: HttpRequest, pk: int) -> tuple[ReportVersion, Report]:
    found = get_object_or_404(ReportVersion.objects.select_related("actor"), pk=pk)
    return found, _readable(request, found.report)


def _language(request: HttpRequest) -> str:
    asked = request.POST.get("language", "zh")
    return asked if asked in rules.LANGUAGES else "zh"


def _name(report: Report) -> str:
    return report.names.in_language(get_language() or "zh")


def _period_name(report: Report) -> str:
    return {"day": _("日报"), "week": _("周报"), "month": _("月报"), "year": _("年报")}[report.period]
