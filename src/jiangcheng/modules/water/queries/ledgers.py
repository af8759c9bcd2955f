"""Rows a person may see, samples of a place, and what samples say of a black-odorous water."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypeVar

import numpy as np
from django.db.models import QuerySet

from jiangcheng.core.access.models import User
from jiangcheng.core.records import queries as records
from jiangcheng.core.records.models import Record
from jiangcheng.core.registry.models import Region
from jiangcheng.modules.water import rules
from jiangcheng.modules.water.models import BlackWater, WaterSample
from jiangcheng.standards import periods

COUNTY_DIGITS = 6
"""Digits of a county's code (GB/T 2260)."""
Row = TypeVar("Row", bound=Record)


@dataclasses.dataclass(frozen=True, slots=True)
class BlackStanding:
    """What the samples of a black-odorous water say from a day on."""

    degree: int
    """-1 without samples, 0 not black, 1 light, 2 heavy."""
    points: int
    days: int
    """Different days of sampling."""
    items: tuple[str, ...]
    """Items beyond the limits."""
    measured: frozenset[str]
    latest: dt.datetime | None


def visible(*, register: str, user: User, on: dt.date) -> QuerySet[Any]:
    """Return the rows of a register that a person may see and nobody has withdrawn."""
    return records.visible(register=register, user=user, on=on).filter(withdrawn_at=None)


def by_county(rows: Iterable[Row]) -> list[tuple[Region | None, list[Row]]]:
    """Return rows by the county of their area, in the order of the codes; rows of the whole city first."""
    counties = {
        region.code: region
        for region in Region.objects.filter(level__in=(Region.Level.COUNTY, Region.Level.CITY))
    }
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        # A lower area's code begins with that of the area it belongs to.
        groups[row.region.code[:COUNTY_DIGITS] if row.region else ""].append(row)
    return [(counties.get(code), group) for code, group in sorted(groups.items())]


def samples(*, subject: str, place: str) -> QuerySet[WaterSample]:
    """Return the samples of a place, latest first."""
    found = WaterSample.objects.filter(subject=subject, place=place, withdrawn_at=None)
    return found.order_by("-sampled_at", "point", "item")


def black_standing(*, water: BlackWater, since: dt.datetime | None) -> BlackStanding:
    """Return what the samples taken after an instant say of a black-odorous water."""
    found = samples(subject=WaterSample.Subject.BLACK, place=water.number)
    if since is not None:
        found = found.filter(sampled_at__gt=since)
    rows = [row for row in found if row.item in rules.BLACK_ITEMS]
    points: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        points[row.point][row.item].append(row.value)
    depth = water.depth_cm if water.depth_cm is not None else float("inf")
    verdicts = [
        rules.black_points({item: np.array(values) for item, values in items.items()}, depth=depth)
        for _, items in sorted(points.items())
    ]
    return BlackStanding(
        degree=rules.stretch_degree([verdict.degree for verdict in verdicts]),
        points=len(points),
        days=len({row.sampled_at.astimezone(periods.BEIJING).date() for row in rows}),
        items=tuple(dict.fromkeys(item for verdict in verdicts for item in verdict.items)),
        measured=frozenset(row.item for row in rows),
        latest=rows[0].sampled_at if rows else None,
    )
