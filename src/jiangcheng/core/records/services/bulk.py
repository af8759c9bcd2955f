"""Bringing finished histories in at once: what an older system, or a synthetic year, already knows."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from jiangcheng.core.access import queries as access_queries
from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.rules import GENESIS
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases.models import WorkflowDefinition
from jiangcheng.core.cases.services import Refused
from jiangcheng.core.manifest import Register
from jiangcheng.core.records import queries
from jiangcheng.core.records.models import Record, RecordStep
from jiangcheng.core.records.services import life

BATCH = 400
"""Rows of one statement; what SQLite takes."""
_Roles = dict[tuple[int, str], str]
"""Role by person and permission."""


@dataclasses.dataclass(frozen=True, slots=True)
class PastStep:
    """A step that was taken before the row came here."""

    action: str
    actor: User | None
    at: dt.datetime
    text: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class PastRow:
    """A row with its number, its values and the steps it has gone through."""

    number: str
    values: Mapping[str, Any]
    at: dt.datetime
    steps: Sequence[PastStep] = ()


def load_past(*, register: str, rows: Sequence[PastRow], actor: User | None, at: dt.datetime) -> list[Any]:
    """Add rows with their past in few statements, each step chained by hash as if taken one by one.

    The role noted with a step is the one its actor holds when the load is made. Values are checked by the
    caller: hooks do not run, and no field is validated. The load as a whole stands on the audit trail.

    Raises
    ------
    jiangcheng.core.cases.services.Refused
        ``state`` where a step does not start in the state the row has reached; nothing is added then.
    """
    declared = queries.register(register)
    model, definition = queries.model_of(register), queries.workflow_of(declared)
    records, lives = [], []
    roles: _Roles = {}
    for row in rows:
        record, steps = _row(declared, model, definition, row, actor)
        records.append(record)
        lives += steps
    for step in lives:
        step.actor_role = _role(step, definition, declared, at, roles)
    _chained(lives)
    with transaction.atomic():
        done: list[Any] = bulk_create_with_history(
            records,
            model,
            batch_size=BATCH,
            default_user=actor,
            default_date=at,
            default_change_reason="load",
        )
        RecordStep.objects.bulk_create(lives, batch_size=BATCH)
        access.record(
            actor=actor, action="records.load", object_type=declared.code, object_id="",
            after={"rows": len(rows)}, at=at,
        )  # fmt: skip
    return done


def _row(
    declared: Register,
    model: type[Record],
    definition: WorkflowDefinition | None,
    row: PastRow,
    actor: User | None,
) -> tuple[Record, list[RecordStep]]:
    record = model(number=row.number, created_at=row.at, created_by=actor, state_at=row.at, **row.values)
    if record.facility is not None:
        record.region = record.region or record.facility.region
    record.workflow = definition
    if definition is not None:
        record.state = definition.definition["initial"]
    steps = [_step(declared, record, PastStep("create", actor, row.at), "", None)]
    for past in row.steps:
        before = record.state
        item = workflow.action(definition.definition, past.action) if definition else None
        if item is None or before not in item["from"]:
            raise Refused("state")
        record.state, record.state_at = item["to"], past.at
        final = workflow.is_final(definition.definition, record.state)  # type: ignore[union-attr]
        record.closed_at = past.at if final else None
        steps.append(_step(declared, record, past, before, steps[-1]))
    return record, steps


def _step(
    declared: Register, record: Record, past: PastStep, before: str, last: RecordStep | None
) -> RecordStep:
    return RecordStep(
        register=declared.code,
        number=record.number,
        sequence=last.sequence + 1 if last else 1,
        action=past.action,
        from_state=before,
        to_state=record.state,
        actor=past.actor,
        at=past.at,
        text=past.text,
    )


def _chained(steps: Sequence[RecordStep]) -> None:
    """Give every step the hash of the one before it; the first of a row begins a chain."""
    previous = GENESIS
    for step in steps:
        step.previous_hash = GENESIS if step.sequence == 1 else previous
        step.hash = previous = life.hash_of(step, ())


def _role(
    step: RecordStep,
    definition: WorkflowDefinition | None,
    declared: Register,
    at: dt.datetime,
    roles: _Roles,
) -> str:
    if step.actor is None:
        return ""
    known = workflow.action(definition.definition, step.action) if definition else None
    permission = known["permission"] if known else declared.change
    key = (step.actor.pk, permission)
    if key not in roles:
        roles[key] = access_queries.role_for(step.actor, permission, timezone.localdate(at))
    return roles[key]
