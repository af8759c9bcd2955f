"""Lorries of the last nights: most keep to their approval, one leaves its load by the road. Synthetic."""

from __future__ import annotations

import datetime as dt

import numpy as np

from jiangcheng.core.records import services as records
from jiangcheng.core.records.services import PastRow
from jiangcheng.demo.waste.desk import D, Desk
from jiangcheng.modules.waste.models import ConstructionSite, LorryPoint
from jiangcheng.standards import periods

TRIPS = 12
DUMPER, STRAYER = 3, 7
"""The trip that stands by the road for half an hour, and the one that takes another way."""
MINUTES = 40


class Lorries(Desk):
    """Trips from two building sites to the places that take their waste."""

    def lorries(self) -> None:
        """Add building sites, the trips of the last nights and their tracks."""
        ends = list(ConstructionSite.objects.filter(kind__in=("plant", "dump")).order_by("pk")[:2])
        if len(ends) < 2:
            return
        starts = [
            self._add(
                "construction-sites", name_zh=f"{county.name_zh}拆迁工地（演示）", region=county, kind="source",
                permit=f"演示核准{90 + place:03d}", permit_to_date=self.on + dt.timedelta(days=60), planned=D(9000),
                handled=D(2600), longitude=(ends[place].longitude or 0) + 0.06,
                latitude=(ends[place].latitude or 0) + 0.03,
            )
            for place, county in enumerate(self.counties[:2])
        ]  # fmt: skip
        rows, night = [], dt.datetime.combine(self.on, dt.time(21), periods.BEIJING)
        for nth in range(TRIPS):
            start, end = starts[nth % 2], ends[nth % 2]
            loaded = night - dt.timedelta(days=1 + nth // 4, minutes=-45 * (nth % 4))
            values = {
                "plate": f"吉B演{7001 + nth % 5}", "origin": start.number, "destination": end.number,
                "region": start.region, "loaded_at": loaded, "unloaded_at": loaded + dt.timedelta(minutes=MINUTES + 35),
                "load": self._about(19), "route": [_place(start), _place(end)], "from_time": dt.time(20),
                "to_time": dt.time(6), "longitude": start.longitude, "latitude": start.latitude,
            }  # fmt: skip
            rows.append(PastRow(f"YD-{loaded.year}-{nth + 1:04d}", values, loaded))
        trips = records.load_past(register="waste-trips", rows=rows, actor=self.staff, at=self.now)
        points = [
            LorryPoint(
                trip=trip, at=trip.loaded_at + dt.timedelta(minutes=minute), longitude=east, latitude=north
            )
            for nth, trip in enumerate(trips)
            for minute, east, north in _drive(trip.route, nth)
        ]
        LorryPoint.objects.bulk_create(points, batch_size=500)


def _place(site: ConstructionSite) -> list[float]:
    return [site.longitude or 0.0, site.latitude or 0.0]


def _drive(route: list[list[float]], nth: int) -> list[tuple[int, float, float]]:
    """Return a position for every two minutes of a trip: minute, longitude, latitude."""
    start, end = np.asarray(route[0]), np.asarray(route[1])
    found: list[tuple[int, float, float]] = []
    late = 0
    for minute in range(0, MINUTES + 1, 2):
        share = minute / MINUTES
        east, north = (float(part) for part in start + (end - start) * share)
        if nth == DUMPER and minute == MINUTES // 2:
            found += [(minute + wait, east, north) for wait in range(0, 30, 2)]
            late = 30
        bend = 0.03 * float(np.sin(np.pi * share)) if nth == STRAYER else 0.0
        found.append((minute + late, east, north + bend))
    return found
