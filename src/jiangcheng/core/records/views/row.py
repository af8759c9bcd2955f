"""One row: its facts, its life, its history, and what a person may do with it."""

from __future__ import annotations

import contextlib
import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponseBase,
    HttpResponseNotModified,
)
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from jiangcheng.core.access import queries as access
from jiangcheng.core.access import services as access_services
from jiangcheng.core.access.services import person, received_at, received_date
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import Register
from jiangcheng.core.records import queries, services
from jiangcheng.core.records.models import Record
from jiangcheng.core.records.views import forms, wording
from jiangcheng.core.registry.models import Evidence
from jiangcheng.core.registry.rules import SUFFIXES

MAX_FILES = 9
LONGEST_KEY = 18
STANDARD = ("region", "facility", "handler", "due_at", "created_at")


def page(request: HttpRequest, declared: Register, number: str) -> HttpResponseBase:
    """Show a row."""
    return render(request, "records/row.html", _context(request, declared, _found(request, declared, number)))


def new(request: HttpRequest, declared: Register) -> HttpResponseBase:
    """Show the form of a new row, and add it; nobody adds what only a rule can."""
    if not queries.by_hand(declared):
        raise Http404(declared.code)
    form = forms.form_for(declared, request)(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = forms.values_of(form)
        number = values.pop("number", "")
        try:
            record = services.create(
                register=declared.code,
                values=values,
                number=number,
                actor=person(request),
                at=received_at(request),
            )
        except ValidationError as error:
            _told(form, error)
        else:
            messages.success(request, _("已建档：%(number)s") % {"number": record.number})
            return redirect(f"records:{declared.code}-row", record.number)
    context = {"register": declared, "name": wording.name_of(declared), "form": form}
    status = 422 if request.method == "POST" else 200
    return render(request, "records/form.html", context, status=status)


def edit(request: HttpRequest, declared: Register, number: str) -> HttpResponseBase:
    """Show the form of a row, and change it."""
    record = _found(request, declared, number)
    if not queries.may_change(record=record, user=person(request), on=received_date(request)):
        raise PermissionDenied(number)
    form = forms.form_for(declared, request)(request.POST or None, instance=type(record)(**_plain(record)))
    if request.method == "POST" and form.is_valid():
        seen = request.POST.get("seen", "")
        try:
            services.change(
                record=record,
                values=forms.unchanged(record, form),
                actor=person(request),
                at=received_at(request),
                reason=request.POST.get("reason", "")[:100],
                seen=int(seen) if seen.isdecimal() and len(seen) <= LONGEST_KEY else None,
            )
        except ValidationError as error:
            _told(form, error)
        except Refused as refused:
            form.add_error(None, wording.refusal(refused.reasons))
        else:
            messages.success(request, _("已保存。"))
            return redirect(f"records:{declared.code}-row", number)
    context = {
        "register": declared,
        "name": wording.name_of(declared),
        "form": form,
        "record": record,
        "seen": queries.last_change(record),
    }
    return render(request, "records/form.html", context, status=422 if request.method == "POST" else 200)


def act(request: HttpRequest, declared: Register, number: str) -> HttpResponseBase:
    """Do an action on a row."""
    record = _found(request, declared, number)
    handler, seen = request.POST.get("handler", ""), request.POST.get("seen", "")
    details: dict[str, Any] = {}
    if _is_key(handler):
        details["handler"] = int(handler)
    if reason := request.POST.get("reason_code", ""):
        details["reason_code"] = reason[:40]
    with contextlib.suppress(ValueError):
        details["due"] = dt.date.fromisoformat(request.POST.get("due", "")).isoformat()
    try:
        services.act(
            record=record,
            action=request.POST.get("action", ""),
            actor=person(request),
            now=received_at(request),
            text=request.POST.get("text", "")[:4000].replace("\0", ""),
            files=request.FILES.getlist("files")[:MAX_FILES],
            details=details,
            seen=int(seen) if _is_key(seen) else None,
            address=str(request.META.get("REMOTE_ADDR", ""))[:64],
        )
    except Refused as refused:
        context = _context(request, declared, record, refused=wording.refusal(refused.reasons))
        return render(request, "records/row.html", context, status=409)
    messages.success(request, _("已办理。"))
    return redirect(f"records:{declared.code}-row", number)


def withdraw(request: HttpRequest, declared: Register, number: str) -> HttpResponseBase:
    """Withdraw a row."""
    record = _found(request, declared, number)
    if not queries.may_change(record=record, user=person(request), on=received_date(request)):
        raise PermissionDenied(number)
    try:
        services.withdraw(
            record=record,
            actor=person(request),
            at=received_at(request),
            reason=request.POST.get("reason", "")[:300],
        )
    except Refused as refused:
        messages.error(request, wording.refusal(refused.reasons))
    else:
        messages.success(request, _("已撤销，记录仍可查看。"))
    return redirect(f"records:{declared.code}-row", number)


def history(request: HttpRequest, declared: Register, number: str) -> HttpResponseBase:
    """Show what was changed in a row, when, by whom, and why."""
    record = _found(request, declared, number)
    open_personal = _may_read_personal(request, record)
    entries = list(record.past.select_related("history_user").order_by("-history_id")[:200])  # type: ignore[attr-defined]
    told = []
    for entry, before in zip(entries, [*entries[1:], None], strict=True):
        told.append({"entry": entry, "changes": _differences(declared, entry, before, open_personal)})
    if declared.personal and open_personal:
        _note_reading(request, declared, record)
    context = {"register": declared, "name": wording.name_of(declared), "record": record, "entries": told}
    return render(request, "records/history.html", context)


def evidence(request: HttpRequest, declared: Register, number: str, key: int) -> HttpResponseBase:
    """Return a file of a row's steps, as it came."""
    record = _found(request, declared, number)
    of_row = Evidence.objects.filter(
        pk=key, record_steps__register=declared.code, record_steps__number=record.number
    )
    kept = of_row.first()
    if kept is None:
        raise Http404
    tag = f'"{kept.sha256}"'
    if request.headers.get("If-None-Match") == tag:
        return HttpResponseNotModified(headers={"ETag": tag})
    response = FileResponse(kept.file.open("rb"), content_type=kept.content_type)
    kind = "inline" if kept.content_type.startswith("image/") else "attachment"
    response["Content-Disposition"] = f'{kind}; filename="{kept.sha256}{SUFFIXES.get(kept.content_type, "")}"'
    response["ETag"] = tag
    return response


def _found(request: HttpRequest, declared: Register, number: str) -> Record:
    seen = queries.visible(register=declared.code, user=person(request), on=received_date(request))
    found: Record = get_object_or_404(seen, number=number)
    return found


def _context(
    request: HttpRequest, declared: Register, record: Record, *, refused: str = ""
) -> dict[str, Any]:
    on, user, now = received_date(request), person(request), received_at(request)
    steps = list(queries.steps(register=declared.code, number=record.number))
    actions = queries.available_actions(record=record, user=user, on=on)
    wants_personal = request.GET.get("personal") == "1" and _may_read_personal(request, record)
    if wants_personal and declared.personal:
        _note_reading(request, declared, record)
    level, text = wording.clock_of(record, now)
    zh = wording.is_chinese()
    return {
        "register": declared,
        "name": wording.name_of(declared),
        "record": record,
        "state": wording.state_of(record),
        "clock": {"level": level, "text": text},
        "facts": _facts(declared, record, wants_personal),
        "may_open_personal": bool(declared.personal)
        and not wants_personal
        and _may_read_personal(request, record),
        "steps": [
            {
                "step": step,
                "action": wording.action_of(record, step.action),
                "state": wording.state_of(record, step.to_state),
            }
            for step in steps
        ],
        "seen": steps[-1].sequence if steps else 0,
        "actions": [
            {
                "action": action,
                "name": action.name_zh if zh else action.name_en,
                "candidates": queries.candidates(record=record, action=action.code, on=on)
                if "handler_required" in action.needs
                else (),
            }
            for action in actions
        ],
        "reasons": _reasons(record, zh),
        "may_change": queries.may_change(record=record, user=user, on=on),
        "cards": [reverse(name, args=[record.number]) for name in declared.cards],
        "refused": refused,
        "workflow": record.workflow,
    }


def _facts(declared: Register, record: Record, open_personal: bool) -> list[dict[str, Any]]:
    names = dict.fromkeys((*STANDARD[:2], *declared.columns, *declared.fields, *STANDARD[2:]))
    found = []
    for name in names:
        if name in ("number", "state"):
            continue
        hidden = name in declared.personal and not open_personal
        text = wording.shown(record, name)
        found.append(
            {
                "label": wording.label(declared, name),
                "text": ("***" if text else "") if hidden else text,
                "url": reverse("registry:facility", args=[record.facility.code])
                if name == "facility" and record.facility
                else "",
            }
        )
    return [fact for fact in found if fact["text"]]


def _reasons(record: Record, zh: bool) -> list[tuple[str, str]]:
    codes = record.workflow.definition.get("reason_codes", ()) if record.workflow else ()
    return [(item["code"], item["name_zh"] if zh else item["name_en"]) for item in codes]


def _differences(
    declared: Register, entry: Any, before: Any, open_personal: bool
) -> list[tuple[str, str, str]]:
    names = dict.fromkeys(
        (*declared.fields, "facility", "region", "state", "due_at", "handler", "withdrawn_at")
    )
    found = []
    for name in names:
        field = entry._meta.get_field(name)
        after, earlier = getattr(entry, field.attname), getattr(before, field.attname) if before else None
        if after == earlier:
            continue
        if name in declared.personal and not open_personal:
            found.append((wording.label(declared, name), "***" if earlier else "", "***"))
        else:
            shown = wording.as_text(getattr(before, name)) if before else ""
            found.append((wording.label(declared, name), shown, wording.as_text(getattr(entry, name))))
    return found


def _may_read_personal(request: HttpRequest, record: Record) -> bool:
    return access.may_read(
        request.user,
        "personal",
        received_date(request),
        region_code=record.region.code if record.region else "",
        facility_code=record.facility.code if record.facility else "",
    )


def _note_reading(request: HttpRequest, declared: Register, record: Record) -> None:
    access_services.read_personal(
        actor=person(request),
        object_type=declared.code,
        object_id=record.number,
        fields=declared.personal,
        reason=request.GET.get("reason", "")[:200],
        at=received_at(request),
        address=str(request.META.get("REMOTE_ADDR", ""))[:64],
    )


def _plain(record: Record) -> dict[str, Any]:
    """Return the stored values of a row, so that a form may write on a copy."""
    return {field.attname: getattr(record, field.attname) for field in record._meta.concrete_fields}


def _told(form: Any, error: ValidationError) -> None:
    told = error.message_dict if hasattr(error, "error_dict") else {"__all__": error.messages}
    for name, texts in told.items():
        form.add_error(name if name in form.fields else None, texts)


def _is_key(text: str) -> bool:
    return text.isdecimal() and len(text) <= LONGEST_KEY
