"""Trips of construction waste with what their lorries did."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable

from django.db.models import Q, QuerySet

from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.modules.waste.models import ConstructionSite, LorryPoint, LorryTrip
from jiangcheng.modules.waste.rules import lorries, tables
from jiangcheng.standards import periods

REGISTER = "waste-trips"
TAKES = ("plant", "dump")
Track = list[tuple[float, float, float]]


@dataclasses.dataclass(frozen=True, slots=True)
class Judged:
    """A trip with its number of positions and what its lorry was not allowed to do."""

    trip: LorryTrip
    points: int
    breaches: tuple[lorries.Breach, ...]


def trips_seen(*, user: User, on: dt.date) -> QuerySet[LorryTrip]:
    """Return the trips a person may see, the latest first."""
    found: QuerySet[LorryTrip] = records.visible(register=REGISTER, user=user, on=on)
    return found.filter(withdrawn_at=None).defer("region__boundary").order_by("-loaded_at", "-pk")


def recent_trips(*, on: dt.date) -> QuerySet[LorryTrip]:
    """Return the trips that are still watched."""
    days = int(tables.in_force("lorries", on)["watch_days"])
    since = dt.datetime.combine(on - dt.timedelta(days=days), dt.time(), periods.BEIJING)
    return LorryTrip.objects.filter(withdrawn_at=None, loaded_at__gte=since)


def judged(trips: Iterable[LorryTrip]) -> list[Judged]:
    """Hold each trip against what was approved; two questions to the database for all of them."""
    rows = list(trips)
    tracks = _loaded_tracks(rows)
    sites = list(
        ConstructionSite.objects.filter(
            Q(kind__in=TAKES) | Q(number__in={row.origin for row in rows}), withdrawn_at=None
        ).exclude(Q(longitude=None) | Q(latitude=None))
    )
    return [Judged(row, len(tracks[row.pk]), tuple(_breaches(row, tracks[row.pk], sites))) for row in rows]


def _breaches(row: LorryTrip, track: Track, sites: list[ConstructionSite]) -> list[lorries.Breach]:
    on = row.loaded_at.astimezone(periods.BEIJING).date()
    places = [
        (site.longitude, site.latitude)
        for site in sites
        if site.longitude is not None and site.latitude is not None and _may_stand(site, row, on)
    ]
    hours = (row.from_time, row.to_time) if row.from_time and row.to_time else None
    return lorries.breaches(
        track,
        sites=places,
        route=[(place[0], place[1]) for place in row.route],
        hours=hours,
        rule=tables.in_force("lorries", on),
    )


def _may_stand(site: ConstructionSite, row: LorryTrip, on: dt.date) -> bool:
    if site.number == row.origin:
        return True
    return site.kind in TAKES and (site.permit_to_date is None or on <= site.permit_to_date)


def _loaded_tracks(rows: list[LorryTrip]) -> dict[int, Track]:
    unloaded = {row.pk: (row.loaded_at, row.unloaded_at) for row in rows}
    found: dict[int, Track] = collections.defaultdict(list)
    points = LorryPoint.objects.filter(trip__in=unloaded).order_by("trip", "at")
    for trip, at, longitude, latitude in points.values_list("trip", "at", "longitude", "latitude"):
        loaded, until = unloaded[trip]
        if at >= loaded and (until is None or at <= until):
            found[trip].append((at.timestamp(), longitude, latitude))
    return found
