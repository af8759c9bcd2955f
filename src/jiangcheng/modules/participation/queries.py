"""Complaints as strangers and staff may see them, and what the public may read."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

from django.db.models import Q, QuerySet, Sum

from jiangcheng.core.access.models import User
from jiangcheng.core.cases import queries as cases
from jiangcheng.core.observations import store
from jiangcheng.core.registry.models import ObservedProperty, Station
from jiangcheng.modules.participation import rules
from jiangcheng.modules.participation.models import (
    Complaint,
    Opening,
    Organisation,
    Release,
    VolunteerService,
)

OPEN_KINDS = (Station.Kind.AIR, Station.Kind.WATER)
"""Kinds of station whose values are open data."""


def complaints(*, user: User, on: dt.date) -> QuerySet[Complaint]:
    """Return the complaints whose cases a person may see, latest first."""
    seen = cases.visible(user=user, on=on)
    found = Complaint.objects.filter(case__in=seen).select_related(
        "case__workflow", "case__region", "case__handler"
    )
    return found.order_by("-received_at", "-pk")


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
