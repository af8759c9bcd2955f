"""Complaints as strangers and staff may see them, and what the public may read."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import math
from typing import Any

import numpy as np
from django.db.models import Count, Q, QuerySet, Sum

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.cases import rules as workflow
from jiangcheng.core.cases.models import WorkflowDefinition
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import Facility, ObservedProperty, Station
from jiangcheng.modules.participation import rules
from jiangcheng.modules.participation.models import (
    Complaint,
    Opening,
    Organisation,
    Release,
    VolunteerService,
)
from jiangcheng.standards import periods

OPEN_KINDS = (Station.Kind.AIR, Station.Kind.WATER)
"""Kinds of station whose values are open data."""


@dataclasses.dataclass(frozen=True, slots=True)
class About:
    """A complaint about an enterprise, without a word of who made it or of what was written."""

    number: str
    case: int
    kind: str
    received_at: dt.datetime
    state: dict[str, Any]
    """As the workflow defines it: ``code``, ``name_zh``, ``name_en``, ``final``."""


@dataclasses.dataclass(frozen=True, slots=True)
class AboutMonth:
    """How many complaints of a month (of Beijing) there are about an enterprise, by state."""

    month: dt.date
    received: int
    open: int
    states: list[tuple[dict[str, Any], int]]


def complaints(*, user: User, on: dt.date) -> QuerySet[Complaint]:
    """Return the complaints whose cases a person may see, latest first."""
    seen = cases.visible(user=user, on=on)
    found = Complaint.objects.filter(case__in=seen).select_related(
        "case__workflow", "case__region", "case__handler"
    )
    return found.order_by("-received_at", "-pk")


def about(*, facility: Facility, since: dt.datetime) -> list[About]:
    """Return the complaints about an enterprise from an instant on, latest first."""
    rows = list(
        Complaint.objects.filter(case__facility=facility, received_at__gte=since)
        .order_by("-received_at", "-pk")
        .values_list("case__number", "case_id", "kind", "received_at", "case__workflow_id", "case__state")
    )
    flows = WorkflowDefinition.objects.in_bulk({row[4] for row in rows})
    states = {
        (key, state["code"]): state for key, flow in flows.items() for state in flow.definition["states"]
    }
    return [About(*row[:4], state=states[row[4], row[5]]) for row in rows]


def by_month(found: list[About]) -> list[AboutMonth]:
    """Return how many complaints each month has that has any, the latest first."""
    months: dict[dt.date, list[About]] = collections.defaultdict(list)
    for item in found:
        months[item.received_at.astimezone(periods.BEIJING).date().replace(day=1)].append(item)
    return [
        AboutMonth(
            month=month,
            received=len(items),
            open=sum(not item.state.get("final") for item in items),
            states=_by_state(items),
        )
        for month, items in sorted(months.items(), reverse=True)
    ]


def readable(found: list[About], *, user: User, on: dt.date) -> list[About]:
    """Return those of the complaints whose cases a person may see."""
    seen = cases.visible(user=user, on=on).filter(pk__in=[item.case for item in found])
    keys = set(seen.values_list("pk", flat=True))
    return [item for item in found if item.case in keys]


def _by_state(items: list[About]) -> list[tuple[dict[str, Any], int]]:
    states = {item.state["code"]: item.state for item in items}
    counts = collections.Counter(item.state["code"] for item in items)
    return [(states[code], count) for code, count in counts.most_common()]


def overdue(found: QuerySet[Complaint], *, now: dt.datetime) -> QuerySet[Complaint]:
    """Return the complaints whose present clock has run out."""
    return found.filter(case__closed_at=None, case__due_at__lte=now)


def deadlines(*, complaint: Complaint) -> list[tuple[str, dt.datetime]]:
    """Return until when a complaint is to be accepted, answered and closed, by the state that ends then."""
    terms, calendar = complaint.case.terms, workflow.working_calendar()
    ends = [(code, workflow.term_end(terms, code, calendar)) for code in ("reported", "handling", "replied")]
    return [(code, end) for code, end in ends if end is not None]


def matter(complaint: Complaint) -> rules.Matter:
    """Return what a complaint is about; its case has to be loaded."""
    case = complaint.case
    return rules.Matter(
        complaint.pk, complaint.kind, complaint.received_at, case.facility_id, case.longitude, case.latitude
    )


def matters_near(*, matter: rules.Matter, days: float, metres: float) -> list[rules.Matter]:
    """Return the complaints of the days before that may be of the same matter: of its facility, or around it.

    Complaints that were not accepted are left out.
    """
    same = Q(case__facility_id=matter.facility) if matter.facility is not None else Q(pk__in=())
    if matter.longitude is not None and matter.latitude is not None:
        high = 1.01 * metres / rules.METRES_PER_DEGREE
        wide = high / math.cos(math.radians(matter.latitude))
        same |= Q(
            case__latitude__range=(matter.latitude - high, matter.latitude + high),
            case__longitude__range=(matter.longitude - wide, matter.longitude + wide),
        )
    rows = Complaint.objects.filter(
        same, received_at__gte=matter.at - dt.timedelta(days=days), received_at__lte=matter.at
    )
    rows = rows.exclude(pk=matter.key).exclude(case__state="refused")
    wanted = ("pk", "kind", "received_at", "case__facility_id", "case__longitude", "case__latitude")
    return [rules.Matter(*row) for row in rows.values_list(*wanted)]


def same_matter(*, complaint: Complaint, among: QuerySet[Complaint]) -> QuerySet[Complaint]:
    """Return the other complaints of a complaint's matter among some, the first of them first."""
    first = complaint.repeat_of_id or complaint.pk
    found = among.filter(Q(pk=first) | Q(repeat_of=first)).exclude(pk=complaint.pk)
    return found.order_by("received_at", "pk")


def most_repeated(found: QuerySet[Complaint], *, most: int) -> list[tuple[Complaint, int]]:
    """Return the first complaints of the matters that came again most often among some, with how often."""
    again = found.exclude(repeat_of=None).order_by().values("repeat_of").annotate(n=Count("pk"))
    counts = {row["repeat_of"]: row["n"] for row in again.order_by("-n", "repeat_of")[:most]}
    firsts = (
        found.filter(pk__in=[key for key in counts if key is not None])
        .select_related("case__facility")
        .order_by()
    )
    return sorted(((item, counts[item.pk]) for item in firsts), key=lambda pair: (-pair[1], pair[0].pk))


def hotspots(*, user: User, on: dt.date, until: dt.datetime, days: int, kind: str = "") -> list[rules.Cell]:
    """Return the cells of the hot-spot map a person may see, of the ``days`` before an instant, fullest first.

    Who answers for the complaints of an area sees every cell of it, others only what is full enough.
    """
    told = rules.in_force("hotspots", on)
    seen = (
        complaints(user=user, on=on).order_by().exclude(case__longitude=None).exclude(case__state="refused")
    )
    seen = seen.filter(received_at__gt=until - dt.timedelta(days=days), received_at__lte=until)
    if kind:
        seen = seen.filter(kind=kind)
    rows = list(seen.values_list("pk", "case__longitude", "case__latitude", "repeat_of_id"))
    scope = access.scope(user, "participation.manage", on)
    inside = Q(pk__in=())
    if scope:
        inside = scope.as_filter(region="case__region__code", facility="case__facility__code")
    managed = set(seen.filter(inside).values_list("pk", flat=True))
    return rules.hotspots(
        np.array([row[1:3] for row in rows], dtype=np.float64).reshape(-1, 2),
        [row[3] is not None for row in rows],
        [row[0] in managed for row in rows],
        metres=told["metres"],
        least=told["least"],
    )


def progress(*, complaint: Complaint) -> list[tuple[Any, dt.datetime]]:
    """Return the stages of a complaint as its complainant sees them."""
    states = {item["code"]: item for item in complaint.case.workflow.definition["states"]}
    steps = complaint.case.steps.order_by("sequence").values_list("to_state", "at")
    return rules.public_steps(steps, states)


def open_days(*, now: dt.datetime) -> list[tuple[Opening, int]]:
    """Return the days on which facilities open, with the places that are left."""
    coming = Opening.objects.filter(state="planned", withdrawn_at=None, starts_at__gt=now).order_by(
        "starts_at"
    )
    days = coming.select_related("facility").annotate(
        taken=Sum("bookings__people", filter=Q(bookings__cancelled_at=None))
    )
    return [(day, max(0, day.places - (day.taken or 0))) for day in days[:50]]


def releases() -> QuerySet[Release]:
    """Return what is published, latest first."""
    return Release.objects.filter(state="published", withdrawn_at=None).order_by("-published_at", "-pk")


def organisations() -> QuerySet[Organisation]:
    """Return the NGOs and volunteer teams, by name."""
    return Organisation.objects.filter(withdrawn_at=None).order_by("kind", "name_zh")


def satisfaction(found: QuerySet[Complaint]) -> float | None:
    """Return the share of satisfied complainants among those who said."""
    return rules.satisfied(item.score or 0 for item in found.exclude(score=None))


def open_stations() -> QuerySet[Station]:
    """Return the stations whose values are open data."""
    return Station.objects.filter(kind__in=OPEN_KINDS).select_related("region").order_by("kind", "code")


def open_values(*, station: Station, day: dt.date) -> list[dict[str, Any]]:
    """Return the hourly values of a station on a day (local), one row per hour and property.

    A value that was flagged is given with the number of its flag; one that is missing is null.
    """
    start = dt.datetime.combine(day, dt.time(), dt.timezone(dt.timedelta(hours=8)))
    rows = store.read(
        granularity=store.Granularity.HOUR,
        stations=[station.pk],
        properties=None,
        start=start,
        end=start + dt.timedelta(days=1),
    ).to_pylist()
    names = {item.pk: item for item in ObservedProperty.objects.all()}
    return [
        {
            "station": station.code,
            "start": dt.datetime.fromtimestamp(row["start"], dt.UTC).isoformat(),
            "property": names[row["property"]].code,
            "statistic": names[row["property"]].statistic,
            "value": None if math.isnan(row["value"]) else row["value"],
            "unit": names[row["property"]].unit,
            "flag": row["flag"],
            "revision": row["revision"],
        }
        for row in sorted(rows, key=lambda row: (row["start"], row["property"]))
    ]


def volunteering(*, year: int) -> dict[str, float]:
    """Return activities, people and hours that volunteers gave in a year (people × hours each, added up)."""
    rows = VolunteerService.objects.filter(held_date__year=year, withdrawn_at=None)
    found = list(rows.values_list("people", "hours"))
    return {
        "activities": len(found),
        "people": sum(people for people, _ in found),
        "hours": math.fsum(people * hours for people, hours in found),
    }
