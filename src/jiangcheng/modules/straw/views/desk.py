"""The fire desk: incidents with their verdicts, hours nobody could see, imports, layers of the map."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import shapely
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import asked_at, person, received_at, received_date, requires
from jiangcheng.core.cases.services import Refused
from jiangcheng.modules.straw import queries, services
from jiangcheng.modules.straw.models import FireIncident, Outcome, Source, Verdict
from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.views import wording
from jiangcheng.standards import periods

GEOJSON = "application/geo+json"
PAGE = 30
ERRORS = 50
MOST_BYTES = 20 * 2**20
MOST_DAYS = 31
LAYER_DAYS = 3
NEAREST = 2
STATES = ("seen", "cloud", "unsure", "none")


@require_GET
@requires("straw.view")
def desk(request: HttpRequest) -> HttpResponse:
    """List the incidents of some days with verdict, reason and case, and the hours nobody could see."""
    return _page(request, {})


@require_POST
@requires("straw.manage")
def import_firms(request: HttpRequest) -> HttpResponse:
    """Import a FIRMS file; wrong rows are told by line and field, the others are taken."""
    file = request.FILES.get("file")
    if file is None or (file.size or 0) > MOST_BYTES:
        return _page(request, {"refused": wording.refusal("file")}, status=422)
    try:
        report = services.import_firms(
            text=file.read().decode("utf-8-sig", errors="replace"),
            name=file.name or "firms.csv",
            actor=person(request),
            now=received_at(request),
        )
    except services.NotTaken as refused:
        told = _("表头不是 FIRMS、葵花 WLF 或注明时区的风云火点表：%(told)s") % {"told": refused.told[:120]}
        return _page(request, {"refused": told}, status=422)
    errors = [(error.line, wording.field(error.field), error.value) for error in report.errors[:ERRORS]]
    return _page(request, {"report": report, "errors": errors})


@require_POST
@requires("straw.manage")
def signals(request: HttpRequest) -> JsonResponse:
    """Take signals of towers and patrols as a JSON list; answer what came of each, by place and field."""
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, list):
        return JsonResponse({"error": "a list of signals is expected"}, status=422)
    try:
        report = services.take_signals(
            told=told, name="signals", actor=person(request), now=received_at(request)
        )
    except services.NotTaken as refused:
        return JsonResponse({"error": refused.told}, status=422)
    answer = {
        "added": report.added, "known": report.known, "outside": report.outside,
        "errors": [{"item": error.line, "field": error.field, "value": error.value} for error in report.errors],
        "incidents": [{"number": found.number, "verdict": found.verdict} for found in report.incidents],
    }  # fmt: skip
    return JsonResponse(answer, status=422 if report.errors and not report.added else 200)


@require_POST
@requires("straw.manage")
def import_zones(request: HttpRequest) -> HttpResponse:
    """Import ban and limit zones from GeoJSON: all of them, or none; only those who manage the whole city may."""
    if not access.scope(request.user, "straw.manage", received_date(request)).everything:
        return _page(request, {"refused": _("禁烧区、限烧区由市级统一录入。")}, status=403)
    file = request.FILES.get("file")
    try:
        if file is None or (file.size or 0) > MOST_BYTES:
            raise services.ZonesRefused("file")
        try:
            document = json.loads(file.read())
        except (ValueError, RecursionError) as error:
            raise services.ZonesRefused("not_geojson") from error
        report = services.import_zones(
            document=document, source=request.POST.get("source", ""), valid_from=_valid_from(request),
            actor=person(request), now=received_at(request),
        )  # fmt: skip
    except services.ZonesRefused as refused:
        return _page(request, {"refused": wording.refusal(refused.reason)}, status=422)
    errors = [(number, wording.field(reason), code) for number, code, reason in report.errors[:ERRORS]]
    return _page(request, {"zone_report": report, "errors": errors}, status=422 if errors else 200)


@require_POST
@requires("straw.manage")
def conclude(request: HttpRequest, number: str) -> HttpResponse:
    """Keep what was found on the spot."""
    incident = queries.managed(user=person(request), number=number, on=received_date(request))
    if incident is None:
        raise Http404
    try:
        services.conclude(
            incident=incident, outcome=request.POST.get("outcome", ""), text=request.POST.get("text", ""),
            actor=person(request), now=received_at(request), mu=request.POST.get("mu", ""),
        )  # fmt: skip
    except Refused as refused:
        return _page(request, {"refused": str(refused)}, status=422)
    return redirect("straw:desk")


@require_POST
@requires("straw.manage")
def look(request: HttpRequest, number: str) -> HttpResponse:
    """Ask that the nearest camera turns to a fire."""
    incident = queries.managed(user=person(request), number=number, on=received_date(request))
    if incident is None:
        raise Http404
    try:
        services.look(incident=incident, actor=person(request), now=received_at(request))
    except Refused as refused:
        return _page(request, {"refused": str(refused)}, status=422)
    return redirect("straw:desk")


@require_GET
@requires("straw.view")
def layer(request: HttpRequest) -> JsonResponse:
    """Return the incidents of the days before ``?at=`` an instant as GeoJSON."""
    at = asked_at(request)
    rows = queries.incidents(
        user=person(request), on=received_date(request), start=at - dt.timedelta(days=LAYER_DAYS),
        end=at + dt.timedelta(seconds=1),
    )  # fmt: skip
    features = [_feature(row) for row in rows]
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


@require_GET
@requires("straw.view")
def zones_layer(request: HttpRequest) -> JsonResponse:
    """Return the ban and limit zones that hold ``?at=`` an instant as GeoJSON."""
    features = []
    for zone in queries.zones(on=asked_at(request).astimezone(periods.BEIJING).date()):
        lines = [[_("类型"), str(zone.get_kind_display())], [_("依据"), zone.document]]
        properties = {
            "id": f"burn:{zone.code}", "kind": zone.kind, "name": wording.name(zone), "label": "",
            "value": None, "unit": "", "level": zone.kind, "colour": wording.ZONE_COLOURS[zone.kind],
            "shape": "square", "status": "ok", "url": "", "lines": lines, "at": zone.valid_from_date.isoformat(),
        }  # fmt: skip
        features.append({"type": "Feature", "geometry": zone.boundary, "properties": properties})
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


@require_GET
@requires("straw.view")
def cameras_layer(request: HttpRequest) -> JsonResponse:
    """Return what the cameras overlook as GeoJSON."""
    features = []
    grid = queries.terrain_grid(on=received_date(request))
    for row, area in queries.views(user=person(request), on=received_date(request)):
        lines = [
            [_("有效距离（km）"), f"{row.kilometres:g}"],
            [_("状态"), _("在线") if row.working else _("离线")],
            [_("地形遮挡"), grid.dataset if grid else _("未计（没有高程数据）")],
        ]
        properties = {
            "id": f"camera:{row.number}", "kind": "camera", "name": row.name, "label": "", "value": None, "unit": "",
            "level": "ok" if row.working else "stale", "colour": "#2f6fde" if row.working else "#6b7280",
            "shape": "square", "status": "ok" if row.working else "stale", "url": reverse("straw:watch"),
            "lines": lines, "at": row.created_at.isoformat(),
        }  # fmt: skip
        geometry = json.loads(shapely.to_geojson(shapely.set_precision(area, 1e-6)))
        features.append({"type": "Feature", "geometry": geometry, "properties": properties})
    return JsonResponse({"type": "FeatureCollection", "features": features}, content_type=GEOJSON)


def _feature(row: FireIncident) -> dict[str, Any]:
    verdict = Verdict(row.verdict)
    lines = [
        [_("判别"), str(verdict.label)],
        [_("理由"), _("；").join(wording.reason(item) for item in row.reasons)],
        [_("优先级"), "—" if row.score is None else f"{row.score:.0f}/100"],
    ]
    properties = {
        "id": row.number, "name": row.number, "label": str(verdict.label), "value": row.power, "unit": "MW",
        "level": row.verdict, "colour": wording.COLOURS[verdict], "shape": "triangle",
        "status": "bad" if verdict == Verdict.ILLEGAL else "ok",
        "url": reverse("cases:case", args=[row.case.number]) if row.case else reverse("straw:desk"),
        "lines": lines, "at": row.first_at.isoformat(),
    }  # fmt: skip
    place = {"type": "Point", "coordinates": [row.longitude, row.latitude]}
    return {"type": "Feature", "geometry": place, "properties": properties}


def _page(request: HttpRequest, more: dict[str, Any], status: int = 200) -> HttpResponse:
    on = received_date(request)
    first, last, error = _days(request, on)
    start = dt.datetime.fromtimestamp(periods.day_bounds(first)[0], dt.UTC)
    end = dt.datetime.fromtimestamp(periods.day_bounds(last)[1], dt.UTC)
    rows = queries.incidents(user=person(request), on=on, start=start, end=end)
    asked = request.GET.get("verdict", "")
    if asked in Verdict.values:
        rows = rows.filter(verdict=asked)
    order = "time" if request.GET.get("order") == "time" else "score"
    rows = queries.by_priority(rows) if order == "score" else rows
    page = Paginator(rows.prefetch_related("signs", "case__steps"), PAGE).get_page(request.GET.get("page"))
    managed = access.scope(request.user, "straw.manage", on)
    found = queries.covered(start=start, end=min(end, max(start, received_at(request))))
    lines = [_line(row, managed, received_at(request)) for row in page.object_list]
    _propose(lines, received_at(request))
    found_scars = queries.scars_of(kind="fire", codes=[line["row"].number for line in lines])
    for line in lines:
        scar = found_scars.get(line["row"].number)
        line["scar"] = scar and (wording.scar(scar.result), scar.result, scar.scene_id)
    orders = queries.orders_of([line["row"] for line in lines])
    for line in lines:
        told = orders.get(line["row"].pk)
        line["order"] = told and wording.order(told)
        line["clip"] = told.clip if told and told.clip.startswith(("http://", "https://")) else ""
    context = {
        "now": received_at(request), "order": order, "first": first, "last": last, "error": error, "asked": asked,
        "page": page, "lines": lines, "ranking": tables.in_force("priority", last),
        "verdicts": Verdict.choices, "outcomes": Outcome.choices,
        "coverage": found, **{f"{state}_hours": found.count(state) for state in STATES},
        "zones": queries.zones(on=last), "may_manage": bool(managed), "may_zone": managed.everything, **more,
    }  # fmt: skip
    return render(request, "straw/desk.html", context, status=status)


def _clock(row: FireIncident, now: dt.datetime) -> dict[str, Any] | None:
    """Return the clock of an open case: minutes left, or minutes late; None where none runs."""
    case = row.case
    if case is None or case.closed_at is not None or case.due_at is None:
        return None
    steps = {step.action: step.at for step in case.steps.all()}
    due, what = case.due_at, _("时限")
    signed = steps.get("sign")
    if case.state == "handling" and signed is not None and "arrive" not in steps:
        due, what = signed + dt.timedelta(minutes=arrival_minutes(row)), _("到场")
    minutes = round((due - now).total_seconds() / 60)
    return {"late": minutes < 0, "minutes": abs(minutes), "what": what}


def arrival_minutes(row: FireIncident) -> float:
    """Return how long somebody may take to arrive at a fire after signing for it [min]."""
    return float(tables.in_force("detection", row.first_at.date())["arrival_minutes"]["arrive"])


def _line(row: FireIncident, managed: Any, now: dt.datetime) -> dict[str, Any]:
    sources = sorted({Source(sign.source).label for sign in row.signs.all()}, key=str)
    return {
        "row": row, "verdict": Verdict(row.verdict).label, "badge": wording.BADGES[Verdict(row.verdict)],
        "reasons": [wording.reason(item) for item in row.reasons], "place": wording.name(row.grid_cell),
        "clock": _clock(row, now), "sources": sources, "outcome": Outcome(row.outcome).label if row.outcome else "",
        "mine": row.region is not None and managed.covers_region(row.region.code),
        "parts": [wording.score_part(part) for part in row.score_parts], "patrols": [],
    }  # fmt: skip


def _propose(lines: list[dict[str, Any]], now: dt.datetime) -> None:
    """Add to the fires nobody has been sent to who could go: the nearest two."""
    waiting = [line for line in lines if line["row"].case is not None and line["row"].case.handler_id is None
               and line["row"].case.closed_at is None and not line["outcome"] and line["mine"]]  # fmt: skip
    if not waiting:
        return
    pool = queries.Patrols(at=now, counties=[line["row"].region.code[:6] for line in waiting])
    for line in waiting:
        row = line["row"]
        found = pool.near(
            longitude=row.longitude, latitude=row.latitude, county=row.region.code[:6], cell=row.grid_cell_id
        )
        line["patrols"] = found[:NEAREST]
    names = queries.person_names(item.user_id for line in waiting for item in line["patrols"])
    for line in waiting:
        line["patrols"] = [
            (names[item.user_id], item.why.zh if wording.chinese() else item.why.en)
            for item in line["patrols"]
        ]


def _days(request: HttpRequest, on: dt.date) -> tuple[dt.date, dt.date, str]:
    """Return the asked days, the last three where nothing is asked, and what is wrong with the question."""
    last, first = on, on - dt.timedelta(days=2)
    try:
        last = dt.date.fromisoformat(request.GET.get("last") or on.isoformat())
        first = dt.date.fromisoformat(request.GET.get("first") or (last - dt.timedelta(days=2)).isoformat())
    except (ValueError, OverflowError):
        return on - dt.timedelta(days=2), on, _("日期写作 2026-11-20")
    if not dt.date(2012, 1, 1) <= first <= last <= on + dt.timedelta(days=366):
        return on - dt.timedelta(days=2), on, _("请选择有效的起止日期")
    if (last - first).days >= MOST_DAYS:
        return last - dt.timedelta(days=MOST_DAYS - 1), last, _("一次最多显示 31 天")
    return first, last, ""


def _valid_from(request: HttpRequest) -> dt.date:
    try:
        return dt.date.fromisoformat(request.POST.get("valid_from", ""))
    except ValueError as error:
        raise services.ZonesRefused("valid_from") from error
