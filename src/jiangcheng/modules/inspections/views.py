"""Pages of the room: the quotas, the draws, the result of a visit, and what anybody may see and check."""

from __future__ import annotations

import collections
import dataclasses
import json
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, public, received_at, received_date, requires
from jiangcheng.core.cases import services as cases
from jiangcheng.core.manifest import CheckItem, manifests
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.inspections import queries, rules, services
from jiangcheng.modules.inspections.models import Draw, Visit

PAGE = 50
MAX_FILES = 9
LARGEST_DOCUMENT = 4 * 2**20
REASONS = {
    "permission": gettext_lazy("您没有在这个区划办理抽取的权限。"),
    "drawn_already": gettext_lazy("这次抽取已经完成，结果不能更改。确需重抽请新建抽取并写明理由。"),
    "same_person": gettext_lazy("承诺种子的人不能抽取，请由另一人现场抽取。"),
    "witness_required": gettext_lazy("请填写现场见证文字，例如见证人和当时随机说出的一句话。"),
    "reason_required": gettext_lazy("重新抽取必须写明理由。"),
    "empty_pool": gettext_lazy("对象库或人员库是空的：请先维护企业名录和检查人员名录。"),
    "not_in_team": gettext_lazy("只有被抽中的检查人员可以提交结果。"),
    "unanswered": gettext_lazy("请写明检查情况。"),
    "result": gettext_lazy("请选择检查结果。"),
    "state": gettext_lazy("这次检查现在不能提交结果，可能已被他人提交。请刷新页面。"),
}
PROBLEMS = {
    "format": gettext_lazy("文件不是本系统公开的抽取文件，或内容缺失。"),
    "commitment": gettext_lazy("种子与事先公开的承诺不一致。"),
    "pool_hash": gettext_lazy("对象库或人员库与事先公开的指纹不一致。"),
    "result": gettext_lazy("按公开的种子重新计算，得到的结果与公开的结果不同。"),
}


class CommitForm(forms.Form):
    """For which area, and for a redraw the draw it replaces and why."""

    region = forms.CharField(max_length=32)
    replaces = forms.CharField(max_length=40, required=False)
    reason = forms.CharField(max_length=300, required=False)


@require_GET
@requires("inspections.view")
def overview(request: HttpRequest) -> HttpResponse:
    """Show how far the quotas of the quarter are fulfilled, and the draws."""
    on = received_date(request)
    user = person(request)
    region = _asked_region(request)
    found = queries.draws(user=user, on=on)
    context = {
        "regions": _regions(),
        "region": region,
        "fulfilment": queries.fulfilment(region=region, on=on) if region else [],
        "quotas": rules.quotas(on),
        "quarter": rules.quarter(on),
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "inspectors": queries.inspectors(region=region, on=on) if region else [],
        "may_draw": access.has(user, services.MANAGE, on),
        "late": queries.late_to_publish(on=on).filter(pk__in=queries.visits(user=user, on=on).values("pk")),
    }
    return render(request, "inspections/overview.html", context)


@require_http_methods(["GET", "POST"])
@requires("inspections.manage")
def new_draw(request: HttpRequest) -> HttpResponse:
    """Show the pool of an area as it would be frozen, and freeze it."""
    on = received_date(request)
    if request.method == "POST":
        form = CommitForm(request.POST)
        if form.is_valid():
            return _committed(request, form.cleaned_data)
        messages.error(request, _("请选择区划。"))
    region = _asked_region(request)
    pool = queries.candidates(region=region, on=on) if region else []
    context = {
        "regions": _regions(),
        "region": region,
        "fulfilment": queries.fulfilment(region=region, on=on) if region else [],
        "excluded": sum(bool(unit.excluded) for unit in pool),
        "spared": _spared(rules.quotas(on), [unit.listed for unit in pool]),
        "size": len(pool),
        "inspectors": queries.inspectors(region=region, on=on) if region else [],
        "replaces": request.GET.get("replaces", ""),
        "quotas": rules.quotas(on),
    }
    return render(request, "inspections/new_draw.html", context)


@require_GET
@requires("inspections.view")
def draw(request: HttpRequest, number: str) -> HttpResponse:
    """Show one draw: the commitment, then the result and its check."""
    on, user = received_date(request), person(request)
    item = get_object_or_404(queries.draws(user=user, on=on), number=number)
    document = queries.document(item)
    names = Facility.objects.in_bulk([row["code"] for row in item.result], field_name="code")
    visits = {visit.facility_id: visit for visit in Visit.objects.filter(draw=item)}
    chosen = [
        {**row, "facility": names[row["code"]], "visit": visits.get(names[row["code"]].pk)}
        for row in item.result
    ]
    may = access.scope(user, services.MANAGE, on).covers_region(item.region.code)
    context = {
        "draw": item,
        "document": document,
        "chosen": chosen,
        "excluded": [row for row in item.pool["objects"] if row["excluded"]],
        "spared": _spared(item.quotas, [row.get("listed", "") for row in item.pool["objects"]]),
        "problems": rules.recomputed(document) if item.drawn_at else (),
        "may_draw": may and item.drawn_at is None and item.committed_by_id != user.pk,
        "may_redraw": may and item.drawn_at is not None,
        "own_commitment": may and item.committed_by_id == user.pk,
    }
    return render(request, "inspections/draw.html", context)


@require_POST
@requires("inspections.manage")
def perform(request: HttpRequest, number: str) -> HttpResponse:
    """Draw."""
    item = get_object_or_404(queries.draws(user=person(request), on=received_date(request)), number=number)
    try:
        services.draw(
            draw=item,
            witness=request.POST.get("witness", "")[:200],
            actor=person(request),
            at=received_at(request),
        )
    except services.Refused as refused:
        messages.error(request, REASONS[refused.reason])
    else:
        messages.success(request, _("抽取完成，结果已锁定并可公开核对。"))
    return redirect("inspections:draw", number)


@require_GET
@requires("inspections.view")
def visit_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the check list of a visit: to be answered by the team, or as it was answered."""
    on, user = received_date(request), person(request)
    visit = get_object_or_404(queries.visits(user=user, on=on), number=number)
    mine = visit.state == "dispatched" and visit.team.filter(user=user).exists()
    assert visit.facility is not None
    questions = checklist(visit.facility, request) if mine else []
    context = {
        "visit": visit,
        "team": visit.team.select_related("user"),
        "mine": mine,
        "questions": questions,
        "results": Visit.Result.choices,
        "matters": [item for item in rules.items() if item["code"] in visit.matters],
    }
    return render(request, "inspections/_visit.html", context)


@require_POST
@requires("inspections.visit")
def hand_in(request: HttpRequest, number: str) -> HttpResponse:
    """Take the answers, the photographs and the result of a visit."""
    visit = get_object_or_404(queries.visits(user=person(request), on=received_date(request)), number=number)
    assert visit.facility is not None
    answers = [
        {
            **dataclasses.asdict(item),
            "answer": request.POST.get(f"answer-{item.code}", "")[:200],
            "note": request.POST.get(f"note-{item.code}", "")[:500],
        }
        for item in checklist(visit.facility, request)
    ]
    try:
        services.hand_in(
            visit=visit,
            answers=answers,
            summary=request.POST.get("summary", "")[:4000],
            result=request.POST.get("result", ""),
            actor=person(request),
            at=received_at(request),
            files=request.FILES.getlist("files")[:MAX_FILES],
        )
    except services.Refused as refused:
        messages.error(request, REASONS[refused.reason])
    except cases.Refused:
        messages.error(request, _("照片或文件没有被接受：请使用 JPG、PNG 或 PDF，单个不超过 20 MB。"))
    else:
        messages.success(request, _("检查结果已提交。"))
    return redirect("records:visits-row", number)


@require_GET
@requires("inspections.view")
def facility_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the visits of a unit and how much of its yearly cap is used."""
    on = received_date(request)
    scope = access.scope(request.user, queries.VIEW, on)
    facility = get_object_or_404(registry.facilities(scope=scope), code=code)
    context = {
        "facility": facility,
        "visits": queries.visits(user=person(request), on=on).filter(facility=facility)[:20],
        "used": queries.visits_this_year(facility=facility, on=on),
        "cap": rules.quotas(on)["yearly_cap"],
        "relief": queries.relief(facility=facility, on=on),
        "reliefs": rules.quotas(on)["reliefs"],
    }
    return render(request, "inspections/_facility.html", context)


@require_GET
@public
def published(request: HttpRequest) -> HttpResponse:
    """Show the three bases, the draws and the published results to anybody."""
    on = received_date(request)
    context = {
        "page": Paginator(queries.published(), PAGE).get_page(request.GET.get("page")),
        "draws": Draw.objects.select_related("region")[:PAGE],
        "items": rules.items(),
        "quotas": rules.quotas(on),
    }
    return render(request, "inspections/published.html", context)


@require_GET
@public
def document(request: HttpRequest, number: str) -> HttpResponse:
    """Return what is published of a draw, complete enough to compute it again."""
    item = get_object_or_404(Draw.objects.select_related("region", "replaces"), number=number)
    return JsonResponse(queries.document(item), json_dumps_params={"ensure_ascii": False, "indent": 1})


@require_http_methods(["GET", "POST"])
@public
def verify(request: HttpRequest) -> HttpResponse:
    """Recompute a draw from the document somebody brings."""
    problems: tuple[str, ...] | None = None
    told: dict[str, Any] = {}
    if request.method == "POST":
        problems, told = _verified(request)
    context = {"problems": problems, "told": told, "texts": [PROBLEMS[code] for code in problems or ()]}
    return render(request, "inspections/verify.html", context)


def checklist(facility: Facility, request: HttpRequest) -> list[CheckItem]:
    """Return what to look at in a plant: from its permit where it has one, else the list of matters."""
    asked = manifests.ask("facility.checklist", facility_code=facility.code, on=received_date(request))
    found = [item for answer in asked for item in answer]
    return found or [
        CheckItem(
            code=item["code"], question_zh=item["name_zh"], question_en=item["name_en"], basis=item["basis"]
        )
        for item in rules.items()
    ]


def _spared(version: rules.Quotas, lists: Iterable[str]) -> list[tuple[Mapping[str, Any], int]]:
    """Return the lists that spare units of a pool visits on site, each with how many it holds."""
    counts = collections.Counter(filter(None, lists))
    found = ((rules.relief(version, code), size) for code, size in sorted(counts.items()))
    return [(row, size) for row, size in found if row is not None]


def _committed(request: HttpRequest, data: dict[str, Any]) -> HttpResponse:
    region = get_object_or_404(Region, code=data["region"])
    replaces = get_object_or_404(Draw, number=data["replaces"]) if data["replaces"] else None
    try:
        item = services.commit_draw(
            level="city" if region.level == Region.Level.CITY else "county",
            region=region,
            seed=secrets.token_hex(32),
            actor=person(request),
            at=received_at(request),
            replaces=replaces,
            reason=data["reason"],
        )
    except services.Refused as refused:
        messages.error(request, REASONS[refused.reason])
        return redirect("inspections:new_draw")
    messages.success(request, _("对象库已冻结，种子指纹已公开。请另一人到场抽取。"))
    return redirect("inspections:draw", item.number)


def _verified(request: HttpRequest) -> tuple[tuple[str, ...], dict[str, Any]]:
    file = request.FILES.get("file")
    if file is None or not file.size or file.size > LARGEST_DOCUMENT:
        return ("format",), {}
    try:
        told = json.loads(file.read().decode())
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        return ("format",), {}
    if not isinstance(told, dict):
        return ("format",), {}
    problems = rules.recomputed(told)
    own = Draw.objects.filter(number=str(told.get("number", "")), drawn_at__isnull=False).first()
    known = own is not None and rules.canonical(queries.document(own)) == rules.canonical(told)
    return problems, {"number": told.get("number"), "units": len(told.get("result") or []), "known": known}


def _regions() -> list[Region]:
    levels = (Region.Level.CITY, Region.Level.COUNTY)
    return list(Region.objects.filter(level__in=levels).order_by("code"))


def _asked_region(request: HttpRequest) -> Region | None:
    known = {region.code: region for region in _regions()}
    scope = access.scope(request.user, queries.VIEW, timezone.localdate(received_at(request)))
    allowed = {code: region for code, region in known.items() if scope.covers_region(code)}
    asked = allowed.get(request.GET.get("region", ""))
    return asked or next(iter(allowed.values()), None)
