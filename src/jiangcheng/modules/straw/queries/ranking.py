"""What the priority of fires rests on, read once for all incidents that are ranked together."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from django.db.models import Q

from jiangcheng.core.registry.models import Station
from jiangcheng.modules.straw.models import FireIncident, Outcome, Verdict
from jiangcheng.modules.straw.queries import winds
from jiangcheng.modules.straw.rules import priority, tables
from jiangcheng.modules.straw.rules.downwind import Wind, carried
from jiangcheng.standards import periods

ZONES = ("ban", "belt", "limit")


class Ranking:
    """Winds, people, stations and the history of fires around some incidents."""

    def __init__(self, incidents: Sequence[FireIncident]) -> None:
        first = min(row.first_at for row in incidents)
        last = max(row.last_at for row in incidents)
        self._rule = tables.in_force("priority", first.date())
        self._winds = winds.Winds(start=first, end=last)
        self._places, self._people = winds.settled()
        self._stations = winds.air_stations()
        self._station_places = winds.places_of(self._stations)
        wait = self._rule["response"]
        self._air = winds.hours(
            kind=Station.Kind.AIR, code=winds.PM25, start=first - dt.timedelta(hours=wait["before_hours"] + 1),
            end=last + dt.timedelta(hours=wait["after_hours"] + 1),
        )  # fmt: skip
        self._usual = priority.usual(self._powers(first), first.date())
        self._before = self._earlier(incidents, first, last)

    def facts(self, incident: FireIncident) -> priority.Facts:
        """Return what is known of an incident."""
        wind = self._winds.at(
            longitude=incident.longitude, latitude=incident.latitude, at=incident.last_at,
            county=incident.region.code[:6] if incident.region else "",
        )  # fmt: skip
        return priority.Facts(
            verdict=incident.verdict,
            zones={item["what"]: item["share"] for item in incident.reasons if item["what"] in ZONES},
            power=incident.power,
            usual=self._usual,
            people=self._downwind(incident, wind),
            rise=self._rise(incident, wind),
            repeats=self._repeats(incident),
        )

    def _powers(self, first: dt.datetime) -> list[float]:
        rows = FireIncident.objects.filter(
            merged_into=None, power__gt=0, first_at__lt=first,
            first_at__gte=first - dt.timedelta(days=self._rule["power"]["days"]),
        ).exclude(verdict=Verdict.HEAT)  # fmt: skip
        return [power for power in rows.values_list("power", flat=True) if power]

    def _earlier(
        self, incidents: Sequence[FireIncident], first: dt.datetime, last: dt.datetime
    ) -> dict[int, list[tuple[dt.datetime, int]]]:
        """Return the fires of the cells before: found on the spot, or against the ban and never refuted."""
        rows = FireIncident.objects.filter(
            Q(outcome=Outcome.STRAW) | Q(outcome="", verdict=Verdict.ILLEGAL), merged_into=None, first_at__lt=last,
            first_at__gte=first - dt.timedelta(days=self._rule["repeat"]["days"]),
            grid_cell__in={row.grid_cell_id for row in incidents if row.grid_cell_id},
        )  # fmt: skip
        found: dict[int, list[tuple[dt.datetime, int]]] = defaultdict(list)
        for cell, at, number in rows.values_list("grid_cell", "first_at", "pk"):
            found[cell].append((at, number))
        return found

    def _downwind(self, incident: FireIncident, wind: Wind | None) -> float | None:
        if wind is None or not len(self._people):
            return None
        return priority.people_downwind(
            incident.longitude, incident.latitude, self._places, self._people, wind
        )

    def _rise(self, incident: FireIncident, wind: Wind | None) -> float | None:
        """Return the greatest rise at a station downwind; None where none lies there or has hours."""
        if wind is None or not self._stations:
            return None
        rule = self._rule["response"]
        near = carried(incident.longitude, incident.latitude, self._station_places, wind).within(
            half_angle=rule["half_angle"], first_hours=0, last_hours=np.inf,
            most_kilometres=rule["most_kilometres"],
        )  # fmt: skip
        on = incident.first_at.astimezone(periods.BEIJING).date()
        told: list[Any] = [
            priority.rise(incident.first_at, *self._air[row[0]], on)
            for row, inside in zip(self._stations, near, strict=True)
            if inside and row[0] in self._air
        ]
        return max((value for value in told if value is not None), default=None)

    def _repeats(self, incident: FireIncident) -> int:
        since = incident.first_at - dt.timedelta(days=self._rule["repeat"]["days"])
        return sum(
            since <= at < incident.first_at and number != incident.pk
            for at, number in self._before.get(incident.grid_cell_id or 0, ())
        )


def to_rescore(*, now: dt.datetime) -> list[FireIncident]:
    """Return the incidents of the table's last hours that nobody has looked at."""
    hours = tables.in_force("priority", now.date())["rescore_hours"]
    rows = FireIncident.objects.filter(
        merged_into=None, outcome="", last_at__gt=now - dt.timedelta(hours=hours), last_at__lte=now
    ).exclude(verdict=Verdict.HEAT)
    return list(rows.select_related("region"))
