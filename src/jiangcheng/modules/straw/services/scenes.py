"""Read a satellite image for residue cover: bands or a ready index in, one row per village out."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import IO, Any

import numpy as np
import shapely
import shapely.geometry
from django.db import transaction
from numpy.typing import NDArray

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.straw import queries, store
from jiangcheng.modules.straw.models import LandArea, ResidueCover, ResidueScene
from jiangcheng.modules.straw.rules import cover, rasters, tables

BANDS = ("ndti", "swir1", "swir2", "red", "nir", "green")
"""Files of a scene: a ready index, or the bands B11 and B12, with B04, B08 and B03 for the masks."""
DN = 10_000.0
"""Digital numbers of reflectance 1 in Sentinel-2 products."""

INDICES = frozenset({"ndti", "nbr"})
"""Files that hold a ready index, not digital numbers."""

File = str | IO[bytes]


class SceneRefused(Exception):  # noqa: N818
    """Nothing was read. ``reason`` is ``bands``, ``villages``, ``twice``, or one of `store.NotRaster`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class Village:
    """A village as a scene is read for it."""

    name: str
    region: Region | None
    area: shapely.Geometry


def read_scene(
    *,
    code: str,
    sensed_on: dt.date,
    source: str,
    files: Mapping[str, File],
    villages: Sequence[Village],
    actor: User | None,
    now: dt.datetime,
    calibration: str = "",
    add_offset: float = 0.0,
) -> ResidueScene:
    """Read a scene for every village.

    Parameters
    ----------
    files
        By one of `BANDS`; all in one projection, other pixel sizes are taken by the nearest pixel.
    add_offset
        Added to digital numbers before they are divided: -1000 for Sentinel-2 since baseline 04.00.

    Raises
    ------
    SceneRefused
        If the files do not go together, no village is known, or the scene was read before.
    """
    if ResidueScene.objects.filter(code=code).exists():
        raise SceneRefused("twice")
    if not villages:
        raise SceneRefused("villages")
    rule = tables.in_force("cover", sensed_on)
    try:
        line = cover.calibration(sensed_on, calibration)
        bands, grid = _bands(files, add_offset)
    except store.NotRaster as error:
        raise SceneRefused(error.reason) from error
    except LookupError as error:
        raise SceneRefused("calibration") from error
    index = bands["ndti"] if "ndti" in bands else cover.ndti(bands["swir1"], bands["swir2"])
    valid, masks = _valid(bands, index, rule)
    fields = cropland(grid, sensed_on)
    if fields is not None:
        masks.append("cropland")
    zones = rasters.rasterise([village.area for village in villages], grid)
    if fields is not None:
        zones[~fields] = -1
    dark = _dark(bands, rule["bare"])
    told = cover.zonal(
        zones, cover.percent(index, line), valid, len(villages), cuts=tuple(rule["classes"]), dark=dark
    )
    with transaction.atomic():
        scene = ResidueScene.objects.create(
            code=code, sensed_on=sensed_on, source=source[:200], calibration=line["code"],
            rule_version=rule["version"], pixel_hectares=grid.hectares,
            masks=[*masks, *(["dark"] if dark is not None else [])],
            sha256=hashlib.sha256(np.ascontiguousarray(index).tobytes()).hexdigest(), read_at=now, actor=actor,
        )  # fmt: skip
        ResidueCover.objects.bulk_create(
            _row(scene, village, zone, rule)
            for village, zone in zip(villages, told, strict=True)
            if zone.pixels
        )
        access.record(
            actor=actor, action="straw.scene", object_type="straw.scene", object_id=code[:80],
            after={"villages": len(villages), "sha256": scene.sha256}, reason=source[:200], at=now,
        )  # fmt: skip
    return scene


def villages_of(document: Any) -> list[Village]:
    """Return the villages of a FeatureCollection with ``village`` (or ``name``) and ``region`` (code).

    Raises
    ------
    SceneRefused
        ``villages`` if a feature has no name or no area.
    """
    found = []
    features = document.get("features") if isinstance(document, Mapping) else None
    regions = {region.code: region for region in Region.objects.all()}
    for feature in features or ():
        try:
            told = feature["properties"]
            name = str(told.get("village") or told["name"]).strip()
            area = shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise SceneRefused("villages") from error
        if not name or not area.area:
            raise SceneRefused("villages")
        found.append(Village(name[:80], regions.get(str(told.get("region") or "")), area))
    return found


def _bands(files: Mapping[str, File], add_offset: float) -> tuple[dict[str, cover.Band], rasters.Grid]:
    if set(files) - set(BANDS) or not ("ndti" in files or {"swir1", "swir2"} <= set(files)):
        raise SceneRefused("bands")
    first = "ndti" if "ndti" in files else "swir1"
    base = store.read(files[first])
    found = {first: reflectance(base, base.values, first, add_offset)}
    for name, file in files.items():
        if name != first:
            raster = store.read(file)
            found[name] = reflectance(raster, store.onto(raster, base.grid), name, add_offset)
    return found, base.grid


def reflectance(raster: store.Raster, values: NDArray[Any], name: str, add_offset: float) -> cover.Band:
    """Return a band as reflectance, an index as it is; NaN where there is nothing."""
    band = values.astype(np.float32)
    nothing = ~np.isfinite(band)
    if raster.nodata is not None:
        nothing |= values == raster.nodata
    if name not in INDICES and np.issubdtype(values.dtype, np.integer):
        nothing |= values == 0
        band = (band + np.float32(add_offset)) / np.float32(DN)
    band[nothing] = np.nan
    return band


def _valid(
    bands: Mapping[str, cover.Band], index: cover.Band, rule: Mapping[str, Any]
) -> tuple[NDArray[np.bool_], list[str]]:
    valid = np.isfinite(index) & (np.abs(index) <= 1)
    masks = []
    if "red" in bands and "nir" in bands:
        masks.append("ndvi")
    if "green" in bands and "swir1" in bands:
        masks.append("ndsi")
    told = cover.clear(
        red=bands.get("red"), nir=bands.get("nir"), green=bands.get("green"), swir1=bands.get("swir1"),
        rule=rule["mask"],
    )  # fmt: skip
    return (valid if told is None else valid & told), masks


def _dark(bands: Mapping[str, cover.Band], rule: Mapping[str, Any]) -> NDArray[np.bool_] | None:
    """Return the pixels as dark as after a fire, by the near infrared or by MIRBI; None without such bands."""
    found: NDArray[np.bool_] | None = None
    if "nir" in bands:
        found = bands["nir"] < rule["nir"]
    if "swir1" in bands and "swir2" in bands:
        burnt = cover.mirbi(bands["swir1"], bands["swir2"]) > rule["mirbi"]
        found = burnt if found is None else found & burnt
    return found


def cropland(grid: rasters.Grid, on: dt.date) -> NDArray[np.bool_] | None:
    """Return which pixels are surveyed cropland; None where nobody entered any."""
    rows = queries.land(kind=LandArea.Kind.CROPLAND, on=on)
    areas = [shapely.geometry.shape(boundary) for boundary in rows.values_list("boundary", flat=True)]
    return rasters.rasterise(areas, grid) >= 0 if areas else None


def _row(scene: ResidueScene, village: Village, told: cover.Zonal, rule: Mapping[str, Any]) -> ResidueCover:
    enough = told.valid >= rule["least_valid"] * told.pixels
    kept = cover.kept_share(told, tuple(rule["classes"]), rule["conservation"]) if enough else None
    days = rule["bare"]["fire_days"]
    fires = queries.fires_in(area=village.area, on=scene.sensed_on, days=days)
    ledger = queries.covered_by_ledger(village=village.name, region=village.region, on=scene.sensed_on)
    percent = None if kept is None else 100 * kept
    bare = (
        cover.bare_field(bare_share=told.shares[0], dark_share=told.dark, fires=fires, rule=rule["bare"])
        if enough and told.shares
        else ""
    )
    return ResidueCover(
        scene=scene, village=village.name, region=village.region, pixels=told.pixels, valid=told.valid,
        mean=told.mean if enough else None, shares=list(told.shares) if enough else [], kept=percent, bare=bare,
        fires=fires, ledger=ledger, differs=cover.differs(percent, ledger, rule["ledger_points"]),
    )  # fmt: skip
