"""Where a noise case belongs, and the cards of permits and joint actions."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.records import queries as records
from jiangcheng.modules.noise import queries, services
from jiangcheng.modules.noise.models import SourceType
from jiangcheng.modules.noise.views import wording

PAGE = 30


@require_GET
@requires("noise.view")
def cases(request: HttpRequest) -> HttpResponse:
    """List the open cases about noise with the type of source and the department that answers for it."""
    on = received_date(request)
    page = Paginator(queries.noise_cases(user=person(request), on=on), PAGE).get_page(request.GET.get("page"))
    types = dict(SourceType.choices)
    lines = []
    for case in page.object_list:
        routed = queries.route(case=case, on=on)
        title = case.title_zh if (get_language() or "zh").startswith("zh") else case.title_en
        lines.append((case, title, routed, types.get(routed.source_type, "")))
    context = {
        "page": page,
        "lines": lines,
        "types": SourceType.choices,
        "may_decide": access.has(request.user, "cases.dispatch", on),
    }
    return render(request, "noise/cases.html", context)


@require_POST
@requires("cases.dispatch")
def decide(request: HttpRequest, number: str) -> HttpResponse:
    """Note the type of source a person decided on."""
    seen = case_queries.visible(user=person(request), on=received_date(request))
    case = get_object_or_404(seen, number=number)
    held = case_queries.permissions_on(case=case, user=person(request), on=received_date(request))
    if "cases.dispatch" not in held:
        raise PermissionDenied
    try:
        services.decide_source(
            case=case,
            source_type=request.POST.get("source_type", ""),
            actor=person(request),
            at=received_at(request),
        )
    except Refused:
        return HttpResponse(status=422)
    return redirect("noise:cases")


@require_GET
@requires("noise.view")
def permit_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show what speaks against a night permit by the sensitive areas around its site."""
    seen = records.visible(register="night-permits", user=person(request), on=received_date(request))
    permit = get_object_or_404(seen, number=number)
    placed = permit.longitude is not None and permit.latitude is not None
    now = [(item.code, dict(item.values)) for item in queries.cautions(permit=permit)]
    context = {
        "placed": placed,
        "cautions": [(code, wording.caution(code, values)) for code, values in now],
        "granted": [wording.caution(item["code"], item["values"]) for item in permit.judgement],
    }
    return render(request, "noise/_permit.html", context)


@require_GET
@requires("noise.view")
def action_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the results of the departments of a joint action side by side, with their sums."""
    seen = records.visible(register="joint-actions", user=person(request), on=received_date(request))
    action = get_object_or_404(seen, number=number)
    rows = list(queries.results(action_number=action.number))
    names = ("inspected", "problems", "ordered", "punished", "fine")
    context = {
        "rows": rows,
        "sums": {name: sum(getattr(row, name) for row in rows) for name in names},
        "departments": action.taking_part(),
    }
    return render(request, "noise/_action.html", context)
