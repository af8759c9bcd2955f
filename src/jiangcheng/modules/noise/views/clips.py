"""Recordings: on the page of a case, as sound, and how they come in."""

from __future__ import annotations

import datetime as dt

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.registry.models import Station
from jiangcheng.modules.noise import queries, services
from jiangcheng.modules.noise.models import NoiseClip
from jiangcheng.modules.noise.views import wording
from jiangcheng.standards import periods

LISTEN = "noise.listen"


@require_GET
@requires(LISTEN)
def clips_card(request: HttpRequest, number: str) -> HttpResponse:
    """Show the recordings of a case to whoever sees the case and may listen."""
    seen = cases.visible(user=person(request), on=received_date(request))
    case = get_object_or_404(seen, number=number)
    context = {"clips": queries.clips_of(case=case), "settings": queries.clip_settings()}
    return render(request, "noise/_clips.html", context)


@require_GET
@requires(LISTEN)
def sound(request: HttpRequest, key: int) -> HttpResponse:
    """Return the sound of a recording whose station or case the person may see; who listens is noted."""
    user, on = person(request), received_date(request)
    clip = get_object_or_404(NoiseClip.objects.select_related("station", "case"), pk=key)
    points = queries.stations(on=on, scope=access.scope(user, LISTEN, on))
    by_case = clip.case is not None and cases.visible(user=user, on=on).filter(pk=clip.case.pk).exists()
    if not by_case and clip.station not in points:
        raise Http404
    try:
        content = services.listen(clip=clip, actor=user, at=received_at(request))
    except LookupError as error:
        raise Http404 from error
    response = HttpResponse(content, content_type="audio/wav")
    response["Content-Disposition"] = f'inline; filename="{clip.sha256}.wav"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@requires("noise.manage")
def upload_clip(request: HttpRequest, code: str) -> HttpResponse:
    """Keep a recording of a station."""
    on = received_date(request)
    points = queries.stations(on=on, scope=access.scope(request.user, "noise.manage", on))
    station = next((point for point in points if point.code == code), None)
    if station is None:
        raise Http404
    refused = _taken(request, station)
    if refused:
        messages.error(request, wording.clip_refused(refused))
    else:
        messages.success(request, _("录音已保存。"))
    return redirect("noise:station", code)


def _taken(request: HttpRequest, station: Station) -> str:
    """Keep the recording of a form and return the code of what is wrong with it, empty where nothing is."""
    file, starts_at = request.FILES.get("file"), _instant(request.POST.get("starts_at", ""))
    if file is None:
        return "missing"
    if starts_at is None:
        return "time"
    if (file.size or 0) > queries.clip_settings()["most_bytes"]:
        return "too_large"
    try:
        services.keep_clip(
            station=station,
            starts_at=starts_at,
            content=file.read(),
            actor=person(request),
            at=received_at(request),
            source_type=request.POST.get("source_type", ""),
        )
    except services.ClipRefused as error:
        return error.code
    return ""


def _instant(text: str) -> dt.datetime | None:
    try:
        found = parse_datetime(text.strip())
    except ValueError:
        return None
    return found.replace(tzinfo=periods.BEIJING) if found is not None and found.tzinfo is None else found
