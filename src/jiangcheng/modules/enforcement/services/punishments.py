"""Punishment cases: opened from a case, held by three gates, decided, served, published."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Case, Finding
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import Opened
from jiangcheng.core.portal import services as portal
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import ObservedProperty
from jiangcheng.modules.enforcement import queries, rules
from jiangcheng.modules.enforcement.models import Document, Punishment
from jiangcheng.modules.enforcement.services import papers

REGISTER = "punishments"
HANDLE = "enforcement.handle"
LATE = "enforcement.not_published"
MOST_TOLD = 5
"""Of a finding's occurrences go into the facts, the latest."""


def from_case(*, case_number: str, actor: User, now: dt.datetime, reason: str) -> Opened:
    """Answer the hook ``case.converted.punishment``: open a punishment case with what the case knows."""
    case = Case.objects.select_related("facility", "region").get(number=case_number)
    finding = case.findings.order_by("pk").first()
    facts = [case.title_zh, case.description, reason]
    names = {f"{item.code}-{item.statistic}": item for item in ObservedProperty.objects.all()}
    for item in (finding.evidence if finding else [])[-MOST_TOLD:]:
        facts.append(_fact(item, names.get(item.get("property", ""))))
    cause = "air_over_limit" if finding and finding.kind == "emissions.over_limit" else ""
    record = records.create(
        register=REGISTER,
        values={
            "facility": case.facility,
            "region": case.region,
            "longitude": case.longitude,
            "latitude": case.latitude,
            "case_number": case.number,
            "cause": cause,
            "facts": "\n".join(text for text in facts if text),
        },
        actor=actor,
        at=now,
    )
    return Opened(record.number, f"/records/{REGISTER}/{record.number}/")


def watch_publication(*, now: dt.datetime) -> int:
    """Report every decision that should be public by now and is not; end what has been published since."""
    late = list(queries.late_to_publish(on=timezone.localdate(now)))
    for item in late:
        ended = dt.datetime.combine(item.publish_by_date or now.date(), dt.time(23, 59, 59), workflow.BEIJING)
        cases.report(
            finding=cases.FindingReport(
                kind=LATE,
                dedup_key=f"{LATE}:{item.number}",
                rule_version="enforcement.terms",
                title_zh=f"处罚决定逾期未公示：{item.decision_number or item.number}",
                title_en=f"Decision not published in time: {item.decision_number or item.number}",
                severity=2,
                facility_id=item.facility_id,
                first_at=ended,
                last_at=ended,
                evidence={
                    "publish_by": str(item.publish_by_date),
                    "clause": rules.table("terms")["publish_source"],
                },
            ),
            now=now,
        )
    keys = [f"{LATE}:{item.number}" for item in late]
    for finding in Finding.objects.filter(kind=LATE, ended_at=None).exclude(dedup_key__in=keys):
        cases.end_finding(dedup_key=finding.dedup_key, at=now)
    return len(late)


def _fact(item: Mapping[str, Any], measured: ObservedProperty | None) -> str:
    """Return an occurrence as a sentence: when, what, how much, against which limit."""
    parts = []
    if "start" in item:
        start = dt.datetime.fromisoformat(item["start"])
        parts.append(timezone.localtime(start).strftime("%Y-%m-%d %H:%M"))
    parts.append(measured.name_zh if measured else str(item.get("property", "")))
    unit = f" {measured.unit}" if measured else ""
    if "value" in item:
        parts.append(f"{item['value']}{unit}")
    if "limit" in item:
        parts.append(f"（限值 {item['limit']}{unit}，{item.get('clause', '—')}）")
    return " ".join(part for part in parts if part)


def assign(*, punishment: Punishment, officers: Sequence[User], actor: User, at: dt.datetime) -> None:
    """Name the officers who investigate.

    Raises
    ------
    Refused
        If fewer than two are named, or one may not handle cases.
    """
    on = timezone.localdate(at)
    if len({officer.pk for officer in officers}) < rules.table("terms")["officers"]:
        raise Refused(_("办案人员不得少于两人（行政处罚法第42条）。"))
    if not all(access_queries.has(officer, HANDLE, on) for officer in officers):
        raise Refused(_("办案人员须有执法办案权限。"))
    with transaction.atomic():
        punishment.officers.set(officers)
        names = [officer.username for officer in officers]
        _recorded("officers", punishment, actor, at, {"officers": names})


def weigh(
    *, punishment: Punishment, levels: Mapping[str, str], mended: bool, actor: User, at: dt.datetime
) -> rules.Proposal:
    """Apply the table of discretion and keep the proposed fine.

    Raises
    ------
    Refused
        If the cause is missing or a level is unknown, or the decision has been taken.
    """
    cause = rules.causes(timezone.localdate(at)).get(punishment.cause)
    if cause is None:
        raise Refused(_("请先选择案由。"))
    if punishment.decided_at is not None:
        raise Refused(_("决定已作出，裁量不能再改。"))
    try:
        proposal = rules.proposed_fine(cause, levels, mended=mended)
    except KeyError as error:
        raise Refused(_("裁量等级不存在。")) from error
    values = {"levels": dict(levels), "mended": mended, "fine": proposal.fine}
    records.change(record=punishment, values=values, actor=actor, at=at, reason="裁量")
    return proposal


def write_document(*, punishment: Punishment, kind: str, actor: User, at: dt.datetime) -> Document:
    """Write a document from the record, as PDF and DOCX; each time a new version.

    Raises
    ------
    KeyError
        If there is no such kind.
    """
    content = papers.content(punishment, kind, timezone.localdate(at))
    pdf, docx = papers.as_pdf(content), papers.as_docx(content)
    with transaction.atomic():
        Punishment.objects.select_for_update().get(pk=punishment.pk)
        version = punishment.documents.filter(kind=kind).count() + 1
        stem = f"{punishment.number}-{kind}-{version}"
        document = Document(
            punishment=punishment,
            kind=kind,
            version=version,
            content=dataclasses.asdict(content),
            pdf_sha256=hashlib.sha256(pdf).hexdigest(),
            docx_sha256=hashlib.sha256(docx).hexdigest(),
            written_by=actor,
            written_at=at,
        )
        document.pdf.save(f"{stem}.pdf", ContentFile(pdf), save=False)
        document.docx.save(f"{stem}.docx", ContentFile(docx), save=False)
        document.save()
        _recorded(
            "document", punishment, actor, at, {"kind": kind, "version": version, "pdf": document.pdf_sha256}
        )
    return document


def gate_report(*, record_number: str, **_more: Any) -> None:
    """Answer ``record.punishments.report``: without two officers and a recording nothing leaves the scene."""
    _held(record_number, "record")


def gate_review(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.punishments.pass_review``: keep who reviewed."""
    punishment = Punishment.objects.get(number=record_number)
    if actor in punishment.officers.all():
        raise Refused(_("办案人员不能审核自己办的案件。"))
    _held(record_number, "record")
    records.change(record=punishment, values={"reviewer": actor}, actor=actor, at=now, reason="法制审核")


def gate_decide(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.punishments.decide``: number the decision, and set the term of publication."""
    punishment = Punishment.objects.get(number=record_number)
    _held(record_number, "record", "review")
    if punishment.fine is None:
        raise Refused(_("请先完成裁量。"))
    on = timezone.localdate(now)
    terms = rules.table("terms")
    serial = Punishment.objects.filter(decided_at__year=on.year).count() + 1
    term = workflow.working_calendar().days_after(on, terms["publish_working_days"])
    values = {
        "decided_at": now,
        "decision_number": terms["number"].format(year=on.year, serial=serial),
        "publish_by_date": term,
    }
    records.change(record=punishment, values=values, actor=actor, at=now, reason="处罚决定")
    _tell_enterprise(punishment, now, "行政处罚决定", "Decision on a punishment")


def gate_notice(*, record_number: str, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.punishments.notice``: there must be a fine to give notice of; the enterprise is told."""
    punishment = Punishment.objects.select_related("facility").get(number=record_number)
    if punishment.fine is None:
        raise Refused(_("请先完成裁量。"))
    _tell_enterprise(punishment, now, "行政处罚事先告知，可陈述申辩或要求听证", "Notice of a punishment")


def note_published(*, record_number: str, actor: User, now: dt.datetime, **_more: Any) -> None:
    """Answer ``record.punishments.publish_…``: the decision is public from now on."""
    punishment = Punishment.objects.get(number=record_number)
    records.change(record=punishment, values={"published_at": now}, actor=actor, at=now, reason="公示")


def gate_close(*, record_number: str, **_more: Any) -> None:
    """Answer ``record.punishments.close``: all three gates have to be passed."""
    _held(record_number, "record", "review", "publicity")


def _held(number: str, *codes: str) -> None:
    punishment = Punishment.objects.get(number=number)
    for gate in queries.gates(punishment):
        if gate.code in codes and not gate.passed:
            raise Refused(gate.missing_zh)


def _tell_enterprise(punishment: Punishment, at: dt.datetime, text_zh: str, text_en: str) -> None:
    if punishment.facility is None:
        return
    people = access_queries.holders(
        "enterprises.own", timezone.localdate(at), region_code="", facility_code=punishment.facility.code
    )
    portal.notify(
        kind="enforcement.told", to=people, text_zh=text_zh, text_en=text_en,
        url=f"/records/{REGISTER}/{punishment.number}/", at=at, severity=3,
    )  # fmt: skip


def _recorded(
    action: str, punishment: Punishment, actor: User, at: dt.datetime, after: Mapping[str, Any]
) -> None:
    access.record(
        actor=actor,
        action=f"enforcement.{action}",
        object_type=REGISTER,
        object_id=punishment.number,
        after=dict(after),
        at=at,
    )
