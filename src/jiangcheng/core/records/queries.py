"""The registers, the rows a person may see, and what may be done with them."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

from django.apps import apps
from django.db.models import Q, QuerySet

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases.models import WorkflowDefinition
from jiangcheng.core.manifest import Register, manifests
from jiangcheng.core.records import rules
from jiangcheng.core.records.models import Record, RecordStep

SEVERITY = 2
"""The severity by which the clocks of rows are chosen; rows of a register are of equal weight."""


@dataclasses.dataclass(frozen=True, slots=True)
class AvailableAction:
    """An action a person may do now, and what has to be handed in with it."""

    code: str
    name_zh: str
    name_en: str
    to_state: str
    needs: tuple[str, ...]


def register(code: str) -> Register:
    """Return a register.

    Raises
    ------
    KeyError
        If no manifest declares it.
    """
    return manifests.registers()[code]


_declared = register
"""The same under another name, for functions with a parameter of this name."""


def model_of(code: str) -> type[Record]:
    """Return the model of a register."""
    model = apps.get_model(register(code).model)
    assert issubclass(model, Record)
    return model


def by_hand(declared: Register) -> bool:
    """Tell whether people add rows: false where only a rule knows what a row needs."""
    own = {field.name for field in Record._meta.get_fields()}
    needed = [
        field
        for field in model_of(declared.code)._meta.concrete_fields
        if field.name not in own and field.name not in declared.fields and not field.primary_key
    ]
    return bool(declared.fields) and all(field.null or field.get_default() is not None for field in needed)


def register_of(record: Record) -> Register:
    """Return the register a row is in.

    Raises
    ------
    LookupError
        If its model is in no register.
    """
    label = record._meta.label
    for declared in manifests.registers().values():
        if declared.model == label:
            return declared
    raise LookupError(f"{label} is in no register")


def rows(*, register: str) -> QuerySet[Any]:
    """Return all rows of a register with what lists show of them."""
    loaded = model_of(register)._default_manager.select_related("region", "facility", "handler", "workflow")
    return loaded.order_by("-pk")


def visible(*, register: str, user: User, on: dt.date) -> QuerySet[Any]:
    """Return the rows a person may see: in their area, of their facility, or in their hands.

    A row without area and facility belongs to the city; everybody with the permission in some area sees it.
    """
    scope = access.scope(user, _declared(register).view, on)
    found = rows(register=register)
    if scope.everything:
        return found
    seen = scope.as_filter(region="region__code", facility="facility__code")
    if scope.region_codes:
        seen |= Q(region=None, facility=None)
    for field, _permission in _declared(register).parties:
        seen |= Q(**{f"{field}__in": sorted(scope.facility_codes)})
    return found.filter(seen | Q(handler=user)) if scope else found.filter(handler=user)


def public_rows(*, register: str) -> QuerySet[Any]:
    """Return the rows anybody may see; none where the register is not public."""
    declared = _declared(register)
    found = rows(register=register).filter(withdrawn_at=None)
    if not declared.public:
        return found.none()
    return found.filter(state__in=declared.public_when) if declared.public_when else found


def steps(*, register: str, number: str) -> QuerySet[RecordStep]:
    """Return the steps of a row in order, with people and evidence."""
    found = RecordStep.objects.filter(register=register, number=number)
    return found.select_related("actor").prefetch_related("evidence").order_by("sequence")


def workflow_of(declared: Register) -> WorkflowDefinition | None:
    """Return the latest version of a register's workflow, or None where its rows have no life cycle.

    Raises
    ------
    WorkflowDefinition.DoesNotExist
        If the declared workflow is not loaded.
    """
    if not declared.workflow:
        return None
    return WorkflowDefinition.objects.filter(code=declared.workflow).order_by("-version")[:1].get()


def states(declared: Register) -> list[tuple[str, str, str]]:
    """Return code, Chinese and English name of the states of a register's workflow."""
    found = workflow_of(declared)
    return [
        (item["code"], item["name_zh"], item["name_en"])
        for item in (found.definition["states"] if found else ())
    ]


def attempt(*, record: Record, action: str, user: User, on: dt.date) -> workflow.Attempt:
    """Return a person's attempt on a row with empty hands."""
    assert record.workflow is not None
    done = RecordStep.objects.filter(register=register_of(record).code, number=record.number)
    return workflow.Attempt(
        actor_id=user.pk,
        permissions=permissions_on(record=record, user=user, on=on),
        handler_id=record.handler_id,
        handled_by=rules.others(
            record.workflow.definition, action, done.values_list("action", "actor_id"), record.created_by_id
        ),
        found_by_machine=record.created_by_id is None,
    )


def permissions_on(*, record: Record, user: User, on: dt.date) -> frozenset[str]:
    """Return the permissions a person has on this very row."""
    if record.region is None and record.facility is None:
        return access.permissions_of(user, on)
    held = access.permissions_in(
        user,
        on,
        region_code=record.region.code if record.region else "",
        facility_code=record.facility.code if record.facility else "",
    )
    for field, permission in register_of(record).parties:
        code = getattr(record, field)
        of_party = (
            access.permissions_in(user, on, region_code="", facility_code=code) if code else frozenset()
        )
        held = (held - {permission}) | (of_party & {permission})
    return held


def final_states(declared: Register) -> list[str]:
    """Return the states in which a register's rows are at their end, by the latest workflow."""
    found = workflow_of(declared)
    return [state["code"] for state in found.definition["states"] if state.get("final")] if found else []


def available_actions(*, record: Record, user: User, on: dt.date) -> list[AvailableAction]:
    """Return what a person may do with a row now, in the order of the workflow."""
    if record.workflow is None or record.withdrawn_at is not None:
        return []
    definition = record.workflow.definition
    found = []
    for item in definition["actions"]:
        if record.state not in item["from"]:
            continue
        empty_handed = attempt(record=record, action=item["code"], user=user, on=on)
        if not workflow.barred(definition, record.state, item["code"], empty_handed):
            needs = workflow.needs(item)
            found.append(AvailableAction(item["code"], item["name_zh"], item["name_en"], item["to"], needs))
    return found


def candidates(*, record: Record, action: str, on: dt.date) -> list[User]:
    """Return the people who may be made responsible for a row by an action: who may do the next steps."""
    if record.workflow is None:
        return []
    definition = record.workflow.definition
    item = workflow.action(definition, action)
    if item is None:
        return []
    following = {step["permission"] for step in definition["actions"] if item["to"] in step["from"]}
    region = record.region.code if record.region else ""
    facility = record.facility.code if record.facility else ""
    found = {
        person
        for permission in following
        for person in access.holders(permission, on, region_code=region, facility_code=facility)
    }
    return sorted(found, key=lambda person: (str(person), person.pk))


def may_change(*, record: Record, user: User, on: dt.date) -> bool:
    """Tell whether a person may change the fields of a row."""
    declared = register_of(record)
    if record.withdrawn_at is not None or (declared.open_in and record.state not in declared.open_in):
        return False
    return declared.change in permissions_on(record=record, user=user, on=on)


def last_change(record: Record) -> int:
    """Return the key of the latest entry of a row's history: what a form saw."""
    return int(record.past.order_by("-history_id").values_list("history_id", flat=True).first() or 0)  # type: ignore[attr-defined]


def overdue(*, register: str, now: dt.datetime) -> QuerySet[Any]:
    """Return the rows whose term has passed and that are neither finished nor withdrawn."""
    return rows(register=register).filter(due_at__lte=now, closed_at=None, withdrawn_at=None)
