"""What becomes of the straw on the fields: progress of the villages, residue cover from images, drawn zones."""

from __future__ import annotations

import datetime as dt
import itertools
import json
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.modules.straw import queries, services
from jiangcheng.modules.straw.models import BurnZone
from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.rules.scars import bare_with
from jiangcheng.modules.straw.views import wording
from jiangcheng.modules.straw.views.pages import day_of

MOST_BYTES = 120 * 2**20
SEASON_MONTHS = {True: 9, False: 3}
"""First month of the autumn and of the spring season."""


@require_GET
@requires("straw.view")
def progress(request: HttpRequest) -> HttpResponse:
    """Show how far the straw of each village is disposed of and when it will be done."""
    on = received_date(request)
    day, error = day_of(request.GET.get("day"), on)
    autumn = day.month >= 9 or day.month < 3
    year = day.year - (day.month < 3)
    first = dt.date(year, SEASON_MONTHS[autumn], 1)
    found = queries.village_progress(user=person(request), on=on, day=day, first=first)
    area, done = sum(one.area for one in found), sum(one.last.disposed if one.last else 0.0 for one in found)
    late = [one.forecast.late for one in found]
    context = {
        "day": day, "first": first, "error": error, "area": area, "done": done,
        "percent": 100 * done / area if area else None, "rest": sum(one.forecast.rest for one in found),
        "finish": max((d for d in late if d), default=None) if all(late) else None, "open_end": not all(late),
        "villages": [(one, wording.name(one.region), [wording.disposal(code) for code in one.wrong]) for one in found],
    }  # fmt: skip
    return render(request, "straw/progress.html", context)


@require_GET
@requires("straw.view")
def cover(request: HttpRequest) -> HttpResponse:
    """Show the residue cover of the villages in an image, and where it differs from the ledger."""
    return _cover(request)


@require_POST
@requires("straw.manage")
def import_scene(request: HttpRequest) -> HttpResponse:
    """Read an image for residue cover; only those who manage the whole city may."""
    if not access.scope(request.user, "straw.manage", received_date(request)).everything:
        return _cover(request, _("影像由市级统一判读。"), status=403)
    sent: dict[str, UploadedFile[Any]] = request.FILES.dict()  # type: ignore[assignment]
    outline = sent.pop("village_file", None)
    try:
        sensed_on = dt.date.fromisoformat(request.POST.get("sensed_on", ""))
        offset = float(request.POST.get("add_offset") or 0)
        code = request.POST.get("code", "").strip()[:80]
        if outline is None or not code or sum(file.size or 0 for file in sent.values()) > MOST_BYTES:
            raise ValueError("file")
        scene = services.read_scene(
            code=code, sensed_on=sensed_on, source=request.POST.get("source", ""), files=sent,
            villages=services.villages_of(json.loads(outline.read())), actor=person(request),
            now=received_at(request), add_offset=offset,
        )  # fmt: skip
    except services.SceneRefused as refused:
        return _cover(request, wording.scene(refused.reason), status=422)
    except (ValueError, RecursionError):
        return _cover(request, _("请填写景号、日期，并选择总计 120 MB 以内的文件。"), status=422)
    return redirect(f"{reverse('straw:cover')}?scene={scene.pk}")


@require_http_methods(["GET", "POST"])
@requires("straw.manage")
def draw_zone(request: HttpRequest) -> HttpResponse:
    """Draw a zone on the map; a known code becomes its next version from the date on."""
    on = received_date(request)
    if not access.scope(request.user, "straw.manage", on).everything:
        return render(request, "straw/draw.html", {"barred": True}, status=403)
    refused, status = "", 200
    if request.method == "POST":
        refused = _drawn(request)
        if not refused:
            return redirect("straw:desk")
        status = 422
    context = {
        "kinds": BurnZone.Kind.choices, "refused": refused, "given": request.POST, "on": on,
        "zones": queries.zones(on=on),
    }  # fmt: skip
    return render(request, "straw/draw.html", context, status=status)


def _drawn(request: HttpRequest) -> str:
    """Take a drawn zone in; return why not, or nothing."""
    told = request.POST
    properties = {
        "code": told.get("code", "").strip(), "kind": told.get("kind"), "name_zh": told.get("name_zh", "").strip(),
        "name_en": told.get("name_en", "").strip(),
    }  # fmt: skip
    try:
        geometry = json.loads(told.get("outline", ""))
        if told.get("metres"):
            properties["buffer_metres"] = float(told["metres"])  # type: ignore[assignment]
        valid_from = dt.date.fromisoformat(told.get("valid_from", ""))
    except (ValueError, RecursionError):
        return _("请画出范围并填写生效日期。")
    feature = {"type": "Feature", "properties": properties, "geometry": geometry}
    try:
        report = services.import_zones(
            document={"type": "FeatureCollection", "features": [feature]}, source=told.get("source", ""),
            valid_from=valid_from, actor=person(request), now=received_at(request),
        )  # fmt: skip
    except services.ZonesRefused as error:
        return wording.refusal(error.reason)
    return _("；").join(wording.field(reason) for _number, _code, reason in report.errors)


def _scars(on: dt.date) -> dict[tuple[str, int | None], str]:
    """Return what images of the days before said of burnt scars, by village and area."""
    found = queries.village_scars(on=on, days=tables.in_force("scar", on)["cover_days"])
    return {key: row.result for key, row in found.items()}


def _cover(request: HttpRequest, refused: str = "", status: int = 200) -> HttpResponse:
    on = received_date(request)
    scenes = queries.scenes()
    asked = request.GET.get("scene", "")
    scene = next((one for one in scenes if str(one.pk) == asked), scenes[0] if scenes else None)
    rows = queries.covers(user=person(request), on=on, scene=scene) if scene else []
    rule = tables.in_force("cover", scene.sensed_on if scene else on)
    scars = _scars(scene.sensed_on) if scene else {}
    lines = [
        (row, wording.name(row.region), [100 * share for share in row.shares],
         wording.bare(bare_with(row.bare, scars.get((row.village, row.region_id), ""))),
         round(100 * row.valid / row.pixels) if row.pixels else 0, scars.get((row.village, row.region_id), ""))
        for row in rows
    ]  # fmt: skip
    cuts = [f"{cut:g}" for cut in rule["classes"]]
    classes = [f"<{cuts[0]}", *(f"{a}–{b}" for a, b in itertools.pairwise(cuts)), f"≥{cuts[-1]}"]
    context = {
        "scenes": scenes, "scene": scene, "lines": lines, "rule": rule, "classes": classes, "refused": refused,
        "different": sum(row.differs for row in rows),
        "may_read": access.scope(request.user, "straw.manage", on).everything,
        "line": next((one for one in rule["calibrations"] if scene and one["code"] == scene.calibration), None),
    }  # fmt: skip
    return render(request, "straw/cover.html", context, status=status)
