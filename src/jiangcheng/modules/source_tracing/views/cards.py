"""Fragments on the pages of stations, cases and plots."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.source_tracing import queries
from jiangcheng.modules.source_tracing.models import FarmSample, TraceRun
from jiangcheng.modules.source_tracing.rules import tables
from jiangcheng.modules.source_tracing.views import wording
from jiangcheng.modules.source_tracing.views.pages import MANAGE, VIEW
from jiangcheng.standards import periods

SHOWN = 5
KINDS = {"AIR": "air", "WATER": "river", "COMPLAINT": "odour", "VOC": "voc"}


@require_GET
@requires(VIEW)
def station_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the latest runs of a station and a way to start one."""
    user, on = person(request), received_date(request)
    station = get_object_or_404(registry.stations(scope=access.scope(user, VIEW, on)), code=code)
    runs = queries.visible(user=user, on=on).filter(station=station)
    matching = tables.in_force("matching", on)
    river = station.kind == Station.Kind.WATER
    codes = matching["water"] if river else list(matching["air"])
    now = received_at(request).astimezone(periods.BEIJING).replace(minute=0, second=0, microsecond=0)
    context = {
        "station": station, "runs": _told(runs), "kind": "river" if river else "air",
        "traced": station.kind in (Station.Kind.AIR, Station.Kind.WATER),
        "observed": list(wording.properties(codes).items()),
        "start": now - dt.timedelta(hours=48 if river else 6), "end": now,
        "may_manage": bool(access.scope(user, MANAGE, on)),
    }  # fmt: skip
    return render(request, "source_tracing/_station.html", context)


@require_GET
@requires(VIEW)
def case_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the runs a case asked for, or the run whose candidate it checks, and a way to start one."""
    user, on = person(request), received_date(request)
    case = cases.visible(user=user, on=on).filter(number=number).select_related("station").first()
    if case is None:
        raise Http404(number)
    runs = queries.visible(user=user, on=on)
    checked = case.traced_candidates.select_related("run").first()
    finding = case.findings.order_by("-last_at").first()
    at = (finding.last_at if finding else case.opened_at).astimezone(periods.BEIJING)
    end = at.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    context = {
        "case": case, "runs": _told(runs.filter(case=case)), "checked": checked,
        "kind": KINDS.get(case.case_type, ""), "start": end - dt.timedelta(hours=6), "end": end,
        "may_manage": bool(access.scope(user, MANAGE, on)),
    }  # fmt: skip
    return render(request, "source_tracing/_case.html", context)


@require_GET
@requires(VIEW)
def plot_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show what the samples of a plot say, and whether its source is traced or excused."""
    on = received_date(request)
    rows = records.visible(register="farm-plots", user=person(request), on=on).filter(number=number)
    found = queries.plots(on=on, rows=rows)
    if not found:
        raise Http404(number)
    samples = FarmSample.objects.filter(plot=number, withdrawn_at=None).order_by("-sampled_date")
    context = {"plot": found[0], "samples": samples[:20], "table": tables.in_force("soil", on)}
    return render(request, "source_tracing/_plot.html", context)


def _told(runs: QuerySet[TraceRun]) -> list[dict[str, Any]]:
    rows = list(runs.prefetch_related("candidates")[:SHOWN])
    names = wording.properties(list({row.observed for row in rows if row.observed}))
    return [
        {
            "run": row, "target": wording.target(row, names), "badge": wording.BADGES[row.state],
            "unknown": None if row.unknown is None else 100 * row.unknown,
            "first": [(wording.pair(c.name_zh, c.name_en), 100 * c.probability) for c in row.candidates.all()[:2]],
        }
        for row in rows
    ]  # fmt: skip
