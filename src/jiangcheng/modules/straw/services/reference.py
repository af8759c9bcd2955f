"""Bring the national monthly list of straw fires, to compare our own fires with."""

from __future__ import annotations

import dataclasses
import datetime as dt

from django.db import transaction

from jiangcheng.core.access import services as access
from jiangcheng.core.access.models import User
from jiangcheng.modules.straw.models import ReferencePoint
from jiangcheng.modules.straw.rules import reference
from jiangcheng.modules.straw.services.signals import NotTaken, Problem


@dataclasses.dataclass(frozen=True, slots=True)
class ReferenceReport:
    """What an import of the list brought."""

    added: int
    known: int
    errors: tuple[Problem, ...]


def import_reference(*, text: str, dataset: str, actor: User | None, now: dt.datetime) -> ReferenceReport:
    """Import the list; the same again changes nothing. It opens no case and is no signal: it has no time.

    Raises
    ------
    NotTaken
        If the text is not the list.
    """
    try:
        points, errors, repeated = reference.read(text)
    except reference.NotReference as error:
        raise NotTaken(str(error)) from error
    first, last = (min(p.day for p in points), max(p.day for p in points)) if points else (now.date(),) * 2
    held = ReferencePoint.objects.filter(dataset=dataset, day__gte=first, day__lte=last)
    known = set(held.values_list("day", "longitude", "latitude"))
    fresh = [point for point in points if point.key not in known]
    with transaction.atomic():
        ReferencePoint.objects.bulk_create(
            (ReferencePoint(dataset=dataset, **dataclasses.asdict(point)) for point in fresh), batch_size=500
        )
        access.record(
            actor=actor, action="straw.reference", object_type="straw.reference", object_id=dataset[:80],
            after={"added": len(fresh), "refused": len(errors)}, at=now,
        )  # fmt: skip
    problems = tuple(Problem(error.line, error.field, error.value) for error in errors)
    return ReferenceReport(len(fresh), len(points) - len(fresh) + repeated, problems)
