"""Files of areas: GeoJSON, GeoPackage and zipped Shapefiles, read into WGS 84 and written in the system asked for.

Everything happens in memory or in a directory of its own; a file from outside is known by its first bytes, never
by its name, and only the parts that a Shapefile consists of are taken from a ZIP.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import math
import pathlib
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw
import pyproj
import shapely
from django.utils.translation import gettext as _
from pyogrio.errors import DataSourceError
from pyproj.exceptions import CRSError

from jiangcheng.methods import outlines

MOST_UNPACKED = 200_000_000
MOST_FEATURES = 5000
MOST_VERTICES = 200_000
"""Of one feature."""
PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
DATUMS = (
    "China 2000",
    "China_2000",
    "CGCS2000",
    "CGCS 2000",
    "World Geodetic System 1984",
    "WGS_1984",
    "WGS 84",
)
"""Datums that agree with WGS 84 to less than a metre; others need parameters that a file does not carry."""
SYSTEMS = (
    ("EPSG:4326", "WGS 84 · 4326"),
    ("EPSG:4490", "CGCS2000 · 4490"),
    ("EPSG:4529", "3° GK 41 (123°E) · 4529"),
    ("EPSG:4530", "3° GK 42 (126°E) · 4530"),
    ("EPSG:4531", "3° GK 43 (129°E) · 4531"),
    ("EPSG:4550", "3° GK 123°E · 4550"),
    ("EPSG:4551", "3° GK 126°E · 4551"),
    ("EPSG:4552", "3° GK 129°E · 4552"),
)
"""Systems that are offered, by EPSG code; GK is Gauss-Krueger of CGCS2000.

Any other of the same datums is read where the file names it.
"""
ENCODINGS = {"utf-8": "UTF-8", "gb18030": "GBK / GB 18030"}
CODE_PAGES = {"936": "gb18030", "65001": "utf-8", "54936": "gb18030"}
GBK_MARK = 0x4D
"""Language driver of a dBASE file that means code page 936."""
TEXT_BYTES = 254
"""Longest text of a dBASE field; what is longer is written in numbered fields and joined when read."""


class FileRefused(ValueError):  # noqa: N818
    """A file cannot be taken; the message says which feature and which rule."""


@dataclasses.dataclass(frozen=True, slots=True)
class Feature:
    """An area with its properties; the outline is GeoJSON in WGS 84."""

    outline: dict[str, Any]
    properties: dict[str, Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Layer:
    """The features of a file, and how the file was understood."""

    features: tuple[Feature, ...]
    system: str
    encoding: str


def read(content: bytes, *, system: str = "", encoding: str = "") -> Layer:
    """Return the areas of a GeoJSON, GeoPackage or zipped Shapefile.

    Parameters
    ----------
    system
        EPSG code of a file that does not name its system; what the file names counts.
    encoding
        ``utf-8`` or ``gb18030``, for a Shapefile whose parts do not tell.

    Raises
    ------
    FileRefused
        If the file is of another kind, or a feature breaks a rule: no area, a ring that crosses itself, too many
        vertices, outside of the earth, an unknown system or text in another encoding.
    """
    if content.startswith(b"SQLite format 3\x00"):
        told, (meta, _fids, shapes, columns) = "UTF-8", _table(content, "utf-8", "GPKG")
    elif content.startswith(b"PK\x03\x04"):
        parts = _parts(content)
        told, (meta, _fids, shapes, columns) = _decoded(parts, encoding)
    else:
        return _geojson(content)
    found = _system(meta["crs"] or system)
    if shapes is None:
        raise FileRefused(_("文件里没有图形。"))
    _count(len(shapes))
    names = [str(name).lower() for name in meta["fields"]]
    features = tuple(
        Feature(_outline(place, _shape(place, wkb), found), _joined(names, columns, place - 1))
        for place, wkb in enumerate(shapes, 1)
    )
    return Layer(features, _named(found), told)


def write(
    features: Sequence[Feature], *, kind: str, system: str, encoding: str, short: Mapping[str, str], name: str
) -> bytes:
    """Return areas as a file.

    Parameters
    ----------
    kind
        ``geojson`` (always WGS 84, RFC 7946), ``gpkg`` or ``shp`` (a ZIP).
    system
        One of `SYSTEMS`.
    encoding
        One of `ENCODINGS`, of the Shapefile's texts.
    short
        Name of every property in a Shapefile, at most ten letters, eight where the text may be long.
    """
    if kind == "geojson":
        return _as_geojson(features, name)
    target = pyproj.CRS.from_user_input(system)
    change = pyproj.Transformer.from_crs(target.geodetic_crs, target, always_xy=True)
    shapes = [
        shapely.transform(shapely.geometry.shape(one.outline), change.transform, interleaved=False)
        for one in features
    ]
    columns = {key: [one.properties.get(key) for one in features] for key in short}
    if kind == "gpkg":
        target_file = io.BytesIO()
        _write(target_file, shapes, columns, system, driver="GPKG", layer=name)
        return target_file.getvalue()
    split = {short[key]: values for key, values in columns.items()}
    return _zipped(shapes, _split(split, encoding), system, encoding, name)


def _table(content: bytes, encoding: str, driver: str) -> Any:
    with warnings.catch_warnings():
        # In memory a file has no extension, of which the reader would warn every time.
        warnings.simplefilter("ignore", RuntimeWarning)
        try:
            told = pyogrio.read_info(content)
            if told["driver"] != driver:
                raise FileRefused(_("文件的内容与格式不符。"))
            _count(told["features"])
            return pyogrio.raw.read(content, encoding=None if driver == "GPKG" else encoding, force_2d=True)
        except (DataSourceError, KeyError, ValueError) as error:
            if isinstance(error, FileRefused | UnicodeDecodeError):
                raise
            raise FileRefused(_("文件损坏，或其中没有一个面图层。")) from error


def _parts(content: bytes) -> dict[str, bytes]:
    """Return the parts of the one Shapefile in a ZIP by their extension."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            known = [
                one
                for one in packed.infolist()
                if pathlib.PurePosixPath(one.filename).suffix.lower() in PARTS
            ]
            shapes = [one for one in known if one.filename.lower().endswith(".shp")]
            if len(shapes) != 1:
                raise FileRefused(_("ZIP 里须有且只有一个 .shp。"))
            stem = shapes[0].filename[:-4]
            mine = [one for one in known if one.filename[:-4] == stem]
            if sum(one.file_size for one in mine) > MOST_UNPACKED:
                raise FileRefused(_("解压后超过 200 MB。"))
            parts = {one.filename[-4:].lower(): packed.read(one) for one in mine}
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise FileRefused(_("ZIP 文件损坏或加密。")) from error
    missing = [part for part in (".shx", ".dbf") if part not in parts]
    if missing:
        raise FileRefused(_("Shapefile 不完整，缺少 %s") % "、".join(missing))
    return parts


def _decoded(parts: Mapping[str, bytes], encoding: str) -> tuple[str, Any]:
    """Return the table of a Shapefile and the encoding that its texts turned out to have."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        for part, content in parts.items():
            # The reader would convert by the code page itself and leave out what does not fit.
            if part != ".cpg":
                target.writestr(f"layer{part}", content)
    tried = [told] if (told := _encoding(parts, encoding)) else ["utf-8", "gb18030"]
    for one in tried:
        try:
            return ENCODINGS[one], _table(packed.getvalue(), one, "ESRI Shapefile")
        except UnicodeDecodeError:
            continue
    raise FileRefused(_("属性表的文字不是 %s 编码。") % " / ".join(ENCODINGS[one] for one in tried))


def _encoding(parts: Mapping[str, bytes], asked: str) -> str:
    told = parts.get(".cpg", b"").decode("ascii", "ignore").strip().lower()
    told = (
        "".join(sign for sign in told if sign.isdigit()) if told.startswith(("ansi", "oem", "cp")) else told
    )
    if told.startswith("gb"):
        return "gb18030"
    if told in ("utf-8", "utf8"):
        return "utf-8"
    if told in CODE_PAGES:
        return CODE_PAGES[told]
    if asked in ENCODINGS:
        return asked
    return "gb18030" if parts[".dbf"][29:30] == bytes([GBK_MARK]) else ""


def _system(told: object) -> pyproj.CRS:
    if not told:
        raise FileRefused(_("文件没有写明坐标系（缺少 .prj），请在页面上选择。"))
    try:
        found = pyproj.CRS.from_user_input(told)
    except CRSError as error:
        raise FileRefused(_("坐标系无法识别：%s") % str(told)[:80]) from error
    base = found.geodetic_crs
    datum = base.datum.name if base is not None and base.datum is not None else ""
    ensemble = base.name if base is not None else ""
    if base is None or not any(one in f"{datum} {ensemble}" for one in DATUMS):
        raise FileRefused(
            _("坐标基准 %s 与 CGCS2000 相差可达百米，换算参数不公开，请先转换为 CGCS2000。")
            % (datum or found.name)
        )
    return found


def _named(system: pyproj.CRS) -> str:
    code = system.to_epsg()
    return f"{system.name} (EPSG:{code})" if code else str(system.name)


def _geojson(content: bytes) -> Layer:
    try:
        told = json.loads(content)
        items = told["features"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileRefused(_("文件不是 GeoJSON 要素集合、GeoPackage 或 Shapefile（ZIP）。")) from error
    if not isinstance(items, list):
        raise FileRefused(_("文件不是 GeoJSON 要素集合、GeoPackage 或 Shapefile（ZIP）。"))
    _count(len(items))
    named = told.get("crs")
    named = named.get("properties", {}).get("name") if isinstance(named, dict) else None
    system = _system(named or "EPSG:4326")
    features = []
    for place, item in enumerate(items, 1):
        if not isinstance(item, dict) or not isinstance(item.get("properties") or {}, dict):
            raise _refused(place, _("不是要素（Feature）。"))
        try:
            area = shapely.geometry.shape(item.get("geometry"))
        except Exception as error:  # shapely lets whatever the nested lists raise come through
            raise _refused(place, _("图形缺失或无法读取。")) from error
        features.append(
            Feature(_outline(place, shapely.force_2d(area), system), dict(item.get("properties") or {}))
        )
    return Layer(tuple(features), _named(system), "UTF-8")


def _shape(place: int, wkb: bytes | None) -> Any:
    if wkb is None:
        raise _refused(place, _("图形缺失或无法读取。"))
    try:
        return shapely.from_wkb(wkb)
    except shapely.errors.ShapelyError as error:
        raise _refused(place, _("图形缺失或无法读取。")) from error


def _outline(place: int, area: Any, system: pyproj.CRS) -> dict[str, Any]:
    """Return an area as GeoJSON in WGS 84 with seven decimals (a centimetre), or refuse it with the rule."""
    if area.geom_type not in outlines.AREAS or area.is_empty:
        raise _refused(place, _("须为面（Polygon 或 MultiPolygon），且不能为空。"))
    if shapely.get_num_coordinates(area) > MOST_VERTICES:
        raise _refused(place, _("顶点超过 %d 个。") % MOST_VERTICES)
    if system.is_projected:
        change = pyproj.Transformer.from_crs(system, system.geodetic_crs, always_xy=True)
        area = shapely.transform(area, change.transform, interleaved=False)
    west, south, east, north = area.bounds
    if not all(map(math.isfinite, area.bounds)) or west < -180 or south < -90 or east > 180 or north > 90:
        raise _refused(place, _("坐标超出经纬度范围：坐标系与数据不符，或经纬度颠倒。"))
    if not area.is_valid:
        raise _refused(place, _("环自相交或重叠：%s") % shapely.is_valid_reason(area))
    rounded = shapely.transform(area, lambda points: np.round(points, 7))
    # Rounding may let two vertices of a sliver meet; then the sound area is kept as it came.
    sound = rounded if rounded.is_valid else area
    if sound.geom_type == "MultiPolygon" and len(sound.geoms) == 1:
        sound = sound.geoms[0]
    told: dict[str, Any] = shapely.geometry.mapping(sound)
    return dict(json.loads(json.dumps(told)))


def _refused(place: int, rule: str) -> FileRefused:
    return FileRefused(_("第 %(n)d 个要素：%(told)s") % {"n": place, "told": rule})


def _count(found: int) -> None:
    if not 0 < found <= MOST_FEATURES:
        raise FileRefused(_("要素数须为 1 至 %d。") % MOST_FEATURES)


def _joined(names: Sequence[str], columns: Sequence[Any], place: int) -> dict[str, Any]:
    """Return the properties of a feature; texts that were split over numbered fields are one again."""
    found: dict[str, Any] = {}
    for name, values in zip(names, columns, strict=True):
        value = _plain(values[place])
        base, _mark, number = name.rpartition("_")
        if number.isdigit() and base in found and isinstance(value, str):
            found[base] = f"{found[base] or ''}{value}"
        elif not (number.isdigit() and base in found):
            found[name] = value
    return found


def _plain(value: Any) -> Any:
    if value is None or (isinstance(value, float | np.floating) and math.isnan(value)):
        return None
    if isinstance(value, np.datetime64):
        return None if np.isnat(value) else str(value.astype("datetime64[D]"))
    return value.item() if isinstance(value, np.generic) else value


def _as_geojson(features: Sequence[Feature], name: str) -> bytes:
    told = {
        "type": "FeatureCollection",
        "name": name,
        "features": [
            {
                "type": "Feature",
                "geometry": one.outline,
                "properties": {
                    key: value.isoformat() if isinstance(value, dt.date) else value
                    for key, value in one.properties.items()
                    if value is not None
                },
            }
            for one in features
        ],
    }
    return json.dumps(told, ensure_ascii=False).encode()


def _split(columns: Mapping[str, Sequence[Any]], encoding: str) -> dict[str, list[Any]]:
    """Return columns whose texts fit into dBASE fields: ``layout``, ``layout_2``, …, cut between characters."""
    found: dict[str, list[Any]] = {}
    for name, values in columns.items():
        pieces = [list(_pieces(value, encoding)) if isinstance(value, str) else [value] for value in values]
        for number in range(max((len(one) for one in pieces), default=1)):
            key = name if number == 0 else f"{name}_{number + 1}"
            found[key] = [one[number] if number < len(one) else None for one in pieces]
    return found


def _pieces(text: str, encoding: str) -> Iterator[str]:
    held, size = "", 0
    for sign in text:
        length = len(sign.encode(encoding))
        if size + length > TEXT_BYTES:
            yield held
            held, size = "", 0
        held, size = held + sign, size + length
    yield held


def _zipped(
    shapes: Sequence[Any], columns: Mapping[str, Sequence[Any]], system: str, encoding: str, name: str
) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"{name}.shp"
        _write(path, shapes, columns, system, driver="ESRI Shapefile", encoding=encoding)
        path.with_suffix(".cpg").write_text("UTF-8" if encoding == "utf-8" else "GBK", encoding="ascii")
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
            for part in sorted(pathlib.Path(folder).iterdir()):
                target.write(part, part.name)
        return packed.getvalue()


def _write(
    target: Any, shapes: Sequence[Any], columns: Mapping[str, Sequence[Any]], system: str, **more: Any
) -> None:
    areas = [shapely.multipolygons([one]) if one.geom_type == "Polygon" else one for one in shapes]
    pyogrio.raw.write(
        target,
        np.array([shapely.to_wkb(one) for one in areas], dtype=object),
        field_data=[_array(values) for values in columns.values()],
        fields=list(columns),
        geometry_type="MultiPolygon",
        crs=system,
        **more,
    )


def _array(values: Sequence[Any]) -> Any:
    given = [value for value in values if value is not None]
    if given and all(isinstance(value, dt.date) for value in given):
        return np.array(
            [np.datetime64("NaT") if value is None else value for value in values], dtype="datetime64[D]"
        )
    if given and len(given) == len(values) and all(isinstance(value, int) for value in given):
        return np.array(values, dtype=np.int64)
    if given and all(isinstance(value, int | float) for value in given):
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    return np.array(values, dtype=object)
