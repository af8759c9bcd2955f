"""The shell of the field app: one page, its service worker and its web manifest."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import pathlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access.services import person, public, received_at, received_date, requires
from jiangcheng.core.registry.models import GridDuty
from jiangcheng.modules.fieldwork import queries

ENTRY, WORKER = "src/field/index.ts", "src/field/worker.ts"
ICONS = ("fieldwork/icon-192.png", "fieldwork/icon-512.png")
THEME = "#0f5b57"
PATROL_DAYS = 30
"""Days of the page of the chiefs; a span to look at, not a rule."""


@require_GET
@requires("fieldwork.use")
def app(request: HttpRequest) -> HttpResponse:
    """Show the shell; it names nobody, so that a phone may keep it for times without a network."""
    return render(request, "fieldwork/app.html", {"theme": THEME})


@require_GET
@requires("cases.roster")
def chiefs(request: HttpRequest) -> HttpResponse:
    """Show how often river, forest and field chiefs were on patrol in the last days."""
    now = received_at(request)
    since = now - dt.timedelta(days=PATROL_DAYS)
    rows = queries.chief_patrols(user=person(request), on=received_date(request), since=since, until=now)
    names = {
        GridDuty.Duty.RIVER_CHIEF: _("河湖长"),
        GridDuty.Duty.FOREST_CHIEF: _("林长"),
        GridDuty.Duty.FIELD_CHIEF: _("田长"),
    }
    found = [(names[GridDuty.Duty(row.duty)], row) for row in rows]
    return render(request, "fieldwork/chiefs.html", {"rows": found, "days": PATROL_DAYS})


@require_GET
@public
def worker(request: HttpRequest) -> HttpResponse:
    """Return the service worker with the list of files it keeps; a new build is a new worker."""
    built = _built()
    files = [static(f"portal/build/{name}") for name in _files(built, ENTRY)] + [static(i) for i in ICONS]
    source = (_folder() / built[WORKER]["file"]).read_text(encoding="utf-8") if WORKER in built else ""
    version = hashlib.sha256("\n".join([*files, source]).encode()).hexdigest()[:16]
    kept = {"version": version, "shell": reverse("fieldwork:app"), "files": files}
    text = f"self.KEPT = {json.dumps(kept)};\n{source}"
    response = HttpResponse(text, content_type="text/javascript; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    response["Service-Worker-Allowed"] = reverse("fieldwork:app")
    return response


@require_GET
@public
def web_manifest(request: HttpRequest) -> HttpResponse:
    """Return what a phone needs to put the app on its first screen."""
    start = reverse("fieldwork:app")
    return JsonResponse(
        {
            "id": start,
            "name": _("江城移动端"),
            "short_name": _("江城"),
            "lang": "zh-CN",
            "start_url": start,
            "scope": start,
            "display": "standalone",
            "background_color": "#f3f6f6",
            "theme_color": THEME,
            "icons": [
                {
                    "src": static(icon),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": "any maskable",
                }
                for icon, size in zip(ICONS, (192, 512), strict=True)
            ],
        },
        content_type="application/manifest+json",
    )


def _folder() -> pathlib.Path:
    return pathlib.Path(str(settings.DJANGO_VITE["default"]["manifest_path"])).parent


def _built() -> dict[str, Any]:
    try:
        text = (_folder() / "manifest.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    return dict(json.loads(text))


def _files(built: dict[str, Any], entry: str) -> list[str]:
    """Return what an entry loads first: its file, its styles, what it imports."""
    if entry not in built:
        return []
    item = built[entry]
    found = [item["file"], *item.get("css", [])]
    for name in item.get("imports", []):
        found += [path for path in _files(built, name) if path not in found]
    return found
