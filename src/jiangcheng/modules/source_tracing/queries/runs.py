"""Runs as people may see them, their score, and what waits for somebody."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.db.models import Max, QuerySet
from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.manifest import ToDo
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.source_tracing.models import Candidate, FarmPlot, FarmSample, TraceRun
from jiangcheng.modules.source_tracing.rules import score, soil

VIEW, MANAGE = "source_tracing.view", "source_tracing.manage"
MOST = 50


def visible(*, user: User, on: dt.date, permission: str = VIEW) -> QuerySet[TraceRun]:
    """Return the runs whose target lies in the areas of a person, latest first."""
    scope = access.scope(user, permission, on)
    return TraceRun.objects.filter(scope.as_filter(region="region__code")).select_related(
        "station", "region", "case", "asked_by", "inputs"
    )


def stations(*, user: User, on: dt.date, permission: str = MANAGE) -> QuerySet[Station]:
    """Return the stations a person may trace."""
    scope = access.scope(user, permission, on)
    kinds = (Station.Kind.AIR, Station.Kind.WATER, Station.Kind.WEATHER)
    return Station.objects.filter(scope.as_filter(region="region__code"), kind__in=kinds).order_by(
        "kind", "code"
    )


def checked(*, since: dt.date | None = None, kind: str = "") -> list[score.Checked]:
    """Return the candidates whose check is closed, of the runs asked for since a day."""
    rows = Candidate.objects.exclude(outcome="").select_related("run")
    if since is not None:
        rows = rows.filter(run__asked_at__date__gte=since)
    if kind:
        rows = rows.filter(run__kind=kind)
    return [score.Checked(row.run_id, row.rank, row.probability, row.outcome) for row in rows]


@dataclasses.dataclass(frozen=True, slots=True)
class Plot:
    """A plot with what its samples say."""

    row: FarmPlot
    highest: float | None
    limit: float | None

    @property
    def bad(self) -> bool:
        """Whether the plot is contaminated."""
        return soil.contaminated(highest=self.highest, limit=self.limit)

    @property
    def open(self) -> bool:
        """Whether it is contaminated and neither traced nor excused."""
        return self.bad and not self.row.result.strip() and not self.row.no_result_reason.strip()


def plots(*, on: dt.date, rows: QuerySet[FarmPlot] | None = None) -> list[Plot]:
    """Return the plots of the ledger with their highest sample and the screening value of the day."""
    found = FarmPlot.objects.filter(withdrawn_at=None) if rows is None else rows
    highest = {
        (row["plot"], row["metal"]): row["most"]
        for row in FarmSample.objects.filter(withdrawn_at=None)
        .values("plot", "metal")
        .annotate(most=Max("value"))
    }
    return [
        Plot(
            row,
            highest.get((row.number, row.metal)),
            soil.screening(metal=row.metal, acidity=row.acidity, paddy=row.paddy, on=on),
        )
        for row in found.select_related("region").order_by("number")
    ]


def to_do(*, user: User, now: dt.datetime) -> list[ToDo]:
    """Answer the hook ``person.todo``: lists nobody has sent out, and contaminated plots without an answer."""
    on = timezone.localdate(now)
    scope = access.scope(user, MANAGE, on)
    if not scope:
        return []
    waiting = (
        visible(user=user, on=on, permission=MANAGE)
        .filter(state=TraceRun.State.DONE, finished_at__gte=now - dt.timedelta(days=3))
        .exclude(candidates__case__isnull=False)
        .filter(candidates__isnull=False)
        .distinct()
    )
    found = [
        ToDo(
            kind="trace",
            title_zh=f"溯源 {run.number} 已出候选名单，尚未派发核查",
            title_en=f"Trace {run.number} has candidates that nobody checks yet",
            url=f"/source_tracing/{run.number}/",
            since=run.finished_at,
            number=run.number,
        )
        for run in waiting[:MOST]
    ]
    mine = FarmPlot.objects.filter(withdrawn_at=None).filter(scope.as_filter(region="region__code"))
    found += [
        ToDo(
            kind="farm_plot",
            title_zh=f"污染农用地 {plot.row.name_zh}（{plot.row.metal}）没有溯源结果，也没有说明原因",
            title_en=f"Contaminated plot {plot.row.name_zh} ({plot.row.metal}): neither a source nor a reason",
            url=f"/records/farm-plots/{plot.row.number}/",
            since=plot.row.created_at,
            number=plot.row.number,
        )
        for plot in plots(on=on, rows=mine)
        if plot.open
    ][:MOST]
    return found


def compared(run: TraceRun) -> list[dict[str, Any]]:
    """Return for each shown candidate its place in every method, and what the method makes of it."""
    methods = [item for item in run.result.get("methods", []) if item["state"] == "done"]
    rows = []
    for candidate in run.candidates.all():
        cells = []
        for method in methods:
            order = method["order"]
            place = order.index(candidate.index) + 1 if candidate.index in order else None
            scores = method["scores"]
            value = scores[candidate.index] if candidate.index < len(scores) else None
            cells.append({"rank": place, "score": value})
        rows.append({"candidate": candidate, "cells": cells})
    return rows
