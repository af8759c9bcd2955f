"""The catalogue of the data centre."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.core.manifest import manifests
from jiangcheng.modules.network import queries
from jiangcheng.modules.network.rules.tables import in_force
from jiangcheng.modules.network.views.wording import named

VIEW = "network.view"


@require_GET
@requires(VIEW)
def catalogue(request: HttpRequest) -> HttpResponse:
    """List every dataset with owner, refresh, age and quality."""
    on, kind = received_date(request), request.GET.get("kind", "")
    held = access.permissions_of(person(request), on)
    registers = manifests.registers()
    lines = []
    for item in queries.datasets(on=on):
        if kind in ("", item.kind):
            opens = item.kind == "register" and registers[item.name].view in held
            url = reverse(f"records:{item.name}") if opens else ""
            lines.append((item, named(item.names), named(item.owner), url))
    context = {"lines": lines, "kind": kind, "basis": in_force("datasets", on)}
    return render(request, "network/catalogue.html", context)


@require_GET
@requires(VIEW)
def catalogue_json(request: HttpRequest) -> HttpResponse:
    """Return the catalogue for programs."""
    found = [_entry(item) for item in queries.datasets(on=received_date(request))]
    return JsonResponse({"datasets": found}, json_dumps_params={"ensure_ascii": False})


def _entry(item: queries.Dataset) -> dict[str, Any]:
    state = item.state
    return {
        "code": item.code, "name_zh": item.names.zh, "name_en": item.names.en, "owner_zh": item.owner.zh,
        "owner_en": item.owner.en, "refresh_days": item.refresh_days, "public": item.public,
        "rows": state.rows if state else None, "updated_at": state.last_at if state else None,
        "quality": state.score if state else None, "parts": state.parts if state else {},
        "computed_at": state.computed_at if state else None,
    }  # fmt: skip
