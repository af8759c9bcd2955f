"""The life of a row: the same rules that move cases, with steps chained by hash."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.rules import GENESIS
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import Register, manifests
from jiangcheng.core.records import queries
from jiangcheng.core.records.models import Record, RecordStep
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Evidence


def act(
    *,
    record: Record,
    action: str,
    actor: User,
    now: dt.datetime,
    text: str = "",
    evidence: Sequence[Evidence] = (),
    files: Sequence[File[bytes]] = (),
    details: Mapping[str, Any] | None = None,
    seen: int | None = None,
    address: str = "",
) -> RecordStep:
    """Do one action on a row, and what the rooms hook to it: all of it, or nothing.

    Parameters
    ----------
    text
        What the person says: the reason, or the result.
    evidence, files
        Evidence that is already kept, and files to be kept with this step.
    details
        ``handler`` (primary key of a person), ``reason_code``, and what a room's hook reads.
    seen
        Sequence of the last step the person had on screen; a later one makes the action stale.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        If it may not be done; nothing has changed then.
    """
    declared = queries.register_of(record)
    given = dict(details or {})
    with transaction.atomic():
        rows = type(record)._default_manager.select_for_update(of=("self",))
        locked = rows.select_related("workflow", "region", "facility").get(pk=record.pk)
        item = _checked(locked, declared, action, actor, now, text, [*evidence, *files], given, seen)
        proof = [*evidence, *_kept(files, actor, now)]
        before = locked.state
        _moved(locked, item, given, now)
        locked._history_user = actor  # type: ignore[attr-defined]
        locked._history_date = now  # type: ignore[attr-defined]
        locked._change_reason = str(item["name_zh"])[:100]  # type: ignore[attr-defined]
        locked.save()
        step = write_step(
            declared, locked, action, before, actor, now, text=text.strip(), evidence=proof, details=given
        )
        access.record(
            actor=actor,
            action=f"records.{action}",
            object_type=declared.code,
            object_id=locked.number,
            before={"state": before},
            after={"state": locked.state, "step": step.sequence, "step_hash": step.hash},
            reason=step.text,
            address=address,
            at=now,
        )
        manifests.ask(
            f"record.{declared.code}.{action}",
            record_number=locked.number,
            actor=actor,
            now=now,
            details=given,
            text=text.strip(),
        )
    record.refresh_from_db()
    return step


def write_step(
    declared: Register,
    record: Record,
    action: str,
    from_state: str,
    actor: User | None,
    at: dt.datetime,
    *,
    text: str = "",
    evidence: Sequence[Evidence] = (),
    details: Mapping[str, Any] | None = None,
) -> RecordStep:
    """Append a step to a row's chain; part of the caller's transaction, which holds the row's lock."""
    last = (
        RecordStep.objects.filter(register=declared.code, number=record.number).order_by("-sequence").first()
    )
    definition = record.workflow.definition if record.workflow else None
    known = workflow.action(definition, action) if definition else None
    permission = known["permission"] if known else declared.change
    step = RecordStep(
        register=declared.code,
        number=record.number,
        sequence=last.sequence + 1 if last else 1,
        action=action,
        from_state=from_state,
        to_state=record.state,
        actor=actor,
        actor_role=access_queries.role_for(actor, permission, timezone.localdate(at)) if actor else "",
        at=at,
        text=text,
        details=dict(details or {}),
        due_at=record.due_at,
        previous_hash=last.hash if last else GENESIS,
    )
    step.hash = hash_of(step, evidence)
    step.save()
    step.evidence.add(*evidence)
    return step


def verify_steps() -> access.ChainReport:
    """Recompute the chains of all rows of all registers and compare them with what is stored."""
    checked, key, previous, expected = 0, ("", ""), GENESIS, 1
    chain = RecordStep.objects.order_by("register", "number", "sequence").prefetch_related("evidence")
    for step in chain.iterator(chunk_size=500):
        if (step.register, step.number) != key:
            key, previous, expected = (step.register, step.number), GENESIS, 1
        name = f"{step.register}/{step.number}/{expected}"
        if step.sequence != expected:
            return access.ChainReport(checked, name, "missing")
        if step.previous_hash != previous:
            return access.ChainReport(checked, name, "relinked")
        if hash_of(step, step.evidence.all()) != step.hash:
            return access.ChainReport(checked, name, "changed")
        previous, expected, checked = step.hash, expected + 1, checked + 1
    return access.ChainReport(checked)


def _checked(
    record: Record,
    declared: Register,
    action: str,
    actor: User,
    now: dt.datetime,
    text: str,
    things: Sequence[Evidence | File[bytes]],
    details: Mapping[str, Any],
    seen: int | None,
) -> Mapping[str, Any]:
    """Return the action, or raise Refused."""
    if record.withdrawn_at is not None:
        raise Refused("withdrawn")
    if record.workflow is None:
        raise Refused("unknown_action")
    if seen is not None:
        last = queries.steps(register=declared.code, number=record.number).last()
        if last is not None and last.sequence != seen:
            raise Refused("stale")
    on = timezone.localdate(now)
    definition = record.workflow.definition
    attempt = dataclasses.replace(
        queries.attempt(record=record, action=action, user=actor, on=on),
        text=text,
        photos=sum(map(_is_photo, things)),
        details=details,
    )
    if reasons := workflow.may(definition, record.state, action, attempt):
        raise Refused(*reasons)
    item = workflow.action(definition, action)
    assert item is not None
    if "handler_required" in item["guards"]:
        fit = {person.pk for person in queries.candidates(record=record, action=action, on=on)}
        if details["handler"] not in fit:
            raise Refused("handler_unfit")
    return item


def _moved(record: Record, item: Mapping[str, Any], details: Mapping[str, Any], now: dt.datetime) -> None:
    assert record.workflow is not None
    definition = record.workflow.definition
    if "handler_required" in item["guards"]:
        record.handler_id = details["handler"]
    if item["to"] == record.state:
        # What stays in its state keeps its clock.
        return
    record.state, record.state_at = item["to"], now
    state = workflow.state(definition, record.state)
    if not state.get("keeps_due"):
        calendar = workflow.working_calendar()
        record.due_at = workflow.due_at(definition, record.state, queries.SEVERITY, now, calendar)
    record.closed_at = now if state.get("final") else None


def _is_photo(thing: Evidence | File[bytes]) -> bool:
    if isinstance(thing, Evidence):
        return thing.kind == "photo"
    thing.seek(0)
    return registry.media_type(thing.read(16)).startswith("image/")


def _kept(files: Iterable[File[bytes]], actor: User, now: dt.datetime) -> list[Evidence]:
    try:
        return [registry.store_evidence(file=file, actor=actor, at=now) for file in files]
    except registry.EvidenceRefused as error:
        raise Refused(f"evidence_{error.code}") from error


def hash_of(step: RecordStep, evidence: Iterable[Evidence]) -> str:
    """Return the hash of a step: of everything it says and of the step before it."""
    content = {
        "register": step.register,
        "number": step.number,
        "sequence": step.sequence,
        "action": step.action,
        "from_state": step.from_state,
        "to_state": step.to_state,
        "actor": step.actor_id,
        "actor_role": step.actor_role,
        "at": step.at,
        "text": step.text,
        "details": step.details,
        "evidence": sorted(item.sha256 for item in evidence),
        "due_at": step.due_at,
    }
    return workflow.step_hash(step.previous_hash, content)
