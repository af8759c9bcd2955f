"""Outfalls with their four stages, and how complete the ledger is by county."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

from django.db.models import Max
from django.utils import timezone

from jiangcheng.core.access.models import User
from jiangcheng.core.records.models import RecordStep
from jiangcheng.core.registry.models import Region
from jiangcheng.methods import statistics
from jiangcheng.modules.water.models import Outfall, WaterSample
from jiangcheng.modules.water.queries import ledgers

REGISTER = "outfalls"
STAGES = ("check", "test", "trace", "treat")
"""查、测、溯、治."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stage:
    """One of the four stages of an outfall."""

    code: str
    done: bool
    on: dt.date | None
    """When it was done; for a treatment that is not done, its deadline."""


@dataclasses.dataclass(frozen=True, slots=True)
class OutfallStanding:
    """How far an outfall is."""

    outfall: Outfall
    stages: tuple[Stage, ...]
    late: bool


@dataclasses.dataclass(frozen=True, slots=True)
class CountyOutfalls:
    """The ledger of a county."""

    region: Region | None
    total: int
    done: tuple[int, ...]
    """Outfalls with each of the four stages done."""
    closed: int
    late: int
    percent: float
    """Stages that are done in percent of four per outfall."""


def stages(*, outfall: Outfall) -> tuple[Stage, ...]:
    """Return the four stages of one outfall."""
    return _standings([outfall], dt.date.max)[0].stages


def outfall_standings(*, user: User, on: dt.date) -> list[OutfallStanding]:
    """Return the outfalls a person may see with their stages."""
    return _standings(list(ledgers.visible(register=REGISTER, user=user, on=on).order_by("number")), on)


def by_county(found: Iterable[OutfallStanding]) -> list[CountyOutfalls]:
    """Return the ledger county by county."""
    standings = {item.outfall.number: item for item in found}
    groups = ledgers.by_county(item.outfall for item in standings.values())
    return [_county(region, [standings[row.number] for row in rows]) for region, rows in groups]


def _county(region: Region | None, rows: Sequence[OutfallStanding]) -> CountyOutfalls:
    done = tuple(sum(row.stages[place].done for row in rows) for place in range(len(STAGES)))
    return CountyOutfalls(
        region=region,
        total=len(rows),
        done=done,
        closed=sum(row.outfall.state == "closed" for row in rows),
        late=sum(row.late for row in rows),
        percent=statistics.share(sum(done), len(STAGES) * len(rows)),
    )


def _standings(found: list[Outfall], on: dt.date) -> list[OutfallStanding]:
    numbers = [outfall.number for outfall in found]
    tested = _tested(numbers)
    proven = _with_evidence(numbers)
    return [_standing(outfall, tested.get(outfall.number), proven, on) for outfall in found]


def _standing(
    outfall: Outfall, tested: dt.date | None, proven: dict[tuple[str, str], dt.date], on: dt.date
) -> OutfallStanding:
    surveyed = outfall.surveyed_date or proven.get((outfall.number, "survey"))
    traced = bool(outfall.trace_method and outfall.trace_result.strip() and outfall.traced_date)
    treated = proven.get((outfall.number, "treat"))
    treating = outfall.state in ("accepting", "closed")
    made = (
        Stage("check", (outfall.number, "survey") in proven and outfall.surveyed_date is not None, surveyed),
        Stage("test", tested is not None, tested),
        Stage("trace", traced, outfall.traced_date),
        Stage(
            "treat",
            bool(outfall.treatment) and treating and treated is not None,
            treated if treating else outfall.deadline_date,
        ),
    )
    late = outfall.state != "closed" and outfall.deadline_date is not None and outfall.deadline_date < on
    return OutfallStanding(outfall, made, late)


def _tested(numbers: list[str]) -> dict[str, dt.date]:
    """Return the day of the latest sample of each outfall that has one."""
    found = WaterSample.objects.filter(
        subject=WaterSample.Subject.OUTFALL, place__in=numbers, withdrawn_at=None
    )
    latest = found.order_by().values_list("place").annotate(at=Max("sampled_at"))
    return {place: timezone.localdate(at) for place, at in latest}


def _with_evidence(numbers: list[str]) -> dict[tuple[str, str], dt.date]:
    """Return the day of the latest step that came with evidence, by outfall and action."""
    found = RecordStep.objects.filter(register=REGISTER, number__in=numbers, action__in=("survey", "treat"))
    latest = found.filter(evidence__isnull=False).order_by().values_list("number", "action")
    return {(number, action): timezone.localdate(at) for number, action, at in latest.annotate(at=Max("at"))}
