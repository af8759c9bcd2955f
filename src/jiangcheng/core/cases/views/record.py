"""One case: its facts, its timeline, its evidence, what a person may do with it; and a new one."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases import queries, rules, services
from jiangcheng.core.cases.models import Case, CaseStep, Finding
from jiangcheng.core.cases.views import wording
from jiangcheng.core.manifest import manifests
from jiangcheng.core.registry.models import Evidence, ObservedProperty
from jiangcheng.core.registry.rules import SUFFIXES

MOST_PARTS = 10
MAX_FILES = 9
"""Files taken with one step; what is beyond is left out."""
SHOWN_OCCURRENCES = 12
LONGEST_KEY = 18
"""Digits of a key that fits into 64 bits."""


class ReportForm(forms.Form):
    """What a person saw, and where."""

    text = forms.CharField(max_length=4000, required=False)
    longitude = forms.FloatField(min_value=-180, max_value=180, required=False)
    latitude = forms.FloatField(min_value=-90, max_value=90, required=False)
    severity = forms.TypedChoiceField(choices=[(n, n) for n in wording.SEVERITIES], coerce=int)


@require_GET
@requires("cases.view")
def case(request: HttpRequest, number: str) -> HttpResponse:
    """Show one case."""
    return render(request, "cases/case.html", _context(request, _found(request, number)))


@require_POST
@requires("cases.view")
def act(request: HttpRequest, number: str) -> HttpResponse:
    """Do an action; answer with the case as it is now, or go back to its page."""
    item = _found(request, number)
    refused = _attempted(request, item)
    if request.headers.get("HX-Request") == "true":
        context = _context(request, item, refused=refused, given=request.POST if refused else None)
        return render(request, "cases/_case.html", context)
    if refused:
        messages.error(request, refused)
    return redirect("cases:case", number=number)


@require_POST
@requires("cases.handle")
def finish_task(request: HttpRequest, number: str, key: int) -> HttpResponse:
    """Hand in one's share of a case."""
    item = _found(request, number)
    task = get_object_or_404(item.tasks, pk=key)
    try:
        services.finish_task(
            task=task,
            actor=person(request),
            now=received_at(request),
            text=request.POST.get("text", "")[:4000].replace("\0", ""),
            files=request.FILES.getlist("photos")[:MAX_FILES],
        )
    except services.Refused as error:
        messages.error(request, wording.refusal(error.reasons))
    else:
        messages.success(request, _("协办已完成。"))
    return redirect("cases:case", number=number)


@require_POST
@requires("cases.dispatch")
def split(request: HttpRequest, number: str) -> HttpResponse:
    """Open a case of its own for each line that was written."""
    item = _found(request, number)
    titles = request.POST.get("titles", "")[:4000].replace("\0", "").splitlines()[:MOST_PARTS]
    try:
        parts = services.split_case(case=item, actor=person(request), now=received_at(request), titles=titles)
    except services.Refused as error:
        messages.error(request, wording.refusal(error.reasons))
    else:
        messages.success(request, _("已拆分为：%s") % "、".join(part.number for part in parts))
    return redirect("cases:case", number=number)


@require_http_methods(["GET", "POST"])
@requires("cases.report")
def new(request: HttpRequest) -> HttpResponse:
    """Let a person report a case."""
    form = ReportForm(request.POST or None, initial={"severity": 2})
    refused = ""
    if request.method == "POST":
        if form.is_valid():
            try:
                opened = services.report_in_person(
                    reporter=person(request),
                    files=request.FILES.getlist("photos")[:MAX_FILES],
                    now=received_at(request),
                    **form.cleaned_data,
                )
            except services.Refused as error:
                refused = wording.refusal(error.reasons)
            else:
                messages.success(request, _("已上报，编号 %s。") % opened.number)
                return redirect("cases:case", number=opened.number)
        else:
            refused = _("经度在 -180 到 180 之间，纬度在 -90 到 90 之间，单位为度。")
    context = {"form": form, "refused": refused, "severities": wording.SEVERITIES.items()}
    return render(request, "cases/new.html", context)


@require_GET
@requires("cases.view")
def evidence(request: HttpRequest, number: str, key: int) -> HttpResponseBase:
    """Return a file of the case's evidence, as it came."""
    item = _found(request, number)
    kept = Evidence.objects.filter(pk=key, case_steps__case=item).first()
    if kept is None:
        raise Http404
    tag = f'"{kept.sha256}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    response = FileResponse(kept.file.open("rb"), content_type=kept.content_type)
    kind = "inline" if kept.content_type.startswith("image/") else "attachment"
    response["Content-Disposition"] = f'{kind}; filename="{kept.sha256}{SUFFIXES[kept.content_type]}"'
    response["ETag"] = tag
    return response


def _found(request: HttpRequest, number: str) -> Case:
    seen = queries.visible(user=person(request), on=received_date(request)).select_related(
        "workflow", "region", "grid_cell", "facility", "station", "handler", "reporter", "relapse_of"
    )
    return get_object_or_404(seen, number=number)


def _attempted(request: HttpRequest, item: Case) -> str:
    """Do what was posted and return why not, empty if it was done."""
    handler, hours = request.POST.get("handler", ""), request.POST.get("hours", "")
    details: dict[str, Any] = {
        "handler": int(handler) if _is_key(handler) else None,
        "hours": int(hours) if _is_key(hours) else None,
        "target": request.POST.get("target", ""),
        "case": request.POST.get("case", "").strip()[:30],
        "due": _end_of_day(request.POST.get("due", "")),
    }
    seen = request.POST.get("seen", "")
    try:
        services.act(
            case=item,
            action=request.POST.get("action", ""),
            actor=person(request),
            now=received_at(request),
            text=request.POST.get("text", "")[:4000].replace("\0", ""),
            files=request.FILES.getlist("photos")[:MAX_FILES],
            details={**details, "reason_code": request.POST.get("reason_code", "")},
            seen=int(seen) if _is_key(seen) else None,
            address=str(request.META.get("REMOTE_ADDR", ""))[:64],
        )
    except services.Refused as error:
        return wording.refusal(error.reasons)
    return ""


def _end_of_day(text: str) -> dt.datetime | None:
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return None
    return dt.datetime.combine(day, dt.time(23, 59, 59), rules.BEIJING)


def _is_key(text: str) -> bool:
    return text.isdecimal() and len(text) <= LONGEST_KEY


def _context(request: HttpRequest, item: Case, *, refused: str = "", given: Any = None) -> dict[str, Any]:
    now, on = received_at(request), received_date(request)
    steps = list(queries.steps(case=item))
    actions = services.available_actions(case=item, user=person(request), on=on)
    context = {
        "case": item,
        "card": wording.card(item, now),
        "steps": [_step(item, step) for step in steps],
        "seen": steps[-1].sequence if steps else 0,
        "kind": wording.kind_of(item),
        "wall": [(step, kept) for step in steps for kept in step.evidence.all()],
        "findings": [_finding(row) for row in item.findings.order_by("first_at", "pk")],
        "actions": [(action, wording.name_of(_names(action))) for action in actions],
        "refused": refused,
        "given": given or {},
        "relapses": item.relapses.order_by("pk"),
        "tasks": item.tasks.select_related("person").order_by("pk"),
        "parts": item.parts.order_by("pk"),
        "merged": item.merged.order_by("pk"),
        "own": person(request),
        "cards": _cards(request, item),
        "may_split": item.closed_at is None
        and "cases.dispatch" in queries.permissions_on(case=item, user=person(request), on=on),
    }
    if any("case_required" in action.needs for action in actions):
        context["duplicates"] = queries.duplicates(case=item, user=person(request), on=on)
    if any("target_required" in action.needs for action in actions):
        context["targets"] = [
            (target["code"], wording.name_of(target)) for target in item.workflow.definition["conversions"]
        ]
    if any("handler_required" in action.needs for action in actions):
        context["proposed"] = services.propose_handler(case=item, on=on)
        context["candidates"] = queries.proposals(case=item, at=now)
    if any("reason_code" in action.needs for action in actions):
        reasons = item.workflow.definition["reason_codes"]
        context["reasons"] = [(reason["code"], wording.name_of(reason)) for reason in reasons]
    return context


def _cards(request: HttpRequest, item: Case) -> list[dict[str, str]]:
    """Return the cards of the rooms about a case of this type that the person may open, in their order."""
    held = access.permissions_of(request.user, received_date(request))
    return [
        {
            "anchor": card.url_name.replace(":", "-"),
            "title": card.names.in_language("zh" if wording.is_chinese() else "en"),
            "url": reverse(card.url_name, args=[item.number]),
        }
        for card in manifests.case_cards()
        if card.permission in held and (not card.case_types or item.case_type in card.case_types)
    ]


def _names(action: queries.AvailableAction) -> dict[str, str]:
    return {"name_zh": action.name_zh, "name_en": action.name_en}


def _step(item: Case, step: CaseStep) -> dict[str, Any]:
    reasons = {reason["code"]: reason for reason in item.workflow.definition["reason_codes"]}
    reason = reasons.get(step.details.get("reason_code", ""))
    return {
        "step": step,
        "action": wording.name_of(item.workflow.names_of(step.action)),
        "state": wording.state_of(item, step.to_state),
        "reason": wording.name_of(reason) if reason else "",
    }


def _finding(row: Finding) -> dict[str, Any]:
    """Return a finding with the evidence of its latest occurrences, latest first."""
    language = "zh" if wording.is_chinese() else "en"
    recent = row.evidence[: -SHOWN_OCCURRENCES - 1 : -1]
    names = _property_names({str(item.get("property", "")) for item in recent}, language)
    occurrences = [
        {
            "start": _instant(item.get("start")),
            "property": names.get(item.get("property", ""), item.get("property", "")),
            "detail": item.get(f"detail_{language}", ""),
            "value": item.get("value_text", item.get("value", "")),
            "limit": item.get("limit_text", item.get("limit", "")),
            **{name: item.get(name, "") for name in ("unit", "clause", "edition", "permit")},
        }
        for item in recent
    ]
    title = row.title_zh if language == "zh" else row.title_en
    return {"row": row, "title": title, "occurrences": occurrences}


def _property_names(properties: set[str], language: str) -> dict[str, str]:
    """Return the names of properties such as ``a21026-zs_avg``."""
    codes = {name.rpartition("-")[0] for name in properties}
    rows = ObservedProperty.objects.filter(code__in=codes)
    return {str(row): getattr(row, f"name_{language}") for row in rows}


def _instant(text: object) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(str(text))
    except ValueError:
        return None
