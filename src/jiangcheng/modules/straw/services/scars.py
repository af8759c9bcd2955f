"""Compare two images for burnt scars: of villages, plots, executed plans and the fires between them."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import shapely
from django.db import transaction
from numpy.typing import NDArray

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.modules.straw import queries, store
from jiangcheng.modules.straw.models import ScarFinding, ScarScene
from jiangcheng.modules.straw.rules import cover, rasters, scars, tables
from jiangcheng.modules.straw.services.scenes import File, SceneRefused, Village, cropland, reflectance

SCAR_BANDS = ("nbr", "nir", "swir1", "swir2", "scl")
"""Of each image: a ready NBR, or B08 (or B8A) and B12, with B11 for MIRBI; the scene classification masks cloud."""


def read_scar(
    *,
    code: str,
    before_on: dt.date,
    after_on: dt.date,
    source: str,
    before: Mapping[str, File],
    after: Mapping[str, File],
    villages: Sequence[Village],
    actor: User | None,
    now: dt.datetime,
    add_offset: float = 0.0,
) -> ScarScene:
    """Compare two images and keep what they say of every area in them.

    Parameters
    ----------
    before, after
        Files by one of `SCAR_BANDS`, single-band GeoTIFF in one projection.
    villages
        May be none: plots, plans and fires are known to the room.
    add_offset
        Added to digital numbers before they are divided: -1000 for Sentinel-2 since baseline 04.00.

    Raises
    ------
    SceneRefused
        ``twice``, ``order`` of the days, ``bands``, or one of `store.NotRaster`.
    """
    if ScarScene.objects.filter(code=code).exists():
        raise SceneRefused("twice")
    if before_on >= after_on:
        raise SceneRefused("order")
    rule = tables.in_force("scar", after_on)
    try:
        grid, old, new = _images(before, after, add_offset, rule["bad_scl"])
    except store.NotRaster as error:
        raise SceneRefused(error.reason) from error
    states = scars.states(old, new, rule)
    fields = cropland(grid, after_on)
    box = _outline(grid)
    areas = queries.burnt_between(first=before_on, last=after_on, box=box)
    areas += [("village", v.name, "", v.region, v.area, None, "") for v in villages]
    with transaction.atomic():
        scene = ScarScene.objects.create(
            code=code, before_on=before_on, after_on=after_on, source=source[:200], rule_version=rule["version"],
            pixel_hectares=grid.hectares, bands=sorted(set(old) & set(new)) + (["mirbi"] if "swir1" in new else []),
            sha256=hashlib.sha256(states.tobytes()).hexdigest(), read_at=now, actor=actor,
        )  # fmt: skip
        rows = [_row(scene, asked, states, grid, fields) for asked in areas]
        ScarFinding.objects.bulk_create([row for row in rows if row.pixels], batch_size=500)
        access.record(
            actor=actor, action="straw.scar", object_type="straw.scar", object_id=code[:80],
            after={"areas": len(areas), "sha256": scene.sha256}, reason=source[:200], at=now,
        )  # fmt: skip
    return scene


def _images(
    before: Mapping[str, File], after: Mapping[str, File], add_offset: float, bad: Sequence[int]
) -> tuple[rasters.Grid, dict[str, cover.Band], dict[str, cover.Band]]:
    for files in (before, after):
        if set(files) - set(SCAR_BANDS) or not ("nbr" in files or {"nir", "swir2"} <= set(files)):
            raise SceneRefused("bands")
    base = store.read(before["nbr" if "nbr" in before else "nir"])
    old = _bands(before, base, "nbr" if "nbr" in before else "nir", add_offset, bad)
    return base.grid, old, _bands(after, base, "", add_offset, bad)


def _bands(
    files: Mapping[str, File], base: store.Raster, read: str, add_offset: float, bad: Sequence[int]
) -> dict[str, cover.Band]:
    """Return the bands of an image on the grid of the first file, blank where its classification says cloud."""
    found: dict[str, cover.Band] = {}
    hidden: NDArray[np.bool_] | None = None
    for name, file in files.items():
        raster = base if name == read else store.read(file)
        values = store.onto(raster, base.grid)
        if name == "scl":
            hidden = np.isin(values, bad)
        else:
            found[name] = reflectance(raster, values, name, add_offset)
    if hidden is not None:
        for band in found.values():
            band[hidden] = np.nan
    return found


def _outline(grid: rasters.Grid) -> shapely.Geometry:
    """Return the rectangle of a grid in degrees; of a projected one the whole world, for it is cut by pixels."""
    if grid.epsg in rasters.GEOGRAPHIC:
        return shapely.box(
            grid.west, grid.north - grid.rows * grid.dy, grid.west + grid.columns * grid.dx, grid.north
        )
    return shapely.box(-180, -90, 180, 90)


def _row(
    scene: ScarScene, asked: queries.Asked, states: NDArray[np.uint8], grid: rasters.Grid,
    fields: NDArray[np.bool_] | None,
) -> ScarFinding:  # fmt: skip
    kind, code, name, region, area, day, told = asked
    rows, columns, inside = rasters.cropped(area, grid)
    if fields is not None and kind in ("village", "fire"):
        inside = inside & fields[rows, columns]
    found = scars.patch(states[rows, columns][inside])
    days = None if day is None else scars.days_between(day, scene.after_on)
    result = scars.result(found, days, tables.in_force("scar", scene.after_on))
    return ScarFinding(
        scene=scene, kind=kind, code=code[:80], name=name[:80], region=region, pixels=found.pixels,
        valid=found.valid, burnt=found.burnt, changed=found.changed, days=days, result=result, told=told,
        against=scars.finding(told, result),
    )  # fmt: skip
