"""The desk with its openly shown hit rate, the page of a run, and the parks."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models.fields.json import KT
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.records import queries as records
from jiangcheng.core.registry import queries as registry
from jiangcheng.methods.tracing import ranking
from jiangcheng.modules.source_tracing import queries, services
from jiangcheng.modules.source_tracing.models import FenceStation, Park, TraceRun
from jiangcheng.modules.source_tracing.rules import score, tables
from jiangcheng.modules.source_tracing.rules.refusals import Refusal
from jiangcheng.modules.source_tracing.views import factors, wording
from jiangcheng.standards import periods

VIEW, MANAGE = "source_tracing.view", "source_tracing.manage"
PAGE = 25
TOP = 3
SHOWN = 5
"""Runs of a park."""


@require_GET
@requires(VIEW)
def desk(request: HttpRequest) -> HttpResponse:
    """List the runs, say how often tracing was right, and offer to start one."""
    return _desk(request)


@require_POST
@requires(MANAGE)
def start(request: HttpRequest) -> HttpResponse:
    """Put a run into the queue."""
    user, on = person(request), received_date(request)
    given = request.POST
    station = None
    if given.get("station"):
        station = queries.stations(user=user, on=on).filter(code=given["station"]).first()
        if station is None:
            raise Http404
    case = None
    if given.get("case"):
        case = cases.visible(user=user, on=on).filter(number=given["case"]).first()
    begin, end = _local(given.get("start", "")), _local(given.get("end", ""))
    place = _place(given)
    if place is None and case is not None and case.longitude is not None and case.latitude is not None:
        place = (case.longitude, case.latitude)
    try:
        if begin is None or end is None:
            raise services.NotAsked("window")
        if station is None and place is not None and not _mine(user, on, place):
            raise services.NotAsked("place")
        run = services.ask(
            kind=given.get("kind", ""), start=begin, end=end, now=received_at(request), station=station,
            observed=given.get("observed", "")[:34], place=place, park=given.get("park", "")[:40], case=case,
            parameters=_settings(given), actor=user,
        )  # fmt: skip
    except services.NotAsked as refused:
        return _desk(request, refused=str(wording.ASKING[refused.reason]), status=422)
    return redirect("source_tracing:run", number=run.number)


@require_GET
@requires(VIEW)
def run(request: HttpRequest, number: str) -> HttpResponse:
    """Show a run: candidates with evidence, map, series, methods beside one another, inputs and versions."""
    found = visible_run(request, number)
    on = received_date(request)
    names = wording.properties([found.observed] if found.observed else [])
    candidates = list(found.candidates.select_related("case", "facility"))
    mine = access.scope(request.user, MANAGE, on)
    managed = mine.everything or (found.region is not None and mine.covers_region(found.region.code))
    methods = found.result.get("methods", [])
    context = {
        "run": found, "target": wording.target(found, names), "badge": wording.BADGES[found.state],
        "lines": [_line(item) for item in candidates],
        "unknown": None if found.unknown is None else 100 * found.unknown,
        "unknown_text": "" if found.unknown is None else f"{100 * found.unknown:.0f}%",
        "facts": found.result.get("facts", {}), "methods": [_method(item) for item in methods],
        "compared": [
            {**row, "name": wording.pair(row["candidate"].name_zh, row["candidate"].name_en)}
            for row in (queries.compared(found) if candidates else [])
        ],
        "done_methods": [wording.method(item["code"]) for item in methods if item["state"] == "done"],
        "settings": sorted({**queries.settings_of(found)}.items()), "reruns": found.reruns.select_related("by")[:5],
        "may_manage": managed, "top": TOP, "to_check": [c for c in candidates[:TOP] if c.case_id is None],
        "running": found.state in (TraceRun.State.WAITING, TraceRun.State.RUNNING),
        "step": wording.method(found.step) if found.step else "", "percent": round(100 * found.progress),
        "refusal": wording.refusal(found.error) if found.error else None,
        "mapped": found.state == TraceRun.State.DONE, "has_wind": found.kind != TraceRun.Kind.RIVER,
        "model": factors.told(found),
        "next": _next(found), "patrol": _patrol(found), "arrivals": _arrivals(found), "score": _score(found.kind),
    }  # fmt: skip
    return render(request, "source_tracing/run.html", context)


@require_POST
@requires(MANAGE)
def again(request: HttpRequest, number: str) -> HttpResponse:
    """Compute a run again and say whether the same bits came out."""
    found = managed_run(request, number)
    try:
        told = services.run_again(run=found, actor=person(request), now=received_at(request))
    except Refusal as refused:
        messages.error(request, " ".join(wording.refusal({"code": refused.code, **refused.facts})))
    else:
        if told.identical:
            messages.success(request, _("再算一次：结果逐位相同（%s）。") % told.result_sha256[:12])
        else:
            messages.warning(request, _("再算一次：结果不同，首个差异 %s") % told.first_difference)
    return redirect("source_tracing:run", number=number)


@require_POST
@requires(MANAGE)
def stop(request: HttpRequest, number: str) -> HttpResponse:
    """Stop a run that waits or runs."""
    found = managed_run(request, number)
    services.stop(run=found, actor=person(request), now=received_at(request))
    messages.success(request, _("已要求中止。"))
    return redirect("source_tracing:run", number=number)


@require_POST
@requires(MANAGE)
def dispatch(request: HttpRequest, number: str) -> HttpResponse:
    """Send out field checks of the first candidates."""
    found = managed_run(request, number)
    asked = request.POST.get("most", "")
    try:
        rows = services.dispatch(
            run=found, most=int(asked) if asked.isdecimal() and len(asked) < 3 else TOP, actor=person(request),
            now=received_at(request),
        )  # fmt: skip
    except services.NotDispatched as refused:
        messages.error(request, str(wording.ASKING[refused.reason]))
    else:
        messages.success(request, _("已派发 %d 处候选的现场核查。") % len(rows))
    return redirect("source_tracing:run", number=number)


@require_GET
@requires(MANAGE)
def inputs(request: HttpRequest, number: str) -> HttpResponseBase:
    """Return the frozen inputs as they lie."""
    found = managed_run(request, number)
    if found.inputs is None:
        raise Http404
    return FileResponse(found.inputs.file.open("rb"), as_attachment=True, filename=f"{found.number}.npz")


@require_GET
@requires(VIEW)
def parks(request: HttpRequest) -> HttpResponse:
    """Show the parks with their fence lines, open alerts and the latest candidates."""
    user, on = person(request), received_date(request)
    rows = records.visible(register="parks", user=user, on=on).filter(withdrawn_at=None)
    fences = FenceStation.objects.filter(withdrawn_at=None)
    stations = {row.station_code for row in fences}
    alerts = (
        cases.findings(user=user, on=on)
        .filter(kind="source_tracing.voc_peak", station__code__in=stations)
        .select_related("station", "case")
        .prefetch_related("traces")
        .order_by("-last_at")[:20]
    )
    runs: dict[str, list[TraceRun]] = {}
    for row in (
        queries.visible(user=user, on=on).filter(kind=TraceRun.Kind.VOC).defer("result", "error")[:500]
    ):
        runs.setdefault(row.park, []).append(row)
    lines = [
        {
            "park": park, "name": wording.name(park), "fences": [f for f in fences if f.park == park.number],
            "runs": runs.get(park.number, [])[:SHOWN],
        }
        for park in rows
    ]  # fmt: skip
    table = tables.in_force("voc", on)
    names = wording.properties([item["code"] for item in table["species"]])
    context = {
        "lines": lines, "alerts": [_alert(item) for item in alerts], "table": table,
        "species": [{**item, "name": names.get(item["code"], item["code"])} for item in table["species"]],
    }  # fmt: skip
    return render(request, "source_tracing/parks.html", context)


def visible_run(request: HttpRequest, number: str, permission: str = VIEW) -> TraceRun:
    """Return a run of the reader's areas.

    Raises
    ------
    Http404
        If there is none.
    """
    rows = queries.visible(user=person(request), on=received_date(request), permission=permission)
    found = rows.filter(number=number).first()
    if found is None:
        raise Http404(number)
    return found


def managed_run(request: HttpRequest, number: str) -> TraceRun:
    """Return a run that the person may act on."""
    return visible_run(request, number, MANAGE)


def _desk(request: HttpRequest, refused: str = "", status: int = 200) -> HttpResponse:
    user, on = person(request), received_date(request)
    rows = queries.visible(user=user, on=on)
    kind = request.GET.get("kind", "")
    if kind in TraceRun.Kind.values and request.method == "GET" and "station" not in request.GET:
        rows = rows.filter(kind=kind)
    state = request.GET.get("state", "")
    if state in TraceRun.State.values:
        rows = rows.filter(state=state)
    # A result may hold thousands of numbers, of which the list shows none but how many factors there are.
    rows = rows.defer("result", "error").annotate(factors=KT("result__facts__number"))
    page = Paginator(rows.prefetch_related("candidates"), PAGE).get_page(request.GET.get("page"))
    names = wording.properties(list({item.observed for item in page.object_list if item.observed}))
    may_manage = bool(access.scope(user, MANAGE, on))
    context = {
        "page": page, "lines": [_row(item, names) for item in page.object_list], "kind": kind, "state": state,
        "kinds": TraceRun.Kind.choices, "states": TraceRun.State.choices, "score": _score(), "refused": refused,
        "weights": tables.in_force("weights", on), "may_manage": may_manage,
        **(_form(request, user, on) if may_manage else {}),
    }  # fmt: skip
    return render(request, "source_tracing/desk.html", context, status=status)


def _form(request: HttpRequest, user: Any, on: dt.date) -> dict[str, Any]:
    """Return the form's choices and defaults: what a link asked for, else the last six full hours."""
    given = request.POST if request.method == "POST" else request.GET
    now = received_at(request).astimezone(periods.BEIJING).replace(minute=0, second=0, microsecond=0)
    matching = tables.in_force("matching", on)
    codes = [*matching["air"], *matching["water"], *matching["voc"]]
    names = wording.properties(codes)
    return {
        "families": list(wording.families(on).items()),
        "stations": [
            (row.code, wording.name(row), row.get_kind_display()) for row in queries.stations(user=user, on=on)
        ],
        "observed": [(code, names[code]) for code in dict.fromkeys(codes) if code in names],
        "parks": Park.objects.filter(withdrawn_at=None).order_by("number"),
        "given": {
            "kind": given.get("kind", "") or "air", "station": given.get("station", ""),
            "observed": given.get("observed", ""), "park": given.get("park", ""), "case": given.get("case", ""),
            "longitude": given.get("longitude", ""), "latitude": given.get("latitude", ""),
            "start": given.get("start", "") or f"{now - dt.timedelta(hours=6):%Y-%m-%dT%H:%M}",
            "end": given.get("end", "") or f"{now:%Y-%m-%dT%H:%M}",
        },
        "opened": bool(given.get("station") or given.get("case") or request.method == "POST"),
    }  # fmt: skip


def _row(item: TraceRun, names: dict[str, str]) -> dict[str, Any]:
    candidates = list(item.candidates.all())
    checked = [row for row in candidates if row.outcome]
    return {
        "run": item, "target": wording.target(item, names), "badge": wording.BADGES[item.state],
        "factors": getattr(item, "factors", None),
        "unknown": None if item.unknown is None else 100 * item.unknown,
        "first": [(wording.pair(row.name_zh, row.name_en), 100 * row.probability) for row in candidates[:2]],
        "sent": sum(row.case_id is not None for row in candidates), "checked": len(checked),
        "confirmed": sum(row.outcome == "confirmed" for row in checked),
    }  # fmt: skip


def _line(item: Any) -> dict[str, Any]:
    return {
        "row": item, "name": wording.pair(item.name_zh, item.name_en), "percent": 100 * item.probability,
        "evidence": [(wording.sentence(fact), wording.weight(fact)) for fact in item.evidence],
        "badge": wording.BADGES.get(item.outcome, ""),
    }  # fmt: skip


def _method(item: dict[str, Any]) -> dict[str, Any]:
    told = {"name": wording.method(item["code"]), "done": item["state"] == "done"}
    if item["state"] != "done":
        told["words"] = " ".join(wording.refusal(item["reason"]))
        return told
    facts = item["facts"]
    words = []
    if facts.get("best") is not None:
        words.append(
            _("高值多来自 %(side)s（%(d).0f°）") % {"side": wording.side(facts["best"]), "d": facts["best"]}
        )
    if facts.get("explained") is not None:
        words.append(_("解释方差 %(p).0f%%") % {"p": 100 * facts["explained"]})
    if facts.get("nodes") is not None:
        words.append(_("50%% 可信区 %(n)d 个网格") % {"n": facts["nodes"]})
    if facts.get("set") is not None:
        words.append(_("%(l).0f%% 可信集合含 %(n)d 个排口") % {"l": 100 * facts["level"], "n": facts["set"]})
    if item.get("unknown") is not None:
        words.append(_("未知 %(p).0f%%") % {"p": 100 * item["unknown"]})
    told["words"] = "；".join(words)
    return told


def _next(found: TraceRun) -> dict[str, Any] | None:
    """Return where to sample next on a river."""
    told = found.result.get("shapes", {}).get("next")
    if not told:
        return None
    _arrays, meta = _frozen(found)
    names = meta.get("node_names", [])
    if told["node"] >= len(names):
        return None
    return {
        "name": wording.pair(*names[told["node"]]),
        "share_text": f"{100 * told['share']:.0f}%",
        "bits": told["bits"],
    }


def _patrol(found: TraceRun) -> list[dict[str, Any]]:
    """Return where to sniff next."""
    return list(found.result.get("shapes", {}).get("patrol") or [])


def _arrivals(found: TraceRun) -> list[dict[str, Any]]:
    """Return the forecast at the sections below."""
    rows = found.result.get("facts", {}).get("arrivals") or []
    if not rows:
        return []
    _arrays, meta = _frozen(found)
    return [
        {
            "name": wording.pair(*meta["node_names"][row["node"]]), "km": row["km"], "chance": 100 * row["chance"],
            "arrival": [wording.clock(at) if at is not None else "—" for at in row["arrival"]],
            "peak_at": wording.clock(row["peak_at"][1]) if row["peak_at"][1] is not None else "—",
            "peak": [wording.number(value) for value in row["peak"]],
        }
        for row in rows
    ]  # fmt: skip


def _frozen(found: TraceRun) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        return services.inputs_of(found)
    except Refusal:
        return {}, {"node_names": [], "emitters": []}


def _score(kind: str = "") -> dict[str, Any]:
    """Return how often tracing was right, of one kind or of all."""
    checked = queries.checked(kind=kind)
    found = score.score(checked)
    bins = [
        {
            "range": f"{100 * item.lower:.0f}–{100 * item.upper:.0f}%", "count": item.count,
            "stated": 100 * item.stated, "confirmed": 100 * item.confirmed,
        }
        for item in score.reliability(checked)
    ]  # fmt: skip
    return {
        "found": found, "bins": bins, "wanting": score.wanting(found), "needed": ranking.CASES,
        "few": found.runs < score.FEW,
        "top1": None if found.top1 is None else 100 * found.top1,
        "top3": None if found.top3 is None else 100 * found.top3,
        "top3_text": "" if found.top3 is None else f"{100 * found.top3:.0f}%",
        "wrong": None if found.false_share is None else 100 * found.false_share,
    }  # fmt: skip


def _alert(item: Finding) -> dict[str, Any]:
    return {
        "row": item,
        "title": wording.pair(item.title_zh, item.title_en),
        "trace": next(iter(item.traces.all()), None),
    }


def _mine(user: Any, on: dt.date, place: tuple[float, float]) -> bool:
    scope = access.scope(user, MANAGE, on)
    cell = registry.leaf_grid(place[0], place[1], on)
    return scope.everything or (cell is not None and scope.covers_region(cell.region.code))


def _local(text: str) -> dt.datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    if at is None or not 2000 <= at.year < 2200:
        return None
    return at.replace(tzinfo=periods.BEIJING) if at.tzinfo is None else at


def _place(given: Any) -> tuple[float, float] | None:
    try:
        place = float(given.get("longitude", "")), float(given.get("latitude", ""))
    except ValueError:
        return None
    inside = all(math.isfinite(value) for value in place) and abs(place[0]) <= 180 and abs(place[1]) <= 90
    return place if inside else None


def _settings(given: Any) -> dict[str, float]:
    found = {}
    for name in services.CHANGEABLE:
        if given.get(name, "").strip():
            try:
                found[name] = float(given[name])
            except ValueError as error:
                raise services.NotAsked("settings") from error
    return found
