"""Duties follow from permits; enterprises hand in, officials accept, what is missed becomes a finding."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from importlib import resources

from django.core.files.base import File
from django.db import transaction
from django.db.models import Q

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import queries as case_queries
from jiangcheng.core.cases import rules as case_rules
from jiangcheng.core.cases import services as cases
from jiangcheng.core.cases.models import Finding
from jiangcheng.core.registry import services as registry
from jiangcheng.core.registry.models import Permit
from jiangcheng.modules.enterprises import queries, rules
from jiangcheng.modules.enterprises.models import Duty
from jiangcheng.standards import periods

KIND = "enterprises.duty_overdue"
EXPIRING = "enterprises.permit_expiring"
DATA = resources.files("jiangcheng.modules.enterprises").joinpath("data")


class DutyRefused(ValueError):  # noqa: N818
    """``permission``, ``text_or_file_required``, ``not_submitted``, ``accepted`` or ``own_submission``."""


def load() -> None:
    """Add the rule configurations that are not there yet."""
    cases.load_rules(DATA.joinpath("rules.json").read_text(encoding="utf-8"))


def plan_duties(*, on: dt.date) -> int:
    """Add the duties of every permit version for the periods that have begun; return how many are new.

    Only versions that are valid, or whose end lies within the last year, are looked at.
    """
    table = rules.in_force("duties", on)
    calendar = case_rules.working_calendar()
    recent = on - dt.timedelta(days=366)
    live = Permit.objects.filter(valid_from_date__lte=on).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=recent)
    )
    added = 0
    for permit in live.select_related("facility"):
        planned = rules.planned_duties(
            requirements=queries.requirements(permit=permit),
            permit_from=max(permit.valid_from_date, recent),
            permit_to=permit.valid_to_date,
            until=on + dt.timedelta(days=1),
            table=table,
            is_working=calendar.is_working,
        )
        added += sum(_planned(permit, item) for item in planned)
    return added


def submit(
    *, duty: Duty, actor: User, now: dt.datetime, text: str, files: Sequence[File[bytes]] = ()
) -> Duty:
    """Hand a duty in, by somebody who speaks for the plant; until it is accepted it may be replaced.

    Raises
    ------
    DutyRefused
        ``permission``, ``accepted`` or ``text_or_file_required``.
    registry.services.EvidenceRefused
        If a file is not taken.
    """
    on = now.astimezone(periods.BEIJING).date()
    with transaction.atomic():
        duty = Duty.objects.select_for_update().select_related("facility").get(pk=duty.pk)
        if not access_queries.scope(actor, queries.OWN, on).covers_facility(duty.facility.code):
            raise DutyRefused("permission")
        if duty.accepted_at is not None:
            raise DutyRefused("accepted")
        if not text.strip() and not files:
            raise DutyRefused("text_or_file_required")
        duty.evidence.add(*(registry.store_evidence(file=file, actor=actor, at=now) for file in files))
        duty.submitted_at = duty.submitted_at or now
        duty.submitted_by, duty.text = actor, text.strip()
        duty.save(update_fields=["submitted_at", "submitted_by", "text"])
        _note(duty, actor, "submit_duty", now)
        cases.end_finding(dedup_key=_key(duty), at=now)
    return duty


def accept(*, duty: Duty, actor: User, now: dt.datetime) -> Duty:
    """Accept what was handed in, by another person who manages the plant's file.

    Raises
    ------
    DutyRefused
        ``permission``, ``not_submitted``, ``accepted`` or ``own_submission``.
    """
    on = now.astimezone(periods.BEIJING).date()
    with transaction.atomic():
        duty = Duty.objects.select_for_update().select_related("facility__region").get(pk=duty.pk)
        scope = access_queries.scope(actor, queries.MANAGE, on)
        if not (scope.covers_region(duty.facility.region.code) or scope.covers_facility(duty.facility.code)):
            raise DutyRefused("permission")
        if duty.submitted_at is None:
            raise DutyRefused("not_submitted")
        if duty.accepted_at is not None:
            raise DutyRefused("accepted")
        if duty.submitted_by_id == actor.pk:
            raise DutyRefused("own_submission")
        duty.accepted_at, duty.accepted_by = now, actor
        duty.save(update_fields=["accepted_at", "accepted_by"])
        _note(duty, actor, "accept_duty", now)
    return duty


def watch_duties(*, now: dt.datetime) -> int:
    """Report every missed duty as a finding; return how many are missed."""
    on = now.astimezone(periods.BEIJING).date()
    configuration = case_queries.rule_configuration(rule=KIND, on=on)
    if configuration is None:
        return 0
    found = list(queries.missed(on=on))
    for duty in found:
        cases.report(finding=_finding(duty, str(configuration), configuration.source), now=now)
    return len(found)


def watch_permits(*, now: dt.datetime) -> int:
    """Report every permit that ends soon and has no successor; end the finding once it has. Return how many.

    排污许可管理条例 第十四条: renewal is to be applied for 60 days before the end.
    """
    on = now.astimezone(periods.BEIJING).date()
    configuration = case_queries.rule_configuration(rule=EXPIRING, on=on)
    if configuration is None:
        return 0
    until = on + dt.timedelta(days=configuration.parameters["days_before"])
    expiring = queries.expiring(on=on, until=until)
    for permit in expiring:
        cases.report(finding=_expiry(permit, str(configuration), configuration.source, on), now=now)
    keys = {_expiry_key(permit) for permit in expiring}
    for finding in Finding.objects.filter(kind=EXPIRING, ended_at=None).exclude(dedup_key__in=keys):
        cases.end_finding(dedup_key=finding.dedup_key, at=now)
    return len(expiring)


def _expiry_key(permit: Permit) -> str:
    return f"{EXPIRING}:{permit.facility.code}:{permit.valid_to_date}"


def _expiry(permit: Permit, version: str, source: str, on: dt.date) -> cases.FindingReport:
    assert permit.valid_to_date is not None
    plant, day = permit.facility, dt.datetime.combine(on, dt.time(), periods.BEIJING)
    return cases.FindingReport(
        kind=EXPIRING,
        dedup_key=_expiry_key(permit),
        rule_version=version,
        title_zh=f"{plant.name_zh} 排污许可证 {permit.number} 将于 {permit.valid_to_date} 到期，尚无新版本",
        title_en=f"{plant.name_en}: permit {permit.number} ends on {permit.valid_to_date} without a successor",
        severity=2,
        facility_id=plant.pk,
        first_at=day,
        last_at=day,
        evidence={"permit": str(permit), "end": permit.valid_to_date.isoformat(), "source": source},
    )


def _planned(permit: Permit, item: rules.Planned) -> bool:
    _, created = Duty.objects.get_or_create(
        facility=permit.facility,
        kind=item.kind,
        subject=item.subject,
        period_from_date=item.period.first,
        defaults={"permit": permit, "period_to_date": item.period.end, "due_date": item.due},
    )
    return created


def _key(duty: Duty) -> str:
    return f"{KIND}:{duty.pk}"


def _finding(duty: Duty, version: str, source: str) -> cases.FindingReport:
    due = dt.datetime.combine(duty.due_date + dt.timedelta(days=1), dt.time(), periods.BEIJING)
    name = duty.facility
    zh, en = queries.subject_names(duty)
    return cases.FindingReport(
        kind=KIND,
        dedup_key=_key(duty),
        rule_version=version,
        title_zh=f"{name.name_zh} 未按期提交{duty.get_kind_display()}（{zh}，期限 {duty.due_date}）",
        title_en=f"{name.name_en}: {duty.kind} ({en}) was due on {duty.due_date}",
        severity=2,
        facility_id=duty.facility_id,
        first_at=due,
        last_at=due,
        evidence={
            "start": duty.period_from_date.isoformat(),
            "end": duty.period_to_date.isoformat(),
            "due": duty.due_date.isoformat(),
            "permit": str(duty.permit),
            "source": source,
        },
    )


def _note(duty: Duty, actor: User, action: str, now: dt.datetime) -> None:
    access.record(
        actor=actor,
        action=f"enterprises.{action}",
        object_type="duty",
        object_id=str(duty.pk),
        after={"duty": str(duty), "evidence": list(duty.evidence.values_list("sha256", flat=True))},
        at=now,
    )
