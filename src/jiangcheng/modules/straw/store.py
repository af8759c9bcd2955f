"""Reads single-band GeoTIFF rasters: the matrix, where it lies and what means "nothing"."""

from __future__ import annotations

import dataclasses
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from jiangcheng.modules.straw.rules import rasters
from jiangcheng.modules.straw.rules.rasters import Grid

SCALE, TIE, TRANSFORM, KEYS, NODATA = 33550, 33922, 34264, 34735, 42113
GEOGRAPHIC_TYPE, PROJECTED_TYPE, PIXEL_IS_POINT = 2048, 3072, 2
RASTER_TYPE = 1025
MOST_PIXELS = 150_000_000


class NotRaster(ValueError):  # noqa: N818
    """The file cannot be read. ``reason`` is ``file``, ``bands``, ``place``, ``projection`` or ``size``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclasses.dataclass(frozen=True, slots=True)
class Raster:
    """One band."""

    values: NDArray[Any]
    grid: Grid
    nodata: float | None


def read(file: str | IO[bytes]) -> Raster:
    """Read a single-band GeoTIFF with the north at its top.

    Raises
    ------
    NotRaster
        If it is no such file, or its projection is neither degrees, UTM north nor a belt of CGCS2000.
    """
    try:
        with Image.open(file) as image:
            if image.format != "TIFF":
                raise NotRaster("file")
            if image.width * image.height > MOST_PIXELS:
                raise NotRaster("size")
            if len(image.getbands()) != 1:
                raise NotRaster("bands")
            tags: dict[int, Any] = dict(image.tag_v2)  # type: ignore[attr-defined]
            values = np.asarray(image)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        if isinstance(error, NotRaster):
            raise
        raise NotRaster("file") from error
    if values.ndim != 2:
        raise NotRaster("bands")
    return Raster(values, _grid(tags, *values.shape), _nodata(tags))


def onto(raster: Raster, grid: Grid) -> NDArray[Any]:
    """Return the values of a raster at the pixel centres of another grid of the same projection, by the nearest.

    Raises
    ------
    NotRaster
        ``place`` if it does not cover the grid, ``projection`` if it is in another one.
    """
    own = raster.grid
    if own == grid:
        return raster.values
    if own.epsg != grid.epsg:
        raise NotRaster("projection")
    x = grid.west + (np.arange(grid.columns) + 0.5) * grid.dx
    y = grid.north - (np.arange(grid.rows) + 0.5) * grid.dy
    column = np.floor((x - own.west) / own.dx).astype(np.int64)
    row = np.floor((own.north - y) / own.dy).astype(np.int64)
    if column.min() < 0 or row.min() < 0 or column.max() >= own.columns or row.max() >= own.rows:
        raise NotRaster("place")
    found: NDArray[Any] = raster.values[np.ix_(row, column)]
    return found


def _grid(tags: dict[int, Any], rows: int, columns: int) -> Grid:
    keys = _keys(tags)
    epsg = int(keys.get(PROJECTED_TYPE) or keys.get(GEOGRAPHIC_TYPE) or 0)
    if not _known(epsg):
        raise NotRaster("projection")
    if SCALE in tags and TIE in tags:
        dx, dy = float(tags[SCALE][0]), float(tags[SCALE][1])
        column, row, _z, x, y = (float(part) for part in tags[TIE][:5])
        west, north = x - column * dx, y + row * dy
    elif TRANSFORM in tags:
        matrix = [float(part) for part in tags[TRANSFORM]]
        if matrix[1] or matrix[4]:
            raise NotRaster("place")
        dx, west, dy, north = matrix[0], matrix[3], -matrix[5], matrix[7]
    else:
        raise NotRaster("place")
    if not (dx > 0 and dy > 0):
        raise NotRaster("place")
    if keys.get(RASTER_TYPE) == PIXEL_IS_POINT:
        west, north = west - dx / 2, north + dy / 2
    return Grid(west, north, dx, dy, rows, columns, epsg)


def _keys(tags: dict[int, Any]) -> dict[int, int]:
    told = tags.get(KEYS, ())
    return {told[i]: told[i + 3] for i in range(4, len(told) - 3, 4) if told[i + 1] == 0}


def _known(epsg: int) -> bool:
    if epsg in rasters.GEOGRAPHIC:
        return True
    try:
        rasters.belt(epsg)
    except ValueError:
        return False
    return True


def _nodata(tags: dict[int, Any]) -> float | None:
    try:
        return float(str(tags[NODATA]).strip("\0 "))
    except (KeyError, ValueError):
        return None
