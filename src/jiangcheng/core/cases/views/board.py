"""The desk: cases by state or as a list, on the map, and as cards of the home page."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any
from urllib.parse import quote

from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import asked_at, person, received_at, received_date, requires
from jiangcheng.core.cases import queries, rules, services
from jiangcheng.core.cases.models import Case, WorkflowDefinition
from jiangcheng.core.cases.views import wording
from jiangcheng.core.manifest import manifests
from jiangcheng.core.registry import queries as registry

PAGE = 50
COLUMN = 60
"""Cards a column of the board shows; the rest is in the list."""
CARD_ROWS = 6
LAYER_ROWS = 5000
MOST_EXPORTED = 50_000
KPI_DAYS = dt.timedelta(days=30)
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "geojson": "application/geo+json",
    "parquet": "application/vnd.apache.parquet",
}
SHAPES = {1: "circle", 2: "circle", 3: "diamond", 4: "triangle"}
COLOURS = {"ok": "#2563eb", "warn": "#b45309", "bad": "#b91c1c", "": "#475569"}
STATUS = {"ok": "ok", "warn": "warn", "bad": "bad", "": "ok"}


@require_GET
@requires("cases.view")
def desk(request: HttpRequest) -> HttpResponse:
    """Show the cases as a board, or with ``?view=list`` as a list; the filters stand in the address."""
    now = received_at(request)
    filters = _filters(request)
    seen = queries.visible(user=person(request), on=received_date(request))
    found = queries.narrowed(seen, filters=filters, user=person(request), now=now)
    as_list = request.GET.get("view") == "list"
    context = {
        "filters": filters,
        "as_list": as_list,
        "counts": queries.counts(found, now=now),
        "states": [(item["code"], wording.name_of(item)) for item in _states()],
        "counties": [(item.code, wording.name_of(item)) for item in registry.regions(level="county")],
        "types": wording.types(sorted({kind.case_type for kind in manifests.finding_kinds().values()})),
        "flags": wording.FLAGS.items(),
        **(_list(request, found, now) if as_list else _board(found, now)),
    }
    partial = request.headers.get("HX-Request") == "true" and request.headers.get("HX-Target", "").endswith(
        "board"
    )
    return render(request, "cases/_board.html" if partial else "cases/desk.html", context)


@require_GET
@requires("cases.view")
def export(request: HttpRequest) -> HttpResponse:
    """Return the cases of the list, narrowed as on the page, as CSV, XLSX or GeoJSON (``?format=``)."""
    form = request.GET.get("format", "csv")
    if form not in TYPES:
        return HttpResponseBadRequest(_("format 应为 csv、xlsx、parquet 或 geojson"))
    seen = queries.visible(user=person(request), on=received_date(request))
    found = queries.narrowed(seen, filters=_filters(request), user=person(request), now=received_at(request))
    content = services.export(cases=queries.listed(found)[:MOST_EXPORTED], form=form)
    response = HttpResponse(content, content_type=TYPES[form])
    response["Content-Disposition"] = f'attachment; filename="cases.{form}"'
    return response


@require_GET
@requires("cases.view")
def kpis(request: HttpRequest) -> HttpResponse:
    """Show how cases were handled in a period, by area and type; every number leads to its cases."""
    today = received_date(request)
    since = _day(request.GET.get("since", "")) or today - KPI_DAYS
    until = _day(request.GET.get("until", "")) or today
    by = "type" if request.GET.get("by") == "type" else "county"
    seen = queries.visible(user=person(request), on=today)
    found = queries.kpis(cases=seen, since=since, until=until, by=by, now=received_at(request))
    counties = {item.code: wording.name_of(item) for item in registry.regions(level="county")}
    types = dict(wording.types(row.code for row in found))
    names = types if by == "type" else counties
    rows = [(names.get(row.code, row.code or _("全市")), row) for row in found]
    context = {"rows": rows, "since": since, "until": until, "by": by}
    return render(request, "cases/kpis.html", context)


@require_GET
@requires("cases.view")
def layer(request: HttpRequest) -> HttpResponse:
    """Return the cases open now, or at ``?at=`` (ISO 8601 with offset), as GeoJSON points."""
    now = received_at(request)
    try:
        at = asked_at(request)
    except BadRequest:
        return HttpResponseBadRequest(_("at 应为带时区的时间，例如 2026-11-01T08:00:00+08:00"))
    seen = queries.visible(user=person(request), on=received_date(request)).exclude(longitude=None)
    found = queries.open_at(seen, at=min(at, now)).select_related("workflow", "grid_cell", "region")
    features = [_feature(case, at) for case in found.order_by("severity", "pk")[:LAYER_ROWS]]
    return JsonResponse(
        {"type": "FeatureCollection", "features": features}, content_type="application/geo+json"
    )


@require_GET
@requires("cases.view")
def card_counts(request: HttpRequest) -> HttpResponse:
    """Return the home card with the numbers of open and overdue cases."""
    seen = queries.visible(user=person(request), on=received_date(request))
    return render(request, "cases/_counts.html", {"counts": queries.counts(seen, now=received_at(request))})


@require_GET
@requires("cases.view")
def card_open(request: HttpRequest) -> HttpResponse:
    """Return the home card with the cases whose clock presses most."""
    now = received_at(request)
    seen = queries.open_cases(queries.visible(user=person(request), on=received_date(request)))
    cards = [wording.card(case, now) for case in queries.listed(seen)[:CARD_ROWS]]
    return render(request, "cases/_open.html", {"cards": cards})


@require_GET
@requires("cases.view")
def card_facility(request: HttpRequest, code: str) -> HttpResponse:
    """Return the card of an enterprise's file with its cases, the open ones first."""
    return _card_of(request, queries.Filters(facility=code), f"facility={quote(code)}")


@require_GET
@requires("cases.view")
def card_station(request: HttpRequest, code: str) -> HttpResponse:
    """Return the card of a station's page with its cases, the open ones first."""
    return _card_of(request, queries.Filters(station=code), f"station={quote(code)}")


def _card_of(request: HttpRequest, filters: queries.Filters, query: str) -> HttpResponse:
    now, on, reader = received_at(request), received_date(request), person(request)
    seen = queries.narrowed(queries.visible(user=reader, on=on), filters=filters, user=reader, now=now)
    ordered = queries.listed(seen).order_by(F("closed_at").asc(nulls_first=True), "-opened_at")
    cards = [wording.card(case, now) for case in ordered[:CARD_ROWS]]
    return render(request, "cases/_of.html", {"cards": cards, "count": seen.count(), "query": query})


@require_GET
@requires("cases.view")
def card_risk(request: HttpRequest) -> HttpResponse:
    """Return the home card with the overall risk, its rule, and its parts with links to their cases."""
    found = queries.risk(user=person(request), on=received_date(request), now=received_at(request))
    names = dict(wording.types(code for code, _severity, _count in found.parts))
    parts = [(code, names[code], severity, count) for code, severity, count in found.parts]
    context = {
        "risk": found,
        "level": wording.name_of(found.level),
        "parts": parts[:CARD_ROWS],
        "more": parts[CARD_ROWS:],
        "rule": rules.settings("risk"),
    }
    return render(request, "cases/_risk.html", context)


def _filters(request: HttpRequest) -> queries.Filters:
    given = {
        "state": "state",
        "case_type": "type",
        "county": "county",
        "facility": "facility",
        "station": "station",
        "sought": "q",
        "flag": "flag",
        "source": "source",
    }
    texts: dict[str, Any] = {name: request.GET.get(key, "").strip()[:80] for name, key in given.items()}
    days: dict[str, Any] = {name: _day(request.GET.get(name, "")) for name in ("since", "until")}
    return queries.Filters(**texts, **days, overdue="overdue" in request.GET, mine="mine" in request.GET)


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _states() -> list[dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    for workflow in WorkflowDefinition.objects.order_by("-code", "version"):
        # The workflows of registers move rows, not cases.
        if workflow.definition["case_types"]:
            known.update({item["code"]: item for item in workflow.definition["states"]})
    return list(known.values())


def _list(request: HttpRequest, found: Any, now: Any) -> dict[str, Any]:
    # Sorting keys alone and loading a page of rows is several times faster than sorting the rows.
    page = Paginator(queries.pressing(found).values_list("pk", flat=True), PAGE).get_page(
        request.GET.get("page")
    )
    rows = queries.listed(Case.objects.filter(pk__in=list(page.object_list)))
    return {"page": page, "cards": [wording.card(case, now) for case in rows]}


@dataclasses.dataclass(frozen=True, slots=True)
class Column:
    """A state with its most pressing cases."""

    code: str
    name: str
    total: int
    cards: list[wording.Card]


def _board(found: Any, now: Any) -> dict[str, Any]:
    columns = []
    for item in _states():
        if item.get("final"):
            continue
        within = found.filter(state=item["code"])
        cards = [wording.card(case, now) for case in queries.gravest(within, COLUMN)]
        total = len(cards) if len(cards) < COLUMN else within.count()
        columns.append(Column(item["code"], wording.name_of(item), total, cards))
    return {"columns": columns}


def _feature(case: Case, at: Any) -> dict[str, Any]:
    then = getattr(case, "state_then", None) or case.state
    since = rules.clock_since(case.terms, case.state, case.state_at)
    level = rules.clock(since, case.due_at, at) if then == case.state and at >= case.state_at else ""
    clock = wording.clock_of(case, at) if level else None
    lines = [
        [_("编号"), case.number],
        [_("环节"), wording.state_of(case, then)],
        [_("程度"), str(wording.SEVERITIES[case.severity])],
    ]
    if clock:
        lines.append([_("时限"), clock.text])
    properties = {
        "id": f"case:{case.number}", "name": wording.title_of(case), "label": wording.state_of(case, then),
        "value": None, "unit": "", "level": None, "colour": COLOURS[level], "text_colour": "#ffffff",
        "shape": SHAPES[case.severity], "status": STATUS[level], "lines": lines,
        "url": reverse("cases:case", args=[case.number]), "at": case.opened_at.isoformat(),
    }  # fmt: skip
    point = {"type": "Point", "coordinates": [case.longitude, case.latitude]}
    return {"type": "Feature", "geometry": point, "properties": properties}
