"""What becomes of the straw on the fields."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import shapely
import shapely.geometry
from django.db.models import F, QuerySet, Sum

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw.models import (
    BaleTicket,
    FireIncident,
    Plot,
    ResidueCover,
    ResidueScene,
    StrawProgress,
)
from jiangcheng.modules.straw.queries.incidents import FIRE, VIEW
from jiangcheng.modules.straw.rules import progress
from jiangcheng.standards import periods


def fires_in(*, area: shapely.Geometry, on: dt.date, days: int) -> int:
    """Return how many straw fires lay in an area in the days before a day."""
    end = dt.datetime.combine(on + dt.timedelta(days=1), dt.time(), periods.BEIJING)
    west, south, east, north = area.bounds
    rows = FireIncident.objects.filter(
        merged_into=None, first_at__lt=end, first_at__gte=end - dt.timedelta(days=days), verdict__in=sorted(FIRE),
        longitude__gte=west, longitude__lte=east, latitude__gte=south, latitude__lte=north,
    )  # fmt: skip
    places = list(rows.values_list("longitude", "latitude"))
    return int(shapely.intersects_xy(area, *zip(*places, strict=True)).sum()) if places else 0


def covered_by_ledger(*, village: str, region: Region | None, on: dt.date) -> float | None:
    """Return the share of a village's fields that still bear straw after its last reports [%], or None.

    Straw is gone from the surface where it was baled, ploughed in or burnt; shredded straw covers the ground.
    """
    rows = StrawProgress.objects.filter(village=village, withdrawn_at=None, day__lte=on)
    if region is not None:
        rows = rows.filter(region__code__startswith=region.code)
    latest: dict[tuple[int | None, str], StrawProgress] = {}
    for row in rows.order_by("day", "pk"):
        latest[row.region_id, row.crop] = row
    area = sum(row.area_mu for row in latest.values())
    gone = sum(row.baled + row.ploughed + row.burned for row in latest.values())
    return 100.0 * max(0.0, area - gone) / area if area else None


@dataclasses.dataclass(frozen=True, slots=True)
class VillageProgress:
    """A village's disposal of straw, as reported, and when it will be done."""

    region: Region | None
    village: str
    area: float
    last: progress.Day | None
    residual: float
    forecast: progress.Forecast
    plots: float
    """Area of its plots in the register [mu]."""
    weighed: float
    """Tonnes over the weighbridge."""
    wrong: tuple[str, ...]

    @property
    def percent(self) -> float | None:
        """Return the share that is disposed of [%]."""
        return min(100.0, 100.0 * self.last.disposed / self.area) if self.area and self.last else None


def village_progress(*, user: User, on: dt.date, day: dt.date, first: dt.date) -> list[VillageProgress]:
    """Return the villages of a season that a person may see, those with most left first."""
    rows = records.visible(register="straw-progress", user=user, on=on)
    rows = rows.filter(withdrawn_at=None, day__gte=first, day__lte=day).order_by("day", "pk")
    groups: dict[tuple[int | None, str], list[StrawProgress]] = defaultdict(list)
    for row in rows:
        groups[row.region_id, row.village].append(row)
    plots = _sums(Plot.objects.filter(withdrawn_at=None), "area_mu")
    start = dt.datetime.combine(first, dt.time(), periods.BEIJING)
    tickets = BaleTicket.objects.filter(withdrawn_at=None, weighed_at__gte=start)
    loads = _sums(tickets, F("gross") - F("tare"))
    found = [_of_village(mine, plots.get(key, 0.0), loads.get(key, 0.0), day) for key, mine in groups.items()]
    return sorted(found, key=lambda one: (-one.forecast.rest, one.village))


def _sums(rows: QuerySet[Any], what: Any) -> dict[tuple[int | None, str], float]:
    told = rows.values_list("region_id", "village").annotate(total=Sum(what)).order_by()
    return {(region, village): float(total or 0.0) for region, village, total in told}


def _of_village(rows: Sequence[StrawProgress], plots: float, weighed: float, on: dt.date) -> VillageProgress:
    """Add up the crops of a village: of each day what was last told of each crop."""
    latest: dict[str, StrawProgress] = {}
    days: dict[dt.date, progress.Day] = {}
    for row in rows:
        latest[row.crop] = row
        each = latest.values()
        days[row.day] = progress.Day(
            row.day, sum(r.harvested for r in each), sum(r.baled for r in each),
            sum(r.shredded + r.ploughed for r in each), sum(r.burned for r in each),
        )  # fmt: skip
    area = sum(row.area_mu for row in latest.values())
    series = list(days.values())
    last = series[-1]
    before = series[-2] if len(series) > 1 else None
    rest = progress.residual(
        harvested=last.harvested, baled=last.baled, returned=last.returned, burned=last.burned
    )
    return VillageProgress(
        rows[0].region, rows[0].village, area, last, rest, progress.forecast(series, area, on=on), plots, weighed,
        tuple(progress.problems(last, area, before)),
    )  # fmt: skip


def scenes() -> list[ResidueScene]:
    """Return the images that were read, the latest first."""
    return list(ResidueScene.objects.order_by("-sensed_on", "-pk")[:50])


def covers(*, user: User, on: dt.date, scene: ResidueScene) -> list[ResidueCover]:
    """Return what a scene says of the villages a person may see, the most different from the ledger first."""
    scope = access.scope(user, VIEW, on)
    rows = (
        scene.covers.filter(scope.as_filter(region="region__code"))
        if not scope.everything
        else scene.covers.all()
    )
    return sorted(rows.select_related("region"), key=lambda row: (not row.differs, row.village))
