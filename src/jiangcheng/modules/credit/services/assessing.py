"""Assessing enterprises, and what the decisions on events, repairs, lists and reports bring about."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases.services import Refused as Barred
from jiangcheng.core.portal import services as portal
from jiangcheng.core.records import services as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.credit import queries, rules
from jiangcheng.modules.credit.models import (
    Assessment,
    Disclosure,
    Event,
    Listing,
    Objection,
    PlatformPush,
    Repair,
    Run,
)
from jiangcheng.modules.credit.services.pushing import queue_push

TERMS: Mapping[str, Any] = json.loads((rules.DATA / "terms.json").read_text(encoding="utf-8"))
BLACKLIST = "blacklist"
Row = TypeVar("Row", bound=Record)


class Refused(Exception):  # noqa: N818
    """Nothing was done. ``reason`` is ``not_yours``, ``not_in_force``, ``text_required``, ``file_required`` or
    ``state``.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def ruleset(on: dt.date) -> rules.Ruleset:
    """Return the set of rules the installation grades by, in the version in force on a day."""
    return rules.ruleset(TERMS["ruleset"]["value"], on)


def assess(*, facility: Facility, at: dt.datetime) -> Assessment:
    """Compute the score of an enterprise today, keep it, and give the grade as a label from today on."""
    on = timezone.localdate(at)
    chosen = ruleset(on)
    events = queries.events_of(facility=facility, ruleset=chosen, on=on)
    score = rules.by_points(chosen, events, on)
    reasons = [_as_json(reason) for reason in score.reasons]
    with transaction.atomic():
        assessment, _new = Assessment.objects.update_or_create(
            facility=facility,
            ruleset=rules.name_of(chosen),
            on_date=on,
            defaults={
                "score": score.score,
                "grade": score.grade,
                "reasons": reasons,
                "inputs_hash": rules.inputs_hash(chosen, events, on),
                "computed_at": at,
            },
        )
        registry.label_facility(
            facility=facility,
            scheme=queries.SCHEME,
            code=score.grade,
            on=on,
            at=at,
            reasons=[
                {"text_zh": item["name_zh"], "text_en": item["name_en"], "points": item["points"]}
                for item in reasons
            ],
            rule_version=rules.name_of(chosen),
        )
    return assessment


def assess_all(*, at: dt.datetime, progress: Callable[[float], None] = lambda _share: None) -> Run:
    """Assess every enterprise that was not assessed today; interrupted, it goes on where it stopped."""
    on = timezone.localdate(at)
    version = rules.name_of(ruleset(on))
    total = Facility.objects.count()
    run, _new = Run.objects.get_or_create(
        ruleset=version, on_date=on, defaults={"started_at": at, "total": total}
    )
    if run.finished_at is not None:
        return run
    done = Assessment.objects.filter(ruleset=version, on_date=on).values("facility")
    for facility in Facility.objects.exclude(pk__in=done).order_by("pk").iterator(chunk_size=500):
        before = queries.latest(facility=facility)
        after = assess(facility=facility, at=at)
        run.done += 1
        run.changed += before is not None and before.grade != after.grade
        if run.done % 100 == 0:
            run.save(update_fields=["done", "changed"])
            progress(run.done / max(total, 1))
    run.finished_at = at
    run.save()
    return run


def object_to(
    *, facility: Facility, event_number: str, grounds: str, actor: User, at: dt.datetime
) -> Objection:
    """File the objection of an enterprise to something that counts against it.

    Raises
    ------
    Refused
        ``not_yours``, ``not_in_force`` or ``text_required``.
    """
    _own_event(facility, event_number, grounds, actor, at)
    values = {"facility": facility, "event_number": event_number, "grounds": grounds.strip()}
    return _created("credit-objections", values, actor, at, Objection)


def ask_for_repair(
    *,
    facility: Facility,
    event_number: str,
    measures: str,
    actor: User,
    at: dt.datetime,
) -> Repair:
    """File an enterprise's wish that an event counts less from now on.

    Raises
    ------
    Refused
        ``not_yours``, ``not_in_force`` or ``text_required``.
    """
    _own_event(facility, event_number, measures, actor, at)
    values = {"facility": facility, "event_number": event_number, "measures": measures.strip()}
    return _created("credit-repairs", values, actor, at, Repair)


def hand_in_report(
    *, disclosure: Disclosure, file: File[bytes] | None, actor: User, at: dt.datetime
) -> Disclosure:
    """Hand in a report an enterprise has to disclose.

    Raises
    ------
    Refused
        ``state`` or ``file_required``.
    jiangcheng.core.cases.services.Refused
        If the workflow bars it.
    jiangcheng.core.registry.services.EvidenceRefused
        If the file is not accepted.
    """
    if disclosure.state != "due":
        raise Refused("state")
    if file is None:
        raise Refused("file_required")
    with transaction.atomic():
        evidence = registry.store_evidence(file=file, actor=actor, at=at)
        records.change(
            record=disclosure, values={"report": evidence}, actor=actor, at=at, reason="提交披露报告"
        )
        disclosure.refresh_from_db()
        records.act(record=disclosure, action="submit", actor=actor, now=at, evidence=[evidence])
    disclosure.refresh_from_db()
    return disclosure


def open_duties(*, at: dt.datetime) -> int:
    """Open this year's annual disclosure of every enterprise on the list at its term; return how many."""
    on = timezone.localdate(at)
    term = TERMS["annual_report"]
    due = dt.datetime.combine(dt.date(on.year, term["month"], term["day"]), dt.time.max, workflow.BEIJING)
    year = on.year - 1
    known = Disclosure.objects.filter(kind=Disclosure.Kind.ANNUAL, year=year).values("facility")
    opened = 0
    # Who is put on the list later has until next year.
    for facility in queries.obliged(on=min(on, due.date())).exclude(pk__in=known):
        _created(
            "disclosures",
            {
                "facility": facility,
                "kind": Disclosure.Kind.ANNUAL,
                "year": year,
                "title": f"{year} 年度环境信息依法披露报告",
                "due_at": due.replace(microsecond=0),
            },
            None,
            at,
            Disclosure,
        )
        opened += 1
    return opened


def open_ad_hoc(
    *, facility: Facility, title: str, event_date: dt.date, actor: User | None, at: dt.datetime
) -> Disclosure:
    """Open the disclosure of something that happened, due within the term of working days."""
    calendar = workflow.working_calendar()
    last = calendar.days_after(event_date, TERMS["ad_hoc_working_days"]["value"])
    due = dt.datetime.combine(last, dt.time(23, 59, 59), workflow.BEIJING)
    values = {
        "facility": facility,
        "kind": Disclosure.Kind.AD_HOC,
        "year": event_date.year,
        "title": title,
        "event_date": event_date,
        "due_at": due,
    }
    return _created("disclosures", values, actor, at, Disclosure)


def note_event(*, record_number: str, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.credit-events.confirm`` and ``.annul``: the enterprise is assessed anew and told."""
    event = Event.objects.select_related("facility").get(number=record_number)
    assert event.facility is not None
    assessment = assess(facility=event.facility, at=now)
    _tell(
        event.facility,
        now,
        f"环保信用变动：{assessment.score} 分",
        f"Credit changed: {assessment.score} points",
    )


def note_upheld(*, record_number: str, actor: User, now: dt.datetime, text: str = "", **_more: Any) -> None:
    """Answer ``record.credit-objections.uphold``: an event of ours is annulled."""
    objection = Objection.objects.get(number=record_number)
    event = Event.objects.filter(number=objection.event_number, state="in_force").first()
    if event is not None:
        reason = f"异议 {objection.number} 成立：{text}"
        records.act(record=event, action="annul", actor=actor, now=now, text=reason)


def note_granted(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.credit-repairs.grant``: the event counts less from today on."""
    repair = Repair.objects.select_related("facility").get(number=record_number)
    event = Event.objects.filter(number=repair.event_number, state="in_force").first()
    if event is not None:
        values = {"repaired_date": timezone.localdate(now)}
        records.change(record=event, values=values, actor=actor, at=now, reason=f"信用修复 {repair.number}")
    assert repair.facility is not None
    assess(facility=repair.facility, at=now)


def note_listed(*, record_number: str, actor: User, now: dt.datetime, text: str = "", **_more: Any) -> None:
    """Answer ``record.blacklist.list``: from today on the enterprise is on the list, and the platform is told.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        If no listed ground or no document is given.
    """
    listing = Listing.objects.select_related("facility").get(number=record_number)
    assert listing.facility is not None
    if listing.basis not in rules.ground_names(timezone.localdate(now)) or not listing.document.strip():
        raise Barred(_("列入须选定法定情形并填写决定文书号。"))
    queue_push(listing=listing, action="list", now=now, text=text)
    registry.label_facility(
        facility=listing.facility,
        scheme=BLACKLIST,
        code="listed",
        on=timezone.localdate(now),
        at=now,
        until=listing.until_date,
        reasons=[{"text_zh": listing.ground, "text_en": listing.ground, "record": listing.number}],
        source=listing.document,
        actor=actor,
    )


def note_removed(*, record_number: str, actor: User, now: dt.datetime, text: str = "", **_more: Any) -> None:
    """Answer ``record.blacklist.remove``: from today on the enterprise is off the list, and the platform is told.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        If no repair was granted since it was listed and the term is not over.
    """
    listing = Listing.objects.select_related("facility").get(number=record_number)
    assert listing.facility is not None
    on = timezone.localdate(now)
    listed = PlatformPush.objects.filter(listing=listing, action="list").order_by("-pk").first()
    repairs = Repair.objects.filter(facility=listing.facility, state="accepted", withdrawn_at=None)
    if listed is not None:
        repairs = repairs.filter(state_at__gte=listed.created_at)
    over = listing.until_date is not None and listing.until_date <= on
    if not over and not repairs.exists():
        raise Barred(_("列入后没有批准的信用修复，期限也未届满，不能移出。"))
    queue_push(listing=listing, action="remove", now=now, text=text)
    registry.end_label(facility=listing.facility, scheme=BLACKLIST, on=on, at=now, reason=text, actor=actor)


def note_published(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.disclosures.publish``: the instant is kept with the report."""
    report = Disclosure.objects.get(number=record_number)
    records.change(record=report, values={"published_at": now}, actor=actor, at=now, reason="公开")


def _own_event(facility: Facility, event_number: str, text: str, actor: User, at: dt.datetime) -> None:
    on = timezone.localdate(at)
    if not access.scope(actor, "enterprises.own", on).covers_facility(facility.code):
        raise Refused("not_yours")
    if not text.strip():
        raise Refused("text_required")
    told = queries.events_of(facility=facility, ruleset=ruleset(on), on=on)
    if event_number not in {event.reference for event in told}:
        raise Refused("not_in_force")


def _created(
    register: str, values: Mapping[str, Any], actor: User | None, at: dt.datetime, kind: type[Row]
) -> Row:
    record = records.create(register=register, values=dict(values), actor=actor, at=at)
    assert isinstance(record, kind)
    return record


def _tell(facility: Facility, at: dt.datetime, text_zh: str, text_en: str) -> None:
    people = access.holders(
        "enterprises.own", timezone.localdate(at), region_code="", facility_code=facility.code
    )
    portal.notify(
        kind="credit.changed", to=people, text_zh=text_zh, text_en=text_en,
        url=f"/credit/facilities/{facility.code}", at=at,
    )  # fmt: skip


def _as_json(reason: rules.Reason) -> dict[str, Any]:
    return {
        "reference": reason.reference,
        "key": reason.key,
        "points": str(reason.points),
        "veto": reason.veto,
        "name_zh": reason.name_zh,
        "name_en": reason.name_en,
        "until": reason.until.isoformat() if reason.until else None,
        "repaired": reason.repaired,
        "url": reason.url,
    }
