"""Delivery over HTTP: ``POST /api/ingest/<MN>`` with a token of the device.

The body is JSON, ``{"rows": [...]}``, or raw HJ 212 (``text/plain`` or ``application/octet-stream``). It is in
the journal, on disk, before the answer goes out: 202 with the numbers of frames and of the last entry. What is
refused says why: 401 token, 413 size, 415 kind of content, 422 faults by row, field and rule, 429 rate, 503 disk.
"""

from __future__ import annotations

import time

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from jiangcheng.core.access import services as access
from jiangcheng.gateway import devices, inlets
from jiangcheng.gateway import journal as journals
from jiangcheng.gateway.limits import Bucket
from jiangcheng.gateway.models import DeviceToken

RAW = ("text/plain", "application/octet-stream")
_buckets: dict[int, Bucket] = {}


@csrf_exempt
@require_POST
@access.public
def deliver(request: HttpRequest, mn: str) -> HttpResponse:
    """Take a delivery in. Anybody may call; only a device's own token opens."""
    now = access.received_at(request)
    shown = request.headers.get("Authorization", "")
    token = None
    if shown.startswith("Bearer "):
        token = devices.token_of(mn=mn, text=shown.removeprefix("Bearer ").strip(), now=now)
    if token is None:
        return _refused(401, "Authorization", "token", headers={"WWW-Authenticate": "Bearer"})
    bounds = inlets.bounds(access.received_date(request))
    if delay := _delay(token, bounds):
        return _refused(429, "", "rate", headers={"Retry-After": str(int(delay) + 1)})
    body = _body(request, bounds.bytes)
    if body is None:
        return _refused(413, "body", f"at_most:{bounds.bytes}")
    reader = inlets.Reader(peer=f"http:{request.META.get('REMOTE_ADDR', '')}", now=now)
    try:
        entries = _entries(reader, token, request.content_type or "", body, bounds)
        last = inlets.keep(entries)
    except inlets.Refused as error:
        return JsonResponse({"errors": error.as_list()}, status=422)
    except _WrongContent:
        return _refused(415, "Content-Type", "json_or_hj212")
    except journals.JournalError:
        return _refused(503, "", "journal", headers={"Retry-After": "5"})
    return JsonResponse({"frames": len(entries), "journal": last}, status=202)


class _WrongContent(Exception):  # noqa: N818
    pass


def _delay(token: DeviceToken, bounds: inlets.Bounds) -> float:
    """Return the seconds after which the sender may try again, 0 where it may now."""
    now = time.monotonic()
    bucket = _buckets.setdefault(
        token.pk,
        Bucket.full(rate=bounds.requests_per_minute / 60, size=bounds.requests_at_once, now=now),
    )
    delay = bucket.draw(1.0, now)
    if delay:
        # What is refused is not paid for.
        bucket.level += 1.0
    return delay


def _body(request: HttpRequest, largest: int) -> bytes | None:
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > largest:
        return None
    body = request.read(largest + 1)
    return body if len(body) <= largest else None


def _entries(
    reader: inlets.Reader, token: DeviceToken, kind: str, body: bytes, bounds: inlets.Bounds
) -> list[journals.Entry]:
    if kind in RAW:
        return reader.frames(body, mn=token.device.mn)
    if kind != "application/json":
        raise _WrongContent
    return reader.rows(token.device, inlets.rows_of(body, bounds))


def _refused(status: int, field: str, rule: str, *, headers: dict[str, str] | None = None) -> JsonResponse:
    fault = inlets.Fault(0, field, rule)
    return JsonResponse({"errors": [fault.as_dict()]}, status=status, headers=headers)
