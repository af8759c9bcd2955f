"""Adding, changing and withdrawing rows; every change keeps what was before, who did it, and why."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext as _

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import Register, manifests
from jiangcheng.core.records import queries, rules
from jiangcheng.core.records.models import ImportRun, Record, RecordSerial
from jiangcheng.core.records.services import life
from jiangcheng.core.registry import queries as registry

Row = TypeVar("Row", bound=Record)


def create(
    *,
    register: str,
    values: Mapping[str, Any],
    actor: User | None,
    at: dt.datetime,
    number: str = "",
    import_run: ImportRun | None = None,
) -> Record:
    """Add a row.

    Parameters
    ----------
    values
        By field. The area follows from the facility or the position where it is not given; the clock of the
        first state runs unless ``due_at`` is given.
    actor
        Who adds it; None for a rule.
    number
        Empty: the next number of the register.

    Raises
    ------
    KeyError
        If there is no such register.
    django.core.exceptions.ValidationError
        If a value is refused; the message is by field.
    """
    declared = queries.register(register)
    record = queries.model_of(register)(**values)
    with transaction.atomic():
        record.number = number or record.number or _next_number(declared, at)
        record.created_at = record.state_at = at
        record.created_by = actor
        record.import_run = import_run
        _place(record, at)
        record.workflow = queries.workflow_of(declared)
        if record.workflow is not None:
            definition = record.workflow.definition
            record.state = definition["initial"]
            if record.due_at is None:
                calendar = workflow.working_calendar()
                record.due_at = workflow.due_at(definition, record.state, queries.SEVERITY, at, calendar)
        _validated(record, {*values, "number"})
        _saved(record, actor, at, "")
        life.write_step(declared, record, "create", "", actor, at)
        _audited(declared, record, "create", actor, at, after=_shown(declared, record, values))
        manifests.ask(
            f"record.{declared.code}.create",
            record_number=record.number,
            actor=actor,
            now=at,
            details={},
            text="",
        )
    return record


def change(
    *,
    record: Row,
    values: Mapping[str, Any],
    actor: User | None,
    at: dt.datetime,
    reason: str = "",
    seen: int | None = None,
) -> Row:
    """Change fields of a row; what is as it was is not written again.

    Parameters
    ----------
    seen
        Key of the latest history entry the person had on screen; a later one makes the change stale.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        ``stale``, or ``withdrawn``.
    django.core.exceptions.ValidationError
        If a value is refused; the message is by field.
    """
    declared = queries.register_of(record)
    with transaction.atomic():
        locked = type(record)._default_manager.select_for_update(of=("self",)).get(pk=record.pk)
        if locked.withdrawn_at is not None:
            raise Refused("withdrawn")
        if seen is not None and queries.last_change(locked) != seen:
            raise Refused("stale")
        before = {name: getattr(locked, name) for name in values}
        differing = rules.changes(before, values)
        if differing:
            for name, (_, value) in differing.items():
                setattr(locked, name, value)
            _validated(locked, set(differing))
            _saved(locked, actor, at, reason)
            _audited(
                declared,
                locked,
                "change",
                actor,
                at,
                before=_shown(declared, locked, {name: pair[0] for name, pair in differing.items()}),
                after=_shown(declared, locked, {name: pair[1] for name, pair in differing.items()}),
                reason=reason,
            )
    record.refresh_from_db()
    return record


def withdraw(*, record: Row, actor: User | None, at: dt.datetime, reason: str) -> Row:
    """Withdraw a row: it stays readable, and nothing can be done with it any more.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        ``text_required`` without a reason, ``withdrawn`` if it is already, ``state`` where rows of its state
        are not withdrawn.
    """
    if not reason.strip():
        raise Refused("text_required")
    declared = queries.register_of(record)
    with transaction.atomic():
        locked = type(record)._default_manager.select_for_update(of=("self",)).get(pk=record.pk)
        if locked.withdrawn_at is not None:
            raise Refused("withdrawn")
        if declared.open_in and locked.state not in declared.open_in:
            raise Refused("state")
        locked.withdrawn_at, locked.due_at = at, None
        _saved(locked, actor, at, reason)
        life.write_step(declared, locked, "withdraw", locked.state, actor, at, text=reason.strip())
        _audited(declared, locked, "withdraw", actor, at, reason=reason)
    record.refresh_from_db()
    return record


def _next_number(declared: Register, at: dt.datetime) -> str:
    year = timezone.localdate(at).year
    RecordSerial.objects.get_or_create(register=declared.code, year=year)
    serial = RecordSerial.objects.select_for_update().get(register=declared.code, year=year)
    serial.last += 1
    serial.save()
    return rules.number(declared.prefix or declared.code.upper(), year, serial.last)


def _place(record: Record, at: dt.datetime) -> None:
    if record.facility is not None:
        record.region = record.region or record.facility.region
        if record.longitude is None and record.latitude is None:
            record.longitude, record.latitude = record.facility.longitude, record.facility.latitude
    elif record.region is None and record.longitude is not None and record.latitude is not None:
        cell = registry.leaf_grid(record.longitude, record.latitude, timezone.localdate(at))
        record.region = cell.region if cell else None


def _validated(record: Record, names: set[str]) -> None:
    if "number" in names and not rules.is_number(record.number):
        told = _("编号只用字母、数字、汉字和 - _ . ( ) 〔 〕，不超过 40 个，且不能是 new、import 等页面名。")
        raise ValidationError({"number": [told]})
    others = {field.name for field in record._meta.concrete_fields} - names
    record.clean_fields(exclude=others)
    record.clean()
    record.validate_unique(exclude=others)
    # Constraints may speak of rows that stand only.
    record.validate_constraints(exclude=others - {"withdrawn_at"})


def _saved(record: Record, actor: User | None, at: dt.datetime, reason: str) -> None:
    record._history_user = actor  # type: ignore[attr-defined]
    record._history_date = at  # type: ignore[attr-defined]
    record._change_reason = reason[:100]  # type: ignore[attr-defined]
    record.save()


def _shown(declared: Register, record: Record, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as they may stand on the audit trail: short, and nothing personal."""
    return {name: "***" if name in declared.personal else _plain(value) for name, value in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Model):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"


def _audited(
    declared: Register,
    record: Record,
    action: str,
    actor: User | None,
    at: dt.datetime,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    access.record(
        actor=actor,
        action=f"records.{action}",
        object_type=declared.code,
        object_id=record.number,
        before=before,
        after=after,
        reason=reason,
        at=at,
    )
