"""What a person in the field needs on the phone: cells, tasks, plants with their check lists, patrols."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

import shapely
from django.db.models import Count, Max, Q, QuerySet
from django.utils import timezone

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.cases.models import Case, CaseStep
from jiangcheng.core.manifest import CheckItem, ToDo, manifests
from jiangcheng.core.records import queries as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Evidence, Facility, GridCell, GridDuty
from jiangcheng.modules.fieldwork import rules
from jiangcheng.modules.fieldwork.models import Patrol, Submission

CHIEFS = (GridDuty.Duty.RIVER_CHIEF, GridDuty.Duty.FOREST_CHIEF, GridDuty.Duty.FIELD_CHIEF)
SIMPLIFIED = 5e-5
"""Tolerance of the outlines phones get [degrees], about 5 m."""
MOST_CASES, MOST_ROWS, MOST_FACILITIES, MOST_CHECKLISTS, MOST_CELLS = 60, 40, 300, 40, 80


def own_cells(*, user: User, on: dt.date) -> list[GridCell]:
    """Return the cells a person answers for, else those in which they may report."""
    valid = registry.grid_cells(on=on)
    duties = GridDuty.objects.filter(user=user, valid_from_date__lte=on).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    )
    held = valid.filter(pk__in=duties.values("grid_cell"))
    if held.exists():
        return list(held)
    scope = access.scope(user, "cases.report", on)
    return list(valid.filter(scope.as_filter(region="region__code"))[:MOST_CELLS])


def facilities(*, user: User, on: dt.date) -> QuerySet[Facility]:
    """Return the plants a person may see."""
    return registry.facilities(scope=access.scope(user, "registry.view", on))


def near_facilities(*, user: User, cells: Iterable[GridCell], on: dt.date) -> list[Facility]:
    """Return the plants of some cells that a person may see."""
    return list(facilities(user=user, on=on).filter(grid_cell__in=list(cells))[:MOST_FACILITIES])


def checklist(*, facility_code: str, on: dt.date) -> list[CheckItem]:
    """Return what every room wants looked at in a plant."""
    answers = manifests.ask("facility.checklist", facility_code=facility_code, on=on)
    return [item for items in answers for item in items]


def todo(*, user: User, now: dt.datetime) -> list[ToDo]:
    """Return what waits for a person in every room that can answer, the most urgent first."""
    answers = manifests.gather("person.todo", user=user, now=now).answers
    found = [item for items in answers for item in items]
    return sorted(found, key=lambda item: (item.due_at is None, item.due_at or now, -item.severity))


def tasks(*, user: User, on: dt.date) -> list[tuple[Case, list[cases.AvailableAction]]]:
    """Return the open cases in a person's hands, and those they can move on, with what they may do."""
    seen = cases.listed(cases.open_cases(cases.visible(user=user, on=on)))
    found = {case.pk: case for case in seen.filter(handler=user)[:MOST_CASES]}
    for case in seen[:MOST_CASES]:
        found.setdefault(case.pk, case)
    able = [(case, cases.available_actions(case=case, user=user, on=on)) for case in found.values()]
    return [(case, actions) for case, actions in able if actions or case.handler_id == user.pk]


def field_rows(*, user: User, on: dt.date) -> list[tuple[Record, list[records.AvailableAction]]]:
    """Return the rows of registers for the field that a person may move on, with what they may do."""
    found: list[tuple[Record, list[records.AvailableAction]]] = []
    for declared in manifests.registers().values():
        if not declared.in_field:
            continue
        final = records.final_states(declared)
        rows = records.visible(register=declared.code, user=user, on=on).filter(withdrawn_at=None)
        for row in rows.exclude(state__in=final).order_by("due_at", "-pk")[:MOST_ROWS]:
            if actions := records.available_actions(record=row, user=user, on=on):
                found.append((row, actions))
    return found


def row_of(*, number: str, user: User, on: dt.date) -> Record | None:
    """Return a row of a register for the field that a person may see."""
    for declared in manifests.registers().values():
        if declared.in_field:
            row = records.visible(register=declared.code, user=user, on=on).filter(number=number).first()
            if row is not None:
                assert isinstance(row, Record)
                return row
    return None


def last_row_sequence(row: Record) -> int:
    """Return the sequence of a row's last step."""
    steps = records.steps(register=records.register_of(row).code, number=row.number)
    return steps.order_by("-sequence").values_list("sequence", flat=True).first() or 0


def case_of(*, number: str, user: User, on: dt.date) -> Case | None:
    """Return a case a person may see."""
    return cases.visible(user=user, on=on).select_related("workflow", "region", "facility").filter(
        number=number
    ).first()  # fmt: skip


def nearest(
    *, found: Iterable[Facility], longitude: float, latitude: float, within: float
) -> Facility | None:
    """Return the plant nearest to a point, or None where none lies ``within`` metres."""
    ranked = [
        (rules.distance((longitude, latitude), (item.longitude, item.latitude)), item.pk, item)
        for item in found
    ]
    best = min(ranked, default=None)
    return best[2] if best is not None and best[0] <= within else None


def outline(cell: GridCell) -> dict[str, Any]:
    """Return a cell's outline as GeoJSON, simplified to what a phone needs."""
    shape = shapely.geometry.shape(cell.boundary).simplify(SIMPLIFIED)
    return dict(shapely.geometry.mapping(shape))


def inner_point(cell: GridCell) -> tuple[float, float]:
    """Return a point inside a cell (longitude, latitude) [degrees]."""
    point = shapely.geometry.shape(cell.boundary).representative_point()
    return point.x, point.y


def own_photos(*, user: User, digests: Iterable[str]) -> dict[str, Evidence]:
    """Return the photos a person has sent, by SHA-256; of two of the same bytes the first."""
    rows = Evidence.objects.filter(uploaded_by=user, sha256__in=list(digests)).order_by("-pk")
    return {row.sha256: row for row in rows}


def patrols(*, user: User, on: dt.date) -> QuerySet[Patrol]:
    """Return the patrols a person may see: their own, and those of the people of cells they are chief of."""
    valid = GridDuty.objects.filter(valid_from_date__lte=on).filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on)
    )
    led = valid.filter(user=user, duty=GridDuty.Duty.CHIEF)
    people = valid.filter(grid_cell__in=led.values("grid_cell")).values("user")
    return Patrol.objects.filter(Q(user=user) | Q(user__in=people)).order_by("-started_at")


@dataclasses.dataclass(frozen=True, slots=True)
class ChiefPatrols:
    """How often a chief was on patrol; chiefs are counted, not ranked."""

    person: User
    duty: str
    cells: tuple[GridCell, ...]
    patrols: int
    last_at: dt.datetime | None


def chief_patrols(*, user: User, on: dt.date, since: dt.datetime, until: dt.datetime) -> list[ChiefPatrols]:
    """Return the river, forest and field chiefs of the areas a person keeps rosters of, by duty and name."""
    scope = access.scope(user, "cases.roster", on)
    duties = (
        GridDuty.objects.filter(duty__in=CHIEFS, valid_from_date__lte=on)
        .filter(Q(valid_to_date=None) | Q(valid_to_date__gt=on))
        .filter(scope.as_filter(region="grid_cell__region__code"))
        .select_related("user", "grid_cell")
        .order_by("duty", "user__display_name", "grid_cell__code")
    )
    cells: dict[tuple[str, User], list[GridCell]] = {}
    for row in duties:
        cells.setdefault((row.duty, row.user), []).append(row.grid_cell)
    counted = {
        row["user"]: (row["count"], row["last"])
        for row in Patrol.objects.filter(
            user__in={person for _, person in cells}, started_at__gte=since, started_at__lt=until
        )
        .values("user")
        .annotate(count=Count("pk"), last=Max("started_at"))
    }
    return [
        ChiefPatrols(person, duty, tuple(held), *counted.get(person.pk, (0, None)))
        for (duty, person), held in cells.items()
    ]


def submission(*, key: uuid.UUID) -> Submission | None:
    """Return what came in under a key."""
    return Submission.objects.select_related("user").filter(key=key).first()


def submitted_since(*, user: User, since: dt.datetime) -> int:
    """Return how many things a person has handed in since an instant."""
    return Submission.objects.filter(user=user, received_at__gt=since).count()


def photos_since(*, user: User, since: dt.datetime) -> int:
    """Return how many photos a person has sent since an instant."""
    return Evidence.objects.filter(uploaded_by=user, uploaded_at__gt=since).count()


def histories(found: Iterable[Case]) -> dict[int, list[CaseStep]]:
    """Return the steps of cases in their order, with people and evidence, by primary key of the case."""
    steps: dict[int, list[CaseStep]] = {case.pk: [] for case in found}
    rows = CaseStep.objects.filter(case__in=steps).select_related("actor").prefetch_related("evidence")
    for step in rows.order_by("case", "sequence"):
        steps[step.case_id].append(step)
    return steps


def local_day(now: dt.datetime) -> dt.date:
    """Return the calendar day of an instant in local time."""
    return timezone.localdate(now)
