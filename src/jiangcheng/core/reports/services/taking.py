"""A table of a page, or the values of a chart, as a file; and the note of who took it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Mapping, Sequence

from django.urls import Resolver404, resolve

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.portal.services import tables
from jiangcheng.core.records.rules import safe_cell
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.reports.rules import PageTable, Row

TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": tables.XLSX,
    "parquet": tables.PARQUET,
    "geojson": tables.GEOJSON,
}
PLACES = "registry.view"
"""Permission to see where stations and enterprises are."""


def written(table: PageTable, form: str, places: Sequence[tuple[float, float] | None]) -> bytes:
    """Return a table as a file.

    Parameters
    ----------
    form
        One of `TYPES`.
    places
        Longitude and latitude of each row; GeoJSON alone says them, and null where a row has none.

    Raises
    ------
    KeyError
        If there is no such form.
    """
    head, rows = table.head, [row.cells for row in table.body]
    if form == "parquet":
        return tables.as_parquet(head, rows)
    if form == "geojson":
        return _geojson(head, rows, places)
    if form == "xlsx":
        numbers = [[_number(cell) for cell in row] for row in rows]
        return tables.as_xlsx("1", [[safe_cell(name) for name in head], *numbers])
    if form != "csv":
        raise KeyError(form)
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(
        [safe_cell(cell) for cell in row] for row in [head, *rows]
    )
    return text.getvalue().encode("utf-8-sig")


def places_of(
    rows: Sequence[Row], user: User, on: dt.date, page: Mapping[str, object]
) -> list[tuple[float, float] | None]:
    """Return where the rows are: at the station or enterprise they link to, or that the page is about.

    What lies outside the reader's scope has no place here.
    """
    scope = access_queries.scope(user, PLACES, on)
    codes = [[*_codes(row.links), *_told(page)] for row in rows]
    sought = {code for row in codes for code in row}
    found: dict[str, tuple[float, float]] = {}
    for known in (registry.facilities(scope=scope), registry.stations(scope=scope)):
        rows_found = known.filter(code__in=sought)
        found |= {
            code: (lon, lat) for code, lon, lat in rows_found.values_list("code", "longitude", "latitude")
        }
    return [next((found[code] for code in row if code in found), None) for row in codes]


def note_taken(*, page: str, form: str, rows: int, asked: str, actor: User, at: dt.datetime) -> None:
    """Write on the trail who took how many rows of a page away, narrowed how."""
    access.record(
        actor=actor, action="reports.take", object_type="page", object_id=page[:80],
        after={"form": form, "rows": rows, "asked": asked[:200]}, at=at,
    )  # fmt: skip


def _codes(links: Sequence[str]) -> list[str]:
    found: list[str] = []
    for link in links:
        try:
            found += _told(resolve(link.partition("?")[0]).kwargs) if link.startswith("/") else []
        except Resolver404:
            continue
    return found


def _told(arguments: Mapping[str, object]) -> list[str]:
    return [str(value) for name, value in arguments.items() if name in ("code", "station", "facility")]


def _number(cell: str) -> object:
    """Return a cell that says a number as one; a code with a zero before it stays a text."""
    digits = cell.removeprefix("-")
    plain = digits.replace(".", "", 1).isdecimal() and digits.isascii() and len(digits) < 16
    if not plain or (digits.startswith("0") and not digits.startswith("0.") and digits != "0"):
        return safe_cell(cell)
    return float(cell) if "." in cell else int(cell)


def _geojson(
    head: Sequence[str], rows: Sequence[Sequence[str]], places: Sequence[tuple[float, float] | None]
) -> bytes:
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": list(place)} if place else None,
            "properties": dict(zip(head, row, strict=True)),
        }
        for row, place in zip(rows, places, strict=True)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
