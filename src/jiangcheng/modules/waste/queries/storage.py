"""What is stored where and for how long; who has no plan; medical waste nobody fetched."""

from __future__ import annotations

import collections
import dataclasses
import datetime as dt
import decimal

from django.db.models import Count, Max, Q, Sum

from jiangcheng.core.access.queries import Scope
from jiangcheng.core.registry.models import Facility
from jiangcheng.modules.waste.models import (
    MedicalPoint,
    TransferApproval,
    WasteBatch,
    WasteMonth,
    WastePlan,
    WasteStore,
)
from jiangcheng.modules.waste.rules import storage, tables

MOST = 50
PLANNED = ("filed", "accepted")


@dataclasses.dataclass(frozen=True, slots=True)
class Held:
    """A batch that is still there, with the last day it may stay."""

    batch: WasteBatch
    until: dt.date
    state: str


@dataclasses.dataclass(frozen=True, slots=True)
class Load:
    """A storage and how full it is [%]."""

    store: WasteStore
    held: decimal.Decimal
    percent: decimal.Decimal | None
    state: str


def batches(*, on: dt.date, scope: Scope | None) -> list[Held]:
    """Return the batches in storage, the oldest first."""
    rule = tables.in_force("storage", on)
    rows = WasteBatch.objects.filter(withdrawn_at=None, left__gt=0).select_related("facility")
    if scope is not None:
        rows = rows.filter(scope.as_filter(region="region__code", facility="facility__code"))
    return [
        Held(
            row,
            storage.store_until(row.stored_date, rule, row.approved_date),
            storage.age_state(row.stored_date, on, rule, row.approved_date),
        )
        for row in rows.order_by("stored_date", "pk")
    ]


def loads(*, on: dt.date, scope: Scope | None) -> list[Load]:
    """Return the storages, the fullest first; one whose capacity nobody told comes last."""
    rule = tables.in_force("storage", on)
    stores = WasteStore.objects.filter(withdrawn_at=None).select_related("facility")
    if scope is not None:
        stores = stores.filter(scope.as_filter(region="region__code", facility="facility__code"))
    sums = WasteBatch.objects.filter(withdrawn_at=None).order_by().values_list("facility", "store")
    held = {(plant, code): total for plant, code, total in sums.annotate(total=Sum("left"))}
    found = []
    for store in stores:
        there = held.get((store.facility_id, store.code), decimal.Decimal(0))
        percent = storage.load_percent(there, store.capacity)
        state = "unknown" if percent is None else "ok"
        if percent is not None and percent >= decimal.Decimal(rule["warn_percent"]):
            state = "bad" if percent > decimal.Decimal(rule["full_percent"]) else "warn"
        found.append(Load(store, there, percent, state))
    return sorted(found, key=lambda load: (load.percent is None, -(load.percent or 0), load.store.number))


def without_plan(*, year: int, scope: Scope | None = None) -> list[tuple[Facility, list[str]]]:
    """Return the plants with hazardous waste in a year and no plan filed for it, with the codes."""
    made = WasteMonth.objects.filter(
        withdrawn_at=None, stream="hazardous", month_date__year=year, generated__gt=0
    ).exclude(facility=None)
    if scope is not None:
        made = made.filter(scope.as_filter(region="region__code", facility="facility__code"))
    planned = set(
        WastePlan.objects.filter(withdrawn_at=None, year=year, state__in=PLANNED).values_list(
            "facility", "code"
        )
    )
    missing: dict[int, list[str]] = collections.defaultdict(list)
    for plant, code in made.order_by("facility", "code").values_list("facility", "code").distinct():
        if (plant, code) not in planned:
            missing[plant].append(code)
    plants = Facility.objects.filter(pk__in=missing).order_by("code")
    return [(plant, missing[plant.pk]) for plant in plants]


def medical_late(*, now: dt.datetime) -> list[MedicalPoint]:
    """Return the covered institutions whose waste has been waiting for longer than it may."""
    days = int(tables.in_force("storage", now.date())["medical_days"])
    late = Q(collected_at__lt=now - dt.timedelta(days=days)) | Q(collected_at=None)
    return list(MedicalPoint.objects.filter(late, withdrawn_at=None, covered=True).select_related("region"))


def unlisted(*, year: int, scope: Scope | None) -> list[tuple[str, str, int]]:
    """Return hazardous codes of a year's ledgers the list on file has not: code, name, number of units."""
    rows = WasteMonth.objects.filter(
        withdrawn_at=None, month_date__year=year, stream__in=("hazardous", "medical")
    )
    if scope is not None:
        rows = rows.filter(scope.as_filter(region="region__code", facility="facility__code"))
    end = dt.date(year, 12, 31)
    counts = rows.order_by().values_list("code").annotate(Max("waste_name"), Count("unit", distinct=True))
    return [
        (code, name, units) for code, name, units in counts.order_by("code") if not tables.listed(code, end)
    ]


def transfers(*, scope: Scope) -> list[TransferApproval]:
    """Return the approvals to leave the province that are asked for or in force, the latest first."""
    rows = TransferApproval.objects.filter(
        scope.as_filter(region="region__code", facility="facility__code"), withdrawn_at=None, closed_at=None
    )
    return list(rows.select_related("facility").order_by("-pk")[:MOST])
