"""Taking what phones hand in: once, all of it, and with the time it happened."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.core.files.base import File
from django.db import IntegrityError, transaction

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry import queries as registry_queries
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Evidence, Facility
from jiangcheng.modules.fieldwork import queries, rules
from jiangcheng.modules.fieldwork.models import Patrol, Submission, TracePoint, Visit

MINUTE = dt.timedelta(minutes=1)


class Rejected(Exception):  # noqa: N818
    """A submission was not taken and nothing has changed.

    ``status`` is an HTTP status; ``field`` names what is wrong, ``rules`` why: ``required``, ``type``,
    ``unknown``, ``missing_photo``, ``key_used``, ``too_many``, ``patrol_closed``, ``hash``, or a reason of
    ``cases.services.Refused``. ``state`` is the case as it is now, where somebody was faster.
    """

    def __init__(self, status: int, field: str, *rules: str, state: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{status} {field}: {', '.join(rules)}")
        self.status, self.field, self.rules, self.state = status, field, rules, state


class Entry:
    """One thing handed in: who, what, and when on whose clock."""

    def __init__(self, row: Submission, user: User, body: Mapping[str, Any], now: dt.datetime) -> None:
        self.row, self.user, self.body, self.now = row, user, body, now
        self.on = queries.local_day(now)
        self.allowed = rules.limits(self.on)

    def text(self, name: str, *, required: bool = False) -> str:
        """Return a text of the body without NUL, which PostgreSQL takes in no text."""
        value = self.body.get(name, "")
        if not isinstance(value, str):
            raise Rejected(422, name, "type")
        value = value.replace("\0", "").strip()
        if required and not value:
            raise Rejected(422, name, "required")
        if len(value) > self.allowed.text_length:
            raise Rejected(422, name, "too_long")
        return value

    def number(self, name: str, low: float, high: float) -> float | None:
        """Return a number of the body, or None where it is missing."""
        return _number(self.body, name, low, high)

    def rows(self, name: str, most: int) -> list[Any]:
        """Return a list of the body."""
        value = self.body.get(name, [])
        if not isinstance(value, list):
            raise Rejected(422, name, "type")
        if len(value) > most:
            raise Rejected(422, name, "too_many")
        return value

    def photos(self) -> list[Evidence]:
        """Return the photos the body names; all have to be here already."""
        digests = [str(item) for item in self.rows("photos", self.allowed.photos)]
        kept = queries.own_photos(user=self.user, digests=digests)
        if set(digests) - set(kept):
            raise Rejected(422, "photos", "missing_photo")
        return [kept[digest] for digest in dict.fromkeys(digests)]


def submit(
    *, key: uuid.UUID, user: User, kind: str, body: Mapping[str, Any], clock: rules.Clock, now: dt.datetime
) -> dict[str, Any]:
    """Take one submission and return the answer; the same key and body again return the same answer.

    Raises
    ------
    Rejected
        If it is not taken; it may be sent again under the same key.
    """
    sha256 = rules.body_digest(kind, body)
    if known := queries.submission(key=key):
        return _repeated(known, user, sha256)
    allowed = rules.limits(queries.local_day(now))
    if queries.submitted_since(user=user, since=now - MINUTE) >= allowed.submissions_per_minute:
        raise Rejected(429, "key", "too_many")
    when = rules.corrected(clock, now, allowed)
    try:
        with transaction.atomic():
            row = Submission.objects.create(
                key=key,
                user=user,
                kind=kind,
                received_at=now,
                claimed_at=clock.claimed_at,
                corrected_at=when.at,
                offset_seconds=when.offset,
                doubtful=when.doubtful,
                sha256=sha256,
            )
            row.answer = _done(Entry(row, user, body, now))
            row.save(update_fields=["answer"])
            access.record(
                actor=user,
                action=f"fieldwork.{kind}",
                object_type="submission",
                object_id=str(key),
                after={**row.answer, "corrected_at": when.at.isoformat(), "doubtful": when.doubtful},
                at=now,
            )
    except IntegrityError:
        # The same key from another window: its transaction has been committed before our insert went on.
        known = queries.submission(key=key)
        if known is None:
            raise
        return _repeated(known, user, sha256)
    return dict(row.answer)


def _repeated(known: Submission, user: User, sha256: str) -> dict[str, Any]:
    if known.user_id != user.pk or known.sha256 != sha256:
        raise Rejected(409, "key", "key_used")
    return dict(known.answer)


def _done(entry: Entry) -> dict[str, Any]:
    try:
        return KINDS[entry.row.kind](entry)
    except cases.Refused as error:
        raise Rejected(422, entry.row.kind, *error.reasons) from error


def keep_photo(
    *,
    file: File[bytes],
    sha256: str,
    user: User,
    now: dt.datetime,
    longitude: float | None = None,
    latitude: float | None = None,
    accuracy: float | None = None,
    taken_at: dt.datetime | None = None,
) -> Evidence:
    """Keep an original photo under the hash the phone computed; what is already here is not kept twice.

    Raises
    ------
    Rejected
        422 where the bytes have another hash or are no photo, 429 where too many come.
    """
    if kept := queries.own_photos(user=user, digests=[sha256]).get(sha256):
        return kept
    allowed = rules.limits(queries.local_day(now))
    if queries.photos_since(user=user, since=now - MINUTE) >= allowed.photos_per_minute:
        raise Rejected(429, "photo", "too_many")
    try:
        with transaction.atomic():
            evidence = registry.store_evidence(
                file=file,
                actor=user,
                at=now,
                longitude=longitude,
                latitude=latitude,
                accuracy=accuracy,
                taken_at=taken_at,
            )
            if evidence.sha256 != sha256:
                raise Rejected(422, "sha256", "hash")
    except registry.EvidenceRefused as error:
        raise Rejected(422, "photo", f"evidence_{error.code}") from error
    return evidence


def expire_traces(*, now: dt.datetime) -> int:
    """Remove the trace points older than the limits say, in one audited act; return how many."""
    before = now - dt.timedelta(days=rules.limits(queries.local_day(now)).trace_retention_days)
    with transaction.atomic():
        removed, _ = TracePoint.objects.filter(at__lt=before).delete()
        if removed:
            access.record(
                actor=None,
                action="fieldwork.expire_traces",
                object_type="trace_point",
                object_id="",
                after={"removed": removed, "before": before.isoformat()},
                at=now,
            )
    return removed


def note_trace_read(*, patrol: Patrol, reader: User, now: dt.datetime) -> None:
    """Audit that somebody looked at another person's trace; one's own may be read unnoticed."""
    if patrol.user_id != reader.pk:
        access.record(
            actor=reader,
            action="fieldwork.read_trace",
            object_type="patrol",
            object_id=str(patrol.key),
            at=now,
        )


def _report(entry: Entry) -> dict[str, Any]:
    longitude, latitude, source = _place(entry)
    lines = [entry.text("text", required=True)]
    if facility := _facility(entry):
        lines.append(f"{facility.name_zh}（{facility.code}）")
    if place := entry.text("place"):
        lines.append(place)
    severity = entry.number("severity", 1, 4)
    case = cases.report_in_person(
        reporter=entry.user,
        text="\n".join(lines),
        longitude=longitude,
        latitude=latitude,
        now=entry.now,
        severity=int(severity or 2),
        evidence=entry.photos(),
    )
    return {"number": case.number, "position": source}


def _place(entry: Entry) -> tuple[float | None, float | None, str]:
    """Return the position that counts (longitude, latitude) [degrees] and where it comes from."""
    longitude, latitude = entry.number("longitude", -180, 180), entry.number("latitude", -90, 90)
    if longitude is not None and latitude is not None:
        return longitude, latitude, "device"
    if facility := _facility(entry):
        return facility.longitude, facility.latitude, "facility"
    code = entry.text("grid_cell")
    cell = registry_queries.grid_cells(on=entry.on).filter(code=code).first() if code else None
    if cell is not None:
        return *queries.inner_point(cell), "grid_cell"
    return None, None, "photo"


def _facility(entry: Entry) -> Facility | None:
    code = entry.text("facility")
    if not code:
        return None
    found = queries.facilities(user=entry.user, on=entry.on).filter(code=code).first()
    if found is None:
        raise Rejected(404, "facility", "unknown")
    return found


def _act(entry: Entry) -> dict[str, Any]:
    number = entry.text("case", required=True)
    case = queries.case_of(number=number, user=entry.user, on=entry.on)
    if case is None:
        return _act_on_row(entry, number)
    details = entry.body.get("details") or {}
    if not isinstance(details, dict):
        raise Rejected(422, "details", "type")
    seen = entry.number("seen", 0, 2**31)
    try:
        step = cases.act(
            case=case,
            action=entry.text("action", required=True),
            actor=entry.user,
            now=entry.now,
            text=entry.text("text"),
            evidence=entry.photos(),
            details=details,
            seen=None if seen is None else int(seen),
        )
    except cases.Refused as error:
        if {"stale", "state"} & set(error.reasons):
            raise Rejected(409, "case", *error.reasons, state=present_state(case)) from error
        raise
    return {"number": case.number, "state": case.state, "sequence": step.sequence}


def _act_on_row(entry: Entry, number: str) -> dict[str, Any]:
    """Move a row of a register that is open to the field; the act is dated by the corrected clock of the phone."""
    row = queries.row_of(number=number, user=entry.user, on=entry.on)
    if row is None:
        raise Rejected(404, "case", "unknown")
    details = entry.body.get("details") or {}
    if not isinstance(details, dict):
        raise Rejected(422, "details", "type")
    place = {name: entry.number(name, -180, 180) for name in ("longitude", "latitude")}
    happened = {"happened_at": entry.row.corrected_at.isoformat() if entry.row.corrected_at else None}
    seen = entry.number("seen", 0, 2**31)
    try:
        step = records.act(
            record=row,
            action=entry.text("action", required=True),
            actor=entry.user,
            now=entry.now,
            text=entry.text("text"),
            evidence=entry.photos(),
            details={
                **details,
                **{name: value for name, value in place.items() if value is not None},
                **happened,
            },
            seen=None if seen is None else int(seen),
        )
    except cases.Refused as error:
        if {"stale", "state"} & set(error.reasons):
            raise Rejected(409, "case", *error.reasons, state=present_row(row)) from error
        raise
    row.refresh_from_db()
    return {"number": row.number, "state": row.state, "sequence": step.sequence}


def present_row(row: Record) -> dict[str, Any]:
    """Return what a person has to see of a row that somebody else has moved."""
    row.refresh_from_db()
    assert row.workflow is not None
    states = {state["code"]: state for state in row.workflow.definition["states"]}
    return {
        "number": row.number, "state": row.state, "state_zh": states[row.state]["name_zh"],
        "state_en": states[row.state]["name_en"], "sequence": queries.last_row_sequence(row),
        "at": row.state_at.isoformat() if row.state_at else None, "by": "", "text": "",
    }  # fmt: skip


def present_state(case: Case) -> dict[str, Any]:
    """Return what a person has to see of a case that somebody else has moved."""
    case.refresh_from_db()
    last = case.steps.select_related("actor").order_by("-sequence").first()
    states = {state["code"]: state for state in case.workflow.definition["states"]}
    return {
        "number": case.number,
        "state": case.state,
        "state_zh": states[case.state]["name_zh"],
        "state_en": states[case.state]["name_en"],
        "sequence": last.sequence if last else 0,
        "at": last.at.isoformat() if last else None,
        "by": str(last.actor) if last and last.actor else "",
        "text": last.text if last else "",
    }


def _visit(entry: Entry) -> dict[str, Any]:
    facility = _facility(entry)
    if facility is None:
        raise Rejected(422, "facility", "required")
    items = {item.code: item for item in queries.checklist(facility_code=facility.code, on=entry.on)}
    answers = [_answered(row, items) for row in entry.rows("answers", len(items) + 100)]
    photos = entry.photos()
    bad = [answer for answer in answers if answer["failed"]]
    case = (
        _case_of_visit(entry, facility, bad, photos) if bad and entry.body.get("open_case") is True else None
    )
    visit = Visit.objects.create(
        submission=entry.row,
        facility=facility,
        user=entry.user,
        at=entry.row.corrected_at,
        answers=answers,
        note=entry.text("note"),
        longitude=entry.number("longitude", -180, 180),
        latitude=entry.number("latitude", -90, 90),
        accuracy=entry.number("accuracy", 0, 1e7),
        case=case,
    )
    visit.evidence.add(*photos)
    return {"visit": visit.pk, "failed": len(bad), "number": case.number if case else ""}


def _answered(row: Any, items: Mapping[str, Any]) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise Rejected(422, "answers", "type")
    code, answer = str(row.get("code", ""))[:80], str(row.get("answer", "")).replace("\0", "")[:400]
    item = items.get(code)
    marked = row.get("failed")
    if item is None:
        # A list cached off line may hold a question that is no longer asked; the answer is kept as it is.
        return {"code": code, "question": str(row.get("question", ""))[:400], "answer": answer,
                "failed": marked is True, "asked": False}  # fmt: skip
    judged = rules.failed(item.answer, item.expected, answer)
    return {
        "code": code,
        "question_zh": item.question_zh,
        "question_en": item.question_en,
        "basis": item.basis,
        "expected": item.expected,
        "unit": item.unit,
        "answer": answer,
        "failed": marked if isinstance(marked, bool) else judged,
        "asked": True,
    }


def _case_of_visit(
    entry: Entry, facility: Facility, bad: Sequence[Mapping[str, Any]], photos: Sequence[Evidence]
) -> Case:
    lines = [f"{facility.name_zh}：{len(bad)} 项检查不符合"]
    lines += [f"{answer.get('question_zh') or answer.get('question')}：{answer['answer']}" for answer in bad]
    if note := entry.text("note"):
        lines.append(note)
    return cases.report_in_person(
        reporter=entry.user,
        text="\n".join(lines),
        longitude=facility.longitude,
        latitude=facility.latitude,
        now=entry.now,
        evidence=photos,
    )


def _start_patrol(entry: Entry) -> dict[str, Any]:
    started = entry.row.corrected_at
    for open_one in Patrol.objects.select_for_update().filter(user=entry.user, stopped_at=None):
        open_one.stopped_at = max(started, open_one.started_at)
        open_one.save(update_fields=["stopped_at"])
    patrol = Patrol.objects.create(key=entry.row.key, user=entry.user, started_at=started)
    return {"patrol": str(patrol.key)}


def _stop_patrol(entry: Entry) -> dict[str, Any]:
    patrol = _patrol(entry)
    if patrol.stopped_at is None:
        patrol.stopped_at = max(entry.row.corrected_at, patrol.started_at)
        patrol.save(update_fields=["stopped_at"])
    return {"patrol": str(patrol.key)}


def _trace(entry: Entry) -> dict[str, Any]:
    patrol = _patrol(entry)
    offset = dt.timedelta(seconds=entry.row.offset_seconds)
    points = [_point(patrol, row, offset) for row in entry.rows("points", entry.allowed.trace_points)]
    end = patrol.stopped_at or entry.now
    during = [point for point in points if patrol.started_at <= point.at <= end]
    if points and not during and patrol.stopped_at is not None:
        raise Rejected(422, "points", "patrol_closed")
    TracePoint.objects.bulk_create(during, ignore_conflicts=True)
    return {"patrol": str(patrol.key), "kept": len(during), "outside": len(points) - len(during)}


def _patrol(entry: Entry) -> Patrol:
    try:
        key = uuid.UUID(entry.text("patrol", required=True))
    except ValueError as error:
        raise Rejected(422, "patrol", "type") from error
    patrol = Patrol.objects.select_for_update().filter(key=key, user=entry.user).first()
    if patrol is None:
        raise Rejected(404, "patrol", "unknown")
    return patrol


def _point(patrol: Patrol, row: Any, offset: dt.timedelta) -> TracePoint:
    if not isinstance(row, dict):
        raise Rejected(422, "points", "type")
    longitude, latitude = _number(row, "longitude", -180, 180), _number(row, "latitude", -90, 90)
    at = instant(row.get("at"))
    if at is None or longitude is None or latitude is None:
        raise Rejected(422, "points", "required")
    return TracePoint(
        patrol=patrol,
        at=at + offset,
        longitude=longitude,
        latitude=latitude,
        accuracy=_number(row, "accuracy", 0, 1e7),
    )


def _suggest(entry: Entry) -> dict[str, Any]:
    on, text = entry.on, entry.text("text", required=True)
    cells = queries.own_cells(user=entry.user, on=on)
    scope = access_queries.scope(entry.user, "fieldwork.use", on)
    region = cells[0].region if cells else registry_queries.regions().first()
    values: dict[str, Any] = {"text": text}
    if region is not None and not (scope.facility_codes and not scope.region_codes):
        values["region"] = region
    row = records.create(register="suggestions", values=values, actor=entry.user, at=entry.now)
    return {"number": row.number}


def instant(value: object) -> dt.datetime | None:
    """Return an instant written in ISO 8601 with an offset, or None where it is none."""
    try:
        at = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return at if at.tzinfo is not None and 1970 < at.year < 2200 else None


def _number(body: Mapping[str, Any], name: str, low: float, high: float) -> float | None:
    value = body.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise Rejected(422, name, "range")
    return float(value)


KINDS: dict[str, Callable[[Entry], dict[str, Any]]] = {
    "reports": _report,
    "actions": _act,
    "visits": _visit,
    "patrol-start": _start_patrol,
    "patrol-stop": _stop_patrol,
    "traces": _trace,
    "suggestions": _suggest,
}
"""What phones may hand in."""
