"""The audit trail."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries, services

AUDIT_PAGE = 50


@require_GET
@services.requires("audit.view")
def audit(request: HttpRequest) -> HttpResponse:
    """Show the audit trail, latest first."""
    filters = {name: request.GET.get(name, "").strip() for name in ("actor", "action", "object_id")}
    page = Paginator(queries.audit_entries(**filters), AUDIT_PAGE).get_page(request.GET.get("page"))
    return render(request, "access/audit.html", {"page": page, "filters": filters})


@require_POST
@services.requires("audit.view")
def audit_verify(request: HttpRequest) -> HttpResponse:
    """Check the whole chain and say whether it is sound."""
    report = services.verify_audit()
    context = {"report": report, "checked_at": services.received_at(request)}
    if request.headers.get("HX-Request") == "true":
        return render(request, "access/_verify.html", context)
    page = Paginator(queries.audit_entries(), AUDIT_PAGE).get_page(1)
    return render(request, "access/audit.html", {"page": page, "filters": {}, **context})
