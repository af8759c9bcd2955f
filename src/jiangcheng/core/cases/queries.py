"""Cases a person may see, what they may do with them, and the numbers of the desk."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import rules
from jiangcheng.core.cases.models import Case, CaseStep, Finding, RuleConfiguration, WorkflowDefinition
from jiangcheng.core.registry import queries as registry

HANDLE = "cases.handle"


@dataclasses.dataclass(frozen=True, slots=True)
class Filters:
    """What a list of cases is narrowed by; empty means all."""

    state: str = ""
    case_type: str = ""
    county: str = ""
    facility: str = ""
    station: str = ""
    sought: str = ""
    overdue: bool = False
    mine: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class AvailableAction:
    """An action a person may do now, and what has to be handed in with it."""

    code: str
    name_zh: str
    name_en: str
    to_state: str
    needs: tuple[str, ...]


def visible(*, user: User, on: dt.date) -> QuerySet[Case]:
    """Return the cases a person may see: in their scope, reported by them, or in their hands."""
    scope = access.scope(user, "cases.view", on)
    if not scope:
        return Case.objects.none()
    own = Q(handler=user) | Q(reporter=user)
    seen = scope.as_filter(region="region__code", facility="facility__code")
    return Case.objects.filter(seen if scope.everything else seen | own)


def narrowed(cases: QuerySet[Case], *, filters: Filters, user: User, now: dt.datetime) -> QuerySet[Case]:
    """Return the cases that match the filters."""
    exact = {
        "state": filters.state,
        "case_type": filters.case_type,
        "facility__code": filters.facility,
        "station__code": filters.station,
    }
    cases = cases.filter(**{name: value for name, value in exact.items() if value})
    if filters.county:
        cases = cases.filter(region__code__startswith=filters.county)
    if filters.overdue:
        cases = cases.filter(due_at__lte=now)
    if filters.mine:
        cases = cases.filter(handler=user)
    if sought := filters.sought:
        named = Q(title_zh__icontains=sought) | Q(title_en__icontains=sought)
        cases = cases.filter(named | Q(number__icontains=sought))
    return cases


def listed(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Return the cases as lists show them: most urgent clock first, everything they name loaded."""
    loaded = cases.select_related("region", "grid_cell", "facility", "handler", "workflow")
    return loaded.order_by("due_at", "-severity", "pk")


def open_cases(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Return the cases that are not in a final state."""
    return cases.filter(closed_at=None)


def open_at(cases: QuerySet[Case], *, at: dt.datetime) -> QuerySet[Case]:
    """Return the cases that were open at an instant, with their state of then as ``state_then``."""
    last = CaseStep.objects.filter(case=OuterRef("pk"), at__lte=at).order_by("-sequence")
    was_open = cases.filter(opened_at__lte=at).filter(Q(closed_at=None) | Q(closed_at__gt=at))
    return was_open.annotate(state_then=Subquery(last.values("to_state")[:1]))


def counts(cases: QuerySet[Case], *, now: dt.datetime) -> dict[str, int]:
    """Return how many of the cases are open, overdue, and grave or urgent."""
    return open_cases(cases).aggregate(
        open=Count("pk"), overdue=Count("pk", filter=Q(due_at__lte=now)), grave=Count("pk", filter=Q(severity__gte=3))
    )  # fmt: skip


def steps(*, case: Case) -> QuerySet[CaseStep]:
    """Return the steps of a case in order, with people and evidence."""
    return case.steps.select_related("actor").prefetch_related("evidence").order_by("sequence")


def rule_configuration(*, rule: str, on: dt.date) -> RuleConfiguration | None:
    """Return the configuration of a rule in force on a day, or None if it is off; of two the later version."""
    valid = RuleConfiguration.objects.filter(rule=rule, valid_from_date__lte=on).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    )
    found = valid.order_by("-version").first()
    return found if found is not None and found.enabled else None


def findings(*, user: User, on: dt.date) -> QuerySet[Finding]:
    """Return the findings a person may see."""
    scope = access.scope(user, "cases.view", on)
    place = scope.as_filter(region="grid_cell__region__code", facility="facility__code")
    station = scope.as_filter(region="station__region__code", facility="station__outlet__facility__code")
    return Finding.objects.filter(place | station)


def workflow_for(*, case_type: str) -> WorkflowDefinition:
    """Return the latest version of the workflow a new case of a type follows.

    Raises
    ------
    WorkflowDefinition.DoesNotExist
        If none is loaded.
    """
    latest: dict[str, WorkflowDefinition] = {}
    for workflow in WorkflowDefinition.objects.order_by("code", "version"):
        latest[workflow.code] = workflow
    for wanted in (case_type, "*"):
        for workflow in latest.values():
            if wanted in workflow.definition["case_types"]:
                return workflow
    raise WorkflowDefinition.DoesNotExist(f"no workflow is loaded for cases of type {case_type!r}")


def permissions_on(*, case: Case, user: User, on: dt.date) -> frozenset[str]:
    """Return the permissions a person has on one case; handlers and reporters also see their own."""
    found = access.permissions_in(
        user, on, region_code=_region_code(case), facility_code=_facility_code(case)
    )
    if user.pk in (case.handler_id, case.reporter_id):
        found |= access.permissions_of(user, on) & {"cases.view", "cases.report"}
    return found


def candidates(*, case: Case, on: dt.date) -> list[User]:
    """Return the people who may be sent to handle a case, by name."""
    return access.holders(HANDLE, on, region_code=_region_code(case), facility_code=_facility_code(case))


def propose_handler(*, case: Case, on: dt.date) -> User | None:
    """Return who should handle a case: the inspector of its grid cell, else deputy, else chief.

    None where the case lies in no cell or none of them may handle it.
    """
    if case.grid_cell is None:
        return None
    fit = set(candidates(case=case, on=on))
    people = registry.responsible(grid_cell=case.grid_cell, on=on)
    return next((person for person in (people.inspector, people.deputy, people.chief) if person in fit), None)


def attempt(*, case: Case, user: User, on: dt.date) -> rules.Attempt:
    """Return a person's attempt on a case with empty hands."""
    definition = case.workflow.definition
    handling = [item["code"] for item in definition["actions"] if item["permission"] == HANDLE]
    handled_by = case.steps.filter(action__in=handling).exclude(actor=None)
    return rules.Attempt(
        actor_id=user.pk,
        permissions=permissions_on(case=case, user=user, on=on),
        handler_id=case.handler_id,
        handled_by=frozenset(handled_by.values_list("actor_id", flat=True)),
        found_by_machine=case.reporter_id is None,
    )


def available_actions(*, case: Case, user: User, on: dt.date) -> list[AvailableAction]:
    """Return what a person may do with a case now, in the order of the workflow."""
    definition = case.workflow.definition
    empty_handed = attempt(case=case, user=user, on=on)
    return [
        AvailableAction(item["code"], item["name_zh"], item["name_en"], item["to"], rules.needs(item))
        for item in definition["actions"]
        if not rules.barred(definition, case.state, item["code"], empty_handed)
    ]


def _region_code(case: Case) -> str:
    return case.region.code if case.region else ""


def _facility_code(case: Case) -> str:
    return case.facility.code if case.facility else ""
