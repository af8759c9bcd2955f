"""The operator's page: who is on the line, what arrives, and what could not be taken in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.gateway import queries, storage


@access.requires("gateway.view")
def status(request: HttpRequest) -> HttpResponse:
    """The whole page."""
    return render(request, "gateway/status.html", _context(request))


@access.requires("gateway.view")
def live(request: HttpRequest) -> HttpResponse:
    """The part of the page that is fetched again every few seconds."""
    return render(request, "gateway/_status.html", _context(request))


def _context(request: HttpRequest) -> dict[str, Any]:
    now = datetime.now(UTC)
    scope = access_queries.scope(request.user, "gateway.view", access.received_date(request))
    journal = storage.open_journal()
    try:
        return {
            "now": now,
            # What has no station lies in no area: it is shown to those who watch the whole city.
            "area_only": not scope.everything,
            "gateways": queries.gateways(now=now),
            "unregistered": queries.unregistered(limit=50),
            "faults": queries.faults(journal=journal, limit=30),
            "rejects": queries.rejects(limit=50),
            "devices": queries.devices(user=request.user, now=now, limit=50),
            "backlog": queries.backlog(journal=journal),
            "size": journal.size(),
        }
    finally:
        journal.close()
