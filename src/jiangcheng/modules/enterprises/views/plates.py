"""What the code of a plate opens: for anybody, for officials, for the plant itself; and the public lists."""

from __future__ import annotations

import io
from urllib.parse import urlencode

import segno
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import person, public, received_at, received_date, requires
from jiangcheng.core.registry import queries as registry
from jiangcheng.modules.enterprises import queries, rules, services
from jiangcheng.modules.enterprises.models import ListEntry, Plate
from jiangcheng.modules.enterprises.views.file import field_document, readable
from jiangcheng.modules.enterprises.views.wording import verdicts

PAGE = 100
PNG_SCALE = 12
"""Pixels per module."""


@require_GET
@public
def plate(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a plate says; officials and the plant itself see more. Every look is logged."""
    found = services.verify(token=token)
    if not _logged(request, found):
        return HttpResponse(
            _("查询太频繁，请稍后再试。"), status=429, content_type="text/plain; charset=utf-8"
        )
    on = received_date(request)
    facility = found.facility if found.code == "valid" else None
    text, notice = verdicts()[found.code]
    context = {"verdict": found, "text": text, "notice": notice, "facility": facility, "official": False}
    if facility is not None:
        reader = request.user if isinstance(request.user, User) else None
        official = reader is not None and _reaches(reader, facility.code, request)
        context |= {
            "label": registry.labels(facility=facility, on=on).get("colour"),
            "permit": queries.permit_on(facility=facility, on=on),
            "entries": queries.list_entries(facility=facility, on=on),
            "official": official,
            "may_check": official and reader is not None and _may_check(reader, request),
            "report_url": f"{reverse('participation:report')}?{urlencode({'plate': token})}",
            "cases": queries.visible_cases(facility=facility)[:20] if official else [],
        }
    return render(request, "enterprises/plate.html", context, status=200 if facility else 404)


@require_GET
@requires("enterprises.view")
def plate_json(request: HttpRequest, token: str) -> JsonResponse:
    """Return what the field application shows of the plant whose plate was scanned."""
    found = services.verify(token=token)
    if not _logged(request, found):
        return JsonResponse({"status": "too_many"}, status=429)
    if found.code != "valid" or found.facility is None:
        return JsonResponse(
            {"status": found.code, "facility": None, "colour": "", "checklist": []}, status=404
        )
    facility = readable(request, found.facility.code)
    return JsonResponse(field_document(request, facility, found.code))


@require_GET
@public
def plate_keys(request: HttpRequest) -> JsonResponse:
    """Return the public keys: base64url of 32 bytes, Ed25519."""
    return JsonResponse({"algorithm": "Ed25519", "keys": services.public_keys()})


@require_GET
@public
def revocations(request: HttpRequest) -> JsonResponse:
    """Return the signed list of revoked plates."""
    return JsonResponse(services.revocations(at=received_at(request)))


@require_GET
@requires("registry.view")
def plate_svg(request: HttpRequest, code: str, serial: int) -> HttpResponse:
    """Return the QR code of a plate as SVG."""
    item = get_object_or_404(Plate, facility=readable(request, code), serial=serial)
    address = request.build_absolute_uri(reverse("enterprises:plate", args=[item.token]))
    image = io.BytesIO()
    segno.make(address, error="m").save(image, kind="svg", scale=6, svgclass=None, lineclass=None)
    return HttpResponse(image.getvalue(), content_type="image/svg+xml")


@require_GET
@requires("registry.view")
def plate_png(request: HttpRequest, code: str, serial: int) -> HttpResponse:
    """Return the QR code of a plate as PNG, large enough for print."""
    item = get_object_or_404(Plate, facility=readable(request, code), serial=serial)
    address = request.build_absolute_uri(reverse("enterprises:plate", args=[item.token]))
    image = io.BytesIO()
    segno.make(address, error="m").save(image, kind="png", scale=PNG_SCALE)
    response = HttpResponse(image.getvalue(), content_type="image/png")
    response["Content-Disposition"] = f'attachment; filename="plate-{code}-{serial}.png"'
    return response


@require_GET
@requires("registry.view")
def plate_print(request: HttpRequest, code: str, serial: int) -> HttpResponse:
    """Show a plate to be printed."""
    facility = readable(request, code)
    item = get_object_or_404(Plate, facility=facility, serial=serial)
    return render(request, "enterprises/plate_print.html", {"facility": facility, "plate": item})


@require_GET
@public
def lists(request: HttpRequest) -> HttpResponse:
    """Show the lists to anybody; ``?list=`` chooses."""
    on = received_date(request)
    asked = request.GET.get("list", "")
    chosen = asked if asked in ListEntry.List.values else ListEntry.List.POSITIVE.value
    found = queries.public_list(list_code=chosen, on=on)
    context = {
        "page": Paginator(found, PAGE).get_page(request.GET.get("page")),
        "chosen": chosen,
        "choices": ListEntry.List.choices,
        "policies": queries.policies(list_code=chosen, on=on),
        "source": rules.in_force("lists", on)["source"],
    }
    return render(request, "enterprises/lists.html", context)


def _reaches(reader: User, code: str, request: HttpRequest) -> bool:
    scope = queries.reach(user=reader, on=received_date(request))
    return registry.facilities(scope=scope).filter(code=code).exists()


def _may_check(reader: User, request: HttpRequest) -> bool:
    return "enterprises.view" in access.permissions_of(reader, received_date(request))


def _logged(request: HttpRequest, found: services.Verdict) -> bool:
    try:
        services.log_scan(
            verdict=found,
            user=person(request) if isinstance(request.user, User) else None,
            at=received_at(request),
            address=request.META.get("REMOTE_ADDR", ""),
            longitude=_degrees(request.GET.get("longitude", ""), 180),
            latitude=_degrees(request.GET.get("latitude", ""), 90),
        )
    except services.TooManyScans:
        return False
    return True


def _degrees(text: str, most: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if abs(value) <= most else None
