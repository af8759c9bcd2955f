"""Drinking-water sources: zones on a day, what lies inside them, and the compliance check."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import shapely
import shapely.geometry
from django.db.models import Q, QuerySet

from jiangcheng.core.access.models import User
from jiangcheng.core.access.queries import Scope
from jiangcheng.core.registry.models import Facility, Outlet
from jiangcheng.methods import statistics
from jiangcheng.modules.water import rules
from jiangcheng.modules.water.models import (
    DrinkingSource,
    Outfall,
    RechargeArea,
    SourceCheck,
    SourceZone,
)
from jiangcheng.modules.water.queries import ledgers

ORDER = (SourceZone.Level.FIRST, SourceZone.Level.SECOND, SourceZone.Level.OUTER)
"""From the strictest zone outwards."""


@dataclasses.dataclass(frozen=True, slots=True)
class Inside:
    """Something that lies inside a zone."""

    kind: str
    """``facility``, ``outlet`` or ``outfall``."""
    code: str
    name_zh: str
    name_en: str
    zone: SourceZone
    """The strictest zone it lies in."""


@dataclasses.dataclass(frozen=True, slots=True)
class CheckLine:
    """An item of the check list with its latest answer."""

    code: str
    name_zh: str
    name_en: str
    check: SourceCheck | None


@dataclasses.dataclass(frozen=True, slots=True)
class SourceStanding:
    """How a source stands."""

    source: DrinkingSource
    zones: int
    lines: tuple[CheckLine, ...]
    percent: float
    """Items met in percent of those that apply; an item nobody answered is not met."""
    compliant: bool
    inside: tuple[Inside, ...]
    recharge_missing: bool
    """True for a groundwater source whose recharge area nobody has delineated."""


def zones_on(*, on: dt.date, numbers: Iterable[str] | None = None) -> QuerySet[SourceZone]:
    """Return the zones in force on a day."""
    found = SourceZone.objects.filter(
        Q(valid_to_date=None) | Q(valid_to_date__gt=on), valid_from_date__lte=on, withdrawn_at=None
    )
    return found if numbers is None else found.filter(source_number__in=list(numbers))


def things_inside(*, zones: Iterable[SourceZone], scope: Scope) -> dict[str, list[Inside]]:
    """Return, by source, the facilities, outlets and outfalls of a scope that lie inside its zones."""
    ordered = sorted(zones, key=lambda zone: ORDER.index(SourceZone.Level(zone.level)))
    if not ordered:
        return {}
    things = _things(scope)
    places = np.array([thing[4] for thing in things], dtype=np.float64).reshape(-1, 2)
    found: dict[str, list[Inside]] = defaultdict(list)
    seen: set[tuple[str, str, str]] = set()
    for zone in ordered:
        shape = shapely.geometry.shape(zone.boundary)
        shapely.prepare(shape)
        # A thing on the border of a zone is taken to lie in it.
        for place in np.flatnonzero(shapely.intersects_xy(shape, places[:, 0], places[:, 1])):
            kind, code, name_zh, name_en, _ = things[place]
            if (zone.source_number, kind, code) not in seen:
                seen.add((zone.source_number, kind, code))
                found[zone.source_number].append(Inside(kind, code, name_zh, name_en, zone))
    return dict(found)


def check_list(*, source: DrinkingSource, on: dt.date) -> tuple[CheckLine, ...]:
    """Return the check list of a source with the latest answers up to a day."""
    return _lines(_answers([source.number], on), source.number)


def compliance(*, on: dt.date) -> tuple[int, int]:
    """Return how many sources in use for the city and the counties meet every item, and how many there are."""
    levels = (DrinkingSource.Level.CITY, DrinkingSource.Level.COUNTY)
    numbers = list(
        DrinkingSource.objects.filter(level__in=levels, in_use=True, withdrawn_at=None).values_list(
            "number", flat=True
        )
    )
    answers = _answers(numbers, on)
    lists = [_lines(answers, number) for number in numbers]
    return sum(_is_met(lines) for lines in lists), len(lists)


def _is_met(lines: tuple[CheckLine, ...]) -> bool:
    """Whether every item that applies is met; a list of which nothing applies proves nothing."""
    applying = [line for line in lines if line.check is None or line.check.answer != "na"]
    return bool(applying) and all(line.check is not None and line.check.answer == "met" for line in applying)


def source_standings(*, user: User, on: dt.date, scope: Scope) -> list[SourceStanding]:
    """Return the sources a person may see: zones, check list, what is inside, what is missing."""
    sources = list(ledgers.visible(register="drinking-sources", user=user, on=on).order_by("number"))
    numbers = [source.number for source in sources]
    zones = list(zones_on(on=on, numbers=numbers))
    inside = things_inside(zones=zones, scope=scope)
    answers = _answers(numbers, on)
    recharged = set(
        RechargeArea.objects.filter(
            source_number__in=numbers, withdrawn_at=None, valid_from_date__lte=on
        ).values_list("source_number", flat=True)
    )
    found = []
    for source in sources:
        lines = _lines(answers, source.number)
        applying = [line for line in lines if line.check is None or line.check.answer != "na"]
        met = sum(line.check is not None and line.check.answer == "met" for line in applying)
        found.append(
            SourceStanding(
                source=source,
                zones=sum(zone.source_number == source.number for zone in zones),
                lines=lines,
                percent=statistics.share(met, len(applying)),
                compliant=bool(applying) and met == len(applying),
                inside=tuple(inside.get(source.number, ())),
                recharge_missing=source.kind == DrinkingSource.Kind.GROUND and source.number not in recharged,
            )
        )
    return found


def _things(scope: Scope) -> list[tuple[str, str, str, str, tuple[float, float]]]:
    facilities = Facility.objects.filter(scope.as_filter(region="region__code", facility="code"))
    outlets = Outlet.objects.filter(
        scope.as_filter(region="facility__region__code", facility="facility__code")
    ).select_related("facility", "station")
    outfalls = Outfall.objects.filter(
        scope.as_filter(region="region__code", facility="facility__code"), withdrawn_at=None
    ).exclude(longitude=None)
    return [
        *(("facility", f.code, f.name_zh, f.name_en, (f.longitude, f.latitude)) for f in facilities),
        *(
            (
                "outlet",
                o.station.code,
                f"{o.facility.name_zh} {o.name_zh}",
                f"{o.facility.name_en} {o.name_en}",
                (o.station.longitude, o.station.latitude),
            )
            for o in outlets
        ),
        *(
            ("outfall", o.number, o.name_zh, o.name_zh, (o.longitude, o.latitude))
            for o in outfalls
            if o.longitude is not None and o.latitude is not None
        ),
    ]


def _answers(numbers: list[str], on: dt.date) -> dict[tuple[str, str], SourceCheck]:
    found = SourceCheck.objects.filter(
        source_number__in=numbers, checked_date__lte=on, withdrawn_at=None
    ).order_by("checked_date", "pk")
    return {(row.source_number, row.item): row for row in found}


def _lines(answers: dict[tuple[str, str], SourceCheck], number: str) -> tuple[CheckLine, ...]:
    return tuple(
        CheckLine(item["code"], item["name_zh"], item["name_en"], answers.get((number, item["code"])))
        for item in rules.settings("source_checks")["items"]
    )


def receptors(*, west: float, south: float, east: float, north: float) -> list[dict[str, Any]]:
    """Answer the hook ``place.receptors``: the sources of drinking water in use within a box."""
    rows = DrinkingSource.objects.filter(
        withdrawn_at=None, in_use=True, longitude__gte=west, longitude__lte=east, latitude__gte=south,
        latitude__lte=north,
    )  # fmt: skip
    return [
        {"name": row.name_zh, "kind": str(row.get_kind_display()), "people": row.people or 0,
         "longitude": row.longitude, "latitude": row.latitude}
        for row in rows
    ]  # fmt: skip
