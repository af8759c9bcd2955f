"""The home page, the one map, the live stream, and what operators watch."""

from __future__ import annotations

import ipaddress

from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access import services as access
from jiangcheng.core.portal import queries, services
from jiangcheng.core.portal.services import stream
from jiangcheng.core.portal.views.shell import permissions_of

LONGEST_ID = 18
"""Digits of an event's id that fits into 64 bits."""

TOO_MANY_STREAMS = 6
"""Open streams of one person. Browsers keep six connections to a host under HTTP/1.1."""

PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Proto", "X-Real-IP", "Via")

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@require_GET
@access.requires("portal.view")
def home(request: HttpRequest) -> HttpResponse:
    """The state of the city on one page; its cards come from the manifests."""
    permissions = permissions_of(request)
    slots = {
        slot: [reverse(card.url_name) for card in queries.home_cards(slot=slot, permissions=permissions)]
        for slot in ("targets", "centre", "side", "below")
    }
    return render(request, "portal/home.html", slots)


@require_GET
@access.requires("portal.view")
def one_map(request: HttpRequest) -> HttpResponse:
    """Everything that has a place, on one map."""
    return render(request, "portal/map.html")


@require_GET
@access.requires("portal.view")
def map_layers(request: HttpRequest) -> JsonResponse:
    """The layers of the map the person may see, in drawing order."""
    language = get_language() or ""
    layers = [
        {
            "code": layer.code,
            "name": layer.names.in_language(language),
            "url": reverse(layer.url_name),
            "geometry": layer.geometry,
            "timed": layer.timed,
            "visible": layer.visible,
            "order": layer.order,
        }
        for layer in queries.map_layers(permissions=permissions_of(request))
    ]
    return JsonResponse({"layers": layers})


@require_GET
@access.requires("portal.view")
async def live(request: HttpRequest) -> HttpResponseBase:
    """What just happened, as server-sent events; ``Last-Event-ID`` goes on where a reader stopped."""
    user = await request.auser()
    if stream.open_streams(user.pk or 0) >= TOO_MANY_STREAMS:
        return HttpResponse(_("打开的页面太多，请关闭几个再看实时动态。"), status=429)
    last = request.headers.get("Last-Event-ID", "")
    body = stream.follow(
        user=user,
        on=access.received_date(request),
        language=get_language() or "",
        after=int(last) if last.isascii() and last.isdigit() and len(last) <= LONGEST_ID else None,
    )
    return StreamingHttpResponse(
        body,
        content_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


@require_GET
@access.public
def health(request: HttpRequest) -> JsonResponse:
    """Tell a load balancer whether this process can answer: 200, or 503 when the database does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"status": "database unreachable"}, status=503)
    return JsonResponse({"status": "ok"})


@require_GET
@access.public
def metrics(request: HttpRequest) -> HttpResponse:
    """Numbers for Prometheus: to this machine without log-in, to others with ``portal.metrics``."""
    if not _from_this_machine(request) and "portal.metrics" not in permissions_of(request):
        return HttpResponseForbidden()
    return HttpResponse("".join(f"{line}\n" for line in services.metrics.lines()), content_type=METRICS_TYPE)


def _from_this_machine(request: HttpRequest) -> bool:
    # Behind a proxy every request comes from a loopback address; a header of the proxy gives it away.
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    try:
        return ipaddress.ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:
        return False
