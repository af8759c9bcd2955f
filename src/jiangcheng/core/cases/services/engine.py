"""The one engine that moves every case: check, step, chain, audit, tell the screens."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.files.base import File
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.rules import GENESIS
from jiangcheng.core.cases import queries, rules
from jiangcheng.core.cases.models import Case, CaseStep, CaseTask
from jiangcheng.core.cases.services import notices, numbers
from jiangcheng.core.manifest import manifests
from jiangcheng.core.portal import services as portal
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Evidence

_DETAILS = {
    "handler_required": "handler",
    "reason_code": "reason_code",
    "hours_required": "hours",
    "target_required": "target",
    "case_required": "case",
    "due_required": "due",
}
"""The detail each guard asks for; what no guard asks for is not kept."""


class Refused(Exception):  # noqa: N818
    """An action was refused and nothing has changed.

    ``reasons`` are ``unknown_action``, ``state``, ``stale``, ``permission``, ``is_handler``,
    ``other_person``, ``found_by_machine``, ``text_required``, ``has_photo``, ``reason_code``,
    ``handler_required``, ``handler_unfit``, ``nothing_asked``, ``asked``, ``extensions_left``, ``tasks_done``,
    ``minor``, ``hours_required``, ``target_required``, ``case_required``, ``case_unfit``, ``due_required``,
    ``no_taker``, or ``evidence_`` and the code of ``EvidenceRefused``.
    """

    def __init__(self, *reasons: str) -> None:
        super().__init__(", ".join(reasons))
        self.reasons = reasons


def act(
    *,
    case: Case,
    action: str,
    actor: User,
    now: dt.datetime,
    text: str = "",
    evidence: Sequence[Evidence] = (),
    files: Sequence[File[bytes]] = (),
    details: Mapping[str, Any] | None = None,
    seen: int | None = None,
    address: str = "",
) -> CaseStep:
    """Do one action on a case: all of it, or nothing.

    Parameters
    ----------
    text
        What the person says: the reason, or the result.
    evidence
        Evidence that is already kept.
    files
        Files to be kept as evidence with this step.
    details
        ``handler`` (primary key of a person) for a dispatch or for help, ``reason_code`` for a false alarm,
        ``hours`` for more time, ``case`` (number) to merge into, ``target`` of a conversion, ``due`` (aware) of
        a supervision.
    seen
        Sequence of the last step the person had on screen; a later one makes the action stale.

    Raises
    ------
    Refused
        If it may not be done.
    """
    given = details or {}
    with transaction.atomic():
        # The lock makes simultaneous actors queue; the second then finds another state.
        locked = Case.objects.select_for_update(of=("self",)).select_related("workflow").get(pk=case.pk)
        last = locked.steps.order_by("-sequence").first()
        if seen is not None and last is not None and last.sequence != seen:
            raise Refused("stale")
        wanted = _checked(locked, action, actor, now, text, [*evidence, *files], given)
        proof = [*evidence, *kept(files, actor, now)]
        step = _step(locked, wanted, actor, now, text.strip(), proof, given)
        _follow_up(locked, wanted, step, actor, now)
        manifests.ask(
            f"case.acted.{locked.case_type}",
            case_number=locked.number,
            action=action,
            actor=actor,
            now=now,
            details=given,
            text=step.text,
        )
        _announce(locked, wanted, now)
        access.record(
            actor=actor,
            action=f"cases.{action}",
            object_type="case",
            object_id=locked.number,
            before={"state": step.from_state},
            after={"state": step.to_state, "step": step.sequence, "step_hash": step.hash},
            reason=step.text,
            address=address,
            at=now,
        )
    case.refresh_from_db()
    return step


def finish_task(
    *, task: CaseTask, actor: User, now: dt.datetime, text: str, files: Sequence[File[bytes]] = ()
) -> CaseTask:
    """Hand in one's share of a case.

    Raises
    ------
    Refused
        ``is_handler`` for anybody else, ``state`` if it is done or the case is over, ``text_required``.
    """
    if not text.strip():
        raise Refused("text_required")
    with transaction.atomic():
        case = Case.objects.select_for_update(of=("self",)).select_related("workflow").get(pk=task.case_id)
        locked = CaseTask.objects.select_for_update().get(pk=task.pk)
        if locked.person_id != actor.pk:
            raise Refused("is_handler")
        if locked.done_at is not None or case.closed_at is not None:
            raise Refused("state")
        proof = kept(files, actor, now)
        locked.done_at, locked.answer = now, text.strip()
        locked.save()
        locked.evidence.set(proof)
        item = {"code": "task_done", "to": case.state, "name_zh": "协办完成", "name_en": "Help given"}
        _written(case, item, case.state, actor, now, text.strip(), proof, {"task": locked.pk})
        notices.tell(
            case=case,
            kind="cases.answered",
            to=[case.handler],
            text_zh="协办已完成",
            text_en="Help was given",
            at=now,
        )
    task.refresh_from_db()
    return task


def split_case(*, case: Case, actor: User, now: dt.datetime, titles: Sequence[str]) -> list[Case]:
    """Open a case of its own for each of several matters reported as one; the first case goes on.

    Raises
    ------
    Refused
        ``permission``, ``state`` for a case that is over, ``text_required`` without titles.
    """
    wanted = [title.strip()[:200] for title in titles if title.strip()]
    if not wanted:
        raise Refused("text_required")
    with transaction.atomic():
        locked = Case.objects.select_for_update(of=("self",)).select_related("workflow").get(pk=case.pk)
        on = timezone.localdate(now)
        if "cases.dispatch" not in queries.permissions_on(case=locked, user=actor, on=on):
            raise Refused("permission")
        if locked.closed_at is not None:
            raise Refused("state")
        parts = [_part(locked, title, actor, now) for title in wanted]
        item = {"code": "split", "to": locked.state, "name_zh": "拆分", "name_en": "Split"}
        numbers = [part.number for part in parts]
        _written(locked, item, locked.state, actor, now, "；".join(wanted), (), {"cases": numbers})
        access.record(
            actor=actor,
            action="cases.split",
            object_type="case",
            object_id=locked.number,
            after={"cases": numbers},
            at=now,
        )
    return parts


def open_case(*, case: Case, actor: User | None, now: dt.datetime, evidence: Sequence[Evidence] = ()) -> None:
    """Save a new case with its first step; part of the caller's transaction."""
    definition = case.workflow.definition
    case.state = definition["initial"]
    case.opened_at = case.state_at = now
    calendar = rules.working_calendar()
    case.due_at = rules.due_at(definition, case.state, case.severity, now, calendar, case.terms)
    case.save()
    item = {"code": "report", "to": case.state, "name_zh": "上报", "name_en": "Report"}
    step = _written(case, item, "", actor, now, case.description, evidence, {})
    _announce(case, item, now)
    access.record(
        actor=actor,
        action="cases.report",
        object_type="case",
        object_id=case.number,
        after={"state": case.state, "step": step.sequence, "step_hash": step.hash},
        at=now,
    )


def verify_steps() -> access.ChainReport:
    """Recompute the chains of all cases and compare them with what is stored."""
    checked = 0
    for case in Case.objects.order_by("pk").iterator(chunk_size=500):
        previous, state = GENESIS, ""
        for expected, step in enumerate(queries.steps(case=case), start=1):
            name = f"{case.number}/{expected}"
            if step.sequence != expected:
                return access.ChainReport(checked, name, "missing")
            if step.previous_hash != previous or step.from_state != state:
                return access.ChainReport(checked, name, "relinked")
            if _hash(step, case.number, step.evidence.all()) != step.hash:
                return access.ChainReport(checked, name, "changed")
            previous, state, checked = step.hash, step.to_state, checked + 1
        if state != case.state:
            return access.ChainReport(checked, case.number, "cut")
    return access.ChainReport(checked)


def _checked(
    case: Case,
    action: str,
    actor: User,
    now: dt.datetime,
    text: str,
    things: Sequence[Evidence | File[bytes]],
    details: Mapping[str, Any],
) -> Mapping[str, Any]:
    """Return the action, or raise Refused."""
    on = timezone.localdate(now)
    definition = case.workflow.definition
    attempt = dataclasses.replace(
        queries.attempt(case=case, user=actor, on=on),
        text=text,
        photos=sum(map(_is_photo, things)),
        details=details,
    )
    if reasons := rules.may(definition, case.state, action, attempt):
        raise Refused(*reasons)
    item = rules.action(definition, action)
    assert item is not None
    if "handler_required" in item["guards"]:
        fit = {person.pk for person in queries.candidates(case=case, on=on)}
        if details["handler"] not in fit:
            raise Refused("handler_unfit")
    return item


def _is_photo(thing: Evidence | File[bytes]) -> bool:
    if isinstance(thing, Evidence):
        return thing.kind == "photo"
    thing.seek(0)
    return registry.media_type(thing.read(16)).startswith("image/")


def kept(files: Iterable[File[bytes]], actor: User, now: dt.datetime) -> list[Evidence]:
    """Return the files as evidence, or raise Refused."""
    try:
        return [registry.store_evidence(file=file, actor=actor, at=now) for file in files]
    except registry.EvidenceRefused as error:
        raise Refused(f"evidence_{error.code}") from error


def _step(
    case: Case,
    item: Mapping[str, Any],
    actor: User,
    now: dt.datetime,
    text: str,
    evidence: Sequence[Evidence],
    details: Mapping[str, Any],
) -> CaseStep:
    definition = case.workflow.definition
    before, case.state = case.state, item["to"]
    details = {name: details[name] for guard, name in _DETAILS.items() if guard in item["guards"]}
    if isinstance(details.get("due"), dt.datetime):
        details["due"] = details["due"].astimezone(dt.UTC).isoformat()
    if "handler" in details and not item.get("task"):
        case.handler_id = details["handler"]
    if item.get("counts_rework"):
        case.rework_count += 1
    _clocked(case, item, before, details, now)
    case.closed_at = now if rules.is_final(definition, case.state) else None
    case.save()
    return _written(case, item, before, actor, now, text, evidence, details)


def _clocked(
    case: Case, item: Mapping[str, Any], before: str, details: Mapping[str, Any], now: dt.datetime
) -> None:
    """Set the clock a step leads to; what stays in its state keeps its clock, unless it is given more time."""
    definition, calendar = case.workflow.definition, rules.working_calendar()
    if item.get("asks"):
        case.pending, case.pending_hours = item["asks"], details.get("hours", 0)
    elif item.get("supervises"):
        case.supervised_at, case.supervised_due_at = now, dt.datetime.fromisoformat(details["due"])
    elif item.get("extends") and case.due_at is not None:
        working = rules.runs_in_working_hours(definition, before, case.severity)
        case.due_at = rules.hours_on(case.due_at, case.pending_hours, calendar, working)
        case.terms = rules.lengthened(case.terms, case.pending_hours)
        case.extensions += 1
    elif item.get("suspends"):
        working = rules.runs_in_working_hours(definition, before, case.severity)
        case.hours_left = rules.hours_left(case.due_at, now, calendar, working) if case.due_at else None
    if item.get("suspends") or item.get("extends") or item.get("answers"):
        case.pending, case.pending_hours = "", 0
    if item["to"] == before:
        return
    if item.get("resumes"):
        case.terms = rules.lengthened(case.terms, calendar.between(case.state_at, now))
    case.state_at = now
    if item.get("resumes") and case.hours_left is not None:
        working = rules.runs_in_working_hours(definition, case.state, case.severity)
        case.due_at = rules.hours_on(now, case.hours_left, calendar, working)
        case.hours_left = None
    else:
        case.due_at = rules.due_at(definition, case.state, case.severity, now, calendar, case.terms)


def _follow_up(case: Case, item: Mapping[str, Any], step: CaseStep, actor: User, now: dt.datetime) -> None:
    """Do what a step brings about besides itself, and tell whom it concerns."""
    if item.get("task"):
        CaseTask.objects.create(
            case=case,
            person_id=step.details["handler"],
            asked_by=actor,
            asked_at=now,
            text=step.text,
            due_at=case.due_at,
        )
    if item.get("merges"):
        _merged(case, step, actor, now)
    if item.get("converts"):
        _converted(case, step, actor, now)
    notices.after_step(case=case, item=item, step=step, actor=actor, at=now)


def _merged(case: Case, step: CaseStep, actor: User, now: dt.datetime) -> None:
    on = timezone.localdate(now)
    open_ones = queries.open_cases(queries.visible(user=actor, on=on)).exclude(pk=case.pk)
    found = open_ones.filter(number=step.details["case"]).values_list("pk", flat=True).first()
    if found is None:
        raise Refused("case_unfit")
    survivor = Case.objects.select_for_update(of=("self",)).select_related("workflow").get(pk=found)
    if survivor.closed_at is not None:
        raise Refused("case_unfit")
    case.merged_into = survivor
    case.save(update_fields=["merged_into"])
    item = {"code": "absorb", "to": survivor.state, "name_zh": "并入", "name_en": "Takes in"}
    _written(survivor, item, survivor.state, actor, now, step.text, (), {"case": case.number})


def _converted(case: Case, step: CaseStep, actor: User, now: dt.datetime) -> None:
    answers = manifests.ask(
        f"case.converted.{step.details['target']}",
        case_number=case.number,
        actor=actor,
        now=now,
        reason=step.text,
    )
    if not answers:
        raise Refused("no_taker")
    case.converted_to, case.converted_url = answers[0].number, answers[0].url
    case.save(update_fields=["converted_to", "converted_url"])


def _part(case: Case, title: str, actor: User, now: dt.datetime) -> Case:
    part = Case(
        number=numbers.next_number(case.case_type, timezone.localdate(now)),
        workflow=queries.workflow_for(case_type=case.case_type),
        case_type=case.case_type,
        title_zh=title,
        title_en=title,
        description=case.description,
        severity=case.severity,
        longitude=case.longitude,
        latitude=case.latitude,
        region=case.region,
        grid_cell=case.grid_cell,
        facility=case.facility,
        station=case.station,
        reporter=case.reporter,
        split_from=case,
        terms=case.terms,
    )
    open_case(case=part, actor=actor, now=now)
    return part


def _written(
    case: Case,
    item: Mapping[str, Any],
    from_state: str,
    actor: User | None,
    now: dt.datetime,
    text: str,
    evidence: Sequence[Evidence],
    details: Mapping[str, Any],
) -> CaseStep:
    last = case.steps.order_by("-sequence").first()
    permission = item.get("permission", "cases.report")
    role = access_queries.role_for(actor, permission, timezone.localdate(now)) if actor else ""
    step = CaseStep(
        case=case,
        sequence=last.sequence + 1 if last else 1,
        action=item["code"],
        from_state=from_state,
        to_state=item["to"],
        actor=actor,
        actor_role=role,
        at=now,
        text=text,
        details=dict(details),
        due_at=case.due_at,
        previous_hash=last.hash if last else GENESIS,
    )
    step.hash = _hash(step, case.number, evidence)
    step.save()
    step.evidence.add(*evidence)
    return step


def _hash(step: CaseStep, number: str, evidence: Iterable[Evidence]) -> str:
    content = {
        "case": number,
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
    return rules.step_hash(step.previous_hash, content)


def _announce(case: Case, item: Mapping[str, Any], now: dt.datetime) -> None:
    state = rules.state(case.workflow.definition, case.state)
    portal.publish(
        at=now,
        kind="case",
        permission="cases.view",
        region_code=case.region.code if case.region else "",
        facility_code=case.facility.code if case.facility else "",
        payload={
            "text_zh": f"{item['name_zh']}：{case.title_zh}",
            "text_en": f"{item['name_en']}: {case.title_en}",
            "state_zh": state["name_zh"],
            "state_en": state["name_en"],
            "number": case.number,
            "severity": case.severity,
            "due_at": case.due_at.isoformat() if case.due_at else None,
            "url": reverse("cases:case", args=[case.number]),
        },
    )
