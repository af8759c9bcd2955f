"""Who and where: the grid cell of a point, the people of a cell, stations, limits, the gateway's register."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import shapely
from django.db.models import Count, Max, Min, Model, Q, QuerySet

from jiangcheng.core.access.models import User
from jiangcheng.core.access.queries import Scope
from jiangcheng.core.registry.models import (
    Device,
    Facility,
    FacilityLabel,
    GridCell,
    GridDuty,
    Outlet,
    Permit,
    PermitLimit,
    Region,
    RegisterVersion,
    Station,
)

NEAREST_DEGREES = 1e-6
"""How far a point may lie off every cell and still belong to the nearest [degrees], about a tenth of a metre:
the width of the cracks that rounding leaves between neighbours."""


@dataclasses.dataclass(frozen=True, slots=True)
class Responsible:
    """The people who answer for a grid cell on a day."""

    chief: User | None = None
    inspector: User | None = None
    deputy: User | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class RegisterSnapshot:
    """Which logger belongs to which station, as the register stood at ``version``."""

    version: str
    stations: Mapping[str, int]
    """MN → primary key of the station; switched-off devices are left out."""


def version(kind: str, model: type[Model]) -> str:
    """Return a cheap name of a register's state: it differs whenever rows were imported, added or removed."""
    token = RegisterVersion.objects.filter(kind=kind).values_list("token", flat=True).first() or ""
    key = "mn" if model is Device else "code"
    state = model._default_manager.aggregate(n=Count("pk"), last=Max("pk"), low=Min(key), high=Max(key))
    return f"{token}:{state['n']}:{state['last']}:{state['low']}:{state['high']}"


def digest(state: str) -> str:
    """Return a short name of a state, fit for an entity tag."""
    return hashlib.sha256(state.encode()).hexdigest()[:24]


def leaf_grid(lon: float, lat: float, on: dt.date) -> GridCell | None:
    """Return the grid cell a point lies in on a day, or None outside the city.

    A point on a border belongs to the neighbour with the lowest code.

    Parameters
    ----------
    lon, lat
        Position [degrees], CGCS2000.
    """
    index = _grid_index(version("grid_cells", GridCell))
    found = index.find(lon, lat, on)
    return None if found is None else GridCell.objects.select_related("region").get(pk=found)


def leaf_grids(points: Sequence[tuple[float, float, dt.date]]) -> list[GridCell | None]:
    """Return the grid cell of each of many points on its day, or None outside the city; see `leaf_grid`.

    Parameters
    ----------
    points
        Longitude and latitude [degrees], CGCS2000, and day.
    """
    index = _grid_index(version("grid_cells", GridCell))
    found = [index.find(lon, lat, on) for lon, lat, on in points]
    cells = GridCell.objects.select_related("region").in_bulk({pk for pk in found if pk is not None})
    return [None if pk is None else cells[pk] for pk in found]


def responsible(*, grid_cell: GridCell, on: dt.date) -> Responsible:
    """Return the people who answer for a cell on a day; of two in one duty the earlier one.

    The chiefs of rivers, forests and fields answer for their matter, not for the cell.
    """
    own = [field.name for field in dataclasses.fields(Responsible)]
    duties = (
        GridDuty.objects.filter(
            grid_cell=grid_cell, valid_from_date__lte=on, user__is_active=True, duty__in=own
        )
        .filter(_open(on))
        .select_related("user")
        .order_by("-valid_from_date", "-pk")
    )
    return Responsible(**{str(duty.duty): duty.user for duty in duties})


def regions(*, level: str = "", under: str = "") -> QuerySet[Region]:
    """Return areas by code, of one level and inside one area if asked."""
    found = Region.objects.order_by("code")
    if level:
        found = found.filter(level=level)
    return found.filter(code__startswith=under) if under else found


def stations(
    *, scope: Scope, kinds: Iterable[str] = (), on: dt.date | None = None, region_code: str = ""
) -> QuerySet[Station]:
    """Return the stations a person may see, by code.

    Parameters
    ----------
    scope
        Of the permission that is asked, e.g. ``access.queries.scope(user, "observations.view", on)``.
    kinds
        Kinds of ``Station.Kind``; none: all.
    on
        Only stations that stood on that day.
    """
    found = (
        Station.objects.filter(scope.as_filter(region="region__code", facility="outlet__facility__code"))
        .select_related("region", "grid_cell", "outlet__facility")
        .order_by("code")
    )
    if wanted := list(kinds):
        found = found.filter(kind__in=wanted)
    if region_code:
        found = found.filter(region__code__startswith=region_code)
    if on is not None:
        found = found.filter(valid_from_date__lte=on).filter(_open(on))
    return found


def facilities(*, scope: Scope, sought: str = "") -> QuerySet[Facility]:
    """Return the facilities a person may see, by code; those whose name or code holds ``sought``."""
    found = (
        Facility.objects.filter(scope.as_filter(region="region__code", facility="code"))
        .select_related("region", "grid_cell")
        .order_by("code")
    )
    if sought:
        named = Q(name_zh__icontains=sought) | Q(name_en__icontains=sought)
        found = found.filter(named | Q(code__icontains=sought))
    return found


def grid_cells(*, on: dt.date) -> QuerySet[GridCell]:
    """Return the leaf cells valid on a day, by code."""
    valid = GridCell.objects.filter(valid_from_date__lte=on).filter(_open(on))
    return valid.select_related("region").order_by("code")


def permits(*, facility: Facility, on: dt.date) -> QuerySet[Permit]:
    """Return the permits of a facility in force on a day."""
    return facility.permits.filter(valid_from_date__lte=on).filter(_open(on)).order_by("number", "-version")


def outlets_with_limits(*, facility: Facility, on: dt.date) -> list[tuple[Outlet, list[PermitLimit]]]:
    """Return the outlets of a facility by number, each with its limits in force on a day."""
    in_force: dict[int, list[PermitLimit]] = {}
    for averaging in ("hour", "day"):
        for limit in limits(on=on, averaging=averaging, outlet__facility=facility):
            in_force.setdefault(limit.outlet_id, []).append(limit)
    outlets = facility.outlets.select_related("station").order_by("number")
    return [(outlet, in_force.get(outlet.pk, [])) for outlet in outlets]


def limits(
    *, on: dt.date, outlet: Outlet | None = None, averaging: str = "hour", **wanted: Any
) -> QuerySet[PermitLimit]:
    """Return the permit limits in force on a day, with permit, outlet, station and property loaded.

    Parameters
    ----------
    outlet
        Of one outlet; None: of all.
    averaging
        ``hour`` or ``day``.
    **wanted
        Further conditions, e.g. ``observed_property__code="a21026"``.
    """
    found = (
        PermitLimit.objects.filter(averaging=averaging, permit__valid_from_date__lte=on, **wanted)
        .filter(Q(permit__valid_to_date=None) | Q(permit__valid_to_date__gt=on))
        .select_related("permit", "outlet__station", "outlet__facility", "observed_property")
        .order_by("outlet_id", "observed_property_id", "upper", "pk")
    )
    return found if outlet is None else found.filter(outlet=outlet)


def register_version() -> str:
    """Return the state of the devices' register; compare it before asking for a new snapshot."""
    return version("devices", Device)


def register_snapshot() -> RegisterSnapshot:
    """Return which logger belongs to which station."""
    now = register_version()
    rows = Device.objects.filter(enabled=True).values_list("mn", "station_id")
    return RegisterSnapshot(now, dict(rows))


class _GridIndex:
    """The cells' polygons in a tree, lowest code first."""

    def __init__(self, rows: list[tuple[int, Any, dt.date, dt.date | None]]) -> None:
        self._cells = [(pk, start, end) for pk, _, start, end in rows]
        shapes = [shapely.geometry.shape(boundary) for _, boundary, _, _ in rows]
        shapely.prepare(shapes)
        self._tree = shapely.STRtree(shapes)

    def find(self, lon: float, lat: float, on: dt.date) -> int | None:
        point = shapely.Point(lon, lat)
        hit = self._first(self._tree.query(point, predicate="intersects").tolist(), on)
        if hit is not None:
            return hit
        near = self._tree.query(point, predicate="dwithin", distance=NEAREST_DEGREES)
        return self._first(near.tolist(), on)

    def _first(self, numbers: list[int], on: dt.date) -> int | None:
        for number in sorted(numbers):
            pk, start, end = self._cells[number]
            if start <= on and (end is None or on < end):
                return pk
        return None


@functools.lru_cache(maxsize=2)
def _grid_index(state: str) -> _GridIndex:
    rows = GridCell.objects.order_by("code").values_list("pk", "boundary", "valid_from_date", "valid_to_date")
    return _GridIndex(list(rows))


def _open(on: dt.date) -> Q:
    return Q(valid_to_date=None) | Q(valid_to_date__gt=on)


def labels(*, facility: Facility, on: dt.date) -> dict[str, FacilityLabel]:
    """Return what a facility counts as on a day, by scheme."""
    held = valid_labels(on=on).filter(facility=facility).order_by("valid_from_date", "pk")
    return {label.scheme: label for label in held}


def valid_labels(*, on: dt.date) -> QuerySet[FacilityLabel]:
    """Return the labels of all facilities that hold on a day."""
    return FacilityLabel.objects.filter(valid_from_date__lte=on).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    )


def labelled(*, scheme: str, codes: Iterable[str], on: dt.date) -> QuerySet[Facility]:
    """Return the facilities that carry one of the values of a scheme on a day."""
    held = valid_labels(on=on).filter(scheme=scheme, code__in=list(codes))
    return Facility.objects.filter(pk__in=held.values("facility"))
