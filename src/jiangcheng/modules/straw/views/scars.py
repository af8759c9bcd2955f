"""Burnt scars between two images, against what people said of fires and plans."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.modules.straw import queries, services
from jiangcheng.modules.straw.models import ScarFinding, ScarScene
from jiangcheng.modules.straw.rules import tables
from jiangcheng.modules.straw.views import wording

MOST_BYTES = 200 * 2**20
MOST_LINES = 300


@require_GET
@requires("straw.view")
def scars(request: HttpRequest) -> HttpResponse:
    """Show what two images say of fires, executed plans, villages and plots, contradictions first."""
    return _scars(request)


@require_POST
@requires("straw.manage")
def import_scar(request: HttpRequest) -> HttpResponse:
    """Compare two images; only those who manage the whole city may."""
    if not access.scope(request.user, "straw.manage", received_date(request)).everything:
        return _scars(request, _("影像由市级统一判读。"), status=403)
    sent: dict[str, UploadedFile[Any]] = request.FILES.dict()  # type: ignore[assignment]
    outline = sent.pop("village_file", None)
    told = request.POST
    try:
        days = [dt.date.fromisoformat(told.get(name, "")) for name in ("before_on", "after_on")]
        code = told.get("code", "").strip()[:80]
        if not code or not sent or sum(file.size or 0 for file in sent.values()) > MOST_BYTES:
            raise ValueError("file")
        files = {
            when: {name.removeprefix(when): file for name, file in sent.items() if name.startswith(when)}
            for when in ("before_", "after_")
        }
        scene = services.read_scar(
            code=code, before_on=days[0], after_on=days[1], source=told.get("source", ""),
            before=files["before_"], after=files["after_"], actor=person(request), now=received_at(request),
            villages=services.villages_of(json.loads(outline.read())) if outline else [],
            add_offset=float(told.get("add_offset") or 0),
        )  # fmt: skip
    except services.SceneRefused as refused:
        return _scars(request, wording.scene(refused.reason), status=422)
    except (ValueError, RecursionError):
        return _scars(request, _("请填写景号、两个日期，并选择总计 200 MB 以内的文件。"), status=422)
    return redirect(f"{reverse('straw:scars')}?scene={scene.pk}")


def line(row: ScarFinding, scene: ScarScene) -> dict[str, Any]:
    """Return a finding as the page shows it."""
    return {
        "row": row, "kind": ScarFinding.Kind(row.kind).label, "area": wording.name(row.region),
        "result": wording.scar(row.result), "told": wording.told(row.told), "against": row.against,
        "burnt_mu": row.burnt * scene.pixel_hectares * 15, "changed_mu": row.changed * scene.pixel_hectares * 15,
        "seen": round(100 * row.valid / row.pixels) if row.pixels else 0,
    }  # fmt: skip


def _scars(request: HttpRequest, refused: str = "", status: int = 200) -> HttpResponse:
    on = received_date(request)
    scenes = queries.scar_scenes()
    asked = request.GET.get("scene", "")
    scene = next((one for one in scenes if str(one.pk) == asked), scenes[0] if scenes else None)
    rows = queries.findings(user=person(request), on=on, scene=scene) if scene else []
    lines = [line(row, scene) for row in rows[:MOST_LINES]] if scene else []
    context = {
        "scenes": scenes, "scene": scene, "lines": lines, "refused": refused, "more": max(0, len(rows) - MOST_LINES),
        "denied": sum(row.against == "denies" for row in rows), "counts": _counts(rows),
        "rule": tables.in_force("scar", scene.after_on if scene else on),
        "named": scene is not None and "mirbi" in scene.bands,
        "images": (("before", _("火前影像")), ("after", _("火后影像"))),
        "may_read": access.scope(request.user, "straw.manage", on).everything,
    }  # fmt: skip
    return render(request, "straw/scars.html", context, status=status)


def _counts(rows: list[ScarFinding]) -> list[tuple[str, int]]:
    return [
        (wording.scar(code), sum(row.result == code for row in rows))
        for code in ("burnt", "ploughed_or_burnt", "none", "late", "unclear")
    ]
