"""The small city of the desks' tests with air points, sections and the areas' own stations."""

from __future__ import annotations

import datetime as dt

import numpy as np

from core import city
from jiangcheng.core.cases import services as cases
from jiangcheng.core.observations import store
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.air import services as air
from jiangcheng.modules.emissions import services as emissions
from jiangcheng.modules.water import services as water

BEIJING = dt.timezone(dt.timedelta(hours=8))
AIR_CODES = {
    "SO2": "a21026",
    "NO2": "a21004",
    "PM10": "a34002",
    "CO": "a21005",
    "O3": "a05024",
    "PM25": "a34004",
}
CLEAN = {"SO2": 0.010, "NO2": 0.020, "PM10": 40.0, "CO": 0.5, "O3": 0.060, "PM25": 20.0}
"""Hour means in the units of the store: mg/m³, particles µg/m³."""
GOOD_WATER = {"w01001": 7.5, "w01009": 8.0, "w01019": 3.0, "w21003": 0.2, "w21011": 0.02}


def _station(code, kind, longitude, **more):
    return city.named(
        code, code, kind=kind, longitude=longitude, latitude=43.5, valid_from_date="2020-01-01", **more
    )


STATIONS = [
    *(_station(f"N{i}", "air", 126.1 + i / 10, attributes={"class": "国控", "evaluated": True}) for i in (1, 2, 3)),
    _station("REF", "air", 126.8, attributes={"class": "国控", "evaluated": False}),
    _station("W1", "water", 126.6, expected_interval=14400,
             attributes={"water_type": "river", "target_class": 3, "national": True, "river": "江"}),
    _station("W2", "water", 127.4, expected_interval=14400,
             attributes={"water_type": "lake", "target_class": 2, "national": True, "river": "湖"}),
    _station("220200", "area", 126.9, region="220200"),
    _station("220202", "area", 126.5, region="220202"),
]  # fmt: skip


def build():
    """Import the register and the data of every room."""
    city.build()
    registry.load_properties()
    report = registry.import_register("stations", STATIONS, actor=None, at=city.AT)
    assert report.errors == (), report.errors
    cases.load_workflows()
    for room in (air, water, emissions):
        room.load()


def hour(day, number=0):
    """Return the start of a Beijing hour."""
    return dt.datetime.combine(dt.date.fromisoformat(day), dt.time(number), BEIJING)


def put(station, code, statistic, starts, values, *, flag=store.NORMAL, granularity=store.Granularity.HOUR):
    """Append values of one series, as received now."""
    batch = store.Batch.of(
        granularity=int(granularity),
        start=np.array([int(start.timestamp()) for start in starts]),
        station=Station.objects.get(code=station).pk,
        property=ObservedProperty.objects.get(code=code, statistic=statistic).pk,
        value=np.asarray(values, float),
        flag=flag,
    )
    return store.append(batch, source="test", received_at=max(starts) + dt.timedelta(hours=1))


def put_air(station, starts, **changed):
    """Append clean air, with some pollutants changed."""
    for name, value in {**CLEAN, **changed}.items():
        put(station, AIR_CODES[name], "avg", starts, np.broadcast_to(value, len(starts)))


def put_water(station, starts, **changed):
    """Append good water, with some items changed."""
    for code, value in {**GOOD_WATER, **changed}.items():
        put(station, code, "avg", starts, np.broadcast_to(value, len(starts)))


def hours_of(day, count=24):
    """Return the first hours of a Beijing day."""
    return [hour(day, number) for number in range(count)]


def derived(station, code, granularity, day, days=1):
    """Return the derived values of some days by start, missing ones left out."""
    start = hour(day)
    table = store.read(
        stations=[Station.objects.get(code=station).pk],
        properties=[ObservedProperty.objects.get(code=code, medium="derived").pk],
        granularity=granularity,
        start=start,
        end=start + dt.timedelta(days=days),
    )
    pairs = zip(table["start"].to_pylist(), table["value"].to_pylist(), strict=True)
    return {dt.datetime.fromtimestamp(at, BEIJING): value for at, value in pairs if value == value}
