"""Dose-rate points, permits of sources and devices, movements."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.observations import store
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.safety.models import SourceMove
from jiangcheng.modules.safety.rules import radiation, tables

PROPERTY = "dose_rate"
ELEMENT = "radiation"


@dataclasses.dataclass(frozen=True, slots=True)
class Point:
    """A dose-rate point: its latest hour against its background."""

    station: Station
    at: dt.datetime | None
    value: float | None
    background: float | None
    limit: float | None
    alert: radiation.Alert | None


def stations() -> list[Station]:
    """Return the dose-rate stations, by code."""
    manual = Station.objects.filter(kind=Station.Kind.MANUAL, attributes__element=ELEMENT, valid_to_date=None)
    return list(manual.select_related("region").order_by("code"))


def dose_series(
    *, stations: list[Station], now: dt.datetime
) -> dict[int, tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Return the hours of stations within the window of the background: starts and dose rates [nGy/h]."""
    key = ObservedProperty.objects.filter(code=PROPERTY, statistic="avg").values_list("pk", flat=True).first()
    if key is None or not stations:
        return {}
    rule = tables.in_force("radiation", now.date())
    table = store.read(
        stations=[station.pk for station in stations], properties=[key], granularity=store.Granularity.HOUR,
        start=now - dt.timedelta(days=rule["background_days"], hours=rule["gap_hours"]), end=now,
    )  # fmt: skip
    counts = np.isin(table["flag"].to_numpy(), list(store.COUNTING)) & ~np.isnan(table["value"].to_numpy())
    place, start, value = (table[name].to_numpy()[counts] for name in ("station", "start", "value"))
    return {
        station.pk: (start[place == station.pk].astype(np.int64), value[place == station.pk])
        for station in stations
    }


def dose_points(*, user: User | None, now: dt.datetime, on: dt.date) -> list[Point]:
    """Return the points a person may see (None: all), each judged by the rule in force."""
    found = stations()
    if user is not None:
        scope = access.scope(user, "safety.view", on)
        found = [station for station in found if scope.covers_region(station.region.code)]
    series = dose_series(stations=found, now=now)
    points = []
    for station in found:
        start, value = series.get(station.pk, (np.empty(0, np.int64), np.empty(0)))
        rule = tables.in_force("radiation", on)
        border = int(now.timestamp()) - 3600 * rule["gap_hours"]
        known = radiation.threshold(value[start < border], on)
        points.append(
            Point(
                station,
                dt.datetime.fromtimestamp(int(start[-1]), dt.UTC) if start.size else None,
                round(float(value[-1]), 1) if start.size else None,
                round(known[0], 1) if known else None,
                round(known[2], 1) if known else None,
                radiation.alert(start, value, now),
            )
        )
    return points


def permits(*, user: User, on: dt.date) -> list[tuple[str, Any, bool]]:
    """Return sources and devices by the expiry of their permit: register, row, whether it is watched strictly."""
    found = []
    for register, kind in (("radiation-sources", "source"), ("radiation-devices", "device")):
        for row in records.visible(register=register, user=user, on=on).filter(
            withdrawn_at=None, closed_at=None
        ):
            strict = radiation.is_strict(kind, getattr(row, f"{kind}_class"), on)
            found.append((register, row, strict))
    return sorted(found, key=lambda item: (not item[2], item[1].permit_expires_date, item[1].pk))


def moves_of(*, code: str) -> list[SourceMove]:
    """Return the movements of a source, oldest first."""
    return list(SourceMove.objects.filter(source_code=code, withdrawn_at=None).order_by("moved_date", "pk"))
