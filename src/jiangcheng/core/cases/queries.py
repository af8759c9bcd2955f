"""Cases a person may see, what they may do with them, and the numbers of the desk."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.rules import area_prefix
from jiangcheng.core.cases import rules
from jiangcheng.core.cases.models import (
    Case,
    CaseStep,
    CaseTask,
    DutyShift,
    Finding,
    RuleConfiguration,
    WorkflowDefinition,
)
from jiangcheng.core.manifest import FindingKind, ToDo, manifests
from jiangcheng.core.observations import queries as observations
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import GridDuty, Region

VIEW, HANDLE, ROSTER = "cases.view", "cases.handle", "cases.roster"
TO_DO = 200
"""Cases a list of what waits shows at most."""


@dataclasses.dataclass(frozen=True, slots=True)
class Filters:
    """What a list of cases is narrowed by; empty means all."""

    state: str = ""
    case_type: str = ""
    county: str = ""
    facility: str = ""
    station: str = ""
    sought: str = ""
    flag: str = ""
    """``supervised``, ``suspended``, ``asked`` (waits for an approval) or ``relapsed``."""
    source: str = ""
    """``person`` or ``machine``."""
    since: dt.date | None = None
    until: dt.date | None = None
    overdue: bool = False
    mine: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class Proposal:
    """A person who could be sent to a case, why, and how many open cases they have in hand."""

    person: User
    why_zh: str
    why_en: str
    load: int


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """An open case that may be about the same matter as another."""

    case: Case
    metres: float
    hours: float
    similarity: float


@dataclasses.dataclass(frozen=True, slots=True)
class Kpi:
    """The rates of an area or type; ``code`` is empty for all together."""

    code: str
    cases: int
    rates: rules.Rates


@dataclasses.dataclass(frozen=True, slots=True)
class Risk:
    """How grave the city stands by its live findings, with the parts it follows from."""

    level: Mapping[str, Any]
    parts: tuple[tuple[str, int, int], ...]
    """Case type, gravest severity, number of cases; the gravest first."""
    newest: dt.datetime | None
    """When the latest of the findings was seen."""
    silent: int
    stations: int

    @property
    def unsure(self) -> bool:
        """Whether so many stations are silent that what they would show is not known."""
        return bool(self.silent * 100 > self.stations * rules.settings("risk")["most_silent_percent"])


@dataclasses.dataclass(frozen=True, slots=True)
class AvailableAction:
    """An action a person may do now, and what has to be handed in with it."""

    code: str
    name_zh: str
    name_en: str
    to_state: str
    needs: tuple[str, ...]


def visible(*, user: User, on: dt.date) -> QuerySet[Case]:
    """Return the cases a person may see: in their scope, reported by them, or in their hands.

    What an enterprise's own people see leaves out the kinds that are withheld from it (complaints).
    """
    scope = access.scope(user, "cases.view", on)
    if not scope:
        return Case.objects.none()
    own = Q(handler=user) | Q(reporter=user) | Q(pk__in=CaseTask.objects.filter(person=user).values("case"))
    if scope.everything:
        return Case.objects.all()
    withheld = {kind.case_type for kind in _withheld()}
    about = Q(facility__code__in=sorted(scope.facility_codes)) & ~Q(case_type__in=withheld)
    return Case.objects.filter(scope.as_filter(region="region__code") | about | own)


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
    flags = {
        "supervised": Q(supervised_at__isnull=False),
        "suspended": Q(state="suspended"),
        "asked": ~Q(pending=""),
        "relapsed": Q(relapse_of__isnull=False),
        "live": Q(Exists(Finding.objects.filter(case=OuterRef("pk"), ended_at=None)), closed_at=None),
    }
    if filters.flag in flags:
        cases = cases.filter(flags[filters.flag])
    if filters.source:
        cases = cases.filter(reporter__isnull=filters.source == "machine")
    if filters.since:
        cases = cases.filter(opened_at__date__gte=filters.since)
    if filters.until:
        cases = cases.filter(opened_at__date__lte=filters.until)
    if sought := filters.sought:
        named = Q(title_zh__icontains=sought) | Q(title_en__icontains=sought)
        cases = cases.filter(named | Q(number__icontains=sought) | Q(description__icontains=sought))
    return cases


def listed(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Return the cases as lists show them: most urgent clock first, without a clock last, all they name loaded."""
    loaded = cases.select_related("region", "grid_cell", "facility", "handler", "workflow")
    return pressing(loaded)


def pressing(cases: QuerySet[Case]) -> QuerySet[Case]:
    """Return the cases in the order of lists: most urgent clock first, without a clock last."""
    return cases.order_by(F("due_at").asc(nulls_last=True), "-severity", "pk")


def gravest(cases: QuerySet[Case], most: int) -> list[Case]:
    """Return the gravest cases as lists show them, of equal ones the most urgent clock first.

    What is due soon is often slight; where not all can be shown, a grave case must not stand behind it.
    """
    ordered = cases.order_by("-severity", F("due_at").asc(nulls_last=True), "pk")
    # Keys are sorted before rows are loaded: whole rows take several times as long.
    keys = list(ordered.values_list("pk", flat=True)[:most])
    found = {case.pk: case for case in listed(Case.objects.filter(pk__in=keys))}
    return [found[key] for key in keys]


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


def risk(*, user: User, on: dt.date, now: dt.datetime) -> Risk:
    """Judge the whole from the open cases with a live finding that a person may see."""
    live = Filters(flag="live")
    cases = narrowed(visible(user=user, on=on), filters=live, user=user, now=now).order_by()
    by: dict[str, tuple[int, int]] = {}
    severities: dict[int, int] = {}
    for row in cases.values("case_type", "severity").annotate(count=Count("pk")):
        worst, number = by.get(row["case_type"], (0, 0))
        by[row["case_type"]] = max(worst, row["severity"]), number + row["count"]
        severities[row["severity"]] = severities.get(row["severity"], 0) + row["count"]
    newest = Finding.objects.filter(case__in=cases.values("pk"), ended_at=None).aggregate(at=Max("last_at"))
    silent, stations = observations.silent(user=user, on=on, now=now)
    parts = [(code, worst, number) for code, (worst, number) in by.items()]
    parts.sort(key=lambda part: (-part[1], -part[2], part[0]))
    return Risk(rules.overall(severities), tuple(parts), newest["at"], silent, stations)


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
    """Return the findings a person may see; withheld from an enterprise's own people as in `visible`."""
    scope = access.scope(user, "cases.view", on)
    if scope.everything:
        return Finding.objects.all()
    place = scope.as_filter(region="grid_cell__region__code")
    withheld = {kind.code for kind in _withheld()}
    about = Q(facility__code__in=sorted(scope.facility_codes)) & ~Q(kind__in=withheld)
    station = scope.as_filter(region="station__region__code", facility="station__outlet__facility__code")
    return Finding.objects.filter(place | about | station)


def _withheld() -> list[FindingKind]:
    return [kind for kind in manifests.finding_kinds().values() if kind.withheld]


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
    if user.pk in (case.handler_id, case.reporter_id) or case.tasks.filter(person=user).exists():
        found |= access.permissions_of(user, on) & {"cases.view", "cases.report"}
    return found


def candidates(*, case: Case, on: dt.date) -> list[User]:
    """Return the people who may be sent to handle a case, by name."""
    return access.holders(HANDLE, on, region_code=_region_code(case), facility_code=_facility_code(case))


def proposals(*, case: Case, at: dt.datetime) -> list[Proposal]:
    """Return who could be sent to a case and why, best first: whom a room names for its matter, the people of
    its grid cell, who is on duty, the parallel chief of its matter, then everybody else who may handle it; with
    what each has in hand.
    """
    on = timezone.localdate(at)
    fit = {person.pk: person for person in candidates(case=case, on=on)}
    reasons: dict[int, tuple[str, str]] = {}
    for person, why in _of_rooms(case, at) + _responsible(case, on) + _on_duty(case, at):
        if person.pk in fit:
            reasons.setdefault(person.pk, why)
    loads = dict(
        open_cases(Case.objects.filter(handler__in=fit))
        .values_list("handler")
        .annotate(n=Count("pk"))
        .order_by()
    )
    first = [Proposal(fit[key], *why, loads.get(key, 0)) for key, why in reasons.items()]
    rest = [Proposal(person, "", "", loads.get(key, 0)) for key, person in fit.items() if key not in reasons]
    return first + sorted(rest, key=lambda item: (item.load, str(item.person)))


def _of_rooms(case: Case, at: dt.datetime) -> list[tuple[User, tuple[str, str]]]:
    named = [
        item for told in manifests.ask("case.proposals", case_number=case.number, at=at) for item in told
    ]
    people = User.objects.in_bulk([item.user_id for item in named])
    return [(people[item.user_id], (item.why.zh, item.why.en)) for item in named if item.user_id in people]


def _responsible(case: Case, on: dt.date) -> list[tuple[User, tuple[str, str]]]:
    if case.grid_cell is None:
        return []
    people = registry.responsible(grid_cell=case.grid_cell, on=on)
    found = [
        (people.inspector, ("网格员", "Grid inspector")),
        (people.deputy, ("副网格员", "Deputy inspector")),
    ]
    wanted = [
        row["duty"] for row in rules.settings("dispatch")["chiefs"] if case.case_type in row["case_types"]
    ]
    duties = GridDuty.objects.filter(grid_cell=case.grid_cell, duty__in=wanted, valid_from_date__lte=on)
    for duty in duties.filter(Q(valid_to_date=None) | Q(valid_to_date__gt=on)).select_related("user"):
        found.append((duty.user, (duty.get_duty_display(), duty.duty.replace("_", " "))))
    found.append((people.chief, ("网格长", "Grid chief")))
    return [(person, why) for person, why in found if person is not None]


def _on_duty(case: Case, at: dt.datetime) -> list[tuple[User, tuple[str, str]]]:
    shifts = DutyShift.objects.filter(starts_at__lte=at, ends_at__gt=at, cancelled_at=None)
    shifts = shifts.select_related("user", "region")
    code = _region_code(case)
    return [
        (shift.user, ("当班", "On duty"))
        for shift in shifts
        if code.startswith(area_prefix(shift.region.code))
    ]


def shifts(*, user: User, since: dt.datetime, until: dt.datetime, on: dt.date) -> QuerySet[DutyShift]:
    """Return the shifts that touch ``[since, until)`` in the areas where a person sees cases, in order."""
    found = DutyShift.objects.filter(starts_at__lt=until, ends_at__gt=since, cancelled_at=None)
    found = found.select_related("user", "region").order_by("starts_at", "region__code", "user__username")
    scope = access.scope(user, VIEW, on)
    return found if scope.everything else found.filter(scope.as_filter(region="region__code"))


def roster_regions(*, user: User, on: dt.date) -> list[Region]:
    """Return the city and counties whose roster a person may keep."""
    scope = access.scope(user, ROSTER, on)
    regions = registry.regions().filter(level__in=("city", "county"))
    return [region for region in regions if scope.covers_region(region.code)]


def duplicates(*, case: Case, user: User, on: dt.date) -> list[Candidate]:
    """Return open cases that may be about the same matter: near in place and time, alike in words, best first."""
    if case.longitude is None or case.latitude is None:
        return []
    told = rules.settings("duplicates")
    span = dt.timedelta(hours=told["hours"])
    reach = told["metres"] / 111_000
    near = (
        open_cases(visible(user=user, on=on))
        .exclude(pk=case.pk)
        .filter(
            opened_at__gte=case.opened_at - span,
            opened_at__lte=case.opened_at + span,
            latitude__range=(case.latitude - reach, case.latitude + reach),
            longitude__range=(case.longitude - 2 * reach, case.longitude + 2 * reach),
        )
    )
    text = f"{case.title_zh} {case.description}"
    found = []
    for other in near.select_related("workflow")[:500]:
        assert other.longitude is not None and other.latitude is not None
        metres = rules.distance(case.longitude, case.latitude, other.longitude, other.latitude)
        alike = rules.similarity(text, f"{other.title_zh} {other.description}")
        if metres <= told["metres"] and (
            alike >= told["similarity"] or other.facility_id == case.facility_id is not None
        ):
            hours = abs(case.opened_at - other.opened_at).total_seconds() / 3600
            found.append(Candidate(other, metres, hours, alike))
    return sorted(found, key=lambda item: (-item.similarity, item.metres))[: told["most"]]


def kpis(*, cases: QuerySet[Case], since: dt.date, until: dt.date, by: str, now: dt.datetime) -> list[Kpi]:
    """Return how the cases opened in ``[since, until]`` (local days) were handled, per county or per type.

    Clocks are judged step by step: a step is in time when it came before the clock of the state it left. People
    are not compared (国办函〔2026〕12号).
    """
    opened = cases.filter(opened_at__date__gte=since, opened_at__date__lte=until)
    facts: dict[int, rules.Handled] = {
        row["pk"]: rules.Handled(
            group=(row["case_type"] if by == "type" else (row["region__code"] or "")[:6]),
            severity=row["severity"],
            found_by=("machine" if row["reporter"] is None else "person"),
            opened_at=row["opened_at"],
            closed_at=row["closed_at"],
            state=row["state"],
            due_at=row["due_at"],
            reworks=row["rework_count"],
            relapse=row["relapse_of"] is not None,
        )
        for row in opened.values(
            "pk", "case_type", "region__code", "severity", "reporter", "opened_at", "closed_at", "state", "due_at",
            "rework_count", "relapse_of",
        )
    }  # fmt: skip
    steps = CaseStep.objects.filter(case__in=opened).order_by("case", "sequence")
    rows = steps.values_list("case", "action", "from_state", "to_state", "at", "due_at")
    rules.walked(facts, rows.iterator(chunk_size=5000))
    groups: dict[str, list[rules.Handled]] = {}
    for fact in facts.values():
        groups.setdefault(fact.group, []).append(fact)
    found = [Kpi(code, len(rows), rules.rates(rows, now)) for code, rows in sorted(groups.items())]
    if len(found) > 1:
        found.append(Kpi("", len(facts), rules.rates(list(facts.values()), now)))
    return found


def to_do(*, user: User, now: dt.datetime) -> list[ToDo]:
    """Answer the hook ``person.todo``: what waits for a person among the cases."""
    on = timezone.localdate(now)
    held = access.permissions_of(user, on)
    seen = open_cases(visible(user=user, on=on))
    waiting = Q(handler=user, state__in=("dispatched", "handling", "suspended"))
    if "cases.dispatch" in held:
        waiting |= Q(state__in=("reported", "filed"))
    if "cases.verify" in held:
        waiting |= Q(state="verifying")
    if "cases.approve" in held:
        waiting |= ~Q(pending="")
    found = [_waits(case, _kind(case, user), case.due_at) for case in listed(seen.filter(waiting))[:TO_DO]]
    tasks = CaseTask.objects.filter(person=user, done_at=None, case__closed_at=None).select_related("case")
    return found + [_waits(task.case, "task", task.due_at) for task in tasks]


def _kind(case: Case, user: User) -> str:
    return "approval" if case.pending and case.handler_id != user.pk else "case"


def _waits(case: Case, kind: str, due_at: dt.datetime | None) -> ToDo:
    return ToDo(
        kind=kind,
        title_zh=case.title_zh,
        title_en=case.title_en,
        url=reverse("cases:case", args=[case.number]),
        due_at=due_at,
        since=case.state_at,
        severity=case.severity,
        number=case.number,
    )


def propose_handler(*, case: Case, on: dt.date) -> User | None:
    """Return who should handle a case: whom a room names for its matter, else the inspector of its grid cell,
    else deputy, else chief.

    None where nobody is named and the case lies in no cell, or none of them may handle it.
    """
    fit = set(candidates(case=case, on=on))
    noon = dt.datetime.combine(on, dt.time(12), timezone.get_default_timezone())
    named = [person for person, _why in _of_rooms(case, noon) if person in fit]
    if named or case.grid_cell is None:
        return named[0] if named else None
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
        severity=case.severity,
        pending=case.pending,
        extensions=case.extensions,
        open_tasks=case.tasks.filter(done_at=None).count(),
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
