"""The read-only JSON door to stations, observations and evaluations; and how every list is paged.

A list is read by following ``next``: the cursor names the last row that was handed out, so rows that arrive
meanwhile neither repeat nor displace others.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import json
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router, Schema
from ninja.errors import HttpError

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import ninja_auth, received_date
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station

LONGEST_DAYS = {
    store.Granularity.INSTANT: 31,
    store.Granularity.MINUTE: 31,
    store.Granularity.HOUR: 400,
    store.Granularity.DAY: 400,
}
"""Longest period of a query; every page of it reads the whole period."""
PERMISSION = "api.read"

router = Router(tags=["observations"], auth=ninja_auth(PERMISSION))

Limit = Annotated[int, Query(ge=1, le=1000, description="Rows of a page")]
Cursor = Annotated[str, Query(max_length=200, description="`next` of the page before")]


class PropertyOut(Schema):
    code: str
    statistic: str
    name_zh: str
    name_en: str
    unit: str
    medium: str


class StationOut(Schema):
    code: str
    name_zh: str
    name_en: str
    kind: str
    region: str
    facility: str | None
    longitude: float
    latitude: float
    attributes: dict[str, Any]
    expected_interval: int
    synthetic: bool

    @staticmethod
    def resolve_region(station: Station) -> str:
        return station.region.code

    @staticmethod
    def resolve_facility(station: Station) -> str | None:
        return station.outlet.facility.code if hasattr(station, "outlet") else None


class StationPage(Schema):
    items: list[StationOut]
    next: str | None


class ObservationOut(Schema):
    station: str
    property: str
    granularity: str
    start: datetime.datetime
    value: float | None
    unit: str
    flag: str
    revision: int


class ObservationPage(Schema):
    items: list[ObservationOut]
    next: str | None


class Selection(Schema):
    """Which rows: one station, some or all of its properties, a period ``[start, end)``."""

    station: str
    property: str = ""
    granularity: str = "hour"
    start: datetime.datetime
    end: datetime.datetime


def encode_cursor(position: list[Any]) -> str:
    """Return the text that names a position in a list."""
    return base64.urlsafe_b64encode(json.dumps(position, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, *, length: int) -> list[Any] | None:
    """Return the position a cursor names, None for the beginning.

    Raises
    ------
    ninja.errors.HttpError
        400 if the text is not a cursor of this kind of list.
    """
    if not cursor:
        return None
    try:
        position = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        position = None
    if (
        not isinstance(position, list)
        or len(position) != length
        or not all(isinstance(part, int) for part in position)
    ):
        raise HttpError(400, "cursor: take it unchanged from `next` of the page before")
    return position


def page(rows: QuerySet[Any], *, cursor: str, limit: int) -> dict[str, Any]:
    """Return one page of a query in the order of its keys, and the cursor of the next."""
    position = decode_cursor(cursor, length=1)
    if position:
        rows = rows.filter(pk__gt=position[0])
    found = list(rows.order_by("pk")[: limit + 1])
    items = found[:limit]
    return {"items": items, "next": encode_cursor([items[-1].pk]) if len(found) > limit else None}


def visible_stations(request: HttpRequest) -> QuerySet[Station]:
    """Return the stations the caller may read."""
    scope = access.scope(request.user, PERMISSION, received_date(request))
    return Station.objects.filter(
        scope.as_filter(region="region__code", facility="outlet__facility__code")
    ).select_related("region", "outlet__facility")


@router.get("/stations", response=StationPage, summary="Stations")
def stations(
    request: HttpRequest, kind: str = "", region: str = "", cursor: Cursor = "", limit: Limit = 100
) -> dict[str, Any]:
    rows = visible_stations(request)
    if kind:
        rows = rows.filter(kind=kind)
    if region:
        rows = rows.filter(region__code__startswith=region)
    return page(rows, cursor=cursor, limit=limit)


@router.get("/stations/{code}", response=StationOut, summary="One station")
def station(request: HttpRequest, code: str) -> Station:
    return get_object_or_404(visible_stations(request), code=code)


@router.get("/properties", response=list[PropertyOut], summary="Observed properties")
def properties(request: HttpRequest) -> QuerySet[ObservedProperty]:
    return ObservedProperty.objects.order_by("code", "statistic")


@router.get("/observations", response=ObservationPage, summary="Observations as they were measured")
def observations(
    request: HttpRequest, selection: Query[Selection], cursor: Cursor = "", limit: Limit = 500
) -> dict[str, Any]:
    return _read(request, selection, derived=False, cursor=cursor, limit=limit)


@router.get("/evaluations", response=ObservationPage, summary="What the rules derived: AQI, water class …")
def evaluations(
    request: HttpRequest, selection: Query[Selection], cursor: Cursor = "", limit: Limit = 500
) -> dict[str, Any]:
    return _read(request, selection, derived=True, cursor=cursor, limit=limit)


def _read(
    request: HttpRequest, selection: Selection, *, derived: bool, cursor: str, limit: int
) -> dict[str, Any]:
    granularity = _granularity(selection.granularity)
    _check_period(selection, LONGEST_DAYS[granularity])
    at = get_object_or_404(visible_stations(request), code=selection.station)
    wanted = _properties(selection.property, derived=derived)
    position = decode_cursor(cursor, length=2)
    table = store.read(
        stations=[at.pk],
        properties=[pk for pk in sorted(wanted) if position is None or pk >= position[0]],
        granularity=granularity,
        start=selection.start,
        end=selection.end,
    )
    table, following = _cut(table, position, limit)
    columns = table.to_pydict()
    items = [
        {
            "station": at.code,
            "property": str(wanted[observed]),
            "granularity": selection.granularity,
            "start": datetime.datetime.fromtimestamp(start, datetime.UTC),
            "value": None if value is None or value != value else value,
            "unit": wanted[observed].unit,
            "flag": chr(flag),
            "revision": revision,
        }
        for start, observed, value, flag, revision in zip(
            *(columns[name] for name in ("start", "property", "value", "flag", "revision")), strict=True
        )
    ]
    return {"items": items, "next": following}


def _cut(table: pa.Table, position: list[int] | None, limit: int) -> tuple[pa.Table, str | None]:
    """Return the rows after a position, at most ``limit``, and the cursor of what is left."""
    begin = 0
    if position is not None:
        observed, start = (table[name].to_numpy() for name in ("property", "start"))
        passed = (observed < position[0]) | ((observed == position[0]) & (start <= position[1]))
        begin = int(np.count_nonzero(passed))
    cut = table.slice(begin, limit)
    if begin + limit >= table.num_rows:
        return cut, None
    return cut, encode_cursor([cut["property"][-1].as_py(), cut["start"][-1].as_py()])


def _properties(text: str, *, derived: bool) -> dict[int, ObservedProperty]:
    """Return the properties by key. ``a34004`` names every statistic of a code, ``a34004-avg`` one series."""
    rows = ObservedProperty.objects.all()
    rows = rows.filter(medium="derived") if derived else rows.exclude(medium="derived")
    if text:
        code, _, statistic = text.partition("-")
        rows = rows.filter(code=code, **({"statistic": statistic} if statistic else {}))
    return {row.pk: row for row in rows}


def _granularity(text: str) -> store.Granularity:
    try:
        return store.Granularity[text.upper()]
    except KeyError:
        names = ", ".join(item.name.lower() for item in store.Granularity)
        raise HttpError(400, f"granularity: one of {names}") from None


def _check_period(selection: Selection, days: int) -> None:
    if selection.start.tzinfo is None or selection.end.tzinfo is None:
        raise HttpError(400, "start, end: give the zone, e.g. 2026-03-01T00:00:00+08:00")
    if not datetime.timedelta() < selection.end - selection.start <= datetime.timedelta(days=days):
        raise HttpError(
            400, f"start, end: a period of more than 0 and at most {days} days at this granularity"
        )
