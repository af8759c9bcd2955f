"""The JSON doors of the field app. Errors are problem documents (RFC 9457) that name field and rule."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import json
import math
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import File
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    JsonResponse,
)
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.services import person, received_at, received_date, requires
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.cases.models import Case, CaseStep
from jiangcheng.core.records import queries as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.rules import MAX_EVIDENCE_BYTES
from jiangcheng.modules.fieldwork import queries, rules, services

MAX_BODY = 2 * 2**20
"""Bytes of one JSON document."""
CHUNK = 2**16
SPOOLED = 2**20
VERSION = "1"
"""Of the answers of these doors; a phone that knows another one asks for its update."""


def answers_problems(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Turn refusals into problem documents, and the way to the log-in page into 401."""

    @functools.wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response = view(request, *args, **kwargs)
        except services.Rejected as error:
            return _problem(error)
        except PermissionDenied:
            return _problem(services.Rejected(403, "permission", "permission"))
        except Http404:
            return _problem(services.Rejected(404, "address", "unknown"))
        away = response.status_code in (302, 401)
        return _problem(services.Rejected(401, "session", "log_in")) if away else response

    return wrapped


@answers_problems
@require_GET
@requires("fieldwork.use")
def bootstrap(request: HttpRequest) -> HttpResponseBase:
    """Return all a phone needs for a day without a network; 304 where it has it already."""
    user, on = person(request), received_date(request)
    cells = queries.own_cells(user=user, on=on)
    plants = queries.near_facilities(user=user, cells=cells, on=on)
    limits = rules.limits(on)
    content = {
        "version": VERSION,
        "person": {"id": user.pk, "username": user.get_username(), "name": str(user)},
        "permissions": sorted(access.permissions_of(user, on)),
        "cells": [{**_names(cell), "code": cell.code, "boundary": queries.outline(cell)} for cell in cells],
        "facilities": [
            {**_names(plant), "code": plant.code, "longitude": plant.longitude, "latitude": plant.latitude}
            for plant in plants
        ],
        "checklists": {plant.code: _checklist(plant.code, on) for plant in plants[: queries.MOST_CHECKLISTS]},
        "cases": [
            *_tasks(queries.tasks(user=user, on=on), on),
            *(_row(row, actions) for row, actions in queries.field_rows(user=user, on=on)),
        ],
        "todo": [_plain(item) for item in queries.todo(user=user, now=received_at(request))],
        "limits": {"photos": limits.photos, "near_metres": limits.near_metres, "text": limits.text_length},
    }
    text = json.dumps(content, ensure_ascii=False, default=_written)
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    token = get_token(request)
    headers = {"ETag": tag, "X-CSRF-Token": token, "X-Server-Time": received_at(request).isoformat()}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(text, content_type="application/json", headers=headers)


@answers_problems
@require_GET
@requires("fieldwork.use")
def place(request: HttpRequest) -> HttpResponseBase:
    """Return the grid cell of a point and the nearest plant the person may see."""
    on = received_date(request)
    longitude, latitude = _degrees(request, "lon", 180), _degrees(request, "lat", 90)
    cell = registry.leaf_grid(longitude, latitude, on)
    near = queries.nearest(
        found=queries.facilities(user=person(request), on=on),
        longitude=longitude,
        latitude=latitude,
        within=rules.limits(on).near_metres,
    )
    return JsonResponse(
        {
            "cell": {**_names(cell), "code": cell.code} if cell else None,
            "facility": {**_names(near), "code": near.code} if near else None,
        }
    )


@answers_problems
@require_GET
@requires("fieldwork.use")
def checklist(request: HttpRequest, code: str) -> HttpResponseBase:
    """Return the check list of a plant the person may see."""
    on = received_date(request)
    plant = queries.facilities(user=person(request), on=on).filter(code=code).first()
    if plant is None:
        raise Http404
    return JsonResponse({"facility": {**_names(plant), "code": code}, "checklist": _checklist(code, on)})


@answers_problems
@require_http_methods(["GET", "HEAD"])
@requires("fieldwork.use")
def photo(request: HttpRequest, sha256: str) -> HttpResponseBase:
    """Tell whether an original of this person is here already."""
    if not queries.own_photos(user=person(request), digests=[sha256]):
        raise Http404
    return JsonResponse({"sha256": sha256})


@answers_problems
@require_POST
@requires("fieldwork.use")
def photos(request: HttpRequest) -> HttpResponseBase:
    """Keep the raw bytes of an original; ``X-SHA256`` says what they have to be."""
    _same_person(request)
    meta = _header_json(request, "X-Meta")
    with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as spool:
        size = 0
        while chunk := request.read(CHUNK):
            size += len(chunk)
            if size > MAX_EVIDENCE_BYTES:
                raise services.Rejected(413, "photo", "evidence_too_large")
            spool.write(chunk)
        spool.seek(0)
        kept = services.keep_photo(
            file=File(spool, name="photo"),
            sha256=request.headers.get("X-SHA256", "").lower(),
            user=person(request),
            now=received_at(request),
            longitude=_within(meta.get("longitude"), 180),
            latitude=_within(meta.get("latitude"), 90),
            accuracy=_within(meta.get("accuracy"), 1e7),
            taken_at=services.instant(meta.get("taken_at")),
        )
    return JsonResponse({"sha256": kept.sha256, "size": kept.size}, status=201)


@answers_problems
@require_POST
@requires("fieldwork.use")
def submit(request: HttpRequest, kind: str) -> HttpResponseBase:
    """Take one thing; ``Idempotency-Key`` tells it from its repetitions."""
    if kind not in services.KINDS:
        raise Http404
    _same_person(request)
    item = {
        "key": request.headers.get("Idempotency-Key", ""),
        "kind": kind,
        "body": _document(request),
        "clock": _header_json(request, "X-Clock"),
    }
    return JsonResponse(_taken(request, item, received_at(request)), status=201)


@answers_problems
@require_POST
@requires("fieldwork.use")
def batch(request: HttpRequest) -> HttpResponseBase:
    """Take several things, each for itself: one that is refused holds up no other."""
    _same_person(request)
    items = _document(request).get("items")
    if not isinstance(items, list):
        raise services.Rejected(422, "items", "type")
    if len(items) > rules.limits(received_date(request)).batch_items:
        raise services.Rejected(413, "items", "too_many")
    # Cases tell reports of one person apart by their instant, so each item of a batch has its own.
    now, tick = received_at(request), dt.timedelta(microseconds=1)
    taken = [_attempted(request, item, now + index * tick) for index, item in enumerate(items)]
    return JsonResponse({"items": taken})


@answers_problems
@require_GET
@requires("fieldwork.use")
def patrols(request: HttpRequest) -> HttpResponseBase:
    """Return the latest patrols of the person, and of the people whose chief they are."""
    found = queries.patrols(user=person(request), on=received_date(request)).select_related("user")[:50]
    rows = [
        {"key": str(row.key), "person": str(row.user), "own": row.user_id == person(request).pk,
         "started_at": row.started_at, "stopped_at": row.stopped_at}
        for row in found
    ]  # fmt: skip
    return JsonResponse({"patrols": rows})


@answers_problems
@require_GET
@requires("fieldwork.use")
def patrol(request: HttpRequest, key: uuid.UUID) -> HttpResponseBase:
    """Return the trace of a patrol the person may see; a chief's look is audited."""
    row = queries.patrols(user=person(request), on=received_date(request)).filter(key=key).first()
    if row is None:
        raise Http404
    services.note_trace_read(patrol=row, reader=person(request), now=received_at(request))
    fields = ("at", "longitude", "latitude", "accuracy")
    return JsonResponse({"key": str(row.key), "points": list(row.points.order_by("at").values(*fields))})


def _attempted(request: HttpRequest, item: Any, now: dt.datetime) -> dict[str, Any]:
    key = str(item.get("key", "")) if isinstance(item, dict) else ""
    try:
        if not isinstance(item, dict) or item.get("kind") not in services.KINDS:
            raise services.Rejected(422, "kind", "unknown")
        return {"key": key, "status": 201, "answer": _taken(request, item, now)}
    except services.Rejected as error:
        return {"key": key, "status": error.status, "problem": _details(error)}


def _taken(request: HttpRequest, item: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    body, clock = item.get("body"), item.get("clock") or {}
    if not isinstance(body, dict) or not isinstance(clock, dict):
        raise services.Rejected(422, "body", "type")
    try:
        key = uuid.UUID(str(item.get("key", "")))
    except ValueError as error:
        raise services.Rejected(422, "key", "required") from error
    age = clock.get("age")
    try:
        return services.submit(
            key=key,
            user=person(request),
            kind=str(item["kind"]),
            body=body,
            clock=rules.Clock(
                claimed_at=services.instant(clock.get("claimed_at")),
                sent_at=services.instant(clock.get("sent_at")),
                age=float(age) if isinstance(age, int | float) and not isinstance(age, bool) else None,
            ),
            now=now,
        )
    except ValidationError as error:
        raise services.Rejected(422, "body", "refused") from error


def _same_person(request: HttpRequest) -> None:
    """Refuse what one person wrote down where another is logged in now; the phone keeps it."""
    writer = request.headers.get("X-Person", "")
    if writer and writer != str(person(request).pk):
        raise services.Rejected(401, "session", "other_person")


def _document(request: HttpRequest) -> dict[str, Any]:
    raw = request.read(MAX_BODY + 1)
    if len(raw) > MAX_BODY:
        raise services.Rejected(413, "body", "too_large")
    try:
        found = json.loads(raw, parse_constant=_no_constant)
    except ValueError as error:
        raise services.Rejected(400, "body", "json") from error
    if not isinstance(found, dict):
        raise services.Rejected(422, "body", "type")
    return found


def _no_constant(name: str) -> float:
    raise ValueError(name)


def _header_json(request: HttpRequest, name: str) -> dict[str, Any]:
    """Return a small JSON object of a header; what is none counts as missing, for it only adds."""
    try:
        found = json.loads(request.headers.get(name, "{}"), parse_constant=_no_constant)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _within(value: object, most: float) -> float | None:
    fits = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most
    return float(value) if fits else None  # type: ignore[arg-type]


def _degrees(request: HttpRequest, name: str, most: float) -> float:
    try:
        value = float(request.GET.get(name, ""))
    except ValueError as error:
        raise services.Rejected(422, name, "required") from error
    if not math.isfinite(value) or abs(value) > most:
        raise services.Rejected(422, name, "range")
    return value


def _problem(error: services.Rejected) -> HttpResponse:
    response = JsonResponse(_details(error), status=error.status, content_type="application/problem+json")
    if error.status == 429:
        response["Retry-After"] = "60"
    return response


def _details(error: services.Rejected) -> dict[str, Any]:
    details = {
        "type": "about:blank",
        "title": ", ".join(error.rules),
        "status": error.status,
        "errors": [{"field": error.field, "rule": rule} for rule in error.rules],
    }
    return {**details, "state": error.state} if error.state else details


def _tasks(found: list[tuple[Case, list[cases.AvailableAction]]], on: dt.date) -> Iterator[dict[str, Any]]:
    """Yield the cases as the phone shows them, each with its history: off line nothing can be asked for."""
    histories = queries.histories(case for case, _ in found)
    # Most cases of a desk lie in few areas, and the holders of a permission are the same in all of one area.
    fit: dict[tuple[int | None, int | None], list[User]] = {}
    for case, actions in found:
        task = _task(case, actions, histories[case.pk])
        if any("handler_required" in action.needs for action in actions):
            area = (case.region_id, case.facility_id)
            people = fit[area] = fit.get(area) or cases.candidates(case=case, on=on)
            task["candidates"] = [{"id": one.pk, "name": str(one)} for one in people]
        if any(action.code == "dispatch" for action in actions):
            proposed = cases.propose_handler(case=case, on=on)
            task["proposed"] = proposed.pk if proposed else None
        yield task


def _task(case: Case, actions: list[cases.AvailableAction], steps: list[CaseStep]) -> dict[str, Any]:
    states = {state["code"]: state for state in case.workflow.definition["states"]}
    chosen = [dataclasses.asdict(action) for action in actions]
    task = {
        "number": case.number,
        "title_zh": case.title_zh,
        "title_en": case.title_en,
        "description": case.description,
        "severity": case.severity,
        "state_zh": states[case.state]["name_zh"],
        "state_en": states[case.state]["name_en"],
        "due_at": case.due_at,
        "longitude": case.longitude,
        "latitude": case.latitude,
        "seen": steps[-1].sequence if steps else 0,
        "page": reverse("cases:case", args=[case.number]),
        "actions": chosen,
        "history": [_step(case, step) for step in steps],
    }
    if any("reason_code" in action.needs for action in actions):
        task["reasons"] = case.workflow.definition["reason_codes"]
    return task


def _step(case: Case, step: CaseStep) -> dict[str, Any]:
    return {
        **case.workflow.names_of(step.action),
        "by": str(step.actor) if step.actor else "",
        "at": step.at,
        "text": step.text,
        "photos": [
            {
                "url": reverse("cases:evidence", args=[case.number, kept.pk]),
                "kind": kept.kind,
                "taken_at": kept.taken_at,
                "longitude": kept.longitude,
                "latitude": kept.latitude,
            }
            for kept in step.evidence.all()
        ],
    }


def _row(row: Record, actions: list[records.AvailableAction]) -> dict[str, Any]:
    """Return a row of a register in the form of a task, so that the phone shows and sends it like a case."""
    declared = records.register_of(row)
    assert row.workflow is not None
    states = {state["code"]: state for state in row.workflow.definition["states"]}
    shown = [
        f"{row._meta.get_field(name).verbose_name}：{_shown(row, name)}"  # type: ignore[union-attr]
        for name in declared.columns
        if name not in ("number", "state", *declared.personal) and _shown(row, name)
    ]
    task = {
        "number": row.number,
        "title_zh": f"{declared.names.zh} {row.number}",
        "title_en": f"{declared.names.en} {row.number}",
        "description": "\n".join(shown),
        "severity": records.SEVERITY,
        "state_zh": states[row.state]["name_zh"],
        "state_en": states[row.state]["name_en"],
        "due_at": row.due_at,
        "longitude": row.longitude,
        "latitude": row.latitude,
        "seen": queries.last_row_sequence(row),
        "page": reverse(f"records:{declared.code}-row", args=[row.number]),
        "actions": [dataclasses.asdict(action) for action in actions],
        "history": [],
    }
    if any("reason_code" in action.needs for action in actions):
        task["reasons"] = row.workflow.definition["reason_codes"]
    return task


def _shown(row: Record, name: str) -> str:
    value = getattr(row, f"get_{name}_display", lambda: getattr(row, name))()
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value).strftime("%m-%d %H:%M")
    return "" if value is None else str(value)


def _checklist(code: str, on: dt.date) -> list[dict[str, Any]]:
    return [_plain(item) for item in queries.checklist(facility_code=code, on=on)]


def _plain(item: Any) -> dict[str, Any]:
    return dataclasses.asdict(item)


def _names(thing: Any) -> dict[str, str]:
    return {"name_zh": thing.name_zh, "name_en": thing.name_en}


def _written(value: object) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)
