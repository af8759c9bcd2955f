"""What the land is and where it is always hot."""

from __future__ import annotations

import datetime as dt

import shapely
import shapely.geometry
from django.db.models import QuerySet

from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.straw.models import FireIncident, FireSignal, LandArea, LandGrid, Outcome
from jiangcheng.modules.straw.queries.plans import open_on
from jiangcheng.modules.straw.rules import fires, tables


def heat_history(*, on: dt.date) -> list[fires.Seen]:
    """Return the satellite signals before a day that the heat mask learns from."""
    months = tables.in_force("detection", on)["heat"]["window_months"]
    since = dt.datetime.combine(on - dt.timedelta(days=31 * (months + 1)), dt.time(), dt.UTC)
    until = dt.datetime.combine(on, dt.time(), dt.UTC)
    rows = FireSignal.objects.filter(
        seen_at__gte=since, seen_at__lt=until, source__in=sorted(fires.SENSORS), replaced_by=None
    ).values_list("key", "seen_at", "longitude", "latitude", "source", "power", "day")
    return [
        fires.Seen(key, at, lon, lat, source, power=power, day=day)
        for key, at, lon, lat, source, power, day in rows
    ]


def industrial(*, on: dt.date) -> shapely.Geometry | None:
    """Return the areas of industry in force on a day together, or None where nobody entered any."""
    rows = LandArea.objects.filter(open_on(on), kind=LandArea.Kind.INDUSTRY)
    areas = [shapely.geometry.shape(boundary) for boundary in rows.values_list("boundary", flat=True)]
    return shapely.union_all(areas) if areas else None


def plants() -> list[tuple[float, float]]:
    """Return longitude and latitude of the registered plants."""
    return list(Facility.objects.values_list("longitude", "latitude"))


def verified_heat(*, on: dt.date) -> list[tuple[float, float]]:
    """Return where people found industrial heat within the months the mask looks back."""
    months = tables.in_force("detection", on)["heat"]["window_months"]
    since = dt.datetime.combine(on - dt.timedelta(days=31 * months), dt.time(), dt.UTC)
    rows = FireIncident.objects.filter(outcome=Outcome.INDUSTRY, merged_into=None, first_at__gte=since)
    return list(rows.values_list("longitude", "latitude"))


def land_within(
    bounds: tuple[float, float, float, float], *, kind: str, on: dt.date
) -> list[LandArea] | None:
    """Return the polygons of land that a rectangle touches; None where the kind was never entered."""
    rows = LandArea.objects.filter(open_on(on), kind=kind)
    west, south, east, north = bounds
    near = list(rows.filter(west__lte=east, east__gte=west, south__lte=north, north__gte=south))
    return near if near or rows.exists() else None


def land(*, kind: str, on: dt.date) -> QuerySet[LandArea]:
    """Return the polygons of land of a kind in force on a day."""
    return LandArea.objects.filter(open_on(on), kind=kind)


def land_grid(*, on: dt.date) -> LandGrid | None:
    """Return the raster of cropland in force on a day, without its bytes."""
    rows = LandGrid.objects.filter(valid_from_date__lte=on).defer("values")
    return rows.order_by("-valid_from_date", "-pk").first()
