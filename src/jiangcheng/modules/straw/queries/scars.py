"""What burnt scars are looked for, and what images said of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

import shapely
import shapely.geometry

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw.models import (
    FireIncident,
    FireSignal,
    Plot,
    ResiduePlan,
    ScarFinding,
    ScarScene,
    Verdict,
)
from jiangcheng.modules.straw.queries.incidents import VIEW, seen
from jiangcheng.modules.straw.queries.plans import area_of
from jiangcheng.modules.straw.rules import fires
from jiangcheng.standards import periods

EXECUTED = ("burning", "out", "confirmed", "evaluated")

Asked = tuple[str, str, str, Region | None, shapely.Geometry, dt.date | None, str]
"""Kind, code, name, area of administration, outline, day of the fire, what people said."""


def burnt_between(*, first: dt.date, last: dt.date, box: shapely.Geometry) -> list[Asked]:
    """Return the fires and executed plans between two images, and the plots, that touch a box."""
    start = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    end = dt.datetime.fromtimestamp(periods.day_bounds(last)[1], dt.UTC)
    return [*_fires(start, end, box), *_plans(start, end, box), *_plots(box)]


def _fires(start: dt.datetime, end: dt.datetime, box: shapely.Geometry) -> Iterable[Asked]:
    west, south, east, north = box.buffer(0.05).bounds
    rows = FireIncident.objects.filter(
        merged_into=None, first_at__gte=start, first_at__lt=end, longitude__gte=west, longitude__lte=east,
        latitude__gte=south, latitude__lte=north,
    ).exclude(verdict=Verdict.HEAT)  # fmt: skip
    signs: dict[int, list[FireSignal]] = {}
    for sign in FireSignal.objects.filter(incident__in=rows, replaced_by=None):
        signs.setdefault(sign.incident_id or 0, []).append(sign)
    for row in rows.select_related("region"):
        area = shapely.union_all([fires.footprint(seen(sign)) for sign in signs.get(row.pk, ())])
        if area.intersects(box):
            day = row.first_at.astimezone(periods.BEIJING).date()
            yield "fire", row.number, "", row.region, area, day, row.outcome


def _plans(start: dt.datetime, end: dt.datetime, box: shapely.Geometry) -> Iterable[Asked]:
    rows = ResiduePlan.objects.filter(
        withdrawn_at=None, state__in=EXECUTED, starts_at__gte=start, starts_at__lt=end, outline__isnull=False
    )
    for row in rows.select_related("region"):
        area = area_of(row)
        if area.intersects(box):
            day = row.starts_at.astimezone(periods.BEIJING).date()
            yield "plan", row.number, row.village, row.region, area, day, "executed"


def _plots(box: shapely.Geometry) -> Iterable[Asked]:
    rows = Plot.objects.filter(withdrawn_at=None, outline__isnull=False)
    for row in rows.select_related("region"):
        area = shapely.geometry.shape(row.outline)
        if area.intersects(box):
            yield "plot", row.number, row.village, row.region, area, None, ""


def scar_scenes() -> list[ScarScene]:
    """Return the comparisons, the latest first."""
    return list(ScarScene.objects.order_by("-after_on", "-pk")[:50])


def findings(*, user: User, on: dt.date, scene: ScarScene) -> list[ScarFinding]:
    """Return what a comparison says of what a person may see: what denies people's word first."""
    scope = access.scope(user, VIEW, on)
    rows = scene.findings.select_related("region")
    if not scope.everything:
        rows = rows.filter(scope.as_filter(region="region__code"))
    order = {kind: place for place, kind in enumerate(ScarFinding.Kind.values)}
    return sorted(
        rows, key=lambda row: (row.against != "denies", row.result != "burnt", order[row.kind], row.code)
    )


def scars_of(*, kind: str, codes: Sequence[str]) -> dict[str, ScarFinding]:
    """Return the latest finding about each of some fires, plans or plots."""
    rows = ScarFinding.objects.filter(kind=kind, code__in=codes).select_related("scene")
    return {row.code: row for row in rows.order_by("scene__after_on", "pk")}


def village_scars(*, on: dt.date, days: int) -> dict[tuple[str, int | None], ScarFinding]:
    """Return the latest finding about each village of the days up to a day, by name and area."""
    rows = ScarFinding.objects.filter(
        kind="village", scene__after_on__lte=on, scene__after_on__gte=on - dt.timedelta(days=days)
    ).select_related("scene")
    return {(row.code, row.region_id): row for row in rows.order_by("scene__after_on", "pk")}
