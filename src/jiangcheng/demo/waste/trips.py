"""Manifests of two years and of this week. Synthetic."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from jiangcheng.core.cases import rules as office
from jiangcheng.core.records.services import PastRow, PastStep
from jiangcheng.demo.waste.desk import (
    CARBON,
    CARRIER,
    CATALYST,
    DISPOSER,
    LIQUID,
    MILLI,
    NAMES,
    OIL,
    PACKAGES,
    PAINT,
    SMALL,
    D,
    Desk,
)
from jiangcheng.modules.waste import services
from jiangcheng.modules.waste.models import Manifest, ManifestItem, TrackPoint
from jiangcheng.modules.waste.rules import manifests as rules
from jiangcheng.modules.waste.rules import tables
from jiangcheng.standards import periods


class Trips(Desk):
    """Manifests of two years and of this week."""

    def _trip(self, number: int, code: str, month: dt.date, declared: D) -> D:
        """Add a trip that was received, and return what was weighed."""
        left = dt.datetime.combine(month, dt.time(8 + number % 8), periods.BEIJING) + dt.timedelta(
            days=int(self.random.integers(3, 24))
        )
        weighed = declared * D(str(round(1 + float(self.random.uniform(-0.012, 0.012)), 4))) // MILLI * MILLI
        arrived = left + dt.timedelta(hours=3)
        signed = arrived + dt.timedelta(days=int(self.random.integers(0, 3)))
        steps = [
            PastStep("issue", self._signer(number), left - dt.timedelta(hours=2)),
            PastStep("ship", self.users["carrier"], left),
            PastStep("arrive", self.users["receiver"], arrived),
            PastStep("confirm", self.users["receiver"], signed),
        ]
        times = {"shipped_at": left, "arrived_at": arrived, "confirmed_at": signed, "weighed": weighed}
        self._manifest(number, code, left, declared, steps, times, weighed)
        return weighed

    def _current(self) -> None:
        """Add this week's trips, one in each state; one is late and one was rejected."""
        hour = dt.timedelta(hours=1)
        plans = (
            (1, OIL, 1, ("issue", "ship")),
            (2, PACKAGES, 6, ("issue", "ship")),
            (19, OIL, 1, ("issue", "ship", "arrive")),
            (4, OIL, 20, ("issue", "ship", "arrive")),
            (20, CARBON, 4, ("issue", "ship", "arrive", "differ")),
            (12, OIL, 5, ("issue", "ship", "arrive", "reject")),
            (1, CATALYST, 0, ("issue",)),
            (1, OIL, 0, ()),
            (30, PAINT, 2, ("cancel",)),
            (28, OIL, 3, ("issue", "ship", "arrive")),
        )
        who = {"issue": "", "cancel": "", "ship": "carrier"}
        words = {"differ": "称重少 0.09 t", "reject": "包装破损，渗漏", "cancel": "计划变更"}
        term = int(tables.table("manifest")[-1]["confirm_days"])
        for number, code, days, actions in plans:
            if number not in self.plants:
                continue
            left = self.now - dt.timedelta(days=days) - (6 * hour if days else -20 * hour)
            steps: list[PastStep] = []
            times: dict[str, Any] = {}
            weighed, due = None, None
            for place, action in enumerate(actions):
                at = left + hour * 3 * (place - 1)
                actor = (
                    self._signer(number)
                    if who.get(action, "receiver") == ""
                    else self.users[who.get(action, "receiver")]
                )
                steps.append(PastStep(action, actor, min(at, self.now), words.get(action, "")))
                if action == "ship":
                    key = (number, code, left.astimezone(periods.BEIJING).date().replace(day=1))
                    self.gone[key] = SMALL if "reject" not in actions else D(0)
                    times["shipped_at"], due = left, left + dt.timedelta(days=3)
                elif action == "arrive":
                    times["arrived_at"] = at
                    due = rules.confirm_by(at, term, office.working_calendar().days_after)
                elif action in ("differ", "reject"):
                    due = office.working_calendar().after(at, 40)
            if "differ" in actions:
                weighed = D("0.210")
                times["weighed"] = weighed
            self._manifest(number, code, left, SMALL, steps, {**times, "due_at": due}, weighed)

    def _manifest(
        self,
        number: int,
        code: str,
        left: dt.datetime,
        declared: D,
        steps: list[PastStep],
        values: dict[str, Any],
        weighed: D | None,
    ) -> None:
        year = left.astimezone(periods.BEIJING).year
        self.serials[year] = self.serials.get(year, 0) + 1
        plant, end = self.plants[number], self.plants[91]
        given = {
            "facility": plant,
            "carrier_code": CARRIER,
            "receiver_code": DISPOSER,
            "plate": f"吉B演{1000 + number}",
            "departs_at": left,
            "declared": declared,
            "route": [[plant.longitude, plant.latitude], [end.longitude, end.latitude]],
            **values,
        }
        text = rules.number(year, "2202", self.serials[year])
        opened = min(steps[0].at if steps else self.now, self.now) - dt.timedelta(hours=1)
        row = PastRow(text, given, opened, steps)
        self.trips.append((row, code, declared, weighed))

    def _items(self, loaded: dict[str, Manifest]) -> None:
        receiver = self.users["receiver"]
        ManifestItem.objects.bulk_create(
            [
                ManifestItem(
                    manifest=loaded[row.number],
                    code=code,
                    name_zh=NAMES[code],
                    form="liquid" if code in LIQUID else "solid",
                    package="吨桶" if code in LIQUID else "吨袋",
                    declared=declared,
                    weighed=weighed,
                    weighed_by=receiver if weighed is not None else None,
                )
                for row, code, declared, weighed in self.trips
            ],
            batch_size=400,
        )
        points = []
        for manifest in loaded.values():
            if manifest.state != "transit":
                continue
            start, end = (np.array(place) for place in manifest.route)
            bent = np.array([0.0, 0.05]) if manifest.plate.endswith("1002") else np.zeros(2)
            for step in range(9):
                share = step / 12
                east, north = start + (end - start) * share + bent * np.sin(np.pi * share)
                at = self.now - dt.timedelta(minutes=5 * (9 - step))
                points.append(
                    TrackPoint(manifest=manifest, at=at, longitude=float(east), latitude=float(north))
                )
        TrackPoint.objects.bulk_create(points)
        services.review(
            manifests=[row for row in loaded.values() if row.state in ("transit", "differing", "rejected")],
            now=self.now,
        )
