"""The three bases, the draws, the visits, and how far the quotas are fulfilled."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet

from jiangcheng.core.access import queries as access
from jiangcheng.core.access.models import User
from jiangcheng.core.access.rules import area_prefix
from jiangcheng.core.manifest import ToDo
from jiangcheng.core.registry import queries as registry
from jiangcheng.core.registry.models import Facility, Region
from jiangcheng.modules.inspections import rules
from jiangcheng.modules.inspections.models import Conflict, Draw, Inspector, Visit

VIEW = "inspections.view"
FINISHED = ("published", "cancelled")


@dataclasses.dataclass(frozen=True, slots=True)
class Fulfilment:
    """How far the quota of a class is fulfilled in a quarter."""

    object_class: str
    name_zh: str
    name_en: str
    size: int
    due: int
    drawn: int
    visited: int
    published: int


def prefix(region: Region) -> str:
    """Return what the codes of all areas within an area begin with."""
    return area_prefix(region.code)


def valid_on(on: dt.date) -> Q:
    """Return the filter for what is valid on a day, half-open."""
    return Q(valid_from_date__lte=on) & (Q(valid_to_date=None) | Q(valid_to_date__gt=on))


def inspectors(*, region: Region, on: dt.date) -> list[rules.Inspector]:
    """Return the persons who may be sent into an area on a day, with the units they keep away from."""
    found = Inspector.objects.filter(valid_on(on), user__is_active=True).select_related("region")
    conflicts: dict[int, list[str]] = collections.defaultdict(list)
    for person, code in Conflict.objects.filter(valid_on(on)).values_list("inspector", "facility__code"):
        conflicts[person].append(code)
    return [
        rules.Inspector(item.certificate, area, tuple(sorted(conflicts[item.pk])))
        for item in found.order_by("certificate")
        if (area := prefix(item.region)).startswith(prefix(region)) or prefix(region).startswith(area)
    ]


def candidates(*, region: Region, on: dt.date) -> list[rules.Candidate]:
    """Return the object base of an area as it stands on a day."""
    facilities = Facility.objects.filter(region__code__startswith=prefix(region)).select_related("region")
    labels: dict[int, dict[str, str]] = collections.defaultdict(dict)
    for facility, scheme, code in (
        registry.valid_labels(on=on)
        .order_by("valid_from_date", "pk")
        .values_list("facility", "scheme", "code")
    ):
        labels[facility][scheme] = code
    version = rules.quotas(on)
    year = _year(on)
    drawn = _counted(Visit.objects.filter(draw__isnull=False, **year).exclude(state="cancelled"))
    visited = _counted(Visit.objects.filter(visited_at__year=on.year).exclude(origin=Visit.Origin.CLUE))
    return [
        rules.Candidate(
            code=item.code,
            county=item.region.code[:6],
            object_class=(object_class := rules.object_class(labels[item.pk])),
            credit=labels[item.pk].get("credit", ""),
            drawn=drawn[item.pk],
            excluded="cap" if visited[item.pk] >= version["yearly_cap"] else "",
            listed=rules.listed(version, labels[item.pk], object_class),
        )
        for item in facilities.order_by("code")
    ]


def relief(*, facility: Facility, on: dt.date) -> Mapping[str, Any] | None:
    """Return the row of the list that spares a unit visits on site on a day, None where none does."""
    version = rules.quotas(on)
    labels = {scheme: label.code for scheme, label in registry.labels(facility=facility, on=on).items()}
    return rules.relief(version, rules.listed(version, labels, rules.object_class(labels)))


def last_teams(codes: Iterable[str]) -> dict[str, list[str]]:
    """Return the team of the last visit of each unit, by certificate."""
    teams: dict[str, list[str]] = {}
    visits = Visit.objects.filter(facility__code__in=list(codes), visited_at__isnull=False)
    for visit in visits.order_by("visited_at").select_related("facility").prefetch_related("team"):
        assert visit.facility is not None
        teams[visit.facility.code] = sorted(person.certificate for person in visit.team.all())
    return teams


def draws(*, user: User, on: dt.date) -> QuerySet[Draw]:
    """Return the draws a person may see, latest first."""
    scope = access.scope(user, VIEW, on)
    shown = scope.as_filter(region="region__code")
    # Whoever works in a county sees the draws of the city too: their units are in its pool.
    wider = Q(region__level=Region.Level.CITY) if scope else Q(pk__in=())
    return Draw.objects.filter(shown | wider).select_related("region", "committed_by", "drawn_by")


def visits(*, user: User, on: dt.date) -> QuerySet[Visit]:
    """Return the visits a person may see: in their area, of their unit, or theirs to make."""
    scope = access.scope(user, VIEW, on)
    seen = scope.as_filter(region="region__code", facility="facility__code")
    own = Q(pk__in=Visit.objects.filter(team__user=user).values("pk"))
    return Visit.objects.filter(seen | own if scope else own).select_related("facility", "region", "draw")


def inspections(*, facility_code: str, since: dt.datetime, until: dt.datetime) -> list[dict[str, Any]]:
    """Answer the hook ``facility.inspections``: the visits of a unit in ``[since, until]`` that have a result."""
    made = Visit.objects.filter(
        facility__code=facility_code, visited_at__gte=since, visited_at__lte=until, withdrawn_at=None
    ).exclude(result="")
    return [
        {
            "number": visit.number,
            "at": visit.visited_at,
            "result": visit.result,
            "text_zh": f"现场检查 {visit.number}",
            "text_en": f"Visit {visit.number}",
            "url": f"/records/visits/{visit.number}/",
        }
        for visit in made.order_by("visited_at", "pk")
    ]


def open_visit(*, facility: Facility) -> Visit | None:
    """Return the visit that is under way for a unit: a second plan joins it (一次入企)."""
    return Visit.objects.filter(facility=facility, state__in=("drawn", "dispatched")).order_by("pk").first()


def visits_this_year(*, facility: Facility, on: dt.date) -> int:
    """Return how many visits count against the yearly cap of a unit; those led to by a clue do not."""
    visited = Visit.objects.filter(facility=facility, visited_at__year=on.year)
    return visited.exclude(origin=Visit.Origin.CLUE).count()


def fulfilment(*, region: Region, on: dt.date) -> list[Fulfilment]:
    """Return, per class, what the quarter asks for and what was done of it."""
    version = rules.quotas(on)
    level = "city" if region.level == Region.Level.CITY else "county"
    pool = candidates(region=region, on=on)
    persons = len(inspectors(region=region, on=on))
    sizes = collections.Counter(item.object_class for item in pool)
    strata = collections.Counter((item.object_class, item.credit, item.listed) for item in pool)
    first, after = rules.quarter(on)
    done: dict[str, dict[str, Any]] = {
        row["object_class"]: dict(row)
        for row in Visit.objects.filter(
            draw__valid_from_date=first, draw__valid_to_date=after, region__code__startswith=prefix(region)
        )
        .exclude(state="cancelled")
        .values("object_class")
        .annotate(
            drawn=Count("pk"),
            visited=Count("pk", filter=Q(visited_at__isnull=False)),
            published=Count("pk", filter=Q(published_at__isnull=False)),
        )
    }
    return [
        Fulfilment(
            object_class=row["code"],
            name_zh=row["name_zh"],
            name_en=row["name_en"],
            size=sizes[row["code"]],
            due=sum(
                rules.due(version, level, code, credit, size, sizes[code], persons, listed=listed)
                for (code, credit, listed), size in strata.items()
                if code == row["code"]
            ),
            drawn=done.get(row["code"], {}).get("drawn", 0),
            visited=done.get(row["code"], {}).get("visited", 0),
            published=done.get(row["code"], {}).get("published", 0),
        )
        for row in version["classes"]
    ]


def document(draw: Draw) -> dict[str, Any]:
    """Return what is published of a draw: before it the commitment, after it all that recomputes it."""
    told: dict[str, Any] = {
        "format": rules.FORMAT,
        "number": draw.number,
        "level": draw.level,
        "area": draw.region.code,
        "from": draw.valid_from_date.isoformat(),
        "to": draw.valid_to_date.isoformat(),
        "quotas": draw.quotas,
        "commitment": draw.commitment,
        "committed_at": draw.committed_at.astimezone(dt.UTC).isoformat(),
        "pool_hash": draw.pool_hash,
        "replaces": draw.replaces.number if draw.replaces else None,
        "reason": draw.reason,
    }
    if draw.drawn_at is None:
        return told
    return {
        **told,
        **draw.pool,
        "seed": draw.secret_seed,
        "witness": draw.witness,
        "drawn_at": draw.drawn_at.astimezone(dt.UTC).isoformat(),
        "result": draw.result,
    }


def published() -> QuerySet[Visit]:
    """Return the visits whose result anybody may see, latest first."""
    found = Visit.objects.filter(state="published", published_at__isnull=False)
    return found.select_related("facility", "draw", "region").order_by("-published_at", "-pk")


def late_to_publish(*, on: dt.date) -> QuerySet[Visit]:
    """Return the visits whose result should have been public by now."""
    return Visit.objects.filter(state="checked", publish_by_date__lt=on).select_related("facility")


def to_do(*, user: User, now: dt.datetime) -> list[ToDo]:
    """Answer the hook ``person.todo``: the visits a person has to make."""
    mine = Visit.objects.filter(team__user=user, state="dispatched").select_related("facility")
    return [
        ToDo(
            kind="visit",
            title_zh=f"现场检查：{visit.facility.name_zh}" if visit.facility else visit.number,
            title_en=f"Visit: {visit.facility.name_en}" if visit.facility else visit.number,
            url=f"/records/visits/{visit.number}/",
            due_at=visit.due_at,
            since=visit.state_at,
            number=visit.number,
        )
        for visit in mine.distinct().order_by("due_at")[:200]
    ]


def _counted(found: QuerySet[Visit]) -> collections.Counter[int]:
    counter: collections.Counter[int] = collections.Counter()
    counter.update(dict(found.values_list("facility").annotate(n=Count("pk")).order_by()))
    return counter


def _year(on: dt.date) -> dict[str, object]:
    return {
        "draw__valid_from_date__gte": dt.date(on.year, 1, 1),
        "draw__valid_from_date__lt": dt.date(on.year + 1, 1, 1),
    }
