"""Signals, incidents, and who could be sent to them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import shapely
import shapely.geometry
from django.db.models import QuerySet

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases.models import Case
from jiangcheng.core.manifest import Names, Proposed
from jiangcheng.core.registry.models import GridDuty
from jiangcheng.modules.straw.models import FireIncident, FireSignal, Source, Verdict
from jiangcheng.modules.straw.queries.plans import open_on
from jiangcheng.modules.straw.rules import fires, firms, tables
from jiangcheng.standards import periods

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


def patrols_near(*, case_number: str, at: dt.datetime) -> list[Proposed]:
    """Answer the hook ``case.proposals``: for a fire, who patrols nearby, then the inspectors of the next cells."""
    case = Case.objects.filter(number=case_number, case_type="STRAW").select_related("region").first()
    if case is None or case.longitude is None or case.latitude is None:
        return []
    rule = tables.in_force("detection", at.date())["patrol"]
    here = shapely.Point(case.longitude, case.latitude)
    found = _patrols(here, at, rule)
    known = {item.user_id for item in found}
    found += [item for item in _neighbours(case, here, at) if item.user_id not in known][: rule["most"]]
    return found


def _patrols(here: shapely.Point, at: dt.datetime, rule: Mapping[str, Any]) -> list[Proposed]:
    """Return the people who told of something nearby in the last hours, the nearest first."""
    rows = FireSignal.objects.filter(
        source=Source.PATROL, seen_at__gt=at - dt.timedelta(hours=rule["hours"]), seen_at__lte=at,
        brought_by__actor__is_active=True,
    )  # fmt: skip
    near: dict[int, float] = {}
    for person, lon, lat in rows.values_list("brought_by__actor", "longitude", "latitude"):
        away = firms.kilometres(here.x, here.y, lon, lat)
        near[person] = min(away, near.get(person, away))
    ranked = sorted((away, person) for person, away in near.items() if away <= rule["kilometres"])
    return [
        Proposed(
            person, Names(f"巡查中，最近位置相距 {away:.1f} km", f"On patrol, last known {away:.1f} km away")
        )
        for away, person in ranked[: rule["most"]]
    ]


def _neighbours(case: Case, here: shapely.Point, at: dt.datetime) -> list[Proposed]:
    on = at.astimezone(periods.BEIJING).date()
    county = case.region.code[:6] if case.region else ""
    duties_held = GridDuty.objects.filter(
        open_on(on),
        duty=GridDuty.Duty.INSPECTOR,
        user__is_active=True,
        grid_cell__region__code__startswith=county,
    ).exclude(grid_cell=case.grid_cell)
    ranked = []
    for duty in duties_held.select_related("grid_cell"):
        away = shapely.geometry.shape(duty.grid_cell.boundary).distance(here) * fires.KILOMETRES_PER_DEGREE
        ranked.append((away, duty.user_id, duty.grid_cell))
    ranked.sort(key=lambda item: item[:2])
    return [
        Proposed(
            person, Names(f"邻近网格 {cell.name_zh}", f"Neighbouring cell {cell.name_en or cell.name_zh}")
        )
        for _away, person, cell in ranked
    ]
