"""The board of rectification, the notice of a day, and what anybody may read."""

from __future__ import annotations

import datetime as dt

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access.services import person, public, received_at, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.inspectorate import queries, rules, services
from jiangcheng.modules.inspectorate.models import Notice

PAGE = 50


@require_GET
@requires("inspectorate.view")
def board(request: HttpRequest) -> HttpResponse:
    """Show what is open, late and closed out, by county, and the problems with their progress."""
    found = queries.standings(user=person(request), on=received_date(request))
    zh = _chinese()
    names = {item.code: item.name_zh if zh else item.name_en for item in Region.objects.all()}
    shown = sorted(found, key=lambda item: (not item.late, not item.behind, item.problem.due_date))
    context = {
        "counties": [(code, names.get(code, "—"), counter) for code, counter in queries.board(found)],
        "page": Paginator(shown, PAGE).get_page(request.GET.get("page")),
        "open": sum(item.problem.state not in queries.ENDED for item in found),
        "late": sum(item.late for item in found),
        "behind": sum(item.behind for item in found),
        "ended": sum(item.problem.state in queries.ENDED for item in found),
    }
    return render(request, "inspectorate/board.html", context)


@require_GET
@requires("inspectorate.view")
def problem_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the measures against a problem and how far they are."""
    on = received_date(request)
    seen = records.visible(register="problems", user=person(request), on=on)
    problem = get_object_or_404(seen, number=number)
    plan, today = queries.plan(problem=problem, on=on)
    context = {
        "standing": queries.standing(problem=problem, on=on),
        "plan": plan,
        "today": today,
        "problem": problem,
    }
    return render(request, "inspectorate/_problem.html", context)


@require_GET
@requires("inspectorate.view")
def notice(request: HttpRequest) -> HttpResponse:
    """Show the notice of a day: the edition asked for, and what changed since the one before."""
    try:
        day = dt.date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        day = received_date(request)
    editions = list(Notice.objects.filter(day_date=day).order_by("edition"))
    asked = request.GET.get("edition", "")
    shown = next(
        (item for item in editions if str(item.edition) == asked), editions[-1] if editions else None
    )
    before = next((item for item in editions if shown and item.edition == shown.edition - 1), None)
    context = {
        "day": day,
        "editions": editions,
        "shown": shown,
        "changes": rules.differences(before.table, shown.table) if shown and before else [],
    }
    return render(request, "inspectorate/notice.html", context)


@require_POST
@requires("inspectorate.manage")
def compute(request: HttpRequest) -> HttpResponse:
    """Compute the notice of a day anew."""
    try:
        day = dt.date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        day = received_date(request)
    services.compute_notice(day=day, at=received_at(request))
    return redirect(f"{reverse('inspectorate:notice')}?day={day.isoformat()}")


@require_GET
@public
def published(request: HttpRequest) -> HttpResponse:
    """Show the problems that are publicised or closed out to anybody."""
    page = Paginator(queries.closed_out(), PAGE).get_page(request.GET.get("page"))
    return render(request, "inspectorate/published.html", {"page": page})


def _chinese() -> bool:
    return (get_language() or "zh").startswith("zh")
