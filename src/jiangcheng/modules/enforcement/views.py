"""Fragments of a punishment case, its documents, and the decisions anybody may read."""

from __future__ import annotations

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import person, public, received_at, received_date, requires
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.modules.enforcement import queries, rules, services
from jiangcheng.modules.enforcement.models import Punishment

PAGE = 50
ROW = "records:punishments-row"


@require_GET
@requires("enforcement.view")
def gates(request: HttpRequest, number: str) -> HttpResponse:
    """Show the three systems as a ladder, the officers, and the discretion."""
    item, on = _found(request, number), received_date(request)
    cause = rules.causes(on).get(item.cause)
    proposal = rules.proposed_fine(cause, item.levels, mended=item.mended) if cause and item.levels else None
    may = _may_handle(request, item)
    candidates = (
        access.holders("enforcement.handle", on, region_code=_region(item), facility_code="") if may else []
    )
    context = {
        "item": item,
        "gates": queries.gates(item),
        "officers": item.officers.all(),
        "candidates": candidates,
        "cause": cause,
        "causes": rules.causes(on).values(),
        "factors": rules.table("discretion")["factors"],
        "levels": item.levels,
        "proposal": proposal,
        "may": may and item.decided_at is None,
        "zh": (get_language() or "zh").startswith("zh"),
    }
    return render(request, "enforcement/_gates.html", context)


@require_GET
@requires("enforcement.view")
def papers(request: HttpRequest, number: str) -> HttpResponse:
    """Show the documents of a case."""
    item = _found(request, number)
    column = 0 if (get_language() or "zh").startswith("zh") else 1
    names = {code: pair[column] for code, pair in services.KINDS.items()}
    rows = [
        (names[paper.kind], paper) for paper in item.documents.select_related("written_by").order_by("-pk")
    ]
    context = {"item": item, "rows": rows, "kinds": names.items(), "may": _may_handle(request, item)}
    return render(request, "enforcement/_papers.html", context)


@require_POST
@requires("enforcement.handle")
def officers(request: HttpRequest, number: str) -> HttpResponse:
    """Name the officers."""
    keys = [key for key in request.POST.getlist("officers") if key.isdecimal() and len(key) < 18]
    people = list(User.objects.filter(pk__in=keys, is_active=True))
    try:
        services.assign(
            punishment=_found(request, number),
            officers=people,
            actor=person(request),
            at=received_at(request),
        )
    except Refused as refused:
        messages.error(request, " ".join(refused.reasons))
    return redirect(ROW, number)


@require_POST
@requires("enforcement.handle")
def weigh(request: HttpRequest, number: str) -> HttpResponse:
    """Apply the table of discretion."""
    levels = {
        factor["code"]: request.POST.get(f"level-{factor['code']}", factor["levels"][0]["code"])
        for factor in rules.table("discretion")["factors"]
    }
    try:
        services.weigh(
            punishment=_found(request, number),
            levels=levels,
            mended=request.POST.get("mended") == "on",
            actor=person(request),
            at=received_at(request),
        )
    except Refused as refused:
        messages.error(request, " ".join(refused.reasons))
    return redirect(ROW, number)


@require_POST
@requires("enforcement.handle")
def write(request: HttpRequest, number: str) -> HttpResponse:
    """Write a document."""
    kind = request.POST.get("kind", "")
    if kind not in services.KINDS:
        messages.error(request, _("请选择文书。"))
    else:
        services.write_document(
            punishment=_found(request, number), kind=kind, actor=person(request), at=received_at(request)
        )
        messages.success(request, _("文书已生成。"))
    return redirect(ROW, number)


@require_GET
@requires("enforcement.view")
def paper(request: HttpRequest, number: str, key: int, form: str) -> HttpResponseBase:
    """Return a document as PDF or DOCX."""
    document = get_object_or_404(_found(request, number).documents, pk=key)
    if form not in ("pdf", "docx"):
        raise Http404(form)
    file = document.pdf if form == "pdf" else document.docx
    return FileResponse(
        file.open("rb"), as_attachment=form == "docx", filename=f"{number}-{document.kind}.{form}"
    )


@require_GET
@requires("enforcement.view")
def facility_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the punishments of a unit."""
    scope = access.scope(request.user, "enforcement.view", received_date(request))
    facility = get_object_or_404(registry.facilities(scope=scope), code=code)
    seen = records.visible(register="punishments", user=person(request), on=received_date(request))
    context = {"rows": [(row, _state(row)) for row in seen.filter(facility=facility, withdrawn_at=None)[:20]]}
    return render(request, "enforcement/_facility.html", context)


@require_GET
@public
def published(request: HttpRequest) -> HttpResponse:
    """Show the decisions to anybody: what the law wants public, and nothing personal."""
    page = Paginator(queries.published(now=received_at(request)), PAGE).get_page(request.GET.get("page"))
    causes = rules.causes(received_date(request))
    zh = (get_language() or "zh").startswith("zh")
    rows = [
        (item, causes[item.cause]["name_zh" if zh else "name_en"] if item.cause in causes else "—")
        for item in page.object_list
    ]
    return render(request, "enforcement/published.html", {"page": page, "rows": rows})


def _found(request: HttpRequest, number: str) -> Punishment:
    seen = records.visible(register="punishments", user=person(request), on=received_date(request))
    found: Punishment = get_object_or_404(seen, number=number)
    return found


def _may_handle(request: HttpRequest, item: Punishment) -> bool:
    held = records.permissions_on(record=item, user=person(request), on=received_date(request))
    return "enforcement.handle" in held


def _region(item: Punishment) -> str:
    return item.region.code if item.region else ""


def _state(item: Punishment) -> str:
    zh = (get_language() or "zh").startswith("zh")
    states = {state["code"]: state for state in item.workflow.definition["states"]} if item.workflow else {}
    return str(states[item.state]["name_zh" if zh else "name_en"]) if item.state in states else item.state
