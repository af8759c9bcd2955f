"""What the land is: cropland and industry as polygons or rasters, and the standing heat learnt from history."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np
import shapely
import shapely.geometry
from django.core.exceptions import ValidationError
from django.db import transaction

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.modules.straw import queries, store
from jiangcheng.modules.straw.models import HeatMask, LandArea, LandGrid, check_outline
from jiangcheng.modules.straw.rules import fires, rasters
from jiangcheng.modules.straw.services.zones import ZonesRefused
from jiangcheng.standards import periods

MOST_FEATURES = 200_000
STEP = 0.005
"""Side of the cells cropland is kept in [°], about 400 m: finer than a VIIRS pixel."""


@dataclasses.dataclass(frozen=True, slots=True)
class LandReport:
    """What an import of land brought."""

    added: int
    ended: int
    errors: tuple[tuple[int, str], ...] = ()


def import_land(
    *, document: Any, kind: str, dataset: str, valid_from: dt.date, actor: User | None, now: dt.datetime
) -> LandReport:
    """Import the polygons of cropland or industry of a data set; it ends the data set before it.

    Features may carry ``name`` and ``weight`` (0 to 1: how much of the polygon is cropland).

    Raises
    ------
    ZonesRefused
        ``not_geojson``, ``too_many``, ``document`` without a name of the data set, ``kind``.
    """
    features = document.get("features") if isinstance(document, Mapping) else None
    if not isinstance(features, list) or not features:
        raise ZonesRefused("not_geojson")
    if len(features) > MOST_FEATURES:
        raise ZonesRefused("too_many")
    if not dataset.strip():
        raise ZonesRefused("document")
    if kind not in LandArea.Kind.values:
        raise ZonesRefused("kind")
    drafts, errors = [], []
    for number, feature in enumerate(features, start=1):
        try:
            drafts.append(_area(feature, kind, dataset.strip()[:80], valid_from))
        except (ValidationError, ValueError, TypeError, AttributeError):
            errors.append((number, "geometry"))
    if errors:
        return LandReport(0, 0, tuple(errors))
    with transaction.atomic():
        ended = LandArea.objects.filter(kind=kind, valid_to_date=None).update(valid_to_date=valid_from)
        LandArea.objects.bulk_create(drafts, batch_size=500)
        access.record(
            actor=actor, action="straw.land", object_type="straw.land", object_id=kind,
            after={"added": len(drafts), "dataset": dataset.strip()[:80]}, at=now,
        )  # fmt: skip
    return LandReport(len(drafts), ended)


def import_land_raster(
    *,
    file: str | IO[bytes],
    weights: Mapping[int, float],
    dataset: str,
    source: str,
    valid_from: dt.date,
    actor: User | None,
    now: dt.datetime,
) -> LandGrid:
    """Import a raster of land cover in degrees and keep the share of cropland of its cells.

    Cells are 0.005° wide, or as wide as the pixels where those are wider.

    Parameters
    ----------
    weights
        How much a pixel of each class counts as cropland, e.g. ``{40: 1.0}`` for ESA WorldCover, ``{1: 1.0}``
        for CLCD.

    Raises
    ------
    store.NotRaster
        If the file cannot be read.
    """
    raster = store.read(file)
    if raster.grid.epsg not in rasters.GEOGRAPHIC:
        raise store.NotRaster("projection")
    found = rasters.shares_of(
        raster.values,
        raster.grid,
        dict(weights),
        nodata=raster.nodata,
        step=max(STEP, raster.grid.dx, raster.grid.dy),
    )
    with transaction.atomic():
        row = LandGrid.objects.create(
            dataset=dataset[:80], west=found.west, north=found.north, step=found.step,
            rows=found.values.shape[0], columns=found.values.shape[1], values=found.values.tobytes(),
            source=source[:200], valid_from_date=valid_from,
        )  # fmt: skip
        access.record(
            actor=actor, action="straw.land", object_type="straw.land", object_id="grid",
            after={"cells": found.values.size, "dataset": dataset[:80]}, reason=source[:200], at=now,
        )  # fmt: skip
    return row


class Cropland:
    """The cropland within some bounds on a day, read once for all fires in them.

    Polygons are preferred to the raster, for they are surveyed.
    """

    def __init__(self, bounds: tuple[float, float, float, float], *, on: dt.date) -> None:
        fields = queries.land_within(bounds, kind=LandArea.Kind.CROPLAND, on=on)
        self._fields = (
            None
            if fields is None
            else [(field.weight, shapely.geometry.shape(field.boundary)) for field in fields]
        )
        self._tree = shapely.STRtree([area for _weight, area in self._fields or ()])
        grid = queries.land_grid(on=on) if self._fields is None else None
        self._grid = None if grid is None else _shares(grid.pk)

    def share(self, prints: Sequence[shapely.Geometry]) -> float | None:
        """Return the share of cropland of the footprints of an incident, the mean of its pixels; None: unknown."""
        if self._fields is not None:
            return float(np.mean([_surveyed(print_, self._near(print_)) for print_ in prints]))
        if self._grid is None:
            return None
        told = [share for share in (self._grid.within(print_) for print_ in prints) if share is not None]
        return float(np.mean(told)) if told else None

    def _near(self, area: shapely.Geometry) -> list[tuple[float, shapely.Geometry]]:
        fields = self._fields or []
        return [fields[place] for place in self._tree.query(area, predicate="intersects")]


def learn_heat(*, month: dt.date, now: dt.datetime) -> HeatMask:
    """Learn the mask of a month from the 24 before it and keep it; learning again replaces it."""
    first = month.replace(day=1)
    history = queries.heat_history(on=first)
    cells = fires.learn_heat(
        history,
        first,
        industrial=queries.industrial(on=first),
        plants=queries.plants(),
        verified=queries.verified_heat(on=first),
    )
    rows = [dataclasses.astuple(cell) for cell in cells]
    mask, _new = HeatMask.objects.update_or_create(
        month=first, defaults={"computed_at": now, "signals": len(history), "cells": rows}
    )
    return mask


def heat_of(*, month: dt.date, now: dt.datetime) -> set[tuple[int, int]]:
    """Return the cells of standing heat of a month, learnt when first asked for.

    What people find on the spot counts from that moment on, also within a month that was learnt before.
    """
    first = month.replace(day=1)
    mask = HeatMask.objects.filter(month=first).first() or learn_heat(month=first, now=now)
    found = {(int(cell[0]), int(cell[1])) for cell in mask.cells}
    return found | {fires.cell(*place, first) for place in queries.verified_heat(on=now.date())}


def _area(feature: Mapping[str, Any], kind: str, dataset: str, valid_from: dt.date) -> LandArea:
    check_outline(feature.get("geometry"))
    told = feature.get("properties") or {}
    weight = float(told.get("weight", 1.0))
    if not 0 <= weight <= 1:
        raise ValueError(weight)
    west, south, east, north = shapely.geometry.shape(feature["geometry"]).bounds
    return LandArea(
        kind=kind, dataset=dataset, name=str(told.get("name") or "")[:120], weight=weight,
        boundary=feature["geometry"], west=west, south=south, east=east, north=north, valid_from_date=valid_from,
    )  # fmt: skip


def _surveyed(area: shapely.Geometry, fields: Sequence[tuple[float, shapely.Geometry]]) -> float:
    """Return the share of an area that is cropland by surveyed polygons, each with its weight."""
    total = sum(weight * field.intersection(area).area for weight, field in fields if field.intersects(area))
    return float(min(1.0, total / area.area))


@functools.lru_cache(maxsize=2)
def _shares(number: int) -> rasters.Shares:
    row = LandGrid.objects.get(pk=number)
    values = np.frombuffer(bytes(row.values), np.uint8).reshape(row.rows, row.columns)
    return rasters.Shares(row.west, row.north, row.step, values)


def learn_month(*, now: dt.datetime) -> HeatMask:
    """Learn the mask of the current month where it has not been learnt yet."""
    first = now.astimezone(periods.BEIJING).date().replace(day=1)
    return HeatMask.objects.filter(month=first).first() or learn_heat(month=first, now=now)
