"""The matrix of the network, the points behind a cell, and what quality control says."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.network import queries
from jiangcheng.modules.network.models import QcFlag
from jiangcheng.modules.network.rules.coverage import Arrival
from jiangcheng.modules.network.rules.tables import in_force
from jiangcheng.modules.network.views.wording import named

VIEW = "network.view"


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """A cell of the matrix: where it leads, how many points, and the rates by window [%]."""

    county: str
    points: int
    rates: tuple[float | None, ...]
    low: bool


@require_GET
@requires(VIEW)
def overview(request: HttpRequest) -> HttpResponse:
    """Show the matrix of elements and counties, the open gaps, and the ways on."""
    user, on = person(request), received_date(request)
    table = in_force("elements", on)
    found = queries.coverage(scope=access.scope(user, VIEW, on), on=on)
    counties = [
        county
        for county in found.counties
        if any((item["code"], county.code, found.windows[0]) in found.cells for item in found.elements)
    ]
    gaps = records.visible(register="gaps", user=user, on=on).filter(withdrawn_at=None)
    lines = [
        (item["code"], named(item), [_cell(found, item["code"], code, table["low_percent"])
                                     for code in ("", *(county.code for county in counties))])
        for item in found.elements
    ]  # fmt: skip
    context = {
        "counties": [named(county) for county in counties],
        "lines": [line for line in lines if line[2][0].points],
        "idle": [name for _code, name, cells in lines if not cells[0].points],
        "windows": found.windows,
        "basis": table,
        "unexplained": gaps.filter(reason="").order_by("-to_at")[:8],
        "unexplained_count": gaps.filter(reason="").count(),
        "gap_count": gaps.count(),
        "samples": _by_state(request, "lab-samples"),
        "requests": _by_state(request, "data-requests"),
    }
    return render(request, "network/overview.html", context)


@require_GET
@requires(VIEW)
def points(request: HttpRequest) -> HttpResponse:
    """List the points of a cell with what arrived of them."""
    user, on = person(request), received_date(request)
    scope, county = access.scope(user, VIEW, on), request.GET.get("county", "")
    elements = {item["code"]: item for item in in_force("elements", on)["elements"]}
    code = request.GET.get("element", "")
    found = queries.coverage(scope=scope, on=on)
    stations = [
        station
        for station in queries.points(scope=scope, on=on).get(code, [])
        if station.region.code.startswith(county)
    ]
    context = {
        "element": named(elements[code]) if code in elements else "",
        "windows": found.windows,
        "lines": [
            (station, named(station), named(station.region),
             [found.stations[station.code, days] for days in found.windows])
            for station in stations
        ],
    }  # fmt: skip
    return render(request, "network/points.html", context)


@require_GET
@requires(VIEW)
def quality(request: HttpRequest) -> HttpResponse:
    """Show what was flagged for want of valid control, and which points have no control at all."""
    user, on, now = person(request), received_date(request), received_at(request)
    standing = queries.points(scope=access.scope(user, VIEW, on), on=on)
    stations = {station.pk: station for rows in standing.values() for station in rows}
    under = queries.series_under_qc()
    names = {row.pk: row for row in ObservedProperty.objects.exclude(medium="derived")}
    flagged = (
        QcFlag.objects.filter(station__in=list(stations))
        .values("station", "property", "reason")
        .annotate(count=Count("pk"))
        .order_by("station", "property", "reason")
    )
    automatic = [station for station in stations.values() if station.kind != Station.Kind.MANUAL]
    lapsed = [
        (
            station,
            named(station),
            max(check.until for checks in under[station.code].values() for check in checks),
        )
        for station in automatic
        if station.code in under
    ]
    context = {
        "flagged": [
            (stations[row["station"]], named(stations[row["station"]]), named(names[row["property"]]),
             row["reason"], row["count"])
            for row in flagged if row["property"] in names
        ],
        "without": [(station, named(station)) for station in automatic if station.code not in under],
        "lapsed": [(station, name) for station, name, until in lapsed if until <= now.timestamp()],
        "basis": in_force("qc", on),
        "kinds": [(named(item), item["valid_days"], item["judges"]) for item in in_force("qc", on)["kinds"]],
    }  # fmt: skip
    return render(request, "network/quality.html", context)


def _cell(found: queries.Coverage, element: str, county: str, low: float) -> Cell:
    arrivals = [found.cells.get((element, county, days), Arrival()) for days in found.windows]
    rates = tuple(arrival.percent for arrival in arrivals)
    return Cell(county, arrivals[0].points, rates, any(rate is not None and rate < low for rate in rates))


def _by_state(request: HttpRequest, register: str) -> list[tuple[str, str, str, int]]:
    """Return code, names and number of rows of every state of a register."""
    rows = records.visible(register=register, user=person(request), on=received_date(request))
    counts = rows.filter(withdrawn_at=None).order_by().values("state").annotate(count=Count("pk"))
    found: dict[str, Any] = {row["state"]: row["count"] for row in counts}
    return [(code, zh, en, found.get(code, 0)) for code, zh, en in records.states(records.register(register))]
