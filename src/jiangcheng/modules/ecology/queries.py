"""What the pages of ecology count and compare, within what a person may see."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from shapely.geometry.base import BaseGeometry

from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.modules.ecology import rules
from jiangcheng.modules.ecology.models import (
    DiseaseReport,
    DiseaseStation,
    EcoZone,
    PatrolGrid,
    PatrolVisit,
    RestorationArea,
    RestorationProject,
    Shoreline,
    Wetland,
    WetlandMarker,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Species:
    """A species with what was counted by year."""

    name: str
    latin: str
    protection: str
    counts: tuple[int | None, ...]
    """By the years of the table; None where it was not surveyed."""


def rows(register: str, *, user: User | None, on: dt.date) -> QuerySet[Any]:
    """Return the rows of a register that stand and that a person may see; None sees all."""
    if user is None:
        return records.rows(register=register).filter(withdrawn_at=None)
    return records.visible(register=register, user=user, on=on).filter(withdrawn_at=None)


def zones(*, on: dt.date, kind: str = "") -> QuerySet[EcoZone]:
    """Return the versions of zones in force on a day; they bind everybody, whoever asks."""
    found = EcoZone.objects.filter(_in_force(on))
    return (found.filter(kind=kind) if kind else found).order_by("kind", "code")


def shorelines(*, on: dt.date) -> QuerySet[Shoreline]:
    """Return the versions of shorelines in force on a day; they bind everybody, whoever asks."""
    return Shoreline.objects.filter(_in_force(on)).order_by("water", "code")


def zones_at(*, place: BaseGeometry, on: dt.date, kind: str = "") -> list[tuple[EcoZone, rules.Hit]]:
    """Return the zones in force on a day that a point or an area meets, with what they share."""
    return _met(zones(on=on, kind=kind), place)


def shorelines_at(*, place: BaseGeometry, on: dt.date) -> list[tuple[Shoreline, rules.Hit]]:
    """Return the shorelines in force on a day that a point or an area meets, with what they share."""
    return _met(shorelines(on=on), place)


def _in_force(on: dt.date) -> Q:
    open_ended = Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    return open_ended & Q(valid_from_date__lte=on, withdrawn_at=None)


def _met(found: Iterable[Any], place: BaseGeometry) -> list[tuple[Any, rules.Hit]]:
    known = {row.number: row for row in found}
    met = rules.hits((rules.Outline(row.number, row.outline) for row in known.values()), place)
    return [(known[hit.number], hit) for hit in met]


def counts(register: str, *, user: User, on: dt.date, by: str) -> dict[str, int]:
    """Return how many rows of a register a person may see, by a field."""
    found = rows(register, user=user, on=on).order_by().values_list(by).annotate(count=Count("pk"))
    return dict(found)


def patrols(*, user: User | None, on: dt.date) -> list[tuple[PatrolGrid, rules.Patrolled]]:
    """Return how every grid was patrolled in the window of the settings."""
    window = int(rules.in_force("settings", on)["patrol_days"])
    visits: dict[str, list[tuple[dt.date, Any]]] = collections.defaultdict(list)
    for grid, day, track in PatrolVisit.objects.filter(withdrawn_at=None).values_list(
        "grid", "patrol_date", "track"
    ):
        visits[grid].append((day, track))
    return [
        (
            grid,
            rules.patrolled(
                outline=grid.outline,
                per_month=grid.per_month,
                visits=visits[grid.number],
                on=on,
                window=window,
            ),
        )
        for grid in rows("patrol-grids", user=user, on=on).order_by("number")
    ]


def species(*, user: User | None, on: dt.date, most: int = 5) -> tuple[list[int], list[Species]]:
    """Return the latest years with surveys, and every species with its counts; the best protected first."""
    found = rows("wildlife-surveys", user=user, on=on).order_by()
    years = sorted({day.year for day in found.values_list("surveyed_date", flat=True).distinct()})[-most:]
    by: dict[tuple[str, str, str], dict[int, int]] = {}
    names = ("species_zh", "species_latin", "protection", "surveyed_date__year")
    for name, latin, protection, year, count in found.values_list(*names).annotate(sum=Sum("count")):
        by.setdefault((protection, name, latin), {})[year] = count
    order = {"national_1": 0, "national_2": 1, "province": 2, "none": 3}
    return years, [
        Species(name, latin, protection, tuple(sums.get(year) for year in years))
        for (protection, name, latin), sums in sorted(
            by.items(), key=lambda item: (order[item[0][0]], item[0])
        )
    ]


def missing_reports(*, user: User, on: dt.date) -> list[tuple[DiseaseStation, list[dt.date]]]:
    """Return the stations with the days on which they did not report, only those with such days."""
    window = int(rules.in_force("settings", on)["report_days"])
    reported: dict[str, set[dt.date]] = collections.defaultdict(set)
    since = on - dt.timedelta(days=window)
    told = DiseaseReport.objects.filter(withdrawn_at=None, report_date__gte=since)
    for station, day in told.values_list("station", "report_date"):
        reported[station].add(day)
    found = [
        (
            station,
            rules.missing_days(
                reported=reported[station.number], since=station.since_date, until=station.until_date, on=on,
                window=window,
            ),
        )
        for station in rows("disease-stations", user=user, on=on).order_by("number")
    ]  # fmt: skip
    return [(station, days) for station, days in found if days]


def wetlands(*, user: User | None, on: dt.date) -> list[tuple[str, int, float, int]]:
    """Return per level the number of wetlands, their area [ha], and how many were listed this year."""
    seen = rows("wetlands", user=user, on=on).order_by()
    sums = {
        level: (count, area)
        for level, count, area in seen.values_list("level").annotate(count=Count("pk"), area=Sum("area"))
    }
    fresh = dict(seen.filter(listed_date__year=on.year).values_list("level").annotate(count=Count("pk")))
    return [
        (level.value, *sums.get(level.value, (0, 0.0)), fresh.get(level.value, 0)) for level in Wetland.Level
    ]


def markers(*, user: User, on: dt.date) -> tuple[dict[str, int], list[WetlandMarker]]:
    """Return the markers by condition, and those broken, lost, or not patrolled in the days of the settings."""
    since = on - dt.timedelta(days=int(rules.in_force("settings", on)["marker_days"]))
    seen = rows("wetland-markers", user=user, on=on)
    late = Q(checked_date=None) | Q(checked_date__lt=since) | ~Q(condition=WetlandMarker.Condition.INTACT)
    counted = dict(seen.order_by().values_list("condition").annotate(count=Count("pk")))
    return counted, list(seen.filter(late).order_by("checked_date", "number")[:20])


def balances(*, user: User | None, on: dt.date) -> list[rules.Balance]:
    """Return wetland taken and given back by year, the oldest first."""
    found = (
        rows("wetland-uses", user=user, on=on).order_by().values_list("approved_date__year", "kind", "area")
    )
    return rules.balances(found)


def restoration(
    *, user: User | None, on: dt.date
) -> list[tuple[RestorationArea, list[RestorationProject], float | None]]:
    """Return the restoration areas with their projects and the share that is done [%]."""
    by: dict[str, list[RestorationProject]] = collections.defaultdict(list)
    for project in RestorationProject.objects.filter(withdrawn_at=None).order_by("number"):
        by[project.area].append(project)
    return [
        (area, by[area.number], rules.progress((one.planned, one.done) for one in by[area.number]))
        for area in rows("restoration-areas", user=user, on=on).order_by("number")
    ]


def series(*, user: User, on: dt.date) -> list[rules.Series]:
    """Return the index series of the assessments, one per area, index and method."""
    names = ("place", "index", "method", "year", "value")
    return rules.series(rows("status-reports", user=user, on=on).order_by().values_list(*names))
