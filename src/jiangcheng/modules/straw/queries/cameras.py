"""The cameras, what they overlook with or without the terrain, and the orders to turn them."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence

import numpy as np
import shapely
import shapely.geometry
from django.db.models import QuerySet

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.modules.straw.models import BurnZone, CameraOrder, FireIncident, TerrainGrid, WatchCamera
from jiangcheng.modules.straw.queries.plans import zones
from jiangcheng.modules.straw.rules import terrain, watch


def known(row: WatchCamera) -> watch.Camera:
    """Return a camera with a place as the rules know it."""
    return watch.Camera(
        row.number,
        row.longitude or 0.0,
        row.latitude or 0.0,
        row.kilometres,
        row.first_degrees,
        row.last_degrees,
    )


def terrain_grid(*, on: dt.date) -> TerrainGrid | None:
    """Return the grid of heights in force on a day, without its bytes."""
    rows = TerrainGrid.objects.filter(valid_from_date__lte=on).defer("values")
    return rows.order_by("-valid_from_date", "-pk").first()


@functools.lru_cache(maxsize=1)
def _heights(number: int) -> terrain.Heights:
    row = TerrainGrid.objects.get(pk=number)
    values = np.frombuffer(bytes(row.values), np.int16).reshape(row.rows, row.columns).astype(np.float32)
    values[values == TerrainGrid.NOTHING] = np.nan
    return terrain.Heights(row.west, row.north, row.dx, row.dy, values)


@functools.lru_cache(maxsize=512)
def _view(grid: int | None, camera: watch.Camera, mast: float) -> shapely.Geometry:
    return watch.view(camera) if grid is None else terrain.view(_heights(grid), camera, mast)


def views(*, user: User, on: dt.date) -> list[tuple[WatchCamera, shapely.Geometry]]:
    """Return the cameras a person may see and what each overlooks, behind hills where heights are loaded."""
    rows = records.visible(register="watch-cameras", user=user, on=on).filter(
        withdrawn_at=None, longitude__isnull=False, latitude__isnull=False
    )
    grid = terrain_grid(on=on)
    number = None if grid is None else grid.pk
    return [(row, _view(number, known(row), row.mast_metres)) for row in rows]


def blind_zones(*, user: User, on: dt.date) -> list[tuple[BurnZone, float]]:
    """Return the zones with the share of each that no working camera overlooks, the blindest first."""
    working = [area for row, area in views(user=user, on=on) if row.working]
    found = [(zone, watch.blind(shapely.geometry.shape(zone.boundary), working)[0]) for zone in zones(on=on)]
    return sorted(found, key=lambda item: (-item[1], item[0].code))


class Steerable:
    """The working cameras that can be turned, and the heights they look over, read once for all fires of a run."""

    def __init__(self, *, on: dt.date) -> None:
        rows = WatchCamera.objects.filter(
            withdrawn_at=None, working=True, steerable=True, longitude__isnull=False, latitude__isnull=False
        )
        grid = terrain_grid(on=on)
        number = None if grid is None else grid.pk
        self.heights = None if number is None else _heights(number)
        self._rows = {row.number: row for row in rows}
        self._cameras = [known(row) for row in self._rows.values()]
        self._views = {
            row.number: _view(number, camera, row.mast_metres)
            for row, camera in zip(self._rows.values(), self._cameras, strict=True)
        }

    def nearest(self, *, longitude: float, latitude: float) -> WatchCamera | None:
        """Return the nearest camera that overlooks a place, or None."""
        seeing = watch.sees(self._cameras, longitude, latitude, self._views)
        return self._rows[seeing[0]] if seeing else None


def orders_of(incidents: Sequence[FireIncident]) -> dict[int, CameraOrder]:
    """Return the latest order about each of some incidents."""
    rows = CameraOrder.objects.filter(incident__in=incidents).select_related("camera").order_by("pk")
    return {row.incident_id: row for row in rows}


def waiting_orders(*, user: User, on: dt.date, now: dt.datetime) -> QuerySet[CameraOrder]:
    """Return the orders that the platform behind a token has to carry out, the oldest first."""
    scope = access.scope(user, "straw.signals", on)
    rows = CameraOrder.objects.filter(
        scope.as_filter(region="camera__region__code"), state__in=("waiting", "fetched"), expires_at__gt=now
    )
    return rows.select_related("camera", "incident").order_by("pk")


def order_for(*, user: User, on: dt.date, number: int) -> CameraOrder | None:
    """Return an order of the platform behind a token, or None."""
    scope = access.scope(user, "straw.signals", on)
    rows = CameraOrder.objects.filter(scope.as_filter(region="camera__region__code"), pk=number)
    return rows.select_related("camera").first()
