"""What the registers hold about one facility, and the facilities a form may choose from."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.html import format_html_join
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_date, requires
from jiangcheng.core.manifest import manifests
from jiangcheng.core.records import queries
from jiangcheng.core.records.views import wording
from jiangcheng.core.registry import queries as registry

LATEST = 5
OPTIONS = 20


@require_GET
@requires("registry.view")
def facility_card(request: HttpRequest, code: str) -> HttpResponse:
    """Show the registers that hold rows of a facility, with the latest ones."""
    on, user = received_date(request), person(request)
    scope = access.scope(user, "registry.view", on)
    facility = get_object_or_404(registry.facilities(scope=scope), code=code)
    held = access.permissions_of(user, on)
    found = []
    for declared in manifests.registers().values():
        if not declared.on_file or declared.view not in held:
            continue
        rows = queries.visible(register=declared.code, user=user, on=on).filter(
            facility=facility, withdrawn_at=None
        )
        if count := rows.count():
            latest = [(row, wording.state_of(row)) for row in rows[:LATEST]]
            name = wording.name_of(declared)
            found.append({"register": declared, "name": name, "count": count, "latest": latest})
    return render(request, "records/_facility.html", {"facility": facility, "found": found})


@require_GET
@requires("registry.view")
def facility_options(request: HttpRequest) -> HttpResponse:
    """Return the facilities whose name or code holds what was typed, as options."""
    sought = request.GET.get("facility", request.GET.get("q", "")).strip()
    scope = access.scope(request.user, "registry.view", received_date(request))
    rows = registry.facilities(scope=scope)
    if sought:
        rows = rows.filter(
            Q(name_zh__icontains=sought) | Q(name_en__icontains=sought) | Q(code__startswith=sought)
        )
    options = ((row.code, wording.as_text(row)) for row in rows[:OPTIONS])
    return HttpResponse(format_html_join("", '<option value="{}">{}</option>', options))
