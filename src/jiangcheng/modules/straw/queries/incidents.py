"""Signals, incidents, and who could be sent to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Case as Order
from django.db.models import F, IntegerField, Q, QuerySet, Value, When

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.modules.straw.models import FireIncident, FireSignal, Verdict
from jiangcheng.modules.straw.rules import fires, tables

VIEW = "straw.view"
FIRE = frozenset({Verdict.ILLEGAL, Verdict.PLANNED, Verdict.EDGE, Verdict.UNZONED})


def seen(signal: FireSignal) -> fires.Seen:
    """Return a signal as the rules know it."""
    return fires.Seen(
        signal.key, signal.seen_at, signal.longitude, signal.latitude, signal.source, signal.scan, signal.track,
        signal.confidence, signal.power, signal.day, signal.uncertainty,
    )  # fmt: skip


def neighbourhood(signals: Sequence[FireSignal]) -> list[FireSignal]:
    """Return the signals that could belong together with some new ones, and all of the incidents those are in."""
    first = min(signal.seen_at for signal in signals)
    rule = tables.in_force("detection", first.date())["incident"]
    wait = dt.timedelta(hours=rule["hours"])
    reach = max(rule["kilometres"], 10 * rule["pixels"]) / fires.KILOMETRES_PER_DEGREE * 1.6
    box = {
        "seen_at__gte": first - wait,
        "seen_at__lte": max(signal.seen_at for signal in signals) + wait,
        "longitude__gte": min(signal.longitude for signal in signals) - reach,
        "longitude__lte": max(signal.longitude for signal in signals) + reach,
        "latitude__gte": min(signal.latitude for signal in signals) - reach,
        "latitude__lte": max(signal.latitude for signal in signals) + reach,
    }
    near = list(FireSignal.objects.filter(replaced_by=None, **box))
    incidents = {signal.incident_id for signal in near if signal.incident_id is not None}
    more = FireSignal.objects.filter(replaced_by=None, incident__in=incidents)
    every = {signal.pk: signal for signal in [*near, *more]}
    return sorted(every.values(), key=lambda signal: (signal.seen_at, signal.pk))


def incidents(*, user: User, on: dt.date, start: dt.datetime, end: dt.datetime) -> QuerySet[FireIncident]:
    """Return the incidents of ``[start, end)`` that a person may see, the newest first."""
    scope = access.scope(user, VIEW, on)
    rows = FireIncident.objects.filter(
        scope.as_filter(region="region__code"), merged_into=None, first_at__gte=start, first_at__lt=end
    )
    return rows.select_related("region", "grid_cell", "case").order_by("-first_at", "-pk")


def managed(*, user: User, number: str, on: dt.date) -> FireIncident | None:
    """Return an incident that a person manages, or None."""
    scope = access.scope(user, "straw.manage", on)
    return FireIncident.objects.filter(scope.as_filter(region="region__code"), number=number).first()


def by_priority(rows: QuerySet[FireIncident]) -> QuerySet[FireIncident]:
    """Order incidents as people should go to them: those nobody has looked at by score, then the others."""
    waits = When(Q(outcome="") & Q(case__isnull=False) & Q(case__closed_at=None), then=Value(0))
    return rows.annotate(place=Order(waits, default=Value(1), output_field=IntegerField())).order_by(
        "place", F("score").desc(nulls_last=True), "-first_at", "-pk"
    )
