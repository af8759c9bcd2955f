"""Bring the projects the plans name into the ledger."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import transaction
from shapely.geometry import shape

from jiangcheng.core.access.models import User
from jiangcheng.core.records import services as records
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.plan import rules
from jiangcheng.modules.plan.models import Project


@transaction.atomic
def load_projects(*, actor: User | None, at: dt.datetime) -> int:
    """Add the projects that are not in the ledger yet; return how many were added.

    A project whose place is a known county or the city stands at the middle of that area, marked as such; all
    others have no position until somebody gives one.
    """
    there = set(Project.objects.values_list("code", flat=True))
    places = {region.name_zh: region for region in Region.objects.filter(level__in=("city", "county"))}
    missing = [row for row in rules.project_rows() if row["code"] not in there]
    for row in missing:
        records.create(register="plan-projects", values=_values(row, places), actor=actor, at=at)
    return len(missing)


def _values(row: dict[str, str], places: dict[str, Region]) -> dict[str, Any]:
    kept = ("code", "name_zh", "name_en", "box", "theme", "place", "owner", "scale", "quote")
    values: dict[str, Any] = {name: row[name] for name in kept}
    region = places.get(row["place"])
    if region is None:
        return values
    values["region"] = region
    if middle := _middle(region):
        values |= {"longitude": middle[0], "latitude": middle[1], "place_basis": "行政区中心"}
    return values


def _middle(region: Region) -> tuple[float, float] | None:
    if not region.boundary:
        return None
    point = shape(region.boundary).representative_point()
    return round(point.x, 5), round(point.y, 5)
