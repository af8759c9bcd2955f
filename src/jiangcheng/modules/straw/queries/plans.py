"""Zones, residue plans and who may approve them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import shapely
import shapely.geometry
from django.db.models import Q

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.modules.straw.models import BurnZone, FireSignal, ResiduePlan
from jiangcheng.modules.straw.rules import coverage, fires, tables, verdicts

STANDING = ("approved", "burning", "out", "confirmed", "evaluated")

"""States of a plan that was approved and not taken back."""


def open_on(on: dt.date) -> Q:
    """Return the condition that a dated row holds on a day."""
    return Q(valid_from_date__lte=on) & (Q(valid_to_date=None) | Q(valid_to_date__gt=on))


class Around:
    """Zones, plans and heat around some signals, each read once for all of them."""

    def __init__(self, signals: Sequence[FireSignal]) -> None:
        first, last = min(s.seen_at for s in signals), max(s.seen_at for s in signals)
        slack = dt.timedelta(days=2)
        rows = ResiduePlan.objects.filter(
            state__in=STANDING, withdrawn_at=None, approved_at__lte=last + slack,
            starts_at__lte=last + slack, ends_at__gte=first - slack,
        ).order_by("pk")  # fmt: skip
        self._plans = [
            (row.approved_at, verdicts.Plan(row.number, area_of(row), row.starts_at, row.ends_at))
            for row in rows
        ]
        self._zones: dict[dt.date, list[verdicts.Zone]] = {}
        self._heat: dict[dt.date, set[tuple[int, int]]] = {}

    def plans(self, *, first: dt.datetime, last: dt.datetime) -> list[verdicts.Plan]:
        """Return the plans whose time could explain a fire, among those that were approved before it."""
        slack = dt.timedelta(days=1)
        return [
            plan
            for approved, plan in self._plans
            if approved is not None
            and approved <= first
            and plan.start <= last + slack
            and plan.end >= first - slack
        ]

    def zones(self, *, on: dt.date) -> list[verdicts.Zone]:
        """Return the zones in force on a day."""
        if on not in self._zones:
            self._zones[on] = known_zones(on=on)
        return self._zones[on]

    def heat(self, on: dt.date, learn: Callable[[dt.date], set[tuple[int, int]]]) -> set[tuple[int, int]]:
        """Return the cells of standing heat of a day's month."""
        month = on.replace(day=1)
        if month not in self._heat:
            self._heat[month] = learn(month)
        return self._heat[month]


def zones(*, on: dt.date) -> list[BurnZone]:
    """Return the ban and limit zones in force on a day."""
    return list(BurnZone.objects.filter(open_on(on)).order_by("code"))


def known_zones(*, on: dt.date) -> list[verdicts.Zone]:
    """Return the zones in force as the rules know them."""
    return [
        verdicts.Zone(zone.code, zone.kind, shapely.geometry.shape(zone.boundary)) for zone in zones(on=on)
    ]


def area_of(plan: ResiduePlan) -> shapely.Geometry:
    """Return the outline of a plan, or its point where there is no outline."""
    if plan.outline:
        return shapely.geometry.shape(plan.outline)
    return shapely.Point(plan.longitude, plan.latitude)


def overlapping(plan: ResiduePlan) -> list[ResiduePlan]:
    """Return other standing plans that lie over a plan at the same time."""
    area = area_of(plan)
    others = ResiduePlan.objects.filter(
        state__in=STANDING, withdrawn_at=None, starts_at__lt=plan.ends_at, ends_at__gt=plan.starts_at
    ).exclude(pk=plan.pk)
    return [other for other in others if area_of(other).intersects(area)]


def approval_level(*, user: User, region: str, on: dt.date) -> str | None:
    """Return the highest level at which a person may approve plans of an area; None: not at all."""
    scope = access.scope(user, "straw.approve", on)
    levels = tables.in_force("delegation", on)["levels"]
    if scope.everything:
        return str(levels[-1]["code"])
    held = [len(prefix) for prefix in scope.region_codes if region.startswith(prefix)]
    if not held:
        return None
    fitting = [level["code"] for level in levels if min(held) <= level["prefix"]]
    return str(fitting[-1]) if fitting else None


def needed_level(*, area_mu: float, on: dt.date) -> str:
    """Return the lowest level that may approve a plan of an area."""
    levels = tables.in_force("delegation", on)["levels"]
    return str(next(row["code"] for row in levels if row["most_mu"] is None or area_mu <= row["most_mu"]))


def cool_down(*, plan: ResiduePlan, since: dt.datetime, until: dt.datetime) -> dict[str, Any]:
    """Return what the sky says of a plan after it was reported out.

    ``cooled``: a satellite sent data of the plan's surroundings since then and none of them lies on the plan;
    ``expected``: only nominal passes fell into the time; ``none``: nobody looked.
    """
    area = area_of(plan)
    west, south, east, north = area.buffer(1.0).bounds
    looks = FireSignal.objects.filter(
        seen_at__gt=since, seen_at__lte=until, source__in=sorted(fires.SENSORS), replaced_by=None,
        longitude__gte=west, longitude__lte=east, latitude__gte=south, latitude__lte=north,
    )  # fmt: skip
    seen_by = sorted(set(looks.values_list("satellite", flat=True)))
    nominal = sorted({name for _at, name in coverage.nominal(since, until)})
    state = "cooled" if seen_by else "expected" if nominal else "none"
    return {
        "state": state, "satellites": seen_by or nominal, "since": since.isoformat(), "until": until.isoformat(),
    }  # fmt: skip
